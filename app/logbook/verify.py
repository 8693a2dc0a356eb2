"""Checking a book: chain, keys, head signatures, receipts. What it shows and what not: docs/evidence.md.

Works on lines in the export form, from any source and of several books mixed; needs nothing of the
program but the form of a record. The first fault of a book is reported with its record's number.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from app.errors import RecordRefused
from app.logbook.keys import verifies
from app.record import MAX_INT, Record, decode, follow

if TYPE_CHECKING:
    from app.logbook.reader import Reader

_NOTE: Final = b"watchbook note 1\n"
_IDENTITY: Final = b"watchbook identity 1\n"
_SHIFT: Final = b"watchbook shift key 1\n"
_HEAD: Final = b"watchbook head 1\n"
_RECEIPT: Final = b"watchbook receipt 1\n"

Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, message) → whether the signature is good."""


class Fault(StrEnum):
    """What is wrong at the first place that is wrong. Each is a sentence `book.fault_<value>`."""

    NOT_A_LINE = "not_a_line"
    NOT_CANONICAL = "not_canonical"
    ALTERED = "altered"
    """The hash does not follow from the record before."""
    MISSING = "missing"
    """Numbers are passed over and no `damage.declared` says so."""
    REPEATED = "repeated"
    """A number stands twice, or after a higher one."""
    WRONG_KEY = "wrong_key"
    """Record 1 does not hold the key whose hash is the book's id, or its certificate is bad."""
    CERTIFICATE = "certificate"
    """A `key.certified` not signed by the key before it, or that key did not sign all that came before."""
    KEY_LOST = "key_lost"
    """The record that certifies a key is among those lost: who signed from here on cannot be shown."""
    HEAD = "head"
    """A head signature that is not of the key of that time, or not over this chain."""
    RECEIPT = "receipt"
    """An office receipt over another chain, or not signed by the office."""
    UNREADABLE = "unreadable"
    """A stretch of the journal does not check and is not declared."""


class Broken(Struct, frozen=True):
    seq: int
    """The record at which checking stopped; 0 when no number can be told."""
    fault: Fault
    line: int = 0
    """Line of the export, from 1; 0 when there is none."""


class BookReport(Struct, frozen=True):
    """What checking one book found."""

    book: str
    """Its id, hex: the fingerprint of its first key."""
    records: int
    head: int
    """The last number reached."""
    trusted: bool | None
    """Whether the fingerprint is the one that was asked for; None when none was."""
    signed: int
    """Good head signatures reach up to this record; what is later is chained but not signed."""
    acked: int
    """Good office receipts reach up to this record."""
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
    unfinished: int
    """Bytes at the end of the journal that are no whole line."""
    broken: Broken | None

    @property
    def whole(self) -> bool:
        return self.broken is None and self.trusted is not False

    def say(self, lang: str) -> str:
        """A few lines for a person."""
        from app.words import say

        lines = [say(lang, "book.checked", book=self.book, records=self.records, head=self.head)]
        lines += [say(lang, "book.hole", first=first, last=last) for first, last in self.holes]
        if self.purged:
            lines.append(say(lang, "book.purged", count=self.purged))
        if self.loose:
            lines.append(say(lang, "book.loose", count=self.loose))
        if self.set_aside:
            lines.append(say(lang, "book.set_aside", count=self.set_aside))
        lines.append(say(lang, "book.signed", signed=self.signed, acked=self.acked))
        if self.unchecked:
            lines.append(say(lang, "book.unchecked", count=self.unchecked))
        if self.unfinished:
            lines.append(say(lang, "book.unfinished", size=self.unfinished))
        if self.trusted is not None:
            lines.append(say(lang, "book.trusted" if self.trusted else "book.untrusted"))
        if self.broken is not None:
            seq, line = self.broken.seq, self.broken.line
            lines.append(say(lang, f"book.fault_{self.broken.fault.value}", seq=seq, line=line))
        lines.append(say(lang, "book.whole" if self.whole else "book.broken"))
        return "\n".join(lines)


