"""A district of many sites in one database: real plans, people, books and projections, as many records as are wanted.

A few days of the example are walked and told by its own crews, and folded as always. That is the pattern: each site has
it once or more, at other dates, in books of its own, whose records are written anew (ids, dates, numbers), chained anew
and signed once a batch. What the fold made of the pattern is carried over with the same changes, which is faster; a
site is folded again from its records to show that it comes to the same. Shifts are left out whole, never in part.

What the pattern leaves open stays open in the newest copy only. In an older one it counts as closed with its last
record: no site has a thousand orders that nobody came for, and a board has as many cards however long its history.
"""

import hashlib
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from sqlalchemy import Connection, LargeBinary, Table, delete, insert, select

from app.duties.site import Named, Person, Plan, decode_plan, encode_plan
from app.duties.texts import Text as Words
from app.kinds import BookOpened, to_dict
from app.logbook.keys import head_message, identity_message
from app.record import Record, encode, follow
from app.version import VERSION
from sync.office import demo
from sync.office.fold import CURSOR, HEARD, Folding, forget, prepare
from sync.office.keys import OfficeKey
from sync.office.serve import open_store
from sync.office.store import Store
from sync.office.store import plans as plan_table
from sync.office.store.bulk import put_rows
from sync.office.store.cases import cases
from sync.office.store.days import day_marks, days, months
from sync.office.store.plans import PlanRow
from sync.office.store.projections import PROJECTIONS
from sync.office.store.records import Batch, Stored, append, link, move_cursor
from sync.office.store.rounds import folded
from sync.office.store.schema import arrivals, devices, head_signatures, heads, records

SEED: Final = 20261121
SITES, COMPANIES = 77, 58
DISTRICT: Final = Named("城东片区", "East district", id="east")
SITE: Final = "cuihu-garden"
DAYS: Final = 2
"""Of the pattern."""
NOW: Final = 1_795_233_600_000
"""2026-11-21 12:00 at the sites."""
DAY_MS: Final = 24 * 3600 * 1000
OWN_KEYS: Final = ("book.opened", "book.enrolled", "key.certified")
"""Kinds that belong to one book's own keys: a copy has its own. Dwellings are the same ones in every copy: left out."""
CARRIED: Final = tuple(table for table in PROJECTIONS if table not in (folded, days, day_marks, months))
Rows = Sequence[tuple[Any, ...]]


class Carried(Struct, frozen=True):
    """The rows of one projection of the pattern."""

    table: Table
    rows: Rows


class Pattern(Struct, frozen=True):
    """Some days of a site, as they stand once they are folded."""

    plan: Plan
    books: dict[bytes, list[Stored]]
    """By id, in order; without record 1."""
    carried: list[Carried]
    folded: Rows

    @property
    def size(self) -> int:
        return sum(map(len, self.books.values()))


# -- the pattern -------------------------------------------------------------------------------------


async def walked(scratch: Path) -> tuple[Plan, dict[bytes, list[Record]]]:
    """The example's first site, some days of it with its stories: by book, its records."""
    store = await open_store(scratch / "walked.db")
    try:
        await demo.furnish(store, OfficeKey.open(scratch), NOW, DAYS)
        for part in await demo._missing(store, DAYS):
            if part.site == SITE:
                await demo._tell(store, part, NOW, "zh")
                await Folding(store).catch_up()
        row = await store.read(lambda tx: plan_table.newest_plan(tx, SITE))
        assert row is not None
        found: dict[bytes, list[Record]] = {}
        for site, book, held in await store.records.books():
            whole = await store.records.of_book(site, book, limit=held.seq) if site == SITE else []
            found |= {book: [msgspec.json.decode(one.raw, type=Record) for one in whole]} if whole else {}
        return decode_plan(row.raw), found
    finally:
        store.close()


