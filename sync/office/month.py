"""A site's month (D61, D62): every indicator with its target, its value, how it stood before, and the cases behind it.

One value for whoever shows it: a page, a PDF, a workbook. It holds no language: texts are in both, and what has a word
stands under its name in app.words.indicators. Times are UTC milliseconds. The days it adds up are to be made first
(`ready`), and it says what of it is still provisional (D67).
"""

import calendar
import hashlib
from collections.abc import Collection, Sequence
from decimal import Decimal
from time import monotonic
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app import kinds
from app.duties import indicators
from app.duties.days import local_day
from app.duties.indicators import INDICATORS, Better, Count, Indicator, Unit, Verdict
from app.duties.review import RULES
from app.duties.site import Named, Plan, Target, Text
from app.kinds.figures import CaseKept
from app.record import Record
from sync.office import behind, counting
from sync.office.behind import Case
from sync.office.by_hand import Hand, by_hand
from sync.office.places import round_url
from sync.office.sites import profiles
from sync.office.store import Store, cases, days, entries, readings, spans
from sync.office.store import plans as plan_table
from sync.office.store import rounds as round_table
from sync.office.store.paging import Span
from sync.office.store.plans import site_plan
from sync.office.store.readings import SCORE

TREND: Final = 6
"""Months before."""
CASES: Final = 30
"""Of one figure, in a report."""
COUNTED: Final = ("rounds", "repairs", "rectified", "violations", "complaints")
"""Indicators in which everything that may be pending is counted once."""
SHEETS: Final = 200


class Earlier(Struct, frozen=True):
    month: str
    value: Decimal | None
    by_hand: bool


class Figure(Struct, frozen=True):
    name: str
    """Of app.duties.indicators."""
    group: str
    unit: Unit
    better: Better
    count: Count
    value: Decimal | None
    """Percent or minutes, to one place; by hand where somebody entered one. None: nothing was asked of it."""
    target: Target | None
    verdict: Verdict
    hand: Hand | None
    trend: tuple[Earlier, ...]
    """The months before, oldest first."""
    cases: tuple[Case, ...] = ()
    """Counted against it, the newest first; `more` that are not here."""
    more: int = 0


class Deducted(Struct, frozen=True):
    words: str
    times: int
    points: int


class Sheet(Struct, frozen=True):
    """A score sheet (D63)."""

    name: Text
    place: Text
    at: int
    points: int
    full: int
    low: int | None
    """Its pass mark."""
    deducted: tuple[Deducted, ...]
    person: str
    ref: str
    href: str


class Provisional(Struct, frozen=True):
    """Why figures may still change. Words: app.words.indicators `still_…`."""

    what: str
    count: int
    href: str


class LedgerLine(Struct, frozen=True):
    """Matters of one sort: opened in the month, of these closed by now, and late."""

    sort: str
    opened: int
    closed: int
    late: int


class Kept(Struct, frozen=True):
    """典型案例: a matter that somebody wants told, and what it shows."""

    case: str
    words: str
    about: Text
    at: int
    href: str
    by: tuple[str, ...]


class Head(Struct, frozen=True):
    """Up to which record of a book the figures are true."""

    book: str
    seq: int
    hash: str


