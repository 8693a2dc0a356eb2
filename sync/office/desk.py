"""What the office itself puts on record (D9): a book of its own for each site, chained and signed like a handheld's.

So an excuse that was written at the desk stands in exports, is folded and can be verified like one from the site. The
book's key follows from the office's own and the site: there is nothing more to keep, and whoever has the backup has it.
The key is never changed; `identity` in its first record is the office's key, by which every handheld knows the office.
"""

import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection

from app import kinds
from app.kinds.base import Body
from app.logbook.keys import PrivateKey, book_id, head_message, identity_message
from app.record import Record, encode, follow
from app.version import VERSION
from sync.office.keys import OfficeKey
from sync.office.store import Store, StoreBusy, blobs, known
from sync.office.store.records import Batch, Held, Link, append, link
from sync.office.store.rounds import folded_of

BOOT: Final = "office"
"""Its `up` is its wall clock: an office does not boot for its records."""
_SALT: Final = 16


def apart_of(text: str) -> bytes:
    """A personal text as it stands beside its record, and can go alone (docs/record-format.md, section 9)."""
    return secrets.token_bytes(_SALT) + text.encode("utf-8", "replace")


def text_of(apart: bytes) -> str:
    return apart[_SALT:].decode("utf-8", "replace")


class Moved(StoreBusy):
    """Whoever was going to write: read again, somebody else has written in this book meanwhile."""


class Desk:
    """The books of an office."""

    def __init__(self, store: Store, key: OfficeKey) -> None:
        self._store = store
        self._key = key

    async def say(
        self, site: str, body: Body | Sequence[Body], by: str, now: int, *, apart: bytes = b"", after: int | None = None
    ) -> str:
        """Durable when this returns, all of it or nothing; the id of the first record. `now` is UTC ms.

        `by` is the person's id; empty, the office says it. `apart`: a text that a record names, as `apart_of` made it.
        `after`: how many of its records the writer had read. Raises RecordRefused for a body that no record may hold,
        Moved when there are more.
        """
        bodies = [body] if isinstance(body, Body) else list(body)
        own = self._own(site)
        book = _book(own)
        written = Writing(own, book, self._key.public)

        def following(held: Held) -> Batch:
            if after not in (None, held.seq):
                raise Moved("sync.store_busy", why="somebody else wrote in this book first")
            return written.after(held, bodies, by, now)

        def change(tx: Connection) -> Held:
            known.put(tx, f"{known.DESK}{site}", book.hex())
            if apart:
                blobs.put(tx, site, book, apart, now)
            return append(tx, site, book, following, now)

        held = await self._store.write(change, site)
        return f"{book.hex()}:{held.seq - len(bodies) + 1}"

    def read(self, tx: Connection, site: str) -> int:
        """How many records of the site's book the projections know."""
        known = folded_of(tx, site, _book(self._own(site)))
        return known.seq if known else 0

    def _own(self, site: str) -> PrivateKey:
        seed = sha256(self._key.sign(b"watchbook desk 1\n" + site.encode())).digest()
        return PrivateKey.of(seed)


def _book(own: PrivateKey) -> bytes:
    return book_id(own.public)


class Writing:
    """Makes the records of one book."""

    def __init__(self, key: PrivateKey, book: bytes, office: bytes) -> None:
        self._key = key
        self._book = book
        self._office = office

    def after(self, held: Held, bodies: Sequence[Body], by: str, now: int) -> Batch:
        """What follows what is held: the opening too where nothing is."""
        who = (by,) if by else ()
        said: list[tuple[Body, tuple[str, ...]]] = [] if held.seq else [(self._opening(), ())]
        said += [(body, who) for body in bodies]
        links: list[Link] = []
        previous, seq = held.hash, held.seq
        for each, people in said:
            seq += 1
            record = Record(now, kinds.to_dict(each), BOOT, people, kinds.kind_of(each), 0, seq, now, kinds.VERSION)
            raw = encode(record)
            previous = follow(previous, raw)
            links.append(link(seq, raw, previous))
        sig = self._key.sign(head_message(self._book, seq, previous))
        public = self._key.public
        return Batch(self._book, held.seq + 1, held.hash, tuple(links), public, sig, 0)

    def _opening(self) -> kinds.BookOpened:
        public = self._key.public
        cert = self._key.sign(identity_message(self._office))
        return kinds.BookOpened(cert.hex(), self._office.hex(), public.hex(), VERSION)