def thinned(books: Mapping[bytes, list[Record]], wanted: int, dice: random.Random) -> list[list[Record]]:
    """About that many records, in the order of each book."""
    shifts = [(book, some) for book, whole in books.items() for some in _shifts(whole)]
    dice.shuffle(shifts)
    kept: dict[bytes, list[list[Record]]] = {book: [] for book in books}
    count = 0
    for book, some in shifts:
        if count < wanted:
            kept[book].append(some)
            count += len(some)
    in_order = (sorted((each for some in those for each in some), key=lambda each: each.seq) for those in kept.values())
    return [whole for whole in in_order if whole]


def _shifts(whole: Iterable[Record]) -> list[list[Record]]:
    found: list[list[Record]] = [[]]
    for each in whole:
        if each.kind == "shift.opened":
            found.append([])
        if each.kind not in OWN_KEYS and not each.kind.startswith("survey."):
            found[-1].append(each)
    return found


async def pattern(plan: Plan, told: Iterable[list[Record]], of: Mapping[bytes, list[Record]], scratch: Path) -> Pattern:
    """These records in books of their own, taken in and folded by an office of its own."""
    store = await open_store(scratch)
    try:
        await _plan(store, plan)
        renamed = _renamed(told, of)
        for writer, whole in renamed:
            await _bring(store, plan.site.id, writer, whole)
        await Folding(store).catch_up()
        return await store.read(lambda tx: _read(tx, plan, [writer.book for writer, _ in renamed]))
    finally:
        store.close()


async def _plan(store: Store, plan: Plan) -> None:
    row = PlanRow(plan.site.id, plan.revision, plan.sha256, "2020-01-01", encode_plan(plan))
    await store.write(lambda tx: plan_table.add_plan(tx, row, 0))


class Writer(Struct, frozen=True):
    """Whoever signs one book."""

    key: Ed25519PrivateKey

    public: bytes

    @property
    def book(self) -> bytes:
        return hashlib.sha256(self.public).digest()

    def opening(self, at: int) -> bytes:
        cert = self.key.sign(identity_message(self.public))
        body = BookOpened(cert.hex(), self.public.hex(), self.public.hex(), VERSION)
        return encode(Record(at, to_dict(body), _BOOT.decode(), (), "book.opened", 0, 1, 0, 1))


@cache
def writer(*name: object) -> Writer:
    seed = hashlib.sha256(" ".join(map(str, (SEED, *name))).encode()).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return Writer(key, key.public_key().public_bytes_raw())


_BOOT: Final = b"0" * 31 + b"d"


def _renamed(told: Iterable[list[Record]], of: Mapping[bytes, list[Record]]) -> list[tuple[Writer, list[bytes]]]:
    """Each book under a key of the pattern's own, its records numbered without a gap, what names them too. Proofs hold
    in their own book only: they are left out."""
    old = {id(record): book for book, whole in of.items() for record in whole}
    found = [(writer("pattern", place), whole) for place, whole in enumerate(told)]
    seqs = {(old[id(each)], each.seq): n for _, whole in found for n, each in enumerate(whole, 2)}
    ids = {old[id(whole[0])]: signer.book for signer, whole in found}

    def named(match: re.Match[bytes]) -> bytes:
        book = bytes.fromhex(match[1].decode())
        number = seqs.get((book, int(match[2])))
        return b"%s:%d" % (ids[book].hex().encode(), number) if book in ids and number else match[0]

    def short(match: re.Match[bytes]) -> bytes:
        return next(
            (b"#" + new.hex()[:8].encode() for book, new in ids.items() if book.hex()[:8].encode() == match[1]),
            match[0],
        )

    made = []
    for signer, whole in found:
        raws = [signer.opening(whole[0].at - 60_000)]
        for seq, each in enumerate(whole, 2):
            body = {name: value for name, value in each.body.items() if name not in ("proof", "saw")}
            raw = encode(msgspec.structs.replace(each, body=body, seq=seq, boot=_BOOT.decode()))
            raws.append(_ROUND.sub(short, _NAMED.sub(named, raw)))
        made.append((signer, raws))
    return made


_NAMED: Final = re.compile(rb"\b([0-9a-f]{64}):([0-9]+)")
_ROUND: Final = re.compile(rb"#([0-9a-f]{8})(?=-[0-9])")


