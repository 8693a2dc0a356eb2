"""A month of rounds: one line a schedule, one column a day, walked of those due, in the colour of the worst verdict."""

import calendar
import re
from datetime import date, timedelta
from time import monotonic
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import local_time
from app.duties.site import Plan
from app.words import say
from sync.office import counting
from sync.office.pages.day import KINDS, Choice
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import PATIENCE_S, House
from sync.office.pages.listfiles import Plain, Table, csv_of, saved, xlsx_of
from sync.office.pages.view import Asked, lang_of
from sync.office.places import Places, url
from sync.office.sites import Profile, profiles
from sync.office.store import windows
from sync.office.store.plans import site_plan
from sync.office.store.windows import Windows

SHOWS: Final = ("all", "red")
COLOURS: Final = ("ok", "amber", "red", "dim")
_MONTH: Final = re.compile(r"2[01][0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


class Facts(Struct, frozen=True):
    site: str
    plans: dict[str, Profile]
    plan: Plan
    month: str
    windows: list[Windows]
    behind: int
    """Days of it that are still to be counted."""


class CellSeen(Struct, frozen=True):
    text: str
    colour: str
    href: str
    said: str
    """Day and verdict, for who does not see the colour."""


class LineSeen(Struct, frozen=True):
    name: str
    cells: list[CellSeen | None]
    total: str
    rate: str


class MonthSeen(Struct, frozen=True):
    site: str
    site_name: str
    month: str
    sites: list[Choice]
    kinds: list[Choice]
    shows: list[Choice]
    days: list[tuple[int, bool]]
    """Each day, and whether it is one of the weekend."""
    lines: list[LineSeen]
    keys: list[tuple[str, str]]
    before: str
    after: str
    day_url: str
    behind: str
    files: list[tuple[str, str]]


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/rounds/month")
    async def month(request: Asked) -> Response[bytes]:
        query, lang, now, within = request.query_params, lang_of(request), house.clock_ms(), sites_of(request)
        wanted = site_of(request)
        plans = await house.read(lambda tx: profiles(tx, within))
        if not plans:
            return await house.frame.plain(request, "rounds", "no_site", 200)
        site = wanted if wanted in plans else next(iter(plans))
        name = month_of(query.get("month", ""), plans[site], now)
        first, last = span_of(name)
        until = monotonic() + PATIENCE_S
        behind = await counting.catch_up(house.store, [site], first, last, now, more=lambda: monotonic() < until)
        facts = await house.store.read(lambda tx: read_month(tx, site, plans, name, behind))
        kind, show = query.get("kind", ""), query.get("show", "")
        seen = show_month(facts, kind, show, lang)
        if query.get("as") in ("csv", "xlsx"):
            await house.acts(request, "list-exported", site, f"rounds-month.{query['as']} {name}")
            write = csv_of if query["as"] == "csv" else xlsx_of
            return await saved(write, _table(seen, facts, kind, lang), f"rounds-{site}-{name}", query["as"])
        return await house.frame.page(request, "matrix.html", seen)

    return [month]


def month_of(text: str, of: Profile, now: int) -> str:
    """The month that was asked for, else this one at the site: `2026-11`."""
    return text if _MONTH.fullmatch(text) else f"{local_time(now, ZoneInfo(of.site.zone)):%Y-%m}"


def span_of(month: str) -> tuple[str, str]:
    """Its first and its last local date."""
    year, number = map(int, month.split("-"))
    return f"{month}-01", f"{month}-{calendar.monthrange(year, number)[1]:02}"


def read_month(tx: Connection, site: str, plans: dict[str, Profile], month: str, behind: int) -> Facts:
    plan = site_plan(tx, site)
    assert plan is not None
    return Facts(site, plans, plan, month, windows.between(tx, site, *span_of(month)), behind)


def show_month(facts: Facts, kind: str, show: str, lang: str) -> MonthSeen:
    places = Places(lang, facts.plan, {})
    kind, show = kind if kind in KINDS else "all", show if show in SHOWS else "all"
    first, last = map(date.fromisoformat, span_of(facts.month))
    days = [first + timedelta(days=n) for n in range(last.day)]
    asked = {"site": facts.site, "kind": kind.replace("all", ""), "show": show.replace("all", "")}
    hrefs = {each: url("/rounds", site=facts.site, day=each) for each in map(date.isoformat, days)}
    words = {colour: say(lang, f"matrix.key_{colour}") for colour in COLOURS}

    def month(other: date) -> str:
        return url("/rounds/month", month=f"{other:%Y-%m}", **asked)

    return MonthSeen(
        site=facts.site,
        site_name=places.site(facts.site),
        month=facts.month,
        sites=[Choice(id, plan.site.name.say(lang) or id, id == facts.site) for id, plan in facts.plans.items()],
        kinds=[Choice(each, places.w(f"kind_{each}"), each == kind) for each in KINDS],
        shows=[
            Choice("all", places.w("show_all"), show == "all"),
            Choice("red", say(lang, "matrix.show_red"), show == "red"),
        ],
        days=[(day.day, day.weekday() >= 5) for day in days],
        lines=[_line(of, rows, hrefs, words) for of, rows in _wanted(facts, kind, show, places)],
        keys=list(words.items()),
        before=month(first - timedelta(days=1)),
        after=month(last + timedelta(days=1)),
        day_url=url("/rounds", site=facts.site, kind=asked["kind"]),
        behind=say(lang, "matrix.behind", n=facts.behind) if facts.behind else "",
        files=[
            (url("/rounds/month", month=facts.month, **asked, **{"as": name}), say(lang, key))
            for name, key in (("csv", "lists.csv"), ("xlsx", "lists.xlsx"))
        ],
    )


def _wanted(facts: Facts, kind: str, show: str, places: Places) -> list[tuple[str, dict[str, Windows]]]:
    """By schedule, in the plan's order and then what it no longer knows: its days."""
    found: dict[str, dict[str, Windows]] = {each.id: {} for each in facts.plan.schedules}
    for row in facts.windows:
        if kind in ("all", row.kind):
            found.setdefault(row.schedule, {})[row.day] = row
    return [
        (places.schedule(schedule, next(iter(rows.values())).route), rows)
        for schedule, rows in found.items()
        if rows and (show != "red" or any(row.red for row in rows.values()))
    ]


def _line(name: str, rows: dict[str, Windows], hrefs: dict[str, str], words: dict[str, str]) -> LineSeen:
    """`hrefs` by day, `words` by colour."""
    points, reached = sum(row.points for row in rows.values()), sum(row.reached for row in rows.values())
    walked = sum(row.walked for row in rows.values())
    asked = max(walked, sum(row.decided for row in rows.values()))
    cells = [_cell(rows[day], href, words) if day in rows else None for day, href in hrefs.items()]
    return LineSeen(name, cells, f"{walked}/{asked}", f"{100 * reached / points:.1f}%" if points else "-")


def _cell(row: Windows, href: str, words: dict[str, str]) -> CellSeen:
    text, colour = f"{row.walked}/{row.asked}" if row.decided or row.walked else "\u00b7", row.colour
    return CellSeen(text, colour, href, f"{row.day}: {words[colour]}")


def _table(seen: MonthSeen, facts: Facts, kind: str, lang: str) -> Table:
    headings = [say(lang, "matrix.schedule"), *(str(day) for day, _ in seen.days)]
    rows: list[list[Plain]] = [
        [line.name, *(cell.text if cell else None for cell in line.cells), line.total, line.rate] for line in seen.lines
    ]
    return Table(
        title=say(lang, "matrix.title"),
        headings=[*headings, say(lang, "matrix.total"), say(lang, "matrix.rate")],
        rows=rows,
        about=[(say(lang, "lists.site"), seen.site_name), (say(lang, "matrix.month"), facts.month)],
        sheet=say(lang, "lists.about"),
    )
