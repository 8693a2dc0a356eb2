"""SQLite as the office uses it: a build without the WAL-reset fault, one writer, readers beside it.

The writer's connection also does every checkpoint; it commits with `synchronous=FULL`, so that what
is acknowledged is on the disk. Whatever waits when it begins goes into one transaction, each change in a savepoint
of its own, and is acknowledged by one flush of the disk together. pysqlite3 brings its own SQLite because the
system's may be inside the range 3.7.0 to 3.51.2, where a checkpoint beside a commit can lose pages
(sqlite.org/wal.html).
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Final, TypeVar

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from sync.office.store.engine import READERS, Job, StoreBusy, StoreUnsafe

T = TypeVar("T")
FIXED: Final = (3, 51, 3)
BACKPORTED: Final = ((3, 44, 6), (3, 50, 7))
"""Older lines that got the correction too."""
BUSY_MS: Final = 10_000
"""How long to wait for another process (a command beside the server) to finish its transaction."""
GROUP_S: Final = 0.02
"""No change joins a transaction that has been open for longer."""
GROUP: Final = 128
"""Changes in one transaction."""
_PASSING: Final = (sqlite.SQLITE_BUSY, sqlite.SQLITE_LOCKED, sqlite.SQLITE_FULL, sqlite.SQLITE_IOERR)
"""Result codes (sqlite.org/rescode.html) of troubles that may pass."""
_PRIMARY: Final = 0xFF
"""An extended code holds its primary one in the lowest byte."""


def is_affected(version: tuple[int, ...]) -> bool:
    """Whether this SQLite can corrupt a WAL database when a checkpoint meets a commit."""
    if version >= FIXED:
        return False
    return not any(version[:2] == line[:2] and version >= line for line in BACKPORTED)


def refuse_affected(version: str = sqlite.sqlite_version) -> None:
    """Raises StoreUnsafe when the SQLite linked in is one of the affected ones."""
    if is_affected(tuple(int(part) for part in version.split("."))):
        raise StoreUnsafe("sync.sqlite_affected", version=version)


class SqliteDatabase:
    """A file; see sync.office.store.engine.Database."""

    def __init__(self, path: Path, group: int = GROUP) -> None:
        refuse_affected()
        self.shown = str(path)
        self.alone = True
        self._group = group
        self._writer = _engine(path, 1, "BEGIN IMMEDIATE", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
        self._readers = _engine(path, READERS, "BEGIN", "wal_autocheckpoint=0", "query_only=ON")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._write_thread = Thread(target=self._serve, name="store-write", daemon=True)
        self._write_thread.start()

    def write(self, change: Callable[[Connection], T], site: str | None = None) -> Future[T]:
        told: Future[T] = Future()
        self._queue.put(Job(change, told, site))
        return told

    def read(self, question: Callable[[Connection], T]) -> Future[T]:
        return self._read_threads.submit(self._read, question)

    def close(self) -> None:
        self._queue.put(None)
        self._write_thread.join()
        self._read_threads.shutdown()
        self._readers.dispose()
        self._writer.dispose()

    def _read(self, question: Callable[[Connection], T]) -> T:
        try:
            with self._readers.begin() as tx:
                return question(tx)
        except DBAPIError as e:
            raise _told(e) from e

    # -- the writing thread ----------------------------------------------------------------------
    def _serve(self) -> None:
        ended = False
        while not ended and (first := self._queue.get()) is not None:
            if first.told.set_running_or_notify_cancel():
                ended = self._together(first)

    def _together(self, first: Job) -> bool:
        """Run `first`, and what waits behind it now, in one transaction; whether the end was met in the queue.

        What comes meanwhile is for the next one: else all who send wait for one another, and then nobody sends. One
        that fails is undone alone. What the whole transaction fails by is told to all of them.
        """
        jobs, ended = [first], False
        behind = min(self._group - 1, self._queue.qsize())
        values: list[Any] = []
        until = monotonic() + GROUP_S
        try:
            with self._writer.begin() as tx:
                values.append(first.act(tx))
                for _ in range(behind):
                    if monotonic() > until:
                        break
                    job = self._queue.get()  # there is one: nobody else takes
                    if job is None:
                        ended = True
                        break
                    if job.told.set_running_or_notify_cancel():
                        jobs.append(job)
                        values.append(_within(tx, job))
        except BaseException as e:
            why = _told(e) if isinstance(e, DBAPIError) else e
            for job in jobs:
                job.told.set_exception(why)
            return ended
        for job, value in zip(jobs, values, strict=True):
            if isinstance(value, _Failed):
                job.told.set_exception(value.why)
            else:
                job.told.set_result(value)
        return ended


class _Failed:
    """In place of a value: what a change raised."""

    def __init__(self, why: Exception) -> None:
        self.why = why


def _within(tx: Connection, job: Job) -> Any:
    """What the job gives, or _Failed; then nothing of it is left in the transaction."""
    tx.exec_driver_sql("SAVEPOINT job")
    try:
        value = job.act(tx)
    except Exception as e:
        try:
            tx.exec_driver_sql("ROLLBACK TO job")
            tx.exec_driver_sql("RELEASE job")
        except DBAPIError:  # a full disk ends the whole transaction
            raise e from None
        return _Failed(_told(e) if isinstance(e, DBAPIError) else e)
    tx.exec_driver_sql("RELEASE job")
    return value


def _told(error: DBAPIError) -> Exception:
    """A trouble that may pass as StoreBusy; any other as it is."""
    if getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY in _PASSING:
        return StoreBusy("sync.store_busy", why=str(error.orig))
    return error


def _engine(path: Path, connections: int, begin: str, *pragmas: str) -> Engine:
    """An engine whose transactions start with `begin`; every connection gets the pragmas."""
    engine = create_engine(
        "sqlite://",
        module=sqlite,
        creator=lambda: sqlite.connect(str(path), check_same_thread=False),
        pool_size=connections,
        max_overflow=0,
        poolclass=QueuePool,
        hide_parameters=True,  # they hold names, and errors are logged
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (f"busy_timeout={BUSY_MS}", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
