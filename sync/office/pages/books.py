"""Up to which record a page is true, and the alarms that stand above every page."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app import kinds
from app.record import Record
from sync.office.pages.places import Places
from sync.office.pages.view import url
from sync.office.reading import AlarmDetail
from sync.office.store.records import Urgent, urgent_ahead
from sync.office.store.rounds import AlarmRow, BookRow, alarms_since

SHOWN_MS: Final = 3 * 24 * 3600 * 1000
"""How long an alarm stands above the pages."""


class BookSeen(Struct, frozen=True):
    device: str
    upto: str
    waiting: str
    heard: str
    book: str


class AlarmSeen(Struct, frozen=True):
    word: str
    time: str
    place: str
    people: str
    href: str
    ref: str


class Alarms(Struct, frozen=True):
    """Urgent records: those in their turn, and those that came ahead of it."""

    folded: list[AlarmRow]
    ahead: list[Urgent]


def read_alarms(tx: Connection, site: str, now: int) -> Alarms:
    return Alarms(alarms_since(tx, site, now - SHOWN_MS), urgent_ahead(tx, site))


def books_seen(books: Sequence[BookRow], places: Places) -> list[BookSeen]:
    return [_book(book, places) for book in books]


def _book(book: BookRow, places: Places) -> BookSeen:
    upto = places.w("up_to", seq=book.folded, time=places.moment(book.at)) if book.folded else places.w("nothing_read")
    notes = []
    if book.held > book.folded:
        notes.append(places.w("waiting", n=book.held - book.folded))
    if book.set_aside:
        notes.append(places.w("set_aside", n=book.set_aside))
    return BookSeen(
        device=book.device or places.w("unknown_handheld"),
        upto=upto,
        waiting=" ".join(notes),
        heard=places.moment(book.heard),
        book=book.book.hex()[:16],
    )


def alarms_seen(alarms: Alarms, places: Places, now: int) -> list[AlarmSeen]:
    """Newest first; one that came ahead and has been folded since is shown once."""
    found = [(row.at, _alarm(msgspec.json.decode(row.detail, type=AlarmDetail), places)) for row in alarms.folded]
    for urgent in alarms.ahead:
        record = msgspec.json.decode(urgent.raw, type=Record) if urgent.kind and not urgent.quarantine else None
        if record is not None and urgent.received_at >= now - SHOWN_MS:
            found += _ahead(urgent, record, places)
    return [seen for _, seen in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _ahead(urgent: Urgent, record: Record, places: Places) -> list[tuple[int, AlarmSeen]]:
    body = kinds.read(record)
    if not isinstance(body, kinds.AlarmRaised | kinds.FindingRaised):
        return []
    said = body.words if isinstance(body, kinds.FindingRaised) else ""
    ref = places.w("record_ref", seq=record.seq, hash=f"{urgent.book.hex()[:12]} ({places.w('ahead')})")
    return [(record.at, _seen(record.kind, said, record.at, body.point, record.by, "", ref, places))]


def _alarm(detail: AlarmDetail, places: Places) -> AlarmSeen:
    href = url(f"/rounds/{quote(detail.round, safe='')}") if detail.round else ""
    ref = places.w("record_ref", seq=detail.ref.seq, hash=detail.ref.hash)
    return _seen(detail.kind, detail.words, detail.ref.at, detail.point, detail.by, href, ref, places)


def _seen(
    kind: str, said: str, at: int, point: str | None, by: tuple[str, ...], href: str, ref: str, places: Places
) -> AlarmSeen:
    word = places.w("alarm") if kind == "alarm.raised" else f"{places.w('urgent_finding')}: {said}"
    place = places.point(point) if point else ""
    return AlarmSeen(word, places.moment(at), place, places.persons(by), href, ref)
