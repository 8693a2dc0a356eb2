"""What the lists are made of: every record in its lists, each matter as it stands, each reading with its limits.

Folded along the way, in steps of any length, or again from nothing: the same rows.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, select

from app.kinds import VERSION
from app.logbook.book import Draft
from app.logbook.keys import head_message
from app.record import Record, encode, follow
from sync.office import fold, subjects
from sync.office.fold import Folding, forget
from sync.office.papers import catalogue
from sync.office.papers.source import Wish
from sync.office.serve import open_store
from sync.office.store import Store, cases, entries, matters, readings, retention
from sync.office.store.cases import CaseRow, Which
from sync.office.store.paging import Span
from sync.office.store.records import Batch, append, link
from sync.office.walker import Tricks
from tests.office.conftest import SITE, Handheld, Office, at, take_example

SAID = tuple[str, dict[str, Any], str, int]
"""Kind, body, person, UTC ms."""
NOW = at("2026-11-20 08:00")
HOUR = 3_600_000
MADE = (entries.entries, cases.cases, readings.readings, matters.matter_records)


class Book:
    """A book that somebody writes straight into the store."""

    def __init__(self, store: Store, seed: bytes = b"one") -> None:
        self._store = store
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest())
        self.id = hashlib.sha256(self._key.public_key().public_bytes_raw()).digest()

    async def say(self, *said: SAID, fault: str | None = None) -> str:
        """The id of the last record."""

        def change(tx: Connection) -> int:
            return append(tx, SITE, self.id, lambda held: self._batch(held.seq, held.hash, said), NOW).seq

        if fault is None:
            return f"{self.id.hex()}:{await self._store.write(change, SITE)}"
        held = await self._store.records.held(SITE, self.id)
        batch = self._batch(held.seq, held.hash, said)
        await self._store.records.take(SITE, batch, NOW, fault)
        return f"{self.id.hex()}:{held.seq + len(said)}"

    def _batch(self, seq: int, previous: bytes, said: Sequence[SAID]) -> Batch:
        links, first, before = [], seq + 1, previous
        for kind, body, by, moment in said:
            seq += 1
            raw = encode(Record(moment, body, "boot", (by,) if by else (), kind, 0, seq, moment, VERSION))
            previous = follow(previous, raw)
            links.append(link(seq, raw, previous))
        sig = self._key.sign(head_message(self.id, seq, previous))
        return Batch(self.id, first, before, tuple(links), self._key.public_key().public_bytes_raw(), sig, 0)


def raised(kind: str = "finding", category: str = "fire-lane", **more: Any) -> dict[str, Any]:
    body = {
        "kind": kind, "category": category, "phrase": "", "words": "Ein Wagen", "point": "b1-u1", "stop": None,
        "round": None, "due": NOW + 4 * HOUR, "urgent": False, "fixed": False, "check": None, "asset": None,
    }  # fmt: skip
    return body | more


def taken(**more: Any) -> dict[str, Any]:
    body = {
        "origin": "radio", "category": "water-leak", "phrase": "", "words": "Keller", "person": "wang-lei",
        "to": "fitter", "respond": NOW + HOUR, "due": NOW + 5 * HOUR, "urgent": True, "point": "b1-u1",
        "room": "3-1201", "finding": None, "asset": "pump-1",
    }  # fmt: skip
    return body | more


@pytest.fixture
def store(db: str) -> Iterator[Store]:
    """An office with the example's plan."""

    async def opened() -> Store:
        store = await open_store(db)
        await take_example(store, NOW)
        return store

    it = asyncio.run(opened())
    yield it
    it.close()


def all_rows(tx: Connection) -> dict[str, list[tuple[Any, ...]]]:
    def of(table: Table) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in tx.execute(select(table).order_by(*table.primary_key.columns))]

    return {table.name: of(table) for table in MADE}


