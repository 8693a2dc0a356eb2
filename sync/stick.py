"""A handheld and a folder that is carried by hand: a USB stick, a shared folder.

What an office has no receipt for goes onto it, and receipts come back from it. Files of other handhelds may be taken
along: they lie in carried/ of the data folder until the courier has delivered them. A handover sheet goes from one
handheld to another in a file of its own.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from app.errors import BookError, OfficeRefused, RecordRefused, WatchbookError
from app.logbook.book import Logbook
from app.logbook.closed import ClosedBook
from app.logbook.disk import Disk, reading, saving
from app.ports import Clock
from app.record import Record, decode
from sync.handoff import (
    LARGEST,
    LONGEST_RECEIPT,
    RECEIPT,
    SUFFIX,
    FileRefused,
    Handed,
    Sheet,
    bytes_of,
    order,
    read,
    read_receipt,
    written,
)
from sync.lane import Lane
from sync.outbox import CARRIED, MAX_BATCH, Outbox
from sync.wire import Receipt

T = TypeVar("T")
MOST: Final = 64
"""Files of others that one handheld carries."""
SHEET: Final = ".handover"
"""Ends the name of a file with one handover sheet: no office and no other handheld carries it."""
_REFUSED: Final = ".refused"
"""Ends the name of a file that the office did not want: it is not sent again."""
_STICK_FAILS: Final = ("handoff.stick", "handoff.no_stick")


class Given(Struct, frozen=True):
    """What handing over came to."""

    records: int
    """That stand on the stick now and have no receipt."""
    files: tuple[str, ...]
    receipts: int
    """Taken from the stick, which moved the mark."""
    passed_on: int
    """Receipts for others put onto it."""
    troubles: tuple[WatchbookError, ...]
    """What did not go; the rest did."""


class Taken(Struct, frozen=True):
    """What taking along came to."""

    files: int
    """New ones."""
    records: int
    troubles: tuple[tuple[str, WatchbookError], ...]
    """(file, why not)"""


# -- our own -------------------------------------------------------------------------------------


def hand_over(logbook: Logbook, stick: Path, clock: Clock, disk: Disk | None = None) -> Given:
    """Receipts for us from the stick, then every record without one onto it, book by book. May be repeated.

    Raises FileRefused when the stick cannot be used, OfficeRefused when this handheld is not enrolled.
    """
    if logbook.office is None:
        raise OfficeRefused("sync.not_enrolled")
    disk, receipts, passed_on = disk or Disk(), 0, 0
    files, troubles = dict[str, int](), list[WatchbookError]()
    with closing(_books(logbook)) as books:
        for book in books:
            with _noted(troubles):
                receipts += _take_receipt(book, stick)
            with _noted(troubles):
                files |= _write(book, stick, clock, disk)
    with _noted(troubles):
        passed_on = _pass_on_receipts(logbook.folder, stick, disk)
    return Given(sum(files.values()), tuple(files), receipts, passed_on, tuple(troubles))


def put_file(stick: Path, name: str, data: bytes) -> None:
    """Any file onto the stick, whole or not at all. Raises FileRefused."""
    with _using(stick):
        Disk().store("stick", stick / name, data)


@contextmanager
def _noted(troubles: list[WatchbookError]) -> Iterator[None]:
    """What keeps one book or one receipt back keeps nothing else back; a stick that fails ends it."""
    try:
        yield
    except (BookError, OfficeRefused, FileRefused) as e:
        if e.key in _STICK_FAILS:
            raise
        troubles.append(e)


def _books(logbook: Logbook) -> Generator[Logbook | ClosedBook]:
    """Those with something to send, the closed ones first."""
    with closing(logbook.closed_books()) as books:
        yield from books
    yield logbook


def _take_receipt(book: Logbook | ClosedBook, stick: Path) -> bool:
    """The office's word for this book, if somebody brought it; whether it says something new."""
    data = _read(stick / (book.book_id + RECEIPT), LONGEST_RECEIPT)
    before = book.acked
    if data is not None:
        Lane(book).take_receipt(read_receipt(data))
    return book.acked > before


def _write(book: Logbook | ClosedBook, stick: Path, clock: Clock, disk: Disk) -> dict[str, int]:
    """The files of a book, by name, with the records in each; what was handed over before and is in them goes."""
    batches = Lane(book, Outbox(next=book.acked + 1, size=MAX_BATCH)).batches()
    files = {}
    for sheet, data in written(book, batches, clock.now()):
        if not _is_there(stick / sheet.name, sheet):
            with _using(stick):
                disk.store("handoff", stick / sheet.name, data)
        files[sheet.name] = read(data).records
    with _using(stick):
        for path in sorted(stick.glob(f"{book.book_id}.*{SUFFIX}")):
            if path.name not in files:
                disk.remove("given.remove", path)
    return files


def _is_there(path: Path, sheet: Sheet) -> bool:
    """Whether the stick has just this already, whole."""
    with suppress(FileRefused):
        data = _read(path, LARGEST)
        found = None if data is None else read(data).sheet
        return found is not None and (found.last, found.head) == (sheet.last, sheet.head)
    return False


