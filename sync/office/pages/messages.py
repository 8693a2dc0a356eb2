"""通知: what the office tells a site, a post or a person on their handhelds, and who has read it."""

from collections.abc import Sequence
from typing import Final

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Person, Plan
from app.errors import NotAllowed
from app.kinds.messages import MessageSent
from app.text import clean
from app.words import say
from sync.office import subjects
from sync.office.accounts import DISPATCHERS
from sync.office.credentials import everybody
from sync.office.pages import acts
from sync.office.pages.caseforms import Group, Option
from sync.office.pages.entrylist import Line, listed, read_lines
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Column, Listing, Row, Rows, Wish
from sync.office.pages.lists import answer
from sync.office.pages.view import FORM_BYTES, Asked
from sync.office.places import Places, url
from sync.office.sites import Choice, choose
from sync.office.store import entries
from sync.office.store.plans import site_plan

WORDS_MOST: Final = 120
"""What a small screen shows at once."""
HOURS: Final = ("4", "12", "24", "72")
HOUR_MS: Final = 3600 * 1000
MESSAGES: Final = Listing(
    "messages",
    "/messages",
    "message_page.page",
    (
        Column("at", "message_page.at", sorts=True),
        Column("words", "message_page.words"),
        Column("to", "message_page.to"),
        Column("by", "message_page.from"),
        Column("until", "message_page.until"),
        Column("read", "message_page.who_read"),
    ),
    FROM_TO,
    act="messages-seen",
    template="messages.html",
)


class Facts(Struct, frozen=True):
    """One snapshot of the store."""

    here: Choice
    people: dict[str, Person]
    lines: list[Line]
    count: int
    read: dict[str, tuple[str, ...]]
    """By message: who has read it."""


class FormSeen(Struct, frozen=True):
    """What can be chosen."""

    site: str
    to: list[Group]
    hours: list[Option]
    most: int


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/messages")
    async def messages(request: Asked) -> Response[bytes]:
        return await answer(house, request, MESSAGES, read_messages, show_messages)

    @post("/messages", request_max_body_size=FORM_BYTES, status_code=200)
    async def send(request: Asked) -> Response[bytes]:
        fields = await house.form(request, DISPATCHERS)
        site, by, now = fields["site"], acts.person_of(request), house.clock_ms()
        plan = await house.read(lambda tx: site_plan(tx, site))
        if plan is None:
            raise NotAllowed("office.desk_unknown")
        body = message_of(fields, plan, now)
        await house.acts(request, "message-sent", site)
        await house.desk.say(site, body, by, now)
        return house.view.go(request, url("/messages", site=site))

    return [messages, send]


def message_of(form: acts.Form, plan: Plan, now: int) -> MessageSent:
    """Raises NotAllowed for one without words, or for nobody of this site."""
    words, hours = clean(form.get("words", ""), WORDS_MOST).strip(), form.get("hours", "")
    if not words:
        raise NotAllowed("message_page.no_words")
    if hours not in HOURS:
        raise NotAllowed("office.desk_unknown")
    kind, _, id = form.get("to", "").partition(":")
    if not kind:
        to: dict[str, str] = {}
    elif kind == "post" and any(each.id == id for each in plan.posts):
        to = {"post": id}
    elif kind == "person" and plan.role_of(id):
        to = {"person": id}
    else:
        raise NotAllowed("cases.nobody_there")
    return MessageSent(words, now + int(hours) * HOUR_MS, urgent=form.get("urgent") == "1", **to)


def read_messages(tx: Connection, wish: Wish) -> Facts | None:
    """None while there is no site."""
    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    lines, count = listed(tx, here.site, subjects.MESSAGE, (), wish, here.zone, ("message.sent",))
    people = everybody(tx)
    return Facts(here, people, lines, count, _read_by(tx, here.site, [line.row.key for line in lines], len(people)))


def _read_by(tx: Connection, site: str, messages: Sequence[str], people: int) -> dict[str, tuple[str, ...]]:
    """At most so many people read one."""
    if not messages:
        return {}
    rows = entries.listed(
        tx, site, subjects.MESSAGE, messages, kinds=("message.read",), most=len(messages) * people, oldest=True
    )
    found: dict[str, tuple[str, ...]] = {}
    for line in read_lines(tx, site, rows):
        by = line.record.by if line.record else ()
        found[line.row.key] = tuple(dict.fromkeys((*found.get(line.row.key, ()), *by)))
    return found


def show_messages(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.here.plan, facts.people)
    rows = [_row(line, facts, places) for line in facts.lines]
    form = FormSeen(facts.here.site, _to(facts.here.plan, places), _hours(lang), WORDS_MOST)
    return Rows(rows, facts.count, facts.here.plans, facts.here.site, line=say(lang, "message_page.line"), more=form)


def _row(line: Line, facts: Facts, places: Places) -> Row:
    lang, read = places.lang, facts.read.get(line.row.key, ())
    who = places.persons(read) or say(lang, "message_page.nobody")
    if not isinstance(line.body, MessageSent):
        return line.shown(places.local(line.row.at), places.w("record_gone"), "", line.by(places), None, who)
    body = line.body
    return line.shown(
        places.local(line.row.at),
        body.words,
        _named(body, facts.here.plan, places),
        line.by(places),
        places.local(body.until),
        who,
        colour="amber" if body.urgent and not read else "",
    )


def _named(body: MessageSent, plan: Plan, places: Places) -> str:
    if body.person is not None:
        return places.person(body.person)
    post = next((each for each in plan.posts if each.id == body.post), None)
    if body.post is not None:
        return post.name.say(places.lang) if post else body.post
    return say(places.lang, "message_page.to_all")


def _to(plan: Plan, places: Places) -> list[Group]:
    posts = [Option(f"post:{each.id}", each.name.say(places.lang) or each.id) for each in plan.posts]
    people = [Option(f"person:{each.person}", places.person(each.person)) for each in plan.grants if each.roles]
    named = (("message_page.to_posts", posts), ("message_page.to_people", people))
    return [Group(say(places.lang, word), options) for word, options in named if options]


def _hours(lang: str) -> list[Option]:
    return [Option(each, say(lang, f"message_page.hours_{each}"), each == "12") for each in HOURS]
