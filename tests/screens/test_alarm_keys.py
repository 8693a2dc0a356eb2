"""Whoever is in danger raises the alarm, however the keys are pressed and whatever page has just come up."""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace
from textual import events
from textual.pilot import Pilot

from app.duties.provisions import Column, Lone, Register
from app.duties.site import Grant, Post, Text
from app.words import say
from app.work import Work
from hardware.evdev import KEY, PRESSED, RELEASED, Event, packed
from hardware.side_keys import SideKey
from screens import alarm
from screens.alarm import AlarmPage
from screens.home import HomePage
from screens.lone import RESTS_S, LonePage
from screens.matters import MatterPage
from screens.order import OrderPage
from screens.platform.presses import HELD_S
from screens.platform.scans import GUARD_S
from screens.registers import EntryPage
from screens.round import RoundPage
from screens.stop import StopPage
from screens.terminal import Terminal
from tests.screens.plans import PLAN, label, pages
from tests.screens.test_listening import begin, press_behind_drawing
from tests.screens.world import (
    SIGN_IN,
    SMALL,
    World,
    bodies,
    keys,
    scan,
    settle,
    shows,
    text,
    until,
    walk_to,
    world,
)

GATE = Post("gate", Text("门岗", "Gate"), 4, roles=("guard",), lone=Lone(30, answer_s=60, last_s=45))
SITE = pages(replace(PLAN, posts=(GATE,)))
NAMES = {"*": "asterisk"}
Page = Callable[[Pilot[int], World], Coroutine[None, None, str]]


def held(key: str, from_s: float, delay_s: float = 0.4, repeats: int = 6) -> list[tuple[str, float]]:
    return [(key, from_s), *((key, from_s + delay_s + 0.025 * place) for place in range(repeats))]


WAYS: Final = {
    "one after the other": [("*", 0.0), ("9", 0.3), ("9", 0.6)],
    "as fast as a thumb can": [("*", 0.0), ("9", 0.12), ("9", 0.24)],
    "all at once": [("*", 0.0), ("9", 0.0), ("9", 0.0)],
    "the last held": [("*", 0.0), *held("9", 0.15)],
    "the last held, late to repeat": [("*", 0.0), *held("9", 0.15, 0.66)],
    "both held": [*held("*", 0.0), *held("9", 0.7)],
    "the first held until it repeats once": [*held("*", 0.0, repeats=1), ("9", 0.46), ("9", 0.58)],
    "each twice": [("*", 0.0), ("*", 0.15), ("9", 0.3), ("9", 0.45)],
    "bouncing": [("*", 0.0), ("*", 0.02), ("9", 0.2), ("9", 0.22)],
    "with the keys beside": [("*", 0.0), ("9", 0.1), ("6", 0.13), ("9", 0.2), ("6", 0.23), ("9", 0.3)],
    "by the menu's own digit": [("*", 0.0), ("2", 0.5), ("9", 0.7), ("9", 0.85)],
}


def keys_at(typed: list[tuple[str, float]], start: float) -> list[events.Key]:
    """Keys with the seconds behind `start` at which each comes."""
    made = []
    for key, after_s in typed:
        made.append(events.Key(NAMES.get(key, key), key if len(key) == 1 else None))
        made[-1].time = start + after_s
    return made


async def press(pilot: Pilot[int], typed: list[tuple[str, float]], from_s: float = 0.0) -> None:
    """Keys with the seconds, from now on or `from_s` later, at which each comes."""
    for event in keys_at(typed, time.monotonic() + from_s):
        pilot.app.post_message(event)
    await settle(pilot)


async def home(pilot: Pilot[int], here: World) -> str:
    await keys(pilot, f"{SIGN_IN} enter")
    return HomePage.__name__


async def ticked_stop(pilot: Pilot[int], here: World) -> str:
    """The stop has ticked itself at this moment: what was on its way is not meant for it."""
    await begin(pilot)
    await scan(pilot, label("point:gate"))
    here.clock.pass_by(60)
    await walk_to(pilot, here, 2)
    return StopPage.__name__


async def number_half_typed(pilot: Pilot[int], here: World) -> str:
    await begin(pilot)
    await keys(pilot, "1 1 0")
    return "CodePage"


async def lone_question(pilot: Pilot[int], here: World) -> str:
    """It has come up at this moment."""
    await home(pilot, here)
    await come(pilot, here)
    return LonePage.__name__


async def come(pilot: Pilot[int], here: World) -> None:
    """The question to somebody alone is due."""
    here.clock.pass_by(30 * 60)
    terminal(pilot).watch_over()
    await settle(pilot, 4)


