"""The check itself: lines of an export in, a report out (docs/record-format.md section 7, docs/evidence.md).

Imports nothing of the program. The caller brings the lines, of one book or of several mixed, and the
Ed25519 check; nothing here looks at a disk or a clock. Every fault has the number of a record; the
lowest is the one that is told: there the book stops being evidence.
"""

import re
from binascii import unhexlify
from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, message) → whether Ed25519 holds; False too when key or signature has not its length."""

MAX_BYTES: Final = 64 * 1024
JUMP_MS: Final = 30_000
"""Wall clock and time since boot may drift apart this far between two records."""
TOLD: Final = 5
"""Clock jumps that a report lists."""
_CODE_DIGITS: Final = 15
_SHOWN: Final = 56
"""Digits of a hash that a witness has at least."""


class Fault(StrEnum):
    """What is wrong; of several at one number the first here is told. Each has a sentence in app/words/book.py."""

    UNREADABLE = "unreadable"
    """A stretch of the journal does not check and is not declared."""
    NOT_A_LINE = "not_a_line"
    NOT_CANONICAL = "not_canonical"
    FORK = "fork"
    """Two records of one number, both in the chain."""
    REPEATED = "repeated"
    """A number stands twice, or after a higher one."""
    ALTERED = "altered"
    """The hash does not follow from the record before."""
    NOTE = "note"
    """An unnumbered line that is not what its hash says, or a signature without its parts."""
    CLOSED = "closed"
    """A record after `book.closed`."""
    MISSING = "missing"
    """Numbers are passed over and no `damage.declared` or `book.pruned` says so."""
    WRONG_KEY = "wrong_key"
    """Record 1 does not hold the key whose hash is the book's id, or its certificate is bad."""
    CERTIFICATE = "certificate"
    """A `key.certified` not signed by the key before it, or that key did not sign all that came before."""
    KEY_LOST = "key_lost"
    """The record that certifies a key is among those lost: who signed from here on cannot be shown."""
    PRUNED = "pruned"
    """A `book.pruned` whose hashes are not those of the chain."""
    HEAD = "head"
    """A head signature that is not of the key of that time, or not over this chain."""
    RECEIPT = "receipt"
    """An office receipt over another chain, or not signed by the office."""
    CUT = "cut"
    """A signature or a receipt speaks of a record after the last one."""
    WITNESS = "witness"
    """Another book saw this one further on, or otherwise."""
    SUCCESSOR = "successor"
    """The book that goes on from this one names another end."""


_OWN: Final = ("book.", "key.", "damage.", "witness.")
"""Kinds that the check itself reads begin so."""
_RANK: Final = {fault: rank for rank, fault in enumerate(Fault)}


class Broken(Struct, frozen=True):
    seq: int
    """The first record that is not as it was written, or not there."""
    fault: Fault
    line: int = 0
    """Line of the export, from 1; 0 when there is none."""


class Jump(Struct, frozen=True):
    seq: int
    """The record after the jump."""
    ms: int
    """How far the wall clock went more than the time since boot; across a boot, how far it went back."""


class BookReport(Struct, frozen=True):
    """What checking one book found."""

    book: str
    """Its id, hex: the fingerprint of its first key."""
    records: int
    head: int
    """The last number reached."""
    trusted: bool | None
    """Whether the fingerprint is the one that was asked for; None when none was."""
    after: str
    """The book that this one says it goes on from; "" when none."""
    closed: str
    """Why it was closed; "" when it was not."""
    signed: int
    """Good signatures of its own keys reach up to this record; what is later is chained but not signed."""
    acked: int
    """Good receipts of a known office reach up to this record."""
    witnessed: int
    """Another book that was given saw it up to this record."""
    heads: int
    receipts: int
    unchecked: int
    """Receipts whose signer is not known here."""
    holes: tuple[tuple[int, int], ...]
    """Lost records that the book itself declares, (first, last)."""
    purged: int
    """Records removed on purpose (decision 9): their number and the chain's hash after them are left."""
    loose: int
    """Records before purged ones that no signature and no `book.pruned` covers: nothing shows that they stood there."""
    set_aside: int
    """Bytes that the office holds in a record's place and that are no record: they keep the chain, and say nothing."""
    witnesses: int
    """Heads of other books that this one saw."""
    agreeing: int
    """Those that are in a book that was given."""
    jumps: tuple[Jump, ...]
    """The first few clock jumps; order never rests on the clock."""
    jump_count: int
    unfinished: int
    """Bytes at the end of the journal that are no whole line."""
    broken: Broken | None

    @property
    def whole(self) -> bool:
        return self.broken is None and self.trusted is not False

    @property
    def vouched(self) -> int:
        """The last record that somebody stands for: a key of the book, an office, another book."""
        return min(self.head, max(self.signed, self.acked, self.witnessed))


