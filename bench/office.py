"""What the office's store costs: records through the wire into SQLite, beside writing the same rows without an office.

    python -m bench.office [--grow 5000000] [--part NAME …]

PostgreSQL is the run's own (tests/postgres.py), with its usual settings: every commit is flushed.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import asyncpg
import pysqlite3.dbapi2 as sqlite
from msgspec import Struct

from bench.table import Figure, show
from sync.client import Client
from sync.office.batches import checked
from sync.office.store import Store
from sync.office.store.bulk import put_rows
from sync.office.store.records import Batch, Taken
from sync.office.store.schema import arrivals, heads, records
from sync.office.store.sqlite import SqliteDatabase
from sync.wire import Batch as Sent
from tests import postgres
from tests.sync.places import SITE, now_ms, office
from tests.sync.rogue import Rogue
from tests.sync.test_cost import night

BATCH: Final = 500
ROUNDS: Final = 5
BATCHES: Final = 16
"""Of each round."""
ROUND: Final = 32
TURNS: Final = 9
"""Batches of a round through the wire, and how often."""
SITES: Final = 4
DEVICES: Final = 64
SMALL_BATCHES: Final = 6
SMALL: Final = 10
TOGETHER: Final = 50
"""Books that are filled in one transaction."""
Row = tuple[Any, ...]


class Cost(Struct, frozen=True):
    seconds: float
    cpu: float
    """Seconds of all processes together."""


def batches(rogue: Rogue, count: int, size: int) -> list[Sent]:
    """Signed batches of a night's records, after those the rogue has."""
    made = []
    for draft in islice(night(stops=count * size // 4 + 1), count * size):
        rogue.add(draft.kind, **draft.body)
    here, first = rogue.hash_at(1), 2
    for _ in range(count):
        batch = rogue.batch(first, first + size - 1, here)
        made.append(batch)
        here, first = bytes.fromhex(batch.head), first + size
    return made


def checked_batches(rogue: Rogue, count: int, size: int) -> list[Batch]:
    """The same, as the store takes them; what record 1 would have done is left out."""
    return [checked(each, rogue.book, 0) for each in batches(rogue, count, size)]


def rows_of(rogue: Rogue, made: Sequence[Sent]) -> list[list[Row]]:
    """The rows of `records` that they become."""
    now = now_ms()
    return [
        [
            (SITE, rogue.book, one.seq, one.hash, one.raw, "check.answered", one.seq, now, None)
            for one in checked(each, rogue.book, 0).links
        ]
        for each in made
    ]


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


# -- through the wire into SQLite ------------------------------------------------------------------


def wire() -> list[Figure]:
    """Four handhelds send, signed and packed, over HTTP to a server in a process of its own, pages and fold and all.

    Both sides have begun when the time begins: connections are open, a batch of each handheld is in. They take turns
    at going first.
    """
    crowd = [Rogue() for _ in range(SITES)]
    made = [batches(each, 1 + ROUND // SITES, BATCH) for each in crowd]
    rows = [rows_of(each, mine) for each, mine in zip(crowd, made, strict=True)]
    costs: dict[str, list[Cost]] = {"ours": [], "floor": []}
    with tempfile.TemporaryDirectory(prefix="watchbook-bench-") as folder:
        for number in range(TURNS):
            place = Path(folder, str(number))
            turns = [("ours", partial(_through, place, crowd, made)), ("floor", partial(plainly, place, rows))]
            for name, act in turns if number % 2 else reversed(turns):
                costs[name].append(act())
    for name, said in (("ours", "through the wire"), ("floor", "executemany in process")):
        each, cpu = (statistics.median(getattr(cost, of) for cost in costs[name]) for of in ("seconds", "cpu"))
        count = ROUND * BATCH
        sys.stdout.write(f"{said}: {count / each:,.0f} records a second, {cpu / count * 1e6:.0f} us of CPU a record\n")
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(costs["ours"], costs["floor"], strict=True))
    return [("through the wire into SQLite / executemany in process", ratio, 1 / 0.37)]


def _through(place: Path, crowd: Sequence[Rogue], made: Sequence[Sequence[Sent]]) -> Cost:
    """Until the last receipt."""
    enrolled(place, crowd)
    with served(place) as (url, pid):
        return cost(partial(sent, begun(url, crowd, made), made), pid)


def cost(act: Callable[[], object], pid: int | None = None) -> Cost:
    """Of what is done here and in the process `pid`."""
    before = time.process_time() + (cpu_of(pid) if pid else 0)
    took = seconds(act)
    return Cost(took, time.process_time() + (cpu_of(pid) if pid else 0) - before)


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def enrolled(place: Path, crowd: Sequence[Rogue]) -> None:
    """An office that knows them all, with record 1 of each."""
    with office(place) as at_first:
        for each in crowd:
            each.enrol(at_first)
            each.client(at_first.url).send(each.batch(1, 1))


def begun(url: str, crowd: Sequence[Rogue], made: Sequence[Sequence[Sent]]) -> list[Client]:
    """A line for each, over which its first batch went: the server has loaded what it needs."""
    lines = [each.client(url) for each in crowd]
    for line, mine in zip(lines, made, strict=True):
        line.hello()
        line.send(mine[0])
    return lines


def sent(lines: Sequence[Client], made: Sequence[Sequence[Sent]]) -> None:
    """All batches but the first, each handheld's one after the other."""

    def send(line: Client, mine: Sequence[Sent]) -> None:
        for each in mine[1:]:
            line.send(each)

    with ThreadPoolExecutor(len(lines)) as threads:
        list(threads.map(send, lines, made))


def plainly(place: Path, rows: Sequence[Sequence[Sequence[Row]]]) -> Cost:
    """The least that a durable table of records costs: 500 rows a transaction, each flushed."""
    place.mkdir(exist_ok=True)
    connection = sqlite.connect(str(place / "floor.db"), isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE records (site TEXT, book BLOB, seq BIGINT, hash BLOB, raw BLOB, kind TEXT, arrived BIGINT, "
        "received_at BIGINT, quarantine TEXT, PRIMARY KEY (site, book, seq))"
    )
    connection.execute("CREATE INDEX records_by_arrived ON records (site, arrived)")

    def put(turns: Sequence[Sequence[Sequence[Row]]]) -> None:
        for part in chain.from_iterable(turns):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", part)
            connection.execute("COMMIT")

    turns = list(zip(*rows, strict=True))
    put(turns[:1])
    took = cost(partial(put, turns[1:]))
    connection.close()
    return took


class served:  # noqa: N801 - used as a with statement
    """`watchbook-office serve` on a folder: (address, process id)."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        run = [sys.executable, "-m", "sync.office", "serve", "--data-dir", str(folder), "--port", "0", *arguments]
        self._process = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def __enter__(self) -> tuple[str, int]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()[1], self._process.pid

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)


# -- at the store ----------------------------------------------------------------------------------


def postgresql() -> list[Figure]:
    """`Records.take` of 500-record batches, one handheld in each of four sites, beside one COPY of the same rows."""
    server = postgres.started()
    crowd = [Rogue() for _ in range(SITES)]
    sent = [batches(each, BATCHES // 2, BATCH) for each in crowd]
    rows = [row for each, mine in zip(crowd, sent, strict=True) for part in rows_of(each, mine) for row in part]
    made = [[checked(each, rogue.book, 0) for each in mine] for rogue, mine in zip(crowd, sent, strict=True)]
    ratios, speeds = [], []
    for _ in range(ROUNDS):
        ours = asyncio.run(_taken(server.database(), crowd, made))
        floor = asyncio.run(_copied(server.database(), rows))
        ratios.append(ours / floor)
        speeds.append(len(rows) / ours)
    sys.stdout.write(f"into PostgreSQL: {statistics.median(speeds):,.0f} records a second\n")
    return [("into PostgreSQL, checked / one COPY", statistics.median(ratios), 1 / 0.42)]


async def _taken(address: str, crowd: Sequence[Rogue], made: Sequence[Sequence[Batch]]) -> float:
    store = await Store.open(address)
    for site, each in enumerate(crowd):  # and every connection is there
        await store.records.take(f"site-{site}", checked(each.batch(1, 1), each.book, 0), now_ms())

    async def send(site: int) -> None:
        for each in made[site]:
            done = await store.records.take(f"site-{site}", each, now_ms())
            assert isinstance(done, Taken)
            assert done.accepted == BATCH

    began = time.perf_counter()
    await asyncio.gather(*map(send, range(len(crowd))))
    took = time.perf_counter() - began
    store.close()
    return took


async def _copied(address: str, rows: Sequence[Row]) -> float:
    store = await Store.open(address)
    store.close()
    connection = await asyncpg.connect(address)
    began = time.perf_counter()
    await connection.copy_records_to_table("records", records=rows)
    took = time.perf_counter() - began
    await connection.close()
    return took


def together() -> list[Figure]:
    """64 handhelds with ten records each at a time: one flush for all that wait, beside one for each."""
    ratios = []
    crowd = [Rogue() for _ in range(DEVICES)]
    made = [checked_batches(each, SMALL_BATCHES, SMALL) for each in crowd]
    with tempfile.TemporaryDirectory(prefix="watchbook-bench-") as folder:
        for number in range(ROUNDS):
            took = [asyncio.run(_crowd(Path(folder, f"{number}-{group}.db"), group, crowd, made)) for group in (1, 128)]
            ratios.append(took[1] / took[0])
    return [("64 handhelds, flushed together / one by one", statistics.median(ratios), 1 / 1.5)]


async def _crowd(file: Path, group: int, crowd: Sequence[Rogue], made: Sequence[Sequence[Batch]]) -> float:
    prepared = await Store.open(file)
    prepared.close()
    store = Store(SqliteDatabase(file, group))
    for each in crowd:
        await store.records.take(SITE, checked(each.batch(1, 1), each.book, 0), now_ms())

    async def send(mine: Sequence[Batch]) -> None:
        for each in mine:
            await store.records.take(SITE, each, now_ms())

    began = time.perf_counter()
    await asyncio.gather(*(send(mine) for mine in made))
    took = time.perf_counter() - began
    store.close()
    return took


def idle() -> list[Figure]:
    """Memory of a server that has just started, pages and all."""
    with tempfile.TemporaryDirectory(prefix="watchbook-bench-") as folder, served(Path(folder)) as (_, pid):
        threading.Event().wait(2)
        status = Path(f"/proc/{pid}/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return [("server idle, MB", resident, 90)]


# -- when much is stored ---------------------------------------------------------------------------


def growth(upto: int) -> list[Figure]:
    """A batch with 10 000 records stored, and with `upto`, turn by turn."""
    with tempfile.TemporaryDirectory(prefix="watchbook-bench-") as folder:
        few, many = asyncio.run(_grown(Path(folder), upto))
    sys.stdout.write(f"a record, {10_000:,} stored: {few * 1e6:.1f} us; {upto:,} stored: {many * 1e6:.1f} us\n")
    return [(f"a record with {upto:,} stored / with 10,000", many / few, 1.25)]


async def _grown(folder: Path, upto: int) -> tuple[float, float]:
    rogue = Rogue()
    sample = rows_of(rogue, batches(rogue, 4, BATCH))
    sizes = (10_000, upto)
    stores = [await Store.open(folder / f"{size}.db") for size in sizes]
    for store, size in zip(stores, sizes, strict=True):
        await _fill(store, sample, size)
    took: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        rogue = Rogue()
        made = checked_batches(rogue, 8, BATCH)
        for store in stores:
            await store.records.take(SITE, checked(rogue.batch(1, 1), rogue.book, 0), now_ms())
        for each in made:
            for store, times in zip(stores, took, strict=True):
                began = time.perf_counter()
                await store.records.take(SITE, each, now_ms())
                times.append((time.perf_counter() - began) / BATCH)
    for store in stores:
        store.close()
    few, many = map(statistics.median, took)
    return few, many


async def _fill(store: Store, sample: Sequence[Sequence[Row]], size: int) -> None:
    """Books of other handhelds of the site, a thousand records each, until there are `size`."""
    records_of = [*sample[0], *sample[1]]
    books, each = size // len(records_of), len(records_of)

    def add(tx: Any, first: int) -> None:
        for number in range(first, min(first + TOGETHER, books)):
            book, before = (number + 1).to_bytes(32, "big"), number * each
            rows = [
                (SITE, book, place, row[3], row[4], row[5], before + place, row[7], None)
                for place, row in enumerate(records_of, start=1)
            ]
            put_rows(tx, records, rows)
            put_rows(tx, heads, [(SITE, book, each, rows[-1][3], None, rows[-1][7], 0)])
        tx.execute(arrivals.delete())
        put_rows(tx, arrivals, [(SITE, rows[-1][6])])

    for first in range(0, books, TOGETHER):
        await store.write(partial(add, first=first))


PARTS: Final[dict[str, Callable[[], list[Figure]]]] = {
    "wire": wire,
    "postgresql": postgresql,
    "together": together,
    "idle": idle,
    "growth": lambda: growth(200_000),
}


def run() -> list[Figure]:
    return [figure for part in PARTS.values() for figure in part()]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.office", description="The office's store.")
    parser.add_argument("--grow", type=int, metavar="RECORDS", help="only growth, up to so many")
    parser.add_argument("--part", choices=tuple(PARTS), action="append", default=[])
    given = parser.parse_args()
    if given.grow:
        return show(growth(given.grow))
    return show([figure for name in given.part or PARTS for figure in PARTS[name]()])


if __name__ == "__main__":
    sys.exit(main())
