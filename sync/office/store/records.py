"""The records of all books as they were received, and how far each is held without a gap.

A record is stored once and never changed. Other bytes under a number already held are evidence and go
beside it. A record whose bytes follow the chain is always kept, and the mark passes it: if something
else is wrong with it, it is kept in quarantine (decision 8).
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import (
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from app.logbook.keys import certificate_message, identity_message, verifies
from app.record import Record, decode_each
from sync.office.store.bulk import put_rows
from sync.office.store.devices import first_key
from sync.office.store.schema import (
    arrivals,
    branches,
    cursors,
    forks,
    head_signatures,
    heads,
    holes,
    records,
    urgent,
)
from sync.office.store.upsert import insert, upsert

if TYPE_CHECKING:
    from sync.office.store import Store


KEYED: Final = ("book.opened", "key.certified")
"""What brings a key; set aside with `KEY_FAULT` where that is nobody's."""
KEY_FAULT: Final = "record-key"
_HEAD: Final = select(heads.c.seq, heads.c.hash, heads.c.shift_key).where(
    heads.c.site == bindparam("site"), heads.c.book == bindparam("book")
)
_PUT_HEAD: Final = upsert(heads)
_PUT_SIGNATURE: Final = insert(head_signatures).on_conflict_do_nothing()
_URGENT: Final = select(urgent).where(
    urgent.c.site == bindparam("site"),
    urgent.c.book == bindparam("book"),
    urgent.c.seq.between(bindparam("first"), bindparam("last")),
)
_more = insert(arrivals)
_TAKE_NUMBERS: Final = _more.on_conflict_do_update(
    index_elements=["site"], set_={"last": arrivals.c.last + _more.excluded.last}
).returning(arrivals.c.last)
"""Built once: they run for every batch, and building them costs more than running them."""


class Held(Struct, frozen=True):
    """How far a book is held: all of 1 … `seq`, and the chain's hash there (the book's id at 0)."""

    seq: int
    hash: bytes


class Stored(Struct, frozen=True):
    """A record as it is kept."""

    site: str
    book: bytes
    seq: int
    hash: bytes
    raw: bytes
    """Empty when the record was purged (decision 9)."""
    kind: str
    """Empty when the bytes are no record, or gone."""
    arrived: int
    received_at: int
    quarantine: str | None


class Urgent(Struct, frozen=True):
    """A record that came alone, ahead of its turn."""

    site: str
    book: bytes
    seq: int
    raw: bytes
    kind: str
    received_at: int
    quarantine: str | None


class Link(Struct, frozen=True):
    """One received record in its place: bytes, the chain's hash after it, and what it says, if anything."""

    seq: int
    raw: bytes
    hash: bytes
    record: Record | None
    fault: str | None
    """Why it goes to quarantine, as far as its own bytes tell."""


class Hole(Struct, frozen=True):
    """Numbers the handheld lost, as it declares them."""

    first: int
    last: int
    good: bytes
    """Hash before the first."""
    next: bytes
    """Hash that the record after the last follows."""


class Batch(Struct, frozen=True):
    """Links that follow `prev`, with the signature over their head; all of it already verified as such."""

    book: bytes
    first: int
    prev: bytes
    links: tuple[Link, ...]
    key: bytes
    sig: bytes
    skew: int
    """Office clock minus handheld clock, ms."""
    hole: Hole | None = None
    """What is lost just before them."""


class Taken(Struct, frozen=True):
    """The batch is held (now, or since an earlier time)."""

    held: Held
    accepted: int
    quarantined: tuple[tuple[int, str], ...]


class Gap(Struct, frozen=True):
    """Records before the batch are missing; nothing was stored."""

    held: Held


class Fork(Struct, frozen=True):
    """It contradicts what is held; it was stored as evidence, nothing else."""

    held: Held
    seq: int
    apart: Held | None = None
    """How far its own history is kept apart, whole from where it leaves the one that is held; None when what it
    follows is not here."""


def link(seq: int, raw: bytes, after: bytes) -> Link:
    """Look at one record's bytes in the place they claim."""
    return links(seq, (raw,), (after,))[0]


def links(first: int, raws: Sequence[bytes], hashes: Sequence[bytes]) -> tuple[Link, ...]:
    """The same of records that follow one another."""
    found = zip(count(first), raws, hashes, decode_each(raws))
    return tuple(Link(seq, raw, after, record, _fault(seq, record)) for seq, raw, after, record in found)


def _fault(seq: int, record: Record | None) -> str | None:
    if record is None:
        return "record-form"
    return None if record.seq == seq else "record-number"


