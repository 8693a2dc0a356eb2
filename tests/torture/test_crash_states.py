"""The calls a life makes to the disk, recorded, and replayed into the states a power cut could leave.

Every change to the disk passes through one object, so a model beside it knows which bytes and names are
durable at each step. From there: writes since the last flush are kept or lost sector by sector (512
bytes), sizes with or without them, and the changes of names since the last flush are cut to a prefix.
"""

import os
import random
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
from msgspec import Struct

from app.logbook.book import Logbook
from tests.logbook.tools import SMALL, Folders, ModelDisk, Ticks, power_cut
from tests.torture.judge import faults
from tests.torture.lives import Heard, Life, Told
from tests.torture.tally import Case, Torture
from tests.torture.twins import broken

ACTS: Final = 40
STATES: Final = 500
"""Of each recorded life."""


class Moment(Struct, frozen=True):
    """The disk just before a step, and how much was acknowledged by then."""

    disk: Folders
    heard: int


def record(folder: Path, seed: int, twin: str) -> tuple[list[Moment], list[Heard]]:
    """A life, and every moment of it at which the power could fail."""
    heard, moments = list[Heard](), list[Moment]()
    disk = broken(twin, ModelDisk)(folder)  # type: ignore[call-arg]  # a ModelDisk
    assert isinstance(disk, ModelDisk)
    disk.moment = lambda: moments.append(Moment(disk.freeze(), len(heard)))
    logbook = Logbook.open(folder, Ticks(), disk, SMALL)
    life = Life(logbook, random.Random(seed), heard.append)
    for _ in range(ACTS):
        life.act()
    logbook.close()
    disk.moment()
    return moments, heard


def states(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    chance = random.Random(seed)
    for number in range(count):
        if number % STATES == 0:
            shutil.rmtree(place / "life", ignore_errors=True)
            moments, heard = record(place / "life", seed + number, twin)
            chance.shuffle(moments)
        moment = moments[number % STATES % len(moments)]
        told = Told()
        for answer in heard[: moment.heard]:
            told.hear(answer)
        state = place / "state"
        power_cut(moment.disk, state, chance)
        yield Case(f"state {number}", told.count, faults(state, told, tears=True))
        shutil.rmtree(state)


CRASH_STATES: Final = Torture(
    "recorded disk calls replayed",
    "states",
    states,
    2000,
    20_000,
    {"no fsync": 200, "no directory fsync": 500, "ack before fsync": 500, "end of a book not flushed": 2000},
    in_memory=True,
)


def test_a_folder_that_was_renamed_is_in_its_new_place_only_after_the_flush_of_that(tmp_path: Path) -> None:
    disk = ModelDisk(tmp_path / "top")
    for name in ("journal", "closed"):
        disk.make_folder("make", disk.root / name)
    os.close(disk.create("create", disk.root / "journal/1"))
    disk.sync_folder("sync", disk.root / "journal")
    disk.rename("rename", disk.root / "journal", disk.root / "closed/journal")
    moved = {"closed", "closed/journal", "closed/journal/1"}

    before = disk.freeze()
    disk.sync_folder("sync", disk.root / "closed")

    assert [before.names(keep).keys() for keep in (0, 1)] == [{"closed", "journal", "journal/1"}, moved]
    assert disk.freeze().durable.keys() == moved


@pytest.mark.proof
def test_no_state_a_power_cut_could_leave_lacks_what_was_acknowledged(tmp_path: Path) -> None:
    tally = CRASH_STATES.run(tmp_path, CRASH_STATES.quick)
    assert tally.sound, tally
    assert tally.cases >= 2000


@pytest.mark.proof
@pytest.mark.parametrize("twin", CRASH_STATES.twins)
def test_a_disk_that_is_not_flushed_in_time_is_found_out(tmp_path: Path, twin: str) -> None:
    assert CRASH_STATES.catches(tmp_path, twin)
