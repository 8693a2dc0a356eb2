"""The terminal against a minimal Textual program: start, memory, keys, screen changes, scans, sleep.

Both run in real 40x20 pseudo-terminals, turn by turn in the same minutes, so that a busy machine
is busy for both. A figure is ours divided by the minimal program's, unless its name says a unit.

    python -m bench.terminal [--starts 10] [--idle 60] [--changes 1000]
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from app import codes
from app.words import say
from tests.pty import NotSeen, Pty

MINIMAL: Final = [sys.executable, "-m", "bench.minimal"]
READY: Final = "Q:"
"""On every page of ours (contract.md); "ready" in the minimal program."""
LANG: Final = "zh"
SPEEDS_MS: Final = (0, 1, 5, 10, 30, 50)
SCANS: Final = 20
"""At each speed; the scanner's slow ones take a minute together."""

Figure = tuple[str, float, float]
"""Name, measured, goal (at most)."""


class Sizes(Struct, frozen=True):
    """How long to measure. The defaults take some three minutes."""

    starts: int = 10
    keys: int = 100
    changes: int = 1000
    idle_s: float = 60
    scans: int = SCANS


def run(sizes: Sizes = Sizes()) -> list[Figure]:
    """Every figure of the terminal. Raises NotSeen when the program does not do what its screens promise."""
    with tempfile.TemporaryDirectory(prefix="watchbook-bench-") as folder:
        ours = [sys.executable, "-m", "screens", "demo", "--no-office", "--lang", LANG, "--data-dir", folder]
        with started(ours, READY):
            pass  # the first start makes keys and book; what is measured is a shift's start
        return [*starts(ours, sizes), *living(ours, sizes), *walking(sizes)]


@contextmanager
def started(argv: list[str], marker: str) -> Iterator[Pty]:
    with Pty(argv) as pty:
        pty.wait_for(marker, 30)
        pty.settle(0.3)
        yield pty


# -- start -------------------------------------------------------------------------------------


def starts(ours: list[str], sizes: Sizes) -> list[Figure]:
    """Cold process to first usable screen, and what it then holds."""
    first: dict[str, list[float]] = {"minimal": [], "ours": []}
    rss: dict[str, list[float]] = {"minimal": [], "ours": []}
    pss: dict[str, list[float]] = {"minimal": [], "ours": []}
    for _ in range(sizes.starts):
        for name, argv, marker in (("minimal", MINIMAL, "ready"), ("ours", ours, READY)):
            with Pty(argv) as pty:
                first[name].append(pty.wait_for(marker, 30) - pty.started)
                pty.settle(0.3)
                rss[name].append(pty.rss())
                pss[name].append(pty.pss())
    return [
        ("first usable screen", ratio(first), 1.30),
        ("RSS at the first screen", ratio(rss), 1.25),
        ("PSS at the first screen", ratio(pss), 1.25),
    ]


# -- keys, pages, scans, sleep -------------------------------------------------------------------


def living(ours: list[str], sizes: Sizes) -> list[Figure]:
    """One program of each kind, side by side."""
    with started(MINIMAL, "ready") as minimal, started(ours, READY) as pty:
        floor, digits = keys(minimal, pty, sizes.keys)
        key = statistics.median(floor)
        changes, grown = changing(pty, sizes.changes)
        scanned = scanning(pty, sizes.scans)
        return [
            ("digit -> repaint, median", statistics.median(digits) / key, 2),
            ("digit -> repaint, p95", p95(digits) / p95(floor), 3),
            ("screen change / key", statistics.median(changes) / key, 10),
            ("scan -> repaint / key", statistics.median(scanned) / key, 3),
            (f"growth over {sizes.changes} screen changes, MB", grown, 2),
            ("idle wake-ups a minute", idle(pty, sizes.idle_s), 2),
        ]


def keys(minimal: Pty, ours: Pty, count: int) -> tuple[list[float], list[float]]:
    """Seconds from a digit to its paint, turn by turn; the digit is rubbed out again, unmeasured."""
    floor, digits = [], []
    for n in range(count):
        sent = minimal.send(str(n % 10))
        floor.append(minimal.wait_for(f"key {n % 10}.") - sent)
        digits.append(timed(ours, str(n % 10)))
        timed(ours, "\x7f")
        pause()
    return floor, digits


def changing(pty: Pty, count: int) -> tuple[list[float], float]:
    """Seconds a screen change takes, and MB that `count` of them added after a tenth of them had warmed it."""
    menu = say(LANG, "menu.close")
    took: list[float] = []

    def trips(changes: int) -> None:
        for _ in range(changes // 2):
            sent = pty.send("*")
            took.append(pty.wait_for(menu) - sent)
            sent = pty.send("0")
            took.append(pty.wait_gone(menu) - sent)

    trips(max(100, count // 10))
    before = pty.rss()
    trips(count)
    return took[-count:], pty.rss() - before


def scanning(pty: Pty, count: int) -> list[float]:
    """Seconds from the last character of a foreign label to the sentence about it. Every single one must be
    understood, at every speed, with a human digit before it that stays in the field."""
    chance = random.Random(25)
    took: list[float] = []
    for ms in SPEEDS_MS:
        for n in range(count):
            timed(pty, str(n % 10))
            label = codes.make(n, chance.randbytes(codes.TOKEN_BYTES)) + "\r"
            before = pty.text
            pty.type(label[:-1], ms / 1000) if ms else pty.send(label[:-1])
            if pty.text != before:
                raise NotSeen(f"a scan at {ms} ms a character was typed into the page:\n{pty.text}")
            pty.watch(ms / 1000)
            took.append(timed(pty, label[-1]))
            timed(pty, "\x7f")
            pty.settle(0.05)
    return took


def idle(pty: Pty, seconds: float) -> float:
    """Wake-ups a minute of a program that nobody touches."""
    pty.settle(1)
    before = pty.wake_ups()
    pty.watch(seconds)
    return (pty.wake_ups() - before) * 60 / seconds


def walking(sizes: Sizes) -> list[Figure]:
    return []


# -- arithmetic --------------------------------------------------------------------------------


def timed(pty: Pty, key: str) -> float:
    """Seconds from `key` to a changed screen."""
    sent = pty.send(key)
    return pty.wait_change() - sent


def ratio(samples: dict[str, list[float]]) -> float:
    return statistics.median(samples["ours"]) / statistics.median(samples["minimal"])


def p95(samples: list[float]) -> float:
    return statistics.quantiles(samples, n=20)[-1]


def pause() -> None:
    """As a person's fingers: the next key finds both programs asleep."""
    time.sleep(0.01)
