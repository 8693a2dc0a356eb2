"""Many rows at once, by the fastest statement that each database has for it."""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Insert, Select, Table, bindparam, column, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as pg_insert

TOGETHER: Final = 100
"""Rows of one statement; SQLite takes 32 766 values."""


def put_rows(tx: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows with a value for each column of `table`, in its order. A key that is there already is an error."""
    if tx.dialect.name == "sqlite":
        _put_sqlite(tx, table, rows)
        return
    names = [each.name for each in table.columns]
    tx.execute(_unnest(table), dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def _put_sqlite(tx: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """A hundred rows a statement, the rest one by one: the interpreter is let go once for each statement, and whoever
    takes the next request does not have to be waited for at every row."""
    full = len(rows) - len(rows) % TOGETHER
    for first in range(0, full, TOGETHER):
        tx.exec_driver_sql(_hundred(table), tuple(chain.from_iterable(rows[first : first + TOGETHER])))
    if full < len(rows):
        tx.exec_driver_sql(_values(table), list(rows[full:]))


def put_new(tx: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """The same, but of a key that is there already the row that came first stays."""
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(f"{_values(table)} ON CONFLICT DO NOTHING", list(rows))
        return
    names = [each.name for each in table.columns]
    new = _unnest_new(table)
    tx.execute(new, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


@cache
def _values(table: Table) -> str:
    return str(insert(table).compile(dialect=sqlite.dialect()))


@cache
def _hundred(table: Table) -> str:
    start, _, row = _values(table).rpartition(" VALUES ")
    return f"{start} VALUES {', '.join([row] * TOGETHER)}"


@cache
def _unnest_new(table: Table) -> Insert:
    names, given = _given(table)
    return pg_insert(table).from_select(names, given).on_conflict_do_nothing()


@cache
def _unnest(table: Table) -> Insert:
    names, given = _given(table)
    return insert(table).from_select(names, given)


def _given(table: Table) -> tuple[list[str], Select[tuple[Any, ...]]]:
    """One array for each column: one statement, whatever the number of rows."""
    arrays = [bindparam(each.name, type_=ARRAY(each.type)) for each in table.columns]
    columns = [column(each.name, each.type) for each in table.columns]
    given = func.unnest(*arrays).table_valued(*columns, name="given").render_derived()
    return [each.name for each in table.columns], select(*given.c)
