"""INSERT with ON CONFLICT, as both databases read it: PostgreSQL's form, which is also SQLite's.

Name the key by keyword (`index_elements=`): the first place is a constraint's name, and SQLite knows none.
"""

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import Insert, insert

__all__ = ["insert", "put", "upsert"]


def upsert(table: Table) -> Insert:
    """A row in place of the one with its key; execute it with all columns."""
    row = insert(table)
    key = [column.name for column in table.primary_key]
    rest = {column.name: row.excluded[column.name] for column in table.columns if not column.primary_key}
    return row.on_conflict_do_update(index_elements=key, set_=rest)


def put(tx: Connection, table: Table, row: Struct) -> None:
    """`row`, whose fields are the table's columns, in place of the one with its key."""
    tx.execute(upsert(table), asdict(row))
