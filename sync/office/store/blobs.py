"""Pictures and personal texts that records name by their hash, as they came in; each once in a site.

A large one comes in parts, each where the one before ended, so that a line that breaks costs only what was under way.
Parts are nobody's blob yet: they count once all are there and have the hash that they came under, and go when the rest
does not come. What no record names may be here too, as its record can be late; but only so much of it, and not for
ever. What was purged is not taken again, as a handheld may still have it: until a record comes that names it anew.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    func,
    select,
)

from sync.office.store.records import Link
from sync.office.store.schema import metadata, records
from sync.office.store.upsert import insert, upsert

LEFT_MS: Final = 7 * 24 * 3600 * 1000
"""A blob whose next part does not come for so long is forgotten; its handheld sends it from the start."""
UNDER_WAY_BYTES: Final = 8 * 1024 * 1024
"""Parts of one book together."""
UNNAMED_BYTES: Final = 64 * 1024 * 1024
"""What no record names, in a site."""
UNNAMED_MS: Final = 90 * 24 * 3600 * 1000
"""How long a purge leaves it."""
_NAME: Final = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_APART: Final = re.compile(rb'"apart":(\{(?:"[^"\\]*":"[0-9a-f]{64}",?)*\})')
_HASH: Final = re.compile(rb'"([0-9a-f]{64})"')

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

blob_parts = Table(
    "blob_parts",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("sha256", LargeBinary(32), primary_key=True, comment="of the whole"),
    Column("first", BigInteger, primary_key=True, autoincrement=False, comment="bytes before it"),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    comment="Blobs on their way, as far as they came; gone when they are whole, or were left for a week.",
)
Index("blob_parts_by_age", blob_parts.c.site, blob_parts.c.received_at)

named_blobs = Table(
    "named_blobs",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("purged_at", BigInteger, comment="when it went with all that named it; empty while a record names it"),
    comment="What the site's records name, and what they named that is not taken again.",
)

unnamed_blobs = Table(
    "unnamed_blobs",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("size", BigInteger, nullable=False),
    comment="Blobs that came before any record that names them.",
)


class Part(Struct, frozen=True):
    """Bytes of a blob as one request brought them; `length` is that of the whole."""

    site: str
    book: bytes
    sha256: bytes
    offset: int
    length: int
    raw: bytes


class Upload(Struct, frozen=True):
    """How a blob stands."""

    offset: int
    """Bytes from the start that are here."""
    whole: bool = False
    spoilt: bool = False
    """All came, and it was something else: nothing of it is here any more."""
    gone: bool = False
    """It was purged: nothing is kept."""
    full: bool = False
    """The site holds too much that no record names: nothing was kept."""


def names_in(raws: Iterable[bytes]) -> frozenset[bytes]:
    """The hashes that records name: as attachments and texts, and in the lines of a register."""
    found = (name for raw in raws for name in (*_NAME.findall(raw), *_HASH.findall(b"".join(_APART.findall(raw)))))
    return frozenset(bytes.fromhex(name.decode()) for name in found)


def strings_in(raw: bytes) -> set[bytes]:
    """Everything in the bytes of a record that has the form of a hash, wherever it stands: more than it names."""
    return {bytes.fromhex(name.decode()) for name in _HASH.findall(raw)}


def name_blobs(tx: Connection, site: str, digests: Iterable[bytes], *, aside: bool = False) -> None:
    """Records of the site name these, perhaps anew; those in quarantine (`aside`) bring nothing back that was
    purged."""
    for digest in sorted(digests):
        row = {"site": site, "sha256": digest, "purged_at": None}
        tx.execute(insert(named_blobs).on_conflict_do_nothing() if aside else upsert(named_blobs), row)
        mine = (unnamed_blobs.c.site == site, unnamed_blobs.c.sha256 == digest)
        tx.execute(delete(unnamed_blobs).where(*mine))


def naming(links: Iterable[Link]) -> list[Link]:
    """Those that name anything."""
    return [one for one in links if names_in((one.raw,))]


def name_blobs_of(tx: Connection, site: str, book: bytes, links: Sequence[Link], *, aside: bool) -> None:
    """What these records name, at least one, that have come, perhaps again: one that was purged meanwhile names nothing
    any more."""
    those = records.c.seq.between(min(one.seq for one in links), max(one.seq for one in links))
    mine = (records.c.site == site, records.c.book == book, those, records.c.raw.is_(None))
    purged = set(map(bytes, tx.execute(select(records.c.hash).where(*mine)).scalars()))
    name_blobs(tx, site, names_in(one.raw for one in links if one.hash not in purged), aside=aside)


def upload_of(tx: Connection, site: str, book: bytes, digest: bytes) -> Upload:
    """How far the blob came by that book; whole when the site holds it, whoever brought it."""
    held = select(func.length(blobs.c.raw)).where(blobs.c.site == site, blobs.c.sha256 == digest)
    whole: int | None = tx.execute(held).scalar()
    if whole is not None:
        return Upload(whole, whole=True)
    came = select(func.coalesce(func.sum(func.length(blob_parts.c.raw)), 0)).where(*_of(site, book, digest))
    offset = int(tx.execute(came).scalar_one())
    purged = select(named_blobs.c.purged_at).where(*_key(named_blobs, site, digest))
    return Upload(offset, gone=not offset and tx.execute(purged).scalar() is not None)


def keep_part(tx: Connection, part: Part, now: int) -> Upload:
    """Keep a part that begins where the blob ends so far; any other changes nothing. `now` is UTC ms."""
    tx.execute(delete(blob_parts).where(blob_parts.c.site == part.site, blob_parts.c.received_at < now - LEFT_MS))
    here = upload_of(tx, part.site, part.book, part.sha256)
    if here.whole or here.gone or here.offset != part.offset or (not part.raw and part.length):
        return here
    if _is_full(tx, part):
        return Upload(here.offset, full=True)
    if part.offset + len(part.raw) < part.length:
        _make_room(tx, part)
        row = {"site": part.site, "book": part.book, "sha256": part.sha256, "first": part.offset}
        new = insert(blob_parts).values(**row, raw=part.raw, received_at=now)
        tx.execute(new.on_conflict_do_nothing())
        return upload_of(tx, part.site, part.book, part.sha256)
    return _finish(tx, part, now)


def _finish(tx: Connection, part: Part, now: int) -> Upload:
    mine = _of(part.site, part.book, part.sha256)
    before = tx.execute(select(blob_parts.c.raw).where(*mine).order_by(blob_parts.c.first)).scalars()
    raw = b"".join([*map(bytes, before), part.raw])
    tx.execute(delete(blob_parts).where(*mine))
    if sha256(raw).digest() != part.sha256:
        return Upload(0, spoilt=True)
    key = {"site": part.site, "sha256": part.sha256}
    tx.execute(insert(blobs).values(**key, raw=raw, book=part.book, received_at=now).on_conflict_do_nothing())
    if not _is_named(tx, part.site, part.sha256):
        tx.execute(insert(unnamed_blobs).values(**key, size=len(raw)).on_conflict_do_nothing())
    return Upload(len(raw), whole=True)


def put(tx: Connection, site: str, book: bytes, raw: bytes, now: int) -> None:
    """Keep what a record names that is written in the same transaction."""
    digest = sha256(raw).digest()
    row = {"site": site, "sha256": digest, "raw": raw, "book": book, "received_at": now}
    tx.execute(insert(blobs).values(row).on_conflict_do_nothing())
    name_blobs(tx, site, (digest,))


def _is_full(tx: Connection, part: Part) -> bool:
    if _is_named(tx, part.site, part.sha256):
        return False
    held = select(func.coalesce(func.sum(unnamed_blobs.c.size), 0)).where(unnamed_blobs.c.site == part.site)
    return int(tx.execute(held).scalar_one()) + part.length > UNNAMED_BYTES


def _is_named(tx: Connection, site: str, digest: bytes) -> bool:
    named = select(named_blobs.c.sha256).where(*_key(named_blobs, site, digest), named_blobs.c.purged_at.is_(None))
    return tx.execute(named).first() is not None


def was_named(tx: Connection, site: str, digest: bytes) -> bool:
    """Whether a record of the site names it, or one that was purged did."""
    return tx.execute(select(named_blobs.c.sha256).where(*_key(named_blobs, site, digest))).first() is not None


def forget_blobs(tx: Connection, site: str, names: Collection[bytes], now: int) -> int:
    """Purge what no record names any more, also what is still to come of it; how many were here. `now` is UTC ms."""
    count = 0
    for name in names:
        count += tx.execute(delete(blobs).where(*_key(blobs, site, name))).rowcount
        for table in (blob_parts, unnamed_blobs):
            tx.execute(delete(table).where(*_key(table, site, name)))
        tx.execute(upsert(named_blobs), {"site": site, "sha256": name, "purged_at": now})
    return count


def unnamed_before(tx: Connection, site: str, before: int, after: bytes, most: int) -> list[bytes]:
    """What no record names and came before that time (UTC ms), behind the hash `after`, no more than `most`."""
    both = (unnamed_blobs.c.site == blobs.c.site, unnamed_blobs.c.sha256 == blobs.c.sha256)
    wanted = select(blobs.c.sha256).join(unnamed_blobs, and_(*both)).where(blobs.c.site == site)
    wanted = wanted.where(blobs.c.received_at < before, blobs.c.sha256 > after)
    return list(map(bytes, tx.execute(wanted.order_by(blobs.c.sha256).limit(most)).scalars()))


def _key(table: Table, site: str, digest: bytes) -> tuple[ColumnElement[bool], ...]:
    return (table.c.site == site, table.c.sha256 == digest)


def _make_room(tx: Connection, part: Part) -> None:
    """A book has only so much under way: what is left longest goes, of other blobs than this one."""
    mine = (blob_parts.c.site == part.site, blob_parts.c.book == part.book)
    size = select(func.coalesce(func.sum(func.length(blob_parts.c.raw)), 0)).where(*mine)
    others = select(blob_parts.c.sha256).where(*mine, blob_parts.c.sha256 != part.sha256)
    while int(tx.execute(size).scalar_one()) + len(part.raw) > UNDER_WAY_BYTES:
        oldest: bytes | None = tx.execute(others.order_by(blob_parts.c.received_at).limit(1)).scalar()
        if oldest is None:
            return
        tx.execute(delete(blob_parts).where(*_of(part.site, part.book, oldest)))


def _of(site: str, book: bytes, digest: bytes) -> tuple[ColumnElement[bool], ...]:
    return (blob_parts.c.site == site, blob_parts.c.book == book, blob_parts.c.sha256 == digest)


def blob_of(tx: Connection, site: str, digest: bytes) -> bytes | None:
    """By its SHA-256; None when the site has none."""
    wanted = select(blobs.c.raw).where(blobs.c.site == site, blobs.c.sha256 == digest)
    raw: bytes | None = tx.execute(wanted).scalar()
    return raw
