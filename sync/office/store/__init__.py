"""The office's store: the only SQL there is.

One thread writes, a few read. Every write is one function run in one transaction, so it happens whole
or not at all; `write` returns after the commit is on the disk. What a function gets is a plain
SQLAlchemy connection inside that transaction, and nothing in it may wait for anything else.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError

from sync.office.store import engine as engines
from sync.office.store.changes import Changes
from sync.office.store.devices import Devices
from sync.office.store.engine import StoreUnsafe as StoreUnsafe
from sync.office.store.records import Records
from sync.office.store.schema import facts, metadata

T = TypeVar("T")
READERS: Final = 4
SCHEMA: Final = 1
"""Version of the tables, kept in `facts` for whoever upgrades them."""


class Store:
    """An open database. `records`, `changes` and `devices` hold what can be asked of it.

    Close it with `close()`. Usable from any event loop, also from several.
    """

    def __init__(self, path: Path) -> None:
        engines.refuse_affected()
        self.path = path
        self.after_commit: list[Callable[[], None]] = []
        """Called on the writing caller's event loop after each commit of this process: wake a projection."""
        self._writer = engines.writer(path)
        self._readers = engines.readers(path, READERS)
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="store-write")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self.devices = Devices(self)
        self.records = Records(self)
        self.changes = Changes(self)

    @classmethod
    async def open(cls, where: str | Path) -> "Store":
        """Open the SQLite file at a path or `sqlite:///` address, with all tables of `metadata` made.

        Import the modules that add tables first. Raises StoreUnsafe on an affected SQLite, an unknown
        kind of database or a file that cannot be opened.
        """
        store = cls(engines.sqlite_path(where))
        try:
            await store.write(_prepare)
        except SQLAlchemyError as e:
            store.close()
            raise StoreUnsafe("sync.store_unreadable", path=str(store.path), why=str(e).splitlines()[0]) from e
        return store

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` in one transaction on the writing thread; back after the commit is durable.

        An exception of `change` rolls everything back and comes out here.
        """
        done = await asyncio.get_running_loop().run_in_executor(self._write_thread, self._write, change)
        for wake in self.after_commit:
            wake()
        return done

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Run `question` on a reading thread, in one consistent snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self._read, question)

    async def ready(self) -> None:
        """Back when a transaction could be begun and ended; raises what keeps it from that."""
        await asyncio.get_running_loop().run_in_executor(self._write_thread, self._write, _nothing)

    def close(self) -> None:
        """Let the running functions end, then close every connection."""
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        self._readers.dispose()
        self._writer.dispose()

    def _write(self, change: Callable[[Connection], T]) -> T:
        with self._writer.begin() as tx:
            return change(tx)

    def _read(self, question: Callable[[Connection], T]) -> T:
        with self._readers.begin() as tx:
            return question(tx)


def _nothing(_tx: Connection) -> None:
    """A transaction of no statements."""


def _prepare(tx: Connection) -> None:
    metadata.create_all(tx)
    tx.execute(insert(facts).values(name="feed", value=secrets.token_hex(4)).on_conflict_do_nothing())
    tx.execute(insert(facts).values(name="schema", value=str(SCHEMA)).on_conflict_do_nothing())
