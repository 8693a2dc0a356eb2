"""Every single step on the disk fails, or is the last thing the program does: nothing acknowledged is lost.

Steps are not listed here: a whole life is counted once, then lived again once per step.
"""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec import json

from app.errors import BookError, BookUnknown, BookUnsafe
from app.logbook.book import Draft, Logbook
from app.logbook.disk import Disk
from app.logbook.journal import Space
from app.logbook.lines import Head
from app.logbook.verify import check_folder
from app.record import Entry
from tests.logbook.tools import (
    SMALL,
    Acked,
    CountingDisk,
    FailingDisk,
    LooseDisk,
    QuickDisk,
    Ticks,
    fails,
    live,
    purged,
    receipt,
    words,
)


def life(folder: Path, disk: Disk, saw: Callable[[Logbook, Acked], None] = lambda logbook, acked: None) -> Acked:
    """A whole life on a disk that may fail; the crew does what it can and starts again when the book will not open."""
    acked = Acked()
    try:
        logbook = Logbook.open(folder, Ticks(), disk, SMALL)
    except BookError:
        logbook = Logbook.open(folder, Ticks(), disk, SMALL)
    live(logbook, acked, saw)
    logbook.close()
    return acked


def assert_all_there(folder: Path, acked: Acked) -> None:
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    there = {entry.record.seq: entry.hash for entry in logbook.entries()}
    gone = purged(logbook)
    assert [e.record.seq for e in acked.entries if there.get(e.record.seq) != e.hash and e.record.seq not in gone] == []
    assert logbook.opening.damage == ()
    assert int(logbook.cursor or 0) >= int(acked.cursor or 0)
    assert logbook.acked >= acked.receipt
    assert not logbook.cursor or logbook.page("plan")
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.sign_head()
    logbook.close()
    report = check_folder(folder)
    assert report.whole, report
    assert report.holes == ()


def count_steps(folder: Path) -> list[str]:
    disk = CountingDisk()
    acked = life(folder, disk)
    assert len(acked.entries) >= 14
    return disk.steps


def test_a_life_takes_every_kind_of_step(tmp_path: Path) -> None:
    subjects = {name.partition(".")[0] for name in count_steps(tmp_path / "life")}
    written = {"append", "space", "segment", "snapshot", "again", "hint"}
    assert subjects >= written | {"key", "keys", "received", "office", "shelf"}


def test_space_is_durable_before_anything_is_written_into_it(tmp_path: Path) -> None:
    steps = count_steps(tmp_path / "life")
    after = {steps[i + 1] for i, name in enumerate(steps) if name == "space.write"}
    assert after == {"space.sync"}


@pytest.mark.proof
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_one_failed_step_loses_nothing_that_was_acknowledged(tmp_path: Path, error: int) -> None:
    for at, name in enumerate(count_steps(tmp_path / "life")):
        folder = tmp_path / f"{at}-{name}"
        acked = life(folder, FailingDisk(at, fails(error)))
        assert_all_there(folder, acked)


@pytest.mark.proof
def test_a_disk_that_stays_broken_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    class Broken(FailingDisk):
        def step(self, name: str) -> None:
            self._left -= 1
            if self._left < 0:
                raise OSError(errno.EIO, "broken")

    for at, name in enumerate(count_steps(tmp_path / "life")):
        folder, acked = tmp_path / f"{at}-{name}", Acked()
        with suppress(BookError):
            acked = life(folder, Broken(at, fails(errno.EIO)))
        assert_all_there(folder, acked)


@pytest.mark.proof
def test_the_program_dies_at_any_step_and_the_next_start_has_it_all(tmp_path: Path) -> None:
    for at, name in enumerate(count_steps(tmp_path / "life")):
        folder = tmp_path / f"{at}-{name}"
        assert_all_there(folder, dies(folder, at))


