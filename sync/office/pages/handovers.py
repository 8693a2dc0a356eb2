"""Handovers of the posts as a list: given, taken, missing, late (D40, D41)."""

from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.booklog import BookLog
from app.duties.site import People, Person
from sync.office import subjects
from sync.office.credentials import everybody
from sync.office.pages.entrylist import Line, listed
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Column, Link, Listing, Rows, Wish, pick
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.places import Places
from sync.office.sites import Choice, choose

HANDOVERS: Final = Listing(
    "handovers",
    "/handovers",
    "daybooks.handovers",
    (
        Column("at", "daybooks.at", sorts=True),
        Column("post", "daybooks.post"),
        Column("said", "daybooks.line"),
        Column("by", "daybooks.by"),
    ),
    (pick("post", "daybooks.post"), *FROM_TO),
    act="handovers-seen",
)


class Facts(Struct, frozen=True):
    """One snapshot of the store."""

    here: Choice
    people: dict[str, Person]
    lines: list[Line]
    count: int


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/handovers")
    async def handovers(request: Asked) -> Response[bytes]:
        return await answer(house, request, HANDOVERS, read_handovers, show_handovers)

    return [handovers]


def read_handovers(tx: Connection, wish: Wish) -> Facts | None:
    """None while there is no site."""
    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    keys = (wish.get("post"),) if wish.get("post") else ()
    return Facts(here, everybody(tx), *listed(tx, here.site, subjects.HANDOVER, keys, wish, here.zone))


def show_handovers(facts: Facts, lang: str, wish: Wish) -> Rows:
    plan = facts.here.plan
    places = Places(lang, plan, facts.people)
    log = BookLog(lang, plan, People(tuple(facts.people.values())))
    posts = {post.id: post.name.say(lang) for post in plan.posts}
    rows = [
        line.shown(
            places.local(line.row.at),
            posts.get(line.row.key, line.row.key),
            Link(line.words(log, places, by=False), line.href),
            line.by(places),
            colour="amber" if line.row.kind == "relief.missing" else "",
        )
        for line in facts.lines
    ]
    return Rows(rows, facts.count, facts.here.plans, facts.here.site, {"post": list(posts.items())})
