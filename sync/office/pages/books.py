"""Books: up to which record a page is true; and a page of their own, with how each began, ended and was witnessed."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app import witness
from app.duties.site import Person, Plan
from sync.office.credentials import everybody
from sync.office.details import BookLife, WitnessDetail
from sync.office.pages.house import House
from sync.office.pages.listing import Column, Link, Listing, Row, Rows, Wish, arranged
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.places import Places, url
from sync.office.sites import choose
from sync.office.store import rounds as table
from sync.office.store.rounds import BookRow, WitnessRow
from sync.office.verdicts import Verdict

BOOKS: Final = Listing(
    "books",
    "/books",
    "office.books",
    (
        Column("handheld", "office.handheld", sorts=True),
        Column("state", "office.state", sorts=True),
        Column("upto", "office.up_to_record"),
        Column("heard", "office.last_heard", sorts=True),
        Column("missing", "office.not_on_handheld"),
        Column("witnesses", "office.witnesses"),
    ),
    sort="kept",
    oldest=True,
    template="books.html",
    shown=200,
)
"""In the order in which they are kept, unless a column is asked for."""
RUNS: Final = 20
"""Runs of missing numbers that are named one by one."""
SHOWN_WITNESSES: Final = 5
CLOSED: Final = ("fork", "site", "wiped", "office")
"""Reasons of `book.closed` that have words."""


class BookSeen(Struct, frozen=True):
    device: str
    upto: str
    waiting: str
    missing: str
    """A sentence; empty when no number is missing."""
    heard: str
    book: str


def books_seen(books: Sequence[BookRow], places: Places) -> list[BookSeen]:
    return [_book(book, places) for book in books]


def _book(book: BookRow, places: Places) -> BookSeen:
    upto = places.w("up_to", seq=book.folded, time=places.moment(book.at)) if book.folded else places.w("nothing_read")
    notes = []
    if book.held > book.folded:
        notes.append(places.w("waiting", n=book.held - book.folded))
    if book.set_aside:
        notes.append(places.w("set_aside", n=book.set_aside))
    if book.apart:
        notes.append(places.w("kept_apart", n=book.apart))
    return BookSeen(
        device=places.handheld(book.device),
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


# -- the books' own page -------------------------------------------------------------------------


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a site's books need it."""

    site: str
    sites: dict[str, Plan]
    books: list[BookRow]
    purged: dict[bytes, int]
    witnesses: list[tuple[WitnessRow, bytes | None]]
    """Each with the hash that the office holds at that place; None when it holds no such record."""
    people: dict[str, Person]


class WitnessSeen(Struct, frozen=True):
    verdict: Verdict
    words: str


class BookLine(Struct, frozen=True):
    """A book with everything that an auditor asks first."""

    seen: BookSeen
    fingerprint: str
    href: str
    """Its records."""
    standing: Verdict
    after: str
    pruned: str
    purged: str
    witnesses: list[WitnessSeen]


def read_books(tx: Connection, site: str, within: Sequence[str] = ()) -> Facts | None:
    """The books of that site, or of the first one when there is none of that name; None while there is no site."""
    here = choose(tx, within, site)
    if here is None:
        return None
    site = here.site
    books = table.books_of(tx, site)
    return Facts(
        site=site,
        sites=here.plans,
        books=books,
        purged=table.purged_of(tx, site),
        witnesses=[(row, _held_hash(tx, site, row, books)) for row in table.witnesses_of(tx, site)],
        people=everybody(tx),
    )


def _held_hash(tx: Connection, site: str, row: WitnessRow, books: Sequence[BookRow]) -> bytes | None:
    other = next((book.book for book in books if row.other and book.book.hex().startswith(row.other)), None)
    return table.hash_of(tx, site, other, row.other_seq) if other else None


def show_books(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.sites[facts.site], facts.people)
    names = {book.book.hex(): places.handheld(book.device) for book in facts.books}
    lines = [_line(book, facts, names, places) for book in facts.books]
    unknown = [_unknown(row, names, places) for row, _ in facts.witnesses if not row.other]
    return Rows(
        arranged((_row(each) for each in lines), BOOKS, wish),
        len(lines),
        facts.sites,
        facts.site,
        line=places.w("books_line"),
        more=unknown[:SHOWN_WITNESSES],
    )


