"""The logbook of a handheld: the one door to its disk.

Whatever the crew does is appended here, and `append` returns only when it would survive a power cut.
One folder is one book (decision 1). What the records mean is not known here.
"""

import contextlib
import hmac
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from threading import Lock, RLock
from typing import Any

import msgspec
from msgspec import Struct

from app.errors import BookError, BookUnknown, BookUnsafe, ChainBroken, RecordRefused
from app.logbook import journal as journals
from app.logbook import keys as keyring
from app.logbook import pruning, succession
from app.logbook.chain import Damage, Hole
from app.logbook.disk import FULL, Disk, lock, unsafe
from app.logbook.journal import Journal, Row, Space
from app.logbook.lines import Head, Ledger, Run, Unsound, encode_json, note_raw, written_line
from app.logbook.reader import (
    Enrolment,
    Opening,
    Reader,
    newest_pages,
    read_earlier,
    read_entries,
    read_notes,
    read_office,
    read_page,
    read_received,
)
from app.logbook.shelf import Shelf
from app.logbook.snapshots import LiveState, PageItem, read_snapshot
from app.ports import Clock, Moment
from app.record import MAX_BYTES, Entry, Record, encode, follow
from app.version import VERSION


class Draft(Struct, frozen=True):
    """A record before the logbook gives it number, time and place in the chain."""

    kind: str
    body: dict[str, Any]
    by: tuple[str, ...] = ()
    v: int = 1
    token: bytes = b""
    """A label's token: the logbook adds `proof` to the body (decision 25); the token itself is never written."""


