"""A book that goes on from another: when the courier begins one, and how the office comes to know it."""

from contextlib import closing

import msgspec
from msgspec import Struct

from app.errors import BookUnknown
from app.logbook.book import Logbook
from app.logbook.keys import PrivateIdentity
from app.logbook.reader import Enrolment
from sync.lane import Connect
from sync.wire import After, Successor, unhex


class Remembered(Struct, frozen=True):
    """A book that is not here any more, and whose office may still know it."""

    book: bytes
    identity: PrivateIdentity
    office: Enrolment | None


def _has_work(book: Logbook) -> bool:
    """Whether anybody recorded anything in it: an empty one is no better than the next."""
    own = ("book.", "key.")
    return any(not entry.record.kind.startswith(own) for entry in book.entries())


def succeed(book: Logbook, forked: bytes) -> bool:
    """Close the book `forked` and go on in a new one, with everything that the crew has in hand; whether it came to
    that. Raises BookEnded when it was closed meanwhile, BookUnsafe.
    """
    from app.memory import Memory

    with book.still(forked):
        if not _has_work(book):
            return False
        try:
            book.succeed("fork", fold=Memory)
        except BookUnknown:
            book.reopen()
        return book.book != forked


def introduce(book: Logbook, connect: Connect) -> None:
    """Tell the office of a book that went on from another, in the name of that one, which it knows; any other needs no
    introduction. Raises OfficeAway, Refused, BookError.
    """
    mine, opened, office = book.book, book.entry(1), book.office
    if office is None or opened is None or "after" not in opened.record.body:
        return
    body = opened.record.body
    after = msgspec.convert(body["after"], After)
    asked = Successor(after=after, **{part: str(body[part]) for part in ("key", "identity", "cert")})
    with closing(connect(Remembered(unhex(after.book, 32), book.identity, office))) as before:
        before.hello()
        answer = before.succeed(asked)
    with book.still(mine):
        if not book.introduced:
            book.enrolled(Enrolment(office.office, office.server_key, answer.device, answer.site))
