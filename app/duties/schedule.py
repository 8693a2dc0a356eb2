"""When a route is due: recurrence rules, windows, and the standing of each window now.

Everything here is arithmetic on values: the caller brings the time. Rules are a checked subset of
RFC 5545 (decision 23), expanded in the site's local time, one day at a time, so that an impossible
rule is refused instead of searched for ever.

The subset: FREQ (DAILY, WEEKLY, MONTHLY, YEARLY), INTERVAL 1 to 366, BYDAY (with an ordinal in
monthly rules, and in yearly ones that name the month), BYMONTHDAY, BYMONTH, UNTIL as a date, WKST.
COUNT is refused: what it means would depend on holidays and on days nobody looked at any more;
UNTIL says the same thing plainly.

Clock changes: the start of a window is a local clock time. A start that a change skips moves
forward by what was skipped, and the window keeps its length; one that comes twice is the first.
Every other window ends when the clock shows its end, so a night's window from 22:00 to 06:00 ends
at 06:00 and is an hour shorter or longer that night. A window never runs into the next one of its
own schedule, and a day that the zone leaves out altogether has none.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from app.duties.days import exists, is_worked, later, settle
from app.duties.site import Calendar, Plan, Schedule
from app.errors import WatchbookError


class Walked(Protocol):
    """A finished round, as far as its window asks (app.duties.rounds.Summary)."""

    @property
    def timing(self) -> str: ...


class Slot(Struct, frozen=True):
    """One window of one schedule."""

    schedule: str
    route: str
    opens: datetime
    """Aware, in the site's zone."""
    closes: datetime
    """Aware; a window ends just before this instant. Midnight is shown as 24:00."""

    @property
    def round(self) -> str:
        """Round id without attempt (decision 19): `schedule@2026-11-21T22:00`, nominal local start."""
        return f"{self.schedule}@{self.opens:%Y-%m-%dT%H:%M}"


class Standing(StrEnum):
    """How a slot stands at a moment."""

    COMING = "coming"
    OPEN = "open"
    RUNNING = "running"
    DONE = "done"
    MISSED = "missed"


class Duty(Struct, frozen=True):
    """A slot and how it stands; what the Today screen lists."""

    slot: Slot
    standing: Standing


class RuleRefused(WatchbookError):
    """A recurrence rule outside the subset, or one that is never due. Its writer must act."""


Frequency = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]


class Rule(Struct, frozen=True):
    """A rule that passed the grammar and is due at least once."""

    freq: Frequency
    begins: date
    interval: int = 1
    weekdays: tuple[tuple[int, int], ...] = ()
    """(ordinal or 0, weekday with Monday 0)."""
    month_days: tuple[int, ...] = ()
    """1..31 from the front, -1..-31 from the end of the month."""
    months: tuple[int, ...] = ()
    until: date | None = None
    """Last day, included."""
    week_start: int = 0


MAX_MINUTES: Final = 31 * 24 * 60
SHOWN: Final = timedelta(hours=12)
"""The due list reaches this far back and ahead: a shift, whatever the calendar date."""
_FIRST_WITHIN: Final = timedelta(days=12 * 366)
"""A rule must be due within its first twelve years; 29 February needs eight in 2096."""
_YEARS: Final = range(2000, 2200)
_CYCLES: Final = 19 * 400
"""Years added while dateutil expands. It stops looking at the year 9999, however far that is, and the
calendar repeats itself, weekdays too, every 400 years: so a rule without days ends within one such cycle
(milliseconds instead of seconds)."""
_END: Final = date(2300, 1, 1)
_LONGEST: Final = 200
_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES: Final[dict[str, Frequency]] = {
    "DAILY": "DAILY", "WEEKLY": "WEEKLY", "MONTHLY": "MONTHLY", "YEARLY": "YEARLY",
}  # fmt: skip
_FINER: Final = ("SECONDLY", "MINUTELY", "HOURLY")
_LONGEST_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,3}", re.ASCII)
_BYDAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)


# -- the grammar ---------------------------------------------------------------------------------


