"""A round judged again from its records: what they prove, whatever the handheld made of it."""

from zoneinfo import ZoneInfo

import pytest

from app import kinds
from app.duties import rounds
from app.duties.days import local_time, millis
from app.duties.review import Judged, OfficeMark, Proof, Walk, judge_arrival, judge_check
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
