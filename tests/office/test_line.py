"""The line between a handheld and the office as the crew sees it: what one side does, the other shows in seconds."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from app.pages import pages_of
from app.ports import Scan
from screens.gear import Gear
from screens.office_line import OfficeLine
from screens.terminal import Terminal
from sync.office.alarms import read_alarms
from tests.office.conftest import Handheld, Office
from tests.office.test_alarms import press
from tests.office.test_desk_orders import send
from tests.office.test_life import supervisor
from tests.screens.world import SMALL, ScriptedRadio, SetClock, Signals, text

SECONDS = 3.0


def terminal(handheld: Handheld) -> tuple[Terminal, OfficeLine]:
    """The screens as the program opens them, on a line of their own."""
    watch, line = handheld.walker.watch, OfficeLine(handheld.logbook, handheld.clock)
    line.pages_came = lambda: watch.take_pages(pages_of(handheld.logbook, handheld.clock.now().at))
    watch.when_recorded(line.recorded)
    gear = Gear(watch, ScriptedRadio(SetClock()), line, Signals(), up=lambda: handheld.clock.now().up)
    return Terminal(gear), line


async def seen(pilot: Pilot[int], what: Callable[[], bool], within: float) -> float:
    """Seconds until it was so."""
    began = time.monotonic()
    while not what():
        await pilot.pause(0.05)
        assert time.monotonic() - began < within
    return time.monotonic() - began


async def test_who_took_the_alarm_stands_on_the_handheld_within_three_seconds(
    office: Office, handheld: Handheld
) -> None:
    office.account(person="zhang-wei")
    office.now = handheld.clock.now().at
    app, line = terminal(handheld)
    async with app.run_test(size=SMALL) as pilot:
        line.sync_now()
        await seen(pilot, lambda: line.line.online and not handheld.logbook.unsent, 20)
        await handheld.walker.watch.raise_alarm()
        [alarm] = await asyncio.to_thread(waiting, office)
        await asyncio.to_thread(press, office.browser(), alarm, "taken")
        took = await seen(pilot, lambda: "已接报警" in text(app), SECONDS)
        print(f"on the screen {took:.1f} s after it was taken")
        assert "张伟" in text(app)
    line.stop()


async def test_what_the_desk_took_by_telephone_stands_on_the_fitters_screen_within_three_seconds(
    office: Office, tmp_path: Path
) -> None:
    office.account(person=supervisor(office))
    badge = office.badge("gao-feng")
    handheld = Handheld(office, tmp_path / "fitter", "工程1号")
    office.now = handheld.clock.now().at
    await handheld.walker.watch.sign_in_badge(Scan(badge, handheld.clock.now().up))
    app, line = terminal(handheld)
    async with app.run_test(size=SMALL) as pilot:
        line.sync_now()
        await seen(pilot, lambda: line.line.online and not handheld.logbook.unsent, 20)
        await pilot.press("enter")
        asked = {"how": "phone", "matter": "dorm-repair/water", "room": "3-201", "phone": "4321"}
        sent = await asyncio.to_thread(send, office.browser(), "/desk", **asked)
        assert sent.status_code == 303
        took = await seen(pilot, lambda: "Dormitory repair" in text(app), SECONDS)
        print(f"on the screen {took:.1f} s after it was taken")
    line.stop()
    handheld.close()


def waiting(office: Office) -> list[str]:
    """The alarms that came, as soon as there are any."""
    until = time.monotonic() + SECONDS
    while not (found := office.ask(office.store.read(lambda tx: read_alarms(tx, office.now)))):
        assert time.monotonic() < until, "the alarm is late"
        time.sleep(0.05)
    return [each.id for each in found]
