"""The logbook against its floors, taken in turns in one run: a confirmed record against raw append + fsync, checking
and opening against parsing and hashing the same lines, looking up among many records against among few.

`python -m bench.record` in a folder on the disk to be measured prints `name ratio goal`.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from app.logbook.book import Logbook
from app.logbook.disk import Disk
from app.logbook.journal import segments
from app.logbook.verify import check_folder, check_lines, export_lines
from app.memory import Memory
from app.record import follow
from bench.books import READINGS, SHIFT, Clock, arrival, book_of
from bench.table import Figure, Unmeasured, show

GOALS: Final = {100: 1.6, 10_000: 1.4, 100_000: 1.4}
"""Of a confirmed record, by the number of earlier ones."""
ROUNDS: Final = 300
IMAGE_BYTES: Final = 256 * 1024 * 1024
_SECTOR: Final = 512
_HASH: Final = 64

Act = Callable[[int], object]


def run() -> list[Figure | Unmeasured]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        books = {count: book_of(folder / str(count), count) for count in (*GOALS, 1000)}
        try:
            return [
                *(confirmed(folder, books[count][0], count, goal) for count, goal in GOALS.items()),
                processor(books[100][0], books[100_000][0]),
                flushes(folder),
                device(folder),
                look_up(books[1000][1], books[100_000][1]),
                *checked(folder / "10000"),
                reopened(folder, books[100_000][0]),
            ]
        finally:
            for logbook, _ in books.values():
                logbook.close()


def ratio(ours: Act, floor: Act, rounds: int = ROUNDS, clock: Callable[[], float] = time.perf_counter) -> float:
    """Median of ours / median of the floor, the two taken in turns."""
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which, act in ((0, ours), (1, floor))[:: 1 if number % 2 else -1]:
            began = clock()
            act(number)
            spent[which].append(clock() - began)
    return median(spent[0]) / median(spent[1])


# -- a record ------------------------------------------------------------------------------------


def confirmed(folder: Path, logbook: Logbook, earlier: int, goal: float) -> Figure:
    raw = logbook.append(arrival(0))[0].raw + b"\n"
    fd = os.open(folder / f"floor-{earlier}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(fd, raw * min(earlier, 1000))
        measured = ratio(lambda number: logbook.append(arrival(number)), lambda _: _raw_append(fd, raw))
    finally:
        os.close(fd)
    return f"confirmed record among {earlier} / raw append + fsync", measured, goal


def _raw_append(fd: int, raw: bytes) -> int:
    taken = os.write(fd, raw)
    os.fsync(fd)
    return taken


def processor(few: Logbook, many: Logbook) -> Figure:
    measured = ratio(lambda n: many.append(arrival(n)), lambda n: few.append(arrival(n)), clock=time.thread_time)
    return "CPU of a record among 100000 / among 100", measured, 2


class Counting(Disk):
    """Counts what makes bytes or names durable."""

    flushes = 0

    def sync(self, name: str, fd: int) -> None:
        self.flushes += 1
        super().sync(name, fd)

    def sync_folder(self, name: str, folder: Path) -> None:
        self.flushes += 1
        super().sync_folder(name, folder)


def flushes(folder: Path) -> Figure:
    """Over the records of one shift, with the room that they need."""
    disk = Counting()
    logbook, _ = book_of(folder / "flushed", 100, disk)
    with closing(logbook):
        before = disk.flushes
        for number in range(SHIFT):
            logbook.append(arrival(number))
        return "flushes per record", (disk.flushes - before) / SHIFT, 1.1


# -- what the device gets ------------------------------------------------------------------------


def device(folder: Path) -> Figure | Unmeasured:
    """Bytes that a shift's records, one by one, bring to the device, against as many raw appends; on its own ext4."""
    name = "device bytes of a record / of a raw append"
    if os.geteuid() != 0:
        return name, "needs root: it mounts"
    with mounted(folder) as (top, stat):
        logbook, _ = book_of(top / "book", 100)
        with closing(logbook):
            raw = logbook.append(arrival(0))[0].raw + b"\n"
            ours = written(top, stat, lambda: [logbook.append(arrival(number)) for number in range(SHIFT)])
        fd = os.open(top / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            _raw_append(fd, raw)
            floor = written(top, stat, lambda: all(_raw_append(fd, raw) for _ in range(SHIFT)))
        finally:
            os.close(fd)
    return name, ours / floor, 0.4


@contextmanager
def mounted(folder: Path) -> Iterator[tuple[Path, Path]]:
    """An empty ext4 on a loop device of its own: where it is mounted, and the device's counters."""
    image, top = folder / "image", folder / "top"
    top.mkdir()
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    _ask("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
    loop = _ask("losetup", "--find", "--show", str(image))
    try:
        _ask("mount", loop, str(top))
        try:
            yield top, Path("/sys/block", Path(loop).name, "stat")
        finally:
            _ask("umount", str(top))
    finally:
        _ask("losetup", "--detach", loop)


def _ask(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def written(top: Path, stat: Path, act: Callable[[], object]) -> int:
    """Bytes that `act` and what it left unwritten brought to the device. Field 7 of the counters is sectors written."""

    def sectors() -> int:
        _ask("sync", "--file-system", str(top))
        return int(stat.read_text().split()[6])

    before = sectors()
    act()
    return (sectors() - before) * _SECTOR


# -- many records --------------------------------------------------------------------------------


def look_up(few: Memory, many: Memory) -> Figure:
    """An asset's card with its last ten readings."""
    asset = READINGS[0].asset
    assert asset is not None

    def look(memory: Memory) -> None:
        for _ in range(20):
            card = memory.asset(asset)
            assert card is not None
            assert [len(readings) for readings in card.checks.values()] == [10]

    measured = ratio(lambda _: look(many), lambda _: look(few), clock=time.thread_time)
    return "last ten readings of an asset among 100000 / among 1000", measured, 1.5


def checked(folder: Path) -> list[Figure]:
    """`verify` of an exported file, and of the data folder that it came from."""
    lines = list(export_lines(Logbook.read(folder)))

    def export(_: int) -> None:
        assert check_lines(lines).whole

    def data(_: int) -> None:
        assert check_folder(folder).whole

    return [
        ("verify an export / parsing and hashing its lines", ratio(export, lambda _: parsed(lines), rounds=7), 3),
        ("verify a data folder / the same", ratio(data, lambda _: parsed(stored(folder)), rounds=7), 3),
    ]


def stored(folder: Path, last: int = 0) -> Iterator[bytes]:
    """The lines of all segments, or of the `last` so many, as JSON."""
    for _, path in segments(folder)[-last:]:
        for line in path.read_bytes().rstrip(b"\0").splitlines():
            yield line[_HASH + 1 :]


def parsed(lines: Iterable[bytes]) -> bytes:
    """Every line decoded, and hashed as the chain does."""
    link = bytes(32)
    for line in lines:
        msgspec.json.decode(line)
        link = follow(link, line)
    return link


def reopened(folder: Path, logbook: Logbook) -> Figure:
    """Opening owes one flush: a write whose own failed may be in memory only. The floor does one too."""
    logbook.close()
    fd = os.open(folder / "flushed-again", os.O_WRONLY | os.O_CREAT)
    try:

        def floor(_: int) -> None:
            parsed(stored(logbook.folder, last=1))
            os.pwrite(fd, bytes(4096), 0)
            os.fdatasync(fd)

        measured = ratio(lambda _: Logbook.open(logbook.folder, Clock()).close(), floor, rounds=31)
    finally:
        os.close(fd)
    return "reopening among 100000 / parsing one shift's lines + one flush", measured, 2


if __name__ == "__main__":
    raise SystemExit(show(run()))
