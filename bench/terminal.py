"""The terminal against a minimal Textual program: start, memory, keys, screen changes, scans, sleep.

Both run in real 40x20 pseudo-terminals, turn by turn in the same minutes, so that a busy machine
is busy for both. A figure is ours divided by the minimal program's, unless its name says a unit.

    python -m bench.terminal [--starts 10] [--idle 60] [--changes 1000]
"""

import argparse
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from app import codes
from app.logbook.book import Logbook
from app.words import say
from bench.books import arrival, book_of
from bench.night import CHECKS, NUMBER, PIN, Night, equip, item, radio
from bench.table import Figure, beside, show
from hardware.scanner import GAP_S
from screens.platform.scans import GUARD_S
from tests.pty import Pty
from tests.scenes.office import serving

MINIMAL: Final = [sys.executable, "-m", "bench.minimal"]
PROGRAM: Final = [sys.executable, "-m", "screens"]
READY: Final = "Q:"
"""On every page of ours (contract.md); "ready" in the minimal program."""
LANG: Final = "zh"
PERSON: Final = re.compile(re.sub(r"\s", "", say(LANG, "cli.demo_sign_in", number=r"(\d+)", pin=r"(\d{4})")))
"""How the demonstration names its people on the first screen, without blanks: the line may be broken anywhere."""
SPEEDS_MS: Final = (0, 1, 5, 10, 30, 50)
FRAMES_S: Final = 0.040
"""Textual paints 60 times a second at most, and after a late painting skips a turn of its clock: a key within two turns
of the last painting would wait for the clock, not for us."""
SLIPPED_S: Final = GAP_S - 0.005
"""A pause this long was no longer the scanner's speed: the machine was busy."""
KNOWN: Final = (("toolong 1.5.0", 2.3), ("posting 2.11.1", 4.3), ("harlequin 2.17.0", 5.5))
"""First usable screen of programs people know, on Textual too, by the same ratio. Measured once, in November 2026."""
EXCHANGE: Final = "\x1b[15~"
"""F5: talk to the office now."""
STRETCHES: Final = 5
"""Of neighbouring keys, of which p95 is taken by itself."""
SCANS: Final = 20
"""At each speed; the scanner's slow ones take a minute together."""


class Memory(NamedTuple):
    """What a program holds, MB."""

    rss: float
    pss: float


class Sizes(Struct, frozen=True):
    """How long to measure. The defaults take some three minutes."""

    starts: int = 10
    keys: int = 400
    changes: int = 1000
    idle_s: float = 60
    scans: int = SCANS


def run(sizes: Sizes | None = None) -> list[Figure]:
    """Every figure of the terminal. A page that never comes raises tests.pty.NotSeen."""
    sizes = sizes or Sizes()
    with tempfile.TemporaryDirectory(prefix="watchbook-bench-") as folder:
        quiet = Path(folder, "quiet")
        crew = staged(quiet)
        floor, first = starts(quiet, sizes)
        return [*first, *walking(equip(Path(folder, "walked")), floor), *living(quiet, crew, floor, sizes)]


def staged(folder: Path) -> list[tuple[str, str]]:
    """Let the demonstration fill `folder`, without an office; its crew as (staff number, PIN)."""
    with started([*PROGRAM, "demo", "--lang", LANG, "--data-dir", str(folder), "--no-office"]) as pty:
        crew = PERSON.findall(re.sub(r"\s", "", pty.text))
        pty.signal(signal.SIGTERM)
        pty.exit_code()
    return crew


def handheld(folder: Path) -> dict[str, str | None]:
    """The environment of `watchbook run` on a handheld's data."""
    return {"WATCHBOOK_DATA_DIR": str(folder), "WATCHBOOK_LANG": LANG}


def sign_in(pty: Pty, number: str, pin: str) -> None:
    for typed in (number, pin):
        pty.send(typed)
        pty.settle(0.1)
        pty.send("\r")
        pty.settle(0.3)


@contextmanager
def started(argv: list[str], marker: str = READY, env: Mapping[str, str | None] | None = None) -> Iterator[Pty]:
    with Pty(argv, env=env) as pty:
        pty.wait_for(marker, 30)
        pty.settle(0.3)
        yield pty


# -- start -------------------------------------------------------------------------------------