class Records:
    def __init__(self, store: "Store") -> None:
        self._store = store

    async def held(self, site: str, book: bytes) -> Held:
        """How far the book is held."""
        return await self._store.read(lambda tx: _held(tx, site, book))

    async def take(self, site: str, batch: Batch, now: int, fault: str | None = None) -> Taken | Gap | Fork:
        """Store what is new of a batch, in one transaction, durable when this returns.

        `fault` puts all of it into quarantine. `now` is UTC ms.
        """
        return await self._store.write(lambda tx: _take(tx, site, batch, now, fault), site)

    async def take_all(
        self, site: str, batches: Sequence[Batch], now: int, fault: str | None = None
    ) -> Taken | Gap | Fork:
        """Batches of one book that follow each other, at least one, in one transaction: all of them are held, or none
        because the first does not follow; of a fork it keeps the evidence."""
        return await self._store.write(lambda tx: _take_all(tx, site, batches, now, fault), site)

    async def take_urgent(self, site: str, book: bytes, one: Link, now: int, fault: str | None = None) -> Fork | None:
        """Store a record that came alone; the mark stays. Fork if other bytes are held under its number."""
        return await self._store.write(lambda tx: _take_urgent(tx, site, book, one, now, fault), site)

    async def of_book(self, site: str, book: bytes, first: int = 1, limit: int = 500) -> list[Stored]:
        """Records of one book from `first` on, by number."""
        wanted = select(records).where(records.c.site == site, records.c.book == book, records.c.seq >= first)
        ordered = wanted.order_by(records.c.seq).limit(limit)
        return await self._store.read(lambda tx: [stored(row) for row in tx.execute(ordered)])

    async def books(self) -> list[tuple[str, bytes, Held]]:
        """(site, book, how far) of every book that sent anything."""
        wanted = select(heads).order_by(heads.c.site, heads.c.book)
        return await self._store.read(
            lambda tx: [(row.site, row.book, Held(row.seq, row.hash)) for row in tx.execute(wanted)]
        )


def append(tx: Connection, site: str, book: bytes, after: Callable[[Held], Batch], now: int) -> Held:
    """Store what the office itself says in a book of its own: `after` makes it from how far the book is held."""
    done = _take(tx, site, after(_held(tx, site, book)), now, None)
    assert isinstance(done, Taken), "it follows what is held in the same transaction"
    return done.held


def records_after(tx: Connection, site: str, arrived: int, limit: int) -> list[Stored]:
    """The site's records committed after that one, in the order of commits: what a projection reads next."""
    wanted = select(records).where(records.c.site == site, records.c.arrived > arrived)
    return [stored(row) for row in tx.execute(wanted.order_by(records.c.arrived).limit(limit))]


def hashes_after(tx: Connection, site: str, arrived: int, upto: int) -> Iterator[tuple[bytes, int, bytes]]:
    """(book, number, hash) of the site's records committed after the one and up to the other, in that order."""
    span = (records.c.arrived > arrived, records.c.arrived <= upto)
    wanted = select(records.c.book, records.c.seq, records.c.hash).where(records.c.site == site, *span)
    for row in tx.execute(wanted.order_by(records.c.arrived)):
        yield row.book, row.seq, row.hash


def hashes_of(tx: Connection, site: str, named: Collection[tuple[bytes, int]]) -> dict[tuple[bytes, int], bytes]:
    """The hash of each of these records, by book and number: of those that are held, purged ones too."""
    found: dict[tuple[bytes, int], bytes] = {}
    of_book: dict[bytes, list[int]] = {}
    for book, seq in named:
        of_book.setdefault(book, []).append(seq)
    for book, numbers in of_book.items():
        for first in range(0, len(numbers), _TOGETHER):
            some = records.c.seq.in_(numbers[first : first + _TOGETHER])
            wanted = select(records.c.seq, records.c.hash).where(records.c.site == site, records.c.book == book, some)
            found |= {(book, row.seq): row.hash for row in tx.execute(wanted)}
    return found


_TOGETHER: Final = 500
"""Numbers asked for at once."""


def newest_raw(tx: Connection) -> list[bytes]:
    """The bytes of the record that came last in each site, where it is one."""
    last = (records.c.site == arrivals.c.site) & (records.c.arrived == arrivals.c.last)
    good = (records.c.quarantine.is_(None), records.c.raw.is_not(None), records.c.kind != "")
    return list(tx.execute(select(records.c.raw).join(arrivals, last).where(*good)).scalars())


def sites(tx: Connection) -> list[str]:
    """Every site that ever sent a record."""
    return list(tx.execute(select(arrivals.c.site).order_by(arrivals.c.site)).scalars())


