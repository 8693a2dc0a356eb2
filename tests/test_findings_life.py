"""Laws of what becomes of findings and orders in the fold: nothing is closed that nobody looked at again (D34)."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app import kinds
from app.duties.findings import Finding
from app.duties.orders import Stage
from app.kinds.findings import FindingCorrected, FindingRechecked
from app.kinds.orders import (
    KEPT_MS,
    MOST,
    ORDERS,
    OrderAccepted,
    OrderArrived,
    OrderConfirmed,
    OrderDone,
    OrderTaken,
)
from app.record import Record
from app.resume import State, fold_one

BOOK = "ab" * 32
HOUR_MS = 3_600_000


def raised(number: int) -> Finding:
    return Finding(f"{BOOK}:{number}", "hazard", "wire", "sparks", "sparks", "shed", None, 9, False, False, 1)


def record(seq: int, body: kinds.Body, at: int) -> Record:
    plain = kinds.to_dict(body)
    return Record(at, plain, "boot", ("li-min",), kinds.kind_of(body), None, seq, at, kinds.VERSION)


ACTS = st.tuples(st.integers(1, 4), st.sampled_from(["corrected", "right", "wrong"]))


def said(act: tuple[int, str]) -> kinds.Body:
    number, what = act
    if what == "corrected":
        return FindingCorrected(f"{BOOK}:{number}", "sparks")
    return FindingRechecked(f"{BOOK}:{number}", what == "right", "sparks", None, proved=False)


@given(st.lists(ACTS, max_size=40))
def test_a_closed_finding_was_put_right_and_then_rechecked(acts: list[tuple[int, str]]) -> None:
    state = State(book=BOOK, findings={each.id: each for each in map(raised, (1, 2, 3))})
    for seq, act in enumerate(acts, start=10):
        body = said(act)
        after = fold_one(state, record(seq, body, seq), lambda named: None)
        assert not after.findings.keys() - state.findings.keys(), "nothing appears"
        for closed in state.findings.keys() - after.findings.keys():
            assert isinstance(body, FindingRechecked)
            assert body.ok
            assert body.finding == closed
            assert state.findings[closed].corrected is not None
        for id in after.findings:
            before, now = state.findings[id], after.findings[id]
            assert now.due == before.due
            assert now.reopened - before.reopened in (0, 1)
            assert now.reopened == before.reopened or now.corrected is None, "not right: it is to be put right again"
        state = after


def test_the_orders_of_a_year_leave_only_what_is_open_and_the_last_day() -> None:
    state, seq, at = State(book=BOOK), 0, 0
    sizes = []
    for _ in range(3 * MOST):
        at += HOUR_MS
        id = f"{BOOK}:{seq + 1}"
        for body in (
            OrderTaken("radio", "lamp", "off", "lamp off", "li-min", "fitter", None, at, False),
            OrderAccepted(id, "li-min"),
            OrderArrived(id, None, proved=False),
            OrderDone(id, (), clean=True, late=False),
            OrderConfirmed(id, "absent"),
        ):
            seq += 1
            state = fold_one(state, record(seq, body, at), lambda named: None)
        assert state.share(ORDERS)[id].stage is Stage.CLOSED
        sizes.append(len(state.share(ORDERS)))
    assert max(sizes) <= KEPT_MS // HOUR_MS + 1
    assert all(before <= after or after >= KEPT_MS // HOUR_MS for before, after in pairwise(sizes))


def test_open_orders_are_never_more_than_a_site_can_have() -> None:
    state = State(book=BOOK)
    for seq in range(1, MOST + 20):
        body = OrderTaken("radio", "lamp", "off", "lamp off", "li-min", "fitter", None, 9, False)
        state = fold_one(state, record(seq, body, seq), lambda named: None)
    assert msgspec.json.decode(msgspec.json.encode(state), type=State).share(ORDERS) == state.share(ORDERS), (
        "as a snapshot keeps it"
    )
    assert len(state.share(ORDERS)) == MOST
    assert f"{BOOK}:{MOST + 19}" in state.share(ORDERS)
