"""Releases for handhelds: the files as they came, in pieces, and which ring is offered which. Times are UTC ms.

A ring has one offer for each architecture: a later one takes its place.
"""

from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, String, Table, delete, func, select

from sync.office.store.schema import metadata
from sync.office.store.upsert import insert, put
from sync.wire import PIECE

releases = Table(
    "releases",
    metadata,
    Column("sha256", String(64), primary_key=True, comment="of the file"),
    Column("version", String(40), nullable=False),
    Column("arch", String(20), nullable=False),
    Column("python", String(8), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("writes", BigInteger, nullable=False, comment="the form of book it writes"),
    Column("added_at", BigInteger, nullable=False),
    comment="Programs for handhelds, each signed by its publisher.",
)

release_pieces = Table(
    "release_pieces",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False, comment="bytes before it"),
    Column("raw", LargeBinary, nullable=False),
)

release_offers = Table(
    "release_offers",
    metadata,
    Column("ring", String(40), primary_key=True, comment="empty: every handheld whose own ring has no offer"),
    Column("arch", String(20), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
)


class Held(Struct, frozen=True):
    """A release that the office has."""

    sha256: str
    version: str
    arch: str
    python: str
    size: int
    writes: int
    added_at: int


class Offer(Struct, frozen=True):
    ring: str
    """Empty: every handheld whose own ring has no offer."""
    arch: str
    sha256: str
    at: int


def add(tx: Connection, held: Held, data: bytes) -> None:
    """Keep the file `data`, which is `held`; once more changes nothing."""
    assert sha256(data).hexdigest() == held.sha256
    put(tx, releases, held)
    for first in range(0, len(data), PIECE):
        row = {"sha256": held.sha256, "first": first, "raw": data[first : first + PIECE]}
        tx.execute(insert(release_pieces).values(row).on_conflict_do_nothing())


def every(tx: Connection) -> list[Held]:
    """The newest first."""
    rows = tx.execute(select(releases).order_by(releases.c.added_at.desc(), releases.c.arch))
    return [Held(**row._mapping) for row in rows]


def offers(tx: Connection) -> list[Offer]:
    rows = tx.execute(select(release_offers).order_by(release_offers.c.ring, release_offers.c.arch))
    return [Offer(**row._mapping) for row in rows]


def offer(tx: Connection, given: Offer) -> None:
    """In place of what the ring was offered."""
    put(tx, release_offers, given)


def withdraw(tx: Connection, digests: Iterable[str], ring: str | None) -> int:
    """No ring, or not that one, is offered these any more; how many offers went."""
    mine = release_offers.c.sha256.in_([*digests])
    gone = delete(release_offers).where(mine, *([] if ring is None else [release_offers.c.ring == ring]))
    return tx.execute(gone).rowcount


def remove(tx: Connection, digests: Iterable[str]) -> None:
    """The files and what is known of them go; the caller has seen that none is offered."""
    gone = [*digests]
    for table in (release_pieces, releases):
        tx.execute(delete(table).where(table.c.sha256.in_(gone)))


def offered(tx: Connection, ring: str, arch: str) -> tuple[Offer, Held] | None:
    """What a handheld of that ring is offered: by its ring's own offer, else by the one for all."""
    same = release_offers.c.sha256 == releases.c.sha256
    wanted = select(release_offers, releases).join(releases, same)
    mine = (release_offers.c.arch == arch, release_offers.c.ring.in_({ring, ""}))
    row = tx.execute(wanted.where(*mine).order_by(func.length(release_offers.c.ring).desc()).limit(1)).first()
    if row is None:
        return None
    width = len(release_offers.c)
    return Offer(*row[:width]), Held(*row[width:])


def piece(tx: Connection, digest: str, offset: int) -> bytes | None:
    """From `offset` to the end of the piece that it is in; None behind the end."""
    key = (release_pieces.c.sha256 == digest, release_pieces.c.first == offset // PIECE * PIECE)
    raw: bytes | None = tx.execute(select(release_pieces.c.raw).where(*key)).scalar()
    return raw[offset % PIECE :] if raw is not None and offset % PIECE < len(raw) else None