class Report(Struct, frozen=True):
    """What checking a folder or a file found; a file may hold several books, or none."""

    books: tuple[BookReport, ...]

    @property
    def whole(self) -> bool:
        return bool(self.books) and all(book.whole for book in self.books)


# -- the form of a record -----------------------------------------------------------------------

_Int = Annotated[int, Meta(ge=-(2**53), le=2**53)]
_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_Plain = _Int | str | bool | None


def _value(depth: int) -> Any:
    """The type of a JSON value that holds no float, and nothing more than `depth` levels below it."""
    if depth == 0:
        empty = Meta(max_length=0)
        return _Plain | Annotated[list[_Plain], empty] | Annotated[dict[str, _Plain], empty]
    inner = _value(depth - 1)
    return _Plain | list[inner] | dict[_Name, inner]  # type: ignore[valid-type]  # computed, for msgspec


if TYPE_CHECKING:
    _Body = dict[str, Any]
else:
    _Body = dict[_Name, _value(7)]


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """A record's members, for the check; app.record says what they mean."""

    at: _Int
    body: _Body
    boot: str
    by: Annotated[tuple[str, ...], Meta(max_length=20)]
    kind: Annotated[str, Meta(max_length=64)]
    off: _Int | None
    seq: _Int
    up: _Int
    v: _Int


_encode = msgspec.json.Encoder(order="sorted").encode
_record_of = msgspec.json.Decoder(Record, strict=True).decode
_note_of = msgspec.json.Decoder(_Body, strict=True).decode
_PLAIN_NAMES: Final = re.compile(
    rb"""(?> [^"]+ | "[ !\#-\[\]-~]*+(?:\\["\\][ !\#-\[\]-~]*+)*+" | "[^"\\]*+(?:\\.[^"\\]*+)*+"(?!:) )*+""",
    re.VERBOSE | re.DOTALL,
)
"""JSON in which every name is printable ASCII: no strings, strings of such characters, others that are no names."""


def canonical_record(raw: bytes) -> Record | None:
    """The record in `raw`, if these are the canonical bytes of one (section 2)."""
    record: Record | None = _canonical(raw, _record_of)
    return record if record and _is_kind(record.kind) and all(map(_is_person, record.by)) else None


@lru_cache(1024)
def _is_kind(text: str) -> bool:
    return bool(re.fullmatch(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9-]*){1,3}", text))


@lru_cache(1024)
def _is_person(text: str) -> bool:
    return bool(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text))


def canonical_note(raw: bytes) -> dict[str, Any] | None:
    note: dict[str, Any] | None = _canonical(raw, _note_of)
    return note


def _canonical(raw: bytes, decode: Callable[[bytes], Any]) -> Any:
    try:
        value = decode(raw)
    except (ValueError, RecursionError):
        return None
    if len(raw) > MAX_BYTES or _encode(value) != raw:
        return None
    plain = raw.isascii() and b"\\" not in raw and b"\x7f" not in raw  # the usual, and quicker to see
    return value if plain or _PLAIN_NAMES.fullmatch(raw) else None


