"""A wrong PIN: five tries, then a wait that grows, that no pulled battery shortens, and that a supervisor ends."""

import math
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.logbook.book import Logbook
from hardware.clock import SystemClock
from tests.pty import Pty
from tests.screens.plans import label, pages
from tests.screens.world import SMALL, keys, received, scan, text, world

ROOT = Path(__file__).parent.parent.parent
GUARD, RIGHT, WRONG = "1 0 0 1 enter", "1 2 3 4 enter", "9 9 9 9 enter"
LOCKED = re.compile(r"Too many tries: wait (\d+)s")
"""The sentence of the screen, with the seconds it shows."""


def demo(folder: Path) -> Pty:
    return started(["demo", "--no-office", "--data-dir", str(folder)])


def handheld(folder: Path) -> Pty:
    """A handheld as it hangs at the guard post, on the real clock, with the pages of its office."""
    if not (folder / "handheld").exists():
        logbook = Logbook.open(folder / "handheld", SystemClock())
        logbook.receive(received(pages()), "1")
        logbook.close()
    return started(["run", "--data-dir", str(folder / "handheld")])


def started(args: list[str]) -> Pty:
    return Pty([sys.executable, "-m", "screens", *args, "--lang", "en"], cols=40, rows=20, cwd=ROOT)


def seconds_left(pty: Pty) -> int:
    pty.wait_for(LOCKED)
    found = LOCKED.search(pty.text)
    assert found
    return int(found[1])


def kinds(folder: Path) -> list[str]:
    """What is on the disk, whoever else has the book open."""
    return [entry.record.kind for entry in Logbook.read(folder / "handheld").entries()]


@pytest.mark.parametrize("open_terminal", [demo, handheld])
def test_a_locked_pin_is_still_locked_when_the_battery_was_pulled_and_put_back(
    tmp_path: Path, open_terminal: Callable[[Path], Pty]
) -> None:
    with open_terminal(tmp_path) as pty:
        pty.wait_for("Number", 30)
        pty.send("1001\r")
        pty.wait_for("Zhang Wei: type your PIN")
        for left in (4, 3, 2, 1):
            pty.send("9876\r")
            pty.wait_for(f"wrong PIN; tries left: {left}")
        last_try = pty.send("9876\r")
        assert seconds_left(pty) <= 30
        pty.kill()
    with open_terminal(tmp_path) as pty:
        pty.wait_for("Number", 30)
        pty.send("1001\r")
        shown = seconds_left(pty)
        rest = math.floor(30 - (time.perf_counter() - last_try))  # whole seconds are shown
        assert rest <= shown <= 30, "switching off and on shortened the wait"
        tried = kinds(tmp_path).count("pin.tried")
        pty.send(b"1111\r" if open_terminal is demo else b"1234\r")  # the right one comes too early
        pty.settle(0.3)
        assert seconds_left(pty) <= shown
        assert "Nobody has signed in yet" in pty.text
    assert tried == 5
    assert kinds(tmp_path).count("pin.tried") == 5  # while it is locked nothing is tried, not even the right one
    assert "shift.opened" not in kinds(tmp_path)


@pytest.mark.proof
async def test_each_wrong_pin_after_the_fifth_doubles_the_wait_up_to_an_hour(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal("en").run_test(size=SMALL) as pilot:
            await keys(pilot, f"{GUARD} {WRONG} {WRONG} {WRONG} {WRONG} {WRONG}")
            waits = [(30, "30s"), (60, "1min"), (120, "2min"), (240, "4min"), (480, "8min")]
            waits += [(960, "16min"), (1920, "32min"), (3600, "1h"), (3600, "1h")]
            for seconds, said in waits:
                assert f"wait {said}, or" in text(pilot.app)
                here.clock.pass_by(seconds - 1)
                await keys(pilot, RIGHT)
                assert "wait 1s, or" in text(pilot.app)  # to the very end
                here.clock.pass_by(1)
                await keys(pilot, WRONG)
            here.clock.pass_by(3600)
            await keys(pilot, RIGHT)
            assert "Zhang Wei has signed in" in text(pilot.app)
        assert here.kinds().count("pin.tried") == 5 + len(waits) + 1


async def test_a_grown_wait_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal("en").run_test(size=SMALL) as pilot:
            await keys(pilot, f"{GUARD} {WRONG} {WRONG} {WRONG} {WRONG} {WRONG}")
            here.clock.pass_by(30)
            await keys(pilot, WRONG)
            here.clock.pass_by(10)
        at, up = here.clock.at, here.clock.up
    with world(tmp_path / "book") as here:
        here.clock.at, here.clock.up = at, up
        async with here.terminal("en").run_test(size=SMALL) as pilot:
            await keys(pilot, f"{GUARD} {RIGHT}")
            assert "wait 50s, or" in text(pilot.app)
            here.clock.pass_by(50)
            await keys(pilot, WRONG)
            assert "wait 2min, or" in text(pilot.app)


async def test_only_a_supervisors_badge_ends_the_wait(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal("en").run_test(size=SMALL) as pilot:
            await keys(pilot, f"{GUARD} {WRONG} {WRONG} {WRONG} {WRONG} {WRONG}")
            await scan(pilot, label("person:li-min"))  # another guard
            assert "only a leader's or supervisor's badge" in text(pilot.app)
            await keys(pilot, RIGHT)
            assert "wait 30s, or" in text(pilot.app)
            assert "pin.unlocked" not in here.kinds()
            await scan(pilot, label("person:wang-fang"))
            assert "Unlocked by a supervisor" in text(pilot.app)
            unlocked = here.records()[-1]
            assert (unlocked.kind, unlocked.by, unlocked.body["person"]) == (
                "pin.unlocked",
                ("wang-fang",),
                "zhang-wei",
            )
            assert here.watch.state.shift is None  # who unlocks is not signed in by that
    with world(tmp_path / "book") as here:
        async with here.terminal("en").run_test(size=SMALL) as pilot:
            await keys(pilot, f"{GUARD} {WRONG}")
            assert "wrong PIN; tries left: 4" in text(pilot.app)  # five again, after a restart too
            await keys(pilot, RIGHT)
            assert "Zhang Wei has signed in" in text(pilot.app)


async def test_a_locked_pin_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal("en").run_test(size=SMALL) as pilot:
            await keys(pilot, f"{GUARD} {WRONG} {WRONG} {WRONG} {WRONG} {WRONG}")
            await keys(pilot, "backspace 1 0 0 2 enter 5 6 7 8 enter")
            assert "Li Min has signed in" in text(pilot.app)
            await scan(pilot, label("person:zhang-wei"))  # his badge is no PIN
            assert "Zhang Wei has signed in" in text(pilot.app)
            assert here.watch.pin_wait("zhang-wei") == 30  # and forgives none