def sites_behind(tx: Connection, *names: str) -> list[str]:
    """The sites with records that one of these projections has not read."""
    given = {f"name_{nth}": name for nth, name in enumerate(names)}
    return list(tx.execute(_behind(len(names)), given).scalars())


@cache
def _behind(many: int) -> Select[Any]:
    """Built once: every page asks it, and building it costs more than running it. Records themselves are looked for
    only where a projection is not at the last number that was given."""
    beside: FromClause = arrivals
    ways = []
    for nth in range(many):
        read = cursors.alias(f"read_{nth}")
        beside = beside.outerjoin(read, (read.c.site == arrivals.c.site) & (read.c.name == bindparam(f"name_{nth}")))
        upto = func.coalesce(read.c.arrived, 0)
        newer = exists().where(records.c.site == arrivals.c.site, records.c.arrived > upto).correlate(arrivals, read)
        ways.append(and_(arrivals.c.last > upto, newer))
    return select(arrivals.c.site).select_from(beside).where(or_(*ways)).order_by(arrivals.c.site)


def missing_of(tx: Connection, site: str) -> dict[bytes, list[tuple[int, int]]]:
    """By book: the runs of numbers, first to last, that a handheld declared lost and that are not held here either."""
    found: dict[bytes, list[tuple[int, int]]] = {}
    wanted = select(holes).where(holes.c.site == site, holes.c.missing <= holes.c.last)
    for row in tx.execute(wanted.order_by(holes.c.book, holes.c.last)):
        found.setdefault(row.book, []).append((row.missing, row.last))
    return found


def apart_of(tx: Connection, site: str) -> dict[bytes, int]:
    """By book: how many records of another history than the one that came first are kept apart."""
    counted = select(branches.c.book, func.count().label("n")).where(branches.c.site == site)
    return {row.book: row.n for row in tx.execute(counted.group_by(branches.c.book))}


def first_records(tx: Connection, site: str) -> list[tuple[bytes, bytes]]:
    """(book, bytes) of the first record of each of the site's books, where it is a whole one."""
    same = (heads.c.site == records.c.site) & (heads.c.book == records.c.book)
    good = (records.c.seq == 1, records.c.quarantine.is_(None), records.c.raw.is_not(None), records.c.kind != "")
    wanted = select(records.c.book, records.c.raw).select_from(heads).join(records, same)
    return [(row.book, row.raw) for row in tx.execute(wanted.where(heads.c.site == site, *good))]


def kept_apart(tx: Connection, site: str, book: bytes) -> dict[bytes, Stored]:
    """The records that are kept apart from the book's history, by the hash after each in their own."""
    same = (branches.c.seq == forks.c.seq) & (branches.c.digest == forks.c.digest)
    both = (forks.c.site == site, forks.c.book == book, branches.c.site == site, branches.c.book == book)
    wanted = select(branches.c.hash, forks.c.seq, forks.c.raw, forks.c.received_at).join(forks, same).where(*both)
    found = {}
    for row in tx.execute(wanted):
        one = link(row.seq, row.raw, row.hash)
        kind = one.record.kind if one.record else ""
        found[row.hash] = Stored(site, book, row.seq, row.hash, row.raw, kind, 0, row.received_at, one.fault)
    return found


def urgent_ahead(tx: Connection) -> list[Urgent]:
    """Urgent records whose turn has not come yet: above their book's mark."""
    same = (heads.c.site == urgent.c.site) & (heads.c.book == urgent.c.book)
    wanted = select(urgent).outerjoin(heads, same).where(heads.c.seq.is_(None) | (urgent.c.seq > heads.c.seq))
    rows = tx.execute(wanted.order_by(urgent.c.received_at, urgent.c.seq))
    return [Urgent(**row._mapping) for row in rows]


def cursor(tx: Connection, site: str, name: str) -> int:
    """How far the projection `name` has read in the site; 0 before it began."""
    wanted = select(cursors.c.arrived).where(cursors.c.site == site, cursors.c.name == name)
    return int(tx.execute(wanted).scalar() or 0)


def move_cursor(tx: Connection, site: str, name: str, arrived: int) -> None:
    """Remember how far the projection has read, in the transaction that stores what it made of it."""
    change = insert(cursors).values(site=site, name=name, arrived=arrived)
    tx.execute(change.on_conflict_do_update(index_elements=["site", "name"], set_={"arrived": arrived}))


