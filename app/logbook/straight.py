"""A journal in which every line checks, read in one go: from its segments into the check, hashed and decoded once.

The layout is docs/record-format.md section 8. At the first thing that is not as it should be this gives up:
what is lost then, app.logbook.reader finds out.
"""

from binascii import hexlify, unhexlify
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from app.logbook.check import Book
from app.logbook.journal import kept_files, read_hint, segments
from app.logbook.lines import HASH, TEXT, Note, note_hash, read_note


class _Unsound(Exception):
    """Something is not as it should be, or not here."""


def read_straight(folder: Path, new: Callable[[str], Book]) -> Book | None:
    """The book, not finished; None when a line does not check, one is missing, or a writer is pruning meanwhile.

    `new` begins the book of an id. Line numbers are not kept: a book that proves to be broken must be read otherwise.
    """
    kept, hint = kept_files(folder)[-1:], read_hint(folder)
    cut = kept[0][0] if kept else 0
    files = [(0, path) for _, path in kept] + [found for found in segments(folder) if found[0] >= cut]
    walk = _Walk(new)
    try:
        for number, path in files:
            walk.take_segment(number, path.read_bytes())
    except (_Unsound, FileNotFoundError, ValueError):
        return None
    book = walk.book
    if book is None or kept_files(folder)[-1:] != kept:
        return None
    if hint is not None and hint.book == book.id:
        walk.known = max(walk.known, hint.seq)
    return book if walk.known <= walk.seq == book.seq else None


class _Walk:
    """From segment to segment."""

    def __init__(self, new: Callable[[str], Book]) -> None:
        self.book: Book | None = None
        self.seq = 0
        """Records so far, purged ones too: the book's own number when none is passed over."""
        self.hash = b""
        self.known = 0
        """The highest number that the journal speaks of."""
        self._new = new

    def take_segment(self, number: int, data: bytes) -> None:
        first, *lines = data.rstrip(b"\0").split(b"\n")
        if not lines or lines.pop():
            raise _Unsound
        book = self._begin(_note(first))
        for line in lines:
            raw = line[TEXT:]
            link = sha256(self.hash + raw).digest()
            if hexlify(link) + b" " == line[:TEXT]:
                self.seq, self.hash = self.seq + 1, link
                book.record(link, raw, 0, follows=True)
            else:
                self._take_note(book, number, line)

    def _begin(self, head: Note) -> Book:
        """A segment's first line names the place where the lines before it ended."""
        if self.book is None:
            self.book = self._new(head.book)
            self.hash = self.book.book
        named = (head.note, head.book, head.first, head.previous)
        if named != ("segment", self.book.id, self.seq + 1, self.hash.hex()) or len(self.hash) * 2 != HASH:
            raise _Unsound
        self.known = max(self.known, head.acked)
        return self.book

    def _take_note(self, book: Book, number: int, line: bytes) -> None:
        note = _note(line)
        match note.note:
            case "purged" if number == 0:
                self._pass_over(book, note)
                return
            case "segment":
                raise _Unsound
            case "prune" if note.segment > number:
                raise _Unsound
            case "head" | "receipt":
                self.known = max(self.known, note.seq)
        book.note(unhexlify(line[:HASH]), line[TEXT:], 0)

    def _pass_over(self, book: Book, run: Note) -> None:
        """Records that were removed on purpose."""
        if (run.first, run.previous) != (self.seq + 1, self.hash.hex()) or run.seq < run.first:
            raise _Unsound
        self.seq, self.hash = run.seq, unhexlify(run.hash)
        book.purged(self.hash, run.seq, 0)


def _note(line: bytes) -> Note:
    """What the logbook understands of a note; without a word when it is somebody else's."""
    raw = line[TEXT:]
    if hexlify(note_hash(raw)) + b" " != line[:TEXT]:
        raise _Unsound
    return read_note(raw) or Note("")
