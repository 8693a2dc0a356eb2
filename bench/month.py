"""A site's monthly report, beside reading the site's records of that month once.

The site is the one of bench.crowd: some days of the example, ten times over. A figure is the median of some turns, each
of which does both.

    python -m bench.month
"""

import asyncio
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, select

from app.record import Record
from bench import crowd
from bench.table import Figure, show
from sync.office import counting, month
from sync.office.serve import open_store
from sync.office.store import Store
from sync.office.store import days as day_table
from sync.office.store.schema import records

TIMES: Final = 10
"""The pattern has three days with what lies between."""
THIN: Final = 100
"""Records of the other pattern, which is not used."""
TURNS: Final = 5
MONTH: Final = "2026-11"
ZONE: Final = ZoneInfo("Asia/Shanghai")
GOAL, ANEW_GOAL = 3.0, 6.0


def run() -> list[Figure]:
    return asyncio.run(_run())


async def _run() -> list[Figure]:
    with TemporaryDirectory(prefix="watchbook-bench-") as folder:
        store = await open_store(Path(folder, "office.db"))
        try:
            filled = await crowd.fill(store, await crowd.patterns(THIN), TIMES, sites=1)
            (site,) = filled.sites
            turns = [await _turn(store, site) for _ in range(TURNS)]
        finally:
            store.close()
    reading, report, anew = (statistics.median(each) for each in zip(*turns, strict=True))
    return [
        ("a month's report / reading its records once", report / reading, GOAL),
        ("the same, every day counted anew", (report + anew) / reading, ANEW_GOAL),
    ]


async def _turn(store: Store, site: str) -> tuple[float, float, float]:
    """Seconds to read the month's records, to make its report, and before that to count its days."""
    first, last = month.days_of(MONTH)

    def read(tx: Connection) -> int:
        span = counting.span_of(first, last, ZONE)
        raws = tx.execute(select(records.c.raw).where(records.c.site == site)).scalars()
        return sum(span.first <= msgspec.json.decode(raw, type=Record).at < span.last for raw in raws)

    begun = perf_counter()
    assert await store.read(read) > 0
    reading = perf_counter() - begun
    await store.write(lambda tx: day_table.touch_from(tx, site, first))
    begun = perf_counter()
    assert not await month.ready(store, [site], MONTH, crowd.NOW, trend=0)
    anew = perf_counter() - begun
    begun = perf_counter()
    made = await store.read(lambda tx: month.read_month(tx, site, MONTH, crowd.NOW))
    assert made is not None
    assert made.figure("missed").count.whole
    return reading, perf_counter() - begun, anew


if __name__ == "__main__":
    sys.exit(show(run()))