async def _bring(store: Store, site: str, signer: Writer, raws: Sequence[bytes]) -> None:
    links, previous = [], signer.book
    for seq, raw in enumerate(raws, 1):
        previous = follow(previous, raw)
        links.append(link(seq, raw, previous))
    sig = signer.key.sign(head_message(signer.book, len(raws), previous))
    batch = Batch(signer.book, 1, signer.book, tuple(links), signer.public, sig, 0)
    await store.write(lambda tx: append(tx, site, signer.book, lambda _: batch, NOW))


def _read(tx: Connection, plan: Plan, named: Sequence[bytes]) -> Pattern:
    found: dict[bytes, list[Stored]] = {book: [] for book in named}
    for row in tx.execute(select(records).order_by(records.c.book, records.c.seq)):
        if row.seq > 1:
            found[row.book].append(Stored(**row._mapping))
    carried = [Carried(table, [tuple(row) for row in tx.execute(select(table))]) for table in CARRIED]
    whole = [tuple(row) for row in tx.execute(select(folded))]
    return Pattern(plan, found, [each for each in carried if each.rows], whole)


# -- one copy of it ------------------------------------------------------------------------------------


class Copy(Struct, frozen=True):
    """Where the pattern goes."""

    site: str
    plan: str
    """Its hash."""
    days: int
    """How much earlier it is than in the pattern."""
    number: int
    """0, 1, 2 … of that site, oldest first: its books go on."""
    arrived: int
    """The site's last number of arrival before it."""


Mark = tuple[Any, ...]
"""What differs in a copy: its kind, and what it is in the pattern."""


TOGETHER: Final = 20_000
"""Records that are committed at once."""


class Text(Struct, frozen=True):
    """A text cut where a copy differs: what stays, and which marks stand between."""

    form: bytes
    marks: tuple[int, ...]

    def filled(self, values: Sequence[Any]) -> bytes:
        return self.form % tuple([values[mark] for mark in self.marks])


class Cutter:
    """Cuts the texts of a pattern, and knows every mark that it met, each once."""

    def __init__(self, made: Pattern) -> None:
        shorts = {book.hex()[:8].encode(): book for book in made.books}
        self._books: dict[bytes, bytes] = {book.hex().encode(): book for book in made.books} | shorts
        whole = [book.hex().encode() for book in made.books]
        hexes = b"|".join([*whole, *shorts])
        self._find = re.compile(
            rb"(?P<book>%s)(?::(?P<seq>[0-9]+))?|(?P<at>(?<![0-9a-f])17[0-9]{11}(?![0-9a-f]))|"
            rb"(?P<day>2026-[01][0-9]-[0-3][0-9])|(?P<plan>%s)|(?P<boot>%s)|"
            rb"\"seq\":(?P<ref>[0-9]+)(?:,\"hash\":\"(?P<hash>[0-9a-f]{12})\")?"
            % (hexes, made.plan.sha256.encode(), _BOOT)
        )
        self.marks: dict[Mark, int] = {}

    def mark(self, *mark: Any) -> int:
        return self.marks.setdefault(mark, len(self.marks))

    def text(self, text: bytes, book: bytes) -> Text:
        """`book` is the one that bare numbers are of."""
        form, marks, end = b"", [], 0
        for match in self._find.finditer(text):
            form += text[end : match.start()].replace(b"%", b"%%") + b"%b"
            marks.append(self._met(match, book))
            end = match.end()
        return Text(form + text[end:].replace(b"%", b"%%"), tuple(marks))

    def book_in(self, text: bytes) -> bytes | None:
        """The first book that it names."""
        found = next((match["book"] for match in self._find.finditer(text) if match["book"]), None)
        return self._books[found] if found else None

    def _met(self, match: re.Match[bytes], book: bytes) -> int:
        if name := match["book"]:
            return self.mark("book", self._books[name], len(name), int(match["seq"] or 0))
        if number := match["ref"]:
            return self.mark("hash" if match["hash"] else "seq", book, int(number))
        if moment := match["at"]:
            return self.mark("at", int(moment))
        return self.mark("day", match["day"]) if match["day"] else self.mark("plan" if match["plan"] else "boot")


