"""The ledger: where a book's records and notes stand, and what they add up to.

Pure: it grows line by line, as app.logbook.replay finds them or as they are written. Readers may look meanwhile.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Final

from app.logbook.chain import VERSION, Chain, Damage, Hole, Receipt, Segment, remember
from app.logbook.earlier import Earlier, Unsound
from app.logbook.lines import Note, Run, decode_record, read_note
from app.logbook.places import Place, Places
from app.logbook.snapshots import PageItem, Snapshot

_OWN: Final = re.compile(rb'"kind":"(?:book\.|key\.)')
_BODIES: Final = 2
"""Bodies remembered of each page: when the newest is spoilt on the disk, the one before it counts."""


def _nothing_earlier(book: bytes, segment: Segment, after: Segment) -> Places:
    raise Unsound(segment.number)


class Ledger:
    """Of the segments that were taken in, and, through `app.logbook.earlier`, of those before them."""

    def __init__(self, read_alone: Callable[[bytes, Segment, Segment], Places] = _nothing_earlier) -> None:
        """`read_alone` gives the places of one segment of a book, which the other stands behind; or raises Unsound."""
        self._read_alone = read_alone
        self.book = b""
        self.seq = 0
        self.hash = b""
        self.acked = 0
        self.signed = 0
        self.cursor = ""
        self.pages: dict[str, dict[str, tuple[PageItem, ...]]] = {}
        """Received pages by kind and id, newest last; of each its last bodies, newest last."""
        self.segments: list[Segment] = []
        """Those there are, oldest first."""
        self.cut = 0
        """Segments below this number were pruned, or are being (decision 9)."""
        self.own: list[int] = []
        """Records that may be of the logbook's own kinds (book.*, key.*)."""
        self.key = b""
        """The shift key that the book names last; b"" when the record that does is lost."""
        self.enrolled: dict[str, Any] | None = None
        """Body of the last `book.enrolled`."""
        self.receipts: list[Receipt] = []
        self.runs: list[Run] = []
        """Purged runs that were met on the way."""
        self.announced: set[tuple[Any, Any]] = set()
        """(first, last) of those that a `book.pruned` tells of."""
        self.holes: list[Hole] = []
        self.damage: list[Damage] = []
        self.known: set[tuple[int, int]] = set()
        """(segment, offset) of damage already declared."""
        self.mended: dict[int, bytes] = {}
        """Hashes of records whose bytes are sound but whose written hash is not."""
        self.segment = 0
        """The number of the last segment."""
        self.end = 0
        """The offset behind its last good line, when it was taken in."""
        self.places = Places()
        """Of the segments that were taken in."""
        self._asked: Earlier | None = None
        """Made when an earlier segment is first asked for."""
        self._own_since = 0
        """Segments before this number are earlier ones."""
        self._own_after = 0
        """Records up to this number stand in earlier ones."""

    @classmethod
    def at(cls, book: bytes, seq: int, link: bytes) -> "Ledger":
        """Of a book whose record `seq`, with hash `link`, stands before whatever is taken in."""
        ledger = cls()
        ledger.book, ledger.seq, ledger.hash, ledger.places = book, seq, link, Places(seq)
        return ledger

    # -- growing --------------------------------------------------------------------------------
    def add_record(self, segment: int, offset: int, raw: bytes, link: bytes) -> None:
        """The next record stands at `offset` (of its line)."""
        self.places.add_record(segment, offset, len(raw))
        if _OWN.search(raw):
            self.own.append(self.seq + 1)
            self._learn_record(raw)
        self.hash = link
        self.seq += 1

    def _learn_record(self, raw: bytes) -> None:
        try:
            record = decode_record(raw)
        except ValueError:
            return
        match record.kind:
            case "book.opened" | "key.certified":
                self.key = _hex(record.body.get("key"))
            case "book.enrolled":
                self.enrolled = record.body
            case "book.pruned":
                self.announced.add((record.body.get("from"), record.body.get("to")))

    def add_note(self, segment: int, offset: int, raw: bytes) -> None:
        self.places.add_note(segment, offset, len(raw))
        note = read_note(raw)
        if note is not None:
            self.learn(note)

    def learn(self, note: Note) -> None:
        match note.note:
            case "receipt":
                self.acked = max(self.acked, note.seq)
                remember(self.receipts, Receipt(note.seq, note.at))
            case "head":
                self.signed = max(self.signed, note.seq)
            case "page":
                self.cursor = note.cursor or self.cursor
                self.take_pages(note.items)
            case "damage":
                self.known.add((note.segment, note.offset))
            case "segment":
                self.acked = max(self.acked, note.acked)
            case "prune":
                self.cut = max(self.cut, note.segment)

    def take_pages(self, items: tuple[PageItem, ...]) -> None:
        for item in items:
            pages = self.pages.setdefault(item.kind, {})
            before = pages.pop(item.id, ())
            if item.sha256:
                pages[item.id] = (*before, item)[-_BODIES:]

    def page_items(self) -> tuple[PageItem, ...]:
        """All that is remembered of pages, in the order in which `take_pages` makes the same of it again."""
        return tuple(item for pages in self.pages.values() for items in pages.values() for item in items)

    def skip(self, to: int, link: bytes) -> None:
        """Records up to `to` are lost; the one after follows `link`."""
        self.holes.append(Hole(self.seq + 1, to, self.hash, link))
        self.leave_out(to, link)

    def leave_out(self, to: int, link: bytes) -> None:
        """Records up to `to` are not here; the last one's hash is `link`."""
        self.places.leave_out(to - self.seq)
        self.seq, self.hash = to, link

    def begin_segment(self, number: int, snapshot: str) -> None:
        """A new segment stands behind the last line."""
        self.segment = number
        self.segments.append(Segment(number, self.seq + 1, self.hash, snapshot))

    # -- looking --------------------------------------------------------------------------------
    def place(self, seq: int) -> Place | None:
        """Where a record stands; None when it is lost or not here. Raises Unsound."""
        return self._earlier.record(seq) if seq <= self._own_after else self.places.record(seq)

    def notes(self) -> Iterator[Place]:
        """Where every note stands, oldest first. Raises Unsound."""
        yield from self._earlier.notes()
        yield from self.places.notes(self._own_since)

    @property
    def pruned(self) -> int:
        """Records up to this number were removed on purpose, but for those that are always kept (decision 9)."""
        kept = len(self.segments) > 1 and self.segments[0].number == 0
        return self.segments[1].first - 1 if kept else 0

    @property
    def snapshots(self) -> list[str]:
        """Names of the snapshots that segments begin with, oldest first."""
        return [segment.snapshot for segment in self.segments if segment.snapshot]

    @property
    def new_damage(self) -> tuple[Damage, ...]:
        return tuple(d for d in self.damage if (d.segment, d.offset) not in self.known)

    # -- earlier segments -----------------------------------------------------------------------
    @property
    def _earlier(self) -> Earlier:
        found = self._asked
        if found is None:
            pairs = [pair for pair in pairwise(self.segments) if pair[0].number < self._own_since]
            found = self._asked = Earlier(pairs, self._alone)
        return found

    def _alone(self, segment: Segment, after: Segment) -> Places:
        if self.is_damaged(segment.number):
            raise Unsound(segment.number)
        return self._read_alone(self.book, segment, after)

    def is_damaged(self, number: int) -> bool:
        """Whether damage is known in that segment: then only reading everything tells what is left of it."""
        return any(damage.segment == number for damage in self.damage)

    def check(self, number: int) -> None:
        """Read a segment again that is not the last; known damage is passed over. Raises Unsound."""
        for segment, after in pairwise(self.segments):
            if segment.number == number and not self.is_damaged(number):
                self._earlier.read_again(segment, after)

    def unread(self) -> tuple[int, ...]:
        """Earlier segments of which nobody has asked for anything, oldest first; the damaged ones are known."""
        return tuple(number for number in self._earlier.unread() if not self.is_damaged(number))

    def drop(self, cut: int) -> None:
        """Segments below `cut` are gone; what was kept of them stands in the one numbered 0."""
        left = [segment for segment in self.segments if segment.number >= cut]
        self.segments = [Segment(0, 1, self.book, ""), *left]
        self.cut, self._own_since = cut, max(cut, self._own_since)
        self._own_after = max(self._own_after, self.pruned)
        self._asked = None
        self.holes = [hole for hole in self.holes if hole.last > self.pruned]
        self.damage = [damage for damage in self.damage if not 0 < damage.segment < cut]
        self.known = {known for known in self.known if not 0 < known[0] < cut}

    # -- what a snapshot keeps ------------------------------------------------------------------
    def chain(self) -> Chain:
        return Chain(
            v=VERSION,
            hash=self.hash,
            segments=tuple(self.segments),
            acked=self.acked,
            signed=self.signed,
            cursor=self.cursor,
            cut=self.cut,
            own=tuple(self.own),
            key=self.key,
            enrolled=self.enrolled,
            receipts=tuple(receipt for receipt in self.receipts if receipt.seq > self.pruned),
            holes=tuple(self.holes),
            damage=tuple(self.damage),
            known=tuple(sorted(self.known)),
        )

    def resume(self, snapshot: Snapshot, chain: Chain) -> None:
        """Begin behind all that the snapshot sums up."""
        self.book, self.hash = bytes.fromhex(snapshot.book), chain.hash
        self.seq = self._own_after = snapshot.seq
        self.places = Places(snapshot.seq)
        self.segments, self.cut = list(chain.segments), chain.cut
        self._own_since = self.segments[-1].number + 1
        self.acked, self.signed, self.cursor = chain.acked, chain.signed, chain.cursor
        self.own, self.key, self.enrolled = list(chain.own), chain.key, chain.enrolled
        self.receipts, self.holes = list(chain.receipts), list(chain.holes)
        self.damage, self.known = list(chain.damage), set(chain.known)
        self.take_pages(snapshot.pages)


def _hex(value: Any) -> bytes:
    """b"" for what is no hex."""
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        return b""
