"""One book's records on their way to the office: batch after batch, until it holds all.

The book in use has a lane, and so has each closed one that the office does not hold yet. A record counts
as sent only by the office's signed receipt.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import msgspec
from msgspec import Raw, Struct

from app.errors import ChainBroken, OfficeAway, OfficeRefused
from app.logbook.chain import Hole
from app.logbook.closed import ClosedBook
from app.logbook.keys import PrivateIdentity, verifies
from app.logbook.lines import Head
from app.logbook.reader import Enrolment
from app.record import Entry, follow
from sync import outbox as outboxes
from sync.client import Client, Refused
from sync.outbox import Outbox, Span
from sync.wire import PROTOCOL, Ack, Batch, Lost, Malformed, Receipt, receipt_bytes, unhex

MAX_REWINDS: Final = 3
"""How often one round starts again behind the office's mark, before it is left to the next round."""


class Writer(Protocol):
    """In whose name an office is spoken to."""

    @property
    def book(self) -> bytes: ...
    @property
    def identity(self) -> PrivateIdentity: ...
    @property
    def office(self) -> Enrolment | None: ...


class Book(Writer, Protocol):
    """What a lane needs of a book, open or closed."""

    @property
    def book_id(self) -> str: ...
    @property
    def head(self) -> Head: ...
    @property
    def acked(self) -> int: ...
    @property
    def gaps(self) -> tuple[Hole, ...]: ...

    def entries(self, first: int = 1, limit: int | None = None) -> Iterator[Entry]: ...
    def entry(self, seq: int) -> Entry | None: ...
    def hash_of(self, seq: int) -> str | None: ...
    def signable(self, first: int, last: int) -> int: ...
    def head_signature(self, seq: int, link: bytes) -> tuple[str, str]: ...
    def receipt(self, receipt: dict[str, Any]) -> None: ...


Connect = Callable[[Writer], Client]
"""A line to the office of a book, in its name. Raises OfficeRefused for one that has none."""


class Forked(OfficeRefused):
    """The office holds other records under this book's numbers, or more of them than the book has: it must end."""


class Listener(Struct, frozen=True):
    """Whom a lane tells what, while it goes."""

    ended: Callable[[], bool] = lambda: False
    """Whether somebody wants the sending to stop after this batch."""
    heard: Callable[[], None] = lambda: None
    """The office answered."""
    acked: Callable[[int], None] = lambda at: None
    """A receipt was taken; when it was given, UTC ms at the office."""
    behind: Callable[[], None] = lambda: None
    """The office does not hold what it confirmed: it came back from a copy. Told before anything is sent again."""


