"""Whether what the office holds is what came in: every book's chain, keys and receipts, and what lies beside them.

Books are checked as anybody checks an export (app.logbook.check). What only the database says of itself is compared
with the records: marks and who signed them, kinds, what was set aside, what was purged, numbers and hours of arrival,
hashes of what was published, pictures, papers, the audit.
"""

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, func, select

from app.duties.site import decode_plan
from app.kinds.rounds import PlanNamed
from app.logbook.compare import Check
from app.logbook.keys import book_id, head_message, verifies
from app.logbook.report import Report
from app.record import Record
from sync.office.details import is_name
from sync.office.export import lines
from sync.office.handoff import REVOKED
from sync.office.keys import OfficeKey
from sync.office.retention import DAY_MS, least_days
from sync.office.store import Store, audit, known
from sync.office.store.blobs import blobs, named_blobs, names_in
from sync.office.store.devices import first_key, withdrawn_books
from sync.office.store.papers import papers
from sync.office.store.plans import plans, plans_of
from sync.office.store.records import KEY_FAULT, KEYED, Link, hash_at, judge, link
from sync.office.store.retention import is_named
from sync.office.store.schema import arrivals, changes, forks, head_signatures, heads, records

PHOTO_SEEN: Final = "photo-seen"
"""The audit's row of somebody who was shown a picture: only of one that is here (sync.office.pages.photos)."""
FEW: Final = 8
"""Rows in memory, of those that have megabytes."""
MANY: Final = 500


class Wrong(Struct, frozen=True):
    """Something of the database that contradicts itself."""

    what: str
    """mark, unsigned, kind, aside, purged, arrivals, hour, change, plan, walked, blob, picture, fork, paper or audit"""
    site: str
    id: str


class Checked(Struct, frozen=True):
    books: Report
    wrong: tuple[Wrong, ...]

    @property
    def whole(self) -> bool:
        return (self.books.whole or not self.books.books) and not self.wrong


class _Walked(Struct, frozen=True):
    plan: PlanNamed


async def check(store: Store, key: OfficeKey, now: int) -> Checked:
    """Everything, however long it takes. `now` is UTC ms."""
    checking = Check(verifies, key.public.hex())
    async for line in lines(store, key, now):
        checking.take(line)
    return Checked(checking.report(), await store.read(lambda tx: tuple(_wrong(tx, now))))


def _wrong(tx: Connection, now: int) -> Iterator[Wrong]:
    yield from _marks(tx)
    yield from _records(tx)
    yield from _purged(tx, now)
    counted = select(records.c.site, func.count(), func.max(records.c.arrived)).group_by(records.c.site)
    found = {site: (count, last) for site, count, last in tx.execute(counted)}
    for site, last in tx.execute(select(arrivals.c.site, arrivals.c.last)):
        if found.get(site, (0, 0)) != (last, last):
            yield Wrong("arrivals", site, str(last))
    yield from _hours(tx)
    yield from _beside(tx)
    yield from _pictures(tx)
    fault = audit.first_fault(tx)
    if fault is not None:
        yield Wrong("audit", "", str(fault))


def _marks(tx: Connection) -> Iterator[Wrong]:
    """A mark stands at the last record of its book, and whoever wrote that signed it."""
    there = select(records.c.site, records.c.book, func.max(records.c.seq)).group_by(records.c.site, records.c.book)
    last = {(site, bytes(book)): seq for site, book, seq in tx.execute(there)}
    for head in tx.execute(select(heads)).all():
        seq = last.pop((head.site, bytes(head.book)), None)
        if seq != head.seq or hash_at(tx, head.site, head.book, head.seq) != head.hash:
            yield Wrong("mark", head.site, head.book.hex())
        elif not _is_signed(tx, head):
            yield Wrong("unsigned", head.site, head.book.hex())
    yield from (Wrong("mark", site, book.hex()) for site, book in last)


