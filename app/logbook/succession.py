"""When a book ends and another goes on in its place (decisions 1 and 8): the steps on the disk, and closed books.

    1  closed/<id>/   what the closed book needs to be carried by itself: heads.json, office.json, closed.json
    2  next/          the next book, whole: journal/, shelf.json, office.json; its first key is promised
    3  book.closed    the old book's last record: from here it is closed
    4  journal/ and head go to closed/<id>/
    5  what is in next/ comes into place, journal/ last

A power cut before 3 is durable leaves the old book, and what was prepared is thrown away at the next
opening; after it the next opening goes on with 4 and 5, which may be repeated. Neither step needs room.
The identity key and the received pages stay where they are: both books use them.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.errors import BookError, ChainBroken
from app.logbook import journal as journals
from app.logbook.chain import Hole
from app.logbook.disk import Disk, unsafe
from app.logbook.journal import Journal, Row, Space
from app.logbook.keys import PrivateIdentity, PrivateKey, head_message
from app.logbook.lines import TEXT, Head, Ledger, note_raw, read_note, written_line
from app.logbook.reader import Enrolment, read_entries, read_office
from app.logbook.snapshots import LiveState, PageItem, Snapshot, keep_snapshot, read_snapshot
from app.record import Entry, follow

REASONS: Final = ("fork", "site", "wiped", "office")
"""Why a book is closed: the body of `book.closed`."""
_HEAD: Final = 4096
"""A segment's first line is shorter than this, bytes."""
_STEP: Final = 25
"""A closed book signs no more: every so many records its last key signs in advance, for batches to end there."""


class Summary(Struct, frozen=True):
    """A closed book at a glance. A hint: its journal is the truth."""

    book: str
    seq: int
    hash: str
    acked: int
    reason: str
    at: int
    """UTC ms of the handheld when it was closed, or when the office's last receipt for it came."""


class Heads(Struct, frozen=True):
    """Signatures over heads of a closed book, by the key that signed last; hex."""

    key: str = ""
    sigs: dict[int, str] = {}


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


def prepare_closed(
    folder: Path,
    disk: Disk,
    summary: Summary,
    heads: Iterable[tuple[int, bytes]],
    holes: Sequence[Hole],
    key: PrivateKey | None,
) -> None:
    """Step 1. `heads` are number and hash after every record up to the last. Without the key none can be signed.

    Raises OSError.
    """
    home = home_of(folder, summary.book)
    disk.make_folder("closed.make", home)
    if key is not None:
        book = bytes.fromhex(summary.book)
        ends = {summary.seq, *(hole.first - 1 for hole in holes)}
        wanted = {seq: link for seq, link in heads if seq % _STEP == 0 or seq in ends}
        sigs = {seq: key.sign(head_message(book, seq, link)).hex() for seq, link in wanted.items()}
        disk.store("closed-heads", home / "heads.json", msgspec.json.encode(Heads(key.public.hex(), sigs)))
    with suppress(FileNotFoundError):
        disk.store("closed-office", home / "office.json", (folder / "office.json").read_bytes())
    _write_summary(home, disk, summary)


def prepare_next(
    folder: Path, disk: Disk, space: Space, book: bytes, records: Sequence[bytes], after: str, given: Inheritance
) -> None:
    """Step 2: a book of `records` that goes on after the book `after`. Raises OSError."""
    place = folder / "next"
    _clear(place)
    disk.make_folder("next.make", place / "journal")
    state = None if given.state is None else LiveState(0, given.state)
    ledger = Ledger()
    ledger.book = ledger.hash = book
    ledger.cursor = given.cursor
    head = journals.segment_head(ledger, 1, keep_snapshot(disk, place, Snapshot(book.hex(), 0, given.pages, state)))
    lines, here = [head], book
    for raw in records:
        here = follow(here, raw)
        lines.append(written_line(here, raw))
    if given.office is not None:
        disk.store("next-office", place / "office.json", msgspec.json.encode(given.office, order="sorted"))
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
    return (folder / "next").is_dir()


def follows(folder: Path, ledger: Ledger) -> bool:
    """Whether the waiting book names the last record of this one: then that record is its `book.closed`."""
    return _named_before(folder / "next") == {"book": ledger.book.hex(), "hash": ledger.hash.hex(), "seq": ledger.seq}


def _named_before(place: Path) -> Mapping[str, Any] | None:
    ledger, _ = journals.replay(place, None)
    for entry in read_entries(place, ledger, 1, 1) if ledger.seq else ():
        after = entry.record.body.get("after")
        return after if isinstance(after, dict) else None
    return None


def go_over(folder: Path, disk: Disk, book: str) -> None:
    """Steps 4 and 5 for a book whose end is durable. Raises OSError; then the next opening tries again."""
    home = home_of(folder, book)
    disk.make_folder("closed.make", home)
    hint = journals.read_hint(folder)
    if hint is not None and hint.book == book:
        disk.rename("close.head", folder / "head", home / "head")
    disk.rename("close.journal", folder / "journal", home / "journal")
    disk.sync_folder("close.home", home)
    disk.sync_folder("close.folder", folder)
    arrive(folder, disk)


def arrive(folder: Path, disk: Disk) -> None:
    """Step 5, when the old journal has left and the next one has not come. Raises OSError."""
    place = folder / "next"
    if (folder / "journal").is_dir() or not (place / "journal").is_dir():
        return
    for name in ("office.json", "shelf.json", "journal"):
        if (place / name).exists():
            disk.rename(f"arrive.{name.partition('.')[0]}", place / name, folder / name)
            disk.sync_folder("arrive.sync", folder)
    _clear(place)


