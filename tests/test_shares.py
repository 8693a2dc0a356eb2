"""Subjects by themselves: a kind finds its body by its name; a share of the state stays JSON until it is asked for."""

import msgspec
import pytest
from msgspec.structs import replace

from app import kinds
from app.kinds import KINDS
from app.kinds.orders import ORDERS, OrderTaken
from app.kinds.procedures import RUNS, ProcedureClosed, ProcedureOpened
from app.record import Record
from app.resume import State, fold_one

TAKEN = OrderTaken(
    origin="radio", category="light", phrase="dead", words="灯不亮", person="li", to="fitter", respond=None, due=9,
    urgent=False,
)  # fmt: skip


def after(state: State, seq: int, body: kinds.Body) -> State:
    kind, said = kinds.kind_of(body), kinds.to_dict(body)
    record = Record(at=seq, body=said, boot="b", by=("li",), kind=kind, off=None, seq=seq, up=seq, v=1)
    return fold_one(state, record, lambda named: None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_and_its_body_say_the_same(kind: str) -> None:
    assert kinds.name_of(KINDS[kind]) == kind


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_share_folds_are_kinds_of_its_own_module(kind: str) -> None:
    shape = KINDS[kind]
    share = kinds.share_of(shape)
    if share is not None:
        here = {body for body in KINDS.values() if body.__module__ == shape.__module__}
        assert share.steps.keys() <= here


def test_a_share_stays_as_it_was_kept_until_somebody_asks_and_is_the_same_then() -> None:
    state = after(State(book="ab"), 1, TAKEN)
    kept = msgspec.json.encode(state)
    found = msgspec.json.decode(kept, type=State)
    assert isinstance(found.shares["orders"], msgspec.Raw)
    assert msgspec.json.encode(found) == kept
    assert found.share(ORDERS) == state.share(ORDERS)
    assert found.share(ORDERS) is found.share(ORDERS)
    assert found == state
    assert msgspec.json.encode(found) == kept


def test_a_share_that_another_version_wrote_is_as_before_any_record_and_the_rest_stands() -> None:
    state = after(after(State(book="ab"), 1, TAKEN), 2, ProcedureOpened("fire", "Fire", False))
    kept = replace(state, shares={**state.shares, "orders": msgspec.Raw(b'{"ab:1": 7}')})
    found = msgspec.json.decode(msgspec.json.encode(kept), type=State)
    assert found.share(ORDERS) == {}
    assert [run.procedure for run in found.share(RUNS).values()] == ["fire"]


def test_a_share_that_is_empty_again_is_not_kept() -> None:
    opened = after(State(book="ab"), 1, ProcedureOpened("fire", "Fire", False))
    assert "runs" in opened.shares
    assert "runs" not in after(opened, 2, ProcedureClosed("ab:1")).shares
    assert "runs" in opened.shares, "the state before is what it was"