def dies(folder: Path, at: int) -> Acked:
    """What a process acknowledged, told through a pipe, before it ended at that step without another instruction."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)

        def tell(logbook: Logbook, acked: Acked) -> None:
            os.write(writes, json.encode([[e.record.seq, e.hash.hex()] for e in acked.entries]) + b"\n")

        life(folder, FailingDisk(at, lambda name: os._exit(9)), tell)
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as told:
        lines = told.read().splitlines()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    pairs: list[tuple[int, str]] = json.decode(lines[-1]) if lines else []
    records = {e.record.seq: e for e in Logbook.read(folder).entries()} if pairs else {}
    pairs = [pair for pair in pairs if pair[0] not in purged(Logbook.read(folder))]
    return Acked(entries=[Entry(records[seq].record, records[seq].raw, bytes.fromhex(link)) for seq, link in pairs])


def test_a_failed_flush_is_unknown_and_nothing_is_written_until_the_book_is_opened_again(tmp_path: Path) -> None:
    class Once(QuickDisk):
        armed = False

        def sync(self, name: str, fd: int) -> None:
            if self.armed and name == "append.sync":
                self.armed = False
                raise OSError(errno.EIO, "lost")

    disk = Once()
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    logbook.append(words(1))
    disk.armed = True
    with pytest.raises(BookUnknown):
        logbook.append(words(2))
    assert logbook.head.seq == 2
    with pytest.raises(BookUnknown):
        logbook.append(words(3))
    assert logbook.reopen() is logbook.opening
    assert not logbook.opening.fresh
    assert [e.record.body["n"] for e in logbook.entries(2)] == [1, 2]
    assert logbook.append(words(3))[0].record.seq == 4
    logbook.close()


@pytest.mark.parametrize("refused", ["again.write", "again.sync"])
@pytest.mark.parametrize("error", [errno.EIO, errno.EROFS, errno.ENOSPC])
def test_a_disk_that_refuses_the_opening_after_a_failed_flush_too_is_written_to_when_it_is_sound_again(
    tmp_path: Path, refused: str, error: int
) -> None:
    """Without a restart: a card that was loose for a minute must not cost the night."""
    disk = LooseDisk()
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    logbook.append(words(1))
    disk.refuses = dict.fromkeys(("append.sync", refused), error)
    with pytest.raises(BookUnknown):
        logbook.append(words(2))
    for _ in range(2):
        with pytest.raises(BookUnsafe):  # nothing that was found is durable yet: it must not be called recorded
            logbook.reopen()
        with pytest.raises((BookUnknown, BookUnsafe)):
            logbook.append(words(3))
    disk.refuses = {}
    try:
        [third] = logbook.append(words(3))
    except BookUnknown:  # as ever: reopen and look
        logbook.reopen()
        [third] = logbook.append(words(3))
    assert third.record.seq == 4
    assert [entry.record.body["n"] for entry in logbook.entries(2)] == [1, 2, 3]
    logbook.close()
    assert check_folder(tmp_path / "book").whole


class Forgetful(QuickDisk):
    """A flush of an append that fails drops what was written since the one before it; the system goes on showing it."""

    def __init__(self) -> None:
        self.platter = bytearray()
        """Of the only segment, as a power cut would leave it."""
        self.armed = False
        self._pending: list[tuple[int, bytes]] = []

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        if name != "hint.write":
            self._pending.append((at, data))
        return super().write(name, fd, data, at)

    def sync(self, name: str, fd: int) -> None:
        pending, self._pending = self._pending, []
        if self.armed and name == "append.sync":
            self.armed = False
            raise OSError(errno.EIO, "lost")
        for at, data in pending:
            self.platter[at : at + len(data)] = data


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("count", [1, 400], ids=["a record", "as many as fit a write"])
@pytest.mark.parametrize("signed", [False, True])
def test_what_a_failed_flush_left_only_in_memory_is_written_again_at_the_next_opening(
    tmp_path: Path, count: int, *, restarts: bool, signed: bool
) -> None:
    """After a failed flush the system may keep showing bytes that the disk never got."""
    disk, folder = Forgetful(), tmp_path / "book"
    segment = folder / "journal" / "seg-00000001.jsonl"
    logbook = Logbook.open(folder, Ticks(), disk)
    disk.platter = bytearray(segment.read_bytes())
    logbook.append(words(1))
    if signed:
        logbook.sign_head()
    disk.armed = True
    with pytest.raises(BookUnknown):
        logbook.append(*map(words, range(count)))
    if restarts:
        logbook.close()
        logbook = Logbook.open(folder, Ticks(), disk)
    else:
        logbook.reopen()
    assert logbook.head.seq == 2 + count
    assert disk.platter == segment.read_bytes()
    logbook.close()


@pytest.mark.parametrize("refused", ["again.write", "again.sync"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_what_is_not_known_to_be_durable_is_given_to_nobody(tmp_path: Path, refused: str, error: int) -> None:
    """A power cut may take it yet: the office must not hold a number that is written once more."""
    disk = LooseDisk()
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    logbook.append(words(1))
    logbook.append(words(2))
    head = logbook.head
    disk.refuses = dict.fromkeys(("append.sync", refused), error)
    with pytest.raises(BookUnknown):
        logbook.append(words(3))
    with pytest.raises(BookUnsafe):
        logbook.reopen()
    assert (logbook.head, logbook.unsent, logbook.entry(4)) == (head, 3, None)
    assert [entry.record.seq for entry in logbook.entries()] == [1, 2, 3]
    disk.refuses = {}
    logbook.reopen()
    assert [entry.record.body["n"] for entry in logbook.entries(2)] == [1, 2, 3]
    logbook.close()


def test_a_head_stays_where_it_was_when_its_hint_is_gone(tmp_path: Path) -> None:
    """Else the office that has more than the head would look like a fork."""
    disk = LooseDisk()
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    logbook.append(words(1))
    head = logbook.head
    disk.refuses = dict.fromkeys(("append.sync", "again.write"), errno.EIO)
    with pytest.raises(BookUnknown):
        logbook.append(words(2))
    (tmp_path / "book" / "head").unlink()
    for _ in range(2):
        with pytest.raises(BookUnsafe):
            logbook.reopen()
        assert logbook.head == head
    disk.refuses = {}
    logbook.append(words(3))
    assert [entry.record.body["n"] for entry in logbook.entries(2)] == [1, 2, 3]
    logbook.close()


@pytest.mark.parametrize("stale", [False, True])
def test_what_the_office_has_is_durable_whatever_the_hint_says(tmp_path: Path, *, stale: bool) -> None:
    disk, hint = LooseDisk(), tmp_path / "book" / "head"
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    logbook.append(words(1))
    before = hint.read_bytes()
    head = Head(logbook.append(words(2))[0].record.seq, logbook.head.hash)
    logbook.receipt(receipt(logbook, head.seq))
    logbook.append(words(3))
    logbook.close()
    if stale:
        hint.write_bytes(before)
    else:
        hint.unlink()
    disk.refuses = {"again.write": errno.ENOSPC}
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    assert (logbook.head, logbook.acked, logbook.unsent) == (head, head.seq, 0)
    disk.refuses = {}
    logbook.reopen()
    assert [entry.record.body["n"] for entry in logbook.entries(2)] == [1, 2, 3]
    logbook.close()


def test_a_short_write_is_taken_back(tmp_path: Path) -> None:
    class Short(QuickDisk):
        armed = False

        def write(self, name: str, fd: int, data: bytes, at: int) -> int:
            return super().write(name, fd, data[:100] if self.armed and name == "append.write" else data, at)

    disk = Short()
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    logbook.append(words(1))
    disk.armed = True
    with pytest.raises(BookUnsafe, match="full"):
        logbook.append(words(2))
    disk.armed = False
    assert Logbook.read(tmp_path / "book").unfinished == 0
    assert logbook.append(words(3))[0].record.seq == 3
    logbook.close()
    logbook = Logbook.open(tmp_path / "book", Ticks(), QuickDisk(), SMALL)
    assert logbook.opening.torn == ()
    assert [e.record.body["n"] for e in logbook.entries(2)] == [1, 3]
    logbook.close()


@pytest.mark.parametrize("step", ["segment.create", "segment.write", "segment.rename", "segment.folder"])
def test_a_segment_that_could_not_be_begun_leaves_no_trace(tmp_path: Path, step: str) -> None:
    class Once(QuickDisk):
        armed = False

        def step(self, name: str) -> None:
            if self.armed and name == step:
                self.armed = False
                raise OSError(errno.EIO, "once")

    disk = Once()
    logbook = Logbook.open(tmp_path, Ticks(), disk, SMALL)
    logbook.append(*(words(60) for _ in range(4)))
    disk.armed = True
    with pytest.raises(BookUnsafe):
        logbook.append(*(words(89) for _ in range(4)))
    assert not disk.armed
    logbook.append(words(1))
    logbook.close()
    assert len(list((tmp_path / "journal").iterdir())) == 1
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL)
    assert (logbook.opening.damage, logbook.head.seq) == ((), 6)
    logbook.close()


# -- a full disk --------------------------------------------------------------------------------


class FullDisk(QuickDisk):
    """Takes `room` bytes of new file space, then says so, as a file system does: the last write is short."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        growth = max(0, at + len(data) - os.fstat(fd).st_size)
        fits = len(data) - max(0, growth - self.room)
        if fits <= 0:
            raise OSError(errno.ENOSPC, "full")
        self.room -= min(growth, self.room)
        return super().write(name, fd, data[:fits], at)