def abandon(folder: Path) -> None:
    """What was prepared for a book that did not end is thrown away; only the promise of its key is left to `settle`."""
    _clear(folder / "next")
    for home in (folder / "closed").glob("*"):
        if not (home / "journal").is_dir():
            _clear(home)


def _clear(place: Path) -> None:
    """Nothing in it is evidence, and what stays is passed over."""
    import shutil  # 1 MB that a start does not need

    shutil.rmtree(place, ignore_errors=True)


# -- closed books --------------------------------------------------------------------------------


def home_of(folder: Path, book: str) -> Path:
    return folder / "closed" / book


def homes(folder: Path) -> list[Path]:
    """The folders of closed books, each laid out like a data folder."""
    return sorted(home for home in (folder / "closed").glob("*") if (home / "journal").is_dir())


def summary_of(home: Path) -> Summary | None:
    """None when it cannot be read: then only the journal tells."""
    try:
        return msgspec.json.decode((home / "closed.json").read_bytes(), type=Summary)
    except (OSError, ValueError):
        return None


def waiting(folder: Path) -> int:
    """Records of closed books that no office has acknowledged."""
    return sum(_unsent(home) for home in homes(folder))


def _unsent(home: Path) -> int:
    summary = summary_of(home)
    if summary is not None:
        return max(0, summary.seq - summary.acked)
    ledger, _ = journals.replay(home, journals.read_hint(home))
    return max(0, ledger.seq - ledger.acked)


def closed_books(folder: Path, disk: Disk, identity: PrivateIdentity) -> Generator["ClosedBook"]:
    """Those with something to send, each open while it is used. Raises BookError for one that cannot be read."""
    for home in homes(folder):
        if _unsent(home) == 0:
            continue
        book = ClosedBook(home, disk, identity)
        try:
            yield book
        finally:
            book.close()


def settled(folder: Path, before: int) -> Iterator[Path]:
    """Closed books that the office has held whole since `before` (UTC ms): they may be pruned as a whole."""
    for home in homes(folder):
        summary = summary_of(home)
        if summary is not None and summary.acked >= summary.seq and summary.at <= before:
            yield home


class ClosedBook:
    """A closed book on its way to the office: nothing is written into it any more but receipts. Close it after use."""

    def __init__(self, home: Path, disk: Disk, identity: PrivateIdentity) -> None:
        """Raises BookError when nothing of it can be read."""
        self.home = home
        self.identity = identity
        self._disk = disk
        self._ledger, torn = journals.replay(home, journals.read_hint(home))
        if not self._ledger.book:
            raise BookError("book.no_book", folder=str(home))
        try:
            self._journal = Journal(home, disk, Space(), self._ledger, torn)
        except OSError as e:
            raise unsafe(e) from e
        self.office = read_office(home, self._ledger)
        self._heads = _read_heads(home)

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
    def holes(self) -> tuple[Hole, ...]:
        return tuple(self._ledger.holes)

    def entries(self, first: int = 1, limit: int | None = None) -> Iterator[Entry]:
        return read_entries(self.home, self._ledger, first, limit)

    def entry(self, seq: int) -> Entry | None:
        return next((e for e in self.entries(seq, 1) if e.record.seq == seq), None)

    def hash_of(self, seq: int) -> str | None:
        """The chain's hash after record `seq`, hex; None when that record is lost or not here."""
        if seq == self._ledger.seq:
            return self._ledger.hash.hex()
        entry = self.entry(seq)
        return None if entry is None else entry.hash.hex()

    def signable(self, first: int, last: int) -> int:
        """Up to which of the records `first` … `last` a batch may go: some more when none of those is signed.

        Raises ChainBroken when nothing from `first` on is.
        """
        found = [seq for seq in self._heads.sigs if seq >= first]
        if not found:
            raise ChainBroken("book.key_lost")
        return max((seq for seq in found if seq <= last), default=min(found))

    def head_signature(self, seq: int, link: bytes) -> tuple[str, str]:
        """(shift public key, signature), both hex, as they were made when the book was closed. Raises ChainBroken."""
        if seq not in self._heads.sigs:
            raise ChainBroken("book.key_lost")
        return self._heads.key, self._heads.sigs[seq]

    def receipt(self, receipt: dict[str, Any]) -> None:
        """The office holds everything up to receipt["seq"]. Raises ChainBroken when its record is not ours."""
        seq = int(receipt["seq"])
        if seq <= self.acked:
            self._settle_summary()
            return
        if seq > self.head.seq or self.hash_of(seq) not in (None, receipt["hash"]):
            raise ChainBroken("book.fork", seq=seq)
        self._journal.settle()
        self._journal.commit([Row(note_raw({**receipt, "note": "receipt"}))])
        self._settle_summary(int(receipt["at"]))

    def _settle_summary(self, at: int | None = None) -> None:
        old = summary_of(self.home)
        head = self.head
        new = Summary(
            book=self.book_id,
            seq=head.seq,
            hash=head.hash.hex(),
            acked=self.acked,
            reason=old.reason if old else "",
            at=at if at is not None else old.at if old else 0,
        )
        if new == old:
            return
        try:
            _write_summary(self.home, self._disk, new)
        except OSError as e:
            raise unsafe(e) from e

    def close(self) -> None:
        self._journal.close()


def _write_summary(home: Path, disk: Disk, summary: Summary) -> None:
    disk.store("closed-summary", home / "closed.json", msgspec.json.encode(summary, order="sorted"))


def _read_heads(home: Path) -> Heads:
    try:
        return msgspec.json.decode((home / "heads.json").read_bytes(), type=Heads)
    except (OSError, ValueError):
        return Heads()
