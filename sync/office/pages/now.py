"""This hour at a site: who is on duty, which rounds are under way or missed, what is overdue, how the handhelds stand.

Where the account sees several sites, one line of each stands above: which of them wants somebody.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import msgspec
from litestar import Response, get
from litestar.response import ServerSentEvent
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.days import local_time
from app.duties.indicators import Count
from app.duties.site import Plan
from app.words import say
from sync.office import accounts, fleet
from sync.office.day import Facts as Day
from sync.office.day import plan_of, read_days
from sync.office.dues import Due, Walked, planned_and_done
from sync.office.duty import OnDuty, read_duty
from sync.office.pages import alarms, day
from sync.office.pages.alarms import AlarmSeen
from sync.office.pages.door import SESSION_COOKIE
from sync.office.pages.fleet import state_of_handheld
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.view import HEADERS, Asked, here_of, lang_of
from sync.office.places import Places, url
from sync.office.server import NOT_PACKED
from sync.office.sites import Profile, profiles
from sync.office.store import cases, days
from sync.office.store import rounds as table
from sync.office.store.accounts import Session
from sync.office.store.cases import Tally
from sync.office.store.plans import site_plan
from sync.office.store.rounds import StopRow
from sync.office.verdicts import Verdict

BACK_MS: Final = 12 * 3600 * 1000
"""So long a missed round is told here; after that it is the review's."""
MISSED: Final = "missed"
LINGERS_MS: Final = 2 * 3600 * 1000
"""So long after its window a round that nobody finished counts as under way."""
HREFS: Final = {"finding": "/findings", "hazard": "/hazards", "order": "/orders", "request": "/desk"}


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as this hour needs it."""

    now: int
    site: str
    sites: dict[str, Profile]
    plan: Plan
    days: tuple[Day, ...]
    """Yesterday and today at the site."""
    duty: list[OnDuty]
    stops: dict[str, list[StopRow]]
    """Of the rounds under way."""
    alarms: alarms.Facts
    """Of all sites that the account may see."""
    tallies: dict[tuple[str, str], Tally]
    missed: dict[str, dict[str, Count]]
    """Points of today, by site."""
    seen: list[fleet.Seen]
    """The handhelds of that site."""
    silent: dict[str, int]
    """By site: how many handhelds of it are."""


class SiteSeen(Struct, frozen=True):
    name: str
    href: str
    chosen: bool
    figures: list[tuple[int, str]]
    """What wants somebody, and its colour: alarms, points missed today, matters overdue, handhelds silent."""


class PostSeen(Struct, frozen=True):
    name: str
    people: str
    since: str
    handheld: str


class RunSeen(Struct, frozen=True):
    line: day.RowSeen
    done: int
    planned: int
    last: str
    """Where and when a point was last reached."""


class MatterSeen(Struct, frozen=True):
    word: str
    href: str
    open: int
    late: int


class HandheldSeen(Struct, frozen=True):
    name: str
    state: Verdict
    heard: str
    holds: str


class Tile(Struct, frozen=True):
    word: str
    figure: int
    colour: str
    href: str


class NowSeen(Struct, frozen=True):
    site_name: str
    as_of: str
    tiles: list[Tile]
    sites: list[SiteSeen]
    alarms: list[AlarmSeen]
    posts: list[PostSeen]
    empty: list[str]
    """Posts at which nobody is signed in."""
    running: list[RunSeen]
    waiting: list[day.RowSeen]
    """Windows that are open and that nobody has begun."""
    missed: list[day.RowSeen]
    matters: list[MatterSeen]
    handhelds: list[HandheldSeen]


def read_now(tx: Connection, site: str, now: int, within: Sequence[str] = ()) -> Facts | None:
    """What is known of that site, or of the first one; None while there is no site."""
    sites = profiles(tx, tuple(within))
    if not sites:
        return None
    site = site if site in sites else next(iter(sites))
    plan = site_plan(tx, site)
    assert plan is not None
    zone = Places("", plan, {}).zone
    today = local_time(now, zone).date()
    both = tuple(read_days(tx, sites, site, (today - timedelta(days=1), today)))
    running = [row.round for facts in both for row in facts.rows if _is_open(row)]
    names = list(sites)
    return Facts(
        now=now,
        site=site,
        sites=sites,
        plan=plan,
        days=both,
        duty=read_duty(tx, site, now),
        stops=table.stops_of_several(tx, site, running),
        alarms=alarms.read_facts(tx, now, 0, names),
        tallies=cases.tallies(tx, names, now),
        missed=days.sums(tx, names, today.isoformat(), today.isoformat(), MISSED),
        seen=fleet.read(tx, site),
        silent=fleet.silent(tx, names, now) if len(names) > 1 else {},
    )


class _Ended(Struct, frozen=True):
    """As much of a round's detail as says whether it goes on."""

    finished: int | None = None