def _pass_on_receipts(folder: Path, stick: Path, disk: Disk) -> int:
    """What the office gave for files that we carried."""
    given = 0
    with reading():
        kept = sorted((folder / CARRIED).glob(f"*{RECEIPT}"))
    for path in kept:
        data = _read(path, LONGEST_RECEIPT)
        there = _read(stick / path.name, LONGEST_RECEIPT)
        if data is None or data == there or (there and _seq(there) >= _seq(data)):
            continue
        with _using(stick):
            disk.store("handoff-receipt", stick / path.name, data)
        given += 1
    return given


def _seq(data: bytes) -> int:
    try:
        return read_receipt(data).seq
    except FileRefused:
        return 0


# -- for others ----------------------------------------------------------------------------------


def take_along(logbook: Logbook, stick: Path) -> Taken:
    """Files of other handhelds of our office, durable in our data folder. Raises FileRefused, BookUnsafe."""
    if logbook.office is None:
        raise OfficeRefused("sync.not_enrolled")
    files, records, troubles = 0, 0, list[tuple[str, WatchbookError]]()
    place, disk = logbook.folder / CARRIED, Disk()
    ours = logbook.identity.public.hex()
    with _using(stick):
        found = sorted(stick.glob(f"*{SUFFIX}"), key=order)
    for path in found:
        try:
            data = _read(path, LARGEST)
            handed = read(data or b"")
            if handed.sheet.identity == ours:
                continue
            if handed.sheet.office != logbook.office.server_key:
                raise FileRefused("handoff.other_office")
            target = place / handed.sheet.name
            if _is_there(target, handed.sheet):
                continue
            if len(carried(logbook.folder)) >= MOST:
                raise FileRefused("handoff.too_many", limit=MOST)
        except FileRefused as e:
            if e.key in _STICK_FAILS:
                raise
            troubles.append((path.name, e))
            continue
        with saving():
            disk.make_folder("carried.make", place)
            disk.store("carried", target, data or b"")
        files, records = files + 1, records + handed.records
    return Taken(files, records, tuple(troubles))


def carried(folder: Path) -> list[Path]:
    """What waits for the courier. Raises BookUnsafe."""
    with reading():
        return sorted((folder / CARRIED).glob(f"*{SUFFIX}"), key=order)


def carried_file(path: Path) -> tuple[Handed, bytes] | None:
    """None when it is no longer what was stored. Raises BookUnsafe."""
    with suppress(FileRefused, FileNotFoundError), reading():
        data = bytes_of(path, LARGEST)
        return read(data), data
    return None


def delivered(path: Path, receipt: Receipt) -> None:
    """The office holds it: its word is kept for the stick, the file goes. Raises BookUnsafe."""
    disk = Disk()
    kept = path.with_name(receipt.book + RECEIPT)
    with saving():
        disk.store("carried-receipt", kept, msgspec.json.encode(receipt))
        disk.remove("carried.remove", path)


def not_wanted(path: Path) -> None:
    """The office will not take it: it is kept, and not sent again. Raises BookUnsafe."""
    with saving():
        Disk().rename("carried.refused", path, path.with_name(path.name + _REFUSED))


# -- handover sheets -----------------------------------------------------------------------------


def put_sheet(logbook: Logbook, stick: Path, seq: int, clock: Clock) -> None:
    """The record `seq` alone, signed as hand-off files are, for another handheld. Raises FileRefused, OfficeRefused."""
    if logbook.office is None:
        raise OfficeRefused("sync.not_enrolled")
    batch = next(Lane(logbook, Outbox(next=seq, size=1)).batches())
    for sheet, data in written(logbook, [batch], clock.now()):
        with _using(stick):
            Disk().store("handover", stick / f"{sheet.book}.{seq}{SHEET}", data)


def sheets_on(logbook: Logbook, stick: Path) -> list[tuple[str, Record]]:
    """(book, record) of each sheet there of another handheld of our office. Raises FileRefused when the stick fails, or
    when nothing there but files that cannot be taken."""
    if logbook.office is None:
        raise OfficeRefused("sync.not_enrolled")
    found, refusal = list[tuple[str, Record]](), None
    with _using(stick):
        paths = sorted(stick.glob(f"*{SHEET}"))[-MOST:]
    for path in paths:
        try:
            handed = read(_read(path, LARGEST) or b"")
            if handed.sheet.office != logbook.office.server_key:
                raise FileRefused("handoff.other_office")
            if handed.sheet.identity != logbook.identity.public.hex():
                found.append((handed.sheet.book, decode(bytes(handed.batches[0].records[0]))))
        except (FileRefused, RecordRefused) as e:
            if e.key in _STICK_FAILS:
                raise
            refusal = e
    if refusal is not None and not found:
        raise refusal
    return found


# -- the stick -----------------------------------------------------------------------------------


@contextmanager
def _using(stick: Path) -> Iterator[None]:
    """Raises FileRefused when the stick fails."""
    try:
        if not stick.is_dir():
            raise FileRefused("handoff.no_stick", folder=str(stick))
        yield
    except OSError as e:
        why = os.strerror(e.errno) if e.errno else str(e)
        raise FileRefused("handoff.stick", folder=str(stick), why=why) from e


def _read(path: Path, limit: int) -> bytes | None:
    """At most `limit` bytes and one; None when it is not there. Raises FileRefused."""
    with _using(path.parent):
        try:
            return bytes_of(path, limit)
        except FileNotFoundError:
            return None
