"""What every page of the office costs when a hundred times as many records are stored, and beside the health answer.

    python -m bench.pages [--records 5000000] [--small 50000] [--keep FOLDER] [--only PAGE]

Both databases hold the same 77 sites of one district (bench/crowd.py) and serve side by side; a page is asked of both
in turn, narrowed to the newest days wherever it can be, of its longest book: the same rows then stand on it. The first
site is dense and the one that is asked for; it has `--records / --small` times as much history as in the small one, so
a page of a whole month has more of it there. Days are counted before anything is asked, as the office does by itself,
and what else it does in the background rests meanwhile.

A cost is what a whole answer over HTTP on the loopback takes of the processor, both ends in one process, the health
answer's too: the median of some turns. What else runs on the machine does not count; beside it stands the best time by
the clock.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

import httpx
from litestar.routes import HTTPRoute
from msgspec import Struct
from sqlalchemy import Connection

from bench import crowd
from bench.table import Figure, show
from sync.office import month
from sync.office.serve import open_store
from sync.office.store import cases, plans, rounds
from tests.office.conftest import Office

SMALL, LARGE = 20_000, 400_000
GROWS, BESIDE = 1.5, 20.0
TURNS: Final = 9
SITE: Final = "site-00"
NOT_ASKED: Final = (
    "/v1", "/schema", "/metrics", "/static", "/login", "/P/", "/p/", "/now/stream", "/labels/sheet.pdf",
    "/labels/test.pdf", "/papers/make", "/papers/kept", "/papers/check", "/photos", "/plans/", "/desk/new",
)  # fmt: skip
"""Not pages, or files that take a processor for seconds whatever is stored (papers and labels: measured elsewhere)."""
DAY: Final = "2026-11-20"
SETTLED_S: Final = 3600


def run(records: int = LARGE, small: int = SMALL, keep: Path | None = None, only: Sequence[str] = ()) -> list[Figure]:
    with TemporaryDirectory(prefix="watchbook-bench-") as scratch:
        folder = keep or Path(scratch)
        times = max(2, round(records / small))
        made = cache(lambda: asyncio.run(crowd.patterns(small // crowd.SITES)))
        with _office(folder / "small", made, 1) as few, _office(folder / "large", made, times) as many:
            return _measured(few, many, only)


@contextmanager
def _office(folder: Path, made: Callable[[], crowd.Patterns], times: int) -> Iterator[Office]:
    """An office that serves a district; one that was filled before is taken as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "office.db").exists():
        filled = asyncio.run(_filled(folder / "office.db", made(), times))
        speed = filled.records / filled.seconds
        sys.stdout.write(f"{filled.records:,} records with their projections, {speed:,.0f} a second\n")
        sys.stdout.flush()
    office = Office(folder)
    try:
        office.now = crowd.NOW
        office.account(role="admin")
        office.ask(_settled(office), SETTLED_S)
        yield office
    finally:
        office.close()


async def _filled(db: Path, given: crowd.Patterns, times: int) -> crowd.District:
    store = await open_store(db)
    try:
        filled = await crowd.fill(store, given, times)
        wrong = await crowd.folds_to_the_same(store, filled.sites[-1]) if times == 1 else []
        if wrong:
            raise SystemExit(f"folded again, these come out otherwise: {', '.join(wrong)}")
        return filled
    finally:
        store.close()


async def _settled(office: Office) -> None:
    """Back when the days that pages add up are counted, as on any day, and nothing works in the background."""
    serving = office.serving
    for each in (serving.counter, serving.nightly, serving.sending, serving.teller):
        await each.background.stop()
    await serving.folding.stop()
    sites = await office.store.read(plans.sites)
    await month.ready(office.store, sites, DAY[:7], office.now, trend=0)
    await month.ready(office.store, [SITE], DAY[:7], office.now)


def _measured(few: Office, many: Office, only: Sequence[str]) -> list[Figure]:
    with closing(few.browser()) as small, closing(many.browser()) as large:
        figures: list[Figure] = []
        for path in sorted(set(only or _paths(few))):
            one, other = (_address(office, path) for office in (few, many))
            if not one or not other:
                continue
            at_first, at_last, health = _costs((small, one), (large, other), (large, "/v1/health"))
            figures.append((f"{path}: large / small", at_last.cpu / at_first.cpu, GROWS))
            figures.append((f"{path}: large / health answer", at_last.cpu / health.cpu, BESIDE))
            sys.stdout.write(f"{path:<28} {at_first} {at_last}, health answer {health}\n")
            sys.stdout.flush()
        return figures


def _paths(office: Office) -> Iterator[str]:
    """Every page that is listed, and one of each kind below it."""
    for route in office.serving.app.routes:
        if not isinstance(route, HTTPRoute) or "GET" not in route.methods or route.path == "/":
            continue
        if not route.path.startswith(NOT_ASKED):
            yield route.path


def _address(office: Office, path: str) -> str:
    """An address of that page in this office: of the first site, over the newest days; empty where it has none such."""
    book, names = office.ask(office.store.read(_names))
    query = f"site={SITE}&day={DAY}&from=2026-11-20&to=2026-11-21&month=2026-11&book={book}"
    begin, braced, _ = path.partition("{")
    name = names.get(begin, "") if braced else ""
    return f"{begin}{quote(name, safe='')}?{query}" if name or not braced else ""


def _names(tx: Connection) -> tuple[str, dict[str, str]]:
    """The longest book of the site, and of what has a page of its own one each, by where those pages stand."""
    walked = rounds.rounds_on(tx, SITE, DAY)
    found = cases.listed(tx, [SITE], cases.Which(sorts=(cases.FINDING, cases.HAZARD)), most=1)
    ordered = cases.listed(tx, [SITE], cases.Which(sorts=(cases.ORDER,)), most=1)
    return max(rounds.books_of(tx, SITE), key=lambda each: each.held).book.hex(), {
        "/rounds/": walked[0].round,
        "/findings/": found[0].case if found else "",
        "/orders/": ordered[0].case if ordered else "",
        "/assets/": "aa-1-1",
        "/people/": "zhang-wei",
        "/indicators/": "missed",
    }


class Cost(Struct, frozen=True):
    """Of an answer, seconds: of the processor, and by the clock."""

    cpu: float
    clock: float

    def __str__(self) -> str:
        return f"{self.cpu * 1000:7.1f} ms ({self.clock * 1000:7.1f} by the clock)"


def _costs(*asked: tuple[httpx.Client, str]) -> list[Cost]:
    """Of each address, asked in turn; the first answers do not count."""
    for _ in range(2):
        _turn(asked)
    turns = [_turn(asked) for _ in range(TURNS)]
    return [
        Cost(statistics.median(each.cpu for each in those), min(each.clock for each in those))
        for those in zip(*turns, strict=True)
    ]


def _turn(asked: Sequence[tuple[httpx.Client, str]]) -> list[Cost]:
    return [_ask(browser, path) for browser, path in asked]


def _ask(browser: httpx.Client, path: str) -> Cost:
    cpu, clock = time.process_time(), time.perf_counter()
    answer = browser.get(path)
    took = Cost(time.process_time() - cpu, time.perf_counter() - clock)
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    return took


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pages")
    parser.add_argument("--records", type=int, default=LARGE)
    parser.add_argument("--small", type=int, default=SMALL)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where both databases stay, or stand already")
    parser.add_argument("--only", metavar="PAGE", nargs="*", default=(), help="`/tags`, `/people/{name:str}` …")
    given = parser.parse_args()
    return show(run(given.records, given.small, given.keep, given.only))


if __name__ == "__main__":
    sys.exit(main())