@lru_cache(512)
def parse_rule(text: str, begins: date) -> Rule:
    """The rule in `text`, counted from `begins`. Raises RuleRefused with what is wrong and what to write."""
    if begins.year not in _YEARS:
        raise RuleRefused("duty.rule_begins", date=begins.isoformat(), first=_YEARS.start, last=_YEARS.stop - 1)
    parts = _parts(text)
    freq = _frequency(parts.pop("FREQ", ""))
    rule = Rule(
        freq=freq,
        begins=begins,
        interval=_numbers(parts, "INTERVAL", 1, 366, default=(1,), single=True)[0],
        weekdays=_weekdays(parts.pop("BYDAY", ""), freq, monthly="BYMONTH" in parts),
        month_days=_numbers(parts, "BYMONTHDAY", 1, 31, negative=True),
        months=_numbers(parts, "BYMONTH", 1, 12),
        until=_until(parts.pop("UNTIL", "")),
        week_start=_week_start(parts.pop("WKST", "MO")),
    )
    _no_other_parts(parts)
    _real_days(rule)
    rule = _filled(rule)
    if not next(iter(_expand(rule, begins, begins + _FIRST_WITHIN)), None):
        raise RuleRefused("duty.rule_never", rule=text, date=begins.isoformat())
    return rule


def _parts(text: str) -> dict[str, str]:
    body = text.strip().upper().removeprefix("RRULE:")
    if not body or len(body) > _LONGEST:
        raise RuleRefused("duty.rule_empty" if not body else "duty.rule_long", limit=_LONGEST)
    parts: dict[str, str] = {}
    for piece in body.split(";"):
        name, equals, value = piece.partition("=")
        if not equals or not value:
            raise RuleRefused("duty.rule_piece", piece=piece)
        if name in parts:
            raise RuleRefused("duty.rule_twice", name=name)
        parts[name] = value
    return parts


def _frequency(value: str) -> Frequency:
    if value in _FINER:
        raise RuleRefused("duty.rule_finer", value=value)
    if value not in _FREQUENCIES:
        raise RuleRefused("duty.rule_freq", value=value or "-")
    return _FREQUENCIES[value]


def _numbers(
    parts: dict[str, str], name: str, low: int, high: int, *,
    default: tuple[int, ...] = (), negative: bool = False, single: bool = False,
) -> tuple[int, ...]:  # fmt: skip
    if name not in parts:
        return default
    pieces = parts.pop(name).split(",")
    numbers = tuple(int(piece) if _NUMBER.fullmatch(piece) else 0 for piece in pieces)
    wrong = any(not low <= (abs(number) if negative else number) <= high for number in numbers)
    if wrong or (single and len(numbers) > 1):
        raise RuleRefused("duty.rule_number", name=name, value=",".join(pieces), low=low, high=high)
    return tuple(dict.fromkeys(numbers))


def _weekdays(value: str, freq: Frequency, *, monthly: bool) -> tuple[tuple[int, int], ...]:
    days: list[tuple[int, int]] = []
    for piece in value.split(",") if value else ():
        found = _BYDAY.fullmatch(piece)
        ordinal = int(found[1] or 0) if found else 0
        if not found or (found[1] and not 1 <= abs(ordinal) <= 5):
            raise RuleRefused("duty.rule_weekday", value=piece)
        if ordinal and not (freq == "MONTHLY" or (freq == "YEARLY" and monthly)):
            raise RuleRefused("duty.rule_ordinal", value=piece)
        days.append((ordinal, _WEEKDAYS.index(found[2])))
    return tuple(dict.fromkeys(days))


def _until(value: str) -> date | None:
    if not value:
        return None
    try:
        if not re.fullmatch(r"[0-9]{8}", value, re.ASCII):
            raise ValueError
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError as e:
        raise RuleRefused("duty.rule_until", value=value) from e


def _week_start(value: str) -> int:
    if value not in _WEEKDAYS:
        raise RuleRefused("duty.rule_weekday", value=value)
    return _WEEKDAYS.index(value)


def _no_other_parts(parts: dict[str, str]) -> None:
    if "COUNT" in parts:
        raise RuleRefused("duty.rule_count")
    if parts:
        raise RuleRefused("duty.rule_part", name=next(iter(parts)))