class Lane:
    """Of a closed book the office keeps apart what contradicts its own history; an open one must end then."""

    def __init__(self, book: Book, outbox: Outbox | None = None, listener: Listener | None = None) -> None:
        self._book = book
        self._closed = isinstance(book, ClosedBook)
        self._tell = listener or Listener()
        self.outbox = outbox or Outbox(next=book.acked + 1)
        self.missed = 0
        """Records that the office had confirmed and does not hold any more."""

    def send_all(self, client: Client) -> None:
        """Batch after batch until the office holds all. Raises OfficeAway, OfficeRefused, BookError; Forked."""
        tries = MAX_REWINDS
        withdrawn: Refused | None = None
        while not self._tell.ended() and (batch := self._next_batch()) is not None:
            try:
                self._acked(client.send(batch), batch)
            except Refused as e:
                if self._kept_anyway(e, batch.first):
                    withdrawn = e if e.problem.name == "revoked" else withdrawn
                elif e.problem.name == "fork":
                    self._forked(e, batch.first)
                elif tries and self._adapt(e):
                    tries -= 1
                else:
                    raise
            except OfficeAway as e:
                if e.key == "sync.no_answer":
                    self.outbox = outboxes.shrunk(self.outbox)
                raise
        if withdrawn is not None and not self._closed:
            raise withdrawn

    def batches(self) -> Iterator[Batch]:
        """What `send_all` would send if the office took all of it. Raises OfficeRefused, BookError."""
        while (batch := self._next_batch()) is not None:
            yield batch
            self.outbox = outboxes.taken(self.outbox, batch.first + len(batch.records) - 1)

    def _next_batch(self) -> Batch | None:
        book = self._book
        holes = book.gaps
        wanted = outboxes.span(self.outbox, book.head.seq, [Span(hole.first, hole.last) for hole in holes])
        if wanted is None:
            return None
        hole = next((hole for hole in holes if hole.last == wanted.first - 1), None)
        prev = hole.next if hole else self._hash_before(wanted.first)
        wanted = Span(wanted.first, book.signable(wanted.first, wanted.last))
        entries = self._readable(wanted, prev)
        count = outboxes.fitting([len(entry.raw) for entry in entries], self.outbox.weight)
        last = book.signable(wanted.first, entries[count - 1].record.seq)
        return self._batch(entries[: last - wanted.first + 1], prev, hole)

    def _readable(self, wanted: Span, prev: bytes) -> list[Entry]:
        """The records as far as they are what was written. Raises when the first is not."""
        entries: list[Entry] = []
        try:
            for entry in self._book.entries(wanted.first, wanted.last - wanted.first + 1):
                prev = follow(prev, entry.raw)
                if prev != entry.hash or entry.record.seq != wanted.first + len(entries):
                    raise ChainBroken("book.unreadable", seq=wanted.first + len(entries))
                entries.append(entry)
        except ChainBroken:
            if not entries:
                raise
        if not entries:
            raise OfficeRefused("sync.gone", seq=wanted.first)
        return entries

    def _batch(self, entries: list[Entry], prev: bytes, hole: Hole | None) -> Batch:
        book = self._book
        last = entries[-1]
        key, sig = book.head_signature(last.record.seq, last.hash)
        return Batch(
            v=PROTOCOL,
            book=book.book_id,
            first=entries[0].record.seq,
            prev=prev.hex(),
            head=last.hash.hex(),
            key=key,
            sig=sig,
            records=tuple(Raw(entry.raw) for entry in entries),
            lost=Lost(hole.first, hole.last, hole.good.hex(), hole.next.hex()) if hole else None,
        )

    def _hash_before(self, first: int) -> bytes:
        """The hash that record `first` follows."""
        if first == 1:
            return self._book.book
        before = self._book.hash_of(first - 1)
        if before is None:
            raise OfficeRefused("sync.gone", seq=first - 1)
        return bytes.fromhex(before)

    def _acked(self, ack: Ack, batch: Batch) -> None:
        """Believe the mark as far as its receipt is signed and the chain there is ours."""
        self._tell.heard()
        if ack.receipt is None or ack.receipt.seq != ack.high_water or ack.high_water < batch.first:
            raise OfficeAway("sync.bad_answer")
        last = batch.first + len(batch.records) - 1
        if self._closed and ack.high_water > last:  # perhaps of another history that goes on: ours ends elsewhere
            self.outbox = outboxes.rewound(self.outbox, last)
        else:
            self.take_receipt(ack.receipt)

    def take_receipt(self, receipt: Receipt) -> None:
        """Raises OfficeRefused when it is not the office's or not of this book, Forked, BookError."""
        book = self._book
        if receipt.book != book.book_id or not self._is_signed(receipt):
            raise OfficeRefused("sync.bad_receipt")
        if receipt.seq > book.head.seq:
            raise Forked("sync.office_ahead")
        if book.hash_of(receipt.seq) not in (None, receipt.hash):  # None: lost here, there is nothing to compare
            raise OfficeRefused("sync.bad_receipt")
        book.receipt(msgspec.to_builtins(receipt))
        self.outbox = outboxes.taken(self.outbox, receipt.seq)
        self._tell.acked(receipt.at)

    def _is_signed(self, receipt: Receipt) -> bool:
        try:
            message = receipt_bytes(self._book.book, receipt.seq, unhex(receipt.hash, 32), receipt.at)
        except (Malformed, OverflowError):
            return False
        return is_from_office(self._book, receipt.sig, message)

    def _kept_anyway(self, refusal: Refused, first: int) -> bool:
        """A withdrawn handheld's records go into quarantine, and those of a closed book that contradict what is
        held are kept apart: with a receipt they count as sent."""
        receipt = refusal.problem.receipt
        wanted = ("revoked", "fork") if self._closed else ("revoked",)
        if refusal.problem.name not in wanted or receipt is None or receipt.seq < first:
            return False
        self.take_receipt(receipt)
        return True

    def _forked(self, refusal: Refused, first: int) -> None:
        """A book in use must end. A closed one tells from further back, until the office knows what it follows."""
        if not self._closed:
            raise Forked("sync.fork") from refusal
        if first == 1:
            raise refusal
        self.outbox = outboxes.rewound(self.outbox, max(0, first - 1 - outboxes.MAX_BATCH))

    def _adapt(self, refusal: Refused) -> bool:
        """Change course after a refusal that says how. False when there is no way on."""
        problem = refusal.problem
        if problem.name in ("too-large", "slow") and self.outbox.size > 1:
            self.outbox = outboxes.shrunk(self.outbox)
            return True
        if problem.name == "gap" and problem.high_water is not None:
            self.rewind(problem.high_water)
            return True
        return False

    def rewind(self, high_water: int) -> None:
        """Go on behind what the office holds. Raises Forked when that is more than there is."""
        if high_water > self._book.head.seq:
            raise Forked("sync.office_ahead")
        if high_water < self._book.acked:
            self._tell.behind()
        self.missed = max(self.missed, self._book.acked - high_water)
        self.outbox = outboxes.rewound(self.outbox, high_water)


def is_from_office(book: Writer, sig: str, message: bytes) -> bool:
    """Whether the key of the office that the book is enrolled at signed `message`."""
    assert book.office is not None
    try:
        return verifies(unhex(book.office.server_key, 32), unhex(sig, 64), message)
    except Malformed:
        return False
