"""Real parts for the sync tests: a logbook on disk, an office on a loopback socket, its SQLite file."""

import asyncio
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn

from app.errors import WatchbookError
from app.logbook.book import Draft, Logbook
from app.logbook.disk import Disk
from app.ports import Moment
from app.record import Entry
from sync.client import Client, Timeouts
from sync.courier import Courier
from sync.enrolment import enrol
from sync.lane import Writer
from sync.office.keys import OfficeKey
from sync.office.lines import Line
from sync.office.serve import listen
from sync.office.server import create_app
from sync.office.store import Store, devices
from sync.office.store.changes import START, publish
from sync.office.store.records import Stored, Urgent, urgent_ahead
from sync.office.tls import Certificates, Shown
from sync.wire import join_code

T = TypeVar("T")
SITE = "cuihu-garden"
PATIENT = Timeouts(connect=10, read=20, write=20, pool=10, answer=60)
"""For answers that come: a busy machine must not look like a bad link."""
IMPATIENT = Timeouts(connect=1, read=1, write=1, pool=1, answer=3)
"""For answers that never come."""


class WallClock:
    """The real clocks, shifted by `off_ms`: a handheld whose date is wrong. `walked_ms` is time that passed unseen."""

    def __init__(self, off_ms: int = 0) -> None:
        self.off_ms = off_ms
        self.walked_ms = 0

    def now(self) -> Moment:
        at = time.time_ns() // 1_000_000 + self.off_ms + self.walked_ms
        up = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000 + self.walked_ms
        return Moment(at=at, up=up, boot="b" * 32)


@contextmanager
def codes_known_again() -> Iterator[None]:
    """The slow hash of an enrolment code is made once, not again when the code comes back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "_slow_hash", cache(devices._slow_hash))
        yield


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def free_port() -> int:
    """A loopback port nobody listens at just now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def bomb(mib: int) -> bytes:
    """gzip that unpacks to so many MiB of spaces, made without ever holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * 2**20) for _ in range(mib)) + packer.flush()


@contextmanager
def at_most(mib: int) -> Iterator[None]:
    """What happens inside, in any thread, may hold so many MiB at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < mib * 2**20
    finally:
        tracemalloc.stop()


class RunningOffice:
    """An office served by uvicorn in a thread of its own; `ask` runs a question on its event loop."""

    def __init__(self, folder: Path, port: int = 0, certificate: Path | None = None, db: str = "") -> None:
        """`certificate` is a PEM file with key and certificate: then it is served over TLS. `db` is an address.

        `certificates` are those it names to handhelds; the served one unless a test says otherwise.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.db = db or str(folder / "office.db")
        self.key = OfficeKey.open(folder)
        self.clock_off_ms = 0
        self._socket = listen("127.0.0.1", port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._certificate = certificate
        self.certificates = Certificates(Shown(certificate) if certificate else None)
        self.hush: Callable[[], None] = lambda: None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="office", daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self.store = await Store.open(self.db)
        app = create_app(
            self.store,
            self.key,
            clock_ms=lambda: now_ms() + self.clock_off_ms,
            certificates=lambda: self.certificates(),
        )
        self.hush = app.state.hush
        config = uvicorn.Config(
            app,
            log_level="error",
            lifespan="off",
            http=Line,
            timeout_graceful_shutdown=1,
            ssl_certfile=self._certificate,
        )
        self._server = uvicorn.Server(config)
        self._ready.set()
        await self._server.serve([self._socket])

    def ask(self, question: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the store's on the office's loop."""
        return asyncio.run_coroutine_threadsafe(question, self._loop).result(20)

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self.hush)
        self._server.should_exit = True
        self._thread.join(20)
        self.store.close()
        self._socket.close()
        self._loop.close()

    # -- what tests ask -------------------------------------------------------------------------
    def whole_code(self, name: str = "handheld") -> str:
        """As a person gets it, with what shows that it is this office."""
        return join_code(self.code(name), self.key.public)

    def code(self, name: str = "handheld") -> str:
        return self.ask(self.store.devices.add(SITE, name, now_ms())).code

    def held(self, book: bytes, site: str = SITE) -> int:
        return self.ask(self.store.records.held(site, book)).seq

    def stored(self, book: bytes, site: str = SITE) -> list[Stored]:
        return self.ask(self.store.records.of_book(site, book, 1, 100_000))

    def publish(self, kind: str, item: str, body: bytes | None) -> int:
        return self.ask(published(self.store, SITE, kind, item, body))

    def rests(self) -> bool:
        """No line is open, and nothing that came is still being done."""
        state = self._server.server_state
        return not state.connections and not state.tasks

    def newest_cursor(self) -> str:
        """The cursor of a handheld of the site that has everything."""

        async def walk() -> str:
            page = await self.store.changes.page(SITE, START, 100)
            while page.more:
                page = await self.store.changes.page(SITE, page.cursor, 100)
            return page.cursor

        return self.ask(walk())

    def urgent_ahead(self) -> list[Urgent]:
        """Urgent records whose turn has not come yet."""
        return self.ask(self.store.read(urgent_ahead))