class Filled:
    """What takes the place of each mark in one copy."""

    def __init__(self, copy: Copy, made: Pattern, writers: Mapping[bytes, Writer]) -> None:
        self.copy = copy
        self.books = {old: each.book for old, each in writers.items()}
        self._hex = {old: each.book.hex().encode() for old, each in writers.items()}
        self._after = {old: copy.number * len(whole) for old, whole in made.books.items()}
        self._back = copy.days * DAY_MS
        self.hashes: dict[tuple[bytes, int], bytes] = {}
        """Of each record by the pattern's book and number, once it is written."""
        self.arrived: dict[tuple[bytes, int], int] = {}
        """Its number of arrival."""

    def at(self, moment: int) -> int:
        return moment - self._back

    def seq(self, book: bytes, number: int) -> int:
        return number + self._after[book]

    def values(self, marks: Iterable[Mark]) -> list[Any]:
        return [self._value(mark) for mark in marks]

    def _value(self, mark: Mark) -> Any:
        match mark[0]:
            case "at":
                return b"%d" % (mark[1] - self._back)
            case "when":
                return mark[1] - self._back
            case "seq":
                return b'"seq":%d' % self.seq(*mark[1:])
            case "number":
                return self.seq(*mark[1:])
            case "hash":
                hashed = self.hashes.get(mark[1:], b"")
                return b'"seq":%d,"hash":"%s"' % (self.seq(*mark[1:]), hashed.hex()[:12].encode())
            case "book":
                name = self._hex[mark[1]][: mark[2]]
                return b"%s:%d" % (name, self.seq(mark[1], mark[3])) if mark[3] else name
            case "day":
                return (date.fromisoformat(mark[1].decode()) - timedelta(days=self.copy.days)).isoformat().encode()
            case "plan":
                return self.copy.plan.encode()
            case "boot":
                return b"%031xd" % self.copy.number
            case "own":
                return self.books[mark[1]]
            case "arrived":
                return self.arrived.get(mark[1:], 0)
        return self.copy.site


