"""The logbook of a handheld: the one door to its disk.

Whatever the crew does is appended here, and `append` returns only when it would survive a power cut.
One folder is one book (decision 1). What the records mean is not known here.
"""

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Lock, RLock
from typing import Any

from msgspec import Struct

from app.errors import BookEnded, BookError, BookUnknown, BookUnsafe, ChainBroken, RecordRefused
from app.logbook import closed, edition, pruning, succession
from app.logbook import journal as journals
from app.logbook import keys as keyring
from app.logbook.blobs import SALT, Attachment, Blobs, described, salted
from app.logbook.blobs import read as read_blob
from app.logbook.chain import Damage, Hole
from app.logbook.damage import declared
from app.logbook.disk import FULL, Disk, lock, reading, saving, unsafe
from app.logbook.drafts import Draft as Draft
from app.logbook.drafts import chained
from app.logbook.earlier import Unsound
from app.logbook.entries import read_entries, read_notes
from app.logbook.journal import Journal, Row, Space
from app.logbook.ledger import Ledger
from app.logbook.lines import Head, Run, note_raw, written_line
from app.logbook.live import Live
from app.logbook.office import (
    Enrolment,
    enrolled,
    keep_bodies,
    keep_office,
    newest_pages,
    page_notes,
    read_earlier,
    read_office,
    read_page,
    read_received,
)
from app.logbook.office import Received as Received
from app.logbook.reader import Opening, Reader
from app.logbook.shelf import Shelf
from app.logbook.signatures import Signer, opening
from app.logbook.snapshots import LiveState, PageItem
from app.ports import Clock
from app.record import Entry


class Candidate(Struct, frozen=True):
    """The book that may come after this one, as an office is told of it."""

    book: bytes
    key: bytes
    """Its first shift key; its SHA-256 is the book."""
    cert: bytes
    """That key's signature for the identity."""