def starts(folder: Path, sizes: Sizes) -> tuple[Memory, list[Figure]]:
    """Cold process to first usable screen; also what the minimal program holds."""
    programs = (
        (MINIMAL, "ready", None),
        ([*PROGRAM, "run"], READY, handheld(folder / "handheld")),
    )
    first: list[list[float]] = [[], []]
    held: list[list[Memory]] = [[], []]
    for _ in range(sizes.starts):
        for n, (argv, marker, env) in enumerate(programs):
            with Pty(argv, env=env) as pty:
                first[n].append(pty.wait_for(marker, 30) - pty.started)
                pty.settle(0.3)
                held[n].append(memory(pty))
    floor, ours = (Memory(*map(statistics.median, zip(*each, strict=True))) for each in held)
    took = best_quarter(first[1]) / best_quarter(first[0])
    return floor, [("first usable screen", took, 1.30), *heavier("at the first screen", ours, floor, 1.25)]


def best_quarter(samples: list[float]) -> float:
    """What a start costs by itself: other programs only ever add to it."""
    return statistics.mean(sorted(samples)[: max(1, len(samples) // 4)])


def memory(pty: Pty) -> Memory:
    return Memory(pty.rss(), pty.pss())


def heavier(when: str, ours: Memory, floor: Memory, goal: float) -> list[Figure]:
    return [(f"RSS {when}", ours.rss / floor.rss, goal), (f"PSS {when}", ours.pss / floor.pss, goal)]


def walking(night: Night, floor: Memory) -> list[Figure]:
    """A round under way: the radio hears tags, the office takes every record, "OK" is pressed at check after check."""
    with (
        serving(night.office, port=night.port),
        radio() as air,
        started([*PROGRAM, "run"], env={**handheld(night.handheld), **air}) as pty,
    ):
        sign_in(pty, NUMBER, PIN)
        for page in ("home.now", "round.key_scan"):
            pty.send("\r")
            pty.wait_for(say(LANG, page))
        half = len(night.stops) // 2
        logbook, _ = book_of(night.handheld.parent / "floor", 100)
        with closing(logbook), started(MINIMAL, "ready") as minimal:
            taken = Beside(minimal)
            recording(pty, night, night.stops[:half], logbook, taken)
            pty.send(EXCHANGE)
            pty.wait_for("Q:0", 30)
            pty.settle(2, 3)
            figures = heavier("mid-round, radio and sync in use", memory(pty), floor, 1.75)
            recording(pty, night, night.stops[half:], logbook, taken)
    return [
        *figures,
        ("key that records / key + record, median", taken.median, 2),
        ("key that records / key + record, p95", taken.p95, 3),
    ]


def recording(pty: Pty, night: Night, stops: Sequence[str], logbook: Logbook, taken: "Beside") -> None:
    """Keys that record, "OK" at a check with another one behind it, against a minimal key plus one confirmed record."""
    for stop in stops:
        pty.send(night.labels[stop] + "\r")
        for number in range(1, CHECKS):
            pty.wait_for(f"> {item(number)}")
            pty.settle(0.1 if number > 1 else 2 * GUARD_S)
            began = time.perf_counter()
            logbook.append(arrival(number))
            floor = time.perf_counter() - began
            sent = pty.send("1")
            taken.add(pty.wait_for(f"+ {item(number)}") - sent, floor)
        pty.send("1")
        pty.wait_gone(item(CHECKS))
        pty.settle(0.1)


# -- keys, pages, scans, sleep -------------------------------------------------------------------


class Beside:
    """Seconds of ours and of a key in the minimal program, taken in turn: a busy moment meets both."""

    def __init__(self, minimal: Pty) -> None:
        self._minimal = minimal
        self._keys: list[float] = []
        self._took: list[float] = []

    def add(self, seconds: float, floor: float = 0.0) -> None:
        """`floor`: seconds of what the minimal program's key does not do."""
        key = str(len(self._keys) % 10)
        sent = self._minimal.send(key)
        self._keys.append(self._minimal.wait_for(f"key {key}.") - sent + floor)
        self._took.append(seconds)
        time.sleep(FRAMES_S)

    @property
    def median(self) -> float:
        return statistics.median(self._took) / statistics.median(self._keys)

    @property
    def p95(self) -> float:
        """The middle one of several stretches': p95 is a few keys of each, so that one busy moment of the machine that
        meets one program alone would be the whole figure."""
        size = len(self._took) // STRETCHES
        starts = range(0, size * STRETCHES, size)
        return statistics.median(
            _p95(self._took[start : start + size]) / _p95(self._keys[start : start + size]) for start in starts
        )


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def living(folder: Path, crew: list[tuple[str, str]], floor: Memory, sizes: Sizes) -> list[Figure]:
    """One program of each kind, side by side, through a shift's doings."""
    with started(MINIMAL, "ready") as minimal, started([*PROGRAM, "run"], env=handheld(folder / "handheld")) as pty:
        figures = [*keys(minimal, pty, sizes.keys), *scanning(minimal, pty, sizes.scans)]
        sign_in(pty, *crew[0])
        pty.send("\r")
        pty.wait_gone(say(LANG, "signin.number"))
        pty.settle(0.3)
        figures += heavier("at home, shift opened", memory(pty), floor, 1.75)
        figures += changing(minimal, pty, sizes.changes)
        return [*figures, ("idle wake-ups a minute", idle(pty, sizes.idle_s), 2)]


def keys(minimal: Pty, pty: Pty, count: int) -> list[Figure]:
    """A digit to its paint; it is rubbed out again, unmeasured."""
    beside = Beside(minimal)
    for n in range(count):
        beside.add(timed(pty, str(n % 10)))
        timed(pty, "\x7f")
        time.sleep(FRAMES_S)
    return [("digit -> repaint, median", beside.median, 2), ("digit -> repaint, p95", beside.p95, 3)]


def changing(minimal: Pty, pty: Pty, count: int) -> list[Figure]:
    """Opening and closing the menu, and the MB that `count` changes added after a tenth of them had warmed it."""
    menu = say(LANG, "menu.close")
    beside = Beside(minimal)

    def trips(changes: int) -> None:
        for _ in range(changes // 2):
            sent = pty.send("*")
            beside.add(pty.wait_for(menu) - sent)
            sent = pty.send("\r")
            beside.add(pty.wait_gone(menu) - sent)

    trips(max(100, count // 10))
    before = pty.rss()
    trips(count)
    grown = pty.rss() - before
    return [("screen change / key", beside.median, 10), (f"growth over {count} screen changes, MB", grown, 2)]


def scanning(minimal: Pty, pty: Pty, count: int) -> list[Figure]:
    """The last character of an unknown label to the sentence about it, `count` labels at each speed, and how many
    were taken for a person's keys. One that this machine itself typed too slowly is typed again.
    """
    chance = random.Random(25)
    beside = Beside(minimal)
    lost = 0
    for ms in SPEEDS_MS:
        done = 0
        while done < count:
            timed(pty, str(done % 10))
            label = codes.make(done, chance.randbytes(codes.TOKEN_BYTES))
            slipped, seconds = one_scan(pty, label, ms)
            done += not slipped
            lost += seconds is None and not slipped
            if seconds is not None:
                beside.add(seconds)
            pty.send("\x7f" * (len(label) if seconds is None else 1))
            pty.settle(0.05)
    tried = count * len(SPEEDS_MS)
    return [("scan -> repaint / key", beside.median, 3), (f"scans lost of {tried}, 0 to 50 ms a key", lost, 0)]


def one_scan(pty: Pty, label: str, ms: int) -> tuple[bool, float | None]:
    """Type `label` and Enter: whether the typing fell behind its speed, and seconds to the changed screen,
    None when the page took it for keys."""
    before, slowest = pty.text, 0.0
    if ms:
        slowest = pty.type(label, ms / 1000)
    else:
        pty.send(label)
    pty.watch(ms / 1000)
    if pty.text != before:
        return slowest >= SLIPPED_S, None
    return False, timed(pty, "\r")


def idle(pty: Pty, seconds: float) -> float:
    """Wake-ups a minute of a program that nobody touches."""
    pty.settle(1)
    before = pty.wake_ups()
    pty.watch(seconds)
    return (pty.wake_ups() - before) * 60 / seconds


def timed(pty: Pty, key: str) -> float:
    """Seconds from `key` to a changed screen."""
    sent = pty.send(key)
    return pty.wait_change() - sent


def main() -> None:
    parser = argparse.ArgumentParser(description="The terminal against a minimal Textual program.")
    parser.add_argument("--starts", type=int, default=Sizes().starts)
    parser.add_argument("--keys", type=int, default=Sizes().keys)
    parser.add_argument("--changes", type=int, default=Sizes().changes)
    parser.add_argument("--scans", type=int, default=Sizes().scans, help="at each speed")
    parser.add_argument("--idle", type=float, default=Sizes().idle_s, metavar="SECONDS", help="300 for a long look")
    given = parser.parse_args()
    code = show(run(Sizes(given.starts, given.keys, given.changes, given.idle, given.scans)))
    beside("first usable screen", KNOWN)
    sys.exit(code)


if __name__ == "__main__":
    main()
