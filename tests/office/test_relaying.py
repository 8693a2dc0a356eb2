"""What one handheld records of an order, a finding or a call-out, the others of the site know, and all alike."""

from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.duties.orders import Stage
from app.kinds.matters import matter_of
from app.kinds.orders import ORDERS
from app.kinds.procedures import RUNS
from app.logbook.book import Draft
from app.memory import Memory
from app.pages import pages_of
from app.record import Record
from app.relayed import Relayed, clash, fold_matter, merged, read_page
from app.resume import State, fold_one
from app.work import Work
from sync.courier import Courier
from tests.office.conftest import SITE, Handheld, Office, at

DAY = 24 * 3600 * 1000
FITTER, OTHER = "zhang-wei", "li-jun"


def taken(person: str = FITTER) -> Draft:
    body = {
        "origin": "radio", "category": "repair", "phrase": "pipe", "words": "Pipe", "person": person, "to": "fitter",
        "respond": None, "due": at("2026-11-20 23:30"), "urgent": False, "point": None, "room": "3-1201",
    }  # fmt: skip
    return Draft("order.taken", body, (person,))


def pull(office: Office, *handhelds: Handheld) -> None:
    """What is recorded goes up, and down to each."""
    for _ in range(2):
        for each in handhelds:
            kept, office.now = office.now, max(each.clock.now().at, 0)
            Courier(each.logbook, each.clock).exchange()
            office.ask(office.serving.folding.catch_up())
            office.now = kept
    for each in handhelds:
        each.walker.watch.take_pages(pages_of(each.logbook, each.clock.now().at))


def record(handheld: Handheld, *drafts: Draft) -> str:
    """Record as the screens do, so that the handheld's own state knows; the id of the last."""
    entries = handheld.write(*drafts)
    handheld.walker.watch._memory.take(entries)
    return f"{handheld.logbook.book_id}:{entries[-1].record.seq}"


def order_at(handheld: Handheld, order: str) -> tuple[Stage, str | None]:
    found = handheld.walker.watch.state.share(ORDERS)[order]
    return found.stage, found.worker


def test_an_order_taken_on_one_handheld_is_done_on_another_and_the_receiver_is_told(
    office: Office, tmp_path: Path
) -> None:
    one, two = Handheld(office, tmp_path / "one"), Handheld(office, tmp_path / "two", "东门岗2号")
    order = record(one, taken())
    pull(office, one, two)
    assert order_at(two, order) == (Stage.TAKEN, None)
    steps = (
        Draft("order.accepted", {"order": order, "person": OTHER, "saw": 1}, (OTHER,)),
        Draft("order.going", {"order": order}, (OTHER,)),
        Draft("order.arrived", {"order": order, "point": None, "proved": False}, (OTHER,)),
        Draft("order.done", {"order": order, "parts": [], "clean": True, "late": False}, (OTHER,)),
    )
    for step in steps:
        record(two, step)
    pull(office, two, one)
    assert order_at(one, order) == order_at(two, order) == (Stage.DONE, OTHER)
    record(one, Draft("order.confirmed", {"order": order, "how": "code", "value": "1234"}, (FITTER,)))
    pull(office, one, two)
    assert order_at(two, order)[0] is Stage.CLOSED
    one.close()
    two.close()


def test_two_who_took_the_same_order_without_a_network_are_asked_to_agree(office: Office, tmp_path: Path) -> None:
    one, two = Handheld(office, tmp_path / "one"), Handheld(office, tmp_path / "two", "东门岗2号")
    order = record(one, taken())
    pull(office, one, two)
    for handheld, person in ((one, FITTER), (two, OTHER)):
        record(handheld, Draft("order.accepted", {"order": order, "person": person, "saw": 1}, (person,)))
    pull(office, one, two)
    assert order_at(one, order) == order_at(two, order)
    for handheld in (one, two):
        assert set(Work.of(handheld.walker.watch).clash(order)) == {FITTER, OTHER}
    record(two, Draft("order.accepted", {"order": order, "person": OTHER, "saw": 3}, (OTHER,)))
    assert Work.of(two.walker.watch).clash(order) == ()
    pull(office, two, one)
    assert Work.of(one.walker.watch).clash(order) == ()
    assert order_at(one, order)[1] == OTHER
    one.close()
    two.close()


def test_what_a_handheld_did_since_stands_over_what_the_office_knew(office: Office, tmp_path: Path) -> None:
    one, two = Handheld(office, tmp_path / "one"), Handheld(office, tmp_path / "two", "东门岗2号")
    order = record(one, taken())
    pull(office, one, two)
    record(two, Draft("order.accepted", {"order": order, "person": OTHER, "saw": 1}, (OTHER,)))
    two.walker.watch.take_pages(pages_of(two.logbook, two.clock.now().at))
    assert order_at(two, order) == (Stage.ACCEPTED, OTHER)
    restarted = Memory(two.logbook).state.share(ORDERS)[order]
    assert (restarted.stage, restarted.worker) == (Stage.ACCEPTED, OTHER)
    one.close()
    two.close()


