"""Pictures and texts on their way to the office, and back from nowhere: the handheld lets go only on its word."""

import random
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Connection, delete, func, select, update

from app.errors import OfficeAway, OfficeRefused
from app.logbook import closed
from app.logbook.blobs import Attachment
from app.logbook.book import Draft, Logbook
from app.logbook.reader import Enrolment, Reader
from app.logbook.verify import check_book
from sync.carrying import send_blobs
from sync.client import Client, Refused
from sync.courier import Courier
from sync.enrolment import enrol
from sync.office import backup, uploads
from sync.office.settings import Settings
from sync.office.store.blobs import (
    LEFT_MS,
    UNDER_WAY_BYTES,
    blob_of,
    blob_parts,
    blobs,
    forget_blobs,
    named_blobs,
    unnamed_blobs,
)
from sync.office.store.changes import begin_anew
from sync.office.store.schema import devices, records
from sync.standing import Reason
from sync.wire import Kept, join_code
from tests.sync.places import (
    SITE,
    Handheld,
    RunningOffice,
    WallClock,
    client_for,
    handheld,
    now_ms,
    office,
    same_bytes,
)

JPEG: Final = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 900


def attached(mine: Handheld, data: bytes = JPEG) -> Attachment:
    found = mine.logbook.attach(data)
    mine.logbook.append(Draft("finding.raised", {"attachments": [{"sha256": found.sha256}]}, ("li-wei",)))
    return found


def at_the_office(running: RunningOffice, name: str) -> bytes | None:
    return running.ask(running.store.read(lambda tx: blob_of(tx, SITE, bytes.fromhex(name))))


