"""Findings and hazards: something wrong, whose turn it is, and by when (D8, D30).

Deadlines count from the moment of raising, in the site's zone; working days follow its calendar
of holidays and make-up workdays.
"""

from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from app.duties.days import after_working_days, end_of_day, later, settle
from app.duties.site import Calendar, Category, Deadline, Phrase


class Finding(Struct, frozen=True):
    """An open matter as the handheld knows it."""

    id: str
    """`book:seq` of its first record (decision 21)."""
    kind: Literal["finding", "hazard"]
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


_MINUTES: Final[dict[Deadline, int]] = {"15min": 15, "30min": 30, "1h": 60}
_DAYS: Final[dict[Deadline, int]] = {"2d": 2}
_WORKING_DAYS: Final[dict[Deadline, int]] = {"2wd": 2, "3wd": 3, "5wd": 5, "7wd": 7}


def due(deadline: Deadline, at: datetime, calendar: Calendar) -> datetime:
    """When something raised at `at` (aware, in the site's zone) must be dealt with.

    The same day ends at 24:00; minutes are real minutes; days end at the same time of day, and of
    working days the day of raising is none.
    """
    if deadline in _MINUTES:
        return later(at, timedelta(minutes=_MINUTES[deadline]))
    if deadline == "same-day":
        return end_of_day(at)
    day = at.date() + timedelta(days=_DAYS.get(deadline, 0))
    if deadline in _WORKING_DAYS:
        day = after_working_days(calendar, day, _WORKING_DAYS[deadline])
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
