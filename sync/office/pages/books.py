"""Up to which record a page is true, and the alarms that stand above every page."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.record import Record
from sync.office.pages.places import Places
from sync.office.reading import AlarmDetail, Ref, alarm_of
from sync.office.store.records import Urgent, urgent_ahead
from sync.office.store.rounds import AlarmRow, BookRow, alarms_since

SHOWN_MS: Final = 3 * 24 * 3600 * 1000
"""How long an alarm stands above the pages."""
RUNS: Final = 20
"""Runs of missing numbers that are named one by one."""


class BookSeen(Struct, frozen=True):
    device: str
    upto: str
    waiting: str
    missing: str
    """A sentence; empty when no number is missing."""
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
        missing=_missing(book, places),
        heard=places.moment(book.heard),
        book=book.book.hex()[:16],
    )


def _missing(book: BookRow, places: Places) -> str:
    """Which numbers nobody has any more: the handheld said so itself (decision 8)."""
    if not book.missing:
        return ""
    named = [
        places.w("number_run" if first < last else "number", first=first, last=last)
        for first, last in book.missing[-RUNS:]
    ]
    more = [places.w("runs_before")] if len(book.missing) > RUNS else []
    count = sum(last - first + 1 for first, last in book.missing)
    return places.w("numbers_missing", count=count, numbers=places.w("and").join([*more, *named]))


def alarms_seen(alarms: Alarms, site: str, places: Places, now: int) -> list[AlarmSeen]:
    """Newest first; one that came ahead and has been folded since is shown once."""
    found = [msgspec.json.decode(row.detail, type=AlarmDetail) for row in alarms.folded]
    early = [detail for urgent in alarms.ahead if urgent.received_at >= now - SHOWN_MS and (detail := _ahead(urgent))]
    shown = [(detail.ref.at, _alarm(detail, site, places, early=False)) for detail in found]
    shown += [(detail.ref.at, _alarm(detail, site, places, early=True)) for detail in early]
    return [seen for _, seen in sorted(shown, key=lambda pair: pair[0], reverse=True)]


def _ahead(urgent: Urgent) -> AlarmDetail | None:
    if urgent.quarantine or not urgent.kind:
        return None
    record = msgspec.json.decode(urgent.raw, type=Record)
    return alarm_of(Ref(urgent.seq, urgent.book.hex()[:12], record.at), record)


def _alarm(detail: AlarmDetail, site: str, places: Places, *, early: bool) -> AlarmSeen:
    """`early`: its turn in the book has not come, so its round is not there either."""
    said = places.phrase(detail.category, detail.phrase, detail.words)
    ref = places.w("record_ref", seq=detail.ref.seq, hash=detail.ref.hash)
    return AlarmSeen(
        word=f"{places.w('urgent_finding')}: {said}" if detail.category else places.w("alarm"),
        time=places.moment(detail.ref.at),
        place=places.point(detail.point) if detail.point else "",
        people=places.persons(detail.by),
        href=places.round_url(site, detail.round) if detail.round and not early else "",
        ref=f"{ref} ({places.w('ahead')})" if early else ref,
    )