def _take(tx: Connection, site: str, batch: Batch, now: int, fault: str | None) -> Taken | Gap | Fork:
    held, shift_key = _standing(tx, site, batch.book)
    if _anchor(batch) != (held.seq, held.hash):
        start = batch.hole.first if batch.hole else batch.first
        if start > held.seq + 1:
            return _keep_apart(tx, site, batch, batch.first, held, now) if _is_apart(tx, site, batch) else Gap(held)
        clash = _clash(tx, site, batch, held)
        if clash is not None:
            return _keep_apart(tx, site, batch, clash, held, now)
    new = [one for one in batch.links if one.seq > held.seq]
    if not new:
        return Taken(held, 0, ())
    if batch.hole is not None:
        _keep_hole(tx, site, batch.book, batch.hole, held, now)
    shift_key = shift_key or first_key(tx, site, batch.book)
    faults = _store_new(tx, site, batch, new, now, fault, shift_key)
    _settle_urgent(tx, site, batch.book, new)
    return Taken(Held(new[-1].seq, new[-1].hash), len(new), faults)


def _take_all(tx: Connection, site: str, batches: Sequence[Batch], now: int, fault: str | None) -> Taken | Gap | Fork:
    accepted, quarantined = 0, tuple[tuple[int, str], ...]()
    for batch in batches:
        done = _take(tx, site, batch, now, fault)
        if not isinstance(done, Taken):
            return done
        accepted, quarantined = accepted + done.accepted, quarantined + done.quarantined
    return Taken(done.held, accepted, quarantined)


def _clash(tx: Connection, site: str, batch: Batch, held: Held) -> int | None:
    """The first number at which the batch contradicts what is held, or None."""
    book = batch.book
    if not _is_anchored(tx, site, batch):
        return batch.first
    span = (records.c.seq >= batch.first, records.c.seq < batch.first + len(batch.links))
    rows = tx.execute(
        select(records.c.seq, records.c.hash).where(records.c.site == site, records.c.book == book, *span)
    )
    known = {row.seq: row.hash for row in rows}
    return next((one.seq for one in batch.links if one.seq <= held.seq and known.get(one.seq) != one.hash), None)


def _anchor(batch: Batch) -> tuple[int, bytes]:
    """The number and hash that a batch, or the hole before it, goes on from."""
    return (batch.hole.first - 1, batch.hole.good) if batch.hole else (batch.first - 1, batch.prev)


def _is_anchored(tx: Connection, site: str, batch: Batch) -> bool:
    seq, link = _anchor(batch)
    return hash_at(tx, site, batch.book, seq) == link


def _is_apart(tx: Connection, site: str, batch: Batch) -> bool:
    """Whether it goes on from a record that is kept apart."""
    key = (branches.c.site == site, branches.c.book == batch.book, branches.c.hash == _anchor(batch)[1])
    return tx.execute(select(branches.c.seq).where(*key)).first() is not None


def _keep_apart(tx: Connection, site: str, batch: Batch, clash: int, held: Held, now: int) -> Fork:
    """From `clash` on it is another history: evidence, and a history of its own when it is whole from there."""
    links = batch.links[clash - batch.first :]
    for one in links:
        _keep_fork(tx, site, batch.book, one, batch.prev if one.seq == batch.first else None, now)
    if not _is_anchored(tx, site, batch) and not _is_apart(tx, site, batch):
        return Fork(held, clash)
    for one in links:
        row = {"hash": one.hash, "seq": one.seq, "digest": hashlib.sha256(one.raw).digest()}
        tx.execute(insert(branches).values(site=site, book=batch.book, **row).on_conflict_do_nothing())
    return Fork(held, clash, Held(links[-1].seq, links[-1].hash))


def hash_at(tx: Connection, site: str, book: bytes, seq: int) -> bytes | None:
    """The hash that record `seq` + 1 follows; None when `seq` is not held."""
    if seq == 0:
        return book
    for found, table, number in ((holes.c.next, holes, holes.c.last), (records.c.hash, records, records.c.seq)):
        value: bytes | None = tx.execute(
            select(found).where(table.c.site == site, table.c.book == book, number == seq)
        ).scalar()
        if value is not None:
            return value
    return None


def _keep_hole(tx: Connection, site: str, book: bytes, hole: Hole, held: Held, now: int) -> None:
    row = {"first": hole.first, "last": hole.last, "good": hole.good, "next": hole.next}
    missing = max(hole.first, held.seq + 1)
    new = insert(holes).values(site=site, book=book, missing=missing, received_at=now, **row)
    tx.execute(new.on_conflict_do_nothing())


