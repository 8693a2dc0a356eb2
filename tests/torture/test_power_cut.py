"""The power fails under a real ext4: its journal and its unwritten pages are gone, and what is left is mounted again.

FS_IOC_SHUTDOWN stops a file system at once and writes nothing out. Only what was answered before the
call counts as acknowledged.
"""

import fcntl
import os
import random
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from app.errors import BookError, BookUnsafe
from app.logbook.book import Logbook
from app.logbook.disk import Disk
from tests.logbook.tools import SMALL, Ticks
from tests.needs import needs, needs_root
from tests.torture.judge import absent, faults
from tests.torture.lives import Told
from tests.torture.tally import Case, Fault, Torture
from tests.torture.test_kill import live_until_killed

SHUTDOWN: Final = 0x8004587D
"""FS_IOC_SHUTDOWN, linux/fs.h"""
NO_LOG_FLUSH: Final = struct.pack("I", 2)
"""EXT4_GOING_FLAGS_NOLOGFLUSH: the file system's own log is not written out either."""
MIB: Final = 64
LIVES: Final = 8
"""Cuts that one book lives through."""


class Volume:
    """A small ext4 on a loop device."""

    def __init__(self, place: Path) -> None:
        self.image = place / "image"
        self.top = place / "volume"
        self.top.mkdir()
        self._mounted = False

    def make(self) -> None:
        with self.image.open("wb") as image:
            image.truncate(MIB << 20)
        subprocess.run([needs("mkfs.ext4"), "-q", "-F", str(self.image)], check=True, capture_output=True)

    def mount(self, how: str = "rw") -> None:
        """`commit=300`: nothing is written out by time alone."""
        subprocess.run(["mount", "-o", f"loop,commit=300,{how}", str(self.image), str(self.top)], check=True)
        self._mounted = True

    def abort(self) -> None:
        """The kernel gives the file system up, as after an error of the disk: from here on it is read-only."""
        subprocess.run(["mount", "-o", "remount,abort", str(self.top)], check=True)

    def mend(self) -> None:
        """What a start-up does with a file system that was given up."""
        done = subprocess.run([needs("e2fsck"), "-p", str(self.image)], capture_output=True)
        assert done.returncode in (0, 1), done.stdout.decode()

    def cut(self) -> None:
        """From here on nothing reaches the image."""
        fd = os.open(self.top, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(fd)

    def unmount(self) -> None:
        """The loop device goes with it."""
        if self._mounted:
            subprocess.run(["umount", str(self.top)], check=True)
            self._mounted = False


@contextmanager
def volume(place: Path) -> Iterator[Volume]:
    """Made and mounted; unmounted again whatever happens."""
    needs_root("a real power cut mounts a file system")
    found = Volume(place)
    found.make()
    found.mount()
    try:
        yield found
    finally:
        found.unmount()


def one_life(disk: Volume, seconds: float, seed: int, twin: str, end: Callable[[], None]) -> bytes:
    """What a life on the volume told before the `end`, so long after its first answer."""
    reads, writes = os.pipe()
    fcntl.fcntl(reads, fcntl.F_SETPIPE_SZ, 1 << 20)
    child = os.fork()
    if child == 0:
        os.close(reads)
        try:
            live_until_killed(disk.top / "book", writes, seed, twin)
        finally:
            os._exit(70)
    os.close(writes)
    try:
        told = os.read(reads, 1 << 16)
        time.sleep(seconds)
        os.set_blocking(reads, False)
        told += _waiting(reads)
        end()
        assert told, f"said nothing, seed {seed}"
        return told
    finally:
        os.close(reads)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _waiting(reads: int) -> bytes:
    pieces = []
    try:
        while piece := os.read(reads, 1 << 16):
            pieces.append(piece)
    except BlockingIOError:
        pass
    return b"".join(pieces)


def cuts(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    chance = random.Random(seed)
    with volume(place) as disk:
        told = Told()
        for number in range(count):
            before = told.count
            told.listen(one_life(disk, chance.random() * 0.25, seed + number, twin, disk.cut))
            disk.unmount()
            disk.mount()
            ends = number % LIVES == LIVES - 1 or number == count - 1
            yield Case(
                f"cut {number}",
                told.count - before,
                faults(disk.top / "book", told, goes_on=ends, tears=True, disk=Disk()),
            )
            if ends:
                disk.unmount()
                disk.make()
                disk.mount()
                told = Told()


def read_only(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    """Answers before it count: in the moment of giving up the kernel may still report a flush that it drops. Then it is
    mounted read-only, where the book is refused and can be read, and at last writable again.
    """
    chance = random.Random(seed)
    with volume(place) as disk:
        for number in range(count):
            told, folder = Told(), disk.top / "book"
            told.listen(one_life(disk, chance.random() * 0.1, seed + number, twin, disk.abort))
            disk.unmount()
            disk.mend()
            disk.mount("ro")
            found = [*refused(folder), *unread(folder, told)]
            disk.unmount()
            disk.mount()
            yield Case(f"read-only {number}", told.count, (*found, *faults(folder, told, tears=True)))
            shutil.rmtree(folder)


def unread(folder: Path, told: Told) -> list[Fault]:
    """Where one book was just making way for the next, its place is `next` until somebody may write again."""
    moving = not (folder / "journal").is_dir()
    try:
        found = absent(folder, Logbook.read(folder / "next" if moving else folder), told)
    except BookError as e:
        return [Fault("lost", f"the book: {e}")]
    return [fault for fault in found if not moving or "record" in fault.what]


def refused(folder: Path) -> list[Fault]:
    """A read-only disk is said at once, in the contract's words."""
    try:
        Logbook.open(folder, Ticks(), Disk(), SMALL).close()
    except BookUnsafe as e:
        return [] if e.key == "book.read_only" else [Fault("stuck", f"refused as {e.key}")]
    return [Fault("silent", "a read-only disk was taken for a good one")]


READ_ONLY: Final = Torture("read-only in the middle of a shift", "remounts", read_only, 6, 100, {"no fsync": 3})
POWER_CUTS: Final = Torture(
    "power cut of a real ext4",
    "cuts",
    cuts,
    15,
    200,
    {"no fsync": 8, "no directory fsync": 60, "ack before fsync": 60},
)


@pytest.mark.proof
def test_no_power_cut_loses_what_was_acknowledged(tmp_path: Path) -> None:
    tally = POWER_CUTS.run(tmp_path, POWER_CUTS.quick)
    assert tally.sound, tally
    assert tally.cases == 15
    assert tally.acked > 150


@pytest.mark.proof
def test_a_file_system_that_turns_read_only_is_said_and_costs_nothing(tmp_path: Path) -> None:
    tally = READ_ONLY.run(tmp_path, READ_ONLY.quick)
    assert tally.sound, tally
    assert tally.acked > 30


@pytest.mark.proof
@pytest.mark.parametrize(("torture", "twin"), [(t, twin) for t in (POWER_CUTS, READ_ONLY) for twin in t.twins])
def test_a_book_that_flushes_too_little_or_too_late_loses_records(tmp_path: Path, torture: Torture, twin: str) -> None:
    assert torture.catches(tmp_path, twin)
