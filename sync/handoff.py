"""Hand-off files: what an office has no receipt for yet, for a way without a network (docs/wire.md).

A file is of one book: lines of JSON, first a sheet that proves whose it is from the book's id on, then batches just as
they go over a line, last the SHA-256 of all before it and the handheld's signature. It counts whole or not at all.
Nothing here knows where such a file lies.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from msgspec import Struct

from app.errors import WatchbookError
from app.logbook.keys import identity_message, verifies
from app.ports import Moment
from sync.wire import MAX_BYTES, PROTOCOL, After, Batch, Malformed, Receipt, chain, unhex

if TYPE_CHECKING:
    from sync.lane import Book
    from sync.signing import Signer

S = TypeVar("S")
FORM: Final = 1
SUFFIX: Final = ".handoff"
RECEIPT: Final = ".receipt"
"""Beside the file, from whoever took it in: the office's word, one `Receipt`."""
LARGEST: Final = MAX_BYTES - 64 * 1024
"""Bytes of a file; more records make another one. It must fit into one request of whoever carries it."""
LONGEST_RECEIPT: Final = 4 * 1024


class FileRefused(WatchbookError):
    """Whoever brought the file: it says why nothing of it was taken."""


class Sheet(Struct, frozen=True, forbid_unknown_fields=True):
    """The first line. Keys, hashes and signatures in hex."""

    handoff: int
    book: str
    key: str
    """The book's first shift key: its SHA-256 is the book."""
    identity: str
    """The handheld's key, which signs the last line."""
    cert: str
    """The first shift key's signature for the identity, as in record 1."""
    after: After | None
    """The book that this one goes on from, as record 1 says: the office may not have heard of this one yet."""
    office: str
    """The public key of the office that it is for."""
    device: str
    first: int
    last: int
    head: str
    """The chain's hash after record `last`."""
    at: int
    """UTC ms of the handheld when it was written."""
    off: int | None
    """Office clock minus handheld clock, ms, as last known."""

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"{self.book}.{self.first}{SUFFIX}"


