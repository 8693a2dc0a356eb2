"""The journal's lines as bytes: which check, where they stand, and what is lost around one that does not.

Pure: segments come in as bytes, a `Ledger` comes out. A line is `<hash hex> SP <bytes> LF`. A
record's hash follows the record before it (app.record.follow); an unnumbered line, a *note*, is
checked by itself. Zero bytes after the last line are space taken in advance.
docs/record-format.md says the same for somebody who writes a verifier.
"""

import re
from array import array
from binascii import hexlify
from bisect import bisect_right
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.errors import RecordRefused
from app.logbook.chain import VERSION, Chain, Receipt, Segment, remember
from app.logbook.chain import Damage as Damage
from app.logbook.chain import Hole as Hole
from app.logbook.snapshots import PageItem, Snapshot
from app.record import MAX_BYTES, Record, check_value, follow

HASH: Final = 64
TEXT: Final = HASH + 1
"""Where a line's bytes begin, after the hash and a space."""
_NOTE: Final = b"watchbook note 1\n"
_CANDIDATE: Final = re.compile(rb"(?=([0-9a-f]{64}) \{)")
_OWN: Final = re.compile(rb'"kind":"(?:book\.|key\.)')
_HASHES: Final = re.compile(rb'":"([0-9a-f]{64})"')
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
    at: int = 0
    book: str = ""
    cursor: str = ""
    first: int = 0
    hash: str = ""
    items: tuple[PageItem, ...] = ()
    offset: int = 0
    previous: str = ""
    pruned: int = 0
    segment: int = 0
    seq: int = 0
    snapshot: str = ""


class Head(Struct, frozen=True):
    """How far a book goes."""

    seq: int
    hash: bytes


class Line(Struct, frozen=True):
    numbered: bool
    hash: bytes
    raw: bytes
    purged: int = 0
    """The last number of a purged run: `hash` is its place in the chain, `raw` is empty. 0 for lines that are here."""


class Unsound(Exception):
    """An earlier segment is not what the chain says of it: all must be read, to find and declare what is lost."""


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


