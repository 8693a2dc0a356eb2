"""Lists of the equipment ledger: opened with 500 assets and 10 000 records, and with 50 and 100.

Both run turn by turn in the same minutes. A figure is the large site's median, from the key to the painted rows,
divided by the small one's.

    python -m bench.lists [--turns 30]
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec.structs import replace
from textual.pilot import Pilot

from app import kinds
from app.duties.site import Asset, Check, Checklist, Plan, Point, Route, Stop, Text
from app.logbook.book import Draft, Logbook
from app.memory import Memory
from bench.table import Figure, show
from screens.more import shown
from screens.terminal import Terminal
from tests.screens.plans import PLAN, pages
from tests.screens.world import SIGN_IN, SMALL, SetClock, keys, pressed, settle, text, world

LARGE_SITE, SMALL_SITE = (500, 10_000), (50, 100)
"""Assets and records."""
PLACES: Final = 25
GOAL: Final = 1.5
MOST_TURNS: Final = 100_000
"""Of the event loop; a page that has not come by then never will."""
OPENS: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPENED: Final = ("the ledger", "a place's assets", "an asset", "its readings", "all that fall due")


def plan_of(assets: int) -> Plan:
    """The small site with `assets` assets in 25 more places, all due for inspection, each with one reading."""
    points = tuple(Point(f"p{n}", Text(f"{n}号机房", f"Room {n}"), "west", label=True) for n in range(PLACES))
    things = tuple(
        Asset(f"a{n}", Text(f"{n}号设备", f"Machine {n}"), f"p{n % PLACES}", inspect_by="2026-12-01")
        for n in range(assets)
    )
    checks = tuple(
        Check(f"c{n}", "number", Text(f"{n}号电压", f"Voltage {n}"), unit="V", asset=f"a{n}") for n in range(assets)
    )
    return replace(
        PLAN,
        points=(*PLAN.points, *points),
        assets=things,
        checklists=(*PLAN.checklists, Checklist("all", Text("全部", "All"), checks)),
        routes=(
            *PLAN.routes,
            Route("all", "inspection", Text("全部", "All"), "free", (Stop("s", "p0", "all"),), ("guard",)),
        ),
    )


def fill(folder: Path, plan: Plan, records: int) -> None:
    """One long round of readings, every asset's in turn."""
    book = Logbook.open(folder, SetClock())
    try:
        named = Memory(book, plan).name_plan(plan)
        opens = kinds.RoundStarted(
            "all@2026-11-21T20:00#1", "all@2026-11-21T20:00", "plant", "all", named, ("s",), None, (), OPENS, OPENS
        )
        book.append_rotating(_draft(kinds.ShiftOpened(())), _draft(opens))
        for first in range(0, records, 500):
            book.append(*(_reading(opens.round, n, len(plan.assets)) for n in range(first, min(first + 500, records))))
        book.append(_draft(kinds.RoundFinished(opens.round, 1, 1, 0, 0, 0, (), "on-time")), _draft(kinds.ShiftClosed()))
    finally:
        book.close()


def _reading(walked: str, n: int, assets: int) -> Draft:
    body = kinds.CheckAnswered(
        walked, "s", f"c{n % assets}", True, str(380 + n % 20), False, f"{n % assets}号电压 {380 + n % 20} V",
        f"a{n % assets}",
    )  # fmt: skip
    return _draft(body)


def _draft(body: kinds.Body) -> Draft:
    return Draft(kinds.kind_of(body), kinds.to_dict(body))


class Handheld:
    """A terminal on a filled book, at home."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self._pilot = pilot
        self._app = pilot.app

    async def walk(self) -> Mapping[str, float]:
        """Open each list once and come home; seconds from the key to the painted rows."""
        app = self._app
        assert isinstance(app, Terminal)
        place = [item.words for item in shown(app.gear)].index("more.equipment") + 1
        await keys(self._pilot, "asterisk 0")
        took = {"the ledger": await self._press(str(place))}
        took["all that fall due"] = await self._press("1")
        await keys(self._pilot, "backspace")
        took["a place's assets"] = await self._press("2")
        took["an asset"] = await self._press("1")
        took["its readings"] = await self._press("1")
        app.go_home()
        await settle(self._pilot)
        return took

    async def _press(self, key: str) -> float:
        before = self._app.screen
        start = time.perf_counter()
        self._app.post_message(pressed(key))
        for _ in range(MOST_TURNS):
            await asyncio.sleep(0)
            if self._app.screen is not before and text(self._app).strip():
                return time.perf_counter() - start
        raise TimeoutError(key)


async def measure(turns: int) -> list[Figure]:
    async with AsyncExitStack() as stack:
        large, small = [await _opened(stack, *size) for size in (LARGE_SITE, SMALL_SITE)]
        took: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in OPENED}
        for _ in range(turns):
            for place, handheld in enumerate((large, small)):
                for name, seconds in (await handheld.walk()).items():
                    took[name][place].append(seconds)
    medians = {name: [statistics.median(each) * 1000 for each in both] for name, both in took.items()}
    for name, (many, few) in medians.items():
        sys.stdout.write(f"{name}: {many:.1f} ms, {few:.1f} ms\n")
    return [(f"opening {name}", many / few, GOAL) for name, (many, few) in medians.items()]


async def _opened(stack: AsyncExitStack, assets: int, records: int) -> Handheld:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchbook-bench-")), "book")
    plan = plan_of(assets)
    fill(folder, plan, records)
    here = stack.enter_context(world(folder, pages(plan)))
    pilot = await stack.enter_async_context(here.terminal().run_test(size=SMALL))
    await keys(pilot, f"{SIGN_IN} enter")
    return Handheld(pilot)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description="Lists of the equipment ledger.")
    parser.add_argument("--turns", type=int, default=30)
    return show(asyncio.run(measure(parser.parse_args().turns)))


if __name__ == "__main__":
    sys.exit(main())
