"""One exchange after another over a good link: what the handheld wrote is what the office holds."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from app.errors import ChainBroken, OfficeRefused
from app.logbook.book import Draft
from sync.client import Client, Refused
from sync.office.checking import check
from sync.office.store.engine import database
from sync.office.store.records import records_after
from sync.office.store.schema import arrivals, forks, heads, holes, records, urgent
from sync.wire import Hello, Lost
from tests.sync.places import PATIENT, SITE, RunningOffice, WallClock, handheld, now_ms, office, same_bytes
from tests.sync.proxy import Fault, proxy
from tests.sync.rogue import Rogue


def test_every_record_arrives_as_the_same_bytes_in_the_same_order(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(1300)
        state = mine.courier.exchange()
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))
        assert (state.pending, state.oldest, state.online, state.last_reason) == (0, None, True, None)
        assert mine.logbook.acked == mine.logbook.head.seq


def test_a_receipt_stays_when_the_handheld_is_switched_off(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        mine.courier.exchange()
        acked = mine.logbook.acked
    with handheld(tmp_path / "h", running) as again:
        assert again.logbook.acked == acked == again.logbook.head.seq
        [note] = [note for note in again.logbook.notes() if note["note"] == "receipt"]
        assert note["key"] == running.key.public.hex()


def test_sending_it_all_again_changes_nothing(running: RunningOffice) -> None:
    rogue = Rogue(running)
    for stop in range(20):
        rogue.add("stop.arrived", stop=f"s{stop}")
    line = rogue.client(running.url)
    first = line.send(rogue.batch())
    before = running.stored(rogue.book)
    again = line.send(rogue.batch())
    part = line.send(rogue.batch(5, 9))
    assert (first.accepted, again.accepted, part.accepted) == (21, 0, 0)
    assert first.high_water == again.high_water == part.high_water == 21
    assert running.stored(rogue.book) == before


def test_a_batch_that_overlaps_brings_only_what_is_new(running: RunningOffice) -> None:
    rogue = Rogue(running)
    for stop in range(9):
        rogue.add("stop.arrived", stop=f"s{stop}")
    line = rogue.client(running.url)
    line.send(rogue.batch(1, 6))
    assert line.send(rogue.batch(4, 10)).accepted == 4
    assert [row.seq for row in running.stored(rogue.book)] == list(range(1, 11))


def test_a_gap_is_told_with_the_mark_and_nothing_of_it_is_kept(running: RunningOffice) -> None:
    rogue = Rogue(running)
    for stop in range(9):
        rogue.add("stop.arrived", stop=f"s{stop}")
    line = rogue.client(running.url)
    line.send(rogue.batch(1, 3))
    with pytest.raises(Refused) as no:
        line.send(rogue.batch(6, 8))
    assert (no.value.problem.name, no.value.problem.high_water) == ("gap", 3)
    assert no.value.problem.head == rogue.hash_at(3).hex()
    assert running.held(rogue.book) == 3
    assert len(running.stored(rogue.book)) == 3


@pytest.mark.parametrize("at", [2, 4, 5])
def test_other_bytes_under_a_number_are_evidence_and_overwrite_nothing(running: RunningOffice, at: int) -> None:
    rogue = Rogue(running)
    for stop in range(4):
        rogue.add("stop.arrived", stop=f"s{stop}")
    line = rogue.client(running.url)
    line.send(rogue.batch())
    before = running.stored(rogue.book)
    rogue.records[at - 1] = rogue.raw(at, "stop.arrived", stop="elsewhere")
    rogue.add("stop.arrived", stop="later")
    with pytest.raises(Refused) as no:
        line.send(rogue.batch(2))
    assert no.value.problem.name == "fork"
    assert running.stored(rogue.book) == before
    kept = running.ask(running.store.read(lambda tx: tx.execute(forks.select().order_by(forks.c.seq)).all()))
    assert [row.seq for row in kept] == list(range(at, 7))
    assert kept[0].raw == rogue.records[at - 1]


def test_a_batch_on_another_past_is_a_fork(running: RunningOffice) -> None:
    rogue = Rogue(running)
    rogue.add("stop.arrived", stop="s1")
    line = rogue.client(running.url)
    line.send(rogue.batch())
    rogue.add("stop.arrived", stop="s2")
    with pytest.raises(Refused) as no:
        line.send(rogue.batch(3, prev=b"\x07" * 32))
    assert no.value.problem.name == "fork"
    assert running.held(rogue.book) == 2


def test_a_fork_at_the_office_stops_nothing_but_the_records(tmp_path: Path, running: RunningOffice) -> None:
    """The plan still comes down, and what was to be sent is sent (test_forks)."""
    with handheld(tmp_path / "h", running) as mine:
        mine.write(2)
        mine.courier.exchange()
        _rewrite_the_newest(running)
        running.publish("plan", "p", b'{"revision":1}')
        mine.write(1)
        state = mine.courier.exchange()
        assert (state.last_reason, state.online, state.pending, state.new_books) == (None, True, 0, 1)
        assert mine.logbook.page("plan") == b'{"revision":1}'


def _rewrite_the_newest(running: RunningOffice) -> None:
    """The office's newest record is another one: somebody wrote with a copy of the handheld's keys."""

    def rewrite(tx: Connection) -> None:
        newest = records.c.seq == select(func.max(records.c.seq)).scalar_subquery()
        tx.execute(update(records).where(newest).values(hash=bytes(32)))
        tx.execute(update(heads).values(hash=bytes(32)))

    running.ask(running.store.write(rewrite))


def test_a_record_that_says_nonsense_is_set_aside_and_blocks_nobody(running: RunningOffice) -> None:
    rogue = Rogue(running)
    rogue.add("stop.arrived", stop="s1")
    rogue.records.append(b'{"not":"a record","at":0.5}')
    rogue.records.append(rogue.raw(40, "stop.arrived", stop="s1"))
    rogue.add("book.opened", **rogue.opening())
    rogue.add("key.certified", key="00" * 32, cert="00" * 64)
    rogue.add("stop.arrived", stop="s2")
    ack = rogue.client(running.url).send(rogue.batch())
    assert ack.high_water == 7
    assert [(q.seq, q.type.removeprefix("urn:watchbook:")) for q in ack.quarantined] == [
        (3, "record-form"),
        (4, "record-number"),
        (5, "record-key"),
        (6, "record-key"),
    ]
    assert all(q.title for q in ack.quarantined)
    rows = running.stored(rogue.book)
    assert [row.raw for row in rows] == rogue.records
    assert [row.quarantine for row in rows] == [
        None, None, "record-form", "record-number", "record-key", "record-key", None,
    ]  # fmt: skip
    assert running.ask(check(running.store, running.key, now_ms())).wrong == (), "each of them for a reason"


def test_each_shift_key_is_certified_by_the_one_before(running: RunningOffice) -> None:
    rogue = Rogue(running)
    second, certificate = rogue.certify()
    rogue.add("key.certified", **certificate)
    rogue.shift = second
    third, certificate = rogue.certify()
    rogue.add("key.certified", **certificate)
    _, by_the_second_again = rogue.certify()
    rogue.add("key.certified", **by_the_second_again)
    rogue.shift = third
    ack = rogue.client(running.url).send(rogue.batch())
    assert [q.seq for q in ack.quarantined] == [4]


def test_the_mark_passes_a_hole_that_the_handheld_declares(running: RunningOffice) -> None:
    rogue = Rogue(running)
    for stop in range(9):
        rogue.add("stop.arrived", stop=f"s{stop}")
    line = rogue.client(running.url)
    line.send(rogue.batch(1, 4))
    hole = Lost(first=4, last=6, good=rogue.hash_at(3).hex(), next=rogue.hash_at(6).hex())
    ack = line.send(rogue.batch(7, lost=hole))
    assert ack.high_water == 10
    assert [row.seq for row in running.stored(rogue.book)] == [1, 2, 3, 4, 7, 8, 9, 10]
    [row] = running.ask(
        running.store.read(lambda tx: tx.execute(select(holes.c.first, holes.c.last, holes.c.missing)).all())
    )
    assert tuple(row) == (4, 6, 5)
    assert line.send(rogue.batch(7, lost=hole)).accepted == 0
    rogue.add("stop.arrived", stop="later")
    assert line.send(rogue.batch(11)).high_water == 11


def test_a_hole_cannot_hide_what_the_office_still_waits_for(running: RunningOffice) -> None:
    rogue = Rogue(running)
    for stop in range(9):
        rogue.add("stop.arrived", stop=f"s{stop}")
    line = rogue.client(running.url)
    line.send(rogue.batch(1, 2))
    with pytest.raises(Refused, match="earlier records"):
        line.send(rogue.batch(7, lost=Lost(5, 6, rogue.hash_at(4).hex(), rogue.hash_at(6).hex())))
    with pytest.raises(Refused, match="other records"):
        line.send(rogue.batch(7, lost=Lost(2, 6, "11" * 32, rogue.hash_at(6).hex())))
    assert running.held(rogue.book) == 2


def test_a_handheld_that_lost_records_goes_on_behind_them(tmp_path: Path, running: RunningOffice) -> None:
    """Bits rot in the journal before it was sent: what is left arrives, and the hole is listed."""
    with handheld(tmp_path / "h", running) as mine:
        mine.courier.exchange()
        mine.write(6)
        lost = mine.logbook.head.seq - 3
    [segment] = sorted((tmp_path / "h" / "journal").iterdir())
    data = bytearray(segment.read_bytes())
    at = data.index(b'"seq":%d,' % lost)
    data[at - 40 : at] = b"\xff" * 40
    segment.write_bytes(data)
    with handheld(tmp_path / "h", running) as again:
        assert [hole.first for hole in again.logbook.holes] == [lost]
        again.courier.exchange()
        assert running.held(again.logbook.book) == again.logbook.head.seq
        assert lost not in [row.seq for row in running.stored(again.logbook.book)]
        assert again.logbook.unsent == 0


def test_bytes_that_rot_while_it_runs_hold_back_only_what_is_behind_them(
    tmp_path: Path, running: RunningOffice
) -> None:
    """Nothing is sent that is not what was written; what is sound before it goes, an alarm too."""
    with handheld(tmp_path / "h", running) as mine:
        mine.courier.exchange()
        mine.logbook.append(Draft("alarm.raised", {"point": None, "round": None}, ("li-wei",)))
        entries = mine.write(6)
        [segment] = sorted((tmp_path / "h" / "journal").iterdir())
        data = segment.read_bytes()
        segment.write_bytes(data.replace(entries[3].raw, entries[3].raw.replace(b"s3", b"s9")))
        with pytest.raises(ChainBroken):
            mine.courier.exchange()
        assert running.held(mine.logbook.book) == mine.logbook.acked == entries[2].record.seq
        assert mine.courier.state.last_reason is not None
        assert mine.courier.state.last_reason.key == "book.unreadable"
        assert len(running.ask(running.store.read(lambda tx: tx.execute(urgent.select()).all()))) == 1


def test_an_alarm_is_at_the_office_before_anything_older(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        [alarm] = mine.logbook.append(Draft("alarm.raised", {"point": None, "round": None}, ("li-wei",)))
        mine.write(1)
        paths: list[str] = []

        def drop_batches(_number: int, line: str) -> Fault:
            paths.append(line.split("?")[0])
            return Fault.ERROR_BEFORE if "/records" in line else Fault.NONE

        with proxy(running.port, drop_batches) as link:
            mine.go_through(link.url)
            with pytest.raises(Exception, match="in time"):
                mine.courier.exchange()
        kinds = [path.rpartition("/")[2] for path in (line.split()[1] for line in paths)]
        assert kinds == ["hello", "urgent", "records"]
        [shown] = running.urgent_ahead()
        assert shown.raw == alarm.raw
        assert running.held(mine.logbook.book) == 0, "an urgent record alone must not move the mark"


def test_one_alarm_the_office_refuses_does_not_hold_back_the_next(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        alarms = mine.logbook.append(*(Draft("alarm.raised", {"point": None, "round": None}) for _ in range(2)))
        other = b'{"somebody":"else wrote this"}'
        spoil = insert(urgent).values(site=SITE, book=mine.logbook.book, seq=alarms[0].record.seq, raw=other)
        spoil = spoil.values(kind="", received_at=0)
        running.ask(running.store.write(lambda tx: tx.execute(spoil)))
        with pytest.raises(OfficeRefused, match="other records"):
            mine.courier.exchange()
        rows = running.ask(running.store.read(lambda tx: tx.execute(urgent.select().order_by(urgent.c.seq)).all()))
        assert [row.raw for row in rows] == [other, alarms[1].raw]
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book)), "both come with their batch"


def test_an_urgent_record_counts_once_when_its_turn_comes(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.logbook.append(Draft("alarm.raised", {"point": None, "round": None}, ("li-wei",)))
        mine.courier.exchange()
        assert running.urgent_ahead() == []
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))
        assert len(running.ask(running.store.read(lambda tx: tx.execute(urgent.select()).all()))) == 1


def test_an_urgent_record_may_be_repeated_but_not_changed(running: RunningOffice) -> None:
    rogue = Rogue(running)
    line = rogue.client(running.url)
    alarm = rogue.raw(7, "alarm.raised", point=None)
    assert line.send_alone(alarm).seq == line.send_alone(alarm).seq == 7
    with pytest.raises(Refused) as no:
        line.send_alone(rogue.raw(7, "alarm.raised", point="p1"))
    assert no.value.problem.name == "fork"
    [held] = running.urgent_ahead()
    assert held.raw == alarm


def test_what_came_alone_and_differs_from_the_chain_is_evidence(running: RunningOffice) -> None:
    rogue = Rogue(running)
    line = rogue.client(running.url)
    line.send_alone(rogue.raw(2, "alarm.raised", point="p9"))
    rogue.add("alarm.raised", point="p1")
    assert line.send(rogue.batch()).high_water == 2
    [fork] = running.ask(running.store.read(lambda tx: tx.execute(forks.select()).all()))
    assert (fork.seq, fork.raw) == (2, rogue.raw(2, "alarm.raised", point="p9"))


def test_an_office_restored_from_a_copy_gets_what_it_lost(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(30)
        mine.courier.exchange()
        _lose_after(running, 10)
        mine.courier.exchange()
        assert running.held(mine.logbook.book) == mine.logbook.head.seq
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))


def test_an_office_restored_from_a_copy_older_than_what_the_handheld_removed_goes_on(
    tmp_path: Path, running: RunningOffice
) -> None:
    """What neither has any more is listed as missing at the office; all the rest arrives."""
    with handheld(tmp_path / "h", running) as mine:
        for _ in range(4):
            mine.logbook.append_rotating(Draft("shift.opened", {"crew": []}))
            mine.write(5)
            mine.logbook.keep_state(mine.logbook.head.seq, lambda: b"state")
            mine.courier.exchange()
        while mine.logbook.prune(0):
            pass
        removed = {seq for gap in mine.logbook.gaps for seq in range(gap.first, gap.last + 1)}
        assert len(removed) > 10
        _lose_after(running, min(removed) + 1)
        mine.write(1)
        mine.courier.exchange()
        assert mine.logbook.unsent == 0
        held = {row.seq for row in running.stored(mine.logbook.book)}
    assert held == set(range(1, mine.logbook.head.seq + 1)) - removed | {min(removed), min(removed) + 1}


def _lose_after(running: RunningOffice, seq: int) -> None:
    def forget(tx: Connection) -> None:
        tx.execute(delete(records).where(records.c.seq > seq))
        there = select(records.c.hash).where(records.c.seq == seq).scalar_subquery()
        tx.execute(update(heads).values(seq=seq, hash=there))

    running.ask(running.store.write(forget))


def test_numbers_of_arrival_have_no_gap_and_follow_the_commits(running: RunningOffice) -> None:
    first, second = Rogue(running), Rogue(running)
    for rogue in (first, second, first, second):
        rogue.add("stop.arrived", stop="s")
        rogue.client(running.url).send(rogue.batch())
    rows = running.ask(running.store.read(lambda tx: records_after(tx, SITE, 0, 100)))
    assert [row.arrived for row in rows] == list(range(1, 7))
    assert running.ask(running.store.read(lambda tx: records_after(tx, SITE, 4, 100))) == rows[4:]
    assert running.ask(running.store.read(lambda tx: tx.execute(arrivals.select()).all())) == [(SITE, 6)]


def test_somebody_is_woken_after_each_commit_and_not_before(running: RunningOffice) -> None:
    seen: list[int] = []
    rogue = Rogue(running)
    running.store.after_commit.append(lambda: seen.append(_count(running)))
    rogue.client(running.url).send(rogue.batch())
    assert seen[-1] == 1
    assert set(seen[:-1]) <= {0}, "what else was committed for the request"


def _count(running: RunningOffice) -> int:
    """How many records others see: by a connection of its own."""
    beside = database(running.db)
    try:
        counted = beside.read(lambda tx: tx.execute(select(func.count()).select_from(records)).scalar_one())
        return int(counted.result(10))
    finally:
        beside.close()


def test_the_offset_to_the_office_is_measured(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running, off_ms=-3 * 3600 * 1000) as mine:
        mine.courier.exchange()
    assert abs(mine.offsets[0] - 3 * 3600 * 1000) < 5000


@pytest.mark.parametrize("off_ms", [-86_400_000 * 365 * 10, 86_400_000 * 2])
def test_a_wrong_date_stops_nothing_and_is_told_to_the_supervisor(
    tmp_path: Path, running: RunningOffice, off_ms: int
) -> None:
    with handheld(tmp_path / "h", running, off_ms=off_ms) as mine:
        mine.write(2)
        mine.courier.exchange()
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))


def test_without_a_hello_the_client_learns_the_time_from_the_refusal(running: RunningOffice) -> None:
    rogue = Rogue(running)
    rogue.clock.off_ms = 86_400_000
    line = rogue.client(running.url)
    assert line.send(rogue.batch()).high_water == 1
    assert abs((line.offset or 0) + 86_400_000) < 5000


def test_a_hello_from_another_office_sends_nothing(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine, office(tmp_path / "other") as other:
        mine.write(1)
        with proxy(other.port, lambda _number, _line: Fault.NONE) as link:
            mine.go_through(link.url)
            with pytest.raises(Exception, match="not the office"):
                mine.courier.exchange()
            assert [line.split()[1].split("?")[0] for line in link.requests] == ["/v1/hello"]
        assert mine.logbook.unsent == mine.logbook.head.seq


def test_the_hello_is_signed_for_this_nonce(running: RunningOffice) -> None:
    line = Client(
        running.url,
        book=bytes(32),
        identity=Rogue().identity,
        server_key=running.key.public,
        clock=WallClock(),
        timeouts=PATIENT,
    )
    said = line.hello()
    assert isinstance(said, Hello)
    assert (said.protocols, said.max_events, said.server_key) == ((1,), 500, running.key.public.hex())
    with pytest.raises(Exception, match="not the office"):
        line._check_office(said, "another-nonce-another")


def test_a_program_too_old_for_the_office_sends_nothing_and_says_so(
    tmp_path: Path, running: RunningOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with handheld(tmp_path / "h", running) as mine, proxy(running.port, lambda _n, _l: Fault.NONE) as link:
        mine.write(3)
        mine.go_through(link.url)
        monkeypatch.setattr("sync.office.api.MIN_CLIENT", "99.0")
        with pytest.raises(Refused, match="too old"):
            mine.courier.exchange()
        assert [line.split()[1].split("?")[0] for line in link.requests] == ["/v1/hello"]
        monkeypatch.setattr("sync.office.api.MIN_CLIENT", "0.1")
        mine.courier.exchange()
        assert mine.logbook.unsent == 0


def test_an_office_that_takes_less_is_not_given_more(
    tmp_path: Path, running: RunningOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.office.api.MAX_EVENTS", 4)
    with handheld(tmp_path / "h", running) as mine, proxy(running.port, lambda _n, _l: Fault.NONE) as link:
        mine.write(10)
        mine.go_through(link.url)
        batches = -(-mine.logbook.unsent // 4)
        mine.courier.exchange()
        assert sum("/records" in line for line in link.requests) == batches, "none was too large"
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))
