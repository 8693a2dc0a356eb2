"""The records of one book as sentences, newest first: each kind is readable here before it has a page of its own."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.booklog import BookLog
from app.duties.site import People, Person, Plan
from app.record import Record
from sync.office.credentials import everybody
from sync.office.details import names_in
from sync.office.pages.frame import site_of
from sync.office.pages.house import House
from sync.office.pages.photos import PhotoSeen, read_held, show_photos
from sync.office.pages.view import Asked, lang_of, whole
from sync.office.places import Places, url
from sync.office.store import rounds as table
from sync.office.store.plans import site_plan
from sync.office.store.records import Stored
from sync.office.store.rounds import BookRow

SHOWN: Final = 100
"""Records of one page."""
STARTED: Final = "round.started"


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as the records of a book need it."""

    site: str
    plan: Plan
    book: BookRow
    upto: int
    """The last record of the page."""
    begun: list[Record]
    """What began the rounds that go on from before the page: their stops are named by it."""
    stored: list[Stored]
    people: dict[str, Person]
    held: frozenset[str]
    """Pictures named by them that have come."""


class RecordSeen(Struct, frozen=True):
    number: int
    time: str
    words: str
    photos: list[PhotoSeen]


class RecordsSeen(Struct, frozen=True):
    device: str
    fingerprint: str
    back: str
    records: list[RecordSeen]
    newer: str
    """Where the next hundred stand; empty on the newest page."""
    older: str


def read_records(tx: Connection, site: str, book: str, upto: str) -> Facts | None:
    """Up to SHOWN records that end at number `upto`, else at the newest; None for a book that the site has not."""
    plan = site_plan(tx, site)
    found = next((each for each in table.books_of(tx, site) if each.book.hex() == book), None)
    if plan is None or found is None:
        return None
    asked = whole(upto, 15)
    last = found.held if asked is None else min(max(1, asked), found.held)
    first = max(1, last - SHOWN + 1)
    stored = table.records_between(tx, site, found.book, first, last, SHOWN)
    shown = [_decode(one) for one in stored if _is_record(one)]
    return Facts(
        site=site,
        plan=plan,
        book=found,
        upto=last,
        begun=[_decode(one) for one in _begun(tx, site, shown) if _is_record(one)],
        stored=stored,
        people=everybody(tx),
        held=read_held(tx, site, [name for each in shown for name in names_in(each.body)]),
    )


def _begun(tx: Connection, site: str, shown: Iterable[Record]) -> Iterator[Stored]:
    """The first records of rounds of which there are only later ones here, with stops in them."""
    known: set[object] = set()
    for each in shown:
        name = each.body.get("round")
        if not isinstance(name, str) or name in known or not (each.kind == STARTED or "stop" in each.body):
            continue
        known.add(name)
        if each.kind != STARTED and (first := table.owner(tx, site, name)) is not None:
            yield from table.records_between(tx, site, *first, first[1], 1)


def show_records(facts: Facts, lang: str) -> RecordsSeen:
    places, book = Places(lang, facts.plan, facts.people), facts.book.book.hex()
    log = BookLog(lang, facts.plan, People(tuple(facts.people.values())))
    for each in facts.begun:
        log.words(each)
    ends = facts.upto + SHOWN
    return RecordsSeen(
        device=places.handheld(facts.book.device),
        fingerprint=book,
        back=url("/books", site=facts.site),
        records=[_one(one, facts, log, places) for one in facts.stored][::-1],
        newer=_page(facts, min(ends, facts.book.held)) if facts.upto < facts.book.held else "",
        older=_page(facts, facts.upto - SHOWN) if facts.upto > SHOWN else "",
    )


def _page(facts: Facts, upto: int) -> str:
    return url("/records", site=facts.site, book=facts.book.book.hex(), upto=str(upto))


def _one(one: Stored, facts: Facts, log: BookLog, places: Places) -> RecordSeen:
    """What is gone, or is no record, says so."""
    if not _is_record(one):
        return RecordSeen(one.seq, "", places.w("record_aside" if one.quarantine is not None else "record_gone"), [])
    record = _decode(one)
    photos = show_photos(names_in(record.body), facts.site, facts.held, places)
    return RecordSeen(one.seq, places.moment(record.at), log.words(record), photos)


def _is_record(one: Stored) -> bool:
    return one.quarantine is None and bool(one.kind)


def _decode(one: Stored) -> Record:
    """The record, whose form was checked when it came in."""
    return msgspec.json.decode(one.raw, type=Record)


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/records")
    async def records(request: Asked) -> Response[bytes]:
        site, book, upto = site_of(request), *(request.query_params.get(name, "") for name in ("book", "upto"))
        facts = await house.read(lambda tx: read_records(tx, site, book, upto))
        if facts is None:
            return await house.frame.plain(request, "not_found", "no_such_book", 404)
        await house.looked(request, "records-seen", facts.site, book)
        return await house.frame.page(request, "records.html", show_records(facts, lang_of(request)))

    return [records]