# -- one book -----------------------------------------------------------------------------------


class _Signature(Struct, frozen=True):
    """A head signature or a receipt."""

    book: str
    hash: str
    key: str
    note: str
    seq: int
    sig: str
    at: Any = None


class _Gap(Struct, frozen=True):
    """Numbers passed over: waits for the declaration that names them."""

    first: int
    last: int
    good: bytes
    raw: bytes
    link: bytes
    line: int


class _Book:
    """One book, line by line in the order they were written."""

    def __init__(self, id: str, offices: frozenset[str], verify: Verify) -> None:
        self.id = id
        self.book = bytes.fromhex(id)
        self.seq = 0
        self.links = {0: self.book}
        """The chain's hash after each record."""
        self.faults: list[Broken] = []
        self.seen: list[tuple[int, dict[str, Any]]] = []
        """(number, body) of each `witness.seen`."""
        self.after: dict[str, Any] = {}
        self.closed = 0
        """Number of `book.closed`."""
        self.counts: Counter[str] = Counter()
        self.agreeing = 0
        self.witnessed = 0
        self._verify = verify
        self._offices = offices
        self._enrolled: set[str] = set()
        self._stopped = False
        """The chain itself broke: numbered lines after that say nothing."""
        self._last: Record | None = None
        self._keys: list[tuple[int, bytes]] = []
        """(from this record on, shift public key)"""
        self._key_records: list[tuple[int, Record]] = []
        """(line, record): judged once it is known what was lost between them."""
        self._gaps: list[_Gap] = []
        self._declarations: list[dict[str, Any]] = []
        self._holes: list[tuple[int, int]] = []
        self._purged: list[tuple[int, int, int]] = []
        """(first, last, line)"""
        self._announced: list[tuple[int, Record]] = []
        """(line, book.pruned): compared with the hashes once all are known."""
        self._anchors: set[int] = set()
        """Numbers whose hash somebody vouches for: it stands for all of the unbroken run before it."""
        self._signatures: list[tuple[int, _Signature]] = []
        self._jumps: list[Jump] = []
        self._reason = ""

    def fault(self, seq: int, fault: Fault, line: int = 0) -> None:
        self.faults.append(Broken(max(1, min(seq, self.seq + 1)), fault, line))

    @property
    def broken(self) -> Broken | None:
        return min(self.faults, key=lambda found: (found.seq, _RANK[found.fault]), default=None)

    # -- lines ----------------------------------------------------------------------------------
    def record(self, link: bytes, raw: bytes, line: int) -> None:
        if self._stopped:
            return
        record = canonical_record(raw)
        here, before = self.seq, self.links[self.seq]
        if record is None:
            self._stop(here + 1, Fault.NOT_CANONICAL, line)
        elif record.seq <= here:
            self._stop(record.seq, self._again(record.seq, link, raw), line)
        elif record.seq > here + 1:
            self._gaps.append(_Gap(here + 1, record.seq - 1, before, raw, link, line))
            self._take(record, link, line)
        elif sha256(before + raw).digest() != link:
            self._stop(record.seq, Fault.ALTERED, line)
        else:
            self._take(record, link, line)

    def _again(self, seq: int, link: bytes, raw: bytes) -> Fault:
        before, there = self.links.get(seq - 1), self.links.get(seq)
        other = before is not None and there not in (None, link) and sha256(before + raw).digest() == link
        return Fault.FORK if other else Fault.REPEATED

    def purged(self, seq: int, link: bytes, line: int) -> None:
        """Record `seq` was removed on purpose, and those since the line before it too if a `book.pruned` says so."""
        if self._stopped:
            return
        if seq <= self.seq:
            self._stop(seq, Fault.REPEATED, line)
            return
        self._purged.append((self.seq + 1, seq, line))
        self.seq = seq
        self.links[seq] = link

    def set_aside(self, link: bytes, raw: bytes, line: int) -> None:
        if self._stopped:
            return
        if sha256(self.links[self.seq] + raw).digest() != link:
            self._stop(self.seq + 1, Fault.ALTERED, line)
            return
        self.counts["set_aside"] += 1
        self.seq += 1
        self.links[self.seq] = link

    def note(self, link: bytes, raw: bytes, line: int) -> None:
        note = canonical_note(raw) if sha256(b"watchbook note 1\n" + raw).digest() == link else None
        if note is None:
            self.fault(self.seq + 1, Fault.NOTE, line)
        elif note.get("note") in ("head", "receipt"):
            try:
                self._signatures.append((line, msgspec.convert(note, _Signature)))
            except msgspec.ValidationError:
                self.fault(self.seq + 1, Fault.NOTE, line)

    def _stop(self, seq: int, fault: Fault, line: int) -> None:
        self._stopped = True
        self.fault(seq, fault, line)

    def _take(self, record: Record, link: bytes, line: int) -> None:
        self.seq = record.seq
        self.links[record.seq] = link
        self.counts["records"] += 1
        self._look_at_clock(record)
        if self.closed:
            self.fault(record.seq, Fault.CLOSED, line)
        if record.seq == 1 and record.kind != "book.opened":
            self.fault(1, Fault.WRONG_KEY, line)
        if record.kind.startswith(_OWN):
            self._take_own(record, line)

    def _take_own(self, record: Record, line: int) -> None:
        match record.kind:
            case "book.opened" | "key.certified":
                self._key_records.append((line, record))
                after = record.body.get("after")
                self.after = after if record.seq == 1 and isinstance(after, dict) else self.after
            case "damage.declared":
                self._declarations.append(record.body)
            case "book.pruned":
                self._announced.append((line, record))
            case "book.enrolled":
                self._enrolled.add(str(record.body.get("server_key", "")))
            case "book.closed":
                self.closed, self._reason = record.seq, str(record.body.get("reason", ""))
            case "witness.seen":
                self.seen.append((record.seq, record.body))

    def _look_at_clock(self, record: Record) -> None:
        last, self._last = self._last, record
        if last is None:
            return
        went = record.at - last.at
        if last.boot == record.boot:
            went -= record.up - last.up
            if abs(went) <= JUMP_MS:
                return
        elif went >= 0:
            return
        self.counts["jumps"] += 1
        if len(self._jumps) < TOLD:
            self._jumps.append(Jump(record.seq, went))

    # -- when all lines are read ----------------------------------------------------------------
    def finish(self) -> None:
        for gap in self._gaps:
            before = self._declared(gap)
            if before is None:
                self.fault(gap.first, Fault.MISSING, gap.line)
            else:
                self.links[gap.last] = before
                self._holes.append((gap.first, gap.last))
        if not self.seq:
            self.fault(1, Fault.MISSING)
        self._check_pruned()
        self._check_keys()
        for line, signature in self._signatures:
            self._check_signature(signature, line)

    def _declared(self, gap: _Gap) -> bytes | None:
        """The hash that the record after the gap follows, as the declaration of the gap gives it."""
        for body in self._declarations:
            if (gap.first, gap.last, gap.good.hex()) == (body.get("from"), body.get("to"), body.get("last_good")):
                before = _hex(body.get("next"))
                if sha256(before + gap.raw).digest() == gap.link:
                    return before
        return None

    def _check_pruned(self) -> None:
        """A `book.pruned` gives the hashes at both ends of what it removed: the chain there must be that one."""
        said: list[tuple[int, int]] = []
        for line, record in self._announced:
            first, last = record.body.get("from"), record.body.get("to")
            if type(first) is not int or type(last) is not int:
                continue
            said.append((first, last))
            self._anchors.add(first - 1)
            for seq, name in ((first - 1, "before"), (last, "hash")):
                if seq in self.links and self.links[seq].hex() != record.body.get(name):
                    self.fault(record.seq, Fault.PRUNED, line)
        for first, last, line in self._purged:
            if last > first and not any(a <= first and last <= b for a, b in said):
                self.fault(first, Fault.MISSING, line)

    def _check_keys(self) -> None:
        for line, record in self._key_records:
            body = record.body
            key, identity, cert, head = (_hex(body.get(name)) for name in ("key", "identity", "cert", "head"))
            if record.kind == "book.opened":
                good = record.seq == 1 and sha256(key).digest() == self.book
                good = good and self._verify(key, cert, b"watchbook identity 1\n" + identity)
                fault = Fault.WRONG_KEY
            else:
                good = bool(self._keys) and self._hands_over(self._keys[-1][1], record.seq, key, cert, head)
                fault = self._unless_lost(Fault.CERTIFICATE, record.seq)
            if not good:
                self.fault(record.seq, fault, line)
                continue
            self._keys.append((record.seq, key))
            if record.seq > 1:
                self._sign(record.seq - 1)
        if not self._keys:
            self.fault(1, Fault.KEY_LOST)

    def _hands_over(self, old: bytes, seq: int, key: bytes, cert: bytes, head: bytes) -> bool:
        """The old key names the new one and signs all that came before: whoever has the new key cannot rewrite that."""
        if not self._verify(old, cert, b"watchbook shift key 1\n" + self.book + key):
            return False
        return self._verify(old, head, self._head_message(seq - 1, self.links.get(seq - 1, b"")))

    def _head_message(self, seq: int, link: bytes) -> bytes:
        return b"watchbook head 1\n" + self.book + seq.to_bytes(8, "big") + link

    def _unless_lost(self, fault: Fault, seq: int) -> Fault:
        """`fault`, unless records are lost between the last key we know and `seq`: one of them may have been a key."""
        since = self._keys[-1][0] if self._keys else 0
        lost = [gap.first for gap in self._gaps] + [run[0] for run in (*self._holes, *self._purged)]
        return Fault.KEY_LOST if any(since < first < seq for first in lost) else fault

    def _sign(self, seq: int) -> None:
        self._anchors.add(seq)
        self.counts["signed"] = max(self.counts["signed"], seq)

    def _check_signature(self, signed: _Signature, line: int) -> None:
        """A head or a receipt against the chain that was found."""
        fault = Fault.HEAD if signed.note == "head" else Fault.RECEIPT
        if signed.book == self.id and signed.seq > self.seq:
            self.fault(signed.seq, Fault.CUT, line)
        elif not self._stands(signed):
            self.fault(signed.seq, fault, line)
        elif signed.note == "head":
            self._check_head(signed, line)
        else:
            self._check_receipt(signed, line)

    def _stands(self, signed: _Signature) -> bool:
        """Whether it speaks of this book's chain; a lost record's hash cannot be compared."""
        if signed.book != self.id or not 1 <= signed.seq <= self.seq:
            return False
        link = self.links.get(signed.seq)
        return link.hex() == signed.hash if link is not None else self._is_gone(signed.seq)

    def _is_gone(self, seq: int) -> bool:
        return any(run[0] <= seq <= run[1] for run in (*self._holes, *self._purged))

    def _check_head(self, signed: _Signature, line: int) -> None:
        active = [key for since, key in self._keys if since <= signed.seq][-1:]
        message = self._head_message(signed.seq, _hex(signed.hash))
        if active == [_hex(signed.key)] and self._verify(active[0], _hex(signed.sig), message):
            self.counts["heads"] += 1
            self._sign(signed.seq)
        else:
            self.fault(signed.seq, self._unless_lost(Fault.HEAD, signed.seq), line)

    def _check_receipt(self, signed: _Signature, line: int) -> None:
        offices = self._offices or self._enrolled
        at = signed.at.to_bytes(8, "big") if type(signed.at) is int and signed.at >= 0 else b""
        message = b"".join((self.book, signed.seq.to_bytes(8, "big"), _hex(signed.hash), at))
        good = not offices or signed.key in offices
        if not good or not self._verify(_hex(signed.key), _hex(signed.sig), b"watchbook receipt 1\n" + message):
            self.fault(signed.seq, Fault.RECEIPT, line)
        elif not offices:
            self.counts["unchecked"] += 1
        else:
            self.counts["receipts"] += 1
            self._anchors.add(signed.seq)
            self.counts["acked"] = max(self.counts["acked"], signed.seq)

    @cached_property
    def codes(self) -> dict[str, int]:
        """Every head's sixteen digits, once all lines are read."""
        return {witness_code(self.book, seq, link): seq for seq, link in self.links.items() if seq}

    def vouch(self, seq: int) -> None:
        """Another book saw this one with just this hash."""
        self.witnessed = max(self.witnessed, seq)
        self._anchors.add(seq)

    def report(self, trusted: bool | None, unfinished: int) -> BookReport:
        counts = self.counts
        return BookReport(
            book=self.id,
            records=counts["records"],
            head=self.seq,
            trusted=trusted,
            after=str(self.after.get("book", "")),
            closed=self._reason,
            signed=counts["signed"],
            acked=counts["acked"],
            witnessed=self.witnessed,
            heads=counts["heads"],
            receipts=counts["receipts"],
            unchecked=counts["unchecked"],
            holes=tuple(sorted(self._holes)),
            purged=sum(last - first + 1 for first, last, _ in self._purged),
            loose=self._loose(),
            set_aside=counts["set_aside"],
            witnesses=len(self.seen),
            agreeing=self.agreeing,
            jumps=tuple(self._jumps),
            jump_count=counts["jumps"],
            unfinished=unfinished,
            broken=self.broken,
        )

    def _loose(self) -> int:
        """Between purged runs the chain is tied to nothing else: only what stands in a run vouches for it."""
        loose, start = 0, 1
        for first, last, _ in self._purged:
            covered = max((seq for seq in self._anchors if start <= seq < first), default=start - 1)
            loose += first - 1 - covered
            start = last + 1
        return loose