def _is_signed(tx: Connection, head: Any) -> bool:
    """Whether a signature came with the last record. A handheld's may be by a key whose certificate is still to come;
    the office itself has one key for each of its books.
    """
    own = known.get(tx, f"{known.DESK}{head.site}") == head.book.hex()
    mine = (head_signatures.c.site == head.site, head_signatures.c.book == head.book, head_signatures.c.seq == head.seq)
    message = head_message(head.book, head.seq, head.hash)
    return any(
        verifies(row.key, row.sig, message) and (not own or book_id(row.key) == head.book)
        for row in tx.execute(select(head_signatures).where(*mine))
    )


def _records(tx: Connection) -> Iterator[Wrong]:
    """The kind beside each record is its own, what was set aside was so for a reason, rounds were walked under the
    plans that are here, and nothing that a record still names is refused as purged."""
    here = select(plans.c.site, plans.c.revision, plans.c.sha256)
    revisions = {(site, revision): digest for site, revision, digest in tx.execute(here)}
    withdrawn, keyed = withdrawn_books(tx), _keyed(tx)
    whole = select(records).where(records.c.raw.is_not(None)).execution_options(yield_per=MANY)
    no_more = select(named_blobs.c.site, named_blobs.c.sha256).where(named_blobs.c.purged_at.is_not(None))
    refused = {(site, bytes(digest)) for site, digest in tx.execute(no_more)}
    other, missed = set[tuple[str, int]](), set[tuple[str, bytes]]()
    for row in tx.execute(whole):
        one = link(row.seq, row.raw, row.hash)
        if refused:
            missed |= refused & {(row.site, digest) for digest in names_in((row.raw,))}
        if row.kind != (one.record.kind if one.record else ""):
            yield Wrong("kind", row.site, f"{row.book.hex()}:{row.seq}")
        elif not _is_aside_rightly(row, one, (row.site, row.book) in withdrawn, keyed):
            yield Wrong("aside", row.site, f"{row.book.hex()}:{row.seq}")
        elif one.record and row.kind == "round.started" and (named := _plan_of(one.record)) is not None:
            mine = (row.site, named.revision)
            if revisions.get(mine, named.sha256) != named.sha256:
                other.add(mine)
    yield from (Wrong("walked", site, str(revision)) for site, revision in sorted(other))
    yield from (Wrong("picture", site, digest.hex()) for site, digest in sorted(missed))


def _is_aside_rightly(row: Any, one: Link, withdrawn: bool, keyed: "_Keyed") -> bool:
    """Whether a record is in quarantine exactly if its bytes, the key it brings, or the withdrawal of its handheld are
    the reason."""
    why: str | None = row.quarantine
    if why == REVOKED:
        return withdrawn
    if one.fault is None and row.kind in KEYED:
        return why in keyed.get((row.site, bytes(row.book), row.seq), (None, KEY_FAULT))
    return why == one.fault


_Keyed = dict[tuple[str, bytes, int], tuple[str | None, ...]]


def _keyed(tx: Connection) -> _Keyed:
    """Why each record that brings a key is set aside, or None, judged once more in the order of the book; without those
    that nobody can judge, as the first key is not here (of a book that no handheld of the site was enrolled with)."""
    found: _Keyed = {}
    book: tuple[str, bytes] = ("", b"")
    shift_key: bytes | None = None
    wanted = select(records.c.site, records.c.book, records.c.seq, records.c.raw, records.c.hash)
    wanted = wanted.where(records.c.kind.in_(KEYED), records.c.raw.is_not(None))
    for row in tx.execute(wanted.order_by(records.c.site, records.c.book, records.c.seq)):
        mine = (row.site, bytes(row.book))
        if mine != book:
            book, shift_key = mine, first_key(tx, *mine)
        one = link(row.seq, row.raw, row.hash)
        if one.record is None or one.fault is not None:
            continue
        known_before = shift_key is not None or one.record.kind == "book.opened"
        why, shift_key = judge(one.record, mine[1], shift_key)
        if known_before:
            found[*mine, row.seq] = (why,)
    return found


