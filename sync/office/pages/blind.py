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
from sync.office.pages.house import House
from sync.office.pages.listing import Column, Listing, Row, Rows, Wish, arranged, pick
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.places import Places
from sync.office.sites import Profile, profiles
from sync.office.store.plans import site_plan
from sync.office.store.walked import last_walked, proved_since

WEEKS: Final = (2, 4, 8, 13)
USUAL: Final = 4
BLIND: Final = Listing(
    "blindspots",
    "/blindspots",
    "cases.blind",
    (
        Column("what", "cases.blind_what", sorts=True),
        Column("name", "cases.blind_name", sorts=True),
        Column("note", "cases.blind_note", sorts=True),
    ),
    (pick("weeks", "cases.blind_weeks", usual=str(USUAL)), pick("part", "cases.blind_what")),
    sort="planned",
    oldest=True,
    template="blind.html",
    shown=200,
)
"""Part after part, each in the plan's order, unless a column is asked for."""


class Facts(Struct, frozen=True):
    site: str
    names: dict[str, Profile]
    """Every site that can be chosen."""
    plan: Plan
    blind: Blind
    last: dict[str, str]
    """By schedule: on which day it was last walked; those never walked are not in it."""
    weeks: int


class Spot(Struct, frozen=True):
    name: str
    note: str


def read_blind(tx: Connection, wish: Wish, now: int) -> Facts | None:
    """None while there is no site."""
    names = profiles(tx, wish.within)
    if not names:
        return None
    site = wish.chosen(names)
    weeks = next((n for n in WEEKS if str(n) == wish.get("weeks")), USUAL)
    plan = site_plan(tx, site)
    assert plan is not None
    zone = counting.zone(plan)
    today = local_time(now, zone).date()
    since = (today - timedelta(weeks=weeks)).isoformat()
    proved = proved_since(tx, site, counting.span_of(since, since, zone).first)
    last = last_walked(tx, site)
    walked = {schedule for schedule, day in last.items() if day >= since}
    return Facts(site, names, plan, blind_spots(plan, today, walked, proved), last, weeks)


def show_blind(facts: Facts, lang: str, wish: Wish) -> Rows:
    plan, blind = facts.plan, facts.blind
    places = Places(lang, plan, {})
    areas = {area.id: area.name.say(lang) for area in plan.areas}

    def spot(point: str) -> Spot:
        return Spot(places.point(point), areas.get(plan.point(point).area, ""))

    routes = [_route(plan, route, schedules, facts, lang) for route, schedules in blind.unwalked]
    parts = {
        "points": (say(lang, "cases.blind_points"), [spot(point) for point in blind.uncovered]),
        "routes": (say(lang, "cases.blind_routes", weeks=facts.weeks), routes),
        "unproven": (say(lang, "cases.blind_unproven", weeks=facts.weeks), [spot(point) for point in blind.unproven]),
    }
    asked = wish.get("part") if wish.get("part") in parts else ""
    rows = [
        Row((word, each.name, each.note))
        for part, (word, spots) in parts.items()
        for each in spots
        if asked in ("", part)
    ]
    return Rows(
        arranged(rows, BLIND, wish),
        len(rows),
        facts.names,
        facts.site,
        options={
            "weeks": [(str(n), say(lang, "cases.weeks", n=n)) for n in WEEKS],
            "part": [(part, word) for part, (word, _) in parts.items()],
        },
        usual={"weeks": str(facts.weeks)},
        line=say(lang, "cases.blind_line"),
        more=[(word, len(spots)) for word, spots in parts.values()],
    )


def _route(plan: Plan, route: str, schedules: tuple[str, ...], facts: Facts, lang: str) -> Spot:
    name = plan.route(route).name.say(lang) or route
    if not schedules:
        return Spot(name, say(lang, "cases.blind_unscheduled"))
    last = max(facts.last.get(schedule, "") for schedule in schedules)
    return Spot(name, say(lang, "cases.blind_last", day=last) if last else say(lang, "cases.blind_never"))


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/blindspots")
    async def spots(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, BLIND, lambda tx, wish: read_blind(tx, wish, now), show_blind)

    return [spots]
