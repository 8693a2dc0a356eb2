"""Laws of work orders: who is responsible, what a promise is worth, which step follows which."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties import orders
from app.duties.orders import CONFIRMED, Order, Part, Stage, Step, Why

LAMP = Order(
    id="b:7",
    origin="radio",
    category="lamp",
    phrase="off",
    words="lamp off",
    at=1_000,
    receiver="li-min",
    to="fitter",
    respond=1_000 + 600_000,
    due=1_000 + 172_800_000,
)

Act = Callable[[Order, int], Step]

STEPS: st.SearchStrategy[Act] = st.one_of(
    st.sampled_from(["wang", "zhao"]).map(lambda who: lambda order, at: orders.accept(order, who, at)),
    st.just(orders.go),
    st.booleans().map(lambda proved: partial(_arrive, proved)),
    st.integers(0, 3).map(lambda count: lambda order, at: orders.finish(order, at, (Part("fuse", count),))),
    st.tuples(st.sampled_from(CONFIRMED), st.sampled_from(["", "0471"])).map(
        lambda said: lambda order, at: orders.confirm(order, said[0], at, said[1])
    ),
    st.tuples(st.integers(-10, 10**9), st.sampled_from(["", "no part"])).map(
        lambda said: lambda order, at: orders.postpone(order, order.due + said[0], said[1])
    ),
    st.sampled_from(["", "drips again"]).map(lambda why: lambda order, at: orders.reopen(order, at + 1000, why)),
    st.just(lambda order, at: orders.ask_visit(order)),
)


def _arrive(proved: bool, order: Order, at: int) -> Step:
    return orders.arrive(order, at, proved=proved)


def walk(order: Order, acts: list[Act]) -> list[Order]:
    """Every state on the way; a step that is refused changes nothing."""
    states = [order]
    for number, act in enumerate(acts):
        after = act(states[-1], 2_000 + number)
        if isinstance(after, Order):
            states.append(after)
    return states


@given(st.lists(STEPS, max_size=30))
def test_whatever_happens_the_first_receiver_stays_responsible(acts: list[Act]) -> None:
    assert {(each.receiver, each.at, each.id) for each in walk(LAMP, acts)} == {("li-min", 1_000, "b:7")}


@given(st.lists(STEPS, max_size=30))
def test_a_limit_never_moves_earlier_and_is_postponed_once_at_most(acts: list[Act]) -> None:
    states = walk(LAMP, acts)
    for before, after in pairwise(states):
        assert after.due >= before.due
    assert states[-1].postponed <= 1


@given(st.lists(STEPS, max_size=30))
def test_nothing_is_closed_that_nobody_worked_on_and_nobody_confirmed(acts: list[Act]) -> None:
    for order in walk(LAMP, acts):
        if order.stage is Stage.CLOSED:
            assert order.worker
            assert order.arrived is not None
            assert order.done is not None
            assert order.confirmed in CONFIRMED
            assert order.visit or order.confirmed in orders.NEEDS_VALUE, "who did not confirm is called back"


def test_an_order_goes_from_the_radio_to_the_customer() -> None:
    taken = orders.accept(LAMP, "wang", 2_000)
    assert isinstance(taken, Order)
    there = orders.arrive(taken, 3_000, proved=True)
    assert isinstance(there, Order)
    assert (there.going, there.arrived, there.proved) == (3_000, 3_000, True)
    done = orders.finish(there, 4_000, (Part("lamp-9w", 2),))
    assert isinstance(done, Order)
    assert orders.confirm(done, "code", 5_000) is Why.NO_VALUE
    closed = orders.confirm(done, "code", 5_000, "0471")
    assert isinstance(closed, Order)
    assert (closed.stage, closed.visit, orders.in_time(closed)) == (Stage.CLOSED, False, True)


def test_a_second_postponement_is_refused() -> None:
    once = orders.postpone(LAMP, LAMP.due + 1, "part ordered")
    assert isinstance(once, Order)
    assert orders.postpone(once, once.due + 1, "part ordered") is Why.POSTPONED_TWICE
    assert orders.postpone(LAMP, LAMP.due, "part ordered") is Why.NOT_LATER
    assert orders.postpone(LAMP, LAMP.due + 1, "") is Why.NO_REASON


def test_the_countdown_begins_with_somebody_setting_out() -> None:
    """Three minutes from the call (D31)."""
    order = replace(LAMP, contact=1_000 + 180_000)
    assert orders.clock(order, 1_000) == orders.Clock("contact", 180_000)
    accepted = orders.accept(order, "wang", 2_000)
    assert isinstance(accepted, Order)
    assert orders.clock(accepted, 200_000).left_ms < 0, "accepting is not setting out"
    going = orders.go(accepted, 3_000)
    assert isinstance(going, Order)
    assert orders.clock(going, 3_000).what == "respond"
    done = replace(going, stage=Stage.DONE, arrived=4_000, done=5_000)
    again = orders.reopen(done, 10**9, "drips again")
    assert isinstance(again, Order)
    assert orders.clock(again, 10**6).what == "due", "what was promised for the first time is over"


def test_the_countdown_is_first_of_somebody_being_there() -> None:
    assert orders.clock(LAMP, 1_000) == orders.Clock("respond", 600_000)
    accepted = orders.accept(LAMP, "wang", 2_000)
    assert isinstance(accepted, Order)
    there = orders.arrive(accepted, 3_000, proved=False)
    assert isinstance(there, Order)
    assert orders.clock(there, LAMP.due + 5) == orders.Clock("due", -5)
    assert orders.finish(LAMP, 2_000) is Why.TOO_EARLY
    assert orders.go(there, 4_000) is Why.AGAIN
