"""Closed books: each lives on in closed/<id>/, laid out like a data folder, until the office has held it for days.

Then it goes altogether: `book.removed` in the book in use names it first, with the office's receipt over its end.

heads.json    signatures over its heads, made in advance: its private key is gone
office.json   where it is enrolled
closed.json   a summary, so that nobody must read the journal to know that nothing waits
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.errors import BookError, BookUnsafe, ChainBroken
from app.logbook import journal as journals
from app.logbook.blobs import Blobs
from app.logbook.chain import Hole
from app.logbook.disk import Disk, reading, saving
from app.logbook.entries import read_entries, read_notes
from app.logbook.journal import Journal, Row, Space
from app.logbook.keys import PrivateIdentity, PrivateKey, head_message
from app.logbook.ledger import Ledger
from app.logbook.lines import note_raw
from app.logbook.office import CLOSED, Enrolment, keep_office, read_office
from app.logbook.pruning import not_here
from app.logbook.view import View
from app.record import Entry

_LEFT: Final = ".removed"
"""Ends the name of a folder that counts for nothing any more, until its files are gone."""
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


def prepare_closed(
    folder: Path,
    disk: Disk,
    summary: Summary,
    office: Enrolment | None,
    heads: Iterable[tuple[int, bytes]],
    holes: Sequence[Hole],
    key: PrivateKey | None,
) -> None:
    """`heads` are number and hash after every record up to the last. Without the key none can be signed.

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
    if office is not None:
        keep_office(home / "office.json", disk, "closed-office", office)
    _write_summary(home, disk, summary)


def home_of(folder: Path, book: str) -> Path:
    return folder / CLOSED / book


def homes(folder: Path) -> list[Path]:
    """The folders of closed books, each laid out like a data folder. Raises BookUnsafe."""
    with reading():
        found = (home for home in (folder / CLOSED).glob("*") if home.suffix != _LEFT)
        return sorted(home for home in found if (home / "journal").is_dir())


def homes_at(folder: Path, office: Enrolment | None) -> list[Path]:
    """Those of the same site at the same office. Raises BookUnsafe."""
    if office is None:
        return []
    return [home for home in homes(folder) if (found := _office_of(home)) and found.place == office.place]


def offices(folder: Path) -> list[Enrolment]:
    """Those of the closed books, as far as they can be told. Raises BookUnsafe."""
    return [found for home in homes(folder) if (found := _office_of(home)) is not None]


def _office_of(home: Path) -> Enrolment | None:
    with suppress(OSError, ValueError):
        return msgspec.json.decode((home / "office.json").read_bytes(), type=Enrolment)
    with suppress(OSError, ValueError, BookError):
        return read_office(home, journals.replay(home, journals.read_hint(home))[0])
    return None


def summary_of(home: Path) -> Summary | None:
    """None when it cannot be read: then only the journal tells."""
    try:
        return msgspec.json.decode((home / "closed.json").read_bytes(), type=Summary)
    except (OSError, ValueError):
        return None


def waiting(folder: Path, office: Enrolment | None = None) -> int:
    """Records of closed books that no office has acknowledged; with `office` those that are for it."""
    return sum(map(_unsent, homes(folder) if office is None else homes_at(folder, office)))


def _unsent(home: Path) -> int:
    summary = summary_of(home)
    if summary is not None:
        return max(0, summary.seq - summary.acked)
    ledger, _ = journals.replay(home, journals.read_hint(home))
    return max(0, ledger.seq - ledger.acked)


def closed_books(
    folder: Path, disk: Disk, identity: PrivateIdentity, *, every: bool = False
) -> Generator["ClosedBook"]:
    """Those with something to send, or `every` one, each open while it is used. Raises BookError behind the others when
    one cannot be read."""
    unread: BookError | None = None
    for home in homes(folder):
        try:
            if not every and _unsent(home) == 0:
                continue
            book = ClosedBook(home, disk, identity)
        except BookError as e:
            unread = e
            continue
        try:
            yield book
        finally:
            book.close()
    if unread is not None:
        raise unread


# -- going altogether ----------------------------------------------------------------------------


