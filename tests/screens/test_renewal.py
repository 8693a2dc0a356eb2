"""A new program on the handheld: the crew is told in one line, and nobody is ever interrupted by it."""

import asyncio
import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from hardware.power import Battery
from screens.office_line import OfficeLine
from screens.renewal import Renewal
from screens.terminal import Terminal
from sync.installing import Installer, Told
from sync.updating import IDLE_S, TOO_LONG_S, UNTOUCHED_S, Around
from sync.wire import Offered
from tests.logbook.tools import QuickDisk
from tests.rollout.scripts import NEW, OLD, lay, leads, planted, program
from tests.screens.world import SIGN_IN, SMALL, World, keys, settle, text, until, world

OFFER = Offered(NEW, "0" * 64, 1000, 1)


class FullDisk(QuickDisk):
    def step(self, name: str) -> None:
        raise OSError(errno.ENOSPC, "full", name)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "book") as here:
        yield here


@pytest.fixture
def renewal(here: World, tmp_path: Path) -> Renewal:
    """Of a handheld on which NEW stands beside OLD, which runs."""
    place = planted(tmp_path / "tree")
    lay(place.root, NEW, program(NEW))
    return Renewal(Installer(place, here.folder, QuickDisk()), here.book, here.clock)


def managed(here: World, renewal: Renewal, lang: str = "zh") -> Terminal:
    app = here.terminal(lang, ready=renewal.ready)
    renewal.attend(app, None)
    return app


def rests(app: Terminal) -> None:
    """A minute passes without a key."""
    app.touched -= IDLE_S + 1


@pytest.mark.parametrize(
    ("lang", "told", "prepare"),
    [
        ("zh", "程序已更新", lambda root: (root / "trial").write_text(f"{OLD} 1\n")),
        ("en", "The program was updated", lambda root: (root / "trial").write_text(f"{OLD} 1\n")),
        ("zh", "新程序没能正常运行,已换回原来的程序", lambda root: (root / "rolled-back").write_text(f"{NEW}\n")),
    ],
)
async def test_the_first_screen_ends_the_trial_and_says_so_once(
    here: World, renewal: Renewal, lang: str, told: str, prepare: Callable[[Path], int]
) -> None:
    installer = renewal._installer
    installer._tell(changing=OFFER)
    root = installer.place.root
    prepare(root)
    app = managed(here, renewal, lang)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: told in text(app).replace("\n", ""))
        assert not (root / "trial").exists()
        assert not (root / "rolled-back").exists()
        await keys(pilot, "1")
        assert told not in text(app)
        assert renewal.said == ("updating.rolled_back" if "没能" in told else "")
    again = managed(here, Renewal(Installer(installer.place, here.folder, QuickDisk()), here.book, here.clock), lang)
    async with again.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert told not in text(again)


async def test_a_disk_that_takes_nothing_keeps_nobody_from_the_first_screen(here: World, tmp_path: Path) -> None:
    place = planted(tmp_path / "tree")
    (place.root / "rolled-back").write_text(f"{NEW}\n")
    (place.root / "trial").write_text(f"{OLD} 1\n")
    installer = Installer(place, here.folder, FullDisk())
    installer.told = Told(changing=OFFER)
    app = managed(here, Renewal(installer, here.book, here.clock))
    async with asyncio.timeout(20), app.run_test(size=SMALL) as pilot:
        await keys(pilot, SIGN_IN)
        assert here.watch.state.shift is not None
    assert app.return_code != 1


async def test_nobody_on_shift_or_at_the_keys_loses_the_screen(here: World, renewal: Renewal) -> None:
    app, place = managed(here, renewal), renewal._installer.place
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await renewal._change_now(OFFER)
        assert leads(place) == OLD, "somebody was there a moment ago"
        await keys(pilot, "f1")
        rests(app)
        await renewal._change_now(OFFER)
        assert leads(place) == OLD, "a page is open"
        await keys(pilot, "backspace")
        await keys(pilot, SIGN_IN)
        rests(app)
        assert renewal._around().on_shift
        await renewal._change_now(OFFER)
        assert leads(place) == OLD, "a shift is open"
    assert app.return_value is None


async def test_a_post_that_is_never_without_a_shift_gets_it_too(here: World, renewal: Renewal) -> None:
    here.battery = lambda: Battery(77, charging=True)
    app, place = managed(here, renewal), renewal._installer.place
    async with app.run_test(size=SMALL) as pilot:
        await keys(pilot, SIGN_IN)
        laid = time.time() - TOO_LONG_S - 60
        os.utime(place.release(NEW) / "whole", (laid, laid))
        app.touched -= UNTOUCHED_S - 60
        await renewal._change_now(OFFER)
        assert leads(place) == OLD, "somebody was there in the last hour"
        app.touched -= 120
        await renewal._change_now(OFFER)
        assert app.return_value == 0
    assert leads(place) == NEW


async def test_a_shift_that_came_to_its_end_is_what_a_new_program_has_to_prove(here: World, renewal: Renewal) -> None:
    (renewal._installer.place.root / "trial").write_text(f"{OLD} 1\n")
    async with managed(here, renewal).run_test(size=SMALL) as pilot:
        await keys(pilot, SIGN_IN)
        assert renewal._installer.proves
        await here.watch.close_shift()
        assert not renewal._installer.proves


async def test_between_two_shifts_the_program_ends_for_the_new_one(here: World, renewal: Renewal) -> None:
    app, place = managed(here, renewal), renewal._installer.place
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        rests(app)
        await renewal._change_now(OFFER)
        assert app.return_value == 0
    assert (leads(place), (place.root / "trial").read_text()) == (NEW, f"{NEW} 0\n")


async def test_what_goes_on_around_is_told_as_it_is(here: World, renewal: Renewal) -> None:
    here.battery = lambda: Battery(12, charging=True)
    app = managed(here, renewal)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        rests(app)
        found = renewal._around()
        assert replace(found, idle_s=0) == Around(0, False, 12, True)
        assert found.idle_s > IDLE_S
        await keys(pilot, "1")
        assert renewal._around().idle_s < IDLE_S


def test_the_page_about_the_office_and_the_office_say_how_it_stands(here: World) -> None:
    line = OfficeLine(here.book, here.clock)
    line.update = lambda: "updating.ready"
    line.parts_wait = lambda: True
    with ExitStack() as stack:
        courier = line._started()
        stack.callback(line.stop)
        assert ("updating.ready", {}) in line.line.notices
        assert courier._condition is not None
        said = courier._condition(courier.state)
        assert (said.update, said.parts_wait) == ("updating.ready", True)
