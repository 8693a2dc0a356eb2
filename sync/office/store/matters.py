"""Which records are about which work order, finding or call-out, and how each of these stands.

A projection: it can be made again from the records. Times are UTC milliseconds.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, String, Table, delete, func, select

from sync.office.store.schema import metadata, records
from sync.office.store.upsert import insert, put

matter_records = Table(
    "matter_records",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("matter", String(100), primary_key=True, comment="book:seq of its first record"),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("arrived", BigInteger, nullable=False),
)
Index("matter_records_by_record", matter_records.c.site, matter_records.c.book, matter_records.c.seq)

matters = Table(
    "matters",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("matter", String(100), primary_key=True),
    Column("due", BigInteger, comment="when it is to be done; null when it has no limit, or is over"),
    Column("over", BigInteger, comment="when the record came that ended it; null while it is open"),
    Column("detail", LargeBinary, nullable=False, comment="what is to be said of it, JSON"),
)
Index("matters_by_end", matters.c.site, matters.c.over)
Index("matters_by_limit", matters.c.site, matters.c.due)


class MatterRow(Struct, frozen=True):
    site: str
    matter: str
    book: bytes
    seq: int
    arrived: int


class Standing(Struct, frozen=True):
    """How a matter stands."""

    site: str
    matter: str
    due: int | None
    over: int | None
    detail: bytes


def put_rows(tx: Connection, rows: Iterable[MatterRow]) -> None:
    new = insert(matter_records).on_conflict_do_nothing()
    for row in rows:
        tx.execute(new, asdict(row))


def raws_of(tx: Connection, site: str, matter: str, most: int) -> list[tuple[bytes, bytes, int]]:
    """(book, bytes, when it came) of a matter's records in the order in which they came."""
    mine = (matter_records.c.site == site, matter_records.c.matter == matter)
    same = (records.c.site == site, records.c.book == matter_records.c.book, records.c.seq == matter_records.c.seq)
    wanted = select(records.c.book, records.c.raw, records.c.received_at).where(
        *mine, *same, records.c.raw.is_not(None)
    )
    return [tuple(row) for row in tx.execute(wanted.order_by(matter_records.c.arrived).limit(most))]


def put_standing(tx: Connection, standing: Standing) -> None:
    put(tx, matters, standing)


def over_before(tx: Connection, site: str, at: int) -> list[str]:
    """Matters that ended before a time."""
    wanted = select(matters.c.matter).where(matters.c.site == site, matters.c.over < at)
    return list(tx.execute(wanted).scalars())


def forget(tx: Connection, site: str, matter: str) -> None:
    """Nobody has to be told of it any more; which records are about it is still known."""
    tx.execute(delete(matters).where(matters.c.site == site, matters.c.matter == matter))


def named(tx: Connection, site: str, of: Iterable[tuple[bytes, int]]) -> set[str]:
    """The matters that these records are about."""
    found: set[str] = set()
    for book, seq in of:
        same = (matter_records.c.site == site, matter_records.c.book == book, matter_records.c.seq == seq)
        found.update(tx.execute(select(matter_records.c.matter).where(*same)).scalars())
    return found


def forget_records(tx: Connection, site: str, gone: Iterable[tuple[bytes, int]]) -> None:
    for book, seq in gone:
        same = (matter_records.c.site == site, matter_records.c.book == book, matter_records.c.seq == seq)
        tx.execute(delete(matter_records).where(*same))


def overdue(tx: Connection, site: str, first: int, last: int) -> list[Standing]:
    """Open matters whose limit was after `first` and until `last`."""
    wanted = select(matters).where(matters.c.site == site, matters.c.due > first, matters.c.due <= last)
    return [Standing(**row._mapping) for row in tx.execute(wanted.order_by(matters.c.due))]


def newest_at(tx: Connection, site: str) -> int:
    """When the last record of the site came."""
    last = select(func.max(records.c.arrived)).where(records.c.site == site).scalar_subquery()
    wanted = select(records.c.received_at).where(records.c.site == site, records.c.arrived == last)
    return tx.execute(wanted.limit(1)).scalar() or 0
