"""Every projection: emptied and made again from the records whenever its rules or its tables change.

What was counted of a day whose rounds were purged stays: nothing is left that it could be made from.
"""

from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, inspect, select

from sync.office.store import known
from sync.office.store.bulk import put_rows
from sync.office.store.cases import cases
from sync.office.store.days import day_marks, days, months
from sync.office.store.entries import entries
from sync.office.store.matters import matter_records, matters
from sync.office.store.readings import readings
from sync.office.store.retention import purged_rounds
from sync.office.store.reviews import reviewed, reviews
from sync.office.store.rounds import alarms, excuses, explanations, findings, folded, round_stops, rounds, witnesses
from sync.office.store.schema import metadata
from sync.office.store.visits import calibrations, visits
from sync.office.store.windows import day_windows

MADE_BY: Final = "projections"
"""Name of the fact that says by which version of rules and tables they were made."""
PROJECTIONS: Final = (
    rounds,
    round_stops,
    findings,
    alarms,
    folded,
    excuses,
    explanations,
    witnesses,
    visits,
    calibrations,
    matters,
    matter_records,
    reviews,
    reviewed,
    entries,
    cases,
    readings,
    days,
    day_marks,
    months,
    day_windows,
)
_COUNTED: Final = (days, day_windows)


def make_anew(tx: Connection, version: str) -> None:
    """Empty projections of every site, with the columns that they have now."""
    kept = [(table, tx.execute(select(table).where(_purged(table))).all()) for table in _COUNTED if _is_made(tx, table)]
    metadata.drop_all(tx, PROJECTIONS)
    metadata.create_all(tx, PROJECTIONS)
    for table, rows in kept:
        put_rows(tx, table, [tuple(row) for row in rows])
    known.put(tx, MADE_BY, version)


def forget_all(tx: Connection, site: str) -> None:
    """Empty every projection of a site; the records stay."""
    for table in PROJECTIONS:
        kept = (~_purged(table),) if table in _COUNTED else ()
        tx.execute(delete(table).where(table.c.site == site, *kept))


def _purged(table: Table) -> ColumnElement[bool]:
    """Whether a row is of a day of which rounds were purged."""
    return exists().where(purged_rounds.c.site == table.c.site, purged_rounds.c.day == table.c.day)


def _is_made(tx: Connection, table: Table) -> bool:
    """Whether it is there, with the columns that it has in this program."""
    there = inspect(tx)
    return there.has_table(table.name) and {each["name"] for each in there.get_columns(table.name)} == {*table.c.keys()}
