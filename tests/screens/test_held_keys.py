"""A key that is held answers one question of a page that asks several in turn (see also test_alarm_keys)."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.duties import life
from app.duties.schedule import Slot
from app.duties.site import Phrase, Post, Text
from app.handing import Handing
from app.keeping import Keeping
from hardware.photo import Photo
from screens.afterwards import EntriesPage, WalkersPage
from screens.finding import FindingPage
from screens.handover import GivenPage
from screens.orders import TakePage
from screens.page import Page
from screens.photos import PhotosPage, Roll
from screens.platform.presses import HELD_S
from screens.platform.scans import GUARD_S
from screens.procedures import RunPage
from screens.stop import StopPage
from screens.surveys import FaultPage, FittingPage
from screens.takeover import KnownPage
from sync.wire import Other
from tests.screens.plans import CATEGORIES, PEOPLE, PLAN, pages
from tests.screens.test_alarm_keys import held, keys_at, press
from tests.screens.test_first import OTHER, Office, terminal
from tests.screens.test_keeping import FLOOD, LIFT
from tests.screens.test_sensor import answered, at_the_power_room
from tests.screens.test_surveys import DOOR, FLATS, UNITS
from tests.screens.world import SIGN_IN, SMALL, World, keys, settle, shows, text, until, world

SEVEN = replace(FLATS, faults=tuple(Phrase(f"f{n}", Text(f"缺陷{n}", f"fault {n}")) for n in range(7)))
GATE = Post("gate", Text("门岗", "Gate"), 4, roles=("guard",))
SITE = pages(replace(PLAN, procedures=(LIFT, FLOOD), surveys=(SEVEN,), posts=(GATE,)))
BOSS = PEOPLE.people[-1]


def missed(here: World) -> Slot:
    return life.unwalked(PLAN, PLAN.schedule("night-1"), {}, here.watch.now())[0]


async def walkers(here: World) -> Page:
    return WalkersPage(BOSS, missed(here), "17")


async def sheet(here: World) -> Page:
    return EntriesPage(BOSS, missed(here), "17", PEOPLE.people[:1], PLAN.routes[0].stops)


async def long_sheet(here: World) -> Page:
    for _ in range(30):
        await here.watch.report("water", "leak")
    return GivenPage(await Handing.of(here.watch).give({}))


async def call_out(here: World) -> Page:
    run = await Keeping.of(here.watch).open_procedure("flood")
    return RunPage(run.id, FLOOD, FLOOD.teams[0])


async def card_at_its_end(here: World) -> Page:
    acts = Keeping.of(here.watch)
    run = await acts.open_procedure("lift")
    for step in LIFT.teams[0].steps:
        await acts.tick(run.id, "", step.id)
    return RunPage(run.id, LIFT, LIFT.teams[0])


async def finding(here: World) -> Page:
    return FindingPage()


async def order(here: World) -> Page:
    return TakePage(CATEGORIES)


async def fitting(here: World) -> Page:
    return FittingPage(SEVEN, UNITS[0])


async def fault(here: World) -> Page:
    return FaultPage(SEVEN, UNITS[0], DOOR)


async def photos(here: World) -> Page:
    roll = Roll()
    roll.photos += [Photo(bytes(n)) for n in (1, 2, 3)]
    return PhotosPage(roll)


@pytest.mark.parametrize(
    ("page", "before", "key", "then"),
    [
        (walkers, "1 0 0 1", "enter", "Zhang Wei"),
        (sheet, "", "enter", "1/5"),
        (sheet, "", "2", "0/5"),
        (sheet, "2 2 0 5", "2", "1/5"),
        (long_sheet, "", "enter", "page 2/"),
        (call_out, "", "enter", "Sandbags"),
        (card_at_its_end, "", "enter", "All done?"),
        (finding, "", "1", "clearly leaking"),
        (order, "", "1", "clearly leaking"),
        (fitting, "", "enter", "2/3"),
        (fault, "7", "7", "lock broken"),
        (photos, "", "1", "2 left"),
    ],
)
async def test_a_key_that_is_held_answers_one_question(
    tmp_path: Path, page: Callable[[World], Awaitable[Page]], before: str, key: str, then: str
) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T23:50:00+08:00") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            here.clock.pass_by(20 * 60)
            asked = await page(here)
            app.open(asked)
            await settle(pilot)
            await keys(pilot, before)
            kinds = len(here.kinds())
            await press(pilot, held(key, 9.0, 0.25, 20))
            await asyncio.sleep(HELD_S)
            await settle(pilot)
            assert shows(app, type(asked)), text(app)
            assert then in text(app)
            assert len(here.kinds()) - kinds <= 1


async def test_an_enter_that_is_held_does_not_say_twice_that_a_sensor_is_out_of_its_limits(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, heard="41") as (here, app, pilot):
        await press(pilot, held("enter", GUARD_S + 0.1, 0.25, 20))
        await asyncio.sleep(HELD_S)
        await settle(pilot)
        assert shows(app, StopPage)
        assert "41.0 C 超出范围" in text(app)
        assert "check.answered" not in here.kinds()
        await press(pilot, [("enter", 3.0)])
        assert answered(here)["repeated"] is True


class SlowOffice(Office):
    def others(self, by: str, post: str) -> tuple[Other, ...]:
        assert self.gate.wait(10)
        return super().others(by, post)


async def test_an_enter_that_is_held_while_the_office_is_asked_takes_no_handheld_over(tmp_path: Path) -> None:
    office = SlowOffice(others_known=(OTHER,), gate=threading.Event())
    with world(tmp_path) as here:
        app = terminal(here, office, "en", first=False)
        async with app.run_test(size=SMALL) as pilot:
            asked = KnownPage(BOSS, None, None)
            app.open(asked)
            await settle(pilot)
            first, *repeats = keys_at(held("enter", 0.0, 0.25, 60), time.monotonic())
            app.post_message(first)
            await settle(pilot)
            office.gate.set()
            await until(pilot, lambda: "Gate 1" in text(app))
            for event in repeats:
                app.post_message(event)
            await settle(pilot)
            assert app.screen is asked
            assert "handheld.took-over" not in here.kinds()
