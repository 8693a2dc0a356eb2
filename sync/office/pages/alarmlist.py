"""The list of alarms with what was done about each, and taking or closing one from any page that shows it."""

from collections.abc import Mapping
from typing import Final

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from sync.office.accounts import ALARM_TAKERS
from sync.office.alarms import Alarm, Move, move, sort_alarms
from sync.office.pages import alarms as page
from sync.office.pages.alarms import AlarmSeen, show_alarms
from sync.office.pages.frame import Rights, rights
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Column, Listing, Row, Rows, Wish, wish_of
from sync.office.pages.lists import answer
from sync.office.pages.listview import ListSeen, show_list
from sync.office.pages.view import FORM_BYTES, Asked, home_of, lang_of
from sync.office.sites import Profile, profiles, zone_of
from sync.office.store.accounts import Session
from sync.office.store.paging import EARLIEST, LATEST, Place, Span
from sync.office.store.rounds import AlarmOrder

LISTED_MS: Final = 31 * 24 * 3600 * 1000
"""How far back the list of alarms goes when no day is asked for."""
ORDERS: Final[Mapping[str, AlarmOrder]] = {"time": "time", "site": "site"}
"""By the column that sorts."""
ALARMS: Final = Listing(
    "alarms",
    "/alarms",
    "office.alarms",
    (
        Column("time", "office.time", sorts=True),
        Column("what", "office.what"),
        Column("site", "office.site", sorts=True),
        Column("where", "office.where"),
        Column("by", "office.alarm_by"),
        Column("state", "office.state"),
        Column("history", "office.alarm_history"),
        Column("record", "office.record"),
    ),
    FROM_TO,
    sort="standing",
    all_sites=True,
    shown=100,
)
"""Newest first, and what stands before it on the first page, unless a column is asked for."""


class Facts(Struct, frozen=True):
    """One page of alarms, and the sites that can be chosen."""

    found: page.Facts
    plans: dict[str, Profile]
    site: str


class AlarmsSeen(Struct, frozen=True):
    alarms: list[AlarmSeen]
    around: ListSeen
    """The filter, the headings, the files and the way to the next page."""


def read_alarms(tx: Connection, wish: Wish, now: int) -> Facts:
    """As many alarms of the days that were asked for as the wish has room, and before them, on the first page, what
    stands, unless a column is asked for.
    """
    plans = profiles(tx, wish.within)
    site = wish.site if wish.site in plans else ""
    within, span = (site,) if site else wish.within, wish.span(zone_of(plans, site))
    first = span.first if span.first > EARLIEST else now - LISTED_MS
    if by := ORDERS.get(wish.sort):
        asked = Span(first, span.last)
        alarms = sort_alarms(tx, asked, within, wish.most, wish.after, by, oldest=wish.oldest)
        return Facts(page.facts_of(tx, alarms), plans, site)
    after = wish.after or (Place(span.last, "") if span.last < LATEST else None)
    found = page.read_facts(tx, now, now - first, within, wish.most, after)
    those = [each for each in found.alarms if each.heard < span.last and (wish.after is None or not each.stands)]
    standing, rest = ([each for each in those if each.stands is stands] for stands in (True, False))
    return Facts(replace(found, alarms=[*standing, *rest[: wish.most]]), plans, site)


def show_page(facts: Facts, lang: str, wish: Wish, may: Rights) -> AlarmsSeen:
    rows = show_rows(facts, lang, may)
    apart = 0 if wish.sort in ORDERS else sum(each.stands for each in facts.found.alarms)
    around = show_list(replace(rows, rows=rows.rows[apart:]), ALARMS, wish, lang)
    shown = [*rows.rows[:apart], *rows.rows[apart : apart + ALARMS.shown]]
    return AlarmsSeen([row.seen for row in shown], around)


def show_rows(facts: Facts, lang: str, may: Rights) -> Rows:
    seen = show_alarms(replace(facts.found, several=True), lang, **may)
    rows = [Row(_cells(each), _place(alarm), seen=each) for alarm, each in zip(facts.found.alarms, seen, strict=True)]
    return Rows(rows, None, facts.plans, facts.site)


def _cells(seen: AlarmSeen) -> tuple[str | tuple[str, ...], ...]:
    return seen.time, seen.word, seen.site_name, seen.place, seen.people, seen.verdict.word, tuple(seen.acts), seen.ref


def _place(alarm: Alarm) -> Place:
    return Place(alarm.heard, f"{alarm.site}/{alarm.id}")


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/")
    async def start(request: Asked) -> Response[bytes]:
        return house.view.go(request, home_of(request.state.session.role))

    @get("/alarms")
    async def alarms(request: Asked) -> Response[bytes]:
        now, lang, may = house.clock_ms(), lang_of(request), rights(request.state.session)
        if request.query_params.get("as"):
            return await answer(
                house,
                request,
                ALARMS,
                lambda tx, wish: read_alarms(tx, wish, now),
                lambda facts, lang, _: show_rows(facts, lang, may),
            )
        wish = wish_of(request, ALARMS)
        facts = await house.read(lambda tx: read_alarms(tx, wish, now))
        seen = show_page(facts, lang, wish, may)
        return await house.frame.page(request, "alarms.html", seen, above=False)

    @post("/alarms", request_max_body_size=FORM_BYTES, status_code=200)
    async def act(request: Asked) -> Response[bytes]:
        """Take or close an alarm, then back to the page where the visitor was."""
        fields = await house.form(request, ALARM_TAKERS)
        session: Session = request.state.session
        site, alarm, state, outcome = (fields.get(each, "") for each in ("site", "alarm", "state", "outcome"))
        by, now = await house.frame.called(session), house.clock_ms()
        await house.acts(request, f"alarm-{state}"[:24], site, alarm)
        to = Move(state, outcome, session.account, by, now)
        await house.store.write(lambda tx: move(tx, site, alarm, to))
        return house.view.go(request, house.view.safe_way(fields.get("back", ""), home_of(session.role)))

    return [start, alarms, act]