def _plan_of(started: Record) -> PlanNamed | None:
    try:
        return msgspec.convert(started.body, _Walked).plan
    except msgspec.ValidationError:
        return None


def _purged(tx: Connection, now: int) -> Iterator[Wrong]:
    """No record went before any plan of its site lets one go."""
    gone = select(records.c.site, records.c.book, records.c.seq, records.c.received_at).where(records.c.raw.is_(None))
    before = dict[str, int]()
    for site, book, seq, received in tx.execute(gone):
        if site not in before:
            days = (least_days(decode_plan(row.raw)) for row in plans_of(tx, site))
            before[site] = now - min(days, default=0) * DAY_MS
        if received >= before[site]:
            yield Wrong("purged", site, f"{book.hex()}:{seq}")


def _hours(tx: Connection) -> Iterator[Wrong]:
    """A batch came at one hour: it stands at each of its records, at the signature of its last one, and at the mark."""
    after = records.alias()
    signed = head_signatures
    next_one = and_(after.c.site == records.c.site, after.c.book == records.c.book, after.c.seq == records.c.seq + 1)
    its_end = and_(signed.c.site == records.c.site, signed.c.book == records.c.book, signed.c.seq == records.c.seq)
    its_mark = and_(heads.c.site == records.c.site, heads.c.book == records.c.book, heads.c.seq == records.c.seq)
    which = select(records.c.site, records.c.book, records.c.seq)
    other = (
        which.join(after, next_one)
        .outerjoin(signed, its_end)
        .where(signed.c.seq.is_(None), after.c.received_at != records.c.received_at),
        which.join(signed, its_end).where(signed.c.received_at != records.c.received_at),
        which.join(heads, its_mark).where(heads.c.last_at != records.c.received_at),
    )
    found = {(row.site, row.book.hex(), row.seq) for wanted in other for row in tx.execute(wanted)}
    yield from (Wrong("hour", site, f"{book}:{seq}") for site, book, seq in sorted(found))


def _pictures(tx: Connection) -> Iterator[Wrong]:
    """What somebody at the office has looked at was here, so it is here, unless all that named it was purged."""
    looked = select(audit.audit.c.site, audit.audit.c.subject).where(audit.audit.c.act == PHOTO_SEEN).distinct()
    for site, name in tx.execute(looked).all():
        digest = bytes.fromhex(name) if is_name(name) else b""
        here = select(blobs.c.sha256).where(blobs.c.site == site, blobs.c.sha256 == digest)
        if tx.execute(here).first() is None and is_named(tx, site, digest):
            yield Wrong("picture", site, name)


def _beside(tx: Connection) -> Iterator[Wrong]:
    """What has a hash of its own, or is named by it, still has it."""
    for change in tx.execute(select(changes).execution_options(yield_per=FEW)):
        if change.sha256 != ("" if change.body is None else _hex(change.body)):
            yield Wrong("change", change.site, f"{change.kind} {change.id}")
    for plan in tx.execute(select(plans).execution_options(yield_per=FEW)):
        if _hex(plan.raw) != plan.sha256:
            yield Wrong("plan", plan.site, str(plan.revision))
    for blob in tx.execute(select(blobs).execution_options(yield_per=FEW)):
        if hashlib.sha256(blob.raw).digest() != blob.sha256:
            yield Wrong("blob", blob.site, blob.sha256.hex())
    for fork in tx.execute(select(forks).execution_options(yield_per=FEW)):
        if hashlib.sha256(fork.raw).digest() != fork.digest:
            yield Wrong("fork", fork.site, f"{fork.book.hex()}:{fork.seq}")
    for paper in tx.execute(select(papers).execution_options(yield_per=FEW)):
        if _unpacked(paper.content) != paper.paper:
            yield Wrong("paper", paper.site, f"{paper.name} {paper.first}")


def _unpacked(content: bytes) -> str:
    """The hash of a paper as it was packed; empty when it is none."""
    try:
        return _hex(zlib.decompress(content))
    except zlib.error:
        return ""


def _hex(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