class Crowd:
    """A pattern, ready to be copied into a database."""

    def __init__(self, made: Pattern) -> None:
        self._pattern, self._cutter = made, Cutter(made)
        self._raws = {
            book: [(one.seq, one.kind, self._cutter.text(one.raw, book)) for one in whole]
            for book, whole in made.books.items()
        }
        self._in_records = len(self._cutter.marks)
        self._rows = [(each.table, [self._cut(each.table, row) for row in each.rows]) for each in made.carried]
        self._older = [
            (each.table, [self._cut(each.table, _closed(row)) for row in each.rows]) if each.table is cases else cut
            for each, cut in zip(made.carried, self._rows, strict=True)
        ]

    def _cut(self, table: Table, row: tuple[Any, ...]) -> tuple[list[Any], list[tuple[int, int | Text, bool]]]:
        """What stays of a row, and what is put into it: place, mark or text, and whether that is bytes."""
        told = {column.name: value for column, value in zip(table.columns, row, strict=True)}
        texts = [value.encode() for value in row if isinstance(value, str)]
        own = told.get("book", b"")
        book = next((named for text in texts if (named := self._cutter.book_in(text))), own)
        changes: list[tuple[int, int | Text, bool]] = []
        for place, (name, value) in enumerate(told.items()):
            made = self._changed(name, value, own or book, book, told)
            if made is not None:
                changes.append((place, made, isinstance(table.columns[name].type, LargeBinary)))
        return list(row), changes

    def _changed(self, name: str, value: Any, own: bytes, book: bytes, told: Mapping[str, Any]) -> int | Text | None:
        cutter = self._cutter
        match name:
            case "site":
                return cutter.mark("site")
            case "book":
                return cutter.mark("own", value)
            case "seq" | "first_seq" | "last_seq":
                return cutter.mark("number", own, value)
            case "arrived":
                return cutter.mark("arrived", own, told["seq"])
        if isinstance(value, bytes | str):
            text = cutter.text(value if isinstance(value, bytes) else value.encode(), book)
            return text if text.marks else None
        timed = isinstance(value, int) and not isinstance(value, bool) and value > 1_000_000_000_000
        return cutter.mark("when", value) if timed else None

    def copies(
        self, plan: Plan, some: Iterable[int], times: int, written: int, opened: dict[bytes, bytes], tx: Connection
    ) -> tuple[int, dict[bytes, bytes]]:
        """Some of a site's copies, of `times` in all, behind so many records."""
        for number in some:
            where = Copy(plan.site.id, plan.sha256, (times - 1 - number) * (DAYS + 1), number, written)
            added, opened = self.copy(tx, where, opened)
            written += added
        return written, opened

    def copy(self, tx: Connection, where: Copy, opened: Mapping[bytes, bytes]) -> tuple[int, dict[bytes, bytes]]:
        """Put one copy in, behind the records whose hashes are `opened`, by the pattern's book. How many records those
        are, and the hashes that the next one goes on from."""
        writers = {book: writer(where.site, place) for place, book in enumerate(self._pattern.books)}
        filled, marks = Filled(where, self._pattern, writers), list(self._cutter.marks)
        values = filled.values(marks[: self._in_records])
        rows: list[tuple[Any, ...]] = []
        arrived, signed, ends, at = where.arrived, [], dict[bytes, bytes](), filled.at(NOW)
        for book, whole in self._raws.items():
            name, hashed = filled.books[book], opened.get(book, b"")
            if not hashed:
                raw = writers[book].opening(at)
                hashed, arrived = follow(name, raw), arrived + 1
                rows.append((where.site, name, 1, hashed, raw, "book.opened", arrived, at, None))
            for seq, kind, text in whole:
                raw, arrived = text.filled(values), arrived + 1
                hashed = hashlib.sha256(hashed + raw).digest()
                filled.hashes[book, seq], filled.arrived[book, seq] = hashed, arrived
                rows.append((where.site, name, filled.seq(book, seq), hashed, raw, kind, arrived, at, None))
            last, ends[book] = rows[-1][2], hashed
            sig = writers[book].key.sign(head_message(name, last, hashed))
            signed.append((where.site, name, last, writers[book].public, hashed, sig, at))
        put_rows(tx, records, rows)
        put_rows(tx, head_signatures, signed)
        values += filled.values(marks[self._in_records :])
        for table, cut in self._older if where.days else self._rows:
            put_rows(tx, table, [_put_together(row, changes, values) for row, changes in cut])
        self._heads(tx, where, signed, filled)
        return len(rows), ends

    def _heads(self, tx: Connection, where: Copy, signed: Rows, filled: Filled) -> None:
        """How far each book is held and folded now."""
        mine = [row[1] for row in signed]
        for table in (heads, folded):
            tx.execute(delete(table).where(table.c.site == where.site, table.c.book.in_(mine)))
        put_rows(tx, heads, [(where.site, book, seq, hashed, None, at, 0) for _, book, seq, _, hashed, _, at in signed])
        by_book = {filled.books[row[1]]: row for row in self._pattern.folded}
        whole = [(book, seq, hashed, by_book[book]) for _, book, seq, _, hashed, _, _ in signed]
        put_rows(tx, folded, [(where.site, book, seq, hashed, filled.at(row[4]), row[5], row[6])
                              for book, seq, hashed, row in whole])  # fmt: skip