def settled(folder: Path, before: int, asked: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """Closed books that the office has held whole since `before` (UTC ms, its clock), as `book.removed` names them.

    None at the places that are still `asked` about pictures, which only their books can do. The older one goes first:
    each that is left is named by the next. Raises BookUnsafe.
    """
    left = homes(folder)
    for home in left:
        office = _office_of(home) if asked else None
        if asked and (office is None or office.place in asked):
            continue
        summary = summary_of(home)
        if summary is not None and (summary.acked < summary.seq or summary.at > before):
            continue
        found = _held_whole(home, {each.name for each in left})
        if found is not None and found["receipt"]["at"] <= before:
            yield found


def _held_whole(home: Path, left: Collection[str]) -> dict[str, Any] | None:
    """What the office's receipt says of the last record; None when there is none for it, or the book before is among
    those `left`. Raises BookUnsafe."""
    ledger, _ = journals.replay(home, journals.read_hint(home))
    receipts = [note for note in read_notes(home, ledger) if note["note"] == "receipt"]
    last = max(receipts, key=lambda note: int(note["seq"]), default=None)
    if last is None or last["seq"] < ledger.seq or last["book"] != home.name:
        return None
    if str((named_before(home, ledger) or {}).get("book")) in left:
        return None
    signed = {part: last[part] for part in ("at", "key", "sig")}
    return {"book": home.name, "hash": last["hash"], "receipt": signed, "seq": last["seq"]}


def named_before(home: Path, ledger: Ledger) -> Mapping[str, Any] | None:
    """The book that this one goes on from, as its first record says; None for a first book."""
    for entry in read_entries(home, ledger, 1, 1) if ledger.seq else ():
        after = entry.record.body.get("after")
        return after if isinstance(after, dict) else None
    return None


def remove(folder: Path, disk: Disk, book: str, blobs: Blobs, ledger: Ledger) -> None:
    """From one name to another, durably, and then file by file: it is there whole, or not at all. `ledger` is of the
    book in use. Raises OSError."""
    clear_removed(folder, blobs, ledger)
    home = home_of(folder, book)
    disk.rename("closed.leave", home, home.with_name(home.name + _LEFT))
    disk.sync_folder("closed.left", home.parent)
    clear_removed(folder, blobs, ledger)


def clear_removed(folder: Path, blobs: Blobs, ledger: Ledger) -> None:
    """What a removal left behind, and what its records named (Blobs.prune). It may be asked for again."""
    with suppress(OSError, BookUnsafe):
        for left in (folder / CLOSED).glob(f"*{_LEFT}"):
            import shutil  # 1 MB that a start does not need

            others = [path for path in journals.all_segments(folder) if path.parents[1].suffix != _LEFT]
            if (office := read_office(folder, ledger)) is not None:
                blobs.prune(sorted((left / "journal").glob("seg-*.jsonl")), others, office.place)
            shutil.rmtree(left, ignore_errors=True)


# -- on the way to the office --------------------------------------------------------------------


class ClosedBook(View):
    """A closed book on its way to the office: nothing is written into it any more but receipts. Close it after use."""

    def __init__(self, home: Path, disk: Disk, identity: PrivateIdentity) -> None:
        """Raises BookError when nothing of it can be read."""
        self.home = home
        self.identity = identity
        self._disk = disk
        with saving():  # a segment that is not there any more is no better than a disk that fails
            hint = journals.read_hint(home)
            ledger, torn = journals.replay(home, hint)
        if not ledger.book:
            raise BookError("book.no_book", folder=str(home))
        super().__init__(home, ledger)
        with saving():
            self._journal = Journal(home, disk, Space(), self._ledger, torn, hint=hint)
        self.office = read_office(home, self._ledger)
        self._heads = _read_heads(home)

    @property
    def gaps(self) -> tuple[Hole, ...]:
        """Numbers that cannot be sent any more, lost or removed before the book was closed."""
        return not_here(self._ledger.holes, self._ledger.runs)

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
        with saving():
            _write_summary(self.home, self._disk, new)

    def close(self) -> None:
        self._journal.close()


def _write_summary(home: Path, disk: Disk, summary: Summary) -> None:
    disk.store("closed-summary", home / "closed.json", msgspec.json.encode(summary, order="sorted"))


def _read_heads(home: Path) -> Heads:
    try:
        return msgspec.json.decode((home / "heads.json").read_bytes(), type=Heads)
    except (OSError, ValueError):
        return Heads()
