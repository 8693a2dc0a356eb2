"""kill -9 at random moments, again and again on one book: what was acknowledged is there, and the chain goes on."""

import os
import random
import shutil
import signal
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from app.logbook.book import Logbook
from tests.logbook.tools import SMALL, Ticks
from tests.torture.judge import faults
from tests.torture.lives import Heard, Life, Told
from tests.torture.tally import Case, Torture
from tests.torture.twins import TWINS

PAUSES: Final = 0.2
"""How often the crew does nothing for a moment after an answer."""


def live_until_killed(folder: Path, writes: int, seed: int, twin: str) -> None:
    """Every kind of act, for ever, now and then with a pause; each acknowledgement goes through the pipe."""
    chance = random.Random(seed)
    logbook = Logbook.open(folder, Ticks(), TWINS[twin](), SMALL)

    def tell(heard: Heard) -> None:
        os.write(writes, heard.line())

    life = Life(logbook, chance, tell)
    while True:
        life.act()
        if chance.random() < PAUSES:
            time.sleep(chance.random() * 0.02)


def one_life(folder: Path, seconds: float, seed: int, twin: str = "") -> bytes:
    """What a process told before it was killed, so long after its first answer."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        try:
            live_until_killed(folder, writes, seed, twin)
        finally:
            os._exit(70)
    os.close(writes)
    with os.fdopen(reads, "rb", buffering=0) as told:
        first = told.read(1)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        how = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert how == -signal.SIGKILL, f"died of itself: {how}, seed {seed}"
        return first + told.readall()


def kills(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    """A book lives through twelve of them, and goes on by another hand after the last."""
    chance = random.Random(seed)
    folder, told = place / "book", Told()
    for number in range(count):
        before = told.count
        told.listen(one_life(folder, chance.random() * 0.08, seed + number, twin))
        ends = number % 12 == 11 or number == count - 1
        yield Case(f"kill {number}", told.count - before, faults(folder, told, goes_on=ends))
        if ends:
            shutil.rmtree(folder)
            told = Told()


KILLS: Final = Torture("kill -9 at random", "kills", kills, 60, 1000, {"ack before write": 200})


@pytest.mark.proof
def test_sixty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    tally = KILLS.run(tmp_path, KILLS.quick)
    assert tally.sound, tally
    assert tally.cases == 60
    assert tally.acked > 200


@pytest.mark.proof
@pytest.mark.parametrize("twin", KILLS.twins)
def test_a_book_that_answers_too_early_does_not_survive_the_kills(tmp_path: Path, twin: str) -> None:
    assert KILLS.catches(tmp_path, twin)
