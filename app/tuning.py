"""What the office set on this handheld, as its book holds it.

A page that is spoilt, older than the one that is held, or somebody else's never takes the place of a good one.
"""

from typing import Final, Protocol

import msgspec

from app.duties.tuning import SITE, Sent, Tuning, in_use, replaces
from app.logbook.office import Received
from app.logbook.reader import Enrolment

KIND: Final = "settings"


class Book(Protocol):
    """A logbook, or a reader of one."""

    @property
    def office(self) -> Enrolment | None: ...

    def page(self, kind: str, id: str | None = None) -> bytes | None: ...


def tuning_of(book: Book) -> Tuning:
    """What holds here; nothing before anything came."""
    return in_use(_held(book, SITE), _held(book, book.office.device) if book.office else None)


def is_wanted(book: Book, page: Received) -> bool:
    """Whether a page of any kind that the office sent is to be kept."""
    if page.kind != KIND or page.body is None:
        return True
    if book.office is None or page.id not in (SITE, book.office.device):
        return False
    sent = _read(page.body)
    return sent is not None and replaces(sent, _held(book, page.id))


def _held(book: Book, id: str) -> Sent | None:
    body = book.page(KIND, id)
    return None if body is None else _read(body)


def _read(body: bytes) -> Sent | None:
    try:
        return msgspec.json.decode(body, type=Sent)
    except (ValueError, RecursionError):
        return None
