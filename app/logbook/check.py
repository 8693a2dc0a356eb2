"""The check of one book: its lines in, a report out (docs/record-format.md sections 3 to 5 and 7, docs/evidence.md).

The caller brings the lines and the Ed25519 check; nothing here looks at a disk, a clock or another book.
app.logbook.compare checks several. These two, app.logbook.form and app.logbook.report need nothing else of the program.
"""

import re
from bisect import bisect, bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import sha256
from itertools import accumulate
from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.logbook.form import Record, canonical_note, canonical_record
from app.logbook.report import BookReport, Broken, Fault, Jump, Removed

Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, message) → whether Ed25519 holds; False too when key or signature has not its length."""

JUMP_MS: Final = 30_000
"""Wall clock and time since boot may drift apart this far between two records."""
TOLD: Final = 5
"""Clock jumps that a report lists."""
_OWN: Final = frozenset(
    (
        "book.opened",
        "book.enrolled",
        "book.pruned",
        "book.removed",
        "book.closed",
        "key.certified",
        "damage.declared",
        "witness.seen",
    )
)
"""Kinds that the check itself reads."""
_RANK: Final = {fault: rank for rank, fault in enumerate(Fault)}
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*")
_begins: Final = itemgetter(0)


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


class Book:
    """One book, line by line in the order they were written; `finish` when there are no more.

    Every fault has the number of a record; the lowest is the one that is told: there the book stops being evidence.
    """

    def __init__(self, id: str, offices: frozenset[str], verify: Verify) -> None:
        """`offices`: public keys, hex, whose receipts count; when there are none, those that its enrolments name."""
        self.id = id
        self.book = bytes.fromhex(id)
        self.seq = 0
        """The last number reached."""
        self.links = {0: self.book}
        """The chain's hash after each record."""
        self.broken: Broken | None = None
        """The lowest fault; of several at one number the one that ranks first."""
        self.seen: list[tuple[int, dict[str, Any]]] = []
        """(number, body) of each `witness.seen`."""
        self.agreeing = 0
        """Those of them that are so in another book."""
        self.after: dict[str, Any] = {}
        """Which book it goes on from, as record 1 says."""
        self.closed = 0
        """Number of `book.closed`."""
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
        self._gone: list[tuple[int, int]] = []
        """Declared holes and purged runs, once all lines are read: (first, last), in order."""
        self._lost: list[int] = []
        """The first numbers of these and of all other gaps, in order."""
        self._announced: list[tuple[int, Record]] = []
        """(line, book.pruned): compared with the hashes once all are known."""
        self.named: list[tuple[int, str]] = []
        """(number, SHA-256) of each attachment that a record names."""
        self._removed: list[dict[str, Any]] = []
        """Bodies of `book.removed`."""
        self._anchors: set[int] = set()
        """Numbers whose hash somebody vouches for: it stands for all of the unbroken run before it."""
        self._signatures: list[tuple[int, _Signature]] = []
        self._jumps: list[Jump] = []
        self._reason = ""
        self._records = self._set_aside = self._jump_count = 0
        self._heads = self._receipts = self._unchecked = 0
        self._signed = self._acked = self._witnessed = 0

    def fault(self, seq: int, fault: Fault, line: int = 0) -> None:
        number, told = max(1, min(seq, self.seq + 1)), self.broken
        if told is None or (number, _RANK[fault]) < (told.seq, _RANK[told.fault]):
            self.broken = Broken(number, fault, line)

    def vouch(self, seq: int) -> None:
        """Another book saw this one with just this hash."""
        self._witnessed = max(self._witnessed, seq)
        self._anchors.add(seq)

    # -- lines ----------------------------------------------------------------------------------
    def record(self, link: bytes, raw: bytes, line: int, *, follows: bool = False) -> None:
        """`follows` when the caller knows that `link` follows from the record before."""
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
        elif follows or sha256(before + raw).digest() == link:
            self._take(record, link, line)
        else:
            self._stop(record.seq, Fault.ALTERED, line)

    def _again(self, seq: int, link: bytes, raw: bytes) -> Fault:
        before, there = self.links.get(seq - 1), self.links.get(seq)
        other = before is not None and there not in (None, link) and sha256(before + raw).digest() == link
        return Fault.FORK if other else Fault.REPEATED

    def purged(self, link: bytes, seq: int, line: int) -> None:
        """Record `seq` was removed on purpose, and those since the line before it too if a `book.pruned` says so."""
        if self._stopped:
            return
        if seq <= self.seq:
            self._stop(seq, Fault.REPEATED, line)
            return
        self._purged.append((self.seq + 1, seq, line))
        self._go_on(seq, link)

    def set_aside(self, link: bytes, raw: bytes, line: int) -> None:
        if self._stopped:
            return
        if sha256(self.links[self.seq] + raw).digest() != link:
            self._stop(self.seq + 1, Fault.ALTERED, line)
            return
        self._set_aside += 1
        self._go_on(self.seq + 1, link)

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

    def _go_on(self, seq: int, link: bytes) -> None:
        self.seq = seq
        self.links[seq] = link

    def _take(self, record: Record, link: bytes, line: int) -> None:
        self._go_on(record.seq, link)
        self._records += 1
        self._look_at_clock(record)
        if self.closed:
            self.fault(record.seq, Fault.CLOSED, line)
        if record.seq == 1 and record.kind != "book.opened":
            self.fault(1, Fault.WRONG_KEY, line)
        if record.kind in _OWN:
            self._take_own(record, line)
        elif "attachments" in record.body:
            self.named += ((record.seq, name) for name in _attached(record.body["attachments"]))

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
            case "book.removed":
                self._removed.append(record.body)
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
            if -JUMP_MS <= went <= JUMP_MS:
                return
        elif went >= 0:
            return
        self._jump_count += 1
        if len(self._jumps) < TOLD:
            self._jumps.append(Jump(record.seq, went))

    # -- when all lines are read ----------------------------------------------------------------
    def finish(self) -> None:
        declared: dict[tuple[Any, ...], list[bytes]] = {}
        for body in self._declarations:
            named = (body.get("from"), body.get("to"), body.get("last_good"))
            if isinstance(named[2], str) and type(named[0]) is type(named[1]) is int:
                declared.setdefault(named, []).append(_hex(body.get("next")))
        for gap in self._gaps:
            before = _followed(gap, declared.get((gap.first, gap.last, gap.good.hex()), ()))
            if before is None:
                self.fault(gap.first, Fault.MISSING, gap.line)
            else:
                if before != gap.good:  # else the book ended in the hole, and nobody knows the hash of its last record
                    self.links[gap.last] = before
                self._holes.append((gap.first, gap.last))
        if not self.seq:
            self.fault(1, Fault.MISSING)
        self._gone = sorted((run[0], run[1]) for run in (*self._holes, *self._purged))
        self._lost = sorted([gap.first for gap in self._gaps] + [first for first, _ in self._gone])
        self._check_pruned()
        self._check_keys()
        for line, signature in self._signatures:
            self._check_signature(signature, line)

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
        said.sort()
        reach = [*accumulate((last for _, last in said), max)]
        for first, last, line in self._purged:
            before = bisect(said, first, key=_begins)  # announcements that begin no later
            if last > first and not (before and reach[before - 1] >= last):
                self.fault(first, Fault.MISSING, line)

    def _check_keys(self) -> None:
        for line, record in self._key_records:
            key, first = _hex(record.body.get("key")), record.kind == "book.opened"
            if self._begins(record, key) if first else self._hands_over(record, key):
                self._keys.append((record.seq, key))
                self._sign(record.seq - 1)
            else:
                fault = Fault.WRONG_KEY if first else self._unless_lost(Fault.CERTIFICATE, record.seq)
                self.fault(record.seq, fault, line)
        if not self._keys:
            self.fault(1, Fault.KEY_LOST)

    def _begins(self, record: Record, key: bytes) -> bool:
        """The book's id is the hash of its first key, which names the handheld's."""
        cert, identity = _hex(record.body.get("cert")), _hex(record.body.get("identity"))
        mine = record.seq == 1 and sha256(key).digest() == self.book
        return mine and self._verify(key, cert, b"watchbook identity 1\n" + identity)

    def _hands_over(self, record: Record, key: bytes) -> bool:
        """The old key names the new one and signs all that came before: whoever has the new key cannot rewrite that."""
        old, seq = self._keys[-1][1] if self._keys else b"", record.seq - 1
        cert, head = _hex(record.body.get("cert")), _hex(record.body.get("head"))
        named = self._verify(old, cert, b"watchbook shift key 1\n" + self.book + key)
        return named and self._verify(old, head, self._head_message(seq, self.links.get(seq, b"")))

    def _head_message(self, seq: int, link: bytes) -> bytes:
        return b"watchbook head 1\n" + self.book + seq.to_bytes(8, "big") + link

    def _unless_lost(self, fault: Fault, seq: int) -> Fault:
        """`fault`, unless records are lost between the last key we know and `seq`: one of them may have been a key."""
        since = self._keys[-1][0] if self._keys else 0
        next_lost = bisect(self._lost, since)
        return Fault.KEY_LOST if next_lost < len(self._lost) and self._lost[next_lost] < seq else fault

    def _sign(self, seq: int) -> None:
        self._anchors.add(seq)
        self._signed = max(self._signed, seq)

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
        before = bisect(self._gone, seq, key=_begins)
        return bool(before) and seq <= self._gone[before - 1][1]

    def _check_head(self, signed: _Signature, line: int) -> None:
        place = bisect(self._keys, signed.seq, key=_begins)
        active = self._keys[place - 1][1] if place else b""
        message = self._head_message(signed.seq, _hex(signed.hash))
        if active == _hex(signed.key) and self._verify(active, _hex(signed.sig), message):
            self._heads += 1
            self._sign(signed.seq)
        else:
            self.fault(signed.seq, self._unless_lost(Fault.HEAD, signed.seq), line)

    def _check_receipt(self, signed: _Signature, line: int) -> None:
        offices = self._offices or self._enrolled
        good = not offices or signed.key in offices
        if not good or not self._receipted(signed):
            self.fault(signed.seq, Fault.RECEIPT, line)
        elif not offices:
            self._unchecked += 1
        else:
            self._receipts += 1
            self._anchors.add(signed.seq)
            self._acked = max(self._acked, signed.seq)

    def _receipted(self, signed: _Signature) -> bool:
        at = signed.at.to_bytes(8, "big") if type(signed.at) is int and signed.at >= 0 else b""
        message = b"".join((_hex(signed.book), signed.seq.to_bytes(8, "big"), _hex(signed.hash), at))
        return self._verify(_hex(signed.key), _hex(signed.sig), b"watchbook receipt 1\n" + message)

    def _without(self, here: Collection[str], wanted: str | None) -> Iterator[Removed]:
        """Closed books that this one says were removed, but for those that are `here`."""
        for body in self._removed:
            try:
                receipt = msgspec.convert({**body, "note": "", **body["receipt"]}, _Signature)
                message_fits = 0 < receipt.seq < 2**63
            except (KeyError, TypeError, msgspec.ValidationError):
                continue
            if receipt.book not in here and message_fits:
                known = receipt.key in (self._offices or self._enrolled)
                held = known and self._receipted(receipt)
                yield Removed(receipt.book, receipt.seq, held, receipt.book == wanted)

    def report(
        self,
        trusted: bool | None,
        unfinished: int,
        here: Collection[str] = (),
        wanted: str | None = None,
        has: Callable[[str], bool] = lambda name: True,
    ) -> BookReport:
        """`here`: ids of the books that were given; `wanted`: the fingerprint that was asked for, if any; `has`:
        whether an attachment is there as its hash says."""
        return BookReport(
            book=self.id,
            records=self._records,
            head=self.seq,
            trusted=trusted,
            after=str(self.after.get("book", "")),
            closed=self._reason,
            signed=self._signed,
            acked=self._acked,
            witnessed=self._witnessed,
            heads=self._heads,
            receipts=self._receipts,
            unchecked=self._unchecked,
            holes=tuple(sorted(self._holes)),
            purged=sum(last - first + 1 for first, last, _ in self._purged),
            loose=self._loose(),
            set_aside=self._set_aside,
            witnesses=len(self.seen),
            agreeing=self.agreeing,
            jumps=tuple(self._jumps),
            jump_count=self._jump_count,
            unattached=tuple(dict.fromkeys(seq for seq, name in self.named if not has(name))),
            removed=tuple(self._without(here, wanted)),
            unfinished=unfinished,
            broken=self.broken,
        )

    def _loose(self) -> int:
        """Between purged runs the chain is tied to nothing else: only what stands in a run vouches for it."""
        loose, start, anchors = 0, 1, sorted(self._anchors)
        for first, last, _ in self._purged:
            before = bisect_left(anchors, first)
            covered = max(anchors[before - 1], start - 1) if before else start - 1
            loose += first - 1 - covered
            start = last + 1
        return loose


def _attached(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict) and isinstance(one.get("sha256"), str):
            yield one["sha256"]


def _followed(gap: _Gap, said: Iterable[bytes]) -> bytes | None:
    """The hash that the record after the gap follows, as a declaration of the gap gives it."""
    return next((before for before in said if sha256(before + gap.raw).digest() == gap.link), None)


def _hex(value: Any) -> bytes:
    """b"" for what is no lower-case hex, which no check accepts."""
    return bytes.fromhex(value) if isinstance(value, str) and _HEX.fullmatch(value) else b""
