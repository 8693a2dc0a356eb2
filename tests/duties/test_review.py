"""A round judged again from its records: what they prove, whatever the handheld made of it."""

from zoneinfo import ZoneInfo

import pytest

from app import kinds
from app.duties import rounds
from app.duties.days import local_time, millis
from app.duties.review import (
    Excuse,
    Judged,
    OfficeMark,
    Outcome,
    Proof,
    Tally,
    Walk,
    colour_of,
    counts,
    forgive,
    is_excused,
    judge_arrival,
    judge_check,
    judge_unwalked,
    judge_walked,
    may_excuse,
)
from app.duties.rounds import Confirmation, Progress
from app.duties.schedule import slots
from app.duties.site import Plan
from app.kinds import BleEvidence, CheckAnswered, Evidence, LabelEvidence, StopArrived
from app.record import Record
from tests.garden import CHECKS, EVENING, POINTS, plan

PLAN = plan()
UP = 9_000_000


def beacon(point: str, *levels: int, address: str = "C0:00:00:00:00:01", step_ms: int = 700) -> BleEvidence:
    tag = next(each for each in POINTS if each.id == point).tags[0]
    samples = tuple((UP + step_ms * place, level) for place, level in enumerate(levels))
    return BleEvidence(tag.format, tag.id, address, -59, -70, samples, "m004c:0215")


def arrived(stop: str, evidence: Evidence, point: str = "") -> StopArrived:
    return StopArrived("night-1", stop, point or stop.removeprefix("s-"), "near", (), evidence)


# -- what one arrival proves ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heard", "grade", "marks"),
    [
        (beacon("power", -60, -61, -60, -62), "near", ()),
        (beacon("power", -90, -91, -90, -92), None, (OfficeMark.NOT_NEAR,)),
        (beacon("power", -60), None, (OfficeMark.NOT_NEAR,)),
        (beacon("power"), None, (OfficeMark.NOT_NEAR,)),
        (beacon("power", -60, -60, -60, step_ms=100), None, (OfficeMark.NOT_NEAR,)),
        (beacon("roof", -60, -61, -60, -62), None, (OfficeMark.FOREIGN,)),
    ],
)
def test_a_beacon_counts_when_its_recorded_levels_are_near(
    heard: BleEvidence, grade: str | None, marks: tuple[str, ...]
) -> None:
    judged = judge_arrival(arrived("s-power", Evidence(ble=heard)), PLAN, None)
    assert (judged.grade, judged.marks, judged.proof) == (grade, marks, None)


@pytest.mark.parametrize(
    ("proof", "grade", "marks"),
    [
        (Proof.GOOD, "label", ()),
        (Proof.OLD, "label", ("old-label",)),
        (Proof.BAD, None, (OfficeMark.PROOF,)),
        (Proof.UNKNOWN, None, (OfficeMark.PROOF,)),
        (Proof.MISSING, None, (OfficeMark.PROOF,)),
    ],
)
def test_a_label_is_worth_what_its_proof_is(proof: Proof, grade: str | None, marks: tuple[str, ...]) -> None:
    judged = judge_arrival(arrived("s-power", Evidence(label=LabelEvidence("02"))), PLAN, proof)
    assert (judged.grade, judged.marks, judged.proof) == (grade, marks, proof)


def test_a_bad_proof_takes_nothing_from_a_beacon_at_hand_and_a_good_one_adds_to_it() -> None:
    both = arrived("s-power", Evidence(ble=beacon("power", -60, -61, -60, -62), label=LabelEvidence("02")))
    assert judge_arrival(both, PLAN, Proof.BAD).grade == "near"
    assert judge_arrival(both, PLAN, Proof.BAD).marks == (OfficeMark.PROOF,)
    assert judge_arrival(both, PLAN, Proof.GOOD).grade == "label+near"


@pytest.mark.parametrize(("code", "grade", "marks"), [("002", "typed", ()), ("003", None, (OfficeMark.CODE,))])
def test_a_typed_code_must_be_the_points_own(code: str, grade: str | None, marks: tuple[str, ...]) -> None:
    judged = judge_arrival(arrived("s-power", Evidence(typed=code)), PLAN, None)
    assert (judged.grade, judged.marks) == (grade, marks)


def test_a_point_that_the_plan_does_not_have_proves_nothing() -> None:
    judged = judge_arrival(arrived("s-power", Evidence(typed="002"), "moon"), PLAN, None)
    assert judged == Judged(None, ("wrong-point",))