def test_a_picture_and_a_text_follow_their_records_to_the_office(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        picture = attached(a)
        text = a.logbook.set_apart("张先生 3-201")
        unnamed = a.logbook.attach(JPEG + b"!")
        a.logbook.append(Draft("visitor.noted", {"text": {"sha256": text}}))
        assert len(a.logbook.blobs_waiting()) == 2
        a.courier.exchange()
        assert at_the_office(running, picture.sha256) == JPEG
        apart = at_the_office(running, text)
        assert apart is not None
        assert apart[16:].decode() == "张先生 3-201"
        assert at_the_office(running, unnamed.sha256) is None
        assert a.logbook.blobs_waiting() == []
        assert a.logbook.blob(picture.sha256) == JPEG, "it stays until its record is pruned"
        a.courier.exchange()
    assert check_book(tmp_path / "a").books[0].unattached == ()


@pytest.mark.parametrize("how", ["refused", "the line breaks"])
def test_records_do_not_wait_for_a_picture_that_is_refused(tmp_path: Path, running: RunningOffice, how: str) -> None:
    with handheld(tmp_path / "a", running) as a:
        names = sorted(attached(a, JPEG + bytes([number])).sha256 for number in range(3))

        class Spoilt(Client):
            def send_part(self, name: str, part: bytes, offset: int, length: int) -> Kept:
                if name != names[0]:
                    return super().send_part(name, part, offset, length)
                if how == "refused":
                    return super().send_part(name, part[:-1] + b"?", offset, length)
                raise OfficeAway("sync.no_connection")

        a.courier._connect = lambda book: spoilt(Spoilt, book, running, a.clock)
        with pytest.raises((OfficeRefused, OfficeAway)):
            a.courier.exchange()
        assert a.logbook.unsent == 0
        assert same_bytes(a.logbook, running.stored(a.logbook.book))
        assert a.logbook.blobs_waiting() == (names[:1] if how == "refused" else names)
        assert (a.logbook.folder / "blobs" / names[0]).exists()


def spoilt(kind: type[Client], book: object, running: RunningOffice, clock: WallClock) -> Client:
    made = client_for(book, running.url, clock)  # type: ignore[arg-type]  # a writer, as the courier gives it
    made.__class__ = kind
    return made


class Lying(Client):
    """An office that has everything, and signs nothing."""

    def blob(self, name: str) -> Kept:
        return Kept(self._book, name, len(JPEG), now_ms(), "00" * 64)


def test_without_the_offices_signature_nothing_is_let_go(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        picture = attached(a)

        a.courier._connect = lambda book: spoilt(Lying, book, running, a.clock)
        with pytest.raises(OfficeAway):
            a.courier.exchange()
        assert a.logbook.blobs_waiting() == [picture.sha256]


def test_the_next_sites_office_never_sees_what_the_last_ones_records_named(
    tmp_path: Path, running: RunningOffice
) -> None:
    with office(tmp_path / "other") as other, handheld(tmp_path / "a", running) as a:
        old = attached(a)
        key = other.key.public.hex()
        a.logbook.succeed("site", Enrolment(other.url, key, "pda-9", SITE))
        new = attached(a, JPEG + b"new")
        assert a.logbook.blobs_waiting() == [new.sha256]
        assert a.logbook.blob(old.sha256) == JPEG


@pytest.mark.proof
def test_a_withdrawn_handheld_and_wrong_bytes_are_refused(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        picture = attached(a)
        client = client_for(a.logbook, running.url, a.clock)
        for name, data in ((picture.sha256, JPEG + b"?"), (picture.sha256, b""), ("ab" * 32, JPEG)):
            with pytest.raises(OfficeRefused, match="does not understand"):
                client.send_part(name, data, 0, len(data))
        with pytest.raises(OfficeRefused, match="Too much"):
            client.send_part(picture.sha256, JPEG, 0, 5 * 2**20)
        with pytest.raises(OfficeRefused, match="Too much"):
            client.send_part(picture.sha256, JPEG, 0, len(JPEG) - 1)
        [device] = running.ask(running.store.devices.of(SITE))
        running.ask(running.store.devices.revoke(SITE, device.device, now_ms()))
        with pytest.raises(OfficeRefused, match="withdrawn"):
            client.send_part(picture.sha256, JPEG, 0, len(JPEG))
        client.close()
        assert at_the_office(running, picture.sha256) is None
    assert Logbook.read(tmp_path / "a").head.seq > 0


@pytest.mark.proof
def test_what_records_in_quarantine_name_comes_with_them(tmp_path: Path, running: RunningOffice) -> None:
    """And what was purged meanwhile is let go, though one of them names it anew."""
    with handheld(tmp_path / "a", running) as a:
        before = attached(a, JPEG + b"before")
        a.courier.exchange()
        purged = attached(a, JPEG + b"purged")
        [device] = running.ask(running.store.devices.of(SITE))
        running.ask(running.store.devices.revoke(SITE, device.device, now_ms()))
        running.ask(running.store.write(lambda tx: forget_blobs(tx, SITE, [bytes.fromhex(before.sha256)], now_ms())))
        a.logbook.blobs_doubted()
        assert attached(a, JPEG + b"before") == before
        after = attached(a)
        a.logbook.attach(JPEG + b"nobody names this")
        with pytest.raises(OfficeRefused, match="withdrawn"):
            a.courier.exchange()
        assert {row.quarantine for row in running.stored(a.logbook.book)} == {None, "revoked-book"}
        assert [at_the_office(running, each.sha256) for each in (after, purged)] == [JPEG, JPEG + b"purged"]
        assert (a.logbook.blobs_waiting(), at_the_office(running, before.sha256)) == ([], None)


def test_a_handheld_that_was_withdrawn_before_anybody_confirmed_it_brings_no_pictures(
    tmp_path: Path, running: RunningOffice
) -> None:
    with handheld(tmp_path / "a", running) as a:
        change = update(devices).values(waits_since=1, revoked_at=now_ms())
        running.ask(running.store.write(lambda tx: tx.execute(change)))
        picture = attached(a)
        with pytest.raises(OfficeRefused, match="withdrawn"):
            a.courier.exchange()
        assert a.logbook.unsent == 0
        assert (a.logbook.blobs_waiting(), at_the_office(running, picture.sha256)) == ([picture.sha256], None)


# -- in parts ------------------------------------------------------------------------------------
def photo(size: int, seed: int) -> bytes:
    return b"\xff\xd8\xff\xe0" + random.Random(seed).randbytes(size - 4)


class Breaking:
    """A line to the office on which each connection dies after so many bytes up, drawn around `mean`.

    It carries 2 MB/s: what came in the very moment in which a line dies, the HTTP server throws away.
    """

    def __init__(self, port: int, mean: float, seed: int) -> None:
        self.bytes_up = 0
        self._port, self._mean, self._chance = port, mean, random.Random(seed)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line = self._listening.accept()[0]
                budget = int(self._chance.expovariate(1 / self._mean))
                threading.Thread(target=self._carry, args=(line, budget), daemon=True).start()

    def _carry(self, line: socket.socket, budget: int) -> None:
        with suppress(OSError), line, socket.create_connection(("127.0.0.1", self._port)) as up:
            threading.Thread(target=_pour, args=(up, line), daemon=True).start()
            while budget and (data := line.recv(min(4096, budget))):
                self.bytes_up += len(data)
                budget -= len(data)
                up.sendall(data)
                time.sleep(0.002)
            time.sleep(0.03)
            up.shutdown(socket.SHUT_RDWR)
            line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()


class Slow(Breaking):
    """A line that carries only so many bytes in a second, and never dies."""

    def __init__(self, port: int, per_s: int) -> None:
        self._per_s = per_s
        super().__init__(port, mean=1, seed=1)

    def _carry(self, line: socket.socket, budget: int) -> None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        with suppress(OSError), line, socket.create_connection(("127.0.0.1", self._port)) as up:
            threading.Thread(target=_pour, args=(up, line), daemon=True).start()
            while data := line.recv(4096):
                up.sendall(data)
                time.sleep(len(data) / self._per_s)
            up.shutdown(socket.SHUT_RDWR)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)


@pytest.mark.parametrize(("mean", "most"), [(100_000, 1.1), (40_000, 1.25)])
def test_a_line_that_dies_every_so_often_costs_only_what_was_under_way(
    tmp_path: Path, running: RunningOffice, monkeypatch: pytest.MonkeyPatch, mean: int, most: float
) -> None:
    monkeypatch.setattr(uploads, "ARRIVED_S", 10)  # what arrived is read, on a slow machine too
    data = photo(400_000, mean)
    with handheld(tmp_path / "a", running) as a, closing(Breaking(running.port, mean, seed=1)) as line:
        picture = attached(a, data)
        rounds = 0
        while a.logbook.blobs_waiting():
            rounds += 1
            assert rounds < 40
            with closing(client_for(a.logbook, line.url, a.clock)) as client, suppress(OfficeAway):
                send_blobs(a.logbook, client, lambda: False)
            wait_for(running.rests)
        cost = line.bytes_up / len(data)
        print(f"{cost:.3f} x its bytes in {rounds} rounds, links die every {mean} bytes")
        assert at_the_office(running, picture.sha256) == data
        assert cost < most
    assert under_way(running) == 0, "what is whole is no part any more"


def under_way(running: RunningOffice) -> int:
    """Bytes of parts."""
    return sum(
        running.ask(running.store.read(lambda tx: tx.execute(select(func.length(blob_parts.c.raw))).scalars().all()))
    )


def test_parts_whose_rest_never_comes_are_forgotten_and_do_not_pile_up(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        with closing(client_for(a.logbook, running.url, a.clock)) as client:
            for number in range(10):
                name = sha256(bytes([number])).hexdigest()
                at = client.send_part(name, bytes(2**20), 0, 4 * 2**20).offset
                assert client.send_part(name, bytes(2**10), at, 4 * 2**20).offset == 2**20 + 2**10
            assert 7 * 2**20 < under_way(running) <= UNDER_WAY_BYTES
            running.clock_off_ms = LEFT_MS + 1
            a.clock.off_ms = LEFT_MS + 1
            client.send_part("ab" * 32, b"x", 0, 2)
        assert under_way(running) == 1


def test_what_no_record_names_is_taken_only_up_to_a_limit(
    tmp_path: Path, running: RunningOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.office.store.blobs.UNNAMED_BYTES", 3 * len(JPEG))
    with handheld(tmp_path / "a", running) as a, closing(client_for(a.logbook, running.url, a.clock)) as client:
        loose = [JPEG + bytes([number]) for number in range(3)]
        for data in loose[:2]:
            assert client.send_part(sha256(data).hexdigest(), data, 0, len(data)).sig
        with pytest.raises(OfficeRefused, match="no record names"):
            client.send_part(sha256(loose[2]).hexdigest(), loose[2], 0, len(loose[2]))
        named = attached(a)
        a.courier.exchange()
        assert at_the_office(running, named.sha256) == JPEG, "its record came first"
        a.logbook.append(Draft("finding.raised", {"attachments": [{"sha256": sha256(loose[0]).hexdigest()}]}))
        a.courier.exchange()
        assert client.send_part(sha256(loose[2]).hexdigest(), loose[2], 0, len(loose[2])).sig, "there is room again"


def test_a_part_that_is_not_the_next_one_changes_nothing(tmp_path: Path, running: RunningOffice) -> None:
    data = photo(300_000, 5)
    name = sha256(data).hexdigest()
    with handheld(tmp_path / "a", running) as a, closing(client_for(a.logbook, running.url, a.clock)) as client:
        assert client.send_part(name, data[:1000], 0, len(data)).offset == 1000
        for first in (0, 500, 1001, len(data) - 1):
            with pytest.raises(Refused) as no:
                client.send_part(name, data[first : first + 1000], first, len(data))
            assert (no.value.problem.name, no.value.problem.offset) == ("offset", 1000)
        with handheld(tmp_path / "b", running) as b, closing(client_for(b.logbook, running.url, b.clock)) as other:
            assert other.blob(name).offset == 0, "nobody goes on where another handheld stopped"
        kept = client.send_part(name, data[1000:], 1000, len(data))
        assert (kept.offset, bool(kept.sig)) == (len(data), True)
        assert client.blob(name).sig == kept.sig


def test_an_alarm_does_not_wait_for_a_picture_that_is_being_sent(tmp_path: Path, running: RunningOffice) -> None:
    """A line on which the picture would take half a minute; what the office has of it stays."""
    with handheld(tmp_path / "a", running) as a, closing(Slow(running.port, per_s=100_000)) as line:
        a.courier.exchange()
        attached(a, photo(3_000_000, 9))
        connect = lambda book: client_for(book, line.url, a.clock)  # noqa: E731 - one line, one use
        courier = Courier(a.logbook, a.clock, connect=connect)
        courier.start()
        try:
            wait_for(lambda: under_way(running) > 0)
            began = time.monotonic()
            a.logbook.append(Draft("alarm.raised", {"point": None, "round": None}, ("li-wei",)))
            courier.nudge(urgent=True)
            wait_for(lambda: running.held(a.logbook.book) == a.logbook.head.seq)
            assert time.monotonic() - began < 10
            assert under_way(running) > 0
        finally:
            courier.stop()


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


# -- an office that came back from a copy, and what the handheld lets go ---------------------------
class NoPictures(Client):
    """A line that is good enough for records."""

    def blob(self, name: str) -> Kept:
        raise OfficeAway("sync.no_answer")


def photographed(mine: Handheld, running: RunningOffice) -> str:
    """A record that the office has, and its picture that it has not."""
    mine.courier._connect = lambda book: spoilt(NoPictures, book, running, mine.clock)
    picture = attached(mine, photo(300_000, 3))
    with pytest.raises(OfficeAway):
        mine.courier.exchange()
    assert (mine.logbook.unsent, mine.logbook.blobs_waiting()) == (0, [picture.sha256])
    mine.go_through(running.url)
    return picture.sha256


def confirmed(mine: Handheld, died: RunningOffice) -> None:
    """The picture reaches the office, and nothing else happens; then its machine dies."""
    with office(died.folder, died.port, db=died.db):
        mine.courier.exchange()
    assert mine.logbook.blobs_waiting() == []


def pruned(mine: Handheld) -> None:
    """Days go by, and what the office has is removed."""
    for _ in range(2):
        mine.logbook.append_rotating(Draft("shift.opened", {"crew": []}))
        mine.logbook.keep_state(mine.logbook.head.seq, lambda: b"state")
        mine.courier.exchange()
    while mine.logbook.prune(0):
        pass
    assert all(entry.record.kind != "finding.raised" for entry in mine.logbook.entries())


def test_a_picture_goes_only_when_the_office_says_once_more_that_it_has_it(tmp_path: Path) -> None:
    """A copy of a data directory, or of a virtual machine, says nothing of itself; the mark and the feed are right."""
    with office(tmp_path / "office") as running, handheld(tmp_path / "a", running) as a:
        name = photographed(a, running)
        running.close()
        shutil.copytree(running.folder, tmp_path / "copy")
        confirmed(a, running)
        with office(tmp_path / "copy", running.port) as restored:
            pruned(a)
            assert at_the_office(restored, name) is None
            a.courier.exchange()
            assert at_the_office(restored, name) == photo(300_000, 3)
            assert (a.logbook.blob(name), a.logbook.blobs_left()) == (None, [])


def test_a_picture_that_the_office_still_has_is_asked_for_and_not_sent(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        names = [attached(a, JPEG).sha256, attached(a, JPEG[:100]).sha256]
        a.courier.exchange()
        pruned(a)

        class Asking(Client):
            def send_part(self, name: str, part: bytes, offset: int, length: int) -> Kept:
                raise AssertionError("it is there")

        a.courier._connect = lambda book: spoilt(Asking, book, running, a.clock)
        assert a.logbook.blobs_left() == sorted(names)
        (a.logbook.folder / "blobs").joinpath(next(iter_left(a, names[0]))).write_bytes(b"spoilt")
        a.courier.exchange()
        assert a.logbook.blobs_left() == []
        assert list((a.logbook.folder / "blobs").iterdir()) == []


def iter_left(mine: Handheld, name: str) -> Iterator[str]:
    return (path.name for path in (mine.logbook.folder / "blobs").glob(f"{name}.left-*"))


def test_a_backup_has_a_feed_of_its_own_and_every_picture_is_asked_for_again(
    tmp_path: Path, running: RunningOffice
) -> None:
    with handheld(tmp_path / "a", running) as a:
        name = photographed(a, running)
        settings = Settings(running.folder, "en", running.db)
        running.ask(backup.make(settings, running.store, tmp_path / "backup", now_ms()))
        running.close()
        confirmed(a, running)
        with office(tmp_path / "backup", running.port) as restored:
            for _ in range(2):
                a.courier.exchange()
            assert at_the_office(restored, name) == photo(300_000, 3)
            assert a.logbook.blob(name) is not None, "its record is here"


def test_whoever_comes_second_to_an_office_from_a_copy_asks_again_too(tmp_path: Path) -> None:
    """The first one's cursor was ahead, and the feed began anew: all that the second hears is that its own expired."""
    with (
        office(tmp_path / "office") as running,
        handheld(tmp_path / "a", running) as a,
        handheld(tmp_path / "b", running) as b,
    ):
        a.courier.exchange()
        name = photographed(b, running)
        running.close()
        shutil.copytree(running.folder, tmp_path / "copy")
        with office(running.folder, running.port) as later:
            later.publish("plan", "1", b"{}")
            for each in (a, b):
                each.courier.exchange()
        with office(tmp_path / "copy", running.port) as restored:
            with pytest.raises(Refused, match="older than this handheld"):
                a.courier.exchange()
            for _ in range(2):
                b.courier.exchange()
            assert at_the_office(restored, name) == photo(300_000, 3)


def test_a_picture_is_sent_although_its_record_was_pruned_before(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        name = photographed(a, running)
        a.courier._connect = lambda book: spoilt(NoPictures, book, running, a.clock)
        for _ in range(2):
            a.logbook.append_rotating(Draft("shift.opened", {"crew": []}))
            a.logbook.keep_state(a.logbook.head.seq, lambda: b"state")
            with pytest.raises(OfficeAway):
                a.courier.exchange()
        while a.logbook.prune(0):
            pass
        assert (a.logbook.blobs_waiting(), a.logbook.blobs_left()) == ([], [name])
        a.go_through(running.url)
        a.courier.exchange()
        assert at_the_office(running, name) == photo(300_000, 3)
        assert a.logbook.blobs_left() == []


# -- what the office purged meanwhile --------------------------------------------------------------
def purge(running: RunningOffice, *names: str) -> None:
    """As when the time of every record that names these is over."""

    def change(tx: Connection) -> int:
        tx.execute(update(records).where(records.c.kind == "finding.raised").values(raw=None, kind=""))
        return forget_blobs(tx, SITE, [bytes.fromhex(name) for name in names], now_ms())

    running.ask(running.store.write(change))


@pytest.mark.parametrize("size", [1000, 300_000], ids=["small", "in parts"])
def test_what_the_office_purged_meanwhile_is_not_sent_again_and_goes(
    tmp_path: Path, running: RunningOffice, size: int
) -> None:
    with handheld(tmp_path / "a", running) as a, closing(client_for(a.logbook, running.url, a.clock)) as client:
        data = photo(size, 4)
        name = attached(a, data).sha256
        a.courier.exchange()
        pruned(a)
        assert a.logbook.blobs_left() == [name]
        purge(running, name)
        a.courier.exchange()
        assert a.logbook.blobs_left() == []
        assert list((a.logbook.folder / "blobs").iterdir()) == []
        for _ in range(2):
            kept = client.send_part(name, data[:1000], 0, size)
            assert (kept.offset, kept.sig, bool(kept.gone)) == (0, "", True)
        assert at_the_office(running, name) is None
        assert under_way(running) == 0
        assert running.ask(running.store.read(lambda tx: tx.execute(select(unnamed_blobs)).all())) == []


def test_a_picture_that_never_came_before_its_record_was_purged_comes_no_more(
    tmp_path: Path, running: RunningOffice
) -> None:
    with handheld(tmp_path / "a", running) as a:
        name = photographed(a, running)
        purge(running, name)
        a.courier.exchange()
        assert (a.logbook.blobs_waiting(), at_the_office(running, name)) == ([], None)
        pruned(a)
        a.courier.exchange()
        assert list((a.logbook.folder / "blobs").iterdir()) == []


def test_a_picture_that_was_purged_comes_again_with_a_record_that_names_it_anew(
    tmp_path: Path, running: RunningOffice
) -> None:
    """Whether its record was sent before it, or is still to come."""
    with handheld(tmp_path / "a", running) as a, closing(client_for(a.logbook, running.url, a.clock)) as client:
        name = attached(a).sha256
        a.courier.exchange()
        purge(running, name)
        assert attached(a).sha256 == name
        send_blobs(a.logbook, client, lambda: False)
        assert a.logbook.blobs_waiting() == [name], "of its record the office knows nothing yet"
        a.courier.exchange()
        assert (a.logbook.blobs_waiting(), at_the_office(running, name)) == ([], JPEG)


def test_records_that_come_once_more_after_they_were_purged_bring_no_picture_back(
    tmp_path: Path, running: RunningOffice
) -> None:
    with handheld(tmp_path / "a", running) as a:
        name = attached(a).sha256
        a.courier.exchange()
        purge(running, name)
        link = closing(client_for(a.logbook, running.url, a.clock))
        with link as client:
            a.courier._lane.rewind(0)
            a.courier._lane.send_all(client)
            assert running.held(a.logbook.book) == a.logbook.head.seq
            assert client.blob(name).gone


def test_nobody_but_the_office_says_that_a_picture_was_purged(tmp_path: Path, running: RunningOffice) -> None:
    class Forgetful(Client):
        """An office that has purged everything, and signs nothing, or another sentence."""

        said = ""

        def blob(self, name: str) -> Kept:
            return Kept(self._book, name, 0, now_ms(), gone=self.said)

    with handheld(tmp_path / "a", running) as a:
        name = attached(a).sha256
        a.courier.exchange()
        pruned(a)
        with closing(client_for(a.logbook, running.url, a.clock)) as client:
            word = client.blob(name).sig
        for said in ("00" * 64, word):
            Forgetful.said = said
            a.courier._connect = lambda book: spoilt(Forgetful, book, running, a.clock)
            with pytest.raises(OfficeAway):
                a.courier.exchange()
            assert a.logbook.blobs_left() == [name]


def test_a_picture_that_is_left_and_refused_keeps_no_exchange_from_ending_well(
    tmp_path: Path, running: RunningOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The office came back from a copy without the record, which is not here any more either."""
    monkeypatch.setattr("sync.office.store.blobs.UNNAMED_BYTES", 10)
    with handheld(tmp_path / "a", running) as a:
        names = sorted(attached(a, JPEG + bytes([number])).sha256 for number in range(2))
        a.courier.exchange()
        pruned(a)
        lost = delete(blobs), delete(named_blobs)
        running.ask(running.store.write(lambda tx: [tx.execute(each) for each in lost]))
        running.publish("plan", "p", b'{"revision":1}')
        a.courier.exchange()
        assert a.logbook.blobs_left() == names
        assert a.logbook.page("plan") == b'{"revision":1}'
        assert a.courier.state.last_reason == Reason("sync.unnamed"), "but it is told"


# -- an office that was left -----------------------------------------------------------------------
def test_a_picture_goes_to_the_office_it_belongs_to_although_the_handheld_went_elsewhere(
    tmp_path: Path, running: RunningOffice
) -> None:
    with office(tmp_path / "other") as other, handheld(tmp_path / "a", running) as a:
        name = photographed(a, running)
        enrol(a.logbook, other.url, other.whole_code(), "", a.clock)
        a.courier = Courier(a.logbook, a.clock)
        running.close()
        a.courier.exchange()
        away = Reason("sync.closed_away", {"office": running.url})
        assert told(a) == ((Reason("sync.left_elsewhere", {"n": 1}),), away)
        with office(running.folder, running.port, db=running.db) as again:
            a.courier.exchange()
            assert told(a)[0] == (Reason("sync.left_elsewhere", {"n": 1}),), "not asked in each round"
            a.courier.sync_now()
            a.courier.exchange()
            assert at_the_office(again, name) == photo(300_000, 3)
        assert at_the_office(other, name) is None
        assert a.logbook.blob(name) is not None, "its record is here"
        assert told(a) == ((), None)


def gone_elsewhere(a: Handheld, running: RunningOffice, other: RunningOffice) -> str:
    """With a picture that the office before lacks."""
    name = photographed(a, running)
    enrol(a.logbook, other.url, other.whole_code(), "", a.clock)
    a.courier = Courier(a.logbook, a.clock)
    return name


def test_an_office_of_before_that_says_nothing_delays_no_alarm(tmp_path: Path, running: RunningOffice) -> None:
    with office(tmp_path / "other") as other, handheld(tmp_path / "a", running) as a:
        gone_elsewhere(a, running, other)
        running.close()
        with closing(socket.create_server(("127.0.0.1", running.port))) as silent:
            a.courier.start()
            silent.settimeout(30)
            silent.accept()  # and never answers
            a.logbook.append(Draft("alarm.raised", {"round": None, "point": None}, ("li-wei",)))
            since = time.monotonic()
            a.courier.nudge(urgent=True)
            while other.held(a.logbook.book) < a.logbook.head.seq:
                time.sleep(0.02)
                assert time.monotonic() < since + 10, "the patience with an office is twice as long"
            a.courier.stop()


def test_a_refusal_of_an_office_of_before_is_not_told_as_that_of_this_one(
    tmp_path: Path, running: RunningOffice
) -> None:
    with office(tmp_path / "other") as other, handheld(tmp_path / "a", running) as a:
        gone_elsewhere(a, running, other)
        running.ask(running.store.write(lambda tx: tx.execute(delete(devices))))
        a.courier.exchange()
        refused = Reason("sync.closed_refused", {"office": running.url})
        assert told(a) == ((Reason("sync.left_elsewhere", {"n": 1}),), refused)


def test_a_closed_book_that_cannot_be_read_keeps_no_other_back(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        for _ in range(2):
            a.courier.exchange()
            a.write(3)
            a.logbook.succeed("fork")
        a.go_through(running.url)
        first, second = (closed.home_of(a.logbook.folder, book) for book in books_of(a.logbook))
        for path in (first / "journal").iterdir():
            path.write_bytes(b"")
        a.courier.exchange()
        assert a.courier.state.last_reason == Reason("book.no_book", {"folder": str(first)})
        summary = closed.summary_of(second)
        assert summary is not None
        assert summary.acked == summary.seq


def books_of(logbook: Logbook) -> list[str]:
    """The closed ones, oldest first."""
    found, opened = list[str](), logbook.entry(1)
    while opened is not None and "after" in opened.record.body:
        found.insert(0, str(opened.record.body["after"]["book"]))
        opened = next(Reader(closed.home_of(logbook.folder, found[0])).entries(1, 1), None)
    return found


def test_an_office_back_from_a_copy_gets_the_pictures_of_each_of_its_sites(tmp_path: Path) -> None:
    with office(tmp_path / "office") as running, handheld(tmp_path / "a", running) as a:
        name = photographed(a, running)
        a.courier.exchange()
        code = running.ask(running.store.devices.add("harbour", "Gate 2", now_ms())).code
        enrol(a.logbook, running.url, join_code(code, running.key.public), "", a.clock)
        a.go_through(running.url)
        a.courier.exchange()
        running.ask(running.store.write(lambda tx: tx.execute(delete(blobs))))
        running.ask(running.store.write(lambda tx: begin_anew(tx, "another")))
        assert at_the_office(running, name) is None
        for _ in range(2):
            a.courier.exchange()
        assert at_the_office(running, name) == photo(300_000, 3)


def told(mine: Handheld) -> tuple[tuple[Reason, ...], Reason | None]:
    return mine.courier.state.notices, mine.courier.state.last_reason


def test_what_is_left_is_no_other_offices_business_and_goes_on_no_unsigned_word(
    tmp_path: Path, running: RunningOffice
) -> None:
    with office(tmp_path / "other") as other, handheld(tmp_path / "a", running) as a:
        picture = attached(a)
        a.courier.exchange()
        pruned(a)

        a.courier._connect = lambda book: spoilt(Lying, book, running, a.clock)
        with pytest.raises(OfficeAway):
            a.courier.exchange()
        assert a.logbook.blobs_left() == [picture.sha256]
        a.logbook.succeed("office", Enrolment(other.url, other.key.public.hex(), "pda-9", SITE))
        assert a.logbook.blobs_left() == []
