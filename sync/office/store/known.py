"""What is true of this office as a whole, by name."""

from sqlalchemy import Connection, bindparam, select

from sync.office.store.schema import facts
from sync.office.store.upsert import insert

FILLING = "example_filling"
"""How far the example of a demonstration has come, as `6/15`; empty when all of it is there."""

DESK = "desk/"
"""With a site's id behind it: the book in which the office itself writes about that site, hex."""


_FACT = select(facts.c.value).where(facts.c.name == bindparam("name"))


def get(tx: Connection, name: str) -> str:
    """The fact of that name; empty when nobody has put it."""
    return str(tx.execute(_FACT, {"name": name}).scalar() or "")


def put(tx: Connection, name: str, value: str) -> None:
    row = insert(facts).values(name=name, value=value)
    tx.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
