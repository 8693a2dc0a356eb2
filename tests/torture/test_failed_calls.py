"""Each call the real program makes to its data folder answers an error once: it never calls saved what is not."""

from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from tests.torture.scenes import scenes
from tests.torture.tally import Case, Fault, Torture
from tests.torture.traced import fail_at, was_failed

ERRORS: Final = ("EIO", "ENOSPC", "EROFS")


def errors(place: Path, effort: int, seed: int, twin: str) -> Generator[Case]:
    """Each call answers an error once. The program may refuse or go on; it may not call saved what is not."""
    for scene in scenes(place, "add" if twin else None):
        calls = scene.calls(twin)
        for error in ERRORS[:effort]:
            for index in range(len(calls)):
                for _ in range(3):
                    found = scene.play(twin, fail_at(calls[index], error))
                    if was_failed(scene.folder, found):
                        break
                    calls = scene.calls(twin)  # the program itself changed
                assert was_failed(scene.folder, found), f"{scene.act.name} never came to {calls[index]}"
                told = scene.told(found)
                wrong = scene.faults(told)
                if b"Traceback" in found.err:
                    wrong += (Fault("stuck", found.err.decode()[-300:]),)
                yield Case(f"{scene.act.name}, {error} at {calls[index]}", told.count, wrong)


FAILED_CALLS: Final = Torture("error at every system call", "calls", errors, 1, 3, {"swallows errors": 1})


@pytest.mark.proof
def test_an_error_of_any_system_call_is_answered_and_loses_nothing(tmp_path: Path) -> None:
    tally = FAILED_CALLS.run(tmp_path, FAILED_CALLS.quick)
    assert tally.sound, tally
    assert tally.cases > 120


@pytest.mark.proof
@pytest.mark.parametrize("twin", FAILED_CALLS.twins)
def test_a_program_that_swallows_an_error_is_found_out(tmp_path: Path, twin: str) -> None:
    assert FAILED_CALLS.catches(tmp_path, twin)
