"""The journal's lines as bytes: which check, where they stand, and what is lost around one that does not.

Pure: segments come in as bytes, a `Ledger` comes out. A line is `<hash hex> SP <bytes> LF`. A
record's hash follows the record before it (app.record.follow); an unnumbered line, a *note*, is
checked by itself. Zero bytes after the last line are space taken in advance.
docs/record-format.md says the same for somebody who writes a verifier.
"""

import re
from array import array
from binascii import hexlify
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.errors import RecordRefused
from app.logbook.snapshots import PageItem, Snapshot
from app.record import MAX_BYTES, Record, check_value, follow

HASH: Final = 64
TEXT: Final = HASH + 1
"""Where a line's bytes begin, after the hash and a space."""
_NOTE: Final = b"watchbook note 1\n"
_CANDIDATE: Final = re.compile(rb"(?=([0-9a-f]{64}) \{)")
_OWN: Final = re.compile(rb'"kind":"(?:book\.|key\.)')
_SHIFT: Final = 32
"""A place is segment number << 32 | offset."""
_BODIES: Final = 2
"""Bodies remembered of each page: when the newest is spoilt on the disk, the one before it counts."""

encode_json = msgspec.json.Encoder(order="sorted").encode
decode_record = msgspec.json.Decoder(Record).decode


class Note(Struct, frozen=True):
    """What the logbook itself reads from a note; other fields stay in its bytes."""

    note: str
    acked: int = 0
    book: str = ""
    cursor: str = ""
    first: int = 0
    items: tuple[PageItem, ...] = ()
    offset: int = 0
    previous: str = ""
    pruned: int = 0
    segment: int = 0
    seq: int = 0
    snapshot: str = ""


class Damage(Struct, frozen=True):
    """A stretch of a segment that no longer checks. Its bytes stay where they are."""

    segment: int
    offset: int
    length: int
    first: int | None = None
    """First record lost with it; None when no record is missing."""
    last: int | None = None


class Hole(Struct, frozen=True):
    """Records that are gone, and the two hashes a checker needs to walk past them."""

    first: int
    last: int
    good: bytes
    """Hash of record first-1 (the book's id when first is 1)."""
    next: bytes
    """The hash that record last+1 follows."""


class Head(Struct, frozen=True):
    """How far a book goes."""

    seq: int
    hash: bytes


class Line(Struct, frozen=True):
    numbered: bool
    hash: bytes
    raw: bytes


_decode_note = msgspec.json.Decoder(Note).decode


def written_line(link: bytes, raw: bytes) -> bytes:
    return b"%s %s\n" % (hexlify(link), raw)


def note_hash(raw: bytes) -> bytes:
    """SHA-256 over a prefix of its own, so that no note can pass for a record."""
    return sha256(_NOTE + raw).digest()


def note_raw(note: dict[str, Any]) -> bytes:
    """The canonical bytes of a note. Raises RecordRefused when it breaks the form of decision 5."""
    if not isinstance(note.get("note"), str):
        raise RecordRefused("book.bad_note")
    check_value(note)
    raw = encode_json(note)
    if len(raw) > MAX_BYTES:
        raise RecordRefused("records.too_large", size=len(raw), limit=MAX_BYTES)
    return raw


class _Pending(Struct):
    """Stretches that did not check, until the next good record tells whether one was lost in them."""

    regions: list[tuple[int, int, int]] = []
    """(segment, offset, length)"""
    lines: int = 0
    """How many lost records the text itself suggests."""
    before: list[bytes] = []
    """Hashes a later record may follow: those the bad lines claim."""
    whole: dict[bytes, tuple[int, int, bytes]] = {}
    """Bad lines whose bytes may be sound though their written hash is not: hash → (segment, offset, bytes)."""


