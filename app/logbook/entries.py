"""Reading records and notes from where they stand in the segments, without a copy in memory.

A record is read again from the file each time; bytes that changed since opening are refused, never shown.
"""

import errno
import os
from binascii import unhexlify
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from app.errors import BookUnsafe, ChainBroken
from app.logbook.disk import reading
from app.logbook.journal import segment_path
from app.logbook.ledger import Ledger
from app.logbook.lines import TEXT, Line, decode_record, note_hash, read_note
from app.logbook.places import Place
from app.record import Entry

_SLAB: Final = 64 * 1024
"""Bytes read at once."""


def read_entries(folder: Path, ledger: Ledger, first: int = 1, limit: int | None = None) -> Iterator[Entry]:
    """Records from number `first`, at most `limit`, as far as the book went when this began. Lost ones are passed over.

    Raises ChainBroken when a record cannot be read as it was, BookUnsafe when the disk does not give it.
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


def _run(ledger: Ledger, seq: int, last: int, limit: int) -> list[Place]:
    """The places of records from `seq` that stand in one segment within one slab."""
    run: list[Place] = []
    while seq <= last and len(run) < limit:
        place = ledger.place(seq)
        if place is None:
            break
        if run and (place[0] != run[0][0] or not 0 <= place[1] + place[2] - run[0][1] <= _SLAB):
            break
        run.append(place)
        seq += 1
    return run


def _slab(folder: Path, ledger: Ledger, seq: int, run: list[Place]) -> Iterator[Entry]:
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
    """Raises BookUnsafe, also when its writer has just removed the segment: then look again."""
    try:
        with reading():
            return _read_bytes(segment_path(folder, segment), start, size)
    except FileNotFoundError as e:
        raise BookUnsafe("book.disk_unread", why=os.strerror(errno.ENOENT)) from e


def _read_bytes(path: Path, start: int, size: int) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
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
