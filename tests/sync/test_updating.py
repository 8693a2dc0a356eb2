"""What an update does next: laws over every state of a handheld."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sync.updating import (
    ENOUGH,
    GONE_S,
    IDLE_S,
    TOO_LONG_S,
    UNTOUCHED_S,
    Around,
    State,
    Step,
    need,
    next_step,
)
from sync.wire import Offered

OFFER = Offered("0.3.0", "a" * 64, 1000, 1)
PLENTY = 10 * need(OFFER.size, 0)
STATES = st.builds(
    State,
    offer=st.sampled_from([None, OFFER, Offered("0.2.0", "b" * 64, 1000, 1)]),
    running=st.just("0.2.0"),
    has=st.integers(0, 1000),
    checked=st.booleans(),
    laid=st.booleans(),
    tried=st.booleans(),
    refused=st.booleans(),
    left=st.booleans(),
    room=st.integers(0, PLENTY),
    ready_s=st.sampled_from([0, TOO_LONG_S - 1, TOO_LONG_S]),
)
AROUND = st.builds(
    Around,
    idle_s=st.integers(0, 3 * IDLE_S) | st.sampled_from([UNTOUCHED_S - 1, UNTOUCHED_S]),
    busy=st.booleans(),
    percent=st.none() | st.integers(0, 100),
    charging=st.booleans(),
    on_shift=st.booleans(),
)
NIGHT = Around(idle_s=IDLE_S, busy=False, percent=80, charging=True)
"""On the charger, and nobody is there."""


@given(STATES, AROUND)
def test_nobody_who_works_notices_anything(state: State, around: Around) -> None:
    step = next_step(state, around)
    if step is Step.CHANGE:
        assert not around.busy
        assert around.idle_s >= GONE_S
        assert not around.on_shift or (around.untouched and state.ready_s >= TOO_LONG_S)
    elif step is not Step.REST:
        assert around.idle_s >= IDLE_S
        assert around.powered


@given(STATES, AROUND)
def test_only_what_was_laid_and_tried_is_changed_to(state: State, around: Around) -> None:
    if next_step(state, around) is Step.CHANGE:
        assert state.laid
        assert state.tried
        assert not state.refused
        assert state.offer is not None
        assert state.offer.version != state.running
        assert around.powered or (around.percent or 0) >= ENOUGH


@given(STATES, AROUND)
def test_nothing_is_laid_that_was_not_checked_nor_fetched_without_room(state: State, around: Around) -> None:
    step = next_step(state, around)
    if step is Step.LAY:
        assert state.checked
    if step in (Step.FETCH, Step.CHECK, Step.LAY):
        assert state.offer is not None
        assert state.room >= need(state.offer.size, state.has)
        assert not state.refused


def done(state: State, step: Step) -> State:
    """The state when a step went well, a piece of 400 bytes at a time."""
    match step:
        case Step.CLEAR:
            return replace(state, left=False)
        case Step.FETCH:
            return replace(state, has=min(1000, state.has + 400))
        case Step.CHECK:
            return replace(state, checked=True)
        case Step.LAY:
            return replace(state, laid=True)
        case Step.TRY:
            return replace(state, tried=True)
    return state


@given(STATES)
def test_on_a_quiet_night_every_update_comes_to_its_end(state: State) -> None:
    """From wherever a power cut left it."""
    for _ in range(10):
        step = next_step(state, NIGHT)
        if done(state, step) == state:
            break
        state = done(state, step)
    wanted = state.offer is not None and not state.refused and state.offer.version != state.running
    if not wanted:
        assert step is Step.REST
    elif state.laid or state.room >= need(1000, state.has):
        assert step is Step.CHANGE
    else:
        assert step is Step.ROOM


def test_where_a_shift_is_always_open_it_comes_in_when_the_handheld_lies_untouched_on_its_charger() -> None:
    ready = State(OFFER, "0.2.0", laid=True, tried=True, ready_s=TOO_LONG_S)
    manned = Around(UNTOUCHED_S, busy=False, percent=90, charging=True, on_shift=True)
    assert next_step(ready, manned) is Step.CHANGE
    kept_out = (
        (replace(ready, ready_s=TOO_LONG_S - 1), manned),
        (ready, replace(manned, idle_s=UNTOUCHED_S - 1)),
        (ready, replace(manned, charging=False)),
        (ready, replace(manned, busy=True)),
    )
    assert {next_step(state, around) for state, around in kept_out} == {Step.REST}


def test_a_battery_that_lasts_is_enough_for_the_change_itself() -> None:
    ready = State(OFFER, "0.2.0", laid=True, tried=True)
    assert next_step(ready, Around(IDLE_S, False, ENOUGH, False)) is Step.CHANGE
    assert next_step(ready, Around(IDLE_S, False, ENOUGH - 1, False)) is Step.REST
    assert next_step(ready, Around(GONE_S, False, None, False)) is Step.CHANGE
    assert next_step(ready, Around(GONE_S - 1, False, None, False)) is Step.REST
