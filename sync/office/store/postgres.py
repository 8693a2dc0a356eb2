"""PostgreSQL as the office uses it: plain transactions by asyncpg, begun again when the database gives one up.

Every change is SERIALIZABLE, so that several workers may write at once and each function may be read as if it were
alone. Records coming in would give one another up all the time; they are READ COMMITTED instead, one at a time in
a site: the first thing they do is to lock the site's row of `arrivals`. No serial numbers, advisory locks, LISTEN,
temporary tables or procedures, so that a distributed PostgreSQL can take its place.

Texts are TEXT, however long the tables say: what SQLite takes, this takes. Each thread has a connection and an event
loop of its own, so a long question keeps no other waiting.
"""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import Connection, String, select
from sqlalchemy.dialects.postgresql.asyncpg import AsyncpgString, dialect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles

from sync.office.store.engine import READERS, Job, StoreBusy, StoreUnsafe
from sync.office.store.schema import arrivals
from sync.office.store.upsert import insert

T = TypeVar("T")
WRITERS: Final = 4
ATTEMPTS: Final = 30
"""How often a change is begun before whoever asked is told to come again: for some seconds."""
LONGEST_WAIT_S: Final = 0.3
CONNECT_S: Final = 10
COMMAND_S: Final = 120
"""How long one statement may take; then the connection counts as dead."""
GIVEN_UP: Final = ("40001", "40P01")
"""Serialization failure, deadlock: the database undid all of it and asks to begin again."""
_PASSING: Final = ("08", "40", "53", "55P03", "57P", "58030")
"""SQLSTATEs, or how they begin, of troubles that may pass: gone, given up, full, locked, stopping, disk."""
_SETTINGS: Final = {
    "application_name": "watchbook-office",
    "synchronous_commit": "on",
    "lock_timeout": "10s",
    "jit": "off",
    "timezone": "UTC",
}


class PostgresDatabase:
    """A database on a server; see sync.office.store.engine.Database."""

    def __init__(self, url: str) -> None:
        self.shown, dsn = _read_address(url)
        self.alone = False
        self._writers = _Threads(WRITERS, lambda: _Session(_engine(dsn), "SERIALIZABLE", readonly=False))
        self._readers = _Threads(READERS, lambda: _Session(_engine(dsn), "REPEATABLE READ", readonly=True))

    def write(self, change: Callable[[Connection], T], site: str | None = None) -> Future[T]:
        return self._writers.submit(change, site)

    def read(self, question: Callable[[Connection], T]) -> Future[T]:
        return self._readers.submit(question, None)

    def close(self) -> None:
        self._writers.close()
        self._readers.close()


class _Threads:
    """Threads that each have a session, and take what waits in one queue."""

    def __init__(self, count: int, session: Callable[[], "_Session"]) -> None:
        self._session = session
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [Thread(target=self._serve, name="store-postgres", daemon=True) for _ in range(count)]
        for each in self._threads:
            each.start()

    def submit(self, act: Callable[[Connection], T], site: str | None) -> Future[T]:
        told: Future[T] = Future()
        self._queue.put(Job(act, told, site))
        return told

    def close(self) -> None:
        for _ in self._threads:
            self._queue.put(None)
        for each in self._threads:
            each.join()

    def _serve(self) -> None:
        session = self._session()
        with asyncio.Runner() as runner:
            while (job := self._queue.get()) is not None:
                if not job.told.set_running_or_notify_cancel():
                    continue
                try:
                    value = runner.run(session.run(job.act, job.site))
                except BaseException as e:
                    job.told.set_exception(e)
                else:
                    job.told.set_result(value)
            runner.run(session.close())


class _Session:
    """One connection, made when it is needed and again when it broke."""

    def __init__(self, engine: AsyncEngine, isolation: str, *, readonly: bool) -> None:
        self._engine = engine
        self._usual = {"isolation_level": isolation, "postgresql_readonly": readonly}

    async def run(self, act: Callable[[Connection], T], site: str | None) -> T:
        """What `act` gives, once it is committed. Raises StoreBusy, or what `act` raises."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._once(act, site)
            except _Again as e:
                if attempt == ATTEMPTS:
                    raise _busy(e.why) from e.why
                await asyncio.sleep(random.uniform(0, min(LONGEST_WAIT_S, 0.002 * 2**attempt)))  # noqa: S311 - a wait
        raise AssertionError

    async def close(self) -> None:
        await self._engine.dispose()

    async def _once(self, act: Callable[[Connection], T], site: str | None) -> T:
        connected = committing = False
        options = self._usual if site is None else {**self._usual, "isolation_level": "READ COMMITTED"}
        try:
            async with self._engine.connect() as connection:
                connected = True
                await connection.execution_options(**options)
                async with connection.begin():
                    if site is not None:
                        await connection.run_sync(_lock, site)
                    value = await connection.run_sync(act)
                    committing = True
            return value
        except DBAPIError as e:
            state = getattr(e.orig, "sqlstate", None)
            # a connection that broke while it committed may have committed
            if state in GIVEN_UP or (e.connection_invalidated and not committing):
                raise _Again(e) from e
            if e.connection_invalidated or (state or "").startswith(_PASSING):
                raise _busy(e) from e
            raise
        except (OSError, TimeoutError) as e:
            if connected:
                raise
            raise _busy(e) from e  # nobody listens there, or not in time


class _Again(Exception):
    """The transaction is undone and may be begun again."""

    def __init__(self, why: DBAPIError) -> None:
        super().__init__(str(why))
        self.why = why


def _busy(why: BaseException) -> StoreBusy:
    told = str(getattr(why, "orig", None) or why) or type(why).__name__
    return StoreBusy("sync.store_busy", why=told.splitlines()[0])


def _lock(tx: Connection, site: str) -> None:
    """Until this transaction ends, no other of the site that locks too gets beyond here."""
    wanted = select(arrivals.c.last).where(arrivals.c.site == site).with_for_update()
    while tx.execute(wanted).first() is None:
        tx.execute(insert(arrivals).values(site=site, last=0).on_conflict_do_nothing())


# -- connections -----------------------------------------------------------------------------------


class _Text(AsyncpgString):
    """Texts come from records too: a NUL, which PostgreSQL has no place for, becomes U+FFFD."""

    def bind_processor(self, _dialect: Any) -> Callable[[Any], Any]:
        return lambda text: text.replace("\0", "\ufffd") if isinstance(text, str) else text


@compiles(String, "postgresql")
def _text(_type: String, _compiler: Any, **_: Any) -> str:
    return "TEXT"


def _read_address(url: str) -> tuple[str, str]:
    """(as it may be shown, as asyncpg takes it). Raises StoreUnsafe."""
    dsn = "postgresql://" + url.partition("://")[2]
    try:
        return make_url(dsn).render_as_string(hide_password=True), dsn
    except (ArgumentError, ValueError) as e:
        raise StoreUnsafe("sync.store_address") from e


def _engine(dsn: str) -> AsyncEngine:
    """An engine of one connection. `dsn` is as libpq's: a host, a socket's folder, `sslmode=`, a password file."""

    async def connect(**_: Any) -> Any:
        return await asyncpg.connect(dsn, server_settings=_SETTINGS, timeout=CONNECT_S, command_timeout=COMMAND_S)

    engine = create_async_engine(
        "postgresql+asyncpg://?prepared_statement_cache_size=500",
        async_creator=connect,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,  # they hold names, and errors are logged
    )
    engine.dialect.colspecs = {**dialect.colspecs, String: _Text}
    engine.dialect.supports_comments = False  # of tables: they stand in the program
    return engine
