"""The list of alarms with what was done about each, and taking or closing one from any page that shows it."""

from typing import Final

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from sync.office.accounts import ALARM_TAKERS
from sync.office.alarms import Alarm, move
from sync.office.pages import alarms as page
from sync.office.pages.alarms import AlarmSeen, read_facts, show_alarms
from sync.office.pages.frame import Rights, rights
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Column, Listing, Row, Rows, Wish, wish_of
from sync.office.pages.lists import answer
from sync.office.pages.listview import ListSeen, show_list
from sync.office.pages.view import FORM_BYTES, Asked, home_of, lang_of, url
from sync.office.sites import Profile, profiles, zone_of
from sync.office.store.accounts import Session
from sync.office.store.paging import EARLIEST, LATEST, Place

LISTED_MS: Final = 31 * 24 * 3600 * 1000
"""How far back the list of alarms goes when no day is asked for."""
LISTED: Final = 100
"""On one page, beside those that stand."""
ALARMS: Final = Listing(
    "alarms",
    "/alarms",
    "office.alarms",
    (
        Column("time", "office.time"),
        Column("what", "office.what"),
        Column("site", "office.site"),
        Column("where", "office.where"),
        Column("by", "office.alarm_by"),
        Column("state", "office.state"),
        Column("history", "office.alarm_history"),
        Column("record", "office.record"),
    ),
    FROM_TO,
    all_sites=True,
)
"""Newest first; what stands is always before it."""


class Facts(Struct, frozen=True):
    """One page of alarms, and the sites that can be chosen."""

    found: page.Facts
    plans: dict[str, Profile]
    site: str


class AlarmsSeen(Struct, frozen=True):
    alarms: list[AlarmSeen]
    around: ListSeen
    """The filter and the files."""
    older: str
    """Where the page after this one is; empty on the last."""


def read_alarms(tx: Connection, wish: Wish, now: int) -> Facts:
    """What stands, on the first page, and as many others of the days that were asked for as the wish has room."""
    plans = profiles(tx, wish.within)
    site = wish.site if wish.site in plans else ""
    span = wish.span(zone_of(plans, site))
    told = now - span.first if span.first > EARLIEST else LISTED_MS
    after = wish.after or (Place(span.last, "") if span.last < LATEST else None)
    found = read_facts(tx, now, told, (site,) if site else wish.within, wish.most, after)
    those = [each for each in found.alarms if each.heard < span.last and (wish.after is None or not each.stands)]
    standing, rest = ([each for each in those if each.stands is stands] for stands in (True, False))
    return Facts(replace(found, alarms=[*standing, *rest[: wish.most]]), plans, site)


def show_page(facts: Facts, lang: str, wish: Wish, may: Rights) -> AlarmsSeen:
    alarms = facts.found.alarms
    rest = [each for each in alarms if not each.stands]
    more = len(rest) >= wish.most
    shown = alarms[:-1] if more else alarms
    asked = {**wish.given, "site": facts.site, "after": str(_place(shown[-1]))} if more else {}
    seen = show_alarms(replace(facts.found, alarms=shown), lang, **may)
    around = show_list(Rows([], None, facts.plans, facts.site), ALARMS, wish, lang)
    return AlarmsSeen(seen, around, url("/alarms", **asked) if more else "")


def show_rows(facts: Facts, lang: str) -> Rows:
    """The same for a file."""
    seen = show_alarms(facts.found, lang, may_act=False, may_read=False)
    rows = [Row(_cells(each), _place(alarm)) for alarm, each in zip(facts.found.alarms, seen, strict=True)]
    return Rows(rows, None, facts.plans, facts.site)


def _cells(seen: AlarmSeen) -> tuple[str | tuple[str, ...], ...]:
    return seen.time, seen.word, seen.site_name, seen.place, seen.people, seen.verdict.word, tuple(seen.acts), seen.ref


def _place(alarm: Alarm) -> Place:
    return Place(alarm.heard, alarm.id)


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/")
    async def start(request: Asked) -> Response[bytes]:
        return house.view.go(request, home_of(request.state.session.role))

    @get("/alarms")
    async def alarms(request: Asked) -> Response[bytes]:
        now, lang = house.clock_ms(), lang_of(request)
        if request.query_params.get("as"):
            return await answer(
                house,
                request,
                ALARMS,
                lambda tx, wish: read_alarms(tx, wish, now),
                lambda facts, lang, _: show_rows(facts, lang),
            )
        wish = replace(wish_of(request, ALARMS), most=LISTED + 1)
        facts = await house.read(lambda tx: read_alarms(tx, wish, now))
        seen = show_page(facts, lang, wish, rights(request.state.session))
        return await house.frame.page(request, "alarms.html", seen, above=False)

    @post("/alarms", request_max_body_size=FORM_BYTES, status_code=200)
    async def act(request: Asked) -> Response[bytes]:
        """Take or close an alarm, then back to the page where the visitor was."""
        fields = await house.form(request, ALARM_TAKERS)
        session: Session = request.state.session
        site, alarm, state = (fields.get(each, "") for each in ("site", "alarm", "state"))
        by, now = await house.frame.called(session), house.clock_ms()
        await house.acts(request, f"alarm-{state}"[:24], site, alarm)
        await house.store.write(lambda tx: move(tx, site, alarm, state, session.account, by, now))
        return house.view.go(request, house.view.safe_way(fields.get("back", ""), home_of(session.role)))

    return [start, alarms, act]