class _End(Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    sig: str


class Handed(Struct, frozen=True):
    """A file that is whole and signed by the handheld of its book."""

    sheet: Sheet
    batches: tuple[Batch, ...]

    @property
    def records(self) -> int:
        return sum(len(batch.records) for batch in self.batches)


_sorted = msgspec.json.Encoder(order="sorted").encode


def end_bytes(book: bytes, digest: bytes) -> bytes:
    """What the identity key signs."""
    return b"watchbook handoff 1\n" + book + digest


def order(path: Path) -> tuple[str, int, str]:
    """Files of one book one after the other."""
    book, _, rest = path.name.partition(".")
    first = rest.partition(".")[0]
    return book, int(first) if first.isascii() and first.isdigit() else 0, rest


# -- writing -------------------------------------------------------------------------------------


def written(book: "Book", batches: Iterable[Batch], now: Moment) -> Iterator[tuple[Sheet, bytes]]:
    """The files of these batches, in order. Raises FileRefused when record 1 is lost or there is no office to go to."""
    opened, office = book.entry(1), book.office
    if opened is None or office is None:
        raise FileRefused("handoff.no_first" if office else "sync.not_enrolled")
    body = opened.record.body
    after = msgspec.convert(body["after"], After) if "after" in body else None
    for lines, part in _parts(batches):
        first, last = part[0], part[-1]
        sheet = Sheet(
            handoff=FORM,
            book=book.book_id,
            key=str(body["key"]),
            identity=str(body["identity"]),
            cert=str(body["cert"]),
            after=after,
            office=office.server_key,
            device=office.device,
            first=first.first,
            last=last.first + len(last.records) - 1,
            head=last.head,
            at=now.at,
            off=now.off,
        )
        yield sheet, _signed(book.book, _sorted(sheet) + b"\n" + lines, book.identity)


def _signed(book: bytes, before: bytes, identity: "Signer") -> bytes:
    digest = hashlib.sha256(before).digest()
    end = _End(digest.hex(), identity.sign(end_bytes(book, digest)).hex())
    return before + _sorted(end) + b"\n"


def _parts(batches: Iterable[Batch]) -> Iterator[tuple[bytes, list[Batch]]]:
    """As many batches as go into one file, and their lines."""
    lines, part = b"", list[Batch]()
    for batch in batches:
        line = msgspec.json.encode(batch) + b"\n"
        if part and len(lines) + len(line) > LARGEST - 8 * 1024:  # the first and the last line
            yield lines, part
            lines, part = b"", []
        lines += line
        part.append(batch)
    if part:
        yield lines, part


# -- reading -------------------------------------------------------------------------------------


def read(data: bytes) -> Handed:
    """What a file holds, once it is whole, follows from itself and is signed. Raises FileRefused."""
    if len(data) > LARGEST:
        raise FileRefused("handoff.too_large", limit=LARGEST)
    first, *lines = data.split(b"\n")
    sheet = _decoded(first, Sheet)
    if sheet is None or sheet.handoff != FORM:
        raise FileRefused("handoff.foreign")
    end = _decoded(lines[-2], _End) if len(lines) > 2 and not lines[-1] else None
    if end is None:
        raise FileRefused("handoff.torn")
    before = data[: -len(lines[-2]) - 1]
    batches = tuple(_decoded(line, Batch) for line in lines[:-2])
    found = tuple(batch for batch in batches if batch is not None)
    if len(found) != len(batches) or not _is_signed(sheet, before, end) or not _fits(sheet, found):
        raise FileRefused("handoff.changed")
    return Handed(sheet, found)


def bytes_of(path: Path, limit: int) -> bytes:
    """Of a file that somebody brought, at most `limit` and one. Raises OSError; FileRefused for what is no file."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would be waited for without end
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise FileRefused("handoff.foreign")
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(limit + 1)
    finally:
        os.close(fd)


def read_receipt(data: bytes) -> Receipt:
    """The signature in it is not checked. Raises FileRefused."""
    found = _decoded(data, Receipt) if len(data) <= LONGEST_RECEIPT else None
    if found is None:
        raise FileRefused("handoff.bad_receipt")
    return found


def _decoded(line: bytes, shape: type[S]) -> S | None:
    try:
        return msgspec.json.decode(line, type=shape)
    except (ValueError, RecursionError):
        return None


def _is_signed(sheet: Sheet, before: bytes, end: _End) -> bool:
    """From the book's id to the last line: the first shift key, the identity it certified, what that one signed."""
    digest = hashlib.sha256(before).digest()
    try:
        book, key, identity = (unhex(text, 32) for text in (sheet.book, sheet.key, sheet.identity))
        cert, sig = unhex(sheet.cert, 64), unhex(end.sig, 64)
    except Malformed:
        return False
    certified = hashlib.sha256(key).digest() == book and verifies(key, cert, identity_message(identity))
    return certified and end.sha256 == digest.hex() and verifies(identity, sig, end_bytes(book, digest))


def _fits(sheet: Sheet, batches: tuple[Batch, ...]) -> bool:
    """Whether the batches are the records that the sheet names, one after the other, each chained in itself."""
    sound = all(batch.v == PROTOCOL and batch.book == sheet.book and _is_chained(batch) for batch in batches)
    joined = all(
        after.first == _last(before) + 1 or (after.lost is not None and after.lost.first == _last(before) + 1)
        for before, after in pairwise(batches)
    )
    ends = (batches[0].first, _last(batches[-1]), batches[-1].head)
    return sound and joined and ends == (sheet.first, sheet.last, sheet.head)


def _last(batch: Batch) -> int:
    return batch.first + len(batch.records) - 1


def _is_chained(batch: Batch) -> bool:
    try:
        prev = unhex(batch.prev, 32)
    except Malformed:
        return False
    raws = tuple(bytes(raw) for raw in batch.records)
    return bool(raws) and chain(prev, raws)[-1].hex() == batch.head
