"""Planned and done: what a window, a round and a stop are called, what an excuse forgives, and what enters the rates.

Whether a point was really reached is judged elsewhere (app.duties.review); times are UTC milliseconds.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct

from app.duties.evidence import INFORMATION, Mark
from app.duties.life import EXCUSERS, may
from app.duties.review import SEVERE
from app.duties.site import Plan

HOUR_MS: Final = 3600 * 1000
RECENT_MS: Final = 48 * HOUR_MS
"""A handheld that sent something this long before a window ended was in use."""
PATIENCE_MS: Final = 72 * HOUR_MS
"""So long a window without a record may still be waiting for a handheld that is offline."""


class Excuse(Struct, frozen=True):
    """A point that nobody had to reach from `first` until just before `last`, UTC ms."""

    point: str
    first: int
    last: int


class Tally(Struct, frozen=True):
    """A round or a window in points, as it enters the rates."""

    planned: int
    done: int = 0
    skipped: int = 0
    in_window: int = 0
    excused: int = 0
    """Left out of `planned`."""

    @property
    def missed(self) -> int:
        return self.planned - self.done - self.skipped


def may_excuse(plan: Plan, people: Iterable[str]) -> bool:
    """Whether one of them may take a point out of the rates at this site."""
    return may(plan, people, EXCUSERS) is not None


def is_excused(point: str | None, opens: int, closes: int, excuses: Iterable[Excuse]) -> bool:
    """Whether an excuse for the point holds at any time of the window (UTC ms): nobody is blamed for a part of it."""
    return any(each.point == point and each.first < closes and opens < each.last for each in excuses)


def forgive(tally: Tally, unreached: int, skipped: int) -> Tally:
    """The tally without excused points that were neither reached nor skipped, and without those that were skipped.

    A point that was reached all the same stays planned and done.
    """
    return Tally(
        tally.planned - unreached - skipped,
        tally.done,
        tally.skipped - skipped,
        tally.in_window,
        tally.excused + unreached + skipped,
    )


# -- what a window, a round and a stop are called ------------------------------------------------


class Outcome(StrEnum):
    """The one word for a window or a round: the worst that can be said of it."""

    COMING = "coming"
    OPEN = "open_now"
    NO_RECORD = "no_record"
    EXCUSED = "excused"
    MISSED = "missed"
    RUNNING = "running"
    UNFINISHED = "unfinished"
    MISSED_POINTS = "missed_points"
    LATE_ENTRY = "late_entry"
    EARLY = "early"
    LATE = "late"
    ABNORMAL = "abnormal"
    MARKED = "marked"
    WELL = "all_well"


Colour = Literal["ok", "amber", "red", "dim"]
_COLOURS: Final[dict[Outcome, Colour]] = {
    Outcome.COMING: "dim",
    Outcome.OPEN: "dim",
    Outcome.RUNNING: "dim",
    Outcome.EXCUSED: "dim",
    Outcome.MISSED: "red",
    Outcome.MISSED_POINTS: "red",
    Outcome.WELL: "ok",
}
"""Those that have one colour whatever the marks are; the others are amber, or red for a severe mark."""


def colour_of(outcome: Outcome, marks: Iterable[str] = ()) -> Colour:
    return _COLOURS.get(outcome) or ("red" if SEVERE & set(marks) else "amber")


def judge_unwalked(opens: int, closes: int, planned: int, heard: Iterable[int], now: int) -> Outcome:
    """A window with no record. `heard`: when each handheld was last heard of; all in UTC ms."""
    if not planned:
        return Outcome.EXCUSED
    if now < closes:
        return Outcome.COMING if now < opens else Outcome.OPEN
    return Outcome.NO_RECORD if may_be_under_way(closes, heard, now) else Outcome.MISSED


def may_be_under_way(closes: int, heard: Iterable[int], now: int) -> bool:
    """Whether a handheld that was in use has sent nothing since the window ended."""
    silent = any(closes - RECENT_MS <= at < closes for at in heard)
    return silent and now < closes + PATIENCE_MS


def judge_walked(
    tally: Tally, timing: str, marks: Collection[str], not_ok: int, *, over: bool, window_over: bool, late_entry: bool
) -> Outcome:
    """A round that was begun. `over`: it was finished; `timing` is rounds.Summary's; `not_ok` counts answers."""
    if not over:
        return Outcome.UNFINISHED if window_over else Outcome.RUNNING
    if not tally.planned:
        return Outcome.EXCUSED
    if not tally.done:
        return Outcome.MISSED
    if tally.missed:
        return Outcome.MISSED_POINTS
    if late_entry:
        return Outcome.LATE_ENTRY
    if timing in ("early", "late"):
        return Outcome(timing)
    if not_ok or {*SEVERE, Mark.OUT_OF_LIMITS} & set(marks):
        return Outcome.ABNORMAL
    return Outcome.MARKED if set(marks) - INFORMATION else Outcome.WELL


def counts(closes: int, heard: Iterable[int], now: int, *, walked: bool, over: bool) -> bool:
    """Whether a window enters the rates: it is over, or its round is, and no handheld may still hold it."""
    if walked:
        return over or now >= closes
    return now >= closes and not may_be_under_way(closes, heard, now)
