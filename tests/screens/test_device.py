"""What the handheld's own parts do to the screens: a battery that runs down, an SOS button, a torch."""

import asyncio
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.words import say
from hardware.evdev import KEY, PRESSED, RELEASED, Event, packed
from hardware.power import Battery
from hardware.side_keys import SideKey
from screens import device
from tests.screens.world import SIGN_IN, SMALL, keys, settle, text, until, world


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_at_ten_percent_it_sends_dims_and_says_so_once(
    tmp_path: Path, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "BATTERY_S", 0.05)
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await settle(pilot)
            assert (here.dimmed, here.office.asked) == ([], 0)
            here.battery = lambda: Battery(10)
            app.gear = replace(app.gear, battery=lambda: here.battery())
            await until(pilot, lambda: here.signals.felt != [])
            shown = text(app).replace("\n", "").replace(" ", "")
            assert say(lang, "status.battery_low", percent=10).replace(" ", "")[:12] in shown
            assert (here.dimmed, here.office.asked, here.signals.felt) == ([True], 1, ["mark"])
            await keys(pilot, "1")
            looks: list[int] = []

            def lower() -> Battery:
                looks.append(9)
                return Battery(9)

            here.battery = lower
            await until(pilot, lambda: len(looks) > 2)
            assert (here.dimmed, here.office.asked) == ([True], 1), "once is enough"
            here.battery = lambda: Battery(9, charging=True)
            await until(pilot, lambda: here.dimmed != [True])
            assert here.dimmed == [True, False]


async def test_without_a_battery_nobody_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "BATTERY_S", 0.02)
    looks: list[int] = []
    with world(tmp_path / "book") as here:
        here.battery = lambda: looks.append(1)
        async with here.terminal().run_test(size=SMALL) as pilot:
            await settle(pilot)
            await asyncio.sleep(0.2)
    assert len(looks) == 1


async def test_an_sos_button_held_is_the_alarm_and_pressed_shortly_asks_once_more(tmp_path: Path) -> None:
    button = tmp_path / "sos"
    os.mkfifo(button)
    writer = os.open(button, os.O_RDWR)
    with world(tmp_path / "book") as here:
        here.side_keys = (SideKey(str(button), 183, "alarm"),)
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            os.write(writer, packed(Event(KEY, 183, PRESSED)) + packed(Event(KEY, 183, RELEASED)))
            await until(pilot, lambda: say("en", "alarm.once_more")[:20] in text(app))
            assert "alarm.raised" not in here.kinds()
            os.write(writer, packed(Event(KEY, 183, PRESSED)))
            await until(pilot, lambda: "alarm.raised" in here.kinds() and here.signals.felt[-1:] == ["mark"])
            assert here.kinds().count("alarm.raised") == 1
            os.write(writer, packed(Event(KEY, 183, RELEASED)) + packed(Event(KEY, 183, PRESSED)))
            await asyncio.sleep(1.2)
            assert here.kinds().count("alarm.raised") == 1, "it is raised already"
    os.close(writer)


async def test_the_torch_is_one_key_and_says_when_there_is_none(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "f7")
            assert say("en", "menu.no_torch")[:20] in text(app)
            switched: list[bool] = []

            def switch() -> bool:
                switched.append(True)
                return True

            app.gear = replace(app.gear, torch=switch)
            await keys(pilot, "f7 f7")
            assert switched == [True, True]
            assert say("en", "menu.no_torch")[:20] not in text(app)