# -- all books ----------------------------------------------------------------------------------

_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*")
_LINE: Final = re.compile(
    rb'\s*\{"hash":"([0-9a-f]{64})","book":"([0-9a-f]{64})",'
    rb'"(?:(record|note)":(\{.*\})|purged":([1-9][0-9]{0,15})|raw":"((?:[0-9a-f]{2})*)")\}\s*',
    re.DOTALL,
)


class Check:
    """Takes the lines of an export one after the other; `report` ends it."""

    def __init__(self, verify: Verify, office_key: str | None = None) -> None:
        """`office_key`: the office's public key, hex; without it the key that each book's enrolment names counts."""
        self._verify = verify
        self._offices = frozenset({office_key} if office_key else ())
        self._books: dict[str, _Book] = {}
        self._here = b""
        """The id, hex, of the book that the last line was of."""
        self._line = 0
        self._unfinished: dict[str, int] = {}

    def take(self, line: bytes) -> None:
        """The next line. One that is none counts against the book of the line before."""
        self._line += 1
        found = _LINE.fullmatch(line)
        if found is None:
            if line.strip():
                book = self._book(self._here.decode())
                book.fault(book.seq + 1, Fault.NOT_A_LINE, self._line)
            return
        written, self._here, member, raw, purged, aside = found.groups()
        link, book = unhexlify(written), self._book(self._here.decode())
        if member == b"record":
            book.record(link, raw, self._line)
        elif member == b"note":
            book.note(link, raw, self._line)
        elif purged is not None:
            book.purged(int(purged), link, self._line)
        else:
            book.set_aside(link, unhexlify(aside), self._line)

    def _book(self, id: str) -> _Book:
        if id not in self._books:
            self._books[id] = _Book(id, self._offices, self._verify)
        return self._books[id]

    def folder(self, id: str, damage: Iterable[int | None], unfinished: int) -> None:
        """What only the folder of a book tells, after its lines: damage not declared yet (the first record lost by
        it, None when none is), and bytes at its end that are no whole line."""
        book = self._book(id)
        for seq in damage:
            book.fault(book.seq + 1 if seq is None else seq, Fault.UNREADABLE)
        self._unfinished[id] = unfinished

    def succeeded(self, id: str) -> None:
        """Book `id` is one that was closed: one of the others must go on from it."""
        book = self._book(id)
        if not any(other.after.get("book") == id for other in self._books.values()):
            book.fault(book.seq + 1, Fault.SUCCESSOR)

    def report(self, trust: str | None = None) -> Report:
        """`trust` is the fingerprint on the enrolment sheet, with or without separators.

        With several books, one that has it is enough: the others are neither trusted nor refused.
        """
        books = self._books
        for book in books.values():
            book.finish()
        sound = {id: book.broken.seq if book.broken else book.seq + 1 for id, book in books.items()}
        for id, book in books.items():
            for seq, seen in book.seen:
                if seq < sound[id]:
                    self._witness(book, seen)
            if sound[id] > 1:
                self._succeed(book.after)
        wanted = None if trust is None else "".join(c for c in trust.lower() if c in "0123456789abcdef")
        return Report(
            tuple(
                book.report(
                    None if wanted is None or (wanted in books and wanted != id) else wanted == id,
                    self._unfinished.get(id, 0),
                )
                for id, book in books.items()
            )
        )

    def _witness(self, by: _Book, seen: dict[str, Any]) -> None:
        """Compare a head that `by` saw with the book it is of, if that book was given."""
        how, code = seen.get("how"), str(seen.get("code"))
        for book in self._books.values():
            if book is by:
                continue
            if how == "code" and code in book.codes:
                book.vouch(book.codes[code])
                by.agreeing += 1
            elif how == "qr" and seen.get("book") == book.id[:16]:
                by.agreeing += _compare(book, seen.get("seq"), seen.get("hash"), Fault.WITNESS)

    def _succeed(self, after: dict[str, Any]) -> None:
        """The book that another goes on from must end as that one says, and be closed there if it was closed."""
        book, seq = self._books.get(str(after.get("book"))), after.get("seq")
        if book is None or not _compare(book, seq, after.get("hash"), Fault.SUCCESSOR, vouch=False):
            return
        if book.closed and isinstance(seq, int) and seq < book.seq:
            book.fault(seq + 1, Fault.SUCCESSOR)


