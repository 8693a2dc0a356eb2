"""The office's store: the only SQL there is.

Every write is one function run in one transaction, so it happens whole or not at all; `write` returns after the
commit is on the disk. What a function gets is a plain SQLAlchemy connection inside that transaction, and nothing in
it may wait for anything else. It is the same on SQLite and on PostgreSQL (sqlite.py, postgres.py).
"""

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError

from sync.office.store import known
from sync.office.store.changes import FEED, Changes
from sync.office.store.devices import Devices
from sync.office.store.engine import Database, database, must_have_folder
from sync.office.store.engine import StoreBusy as StoreBusy
from sync.office.store.engine import StoreUnsafe as StoreUnsafe
from sync.office.store.migrations import StoreNewer as StoreNewer
from sync.office.store.migrations import StoreOld as StoreOld
from sync.office.store.migrations import make_ready
from sync.office.store.records import Records

T = TypeVar("T")


class Store:
    """An open database. `records`, `changes` and `devices` hold what can be asked of it.

    Close it with `close()`. Usable from any event loop, also from several.
    """

    def __init__(self, opened: Database) -> None:
        self.after_commit: list[Callable[[], None]] = []
        """Called on the writing caller's event loop after each commit of this process: wake a projection."""
        self.database = opened
        self.devices = Devices(self)
        self.records = Records(self)
        self.changes = Changes(self)

    @classmethod
    async def open(cls, where: str | Path, *, upgrade: bool = False) -> "Store":
        """Open a path, a `sqlite:///` or a `postgresql://` address, with all tables made.

        With `upgrade`, one of an earlier version is brought to this one. Raises StoreUnsafe on an affected SQLite, an
        unknown kind of database or one that cannot be opened, StoreBusy when it is away, StoreOld, StoreNewer.
        """
        must_have_folder(where)
        store = cls(database(where))
        prepare = partial(_prepare, upgrade=upgrade)
        try:
            try:
                await store.write(prepare)
            except (IntegrityError, ProgrammingError):  # another process made the same tables in the same moment
                await store.write(prepare)
        except SQLAlchemyError as e:
            store.close()
            why = str(getattr(e, "orig", None) or e).splitlines()[0]
            raise StoreUnsafe("sync.store_unreadable", path=store.database.shown, why=why) from e
        except BaseException:
            store.close()
            raise
        return store

    async def write(self, change: Callable[[Connection], T], site: str | None = None) -> T:
        """Run `change` in one transaction; back after the commit is durable. It may be run more than once.

        An exception of `change` rolls everything back and comes out here. With `site`, changes of one site wait for
        one another: for what comes all the time. Raises StoreBusy.
        """
        done = await asyncio.wrap_future(self.database.write(change, site))
        for wake in self.after_commit:
            wake()
        return done

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Run `question` in one consistent snapshot. Raises StoreBusy."""
        return await asyncio.wrap_future(self.database.read(question))

    async def ready(self) -> None:
        """Back when a transaction could be begun and ended; raises what keeps it from that."""
        await asyncio.wrap_future(self.database.write(_nothing))

    def close(self) -> None:
        """Let the running functions end, then close every connection."""
        self.database.close()


def _nothing(_tx: Connection) -> None:
    """A transaction of no statements."""


def _prepare(tx: Connection, *, upgrade: bool) -> None:
    make_ready(tx, upgrade=upgrade)
    if not known.get(tx, FEED):
        known.put(tx, FEED, secrets.token_hex(4))
