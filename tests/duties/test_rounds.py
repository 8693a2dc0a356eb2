"""What an arrival means, and what a round comes to."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties import rounds
from app.duties.evidence import OF_GRADE, Mark
from app.duties.rounds import Answer, Confirmation, Progress, Refusal, Verdict
from app.duties.schedule import Slot, slots
from app.duties.site import Grade, Plan
from app.duties.ways import Place
from app.ports import Moment
from tests import garden

PAIR = (Confirmation("zhang", "badge"), Confirmation("li", "pin"))
OPENS = garden.EVENING
POINTS = [point.id for point in garden.POINTS]
STOPS = [stop.id for stop in garden.STOPS]
CHECKS = tuple(check.id for check in garden.CHECKS.checks)


def begun(plan: Plan, crew: tuple[Confirmation, ...] = PAIR, seed: str | None = None) -> Progress:
    (slot,) = slots(plan, plan.schedule("night"), date(2025, 11, 21), date(2025, 11, 21))
    return rounds.begin(
        slot, plan.route("round"), plan.schedule("night"),
        id=rounds.round_id(slot, "ab" * 32, 1), revision=7, crew=crew, started=OPENS, seed=seed,
    )  # fmt: skip


def at(seconds: float, boot: str = "b1", up: float | None = None) -> Moment:
    """`seconds` after the window opened."""
    return Moment(OPENS + round(seconds * 1000), round((seconds if up is None else up) * 1000) + 10**6, boot)


def arrive(
    progress: Progress, plan: Plan, point: str, seconds: float, grade: Grade = "near", boot: str = "b1"
) -> tuple[Progress, Verdict]:
    return rounds.arrive(progress, plan, plan.point(point), grade, at(seconds, boot))


@pytest.mark.parametrize(
    ("method", "found"),
    [
        ("badge", ()),
        ("pin", ()),
        ("typed", (Mark.WEAK,)),
        ("paper", (Mark.WEAK,)),
        ("iris", (Mark.WEAK,)),
        ("absent", (Mark.CREW_SHORT,)),
        ("refused", (Mark.CREW_SHORT,)),
    ],
)
def test_a_crew_counts_by_how_its_people_confirmed(method: str, found: tuple[Mark, ...]) -> None:
    progress = begun(garden.plan(), crew=(PAIR[0], Confirmation("li", method)))
    assert progress.marks == found
    on_the_way, _ = arrive(progress, garden.plan(), "gate", 60)
    again = rounds.rechecked(on_the_way, Confirmation("li", method))
    assert bool(again.rechecked) == (method not in ("absent", "refused"))


def answer_all(progress: Progress, stop: str) -> Progress:
    for check in CHECKS:
        progress = rounds.answered(progress, stop, Answer(check, True), CHECKS)
    return progress


def marks(*walk: tuple[str, float], order: str = "fixed", boot: str = "b1") -> list[set[str]]:
    """The marks of each arrival of a walk of (point, seconds), checks answered on the way."""
    plan = garden.plan(order)
    progress, found = begun(plan), []
    for point, seconds in walk:
        progress, verdict = arrive(progress, plan, point, seconds, boot=boot)
        assert verdict.accepted
        found.append({mark.value for mark in verdict.marks})
        progress = answer_all(progress, "s-power") if point == "power" else progress
    return found


# -- laws ----------------------------------------------------------------------------------------

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("arrive"), st.sampled_from(POINTS), st.sampled_from(["typed", "label", "near", "label+near"])
        ),
        st.tuples(st.just("skip"), st.sampled_from([*STOPS, "nowhere"]), st.just("locked")),
        st.tuples(st.just("answer"), st.sampled_from([*STOPS, "nowhere"]), st.sampled_from([*CHECKS, "other"])),
        st.tuples(st.just("recheck"), st.sampled_from(["zhang", "li"]), st.just("")),
    ),
    max_size=30,
)


def step(progress: Progress, plan: Plan, act: tuple[str, str, str], seconds: int) -> Progress:
    kind, one, other = act
    match kind:
        case "arrive":
            return rounds.arrive(progress, plan, plan.point(one), other, at(seconds))[0]  # type: ignore[arg-type]  # sampled
        case "skip":
            return rounds.skipped(progress, one, other)
        case "answer":
            return rounds.answered(progress, one, Answer(other, True), CHECKS if one == "s-power" else ())
        case _:
            return rounds.rechecked(progress, Confirmation(one, "badge"))


@given(st.sampled_from(["fixed", "free", "shuffled"]), steps)
def test_a_round_only_gains_visits(order: str, acts: list[tuple[str, str, str]]) -> None:
    plan = garden.plan(order)
    progress = begun(plan, seed="00aa" if order == "shuffled" else None)
    for seconds, act in enumerate(acts):
        after = step(progress, plan, act, seconds)
        assert [visit.stop for visit in after.visits] == list(progress.order)
        for before, now in zip(progress.visits, after.visits, strict=True):
            assert before.at is None or (before.at, before.up, before.boot) == (now.at, now.up, now.boot)
            assert {answer.check for answer in before.answers} <= {answer.check for answer in now.answers}
            assert set(before.marks) - {Mark.SKIPPED, *OF_GRADE} <= set(now.marks)
        waiting = rounds.next_stop(after)
        assert (waiting is None) == (not rounds.remaining(after))
        assert waiting is None or waiting in rounds.remaining(after)
        progress = after
    over, numbers = rounds.finish(progress, plan.schedule("night"), 2, OPENS + 10**6)
    assert numbers.planned == numbers.done + numbers.missed + numbers.skipped == len(STOPS)
    assert numbers.done == sum(visit.at is not None for visit in over.visits)
    assert rounds.summary(over) == numbers


@given(st.sampled_from(["fixed", "free"]), steps, st.sampled_from(POINTS))
def test_a_wrong_or_repeated_tag_leaves_the_round_where_it_was(
    order: str, acts: list[tuple[str, str, str]], point: str
) -> None:
    plan = garden.plan(order)
    progress = begun(plan)
    for seconds, act in enumerate(acts):
        progress = step(progress, plan, act, seconds)
    after, verdict = arrive(progress, plan, point, 999)
    if not verdict.accepted:
        assert after == progress
    again, second = arrive(after, plan, point, 1000)
    if verdict.accepted:
        assert not second.accepted
        assert again == after


@given(st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=30), st.binary(min_size=8, max_size=8))
def test_a_shuffle_is_a_permutation_that_anybody_can_repeat(stops: list[str], seed: bytes) -> None:
    found = rounds.shuffle(stops, seed.hex())
    assert sorted(found) == sorted(stops)
    assert rounds.shuffle(reversed(stops), seed.hex()) == found


def test_a_shuffle_is_the_one_that_is_documented() -> None:
    # sha256(00 aa s-roof) = 2bfc74…, s-power 88fd6e…, s-gate 9ffcc7…, s-pump d0e792… (sha256sum)
    assert rounds.shuffle(STOPS, "00aa") == ("s-roof", "s-power", "s-gate", "s-pump")


def test_two_seeds_walk_two_ways() -> None:
    plan = garden.plan("shuffled")
    ways = {rounds.order_of(plan.route("round"), bytes([seed]).hex()) for seed in range(40)}
    assert len(ways) > 10
    assert rounds.order_of(plan.route("round"), None) == tuple(STOPS)


# -- marks ---------------------------------------------------------------------------------------


def test_a_good_walk_has_no_marks() -> None:
    assert marks(("gate", 10), ("power", 80), ("roof", 200), ("pump", 240)) == [set()] * 4


def test_before_the_window_is_early_and_from_its_end_on_is_late() -> None:
    assert marks(("gate", -0.001)) == [{"early"}]
    assert marks(("gate", 0)) == [set()]
    assert marks(("gate", 7199.999)) == [set()]
    assert marks(("gate", 7200)) == [{"late"}]


def test_out_of_order_is_marked_where_an_order_is_asked_for() -> None:
    assert marks(("roof", 300)) == [{"out-of-order"}]
    assert marks(("roof", 300), order="free") == [set()]
    plan = garden.plan("shuffled")
    progress = begun(plan, seed="00aa")
    second = plan.route("round").stops[STOPS.index(progress.order[1])].point
    assert Mark.OUT_OF_ORDER in arrive(progress, plan, second, 300)[1].marks


def test_a_walk_that_nobody_can_walk_is_marked() -> None:
    assert marks(("gate", 10), ("power", 69))[1] == {"too-fast"}
    assert marks(("gate", 10), ("power", 70))[1] == set()
    # three stops in one: 60 + 90 s on a fixed route
    assert marks(("gate", 10), ("roof", 159))[1] == {"out-of-order", "too-fast"}
    assert marks(("gate", 10), ("roof", 160))[1] == {"out-of-order"}
    # and back again
    assert marks(("roof", 10), ("gate", 100))[1] == {"too-fast"}


def test_in_free_order_only_neighbours_on_the_list_say_how_long_the_way_is() -> None:
    assert marks(("gate", 10), ("power", 20), order="free")[1] == {"too-fast"}
    assert marks(("gate", 10), ("roof", 20), order="free")[1] == set()


def test_walking_time_is_taken_from_the_boot_clock_while_it_runs() -> None:
    plan = garden.plan()
    progress, _ = arrive(begun(plan), plan, "gate", 10)
    set_back = Moment(at(10).at - 3_600_000, at(80).up, "b1")
    _, verdict = rounds.arrive(progress, plan, plan.point("power"), "near", set_back)
    assert Mark.TOO_FAST not in verdict.marks
    assert Mark.CLOCK_JUMP in verdict.marks
    set_on = Moment(at(10).at + 3_600_000, at(20).up, "b1")
    _, verdict = rounds.arrive(progress, plan, plan.point("power"), "near", set_on)
    assert {Mark.TOO_FAST, Mark.CLOCK_JUMP} <= set(verdict.marks)


@pytest.mark.parametrize(
    ("when", "jumped"),
    [
        (at(10), False),
        (Moment(at(10).at, at(10).up + 5 * 3_600_000, "b1"), True),
        (Moment(at(10).at, at(10).up - 5 * 3_600_000, "b1"), True),
        (at(10, "b2", up=5), False),
        (at(-7200, "b2", up=5), True),
    ],
    ids=["as it was", "set back", "set on", "restarted", "restarted and set back"],
)
def test_a_clock_that_was_set_before_the_round_is_marked_at_its_first_stop(when: Moment, jumped: bool) -> None:
    plan = garden.plan()
    before = Place("roof", at(-3600).at, at(-3600).up, "b1")
    _, verdict = rounds.arrive(begun(plan), plan, plan.point("gate"), "near", when, place=before)
    assert (Mark.CLOCK_JUMP in verdict.marks) == jumped


def test_after_a_restart_the_wall_clock_has_to_do() -> None:
    plan = garden.plan()
    progress, _ = arrive(begun(plan), plan, "gate", 10)
    _, verdict = rounds.arrive(progress, plan, plan.point("power"), "near", at(80, "b2", up=5))
    assert verdict.marks == ()
    _, verdict = rounds.arrive(progress, plan, plan.point("power"), "near", at(60, "b2", up=5))
    assert verdict.marks == (Mark.TOO_FAST,)
    _, verdict = rounds.arrive(progress, plan, plan.point("power"), "near", at(-600, "b2", up=5))
    assert set(verdict.marks) == {Mark.CLOCK_JUMP, Mark.EARLY}


def test_evidence_weaker_than_the_point_asks_for_is_marked_and_kept() -> None:
    plan = garden.plan()
    progress, verdict = arrive(begun(plan), plan, "gate", 10, grade="label")
    assert verdict == Verdict("s-gate", "gate", True, "label", (Mark.WEAK, Mark.LABEL_ONLY))
    assert progress.visits[0].grade == "label"
    _, verdict = arrive(begun(plan), plan, "gate", 10, grade="typed")
    assert Mark.WEAK in verdict.marks


def test_marks_of_the_evidence_are_kept_with_the_arrival() -> None:
    plan = garden.plan()
    _, verdict = rounds.arrive(begun(plan), plan, plan.point("gate"), "near", at(9), (Mark.OTHER_ADDRESS,))
    assert verdict.marks == (Mark.OTHER_ADDRESS,)


# -- the way -------------------------------------------------------------------------------------


def test_a_point_of_another_round_is_named_and_changes_nothing() -> None:
    plan = garden.plan()
    progress = begun(plan)
    wrong = Verdict(None, "shop", False, "near", (Mark.WRONG_POINT,), why=Refusal.WRONG_POINT)
    assert arrive(progress, plan, "shop", 10) == (progress, wrong)


def test_a_stop_with_checks_stays_open_until_the_last_is_answered() -> None:
    plan = garden.plan()
    progress, _ = arrive(begun(plan), plan, "gate", 10)
    assert progress.at_stop is None
    progress, _ = arrive(progress, plan, "power", 80)
    for check in CHECKS:
        assert (progress.at_stop, rounds.next_stop(progress)) == ("s-power", "s-power")
        progress = rounds.answered(progress, "s-power", Answer(check, True), CHECKS)
    assert progress.at_stop is None
    assert rounds.next_stop(progress) == "s-roof"


def test_a_stop_left_with_open_checks_is_asked_for_again_and_keeps_its_time() -> None:
    plan = garden.plan("free")
    progress, _ = arrive(begun(plan), plan, "power", 80)
    progress, _ = arrive(progress, plan, "roof", 300)
    assert progress.at_stop is None
    progress, verdict = arrive(progress, plan, "gate", 400)
    assert rounds.next_stop(progress) == "s-power"
    progress, verdict = arrive(progress, plan, "power", 500, grade="label+near")
    assert verdict.accepted
    assert verdict.marks == ()
    visit = progress.visit("s-power")
    assert visit is not None
    assert (visit.at, visit.grade, progress.at_stop) == (at(80).at, "label+near", "s-power")


def test_a_skipped_stop_that_is_reached_after_all_counts_as_reached() -> None:
    plan = garden.plan()
    progress = rounds.skipped(begun(plan), "s-gate", "locked")
    assert rounds.next_stop(progress) == "s-power"
    assert rounds.summary(progress).skipped == 1
    progress, verdict = arrive(progress, plan, "gate", 20)
    assert verdict.accepted
    over, numbers = rounds.finish(progress, plan.schedule("night"), 2, OPENS)
    assert (numbers.done, numbers.skipped, numbers.missed) == (1, 0, 3)
    assert over.visits[0].skipped is None
    assert ("s-gate", Mark.SKIPPED) not in numbers.marks


def test_skipping_in_the_middle_of_the_checks_keeps_the_visit() -> None:
    plan = garden.plan()
    progress, _ = arrive(begun(plan), plan, "power", 80)
    progress = rounds.skipped(progress, "s-power", "locked")
    assert progress.at_stop is None
    numbers = rounds.summary(progress)
    assert (numbers.done, numbers.skipped) == (1, 0)
    assert ("s-power", Mark.SKIPPED) in numbers.marks


def test_one_point_on_a_route_twice_is_two_stops() -> None:
    plan = garden.plan()
    twice = (*garden.STOPS, replace(garden.STOPS[0], id="s-gate-2"))
    plan = replace(plan, routes=(replace(plan.routes[0], stops=twice), *plan.routes[1:]))
    progress, first = arrive(begun(plan), plan, "gate", 10)
    progress, second = arrive(progress, plan, "gate", 20)
    assert (first.stop, second.stop) == ("s-gate", "s-gate-2")


# -- the crew and the end ------------------------------------------------------------------------


def test_a_crew_of_one_is_marked_whatever_the_reason() -> None:
    alone = begun(garden.plan(), crew=PAIR[:1])
    assert alone.marks == (Mark.CREW_SHORT,)
    assert begun(garden.plan()).marks == ()


def test_the_partner_counts_on_the_way_only_and_once() -> None:
    plan = garden.plan()
    progress = rounds.rechecked(begun(plan), PAIR[1])
    assert progress.rechecked == ()
    assert Mark.NO_RECHECK in rounds.finish(progress, plan.schedule("night"), 2, OPENS)[0].marks
    progress, _ = arrive(progress, plan, "gate", 10)
    progress = rounds.rechecked(rounds.rechecked(progress, PAIR[1]), Confirmation("li", "badge"))
    assert progress.rechecked == (Confirmation("li", "badge"),)
    assert rounds.finish(progress, plan.schedule("night"), 2, OPENS)[0].marks == ()


def test_the_first_of_a_crew_is_not_the_partner_of_the_second() -> None:
    """One guard alone on the way, who types the same PIN again, is still without a partner."""
    plan = garden.plan()
    night = plan.schedule("night")
    progress, _ = arrive(begun(plan), plan, "gate", 10)
    progress = rounds.rechecked(progress, PAIR[0])
    assert rounds.recheck_due(progress, night)
    assert rounds.finish(progress, night, 2, OPENS)[0].marks == (Mark.NO_RECHECK,)
    progress = rounds.rechecked(progress, PAIR[1])
    assert not rounds.recheck_due(progress, night)
    assert rounds.finish(progress, night, 2, OPENS)[0].marks == ()


def test_whoever_walks_alone_is_neither_reminded_of_a_partner_nor_marked_for_one() -> None:
    plan = garden.plan()
    alone, _ = arrive(begun(plan, crew=PAIR[:1]), plan, "gate", 10)
    assert not rounds.recheck_due(alone, plan.schedule("night"))
    assert rounds.finish(alone, plan.schedule("night"), 1, OPENS)[0].marks == (Mark.CREW_SHORT,)


def test_a_partner_who_left_on_the_way_is_marked_at_the_end() -> None:
    plan = garden.plan(recheck=False)
    assert rounds.finish(begun(plan), plan.schedule("night"), 1, OPENS)[0].marks == (Mark.CREW_SHORT,)


def test_checks_left_open_are_marked_when_the_round_ends() -> None:
    plan = garden.plan()
    progress, _ = arrive(begun(plan), plan, "power", 80)
    assert ("s-power", Mark.UNANSWERED) not in rounds.summary(progress).marks
    assert ("s-power", Mark.UNANSWERED) in rounds.finish(progress, plan.schedule("night"), 2, OPENS)[1].marks


@pytest.mark.parametrize(
    ("seconds", "timing"),
    [([], "missed"), ([10], "on-time"), ([-10, 10], "early"), ([10, 7300], "late"), ([-9, 9000], "late")],
)
def test_a_round_is_on_time_when_all_it_reached_was(seconds: list[float], timing: str) -> None:
    plan = garden.plan("free")
    progress = begun(plan)
    for point, second in zip(("gate", "roof"), seconds, strict=False):
        progress, _ = arrive(progress, plan, point, second)
    assert rounds.finish(progress, plan.schedule("night"), 2, OPENS)[1].timing == timing


def test_nothing_is_missed_while_the_round_is_walked() -> None:
    plan = garden.plan()
    progress, _ = arrive(begun(plan), plan, "gate", 10)
    assert rounds.summary(progress).missed == 0
    assert rounds.finish(progress, plan.schedule("night"), 2, OPENS)[1].missed == 3


def test_a_round_is_named_after_its_slot_and_its_book() -> None:
    progress = begun(garden.plan())
    assert progress.round == "night@2025-11-21T22:00#abababab-1"
    assert rounds.slot_id(progress.round) == "night@2025-11-21T22:00"


def test_late_windows_are_judged_by_the_record_not_by_the_upload() -> None:
    """A walk over midnight in a window from 23:00 to 03:00: on time at 23:30, at 00:30 and at 01:30."""
    plan = garden.plan("free")
    opens = garden.plan().schedule("late")
    (slot,) = slots(plan, opens, date(2025, 11, 21), date(2025, 11, 21))
    assert slot.closes - slot.opens == timedelta(hours=4)
    progress = rounds.begin(
        Slot("night", "round", slot.opens, slot.closes), plan.route("round"), plan.schedule("night"),
        id="x", revision=7, crew=PAIR, started=OPENS,
    )  # fmt: skip
    for point, hours in (("gate", 1.5), ("power", 2.5), ("roof", 3.5)):
        progress, verdict = arrive(progress, plan, point, hours * 3600)
        assert not {Mark.EARLY, Mark.LATE} & set(verdict.marks)


@pytest.mark.parametrize(
    ("crew", "walked", "confirmed", "due"),
    [(PAIR, False, False, False), (PAIR, True, False, True), (PAIR, True, True, False), (PAIR[:1], True, False, False)],
    ids=["before the first stop", "on the way", "it was done", "alone"],
)
def test_a_partner_is_identified_again_on_the_way_and_once(
    crew: tuple[Confirmation, ...], walked: bool, confirmed: bool, due: bool
) -> None:
    plan = garden.plan()
    night = plan.schedule("night")
    progress = begun(plan, crew)
    if walked:
        progress, _ = arrive(progress, plan, "gate", 20)
    if confirmed:
        progress = rounds.rechecked(progress, Confirmation("li", "pin"))
    assert rounds.recheck_due(progress, replace(night, recheck=True)) is due
    assert not rounds.recheck_due(progress, replace(night, recheck=False))
    assert not rounds.recheck_due(progress, None), "a schedule that the plan dropped asks for nothing"


def test_a_crew_is_short_by_those_who_confirmed() -> None:
    night = replace(garden.plan().schedule("night"), crew=2)
    assert not rounds.is_short(PAIR, night)
    assert rounds.is_short(PAIR[:1], night)
    assert rounds.is_short((PAIR[0], Confirmation("li", "absent")), night)
    assert not rounds.is_short((), None)
