"""通知: what the office has to say to a site, a post or a person, and who has read it."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.kinds.base import Body
from app.kinds.share import Share
from app.record import Record

MOST: Final = 50
"""A handheld knows the newest ones."""


class MessageSent(Body, frozen=True):
    """Of the desk's book. For everybody at the site, unless it names a post or a person."""

    words: str
    until: int
    """It is shown until then, UTC ms."""
    post: str | None = None
    person: str | None = None
    urgent: bool = False
    """It rings."""


class MessageRead(Body, frozen=True):
    """Whoever held the handheld (`by`) has read it."""

    message: str
    """`book:seq` of its message.sent."""


class Message(Struct, frozen=True):
    words: str
    at: int
    until: int
    by: tuple[str, ...] = ()
    post: str | None = None
    person: str | None = None
    urgent: bool = False
    read: tuple[str, ...] = ()
    """Person ids."""


Messages = Mapping[str, Message]
"""By the record that sent it, `book:seq`."""


def sent(before: Messages, record: Record, body: MessageSent, book: str) -> Messages:
    new = Message(body.words, record.at, body.until, record.by, body.post, body.person, body.urgent)
    return dict([*before.items(), (f"{book}:{record.seq}", new)][-MOST:])


def read(before: Messages, record: Record, body: MessageRead, book: str) -> Messages:
    found = before.get(body.message)
    if found is None:
        return before
    return {**before, body.message: replace(found, read=tuple(dict.fromkeys((*found.read, *record.by))))}


MESSAGES: Final[Share[Messages]] = Share("messages", Messages, {}, {MessageSent: sent, MessageRead: read})
SHARE: Final = MESSAGES
