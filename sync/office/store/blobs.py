"""Pictures and personal texts that records name by their hash, as they came in; each once in a site."""

from hashlib import sha256

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, String, Table, select
from sqlalchemy.dialects.sqlite import insert

from sync.office.store.schema import metadata

blobs = Table(
    "blobs",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("book", LargeBinary(32), nullable=False, comment="whose handheld brought it first"),
    Column("received_at", BigInteger, nullable=False),
    comment="What records name by a hash and do not hold (decisions 9 and 12).",
)


def keep_blob(tx: Connection, site: str, book: bytes, raw: bytes, now: int) -> None:
    """Bytes that are held already stay as they are. `now` is UTC ms."""
    new = insert(blobs).values(site=site, sha256=sha256(raw).digest(), raw=raw, book=book, received_at=now)
    tx.execute(new.on_conflict_do_nothing())


def blob_of(tx: Connection, site: str, digest: bytes) -> bytes | None:
    """By its SHA-256; None when the site has none."""
    wanted = select(blobs.c.raw).where(blobs.c.site == site, blobs.c.sha256 == digest)
    raw: bytes | None = tx.execute(wanted).scalar()
    return raw
