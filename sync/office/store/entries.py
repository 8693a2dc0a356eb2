"""Which records stand in which list: the lines of a register, the handovers of a post, what was done to an asset …

A projection: it can be made again from the records. What a line says is read from its record (`raws`). Which kinds
belong to which subject says sync.office.subjects. Times are UTC milliseconds, by the handheld's clock.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    LargeBinary,
    Select,
    String,
    Table,
    bindparam,
    delete,
    select,
    tuple_,
)

from sync.office.store.bulk import put_new
from sync.office.store.loose import each
from sync.office.store.paging import ALWAYS, COUNTED, MOST, Place, Span, beyond, counted, ordered, within
from sync.office.store.records import Stored, stored
from sync.office.store.schema import metadata, records

entries = Table(
    "entries",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("subject", String(20), primary_key=True, comment="of sync.office.subjects"),
    Column("key", String(200), primary_key=True, comment="which one of the subject: a register, a post, an asset …"),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(64), nullable=False),
    sqlite_with_rowid=False,
)
Index("entries_by_time", entries.c.site, entries.c.subject, entries.c.at, entries.c.book, entries.c.seq)
Index("entries_by_record", entries.c.site, entries.c.book, entries.c.seq)


class EntryRow(Struct, frozen=True):
    """One record in one list."""

    site: str
    subject: str
    key: str
    at: int
    book: bytes
    seq: int
    kind: str

    @property
    def place(self) -> Place:
        return Place(self.at, f"{self.book.hex()}.{self.seq}")


def listed(
    tx: Connection,
    site: str,
    subject: str,
    keys: Sequence[str] = (),
    *,
    kinds: Sequence[str] = (),
    span: Span = ALWAYS,
    after: Place | None = None,
    most: int = MOST,
    oldest: bool = False,
) -> list[EntryRow]:
    """The subject's records, newest first (`oldest`: oldest first): of these keys (empty: of all), of these kinds."""
    if len(keys) > 1:
        found = [
            row
            for key in dict.fromkeys(keys)
            for row in listed(tx, site, subject, (key,), kinds=kinds, span=span, after=after, most=most, oldest=oldest)
        ]
        return sorted(found, key=lambda row: (row.at, row.book, row.seq), reverse=not oldest)[:most]
    order = (entries.c.at, entries.c.book, entries.c.seq)
    wanted = _wanted(site, subject, keys, kinds, span)
    if after is not None and (behind := _behind(order, after, oldest=oldest)) is not None:
        wanted = wanted.where(behind)
    return [EntryRow(*row) for row in tx.execute(ordered(wanted, order, oldest=oldest).limit(most))]


def named_in(tx: Connection, site: str, subject: str, span: Span) -> list[tuple[bytes, int]]:
    """Book and number of all of the subject's records of that time."""
    which = (entries.c.site == site, entries.c.subject == subject)
    wanted = select(entries.c.book, entries.c.seq).where(*which, *within(entries.c.at, span))
    return [(row.book, row.seq) for row in tx.execute(wanted.distinct())]


def count(
    tx: Connection,
    site: str,
    subject: str,
    keys: Sequence[str] = (),
    *,
    kinds: Sequence[str] = (),
    span: Span = ALWAYS,
    most: int = COUNTED,
) -> int:
    """How many records `listed` has in all, at most `most`."""
    return sum(
        counted(tx, _wanted(site, subject, (key,) if key else (), kinds, span), most)
        for key in (dict.fromkeys(keys) or ("",))
    )


def newest(tx: Connection, site: str, subject: str) -> dict[str, EntryRow]:
    """The last record of each key that has any."""
    rows = tx.execute(_NEWEST, {"site": site, "subject": subject})
    return {row.key: EntryRow(site, subject, *row) for row in rows}


def raws(tx: Connection, site: str, rows: Collection[EntryRow]) -> dict[tuple[bytes, int], Stored]:
    """The records themselves, by book and number."""
    return records_at(tx, site, [(row.book, row.seq) for row in rows])


def records_at(tx: Connection, site: str, named: Collection[tuple[bytes, int]]) -> dict[tuple[bytes, int], Stored]:
    """Whole records by book and number; those that were purged are left out."""
    found: dict[tuple[bytes, int], Stored] = {}
    listed = list(dict.fromkeys(named))
    for first in range(0, len(listed), _TOGETHER):
        rows = tx.execute(_NAMED, {"site": site, "named": listed[first : first + _TOGETHER]})
        found |= {(one.book, one.seq): one for one in map(stored, rows)}
    return found


_TOGETHER = 200
"""Records asked for at once."""
_NAMED = select(records).where(
    records.c.site == bindparam("site"),
    tuple_(records.c.book, records.c.seq).in_(bindparam("named", expanding=True)),
    records.c.raw.is_not(None),
)
"""Built once: most lists ask it."""


def _newest() -> Select[Any]:
    mine = [entries.c[name] == bindparam(name) for name in ("site", "subject")]
    key = each(entries.c.key, *mine)
    order = (entries.c.at.desc(), entries.c.book.desc(), entries.c.seq.desc())
    last = (
        select(entries.c[name])
        .where(*mine, entries.c.key == key.c.key)
        .order_by(*order)
        .limit(1)
        .scalar_subquery()
        .label(name)
        for name in ("at", "book", "seq", "kind")
    )
    return select(key.c.key, *last).where(key.c.key.is_not(None))


_NEWEST = _newest()
"""Built once: building it costs more than running it."""


def put(tx: Connection, rows: Iterable[EntryRow]) -> None:
    """The same record again changes nothing."""
    put_new(tx, entries, [(row.site, row.subject, row.key, row.at, row.book, row.seq, row.kind) for row in rows])


def forget(tx: Connection, site: str, gone: Iterable[tuple[bytes, int]]) -> None:
    """Take these records out of every list."""
    for book, seq in gone:
        tx.execute(delete(entries).where(entries.c.site == site, entries.c.book == book, entries.c.seq == seq))


def _wanted(
    site: str, subject: str, keys: Sequence[str], kinds: Sequence[str], span: Span
) -> Select[tuple[str, str, str, int, bytes, int, str]]:
    which: list[ColumnElement[bool]] = [entries.c.site == site, entries.c.subject == subject]
    which += [entries.c.key == key for key in keys]
    which += [entries.c.kind.in_(kinds)] if kinds else []
    return select(*entries.c).where(*which, *within(entries.c.at, span))


def _behind(
    order: tuple[ColumnElement[int], ColumnElement[bytes], ColumnElement[int]], after: Place, *, oldest: bool
) -> ColumnElement[bool] | None:
    """None when a URL names what no record can have."""
    book, _, seq = after.rest.partition(".")
    try:
        return beyond(order, (after.at, bytes.fromhex(book), int(seq)), oldest=oldest)
    except ValueError:
        return None