def _real_days(rule: Rule) -> None:
    if rule.month_days and rule.freq == "WEEKLY":
        raise RuleRefused("duty.rule_weekly_monthday")
    longest = max(_LONGEST_MONTH[month - 1] for month in rule.months or range(1, 13))
    for day in rule.month_days:
        if abs(day) > longest:
            raise RuleRefused("duty.rule_unreal", day=day, months=",".join(map(str, rule.months)))


def _filled(rule: Rule) -> Rule:
    """The rule with what it takes from its first date written out, so that it can be expanded from anywhere."""
    if rule.weekdays or rule.month_days or rule.freq == "DAILY":
        return rule
    first = rule.begins
    days: dict[str, object] = {"weekdays": ((0, first.weekday()),)}
    if rule.freq != "WEEKLY":
        days = {"month_days": (first.day,)}
    if rule.freq == "YEARLY" and not rule.months:
        days["months"] = (first.month,)
    return replace(rule, **days)


# -- days and windows ----------------------------------------------------------------------------


@lru_cache(1024)
def due_days(rule: Rule, first: date, last: date) -> tuple[date, ...]:
    """The rule's days from `first` to `last`, both included. Costs the same however long ago it began."""
    return tuple(_expand(rule, first, last))


def _expand(rule: Rule, first: date, last: date) -> Iterable[date]:
    from dateutil import rrule  # 10 to 30 ms, and only when something may be due

    last = min(last, rule.until or last, _END)
    start = _anchor(rule, first)
    if last < max(start, rule.begins):
        return
    weekdays = [rrule.weekday(day, ordinal or None) for ordinal, day in rule.weekdays]
    for moment in rrule.rrule(
        getattr(rrule, rule.freq),
        dtstart=datetime.combine(start.replace(year=start.year + _CYCLES), time()),
        interval=rule.interval,
        byweekday=weekdays or None,
        bymonthday=rule.month_days or None,
        bymonth=rule.months or None,
        wkst=rule.week_start,
        until=datetime.combine(last.replace(year=last.year + _CYCLES), time()),
    ):
        day = moment.date().replace(year=moment.year - _CYCLES)
        if day >= max(first, rule.begins):
            yield day


def _anchor(rule: Rule, first: date) -> date:
    """Start of the last of the rule's periods that begins on or before `first`, not before the rule itself."""
    begins, step = rule.begins, rule.interval
    if first <= begins:
        return begins
    if rule.freq == "DAILY":
        return first - timedelta(days=(first - begins).days % step)
    if rule.freq == "WEEKLY":
        week = begins - timedelta(days=(begins.weekday() - rule.week_start) % 7)
        return max(begins, first - timedelta(days=(first - week).days % (7 * step)))
    if rule.freq == "MONTHLY":
        months = first.year * 12 + first.month - begins.year * 12 - begins.month
        year, month = divmod(first.year * 12 + first.month - 1 - months % step, 12)
        return max(begins, date(year, month + 1, 1))
    return max(begins, date(first.year - (first.year - begins.year) % step, 1, 1))


def slots(plan: Plan, schedule: Schedule, first: date, last: date) -> tuple[Slot, ...]:
    """The schedule's windows that open on the local days `first` to `last`, in order, never overlapping.

    Raises RuleRefused for a rule that the office should have refused.
    """
    return _slots(schedule, plan.site.zone, plan.calendar, first, last)


def slot_named(plan: Plan, schedule: str, name: str) -> Slot | None:
    """The window of the schedule whose round id (without attempt) is `name`; None when it has no such window."""
    found = plan.find_schedule(schedule)
    try:
        day = date.fromisoformat(name.rpartition("@")[2].partition("T")[0])
        on_day = slots(plan, found, day, day) if found and day.year in _YEARS else ()
    except (ValueError, RuleRefused):
        return None
    return next((slot for slot in on_day if slot.round == name), None)