class Logbook:
    """The writer's end. Every method may be called from any thread."""

    @classmethod
    def open(cls, folder: Path, clock: Clock, disk: Disk | None = None, space: Space | None = None) -> "Logbook":
        """The book in `folder`, begun if there is none. Damage never refuses: see `opening`.

        Only the newest segment is read; damage in an earlier one is found when its records are asked for, by
        `check_earlier`, before it is pruned, and by `verify`.

        Raises BookInUse when another writer has it, BookNewer when only a newer program may write there, BookUnsafe
        when the disk cannot take a record.
        """
        disk = disk or Disk()
        with saving():
            disk.make_folder("folder.make", folder)
            held = lock(folder)
        try:
            edition.must_be_ours(folder)
            return cls(folder, clock, disk, space or Space(), held)
        except BaseException:
            os.close(held)
            raise

    @classmethod
    def read(cls, folder: Path) -> Reader:
        """The book as it is now, without the lock. Raises BookError when there is none."""
        return Reader(folder)

    def __init__(self, folder: Path, clock: Clock, disk: Disk, space: Space, held: int) -> None:
        self.folder = folder
        self._clock = clock
        self._disk = disk
        self._space = space
        self._held: int | None = held
        self._lock = RLock()
        self._receiving = Lock()
        self._live = Live(folder)
        self._waiting = 0
        """Records of closed books that no office has acknowledged."""
        self._keys = keyring.Keys(folder, disk)
        self._blobs = Blobs(folder, disk)
        self.opening = Opening()
        self.opening = self._open()
        self._settle_blobs()
        self._keys.identity.named = self._named_identity
        self.office: Enrolment | None = read_office(folder, self._ledger)
        self.shelf = Shelf(folder, self.book, self.head.seq, disk)

    # -- opening --------------------------------------------------------------------------------
    def _open(self, everything: bool = False, again: bool = False, known: journals.Hint | None = None) -> Opening:
        """From the newest segment, or from every one. A full disk keeps nobody from reading, unless it is opened
        `again` for writing; `known` is the last record that was durable before. Raises BookUnsafe."""
        with saving():
            known = succession.arrive(self.folder, self._disk) or known
        hint = journals.read_hint(self.folder, known)
        with saving():
            resumed = None if everything else journals.resume(self.folder, hint)
            ledger, torn = resumed or journals.replay(self.folder, hint)
        fresh = not ledger.book
        if fresh:
            ledger, torn = self._begin(hint)
        self._ledger = ledger
        self._signer = Signer(self._keys, ledger)
        damage = self._undeclared = ledger.new_damage
        with saving():
            self._journal = Journal(
                self.folder, self._disk, self._space, ledger, torn, partial(self._live.newest, ledger), hint
            )
        try:
            self._make_sound(again)
            if self._journal.is_durable:  # nothing is gone over to, or removed, for what a power cut may take
                if self._ended():
                    return self._open_next()
                with saving():
                    self._signer.settle()
                self._settle_pruning()
        except BaseException:
            self._journal.close()
            raise
        self._waiting = closed.waiting(self.folder)
        if fresh and hint is not None:
            damage = (Damage(0, 0, 0, 1, hint.seq), *damage)
        return Opening(fresh, self._journal.set_aside, damage)

    def _make_sound(self, again: bool) -> None:
        try:
            self._settle()
        except BookUnsafe as e:
            if e.key != "book.disk_full" or (again and not self._journal.is_durable):
                raise

    def _settle(self) -> None:
        """Before anything is written: what replay found is durable, torn bytes are aside, damage is declared."""
        self._journal.settle()
        if self._undeclared:
            self._journal.next_segment()
            self._write(*declared(self._ledger, self._undeclared))
            self._undeclared = ()
        self._announce(self._ledger.runs)

    def _begin(self, hint: journals.Hint | None) -> tuple[Ledger, bytes]:
        """A new book; when another one stood here and its journal is gone, record 1 names it."""
        with saving():
            key = self._keys.begin(fresh=hint is not None or bool(journals.segments(self.folder)))
            journals.set_unreadable_aside(self.folder, self._disk)
        book = keyring.book_id(key.public)
        [first] = chained([opening(self._keys.identity, key, hint)], book, 0, book, self._clock.now())
        journals.create(self.folder, self._disk, self._space, book, written_line(first.hash, first.raw))
        return journals.replay(self.folder, None)

    def _read_everything(self) -> None:
        """An earlier segment is not what it was: find and declare what is lost. Raises BookUnsafe."""
        with self._lock:
            self._must_be_open()
            before, journal = self.opening, self._journal
            try:
                found = self._open(everything=True, known=journal.hint)
            except BaseException:
                if self._ledger is not journal.ledger:  # else the disk did not give it now, and recording goes on
                    journal.close()
                raise
            journal.close()
            self.opening = Opening(before.fresh, (*before.torn, *found.torn), (*before.damage, *found.damage))

    def check_earlier(self) -> bool:
        """Read one segment that opening passed over; False when none is left. What is damaged is declared.

        For idle time: off the loop, again and again. Raises BookUnsafe.
        """
        with self._lock:
            self._must_be_open()
            for number in self._ledger.unread()[-1:]:
                try:
                    self._ledger.check(number)
                except Unsound:
                    self._read_everything()
                return True
            return False

    def _named_identity(self) -> bytes | None:
        """The identity that record 1 names; None when it is lost."""
        opened = self.entry(1)
        return None if opened is None else bytes.fromhex(str(opened.record.body.get("identity", "")))

    def reopen(self) -> Opening:
        """Read the journal again after BookUnknown: what is found now is durable, the rest never was.

        Raises BookUnsafe when the disk does not take what was found: nobody knows what will stand. The next append
        tries again.
        """
        with self._lock:
            self._must_be_open()
            before = self._ledger.book
            self._journal.close()
            self.opening = self._open(again=True, known=self._journal.hint)
            if self._ledger.book != before:
                self._begin_again()
            return self.opening

    def _make_ready(self) -> None:
        """Before anything is written. An opening that the disk refused to make durable is made once more."""
        self._must_be_open()
        if not self._journal.is_durable:
            self.reopen()
        self._settle()

    @contextlib.contextmanager
    def still(self, book: bytes) -> Iterator[None]:
        """What is written inside is meant for `book`: the next one does not come into its place meanwhile. Raises
        BookEnded when it has, BookUnsafe."""
        with self._lock:
            self._make_ready()
            if self.book != book:
                raise BookEnded("book.another")
            yield

    # -- succession -----------------------------------------------------------------------------
    def candidate(self) -> Candidate:
        """The book that `succeed` would begin: the same at each call until it did. Raises BookUnsafe, ChainBroken."""
        with self._lock:
            self._must_be_open()
            key = self._candidate()
            cert = key.sign(keyring.identity_message(self._keys.identity.public))
            return Candidate(keyring.book_id(key.public), key.public, cert)

    def _candidate(self) -> keyring.PrivateKey:
        with saving():
            return self._keys.candidate(self.book)

    def succeed(
        self, reason: str, office: Enrolment | None = None, fold: Callable[["Logbook"], object] | None = None
    ) -> None:
        """Close this book for one of `succession.REASONS` and go on in a new one that names it (decisions 1, 8).

        With `office` the new one begins empty and is enrolled there; else pages and live state go on in it, the
        state only when it is of all records: `fold` is called to give it (`keep_state`) if nobody has. Raises
        BookUnsafe (this book goes on) or BookUnknown (`reopen` tells which one stands).
        """
        with self._lock:
            self._make_ready()
            self._must_be_sound()  # what is declared now would no longer fit behind the last record
            self._settle()
            if fold is not None and not self._live.is_whole(self._ledger):
                fold(self)
            [closing] = self._chained([Draft("book.closed", {"reason": reason})])
            head = Head(closing.record.seq, closing.hash)
            given = succession.Inheritance(office=office) if office else self._inheritance()
            try:
                signed = self._prepare_succession(head, reason, given)
                self._journal.commit([Row(closing.raw, closing.hash), *signed])
            except BookUnsafe:
                succession.abandon(self.folder)
                raise
            self._journal.close()
            try:
                self.opening = self._open_next()
            except BookError as e:
                raise BookUnknown("book.unknown") from e
            self._begin_again()

    def _inheritance(self) -> succession.Inheritance:
        ledger = self._ledger
        return succession.Inheritance(ledger.page_items(), ledger.cursor, self._live.whole(ledger), shelf=True)

    def _prepare_succession(self, head: Head, reason: str, given: succession.Inheritance) -> list[Row]:
        """All that needs room on the disk, before the book is closed; what signs its last head. Raises BookUnsafe."""
        try:
            signer: keyring.PrivateKey | None = self._signer.key
        except ChainBroken:
            signer = None
        key, now = self._candidate(), self._clock.now()
        after = journals.Hint(self.book_id, head.hash.hex(), head.seq)
        drafts = [opening(self._keys.identity, key, after), *([enrolled(given.office)] if given.office else [])]
        summary = closed.Summary(self.book_id, head.seq, head.hash.hex(), self.acked, reason, now.at)
        heads = chain(((e.record.seq, e.hash) for e in self.entries()), [(head.seq, head.hash)])
        with saving():
            office = read_office(self.folder, self._ledger)
            closed.prepare_closed(self.folder, self._disk, summary, office, heads, self.holes, signer)
            self._keys.promise(key)
            book = keyring.book_id(key.public)
            records = chained(drafts, book, 0, book, now)
            succession.prepare_next(self.folder, self._disk, self._space, book, records, self.book_id, given)
        return [] if signer is None else [Row(note_raw(self._signer.head_note(head)))]

    def _ended(self) -> bool:
        """Whether this book's end is durable and the next one is not in its place. Raises BookUnsafe."""
        if succession.is_waiting(self.folder) and not succession.follows(self.folder, self._ledger):
            succession.abandon(self.folder)
        ours = self._ledger.own[-1:] == [self._ledger.seq] and self._journal.has_records
        last = self.entry(self._ledger.seq) if ours else None
        if last is None or last.record.kind != "book.closed":
            return False
        if not succession.is_waiting(self.folder):
            reason = str(last.record.body.get("reason"))
            self._prepare_succession(Head(last.record.seq, last.hash), reason, self._inheritance())
        return True

    def _open_next(self) -> Opening:
        """The next book comes into this one's place. Raises BookUnsafe; then the next opening tries again."""
        self._journal.close()
        self._leave_for(succession.goes_to(self.folder), journals.all_segments(self.folder))
        with saving():
            known = succession.go_over(self.folder, self._disk, self.book_id)
        return self._open(known=known)

    def _leave_for(self, office: Enrolment | None, segments: Sequence[Path]) -> None:
        """What these segments name and the office of this book does not have waits for it when the handheld goes to
        another place. Raises BookUnsafe."""
        before = read_office(self.folder, self._ledger)
        if before is not None and office is not None and before.place != office.place:
            with saving():
                self._blobs.leave(before.place, segments)

    def _begin_again(self) -> None:
        """What was known of the old book is not of the new one."""
        self._live.forget()
        self.office = read_office(self.folder, self._ledger)
        self.shelf = Shelf(self.folder, self.book, self._ledger.seq, self._disk)

    def closed_books(self, *, every: bool = False) -> Generator[closed.ClosedBook]:
        """Closed books with records that no office has acknowledged, or `every` one; one at a time."""
        try:
            yield from closed.closed_books(self.folder, self._disk, self._keys.identity, every=every)
        finally:
            self._waiting = closed.waiting(self.folder)

    @property
    def introduced(self) -> bool:
        """Whether an office has taken this very book: it has a `book.enrolled` of its own."""
        return self._ledger.enrolled is not None

    def first_state(self) -> bytes | None:
        """The state that this book took over from the one before; None when there was none, or it is gone."""
        found = succession.first_snapshot(self.folder)
        return found.state.data if found and found.book == self.book_id and found.state else None

    def close(self) -> None:
        """Save the shelf if it changed, and free the lock. Nothing that was appended depends on it."""
        with self._lock:
            if self._held is None:
                return
            with contextlib.suppress(OSError):  # a view: the next start makes it again
                self.shelf.close()
            self._journal.close()
            os.close(self._held)
            self._held = None

    def _must_be_open(self) -> None:
        if self._held is None:
            raise BookError("book.closed")

    # -- what is known --------------------------------------------------------------------------
    @property
    def book(self) -> bytes:
        """The book's id, 32 bytes."""
        return self._ledger.book

    @property
    def book_id(self) -> str:
        """The book's id in hex: the fingerprint of its first key."""
        return self._ledger.book.hex()

    @property
    def head(self) -> Head:
        """The last record that is durable: what follows it was found at an opening that the disk refused to make sound,
        and is not given out until it does."""
        return self._journal.durable

    @property
    def acked(self) -> int:
        """The highest number the office has acknowledged without a gap."""
        return self._ledger.acked

    @property
    def unsent(self) -> int:
        """Records no office has acknowledged, those of closed books too."""
        return max(0, self.head.seq - self._ledger.acked) + self._waiting

    @property
    def is_owed(self) -> bool:
        """Whether the office of this book lacks records of it, or of a closed one of the same site there."""
        return self.head.seq > self.acked or closed.waiting(self.folder, self.office) > 0

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Records this handheld lost; each is declared by a `damage.declared`."""
        return tuple(self._ledger.holes)

    @property
    def gaps(self) -> tuple[Hole, ...]:
        """All numbers that cannot be sent any more: an office restored from a copy may ask for removed ones."""
        with self._lock:
            return pruning.not_here(self._ledger.holes, pruning.removed(self.folder))

    @property
    def identity(self) -> keyring.PrivateIdentity:
        return self._keys.identity

    # -- records --------------------------------------------------------------------------------
    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """Write the drafts, all in one write; they are durable when this returns.

        Raises RecordRefused (a draft breaks the form), BookUnsafe (not written) or BookUnknown
        (perhaps written: reopen and look). Nothing is half-written in any case but the last.
        """
        with self._lock:
            return self._append(drafts)

    def _append(self, drafts: Sequence[Draft], notes: Sequence[dict[str, Any]] = ()) -> tuple[Entry, ...]:
        self._make_ready()
        return self._write(drafts, notes)

    def _write(self, drafts: Sequence[Draft], notes: Sequence[dict[str, Any]]) -> tuple[Entry, ...]:
        entries = self._chained(drafts)
        rows = [Row(entry.raw, entry.hash) for entry in entries] + [Row(note_raw(note)) for note in notes]
        if rows:
            self._journal.commit(rows)
            self._blobs.named(entry.raw for entry in entries)
        return entries

    def _chained(self, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        return chained(drafts, self.book, self._ledger.seq, self._ledger.hash, self._clock.now())

    def entries(self, first: int = 1, limit: int | None = None) -> Iterator[Entry]:
        """Durable records from number `first`, read from the disk as they are asked for; those not here are left out.

        They end with the book: when another one has come into its place meanwhile, nothing more is given.
        """
        book = self.book
        last = self.head.seq
        left = last if limit is None else limit
        while True:
            try:
                for entry in read_entries(self.folder, self._ledger, first, left):
                    if entry.record.seq > last or self.book != book:
                        return
                    yield entry
                    first, left = entry.record.seq + 1, left - 1
                return
            except (Unsound, BookUnsafe, ChainBroken) as e:
                with self._lock:  # a succession holds it until the next book stands
                    if self.book != book:
                        return
                    if not isinstance(e, Unsound):
                        raise
                    self._read_everything()
                last = self.head.seq

    def entry(self, seq: int) -> Entry | None:
        """One record; None when it is lost or not written yet."""
        return next((e for e in self.entries(seq, 1) if e.record.seq == seq), None)

    # -- what records name ----------------------------------------------------------------------
    def attach(self, data: bytes) -> Attachment:
        """Keep a picture for a record that names it, durable when this returns (decision 12). It goes again when no
        record of this run of the program does.

        Raises RecordRefused (no picture, or too large) or BookUnsafe.
        """
        found = described(data)
        self._keep_blob(data)
        return found

    def blob(self, name: str) -> bytes | None:
        """What a record names by this SHA-256; None when it is not here, or not as it was. Raises BookUnsafe."""
        return read_blob(self.folder / "blobs", name)

    def blobs_waiting(self) -> list[str]:
        """Those that the office of this book does not have, named by its records or by those of a closed book of the
        same site there. Raises BookUnsafe.
        """
        with self._lock, reading():
            return self._blobs.waiting(self._segments([self.folder, *closed.homes_at(self.folder, self.office)]))

    def _segments(self, folders: Sequence[Path]) -> list[Path]:
        return [path for folder in folders for _, path in journals.segments(folder)]

    def blobs_doubted(self) -> None:
        """The office came back from a copy: what it said that it has may be gone there, at whichever of its sites.
        Raises BookUnsafe."""
        with self._lock, saving():
            if self.office is None:
                return
            self._blobs.doubt(self.office.place)
            for left in closed.offices(self.folder):
                if left.server_key == self.office.server_key and left.place != self.office.place:
                    self._blobs.doubt(left.place, left=True)

    def blob_held(self, name: str) -> None:
        """The office has it too. Raises BookUnsafe."""
        with self._lock, saving():
            if self.office is not None:
                self._blobs.hold(name, self.office.place)

    def blobs_left(self, office: Enrolment | None = None) -> list[str]:
        """Those whose records were pruned, or that waited when the handheld left: that `office`, without one that of
        this book, is asked once more for each, and sent what it does not have. Raises BookUnsafe.
        """
        found = office or self.office
        with self._lock, reading():
            return self._blobs.left().get(found.place, []) if found else []

    def blobs_left_elsewhere(self) -> dict[str, list[str]]:
        """Those that wait for offices and sites of closed books, by their place. Raises BookUnsafe."""
        with self._lock, reading():
            return {
                place: names
                for place, names in self._blobs.left().items()
                if self.office and place != self.office.place
            }

    def blob_let_go(self, name: str, office: Enrolment | None = None) -> None:
        """That office has it, as it said when it was asked once more: the file goes, unless a record here names it.
        Raises BookUnsafe."""
        found = office or self.office
        with self._lock, saving():
            if found is not None:
                self._blobs.let_go(name, found.place, journals.all_segments(self.folder))

    def set_apart(self, text: str) -> str:
        """Keep a personal text beside the book (decision 9): the hash that its record holds, of a salt and the text.

        Raises RecordRefused (too long) or BookUnsafe.
        """
        return self._keep_blob(salted(text))

    def text_of(self, name: str) -> str | None:
        """A text by the hash in its record; None once it was forgotten. Raises BookUnsafe."""
        found = self.blob(name)
        return None if found is None else found[SALT:].decode("utf-8", "replace")

    def forget_text(self, name: str) -> None:
        """Overwritten and gone when this returns; its record and the chain stay as they are. Raises BookUnsafe."""
        with self._lock, saving():
            self._must_be_open()
            self._blobs.forget(name)

    def _keep_blob(self, data: bytes) -> str:
        with self._lock, saving():
            self._must_be_open()
            return self._blobs.keep(data)

    def _settle_blobs(self) -> None:
        """A disk that does not take it now is asked again by the next opening."""
        if os.path.isdir(self._blobs.folder):
            with contextlib.suppress(BookUnsafe):
                self._blobs.settle(journals.all_segments(self.folder))

    # -- notes ----------------------------------------------------------------------------------
    def note(self, note: dict[str, Any]) -> None:
        """An unnumbered line, durable when this returns; `note["note"]` says what it is."""
        with self._lock:
            self._append((), (note,))

    def notes(self) -> Iterator[dict[str, Any]]:
        self._must_be_sound()
        return read_notes(self.folder, self._ledger)

    def _must_be_sound(self) -> None:
        """All segments are read, once."""
        try:
            for _ in self._ledger.notes():
                pass
        except Unsound:
            self._read_everything()

    def receipt(self, receipt: dict[str, Any]) -> None:
        """The office holds everything of receipt["book"] up to receipt["seq"], whose hash is receipt["hash"]. Never
        moves back.

        Raises BookEnded when that book is not in use any more, ChainBroken when the office's record is not ours. The
        signature is the caller's to check.
        """
        with self.still(bytes.fromhex(receipt["book"])):
            seq = int(receipt["seq"])
            if seq <= self._ledger.acked:
                return
            if seq > self._ledger.seq or self.hash_of(seq) not in (None, receipt["hash"]):
                raise ChainBroken("book.fork", seq=seq)
            self._write((), ({**receipt, "note": "receipt"},))

    def hash_of(self, seq: int) -> str | None:
        """The chain's hash after record `seq`, hex; None when that record is lost or not written."""
        if seq == self._ledger.seq:
            return self._ledger.hash.hex()
        if seq == self._ledger.segments[-1].first - 1 and not any(hole.last == seq for hole in self.holes):
            return self._ledger.segments[-1].previous.hex()
        entry = self.entry(seq)
        return None if entry is None else entry.hash.hex()

    # -- live state -----------------------------------------------------------------------------
    def keep_state(self, seq: int, data: Callable[[], bytes]) -> None:
        """What the records up to `seq` come to. The next segment keeps the newest that was given (decision 14);
        `data` is called then, on whatever thread writes, and gives bytes that only the owner understands.
        """
        self._live.give(seq, data)

    def kept_state(self) -> LiveState | None:
        """The newest state that a segment kept and that is still as it was written; None before the first."""
        return self._live.kept(self._ledger)

    def lacks(self, upto: int) -> bool:
        """Whether any record up to number `upto` is not here any more."""
        return self._ledger.pruned > 0 or any(hole.first <= upto for hole in self._ledger.holes)

    # -- signatures -----------------------------------------------------------------------------
    def sign_head(self) -> dict[str, Any]:
        """Sign the head with the shift key and note it. Raises ChainBroken when the key is lost."""
        with self._lock:
            self._make_ready()
            note = self._signer.head_note(self.head)
            self._write((), (note,))
            return note

    def signable(self, first: int, last: int) -> int:
        """Up to which of the records `first` … `last` a head can be signed: an open book signs any."""
        return last

    def head_signature(self, seq: int, link: bytes) -> tuple[str, str]:
        """(shift public key, signature) over a head, both hex; nothing is noted."""
        with self._lock:
            return self._signer.head(seq, link)

    def append_rotating(self, *drafts: Draft) -> tuple[Entry, ...]:
        """`key.certified` and then the drafts, in one write; afterwards only the new shift key signs.

        For opening a shift (decision 16), which begins a segment and takes the reserve; a disk without room for
        them keeps nobody from working. When the old key is lost the drafts are written without it: recording
        goes on. Raises as `append` does.
        """
        with self._lock:
            self._make_ready()
            with contextlib.suppress(BookUnsafe):
                if self._journal.has_records:
                    self._journal.next_segment()
                self.reserve()
            try:
                certified = self._signer.certify()
            except ChainBroken:
                return self._append(drafts)
            except OSError as e:
                raise unsafe(e) from e
            try:
                entries = self._append((certified, *drafts))
            except (BookUnsafe, RecordRefused):
                self._keys.forget_next()
                raise
            self._keys.take_over()
            return entries

    # -- room and age ---------------------------------------------------------------------------
    def reserve(self) -> None:
        """Room for a round is set aside when this returns. Raises BookUnsafe `book.no_reserve` when there is none."""
        with self._lock:
            self._must_be_open()
            try:
                self._journal.reserve.take()
            except OSError as e:
                raise BookUnsafe("book.no_reserve") if e.errno in FULL else unsafe(e) from e

    def prune(self, keep_days: int) -> int:
        """Remove records that the office has had for so many days (app.logbook.pruning); how many.

        Days count by the office's clock, as its receipts tell it. A call removes a few segments, or one closed book:
        call it until it gives 0. Raises BookUnsafe or BookUnknown, as `append` does;
        what was decided by then is finished at a later call, or by the next opening.
        """
        with self._lock:
            self._make_ready()
            self._finish_pruning()
            before = pruning.days_ago(keep_days, self._clock.now(), self._ledger)
            try:
                removed = self._prune(before)
            except Unsound:
                self._read_everything()
                removed = self._prune(before)
            return removed or self._remove_closed(before)

    def _remove_closed(self, before: int) -> int:
        """A closed book that the office has held whole since `before` goes altogether; how many records it had.

        Not before an office has taken this book: until then that one's records say where this handheld is enrolled.
        """
        if not self.introduced:
            return 0
        found = next(closed.settled(self.folder, before, self.blobs_left_elsewhere()), None)
        if found is None:
            return 0
        if found["book"] not in self._told_removed():
            self._write([Draft("book.removed", found)], ())
        with saving():
            closed.remove(self.folder, self._disk, found["book"], self._blobs, self._ledger)
        return int(found["seq"])

    def _told_removed(self) -> set[Any]:
        """Ids of closed books that a `book.removed` names."""
        own = filter(None, map(self.entry, tuple(self._ledger.own)))
        return {entry.record.body.get("book") for entry in own if entry.record.kind == "book.removed"}

    def _prune(self, before: int) -> int:
        cut = pruning.cut_of(self.folder, self._ledger, before)
        if not cut:
            return 0
        for segment in self._ledger.segments:
            if segment.number < cut:
                self._ledger.check(segment.number)
        found = pruning.going(self.folder, self._ledger, cut)
        self._announce(found.runs)
        self._write((), ({"note": "prune", "segment": cut},))
        self._finish_pruning(found)
        return found.records

    def _announce(self, runs: Sequence[Run]) -> None:
        """A record for each run that goes, or whose record was lost."""
        new = [run for run in runs if (run.first, run.last) not in self._ledger.announced]
        self._write([Draft("book.pruned", pruning.announcement(run)) for run in new], ())

    def _finish_pruning(self, decided: pruning.Going | None = None) -> None:
        if decided is None and not pruning.is_unfinished(self.folder, self._ledger):
            return
        with saving():
            pruning.finish(self.folder, self._disk, self._ledger, self._blobs, decided)

    def _settle_pruning(self) -> None:
        """A disk that does not finish it now is asked again by the next call of `prune`."""
        closed.clear_removed(self.folder, self._blobs, self._ledger)
        with contextlib.suppress(BookUnsafe, ChainBroken, Unsound):
            self._finish_pruning()

    # -- the office -----------------------------------------------------------------------------
    def receive(self, items: Sequence[Received], cursor: str, book: bytes | None = None) -> None:
        """Pages from the office and the cursor behind them. The cursor counts only when all of them do. They are for
        `book`, without one for that in use: BookEnded when another one is meanwhile.

        The bodies are written before the book's lock is taken: no key press waits for a large plan.
        """
        self._must_be_open()
        book = book or self.book
        with self._receiving, saving():
            keep_bodies(self.folder, self._disk, items)
        with self.still(book):
            self._write((), page_notes([received.item for received in items], cursor))

    def pages(self, kind: str) -> dict[str, PageItem]:
        """The newest of each page of a kind by id, without the withdrawn; the one received last stands last."""
        return newest_pages(self._ledger, kind)

    def page(self, kind: str, id: str | None = None) -> bytes | None:
        """A page's newest body that is still as it was received, without `id` the kind's newest; None before."""
        return read_page(self.folder, self._ledger, kind, id)

    def earlier(self, kind: str) -> Iterator[bytes]:
        """Every body of a kind that is still here, received last first, withdrawn or not. Slow: reads all notes."""
        self._must_be_sound()
        return read_earlier(self.folder, self._ledger, kind)

    def received(self, sha256: str) -> bytes | None:
        """A received body by its hash: the plan a round was started under."""
        return read_received(self.folder, sha256)

    @property
    def cursor(self) -> str:
        """Where the office's changes were read up to; "" before the first."""
        return self._ledger.cursor

    def enrolled(self, enrolment: Enrolment) -> None:
        """Record what the office answered, and keep it for the next start."""
        with self._lock:
            self._leave_for(enrolment, self._segments(closed.homes_at(self.folder, self.office)))
            self._append((enrolled(enrolment),))
            with saving():
                keep_office(self.folder / "office.json", self._disk, "office", enrolment)
            self.office = enrolment
