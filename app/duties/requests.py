"""报事报修 at the desk (D31, D65): what a resident asks for or complains of, until it is an order, answered, or none.

A message that comes from a label's page is in nobody's category yet, so it waits as briefly as a question may.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties import findings
from app.duties.site import Calendar, Category

HOWS: Final = ("phone", "counter", "page")
"""How it came: by telephone, somebody stood there, from the page behind a label. Words: app.words.cases `how_…`."""
ENDS: Final = ("order", "answered", "again", "nothing")
"""What became of it: a work order, an answer, the same as another one, nothing to do. Words: `end_…`."""
ANSWER_IN: Final = "30min"
"""Questions are answered at once or within this (D31)."""


class Request(Struct, frozen=True):
    id: str
    """`book:seq` of its first record."""
    how: str
    category: str
    """Of the plan; empty while nobody at the desk has read it."""
    words: str
    """As the desk wrote it; empty of a message, whose own words stand apart."""
    at: int
    """UTC ms."""
    due: int
    """Somebody is to have seen to it by then, UTC ms."""
    receiver: str = ""
    """Person id of who took it first and stays responsible (D32); empty of a message that waits."""
    point: str | None = None
    asset: str | None = None
    room: str = ""
    phone: str = ""
    """Last four digits (D44)."""
    closed: int | None = None
    end: str = ""
    """Of ENDS."""
    reply: str = ""
    """What the desk said to it."""


def due_of(category: Category | None, at: datetime, calendar: Calendar) -> datetime:
    """When somebody is to have seen to it: as soon as somebody is to be there, else within ANSWER_IN."""
    return findings.due((category.respond if category else "") or ANSWER_IN, at, calendar)


def close(request: Request, at: int, end: str, reply: str, by: str) -> Request | None:
    """Once, and with one of ENDS; whoever closes a message has received it. None where that is not so."""
    if request.closed is not None or end not in ENDS:
        return None
    return replace(request, closed=at, end=end, reply=reply, receiver=request.receiver or by)


def is_phone(digits: str) -> bool:
    """The last four digits of a telephone, or none at all."""
    return not digits or (len(digits) == 4 and digits.isascii() and digits.isdigit())
