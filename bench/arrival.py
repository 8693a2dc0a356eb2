"""From the first packet of a tag that somebody has reached to the tick on the screen, by the near rule.

Real bleak on the virtual radio, whose kernel reports each address once a scan, as real ones do; the real terminal,
watch and logbook on a real disk; a tag that sends every half second, of which a tenth is lost, five decibels above
its level.
"""

import asyncio
import os
import random
import shutil
import statistics
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from app.duties.site import Point, Route, Schedule, Stop, Tag, Text
from app.logbook.book import Logbook
from app.pages import Pages
from app.ports import Moment
from app.watch import Watch
from bench.table import Figure, Unmeasured, show
from hardware.ble import BleReader
from hardware.clock import StagedClock, SystemClock
from screens.gear import Gear
from screens.terminal import Terminal
from tests.screens.plans import DAILY, PLAN, SINCE, UUID, pages
from tests.screens.world import SMALL, Signals, keys, received, text
from tests.virtual_radio import BlueZ, PrivateBus, patrol_tag

ARRIVALS: Final = 12
GOAL_S: Final = 3.5
NEAR: Final = -60
LEVEL: Final = -63
"""What the crew's handheld hears: three decibels less than the installer's."""
INTERVAL_S: Final = 0.5
LOSS: Final = 0.1
BEGAN: Final = "2026-11-21T10:00:00+08:00"
LOOK_S: Final = 0.01
PATIENCE_S: Final = 30.0
BUS: Final = "DBUS_SYSTEM_BUS_ADDRESS"


def run() -> list[Figure | Unmeasured]:
    if shutil.which("dbus-daemon") is None:
        return [("from a tag's first packet to the tick", "needs dbus-daemon")]
    took = asyncio.run(_arrivals())
    return [
        (f"from a tag's first packet to the tick, seconds, median of {len(took)}", statistics.median(took), GOAL_S),
        ("from a tag's first packet to the tick, seconds, the longest", max(took), 2 * GOAL_S),
    ]


async def _arrivals() -> list[float]:
    bus, before = PrivateBus(), os.environ.get(BUS)
    os.environ[BUS] = bus.address
    bluez = BlueZ(bus.address, loss=LOSS)
    await bluez.start()
    bluez.plug()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return await _walk(Path(folder), bluez)
    finally:
        await bluez.close()
        bus.close()
        os.environ.pop(BUS)
        if before is not None:
            os.environ[BUS] = before


async def _walk(folder: Path, bluez: BlueZ) -> list[float]:
    clock = StagedClock(SystemClock(), _began())
    sent = _pages()
    book = Logbook.open(folder / "book", clock)
    book.receive(received(sent), "1")
    watch = Watch(book, sent, clock)
    app = Terminal(
        Gear(
            watch=watch,
            radio=BleReader(None, clock),
            office=None,
            buzzer=Signals(),
            up=lambda: clock.now().up,
        )
    )
    async with app.run_test(size=SMALL) as pilot:
        await keys(pilot, "1 0 0 1 enter 1 2 3 4 enter enter enter")
        took = [await _arrive(app, bluez, number) for number in range(1, ARRIVALS + 1)]
    watch.close()
    book.close()
    return took


async def _arrive(app: Terminal, bluez: BlueZ, number: int) -> float:
    """Seconds from the first packet of point `number` to its tick; the crew comes at any moment of a scan."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(random.random())
    packets: list[float] = []

    def level() -> int:
        packets.append(loop.time())
        return LEVEL

    address = f"C0:00:00:00:00:{number:02X}"
    bluez.enter(patrol_tag("ibeacon", f"{UUID}/9/{number}", address, level, INTERVAL_S))
    for _ in range(round(PATIENCE_S / LOOK_S)):
        if f"+ P{number:02} " in text(app):
            bluez.leave(address)
            return loop.time() - packets[0]
        await asyncio.sleep(LOOK_S)
    raise TimeoutError(f"no tick within {PATIENCE_S:g} s:\n{text(app)}")


def _began() -> Moment:
    return msgspec.structs.replace(SystemClock().now(), at=int(datetime.fromisoformat(BEGAN).timestamp() * 1000))


def _pages() -> Pages:
    """A round of points with a tag each, and nothing to check there."""
    points = tuple(
        Point(f"p{n}", Text(f"P{n:02}", f"P{n:02}"), "west", tags=(Tag("ibeacon", f"{UUID}/9/{n}", near=NEAR),))
        for n in range(1, ARRIVALS + 1)
    )
    route = Route("walk", "patrol", Text("W", "W"), "fixed", tuple(Stop(p.id, p.id) for p in points), ("guard",))
    schedule = Schedule("walk", "walk", Text("W", "W"), DAILY, "00:00", 1440, SINCE)
    return pages(replace(PLAN, points=points, assets=(), routes=(route,), schedules=(schedule,)))


if __name__ == "__main__":
    sys.exit(show(run()))
