"""Local days of a site: which are worked, and clock times that a clock change skips or repeats.

Everything here is arithmetic on values. Instants are compared as UTC: two times of one zone would
be compared by what their clocks show, which is wrong in the hour that comes twice.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from app.duties.site import Calendar

SATURDAY: Final = 5
_ONE_DAY: Final = timedelta(days=1)
_SEARCH: Final = 3660
"""Days looked through for a working day; a calendar without one in ten years is no calendar."""


class Stamped(Protocol):
    """A record, or the handheld's moment."""

    @property
    def at(self) -> int: ...
    @property
    def off(self) -> int | None: ...


def office_time(when: Stamped) -> int:
    """UTC ms by the office's clock, where its difference was known; else by the handheld's."""
    return when.at + (when.off or 0)


def is_worked(calendar: Calendar, day: date) -> bool:
    """Monday to Friday without the holidays, and the weekend days worked instead (调休, decision 11)."""
    text = day.isoformat()
    if text in calendar.workdays:
        return True
    return day.weekday() < SATURDAY and text not in calendar.holidays


def after_working_days(calendar: Calendar, day: date, count: int) -> date:
    """The `count`-th working day after `day`, which itself never counts."""
    here = day
    for _ in range(_SEARCH):
        here += _ONE_DAY
        count -= is_worked(calendar, here)
        if count <= 0:
            break
    return here


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks of `zone` ever show the naive time `local`."""
    return settle(local, zone).replace(tzinfo=None) == local


def settle(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant meant by the naive time `local`, aware in `zone`.

    A time that a clock change skips moves forward by what was skipped (02:30 becomes 03:30);
    one that comes twice is the first (RFC 5545 section 3.3.5 reads both the same way).
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC).astimezone(zone)


def end_of_day(moment: datetime) -> datetime:
    """24:00 of the local day of `moment`, in its zone."""
    zone = moment.tzinfo
    assert isinstance(zone, ZoneInfo)
    return settle(datetime.combine(moment.date() + _ONE_DAY, time()), zone)


def later(moment: datetime, by: timedelta) -> datetime:
    """`moment` after `by` of real time, in the same zone (a clock change in between is counted)."""
    return (moment.astimezone(UTC) + by).astimezone(moment.tzinfo)


def millis(moment: datetime) -> int:
    """UTC milliseconds of an aware time."""
    return round(moment.timestamp() * 1000)


def local_time(at: int, zone: ZoneInfo) -> datetime:
    """The local time at `at`, UTC milliseconds."""
    return datetime.fromtimestamp(at / 1000, zone)


def shown_time(at: int, zone: tzinfo | None) -> datetime:
    """The same of what others recorded, who may say anything: a time that no calendar holds is the epoch."""
    try:
        return datetime.fromtimestamp(at / 1000, zone)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, zone)


def local_day(at: int, zone: ZoneInfo) -> str:
    """The local date at `at` (UTC milliseconds), ISO 8601; of a time that no calendar holds, 1970's first."""
    try:
        return local_time(at, zone).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return "1970-01-01"


def quiet_now(now: time, start: str, end: str) -> bool:
    """Whether the local time `now` lies in the quiet hours from `start` to `end` (`HH:MM`, may cross midnight).

    Equal times mean that no hour is quiet.
    """
    first, last = time.fromisoformat(start), time.fromisoformat(end)
    here = now.replace(tzinfo=None)
    return first <= here < last if first <= last else here >= first or here < last