class Month(Struct, frozen=True):
    site: str
    name: Text
    company: Named
    district: Named
    zone: str
    month: str
    """`2026-11`."""
    made: int
    figures: tuple[Figure, ...]
    typical: tuple[Kept, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    provisional: tuple[Provisional, ...] = ()
    ledger: tuple[LedgerLine, ...] = ()
    heads: tuple[Head, ...] = ()
    sha256: str = ""
    """Of what it was made from: month, hour, rules, plans and heads."""

    def figure(self, name: str) -> Figure:
        return next(each for each in self.figures if each.name == name)


class Compared(Struct, frozen=True):
    """Sites side by side (D64); without the cases."""

    month: str
    made: int
    sites: tuple[Month, ...]


# -- which days ----------------------------------------------------------------------------------


def is_month(text: str) -> bool:
    """Whether it is a month that a report may be asked of."""
    year, dash, month = text.partition("-")
    plain = dash == "-" and len(year) == 4 and len(month) == 2 and (year + month).isascii() and (year + month).isdigit()
    return plain and 2000 <= int(year) < 2200 and 1 <= int(month) <= 12


def days_of(month: str) -> tuple[str, str]:
    """Its first and its last local date."""
    year, number = map(int, month.split("-"))
    return f"{month}-01", f"{month}-{calendar.monthrange(year, number)[1]:02}"


def before(month: str, back: int = 1) -> str:
    """The month so many months before; negative: after."""
    year, number = map(int, month.split("-"))
    year, number = divmod(year * 12 + number - 1 - back, 12)
    return f"{year:04}-{number + 1:02}"


def this_month(plan: Plan, now: int) -> str:
    return local_day(now, counting.zone(plan))[:7]


async def ready(
    store: Store, sites: Sequence[str], month: str, now: int, within_s: float | None = None, *, trend: int = TREND
) -> int:
    """Make the counts that are behind, of the month and of `trend` before it; how many days are left in the end."""
    until = None if within_s is None else monotonic() + within_s
    first, last = days_of(before(month, trend))[0], days_of(month)[1]
    return await counting.catch_up(store, sites, first, last, now, more=lambda: until is None or monotonic() < until)


# -- one site ------------------------------------------------------------------------------------


def read_month(tx: Connection, site: str, month: str, now: int) -> Month | None:
    """The site's month as it stands, whole; None while it has no plan."""
    light = read_figures(tx, site, month, now)
    if light is None:
        return None
    plan = _plan_of(tx, site, month)
    heads = tuple(Head(row.book.hex(), row.seq, row.hash.hex()) for row in spans.folded_heads(tx, site))
    plans = [row.sha256 for row in plan_table.plans_of(tx, site) if row.effective <= days_of(month)[1]]
    return replace(
        light,
        figures=_with_cases(tx, site, month, light.figures, now),
        sheets=_sheets(tx, site, plan, month),
        ledger=_ledger(tx, site, plan, month, now),
        heads=heads,
        sha256=hashlib.sha256(msgspec.json.encode((site, month, now, RULES, plans, heads))).hexdigest(),
    )


def read_figures(tx: Connection, site: str, month: str, now: int) -> Month | None:
    """The same without cases, sheets, ledgers and heads: what a page shows."""
    newest = site_plan(tx, site)
    if newest is None:
        return None
    plan = _plan_of(tx, site, month)
    counted = days.by_month(tx, (site,), before(month, TREND), month)
    months, said = {name: counts for (_, name), counts in counted.items()}, by_hand(tx, (site,))[site]
    figures = tuple(_figure(each, plan.targets, month, months, said.hands) for each in INDICATORS.values())
    return Month(
        site=site,
        name=plan.site.name,
        company=plan.site.company,
        district=plan.site.district,
        zone=plan.site.zone,
        month=month,
        made=now,
        figures=figures,
        typical=_typical(tx, site, plan, said.kept.get(month, {})),
        provisional=provisional(tx, site, month, figures, now, counting.zone(newest)),
    )


def _plan_of(tx: Connection, site: str, month: str) -> Plan:
    """The plan that held at the end of the month, of a site that has one."""
    last = days_of(month)[1]
    return plan_table.plans_between(tx, site, last, last)[-1]


def read_compared(
    tx: Connection, month: str, now: int, within: tuple[str, ...] = (), names: Collection[str] = INDICATORS.keys()
) -> Compared:
    """Every site of `within` (empty: all) with those figures of that month alone."""
    known_sites = profiles(tx, within)
    sums = days.by_month(tx, known_sites, month, month)
    said = by_hand(tx, known_sites)
    found = []
    for site, profile in known_sites.items():
        asked, counted, hands = profile.targets, {month: sums.get((site, month), {})}, said[site].hands
        figures = tuple(_figure(INDICATORS[name], asked, month, counted, hands, 0) for name in names)
        found.append(
            Month(
                site=site,
                name=profile.site.name,
                company=profile.site.company,
                district=profile.site.district,
                zone=profile.site.zone,
                month=month,
                made=now,
                figures=figures,
            )
        )
    return Compared(month, now, tuple(found))


def _figure(
    indicator: Indicator,
    targets: Sequence[Target],
    month: str,
    months: dict[str, dict[str, Count]],
    hands: dict[tuple[str, str], Hand],
    back: int = TREND,
) -> Figure:
    name = indicator.name
    count = months.get(month, {}).get(name, indicators.NOTHING)
    hand, target = hands.get((month, name)), indicators.target_of(targets, indicator)
    value = hand.value if hand else indicators.value(indicator, count)
    trend = []
    for ago in range(back, 0, -1):
        then = before(month, ago)
        entered = hands.get((then, name))
        counted = indicators.value(indicator, months.get(then, {}).get(name, indicators.NOTHING))
        trend.append(Earlier(then, entered.value if entered else counted, entered is not None))
    return Figure(
        name=name,
        group=indicator.group,
        unit=indicator.unit,
        better=indicator.better,
        count=count,
        value=value,
        target=target,
        verdict=indicators.judge(indicator, value, target),
        hand=hand,
        trend=tuple(trend),
    )


def _with_cases(tx: Connection, site: str, month: str, figures: Sequence[Figure], now: int) -> tuple[Figure, ...]:
    first, last = days_of(month)
    bad: dict[str, list[Case]] = {}
    for case in behind.of_days(tx, site, counting.days_of(first, last), INDICATORS.keys(), now, whole=True):
        if case.state == "bad":
            bad.setdefault(case.figure, []).append(case)
    return tuple(
        replace(each, cases=tuple(those[: -CASES - 1 : -1]), more=max(0, len(those) - CASES))
        if (those := bad.get(each.name))
        else each
        for each in figures
    )


# -- typical cases, sheets and ledgers ---------------------------------------------------------------


def _typical(tx: Connection, site: str, plan: Plan, kept: dict[str, tuple[CaseKept, Record]]) -> tuple[Kept, ...]:
    found = []
    for name, (body, record) in kept.items():
        row = cases.find(tx, site, name)
        if row is not None:
            about = behind.both(lambda lang, row=row: behind.words_of(row, plan, lang))  # type: ignore[misc]
            found.append(Kept(name, body.words, about, row.opened_at, behind.page_of(row), record.by))
    return tuple(sorted(found, key=lambda each: (each.at, each.case)))


def _span(plan: Plan, month: str) -> Span:
    return counting.span_of(*days_of(month), counting.zone(plan))


def _sheets(tx: Connection, site: str, plan: Plan, month: str) -> tuple[Sheet, ...]:
    rows = readings.listed(tx, site, sorts=(SCORE,), span=_span(plan, month), most=SHEETS, oldest=True)
    raws = entries.records_at(tx, site, [(row.book, row.seq) for row in rows])
    found = []
    for row in rows:
        stored = raws.get((row.book, row.seq))
        body = kinds.read(msgspec.json.decode(stored.raw, type=Record)) if stored else None
        told = body.score if isinstance(body, kinds.CheckAnswered) and body.score else None
        check, point = plan.find_check(row.checklist, row.item), plan.find_point(row.point)
        found.append(
            Sheet(
                name=check.text if check else Text(row.item, row.item),
                place=point.name if point else Text(row.point, row.point),
                at=row.at,
                points=int(row.value),
                full=int(row.full or 0),
                low=None if row.low is None else int(row.low),
                deducted=tuple(Deducted(each.words, each.times, each.points) for each in told.deducted) if told else (),
                person=row.person,
                ref=f"{row.book.hex()}:{row.seq}",
                href=round_url(site, row.round),
            )
        )
    return tuple(found)


def _ledger(tx: Connection, site: str, plan: Plan, month: str, now: int) -> tuple[LedgerLine, ...]:
    found: dict[str, list[spans.Matter]] = {}
    for matter in spans.matters_opened(tx, site, LEDGERS, _span(plan, month)):
        found.setdefault(matter.sort, []).append(matter)
    return tuple(
        LedgerLine(
            sort,
            len(those),
            sum(each.fixed or each.closed_at is not None for each in those),
            sum(_late(each, now) for each in those),
        )
        for sort in LEDGERS
        if (those := found.get(sort))
    )


LEDGERS: Final = (cases.FINDING, cases.HAZARD, cases.ORDER, cases.REQUEST)


def _late(matter: spans.Matter, now: int) -> bool:
    if matter.due_at is None or matter.fixed:
        return False
    return (now if matter.done_at is None else matter.done_at) > matter.due_at


# -- what is not final yet (D67) -----------------------------------------------------------------


def provisional(
    tx: Connection, site: str, month: str, figures: Collection[Figure], now: int, zone: ZoneInfo
) -> tuple[Provisional, ...]:
    """Why the month's figures may still change: what of it is not over, not here, or not judged."""
    first, last = days_of(month)
    left = counting.behind(tx, [site], first, last, now).get(site, [])
    found = (
        Provisional("month", int(last >= local_day(now, zone)), ""),
        Provisional("days", len(left), ""),
        Provisional("pending", sum(figure.count.pending for figure in figures if figure.name in COUNTED), ""),
        Provisional("unread", round_table.count_unread(tx, site), "books"),
        Provisional("reviews", round_table.count_not_reviewed(tx, site, first, last), "review"),
    )
    return tuple(each for each in found if each.count)
