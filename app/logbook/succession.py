"""When a book ends and another goes on in its place (decisions 1 and 8): the steps on the disk.

    1  closed/<id>/   what the closed book needs to be carried by itself (app.logbook.closed)
    2  next/          the next book, whole: journal/, shelf.json, office.json; its first key is promised
    3  book.closed    the old book's last record: from here it is closed
    4  journal/ and head go to closed/<id>/
    5  what is in next/ comes into place, journal/ last

A power cut before 3 is durable leaves the old book, and what was prepared is thrown away at the next
opening; after it the next opening goes on with 4 and 5, which may be repeated. Neither step needs room.
The identity key and the received pages stay where they are: both books use them.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from app.logbook import journal as journals
from app.logbook.closed import home_of, named_before
from app.logbook.disk import Disk, reading
from app.logbook.journal import Space
from app.logbook.ledger import Ledger
from app.logbook.lines import TEXT, read_note, written_line
from app.logbook.office import CLOSED, Enrolment, keep_office
from app.logbook.snapshots import LiveState, PageItem, Snapshot, keep_snapshot, read_snapshot
from app.record import Entry

REASONS: Final = ("fork", "site", "wiped", "office")
"""Why a book is closed: the body of `book.closed`."""
_HEAD: Final = 4096
"""A segment's first line is shorter than this, bytes."""


class Inheritance(Struct, frozen=True):
    """What the next book begins with."""

    pages: tuple[PageItem, ...] = ()
    cursor: str = ""
    state: bytes | None = None
    """What the owner made of all records of the closed book."""
    shelf: bool = False
    """Whether the look-ups go on too."""
    office: Enrolment | None = None
    """Where it is enrolled from the start; None leaves that as it is."""


# -- preparing -----------------------------------------------------------------------------------


def prepare_next(
    folder: Path, disk: Disk, space: Space, book: bytes, records: Sequence[Entry], after: str, given: Inheritance
) -> None:
    """Step 2: a book of `records` that goes on after the book `after`. Raises OSError."""
    place = folder / "next"
    _clear(place)
    disk.make_folder("next.make", place / "journal")
    state = None if given.state is None else LiveState(0, given.state)
    ledger = Ledger.at(book, 0, book)
    ledger.cursor = given.cursor
    head = journals.segment_head(ledger, 1, keep_snapshot(disk, place, Snapshot(book.hex(), 0, given.pages, state)))
    lines = [head, *(written_line(entry.hash, entry.raw) for entry in records)]
    if given.office is not None:
        keep_office(place / "office.json", disk, "next-office", given.office)
    if given.shelf:
        _pass_on_shelf(folder, place, disk, book.hex(), after)
    journals.write_segment(disk, space, journals.segment_path(place, 1), b"".join(lines))


def _pass_on_shelf(folder: Path, place: Path, disk: Disk, book: str, after: str) -> None:
    """The look-ups as they were saved last, from now on the next book's. A view: without it they come again."""
    try:
        shelf = msgspec.json.decode((folder / "shelf.json").read_bytes(), type=dict[str, msgspec.Raw])
    except (OSError, ValueError):
        return
    if bytes(shelf.get("book", b"")) == msgspec.json.encode(after):
        shelf |= {"book": msgspec.Raw(msgspec.json.encode(book)), "upto": msgspec.Raw(b"0")}
        disk.store("next-shelf", place / "shelf.json", msgspec.json.encode(shelf))


def first_snapshot(folder: Path) -> Snapshot | None:
    """What the book in this folder began with; None when it began with nothing, or that is gone."""
    try:
        with journals.segment_path(folder, 1).open("rb") as file:
            line = file.readline(_HEAD)
    except OSError:
        return None
    head = read_note(line[TEXT:])
    return read_snapshot(folder, head.snapshot) if head and head.snapshot and head.first == 1 else None


# -- going over ----------------------------------------------------------------------------------


def is_waiting(folder: Path) -> bool:
    """Whether a next book, or what is left of one, stands there."""
    with reading():
        return (folder / "next").is_dir()


def follows(folder: Path, ledger: Ledger) -> bool:
    """Whether the waiting book names the last record of this one: then that record is its `book.closed`."""
    waiting = folder / "next"
    named = named_before(waiting, journals.replay(waiting, None)[0])
    return named == {"book": ledger.book.hex(), "hash": ledger.hash.hex(), "seq": ledger.seq}


def goes_to(folder: Path) -> Enrolment | None:
    """Where the waiting book is enrolled from the start; None: where this one is."""
    with suppress(FileNotFoundError, ValueError), reading():
        return msgspec.json.decode((folder / "next" / "office.json").read_bytes(), type=Enrolment)
    return None


def go_over(folder: Path, disk: Disk, book: str) -> journals.Hint | None:
    """Steps 4 and 5 for a book whose end is durable; as `arrive`. Raises OSError; then the next opening tries again."""
    home = home_of(folder, book)
    disk.make_folder("closed.make", home)
    hint = journals.read_hint(folder)
    if hint is not None and hint.book == book:
        disk.rename("close.head", folder / "head", home / "head")
    disk.rename("close.journal", folder / "journal", home / "journal")
    disk.sync_folder("close.home", home)
    disk.sync_folder("close.folder", folder)
    return arrive(folder, disk)


def arrive(folder: Path, disk: Disk) -> journals.Hint | None:
    """Step 5, when the old journal has left and the next one has not come: the last record that it begins with, which
    was durable before. Raises OSError."""
    place = folder / "next"
    if (folder / "journal").is_dir() or not (place / "journal").is_dir():
        return None
    ledger, _ = journals.replay(place, None)
    for name in ("office.json", "shelf.json", "journal"):
        if (place / name).exists():
            disk.rename(f"arrive.{name.partition('.')[0]}", place / name, folder / name)
            disk.sync_folder("arrive.sync", folder)
    _clear(place)
    return journals.Hint(ledger.book.hex(), ledger.hash.hex(), ledger.seq)


def abandon(folder: Path) -> None:
    """What was prepared for a book that did not end is thrown away; only the promise of its key is left to `settle`."""
    _clear(folder / "next")
    with reading():
        for home in (folder / CLOSED).glob("*"):
            if not (home / "journal").is_dir():
                _clear(home)


def _clear(place: Path) -> None:
    """Nothing in it is evidence, and what stays is passed over."""
    import shutil  # 1 MB that a start does not need

    shutil.rmtree(place, ignore_errors=True)
