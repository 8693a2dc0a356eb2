"""Many rows at once, by the fastest statement that each database has for it."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table, bindparam, column, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import ARRAY


def put_rows(tx: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows with a value for each column of `table`, in its order. A key that is there already is an error."""
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(_values(table), list(rows))
        return
    names = [each.name for each in table.columns]
    tx.execute(_unnest(table), dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


@cache
def _values(table: Table) -> str:
    return str(insert(table).compile(dialect=sqlite.dialect()))


@cache
def _unnest(table: Table) -> Insert:
    """One array for each column: one statement, whatever the number of rows."""
    arrays = [bindparam(each.name, type_=ARRAY(each.type)) for each in table.columns]
    columns = [column(each.name, each.type) for each in table.columns]
    given = func.unnest(*arrays).table_valued(*columns, name="given").render_derived()
    return insert(table).from_select([each.name for each in table.columns], select(*given.c))
