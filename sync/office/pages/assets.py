"""Equipment: the ledger, and one piece of it with its nameplate, readings, matters and records (D10-D19)."""

from datetime import date
from typing import Final
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.booklog import BookLog
from app.duties.days import local_time
from app.duties.site import Asset, People, Person
from app.words import say
from sync.office.credentials import everybody
from sync.office.pages.case import address
from sync.office.pages.entrylist import Line, listed
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
    pick,
    words,
)
from sync.office.pages.lists import answer
from sync.office.pages.readings import CHARTED, COUNTED, SeriesSeen, show_series
from sync.office.pages.view import Asked, Fact
from sync.office.places import Places, url
from sync.office.sites import Choice, choose
from sync.office.store import cases, readings
from sync.office.store.cases import CaseRow
from sync.office.store.paging import ALWAYS, EARLIEST, LATEST, Span
from sync.office.store.readings import ReadingRow, Series
from sync.office.subjects import ASSET
from sync.office.verdicts import Verdict

SOON, LATER = 30, 90
"""Days before a date from which it is told."""
MATTERS: Final = 20
"""The newest that stand above the records of a piece of equipment."""
ASSETS = Listing(
    name="assets",
    path="/assets",
    title="assets.title",
    columns=(
        Column("name", "assets.asset", sorts=True),
        Column("place", "assets.place", sorts=True),
        Column("model", "assets.model"),
        Column("register", "assets.register"),
        Column("due", "assets.due", sorts=True),
        Column("until", "assets.until"),
        Column("reading", "assets.reading"),
        Column("at", "assets.read_at", sorts=True),
        Column("open", "assets.open", sorts=True),
    ),
    filters=(
        choice(
            "kind",
            "assets.kind",
            {"special": "assets.kind_special", "dated": "assets.kind_dated", "measured": "assets.kind_measured"},
        ),
        pick("place", "assets.place"),
        choice(
            "until", "assets.until", {"over": "assets.until_over", "30": "assets.until_30", "90": "assets.until_90"}
        ),
        words("q", "assets.text"),
    ),
    sort="name",
    oldest=True,
)
_KINDS: Final = {
    "check": ("check.answered",),
    "finding": ("finding.raised", "finding.corrected", "finding.rechecked", "finding.noticed", "finding.reopened"),
    "order": (
        "order.taken", "order.accepted", "order.arrived", "order.done", "order.confirmed", "order.postponed",
        "order.reopened",
    ),
    "call": ("procedure.opened", "procedure.ticked", "procedure.closed"),
}  # fmt: skip
HISTORY = Listing(
    name="asset",
    path="/assets",
    title="assets.title",
    columns=(
        Column("at", "assets.moment", sorts=True),
        Column("what", "assets.what"),
        Column("by", "assets.by"),
        Column("ref", "assets.ref"),
    ),
    filters=(choice("sort", "assets.sort", {name: f"assets.sort_{name}" for name in _KINDS}), *FROM_TO),
    sort="at",
    act="asset-seen",
    template="asset.html",
)


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as the ledger needs it."""

    here: Choice
    today: date
    last: dict[str, ReadingRow]
    open: dict[str, list[CaseRow]]


class AssetFacts(Struct, frozen=True):
    """The same of one piece of equipment."""

    here: Choice
    asset: Asset
    today: date
    series: list[tuple[Series, list[ReadingRow], int]]
    """Each with its newest readings on the days that are asked for, oldest first, and how many there are of these,
    at most COUNTED."""
    matters: list[CaseRow]
    lines: list[Line]
    count: int
    people: dict[str, Person]


class AssetSeen(Struct, frozen=True):
    """What stands above its records."""

    name: str
    back: str
    paper: str
    """Where its history is made as a paper."""
    plate: list[Fact]
    series: list[SeriesSeen]
    days: str
    """Of these days the readings are; empty: of all."""
    matters: list[tuple[str, str, str, Verdict]]
    """When, what, where it is told, how it stands."""


class Unknown(Exception):
    """The plan in force has no such piece of equipment."""


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/assets")
    async def assets(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, ASSETS, lambda tx, wish: read_assets(tx, wish, now), show_assets)

    @get("/assets/{name:str}")
    async def asset(request: Asked, name: FromPath[str]) -> Response[bytes]:
        now, path = house.clock_ms(), f"/assets/{quote(name, safe='')}"
        listing = replace(HISTORY, path=path, name=f"asset-{name}"[:80])
        try:
            return await answer(house, request, listing, lambda tx, wish: read_asset(tx, wish, name, now), show_asset)
        except Unknown:
            return await house.frame.plain(request, "not_found", "wrong_address", 404)

    return [assets, asset]


# -- the ledger --------------------------------------------------------------------------------------


def read_assets(tx: Connection, wish: Wish, now: int) -> Facts | None:
    """Of that site, or of the first one; None while there is no site."""
    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    site, ids = here.site, [asset.id for asset in here.plan.assets]
    today = local_time(now, here.zone).date()
    return Facts(here, today, readings.last_of_assets(tx, site), cases.open_of_assets(tx, site, ids))


def show_assets(facts: Facts, lang: str, wish: Wish) -> Rows:
    plan = facts.here.plan
    places = Places(lang, plan, {})
    found = [asset for asset in plan.assets if _is_wanted(asset, facts, places, wish)]
    rows = [_row(asset, facts, places) for asset in found]
    points = {asset.point: places.point(asset.point) for asset in plan.assets}
    return Rows(
        arranged(rows, ASSETS, wish),
        len(rows),
        plans=facts.here.plans,
        site=facts.here.site,
        options={"place": sorted(points.items(), key=lambda each: each[1])},
        line=say(lang, "assets.line"),
    )


def _is_wanted(asset: Asset, facts: Facts, places: Places, wish: Wish) -> bool:
    due = _due(asset)
    left = (due - facts.today).days if due else None
    kind = {"special": bool(asset.register), "dated": due is not None, "measured": asset.id in facts.last}
    until = {"over": -1, "30": SOON, "90": LATER}.get(wish.get("until"))
    return (
        kind.get(wish.get("kind"), True)
        and wish.get("place") in ("", asset.point)
        and (until is None or (left is not None and left <= until))
        and holds(wish.get("q"), asset.id, asset.model, asset.register, asset.name.say(places.lang))
    )


def _row(asset: Asset, facts: Facts, places: Places) -> Row:
    last, matters, due = facts.last.get(asset.id), facts.open.get(asset.id, []), _due(asset)
    bad = last is not None and last.verdict != "ok"
    until = _until(due, facts.today, places.lang)
    return Row(
        (
            Link(asset.name.say(places.lang) or asset.id, asset_url(facts.here.site, asset.id), asset.id),
            places.point(asset.point),
            asset.model,
            asset.register,
            due,
            until,
            verdict_of(last, places) if last else "",
            places.local(last.at) if last else None,
            len(matters),
        ),
        colour="red" if bad or (until and until.colour == "red") else "amber" if matters else "",
    )


def _due(asset: Asset) -> date | None:
    try:
        return date.fromisoformat(asset.inspect_by) if asset.inspect_by else None
    except ValueError:
        return None


def _until(due: date | None, today: date, lang: str) -> Verdict | None:
    if due is None:
        return None
    left = (due - today).days
    if left < 0:
        return Verdict("red", say(lang, "assets.days_over", n=-left))
    return Verdict("amber" if left <= SOON else "dim", say(lang, "assets.days_left", n=left))


def verdict_of(row: ReadingRow, places: Places) -> Verdict:
    """A reading with its unit, coloured by whether it lies in its limits."""
    return Verdict("ok" if row.verdict == "ok" else "red", f"{row.shown} {row.unit}".strip())


def asset_url(site: str, asset: str) -> str:
    return url(f"/assets/{quote(asset, safe='')}", site=site)


# -- one piece of equipment ----------------------------------------------------------------------------


def read_asset(tx: Connection, wish: Wish, name: str, now: int) -> AssetFacts | None:
    """None while there is no site. Raises Unknown."""
    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    site, asset = here.site, here.plan.find_asset(name)
    if asset is None:
        raise Unknown
    lines, count = listed(tx, site, ASSET, (name,), wish, here.zone, _KINDS.get(wish.get("sort"), ()))
    series = [_line(tx, site, each, wish.span(here.zone)) for each in readings.series_of(tx, site, name)]
    return AssetFacts(
        here=here,
        asset=asset,
        today=local_time(now, here.zone).date(),
        series=[each for each in series if each[1]],
        matters=cases.of_asset(tx, site, name, MATTERS),
        lines=lines,
        count=count,
        people=everybody(tx),
    )


def _line(tx: Connection, site: str, series: Series, span: Span) -> tuple[Series, list[ReadingRow], int]:
    rows = readings.of_series(tx, site, series, span, CHARTED)
    few = len(rows) < CHARTED
    return series, rows, len(rows) if few else readings.count_series(tx, site, series, span, COUNTED)


def show_asset(facts: AssetFacts, lang: str, wish: Wish) -> Rows:
    plan, site = facts.here.plan, facts.here.site
    places = Places(lang, plan, facts.people)
    log = BookLog(lang, plan, People(tuple(facts.people.values())))
    return Rows(
        [_entry(line, log, places) for line in facts.lines],
        facts.count,
        plans={site: plan},
        site=site,
        more=AssetSeen(
            name=facts.asset.name.say(lang) or facts.asset.id,
            back=url("/assets", site=site),
            paper=f"{url('/papers', site=site, paper='asset', of=facts.asset.id)}#make",
            plate=_plate(facts, places),
            series=[show_series(each, rows, of, places) for each, rows, of in facts.series],
            days=_days(wish.span(places.zone), places),
            matters=[_matter(row, site, places) for row in facts.matters],
        ),
    )


def _days(span: Span, places: Places) -> str:
    if span == ALWAYS:
        return ""
    first = f"{places.local(span.first):%Y-%m-%d}" if span.first > EARLIEST else ""
    return f"{first} – {places.local(span.last - 1):%Y-%m-%d}" if span.last < LATEST else f"{first} –"


def _plate(facts: AssetFacts, places: Places) -> list[Fact]:
    asset, lang, plan = facts.asset, places.lang, facts.here.plan
    point = plan.find_point(asset.point)
    area = next((each for each in plan.areas if point and each.id == point.area), None)
    due, until = _due(asset), _until(_due(asset), facts.today, lang)
    said = (
        ("asset", f"{asset.name.say(lang)} ({asset.id})"),
        ("place", places.point(asset.point)),
        ("area", area.name.say(lang) if area else ""),
        ("model", asset.model),
        ("register", asset.register),
        ("due", f"{due.isoformat()}, {until.word}" if due and until else ""),
        ("label", say(lang, "assets.has_label") if asset.label else ""),
        ("instructions", asset.instructions.say(lang)),
    )
    return [Fact(say(lang, f"assets.{name}"), value) for name, value in said if value]


def _matter(row: CaseRow, site: str, places: Places) -> tuple[str, str, str, Verdict]:
    href = address(site, row.sort, row.case)
    words = places.phrase(row.category, row.phrase, row.words)
    state = Verdict("dim" if row.closed_at else "amber", say(places.lang, f"cases.state_{row.state}"))
    return places.moment(row.opened_at), words, href, state


def _entry(line: Line, log: BookLog, places: Places) -> Row:
    return line.shown(places.local(line.row.at), line.words(log, places), line.by(places), line.ref)