class Run(Struct, frozen=True):
    """Records that were removed on purpose (decision 9), and the hashes at both ends."""

    first: int
    last: int
    before: bytes
    """Hash of record first-1."""
    hash: bytes
    """Hash of record last."""


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
    """Where every record and note stands, and what they add up to. Readers may look while it grows.

    Lines of segments before those that were taken in are found too: such a segment is read when one of its
    records is asked for (`place`, `notes`), and must then be what the chain says of it; else Unsound.
    """

    def __init__(
        self,
        read_snapshot: Callable[[str], Snapshot | None] = lambda name: None,
        read_segment: Callable[[int], bytes] = lambda number: b"",
    ) -> None:
        """`read_segment` gives an earlier segment's bytes, or raises OSError."""
        self._read_snapshot = read_snapshot
        self._read_segment = read_segment
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
        self.tail: tuple[int, int] = (0, 0)
        """Offset and end of what follows the last good line of the last segment; equal when nothing does."""
        self.segment = 0
        self._base = 0
        """The first place below is that of the record after this number."""
        self._before_own = 0
        """Up to this number places are not to be looked up below."""
        self._indexed: int | None = None
        """The segment from which on places stand here."""
        self._parts: dict[int, Ledger] = {}
        """Earlier segments that were asked for."""
        self._pairs: list[tuple[Segment, Segment]] | None = None
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
        self._started = True
        self._places.append(segment << _SHIFT | offset)
        self._sizes.append(len(raw))
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
        self._note_places.append(segment << _SHIFT | offset)
        self._note_sizes.append(len(raw))
        note = read_note(raw)
        if note is not None:
            self._learn(note)

    def _learn(self, note: Note) -> None:
        match note.note:
            case "receipt":
                self.acked = max(self.acked, note.seq)
                remember(self.receipts, Receipt(note.seq, note.at))
            case "head":
                self.signed = max(self.signed, note.seq)
            case "page":
                self.cursor = note.cursor or self.cursor
                self._take_pages(note.items)
            case "damage":
                self.known.add((note.segment, note.offset))
            case "segment":
                self.acked = max(self.acked, note.acked)
            case "prune":
                self.cut = max(self.cut, note.segment)

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
        self.holes.append(Hole(self.seq + 1, to, self.hash, link))
        self._leave_out(to, link)

    def _leave_out(self, to: int, link: bytes) -> None:
        missing = to - self.seq
        self._places.extend(array("Q", bytes(8 * missing)))
        self._sizes.extend(array("I", bytes(4 * missing)))
        self.seq, self.hash = to, link

    def begin_segment(self, number: int, snapshot: str) -> None:
        """A new segment stands behind the last line."""
        self.segment = number
        self.segments.append(Segment(number, self.seq + 1, self.hash, snapshot))

    # -- looking --------------------------------------------------------------------------------
    def place(self, seq: int) -> tuple[int, int, int] | None:
        """(segment, offset of the bytes, size) of a record; None when it is lost or not here. Raises Unsound."""
        if seq <= self._before_own:
            earlier = self._earlier
            index = bisect_right(earlier, seq, key=lambda pair: pair[0].first)
            return self._part(*earlier[index - 1]).place(seq) if index else None
        index = seq - self._base - 1
        if not 0 <= index < self.seq - self._base or not self._sizes[index]:
            return None
        where = self._places[index]
        return where >> _SHIFT, (where & 0xFFFFFFFF) + TEXT, self._sizes[index]

    def notes(self) -> Iterator[tuple[int, int, int]]:
        """(segment, offset of the bytes, size) of every note, oldest first. Raises Unsound."""
        for pair in self._earlier:
            yield from self._part(*pair).notes()
        for index in range(len(self._note_sizes)):
            where = self._note_places[index]
            if where >> _SHIFT >= (self._indexed or 0):
                yield where >> _SHIFT, (where & 0xFFFFFFFF) + TEXT, self._note_sizes[index]

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
    def _earlier(self) -> list[tuple[Segment, Segment]]:
        """Each with the one behind it, oldest first."""
        found = self._pairs
        if found is None:
            found = [pair for pair in pairwise(self.segments) if pair[0].number < (self._indexed or 0)]
            self._pairs = found
        return found

    def _part(self, segment: Segment, after: Segment) -> "Ledger":
        found = self._parts.get(segment.number)
        if found is None:
            found = self._parts[segment.number] = self._read_alone(segment, after)
        return found

    def _read_alone(self, segment: Segment, after: Segment) -> "Ledger":
        """One segment, which must begin and end as the chain says. Raises Unsound."""
        part = Ledger()
        if self.is_damaged(segment.number):
            raise Unsound(segment.number)
        part.book, part.hash, part._started = self.book, segment.previous, True
        part.seq = part._base = part._before_own = segment.first - 1
        try:
            part.take_segment(segment.number, self._read_segment(segment.number))
        except OSError as e:
            raise Unsound(segment.number) from e
        at, end = part.tail
        sound = not part.damage and not part._pending.regions and at == end and part.segments == [segment]
        if not sound or (part.seq + 1, part.hash) != (after.first, after.previous):
            raise Unsound(segment.number)
        return part

    def is_damaged(self, number: int) -> bool:
        """Whether damage is known in that segment: then only reading everything tells what is left of it."""
        return any(damage.segment == number for damage in self.damage)

    def check(self, number: int) -> None:
        """Read a segment again that is not the last; known damage is passed over. Raises Unsound."""
        for segment, after in pairwise(self.segments):
            if segment.number == number and not self.is_damaged(number):
                self._parts[number] = self._read_alone(segment, after)

    def unread(self) -> tuple[int, ...]:
        """Earlier segments of which nobody has asked for anything, oldest first."""
        numbers = (segment.number for segment, _ in self._earlier)
        return tuple(number for number in numbers if number not in self._parts and not self.is_damaged(number))

    def drop(self, cut: int) -> None:
        """Segments below `cut` are gone; what was kept of them stands in the one numbered 0."""
        left = [segment for segment in self.segments if segment.number >= cut]
        self.segments = [Segment(0, 1, self.book, ""), *left]
        self.cut, self._indexed = cut, max(cut, self._indexed or 0)
        self._before_own = max(self._before_own, self.pruned)
        self._parts, self._pairs = {}, None
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
        self._started = True
        self.book, self.hash = bytes.fromhex(snapshot.book), chain.hash
        self.seq = self._base = self._before_own = snapshot.seq
        self.segments, self.cut = list(chain.segments), chain.cut
        self.acked, self.signed, self.cursor = chain.acked, chain.signed, chain.cursor
        self.own, self.key, self.enrolled = list(chain.own), chain.key, chain.enrolled
        self.receipts, self.holes = list(chain.receipts), list(chain.holes)
        self.damage, self.known = list(chain.damage), set(chain.known)
        self._take_pages(snapshot.pages)

    # -- replaying ------------------------------------------------------------------------------
    def take_segment(self, number: int, data: bytes) -> None:
        """Read the next segment: one pass, checking every line."""
        self._leave_tail()
        self.segment = number
        self._indexed = number if self._indexed is None else self._indexed
        self.segments.append(Segment(number, self.seq + 1, self.hash, ""))
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
        elif note is not None and note.note == "purged" and number == 0:
            self._take_run(at, raw, note)
        else:
            self.add_note(number, at, raw)

    def _take_head(self, number: int, at: int, head: Note) -> None:
        """A segment's first line: where the chain stands. It settles what was lost before it."""
        previous = bytes.fromhex(head.previous)
        self.book = self.book or bytes.fromhex(head.book)
        if not self._started:
            self._started = True
            self.hash = self.book
        self._meet(number, at, head.first, previous)
        self.segments[-1] = Segment(number, head.first, previous, head.snapshot)
        self._learn(head)
        first = all(segment.number == 0 for segment in self.segments[:-1])
        self._take_snapshot(head, alone=first or bool(self.damage or self._pending.regions))

    def _take_run(self, at: int, raw: bytes, note: Note) -> None:
        """In the file of what was kept: a run of records that were removed on purpose."""
        run = Run(note.first, note.seq, bytes.fromhex(note.previous), bytes.fromhex(note.hash))
        self._meet(0, at, run.first, run.before)
        self.add_note(0, at, raw)
        if run.last > self.seq:
            self.runs.append(run)
            self._leave_out(run.last, run.hash)

    def _meet(self, number: int, at: int, first: int, previous: bytes) -> None:
        """What comes next begins with record `first`, which follows `previous`."""
        if first - 1 > self.seq:
            if not self._pending.regions:
                self._pending.regions.append((*self._before, 0))
            self._settle(first - 1, previous)
        elif first - 1 < self.seq or previous != self.hash:
            self._pending.regions.append((number, at, 0))
            self._pending.before.append(previous)
        else:
            self._settle()

    def _take_snapshot(self, head: Note, *, alone: bool) -> None:
        """`alone` when lines before it are gone or damaged: then it knows more of the pages than they do.

        Without its pages their cursor does not count either: the office sends all of them again.
        """
        snapshot = self._read_snapshot(head.snapshot) if alone and head.snapshot else None
        if snapshot is not None:
            self.pages = {}
            self._take_pages(snapshot.pages)
        if snapshot is not None or (alone and not head.snapshot):
            self.cursor = head.cursor

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
            if not self.segment:
                pending.before += [bytes.fromhex(found.decode()) for found in _HASHES.findall(raw)]
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


def _hex(value: Any) -> bytes:
    """b"" for what is no hex."""
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        return b""


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