@lru_cache(1024)
def _slots(schedule: Schedule, zone_name: str, calendar: Calendar, first: date, last: date) -> tuple[Slot, ...]:
    """Kept, because the due list asks for the same days at every look."""
    rule = parse_rule(schedule.rule, date.fromisoformat(schedule.begins))
    zone, minutes = ZoneInfo(zone_name), max(1, min(schedule.minutes, MAX_MINUTES))
    beyond = last + timedelta(days=minutes // 1440 + 2)
    days = [day for day in due_days(rule, first, beyond) if _counts(calendar, schedule, day)]
    windows = [_window(schedule, day, minutes, zone) for day in days]
    out: list[Slot] = []
    for day, window, after in zip(days, windows, [*windows[1:], None], strict=False):
        closes = window.closes
        if after and after.opens.timestamp() < closes.timestamp():
            closes = after.opens
        if day <= last and window.opens.timestamp() < closes.timestamp():
            out.append(Slot(window.schedule, window.route, window.opens, closes))
    return tuple(out)


def _counts(calendar: Calendar, schedule: Schedule, day: date) -> bool:
    if schedule.until and day > date.fromisoformat(schedule.until):
        return False
    return schedule.days == "all" or is_worked(calendar, day) == (schedule.days == "working")


def _window(schedule: Schedule, day: date, minutes: int, zone: ZoneInfo) -> Slot:
    start = datetime.combine(day, time.fromisoformat(schedule.start))
    length = timedelta(minutes=minutes)
    opens = settle(start, zone)
    closes = settle(start + length, zone) if exists(start, zone) else later(opens, length)
    return Slot(schedule.id, schedule.route, opens, closes)


# -- what is due ---------------------------------------------------------------------------------


def today(
    plan: Plan,
    walked: Mapping[str, Walked],
    running: str | None,
    roles: Collection[str],
    at: datetime,
    since: datetime | None = None,
    but: Collection[str] = (),
) -> tuple[Duty, ...]:
    """What concerns `roles` at `at`, most urgent first: running, open, coming, missed, done.

    `walked` are finished rounds and `running` the open one, by slot id. A window that is over and was
    not walked is missed; one walked without reaching a stop may be walked again until it is over. What
    was over before the shift began, at `since`, is left out unless it was walked here: another crew may
    have done it. Routes of `but` are left out altogether.
    """
    duties = [
        Duty(slot, _standing(slot, walked, running, at))
        for schedule in plan.schedules
        if schedule.route not in but and concerns(plan.route(schedule.route).roles, roles)
        for slot in slots_around(plan, schedule, at)
        if since is None or slot.closes > since or slot.round in walked
    ]
    return tuple(sorted(duties, key=_urgency))


def concerns(wanted: Collection[str], roles: Collection[str]) -> bool:
    """Whether what `wanted` roles do, everybody when none is named, is for somebody of `roles`."""
    return not wanted or any(role in wanted for role in roles)


def slots_around(plan: Plan, schedule: Schedule, at: datetime) -> Iterable[Slot]:
    """The schedule's windows that reach into the half day before or after `at`."""
    length = timedelta(minutes=min(schedule.minutes, MAX_MINUTES))
    first, last = (at - SHOWN - length).date() - _DAY, (at + SHOWN).date() + _DAY
    for slot in slots(plan, schedule, first, last):
        if slot.closes.timestamp() > (at.timestamp() - SHOWN.total_seconds()) and (
            slot.opens.timestamp() < at.timestamp() + SHOWN.total_seconds()
        ):
            yield slot


def _standing(slot: Slot, walked: Mapping[str, Walked], running: str | None, at: datetime) -> Standing:
    if slot.round == running:
        return Standing.RUNNING
    done = walked.get(slot.round)
    if done and done.timing != "missed":
        return Standing.DONE
    if at.timestamp() < slot.opens.timestamp():
        return Standing.COMING
    return Standing.OPEN if at.timestamp() < slot.closes.timestamp() else Standing.MISSED


_URGENCY: Final = (Standing.RUNNING, Standing.OPEN, Standing.COMING, Standing.MISSED, Standing.DONE)


def _urgency(duty: Duty) -> tuple[int, float, str]:
    over = duty.standing in (Standing.MISSED, Standing.DONE)
    moment = duty.slot.opens if duty.standing is Standing.COMING else duty.slot.closes
    return _URGENCY.index(duty.standing), (-1 if over else 1) * moment.timestamp(), duty.slot.schedule


def clock_text(moment: datetime, opens: datetime) -> str:
    """`moment` as HH:MM, an end of day as 24:00 rather than 00:00 (decision 11); `opens` is where the window began."""
    midnight = (moment.hour, moment.minute) == (0, 0) and moment.timestamp() > opens.timestamp()
    return "24:00" if midnight else f"{moment:%H:%M}"
