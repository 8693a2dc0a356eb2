"""Many rows at once, by the fastest statement that each database has for it."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain, count
from typing import Any, Final

from sqlalchemy import Connection, Insert, Select, Table, bindparam, column, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as pg_insert

BLOCKS: Final = (250, 25)
"""Rows of one statement, the largest block first; what is left goes one by one. SQLite takes 32 766 values."""


def put_rows(tx: Connection, table: Table, rows: Sequence[tuple[Any, ...]], **same: Any) -> None:
    """Insert rows. Each has a value for every column of `table`, in its order, except those given once as `same`. A key
    that is there already is an error."""
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        _put_sqlite(tx, table, rows, same)
        return
    names = [each.name for each in table.columns if each.name not in same]
    arrays = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    tx.execute(_unnest(table, tuple(same)), {**same, **arrays})


def _put_sqlite(tx: Connection, table: Table, rows: Sequence[tuple[Any, ...]], same: Mapping[str, Any]) -> None:
    """In blocks: after each statement the thread waits for the interpreter while a request is read."""
    shared, names = tuple(same.values()), tuple(same)
    for many in BLOCKS:
        full = len(rows) - len(rows) % many
        for first in range(0, full, many):
            values = chain.from_iterable(rows[first : first + many])
            tx.exec_driver_sql(_values(table, names, many), (*shared, *values))
        rows = rows[full:]
    if rows:
        tx.exec_driver_sql(_values(table, names), [(*shared, *row) for row in rows])


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
def _values(table: Table, same: tuple[str, ...] = (), rows: int = 1) -> str:
    """The INSERT of so many rows. What is the same in all is bound once, before the rest: binding costs a third."""
    place = {name: number for number, name in enumerate(same, 1)}
    others = count(len(same) + 1)
    numbers = [[place.get(each.name) or next(others) for each in table.columns] for _ in range(rows)]
    values = ", ".join(f"({', '.join(f'?{number}' for number in row)})" for row in numbers)
    start, _, _ = str(insert(table).compile(dialect=sqlite.dialect())).rpartition(" VALUES ")
    return f"{start} VALUES {values}"


@cache
def _unnest_new(table: Table) -> Insert:
    return pg_insert(table).from_select(list(table.columns), _given(table, ())).on_conflict_do_nothing()


@cache
def _unnest(table: Table, same: tuple[str, ...]) -> Insert:
    return insert(table).from_select(list(table.columns), _given(table, same))


def _given(table: Table, same: tuple[str, ...]) -> Select[tuple[Any, ...]]:
    """One array for each column that differs: one statement, whatever the number of rows."""
    differ = [each for each in table.columns if each.name not in same]
    arrays = [bindparam(each.name, type_=ARRAY(each.type)) for each in differ]
    columns = [column(each.name, each.type) for each in differ]
    given = func.unnest(*arrays).table_valued(*columns, name="given").render_derived().c
    once = {name: bindparam(name, type_=table.c[name].type) for name in same}
    return select(*(once[each.name] if each.name in same else given[each.name] for each in table.columns))
