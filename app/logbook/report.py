"""What checking books found, as a value: the kinds of fault, a report of one book, a report of all.

docs/record-format.md section 7 has an example of each kind of fault; app/words/book.py a sentence.
"""

from enum import StrEnum

from msgspec import Struct


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


class Removed(Struct, frozen=True):
    """A closed book that is not here any more, as a `book.removed` tells of it."""

    book: str
    seq: int
    """How many records it had."""
    held: bool
    """The receipt over its last record is good, and of an office that this book names."""
    asked: bool
    """Its fingerprint is the one that was asked for."""


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
    unattached: tuple[int, ...]
    """Records whose attachment is not in the folder that was checked, or not as it was; exports carry none."""
    removed: tuple[Removed, ...]
    """Closed books that went from the handheld; not those that are here all the same."""
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
