"""The head of another's book as a record (app.witness)."""

from typing import Literal

from msgspec import UNSET, UnsetType

from app.kinds.base import Body


class WitnessSeen(Body, frozen=True):
    """The head of another handheld's book, by its QR code or by its sixteen digits (app.witness)."""

    how: Literal["qr", "code"]
    book: str | UnsetType = UNSET
    """First 8 bytes of the book's id, hex; with `seq` and `hash` (28 bytes, hex), of a QR code."""
    seq: int | UnsetType = UNSET
    hash: str | UnsetType = UNSET
    code: str | UnsetType = UNSET