def _is_open(row: table.RoundRow) -> bool:
    return msgspec.json.decode(row.detail, type=_Ended).finished is None


def show_now(facts: Facts, lang: str) -> NowSeen:
    plan, people = facts.plan, facts.days[-1].people
    places = Places(lang, plan, people)
    dues = [(due, each) for each in facts.days for due in planned_and_done(each)]
    running, missed = _running(dues, facts, places), _missed(dues, facts, places)
    matters = list(_matters(facts, lang))
    standing = alarms.show_alarms(
        replace(facts.alarms, alarms=[each for each in facts.alarms.alarms if each.stands]),
        lang,
        may_act=False,
        may_read=True,
    )
    silent = sum(each.is_silent(facts.now) for each in facts.seen)
    late = sum(each.late for each in matters)
    red = sum(each.verdict.colour == "red" for each in missed)
    return NowSeen(
        site_name=places.site(facts.site),
        as_of=say(lang, "now.as_of", time=places.minute(facts.now)),
        tiles=[
            Tile(say(lang, "now.alarms"), len(standing), "red" if standing else "", "/alarms"),
            Tile(say(lang, "now.running"), len(running), "ok" if running else "", "#running"),
            Tile(say(lang, "now.missed"), red, "red" if red else "", "#missed"),
            Tile(say(lang, "now.overdue"), late, "amber" if late else "", "#matters"),
            Tile(say(lang, "now.silent"), silent, "red" if silent else "", "#handhelds"),
        ],
        sites=list(_sites(facts, lang)) if len(facts.sites) > 1 else [],
        alarms=standing,
        posts=_posts(facts, places),
        empty=_empty(facts, lang),
        running=running,
        waiting=_waiting(dues, facts, places),
        missed=missed,
        matters=matters,
        handhelds=[_handheld(each, places, facts.now) for each in facts.seen if each.device.revoked_at is None],
    )


def _sites(facts: Facts, lang: str) -> Iterator[SiteSeen]:
    standing = Counter(each.site for each in facts.alarms.alarms if each.stands)
    late: Counter[str] = Counter()
    for (site, _), tally in facts.tallies.items():
        late[site] += tally.late
    for site, profile in facts.sites.items():
        missed = facts.missed.get(site, {}).get(MISSED, Count()).part
        figures = ((standing[site], "red"), (missed, "red"), (late[site], "amber"), (facts.silent.get(site, 0), "red"))
        yield SiteSeen(
            name=profile.site.name.say(lang) or site,
            href=url("/now", site=site),
            chosen=site == facts.site,
            figures=[(n, colour if n else "") for n, colour in figures],
        )


def _posts(facts: Facts, places: Places) -> list[PostSeen]:
    names = {each.device.book: each.device.name for each in facts.seen if each.device.book}
    return [_post(each, names.get(each.book, ""), places) for each in facts.duty]


def _empty(facts: Facts, lang: str) -> list[str]:
    manned = {each.post for each in facts.duty}
    return [post.name.say(lang) or post.id for post in facts.plan.posts if post.id not in manned]


def _post(duty: OnDuty, handheld: str, places: Places) -> PostSeen:
    found = next((each for each in places.plan.posts if each.id == duty.post), None) if places.plan else None
    name = (found.name.say(places.lang) or found.id) if found else duty.post or say(places.lang, "now.no_post")
    people = places.persons(tuple(person for person, _ in duty.crew))
    return PostSeen(name, people, places.minute(min(at for _, at in duty.crew)), handheld)


Dues = Sequence[tuple[Due, Day]]


def _running(dues: Dues, facts: Facts, places: Places) -> list[RunSeen]:
    return [
        _run(walked, due, one, facts, places)
        for due, one in dues
        for walked in due.rounds
        if walked.detail.finished is None and facts.now < due.closes + LINGERS_MS
    ]


