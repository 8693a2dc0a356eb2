"""Replay: a ledger made from the bytes of segments, one pass, every line checked.

Pure. What does not check is left to app.logbook.salvage.
"""

from binascii import hexlify
from collections.abc import Callable
from hashlib import sha256

from app.logbook.chain import Segment
from app.logbook.earlier import Unsound
from app.logbook.ledger import Ledger
from app.logbook.lines import HASH, TEXT, Note, note_hash, read_note, run_of
from app.logbook.places import Places
from app.logbook.salvage import Found, Salvage, lost_lines
from app.logbook.snapshots import Snapshot


class Replay:
    """Takes segments into a ledger, oldest first; then `finish`."""

    def __init__(self, ledger: Ledger, read_snapshot: Callable[[str], Snapshot | None] = lambda name: None) -> None:
        self.ledger = ledger
        self._read_snapshot = read_snapshot
        self._lost = Salvage(ledger)
        self._started = bool(ledger.hash)
        """Whether the chain has begun: before that, the first head tells where."""
        self._tail = b""
        """What follows the last good line of the last segment."""
        self._before = (0, 0)
        """The segment before, and where its good lines ended."""

    # -- segments -------------------------------------------------------------------------------
    def take_segment(self, number: int, data: bytes) -> None:
        """The next segment."""
        self._leave_tail()
        self.ledger.begin_segment(number, "")
        end = len(data.rstrip(b"\0"))
        at = 0
        if not end:
            self._lost.add(number, 0, len(data))
        while at < end:
            stop = data.find(b"\n", at, end)
            if stop >= 0 and self._take_line(number, at, data[at:stop]):
                at = stop + 1
                continue
            found = self._lost.next_sound(number, data, at, end)
            if found is None:
                break
            self._take_found(number, data, found)
            at = found.stop + 1
        self._tail = data[at:end]
        self.ledger.end = at

    def _leave_tail(self) -> None:
        """The last segment was not the last: what did not check at its end is damage."""
        self._before = (self.ledger.segment, self.ledger.end)
        if self._tail:
            self._lost.add(*self._before, len(self._tail))

    @property
    def is_sound(self) -> bool:
        """Whether every line has checked so far."""
        return not (self.ledger.damage or self._lost.regions or self._tail)

    def finish(self, witness: int) -> bytes:
        """After the last segment: settle what is pending; `witness` is the highest number known to have stood.

        Returns the torn bytes at the end, to be set aside; b"" when there are none. Bytes that were whole
        lines once are damage instead and stay.
        """
        ledger, rest = self.ledger, self._tail
        lost = self._lost.lines
        torn = bool(rest) and (b"\0" in rest or not rest.endswith(b"\n"))
        if rest and not torn:
            self._lost.add(ledger.segment, ledger.end, len(rest))
            lost += max(1, lost_lines(rest))
        to = max(ledger.seq + lost, witness, ledger.acked, ledger.signed)
        if to > ledger.seq and not self._lost.regions:
            self._lost.add(ledger.segment, ledger.end, 0)
        self._lost.settle(to, ledger.hash)
        return rest if torn else b""

    # -- lines ----------------------------------------------------------------------------------
    def _take_line(self, number: int, at: int, line: bytes) -> bool:
        """Whether it checks."""
        raw = line[TEXT:]
        written = line[:HASH]
        link = sha256(self.ledger.hash + raw).digest()
        if hexlify(link) == written and self.ledger.book and line[HASH:TEXT] == b" ":
            if self._lost.regions:
                self._lost.settle()
            self._take_record(number, at, raw, link)
            return True
        if hexlify(note_hash(raw)) != written or line[HASH:TEXT] != b" ":
            return False
        self._take_note(number, at, raw)
        return True

    def _take_record(self, number: int, at: int, raw: bytes, link: bytes) -> None:
        self._started = True
        self.ledger.add_record(number, at, raw, link)

    def _take_found(self, number: int, data: bytes, found: Found) -> None:
        if found.seq:
            if found.seq == 1:
                self.ledger.book = found.before
            self._lost.pass_over(found.seq - 1, found.before)
            self._take_record(number, found.start, found.raw, found.hash)
        else:
            self._take_note(number, found.start, found.raw)
        self._lost.add_edges(number, data, found)

    def _take_note(self, number: int, at: int, raw: bytes) -> None:
        note = read_note(raw)
        if note is not None and note.note == "segment":
            self._take_head(number, at, note)
        elif note is not None and note.note == "purged" and number == 0:
            self._take_run(at, raw, note)
        else:
            self.ledger.add_note(number, at, raw)

    def _take_head(self, number: int, at: int, head: Note) -> None:
        """A segment's first line: where the chain stands. It settles what was lost before it."""
        ledger, previous = self.ledger, bytes.fromhex(head.previous)
        ledger.book = ledger.book or bytes.fromhex(head.book)
        if not self._started:
            self._started = True
            ledger.hash = ledger.book
        self._meet(number, at, head.first, previous)
        ledger.segments[-1] = Segment(number, head.first, previous, head.snapshot)
        ledger.learn(head)
        first = all(segment.number == 0 for segment in ledger.segments[:-1])
        self._take_snapshot(head, alone=first or bool(ledger.damage or self._lost.regions))

    def _take_run(self, at: int, raw: bytes, note: Note) -> None:
        """In the file of what was kept: a run of records that were removed on purpose."""
        run = run_of(note)
        self._meet(0, at, run.first, run.before)
        self.ledger.add_note(0, at, raw)
        if run.last > self.ledger.seq:
            self.ledger.runs.append(run)
            self.ledger.leave_out(run.last, run.hash)

    def _meet(self, number: int, at: int, first: int, previous: bytes) -> None:
        """What comes next begins with record `first`, which follows `previous`."""
        ledger = self.ledger
        if first - 1 > ledger.seq:
            if not self._lost.regions:
                self._lost.add(*self._before, 0)
            self._lost.settle(first - 1, previous)
        elif first - 1 < ledger.seq or previous != ledger.hash:
            self._lost.add(number, at, 0)
            self._lost.claim(previous)
        else:
            self._lost.settle()

    def _take_snapshot(self, head: Note, *, alone: bool) -> None:
        """`alone` when lines before it are gone or damaged: then it knows more of the pages than they do.

        Without its pages their cursor does not count either: the office sends all of them again.
        """
        snapshot = self._read_snapshot(head.snapshot) if alone and head.snapshot else None
        if snapshot is not None:
            self.ledger.pages = {}
            self.ledger.take_pages(snapshot.pages)
        if snapshot is not None or (alone and not head.snapshot):
            self.ledger.cursor = head.cursor


def read_alone(book: bytes, segment: Segment, after: Segment, data: bytes) -> Places:
    """Where the lines of one segment stand; it must begin and end as the chain says. Raises Unsound."""
    part = Ledger.at(book, segment.first - 1, segment.previous)
    replay = Replay(part)
    replay.take_segment(segment.number, data)
    ended = (part.seq + 1, part.hash) == (after.first, after.previous)
    if not ended or not replay.is_sound or part.segments != [segment]:
        raise Unsound(segment.number)
    return part.places
