"""What a book's chain comes to at one place: all that opening must know of the segments before the newest.

A segment's snapshot holds one (app.logbook.snapshots), as it was before the segment's first record. A
chain that a newer program wrote in another form is none: then every segment is read.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

VERSION: Final = 1
_APART_MS: Final = 6 * 3600 * 1000
"""Receipts nearer than this to the one before are remembered as one: pruning asks for days."""


class Damage(Struct, frozen=True):
    """A stretch of a segment that no longer checks. Its bytes stay where they are."""

    segment: int
    offset: int
    length: int
    first: int | None = None
    """First record lost with it; None when no record is missing."""
    last: int | None = None


class Hole(Struct, frozen=True):
    """Records that are gone, and the two hashes a checker needs to walk past them."""

    first: int
    last: int
    good: bytes
    """Hash of record first-1 (the book's id when first is 1)."""
    next: bytes
    """The hash that record last+1 follows."""


class Segment(Struct, frozen=True):
    """A segment, by its first line. Number 0 is the file of what was kept of those that were pruned."""

    number: int
    first: int
    """Its first record."""
    previous: bytes
    """The hash that one follows."""
    snapshot: str
    """The name of its snapshot; "" when it has none."""


class Receipt(Struct, frozen=True):
    """The office held everything up to `seq` at `at`, UTC ms by its own clock."""

    seq: int
    at: int


class Chain(Struct, frozen=True):
    v: int
    hash: bytes
    """Of the last record before the segment."""
    segments: tuple[Segment, ...]
    """The segments there were, oldest first."""
    acked: int
    signed: int
    cursor: str
    cut: int
    """Segments below this number were pruned, or are being."""
    own: tuple[int, ...]
    """Records that may be of the logbook's own kinds."""
    key: bytes
    """The shift key that the book names last; b"" when the record that does is lost."""
    enrolled: dict[str, Any] | None
    """Body of the last `book.enrolled`."""
    receipts: tuple[Receipt, ...]
    holes: tuple[Hole, ...]
    damage: tuple[Damage, ...]
    known: tuple[tuple[int, int], ...]
    """(segment, offset) of the damage that the book declares."""


encode_chain = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Chain).decode


def decode_chain(raw: bytes) -> Chain | None:
    """None when there is none, or when it is of another version."""
    try:
        chain = _decode(raw)
    except ValueError:
        return None
    return chain if chain.v == VERSION else None


def remember(receipts: list[Receipt], new: Receipt) -> None:
    """Add a receipt: those of one part of a day make way for the last of them."""
    if new.at <= 0 or (receipts and new.seq <= receipts[-1].seq):
        return
    if len(receipts) > 1 and receipts[-1].at - receipts[-2].at < _APART_MS:
        receipts.pop()
    receipts.append(new)