class Report(Struct, frozen=True):
    """What checking a folder or a file found; a file may hold several books, or none."""

    books: tuple[BookReport, ...]

    @property
    def whole(self) -> bool:
        return bool(self.books) and all(book.whole for book in self.books)

    def say(self, lang: str) -> str:
        from app.words import say

        return "\n\n".join(book.say(lang) for book in self.books) or say(lang, "book.nothing_to_check")


class _Line(Struct, frozen=True, forbid_unknown_fields=True):
    hash: str
    book: str
    record: msgspec.Raw = msgspec.Raw()
    note: msgspec.Raw = msgspec.Raw()
    purged: Annotated[int, Meta(ge=1, le=MAX_INT)] | UnsetType = UNSET
    raw: str | UnsetType = UNSET

    @property
    def members(self) -> int:
        """How many of the four it has; a line has one."""
        return bool(self.record) + bool(self.note) + (self.purged is not UNSET) + (self.raw is not UNSET)


class _Signed(Struct, frozen=True):
    """A head signature or a receipt."""

    note: str
    hash: str = ""
    key: str = ""
    seq: int = 0
    sig: str = ""
    at: int = 0
    book: str = ""


class _Gap(Struct, frozen=True):
    """Numbers passed over: waits for the declaration that names them."""

    first: int
    last: int
    good: bytes
    raw: bytes
    link: bytes
    line: int


_decode_line = msgspec.json.Decoder(_Line).decode