def terminal(pilot: Pilot[int]) -> Terminal:
    assert isinstance(pilot.app, Terminal)
    return pilot.app


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("page", [home, ticked_stop, number_half_typed, lone_question])
async def test_the_alarm_goes_out_from_every_page_however_it_is_pressed(tmp_path: Path, page: Page, way: str) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            assert type(app.screen).__name__ == "SignInPage"
            name = await page(pilot, here)
            assert type(app.screen).__name__ == name
            before = here.kinds().count("check.answered")
            late = 0.35 if way == "by the menu's own digit" and page in (ticked_stop, lone_question) else 0.0
            await press(pilot, WAYS[way], late)
            await until(pilot, lambda: "alarm.raised" in here.kinds())
            assert len(bodies(here, "alarm.raised")) == 1
            assert here.kinds().count("check.answered") == before, "and no key of it answers anything else"


@pytest.mark.parametrize(
    "nines", [held("9", 0.0), held("9", 0.0, 0.66), [("9", 0.0), ("9", 0.12)], [("9", 0.0), ("9", 0.0)]]
)
@pytest.mark.parametrize("after_s", [0.0, GUARD_S - 0.05, GUARD_S + 0.05])
async def test_the_question_that_comes_between_the_menu_and_the_nine_takes_no_alarm_away(
    tmp_path: Path, nines: list[tuple[str, float]], after_s: float
) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await home(pilot, here)
            await keys(pilot, "asterisk")
            await come(pilot, here)
            assert shows(app, LonePage)
            start = app._deaf_until - GUARD_S + after_s - time.monotonic()
            await press(pilot, nines, start)
            await until(pilot, lambda: "alarm.raised" in here.kinds())
            assert len(bodies(here, "alarm.raised")) == 1


