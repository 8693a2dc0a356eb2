"""Reading a book: records and notes from where they stand in the segments, without a lock and without a copy in memory.

A reader beside a running writer sees what was there when it opened. A record is read again from the
file each time; bytes that changed since opening are refused, never shown.
"""

import os
from binascii import unhexlify
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.errors import BookError, ChainBroken
from app.logbook.chain import Damage, Hole
from app.logbook.journal import kept_files, read_hint, replay, segment_path
from app.logbook.lines import HASH, TEXT, Head, Ledger, Line, decode_record, note_hash, read_note
from app.logbook.snapshots import PageItem
from app.record import Entry

_SLAB: Final = 64 * 1024
"""Bytes read at once."""


_LOOKS: Final = 5


class Opening(Struct, frozen=True):
    """What opening found."""

    fresh: bool = False
    """A new book was begun."""
    torn: tuple[str, ...] = ()
    """Files in the data folder that unfinished bytes were put into."""
    damage: tuple[Damage, ...] = ()
    """Damage met for the first time; what was lost by it is declared in the book."""


class Enrolment(Struct, frozen=True):
    """What the office answered to the enrolment code."""

    office: str
    """Its URL."""
    server_key: str
    """Its Ed25519 public key, hex."""
    device: str
    site: str


def read_entries(folder: Path, ledger: Ledger, first: int = 1, limit: int | None = None) -> Iterator[Entry]:
    """Records from number `first`, at most `limit`, as far as the book went when this began. Lost ones are passed over.

    Raises ChainBroken when a record cannot be read as it was.
    """
    last = ledger.seq
    seq = max(first, 1)
    left = last if limit is None else limit
    while seq <= last and left > 0:
        run = _run(ledger, seq, last, left)
        if run:
            yield from _slab(folder, ledger, seq, run)
            left -= len(run)
        seq += len(run) or 1


def _run(ledger: Ledger, seq: int, last: int, limit: int) -> list[tuple[int, int, int]]:
    """The places of records from `seq` that stand in one segment within one slab."""
    run: list[tuple[int, int, int]] = []
    while seq <= last and len(run) < limit:
        place = ledger.place(seq)
        if place is None:
            break
        if run and (place[0] != run[0][0] or not 0 <= place[1] + place[2] - run[0][1] <= _SLAB):
            break
        run.append(place)
        seq += 1
    return run


def _slab(folder: Path, ledger: Ledger, seq: int, run: list[tuple[int, int, int]]) -> Iterator[Entry]:
    segment, start, _ = run[0]
    start -= TEXT
    data = read_bytes(folder, segment, start, run[-1][1] + run[-1][2] - start)
    for number, (_, offset, size) in enumerate(run, seq):
        at = offset - start
        raw = data[at : at + size]
        try:
            link = ledger.mended.get(number) or unhexlify(data[at - TEXT : at - 1])
            record = decode_record(raw)
        except ValueError as e:
            raise ChainBroken("book.unreadable", seq=number) from e
        if record.seq != number:
            raise ChainBroken("book.unreadable", seq=number)
        yield Entry(record, raw, link)


