"""The courier's own thread: it goes by itself, goes on after every failure, and says how it stands."""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.errors import BookUnknown, OfficeRefused
from app.logbook.book import Draft, Logbook
from app.logbook.disk import Disk
from sync.client import Client
from sync.courier import WAIT_S, Courier, CourierState
from sync.lane import Writer
from sync.outbox import SOON_S
from sync.standing import Reason
from sync.wire import Ack, Batch
from tests.sync.places import Handheld, RunningOffice, WallClock, client_for, handheld, office, same_bytes
from tests.sync.proxy import Fault, Proxy, proxy


class Watcher:
    """Collects the states a courier tells."""

    def __init__(self) -> None:
        self.states: list[CourierState] = []
        self._changed = threading.Condition()

    def __call__(self, state: CourierState) -> None:
        with self._changed:
            self.states.append(state)
            self._changed.notify_all()

    def rested(self, wanted: Callable[[CourierState], bool] = lambda state: True, after: int = 0) -> CourierState:
        """Wait for the end of a round, behind the first `after` states, that left it as wanted."""

        def found() -> list[CourierState]:
            return [state for state in self.states[after:] if not state.busy and wanted(state)]

        with self._changed:
            assert self._changed.wait_for(found, 30), self.states
            return found()[0]


@contextmanager
def carrying(mine: Handheld, url: str, draw: float = 0.01) -> Iterator[tuple[Courier, Watcher]]:
    """The courier of `mine` in its own thread. `draw` stands for chance in its waits."""
    seen = Watcher()
    connect = lambda logbook: client_for(logbook, url, mine.clock)  # noqa: E731 - one line, one use
    courier = Courier(mine.logbook, mine.clock, seen, connect, draw=lambda: draw)
    courier.start()
    try:
        yield courier, seen
    finally:
        courier.stop()


def all_sent(state: CourierState) -> bool:
    return state.pending == 0 and state.last_reason is None


def first_hello(link: Proxy, after: int) -> float:
    """When the first round began behind so many requests."""
    return next(link.times[at] for at in range(after, len(link.times)) if "/hello" in link.requests[at])


def test_records_go_by_themselves_when_the_network_comes_back(tmp_path: Path) -> None:
    with office(tmp_path / "office") as running, handheld(tmp_path / "h", running) as mine:
        mine.write(5)
        running.close()
        with carrying(mine, running.url) as (_, seen):
            away = seen.rested()
            assert away.last_reason == Reason("sync.no_connection")
            assert (away.online, away.pending) == (False, mine.logbook.head.seq)
            with office(tmp_path / "office", running.port) as again:
                assert seen.rested(all_sent).online
                assert same_bytes(mine.logbook, again.stored(mine.logbook.book))


def test_a_link_that_fails_ten_times_is_tried_an_eleventh(tmp_path: Path, running: RunningOffice) -> None:
    def ten_times(number: int, _line: str) -> Fault:
        return Fault.REFUSE if number < 10 else Fault.NONE

    with handheld(tmp_path / "h", running) as mine, proxy(running.port, ten_times) as link:
        mine.write(3)
        with carrying(mine, link.url, draw=0.0001) as (_, seen):
            seen.rested(all_sent)
        assert len(link.requests) > 10
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))


def test_a_refusal_does_not_end_the_tries_either(tmp_path: Path, running: RunningOffice) -> None:
    """Withdrawn by mistake, and given back: nobody has to touch the handheld."""
    set_revoked = "UPDATE devices SET revoked_at = ?"
    with handheld(tmp_path / "h", running) as mine:
        running.ask(running.store.write(lambda tx: tx.exec_driver_sql(set_revoked, (5,))))
        with carrying(mine, running.url) as (_, seen):
            told = seen.rested()
            assert told.last_reason == Reason("sync.revoked")
            assert told.online
            assert told.pending == 0, "what it sent is kept in quarantine, with a receipt"
            running.ask(running.store.write(lambda tx: tx.exec_driver_sql(set_revoked, (None,))))
            running.publish("plan", "p", b'{"revision":1}')
            seen.rested(all_sent, after=len(seen.states))
        assert mine.logbook.page("plan") == b'{"revision":1}'


