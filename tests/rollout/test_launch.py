"""What starts a handheld's program, whatever the program is worth: one that shows no first screen makes way."""

import re
import shutil
from pathlib import Path

import pytest

from sync.installing import Place
from tests.rollout.scripts import (
    CRASHES,
    FAILS_LATER,
    HANGS,
    NEW,
    OLD,
    WELL,
    lay,
    leads,
    planted,
    program,
    ran,
    started,
)

PATIENCE = re.compile(r"PATIENCE=\d+")


def on_trial(folder: Path, runs: str) -> Place:
    """A tree in which NEW was put in OLD's place and has not been started yet."""
    place = planted(folder)
    lay(place.root, NEW, program(NEW, runs))
    (place.root / "trial").write_text(f"{NEW} 0\n")
    for link, version in (("current", NEW), ("previous", OLD)):
        (place.root / link).unlink(missing_ok=True)
        (place.root / link).symlink_to(f"releases/{version}")
    return place


def impatient(place: Place, seconds: int, starts: int = 3) -> None:
    launch = place.root / "launch"
    told = PATIENCE.sub(f"PATIENCE={seconds}", launch.read_text()).replace("STARTS=3", f"STARTS={starts}")
    assert f"PATIENCE={seconds}\n" in told
    launch.write_text(told)


def test_what_runs_is_started_with_its_arguments_and_nothing_is_counted(tmp_path: Path) -> None:
    place = planted(tmp_path, runs="exit 7")
    assert started(place, "run", "a b") == 7
    assert (place.root / "ran").read_text() == f"{OLD} run a b\n"
    assert not (place.root / "trial").exists()


def test_a_new_program_that_shows_its_first_screen_stays(tmp_path: Path) -> None:
    place = on_trial(tmp_path, WELL)
    assert started(place) == 0
    assert started(place) == 0
    assert (ran(place), leads(place)) == ([NEW, NEW], NEW)


def test_a_command_is_no_start_of_the_screen(tmp_path: Path) -> None:
    place = on_trial(tmp_path, CRASHES)
    for _ in range(4):
        assert started(place, "doctor") == 0
        assert started(place, "sync") == 1
    assert (place.root / "trial").read_text() == f"{NEW} 0\n"
    (place.root / "trial").rename(place.root / "proving")
    for _ in range(4):
        assert started(place, "sync") == 1
    assert (leads(place), (place.root / "proving").read_text()) == (NEW, f"{NEW} 0\n")


def test_one_that_never_shows_it_makes_way_for_the_one_before(tmp_path: Path) -> None:
    place = on_trial(tmp_path, CRASHES)
    assert started(place) == 0
    assert ran(place) == [NEW, NEW, NEW, OLD]
    assert (leads(place), (place.root / "rolled-back").read_text()) == (OLD, f"{NEW}\n")
    assert not (place.root / "trial").exists()
    assert started(place) == 0
    assert ran(place)[-1] == OLD


def test_one_that_crashes_before_it_has_brought_a_shift_to_its_end_makes_way_too(tmp_path: Path) -> None:
    place = on_trial(tmp_path, FAILS_LATER)
    assert [started(place) for _ in range(4)] == [1, 1, 1, 0]
    assert (ran(place), leads(place)) == ([NEW, NEW, NEW, OLD], OLD)
    assert (place.root / "rolled-back").read_text() == f"{NEW}\n"
    assert not (place.root / "proving").exists()


@pytest.mark.parametrize(
    "ends", ["exit 0", "exit 4", f'[ $(wc -l <"$root/ran") -ne 3 ] || rm -f "$root/proving"\n{CRASHES}']
)
def test_whoever_leaves_it_and_what_comes_after_that_shift_is_not_counted(tmp_path: Path, ends: str) -> None:
    place = on_trial(tmp_path, f"{WELL}\n{ends}")
    for _ in range(8):
        started(place)
    assert (ran(place), leads(place)) == ([NEW] * 8, NEW)


