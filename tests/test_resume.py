"""State is the fold of the records, whatever they say and wherever they stop."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app import kinds
from app.duties.evidence import Mark
from app.duties.rounds import Confirmation, Progress, next_stop, summary
from app.duties.site import Plan
from app.errors import NotAllowed
from app.ports import Moment
from app.record import Entry, Record, encode
from app.resume import KEPT_MS, State, fold, fold_one, fold_round
from tests import garden
from tests.garden import BADGES, LABELS, PINS, HandClock, Handheld

PLAN = garden.plan()
NAMES = st.sampled_from([
    "zhang", "li", "s-gate", "s-power", "round", "night", "gate", "door", "volt", "s-nowhere", "",
    "night@2025-11-21T22:00#abababab-1", "label", "badge", "pin", "near", "late", "too-fast", "finding",
    "2025-11-21T22:00:00+08:00",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "00", "zz",
])  # fmt: skip
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), NAMES, st.text(max_size=5))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["person", "method", "revision", "sha256", "label", "ble"]), inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip
FIELDS = sorted({field for shape in kinds.KINDS.values() for field in shape.__struct_encode_fields__})


def record(kind: str, body: dict[str, Any], seq: int = 2, **fields: Any) -> Record:
    return Record(**{
        "at": garden.EVENING, "body": body, "boot": "b", "by": ("zhang",), "kind": kind, "off": None, "seq": seq,
        "up": 1, "v": 1, **fields,
    })  # fmt: skip


RECORDS = st.builds(
    record,
    st.sampled_from([*kinds.KINDS, "unknown.kind"]),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8),
    st.integers(1, 2**53),
    at=st.integers(-(2**53), 2**53),
    up=st.integers(-(2**53), 2**53),
    v=st.sampled_from([1, 1, 1, 2]),
)
MEMBERS = st.builds(
    lambda person, method: {"person": person, "method": method}, NAMES, st.sampled_from(["badge", "pin"])
)
STARTED = st.fixed_dictionaries({
    "round": NAMES, "slot": NAMES, "schedule": NAMES, "route": st.sampled_from(["round", "short", "none"]),
    "plan": st.fixed_dictionaries({"revision": st.integers(6, 8), "sha256": NAMES}),
    "order": st.lists(NAMES, max_size=5), "seed": st.none() | NAMES, "crew": st.lists(MEMBERS, max_size=2),
    "opens": st.sampled_from(["2025-11-21T22:00:00+08:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]),
    "closes": st.sampled_from(["2025-11-22T00:00:00+08:00", "2025-11-22T00:00:00"]),
})  # fmt: skip
ROUND_BODIES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({
    "round": NAMES, "stop": NAMES, "point": NAMES, "grade": st.sampled_from(["label", "near", "great"]),
    "marks": st.lists(NAMES, max_size=3), "evidence": st.just({}) | VALUES, "check": NAMES, "ok": st.booleans(),
    "value": st.none() | NAMES, "repeated": st.booleans(), "words": NAMES, "asset": st.none(), "reason": NAMES,
    "person": NAMES, "method": st.just("badge"), "kind": st.just("finding"), "category": NAMES, "phrase": NAMES,
    "due": st.integers(0, 2**53), "urgent": st.booleans(), "fixed": st.booleans(),
    "planned": st.just(1), "done": st.just(1), "missed": st.just(1), "skipped": st.just(1), "findings": st.just(1),
    "timing": st.just("late"), "crew": st.lists(MEMBERS, max_size=2),
})  # fmt: skip
LIKELY = st.one_of(
    st.builds(record, st.just("round.started"), STARTED),
    st.builds(record, st.sampled_from([
        "stop.arrived", "stop.skipped", "check.answered", "round.rechecked", "finding.raised", "round.finished",
        "shift.opened", "crew.joined", "crew.left", "pin.tried", "pin.unlocked", "shift.closed", "alarm.raised",
    ]), ROUND_BODIES, st.integers(1, 99)),
)  # fmt: skip


def plan_of(named: kinds.PlanNamed) -> Plan | None:
    return PLAN if named.revision == 7 else None


@pytest.mark.proof
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORDS | LIKELY, max_size=12))
def test_no_record_ever_keeps_a_handheld_from_starting(records: list[Record]) -> None:
    state, progress = State(book="ab"), None
    for each in records:
        state = fold_one(state, each, plan_of)
        progress = fold_round(progress, each, PLAN, "ab")
        kinds.urgent(each)
    if state.round is not None:
        summary(state.round)
        assert next_stop(state.round) is None or next_stop(state.round) in state.round.order
    assert msgspec.convert(msgspec.to_builtins(state), State) is not None


def entry(record: Record) -> Entry:
    return Entry(record, encode(record), b"")


def test_bodies_of_a_newer_version_and_of_unknown_kinds_pass_by() -> None:
    before = State(book="ab")
    for each in (
        record("shift.opened", {"crew": [{"person": "zhang", "method": "badge"}]}, v=2),
        record("sensor.read", {"value": "1"}),
        record("shift.opened", {"crew": "zhang"}),
        record("round.started", {"round": 7}),
    ):
        assert fold(before, [entry(each)], plan_of) == State(book="ab", last_walk=Moment(each.at, each.up, each.boot))


def test_a_method_that_only_a_newer_program_knows_leaves_the_record_readable() -> None:
    """Decision 18: it counts, weakly."""
    member = {"person": "zhang", "method": "iris", "role": "guard", "shown": "ab" * 32, "pupil": 3}
    for kind, body in (
        ("shift.opened", {"crew": [member]}),
        ("crew.joined", member),
        ("round.rechecked", {"round": "r", **member}),
    ):
        read = kinds.read(record(kind, body))
        assert read is not None
        (who,) = read.crew if isinstance(read, kinds.ShiftOpened) else (getattr(read, "who", None),)
        assert who == Confirmation("zhang", "iris", "guard", "ab" * 32)
        assert who.weak
    old = kinds.read(record("crew.joined", {"person": "zhang", "method": "badge"}))
    assert isinstance(old, kinds.CrewJoined)
    assert old.who == Confirmation("zhang", "badge")
    assert not old.who.weak


def test_alarms_and_urgent_findings_go_ahead_of_the_rest() -> None:
    assert kinds.urgent(record("alarm.raised", {}))
    assert kinds.urgent(record("finding.raised", {"urgent": True}))
    assert not kinds.urgent(record("finding.raised", {"urgent": "yes"}))
    assert not kinds.urgent(record("round.finished", {"urgent": True}))


# -- a life of the handheld ----------------------------------------------------------------------

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("badge"), st.sampled_from(sorted(BADGES))),
        st.tuples(st.just("pin"), st.sampled_from([("zhang", "1234"), ("li", "0000"), ("zhang", "9")])),
        st.tuples(st.just("start"), st.sampled_from(["night", "late"])),
        st.tuples(st.just("scan"), st.sampled_from(sorted(LABELS))),
        st.tuples(st.just("scan"), st.sampled_from(sorted(LABELS))),
        st.tuples(st.just("near"), st.sampled_from(["gate", "power", "roof"])),
        st.tuples(st.just("partner"), st.sampled_from(["zhang", "li", "zhao"])),
        st.tuples(st.just("skip"), st.sampled_from([stop.id for stop in garden.STOPS])),
        st.tuples(st.just("checks"), st.sampled_from(["all_ok", "all"])),
        st.tuples(st.just("report"), st.booleans()),
        st.tuples(st.just("alarm"), st.none()),
        st.tuples(st.just("finish"), st.none()),
        st.tuples(st.just("out"), st.sampled_from(["zhang", "li"])),
        st.tuples(st.just("close"), st.none()),
        st.tuples(st.just("wait"), st.integers(1, 5000)),
    ),
    max_size=25,
)


async def do(hand: Handheld, kind: str, what: Any) -> None:
    watch = hand.watch
    match kind:
        case "badge":
            await hand.sign_in(what)
        case "pin":
            await watch.sign_in_pin(*what)
        case "start":
            await hand.start(what, alone="sick")
        case "scan":
            await hand.scan(LABELS[what])
        case "near":
            await hand.stand_at(what)
        case "partner":
            await hand.scan(BADGES[what])
        case "skip":
            await watch.skip(what, "locked")
        case "checks":
            await (watch.all_ok() if what == "all_ok" else hand.answer_all())
        case "report":
            await watch.report("leak", "drip", urgent=what)
        case "alarm":
            await watch.raise_alarm()
        case "finish":
            await watch.finish_round()
        case "out":
            await watch.sign_out(what)
        case "close":
            await watch.close_shift()
        case "wait":
            hand.clock.pass_s(what)


async def live(hand: Handheld, acts: list[tuple[str, Any]]) -> list[State]:
    """Walk, and note the state as it was when each record had just been written."""
    seen: dict[int, State] = {}
    hand.watch.subscribe(lambda: seen.update({hand.logbook.head.seq: hand.watch.state}))
    await hand.night_round()
    for kind, what in acts:
        try:
            await do(hand, kind, what)
        except (NotAllowed, StopIteration, RuntimeError):
            continue
    return [seen[seq] for seq in sorted(seen)]


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(ACTS)
def test_killed_after_any_record_the_handheld_knows_what_it_knew(acts: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        hand = Handheld(Path(folder) / "book", HandClock(), PLAN)
        try:
            states = asyncio.run(live(hand, acts))
            entries = list(hand.logbook.entries())
            nothing = State(book=hand.logbook.book_id)
            folded = [fold(nothing, entries[:count], plan_of) for count in range(len(entries) + 1)]
            for state in states:
                assert state in folded
            last = hand.watch.state
            assert folded[-1] == last
            for state in states:
                if state.round is not None:
                    assert any(next_stop(each.round) == next_stop(state.round) for each in folded if each.round)
        finally:
            hand.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(ACTS)
def test_the_office_folds_one_round_to_what_the_crew_saw(acts: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        hand = Handheld(Path(folder) / "book", HandClock(), PLAN)
        try:
            asyncio.run(live(hand, acts))
            state, book = State(book=hand.logbook.book_id), hand.logbook.book_id
            alone: Progress | None = None
            for each in hand.logbook.entries():
                if each.record.kind == "round.started":
                    alone = None
                alone = fold_round(alone, each.record, PLAN, book)
                state = fold_one(state, each.record, plan_of)
                assert state.round is None or alone == state.round
        finally:
            hand.close()


def test_a_kill_between_the_try_and_the_judgement_counts_the_try(tmp_path: Path) -> None:
    hand = Handheld(tmp_path / "book", HandClock(), PLAN)

    async def guess() -> None:
        for _ in range(5):
            with pytest.raises(NotAllowed):
                await hand.watch.sign_in_pin("zhang", "0000")

    asyncio.run(guess())
    tried = [each for each in hand.logbook.entries() if each.record.kind != "pin.refused"]
    state = fold(State(), tried, plan_of)
    assert state.tries["zhang"].count == 5
    assert state == fold(State(), hand.logbook.entries(), plan_of)
    assert state.book == hand.logbook.book_id
    hand.close()


def test_only_a_right_pin_or_an_unlocking_clears_wrong_ones() -> None:
    tried = record("pin.tried", {"person": "zhang"})
    for clears, kind, body in (
        (False, "crew.joined", {"person": "zhang", "method": "badge"}),
        (True, "crew.joined", {"person": "zhang", "method": "pin"}),
        (False, "crew.joined", {"person": "li", "method": "pin"}),
        (True, "pin.unlocked", {"person": "zhang"}),
        (True, "shift.opened", {"crew": [{"person": "zhang", "method": "pin"}]}),
        (False, "pin.refused", {"person": "zhang"}),
    ):
        state = fold_one(fold_one(State(), tried, plan_of), record(kind, body), plan_of)
        assert (state.tries == {}) == clears, (kind, body)


def started(slot: str, seq: int, at: int) -> list[Record]:
    body = {
        "round": f"{slot}#abababab-1", "slot": slot, "schedule": "night", "route": "round",
        "plan": {"revision": 7, "sha256": ""}, "order": ["s-gate"], "seed": None, "crew": [],
        "opens": "2025-11-21T22:00:00+08:00", "closes": "2025-11-22T00:00:00+08:00", "marks": ["crew-short", "new"],
    }  # fmt: skip
    end = {
        "round": f"{slot}#abababab-1", "planned": 1, "done": 0, "missed": 1, "skipped": 0, "findings": 0,
        "marks": ["no-recheck"], "timing": "missed",
    }  # fmt: skip
    return [record("round.started", body, seq, at=at), record("round.finished", end, seq + 1, at=at + 1000)]


def test_finished_rounds_are_kept_for_three_days() -> None:
    state, at = State(book="ab"), garden.EVENING
    for number in range(40):
        for each in started(f"night@{number}", 2 * number + 2, at + number * 8 * 3_600_000):
            state = fold_one(state, each, plan_of)
    assert list(state.rounds) == [f"night@{number}" for number in range(31, 40)]
    assert all(done.started > at + 39 * 8 * 3_600_000 + 1000 - KEPT_MS for done in state.rounds.values())
    assert state.rounds["night@39"].marks == (("", Mark.CREW_SHORT), ("", Mark.NO_RECHECK))
    assert state.attempts["night@0"] == 1


def test_a_round_whose_window_is_still_open_is_kept_however_long_that_is() -> None:
    begun, end = started("hydrants@1", 2, garden.EVENING)
    begun = replace(begun, body={**begun.body, "closes": "2025-12-10T22:00:00+08:00"})
    state = fold_one(fold_one(State(book="ab"), begun, plan_of), end, plan_of)
    for day in (5, 30):
        for each in started(f"night@{day}", 2 * day, garden.EVENING + day * 24 * 3_600_000):
            state = fold_one(state, each, plan_of)
        assert ("hydrants@1" in state.rounds) == (day == 5), day


def test_a_round_begun_over_an_open_one_ends_that_one() -> None:
    first, _ = started("night@1", 2, garden.EVENING)
    second, _ = started("night@2", 3, garden.EVENING)
    state = fold_one(fold_one(State(), first, plan_of), second, plan_of)
    assert state.round is not None
    assert state.round.round.startswith("night@2")
    assert state.rounds["night@1"].missed == 1


def test_an_alarm_outlives_the_shift_and_the_next_one_of_the_same_day() -> None:
    state = fold_one(State(book="ab"), record("alarm.raised", {"round": None, "point": None}, 9), plan_of)
    assert state.alarm == "ab:9"
    state = fold_one(state, record("shift.closed", {}), plan_of)
    soon = record("shift.opened", {"crew": []}, at=state.alarm_at + 8 * 3_600_000)
    assert fold_one(state, soon, plan_of).alarm == "ab:9"
    later = record("shift.opened", {"crew": []}, at=state.alarm_at + 25 * 3_600_000)
    assert fold_one(state, later, plan_of).alarm is None


def test_a_state_survives_the_shelf(tmp_path: Path) -> None:
    assert PINS
    state = State(book="ab")
    for each in [*started("night@1", 2, garden.EVENING), record("pin.tried", {"person": "li"})]:
        state = fold_one(state, each, plan_of)
    assert msgspec.convert(msgspec.to_builtins(state), State) == state
