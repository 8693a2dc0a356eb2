"""Findings and hazards: something wrong, whose turn it is, and by when (D8, D30).

Deadlines count from the moment of raising, in the site's zone; working days follow its calendar
of holidays and make-up workdays.
"""

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from app.duties.days import after_working_days, end_of_day, later, settle
from app.duties.site import Calendar, Category, Phrase


class Finding(Struct, frozen=True):
    """An open matter as the handheld knows it."""

    id: str
    """`book:seq` of its first record (decision 21)."""
    kind: str
    """`finding` or `hazard`."""
    category: str
    phrase: str
    words: str
    """The phrase as seen by the crew, in their language."""
    point: str | None
    round: str | None
    due: int
    """UTC ms."""
    urgent: bool
    fixed: bool
    """Dealt with on the spot (当场整改)."""
    at: int
    stop: str | None = None
    check: str | None = None
    """The check that it was reported from."""
    corrected: int | None = None
    """When somebody said that it is put right, UTC ms; it stays open until a re-check on site (D34)."""
    reopened: int = 0
    """How often a re-check found it not right."""
    photos: int = 0
    to: str = ""
    """Role that the last notice is for; empty: as the category says."""
    notice: int = 0
    """Number of the last rectification notice 整改通知单: that of its record."""
    noticed: int | None = None
    """When it was given, UTC ms."""
    demand: str = ""
    """What it asks for."""
    postponed: int = 0
    """How often the limit was moved."""


LABEL: Final = "label"
REPRINT: Final = "reprint"
"""Category and phrase of what the handheld itself finds of a label: no plan needs to name them."""
REPRINT_IN: Final = "7d"

SAME_DAY: Final = "same-day"
_LIMIT: Final = re.compile(r"([1-9][0-9]{0,2})(min|h|d|wd)", re.ASCII)


def is_deadline(words: str) -> bool:
    """Whether `words` are a time limit: `same-day`, or 1 to 999 of `min`, `h`, `d`, working days `wd`."""
    return words == SAME_DAY or _LIMIT.fullmatch(words) is not None


def due(deadline: str, at: datetime, calendar: Calendar) -> datetime:
    """When something raised at `at` (aware, in the site's zone) must be dealt with.

    The same day ends at 24:00; minutes and hours are real ones; days end at the same time of day, and
    of working days the day of raising is none. A limit that only a newer office knows is the same day.
    """
    limit = _LIMIT.fullmatch(deadline)
    if limit is None:
        return end_of_day(at)
    count, unit = int(limit[1]), limit[2]
    if unit in ("min", "h"):
        return later(at, timedelta(minutes=count) if unit == "min" else timedelta(hours=count))
    day = at.date() + timedelta(days=count if unit == "d" else 0)
    if unit == "wd":
        day = after_working_days(calendar, day, count)
    zone = at.tzinfo
    assert isinstance(zone, ZoneInfo)
    return settle(datetime.combine(day, at.time()), zone)


def due_of(category: Category, at: datetime, calendar: Calendar, *, urgent: bool) -> datetime:
    """The category's limit; an urgent matter is due the same day at the latest (急修当日)."""
    limit = due(category.deadline, at, calendar)
    if not urgent:
        return limit
    return min(limit, end_of_day(at), key=datetime.timestamp)


def phrase_of(category: Category, phrase: str) -> Phrase | None:
    return next((each for each in category.phrases if each.id == phrase), None)


def correct(finding: Finding, at: int) -> Finding | None:
    """It is put right, and waits for its re-check; None when somebody said so already."""
    return None if finding.corrected is not None else replace(finding, corrected=at)


def may_recheck(finding: Finding) -> bool:
    """Nothing is re-checked, and so nothing closed, that nobody has put right."""
    return finding.corrected is not None


def reopen(finding: Finding) -> Finding:
    """The re-check found it not right. Its limit stays what it was."""
    return replace(finding, corrected=None, reopened=finding.reopened + 1)


def notify(finding: Finding, at: int, number: int, *, to: str, due: int, demand: str) -> Finding | None:
    """整改通知单 (D34): whose turn it is now, and until when. None once it is put right."""
    if finding.corrected is not None:
        return None
    return replace(finding, to=to, notice=number, noticed=at, demand=demand, due=due)


def postpone(finding: Finding, due: int) -> Finding | None:
    """Later, and once (D32); None where it may not be."""
    if finding.postponed or finding.corrected is not None or due <= finding.due:
        return None
    return replace(finding, due=due, postponed=1)
