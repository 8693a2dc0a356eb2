"""A confirmed record against raw append + fsync, interleaved in one loop, among 100 and 100 000 earlier records.

`python -m bench.record` in a folder on the disk to be measured prints `name ratio goal`.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from app.logbook.book import Draft, Logbook
from app.ports import Moment

GOAL = 1.6
OPENING_GOAL_S = 0.5
ROUNDS = 300


class _Clock:
    def now(self) -> Moment:
        return Moment(at=time.time_ns() // 1_000_000, up=time.monotonic_ns() // 1_000_000, boot="b" * 32)


def arrival(number: int) -> Draft:
    """A record as a stop makes it: about 600 bytes."""
    evidence = {
        "address": "C0:11:22:33:44:55",
        "enter": -75,
        "format": "ibeacon",
        "frame": "m004c:0215fda50693a4e24fb1afcfc6eb0764782500010007c5",
        "power_1m": -59,
        "samples": [[number * 7 + i * 500, -60 - i] for i in range(5)],
        "tag": "fda50693-a4e2-4fb1-afcf-c6eb07647825/1/7",
    }
    body = {
        "evidence": {"ble": evidence},
        "grade": "near",
        "marks": [],
        "point": "P-A1-03",
        "round": "night-patrol:2026-03-28T22:00#1",
        "stop": f"s{number % 40}",
    }
    return Draft("stop.arrived", body, by=("chen-bo", "li-ming"))


def book_of(folder: Path, records: int) -> Logbook:
    """A book with so many records, written in large appends."""
    logbook = Logbook.open(folder, _Clock())
    while logbook.head.seq < records:
        start = logbook.head.seq
        logbook.append(*(arrival(start + i) for i in range(min(1000, records - start))))
    return logbook


def ratio(ours: Callable[[int], object], floor: Callable[[int], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """(median of ours ÷ median of the floor, median of ours in ms), the two taken in turns."""
    spent: dict[str, list[float]] = {"ours": [], "floor": []}
    pair = [("ours", ours), ("floor", floor)]
    for number in range(rounds):
        for name, act in pair if number % 2 else pair[::-1]:
            began = time.perf_counter()
            act(number)
            spent[name].append(time.perf_counter() - began)
    return median(spent["ours"]) / median(spent["floor"]), median(spent["ours"]) * 1000


def measure(folder: Path, earlier: int) -> tuple[float, float]:
    logbook = book_of(folder / f"book-{earlier}", earlier)
    raw = logbook.append(arrival(0))[0].raw + b"\n"
    fd = os.open(folder / f"floor-{earlier}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(fd, raw * min(earlier, 1000))

        def floor(number: int) -> None:
            os.write(fd, raw)
            os.fsync(fd)

        return ratio(lambda number: logbook.append(arrival(number)), floor)
    finally:
        os.close(fd)
        logbook.close()


def opening(folder: Path, records: int) -> float:
    """Seconds to open a book of so many records; the median of five."""
    book_of(folder / f"open-{records}", records).close()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        Logbook.open(folder / f"open-{records}", _Clock()).close()
        times.append(time.perf_counter() - began)
    return median(times)


def run() -> list[tuple[str, float, float]]:
    """(name, ratio, goal) of each measurement. Opening is in seconds, against the goal for this class of machine."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        found = [(f"record-among-{n}", measure(folder, n)[0], GOAL) for n in (100, 100_000)]
        found.append(("open-10000-records-s", opening(folder, 10_000), OPENING_GOAL_S))
    return found


if __name__ == "__main__":
    for name, measured, goal in run():
        print(f"{name} {measured:.2f} {goal}")
