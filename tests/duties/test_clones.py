"""What a tag's own counters, addresses and secrets say of a copy: laws, and the same verdict at both ends."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct
from msgspec.structs import replace

from app.duties import rounds, ways
from app.duties.clones import (
    HOLDS_MS,
    SLACK_MS,
    TICKS_MS,
    UNHEARD,
    Count,
    History,
    contradicts,
    count_of,
    genuine_of,
    judge_tag,
    remember,
    unheard_after,
)
from app.duties.evidence import OF_GRADE, PAIR_MS, Mark, weaker
from app.duties.genuine import Genuine
from app.duties.review import NearAt, OfficeMark, Proof, Told, Walk, judge_arrival, two_places
from app.duties.rotating import NO_TABLES, Tables, TagTable
from app.duties.site import EID, Grade, Plan, Route, Stop, Tag
from app.kinds import BleEvidence, Evidence, LabelEvidence, StopArrived
from hardware.tags import sightings
from tests import garden
from tests.duties.test_review import PLAN, beacon, begun, record
from tests.hardware.captures import VECTORS, Vector

HOUR_MS: Final = 3_600_000


class When(Struct, frozen=True):
    at: int
    up: int = 0
    boot: str = "b"
    off: int | None = None


def tlm(secs: int, advs: int) -> str:
    return "sfeaa:20000b181300" + advs.to_bytes(4).hex() + secs.to_bytes(4).hex()


def heard(*frames: str, kind: str = "ibeacon", frame: str = "m004c:0215", **fields: object) -> BleEvidence:
    return BleEvidence(kind, "t", "A", -59, -70, (), frame, frames, **fields)  # type: ignore[arg-type]  # sampled


def count(at: int, secs: int, advs: int) -> Count:
    return Count(at, at, "b", secs, advs)


# -- counters ------------------------------------------------------------------------------------


@given(
    st.sampled_from(TICKS_MS),
    st.integers(1, 20),
    st.floats(-0.015, 0.015),
    st.integers(0, 10**9),
    st.lists(st.tuples(st.integers(1, 30 * 24 * HOUR_MS), st.integers(0, 30_000)), min_size=1, max_size=8),
)
def test_a_tag_that_goes_on_counting_is_never_accused(
    tick: int, a_second: int, drift: float, age: int, visits: list[tuple[int, int]]
) -> None:
    history: History = ()
    at = 0
    for gap, late in visits:  # its frame may have been heard up to half a minute before the record
        at += max(gap, late)
        ran = round((age + at - late) * (1 + drift))
        now = count(at, ran // tick, ran * a_second // 1000)
        assert not contradicts(history, now)
        history = remember(history, now)
        assert len(history) == 1


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(2 * SLACK_MS, 10**9))
def test_the_same_frame_again_is_a_recording_however_often_it_is_played(age: int, advs: int, gap: int) -> None:
    history: History = ()
    for played in range(4):
        now = count(played * gap, age, advs)
        assert contradicts(history, now) == (played > 0)
        history = remember(history, now)


@given(st.integers(2, 1000), st.integers(1, 900))
def test_an_older_frame_of_an_old_tag_is_a_recording(hours: int, before: int) -> None:
    age = (hours + before) * 36_000
    history = remember((), count(0, age, age))
    now = count(hours * HOUR_MS // 2, age - hours, age - hours)
    assert contradicts(history, now)
    assert contradicts(remember(history, now), count(hours * HOUR_MS, age - hours, age - hours))


@given(st.integers(6_000, 10**8), st.integers(1, 2 * 36_000), st.integers(1, 20), st.floats(0.7, 1.4))
def test_a_new_battery_is_no_copy_once_and_the_tag_goes_on_from_there(
    age: int, young: int, a_second: int, busier: float
) -> None:
    history = remember((), count(0, age, age * a_second // 10))
    at = 24 * HOUR_MS
    now = count(at, young, round(young * a_second / 10 * busier))
    if (now.secs, now.advs) == (history[0].secs, history[0].advs):
        return
    assert not contradicts(history, now)
    history = remember(history, now)
    later = 2 * at
    assert not contradicts(history, count(later, young + 864_000, (now.advs or 0) + 86_400 * a_second))
    assert contradicts(history, replace(now, at=later, up=later, advs=(now.advs or 0) + 1))


def test_what_contradicts_is_believed_when_the_next_visit_goes_on_from_there_and_not_otherwise() -> None:
    believed, odd = count(0, 10**8, 10**8), count(HOUR_MS, 5 * 10**7, 10**8)
    history = remember(remember((), believed), odd)
    assert history == (believed, odd)
    goes_on = count(2 * HOUR_MS, 5 * 10**7 + 36_000, 10**8 + 36_000)
    assert not contradicts(history, goes_on)
    assert remember(history, goes_on) == (goes_on,)
    tag_itself = count(2 * HOUR_MS, 10**8 + 72_000, 10**8 + 72_000)
    assert remember(history, tag_itself) == (tag_itself,)


@pytest.mark.parametrize(
    ("before", "now", "took", "wrong"),
    [
        (5000, 5100, HOUR_MS, False),
        (5000, 5000, HOLDS_MS, False),
        (5000, 5000, HOLDS_MS + 1, True),
        (5000, 4999, HOUR_MS, True),
        (5000, 99, HOUR_MS, False),
        (5000, 100, HOUR_MS, True),
        (5000, 5000 + 100 * 3660, HOUR_MS, False),
        (5000, 5001 + 100 * 3660, HOUR_MS, True),
    ],
)
def test_an_enciphered_counter_only_grows_and_not_by_leaps(before: int, now: int, took: int, wrong: bool) -> None:
    history = remember((), Count(0, 0, "b", counter=before))
    assert contradicts(history, Count(took, took, "b", counter=now)) == wrong


def test_an_enciphered_counter_begins_anew_once_and_not_night_after_night() -> None:
    history = remember((), Count(0, 0, "b", counter=5000))
    anew = Count(HOUR_MS, HOUR_MS, "b", counter=50)
    history = remember(history, anew)
    assert contradicts(history, Count(2 * HOUR_MS, 2 * HOUR_MS, "b", counter=49))


def test_a_clock_that_ran_back_across_a_start_accuses_nobody() -> None:
    history = remember((), Count(10**9, 5, "b", 10**7, 10**7))
    assert not contradicts(history, Count(0, 5, "c", 10, 10))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: (vector.advert or vector.frame)[-24:])
def test_the_counters_are_those_that_the_radio_reads_from_the_same_frame(vector: Vector) -> None:
    for seen in sightings(vector.heard()):
        found = count_of(heard(frame=seen.frame), When(1))
        names = {"advs": "adv_count", "secs": "sec_count", "counter": "counter"}
        assert {name: getattr(found, name, None) for name in names} == {
            name: seen.counters.get(told) for name, told in names.items()
        }


# -- what a tag is worth ---------------------------------------------------------------------------

FREE, BOUND = Tag("ibeacon", "t"), Tag("ibeacon", "t", "a")
OLD: Final = remember((), count(0, 10**8, 10**8))
LATER: Final = When(24 * HOUR_MS, 24 * HOUR_MS)
GOES_ON, RECORDED = tlm(10**8 + 864_000, 10**8 + 864_000), tlm(10**8, 10**8)


@pytest.mark.parametrize(
    ("tag", "found", "genuine", "passes", "marks"),
    [
        (FREE, heard(), None, True, ()),
        (BOUND, heard(GOES_ON), None, True, ()),
        (FREE, heard(RECORDED), None, False, (Mark.COUNTER_BACK,)),
        (BOUND, heard(RECORDED), None, False, (Mark.COUNTER_BACK,)),
        (replace(BOUND, address="B"), heard(GOES_ON), None, False, (Mark.OTHER_ADDRESS,)),
        (replace(BOUND, address="B"), heard(RECORDED), None, False, (Mark.CLONED, Mark.OTHER_ADDRESS)),
        (FREE, heard(also=("B",)), None, False, (Mark.CLONED,)),
        (BOUND, heard(also=("B",)), None, True, (Mark.CLONED,)),
        (FREE, heard(), Genuine.GOOD, True, ()),
        (FREE, heard(), Genuine.CLONED, False, (Mark.CLONED,)),
        (FREE, heard(), Genuine.BACK, False, (Mark.COUNTER_BACK,)),
        (FREE, heard(), Genuine.UNKNOWN, True, (Mark.TO_VERIFY,)),
    ],
)
def test_what_a_tag_is_worth(
    tag: Tag, found: BleEvidence, genuine: Genuine | None, passes: bool, marks: tuple[Mark, ...]
) -> None:
    worth = judge_tag(tag, found, genuine, OLD, LATER)
    assert (worth.passes, worth.marks, worth.genuine) == (passes, marks, genuine)


def test_what_a_handheld_can_tell_of_a_secret() -> None:
    tables = Tables((TagTable("t", 0, 1000, ("a" * 16, "b" * 16, "c" * 16, "d" * 16)),))
    rotating = heard(kind=EID, frame="sfeaa:30ee" + "a" * 16)
    assert genuine_of(rotating, tables, 500) is Genuine.GOOD
    assert genuine_of(rotating, tables, 3500) is Genuine.CLONED
    assert genuine_of(rotating, NO_TABLES, 500) is Genuine.UNKNOWN
    enciphered = heard(kind="bthome", frame="sfcd2:41a47266c95f730011223378237214")
    assert genuine_of(enciphered, tables, 0) is Genuine.UNKNOWN
    assert genuine_of(heard(kind="bthome", frame="sfcd2:4002ca09"), tables, 0) is None


@pytest.mark.proof
@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3))
def test_no_frame_can_raise(frame: str, frames: list[str]) -> None:
    found = heard(*frames, kind=EID, frame=frame)
    judge_tag(FREE, found, genuine_of(found, NO_TABLES, 0), OLD, LATER)


# -- laws of the grade -----------------------------------------------------------------------------

NEAR: Final = beacon("vault", -60, -61, -60, -62)
LABEL: Final = LabelEvidence("02")
pieces = st.builds(
    Evidence,
    ble=st.sampled_from([NEAR, beacon("vault", -90, -90, -90, -90), UNSET]),
    label=st.sampled_from([LABEL, UNSET]),
    typed=st.sampled_from(["005", "999", UNSET]),
)
tellings = st.builds(Told, genuine=st.sampled_from([None, *Genuine]), unheard=st.integers(0, 5))


def grade_of(evidence: Evidence, told: Told, proof: Proof) -> Grade:
    body = StopArrived("r", "v-vault", "vault", "near", (), evidence)
    return judge_arrival(body, PLAN, proof if evidence.label else None, told).grade or "late-entry"


@given(pieces, tellings, st.sampled_from(list(Proof)))
def test_a_grade_never_rises_when_evidence_is_taken_away(evidence: Evidence, told: Told, proof: Proof) -> None:
    whole = grade_of(evidence, told, proof)
    for name in ("ble", "label", "typed"):
        assert not weaker(whole, grade_of(replace(evidence, **{name: UNSET}), told, proof))


SHORT: Final = replace(
    PLAN, routes=(Route("round", "patrol", PLAN.site.name, "fixed", (Stop("v-vault", "vault"),), ()),)
)


@given(st.integers(0, PAIR_MS), st.sampled_from(["label", "near"]))
def test_label_and_beacon_are_worth_the_same_in_either_order(apart: int, wanted: Grade) -> None:
    point = replace(SHORT.point("vault"), grade="label+near")
    plan = replace(SHORT, points=tuple(point if each.id == "vault" else each for each in SHORT.points))
    ends: list[tuple[object, ...]] = []
    for order in (("label", "near"), ("near", "label")):
        progress = begun(plan)
        for place, grade in enumerate(order):
            when = record(StopArrived("r", "v-vault", "vault", "near", (), Evidence()), 60 + place * apart / 1000)
            progress, verdict = rounds.arrive(progress, plan, point, grade, when)  # type: ignore[arg-type]  # sampled
            assert verdict.accepted
        (visit,) = progress.visits
        ends.append((visit.grade, visit.marks, visit.done))
    assert ends[0] == ends[1] == ("label+near", (), True)


def test_a_beacon_that_adds_is_not_taken_for_the_next_stop_at_the_same_point() -> None:
    twice = (Stop("s-vault", "vault"), Stop("s-gate", "gate"), Stop("s-vault-2", "vault"))
    plan = replace(PLAN, routes=(Route("round", "patrol", PLAN.site.name, "fixed", twice, ()),))
    first = record(StopArrived("r", "s-vault", "vault", "near", (), Evidence()), 60)
    progress, _ = rounds.arrive(begun(plan), plan, plan.point("vault"), "label", first)
    after, verdict = rounds.arrive(progress, plan, plan.point("vault"), "near", replace(first, up=first.up + 5000))
    assert (verdict.stop, verdict.adds, verdict.grade) == ("s-vault", True, "label+near")
    assert [visit.at is None for visit in after.visits] == [False, True, True]


@given(st.integers(PAIR_MS + 1, 10**8))
def test_what_comes_later_than_half_a_minute_adds_nothing(apart: int) -> None:
    progress = begun(SHORT)
    point = SHORT.point("vault")
    first = record(StopArrived("r", "v-vault", "vault", "near", (), Evidence()), 60)
    later = replace(first, at=first.at + apart, up=first.up + apart)
    progress, _ = rounds.arrive(progress, SHORT, point, "label", first)
    after, verdict = rounds.arrive(progress, SHORT, point, "near", later)
    assert (after, verdict.accepted) == (progress, False)
    assert set(progress.visits[0].marks) >= OF_GRADE


def test_the_office_joins_label_and_beacon_only_where_the_label_holds() -> None:
    label = StopArrived("r", "v-vault", "vault", "label", (), Evidence(label=LABEL))
    near = StopArrived("r", "v-vault", "vault", "label+near", (), Evidence(ble=beacon("vault", -60, -61, -60, -62)))
    for proof, grade in ((Proof.GOOD, "label+near"), (Proof.BAD, "near")):
        walk = Walk(begun(SHORT), SHORT)
        walk.arrive(record(label, 0), label, judge_arrival(label, SHORT, proof))
        joined = walk.arrive(record(near, 3), near, judge_arrival(near, SHORT, None, when=record(near, 3)))
        assert joined.grade == grade
        assert walk.progress.visits[0].grade == grade


@pytest.mark.parametrize(("after_s", "near"), [(0, False), (3, True), (31, True), (33, False), (400, False)])
def test_a_beacon_counts_for_the_half_minute_after_it_was_heard(after_s: int, near: bool) -> None:
    body = StopArrived("r", "v-vault", "vault", "near", (), Evidence(ble=NEAR))  # heard for two seconds from 0
    judged = judge_arrival(body, PLAN, None, when=record(body, after_s - 0.5))
    assert (judged.grade == "near") == near
    assert (OfficeMark.NOT_NEAR in judged.marks) == (not near)


# -- silent, elsewhere, too far --------------------------------------------------------------------


def test_a_fitter_is_sent_after_three_silent_visits() -> None:
    silent = Evidence(label=LABEL, radio="silent")
    count = 0
    for _ in range(UNHEARD - 1):
        count = unheard_after(count, silent)
        count = unheard_after(count, Evidence(label=LABEL, radio="radio.off"))
    body = StopArrived("r", "v-vault", "vault", "label", (), silent)
    assert Mark.SILENT_TAG in judge_arrival(body, PLAN, Proof.GOOD, Told(unheard=count)).marks
    assert Mark.SILENT_TAG not in judge_arrival(body, PLAN, Proof.GOOD, Told(unheard=count - 1)).marks
    assert unheard_after(count, Evidence(label=LABEL, radio="heard")) == 0
    assert unheard_after(count, Evidence(ble=NEAR)) == 0


def test_one_tag_at_two_labels_sooner_than_anybody_walks() -> None:
    tag = ("ibeacon", "t")
    seen = [NearAt("h1:5", tag, "gate", 0), NearAt("h2:9", tag, "power", 59_000), NearAt("h1:7", tag, "power", 130_000)]
    assert two_places(seen, PLAN) == {"h1:5", "h2:9"}
    assert two_places(reversed(seen), PLAN) == {"h1:5", "h2:9"}
    assert two_places([replace(each, tag=("ibeacon", each.key)) for each in seen], PLAN) == frozenset()
    assert two_places([seen[0], replace(seen[1], at=60_000)], PLAN) == frozenset()


def loop(*walks: int) -> Plan:
    """A route past the first points of the garden."""
    near = zip(garden.POINTS, walks, strict=False)
    stops = tuple(Stop(f"s-{point.id}", point.id, walk_s=walk) for point, walk in near)
    return replace(PLAN, routes=(Route("loop", "patrol", PLAN.site.name, "fixed", stops, ()),))


@pytest.mark.parametrize(
    ("walks", "here", "there", "least"),
    [
        ((0, 60, 90), "gate", "power", 60),
        ((0, 60, 90), "roof", "power", 90),
        ((0, 60, 90), "gate", "roof", 0),  # the power room may be round the corner of both
        ((0, 200, 40), "gate", "roof", 120),  # but nobody makes up for a leg so long
        ((0, 200, 40, 30), "gate", "pump", 60),
        ((0, 0, 90), "gate", "roof", 0),  # a leg that nobody knows
        ((0, 60), "gate", "vault", 0),
        ((0, 60), "gate", "gate", 0),
    ],
)
def test_what_nobody_can_beat_between_two_points(walks: tuple[int, ...], here: str, there: str, least: int) -> None:
    plan = loop(*walks)
    assert ways.least_walk_s(plan, here, there) == ways.least_walk_s(plan, there, here) == least
    shorter = replace(
        plan.routes[0], id="other", stops=tuple(replace(stop, walk_s=5) for stop in plan.routes[0].stops[:2])
    )
    both = replace(plan, routes=(*plan.routes, shorter))
    assert ways.least_walk_s(both, "gate", "power") == 5


@given(st.lists(st.floats(0, 500), min_size=3, max_size=6), st.lists(st.floats(0, 500), min_size=6, max_size=6))
def test_no_walk_in_a_plane_at_up_to_twice_the_best_time_is_called_impossible(xs: list[float], ys: list[float]) -> None:
    """Points anywhere, walked straight; listed are the seconds of a walk twice as fast as the crew's, or faster."""
    places = list(zip(xs, ys, strict=False))

    def far(one: int, other: int) -> float:
        return float(((places[one][0] - places[other][0]) ** 2 + (places[one][1] - places[other][1]) ** 2) ** 0.5)

    plan = loop(0, *(int(far(place - 1, place) / 2) for place in range(1, len(places))))
    for one in range(len(places)):
        for other in range(len(places)):
            least = ways.least_walk_s(plan, garden.POINTS[one].id, garden.POINTS[other].id)
            assert least <= far(one, other) + 2 * len(places)
