"""What each handheld last said of itself: the newest word only. Times are UTC milliseconds by the office."""

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, String, Table, select

from sync.office.store import upsert
from sync.office.store.schema import metadata

conditions = Table(
    "conditions",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("device", String(64), primary_key=True),
    Column("book", LargeBinary(32), nullable=False, comment="the one that it spoke of"),
    Column("at", BigInteger, nullable=False),
    Column("said", LargeBinary, nullable=False, comment="JSON of sync.wire.Condition"),
)


class Row(Struct, frozen=True):
    site: str
    device: str
    book: bytes
    at: int
    said: bytes


def put(tx: Connection, row: Row) -> None:
    upsert.put(tx, conditions, row)


def of(tx: Connection, site: str | None = None) -> dict[tuple[str, str], Row]:
    """By site and device."""
    wanted = select(conditions) if site is None else select(conditions).where(conditions.c.site == site)
    return {(row.site, row.device): Row(*row) for row in tx.execute(wanted)}
