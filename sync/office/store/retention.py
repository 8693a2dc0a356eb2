"""What a purge does to the tables (decision 9): of a record number and hash stay, all that was made from it goes.

Times are UTC milliseconds.
"""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    String,
    Table,
    Text,
    delete,
    func,
    literal,
    select,
    update,
)

from sync.office.store import cases, days, entries, matters, readings
from sync.office.store.records import Stored, stored
from sync.office.store.rounds import alarms, excuses, explanations, findings, round_stops, rounds
from sync.office.store.schema import metadata, records, urgent
from sync.office.store.upsert import insert, put
from sync.office.store.visits import visits

holds = Table(
    "record_holds",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("name", String(64), primary_key=True, comment="the case that they are kept for"),
    Column("first", BigInteger, nullable=False, comment="records of this time, by the handheld's clock …"),
    Column("last", BigInteger, nullable=False, comment="… until just before this one are not purged"),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

purged_rounds = Table(
    "purged_rounds",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("round", String(200), primary_key=True),
    Column("slot", String(200), nullable=False),
    Column("day", String(10), nullable=False),
    Column("kind", String(20), nullable=False, comment="of its route: how long records of it are kept that come late"),
    comment="Rounds whose records are gone: that there was one is still known.",
)
Index("purged_rounds_by_day", purged_rounds.c.site, purged_rounds.c.day)


_TOGETHER: Final = 500
"""Numbers asked for at once."""


class Hold(Struct, frozen=True):
    """Records that must stay, as long as somebody may ask for them."""

    site: str
    name: str
    first: int
    last: int
    reason: str
    at: int


class RoundKept(Struct, frozen=True):
    """A round as far as its time is concerned."""

    round: str
    slot: str
    day: str
    kind: str = ""
    """Of its route."""
    detail: bytes | None = None
    """None once it is purged."""


def add_hold(tx: Connection, hold: Hold) -> None:
    put(tx, holds, hold)


def remove_hold(tx: Connection, site: str, name: str) -> bool:
    return tx.execute(delete(holds).where(holds.c.site == site, holds.c.name == name)).rowcount > 0


def holds_of(tx: Connection, site: str) -> list[Hold]:
    rows = tx.execute(select(holds).where(holds.c.site == site).order_by(holds.c.name))
    return [Hold(**row._mapping) for row in rows]


def whole_records(tx: Connection, site: str, after: int, most: int, before: int | None = None) -> list[Stored]:
    """What was not purged with an `arrived` above `after`, in that order, no more than `most` (-1: all); with `before`
    of what came before that time."""
    which = [records.c.site == site, records.c.arrived > after, records.c.raw.is_not(None)]
    if before is not None:
        which.append(records.c.received_at < before)
    wanted = select(records).where(*which).order_by(records.c.arrived)
    return [stored(row) for row in tx.execute(wanted if most < 0 else wanted.limit(most))]


def records_that_came(tx: Connection, site: str, numbers: Sequence[int]) -> list[Stored]:
    """Those with these `arrived`, that were not purged."""
    found = []
    for first in range(0, len(numbers), _TOGETHER):
        which = (records.c.arrived.in_(numbers[first : first + _TOGETHER]), records.c.raw.is_not(None))
        wanted = select(records).where(records.c.site == site, *which).order_by(records.c.arrived)
        found += [stored(row) for row in tx.execute(wanted)]
    return found


def rounds_named(tx: Connection, site: str, names: Collection[str]) -> dict[str, RoundKept]:
    """Rounds by id, also those that were purged."""
    gone = select(purged_rounds.c.round, purged_rounds.c.slot, purged_rounds.c.day, purged_rounds.c.kind)
    gone = gone.where(purged_rounds.c.site == site, purged_rounds.c.round.in_(names))
    here = select(rounds.c.round, rounds.c.slot, rounds.c.day, rounds.c.detail)
    here = here.where(rounds.c.site == site, rounds.c.round.in_(names))
    found = {row.round: RoundKept(**row._mapping) for row in tx.execute(gone)}
    return found | {row.round: RoundKept(**row._mapping) for row in tx.execute(here)}


def purge(tx: Connection, site: str, gone: Sequence[Stored], ended: Sequence[RoundKept]) -> None:
    """Empty these records, and forget what was made from them: the rounds `ended`, and what each record said alone."""
    for one in gone:
        key = (records.c.site == site, records.c.book == one.book, records.c.seq == one.seq)
        tx.execute(update(records).where(*key).values(raw=None, kind=""))
        tx.execute(delete(urgent).where(urgent.c.site == site, urgent.c.book == one.book, urgent.c.seq == one.seq))
        tx.execute(delete(visits).where(visits.c.site == site, visits.c.book == one.book, visits.c.seq == one.seq))
    named = [(one.book, one.seq) for one in gone]
    entries.forget(tx, site, named)
    matters.forget_records(tx, site, named)
    subjects = [f"{one.book.hex()}:{one.seq}" for one in gone]
    for table, column in (
        (findings, findings.c.finding),
        (alarms, alarms.c.alarm),
        (excuses, excuses.c.excuse),
        (explanations, explanations.c.explanation),
        (cases.cases, cases.cases.c.case),
    ):
        tx.execute(delete(table).where(table.c.site == site, column.in_(subjects)))
    for table in (rounds, round_stops):
        tx.execute(delete(table).where(table.c.site == site, table.c.round.in_([each.round for each in ended])))
    readings.forget_rounds(tx, site, [each.round for each in ended])
    days.touch(tx, site, {each.day for each in ended})
    for each in ended:
        row = {"site": site, "round": each.round, "slot": each.slot, "day": each.day, "kind": each.kind}
        tx.execute(insert(purged_rounds).values(**row).on_conflict_do_nothing())


def is_named(tx: Connection, site: str, name: bytes) -> bool:
    """Whether any record of the site that is here names the blob. Slow: reads all of them."""
    named = select(records.c.seq).where(records.c.site == site, _stands_in(tx, name.hex().encode()))
    return tx.execute(named.limit(1)).first() is not None


def _stands_in(tx: Connection, text: bytes) -> ColumnElement[bool]:
    """Whether the bytes of a record hold `text`, as either database asks for it."""
    if tx.dialect.name == "sqlite":
        return func.instr(records.c.raw, text) > 0
    return func.position(literal(text).op("IN")(records.c.raw)) > 0


def purged_slots(tx: Connection, site: str, first: str, last: str) -> dict[str, set[str]]:
    """By local date from first to last: windows in which a round was walked whose records are gone."""
    here = (purged_rounds.c.site == site, purged_rounds.c.day.between(first, last))
    found: dict[str, set[str]] = {}
    for day, slot in tx.execute(select(purged_rounds.c.day, purged_rounds.c.slot).where(*here)):
        found.setdefault(day, set()).add(slot)
    return found