class BookCheck:
    """Checks one book, line by line in the order of its numbers; `report` ends it."""

    def __init__(self, book: bytes, office_key: str | None = None, verify: Verify = verifies) -> None:
        self._book = book
        self._verify = verify
        self._office_keys = {office_key} if office_key else set[str]()
        self._given = office_key is not None
        self._links: dict[int, bytes] = {0: book}
        """Hash after each record."""
        self._keys: list[tuple[int, bytes]] = []
        """(from this record on, shift public key)"""
        self._seq = 0
        self._key_records: list[tuple[int, Record]] = []
        """(line, record): judged once it is known what was lost between them."""
        self._gaps: list[_Gap] = []
        self._holes: list[tuple[int, int]] = []
        self._purged: list[tuple[int, int]] = []
        self._runs: list[tuple[int, int, int]] = []
        """(first, last, line) of purged runs that left one line: each must be announced."""
        self._announced: list[tuple[int, Record]] = []
        """(line, book.pruned): compared with the hashes once all are known."""
        self._anchors: set[int] = set()
        """Numbers whose hash somebody vouches for: it stands for all of the unbroken run before it."""
        self._set_aside = 0
        self._signed: list[tuple[int, _Signed]] = []
        self._broken: Broken | None = None
        self._records = 0
        self._lost_way = False
        """The chain itself broke: what follows is only counted."""

    # -- lines ----------------------------------------------------------------------------------
    def record(self, link: bytes, raw: bytes, line: int = 0) -> None:
        """The next record as exported."""
        self._records += 1
        if self._lost_way:
            return
        try:
            record = decode(raw)
        except RecordRefused:
            self._break(self._seq + 1, Fault.NOT_CANONICAL, line)
            return
        if record.seq <= self._seq:
            self._break(record.seq, Fault.REPEATED, line)
        elif record.seq == self._seq + 1 or self._declares_what_precedes(record):
            self._step(record, raw, link, line)
        else:
            self._gaps.append(_Gap(self._seq + 1, record.seq - 1, self._links[self._seq], raw, link, line))
            self._take(record, link, line)

    def purged(self, seq: int, link: bytes, line: int = 0) -> None:
        """Record `seq` was removed on purpose; the chain goes on from `link`.

        It stands for all since the line before it only if a `book.pruned` says so.
        """
        if self._lost_way:
            return
        if seq <= self._seq:
            self._break(seq, Fault.REPEATED, line)
            return
        if seq > self._seq + 1:
            self._runs.append((self._seq + 1, seq, line))
        self._purged.append((self._seq + 1, seq))
        self._seq = seq
        self._links[seq] = link

    def set_aside(self, link: bytes, raw: bytes, line: int = 0) -> None:
        """The next number's bytes, which the office took in and which are no record."""
        self._set_aside += 1
        if self._lost_way:
            return
        if follow(self._links[self._seq], raw) != link:
            self._break(self._seq + 1, Fault.ALTERED, line)
            return
        self._seq += 1
        self._links[self._seq] = link

    def _step(self, record: Record, raw: bytes, link: bytes, line: int) -> None:
        if follow(self._links[self._seq], raw) != link:
            self._break(record.seq, Fault.ALTERED, line)
            return
        if record.seq > self._seq + 1:
            self._holes.append((self._seq + 1, record.seq - 1))
            self._links[record.seq - 1] = self._links[self._seq]
        self._take(record, link, line)

    def _declares_what_precedes(self, record: Record) -> bool:
        """A loss at the end of the book: the declaration itself follows the last good record."""
        good = self._links[self._seq].hex()
        return record.kind == "damage.declared" and record.body == {
            "from": self._seq + 1,
            "last_good": good,
            "next": good,
            "to": record.seq - 1,
        }

    def _take(self, record: Record, link: bytes, line: int) -> None:
        self._seq = record.seq
        self._links[record.seq] = link
        match record.kind:
            case "book.opened" | "key.certified":
                self._key_records.append((line, record))
            case "damage.declared":
                self._declared(record)
            case "book.pruned":
                self._announced.append((line, record))
            case "book.enrolled" if not self._given:
                self._office_keys.add(str(record.body.get("server_key", "")))
        if record.seq == 1 and record.kind != "book.opened":
            self._fail(1, Fault.WRONG_KEY, line)

    def _opened(self, record: Record, line: int) -> None:
        key, identity, cert = (_hex(record.body.get(name)) for name in ("key", "identity", "cert"))
        if record.seq != 1 or sha256(key).digest() != self._book or not self._verify(key, cert, _IDENTITY + identity):
            self._fail(record.seq, Fault.WRONG_KEY, line)
            return
        self._keys.append((1, key))

    def _certified(self, record: Record, line: int) -> None:
        key, cert, head = (_hex(record.body.get(name)) for name in ("key", "cert", "head"))
        if not self._keys or not self._hands_over(self._keys[-1][1], record.seq, key, cert, head):
            self._fail(record.seq, self._unless_lost(Fault.CERTIFICATE, record.seq), line)
            return
        self._keys.append((record.seq, key))
        self._anchors.add(record.seq - 1)

    def _hands_over(self, old: bytes, seq: int, key: bytes, cert: bytes, head: bytes) -> bool:
        """The old key names the new one and signs all that came before: whoever has the new key cannot rewrite that."""
        before = _HEAD + self._book + (seq - 1).to_bytes(8, "big") + self._links.get(seq - 1, b"")
        return self._verify(old, cert, _SHIFT + self._book + key) and self._verify(old, head, before)

    def _unless_lost(self, fault: Fault, seq: int) -> Fault:
        """`fault`, unless records are lost between the last key we know and `seq`: one of them may have been a key."""
        since = self._keys[-1][0] if self._keys else 0
        lost = [gap.first for gap in self._gaps] + [first for first, _ in (*self._holes, *self._purged)]
        return Fault.KEY_LOST if any(since < first < seq for first in lost) else fault

    def _declared(self, record: Record) -> None:
        """The declaration of an earlier gap gives the hash that its next record follows."""
        body = record.body
        for gap in self._gaps:
            if (gap.first, gap.last, gap.good.hex()) != (body.get("from"), body.get("to"), body.get("last_good")):
                continue
            if follow(_hex(body.get("next")), gap.raw) == gap.link:
                self._links[gap.last] = _hex(body.get("next"))
                self._gaps.remove(gap)
                self._holes.append((gap.first, gap.last))
            return

    def note(self, link: bytes, raw: bytes, line: int = 0) -> None:
        """An unnumbered line as exported."""
        if sha256(_NOTE + raw).digest() != link:
            self._fail(self._seq, Fault.ALTERED, line)
            return
        try:
            signed = msgspec.json.decode(raw, type=_Signed)
        except ValueError:
            return
        if signed.note in ("head", "receipt"):
            self._signed.append((line, signed))

    def fail(self, fault: Fault, line: int = 0) -> None:
        """Something outside the lines themselves is wrong."""
        self._fail(self._seq, fault, line)

    def _break(self, seq: int, fault: Fault, line: int) -> None:
        self._lost_way = True
        self._fail(seq, fault, line)

    def _fail(self, seq: int, fault: Fault, line: int) -> None:
        self._broken = self._broken or Broken(seq, fault, line)

    # -- signatures -----------------------------------------------------------------------------
    def _check_head(self, signed: _Signed) -> bool:
        active = [key for since, key in self._keys if since <= signed.seq]
        message = _HEAD + self._book + signed.seq.to_bytes(8, "big") + _hex(signed.hash)
        return bool(active) and active[-1].hex() == signed.key and self._verify(active[-1], _hex(signed.sig), message)

    def _check_receipt(self, signed: _Signed) -> bool:
        message = b"".join(
            (_RECEIPT, self._book, signed.seq.to_bytes(8, "big"), _hex(signed.hash), signed.at.to_bytes(8, "big"))
        )
        return self._verify(_hex(signed.key), _hex(signed.sig), message)

    def _stands(self, signed: _Signed) -> bool:
        """Whether it speaks of this book's chain; a lost record's hash cannot be compared."""
        if signed.book != self._book.hex() or not 0 <= signed.seq <= self._seq or not 0 <= signed.at < 2**63:
            return False
        link = self._links.get(signed.seq)
        if link is None and any(first <= signed.seq <= last for first, last in (*self._holes, *self._purged)):
            return True
        return link is not None and link.hex() == signed.hash

    # -- result ---------------------------------------------------------------------------------
    def report(self, trust: str | None = None, unfinished: int = 0) -> BookReport:
        """Ends the check. `trust` is the fingerprint on the enrolment sheet, with or without separators."""
        if self._gaps:
            gap = min(self._gaps, key=lambda g: g.first)
            self._missing(gap.first, gap.line)
        if not self._records and not self._purged:
            self._fail(1, Fault.MISSING, 0)
        self._check_announced()
        for line, record in self._key_records:
            (self._opened if record.kind == "book.opened" else self._certified)(record, line)
        if not self._keys:
            self._fail(1, Fault.KEY_LOST, 0)
        counts = self._count_signed()
        trusted = None if trust is None else _plain(trust) == self._book.hex()
        return BookReport(
            book=self._book.hex(),
            records=self._records,
            head=self._seq,
            trusted=trusted,
            holes=tuple(sorted(self._holes)),
            purged=sum(last - first + 1 for first, last in self._purged),
            loose=self._loose(),
            set_aside=self._set_aside,
            unfinished=unfinished,
            broken=self._broken,
            **counts,
        )

    def _check_announced(self) -> None:
        """A `book.pruned` gives the hashes at both ends of what it removed: the chain there must be that one."""
        said: set[tuple[int, int]] = set()
        for line, record in self._announced:
            first, last = record.body.get("from"), record.body.get("to")
            if not isinstance(first, int) or not isinstance(last, int):
                continue
            said.add((first, last))
            for seq, name in ((first - 1, "before"), (last, "hash")):
                link = self._links.get(seq)
                if link is not None and link.hex() != record.body.get(name):
                    self._fail(record.seq, Fault.ALTERED, line)
            self._anchors.add(first - 1)
        for first, last, line in self._runs:
            if (first, last) not in said:
                self._missing(first, line)

    def _missing(self, seq: int, line: int) -> None:
        if self._broken is None or seq <= self._broken.seq:
            self._broken = Broken(seq, Fault.MISSING, line)

    def _loose(self) -> int:
        """Between purged runs the chain is tied to nothing else: only what stands in a run vouches for it."""
        loose, start = 0, 1
        for first, last in self._purged:
            covered = max((seq for seq in self._anchors if start <= seq < first), default=start - 1)
            loose += first - 1 - covered
            start = last + 1
        return loose

    def _count_signed(self) -> dict[str, int]:
        """Check every head and receipt against the chain that was found."""
        counts = {"signed": 0, "acked": 0, "heads": 0, "receipts": 0, "unchecked": 0}
        for line, signed in self._signed:
            if self._broken is not None and signed.seq >= self._broken.seq:
                continue
            fault = self._judge(signed, counts)
            if fault is not None:
                self._fail(signed.seq, fault, line)
        return counts

    def _judge(self, signed: _Signed, counts: dict[str, int]) -> Fault | None:
        if signed.note == "head":
            if not self._stands(signed):
                return Fault.HEAD
            if not self._check_head(signed):
                return self._unless_lost(Fault.HEAD, signed.seq)
            counts["heads"] += 1
            self._anchors.add(signed.seq)
            counts["signed"] = max(counts["signed"], signed.seq)
            return None
        known = signed.key in self._office_keys
        if not self._stands(signed) or not self._check_receipt(signed) or (self._office_keys and not known):
            return Fault.RECEIPT
        counts["receipts" if known else "unchecked"] += 1
        if known:
            self._anchors.add(signed.seq)
            counts["acked"] = max(counts["acked"], signed.seq)
        return None


