"""Who is on duty now, handheld by handheld: folded from the last day's records of shifts and posts (D1, D6, D53)."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app import kinds
from app.kinds.base import Body
from app.kinds.crew import CrewJoined, CrewLeft, ShiftClosed, ShiftOpened
from app.kinds.posts import PostManned
from app.record import Record
from sync.office.store import entries
from sync.office.store.paging import Span
from sync.office.store.records import Stored
from sync.office.subjects import PERSON

KINDS: Final = ("shift.opened", "crew.joined", "crew.left", "shift.closed", "post.manned")
BACK_MS: Final = 24 * 3600 * 1000
"""No shift is longer: a handheld that says nothing for so long has no crew."""
MOST: Final = 2000


class OnDuty(Struct, frozen=True):
    """The crew of one handheld."""

    book: bytes
    crew: tuple[tuple[str, int], ...] = ()
    """Person, and since when they are signed in, UTC ms."""
    post: str | None = None
    last: int = 0
    """When it last said so."""


def read_duty(tx: Connection, site: str, now: int) -> list[OnDuty]:
    """The crews of the site whose shift is open, by the handhelds' own clocks."""
    rows = entries.listed(tx, site, PERSON, kinds=KINDS, span=Span(now - BACK_MS), most=MOST)
    return on_duty(entries.raws(tx, site, rows).values())


def on_duty(stored: Iterable[Stored]) -> list[OnDuty]:
    """What these records of several books come to."""
    books: dict[bytes, OnDuty] = {}
    for each in sorted(stored, key=lambda one: (one.book, one.seq)):
        record = msgspec.json.decode(each.raw, type=Record)
        body = kinds.read(record)
        if body is not None:
            books[each.book] = _after(books.get(each.book, OnDuty(each.book)), body, record)
    return sorted((each for each in books.values() if each.crew), key=lambda each: each.crew[0][1])


def _after(before: OnDuty, body: Body, record: Record) -> OnDuty:
    crew, post = before.crew, before.post
    match body:
        case ShiftOpened():
            crew, post = tuple((member.person, record.at) for member in body.crew), body.post
        case CrewJoined():
            crew, post = _with(crew, body.person, record.at), body.post or post
        case CrewLeft():
            crew = tuple(each for each in crew if each[0] != body.person)
        case ShiftClosed():
            crew, post = (), None
        case PostManned():
            post = body.post
    return OnDuty(before.book, crew, post, record.at)


def _with(crew: Sequence[tuple[str, int]], person: str, at: int) -> tuple[tuple[str, int], ...]:
    """Who identifies again has been there all the time."""
    return tuple(crew) if any(each[0] == person for each in crew) else (*crew, (person, at))