def _store_new(
    tx: Connection, site: str, batch: Batch, new: list[Link], now: int, fault: str | None, shift_key: bytes | None
) -> tuple[tuple[int, str], ...]:
    faults: list[tuple[int, str]] = []
    rows = []
    for arrived, one in enumerate(new, _take_numbers(tx, site, len(new))):
        why, kind = one.fault, one.record.kind if one.record else ""
        if one.record and kind in KEYED and why is None:
            why, shift_key = judge(one.record, batch.book, shift_key)
        if why := fault or why:
            faults.append((one.seq, why))
        rows.append((one.seq, one.hash, one.raw, kind, arrived, why))
    put_rows(tx, records, rows, site=site, book=batch.book, received_at=now)
    last = new[-1]
    key = {"site": site, "book": batch.book, "seq": last.seq, "hash": last.hash}
    tx.execute(_PUT_HEAD, {**key, "shift_key": shift_key, "last_at": now, "skew": batch.skew})
    tx.execute(_PUT_SIGNATURE, {**key, "key": batch.key, "sig": batch.sig, "received_at": now})
    return tuple(faults)


def judge(record: Record, book: bytes, shift_key: bytes | None) -> tuple[str | None, bytes | None]:
    """(why a record that brings a key is set aside or None, the shift key certified after it)."""
    if record.kind == "book.opened":
        return (None if record.seq == 1 and _opens(record, book) else KEY_FAULT), shift_key
    new = _certified(record, book, shift_key)
    return (None, new) if new else (KEY_FAULT, shift_key)


def _opens(record: Record, book: bytes) -> bool:
    key, identity, cert = (_hex(record, name) for name in ("key", "identity", "cert"))
    return hashlib.sha256(key).digest() == book and verifies(key, cert, identity_message(identity))


def _certified(record: Record, book: bytes, previous: bytes | None) -> bytes | None:
    key, cert = _hex(record, "key"), _hex(record, "cert")
    if previous is None or len(key) != 32 or not verifies(previous, cert, certificate_message(book, key)):
        return None
    return key


def _hex(record: Record, name: str) -> bytes:
    text = record.body.get(name)
    try:
        return bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        return b""


def _settle_urgent(tx: Connection, site: str, book: bytes, new: list[Link]) -> None:
    """The turn of urgent records has come: if the chain holds other bytes, what came alone is evidence."""
    for row in tx.execute(_URGENT, {"site": site, "book": book, "first": new[0].seq, "last": new[-1].seq}).all():
        if row.raw != new[row.seq - new[0].seq].raw:
            _keep_fork(tx, site, book, link(row.seq, row.raw, b""), None, row.received_at)


def _take_urgent(tx: Connection, site: str, book: bytes, one: Link, now: int, fault: str | None) -> Fork | None:
    key = (site, book, one.seq)
    for table in (records, urgent):
        row = tx.execute(select(table.c.raw).where(table.c.site == site, table.c.book == book, table.c.seq == one.seq))
        raw = row.scalar()
        if raw is not None and raw != one.raw:
            _keep_fork(tx, *key[:2], one, None, now)
            return Fork(_held(tx, site, book), one.seq)
    kind = one.record.kind if one.record else ""
    new = insert(urgent).values(site=site, book=book, seq=one.seq, raw=one.raw, kind=kind, received_at=now)
    tx.execute(new.values(quarantine=fault or one.fault).on_conflict_do_nothing())
    return None


def _keep_fork(tx: Connection, site: str, book: bytes, one: Link, prev: bytes | None, now: int) -> None:
    digest = hashlib.sha256(one.raw).digest()
    row = {"seq": one.seq, "digest": digest, "prev": prev, "raw": one.raw, "received_at": now}
    tx.execute(insert(forks).values(site=site, book=book, **row).on_conflict_do_nothing())


def _held(tx: Connection, site: str, book: bytes) -> Held:
    return _standing(tx, site, book)[0]


def _standing(tx: Connection, site: str, book: bytes) -> tuple[Held, bytes | None]:
    """How far the book is held, and the shift key certified there, if any was since the first."""
    row = tx.execute(_HEAD, {"site": site, "book": book}).first()
    return (Held(row.seq, row.hash), row.shift_key) if row else (Held(0, book), None)


def _take_numbers(tx: Connection, site: str, count: int) -> int:
    """The first of `count` of the site's numbers of arrival."""
    return int(tx.execute(_TAKE_NUMBERS, {"site": site, "last": count}).scalar_one()) - count + 1


def stored(row: Any) -> Stored:
    """A row of `records` as it is kept."""
    found = Stored(*row)
    return replace(found, raw=b"", kind="") if row.raw is None else found