def test_a_call_out_is_one_on_all_handhelds_and_ends_everywhere(office: Office, tmp_path: Path) -> None:
    one, two = Handheld(office, tmp_path / "one"), Handheld(office, tmp_path / "two", "东门岗2号")
    body = {"procedure": "flood", "name": "Flood", "exercise": True}
    run = record(one, Draft("procedure.opened", body, (FITTER,)))
    pull(office, one, two)
    record(two, Draft("procedure.assembled", {"run": run, "team": "pumps", "late": False}, (OTHER,)))
    pull(office, two, one)
    found = one.walker.watch.state.share(RUNS)[run]
    assert found.teams["pumps"].assembled is not None
    record(one, Draft("procedure.closed", {"run": run}, (FITTER,)))
    pull(office, one, two)
    assert run not in two.walker.watch.state.share(RUNS)
    one.close()
    two.close()


def test_what_is_long_over_is_withdrawn(office: Office, tmp_path: Path) -> None:
    one = Handheld(office, tmp_path / "one")
    run = record(one, Draft("procedure.opened", {"procedure": "flood", "name": "Flood", "exercise": True}, (FITTER,)))
    record(one, Draft("procedure.closed", {"run": run}, (FITTER,)))
    pull(office, one)

    def sent() -> bytes | None:
        item = office.ask(office.store.changes.current(SITE, "matter", run))
        return item.body if item else None

    assert sent() is not None
    one.clock.wait_until(one.clock.now().at + 3 * DAY)
    record(one, taken())
    pull(office, one)
    assert sent() is None
    one.close()


# -- laws -----------------------------------------------------------------------------------------

BOOKS = ("a" * 64, "b" * 64)
ORDER = f"{BOOKS[0]}:1"


def a_record(book: str, seq: int, draft: Draft) -> Relayed:
    moment = at("2026-11-20 22:00") + seq
    return Relayed(book, Record(moment, dict(draft.body), "0" * 32, draft.by, draft.kind, 0, seq, seq, 1))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(BOOKS),
        st.sampled_from(
            [
                Draft("order.accepted", {"order": ORDER, "person": FITTER, "saw": 1}, (FITTER,)),
                Draft("order.accepted", {"order": ORDER, "person": OTHER, "saw": 2}, (OTHER,)),
                Draft("order.going", {"order": ORDER}, (OTHER,)),
                Draft("order.postponed", {"order": ORDER, "due": 2**42, "reason": "part", "words": ""}, (OTHER,)),
                Draft("order.done", {"order": ORDER, "parts": [], "clean": True, "late": False}, (OTHER,)),
                Draft("order.visit", {"order": ORDER}, (FITTER,)),
            ]
        ),
    ),
    max_size=8,
)


@given(STEPS, st.integers(0, 8))
def test_it_is_the_same_whether_the_office_or_the_handheld_had_the_last_steps(
    steps: list[tuple[str, Draft]], sent: int
) -> None:
    records = [a_record(BOOKS[0], 1, taken())]
    records += [a_record(book, 2 + n, draft) for n, (book, draft) in enumerate(steps)]
    sent = min(1 + sent, len(records))
    whole = merged(State(book=BOOKS[1]), ORDER, records)
    state = merged(State(book=BOOKS[1]), ORDER, records[:sent])
    for each in records[sent:]:
        state = fold_one(state, each.record, lambda _: None)
    assert state.share(ORDERS)[ORDER] == whole.share(ORDERS)[ORDER] == fold_matter(records).share(ORDERS)[ORDER]


@given(STEPS)
def test_a_clash_is_always_between_two_handhelds(steps: list[tuple[str, Draft]]) -> None:
    records = [a_record(BOOKS[0], 1, taken())] + [a_record(book, 2 + n, draft) for n, (book, draft) in enumerate(steps)]
    found = clash(records)
    assert len({each.book for each in found}) == len(found)


@given(st.binary(max_size=200))
def test_no_page_can_raise(raw: bytes) -> None:
    assert read_page(raw) == ()


@given(st.text(max_size=20), st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=120)))
def test_a_matter_is_named_by_a_short_text_or_not_at_all(kind: str, body: dict[str, object]) -> None:
    found = matter_of(kind, body, "c" * 64, 7)
    assert found is None or 0 < len(found) <= 100


def test_a_page_is_read_as_it_was_written() -> None:
    records = (a_record(BOOKS[0], 1, taken()),)
    assert read_page(msgspec.json.encode({"records": records})) == records
