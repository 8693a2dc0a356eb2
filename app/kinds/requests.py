"""报事报修 as records of the desk's book: received, and what became of it (app.duties.requests)."""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from app.duties import requests
from app.duties.requests import Request
from app.kinds.base import Body
from app.kinds.share import Share
from app.record import Record

Requests = Mapping[str, Request]


class Apart(Struct, frozen=True):
    """A text that can go alone (decision 9)."""

    sha256: str
    """Of its salt and itself, hex."""


class RequestReceived(Body, frozen=True):
    """Somebody asks for something or complains: by telephone, at the counter, or from the page behind a label."""

    how: str
    """Of app.duties.requests.HOWS."""
    category: str
    """Of the plan; empty of a message from a page."""
    phrase: str
    words: str
    """As the desk wrote it, or which label's page it came from."""
    due: int
    """Somebody is to have seen to it by then, UTC ms."""
    point: str | None = None
    asset: str | None = None
    room: str = ""
    phone: str = ""
    """Last four digits of a telephone; no names (D44)."""
    text: Apart | UnsetType = UNSET
    """The resident's own words."""
    end: str = ""
    """Of ENDS, when it was over at once."""
    reply: str = ""
    """What was said to it then."""


class RequestClosed(Body, frozen=True):
    request: str
    """`book:seq` of its request.received."""
    end: str
    """Of app.duties.requests.ENDS."""
    reply: str = ""


def received(before: Requests, record: Record, body: RequestReceived, book: str) -> Requests:
    by = next(iter(record.by), "")
    new = Request(
        id=f"{book}:{record.seq}",
        how=body.how,
        category=body.category,
        words=body.words,
        at=record.at,
        due=body.due,
        receiver=by,
        point=body.point,
        asset=body.asset,
        room=body.room,
        phone=body.phone,
    )
    return {**before, new.id: requests.close(new, record.at, body.end, body.reply, by) or new}


def closed(before: Requests, record: Record, body: RequestClosed, book: str) -> Requests:
    found = before.get(body.request)
    by = next(iter(record.by), "")
    after = requests.close(found, record.at, body.end, body.reply, by) if found else None
    return {**before, after.id: after} if after else before


REQUESTS: Final[Share[Requests]] = Share("requests", Requests, {}, {RequestReceived: received, RequestClosed: closed})
SHARE: Final = REQUESTS