def _run(walked: Walked, due: Due, one: Day, facts: Facts, places: Places) -> RunSeen:
    reached = [stop for stop in facts.stops.get(walked.row.round, ()) if stop.at is not None]
    last = max(reached, key=lambda stop: stop.at or 0, default=None)
    where = f"{places.point(last.point)} {places.minute(last.at or 0, one.day)}" if last else ""
    line = day.walked_line(walked, due, due.rounds.index(walked) + 1, one.day, places, facts.now)
    return RunSeen(line, walked.tally.done, walked.tally.planned, where)


def _waiting(dues: Dues, facts: Facts, places: Places) -> list[day.RowSeen]:
    return [
        day.unwalked_line(due, due.slot, one.heard, places, facts.now)
        for due, one in dues
        if due.slot is not None and not due.rounds and due.opens <= facts.now < due.closes and due.tally.planned
    ]


def _missed(dues: Dues, facts: Facts, places: Places) -> list[day.RowSeen]:
    """Of the windows that closed in the last hours: the rounds that left points out, and those without a record."""
    lines = []
    for due, one in dues:
        if not (facts.now - BACK_MS <= due.closes <= facts.now and due.tally.planned):
            continue
        if due.best is not None:
            number = due.rounds.index(due.best) + 1
            line = day.walked_line(due.best, due, number, one.day, places, facts.now)
            lines += [line] if line.verdict.colour == "red" else []
        elif due.slot is not None:
            lines.append(day.unwalked_line(due, due.slot, one.heard, places, facts.now))
    return sorted(lines, key=lambda line: line.verdict.colour != "red")


def _matters(facts: Facts, lang: str) -> Iterator[MatterSeen]:
    for sort in cases.SORTS:
        tally = facts.tallies.get((facts.site, sort))
        if tally is not None:
            href = url(HREFS[sort], site=facts.site) if sort in HREFS else ""
            yield MatterSeen(say(lang, f"now.sort_{sort}"), href, tally.open, tally.late)


def _handheld(seen: fleet.Seen, places: Places, now: int) -> HandheldSeen:
    holds = "" if seen.holds is None else str(seen.holds)
    heard = places.minute(seen.heard, places.local(now).date()) if seen.heard else say(places.lang, "fleet.never")
    return HandheldSeen(seen.device.name, state_of_handheld(seen, places.lang, now), heard, holds)


# -- its addresses -------------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/now")
    async def now(request: Asked) -> Response[bytes]:
        site, within, at = site_of(request), sites_of(request), house.clock_ms()
        facts = await house.read(lambda tx: read_now(tx, site, at, within))
        if facts is None:
            return await house.frame.plain(request, "rounds", "no_site", 200)
        await house.looked(request, "now-seen", facts.site, facts.site)
        lang = lang_of(request)
        stream = url("/now/stream", site=facts.site, lang=lang)
        seen = show_now(facts, lang)
        return await house.frame.page(request, "now.html", seen, above=False, stream=stream, again=here_of(request))

    @get("/now/stream", opt={NOT_PACKED: True})
    async def stream(request: Asked) -> Response[bytes] | ServerSentEvent:
        """The same again and again. Whom there is no line for is told so in a way in which no browser asks again."""
        session: Session = request.state.session
        cookie = request.cookies.get(SESSION_COOKIE, "")
        site, within, lang = site_of(request), sites_of(request), lang_of(request)
        if not house.live.has_room(session.account):
            return Response(b"", status_code=204, media_type="text/plain", headers=HEADERS)

        async def make() -> str:
            at = house.clock_ms()
            facts = await house.store.read(lambda tx: read_now(tx, site, at, within))
            seen = show_now(facts, lang) if facts else None
            return house.view.part(lang, "nowpiece.html", page=seen) if seen else ""

        def clock() -> str:
            as_of = say(lang, "now.as_of", time=places.minute(house.clock_ms()))
            return house.view.part(lang, "nowclock.html", as_of=as_of)

        async def may_stay() -> bool:
            return session == await accounts.session(house.store, cookie, house.clock_ms())

        farewell = house.view.part(lang, "ended.html")
        places = Places(lang, await house.store.read(lambda tx: plan_of(tx, site)), {})
        watching = house.live.watch(session.account, (site, lang, *within), make, clock, may_stay, farewell)
        return ServerSentEvent(watching, headers={**HEADERS, "x-accel-buffering": "no"})

    return [now, stream]