def check_book(source: Path, trust: str | None = None, office_key: str | None = None) -> Report:
    """Check a handheld's data folder, or an exported file, which may hold several books.

    `trust` is the fingerprint on the enrolment sheet; `office_key` the office's Ed25519 public key in
    hex: without it the key that each book's enrolment names counts. Raises BookError when a folder
    holds no book, OSError when the file cannot be read.
    """
    if source.is_dir():
        return Report((check_folder(source, trust, office_key),))
    with source.open("rb") as lines:
        return check_lines(lines, trust, office_key)


def check_lines(lines: Iterable[bytes], trust: str | None = None, office_key: str | None = None) -> Report:
    """A report for each book in the export lines, in order of first appearance.

    A line that is no export line counts against the book of the line before it. With several books,
    one that has the trusted fingerprint is enough: the others are neither trusted nor refused.
    """
    checks: dict[str, BookCheck] = {}
    here = BookCheck(b"", office_key)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found = _read_line(line)
        if found is None:
            checks = checks or {"": here}
            here.fail(Fault.NOT_A_LINE, number)
            continue
        book, link = bytes.fromhex(found.book), bytes.fromhex(found.hash)
        here = checks.setdefault(found.book, BookCheck(book, office_key))
        _check_line(here, found, link, number)
    wanted = None if trust is None else _plain(trust)
    return Report(tuple(c.report(None if wanted in checks and wanted != book else trust) for book, c in checks.items()))


