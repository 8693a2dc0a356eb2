"""A disk that refuses for a while, again and again, and then the power fails.

A flush that fails drops what it should have kept, and the system goes on showing it: the worst that a loose card may
do. Whatever was answered for or given to a reader by then must be there afterwards, under the same number.
"""

import errno
import os
import random
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from app.errors import BookError, BookUnknown
from app.logbook.book import Logbook
from app.logbook.journal import Space
from tests.logbook.tools import Folders, ModelDisk, Ticks, power_cut, words
from tests.torture.judge import faults
from tests.torture.lives import Heard, Life, Told
from tests.torture.tally import Case, Torture
from tests.torture.twins import broken

SPACE: Final = Space(step=64 * 1024, limit=96 * 1024, reserve=0)
ACTS: Final = 25
LARGE: Final = 60
"""Records in one write: 40 KB and more."""
STATES: Final = 40
"""Of each life."""
ERRORS: Final = (errno.EIO, errno.ENOSPC)
AT_FIRST: Final = 1 / 60
"""How probably a call is refused."""
AGAIN: Final = 1 / 3
"""The same for the next dozen calls after one was."""


class LooseDisk(ModelDisk):
    """Refuses at random once it is let loose."""

    chance: random.Random | None = None
    _shaky = 0

    def step(self, name: str) -> None:
        super().step(name)
        if self.chance is None:
            return
        self._shaky -= 1
        if self.chance.random() < (AGAIN if self._shaky > 0 else AT_FIRST):
            self._shaky = 12
            error = self.chance.choice(ERRORS)
            raise OSError(error, os.strerror(error), name)

    def sync(self, name: str, fd: int) -> None:
        try:
            super().sync(name, fd)
        except OSError:
            self._file(fd).pending.clear()
            raise


def record(folder: Path, seed: int, twin: str) -> list[tuple[Folders, int, list[Heard]]]:
    """The moments of a life at which the power could fail, and how much had been answered or given by then."""
    heard, moments = list[Heard](), list[tuple[Folders, int, list[Heard]]]()
    chance = random.Random(seed)
    disk = broken(twin, LooseDisk)(folder)  # type: ignore[call-arg]  # a LooseDisk
    assert isinstance(disk, LooseDisk)
    logbook = Logbook.open(folder, Ticks(), disk, SPACE)
    life = Life(logbook, chance, heard.append)
    disk.chance = chance
    disk.moment = lambda: moments.append((disk.freeze(), len(heard), heard))
    for _ in range(ACTS):
        life.act()
        _write_much(logbook, heard, chance)
        _read(logbook, heard)
    disk.chance = None
    logbook.close()
    disk.moment()
    return moments


def _write_much(logbook: Logbook, heard: list[Heard], chance: random.Random) -> None:
    try:
        entries = logbook.append(*(words(chance.randrange(1000)) for _ in range(chance.choice((1, LARGE)))))
        heard.append(Heard.of(logbook, entries))
    except BookUnknown:
        try:
            logbook.reopen()
        except BookError:
            return
    except BookError:
        return


def _read(logbook: Logbook, heard: list[Heard]) -> None:
    """What the courier would carry to the office now."""
    try:
        heard.append(Heard.of(logbook, logbook.entries(logbook.acked + 1)))
    except BookError:
        return


def refusals(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    chance = random.Random(seed)
    for number in range(count):
        if number % STATES == 0:
            shutil.rmtree(place / "life", ignore_errors=True)
            moments = record(place / "life", seed + number, twin)
            chance.shuffle(moments)
        disk, answers, heard = moments[number % STATES % len(moments)]
        told = Told()
        for answer in heard[:answers]:
            told.hear(answer)
        state = place / "state"
        power_cut(disk, state, chance)
        yield Case(f"state {number}", told.count, faults(state, told, SPACE, tears=True))
        shutil.rmtree(state)


REFUSALS: Final = Torture(
    "refused for a while, then a power cut",
    "states",
    refusals,
    400,
    4000,
    {"no fsync": 200, "writes too little again": 400, "calls what it found durable": 400},
    seed=77,
    in_memory=True,
)


@pytest.mark.proof
def test_nothing_that_was_answered_or_given_out_between_refusals_is_gone_after_a_power_cut(tmp_path: Path) -> None:
    tally = REFUSALS.run(tmp_path, REFUSALS.quick)
    assert tally.sound, tally


@pytest.mark.proof
@pytest.mark.parametrize("twin", REFUSALS.twins)
def test_a_book_that_trusts_what_a_refused_flush_left_is_found_out(tmp_path: Path, twin: str) -> None:
    assert REFUSALS.catches(tmp_path, twin)