def _row(line: BookLine) -> Row:
    seen = line.seen
    cells = (
        Link(seen.device, line.href, line.fingerprint),
        Verdict(line.standing.colour, f"{line.standing.word} {line.after}".strip()),
        f"{seen.upto} {seen.waiting}".strip(),
        seen.heard,
        tuple(each for each in (seen.missing, line.purged, line.pruned) if each),
        tuple(f"{each.verdict.word} {each.words}" for each in line.witnesses),
    )
    return Row(cells, seen=line)


def _line(book: BookRow, facts: Facts, names: dict[str, str], places: Places) -> BookLine:
    life = msgspec.json.decode(book.life, type=BookLife) if book.life else BookLife()
    fingerprint, purged = book.book.hex(), facts.purged.get(book.book, 0)
    seen = [
        _witness(row, hashed, book, names, places)
        for row, hashed in facts.witnesses
        if row.other and fingerprint.startswith(row.other)
    ]
    return BookLine(
        seen=_book(book, places),
        fingerprint=fingerprint,
        href=url("/records", site=facts.site, book=fingerprint),
        standing=_standing(life, places),
        after=_after(life, names, places),
        pruned=_pruned(life, places),
        purged=places.w("purged", n=purged) if purged else "",
        witnesses=seen[:SHOWN_WITNESSES],
    )


def _standing(life: BookLife, places: Places) -> Verdict:
    if life.closed is None:
        return Verdict("ok", places.w("book_open"))
    reason = places.w(f"closed_{life.closed}") if life.closed in CLOSED else life.closed
    return Verdict("dim", places.w("book_closed", reason=reason, time=places.moment(life.closed_at)))


def _after(life: BookLife, names: dict[str, str], places: Places) -> str:
    if life.after is None:
        return ""
    book = life.after.book
    key = "continues" if book in names else "continues_unknown"
    return places.w(key, book=book[:16], seq=life.after.seq, device=names.get(book, ""))


def _pruned(life: BookLife, places: Places) -> str:
    if not life.pruned:
        return ""
    named = [places.w("number_run", first=first, last=last) for first, last in life.pruned[-RUNS:]]
    return places.w("pruned", numbers=places.w("and").join(named))


def _witness(row: WitnessRow, held: bytes | None, book: BookRow, names: dict[str, str], places: Places) -> WitnessSeen:
    """What another handheld saw of this book, beside what the office holds of it."""
    detail = msgspec.json.decode(row.detail, type=WitnessDetail)
    if held is None:
        colour, word = ("amber", "witness_waits") if row.other_seq > book.held else ("dim", "witness_open")
    else:
        good = _agrees(detail, witness.Head(book.book, row.other_seq, held))
        colour, word = ("ok", "witness_good") if good else ("red", "witness_bad")
    said = places.w("witnessed", seq=row.other_seq, **_by_whom(row, detail, names, places))
    return WitnessSeen(Verdict(colour, places.w(word)), said)


def _agrees(detail: WitnessDetail, held: witness.Head) -> bool:
    if detail.code:
        return detail.code == witness.code(held)
    return bool(detail.hash) and held.hash.hex().startswith(detail.hash)


def _unknown(row: WitnessRow, names: dict[str, str], places: Places) -> WitnessSeen:
    detail = msgspec.json.decode(row.detail, type=WitnessDetail)
    said = places.w("witnessed_digits", digits=witness.grouped(detail.code), **_by_whom(row, detail, names, places))
    return WitnessSeen(Verdict("dim", places.w("witness_unknown")), said)


def _by_whom(row: WitnessRow, detail: WitnessDetail, names: dict[str, str], places: Places) -> dict[str, str]:
    people, time = places.persons(detail.by), places.moment(row.at)
    return {"device": names.get(row.book.hex(), ""), "people": people, "time": time}


# -- its address ---------------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/books")
    async def books(request: Asked) -> Response[bytes]:
        return await answer(house, request, BOOKS, lambda tx, wish: read_books(tx, wish.site, wish.within), show_books)

    return [books]