async def test_nothing_comes_over_an_alarm_that_is_half_raised_until_the_fingers_rest(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await home(pilot, here)
            await keys(pilot, "asterisk 9")
            await come(pilot, here)
            assert shows(app, AlarmPage)
            app.touched -= RESTS_S
            app.watch_over()
            await settle(pilot, 4)
            assert shows(app, LonePage), "nobody presses on"
            await press(pilot, held("9", 0.0))
            await until(pilot, lambda: "alarm.raised" in here.kinds())


async def test_a_nine_that_is_an_ordinary_answer_is_none_twice_when_it_is_held(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await home(pilot, here)
            await press(pilot, held("9", 0.0, repeats=20))
            assert "alarm.raised" not in here.kinds()
            assert not shows(app, AlarmPage)


async def test_a_silent_alarm_is_raised_by_an_eight_that_is_held_and_the_page_below_gets_nothing(
    tmp_path: Path,
) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await home(pilot, here)
            await press(pilot, [("*", 0.0), ("9", 0.15), *held("8", 0.3)])
            await asyncio.sleep(HELD_S)
            await until(pilot, lambda: "alarm.raised" in here.kinds())
            assert bodies(here, "alarm.raised")[0]["how"] == "silent"
            assert shows(app, HomePage)


async def test_the_enter_that_was_meant_for_a_question_answers_nothing_once_somebody_else_has_ended_it(
    tmp_path: Path,
) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await lone_question(pilot, here)
            deaf = app._deaf_until
            await here.watch.report("water", "drip")
            await until(pilot, lambda: shows(app, HomePage) and app._deaf_until > deaf)
            await press_behind_drawing(pilot, app, "enter", 0.1)
            assert shows(app, HomePage)
            await press_behind_drawing(pilot, app, "enter", 0.9)
            assert not shows(app, HomePage)


async def test_a_nine_behind_an_enter_that_may_be_held_is_the_alarm_and_not_all_is_well(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await lone_question(pilot, here)
            start = app._deaf_until - time.monotonic()
            await press(pilot, [("enter", -0.2), ("enter", 0.2), ("9", 0.25), ("9", 0.4)], start)
            await until(pilot, lambda: "alarm.raised" in here.kinds())
            assert "lone.answered" not in here.kinds()


async def test_an_sos_button_that_is_pressed_twice_is_the_alarm(tmp_path: Path) -> None:
    button = tmp_path / "sos"
    os.mkfifo(button)
    writer = os.open(button, os.O_RDWR)
    with world(tmp_path / "book", SITE) as here:
        here.side_keys = (SideKey(str(button), 183, "alarm"),)
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await lone_question(pilot, here)
            press_and_let_go = packed(Event(KEY, 183, PRESSED)) + packed(Event(KEY, 183, RELEASED))
            os.write(writer, press_and_let_go)
            await until(pilot, lambda: shows(app, AlarmPage))
            assert "alarm.raised" not in here.kinds()
            os.write(writer, press_and_let_go)
            await until(pilot, lambda: "alarm.raised" in here.kinds())
            assert len(bodies(here, "alarm.raised")) == 1
    os.close(writer)


async def test_an_sos_button_that_is_touched_now_and_once_much_later_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm, "FORGET_S", 0.5)
    button = tmp_path / "sos"
    os.mkfifo(button)
    writer = os.open(button, os.O_RDWR)
    with world(tmp_path / "book", SITE) as here:
        here.side_keys = (SideKey(str(button), 183, "alarm"),)
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await home(pilot, here)
            for _ in range(2):
                os.write(writer, packed(Event(KEY, 183, PRESSED)) + packed(Event(KEY, 183, RELEASED)))
                await until(pilot, lambda: shows(app, AlarmPage) and app.top.half_typed)
                await until(pilot, lambda: not app.top.half_typed)
                assert say("en", "alarm.ask")[:20] in text(app)
            assert "alarm.raised" not in here.kinds()
    os.close(writer)


@pytest.mark.parametrize("delay_s", [0.25, 0.66])
async def test_a_key_that_is_held_answers_one_of_several_checks(tmp_path: Path, delay_s: float) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await ticked_stop(pilot, here)
            await press(pilot, held("1", 0.0, delay_s, 20), GUARD_S + 0.1)
            await asyncio.sleep(HELD_S)
            await settle(pilot)
            assert here.kinds().count("check.answered") == 1


async def test_a_key_that_is_held_answers_one_check_when_the_program_stood_still_meanwhile(tmp_path: Path) -> None:
    """Nothing was read while it did: what came is read afterwards, when the time for a second press is already over."""
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await ticked_stop(pilot, here)
            loop, start = asyncio.get_running_loop(), time.monotonic() + GUARD_S + 0.1

            def later(after_s: float, *act: Any) -> None:
                loop.call_later(start + after_s - time.monotonic(), *act)

            (*first, third) = keys_at(held("1", 0.0, 0.5, 2), start)
            for event in first:
                app.post_message(event)
            later(0.55, time.sleep, 0.2)
            later(0.7, app.post_message, third)
            await asyncio.sleep(start + 0.9 - time.monotonic())
            await settle(pilot)
            assert here.kinds().count("check.answered") == 1


@pytest.mark.parametrize("bounce_s", [None, 0.003, 0.02])
async def test_a_keypad_that_bounces_answers_a_stop_that_ticked_itself_a_check_for_each_press(
    tmp_path: Path, bounce_s: float | None
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await ticked_stop(pilot, here)
            bounces = [] if bounce_s is None else [bounce_s]
            presses = [("1", 0.5 * place + late) for place in range(3) for late in (0.0, *bounces)]
            await press(pilot, presses, GUARD_S + 0.1)
            await until(pilot, lambda: here.kinds().count("check.answered") == 3)
            assert shows(app, RoundPage), text(app)


async def test_an_enter_that_is_held_takes_one_step_of_an_order(tmp_path: Path) -> None:
    fitters = pages(replace(PLAN, grants=(Grant("zhang-wei", ("guard", "fitter")),)))
    with world(tmp_path / "book", fitters) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            finding = await here.watch.report("water", "leak")
            order = await Work.of(here.watch).order_from(finding.id)
            app.open(OrderPage(order.id))
            await settle(pilot)
            await press(pilot, held("enter", 0.1, 0.25, 20))
            await asyncio.sleep(HELD_S)
            await settle(pilot)
            assert [kind for kind in here.kinds() if kind.startswith("order.")] == ["order.taken", "order.accepted"]


async def test_a_one_that_is_held_tells_of_the_repair_and_does_not_recheck_it(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            finding = await here.watch.report("water", "leak")
            app.open(MatterPage(finding.id))
            await settle(pilot)
            await press(pilot, held("1", 0.1, 0.25, 20))
            await asyncio.sleep(HELD_S)
            await settle(pilot)
            found = [kind for kind in here.kinds() if kind.startswith("finding.")]
            assert found == ["finding.raised", "finding.corrected"]


async def test_an_enter_that_is_held_skips_one_column_of_a_register_and_saves_no_line(tmp_path: Path) -> None:
    may = (Column(name, "digits", Text(name, name), optional=True) for name in ("first", "second"))
    register = Register("log", Text("记录", "Log"), tuple(may), roles=("guard",))
    with world(tmp_path / "book", pages(replace(PLAN, registers=(register,)))) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            app.open(EntryPage(register))
            await settle(pilot)
            start = time.monotonic()
            for event in keys_at(held("enter", 0.9, 0.25, 20), start):
                pilot.app.post_message(event)
            await settle(pilot)
            assert "register.entered" not in here.kinds()
            assert shows(app, EntryPage)
            assert "2/2" in text(app)
