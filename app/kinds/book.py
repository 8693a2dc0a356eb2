"""The book's own records: how it begins and ends, its keys, its damage, what of it was removed."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from app.kinds.base import Body


class BookBefore(Struct, frozen=True):
    """How far another book went."""

    book: str
    seq: int
    hash: str


class BookOpened(Body, frozen=True):
    cert: str
    """Signature of the first shift key over the identity key, hex."""
    identity: str
    key: str
    program: str
    after: BookBefore | UnsetType = UNSET
    """The book that this one continues."""


class BookClosed(Body, frozen=True):
    """The last record of a book that was closed on purpose."""

    reason: str
    """`fork`, `site`, `wiped`, `office`, or a word that only a newer program knows."""


class BookPruned(Body, frozen=True, rename={"first": "from", "last": "to"}):
    """Records that the handheld removed once the office had them."""

    before: str
    first: int
    hash: str
    last: int


class BookRemoved(Body, frozen=True):
    """A closed book that the handheld removed altogether once the office had it."""

    book: str
    hash: str
    receipt: dict[str, Any]
    """The office's, for its last record: at, key, sig."""
    seq: int
    """Its last record."""


class KeyCertified(Body, frozen=True):
    cert: str
    key: str
    head: str | UnsetType = UNSET
    """The replaced key's signature over the head before this record, hex; its private part is gone now."""


class BookEnrolled(Body, frozen=True):
    office: str
    device: str
    site: str
    server_key: str


class DamageDeclared(Body, frozen=True, rename={"first": "from", "last": "to"}):
    first: int
    last: int
    last_good: str