class Ledger:
    """Where every record and note stands, and what they add up to. Grows only; readers may look while it does."""

    def __init__(self, read_snapshot: Callable[[str], Snapshot | None] = lambda name: None) -> None:
        self._read_snapshot = read_snapshot
        self.book = b""
        self.base = 0
        """The first place below is that of the record after this number."""
        self.pruned = 0
        """Records up to this number were removed on purpose (decision 9)."""
        self.seq = 0
        self.hash = b""
        self.acked = 0
        self.signed = 0
        self.cursor = ""
        self.pages: dict[str, dict[str, tuple[PageItem, ...]]] = {}
        """Received pages by kind and id, newest last; of each its last bodies, newest last."""
        self.snapshots: list[str] = []
        """Names of the snapshots that segments begin with, oldest first."""
        self.own: list[int] = []
        """Records that may be of the logbook's own kinds (book.*, key.*)."""
        self.holes: list[Hole] = []
        self.damage: list[Damage] = []
        self.known: set[tuple[int, int]] = set()
        """(segment, offset) of damage already declared."""
        self.mended: dict[int, bytes] = {}
        """Hashes of records whose bytes are sound but whose written hash is not."""
        self.tail: tuple[int, int] = (0, 0)
        """Offset and end of what follows the last good line of the last segment; equal when nothing does."""
        self.segment = 0
        self._places = array("Q")
        self._sizes = array("I")
        self._note_places = array("Q")
        self._note_sizes = array("I")
        self._pending = _Pending()
        self._started = False
        self._before = (0, 0)
        """Where the last segment's good lines ended."""

    # -- growing --------------------------------------------------------------------------------
    def add_record(self, segment: int, offset: int, raw: bytes, link: bytes) -> None:
        """The next record stands at `offset` (of its line)."""
        if not self._places:
            self.base = self.seq
        self._started = True
        self._places.append(segment << _SHIFT | offset)
        self._sizes.append(len(raw))
        if _OWN.search(raw):
            self.own.append(self.seq + 1)
        self.hash = link
        self.seq += 1

    def add_note(self, segment: int, offset: int, raw: bytes) -> None:
        self._note_places.append(segment << _SHIFT | offset)
        self._note_sizes.append(len(raw))
        note = read_note(raw)
        if note is not None:
            self._learn(note)

    def _learn(self, note: Note) -> None:
        match note.note:
            case "receipt":
                self.acked = max(self.acked, note.seq)
            case "head":
                self.signed = max(self.signed, note.seq)
            case "page":
                self.cursor = note.cursor or self.cursor
                self._take_pages(note.items)
            case "damage":
                self.known.add((note.segment, note.offset))
            case "segment":
                self.acked = max(self.acked, note.acked)

    def _take_pages(self, items: tuple[PageItem, ...]) -> None:
        for item in items:
            pages = self.pages.setdefault(item.kind, {})
            before = pages.pop(item.id, ())
            if item.sha256:
                pages[item.id] = (*before, item)[-_BODIES:]

    def page_items(self) -> tuple[PageItem, ...]:
        """All that is remembered of pages, in the order in which `_take_pages` makes the same of it again."""
        return tuple(item for pages in self.pages.values() for items in pages.values() for item in items)

    def skip(self, to: int, link: bytes) -> None:
        """Records up to `to` are lost; the one after follows `link`."""
        if not self._places:
            self.base = self.seq
        self.holes.append(Hole(self.seq + 1, to, self.hash, link))
        missing = to - self.seq
        self._places.extend(array("Q", bytes(8 * missing)))
        self._sizes.extend(array("I", bytes(4 * missing)))
        self.seq, self.hash = to, link

    # -- looking --------------------------------------------------------------------------------
    def place(self, seq: int) -> tuple[int, int, int] | None:
        """(segment, offset of the bytes, size) of a record; None when it is lost or not here."""
        index = seq - self.base - 1
        if not 0 <= index < self.seq - self.base or not self._sizes[index]:
            return None
        where = self._places[index]
        return where >> _SHIFT, (where & 0xFFFFFFFF) + TEXT, self._sizes[index]

    def notes(self) -> Iterator[tuple[int, int, int]]:
        """(segment, offset of the bytes, size) of every note, oldest first."""
        for index in range(len(self._note_sizes)):
            where = self._note_places[index]
            yield where >> _SHIFT, (where & 0xFFFFFFFF) + TEXT, self._note_sizes[index]

    @property
    def new_damage(self) -> tuple[Damage, ...]:
        return tuple(d for d in self.damage if (d.segment, d.offset) not in self.known)

    # -- replaying ------------------------------------------------------------------------------
    def take_segment(self, number: int, data: bytes) -> None:
        """Read the next segment: one pass, checking every line."""
        self._leave_tail()
        self.segment = number
        end = len(data.rstrip(b"\0"))
        at = 0
        if not end:
            self._pending.regions.append((number, 0, len(data)))
        while at < end:
            stop = data.find(b"\n", at, end)
            if stop >= 0 and self._take_line(number, at, data[at:stop]):
                at = stop + 1
                continue
            found = self._salvage(number, data, at, end)
            if found is None:
                break
            at = found
        self.tail = (at, end)

    def _take_line(self, number: int, at: int, line: bytes) -> bool:
        raw = line[TEXT:]
        link = sha256(self.hash + raw).digest()
        written = line[:HASH]
        if hexlify(link) == written and self.book and line[HASH:TEXT] == b" ":
            if self._pending.regions:
                self._settle()
            self.add_record(number, at, raw, link)
            return True
        if hexlify(note_hash(raw)) != written or line[HASH:TEXT] != b" ":
            return False
        self._take_note(number, at, raw)
        return True

    def _take_note(self, number: int, at: int, raw: bytes) -> None:
        note = read_note(raw)
        if note is not None and note.note == "segment":
            self._take_head(number, at, note)
        else:
            self.add_note(number, at, raw)

    def _take_head(self, number: int, at: int, head: Note) -> None:
        """A segment's first line: where the chain stands. It settles what was lost before it."""
        previous = bytes.fromhex(head.previous)
        self.book = self.book or bytes.fromhex(head.book)
        first = not self._started
        if first:
            self._start(head)
        if head.first - 1 > self.seq:
            if not self._pending.regions:
                self._pending.regions.append((self._before[0], self._before[1], 0))
            self._settle(head.first - 1, previous)
        elif head.first - 1 < self.seq or previous != self.hash:
            self._pending.regions.append((number, at, 0))
            self._pending.before.append(previous)
        else:
            self._settle()
        self._learn(head)
        self._take_snapshot(head, alone=first or bool(self.damage or self._pending.regions))

    def _take_snapshot(self, head: Note, *, alone: bool) -> None:
        """`alone` when lines before it are gone or damaged: then it knows more of the pages than they do.

        Without its pages their cursor does not count either: the office sends all of them again.
        """
        if head.snapshot:
            self.snapshots.append(head.snapshot)
        snapshot = self._read_snapshot(head.snapshot) if alone and head.snapshot else None
        if snapshot is not None:
            self.pages = {}
            self._take_pages(snapshot.pages)
        if snapshot is not None or (alone and not head.snapshot):
            self.cursor = head.cursor

    def _start(self, head: Note) -> None:
        """The oldest segment there is: records up to `pruned` went on purpose, what else is missing was lost."""
        self._started = True
        self.seq = self.pruned = head.pruned
        self.hash = bytes.fromhex(head.previous) if head.pruned and head.pruned == head.first - 1 else self.book

    def _leave_tail(self) -> None:
        """The last segment was not the last: what did not check at its end is damage."""
        at, end = self.tail
        self._before = (self.segment, at)
        if end > at:
            self._pending.regions.append((self.segment, at, end - at))
        self.tail = (0, 0)

    def _settle(self, to: int | None = None, link: bytes = b"") -> None:
        """The pending stretches become damage; records up to `to` were lost in them."""
        first = last = None
        if to is not None and to > self.seq:
            first, last = self.seq + 1, to
            self.skip(to, link)
        for segment, offset, length in self._pending.regions:
            self.damage.append(Damage(segment, offset, length, first, last))
            first = last = None
        self._pending = _Pending()

    def _salvage(self, number: int, data: bytes, at: int, end: int) -> int | None:
        """The line at `at` does not check. Find the next that does, take it, and return the offset after it."""
        starts = _starts(data, at, end)
        for start, following in zip(starts, [*starts[1:], end], strict=True):
            written = _hash_at(data, start)
            for stop in _stops(data, start, following, end):
                raw = data[start + TEXT : stop]
                if note_hash(raw) == written:
                    self._bad(number, data, at, start)
                    self._take_note(number, start, raw)
                    return self._after(number, data, start, stop, written)
                if self._take_after_gap(number, data, at, start, raw, written):
                    return self._after(number, data, start, stop, written)
            self._suspect(number, data, start, end)
        return None

    def _suspect(self, number: int, data: bytes, start: int, end: int) -> None:
        """A bad line still tells what the next may follow: the hash it claims, or the hash of its bytes."""
        pending = self._pending
        pending.before.append(_hash_at(data, start))
        stop = data.find(b"\n", start, end)
        if stop >= 0:
            raw = data[start + TEXT : stop]
            whole = follow(self.hash, raw)
            pending.before.append(whole)
            pending.whole[whole] = (number, start, raw)

    def _take_after_gap(self, number: int, data: bytes, at: int, start: int, raw: bytes, written: bytes) -> bool:
        for before in (self.hash, *reversed(self._pending.before[-64:]), _book_of(raw)):
            if follow(before, raw) != written:
                continue
            seq = _seq_of(raw)
            if seq is None or seq <= self.seq:
                return False
            if seq == 1:
                self.book = before
            self._bad(number, data, at, start)
            self._pass_over(seq - 1, before)
            self.add_record(number, start, raw, written)
            return True
        return False

    def _pass_over(self, to: int, link: bytes) -> None:
        """Go on after record `to`, whose hash is `link`; a single record with a bad hash but sound bytes is kept."""
        kept = self._pending.whole.get(link)
        if kept is not None and to == self.seq + 1:
            self.add_record(*kept, link)
            self.mended[to] = link
        if to > self.seq or self._pending.regions:
            self._settle(to, link)
        self.hash = link

    def _bad(self, number: int, data: bytes, start: int, stop: int) -> None:
        if stop > start:
            self._pending.regions.append((number, start, stop - start))
            self._pending.lines += _lost_lines(data[start:stop])

    def _after(self, number: int, data: bytes, start: int, stop: int, written: bytes) -> int:
        """Behind a sound line; a wrong byte around its bytes, which alone are hashed, is damage too."""
        for place, right in ((start, hexlify(written) + b" "), (stop, b"\n")):
            if data[place : place + len(right)] != right:
                self._pending.regions.append((number, place, len(right)))
        return stop + 1

    def finish(self, data: bytes, witness: int) -> bytes:
        """After the last segment (`data`): settle what is pending; `witness` is the highest number known to have stood.

        Returns the torn bytes at the end, to be set aside; b"" when there are none. Bytes that were whole
        lines once are damage instead and stay.
        """
        at, end = self.tail
        rest = data[at:end]
        lost = self._pending.lines
        torn = bool(rest) and (b"\0" in rest or not rest.endswith(b"\n"))
        if rest and not torn:
            self._pending.regions.append((self.segment, at, end - at))
            lost += max(1, _lost_lines(rest))
        to = max(self.seq + lost, witness, self.acked, self.signed)
        if to > self.seq and not self._pending.regions:
            self._pending.regions.append((self.segment, at, 0))
        self._settle(to, self.hash)
        return rest if torn else b""


