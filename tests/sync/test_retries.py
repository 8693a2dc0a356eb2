"""Several writers at one database: what it gives up is done again, once; what it can't do now is said."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from sqlalchemy import Connection, event, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from app.errors import WatchbookError
from sync.client import Refused
from sync.office.store import Store, StoreBusy, migrations, seen
from sync.office.store.records import cursor, move_cursor
from sync.office.store.rounds import folded
from sync.office.store.schema import arrivals, records, site_revisions
from sync.signing import WINDOW_S, sign
from sync.wire import CLIENT_HEADER, PROTOCOL_HEADER
from tests import postgres
from tests.sync.places import SITE, RunningOffice, drained, handheld, office, published, same_bytes
from tests.sync.rogue import Rogue

T = TypeVar("T")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.office.store.postgres.LONGEST_WAIT_S", 0.005)


class GivenUp(Exception):
    """What the driver says of a transaction that the database gave up."""

    sqlstate = "40001"


@contextmanager
def giving_up(part: float, seed: int) -> Iterator[list[str]]:
    """So many commits on PostgreSQL fail as those of a distributed one do, with everything undone."""
    chance, done = random.Random(seed), []

    def before_commit(connection: Connection) -> None:
        if connection.dialect.name == "postgresql" and chance.random() < part:
            done.append("given up")
            raise DBAPIError("COMMIT", None, GivenUp())

    event.listen(Engine, "commit", before_commit)
    try:
        yield done
    finally:
        event.remove(Engine, "commit", before_commit)


def test_a_conversation_while_the_database_gives_up_every_other_commit(tmp_path: Path) -> None:
    """Enrolment, plans, alarms, batches, blobs: each is there exactly once."""
    with office(tmp_path / "office", db=postgres.server().database(postgres.furnished())) as running:
        with giving_up(0.5, seed=11) as given, handheld(tmp_path / "h", running) as mine:
            running.publish("plan", SITE, b'{"revision":1}')
            for _ in range(4):
                mine.write(60)
                mine.write(1, "alarm.raised")
                mine.courier.exchange()
            assert mine.logbook.page("plan") == b'{"revision":1}'
            assert same_bytes(mine.logbook, running.stored(mine.logbook.book))
        assert len(given) > 10
        rows = running.ask(running.store.read(lambda tx: tx.execute(select(records.c.arrived)).scalars().all()))
        assert sorted(rows) == list(range(1, len(rows) + 1))
        assert running.newest_cursor().endswith("-1")


async def test_a_change_that_is_always_given_up_is_refused_after_a_while() -> None:
    store = await Store.open(postgres.server().database())
    runs: list[int] = []
    with giving_up(1, seed=1), pytest.raises(StoreBusy):
        await store.write(lambda tx: runs.append(cursor(tx, SITE, "n")))
    assert len(runs) == 30
    store.close()


def test_every_change_may_be_run_twice(tmp_path: Path, running: RunningOffice) -> None:
    """On either database, each change of a conversation is undone once before it counts: a bug that keeps
    something outside the transaction shows."""
    plain = running.store.database.write

    def twice(change: Callable[[Connection], T], site: str | None = None) -> Any:
        def both(tx: Connection) -> T:
            undone = tx.begin_nested()
            change(tx)
            undone.rollback()
            return change(tx)

        return plain(both, site)

    running.store.database.write = twice  # type: ignore[method-assign]
    with handheld(tmp_path / "h", running) as mine:
        running.publish("plan", SITE, b'{"revision":1}')
        mine.write(130)
        mine.write(1, "alarm.raised")
        mine.courier.exchange()
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))
        assert running.newest_cursor().endswith("-1")


async def test_two_programs_may_open_an_empty_database_at_once() -> None:
    address = postgres.server().database()
    stores = await asyncio.gather(*(Store.open(address) for _ in range(3)))
    for store in stores:
        assert await store.read(migrations.version) == migrations.HEAD
        store.close()


async def test_two_offices_on_one_database_count_together() -> None:
    """Read, think, write: from two processes' worth of connections, and nothing is lost or given twice."""
    address = postgres.server().database(postgres.furnished())
    first, second = await Store.open(address), await Store.open(address)

    def add(tx: Connection, name: str) -> None:
        move_cursor(tx, SITE, name, cursor(tx, SITE, name) + 1)

    both = (first, second)
    acts: list[Awaitable[Any]] = [store.write(partial(add, name=f"n{n % 2}")) for n in range(20) for store in both]
    acts += [published(store, SITE, "plan", f"{n}-{who}", b"{}") for n in range(10) for who, store in enumerate(both)]
    random.Random(3).shuffle(acts)
    await asyncio.gather(*acts)
    assert [await first.read(partial(cursor, site=SITE, name=name)) for name in ("n0", "n1")] == [20, 20]
    assert await second.read(lambda tx: tx.execute(select(site_revisions.c.rev)).scalar_one()) == 20
    first.close()
    second.close()


