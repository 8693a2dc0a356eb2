"""The office killed while batches come in, again and again on one database: what it confirmed it still has."""

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pysqlite3.dbapi2 as sqlite
import pytest

from app.errors import WatchbookError
from sync.courier import Courier
from tests.sync.places import Handheld, client_for, drained, free_port, handheld, office
from tests.torture.tally import Case, Fault, Torture

RECORDS: Final = 900
LIVES: Final = 10
"""Kills of one office; then all it holds is looked at, and the next one begins."""


@contextmanager
def process(folder: Path, port: int, bug: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """The office as a process of its own, ready to answer."""
    command = [sys.executable, "-m", "tests.sync.serve", str(folder), str(port), "127.0.0.1", bug]
    served = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert served.stdout is not None
        assert served.stdout.readline() == b"ready\n"
        yield served
    finally:
        served.kill()
        served.wait()


class Witness:
    """Looks after each receipt whether what it says is at the office, in its own file."""

    def __init__(self, mine: Handheld, folder: Path) -> None:
        self._mine, self._folder = mine, folder
        self.wrong: list[Fault] = []
        self.then: Callable[[], None] = lambda: None
        """Done when it has seen another receipt."""
        self._seen = mine.logbook.acked

    def __call__(self, _state: object) -> None:
        acked = self._mine.logbook.acked
        if acked > self._seen:
            self._seen = acked
            self.then()
        if not self.wrong and held(self._folder) < acked:
            self.wrong.append(Fault("lost", f"record {acked} was confirmed and is not there"))


def killed_once(mine: Handheld, witness: Witness, folder: Path, port: int, chance: random.Random, bug: str) -> None:
    """It dies within what comes after a few receipts, or before the first."""
    left, seconds = [chance.randrange(5)], chance.random() * 0.03
    with process(folder, port, bug) as served:

        def count() -> None:
            left[0] -= 1
            if left[0] == 0:
                threading.Timer(seconds, served.kill).start()

        witness.then = count
        if left[0] == 0:
            threading.Timer(seconds * 10, served.kill).start()
        with suppress(WatchbookError):
            while mine.logbook.unsent:
                mine.courier.exchange()
        served.kill()


def held(folder: Path) -> int:
    with sqlite.connect(str(folder / "office.db")) as own:
        return int(own.execute("SELECT coalesce(max(seq), 0) FROM heads").fetchone()[0])


def all_there(mine: Handheld, folder: Path) -> Generator[Fault]:
    with sqlite.connect(str(folder / "office.db")) as own:
        if own.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            yield Fault("lost", "the database is damaged")
        rows = [bytes(raw) for (raw,) in own.execute("SELECT raw FROM records ORDER BY seq")]
    if rows != [entry.raw for entry in mine.logbook.entries()]:
        yield Fault("silent", f"{len(rows)} records of {mine.logbook.head.seq} in their order")


def kills(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    chance = random.Random(seed)
    for life in range(-(-count // LIVES)):
        folder, port = place / f"office{life}", free_port()
        with office(folder) as at_first, handheld(place / f"h{life}", at_first) as mine:
            at_first.close()
            url, witness = f"http://127.0.0.1:{port}", Witness(mine, folder)
            connect = lambda book, url=url, clock=mine.clock: client_for(book, url, clock)  # noqa: E731 - one line
            mine.courier = Courier(mine.logbook, mine.clock, witness, connect)
            last = min(LIVES, count - life * LIVES) - 1
            for number in range(last + 1):
                mine.write(RECORDS)
                killed_once(mine, witness, folder, port, chance, twin)
                witness(None)
                faults = list(witness.wrong)
                if number == last:
                    with process(folder, port):
                        drained(mine, rounds=5)
                    faults += all_there(mine, folder)
                yield Case(f"kill {number} of office {life}", RECORDS, tuple(faults))


OFFICE_KILLS: Final = Torture(
    "the office killed while records come", "kills", kills, 4, 50, {"answers before the commit": 4}
)


@pytest.mark.proof
def test_what_a_killed_office_confirmed_it_still_has(tmp_path: Path) -> None:
    tally = OFFICE_KILLS.run(tmp_path, OFFICE_KILLS.quick)
    assert tally.sound, tally
    assert tally.cases == OFFICE_KILLS.quick


@pytest.mark.proof
def test_an_office_that_answers_before_its_commit_is_found_out(tmp_path: Path) -> None:
    assert OFFICE_KILLS.catches(tmp_path, "answers before the commit")
