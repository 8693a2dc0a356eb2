"""What the days of a site came to, for each indicator (app.duties.indicators): made, and kept made.

A day's counts are made from rounds, answers and cases as they stand, by the code by which its page is made. They hold
until a record bears on the day, or until an hour comes that judges something: a window that ends, a limit that passes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties import indicators, rounds
from app.duties.days import local_day, millis, settle
from app.duties.indicators import Answer, Counts, Window
from app.duties.outcome import PATIENCE_MS, Excuse
from app.duties.schedule import Slot
from app.duties.site import Check, Plan, Stop, decode_plan
from sync.office.details import AnswerSeen
from sync.office.dues import Due, Walked, count, planned_and_done
from sync.office.excuses import read_excuses, valid
from sync.office.planned import windows
from sync.office.store import Store, spans
from sync.office.store import days as table
from sync.office.store import plans as plan_table
from sync.office.store import rounds as round_table
from sync.office.store.cases import FINDING, HAZARD, ORDER
from sync.office.store.days import Made
from sync.office.store.paging import Span
from sync.office.store.plans import PlanRow
from sync.office.store.retention import purged_slots
from sync.office.store.rounds import RoundRow, StopRow
from sync.office.store.spans import Matter
from sync.office.store.windows import Windows
from sync.office.verdicts import windows_of

AT_ONCE: Final = 16
"""Days made in one transaction."""
DAY_MS: Final = 24 * 3600 * 1000
LONGEST_MS: Final = 120 * DAY_MS
"""So long before a day a matter may have been opened that still counts on it."""
LONGEST_WINDOW_MS: Final = 32 * DAY_MS
COUNTED: Final = (ORDER, FINDING, HAZARD)
"""Sorts of matters that count for an indicator."""


class Looked(Struct, frozen=True):
    """As much of a stop's detail (details.StopDetail) as counts."""

    answers: tuple[AnswerSeen, ...] = ()


class Facts(Struct, frozen=True):
    """One day, as its windows are made of it."""

    plan: Plan
    day: date
    since: int
    rows: Sequence[RoundRow]
    valid: Sequence[Excuse]
    excused_stops: dict[str, list[StopRow]]
    tended: dict[str, list[StopRow]]
    """Every stop of every round."""
    purged: frozenset[str]
    plans: Sequence[Plan]
    """Valid at some time of the days that are read, oldest first."""
    asked: Sequence[tuple[Plan, Slot]]
    """The day's windows."""


# -- kept made -----------------------------------------------------------------------------------


