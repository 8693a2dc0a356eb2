"""Room for a round is set aside before it begins, and given up when the disk is full: a round begun is finished."""

import asyncio
import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import BookUnsafe
from app.logbook.book import Draft, Logbook
from app.logbook.disk import Disk
from app.logbook.journal import Space, segments
from app.logbook.verify import check_folder
from tests import garden
from tests.logbook.tools import SMALL, FailingDisk, QuickDisk, Ticks, fails, receipt, words

RESERVE = Space().reserve


class Brim(QuickDisk):
    """Has `room` bytes for files that grow or begin, and gets back those of files that are removed."""

    room = 64 << 20

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        growth = max(0, at + len(data) - os.fstat(fd).st_size)
        if growth > self.room:
            raise OSError(errno.ENOSPC, "full")
        self.room -= growth
        return super().write(name, fd, data, at)

    def remove(self, name: str, path: Path) -> None:
        self.room += path.stat().st_size if path.exists() else 0
        super().remove(name, path)

    def cut(self, name: str, fd: int, size: int) -> None:
        self.room += os.fstat(fd).st_size - size
        super().cut(name, fd, size)


@pytest.fixture
def brim(tmp_path: Path) -> Iterator[tuple[Path, Disk, Callable[[int], None]]]:
    """(folder, disk, fill up to so many free bytes): a real small file system where we may mount one, else one that
    plays it."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0:

        def fill(left: int) -> None:
            other = place / "somebody-elses"
            other.unlink(missing_ok=True)
            free = os.statvfs(place)
            other.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - left)))

        try:
            yield place / "book", Disk(), fill
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)
        return
    disk = Brim()
    yield place / "book", disk, lambda left: setattr(disk, "room", left)


def finish_the_round(logbook: Logbook) -> int:
    """Records until the disk takes none; how many bytes of them."""
    size = 0
    while size < 8 << 20:
        try:
            size += len(logbook.append(words(80))[0].raw)
        except BookUnsafe as e:
            if e.key == "book.disk_full":
                return size
            raise
    pytest.fail("the disk was never full")


def test_a_round_begun_is_finished_on_a_disk_that_fills(brim: tuple[Path, Disk, Callable[[int], None]]) -> None:
    folder, disk, fill = brim
    logbook = Logbook.open(folder, Ticks(), disk)
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    assert (folder / "reserve").stat().st_size == RESERVE
    logbook.reserve()
    fill(0)
    logbook.reserve()
    written = finish_the_round(logbook)
    assert written > RESERVE * 0.8
    head = logbook.head
    assert not (folder / "reserve").exists()
    with pytest.raises(BookUnsafe, match="no room left for a whole round"):
        logbook.reserve()
    logbook.close()
    logbook = Logbook.open(folder, Ticks(), disk)
    assert (logbook.head, logbook.opening.damage, logbook.opening.torn) == (head, (), ())
    fill(4 << 20)
    logbook.reserve()
    logbook.append(words(1))
    logbook.close()
    assert check_folder(folder).whole


def test_a_disk_without_room_for_a_segment_keeps_no_shift_from_opening(
    brim: tuple[Path, Disk, Callable[[int], None]],
) -> None:
    folder, disk, fill = brim
    logbook = Logbook.open(folder, Ticks(), disk)
    fill(20_000)
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    assert len(segments(folder)) == 1
    with pytest.raises(BookUnsafe) as refused:
        logbook.reserve()
    assert refused.value.key == "book.no_reserve"
    assert not list(folder.rglob("*.part"))
    logbook.append(words(2))
    fill(6 << 20)
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    assert len(segments(folder)) == 2
    logbook.close()
    assert check_folder(folder).whole


def test_a_reserve_is_taken_once_and_kept(tmp_path: Path) -> None:
    disk = Brim()
    logbook = Logbook.open(tmp_path, Ticks(), disk, SMALL)
    logbook.reserve()
    left = disk.room
    logbook.reserve()
    assert disk.room == left
    logbook.close()
    logbook = Logbook.open(tmp_path, Ticks(), disk, SMALL)
    left = disk.room
    logbook.reserve()
    assert disk.room == left
    logbook.close()


def test_a_disk_that_fails_otherwise_says_so(tmp_path: Path) -> None:
    Logbook.open(tmp_path, Ticks(), QuickDisk()).close()
    logbook = Logbook.open(tmp_path, Ticks(), FailingDisk(10**9, fails(errno.EIO)))
    logbook._journal.reserve._disk = FailingDisk(1, fails(errno.EIO))
    with pytest.raises(BookUnsafe) as refused:
        logbook.reserve()
    assert refused.value.key == "book.disk_error"
    assert not (tmp_path / "reserve").exists()
    logbook.append(words(1))
    logbook.close()


def test_the_crew_may_not_start_a_round_without_room_and_finishes_the_one_it_walks(tmp_path: Path) -> None:
    asyncio.run(night_on_a_small_disk(tmp_path))


async def night_on_a_small_disk(folder: Path) -> None:
    disk = Brim()
    hand = garden.Handheld(folder, garden.HandClock(), garden.plan(recheck=False), disk)
    await hand.sign_in("zhang", "li")
    (folder / "reserve").unlink()
    disk.room = 0
    with pytest.raises(BookUnsafe) as refused:
        await hand.start()
    assert refused.value.key == "book.no_reserve"
    assert "round.started" not in hand.kinds()
    disk.room = RESERVE
    await hand.start()
    disk.room = 0
    for point in ("gate", "power"):
        hand.clock.pass_s(100)
        await hand.scan(garden.LABELS[point])
    hand.logbook.append(*(words(80) for _ in range(300)))
    assert hand.watch.state.round is not None
    assert not (folder / "reserve").exists()
    hand.close()
    assert check_folder(folder).whole


def test_a_shift_that_opens_lets_go_of_what_the_office_has_had_long_enough(tmp_path: Path) -> None:
    asyncio.run(nights_a_week_apart(tmp_path))


async def nights_a_week_apart(folder: Path) -> None:
    hand = garden.Handheld(folder, garden.HandClock(), garden.plan(recheck=False))
    for days in (0, garden.plan().settings.prune_days):
        await hand.sign_in("zhang", "li")
        await hand.watch.close_shift()
        hand.clock.pass_s(days * 24 * 3600 + 60)
        hand.logbook.receipt(receipt(hand.logbook, hand.logbook.head.seq, at=hand.clock.at))
    assert "book.pruned" not in hand.kinds()
    await hand.sign_in("zhang", "li")
    hand.watch.close()
    assert "book.pruned" in hand.kinds()
    assert hand.kinds().count("shift.opened") == 2
    hand.logbook.close()
    report = check_folder(folder)
    assert report.broken is None, report
    assert report.purged