def test_the_same_batches_come_in_at_once_by_two_offices(tmp_path: Path) -> None:
    address = postgres.server().database(postgres.furnished())
    with office(tmp_path / "a", db=address) as one, office(tmp_path / "b", db=address) as two:
        rogues = [Rogue(one) for _ in range(3)]
        for rogue in rogues:
            for stop in range(120):
                rogue.add("stop.arrived", stop=f"s{stop}")

        def send(rogue: Rogue, url: str, together: threading.Barrier) -> int:
            """Each batch at the same moment as the other line of the same book; how many records were new."""
            line, new = rogue.client(url), 0
            for first in range(1, 122, 20):
                batch = rogue.batch(first, min(first + 19, 121))
                together.wait(20)
                new += line.send(batch).accepted
            return new

        with ThreadPoolExecutor(6) as threads:
            lines = [
                (rogue, each.url, both) for rogue in rogues for both in [threading.Barrier(2)] for each in (one, two)
            ]
            assert sum(threads.map(lambda line: send(*line), lines)) == 363
        for rogue in rogues:
            assert [row.raw for row in one.stored(rogue.book)] == rogue.records
        count = one.ask(one.store.read(lambda tx: tx.execute(select(func.count(), func.max(records.c.arrived))).one()))
        assert tuple(count) == (363, 363)
        assert one.ask(one.store.read(lambda tx: tx.execute(select(arrivals.c.last)).scalars().all())) == [363]


@pytest.mark.proof
def test_a_database_that_is_killed_loses_nothing_it_confirmed(tmp_path: Path) -> None:
    """PostgreSQL dies at once, three times, with its usual settings; the office goes on by itself when it is back."""
    server = postgres.started()
    with office(tmp_path / "office", db=server.database()) as running, handheld(tmp_path / "h", running) as mine:
        for _ in range(3):
            mine.write(400)
            dying = threading.Timer(0.15, server.stop)
            dying.start()
            with suppress(WatchbookError):
                while True:
                    mine.courier.exchange()
                    mine.write(50)
            dying.join()
            acked = mine.logbook.acked
            with pytest.raises(Refused, match="busy"):
                mine.courier.exchange()
            server.start()
            assert running.held(mine.logbook.book) >= acked
        drained(mine, rounds=8)
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[tuple[str, int]]:
    """`watchbook-office serve` as a process of its own: its address and its id."""
    run = [sys.executable, "-m", "sync.office", "serve", "--data-dir", str(folder), "--port", "0", *arguments]
    process = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=(folder / "log").open("ab"), text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening "), (folder / "log").read_text()
        yield line.split()[1], process.pid
    finally:
        process.terminate()
        assert process.wait(20) == 0


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.proof
def test_several_workers_serve_and_one_that_is_killed_is_replaced(tmp_path: Path) -> None:
    address = postgres.server().database(postgres.furnished())
    with office(tmp_path / "office", db=address) as at_first, handheld(tmp_path / "h", at_first) as mine:
        at_first.close()
        with served(at_first.folder, "--db", address, "--workers", "3") as (url, pid):
            before = children(pid)
            assert len(before) == 3
            mine.go_through(url)
            for victim in (None, before[1], before[0], None):
                mine.write(150)
                if victim is not None:
                    os.kill(victim, signal.SIGKILL)
                drained(mine, rounds=20)
            for _ in range(300):
                if len(set(children(pid)) - set(before)) == 2 and len(children(pid)) == 3:
                    break
                threading.Event().wait(0.1)
            assert len(children(pid)) == 3
            assert httpx.get(url + "/v1/health").status_code == 200
            known = asyncio.run(_folded(address, mine.logbook.head.seq))
            assert known == mine.logbook.head.seq, "the worker that folds was killed too"
        log = [json.loads(line) for line in (at_first.folder / "log").read_text().splitlines() if line.startswith("{")]
        assert not [line for line in log if line["level"] == "error"]
    with office(tmp_path / "office", db=address) as again:
        assert same_bytes(mine.logbook, again.stored(mine.logbook.book))


def test_what_was_overheard_is_refused_by_every_worker(tmp_path: Path) -> None:
    address = postgres.server().database(postgres.furnished())
    with office(tmp_path / "office", db=address) as one, office(tmp_path / "office", db=address) as other:
        rogue = Rogue(one)

        def asked(at: RunningOffice, headers: dict[str, str]) -> int:
            """By the address of the first: workers have the same."""
            host = {"Host": f"127.0.0.1:{one.port}"}
            return httpx.get(f"{at.url}/v1/changes", headers=headers | host, trust_env=False).status_code

        def fresh(created_s: int) -> dict[str, str]:
            url, book, nonce = f"{one.url}/v1/changes", rogue.book.hex(), f"n{time.time_ns():030}"
            signed = sign("GET", url, b"", book=book, key=rogue.identity, created=created_s, nonce=nonce)
            return signed | {PROTOCOL_HEADER: "1", CLIENT_HEADER: "0.2.0"}

        def kept(at: RunningOffice) -> int:
            counted = select(func.count()).select_from(seen.nonces)
            return at.ask(at.store.read(lambda tx: tx.execute(counted).scalar_one()))

        now_s = int(time.time())
        headers = fresh(now_s)
        assert (asked(other, headers), asked(one, headers), asked(other, headers)) == (200, 401, 401)
        assert kept(one) == 1
        one.clock_off_ms = (WINDOW_S + 1) * 1000
        assert asked(one, fresh(now_s + WINDOW_S)) == 200
        assert kept(one) == 1, "what no signature could use again is forgotten"


async def _folded(address: str, wanted: int) -> int:
    """Up to which record the pages know the book, once they know all or enough time has passed."""
    store = await Store.open(address)
    known = 0
    for _ in range(300):
        known = int(await store.read(lambda tx: tx.execute(select(func.max(folded.c.seq))).scalar()) or 0)
        if known == wanted:
            break
        await asyncio.sleep(0.1)
    store.close()
    return known


def test_a_file_has_one_writer(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "sync.office", "serve", "--data-dir", str(tmp_path), "--workers", "2", "--lang", "en"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "PostgreSQL" in done.stderr
