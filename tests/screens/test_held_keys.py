"""A key that is held answers one question of a page that asks several in turn (see also test_alarm_keys)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.duties import life
from app.duties.site import Phrase, Text
from app.keeping import Keeping
from hardware.photo import Photo
from screens.afterwards import EntriesPage, WalkersPage
from screens.finding import FindingPage
from screens.orders import TakePage
from screens.page import Page
from screens.photos import PhotosPage, Roll
from screens.platform.presses import HELD_S
from screens.procedures import RunPage
from screens.surveys import FaultPage, FittingPage
from tests.screens.plans import CATEGORIES, PEOPLE, PLAN, pages
from tests.screens.test_alarm_keys import held, press
from tests.screens.test_keeping import FLOOD, LIFT
from tests.screens.test_surveys import DOOR, FLATS, UNITS
from tests.screens.world import SIGN_IN, SMALL, World, keys, settle, shows, text, world

SEVEN = replace(FLATS, faults=tuple(Phrase(f"f{n}", Text(f"缺陷{n}", f"fault {n}")) for n in range(7)))
SITE = pages(replace(PLAN, procedures=(LIFT, FLOOD), surveys=(SEVEN,)))
BOSS = PEOPLE.people[-1]


async def walkers(here: World) -> Page:
    slot = life.unwalked(PLAN, PLAN.schedule("night-1"), {}, here.watch.now())[0]
    return WalkersPage(BOSS, slot, "17")


async def sheet(here: World) -> Page:
    slot = life.unwalked(PLAN, PLAN.schedule("night-1"), {}, here.watch.now())[0]
    return EntriesPage(BOSS, slot, "17", PEOPLE.people[:1], PLAN.routes[0].stops)


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
        (sheet, "2 2 0 5", "2", "1/5"),
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
