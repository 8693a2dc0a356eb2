"""People of a site: who may do what there, who is on duty; and of one person what they did lately.

A person's records are a track of where somebody was: looking at them is noted in the audit.
"""

from typing import Final
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.booklog import BookLog
from app.duties.site import ROLES, Grant, People, Person
from app.words import say
from sync.office.binding import badges_of
from sync.office.credentials import everybody
from sync.office.duty import OnDuty, read_duty
from sync.office.pages.entrylist import Line, listed, read_lines
from sync.office.pages.house import House
from sync.office.pages.listing import (
    FROM_TO,
    Column,
    Link,
    Listing,
    Row,
    Rows,
    Wish,
    arranged,
    choice,
    holds,
    words,
)
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked, Fact
from sync.office.places import Places, url
from sync.office.sites import Choice, choose
from sync.office.store import entries
from sync.office.subjects import PERSON
from sync.office.verdicts import Verdict

PEOPLE: Final = Listing(
    name="people",
    path="/people",
    title="people.title",
    columns=(
        Column("name", "people.name", sorts=True),
        Column("number", "people.number", sorts=True),
        Column("roles", "people.roles", sorts=True),
        Column("duty", "people.on_duty", sorts=True),
        Column("posts", "people.posts"),
        Column("badge", "people.badge", sorts=True),
        Column("last", "people.last", sorts=True),
        Column("what", "people.what"),
    ),
    filters=(
        choice("role", "people.roles", {role: f"finding.role_{role}" for role in ROLES}),
        words("q", "people.text"),
    ),
    sort="name",
    oldest=True,
    act="people-seen",
)
KINDS: Final = {
    "shift": ("shift.opened", "crew.joined", "crew.left", "shift.closed", "pin.refused", "pin.unlocked"),
    "rounds": ("round.started", "round.late-entry"),
    "posts": ("post.manned", "post.stood-in", "relief.asked", "relief.missing", "handover.given", "handover.taken"),
    "alarms": ("alarm.raised", "lone.answered"),
}
RECORDS: Final = Listing(
    name="person",
    path="/people",
    title="people.records",
    columns=(Column("at", "people.at", sorts=True), Column("said", "people.said"), Column("ref", "people.ref")),
    filters=(choice("kind", "people.kind", {name: f"people.kind_{name}" for name in KINDS}), *FROM_TO),
    sort="at",
    act="person-seen",
    template="person.html",
)


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as the people of a site need it."""

    here: Choice
    people: dict[str, Person]
    badges: dict[str, int]
    """Badges made for each."""
    duty: list[OnDuty]
    last: dict[str, Line]


class PersonFacts(Struct, frozen=True):
    here: Choice
    people: dict[str, Person]
    person: Person
    lines: list[Line]
    count: int


class PersonSeen(Struct, frozen=True):
    name: str
    back: str
    facts: list[Fact]


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/people")
    async def people(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, PEOPLE, lambda tx, wish: read_people(tx, wish, now), show_people)

    @get("/people/{name:str}")
    async def person(request: Asked, name: FromPath[str]) -> Response[bytes]:
        listing = replace(RECORDS, path=f"/people/{quote(name, safe='')}", name=f"person-{name}"[:80])
        return await answer(
            house, request, listing, lambda tx, wish: read_person(tx, wish, name), show_person, "people.nobody"
        )

    return [people, person]


def read_people(tx: Connection, wish: Wish, now: int) -> Facts | None:
    """Of that site, or of the first one; None while there is no site."""
    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    granted = {grant.person for grant in here.plan.grants}
    last = [row for person, row in entries.newest(tx, here.site, PERSON).items() if person in granted]
    return Facts(
        here=here,
        people=everybody(tx),
        badges={person: len(made) for person, made in badges_of(tx).items()},
        duty=read_duty(tx, here.site, now),
        last={line.row.key: line for line in read_lines(tx, here.site, last)},
    )


def show_people(facts: Facts, lang: str, wish: Wish) -> Rows:
    plan = facts.here.plan
    places = Places(lang, plan, facts.people)
    log = BookLog(lang, plan, People(tuple(facts.people.values())))
    rows = [
        _row(grant, facts, places, log)
        for grant in plan.grants
        if wish.get("role") in ("", *grant.roles)
        and holds(wish.get("q"), grant.person, places.person(grant.person), places.number(grant.person))
    ]
    shown = arranged(rows, PEOPLE, wish)
    return Rows(shown, len(rows), plans=facts.here.plans, site=facts.here.site, line=say(lang, "people.line"))


def _row(grant: Grant, facts: Facts, places: Places, log: BookLog) -> Row:
    lang, last, made = places.lang, facts.last.get(grant.person), facts.badges.get(grant.person, 0)
    posts = places.plan.posts if places.plan else ()
    on_duty = any(person == grant.person for each in facts.duty for person, _ in each.crew)
    return Row(
        (
            Link(places.person(grant.person), url(f"/people/{quote(grant.person, safe='')}", site=facts.here.site)),
            places.number(grant.person),
            role_words(grant.roles, lang),
            Verdict("ok", say(lang, "people.on_duty")) if on_duty else None,
            tuple(post.name.say(lang) or post.id for post in posts if set(post.roles) & set(grant.roles)),
            say(lang, "people.badge_issue", n=made) if made else Verdict("dim", say(lang, "people.badge_no")),
            places.local(last.row.at) if last else None,
            last.words(log, places) if last else "",
        )
    )


def role_words(roles: tuple[str, ...], lang: str) -> tuple[str, ...]:
    return tuple(say(lang, f"finding.role_{role}") for role in roles)


# -- one of them ---------------------------------------------------------------------------------


def read_person(tx: Connection, wish: Wish, name: str) -> PersonFacts | None:
    """None for somebody whom no people file ever had, and who has no part in that site."""
    here, people = choose(tx, wish.within, wish.site), everybody(tx)
    if here is None or name not in people:
        return None
    lines, count = listed(tx, here.site, PERSON, (name,), wish, here.zone, KINDS.get(wish.get("kind"), ()))
    granted = any(grant.person == name for grant in here.plan.grants)
    if not (granted or lines or entries.listed(tx, here.site, PERSON, (name,), most=1)):
        return None
    return PersonFacts(here, people, people[name], lines, count)


def show_person(facts: PersonFacts, lang: str, wish: Wish) -> Rows:
    plan, site = facts.here.plan, facts.here.site
    places = Places(lang, plan, facts.people)
    log = BookLog(lang, plan, People(tuple(facts.people.values())))
    grant = next((each for each in plan.grants if each.person == facts.person.id), None)
    roles = ", ".join(role_words(grant.roles, lang)) if grant else ""
    return Rows(
        [line.shown(places.local(line.row.at), line.words(log, places), line.ref) for line in facts.lines],
        facts.count,
        plans={site: plan},
        site=site,
        more=PersonSeen(
            name=facts.person.name.say(lang) or facts.person.id,
            back=url("/people", site=site),
            facts=[Fact(say(lang, "people.number"), facts.person.number), Fact(say(lang, "people.roles"), roles)],
        ),
    )
