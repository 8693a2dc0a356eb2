"""All rows of one database into another that is empty: to PostgreSQL, and into a file that is a backup.

The rows are those of one moment, read in one snapshot while others write. Until the last of them is committed the
other database is marked as unfinished, and nobody opens it.
"""

import asyncio
from functools import partial
from queue import Empty, Full, Queue
from threading import Event
from typing import Any, Final

from sqlalchemy import Connection, Table, func, inspect, select

from app.errors import WatchbookError
from sync.office.store import Store
from sync.office.store.bulk import put_rows
from sync.office.store.engine import Database
from sync.office.store.migrations import UNFINISHED, mark
from sync.office.store.tables import metadata

ROWS: Final = 1000
LARGE_ROWS: Final = 8
"""Of tables whose rows may have megabytes."""
LARGE: Final = ("blobs", "blob_parts", "changes", "plans")
AHEAD: Final = 4
"""Pages that wait to be written."""
Page = tuple[Table, list[tuple[Any, ...]]]


class NotEmpty(WatchbookError):
    """The administrator: rows are copied only into a database that has no tables."""


class NotCopied(WatchbookError):
    """The administrator: the copy has other numbers of rows than the original. Begin again."""


async def copy(source: Store, target: Database) -> dict[str, int]:
    """How many rows each table has. Raises NotEmpty, NotCopied, StoreBusy."""
    await asyncio.wrap_future(target.write(_begin))
    pages: Queue[Page | None] = Queue(AHEAD)
    ended = Event()
    reading = asyncio.ensure_future(source.read(lambda tx: _read(tx, pages, ended)))
    try:
        while (page := await asyncio.to_thread(_next, pages, reading)) is not None:
            await asyncio.wrap_future(target.write(partial(put_rows, table=page[0], rows=page[1])))
    finally:
        ended.set()
    counts = await reading
    await asyncio.wrap_future(target.write(lambda tx: _finish(tx, counts)))
    return counts


def _next(pages: "Queue[Page | None]", reading: "asyncio.Future[dict[str, int]]") -> Page | None:
    """The next page; None at the end, and when reading failed."""
    while True:
        try:
            return pages.get(timeout=0.2)
        except Empty:
            if reading.done():
                return None if pages.empty() else pages.get()


def _read(tx: Connection, pages: "Queue[Page | None]", ended: Event) -> dict[str, int]:
    """Every table, page by page. May be begun again by the database only before its first page."""
    counts = {}
    for table in metadata.sorted_tables:
        counts[table.name] = 0
        size = LARGE_ROWS if table.name in LARGE else ROWS
        for part in tx.execute(select(table).execution_options(yield_per=size)).partitions():
            counts[table.name] += len(part)
            if not _put(pages, (table, [tuple(row) for row in part]), ended):
                return counts
    _put(pages, None, ended)
    return counts


def _put(pages: "Queue[Page | None]", page: Page | None, ended: Event) -> bool:
    while not ended.is_set():
        try:
            pages.put(page, timeout=0.2)
        except Full:
            continue
        return True
    return False


def _begin(tx: Connection) -> None:
    if inspect(tx).get_table_names():
        raise NotEmpty("office_store.not_empty")
    metadata.create_all(tx)
    mark(tx, UNFINISHED)


def _finish(tx: Connection, counts: dict[str, int]) -> None:
    for table in metadata.sorted_tables:
        held = tx.execute(select(func.count()).select_from(table)).scalar_one()
        if held != counts[table.name]:
            raise NotCopied("office_store.not_copied", table=table.name, held=held, had=counts[table.name])
    mark(tx)
