"""What a window and a round are called, what an excuse forgives, and what enters the rates."""

import pytest

from app.duties.outcome import (
    Excuse,
    Outcome,
    Tally,
    colour_of,
    counts,
    forgive,
    is_excused,
    judge_unwalked,
    judge_walked,
    may_excuse,
)
from tests.garden import plan

PLAN = plan()
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("first", "last", "yes"),
    [(0, 10, True), (9, 11, True), (19, 30, True), (0, 9, False), (20, 30, False), (0, 5, False), (12, 13, True)],
)
def test_an_excuse_holds_for_every_window_that_it_touches(first: int, last: int, yes: bool) -> None:
    found = [Excuse("roof", first * HOUR, last * HOUR)]
    assert is_excused("roof", 9 * HOUR, 20 * HOUR, found) is yes
    assert not is_excused("gate", 9 * HOUR, 20 * HOUR, found)
    assert not is_excused(None, 9 * HOUR, 20 * HOUR, found)


def test_only_a_supervisor_or_who_stands_above_excuses() -> None:
    assert may_excuse(PLAN, ("chen",))
    assert may_excuse(PLAN, ("zhang", "chen"))
    assert not may_excuse(PLAN, ("zhang", "zhao", "nobody"))
    assert not may_excuse(PLAN, ())


def test_what_is_forgiven_leaves_planned_and_missed_but_never_done() -> None:
    tally = forgive(Tally(planned=14, done=10, skipped=2, in_window=9), unreached=1, skipped=1)
    assert tally == Tally(planned=12, done=10, skipped=1, in_window=9, excused=2)
    assert tally.missed == 1


FULL = Tally(planned=14, done=14, in_window=14)


def called(
    tally: Tally = FULL, timing: str = "on-time", marks: tuple[str, ...] = (), not_ok: int = 0, **how: bool
) -> str:
    state = {"over": True, "window_over": True, "late_entry": False, **how}
    return judge_walked(tally, timing, marks, not_ok, **state)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (called(), "all_well"),
        (called(marks=("no-recheck",)), "marked"),
        (called(not_ok=1), "abnormal"),
        (called(marks=("badge-proof",)), "abnormal"),
        (called(timing="late", not_ok=1), "late"),
        (called(timing="early"), "early"),
        (called(late_entry=True), "late_entry"),
        (called(Tally(14, 13), late_entry=True), "missed_points"),
        (called(Tally(14, 13), timing="late"), "missed_points"),
        (called(Tally(14), timing="missed"), "missed"),
        (called(Tally(2, skipped=2), timing="missed"), "missed"),
        (called(Tally(0, excused=2), timing="missed"), "excused"),
        (called(over=False), "unfinished"),
        (called(over=False, window_over=False), "running"),
    ],
)
def test_a_round_is_called_by_the_worst_that_can_be_said(found: str, outcome: str) -> None:
    assert found == outcome


@pytest.mark.parametrize(
    ("outcome", "marks", "colour"),
    [
        (Outcome.WELL, (), "ok"),
        (Outcome.MARKED, ("late",), "amber"),
        (Outcome.MARKED, ("proof-failed",), "red"),
        (Outcome.LATE_ENTRY, ("weak-evidence",), "amber"),
        (Outcome.MISSED_POINTS, (), "red"),
        (Outcome.EXCUSED, (), "dim"),
        (Outcome.NO_RECORD, (), "amber"),
    ],
)
def test_a_severe_mark_is_red_whatever_the_word(outcome: Outcome, marks: tuple[str, ...], colour: str) -> None:
    assert colour_of(outcome, marks) == colour


@pytest.mark.parametrize(
    ("now", "heard", "planned", "outcome"),
    [
        (21, (), 5, "coming"),
        (23, (), 5, "open_now"),
        (25, (), 5, "missed"),
        (25, (20,), 5, "no_record"),
        (25, (24,), 5, "missed"),
        (24 + 72, (20,), 5, "missed"),
        (25, (), 0, "excused"),
    ],
)
def test_a_window_with_no_record(now: int, heard: tuple[int, ...], planned: int, outcome: str) -> None:
    """From 22 to 24 o'clock, in hours."""
    times = [hour * HOUR for hour in heard]
    assert judge_unwalked(22 * HOUR, 24 * HOUR, planned, times, now * HOUR) == outcome


def test_a_window_counts_when_nobody_can_change_it_any_more() -> None:
    closes = 24 * HOUR
    assert counts(closes, (), 20 * HOUR, walked=True, over=True)
    assert not counts(closes, (), 20 * HOUR, walked=True, over=False)
    assert not counts(closes, (), 20 * HOUR, walked=False, over=False)
    assert not counts(closes, (20 * HOUR,), 25 * HOUR, walked=False, over=False)
    assert counts(closes, (20 * HOUR,), closes + 72 * HOUR, walked=False, over=False)
