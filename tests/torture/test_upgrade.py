"""A newer program opens the data folder of an earlier one: all of it is there, and the book goes on.

What the folder holds was written down by the program that made it. The kills during the first shift of the newer
program are among those of tests/torture/test_every_call.py.
"""

import random
import shutil
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import json

from app.logbook.book import Logbook
from app.logbook.journal import segments
from tests.logbook.tools import SMALL, QuickDisk, Ticks
from tests.torture.judge import faults, readable
from tests.torture.lives import Heard, Life, Told
from tests.torture.scenes import PREVIOUS
from tests.torture.tally import Case, Fault, Torture


def upgrades(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    """Opened, lived on by a seed, and opened again."""
    then: dict[str, Any] = json.decode(PREVIOUS.with_suffix(".json").read_bytes())
    holes = tuple((first, last) for first, last in then["holes"])
    for number in range(count):
        folder = shutil.copytree(PREVIOUS, place / f"book{number}")
        if twin:
            for _, path in segments(folder)[:-2]:
                path.unlink()
        told = Told()
        told.hear(Heard(tuple((seq, link) for seq, link in then["entries"]), receipt=then["acked"], book=then["book"]))
        with closing(Logbook.open(folder, Ticks(), QuickDisk(), SMALL)) as logbook:
            found = differences(logbook, then)
            life = Life(logbook, random.Random(seed + number), told.hear)
            for _ in range(30):
                life.act()
        yield Case(f"upgrade {number}", told.count, (*found, *faults(folder, told, holes=holes)))


def differences(logbook: Logbook, then: dict[str, Any]) -> list[Fault]:
    """What the newer program finds otherwise than the earlier one did."""
    state = logbook.kept_state()
    now = {
        "acked": logbook.acked,
        "book": logbook.book_id,
        "cursor": logbook.cursor,
        "entries": [[seq, entry.hash.hex()] for seq, entry in readable(logbook).items()],
        "head": [logbook.head.seq, logbook.head.hash.hex()],
        "holes": [[hole.first, hole.last] for hole in logbook.holes],
        "pages": {kind: [*logbook.pages(kind)] for kind in ("plan", "people")},
        "state": None if state is None else [state.seq, state.data.decode()],
    }
    return [Fault("lost", f"{name} is {now[name]!r:.80}") for name in now if now[name] != then[name]]


UPGRADES: Final = Torture(
    "upgrade of an earlier layout", "lives", upgrades, 10, 200, {"throws old segments away": 1}, in_memory=True
)


@pytest.mark.proof
def test_a_newer_program_finds_all_that_an_earlier_one_kept(tmp_path: Path) -> None:
    tally = UPGRADES.run(tmp_path, UPGRADES.quick)
    assert tally.sound, tally
    assert tally.acked > 800


@pytest.mark.proof
def test_an_upgrade_that_drops_something_is_found_out(tmp_path: Path) -> None:
    assert all(UPGRADES.catches(tmp_path, twin) for twin in UPGRADES.twins)
