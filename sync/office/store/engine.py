"""What the store asks of a database, whichever it is, and what it says when it can't have it.

A change is a function of a connection, run in one transaction. It may be run more than once (a transaction that
the database gave up is begun again), so it changes nothing but the database, and counts only once it is committed.
"""

import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from app.errors import WatchbookError

T = TypeVar("T")
READERS: Final = 4
_POSTGRESQL: Final = ("postgresql", "postgres", "postgresql+asyncpg")


class StoreUnsafe(WatchbookError):
    """The administrator: the database can't be used as it is."""


class StoreBusy(WatchbookError):
    """Whoever asked: later again. Locked for too long, full, or away; nothing is known to be stored."""


class Database(Protocol):
    """One database that is open."""

    shown: str
    """Where it is, without a password."""
    alone: bool
    """No other process may serve an office on it."""

    def write(self, change: Callable[[Connection], T], site: str | None = None) -> Future[T]:
        """Run `change` in a transaction; done once that is durable. An exception of it rolls everything back.

        With `site`, changes of the same site wait for one another instead of being begun again. Raises StoreBusy.
        """
        ...

    def read(self, question: Callable[[Connection], T]) -> Future[T]:
        """Run `question` in one consistent snapshot. Raises StoreBusy."""
        ...

    def close(self) -> None:
        """Let the running functions end, then close every connection."""
        ...


class Job(Struct, frozen=True, eq=False):
    """A function that waits for its turn."""

    act: Callable[[Connection], Any]
    told: Future[Any]
    site: str | None = None


def database(where: str | Path) -> Database:
    """The database at a path, a `sqlite:///` or a `postgresql://` address. Raises StoreUnsafe."""
    scheme = re.match(r"([a-z][a-z0-9+]*)://", str(where))
    if scheme is not None and scheme[1] in _POSTGRESQL:
        return _postgres(str(where))
    from sync.office.store.sqlite import SqliteDatabase

    return SqliteDatabase(sqlite_path(where))


def is_postgresql(where: str | Path) -> bool:
    return str(where).partition("://")[0] in _POSTGRESQL


def sqlite_path(where: str | Path) -> Path:
    """The file behind a path or a `sqlite:///` address. Raises StoreUnsafe for another database."""
    text = str(where)
    if not re.match(r"[a-z][a-z0-9+]*://", text):
        return Path(text)
    if text.startswith("sqlite:///"):
        return Path(text.removeprefix("sqlite:///"))
    raise StoreUnsafe("sync.store_kind", scheme=text.partition("://")[0])


def must_have_folder(where: str | Path) -> None:
    """SQLite makes a file and no folder for it. Raises StoreUnsafe."""
    if is_postgresql(str(where)):
        return
    folder = sqlite_path(where).absolute().parent
    if not folder.is_dir():
        raise StoreUnsafe("sync.store_no_folder", folder=str(folder))


def _postgres(where: str) -> Database:
    try:
        from sync.office.store.postgres import PostgresDatabase
    except ModuleNotFoundError as e:
        raise StoreUnsafe("sync.store_no_driver", name=e.name or "asyncpg") from e
    return PostgresDatabase(where)
