"""What a sighting is worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties.evidence import (
    DWELL_MS,
    LEAVE_DB,
    SAMPLES,
    WINDOW_MS,
    Mark,
    Nearness,
    Sample,
    enter_level,
    grade_of,
    judge_near,
    known_marks,
    stronger_of,
    usable,
    weaker,
)
from app.duties.site import GRADES, Settings, Tag
from app.words import table

ENTER = -67
UP = 100_000
TAG = Tag("ibeacon", "u/1/2", address="C0:00:00:00:00:01")

levels = st.integers(-130, 20)
samples = st.lists(st.builds(Sample, st.integers(UP - 9000, UP + 500), levels), max_size=40)


def steady(rssi: int, count: int = 7, every: int = 500, until: int = UP) -> list[Sample]:
    return [Sample(until - every * place, rssi) for place in reversed(range(count))]


@given(samples, st.lists(samples, max_size=2), st.booleans())
def test_near_needs_three_samples_over_two_seconds_above_the_level(
    heard: list[Sample], rivals: list[list[Sample]], was_near: bool
) -> None:
    near = judge_near(heard, rivals, ENTER, was_near, UP)
    good = usable(heard, UP)
    if near.state in (Nearness.NEAR, Nearness.AMBIGUOUS):
        assert len(good) >= SAMPLES
        assert max(s.up for s in good) - min(s.up for s in good) >= DWELL_MS
        assert sum(s.rssi >= ENTER - LEAVE_DB * was_near for s in good) * 2 >= len(good)
    if not good:
        assert near.state is Nearness.SILENT
    assert 0 <= near.bars <= 10


@given(samples, st.integers(-130, 20))
def test_levels_that_no_radio_hears_change_nothing(heard: list[Sample], wrong: int) -> None:
    noise = [Sample(UP, wrong)] if not -110 <= wrong <= 0 else []
    assert judge_near([*heard, *noise], (), ENTER, False, UP) == judge_near(heard, (), ENTER, False, UP)


@given(st.integers(-100, -30), st.integers(0, 40))
def test_coming_closer_never_shows_fewer_bars(level: int, closer: int) -> None:
    far, near = (judge_near(steady(min(rssi, 0)), (), ENTER, False, UP) for rssi in (level, level + closer))
    assert near.bars >= far.bars


def test_a_stale_tag_is_silent() -> None:
    assert judge_near(steady(-50, until=UP - WINDOW_MS), (), ENTER, False, UP).state is Nearness.SILENT
    assert judge_near([Sample(UP, -127)], (), ENTER, False, UP).state is Nearness.SILENT


def test_walking_past_is_not_standing_there() -> None:
    passing = judge_near(steady(-50, count=4, every=500), (), ENTER, False, UP)
    assert passing.state is Nearness.FAR
    assert passing.wait_ms == DWELL_MS - 1500
    assert judge_near(steady(-50, count=2, every=2500), (), ENTER, False, UP).state is Nearness.FAR
    assert judge_near(steady(-50, count=5, every=500), (), ENTER, False, UP).state is Nearness.NEAR


def test_near_is_left_six_db_lower_than_it_was_entered() -> None:
    assert judge_near(steady(ENTER - 1), (), ENTER, False, UP).state is Nearness.FAR
    assert judge_near(steady(ENTER - 1), (), ENTER, True, UP).state is Nearness.NEAR
    assert judge_near(steady(ENTER - 6), (), ENTER, True, UP).state is Nearness.NEAR
    assert judge_near(steady(ENTER - 7), (), ENTER, True, UP).state is Nearness.FAR


@pytest.mark.parametrize(("rival", "state"), [(-60, "ambiguous"), (-66, "ambiguous"), (-67, "near"), (-120, "near")])
def test_another_point_within_six_db_is_never_guessed(rival: int, state: str) -> None:
    assert judge_near(steady(-60), (steady(rival),), ENTER, False, UP).state == state


def test_a_tag_that_nobody_measured_and_that_says_nothing_is_never_near() -> None:
    near = judge_near(steady(-20), (), None, False, UP)
    assert (near.state, near.level, near.bars) == (Nearness.FAR, -20, 0)


def test_the_installers_level_stands_before_the_tags_own() -> None:
    settings = Settings(enter_below_1m_db=8)
    assert enter_level(replace(TAG, near=-55), -70, settings) == -63
    assert enter_level(TAG, -59, settings) == -67
    assert enter_level(TAG, None, settings) is None


def test_no_tag_can_claim_to_be_near_from_everywhere() -> None:
    assert enter_level(TAG, -127, Settings()) == -95


@given(st.sampled_from(GRADES), st.sampled_from(GRADES))
def test_grades_are_ordered(one: str, other: str) -> None:
    assert weaker(one, other) == (GRADES.index(one) < GRADES.index(other))
    assert stronger_of(one, other) == max(one, other, key=GRADES.index)  # type: ignore[arg-type]  # sampled


def test_what_proves_a_visit_gives_its_grade() -> None:
    assert grade_of(near=True, label=True) == "label+near"
    assert grade_of(near=True) == "near"
    assert grade_of(label=True) == "label"
    assert grade_of() == "typed"
    assert stronger_of(None, "label") == "label"


def test_marks_of_a_newer_program_are_passed_over() -> None:
    assert known_marks(["late", "from-2030", "late", "early"]) == (Mark.LATE, Mark.EARLY)


def test_every_mark_has_its_words() -> None:
    """The short one that the crew sees, and the sentence with what it means and what to do."""
    assert set(table("marks")) >= {name for mark in Mark for name in (mark.value, f"why_{mark}")}
