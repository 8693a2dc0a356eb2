"""The page of blind spots (D5): what the plan leaves out, and what it asks for and nobody does."""

from datetime import timedelta
from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.blind import Blind, blind_spots
from app.duties.days import local_time
from app.duties.site import Plan
from app.words import say
from sync.office import counting
from sync.office.pages.choosing import SiteChoice, site_choices
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.places import Places
from sync.office.pages.view import Asked, lang_of, url
from sync.office.sites import Profile, profiles
from sync.office.store.plans import site_plan
from sync.office.store.walked import last_walked, proved_since

WEEKS: Final = (2, 4, 8, 13)
USUAL: Final = 4


class Facts(Struct, frozen=True):
    site: str
    names: dict[str, Profile]
    """Every site that can be chosen."""
    plan: Plan
    blind: Blind
    last: dict[str, str]
    """By schedule: on which day it was last walked; empty: never."""
    weeks: int


class Spot(Struct, frozen=True):
    name: str
    note: str


class BlindSeen(Struct, frozen=True):
    site_name: str
    sites: list[SiteChoice]
    spans: list[tuple[str, str, bool]]
    """Address and words of each span of weeks, and whether it is the one that is looked at."""
    parts: list[tuple[str, list[Spot]]]


def read_blind(tx: Connection, site: str, weeks: int, now: int, within: tuple[str, ...]) -> Facts | None:
    """None while there is no site."""
    names = profiles(tx, within)
    if not names:
        return None
    site = site if site in names else next(iter(names))
    plan = site_plan(tx, site)
    assert plan is not None
    zone = counting.zone(plan)
    today = local_time(now, zone).date()
    since = (today - timedelta(weeks=weeks)).isoformat()
    proved = proved_since(tx, site, counting.span_of(since, since, zone).first)
    last = {schedule.id: last_walked(tx, site, schedule.id) for schedule in plan.schedules}
    walked = {schedule for schedule, day in last.items() if day >= since}
    return Facts(site, names, plan, blind_spots(plan, today, walked, proved), last, weeks)


def show_blind(facts: Facts, lang: str) -> BlindSeen:
    plan, blind = facts.plan, facts.blind
    places = Places(lang, plan, {})
    areas = {area.id: area.name.say(lang) for area in plan.areas}

    def spot(point: str) -> Spot:
        return Spot(places.point(point), areas.get(plan.point(point).area, ""))

    routes = [_route(plan, route, schedules, facts, lang) for route, schedules in blind.unwalked]
    return BlindSeen(
        site_name=places.site(facts.site),
        sites=site_choices(facts.names, facts.site, "/blindspots", lang),
        spans=[
            (url("/blindspots", site=facts.site, weeks=str(n)), say(lang, "cases.weeks", n=n), n == facts.weeks)
            for n in WEEKS
        ],
        parts=[
            (say(lang, "cases.blind_points"), [spot(point) for point in blind.uncovered]),
            (say(lang, "cases.blind_routes", weeks=facts.weeks), routes),
            (say(lang, "cases.blind_unproven", weeks=facts.weeks), [spot(point) for point in blind.unproven]),
        ],
    )


def _route(plan: Plan, route: str, schedules: tuple[str, ...], facts: Facts, lang: str) -> Spot:
    name = plan.route(route).name.say(lang) or route
    if not schedules:
        return Spot(name, say(lang, "cases.blind_unscheduled"))
    last = max(facts.last[schedule] for schedule in schedules)
    return Spot(name, say(lang, "cases.blind_last", day=last) if last else say(lang, "cases.blind_never"))


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/blindspots")
    async def spots(request: Asked) -> Response[bytes]:
        asked, now = request.query_params.get("weeks", ""), house.clock_ms()
        weeks = next((n for n in WEEKS if str(n) == asked), USUAL)
        facts = await house.read(lambda tx: read_blind(tx, site_of(request), weeks, now, sites_of(request)))
        if facts is None:
            return await house.frame.plain(request, "not_found", "no_site", 200)
        return await house.frame.page(request, "blind.html", show_blind(facts, lang_of(request)))

    return [spots]