class Received(Struct, frozen=True):
    """A page from the office: a plan, the people, their credentials."""

    kind: str
    id: str
    rev: int
    body: bytes | None
    """None withdraws it."""

    @property
    def item(self) -> PageItem:
        return PageItem(self.kind, self.id, self.rev, "" if self.body is None else sha256(self.body).hexdigest())


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

        Raises BookInUse when another writer has it, BookUnsafe when the disk cannot take a record.
        """
        disk = disk or Disk()
        try:
            disk.make_folder("folder.make", folder)
            held = lock(folder)
        except OSError as e:
            raise unsafe(e) from e
        try:
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
        self._live: tuple[int, Callable[[], bytes]] | None = None
        self._waiting = 0
        """Records of closed books that no office has acknowledged."""
        self._keys = keyring.Keys(folder, disk)
        self.opening = Opening()
        self.opening = self._open()
        self._keys.identity.named = self._named_identity
        self.office: Enrolment | None = read_office(folder, self._ledger)
        self.shelf = Shelf(folder, self.book, self.head.seq, disk)

    # -- opening --------------------------------------------------------------------------------
    def _open(self, everything: bool = False) -> Opening:
        """From the newest segment, or from every one. Raises BookUnsafe."""
        try:
            succession.arrive(self.folder, self._disk)
        except OSError as e:
            raise unsafe(e) from e
        hint = journals.read_hint(self.folder)
        resumed = None if everything else journals.resume(self.folder, hint)
        ledger, torn = resumed or journals.replay(self.folder, hint)
        fresh = not ledger.book
        if fresh:
            ledger, torn = self._begin(hint)
        self._ledger = ledger
        damage = self._undeclared = ledger.new_damage
        try:
            self._journal = Journal(self.folder, self._disk, self._space, ledger, torn, self._live_state)
        except OSError as e:
            raise unsafe(e) from e
        try:
            self._make_sound()
            if self._ended():
                return self._open_next()
            self._settle_keys()
            self._settle_pruning()
        except BaseException:
            self._journal.close()
            raise
        self._head = Head(ledger.seq, ledger.hash)
        self._waiting = succession.waiting(self.folder)
        if fresh and hint is not None:
            damage = (Damage(0, 0, 0, 1, hint.seq), *damage)
        return Opening(fresh, self._journal.set_aside, damage)

    def _make_sound(self) -> None:
        """A full disk keeps nobody from reading; the first append will try again."""
        try:
            self._settle()
        except BookUnsafe as e:
            if e.key != "book.disk_full":
                raise

    def _settle(self) -> None:
        """Before anything is written: what replay found is durable, torn bytes are aside, damage is declared."""
        self._journal.settle()
        if self._undeclared:
            self._declare(self._undeclared)
            self._undeclared = ()
        self._announce(self._ledger.runs)

    def _begin(self, hint: journals.Hint | None) -> tuple[Ledger, bytes]:
        """A new book; when another one stood here and its journal is gone, record 1 names it."""
        try:
            key = self._keys.begin(fresh=hint is not None or bool(journals.segments(self.folder)))
            self._keep_unreadable()
        except OSError as e:
            raise unsafe(e) from e
        book = keyring.book_id(key.public)
        raw = self._opened(key, hint)
        journals.create(self.folder, self._disk, self._space, book, written_line(follow(book, raw), raw))
        return journals.replay(self.folder, None)

    def _opened(self, key: keyring.PrivateKey, after: journals.Hint | None) -> bytes:
        """Record 1 of a book whose first key is `key`."""
        identity = self._keys.identity.public
        body: dict[str, Any] = {
            "cert": key.sign(keyring.identity_message(identity)).hex(),
            "identity": identity.hex(),
            "key": key.public.hex(),
            "program": VERSION,
        }
        if after is not None:
            body["after"] = {"book": after.book, "hash": after.hash, "seq": after.seq}
        return encode(_record(1, Draft("book.opened", body), self._clock.now()))

    def _keep_unreadable(self) -> None:
        """A journal of which nothing can be read makes way for a new book; its bytes are kept."""
        old = self.folder / "journal"
        if not journals.segments(self.folder):
            return
        number = 1
        while (aside := self.folder / f"torn-journal-{number}").exists():
            number += 1
        self._disk.rename("torn.rename", old, aside)
        self._disk.sync_folder("torn.folder", self.folder)

    def _declare(self, damage: tuple[Damage, ...]) -> None:
        """The bad stretch stays as it is; a new segment begins with what was lost (decision 8)."""
        self._journal.next_segment()
        notes = [{"length": d.length, "note": "damage", "offset": d.offset, "segment": d.segment} for d in damage]
        lost = {(d.first, d.last) for d in damage}
        holes = [hole for hole in self._ledger.holes if (hole.first, hole.last) in lost]
        holes.sort(key=lambda hole: -hole.first)
        self._write([_declaration(hole) for hole in holes], notes)

    def _read_everything(self) -> None:
        """An earlier segment is not what it was: find and declare what is lost. Raises BookUnsafe."""
        with self._lock:
            self._must_be_open()
            before = self.opening
            self._journal.close()
            found = self._open(everything=True)
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

    def _settle_keys(self) -> None:
        if self._keys.unsettled():
            try:
                self._keys.settle(self._named_key())
            except OSError as e:
                raise unsafe(e) from e

    def _named_identity(self) -> bytes | None:
        """The identity that record 1 names; None when it is lost."""
        opened = self.entry(1)
        return None if opened is None else bytes.fromhex(str(opened.record.body.get("identity", "")))

    def _named_key(self) -> bytes | None:
        """The shift key the book names last; None when the record that did is lost."""
        return self._ledger.key or None

    def _signer(self) -> keyring.PrivateKey:
        """The key to sign with. Raises ChainBroken when it is lost, or not the one the book names.

        With a hole in the book the record that names our key may be in it: then we sign with what we
        hold, and checking says that a key record is lost.
        """
        key = self._keys.shift()
        if key is None or (key.public != self._named_key() and not self._ledger.holes):
            raise ChainBroken("book.key_lost")
        return key

    def reopen(self) -> Opening:
        """Read the journal again after BookUnknown: what is found now is durable, the rest never was."""
        with self._lock:
            self._must_be_open()
            before = self._ledger.book
            self._journal.close()
            self.opening = self._open()
            if self._ledger.book != before:
                self._begin_again()
            return self.opening

    # -- succession -----------------------------------------------------------------------------
    def candidate(self) -> Candidate:
        """The book that `succeed` would begin: the same at each call until it did. Raises BookUnsafe, ChainBroken."""
        with self._lock:
            self._must_be_open()
            key = self._candidate()
            cert = key.sign(keyring.identity_message(self._keys.identity.public))
            return Candidate(keyring.book_id(key.public), key.public, cert)

    def _candidate(self) -> keyring.PrivateKey:
        try:
            return self._keys.candidate(self.book)
        except OSError as e:
            raise unsafe(e) from e

    def succeed(
        self, reason: str, office: Enrolment | None = None, fold: Callable[["Logbook"], object] | None = None
    ) -> None:
        """Close this book for one of `succession.REASONS` and go on in a new one that names it (decisions 1, 8).

        With `office` the new one begins empty and is enrolled there; else pages and live state go on in it, the
        state only when it is of all records: `fold` is called to give it (`keep_state`) if nobody has. Raises
        BookUnsafe (this book goes on) or BookUnknown (`reopen` tells which one stands).
        """
        with self._lock:
            self._must_be_open()
            self._settle()
            if fold is not None and not self._is_folded():
                fold(self)
            [closing] = self._chain([Draft("book.closed", {"reason": reason})])
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
        state = self._live[1]() if self._live is not None and self._is_folded() else None
        return succession.Inheritance(self._ledger.page_items(), self._ledger.cursor, state, shelf=True)

    def _is_folded(self) -> bool:
        return self._live is not None and self._live[0] == self._ledger.seq

    def _prepare_succession(self, head: Head, reason: str, given: succession.Inheritance) -> list[Row]:
        """All that needs room on the disk, before the book is closed; what signs its last head. Raises BookUnsafe."""
        try:
            signer: keyring.PrivateKey | None = self._signer()
        except ChainBroken:
            signer = None
        key, now = self._candidate(), self._clock.now()
        after = journals.Hint(self.book_id, head.hash.hex(), head.seq)
        records = [self._opened(key, after)]
        if given.office is not None:
            records.append(encode(_record(2, _enrolled(given.office), now)))
        summary = succession.Summary(self.book_id, head.seq, head.hash.hex(), self.acked, reason, now.at)
        heads = chain(((e.record.seq, e.hash) for e in self.entries()), [(head.seq, head.hash)])
        try:
            succession.prepare_closed(self.folder, self._disk, summary, heads, self.holes, signer)
            self._keys.promise(key)
            book = keyring.book_id(key.public)
            succession.prepare_next(self.folder, self._disk, self._space, book, records, self.book_id, given)
        except OSError as e:
            raise unsafe(e) from e
        return [] if signer is None else [Row(note_raw(self._head_note(head, signer)))]

    def _ended(self) -> bool:
        """Whether this book's end is durable and the next one is not in its place. Raises BookUnsafe."""
        if succession.is_waiting(self.folder) and not succession.follows(self.folder, self._ledger):
            succession.abandon(self.folder)
        ours = self._ledger.own[-1:] == [self._ledger.seq] and self._journal.has_records
        last = self.entry(self._ledger.seq) if ours else None
        if last is None or last.record.kind != "book.closed":
            return False
        if not succession.is_waiting(self.folder):
            given = succession.Inheritance(self._ledger.page_items(), self._ledger.cursor, shelf=True)
            self._prepare_succession(Head(last.record.seq, last.hash), str(last.record.body.get("reason")), given)
        return True

    def _open_next(self) -> Opening:
        """The next book comes into this one's place. Raises BookUnsafe; then the next opening tries again."""
        self._journal.close()
        try:
            succession.go_over(self.folder, self._disk, self.book_id)
        except OSError as e:
            raise unsafe(e) from e
        return self._open()

    def _begin_again(self) -> None:
        """What was known of the old book is not of the new one."""
        self._live = None
        self.office = read_office(self.folder, self._ledger)
        self.shelf = Shelf(self.folder, self.book, self._ledger.seq, self._disk)

    def closed_books(self) -> Generator[succession.ClosedBook]:
        """Closed books with records that no office has acknowledged; one at a time, closed after use."""
        try:
            yield from succession.closed_books(self.folder, self._disk, self._keys.identity)
        finally:
            self._waiting = succession.waiting(self.folder)

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
        return self._head

    @property
    def acked(self) -> int:
        """The highest number the office has acknowledged without a gap."""
        return self._ledger.acked

    @property
    def unsent(self) -> int:
        """Records no office has acknowledged, those of closed books too."""
        return max(0, self._ledger.seq - self._ledger.acked) + self._waiting

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Records this handheld lost; each is declared by a `damage.declared`."""
        return tuple(self._ledger.holes)

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
        self._must_be_open()
        self._settle()
        return self._write(drafts, notes)

    def _write(self, drafts: Sequence[Draft], notes: Sequence[dict[str, Any]]) -> tuple[Entry, ...]:
        entries = self._chain(drafts)
        rows = [Row(entry.raw, entry.hash) for entry in entries] + [Row(note_raw(note)) for note in notes]
        if rows:
            self._journal.commit(rows)
            self._head = Head(self._ledger.seq, self._ledger.hash)
        return entries

    def _chain(self, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        now = self._clock.now()
        seq, link = self._ledger.seq, self._ledger.hash
        entries = []
        for draft in drafts:
            seq += 1
            if draft.token:
                draft = _prove(draft, self.book, seq, link)
            record = _record(seq, draft, now)
            raw = encode(record)
            link = follow(link, raw)
            entries.append(Entry(record, raw, link))
        return tuple(entries)

    def entries(self, first: int = 1, limit: int | None = None) -> Iterator[Entry]:
        """Records from number `first`, read from the disk as they are asked for; those not here are passed over."""
        last, left = self._ledger.seq, self._ledger.seq if limit is None else limit
        while True:
            try:
                for entry in read_entries(self.folder, self._ledger, first, left):
                    if entry.record.seq > last:
                        return
                    yield entry
                    first, left = entry.record.seq + 1, left - 1
                return
            except Unsound:
                self._read_everything()
                last = self._ledger.seq

    def entry(self, seq: int) -> Entry | None:
        """One record; None when it is lost or not written yet."""
        return next((e for e in self.entries(seq, 1) if e.record.seq == seq), None)

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
        """The office holds everything up to receipt["seq"], whose hash is receipt["hash"]. Never moves back.

        Raises ChainBroken when the office's record is not ours. The signature is the caller's to check.
        """
        with self._lock:
            seq = int(receipt["seq"])
            if seq <= self._ledger.acked:
                return
            if seq > self._ledger.seq or self.hash_of(seq) not in (None, receipt["hash"]):
                raise ChainBroken("book.fork", seq=seq)
            self._append((), ({**receipt, "note": "receipt"},))

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
        self._live = seq, data

    def kept_state(self) -> LiveState | None:
        """The newest state that a segment kept and that is still as it was written; None before the first."""
        for name in reversed(self._ledger.snapshots):
            found = read_snapshot(self.folder, name)
            if found is not None and found.book == self.book_id and found.state is not None:
                return found.state if found.state.seq <= self._ledger.seq else None
        return None

    def _live_state(self) -> LiveState | None:
        """What was given since the start, else what an earlier segment kept: who knows no state drops none."""
        if self._live is not None and self._live[0] <= self._ledger.seq:
            return LiveState(self._nothing_new(self._live[0]), self._live[1]())
        return self.kept_state()

    def _nothing_new(self, seq: int) -> int:
        """The state after record `seq` still holds after this one: what the logbook itself says changes none."""
        own = set(self._ledger.own)
        while seq + 1 in own:
            seq += 1
        return seq

    def lacks(self, upto: int) -> bool:
        """Whether any record up to number `upto` is not here any more."""
        return self._ledger.pruned > 0 or any(hole.first <= upto for hole in self._ledger.holes)

    # -- signatures -----------------------------------------------------------------------------
    def sign_head(self) -> dict[str, Any]:
        """Sign the head with the shift key and note it. Raises ChainBroken when the key is lost."""
        with self._lock:
            note = self._head_note(self.head, self._signer())
            self._append((), (note,))
            return note

    def _head_note(self, head: Head, signer: keyring.PrivateKey) -> dict[str, Any]:
        return {
            "book": self.book_id,
            "hash": head.hash.hex(),
            "key": signer.public.hex(),
            "note": "head",
            "seq": head.seq,
            "sig": signer.sign(keyring.head_message(self.book, head.seq, head.hash)).hex(),
        }

    def signable(self, first: int, last: int) -> int:
        """Up to which of the records `first` … `last` a head can be signed: an open book signs any."""
        return last

    def head_signature(self, seq: int, link: bytes) -> tuple[str, str]:
        """(shift public key, signature) over a head, both hex; nothing is noted."""
        with self._lock:
            key = self._signer()
            return key.public.hex(), key.sign(keyring.head_message(self.book, seq, link)).hex()

    def append_rotating(self, *drafts: Draft) -> tuple[Entry, ...]:
        """`key.certified` and then the drafts, in one write; afterwards only the new shift key signs.

        For opening a shift (decision 16), which begins a segment and takes the reserve; a disk without room for
        them keeps nobody from working. When the old key is lost the drafts are written without it: recording
        goes on. Raises as `append` does.
        """
        with self._lock:
            self._must_be_open()
            self._settle()
            with contextlib.suppress(BookUnsafe):
                if self._journal.has_records:
                    self._journal.next_segment()
                self.reserve()
            try:
                certified = self._certify()
            except ChainBroken:
                return self._append(drafts)
            try:
                entries = self._append((certified, *drafts))
            except (BookUnsafe, RecordRefused):
                self._keys.forget_next()
                raise
            self._keys.take_over()
            return entries

    def _certify(self) -> Draft:
        """A next key, certified by the one that signs now, which also signs the book up to here for the last time."""
        signer = self._signer()
        last = signer.sign(keyring.head_message(self.book, self._ledger.seq, self._ledger.hash))
        try:
            public, cert = self._keys.prepare(self.book, signer)
        except OSError as e:
            raise unsafe(e) from e
        return Draft("key.certified", {"cert": cert.hex(), "head": last.hex(), "key": public.hex()})

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

        A call removes a few segments: call it until it gives 0. Raises BookUnsafe or BookUnknown, as `append` does;
        what was decided by then is finished at a later call, or by the next opening.
        """
        with self._lock:
            self._must_be_open()
            self._settle()
            self._finish_pruning()
            now = self._clock.now()
            before = now.at + (now.off or 0) - keep_days * pruning.DAY_MS
            try:
                return self._prune(before)
            except Unsound:
                self._read_everything()
                return self._prune(before)

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
        try:
            pruning.finish(self.folder, self._disk, self._ledger, decided)
        except OSError as e:
            raise unsafe(e) from e

    def _settle_pruning(self) -> None:
        """A disk that does not finish it now is asked again by the next call of `prune`."""
        with contextlib.suppress(BookUnsafe, ChainBroken, Unsound):
            self._finish_pruning()

    # -- the office -----------------------------------------------------------------------------
    def receive(self, items: Sequence[Received], cursor: str) -> None:
        """Pages from the office and the cursor behind them. The cursor counts only when all of them do.

        The bodies are written before the book's lock is taken: no key press waits for a large plan.
        """
        self._must_be_open()
        pages = [received.item for received in items]
        with self._receiving:
            try:
                for received, page in zip(items, pages, strict=True):
                    if received.body is not None:
                        self._keep(received.body, page.sha256)
            except OSError as e:
                raise unsafe(e) from e
        with self._lock:
            self._append((), _page_notes(pages, cursor))

    def _keep(self, body: bytes, sha256: str) -> None:
        folder = self.folder / "received"
        self._disk.make_folder("received.make", folder)
        if read_received(self.folder, sha256) is None:
            self._disk.store("received", folder / f"{sha256}.json", body)

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
            self._append((_enrolled(enrolment),))
            self._write_office(enrolment)

    def _write_office(self, enrolment: Enrolment) -> None:
        try:
            self._disk.store("office", self.folder / "office.json", msgspec.json.encode(enrolment, order="sorted"))
        except OSError as e:
            raise unsafe(e) from e
        self.office = enrolment