def days_of(first: str, last: str) -> list[str]:
    """Every local date from first to last."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(begin + timedelta(days=number)).isoformat() for number in range((end - begin).days + 1)]


def behind(tx: Connection, sites: Sequence[str], first: str, last: str, now: int) -> dict[str, list[str]]:
    """By site: the days that are to be made, the newest first; without those long before anything was asked of it."""
    every = days_of(first, last)
    whole = [site for site, count in table.count_standing(tx, sites, first, last, now).items() if count == len(every)]
    sites = [site for site in sites if site not in whole]
    if not sites:
        return {}
    made, planned = table.standing(tx, sites, first, last, now), plan_table.all_planned_since(tx, sites)
    found = {}
    for site in sites:
        since = planned.get(site)
        begun = "" if since is None else local_day(since - LONGEST_WINDOW_MS, ZoneInfo("UTC"))
        left = [day for day in every if day not in made[site] and day >= begun]
        if since is not None and left:
            found[site] = left[::-1]
    return found


async def catch_up(
    store: Store, sites: Sequence[str], first: str, last: str, now: int, *, more: Callable[[], bool]
) -> int:
    """Make the days that are behind while `more()`, the newest of every site first; how many are left."""
    todo = await store.read(lambda tx: behind(tx, sites, first, last, now))
    parts = [(site, days[n : n + AT_ONCE]) for site, days in todo.items() for n in range(0, len(days), AT_ONCE)]
    left = sum(map(len, todo.values()))
    for site, some in sorted(parts, key=lambda part: part[1][0], reverse=True):
        if not more():
            break
        await store.write(lambda tx, site=site, some=some: keep(tx, site, some, now))  # type: ignore[misc]
        left -= len(some)
    return left


def keep(tx: Connection, site: str, days: Sequence[str], now: int) -> None:
    """Make these days of a site and note them. Of one whose rounds are purged what was counted before stands."""
    purged = purged_slots(tx, site, min(days), max(days)) if days else {}
    gone = [day for day in days if day in purged and table.by_name(tx, site, day)]
    table.leave(tx, site, gone)
    table.put(tx, site, make(tx, site, sorted(set(days).difference(gone)), now))


# -- made ----------------------------------------------------------------------------------------


def make(tx: Connection, site: str, days: Sequence[str], now: int) -> list[Made]:
    """Those days, in order, as they stand at `now`; nothing for a site without a plan."""
    plan = plan_table.site_plan(tx, site)
    if plan is None or not days:
        return []
    zone_here = zone(plan)
    heard = round_table.heard_of(tx, site)
    found = {facts.day.isoformat(): _walked_day(facts, heard, now) for facts in read_days(tx, site, days, zone_here)}
    of_matters, turns = _matters(tx, site, days, zone_here, now)
    made = []
    for day in days:
        seen = found[day]
        those = {key: each for key, each in of_matters.items() if key[0] == day}
        named = {name: each for (_, name), each in indicators.joined((seen.counts, those)).items()}
        until = min((*seen.until, *turns.get(day, ())), default=None)
        made.append(Made(day, named, until, seen.waits, seen.windows))
    return made


def read_days(tx: Connection, site: str, days: Sequence[str], zone: ZoneInfo) -> Iterator[Facts]:
    """Those days of a site that has a plan, in order."""
    first, last = days[0], days[-1]
    rows = spans.rounds_between(tx, site, first, last)
    stops = spans.stops_between(tx, site, first, last)
    since = plan_table.planned_since(tx, site) or 0
    span = span_of(first, last, zone)
    excuses = valid(read_excuses(tx, site, span.first, span.last + LONGEST_WINDOW_MS))
    excused = {excuse.point for excuse in excuses}
    plans = plan_table.plans_between(tx, site, first, last)
    purged = purged_slots(tx, site, first, last)
    asked: dict[str, list[tuple[Plan, Slot]]] = {}
    for plan, slot in windows(plans, date.fromisoformat(first), date.fromisoformat(last)):
        asked.setdefault(slot.opens.date().isoformat(), []).append((plan, slot))
    for day in days:
        own = [row for row in rows if row.day == day]
        tended = {row.round: stops.get(row.round, []) for row in own}
        at_excused = {name: [stop for stop in those if stop.point in excused] for name, those in tended.items()}
        yield Facts(
            plan=next((plan for plan in reversed(plans) if plan.effective <= day), plans[0]),
            plans=plans,
            day=date.fromisoformat(day),
            since=since,
            rows=own,
            valid=excuses,
            excused_stops=at_excused if excused else {},
            tended=tended,
            purged=frozenset(purged.get(day, ())),
            asked=asked.get(day, []),
        )


# -- rounds and what was looked at ---------------------------------------------------------------


class _Day(Struct, frozen=True):
    """What rounds make of a day."""

    counts: Counts
    until: list[int]
    """When the hour judges a window again."""
    waits: bool
    """A window is over, and a silent handheld may still hold its records."""
    windows: list[Windows]


def _walked_day(facts: Facts, heard: Sequence[int], now: int) -> _Day:
    counts, until, waits = [], [], False
    dues = planned_and_done(facts, facts.asked)
    for due in dues:
        counts.append(indicators.of_window(_window(due, facts, heard, now)))
        if now < due.closes:
            until.append(due.closes)
        elif count(due, heard, now) is None:
            until.append(due.closes + PATIENCE_MS)
            waits = True
        for walked in due.rounds:
            counts += [indicators.of_answer(answer) for *_, answer in answers_of(walked, facts)]
    return _Day(indicators.joined(counts), until, waits, windows_of(facts, dues, heard, now))


def _window(due: Due, facts: Facts, heard: Sequence[int], now: int) -> Window:
    tally = count(due, heard, now)
    best = due.best
    kind = kind_of(facts.plan, due)
    return Window(
        day=facts.day.isoformat(),
        kind=kind,
        tally=due.tally if tally is None else tally,
        decided=tally is not None,
        paper=best is not None and best.detail.late_entry is not None,
        well=min(_well(due, best, facts), tally.done) if tally and best and kind in indicators.BY_AREA else 0,
    )


def kind_of(plan: Plan, due: Due) -> str:
    route = plan.find_route(due.slot.route if due.slot else due.rounds[0].detail.route)
    return route.kind if route else ""


def _well(due: Due, best: Walked, facts: Facts) -> int:
    """Stops that were done with nothing wrong; of a window done by place in any of its rounds."""
    those = due.rounds if due.together is not None else (best,)
    done: set[str] = set()
    bad: set[str] = set()
    for row in (row for walked in those for row in facts.tended.get(walked.row.round, ())):
        if row.at is None:
            continue
        done.add(row.stop)
        if any(answer.bad for answer in last_answers(row)):
            bad.add(row.stop)
    return len(done - bad)


def last_answers(row: StopRow) -> list[AnswerSeen]:
    """The last answer to each check of the stop."""
    seen = msgspec.json.decode(row.detail, type=Looked)
    return list({answer.check: answer for answer in seen.answers}.values())


def answers_of(walked: Walked, facts: Facts) -> Iterator[tuple[Stop, Check, AnswerSeen, Answer]]:
    """The answers of a round that may count for an indicator, each with where and to what it was given."""
    route = facts.plan.find_route(walked.detail.route)
    if route is None:
        return
    for row in facts.tended.get(walked.row.round, ()):
        stop = rounds.stop_of(route, row.stop)
        checks = {check.id: check for check in facts.plan.checks_of(stop)} if stop else {}
        if stop is None or not _counts(route.kind, checks.values()):
            continue
        for seen in last_answers(row):
            check = checks.get(seen.check)
            if check is not None:
                good, full = _good_of(check, seen)
                day = facts.day.isoformat()
                yield stop, check, seen, Answer(day, route.kind, check.rate, good, full, check.kind == "score")


def _counts(kind: str, checks: Iterable[Check]) -> bool:
    """Whether an answer of such a stop may count at all."""
    return kind in indicators.EQUIPMENT or any(check.rate or check.kind == "score" for check in checks)


def _good_of(check: Check, answer: AnswerSeen) -> tuple[int, int]:
    """What was good of what there is; (0, 0) where the record does not say."""
    if check.kind not in ("count", "score"):
        return int(not answer.bad), 1
    good, _, full = (answer.value or "").partition("/")
    whole = full or str(check.total or "")
    if not (good.isascii() and good.isdigit() and whole.isascii() and whole.isdigit() and len(good + whole) < 16):
        return 0, 0
    return (min(int(good), int(whole)), int(whole)) if int(whole) else (0, 0)


# -- matters -------------------------------------------------------------------------------------


def _matters(
    tx: Connection, site: str, days: Sequence[str], zone: ZoneInfo, now: int
) -> tuple[Counts, dict[str, list[int]]]:
    """What orders and findings count for on those days, and by day when the hour judges one of them again."""
    counts: Counts = {}
    turns: dict[str, list[int]] = {}
    wanted = frozenset(days)
    for row in matters_of(tx, site, days, zone):
        for (day, name), each in counts_of(row, zone, now).items():
            if day in wanted:
                counts[day, name] = counts.get((day, name), indicators.NOTHING) + each
                if each.pending:
                    turns.setdefault(day, []).extend(_later(row, now))
    return counts, turns


def matters_of(tx: Connection, site: str, days: Sequence[str], zone: ZoneInfo) -> list[Matter]:
    """What may count on those days, in order."""
    span = span_of(days[0], days[-1], zone)
    return spans.matters_opened(tx, site, COUNTED, Span(span.first - LONGEST_MS, span.last))


def span_of(first: str, last: str, zone: ZoneInfo) -> Span:
    """From the beginning of one local date to the end of another."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1)
    return Span(*(millis(settle(datetime.combine(day, time()), zone)) for day in (begin, end)))


def counts_of(matter: Matter, zone: ZoneInfo, now: int) -> Counts:
    if matter.sort == ORDER:
        return indicators.of_job(matter, zone, now)
    return indicators.of_finding(matter, zone, now)


def _later(row: Matter, now: int) -> list[int]:
    limits = (row.contact_at, row.respond_at, row.due_at, row.paper_due)
    return [limit for limit in limits if limit is not None and limit > now]


def plan_of(row: PlanRow) -> Plan:
    return decode_plan(row.raw)


def zone(plan: Plan) -> ZoneInfo:
    return ZoneInfo(plan.site.zone)
