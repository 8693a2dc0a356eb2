"""All records as received, a line each, in the form that `watchbook verify` and anybody's own verifier reads.

Between the records stand the head signatures they came with, and after each book the office's receipt for
what it holds; both are unnumbered lines. Bytes that are no record stand as hex under `raw`; of a
purged record only its number and hash are left.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from app.logbook.lines import note_hash, note_raw
from app.record import Record
from sync.office.keys import OfficeKey
from sync.office.store import Store
from sync.office.store import heads as table
from sync.office.store.records import Held, Stored
from sync.wire import receipt_bytes

PAGE: Final = 500


async def lines(store: Store, key: OfficeKey, now: int, site: str | None = None) -> AsyncIterator[bytes]:
    """Every book's lines in the order of its numbers; `now` is UTC ms, for the receipts."""
    for where, book, held in await store.records.books():
        if site is None or site == where:
            async for line in _book(store, where, book):
                yield line
            yield _note(book, _receipt(key, book, held, now))


async def _book(store: Store, site: str, book: bytes) -> AsyncIterator[bytes]:
    active, seq = b"", 0
    signed = await store.read(lambda tx: table.head_signatures_of(tx, site, book))
    while page := await store.records.of_book(site, book, seq + 1, PAGE):
        for stored in page:
            seq = stored.seq
            active = _shift_key(stored) or active
            yield _line(stored)
            for key, link, sig in signed.get(seq, ()):
                if key == active:
                    yield _note(book, _head(book, seq, link, key, sig))


def _line(stored: Stored) -> bytes:
    place = b'{"hash":"%s","book":"%s",' % (stored.hash.hex().encode(), stored.book.hex().encode())
    if not stored.raw:
        return place + b'"purged":%d}\n' % stored.seq
    if stored.kind:
        return place + b'"record":%s}\n' % stored.raw
    return place + b'"raw":"%s"}\n' % stored.raw.hex().encode()


def _shift_key(stored: Stored) -> bytes | None:
    """The key that signs from this record on, when it names one."""
    if stored.quarantine or stored.kind not in ("book.opened", "key.certified"):
        return None
    return bytes.fromhex(str(msgspec.json.decode(stored.raw, type=Record).body["key"]))


def _head(book: bytes, seq: int, link: bytes, key: bytes, sig: bytes) -> dict[str, Any]:
    plain = {"book": book, "hash": link, "key": key, "sig": sig}
    return {"note": "head", "seq": seq, **{name: value.hex() for name, value in plain.items()}}


def _receipt(key: OfficeKey, book: bytes, held: Held, now: int) -> dict[str, Any]:
    sig = key.sign(receipt_bytes(book, held.seq, held.hash, now))
    plain = {"book": book, "hash": held.hash, "key": key.public, "sig": sig}
    return {"note": "receipt", "seq": held.seq, "at": now, **{name: value.hex() for name, value in plain.items()}}


def _note(book: bytes, note: dict[str, Any]) -> bytes:
    raw = note_raw(note)
    return b'{"hash":"%s","book":"%s","note":%s}\n' % (note_hash(raw).hex().encode(), book.hex().encode(), raw)
