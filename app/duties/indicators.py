"""Indicators 指标 (D62): what each of them counts, and what a rate is made of (§11).

Facts come in, one value for each window, answer, order and finding; out come counts by local day and indicator. Counts
add up, over days and over sites, so nothing here is ever an average of averages. A rate that nothing was asked of has
no value: it is never 100 %. docs/indicators.md says the same in words, with an example each.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from app.duties.days import local_day
from app.duties.outcome import Tally
from app.duties.site import Target

Better = Literal["more", "less"]
Unit = Literal["%", "min"]
Verdict = Literal["ok", "red", "none"]
MINUTE_MS: Final = 60_000


class Indicator(Struct, frozen=True):
    name: str
    """Words: app.words.indicators `name_…`, and how it is made `formula_…`."""
    group: str
    """What it stands under. Words: `group_…`."""
    source: str
    """Clause of the domain that asks for it."""
    better: Better = "more"
    unit: Unit = "%"
    target: str = ""
    """What that clause asks for; empty where it names no number, and the plan must."""


_ROWS: Final = (
    Indicator("rounds", "rounds", "D60, D62"),
    Indicator("missed", "rounds", "D62, §11", "less"),
    Indicator("on-time", "rounds", "D62, §11"),
    Indicator("paper", "rounds", "D9", "less"),
    Indicator("inspected", "equipment", "D11, D13, §11"),
    Indicator("facility", "equipment", "D62", target="98"),
    Indicator("lamps", "equipment", "D18, D62", target="95"),
    Indicator("cleaning", "cleaning", "D20-D22, D62", target="99"),
    Indicator("greening", "cleaning", "D23, D62", target="99"),
    Indicator("scores", "cleaning", "D24, D63"),
    Indicator("repairs", "repairs", "D30, D62, §11", target="99"),
    Indicator("quality", "repairs", "D62", target="100"),
    Indicator("contact", "repairs", "D31"),
    Indicator("arrival", "repairs", "D30, D31"),
    Indicator("arrival-min", "repairs", "D30, D31", "less", "min"),
    Indicator("closed", "findings", "D34, §11"),
    Indicator("hazards", "findings", "D34, §11"),
    Indicator("rectified", "findings", "D34, §11"),
    Indicator("violations", "findings", "D35, D62", target="100"),
    Indicator("complaints", "residents", "D62", target="100"),
    Indicator("valid-complaints", "residents", "D62", "less", target="2"),
    Indicator("visits", "residents", "D33, D62", target="30"),
    Indicator("serious-visits", "residents", "D33", target="100"),
    Indicator("satisfied", "residents", "D62", target="90"),
)
INDICATORS: Final[Mapping[str, Indicator]] = {each.name: each for each in _ROWS}
"""In the order of the report."""
RATES: Final = ("facility", "lamps", "none")
"""What an answer may count for when the plan says so at its check; `none`: for nothing."""
EQUIPMENT: Final = ("inspection", "safety")
"""Kinds of routes that look at facilities."""
BY_AREA: Final[Mapping[str, str]] = {"cleaning": "cleaning", "greening": "greening"}
"""Kinds of routes that are work rather than a look, and the indicator of each."""


class Count(Struct, frozen=True):
    """What a day, a month or several sites came to for one indicator."""

    part: int = 0
    whole: int = 0
    pending: int = 0
    """Not to be judged yet, or not at all: neither in `part` nor in `whole`."""
    excused: int = 0
    """Left out because somebody who may has excused it (D9)."""
    late: int = 0
    """How many of `part` were entered afterwards from paper (D9)."""

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.part + other.part,
            self.whole + other.whole,
            self.pending + other.pending,
            self.excused + other.excused,
            self.late + other.late,
        )


NOTHING: Final = Count()
Counts = dict[tuple[str, str], Count]
"""By local day and indicator."""


def total(counts: Iterable[Count]) -> Count:
    whole = NOTHING
    for each in counts:
        whole += each
    return whole


def joined(many: Iterable[Counts]) -> Counts:
    """All of them together: of several subjects, or of several sites."""
    found: Counts = {}
    for counts in many:
        for key, count in counts.items():
            found[key] = found.get(key, NOTHING) + count
    return found


# -- facts ---------------------------------------------------------------------------------------


class Window(Struct, frozen=True):
    """One window of the plan, with what was walked in it."""

    day: str
    """Local date on which it opens."""
    kind: str
    """Of site.ROUTE_KINDS."""
    tally: Tally
    decided: bool
    """It is over or its round is, and no handheld may still hold it (outcome.counts)."""
    paper: bool = False
    """Its round was entered from paper (补录)."""
    well: int = 0
    """Of cleaning and greening: points done at which nothing was found wrong."""


class Answer(Struct, frozen=True):
    """What a check of a round came to; of one answered again the last."""

    day: str
    kind: str
    """Of the route."""
    rate: str
    """As the plan says at the check, or empty."""
    good: int
    full: int
    """A check that is OK or not is one of one; `96/120` lamps; `92/100` points. 0: it cannot be judged."""
    score: bool = False


class Job(Protocol):
    """A work order (app.duties.orders.Order), or what the office keeps of one; times are UTC ms."""

    @property
    def opened_at(self) -> int: ...
    @property
    def complaint(self) -> bool: ...
    @property
    def valid(self) -> bool | None: ...
    @property
    def urgent(self) -> bool: ...
    @property
    def contact_at(self) -> int | None: ...
    @property
    def going_at(self) -> int | None: ...
    @property
    def respond_at(self) -> int | None: ...
    @property
    def arrived_at(self) -> int | None: ...
    @property
    def due_at(self) -> int | None: ...
    @property
    def done_at(self) -> int | None: ...
    @property
    def reopened(self) -> int: ...
    @property
    def visited_at(self) -> int | None: ...
    @property
    def satisfied(self) -> bool | None: ...


class Found(Protocol):
    """A finding or hazard as it stands; times are UTC ms."""

    @property
    def sort(self) -> str: ...
    @property
    def opened_at(self) -> int: ...
    @property
    def due_at(self) -> int | None: ...
    @property
    def done_at(self) -> int | None: ...
    @property
    def closed_at(self) -> int | None: ...
    @property
    def fixed(self) -> bool: ...
    @property
    def paper(self) -> str | None: ...
    @property
    def paper_due(self) -> int | None: ...


# -- what they count for -------------------------------------------------------------------------


def of_window(window: Window) -> Counts:
    """Points and rounds; a window in which every point is excused was asked of nobody."""
    tally, kind = window.tally, window.kind
    counts = {"paper": _points(window, tally.done if window.paper else 0)}
    if kind in BY_AREA:
        counts[BY_AREA[kind]] = _points(window, window.well)
    else:
        counts["rounds"] = _round(window)
    if kind == "patrol":
        counts["missed"] = _points(window, tally.missed)
        counts["on-time"] = _points(window, tally.in_window)
    if kind in EQUIPMENT:
        counts["inspected"] = _points(window, tally.done)
    return {(window.day, name): count for name, count in counts.items() if count != NOTHING}


def _points(window: Window, part: int) -> Count:
    tally = window.tally
    if not window.decided:
        return Count(pending=tally.planned, excused=tally.excused)
    return Count(part, tally.planned, 0, tally.excused, part if window.paper else 0)


def _round(window: Window) -> Count:
    if not window.tally.planned:
        return Count(excused=1) if window.tally.excused else NOTHING
    if not window.decided:
        return Count(pending=1)
    walked = int(window.tally.done > 0)
    return Count(walked, 1, late=walked if window.paper else 0)


def of_answer(answer: Answer) -> Counts:
    name = _rate_of(answer)
    if not name:
        return {}
    count = Count(answer.good, answer.full) if answer.full else Count(pending=1)
    return {(answer.day, name): count}


def _rate_of(answer: Answer) -> str:
    if answer.score:
        return "scores"
    if answer.rate:
        return answer.rate if answer.rate in INDICATORS else ""
    return "facility" if answer.kind in EQUIPMENT else ""


def of_job(job: Job, zone: ZoneInfo, now: int) -> Counts:
    """An order on the days on which each of its limits falls; what has no limit, on the day on which it came."""
    found: Counts = {}

    def say(name: str, at: int, count: Count) -> None:
        found[local_day(at, zone), name] = count

    came, done = job.opened_at, job.done_at
    say("valid-complaints", came, Count(int(job.complaint and job.valid is not False), 1))
    if job.contact_at is not None:
        say("contact", job.contact_at, _by(job.contact_at, job.going_at, now))
    if job.respond_at is not None:
        say("arrival", job.respond_at, _by(job.respond_at, job.arrived_at, now))
    if job.arrived_at is not None:
        say("arrival-min", came, Count(max(0, job.arrived_at - came), 1))
    if job.complaint:
        over = done is not None or (job.due_at is not None and now >= job.due_at)
        say("complaints", came, Count(int(done is not None), 1) if over else Count(pending=1))
        if job.urgent and done is not None:
            say("serious-visits", done, Count(int(job.visited_at is not None), 1))
    else:
        if job.due_at is not None:
            say("repairs", job.due_at, _by(job.due_at, done, now))
        finished = done is not None or job.reopened > 0
        say("quality", came, Count(int(not job.reopened), 1) if finished else Count(pending=1))
        if done is not None:
            say("visits", done, Count(int(job.visited_at is not None), 1))
    if job.visited_at is not None and job.satisfied is not None:
        say("satisfied", job.visited_at, Count(int(job.satisfied), 1))
    return found


def of_finding(finding: Found, zone: ZoneInfo, now: int) -> Counts:
    """A finding on the day on which it was found; its limit on the day on which that falls."""
    came = local_day(finding.opened_at, zone)
    closed = Count(int(finding.fixed or finding.closed_at is not None), 1)
    found: Counts = {(came, "closed"): closed}
    if finding.sort == "hazard":
        found[came, "hazards"] = closed
    if finding.due_at is not None:
        done = finding.opened_at if finding.fixed else finding.done_at
        found[local_day(finding.due_at, zone), "rectified"] = _by(finding.due_at, done, now)
    if finding.paper is not None:
        found[came, "violations"] = _violation(finding, now)
    return found


def _violation(finding: Found, now: int) -> Count:
    """Handled: its papers are all made, or as many as it takes (D35); or it is closed."""
    if finding.paper == "none" or finding.paper_due is None or finding.closed_at is not None:
        return Count(1, 1)
    return Count(0, 1) if now >= finding.paper_due else Count(pending=1)


def _by(limit: int, done: int | None, now: int) -> Count:
    """及时: done by its limit; what is not done and still has time is pending."""
    if done is not None:
        return Count(int(done <= limit), 1)
    return Count(0, 1) if now >= limit else Count(pending=1)


# -- rates ---------------------------------------------------------------------------------------


def value(indicator: Indicator, count: Count) -> Decimal | None:
    """Percent or minutes to one place, None when nothing was asked.

    It is rounded to the worse side, so that 98.96 % does not look like 99 %.
    """
    if not count.whole:
        return None
    percent = indicator.unit == "%"
    exact = Decimal(count.part * 100 if percent else count.part) / (count.whole if percent else count.whole * MINUTE_MS)
    return exact.quantize(Decimal("0.1"), ROUND_FLOOR if indicator.better == "more" else ROUND_CEILING)


def judge(indicator: Indicator, value: Decimal | None, target: Target | None) -> Verdict:
    """Whether the value reaches the target; `none` without one of them."""
    if value is None or target is None:
        return "none"
    wanted = Decimal(target.value)
    reached = value >= wanted if indicator.better == "more" else value <= wanted
    return "ok" if reached else "red"


def target_of(targets: Iterable[Target], indicator: Indicator) -> Target | None:
    """What the site's plan asks for, else what the domain does; None where neither says a number."""
    told = next((each for each in targets if each.id == indicator.name), None)
    if told is not None:
        return told
    return Target(indicator.name, indicator.target, indicator.source) if indicator.target else None