@pytest.mark.parametrize("runs", [CRASHES, FAILS_LATER])
def test_nothing_goes_back_to_a_program_that_could_not_write_the_book_as_it_is_now(tmp_path: Path, runs: str) -> None:
    place = on_trial(tmp_path, f'[ $(wc -l <"$root/ran") -ne 2 ] || echo 2 >"$WATCHBOOK_DATA_DIR/format"\n{runs}')
    for _ in range(6):
        started(place, WATCHBOOK_DATA_DIR=str(tmp_path))
    assert set(ran(place)) == {NEW}
    assert leads(place) == NEW


@pytest.mark.proof
def test_one_that_hangs_is_killed(tmp_path: Path) -> None:
    place = on_trial(tmp_path, HANGS)
    impatient(place, 1, starts=1)
    assert started(place) == 0
    assert (ran(place), leads(place)) == ([NEW, OLD], OLD)


@pytest.mark.parametrize("mark", ["trial", "proving"])
@pytest.mark.parametrize("trial", [f"{OLD} 1\n", "9.9.9 1\n", "", "\0\0\0", "../.. 1\n", f"{OLD} x y z\n"])
def test_a_trial_of_what_does_not_run_is_none(tmp_path: Path, trial: str, mark: str) -> None:
    place = planted(tmp_path, runs=CRASHES)
    (place.root / mark).write_text(trial)
    started(place)
    assert set(ran(place)) == {OLD}
    assert leads(place) == OLD


def test_starts_that_cannot_be_counted_are_not_made(tmp_path: Path) -> None:
    """A disk that takes nothing more: the old program goes on."""
    place = on_trial(tmp_path, CRASHES)
    (place.root / "trial.part").mkdir()
    assert started(place) == 0
    assert (ran(place), leads(place)) == ([OLD], OLD)


def test_without_room_for_a_link_the_old_program_runs_all_the_same(tmp_path: Path) -> None:
    place = on_trial(tmp_path, CRASHES)
    (place.root / "current.part").mkdir()
    (place.root / "current.part" / "full").touch()
    assert started(place) == 0
    assert ran(place)[-1] == OLD


def test_a_release_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    place = on_trial(tmp_path, WELL)
    (place.root / "trial").unlink()
    shutil.rmtree(place.root / "releases" / NEW)
    assert started(place) == 0
    assert ran(place) == [OLD]


SHIM = """#!/bin/sh
n=$(/bin/cat "$WATCHBOOK_STEPS")
echo $((n + 1)) >"$WATCHBOOK_STEPS"
[ "$n" -ne "$WATCHBOOK_DIES" ] || kill -KILL 0
PATH=/usr/bin:/bin exec {name} "$@"
"""
STEPS = ("sync", "mv", "ln", "rm", "readlink", "sh", "stty", "dirname")
"""Commands that launch is made of; whatever it does, it does by one of them, or in a line of its own before one."""


@pytest.mark.proof
@pytest.mark.parametrize(("mark", "least"), [(f"trial {NEW} 0", 8), (f"proving {NEW} 1 1 3", 3)])
def test_killed_at_any_of_its_steps_it_finds_the_way(tmp_path: Path, mark: str, least: int, torture: bool) -> None:
    dying, quick = shims(tmp_path / "dying", STEPS), shims(tmp_path / "quick", ("sync",))
    steps, deaths = tmp_path / "steps", 0
    for dies in range(0, 200, 1 if torture else 4):
        place = on_trial(tmp_path / str(dies), CRASHES)
        name, _, words = mark.partition(" ")
        (place.root / "trial").rename(place.root / name).write_text(f"{words}\n")
        steps.write_text("0")
        code = started(place, path=dying, WATCHBOOK_STEPS=str(steps), WATCHBOOK_DIES=str(dies))
        assert leads(place) in (OLD, NEW), dies
        if code == 0:
            break
        deaths += 1
        steps.write_text("0")
        assert started(place, path=quick, WATCHBOOK_STEPS=str(steps), WATCHBOOK_DIES="-1") == 0, dies
        assert (ran(place)[-1], leads(place)) == (OLD, OLD), dies
        assert (place.root / "rolled-back").read_text() == f"{NEW}\n", dies
    print(f"killed {deaths} times")
    assert deaths >= least


def shims(folder: Path, names: tuple[str, ...]) -> str:
    """A PATH on which these count themselves, and one of them kills; flushing is left out for the sake of time."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text(SHIM.format(name="true" if name == "sync" else name))
        (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin"