def _compare(book: _Book, seq: Any, link: Any, fault: Fault, *, vouch: bool = True) -> bool:
    """Whether `book` has a hash beginning with `link` (hex) after record `seq`; a fault of it when it has another."""
    if type(seq) is not int or seq < 1 or not isinstance(link, str) or len(link) < _SHOWN:
        return False
    known = book.links.get(seq)
    if seq <= book.seq and known is None:
        return False
    if known is None or not known.hex().startswith(link):
        book.fault(seq, fault)
        return False
    if vouch:
        book.vouch(seq)
    return True


def witness_code(book: bytes, seq: int, link: bytes) -> str:
    """The sixteen digits of a head (section 6): fifteen of a hash, and Luhn's check digit."""
    digest = sha256(b"watchbook witness 1\n" + book + seq.to_bytes(8, "big") + link).digest()
    digits = str(int.from_bytes(digest[:8], "big") % 10**_CODE_DIGITS).zfill(_CODE_DIGITS)
    doubled = [sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(digits))]
    return digits + str(-sum(doubled) % 10)


def _hex(value: Any) -> bytes:
    """b"" for what is no lower-case hex, which no check accepts."""
    return bytes.fromhex(value) if isinstance(value, str) and _HEX.fullmatch(value) else b""


def check_lines(
    lines: Iterable[bytes], verify: Verify, trust: str | None = None, office_key: str | None = None
) -> Report:
    """A report for each book in the lines of an export, in order of first appearance."""
    check = Check(verify, office_key)
    for line in lines:
        check.take(line)
    return check.report(trust)