def _check_line(check: BookCheck, found: _Line, link: bytes, number: int) -> None:
    if found.record:
        check.record(link, bytes(found.record), number)
    elif found.note:
        check.note(link, bytes(found.note), number)
    elif isinstance(found.purged, int):
        check.purged(found.purged, link, number)
    else:
        check.set_aside(link, _hex(found.raw), number)


def _read_line(line: bytes) -> _Line | None:
    """None for what is no export line."""
    try:
        found = _decode_line(line)
        plain = all(len(text) == 64 and bytes.fromhex(text).hex() == text for text in (found.hash, found.book))
    except ValueError:
        return None
    return found if plain and found.members == 1 else None


def check_folder(folder: Path, trust: str | None = None, office_key: str | None = None) -> BookReport:
    """The book in a handheld's data folder, read without its lock. Raises BookError when there is none."""
    from app.logbook.reader import Reader

    reader = Reader(folder)
    check = BookCheck(reader.book, office_key)
    for line in reader.lines():
        (check.record if line.numbered else check.note)(line.hash, line.raw)
    if reader.opening.damage:
        check.fail(Fault.UNREADABLE)
    return check.report(trust, reader.unfinished)


def export_lines(reader: "Reader") -> Iterator[bytes]:
    """Each line of a book in the export form, with its line end; the stored bytes stand in it as they are."""
    book = reader.book_id.encode()
    for line in reader.lines():
        kind = b"record" if line.numbered else b"note"
        yield b'{"hash":"%s","book":"%s","%s":%s}\n' % (line.hash.hex().encode(), book, kind, line.raw)


def _hex(value: Any) -> bytes:
    """b"" for what is no hex, which no check accepts."""
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        return b""


def _plain(fingerprint: str) -> str:
    return "".join(c for c in fingerprint.lower() if c in "0123456789abcdef")
