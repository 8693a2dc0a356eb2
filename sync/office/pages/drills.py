"""Drills and emergencies as a list: when, which procedure, and the paper that tells how it went (D53)."""

from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.words import say
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Column, Link, Listing, Row, Rows, Wish, choice
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.places import Places, url
from sync.office.sites import Choice, choose
from sync.office.store import cases
from sync.office.store.cases import CaseRow, Which

DRILLS: Final = Listing(
    "drills",
    "/drills",
    "daybooks.drills",
    (
        Column("at", "daybooks.at", sorts=True),
        Column("name", "daybooks.procedure"),
        Column("sort", "daybooks.sort"),
        Column("closed", "daybooks.ended"),
        Column("paper", "daybooks.paper"),
    ),
    (
        choice("sort", "daybooks.sort", {"drill": "daybooks.sort_drill", "emergency": "daybooks.sort_emergency"}),
        *FROM_TO,
    ),
)


class Facts(Struct, frozen=True):
    """One snapshot of the store."""

    here: Choice
    rows: list[CaseRow]
    count: int


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/drills")
    async def listed(request: Asked) -> Response[bytes]:
        return await answer(house, request, DRILLS, read_drills, show_drills)

    return [listed]


def read_drills(tx: Connection, wish: Wish) -> Facts | None:
    """None while there is no site."""
    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    sorts = (wish.get("sort"),) if wish.get("sort") else (cases.DRILL, cases.EMERGENCY)
    which = Which(sorts=sorts, opened=wish.span(here.zone))
    rows = cases.listed(tx, (here.site,), which, after=wish.after, most=wish.most, oldest=wish.oldest)
    return Facts(here, rows, cases.count(tx, (here.site,), which))


def show_drills(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.here.plan, {})
    return Rows([_row(row, places) for row in facts.rows], facts.count, facts.here.plans, facts.here.site)


def _row(row: CaseRow, places: Places) -> Row:
    lang, plan = places.lang, places.plan
    procedure = next((each for each in plan.procedures if each.id == row.category), None) if plan else None
    day = f"{places.local(row.opened_at):%Y-%m-%d}"
    asked = {"paper": "drill", "of": row.case, "from": day, "to": day}
    ended = places.local(row.closed_at) if row.closed_at is not None else None
    cells = (
        places.local(row.opened_at),
        Link(
            procedure.name.say(lang) if procedure else row.words,
            url("/records", site=row.site, book=row.book.hex(), upto=str(row.seq)),
        ),
        say(lang, f"daybooks.sort_{row.sort}"),
        ended,
        Link(say(lang, "papers.name_drill"), url("/papers", site=row.site, **asked)),
    )
    return Row(cells, row.place("opened"), "red" if ended is None else "")
