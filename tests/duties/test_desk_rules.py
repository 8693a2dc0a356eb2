"""The desk's rules on values: giving an order to another, return visits, a request's end, a notice (D31-D34)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties import findings, orders, requests
from app.duties.findings import Finding
from app.duties.orders import Order, Stage, Why
from app.duties.requests import Request
from app.duties.site import Calendar, Category, Text
from app.duties.visits import SHARE_PCT, Done, owed

ORDER = Order("b:1", "desk", "water", "leak", "pipe", 1, "clerk", "fitter", None, 100)
STAGES = st.sampled_from(list(Stage))


@given(
    STAGES, st.sampled_from(["fitter", "guard"]), st.sampled_from([None, "li", "gao"]), st.sampled_from([None, "li"])
)
def test_whoever_had_it_gives_it_up_and_the_receiver_stays(
    stage: Stage, to: str, person: str | None, worker: str | None
) -> None:
    before = replace(ORDER, stage=stage, worker=worker)
    after = orders.dispatch(before, to, person)
    if stage in (Stage.DONE, Stage.CLOSED):
        assert isinstance(after, Why)
    elif (to, person) == ("fitter", None):
        assert after is Why.AGAIN
    else:
        assert isinstance(after, Order)
        assert (after.receiver, after.due, after.to, after.assigned) == ("clerk", 100, to, person)
        assert after.worker in (None, person)
        assert (after.stage is stage) == (worker in (None, person) or stage is Stage.TAKEN)


def test_a_customer_is_called_on_after_the_work_and_again_when_not_satisfied() -> None:
    assert orders.visited(ORDER, 5, satisfied=True) is Why.TOO_EARLY
    done = replace(ORDER, stage=Stage.DONE, done=4)
    no = orders.visited(done, 5, satisfied=False, valid=True)
    assert isinstance(no, Order)
    yes = orders.visited(no, 9, satisfied=True)
    assert isinstance(yes, Order)
    assert (no.visited, yes.visited, yes.valid) == (5, 9, True)
    assert orders.visited(yes, 10, satisfied=True) is Why.AGAIN
    again = orders.reopen(no, 200, "customer")
    assert isinstance(again, Order)
    assert (again.visited, again.satisfied) == (None, None)


DONE = st.builds(Done, st.uuids().map(str), st.booleans(), st.booleans(), st.booleans(), st.booleans())


@given(st.lists(DONE, max_size=40, unique_by=lambda each: each.id))
def test_when_all_that_is_owed_was_done_the_shares_are_reached(done: list[Done]) -> None:
    told = owed(done)
    assert len(set(told.left)) == len(told.left)
    visited = {each.id for each in done if each.visited}
    assert not visited & set(told.left)
    after = [replace(each, visited=each.visited or each.id in told.left) for each in done]
    then = owed(after)
    assert then.left == ()
    assert then.visited * 100 >= then.repairs * SHARE_PCT
    assert then.serious_visited == then.serious
    assert all(each.visited for each in after if each.asked)


def test_of_ten_repairs_three_are_owed_and_not_the_pleasant_ones() -> None:
    repairs = [Done(f"b:{n}", False, False, False, False) for n in range(10)]
    three = owed(repairs).left
    assert len(three) == 3
    assert owed(reversed(repairs)).left == three, "which ones follows from their ids alone"
    others = [each.id for each in repairs if each.id not in three][:3]
    chosen = [replace(each, visited=each.id in others) for each in repairs]
    assert owed(chosen).left == (), "a share is a share"


def test_a_request_ends_once_and_its_closer_has_received_it() -> None:
    asked = Request("b:1", "page", "", "", 1, 2)
    ended = requests.close(asked, 5, "answered", "at two", "yu")
    assert ended is not None
    assert (ended.closed, ended.receiver, ended.reply) == (5, "yu", "at two")
    assert requests.close(ended, 6, "nothing", "", "yu") is None
    assert requests.close(asked, 6, "sold", "", "yu") is None


@pytest.mark.parametrize(("respond", "minutes"), [("15min", 15), ("", 30)])
def test_a_request_waits_no_longer_than_somebody_may_be_away(respond: str, minutes: int) -> None:
    now = datetime(2026, 11, 20, 21, 40, tzinfo=ZoneInfo("Asia/Shanghai"))
    noise = Category("noise", Text("噪音", "Noise"), "request", (), "same-day", "desk", respond)
    waits = requests.due_of(noise, now, Calendar()) - now
    assert waits.total_seconds() == minutes * 60


@pytest.mark.parametrize(
    ("digits", "good"), [("", True), ("0123", True), ("123", False), ("12a4", False), ("١٢٣٤", False)]
)
def test_of_a_telephone_four_digits_are_kept_or_none(digits: str, good: bool) -> None:
    assert requests.is_phone(digits) is good


FINDING = Finding("b:1", "hazard", "wire", "bare", "bare", "shed", None, 100, False, False, 1)


def test_a_notice_sets_whose_turn_it_is_until_it_is_put_right() -> None:
    told = findings.notify(FINDING, 5, 17, to="contractor", due=900, demand="cover it")
    assert told is not None
    assert (told.to, told.due, told.notice, told.noticed) == ("contractor", 900, 17, 5)
    right = findings.correct(told, 6)
    assert right is not None
    assert findings.notify(right, 7, 18, to="fitter", due=950, demand="x") is None


def test_a_findings_limit_is_moved_once_and_later() -> None:
    later = findings.postpone(FINDING, 200)
    assert later is not None
    assert (later.due, findings.postpone(later, 300), findings.postpone(FINDING, 100)) == (200, None, None)
