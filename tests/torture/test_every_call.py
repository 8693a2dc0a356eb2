"""The real program is killed before every call it makes to its data folder: nothing it answered is lost.

A kill before call n is also the kill after call n-1. Calls are counted by name over the whole run, so the
program must do the same each time: every run is checked to have died.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from tests.torture.scenes import scenes
from tests.torture.tally import Case, Torture
from tests.torture.traced import kill_at, was_killed

TWINS: Final = {
    "ack before write": "add",
    "in place": "shift",
    "prunes before it says so": "prune",
    "receipt after its answer": "acknowledge",
    "moves a book before its end is written": "succeed",
}
"""Seeded bug → the act that shows it."""


def kills(place: Path, effort: int, seed: int, twin: str) -> Generator[Case]:
    for scene in scenes(place, TWINS.get(twin)):
        calls = scene.calls(twin)
        for index in range(len(calls)):
            for _ in range(3):
                found = scene.play(twin, kill_at(calls[index]))
                if was_killed(found):
                    break
                calls = scene.calls(twin)  # the program itself changed
            assert was_killed(found), f"{scene.act.name} outlived {calls[index]}"
            told = scene.told(found)
            yield Case(f"{scene.act.name} killed at {calls[index]}", told.count, scene.faults(told))


KILLED_CALLS: Final = Torture("kill at every system call", "kills", kills, 1, 1, dict.fromkeys(TWINS, 1))


@pytest.mark.proof
def test_killed_at_any_system_call_the_program_has_lost_nothing(tmp_path: Path) -> None:
    tally = KILLED_CALLS.run(tmp_path, KILLED_CALLS.quick)
    assert tally.sound, tally
    assert tally.cases > 120


@pytest.mark.proof
@pytest.mark.parametrize("twin", KILLED_CALLS.twins)
def test_a_program_that_answers_or_writes_in_the_wrong_order_is_found_out(tmp_path: Path, twin: str) -> None:
    assert KILLED_CALLS.catches(tmp_path, twin)