def fill(logbook: Logbook) -> list[Entry]:
    """Append until the disk is full, and three times more."""
    acked: list[Entry] = []
    refused = 0
    while refused < 3 and len(acked) < 5000:
        try:
            acked += logbook.append(words(len(acked) * 31))
        except BookUnsafe as e:
            refused += e.key == "book.disk_full"
    assert refused == 3
    return acked


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[tuple[Path, Disk, Callable[[], None]]]:
    """(folder, disk, make room): a real file system of 1 MiB where we may mount one, else a disk that plays it."""
    place = tmp_path / "tiny"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0:

        def grow() -> None:
            subprocess.run(["mount", "-o", "remount,size=4m", str(place)], check=True)

        try:
            yield place / "book", Disk(), grow
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)
        return
    disk = FullDisk(1 << 20)
    yield place / "book", disk, lambda: setattr(disk, "room", 3 << 20)


def check_full(folder: Path, disk: Disk, make_room: Callable[[], None]) -> None:
    logbook = Logbook.open(folder, Ticks(), disk)
    acked = fill(logbook)
    assert len(acked) > 20
    assert [e.raw for e in logbook.entries(2)] == [e.raw for e in acked], "reading goes on"
    assert {path.stat().st_size % Space().step for path in (folder / "journal").glob("seg-*")} == {0}, "given back"
    logbook.close()
    logbook = Logbook.open(folder, Ticks(), disk)
    assert logbook.opening.damage == ()
    assert [e.hash for e in logbook.entries(2)] == [e.hash for e in acked]
    make_room()
    acked += logbook.append(words(5))
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.close()
    assert check_folder(folder).whole
    assert [e.hash for e in Logbook.read(folder).entries(2, len(acked))] == [e.hash for e in acked]


