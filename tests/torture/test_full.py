"""The disk is full, at whatever size it gets there, and then there is space again; and a file may not grow.

Refusals are answers. Everything acknowledged before and after them is read again, and recording goes on
without a restart.
"""

import os
import random
import resource
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from app.errors import BookError
from app.logbook.book import Logbook
from tests.logbook.tools import SMALL, QuickDisk, Ticks
from tests.needs import needs_root
from tests.torture.judge import absent, faults
from tests.torture.lives import Heard, Life, Told
from tests.torture.tally import Case, Fault, Torture
from tests.torture.twins import broken

PAGE: Final = 4096
ROOM: Final = 4 << 20
ACTS: Final = 60


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A real file system of 4 MiB; unmounted again whatever happens."""
    needs_root("a disk that is really full is a small file system")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def leave(disk: Path, pages: int) -> Path:
    """Fill the disk up to so many pages; the file to remove for space again."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - pages * PAGE)))
    return ballast


def full(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    """A life on a disk with 8, 9, 10 … pages left; space comes back while the book is open, and every third time after
    a restart on the full disk. Every second life begins by closing the book, so that each step of that meets the end.
    """
    disk_class = broken(twin, QuickDisk)
    with small_disk(place) as disk:
        for number in range(count):
            pages = 8 + number % 56
            ballast, told = leave(disk, pages), Told()
            folder = disk / "book"
            logbook = Logbook.open(folder, Ticks(), disk_class(), SMALL)
            life = Life(logbook, random.Random(seed + number), told.hear)
            if number % 2:
                life.play(life.succeed)
            live(life)
            found = list[Fault]()
            if number % 3 == 2:
                logbook.close()
                logbook = Logbook.open(folder, Ticks(), disk_class(), SMALL)
            found += unread(logbook, told)
            ballast.unlink()
            before = told.records
            live(Life(logbook, random.Random(seed - number), told.hear))
            logbook.close()
            if told.records == before:
                found.append(Fault("stuck", "there is space again and nothing is recorded"))
            yield Case(f"{pages} pages left, case {number}", told.count, (*found, *faults(folder, told)))
            shutil.rmtree(folder)


def live(life: Life) -> None:
    for _ in range(ACTS):
        life.act()


def unread(logbook: Logbook, told: Told) -> list[Fault]:
    """Reading goes on while the disk is full."""
    return [fault for fault in absent(logbook.folder, logbook, told) if fault.what.startswith("record")]


def bounded(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    """No file may pass a size (RLIMIT_FSIZE): writes are really short, then refused with EFBIG."""
    for number in range(count):
        limit = random.Random(seed + number).randrange(3000, 9000)
        told = Told()
        told.listen(life_under(limit, place / "book", seed + number, twin))
        yield Case(f"files of at most {limit} bytes, case {number}", told.count, faults(place / "book", told))
        shutil.rmtree(place / "book")


def life_under(limit: int, folder: Path, seed: int, twin: str) -> bytes:
    """What a process that lives so told."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        code = 70
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            code = bounded_life(folder, writes, seed, twin)
        finally:
            os._exit(code)
    os.close(writes)
    with os.fdopen(reads, "rb") as told:
        lines = told.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, f"died of itself: {code}, seed {seed}"
    return lines


def bounded_life(folder: Path, writes: int, seed: int, twin: str) -> int:
    def tell(heard: Heard) -> None:
        os.write(writes, heard.line())

    try:
        logbook = Logbook.open(folder, Ticks(), broken(twin, QuickDisk)(), SMALL)
    except BookError:
        return 0
    life = Life(logbook, random.Random(seed), tell)
    for _ in range(ACTS):
        life.act()
    return 0


FULL: Final = Torture("disk full, then space again", "disks", full, 56, 1120, {"swallows errors": 56})
BOUNDED: Final = Torture(
    "short writes", "lives", bounded, 40, 1000, {"swallows errors": 40, "half is whole": 40}, in_memory=True
)


@pytest.mark.proof
def test_a_disk_that_is_full_at_any_page_refuses_and_keeps_all_it_said(tmp_path: Path) -> None:
    tally = FULL.run(tmp_path, FULL.quick)
    assert tally.sound, tally
    assert tally.acked > 1000


@pytest.mark.proof
def test_a_write_that_is_cut_short_is_taken_back(tmp_path: Path) -> None:
    tally = BOUNDED.run(tmp_path, BOUNDED.quick)
    assert tally.sound, tally
    assert tally.acked > 100


@pytest.mark.proof
@pytest.mark.parametrize(("torture", "twin"), [(t, twin) for t in (FULL, BOUNDED) for twin in t.twins])
def test_a_book_that_does_not_look_at_what_the_disk_answers_is_found_out(
    tmp_path: Path, torture: Torture, twin: str
) -> None:
    assert torture.catches(tmp_path, twin)