def test_a_card_that_was_loose_while_a_receipt_was_kept_costs_no_restart(
    tmp_path: Path, running: RunningOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody records anything meanwhile."""
    failed: list[str] = []

    def loose(self: Disk, name: str) -> None:
        if name == "append.sync" and not failed:
            failed.append(name)
            raise OSError(errno.EIO, "loose")

    with handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        monkeypatch.setattr(Disk, "step", loose)
        with pytest.raises(BookUnknown):
            mine.courier.exchange()
        assert failed
        assert mine.courier.exchange().pending == 0


def test_sync_now_does_not_wait_for_the_timer(tmp_path: Path, running: RunningOffice) -> None:
    def three_times(number: int, _line: str) -> Fault:
        return Fault.REFUSE if number < 3 else Fault.NONE

    with (
        handheld(tmp_path / "h", running) as mine,
        proxy(running.port, three_times) as link,
        carrying(mine, link.url, draw=100.0) as (courier, seen),
    ):
        seen.rested()
        for _ in range(3):
            before = len(seen.states)
            courier.sync_now()
            seen.rested(after=before)
        assert seen.states[-1].pending == 0


def test_a_new_record_goes_soon_and_an_alarm_at_once(tmp_path: Path, running: RunningOffice) -> None:
    with (
        handheld(tmp_path / "h", running) as mine,
        proxy(running.port, lambda _n, _l: Fault.NONE) as link,
        carrying(mine, link.url) as (courier, seen),
    ):
        seen.rested(all_sent)
        before, began, asked = len(seen.states), time.monotonic(), len(link.times)
        mine.logbook.append(Draft("alarm.raised", {"point": None, "round": None}, ("li-wei",)))
        courier.nudge(urgent=True)
        seen.rested(all_sent, after=before)
        assert first_hello(link, asked) - began < SOON_S
        before, began, asked = len(seen.states), time.monotonic(), len(link.times)
        for _ in range(3):
            mine.write(1)
            courier.nudge()
        seen.rested(all_sent, after=before)
        assert first_hello(link, asked) - began > SOON_S - 0.1, (
            "it waits for the next ones, so that they travel together"
        )
        assert running.held(mine.logbook.book) == mine.logbook.head.seq


def test_a_record_made_as_a_round_ends_waits_for_no_held_question(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine, proxy(running.port, lambda _n, _l: Fault.NONE) as link:
        asked: list[int] = []

        def late(state: CourierState) -> None:
            if not state.busy and not asked:
                asked.append(len(link.requests))
                mine.write(1)
                courier.nudge()

        courier = Courier(mine.logbook, mine.clock, late, lambda book: client_for(book, link.url, mine.clock))
        courier.start()
        try:
            until = time.monotonic() + 30
            while not (asked and any("/records" in line for line in link.requests[asked[0] :])):
                assert time.monotonic() < until
                time.sleep(0.01)
            before = list(takewhile(lambda line: "/records" not in line, link.requests[asked[0] :]))
            assert not any(f"wait={WAIT_S}" in line for line in before)
        finally:
            courier.stop()


def test_when_all_is_sent_it_stays_on_the_line_with_one_question(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine, proxy(running.port, lambda _n, _l: Fault.NONE) as link:
        with carrying(mine, link.url) as (_, seen):
            seen.rested(all_sent)
            until = time.monotonic() + 30
            while "wait=" not in link.requests[-1]:
                assert time.monotonic() < until
                time.sleep(0.01)
            asked = len(link.requests)
            time.sleep(1)
            assert len(link.requests) == asked
            assert "wait=" in link.requests[-1]
        assert not any(thread.name == "courier" for thread in threading.enumerate())


def test_an_office_that_asks_for_peace_gets_it(tmp_path: Path, running: RunningOffice) -> None:
    def once(number: int, _line: str) -> Fault:
        return Fault.BUSY if number == 0 else Fault.NONE

    with handheld(tmp_path / "h", running) as mine, proxy(running.port, once) as link:
        with carrying(mine, link.url, draw=0.0) as (_, seen):
            assert seen.rested().last_reason == Reason("sync.busy")
            seen.rested(all_sent)
        assert link.times[1] - link.times[0] > 0.95


def test_a_fault_nobody_foresaw_does_not_end_the_courier(
    tmp_path: Path, running: RunningOffice, caplog: pytest.LogCaptureFixture
) -> None:
    with handheld(tmp_path / "h", running) as mine:
        tries: list[int] = []

        def once(writer: Writer) -> Client:
            tries.append(1)
            if len(tries) == 1:
                raise ZeroDivisionError("li-wei")
            return client_for(writer, running.url, mine.clock)

        mine.write(3)
        seen = Watcher()
        courier = Courier(mine.logbook, mine.clock, seen, once, draw=lambda: 0.01)
        courier.start()
        try:
            told = seen.rested()
            assert (told.last_reason, told.online) == (Reason("sync.fault"), False)
            seen.rested(all_sent)
        finally:
            courier.stop()
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))
        assert "ZeroDivisionError" in caplog.text
        assert "li-wei" not in caplog.text


def test_the_age_of_what_waits_is_the_oldest_records(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.courier.exchange()
        [first, *_] = mine.write(3)
        courier = Courier(mine.logbook, mine.clock)
        assert (courier.state.pending, courier.state.oldest) == (3, first.record.at)


def test_a_handheld_that_is_not_enrolled_says_so(tmp_path: Path) -> None:
    clock = WallClock()
    logbook = Logbook.open(tmp_path / "h", clock)
    courier = Courier(logbook, clock)
    with pytest.raises(OfficeRefused, match="Not enrolled"):
        courier.exchange()
    assert courier.state.last_reason == Reason("sync.not_enrolled")
    assert not courier.state.online
    logbook.close()


def test_a_receipt_that_is_not_the_offices_moves_nothing(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(2)

        class Liar(Client):
            """Somebody in between who answers in the office's name."""

            def send(self, batch: Batch) -> Ack:
                ack = super().send(batch)
                assert ack.receipt is not None
                return replace(ack, receipt=replace(ack.receipt, at=ack.receipt.at + 1))

        def liar(writer: Writer) -> Client:
            assert writer.office is not None
            return Liar(
                running.url,
                book=writer.book,
                identity=writer.identity,
                server_key=bytes.fromhex(writer.office.server_key),
                clock=mine.clock,
            )

        courier = Courier(mine.logbook, mine.clock, connect=liar)
        before = mine.logbook.acked
        with pytest.raises(OfficeRefused, match="receipt"):
            courier.exchange()
        assert mine.logbook.acked == before
