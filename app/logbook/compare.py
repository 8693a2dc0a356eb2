"""The check of several books: the lines of an export sorted by book, then what each of them says of the others.

A book may have seen the head of another (`witness.seen`), or go on from one (`after`); docs/record-format.md sections
1, 3, 6 and 7. The check of each by itself is app.logbook.check.
"""

import re
from binascii import unhexlify
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, Final

from app.logbook.check import Book, Verify
from app.logbook.report import Fault, Report

_LINE: Final = re.compile(
    rb'\s*\{"hash":"([0-9a-f]{64})","book":"([0-9a-f]{64})",'
    rb'"(?:(record|note)":(\{.*\})|purged":([1-9][0-9]{0,15})|raw":"((?:[0-9a-f]{2})*+)")\}\s*',
    re.DOTALL,
)
_CODE_DIGITS: Final = 15
_SHOWN: Final = 56
"""Digits of a hash that a witness has at least."""
_NAMED: Final = 16
"""Digits of its book's id."""


class Check:
    """Takes the lines of an export one after the other; `report` ends it."""

    def __init__(self, verify: Verify, office_key: str | None = None) -> None:
        """`office_key`: the office's public key, hex; without it the key that each book's enrolment names counts."""
        self._verify = verify
        self.has: Callable[[str], bool] = lambda name: True
        """Whether an attachment of this SHA-256 is there; nobody can say it of an export."""
        self._offices = frozenset({office_key} if office_key else ())
        self._books: dict[str, Book] = {}
        self._open: list[Book] = []
        """Those that lines may still come of."""
        self._here = b""
        """The id, hex, of the book that the last line was of."""
        self._book = self.new("")
        """That book."""
        self._line = 0
        self._unfinished: dict[str, int] = {}
        self._codes: dict[str, list[tuple[Book, int]]] | None = None

    def take(self, line: bytes) -> None:
        """The next line. One that is none counts against the book of the line before."""
        self._line += 1
        found = _LINE.fullmatch(line)
        if found is None:
            if line.strip():
                book = self._of(self._here.decode())
                book.fault(book.seq + 1, Fault.NOT_A_LINE, self._line)
            return
        written, id, member, raw, purged, aside = found.groups()
        if id != self._here:
            self._here, self._book = id, self._of(id.decode())
        link, book = unhexlify(written), self._book
        if member == b"record":
            book.record(link, raw, self._line)
        elif member == b"note":
            book.note(link, raw, self._line)
        elif purged is not None:
            book.purged(link, int(purged), self._line)
        else:
            book.set_aside(link, unhexlify(aside), self._line)

    def _of(self, id: str) -> Book:
        if id not in self._books:
            self._books[id] = self.new(id)
            self._open.append(self._books[id])
        return self._books[id]

    def new(self, id: str) -> Book:
        """A book for the caller to fill, and to `add`."""
        return Book(id, self._offices, self._verify)

    def add(self, book: Book) -> bool:
        """Take a book that is complete; not, and False, when it is broken or another of this id is here."""
        book.finish()
        if book.broken is not None or book.id in self._books:
            return False
        self._books[book.id] = book
        return True

    def folder(self, id: str, damage: Iterable[int | None], unfinished: int) -> None:
        """What only the folder of a book tells, after its lines: damage not declared yet (the first record lost by
        it, None when none is), and bytes at its end that are no whole line."""
        book = self._of(id)
        for seq in damage:
            book.fault(book.seq + 1 if seq is None else seq, Fault.UNREADABLE)
        self._unfinished[id] = unfinished

    def succeeded(self, id: str) -> None:
        """Book `id` is one that was closed: one of the others must go on from it."""
        book = self._of(id)
        if not any(other.after.get("book") == id for other in self._books.values()):
            book.fault(book.seq + 1, Fault.SUCCESSOR)

    def report(self, trust: str | None = None) -> Report:
        """`trust` is the fingerprint on the enrolment sheet, with or without separators.

        With several books, one that has it is enough: the others are neither trusted nor refused.
        """
        for book in self._open:
            book.finish()
        books = self._books
        self._compare()
        wanted = None if trust is None else "".join(c for c in trust.lower() if c in "0123456789abcdef")
        return Report(
            tuple(
                book.report(
                    None if wanted is None or (wanted in books and wanted != id) else wanted == id,
                    self._unfinished.get(id, 0),
                    books,
                    wanted,
                    self.has,
                )
                for id, book in books.items()
            )
        )

    # -- books beside each other ----------------------------------------------------------------
    def _compare(self) -> None:
        """From its first fault on a book says nothing of others."""
        sound = {id: book.broken.seq if book.broken else book.seq + 1 for id, book in self._books.items()}
        named: dict[str, list[Book]] = {}
        for book in self._books.values():
            named.setdefault(book.id[:_NAMED], []).append(book)
        for id, book in self._books.items():
            for seq, seen in book.seen:
                if seq >= sound[id]:
                    continue
                how, code, name = (seen.get(member) for member in ("how", "code", "book"))
                if how == "code" and isinstance(code, str):
                    book.agreeing += self._of_code(book, code)
                elif how == "qr" and isinstance(name, str):
                    others = (other for other in named.get(name, ()) if other is not book)
                    book.agreeing += sum(_fits(other, seen, Fault.WITNESS) for other in others)
            if sound[id] > 1:
                self._succeed(book.after)

    def _of_code(self, by: Book, code: str) -> int:
        """How many books, others than `by`, have a head with these digits; it vouches for them."""
        if self._codes is None:
            self._codes = {}
            for book in self._books.values():
                for seq, link in book.links.items():
                    if seq:
                        self._codes.setdefault(witness_code(book.book, seq, link), []).append((book, seq))
        others = [(book, seq) for book, seq in self._codes.get(code, ()) if book is not by]
        for book, seq in others:
            book.vouch(seq)
        return len(others)

    def _succeed(self, after: dict[str, Any]) -> None:
        """The book that another goes on from must end as that one says, and be closed there if it was closed."""
        book, seq = self._books.get(str(after.get("book"))), after.get("seq")
        if book is None or not _fits(book, after, Fault.SUCCESSOR):
            return
        if book.closed and isinstance(seq, int) and seq < book.seq:
            book.fault(seq + 1, Fault.SUCCESSOR)


def _fits(book: Book, said: dict[str, Any], fault: Fault) -> bool:
    """Whether `book` has a hash that begins with the `hash` after record `seq`; a fault of it when it has another."""
    seq, link = said.get("seq"), said.get("hash")
    if type(seq) is not int or seq < 1 or not isinstance(link, str) or len(link) < _SHOWN:
        return False
    known = book.links.get(seq)
    if seq <= book.seq and known is None:
        return False
    if known is None or not known.hex().startswith(link):
        book.fault(seq, fault)
        return False
    if fault is Fault.WITNESS:
        book.vouch(seq)
    return True


def witness_code(book: bytes, seq: int, link: bytes) -> str:
    """The sixteen digits of a head (section 6): fifteen of a hash, and Luhn's check digit."""
    digest = sha256(b"watchbook witness 1\n" + book + seq.to_bytes(8, "big") + link).digest()
    digits = str(int.from_bytes(digest[:8], "big") % 10**_CODE_DIGITS).zfill(_CODE_DIGITS)
    doubled = [sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(digits))]
    return digits + str(-sum(doubled) % 10)


def check_lines(
    lines: Iterable[bytes], verify: Verify, trust: str | None = None, office_key: str | None = None
) -> Report:
    """A report for each book in the lines of an export, in order of first appearance."""
    check = Check(verify, office_key)
    for line in lines:
        check.take(line)
    return check.report(trust)
