"""People of a site: who may do what there, who is on duty; and of one person what they did lately.

A person's records are a track of where somebody was: looking at them is noted in the audit.
"""

from typing import Final
from urllib.parse import quote

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.booklog import BookLog
from app.duties.site import ROLES, Grant, People, Person, Plan
from app.record import Record
from app.words import say
from sync.office.binding import badges_of
from sync.office.credentials import everybody
from sync.office.duty import OnDuty, read_duty
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
from sync.office.pages.places import Places
from sync.office.pages.view import Asked, Fact, Verdict, url
from sync.office.sites import Profile, profiles
from sync.office.store import entries
from sync.office.store.entries import EntryRow
from sync.office.store.plans import site_plan
from sync.office.store.records import Stored
from sync.office.subjects import PERSON

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

    site: str
    plans: dict[str, Profile]
    plan: Plan
    people: dict[str, Person]
    badges: dict[str, int]
    """Badges made for each."""
    duty: list[OnDuty]
    last: dict[str, EntryRow]
    stored: dict[tuple[bytes, int], Stored]


class PersonFacts(Struct, frozen=True):
    site: str
    plan: Plan
    people: dict[str, Person]
    person: Person
    rows: list[EntryRow]
    count: int
    stored: dict[tuple[bytes, int], Stored]


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
    plans = profiles(tx, wish.within)
    if not plans:
        return None
    site = wish.chosen(plans)
    plan = site_plan(tx, site)
    assert plan is not None
    last = entries.newest(tx, site, PERSON, [grant.person for grant in plan.grants])
    return Facts(
        site=site,
        plans=plans,
        plan=plan,
        people=everybody(tx),
        badges={person: len(made) for person, made in badges_of(tx).items()},
        duty=read_duty(tx, site, now),
        last=last,
        stored=entries.raws(tx, site, list(last.values())),
    )


def show_people(facts: Facts, lang: str, wish: Wish) -> Rows:
    plan = facts.plan
    places = Places(lang, plan, facts.people)
    log = BookLog(lang, plan, People(tuple(facts.people.values())))
    rows = [
        _row(grant, facts, places, log)
        for grant in plan.grants
        if wish.get("role") in ("", *grant.roles)
        and holds(wish.get("q"), grant.person, places.person(grant.person), places.number(grant.person))
    ]
    listed = arranged(rows, PEOPLE, wish)
    return Rows(listed, len(rows), plans=facts.plans, site=facts.site, line=say(lang, "people.line"))


def _row(grant: Grant, facts: Facts, places: Places, log: BookLog) -> Row:
    lang, last, made = places.lang, facts.last.get(grant.person), facts.badges.get(grant.person, 0)
    posts = places.plan.posts if places.plan else ()
    on_duty = any(person == grant.person for each in facts.duty for person, _ in each.crew)
    return Row(
        (
            Link(places.person(grant.person), url(f"/people/{quote(grant.person, safe='')}", site=facts.site)),
            places.number(grant.person),
            role_words(grant.roles, lang),
            Verdict("ok", say(lang, "people.on_duty")) if on_duty else None,
            tuple(post.name.say(lang) or post.id for post in posts if set(post.roles) & set(grant.roles)),
            say(lang, "people.badge_issue", n=made) if made else Verdict("dim", say(lang, "people.badge_no")),
            places.local(last.at) if last else None,
            _said(facts.stored.get((last.book, last.seq)), log, lang) if last else "",
        )
    )


def role_words(roles: tuple[str, ...], lang: str) -> tuple[str, ...]:
    return tuple(say(lang, f"finding.role_{role}") for role in roles)


def _said(stored: Stored | None, log: BookLog, lang: str) -> str:
    if stored is None:
        return say(lang, "people.purged")
    return log.words(msgspec.json.decode(stored.raw, type=Record))


# -- one of them ---------------------------------------------------------------------------------


def read_person(tx: Connection, wish: Wish, name: str) -> PersonFacts | None:
    """None for somebody whom no people file ever had, and who has no part in that site."""
    plans = profiles(tx, wish.within)
    people = everybody(tx)
    if not plans or name not in people:
        return None
    site = wish.chosen(plans)
    plan = site_plan(tx, site)
    assert plan is not None
    kinds, span = KINDS.get(wish.get("kind"), ()), wish.span(Places("", plan, {}).zone)
    rows = entries.listed(
        tx, site, PERSON, (name,), kinds=kinds, span=span, after=wish.after, most=wish.most, oldest=wish.oldest
    )
    granted = any(grant.person == name for grant in plan.grants)
    if not (granted or rows or entries.newest(tx, site, PERSON, (name,))):
        return None
    count = entries.count(tx, site, PERSON, (name,), kinds=kinds, span=span)
    return PersonFacts(site, plan, people, people[name], rows, count, entries.raws(tx, site, rows))


def show_person(facts: PersonFacts, lang: str, wish: Wish) -> Rows:
    plan = facts.plan
    places = Places(lang, plan, facts.people)
    log = BookLog(lang, plan, People(tuple(facts.people.values())))
    grant = next((each for each in plan.grants if each.person == facts.person.id), None)
    roles = ", ".join(role_words(grant.roles, lang)) if grant else ""
    return Rows(
        [_record(row, facts.stored.get((row.book, row.seq)), facts.site, log, places) for row in facts.rows],
        facts.count,
        plans={facts.site: plan},
        site=facts.site,
        more=PersonSeen(
            name=facts.person.name.say(lang) or facts.person.id,
            back=url("/people", site=facts.site),
            facts=[Fact(say(lang, "people.number"), facts.person.number), Fact(say(lang, "people.roles"), roles)],
        ),
    )


def _record(row: EntryRow, stored: Stored | None, site: str, log: BookLog, places: Places) -> Row:
    href = url("/records", site=site, book=row.book.hex(), upto=str(row.seq))
    return Row(
        (places.local(row.at), _said(stored, log, places.lang), Link(f"{row.book.hex()[:8]} {row.seq}", href)),
        place=row.place,
    )