async def published(store: Store, site: str, kind: str, item: str, body: bytes | None) -> int:
    """Send something down, in a transaction of its own; the revision given."""
    return await store.write(lambda tx: publish(tx, site, kind, item, body, now_ms()))


@contextmanager
def office(folder: Path, port: int = 0, certificate: Path | None = None, db: str = "") -> Iterator[RunningOffice]:
    running = RunningOffice(folder, port, certificate, db)
    try:
        yield running
    finally:
        running.close()


class Handheld:
    """A logbook and the courier that carries it; `offsets` are the clock differences it measured."""

    def __init__(self, logbook: Logbook, clock: WallClock, url: str) -> None:
        self.logbook = logbook
        self.clock = clock
        self.offsets: list[int] = []
        self.go_through(url)

    def go_through(self, url: str, timeouts: Timeouts = PATIENT) -> None:
        """A new courier, whose way to the office is `url`."""
        self.courier = Courier(
            self.logbook,
            self.clock,
            connect=lambda book: client_for(book, url, self.clock, timeouts),
            on_offset=self.offsets.append,
        )

    def write(self, count: int = 1, kind: str = "stop.arrived") -> tuple[Entry, ...]:
        """Records as a round makes them."""
        drafts = [Draft(kind, {"round": "night/2026-11-21T22:00", "stop": f"s{n}"}, ("li-wei",)) for n in range(count)]
        return self.logbook.append(*drafts)


def client_for(writer: Writer, url: str, clock: WallClock, timeouts: Timeouts = PATIENT) -> Client:
    """A client as the courier makes it, with a test's patience, speaking to `url` (a proxy, perhaps)."""
    office = writer.office
    assert office is not None
    key = bytes.fromhex(office.server_key)
    return Client(url, book=writer.book, identity=writer.identity, server_key=key, clock=clock, timeouts=timeouts)


@contextmanager
def handheld(folder: Path, running: RunningOffice, off_ms: int = 0, disk: Disk | None = None) -> Iterator[Handheld]:
    """A handheld enrolled at the office. Its clock is wrong by `off_ms`."""
    clock = WallClock(off_ms)
    logbook = Logbook.open(folder, clock, disk)
    try:
        if logbook.office is None:
            enrol(logbook, running.url, running.whole_code(), "Gate 1", clock)
        yield Handheld(logbook, clock, running.url)
    finally:
        logbook.close()


def drained(mine: Handheld, rounds: int) -> None:
    """Exchange until a round goes through and all is sent, as the courier's thread would without its waits."""
    for _ in range(rounds):
        try:
            mine.courier.exchange()
        except WatchbookError:
            continue
        if not mine.logbook.unsent:
            return
    raise AssertionError(f"not drained: {mine.courier.state}")


def same_bytes(logbook: Logbook, rows: list[Stored]) -> bool:
    """Whether the office holds exactly the handheld's records, in their order."""
    return [(row.seq, row.raw, row.hash) for row in rows] == [(e.record.seq, e.raw, e.hash) for e in logbook.entries()]
