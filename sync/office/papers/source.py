"""What a paper is made from: the records behind each line of it, collected as they are read, and their one hash.

The hash is SHA-256 over the records' hashes (32 bytes each, by book and number), then the SHA-256 of each plan revision
that named things, by revision. Whoever has the office's export can work it out again.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app import kinds
from app.booklog import BookLog
from app.duties.days import millis
from app.duties.rounds import Confirmation
from app.duties.site import People, Person, Plan, Route, decode_plan
from app.record import Record
from app.words import say
from sync.office.credentials import everybody
from sync.office.details import Ref, RoundDetail, StopDetail
from sync.office.papers.paper import Cell, Column, MadeFrom, Paper, Section, Signing
from sync.office.papers.press import PaperRefused
from sync.office.places import Places, round_url
from sync.office.store import cases, entries
from sync.office.store import plans as plan_table
from sync.office.store import rounds as table
from sync.office.store.cases import CaseRow, Which
from sync.office.store.entries import EntryRow
from sync.office.store.paging import Span
from sync.office.store.records import hashes_of
from sync.office.store.rounds import RoundRow, StopRow

LONGEST_DAYS: Final = 366
MOST_ROUNDS: Final = 6_000
MOST_RECORDS: Final = 30_000
AT_ONCE: Final = 1000
DASH: Final = "—"
SIGNS: Final = {"C": "℃"}
"""Units that a plan writes in ASCII, as paper shows them."""


class Wish(Struct, frozen=True):
    """Which paper somebody asks for."""

    name: str
    site: str
    first: date
    last: date
    """Local dates, both included."""
    lang: str
    of: str = ""
    """Which route, post, finding, asset … it is about; empty: all."""
    url: str = ""
    """Of the office, where it is known."""
    within: tuple[str, ...] = ()
    """Of a paper about several sites, those that the asker may see; empty: all."""


class Walk(Struct, frozen=True):
    """A round with its stops, read."""

    row: RoundRow
    detail: RoundDetail
    stops: tuple[tuple[StopRow, StopDetail], ...]

    def book(self, ref: Ref) -> bytes:
        return bytes.fromhex(self.detail.parts[ref.part].book) if self.detail.parts else self.row.book


class Told(Struct, frozen=True):
    """A record of a list, read."""

    row: EntryRow
    record: Record
    body: kinds.Body | None

    @property
    def id(self) -> str:
        return f"{self.row.book.hex()}:{self.row.seq}"


class Ground:
    """One snapshot of a site, asked by whoever makes a paper; it remembers which records were read."""

    def __init__(self, tx: Connection, wish: Wish, now: int) -> None:
        """Raises PaperRefused for a site without a plan, and for days that are none."""
        row = plan_table.plan_on(tx, wish.site, wish.last.isoformat())
        if row is None:
            raise PaperRefused("papers.no_site")
        if not timedelta(0) <= wish.last - wish.first < timedelta(days=LONGEST_DAYS):
            raise PaperRefused("papers.bad_days", most=LONGEST_DAYS)
        self.tx = tx
        self.wish = wish
        self.now = now
        self.plan: Plan = decode_plan(row.raw)
        self.people: dict[str, Person] = everybody(tx)
        self.places = Places(wish.lang, self.plan, self.people)
        self._used: set[tuple[bytes, int]] = set()
        self._elsewhere: dict[str, set[tuple[bytes, int]]] = {}
        self._log: BookLog | None = None

    # -- words -------------------------------------------------------------------------------
    def w(self, name: str, /, **fields: object) -> str:
        return say(self.wish.lang, f"papers.{name}", **fields)

    def day(self, day: date) -> str:
        return self.w("day", year=day.year, month=day.month, day=day.day)

    def at(self, moment: int | None) -> str:
        """Date and minute; empty for none."""
        return "" if moment is None else self.places.day_and_minute(moment)

    def said_at(self, moment: int) -> str:
        """Date and minute as a letter writes them."""
        local = self.places.local(moment)
        return self.w("moment", day=self.day(local.date()), hour=local.hour, minute=local.minute)

    def clock(self, moment: int) -> str:
        return f"{self.places.local(moment):%H:%M}"

    def names(self, people: Iterable[str]) -> str:
        return self.w("comma").join(self.places.person(person) for person in dict.fromkeys(people))

    def crew(self, crew: Sequence[Confirmation]) -> str:
        return self.names(member.person for member in crew)

    def sentence(self, told: Told) -> str:
        """The record as a sentence, without who said it."""
        self._log = self._log or BookLog(self.wish.lang, self.plan, People(tuple(self.people.values())))
        return self._log.words(msgspec.structs.replace(told.record, by=()))

    # -- blocks ------------------------------------------------------------------------------
    def columns(self, *given: tuple[str, int] | tuple[str, int, str]) -> tuple[Column, ...]:
        """Name of the word, share of the width, side."""
        return tuple(Column(self.w(name), share, *side) for name, share, *side in given)

    def signing(self, *boxes: str, tall: bool = False) -> Signing:
        return Signing(tuple(self.w(name) for name in boxes), tall)

    # -- times -------------------------------------------------------------------------------
    @property
    def span(self) -> Span:
        """From the first day's begin to the last one's end, at the site."""
        return Span(self.begin(self.wish.first), self.begin(self.wish.last + timedelta(days=1)))

    def begin(self, day: date) -> int:
        return millis(datetime.combine(day, time.min, self.places.zone))

    def days(self) -> Iterator[date]:
        for number in range((self.wish.last - self.wish.first).days + 1):
            yield self.wish.first + timedelta(days=number)

    def day_of(self, moment: int) -> date:
        return self.places.local(moment).date()

    # -- reading -----------------------------------------------------------------------------
    def walks(self, routes: Collection[str]) -> list[Walk]:
        """What was walked of these routes on the days, in order. Raises PaperRefused for too much."""
        named = [schedule.id for schedule in self.plan.schedules if schedule.route in routes]
        if not named:
            return []
        days = (self.wish.first.isoformat(), self.wish.last.isoformat())
        return self.read_walks(table.rounds_of_schedules(self.tx, self.wish.site, *days, named, MOST_ROUNDS + 1))

    def read_walks(self, rows: Sequence[RoundRow]) -> list[Walk]:
        if len(rows) > MOST_ROUNDS:
            raise PaperRefused("papers.too_large")
        stops = table.stops_of_several(self.tx, self.wish.site, [row.round for row in rows])
        found = [
            Walk(
                row,
                msgspec.json.decode(row.detail, type=RoundDetail),
                tuple((stop, msgspec.json.decode(stop.detail, type=StopDetail)) for stop in stops.get(row.round, ())),
            )
            for row in rows
        ]
        for walk in found:
            self._used |= {(walk.book(ref), ref.seq) for ref in _refs(walk)}
        return found

    def told(
        self, subject: str, keys: Sequence[str] = (), kinds_: Sequence[str] = (), *, ever: bool = False
    ) -> list[Told]:
        """The subject's records of the days (`ever`: of all time), oldest first. Raises PaperRefused for too many."""
        return self.told_in(subject, keys, Span() if ever else self.span, kinds_)

    def told_in(self, subject: str, keys: Sequence[str], span: Span, kinds_: Sequence[str] = ()) -> list[Told]:
        after = None
        rows: list[EntryRow] = []
        while True:
            more = entries.listed(
                self.tx, self.wish.site, subject, keys, kinds=kinds_, span=span, after=after, most=AT_ONCE, oldest=True
            )
            rows += more
            if len(more) < AT_ONCE:
                return self._read(rows)
            if len(rows) > MOST_RECORDS:
                raise PaperRefused("papers.too_large")
            after = more[-1].place

    def _read(self, rows: Sequence[EntryRow]) -> list[Told]:
        self._used |= {(row.book, row.seq) for row in rows}
        stored = entries.raws(self.tx, self.wish.site, rows)
        found = []
        for row in rows:
            one = stored.get((row.book, row.seq))
            if one is not None and one.quarantine is None and one.kind:
                record = msgspec.json.decode(one.raw, type=Record)
                found.append(Told(row, record, kinds.read(record)))
        return found

    def matters(self, which: Which, order: cases.Order = "opened") -> list[CaseRow]:
        """How these matters stand, oldest first. Raises PaperRefused for too many."""
        rows: list[CaseRow] = []
        after = None
        while True:
            more = cases.listed(self.tx, (self.wish.site,), which, order, after=after, most=AT_ONCE, oldest=True)
            rows += more
            if len(more) < AT_ONCE:
                break
            if len(rows) > MOST_RECORDS:
                raise PaperRefused("papers.too_large")
            after = more[-1].place(order)
        self.use_matters(rows)
        return rows

    def use_matters(self, rows: Iterable[CaseRow]) -> None:
        self._used |= {(row.book, row.seq) for row in rows}

    def use(self, book: bytes, seq: int, site: str = "") -> None:
        if site in ("", self.wish.site):
            self._used.add((book, seq))
        else:
            self._elsewhere.setdefault(site, set()).add((book, seq))

    def record(self, book: bytes, seq: int) -> Record | None:
        """One record; None when it was purged."""
        self.use(book, seq)
        stored = entries.records_at(self.tx, self.wish.site, [(book, seq)]).get((book, seq))
        return msgspec.json.decode(stored.raw, type=Record) if stored and stored.kind else None

    # -- what the plan has ---------------------------------------------------------------------
    def routes(self, form: str, kinds_: Collection[str]) -> list[Route]:
        """The routes that fill a form; of a plan that says it of none, those of these kinds."""
        named = [route for route in self.plan.routes if route.form == form]
        wanted = named or [route for route in self.plan.routes if route.kind in kinds_]
        return [route for route in wanted if self.wish.of in ("", route.id)]

    # -- what comes of it ----------------------------------------------------------------------
    def to_record(self, book: bytes, seq: int) -> str:
        return f"/records?{urlencode({'site': self.wish.site, 'book': book.hex(), 'upto': seq})}"

    def to_round(self, walk: Walk) -> str:
        return round_url(self.wish.site, walk.row.round)

    def cell(self, text: str, told: Told, look: str = "") -> Cell:
        return Cell(text, look, link=self.to_record(told.row.book, told.row.seq))

    def made(self) -> MadeFrom:
        hashes = hashes_of(self.tx, self.wish.site, self._used)
        for site, named in self._elsewhere.items():
            hashes |= hashes_of(self.tx, site, named)
        digest = sha256(b"".join(hashes[each] for each in sorted(hashes)))
        digest.update(bytes.fromhex(self.plan.sha256))
        return MadeFrom(digest.hexdigest(), len(hashes), f"/papers/check?{urlencode(self._asked(digest.hexdigest()))}")

    def _asked(self, digest: str) -> dict[str, str]:
        wish = self.wish
        asked = {"paper": wish.name, "site": wish.site, "from": str(wish.first), "to": str(wish.last)}
        return {**asked, **({"of": wish.of} if wish.of else {}), "hash": digest}

    def paper(self, sections: Sequence[Section], *, title: str = "", wide: bool = False, span: str = "") -> Paper:
        """What was read, as a paper; one without a line says so."""
        open_end = self.now < self.span.last
        return Paper(
            name=self.wish.name,
            lang=self.wish.lang,
            title=title or self.w(f"name_{self.wish.name}"),
            company=self.plan.site.company.say(self.wish.lang),
            site=self.places.site(self.wish.site),
            span=span or self.days_said,
            sections=tuple(sections),
            made=self.made(),
            wide=wide,
            stand=self.w("stand", at=self.at(self.now)) if open_end else "",
            url=self.wish.url,
        )

    @property
    def days_said(self) -> str:
        first, last = self.wish.first, self.wish.last
        return self.day(first) if first == last else self.w("span", first=self.day(first), last=self.day(last))


def _refs(walk: Walk) -> Iterator[Ref]:
    """Every record that the round's lines stand on."""
    detail = walk.detail
    yield from (detail.first, detail.last)
    yield from (again.ref for again in detail.again)
    yield from (event.ref for event in detail.events)
    for _, stop in walk.stops:
        yield from (arrival.ref for arrival in stop.arrivals)
        yield from (answer.ref for answer in stop.answers)
        yield from (skip.ref for skip in stop.skips)
        if stop.paper:
            yield stop.paper.ref