def read_bytes(folder: Path, segment: int, start: int, size: int) -> bytes:
    fd = os.open(segment_path(folder, segment), os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(fd, size, start)
    finally:
        os.close(fd)


def read_note_lines(folder: Path, ledger: Ledger) -> Iterator[tuple[int, int, Line]]:
    """(segment, offset, line) of every note and of every purged run, oldest first."""
    for segment, offset, size in ledger.notes():
        raw = read_bytes(folder, segment, offset, size)
        run = read_note(raw) if segment == 0 else None
        if run is not None and run.note == "purged":
            yield segment, offset, Line(False, unhexlify(run.hash), b"", run.seq)
        else:
            yield segment, offset, Line(False, note_hash(raw), raw)


def read_notes(folder: Path, ledger: Ledger) -> Iterator[dict[str, Any]]:
    for _, _, line in read_note_lines(folder, ledger):
        if not line.purged:
            yield msgspec.json.decode(line.raw, type=dict[str, Any])


def newest_pages(ledger: Ledger, kind: str) -> dict[str, PageItem]:
    """The newest item of each page of a kind, by id; the page received last stands last."""
    return {id: items[-1] for id, items in ledger.pages.get(kind, {}).items()}


def read_page(folder: Path, ledger: Ledger, kind: str, id: str | None = None) -> bytes | None:
    """A page's newest body that is still as it was received; without `id` the kind's newest page."""
    pages = ledger.pages.get(kind, {})
    for name in reversed(pages) if id is None else (id,):
        for item in reversed(pages.get(name, ())):
            body = read_received(folder, item.sha256)
            if body is not None:
                return body
    return None


def read_earlier(folder: Path, ledger: Ledger, kind: str) -> Iterator[bytes]:
    """Every body of a kind that is still there, whatever its id and withdrawn or not, received last first.

    Reads all notes: for the day on which what the office sent last cannot be used.
    """
    notes = [note for note in read_notes(folder, ledger) if note["note"] == "page"]
    written = [item["sha256"] for note in notes for item in note.get("items", ()) if item["kind"] == kind]
    indexed = [item.sha256 for items in ledger.pages.get(kind, {}).values() for item in items]
    for name in dict.fromkeys((*reversed(written), *reversed(indexed))):
        body = read_received(folder, name)
        if body is not None:
            yield body


def read_received(folder: Path, sha256: str) -> bytes | None:
    """A received body by its hash; None when it is not there, or no longer what the hash says."""
    from hashlib import sha256 as digest

    if len(sha256) != HASH or not sha256.isalnum():
        return None
    try:
        body = (folder / "received" / f"{sha256}.json").read_bytes()
    except FileNotFoundError:
        return None
    return body if digest(body).hexdigest() == sha256 else None


def read_office(folder: Path, ledger: Ledger) -> Enrolment | None:
    """From the book's own record, which is written first and checks; a book that has none goes by the file."""
    if ledger.enrolled:
        return msgspec.convert(ledger.enrolled, Enrolment)
    try:
        return msgspec.json.decode((folder / "office.json").read_bytes(), type=Enrolment)
    except (FileNotFoundError, ValueError):
        return None


def _replayed(folder: Path) -> tuple[Ledger, bytes]:
    """The writer may be pruning meanwhile: then what was seen fits nothing, and is looked at again."""
    for _ in range(_LOOKS):
        before = kept_files(folder)
        with suppress(FileNotFoundError):
            found = replay(folder, read_hint(folder))
            if kept_files(folder) == before:
                return found
    return replay(folder, read_hint(folder))


class Reader:
    """A book as it was when opened, for `log`, `status`, `verify` and `export`: no lock, nothing is written.

    Raises BookError when there is no book in the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ledger, torn = _replayed(folder)
        if not self._ledger.book:
            raise BookError("book.no_book", folder=str(folder))
        self.unfinished = len(torn)
        """Bytes at the end that are no whole line: being written just now, or cut off by a power failure."""
        self.opening = Opening(damage=self._ledger.new_damage)
        """`damage` is what the book does not declare yet."""

    @property
    def book(self) -> bytes:
        return self._ledger.book

    @property
    def book_id(self) -> str:
        return self._ledger.book.hex()

    @property
    def head(self) -> Head:
        return Head(self._ledger.seq, self._ledger.hash)

    @property
    def acked(self) -> int:
        return self._ledger.acked

    @property
    def unsent(self) -> int:
        """Records no office has acknowledged, those of closed books too."""
        from app.logbook.succession import waiting

        return max(0, self._ledger.seq - self._ledger.acked) + waiting(self._folder)

    @property
    def holes(self) -> tuple[Hole, ...]:
        return tuple(self._ledger.holes)

    def entries(self, first: int = 1, limit: int | None = None) -> Iterator[Entry]:
        return read_entries(self._folder, self._ledger, first, limit)

    def notes(self) -> Iterator[dict[str, Any]]:
        return read_notes(self._folder, self._ledger)

    @property
    def office(self) -> Enrolment | None:
        return read_office(self._folder, self._ledger)

    def pages(self, kind: str) -> dict[str, PageItem]:
        return newest_pages(self._ledger, kind)

    def page(self, kind: str, id: str | None = None) -> bytes | None:
        return read_page(self._folder, self._ledger, kind, id)

    def earlier(self, kind: str) -> Iterator[bytes]:
        return read_earlier(self._folder, self._ledger, kind)

    def lines(self) -> Iterator[Line]:
        """Records and notes in the order they were written, and a line for each run that was purged."""
        notes = read_note_lines(self._folder, self._ledger)
        note = next(notes, None)
        for entry in self.entries():
            place = self._ledger.place(entry.record.seq)
            while note is not None and place is not None and note[:2] < place[:2]:
                yield note[2]
                note = next(notes, None)
            yield Line(True, entry.hash, entry.raw)
        while note is not None:
            yield note[2]
            note = next(notes, None)