# -- readings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "value", "said", "judged"),
    [
        ("volt", "402", False, True),
        ("volt", "408", True, False),
        ("volt", "NaN", True, False),
        ("volt", "four hundred", True, False),
        ("lamps", "28/30", True, False),
        ("lamps", "29/30", False, True),
        ("mode", "hand", True, False),
        ("mode", "no-such", True, False),
        ("mode", "auto", False, True),
        ("door", None, True, True),  # nobody can say it better than who looked
        ("door", None, False, False),
    ],
)
def test_an_answer_is_judged_by_the_plan_where_the_plan_can_tell(
    check: str, value: str | None, said: bool, judged: bool
) -> None:
    asked = next(each for each in CHECKS.checks if each.id == check)
    body = CheckAnswered("night-1", "s-power", check, said, value, False, "", None)
    assert judge_check(asked, body) is judged


# -- the walk ------------------------------------------------------------------------------------


def begun(plan: Plan, crew: tuple[str, ...] = ("zhang", "li")) -> Progress:
    """The night round as its first record tells it: nothing reached, no marks."""
    day = local_time(EVENING, ZoneInfo(plan.site.zone)).date()
    [slot] = slots(plan, plan.schedule("night"), day, day)
    order = tuple(stop.id for stop in plan.route("round").stops)
    return Progress(
        round="night-1", route="round", schedule="night", opens=slot.opens, closes=slot.closes, revision=plan.revision,
        crew=tuple(Confirmation(person, "badge") for person in crew), order=order, seed=None,
        started=millis(slot.opens), visits=tuple(rounds.Visit(stop) for stop in order), marks=(),
    )  # fmt: skip


def record(body: kinds.Body, after_s: float) -> Record:
    """The body recorded so many seconds after the window opened."""
    ms = round(after_s * 1000)
    return Record(
        at=EVENING + ms, body=kinds.to_dict(body), boot="b" * 32, by=(), kind=kinds.kind_of(body), off=None, seq=9,
        up=UP + ms, v=1,
    )  # fmt: skip


def walk_to(walk: Walk, stop: str, after_s: float) -> Judged:
    body = arrived(stop, Evidence(ble=beacon(stop.removeprefix("s-"), -60, -61, -60, -62)))
    return walk.arrive(record(body, after_s), body, judge_arrival(body, PLAN, None))


def test_a_walk_that_nobody_can_make_is_marked_with_its_seconds() -> None:
    walk = Walk(begun(PLAN), PLAN)
    walk_to(walk, "s-gate", 60)
    hurried = walk_to(walk, "s-power", 80)
    assert "too-fast" in hurried.marks
    assert (hurried.took_s, hurried.least_s) == (20, 60)
    calm = walk_to(walk, "s-roof", 400)
    assert "too-fast" not in calm.marks
    assert (calm.took_s, calm.least_s) == (320, 90)


def test_the_order_and_the_window_are_judged_again() -> None:
    walk = Walk(begun(PLAN), PLAN)
    assert "out-of-order" in walk_to(walk, "s-roof", 600).marks
    assert "late" in walk_to(walk, "s-gate", 3 * 3600).marks


def test_too_small_a_crew_is_marked_whatever_the_record_says() -> None:
    assert "crew-short" in Walk(begun(PLAN, ("zhang",)), PLAN).progress.marks
    assert Walk(begun(PLAN), PLAN).progress.marks == ()


def test_a_reading_out_of_limits_is_marked_though_the_handheld_said_ok() -> None:
    walk = Walk(begun(PLAN), PLAN)
    walk_to(walk, "s-power", 60)
    walk.apply(record(CheckAnswered("night-1", "s-power", "volt", True, "500", False, "", None), 70))
    (answer,) = walk.progress.visit("s-power").answers  # type: ignore[union-attr]  # it was just reached
    assert not answer.ok
    assert ("s-power", "out-of-limits") in rounds.summary(walk.progress).marks


def test_checks_and_stops_that_no_plan_knows_change_nothing() -> None:
    walk = Walk(begun(PLAN), PLAN)
    before = walk.progress
    walk.apply(record(CheckAnswered("night-1", "s-moon", "volt", True, "500", False, "", None), 70))
    walk.apply(record(CheckAnswered("night-1", "s-power", "no-such", True, "500", False, "", None), 70))
    assert walk.progress == before


# -- planned and done ----------------------------------------------------------------------------

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