def test_a_full_disk_refuses_and_keeps_all_it_had(tiny: tuple[Path, Disk, Callable[[], None]]) -> None:
    check_full(*tiny)


@pytest.mark.parametrize("room", [300_000, 600_000, 1_500_000])
def test_a_disk_that_fills_at_any_size_refuses_and_keeps_all_it_had(tmp_path: Path, room: int) -> None:
    disk = FullDisk(room)
    check_full(tmp_path / "book", disk, lambda: setattr(disk, "room", 3 << 20))


def test_torn_bytes_that_cannot_be_set_aside_yet_keep_nobody_from_reading(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    logbook = Logbook.open(folder, Ticks(), QuickDisk())
    logbook.append(words(1))
    logbook.close()
    path = next((folder / "journal").glob("seg-*"))
    data = path.read_bytes()
    end = len(data.rstrip(b"\0"))
    path.write_bytes(data[:end] + b"half a line" + data[end + 11 :])
    disk = FullDisk(0)
    logbook = Logbook.open(folder, Ticks(), disk)
    assert len(list(logbook.entries())) == 2
    with pytest.raises(BookUnsafe, match="full"):
        logbook.append(words(2))
    disk.room = 1 << 20
    logbook.append(words(2))
    logbook.close()
    assert [p.read_bytes() for p in folder.glob("torn-*")] == [b"half a line"]
    assert check_folder(folder).whole


def test_a_read_only_disk_is_said_and_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    logbook = Logbook.open(folder, Ticks(), QuickDisk())
    logbook.append(words(1))
    logbook.close()
    with pytest.raises(BookUnsafe, match="read-only"):
        Logbook.open(folder, Ticks(), FailingDisk(0, fails(errno.EROFS)))
    assert len(list(Logbook.read(folder).entries())) == 2