def _closed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of `cases` whose matter is over, if only because nothing more was recorded of it."""
    told = dict(zip(cases.columns.keys(), row, strict=True))
    if told["closed_at"] is None:
        told |= {"state": "closed", "closed_at": told["last_at"], "done_at": told["done_at"] or told["last_at"]}
    return tuple(told.values())


def _put_together(
    row: Sequence[Any], changes: Sequence[tuple[int, int | Text, bool]], values: Sequence[Any]
) -> tuple[Any, ...]:
    made = list(row)
    for place, change, as_bytes in changes:
        if isinstance(change, int):
            made[place] = values[change]
        else:
            text = change.filled(values)
            made[place] = text if as_bytes else text.decode()
    return tuple(made)


# -- the whole of it -----------------------------------------------------------------------------------


class District(Struct, frozen=True):
    """What was filled."""

    sites: tuple[str, ...]
    records: int
    seconds: float


class Patterns(Struct, frozen=True):
    """The whole one for the site that is looked at, a thinner one for the others."""

    whole: Pattern
    thin: Pattern


async def patterns(each: int) -> Patterns:
    """With about `each` records in the thin one."""
    with TemporaryDirectory(prefix="watchbook-bench-") as folder:
        plan, told = await walked(Path(folder))
        dice = random.Random(SEED)
        every = thinned(told, 10**9, dice)
        whole = await pattern(plan, every, told, Path(folder, "whole.db"))
        thin = await pattern(plan, thinned(told, each, dice), told, Path(folder, "thin.db"))
        return Patterns(whole, thin)


def plan_of(number: int, of: Plan) -> Plan:
    """The plan of one site; 58 companies have the 77 sites, the first ones two of them."""
    company = number % COMPANIES
    site = msgspec.structs.replace(
        of.site,
        id=f"site-{number:02d}",
        name=Named(f"{number + 1}号小区", f"Estate {number + 1}"),
        company=Named(f"第{company + 1}物业", f"Company {company + 1}", id=f"company-{company:02d}"),
        district=DISTRICT,
    )
    return decode_plan(encode_plan(msgspec.structs.replace(of, site=site, effective="2020-01-01")))


async def fill(store: Store, given: Patterns, times: int, sites: int = SITES) -> District:
    """Every site with its pattern, `times` over, the newest as the pattern was."""
    await store.write(prepare)
    began, count = perf_counter(), 0
    whole, thin = Crowd(given.whole), Crowd(given.thin)
    people = [Person(grant.person, Words(grant.person, grant.person)) for grant in given.whole.plan.grants]
    raws = {person.id: msgspec.json.encode(person) for person in people}
    await store.write(lambda tx: plan_table.set_people(tx, raws))
    for number in range(sites):
        plan = plan_of(number, given.whole.plan)
        await _plan(store, plan)
        crowd, made = (whole, given.whole) if number == 0 else (thin, given.thin)
        written, opened = 0, dict[bytes, bytes]()
        together = max(1, TOGETHER // made.size)
        for first in range(0, times, together):
            some = range(first, min(times, first + together))
            written, opened = await store.write(partial(crowd.copies, plan, some, times, written, opened))
        await store.write(partial(_furnish, site=plan.site.id, made=made, written=written))
        count += written
    return District(tuple(f"site-{number:02d}" for number in range(sites)), count, perf_counter() - began)


def _furnish(tx: Connection, site: str, made: Pattern, written: int) -> None:
    """What stands beside the records: who wrote the books, and how far everything was read."""
    for place, _ in enumerate(made.books):
        signer = writer(site, place)
        one = insert(devices).values(site=site, device=f"device-{place}", name=f"手持机{place + 1}号", added_at=NOW)
        keys = {"identity": signer.public, "first_key": signer.public}
        tx.execute(one.values(book=signer.book, enrolled_at=NOW, **keys))
    tx.execute(insert(arrivals).values(site=site, last=written))
    for name in (HEARD, CURSOR):
        move_cursor(tx, site, name, written)


async def folds_to_the_same(store: Store, site: str) -> list[str]:
    """Fold a site's records from nothing; the projections that came out otherwise than they were carried over."""
    before = await store.read(lambda tx: _of_site(tx, site))
    await store.write(lambda tx: forget(tx, site))
    await Folding(store).catch_up()
    after = await store.read(lambda tx: _of_site(tx, site))
    return [name for name, rows in before.items() if after[name] != rows]


def _of_site(tx: Connection, site: str) -> dict[str, list[tuple[Any, ...]]]:
    """Without `matters`, which only says what goes down to handhelds now."""
    found = {}
    for table in (*CARRIED, folded):
        if table.name != "matters":
            rows = tx.execute(select(table).where(table.c.site == site).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows]
    return found
