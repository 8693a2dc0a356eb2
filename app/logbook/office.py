"""What a book has from the office: where it is enrolled, and the pages, each body under its own hash.

A body is durable before the note that names it; of each page the last bodies are remembered (app.logbook.ledger).
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.errors import BookError, BookUnsafe
from app.logbook import journal as journals
from app.logbook.disk import Disk, reading
from app.logbook.drafts import Draft
from app.logbook.earlier import Unsound
from app.logbook.entries import read_entries, read_notes
from app.logbook.ledger import Ledger
from app.logbook.lines import HASH, encode_json, note_raw
from app.logbook.snapshots import PageItem
from app.record import MAX_BYTES

CLOSED: Final = "closed"
"""The folder of closed books, in the data folder; each has one of its own, named by its id."""
_PLACE: Final = 16


class Enrolment(Struct, frozen=True):
    """What the office answered to the enrolment code."""

    office: str
    """Its URL."""
    server_key: str
    """Its Ed25519 public key, hex."""
    device: str
    site: str

    @property
    def place(self) -> str:
        """Office and site, short enough for the name of a file that waits for that office's word."""
        return _sum(f"{self.server_key} {self.site}".encode())[:_PLACE]


def enrolled(enrolment: Enrolment) -> Draft:
    return Draft("book.enrolled", msgspec.to_builtins(enrolment))


def read_office(folder: Path, ledger: Ledger, home: Path | None = None) -> Enrolment | None:
    """By a record, which is written first and checks: the book's own, else that of the book it goes on after.

    Where no record can tell, since the journal that had it is gone, the file counts. `home` is the data folder when
    the book does not stand in its place there (app.logbook.journal.in_use). Raises BookUnsafe.
    """
    home = home or folder
    record = ledger.enrolled or _enrolled_before(folder, ledger, home)
    if record:
        return msgspec.convert(record, Enrolment)
    for place in dict.fromkeys((folder, home)):
        with suppress(FileNotFoundError, ValueError), reading():
            return msgspec.json.decode((place / "office.json").read_bytes(), type=Enrolment)
    return None


def _enrolled_before(folder: Path, ledger: Ledger, home: Path) -> dict[str, Any] | None:
    """What the closed books say that this one goes on after, the last one first; None when none of them is here."""
    closed = home.parent if home.parent.name == CLOSED else home / CLOSED
    seen = {ledger.book.hex()}
    with suppress(BookUnsafe, OSError):  # a closed book that the disk does not give keeps nobody from working
        while (before := _book_before(folder, ledger)) and before not in seen:
            seen.add(before)
            folder = closed / before
            hint = journals.read_hint(folder)
            ledger, _ = journals.resume(folder, hint) or journals.replay(folder, hint)
            if ledger.book.hex() != before:
                return None
            if ledger.enrolled:
                return ledger.enrolled
    return None


def _book_before(folder: Path, ledger: Ledger) -> str:
    """Whose id record 1 names; "" when it names none, or is lost."""
    with suppress(Unsound, BookError):
        for entry in read_entries(folder, ledger, 1, 1):
            after = entry.record.body.get("after")
            book = after.get("book") if entry.record.seq == 1 and isinstance(after, dict) else None
            return book if isinstance(book, str) and len(book) == HASH and book.isalnum() else ""
    return ""


def keep_office(path: Path, disk: Disk, subject: str, enrolment: Enrolment) -> None:
    """Raises OSError."""
    disk.store(subject, path, msgspec.json.encode(enrolment, order="sorted"))


# -- pages ---------------------------------------------------------------------------------------


class Received(Struct, frozen=True):
    """A page from the office: a plan, the people, their credentials."""

    kind: str
    id: str
    rev: int
    body: bytes | None
    """None withdraws it."""

    @property
    def item(self) -> PageItem:
        return PageItem(self.kind, self.id, self.rev, "" if self.body is None else _sum(self.body))


def keep_bodies(folder: Path, disk: Disk, pages: Sequence[Received]) -> None:
    """Durably; one that is there already may have been left without its name's flush. Raises OSError."""
    place = folder / "received"
    for page in pages:
        if page.body is None:
            continue
        disk.make_folder("received.make", place)
        name = page.item.sha256
        if read_received(folder, name) is None:
            disk.store("received", place / f"{name}.json", page.body)
        else:
            disk.sync_folder("received.folder", place)


def page_notes(items: Sequence[PageItem], cursor: str) -> list[dict[str, Any]]:
    """As many notes as the length of a line asks for; the last one has the cursor."""
    room = MAX_BYTES - len(note_raw({"cursor": cursor, "items": [], "note": "page"}))
    pieces: list[list[Any]] = [[]]
    left = room
    for item in items:
        plain = msgspec.to_builtins(item)
        size = len(encode_json(plain)) + 1
        if size > left:
            pieces.append([])
            left = room
        pieces[-1].append(plain)
        left -= size
    notes: list[dict[str, Any]] = [{"items": piece, "note": "page"} for piece in pieces]
    notes[-1]["cursor"] = cursor
    return notes


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


def read_earlier(folder: Path, ledger: Ledger, kind: str, home: Path | None = None) -> Iterator[bytes]:
    """Every body of a kind that is still there, whatever its id and withdrawn or not, received last first.

    Reads all notes: for the day on which what the office sent last cannot be used.
    """
    notes = [note for note in read_notes(folder, ledger) if note["note"] == "page"]
    written = [item["sha256"] for note in notes for item in note.get("items", ()) if item["kind"] == kind]
    indexed = [item.sha256 for items in ledger.pages.get(kind, {}).values() for item in items]
    for name in dict.fromkeys((*reversed(written), *reversed(indexed))):
        body = read_received(home or folder, name)
        if body is not None:
            yield body


def read_received(folder: Path, sha256: str) -> bytes | None:
    """A received body by its hash; None when it is not there, or no longer what the hash says. Raises BookUnsafe."""
    if len(sha256) != HASH or not sha256.isalnum():
        return None
    try:
        with reading():
            body = (folder / "received" / f"{sha256}.json").read_bytes()
    except FileNotFoundError:
        return None
    return body if _sum(body) == sha256 else None


def _sum(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
