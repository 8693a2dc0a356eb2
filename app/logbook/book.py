"""The logbook of a handheld: the one door to its disk.

Whatever the crew does is appended here, and `append` returns only when it would survive a power cut.
One folder is one book (decision 1). What the records mean is not known here.
"""

import contextlib
import hmac
import os
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock, RLock
from typing import Any

import msgspec
from msgspec import Struct

from app.errors import BookError, BookUnsafe, ChainBroken, RecordRefused
from app.logbook import journal as journals
from app.logbook import keys as keyring
from app.logbook.disk import Disk, lock, unsafe
from app.logbook.journal import Journal, Row, Space
from app.logbook.lines import Damage, Head, Hole, Ledger, encode_json, note_raw, written_line
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
from app.version import program


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


class Logbook:
    """The writer's end. Every method may be called from any thread."""

    @classmethod
    def open(cls, folder: Path, clock: Clock, disk: Disk | None = None, space: Space | None = None) -> "Logbook":
        """The book in `folder`, begun if there is none. Damage never refuses: see `opening`.

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
        self._keys = keyring.Keys(folder, disk)
        self.opening = self._open()
        self.office: Enrolment | None = read_office(folder, self._ledger)
        self.shelf = Shelf(folder, self.book, self.head.seq, disk)

    # -- opening --------------------------------------------------------------------------------
    def _open(self) -> Opening:
        hint = journals.read_hint(self.folder)
        ledger, torn = journals.replay(self.folder, hint)
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
            self._settle_keys()
        except BaseException:
            self._journal.close()
            raise
        self._head = Head(ledger.seq, ledger.hash)
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

    def _begin(self, hint: journals.Hint | None) -> tuple[Ledger, bytes]:
        """A new book; when another one stood here and its journal is gone, record 1 names it."""
        try:
            key = self._keys.begin(fresh=hint is not None or bool(journals.segments(self.folder)))
            self._keep_unreadable()
        except OSError as e:
            raise unsafe(e) from e
        book = keyring.book_id(key.public)
        identity = self._keys.identity.public
        body: dict[str, Any] = {
            "cert": key.sign(keyring.identity_message(identity)).hex(),
            "identity": identity.hex(),
            "key": key.public.hex(),
            "program": program(),
        }
        if hint is not None:
            body["after"] = {"book": hint.book, "hash": hint.hash, "seq": hint.seq}
        raw = encode(_record(1, Draft("book.opened", body), self._clock.now()))
        journals.create(self.folder, self._disk, self._space, book, written_line(follow(book, raw), raw))
        return journals.replay(self.folder, None)

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

    def _settle_keys(self) -> None:
        if self._keys.unsettled():
            try:
                self._keys.settle(self._named_key())
            except OSError as e:
                raise unsafe(e) from e

    def _named_key(self) -> bytes | None:
        """The shift key the book names last; None when the record that did is lost."""
        for seq in reversed(self._ledger.own):
            entry = self.entry(seq)
            if entry is not None and entry.record.kind in ("key.certified", "book.opened"):
                return bytes.fromhex(str(entry.record.body["key"]))
        return None

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
            self._journal.close()
            self.opening = self._open()
            return self.opening

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
        return max(0, self._ledger.seq - self._ledger.acked)

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
        """Records from number `first`, read from the disk as they are asked for; lost ones are passed over."""
        return read_entries(self.folder, self._ledger, first, limit)

    def entry(self, seq: int) -> Entry | None:
        """One record; None when it is lost or not written yet."""
        return next((e for e in self.entries(seq, 1) if e.record.seq == seq), None)

    # -- notes ----------------------------------------------------------------------------------
    def note(self, note: dict[str, Any]) -> None:
        """An unnumbered line, durable when this returns; `note["note"]` says what it is."""
        with self._lock:
            self._append((), (note,))

    def notes(self) -> Iterator[dict[str, Any]]:
        return read_notes(self.folder, self._ledger)

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
            return LiveState(self._live[0], self._live[1]())
        return self.kept_state()

    def lacks(self, upto: int) -> bool:
        """Whether any record up to number `upto` is not here any more."""
        return self._ledger.pruned > 0 or any(hole.first <= upto for hole in self._ledger.holes)

    # -- signatures -----------------------------------------------------------------------------
    def sign_head(self) -> dict[str, Any]:
        """Sign the head with the shift key and note it. Raises ChainBroken when the key is lost."""
        with self._lock:
            head = self.head
            key, signature = self.head_signature(head.seq, head.hash)
            note: dict[str, Any] = {
                "book": self.book_id,
                "hash": head.hash.hex(),
                "key": key,
                "note": "head",
                "seq": head.seq,
                "sig": signature,
            }
            self._append((), (note,))
            return note

    def head_signature(self, seq: int, link: bytes) -> tuple[str, str]:
        """(shift public key, signature) over a head, both hex; nothing is noted."""
        with self._lock:
            key = self._signer()
            return key.public.hex(), key.sign(keyring.head_message(self.book, seq, link)).hex()

    def append_rotating(self, *drafts: Draft) -> tuple[Entry, ...]:
        """`key.certified` and then the drafts, in one write; afterwards only the new shift key signs.

        For opening a shift (decision 16). When the old key is lost the drafts are written without it:
        recording goes on. Raises as `append` does.
        """
        with self._lock:
            self._must_be_open()
            self._settle()
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
