"""SQLite as the office uses it: a build without the WAL-reset fault, one writer, readers beside it.

The writer's connection also does every checkpoint; it commits with `synchronous=FULL`, so that what
is acknowledged is on the disk. pysqlite3 brings its own SQLite because the system's may be inside
the range 3.7.0 to 3.51.2, where a checkpoint beside a commit can lose pages (sqlite.org/wal.html).
"""

import re
from pathlib import Path
from typing import Any, Final

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection, Engine, create_engine, event

from app.errors import WatchbookError

FIXED: Final = (3, 51, 3)
BACKPORTED: Final = ((3, 44, 6), (3, 50, 7))
"""Older lines that got the correction too."""
BUSY_MS: Final = 10_000
"""How long to wait for another process (a command beside the server) to finish its transaction."""


class StoreUnsafe(WatchbookError):
    """The administrator: the database can't be used as it is."""


def is_affected(version: tuple[int, ...]) -> bool:
    """Whether this SQLite can corrupt a WAL database when a checkpoint meets a commit."""
    if version >= FIXED:
        return False
    return not any(version[:2] == line[:2] and version >= line for line in BACKPORTED)


def refuse_affected(version: str = sqlite.sqlite_version) -> None:
    """Raises StoreUnsafe when the SQLite linked in is one of the affected ones."""
    if is_affected(tuple(int(part) for part in version.split("."))):
        raise StoreUnsafe("sync.sqlite_affected", version=version)


def sqlite_path(where: str | Path) -> Path:
    """The file behind a path or a `sqlite:///` address. Raises StoreUnsafe for another database."""
    text = str(where)
    if not re.match(r"[a-z][a-z0-9+]*://", text):
        return Path(text)
    if text.startswith("sqlite:///"):
        return Path(text.removeprefix("sqlite:///"))
    raise StoreUnsafe("sync.store_kind", scheme=text.partition("://")[0])


def writer(path: Path) -> Engine:
    """The engine of the one writing thread: every transaction takes the write lock at once."""
    engine = _engine(path, pool_size=1)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def readers(path: Path, count: int) -> Engine:
    """The engine of `count` reading threads. They can't write, and never checkpoint."""
    engine = _engine(path, pool_size=count)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (f"busy_timeout={BUSY_MS}", "wal_autocheckpoint=0", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _engine(path: Path, pool_size: int) -> Engine:
    return create_engine(
        "sqlite://",
        module=sqlite,
        creator=lambda: sqlite.connect(str(path), check_same_thread=False),
        pool_size=pool_size,
        max_overflow=0,
        poolclass=_queue_pool(),
    )


def _queue_pool() -> Any:
    from sqlalchemy.pool import QueuePool

    return QueuePool
