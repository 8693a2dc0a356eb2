"""The projections: what the pages show of rounds, findings and alarms, folded from the records.

All of it can be dropped and made again from the records; nothing here is the truth. Times are UTC
milliseconds; details are JSON of the values in sync.office.fold.
"""

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    select,
)
from sqlalchemy.dialects.sqlite import insert

from sync.office.store.records import Stored, missing_of, stored
from sync.office.store.schema import devices, heads, metadata, records

rounds = Table(
    "rounds",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("round", String(200), primary_key=True),
    Column("book", LargeBinary(32), nullable=False),
    Column("slot", String(200), nullable=False, comment="the round's id without its attempt"),
    Column("day", String(10), nullable=False, comment="local date on which its window opens"),
    Column("opens", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("detail", LargeBinary, nullable=False),
)
Index("rounds_by_day", rounds.c.site, rounds.c.day)

round_stops = Table(
    "round_stops",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("round", String(200), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("stop", String(64), nullable=False),
    Column("point", String(64)),
    Column("at", BigInteger, comment="null while it was not reached"),
    Column("grade", String(20), comment="as the crew saw it"),
    Column("office_grade", String(20), comment="as the office judges the same evidence"),
    Column("detail", LargeBinary, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("finding", String(100), primary_key=True, comment="book:seq of its first record"),
    Column("round", String(200)),
    Column("at", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("detail", LargeBinary, nullable=False),
)
Index("findings_by_round", findings.c.site, findings.c.round)

alarms = Table(
    "alarms",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("alarm", String(100), primary_key=True, comment="book:seq of its record"),
    Column("at", BigInteger, nullable=False),
    Column("detail", LargeBinary, nullable=False),
)
Index("alarms_by_time", alarms.c.site, alarms.c.at)

folded = Table(
    "folded",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("at", BigInteger, nullable=False, comment="when that record was made, by the handheld's clock"),
    Column("set_aside", Integer, nullable=False, comment="records in quarantine, or that make no sense to a round"),
    comment="Up to which record of each book the projections are true.",
)

PROJECTIONS = (rounds, round_stops, findings, alarms, folded)


class RoundRow(Struct, frozen=True):
    """One doing of a route."""

    site: str
    round: str
    book: bytes
    slot: str
    day: str
    opens: int
    started: int
    first_seq: int
    last_seq: int
    detail: bytes


class StopRow(Struct, frozen=True):
    site: str
    round: str
    position: int
    """1, 2, 3 … in the order the stops were asked for."""
    stop: str
    point: str | None
    at: int | None
    grade: str | None
    office_grade: str | None
    detail: bytes


class FindingRow(Struct, frozen=True):
    site: str
    finding: str
    round: str | None
    at: int
    due: int
    urgent: bool
    detail: bytes


class AlarmRow(Struct, frozen=True):
    site: str
    alarm: str
    at: int
    detail: bytes


class FoldedRow(Struct, frozen=True):
    site: str
    book: bytes
    seq: int
    hash: bytes
    at: int
    set_aside: int


class BookRow(Struct, frozen=True):
    """How far one book is held and how far the pages know it."""

    book: bytes
    device: str
    held: int
    heard: int
    """When the office last got a record of it, office clock."""
    folded: int
    at: int
    set_aside: int
    missing: tuple[tuple[int, int], ...]
    """Runs of numbers that the handheld lost before they came here: first and last of each."""


def owner(tx: Connection, site: str, name: str) -> tuple[bytes, int] | None:
    """(book, first record) of a round that is known already."""
    row = tx.execute(
        select(rounds.c.book, rounds.c.first_seq).where(rounds.c.site == site, rounds.c.round == name)
    ).first()
    return (row.book, row.first_seq) if row else None


def put_round(tx: Connection, row: RoundRow, stops: list[StopRow]) -> None:
    """The round as it stands now, in place of how it stood."""
    fields = {name: getattr(row, name) for name in RoundRow.__struct_fields__}
    tx.execute(insert(rounds).values(**fields).on_conflict_do_update(index_elements=["site", "round"], set_=fields))
    tx.execute(delete(round_stops).where(round_stops.c.site == row.site, round_stops.c.round == row.round))
    for stop in stops:
        tx.execute(insert(round_stops).values({name: getattr(stop, name) for name in StopRow.__struct_fields__}))


def put_finding(tx: Connection, row: FindingRow) -> None:
    fields = {name: getattr(row, name) for name in FindingRow.__struct_fields__}
    tx.execute(insert(findings).values(**fields).on_conflict_do_nothing())


def put_alarm(tx: Connection, row: AlarmRow) -> None:
    fields = {name: getattr(row, name) for name in AlarmRow.__struct_fields__}
    tx.execute(insert(alarms).values(**fields).on_conflict_do_nothing())


def put_folded(tx: Connection, row: FoldedRow) -> None:
    fields = {name: getattr(row, name) for name in FoldedRow.__struct_fields__}
    tx.execute(insert(folded).values(**fields).on_conflict_do_update(index_elements=["site", "book"], set_=fields))


def folded_of(tx: Connection, site: str, book: bytes) -> FoldedRow | None:
    row = tx.execute(select(folded).where(folded.c.site == site, folded.c.book == book)).first()
    return FoldedRow(**row._mapping) if row else None


def hash_of(tx: Connection, site: str, book: bytes, seq: int) -> bytes | None:
    """The chain's hash after a record; None when that record is missing."""
    found: bytes | None = tx.execute(
        select(records.c.hash).where(records.c.site == site, records.c.book == book, records.c.seq == seq)
    ).scalar()
    return found


def records_between(tx: Connection, site: str, book: bytes, first: int, last: int, limit: int) -> list[Stored]:
    """Records `first` to `last` of a book, by number, at most `limit`."""
    span = (records.c.seq >= first, records.c.seq <= last)
    wanted = select(records).where(records.c.site == site, records.c.book == book, *span)
    return [stored(row) for row in tx.execute(wanted.order_by(records.c.seq).limit(limit))]


def rounds_on(tx: Connection, site: str, day: str) -> list[RoundRow]:
    """Rounds whose window opens on a local date, by window and start."""
    wanted = select(rounds).where(rounds.c.site == site, rounds.c.day == day)
    rows = tx.execute(wanted.order_by(rounds.c.opens, rounds.c.slot, rounds.c.started))
    return [RoundRow(**row._mapping) for row in rows]


def find_round(tx: Connection, name: str, site: str = "") -> RoundRow | None:
    """The round with that id, of that site or of whichever has it."""
    wanted = select(rounds).where(rounds.c.round == name).order_by(rounds.c.site)
    row = tx.execute(wanted.where(rounds.c.site == site) if site else wanted).first()
    return RoundRow(**row._mapping) if row else None


def stops_of(tx: Connection, site: str, name: str) -> list[StopRow]:
    wanted = select(round_stops).where(round_stops.c.site == site, round_stops.c.round == name)
    return [StopRow(**row._mapping) for row in tx.execute(wanted.order_by(round_stops.c.position))]


def findings_of(tx: Connection, site: str, name: str) -> list[FindingRow]:
    wanted = select(findings).where(findings.c.site == site, findings.c.round == name).order_by(findings.c.at)
    return [FindingRow(**row._mapping) for row in tx.execute(wanted)]


def alarms_since(tx: Connection, site: str, since: int) -> list[AlarmRow]:
    """Alarms of the site raised at or after `since`, newest first."""
    wanted = select(alarms).where(alarms.c.site == site, alarms.c.at >= since).order_by(alarms.c.at.desc())
    return [AlarmRow(**row._mapping) for row in tx.execute(wanted)]


def books_of(tx: Connection, site: str) -> list[BookRow]:
    """Every book the site sent anything of: what is held, and up to where the pages are true."""
    same = (folded.c.site == heads.c.site) & (folded.c.book == heads.c.book)
    theirs = (devices.c.site == heads.c.site) & (devices.c.book == heads.c.book)
    wanted = (
        select(
            heads.c.book, devices.c.name, heads.c.seq, heads.c.last_at, folded.c.seq, folded.c.at, folded.c.set_aside
        )
        .outerjoin(folded, same)
        .outerjoin(devices, theirs)
        .where(heads.c.site == site)
        .order_by(devices.c.name, heads.c.book)
    )
    missing = missing_of(tx, site)
    return [
        BookRow(book, name or "", held, heard, seq or 0, at or 0, aside or 0, tuple(missing.get(book, ())))
        for book, name, held, heard, seq, at, aside in tx.execute(wanted)
    ]


def forget_all(tx: Connection, site: str) -> None:
    """Empty every projection of a site; the records stay."""
    for table in PROJECTIONS:
        tx.execute(delete(table).where(table.c.site == site))