def read_note(raw: bytes) -> Note | None:
    """What the logbook understands of a note; None when it is somebody else's."""
    try:
        return _decode_note(raw)
    except ValueError:
        return None


def _starts(data: bytes, at: int, end: int) -> list[int]:
    """Where lines may begin: after each line end, and wherever something looks like a line's hash."""
    ends = (at + m.end() for m in re.finditer(b"\n", data[at:end]))
    looks = (m.start() for m in _CANDIDATE.finditer(data, at, end))
    return sorted({at, *(after for after in ends if after < end), *looks})


def _hash_at(data: bytes, start: int) -> bytes:
    """The hash written there; b"" when it is none."""
    try:
        return bytes.fromhex(data[start : start + HASH].decode("ascii"))
    except ValueError:
        return b""


def _stops(data: bytes, start: int, following: int, end: int) -> Iterator[int]:
    """Where a line may end: at its LF, or just before the next line if its LF was damaged."""
    stop = data.find(b"\n", start, end)
    if stop >= 0:
        yield stop
    if following - 1 != stop:
        yield following - 1


def _lost_lines(data: bytes) -> int:
    """How many records these bytes once were, by their line ends; notes are not counted."""
    return sum(1 for line in data.split(b"\n") if line.strip(b"\0") and b'"note":"' not in line)


def _seq_of(raw: bytes) -> int | None:
    try:
        return decode_record(raw).seq
    except ValueError:
        return None


def _book_of(raw: bytes) -> bytes:
    """The book's id if these are the bytes of a record 1, which holds the first key; else 32 zero bytes."""
    try:
        key = decode_record(raw).body.get("key")
        return sha256(bytes.fromhex(key)).digest() if isinstance(key, str) else bytes(32)
    except ValueError:
        return bytes(32)
