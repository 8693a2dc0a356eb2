"""A life of a book by a seed, in which every kind of write happens; and what the book owes afterwards.

Whoever stands outside hears what was acknowledged as lines through a pipe, each written after the
logbook's call returned.
"""

import random
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Final

from msgspec import Struct, field, json

from app.errors import BookError, BookUnknown
from app.logbook.book import Draft, Logbook, Received
from app.logbook.closed import ClosedBook
from app.logbook.reader import Enrolment, Reader
from app.record import Entry
from tests.logbook.tools import OFFICE_KEY, receipt, words

LONG_AGO: Final = 1_789_000_000_000
"""When the office answered: eleven days before the tests' clock begins, so that pruning may follow at once."""

MOST: Final = 20
"""Prunings at once: a disk that forgets what it was told must not keep us here."""


class Heard(Struct, omit_defaults=True, frozen=True):
    """One acknowledgement."""

    records: tuple[tuple[int, str], ...] = ()
    """(number, hash in hex)"""
    cursor: int = 0
    receipt: int = 0
    enrolled: bool = False
    book: str = ""
    """Whose records and receipt; empty: of the book in use, where only one ever was."""

    @classmethod
    def of(cls, book: Logbook | Reader, entries: Iterable[Entry]) -> "Heard":
        """Records of `book`; to get them may have brought the next book into its place."""
        return cls(records=tuple((entry.record.seq, entry.hash.hex()) for entry in entries), book=book.book_id)

    def line(self) -> bytes:
        return json.encode(self) + b"\n"


HALF: Final = 0.5

Tell = Callable[[Heard], None]
_decode = json.Decoder(Heard).decode


class Told(Struct):
    """Everything that was acknowledged so far."""

    books: dict[str, dict[int, str]] = field(default_factory=dict)
    """Each book's records."""
    receipts: dict[str, int] = field(default_factory=dict)
    cursor: int = 0
    enrolled: bool = False
    count: int = 0

    @property
    def records(self) -> int:
        return sum(map(len, self.books.values()))

    def hear(self, heard: Heard) -> None:
        self.books.setdefault(heard.book, {}).update(heard.records)
        self.receipts[heard.book] = max(self.receipts.get(heard.book, 0), heard.receipt)
        self.cursor = max(self.cursor, heard.cursor)
        self.enrolled = self.enrolled or heard.enrolled
        self.count += len(heard.records) or 1

    def listen(self, told: bytes) -> None:
        """Whole lines as they came through a pipe; a last one that was cut was not heard."""
        for line in told.splitlines(keepends=True):
            if line.endswith(b"\n"):
                self.hear(_decode(line))


def revision_of(cursor: str) -> int:
    """Ours are numbers; an earlier program's test wrote a `c` before them."""
    return int(cursor.removeprefix("c") or 0)


def succeed(logbook: Logbook) -> tuple[Heard, Heard]:
    """The book is closed and the next one begins: the last record of the one, the first of the other."""
    logbook.succeed("fork")
    [first] = logbook.entries(1, 1)
    after = first.record.body["after"]
    return Heard(((after["seq"], after["hash"]),), book=after["book"]), Heard.of(logbook, [first])


class Life:
    """What a watch does with a book, one act after another."""

    def __init__(self, logbook: Logbook, chance: random.Random, tell: Tell) -> None:
        self._logbook = logbook
        self._chance = chance
        self._tell = tell
        self._number = 0

    def act(self) -> None:
        """One act. BookErrors are what a crew would do about them: after an unclear answer the book is opened again."""
        acts = {
            self._append: 12,
            self._shift: 2,
            self._receive: 2,
            self._acknowledge: 2,
            self._prune: 2,
            self._sign: 1,
            self.succeed: 1,
            self._enrol: 1,
            self._shelve: 1,
        }
        self.play(self._chance.choices([*acts], [*acts.values()])[0])

    def play(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BookUnknown:
            self._again()
        except BookError:
            return

    def _again(self) -> None:
        try:
            self._logbook.reopen()
        except BookError:
            return

    def _next(self, most: int) -> list[Draft]:
        drafts = [words(self._chance.randrange(1000)) for _ in range(self._chance.randint(1, most))]
        self._number += len(drafts)
        return drafts

    def _append(self) -> None:
        entries = self._logbook.append(*self._next(4))
        self._tell(Heard.of(self._logbook, entries))

    def _shift(self) -> None:
        self._logbook.keep_state(self._logbook.head.seq, lambda: b"%d" % self._number)
        entries = self._logbook.append_rotating(Draft("shift.opened", {"crew": []}))
        self._tell(Heard.of(self._logbook, entries))

    def _receive(self) -> None:
        revision = revision_of(self._logbook.cursor) + 1
        bodies = [b'{"%d":"%s"}' % (revision, kind) for kind in (b"plan", b"people")]
        pages = [Received(kind, "cuihu", revision, body) for kind, body in zip(("plan", "people"), bodies, strict=True)]
        self._logbook.receive(pages, str(revision))
        self._tell(Heard(cursor=revision))

    def _acknowledge(self) -> None:
        with closing(self._logbook.closed_books()) as closed:
            for book in closed:
                self._answered(book)
        self._answered(self._logbook)

    def _answered(self, book: ClosedBook | Logbook) -> None:
        seq = book.head.seq
        book.receipt(receipt(book, seq, at=LONG_AGO))
        self._tell(Heard(receipt=seq, book=book.book_id))

    def _prune(self) -> None:
        for _ in range(MOST):
            if not self._logbook.prune(1):
                return

    def _sign(self) -> None:
        self._logbook.sign_head()

    def succeed(self) -> None:
        if self._chance.random() < HALF:
            self._logbook.keep_state(self._logbook.head.seq, lambda: b"%d" % self._number)
        for heard in succeed(self._logbook):
            self._tell(heard)

    def _enrol(self) -> None:
        if self._logbook.office is None:
            self._logbook.enrolled(Enrolment("http://office", OFFICE_KEY, "pda-3", "cuihu"))
            self._tell(Heard(enrolled=True))

    def _shelve(self) -> None:
        self._logbook.shelf.put("asset", "A-1", {"n": self._number})
        try:
            self._logbook.shelf.save()
        except OSError:
            return
