"""What life adds to rounds (D9): who may excuse a point and enter a round from paper, what is said of a mark, and what
a time on paper means. Times are UTC milliseconds unless they have a zone.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Final

from msgspec import Struct

from app.duties.days import millis
from app.duties.schedule import RuleRefused, Slot, slots
from app.duties.site import TEMPORARY, Plan, Schedule

EXCUSERS: Final = frozenset({"supervisor", "manager"})
"""Roles that may take a point out of the rates."""
OVERSEERS: Final = frozenset({*EXCUSERS, "admin"})
"""Roles that answer for a handheld: that it goes to another site, takes over from another, or is let in by a sheet."""
ENTERERS: Final = frozenset({*EXCUSERS, "leader"})
"""Roles that may enter a round from paper, and name somebody who is not in the plan yet."""
EXPLANATIONS: Final = ("label", "blocked", "helped", "urgent", "weather", "partner", "device", "ordered", "own")
"""What a person says of a mark, a digit each; the words stand in app.words.life."""
BACK: Final = timedelta(days=3)
"""So long ago a window may be that is entered from paper on the handheld."""
SPREAD: Final = timedelta(hours=6)
"""A time on paper lies at most so far outside its window: anything else is a slip of the pen."""


class Until(Struct, frozen=True):
    """How long an excuse may hold: `days` days from today on, each ends at 24:00."""

    name: str
    days: int


UNTIL: Final = (Until("today", 1), Until("tomorrow", 2), Until("week", 7), Until("month", 30))


def may(plan: Plan, people: Iterable[str], wanted: Collection[str]) -> str | None:
    """The first of them who has one of the wanted roles at this site."""
    return next((person for person in people if not set(wanted).isdisjoint(plan.roles_of(person))), None)


def is_temporary_number(number: str) -> bool:
    return len(number) == 4 and number.isascii() and number.isdigit()


def temporary_id(number: str) -> str:
    return f"{TEMPORARY}{number}"


def ends(until: Until, now: datetime) -> int:
    """When such an excuse ends: midnight at the site."""
    day = now.date() + timedelta(days=until.days)
    return millis(datetime.combine(day, time(0), now.tzinfo))


def read_time(typed: str, slot: Slot) -> int | None:
    """`2231` as it stands on the paper of a round in that window: on the day on which it lies nearest to the window, at
    most SPREAD outside it. None when it is no such time.
    """
    if len(typed) != 4 or not (typed.isascii() and typed.isdigit()) or int(typed[:2]) > 23 or int(typed[2:]) > 59:
        return None
    at, day = time(int(typed[:2]), int(typed[2:])), slot.opens.date() - timedelta(days=1)
    found = []
    while day <= slot.closes.date() + timedelta(days=1):
        found.append(datetime.combine(day, at, slot.opens.tzinfo))
        day += timedelta(days=1)
    best = min(found, key=lambda moment: _outside(millis(moment), slot))
    return millis(best) if _outside(millis(best), slot) <= SPREAD / timedelta(milliseconds=1) else None


def unwalked(plan: Plan, schedule: Schedule, walked: Mapping[str, object], now: datetime) -> tuple[Slot, ...]:
    """Windows of the last days that are over and of which this handheld has no round, the newest first."""
    try:
        found = slots(plan, schedule, (now - BACK).date(), now.date())
    except RuleRefused:
        return ()
    return tuple(slot for slot in reversed(found) if slot.closes <= now and slot.round not in walked)


def _outside(at: int, slot: Slot) -> int:
    """How far outside the window, ms; 0 within it."""
    return max(millis(slot.opens) - at, at - millis(slot.closes), 0)