async def folded(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    await Folding(store).catch_up()
    return await store.read(all_rows)


async def again(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """The same from nothing."""
    await store.write(lambda tx: forget(tx, SITE))
    assert not any((await store.read(all_rows)).values())
    return await folded(store)


async def case(store: Store, name: str) -> CaseRow:
    await Folding(store).catch_up()
    row = await store.read(lambda tx: cases.find(tx, SITE, name))
    assert row is not None
    return row


def test_an_order_that_claims_to_come_of_another_order_ties_nothing(store: Store) -> None:
    async def live() -> None:
        book = Book(store)
        first = await book.say(("order.taken", taken(), "wang-lei", NOW))
        await Folding(store).catch_up()
        await book.say(("order.taken", taken(finding=first), "wang-lei", NOW))
        assert (await case(store, first)).order == ""

    asyncio.run(live())


def test_an_order_stands_in_the_ledger_with_every_time_and_promise(store: Store) -> None:
    async def live() -> None:
        book, other = Book(store), Book(store, b"two")
        order = await book.say(("order.taken", taken(), "wang-lei", NOW))
        assert (await case(store, order)).state == "taken"
        later = NOW + 30 * HOUR
        steps: tuple[SAID, ...] = (
            ("order.accepted", {"order": order, "person": "tang-jun"}, "tang-jun", NOW + 60_000),
            ("order.postponed", {"order": order, "due": later, "reason": "part", "words": ""}, "tang-jun", NOW + HOUR),
            ("order.going", {"order": order}, "tang-jun", NOW + 2 * HOUR),
            ("order.arrived", {"order": order, "point": "b1-u1", "proved": True}, "tang-jun", NOW + 3 * HOUR),
        )  # fmt: skip
        await other.say(*steps)
        row = await case(store, order)
        assert (row.sort, row.state, row.worker, row.responsible) == ("order", "arrived", "tang-jun", "wang-lei")
        assert (row.due_at, row.postponed, row.respond_at) == (NOW + 30 * HOUR, True, NOW + HOUR)
        assert (row.going_at, row.arrived_at) == (NOW + 2 * HOUR, NOW + 3 * HOUR)
        assert (row.area, row.asset, row.room, row.urgent, row.late) == ("grid-1", "pump-1", "3-1201", True, None)
        assert not row.is_late(NOW + 30 * HOUR - 1)
        assert row.is_late(NOW + 30 * HOUR)
        await other.say(
            ("order.done", {"order": order, "parts": [], "clean": True, "late": True}, "tang-jun", NOW + 31 * HOUR),
            ("order.confirmed", {"order": order, "how": "absent", "value": ""}, "tang-jun", NOW + 32 * HOUR),
        )
        row = await case(store, order)
        assert (row.state, row.late, row.visit, row.records) == ("closed", True, True, 7)
        assert (row.done_at, row.closed_at) == (NOW + 31 * HOUR, NOW + 32 * HOUR)
        about = await store.read(lambda tx: entries.listed(tx, SITE, subjects.ASSET, ("pump-1",)))
        assert [entry.kind for entry in about] == [  # every step, though only the first names the asset
            "order.confirmed", "order.done", "order.arrived", "order.going", "order.postponed", "order.accepted",
            "order.taken",
        ]  # fmt: skip
        late = await store.read(lambda tx: cases.listed(tx, [SITE], Which(late=NOW)))
        visits = await store.read(lambda tx: cases.count(tx, [SITE], Which(sorts=("order",), visit=True, open=False)))
        assert [each.case for each in late] == [order]
        assert visits == 1
        anew = {"order": order, "due": NOW + 90 * HOUR, "reason": "again", "words": ""}
        await book.say(("order.reopened", anew, "wang-lei", NOW + 50 * HOUR))
        row = await case(store, order)
        assert (row.state, row.reopened, row.due_at) == ("taken", 1, NOW + 90 * HOUR)
        assert (row.respond_at, row.going_at, row.arrived_at) == (NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR)
        assert await folded(store) == await again(store)

    asyncio.run(live())


def test_a_finding_of_a_time_that_no_calendar_holds_stops_nobody(store: Store) -> None:
    async def live() -> None:
        finding = await Book(store).say(("finding.raised", raised("hazard", "ebike"), "wang-lei", 2**53 - 1))
        row = await case(store, finding)
        assert (row.sort, row.state, row.paper_due) == ("hazard", "open", None)

    asyncio.run(live())


def test_a_word_that_nobody_knows_is_printed_as_it_stands(store: Store) -> None:
    async def live() -> None:
        book = Book(store)
        finding = await book.say(("finding.raised", raised("hazard", "ebike"), "wang-lei", NOW))
        said = {"finding": finding, "found": NOW, "party": "ghost", "answer": "vanished", "words": "", "room": "2-301"}
        await book.say(("violation.recorded", said, "wang-lei", NOW))
        await Folding(store).catch_up()
        today = date(2026, 11, 20)
        paper = await catalogue.made(store, Wish("violation", SITE, today, today, "en", finding), NOW)
        text = msgspec.json.encode(paper).decode()
        assert "ghost" in text
        assert "vanished" in text
        notice = {"finding": finding, "to": "spectre", "due": NOW + HOUR, "demand": "remove it"}
        await book.say(("finding.noticed", notice, "wang-lei", NOW))
        await Folding(store).catch_up()
        paper = await catalogue.made(store, Wish("notice", SITE, today, today, "en", finding), NOW)
        assert "spectre" in msgspec.json.encode(paper).decode()

    asyncio.run(live())


def test_a_finding_is_open_corrected_closed_and_open_again(store: Store) -> None:
    async def live() -> None:
        book = Book(store)
        finding = await book.say(("finding.raised", raised("hazard", "ebike"), "wang-lei", NOW))
        row = await case(store, finding)
        assert (row.sort, row.state, row.paper, row.records) == ("hazard", "open", "record", 1)
        assert row.paper_due is not None
        order = await book.say(("order.taken", taken(finding=finding, asset=None), "wang-lei", NOW + 1))
        assert (await case(store, finding)).order == order
        await book.say(
            ("finding.corrected", {"finding": finding, "words": "", "order": order}, "tang-jun", NOW + 5 * HOUR)
        )
        row = await case(store, finding)
        assert (row.state, row.done_at, row.late, row.worker) == ("corrected", NOW + 5 * HOUR, True, "tang-jun")
        check = {"finding": finding, "ok": False, "words": "", "point": None, "proved": False}
        await book.say(("finding.rechecked", check, "wang-lei", NOW + 6 * HOUR))
        row = await case(store, finding)
        assert (row.state, row.done_at, row.late, row.reopened) == ("open", None, None, 1)
        paper = {"finding": finding, "found": NOW, "party": "owner", "answer": "refused", "words": "", "room": "2-301"}
        await book.say(
            ("violation.recorded", paper, "wang-lei", NOW + 6 * HOUR),
            ("finding.corrected", {"finding": finding, "words": ""}, "tang-jun", NOW + 7 * HOUR),
            ("finding.rechecked", {**check, "ok": True}, "wang-lei", NOW + 8 * HOUR),
        )
        row = await case(store, finding)
        assert (row.state, row.done_at, row.closed_at) == ("closed", NOW + 7 * HOUR, NOW + 8 * HOUR)
        assert (row.paper, row.room) == ("notice", "2-301")
        fixed = await book.say(("finding.raised", raised(category="lamp", fixed=True), "wang-lei", NOW))
        row = await case(store, fixed)
        assert (row.state, row.fixed, row.late, row.paper, row.closed_at) == ("closed", True, False, None, NOW)
        violations = await store.read(lambda tx: cases.listed(tx, [SITE], Which(violation=True)))
        assert [each.case for each in violations] == [finding]
        tallies = await store.read(lambda tx: cases.tallies(tx, [SITE], NOW + 6 * HOUR))
        assert {sort: (each.open, each.late) for (_, sort), each in tallies.items()} == {"order": (1, 1)}
        assert await folded(store) == await again(store)

    asyncio.run(live())


def test_a_dwelling_stands_open_until_the_builder_owes_nothing(store: Store) -> None:
    async def live() -> None:
        book = Book(store)
        fault = {"survey": "flats", "unit": "1-101", "fitting": "door", "ok": False, "words": "Tür", "due": NOW + HOUR}
        number = await book.say(("survey.checked", fault, "xiao-ming", NOW))
        row = await case(store, "flats/1-101")
        assert (row.sort, row.state, row.left, row.due_at) == ("dwelling", "open", 1, NOW + HOUR)
        over = {"survey": "flats", "unit": "1-101", "faults": 1, "crew": [], "how": "paper", "number": "7"}
        right = {"survey": "flats", "unit": "1-101", "fitting": "door", "ok": True, "words": "", "fault": number}
        await book.say(
            ("survey.closed", over, "xiao-ming", NOW + 1),
            ("survey.checked", right, "xiao-ming", NOW + 2),
            ("survey.closed", {**over, "faults": 0}, "xiao-ming", NOW + 3),
        )
        row = await case(store, "flats/1-101")
        assert (row.state, row.left, row.closed_at, row.records) == ("closed", 0, NOW + 3, 4)
        assert await folded(store) == await again(store)

    asyncio.run(live())


def test_lines_of_a_list_come_page_by_page_and_each_once(store: Store) -> None:
    async def live() -> None:
        book, other = Book(store), Book(store, b"two")
        for number in range(30):
            register = "visitors" if number % 3 else "control-room"
            body: dict[str, Any] = {"register": register, "answers": {}, "words": "", "stays": False, "post": None}
            await (book, other)[number % 2].say(("register.entered", body, "he-jing", NOW + number // 4 * HOUR))
        await book.say(("register.entered", body, "he-jing", NOW), fault="revoked")
        await Folding(store).catch_up()
        for oldest in (False, True):
            whole = await store.read(lambda tx, o=oldest: entries.listed(tx, SITE, "register", oldest=o))  # type: ignore[misc]
            assert len(whole) == 30
            pages, after = [], None
            while True:
                page = await store.read(
                    lambda tx, o=oldest, a=after: entries.listed(tx, SITE, "register", after=a, most=7, oldest=o)  # type: ignore[misc]
                )
                if not page:
                    break
                pages += page
                after = page[-1].place
            assert pages == whole
        visitors = await store.read(lambda tx: entries.count(tx, SITE, "register", ("visitors",)))
        within = Span(NOW + HOUR, NOW + 2 * HOUR)
        some = await store.read(
            lambda tx: entries.listed(tx, SITE, "register", ("visitors", "control-room"), span=within)
        )
        assert visitors == 20
        assert len(some) == 4
        raws = await store.read(lambda tx: entries.raws(tx, SITE, some))
        assert {one.kind for one in raws.values()} == {"register.entered"}

    asyncio.run(live())


def test_a_reading_has_the_limits_under_which_it_was_taken(office: Office, handheld: Handheld) -> None:
    name = handheld.walk("power-am", tricks=Tricks(readings={"temp": "43"}))
    handheld.sync()
    found = measured(office, name)
    hot = [row for row in found if row.item == "temp"]
    assert {(row.sort, row.value, row.shown, row.verdict, row.high) for row in hot} == {
        ("number", 43.0, "43", "high", 40.0)
    }
    assert {row.verdict for row in found if row not in hot} == {"ok"}
    assert all(row.asset == "" or office.plan().find_asset(row.asset) for row in found)
    again = next(row for row in found if row.sort == "number" and row not in hot)
    (answer,) = [
        entry.record
        for entry in handheld.logbook.entries()
        if entry.record.seq == again.seq
    ]  # fmt: skip
    body = {**answer.body, "value": "1", "ok": False, "corrects": answer.seq}
    handheld.write(Draft("check.answered", body, answer.by))
    handheld.sync()
    after = measured(office, name)
    assert len(after) == len(found)
    assert again.seq not in {row.seq for row in after}
    assert {row.value for row in after if (row.item, row.point) == (again.item, again.point)} == {1.0}
    office.ask(office.store.write(lambda tx: forget(tx, SITE)))
    office.ask(office.serving.folding.catch_up())
    assert measured(office, name) == after


def measured(office: Office, name: str) -> list[readings.ReadingRow]:
    """On that round, oldest first."""
    rows = office.ask(office.store.read(lambda tx: readings.listed(tx, SITE, oldest=True)))
    return [row for row in rows if row.round == name]


def test_a_purge_takes_a_record_out_of_every_list(store: Store) -> None:
    async def live() -> None:
        book = Book(store)
        finding = await book.say(("finding.raised", raised(asset="pump-1"), "wang-lei", NOW))
        await book.say(("finding.corrected", {"finding": finding, "words": ""}, "tang-jun", NOW + 1))
        kept = await book.say(("finding.raised", raised(), "wang-lei", NOW))
        await Folding(store).catch_up()
        gone = (await store.records.of_book(SITE, book.id))[:2]
        await store.write(lambda tx: retention.purge(tx, SITE, gone, []))
        rows = await store.read(all_rows)
        assert [row[1] for row in rows["cases"]] == [kept]
        assert {(row[4], row[5]) for row in rows["entries"]} == {(book.id, 3)}
        assert await again(store) == rows

    asyncio.run(live())


# -- any history ---------------------------------------------------------------------------------

_moments = st.integers(NOW, NOW + 200 * HOUR)
_which = st.integers(1, 12)
_due = st.integers(NOW, NOW + 300 * HOUR)
_no, _empty = st.just(False), st.just("")


def _says(kind: str, by: str, /, **body: st.SearchStrategy[Any]) -> st.SearchStrategy[SAID]:
    return st.tuples(st.just(kind), st.fixed_dictionaries(body), st.just(by), _moments)


def _begins(kind: str, body: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[SAID]:
    return st.tuples(st.just(kind), body, st.just("wang-lei"), _moments)


_histories = st.one_of(
    _begins("finding.raised", st.builds(raised, asset=st.sampled_from([None, "pump-1"]), fixed=st.booleans())),
    _begins("order.taken", st.builds(taken, finding=_which)),
    _says("finding.corrected", "feng-lei", finding=_which, words=_empty),
    _says("finding.rechecked", "feng-lei", finding=_which, ok=st.booleans(), words=_empty, point=st.none(), proved=_no),
    _says("finding.postponed", "feng-lei", finding=_which, due=_due, reason=st.just("part"), words=_empty),
    _says("order.accepted", "feng-lei", order=_which, person=st.sampled_from(["tang-jun", "feng-lei"]), saw=_which),
    _says("order.going", "feng-lei", order=_which),
    _says("order.arrived", "feng-lei", order=_which, point=st.none(), proved=_no),
    _says("order.done", "feng-lei", order=_which, parts=st.just([]), clean=st.just(True), late=_no),
    _says("order.confirmed", "feng-lei", order=_which, how=st.just("absent"), value=_empty),
    _says("order.reopened", "feng-lei", order=_which, due=_due, reason=st.just("again"), words=_empty),
    _says(
        "survey.checked", "xiao-ming", survey=st.just("flats"), unit=st.sampled_from(["1", "2"]),
        fitting=st.sampled_from("ab"), ok=st.booleans(), words=_empty, due=_due,
    ),
    _says("handover.given", "wang-lei", post=st.sampled_from(["\x00", "gate"])),
)  # fmt: skip
"""Records in any order, also such as no handheld would write; numbers stand for the ids of earlier ones, or later."""


@pytest.mark.proof
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.tuples(_histories, st.booleans()), max_size=30), step=st.integers(1, 50), data=st.data())
def test_any_history_folds_to_the_same_in_steps_of_any_length(
    store: Store, said: list[tuple[SAID, bool]], step: int, data: st.DataObject
) -> None:
    tag = data.draw(st.binary(min_size=4, max_size=4))

    async def live() -> None:
        books = (Book(store, b"a" + tag), Book(store, b"b" + tag))
        for (kind, body, by, moment), second in said:
            named = {
                name: f"{books[value % 2].id.hex()}:{(value + 1) // 2}" if name in ("finding", "order") else value
                for name, value in body.items()
            }
            await books[second].say((kind, named, by, moment))
            if len(body) % 2:
                await Folding(store).catch_up()
        whole = await folded(store)
        kept, fold.STEP = fold.STEP, step  # type: ignore[misc]
        try:
            assert await again(store) == whole
        finally:
            fold.STEP = kept  # type: ignore[misc]

    asyncio.run(live())