def _page_notes(items: Sequence[PageItem], cursor: str) -> list[dict[str, Any]]:
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


def _record(seq: int, draft: Draft, now: Moment) -> Record:
    return Record(
        at=now.at,
        body=draft.body,
        boot=now.boot,
        by=draft.by,
        kind=draft.kind,
        off=now.off,
        seq=seq,
        up=now.up,
        v=draft.v,
    )


def proof(token: bytes, previous: bytes, book: bytes, seq: int, body: dict[str, Any]) -> str:
    """That whoever wrote record `seq` held the label's token (decision 25): 16 bytes, hex."""
    message = previous + book + seq.to_bytes(8, "big") + encode_json(body)
    return hmac.digest(token, message, "sha256")[:16].hex()


def _prove(draft: Draft, book: bytes, seq: int, previous: bytes) -> Draft:
    body = {key: value for key, value in draft.body.items() if key != "proof"}
    return Draft(draft.kind, {**body, "proof": proof(draft.token, previous, book, seq, body)}, draft.by, draft.v)


def _declaration(hole: Hole) -> Draft:
    return Draft(
        "damage.declared",
        {"from": hole.first, "last_good": hole.good.hex(), "next": hole.next.hex(), "to": hole.last},
    )


def _enrolled(enrolment: Enrolment) -> Draft:
    return Draft("book.enrolled", msgspec.to_builtins(enrolment))
