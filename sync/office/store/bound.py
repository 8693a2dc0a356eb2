"""Makers' codes that stand for a point or an asset: bound by hand, kept when they are let go.

Their texts are no secrets; a handheld still gets only the hash (decision 25). One that was let go stays here, so that
what was scanned while it held can be judged.
"""

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, Text, insert, select, update

from sync.office.store.schema import metadata

bound_codes = Table(
    "bound_codes",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True, comment="point or asset"),
    Column("id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="1, 2 … of that thing: issue x1, x2 …"),
    Column("text", Text, nullable=False, comment="as read, cleaned"),
    Column("made_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, comment="null while it holds"),
)


class BoundRow(Struct, frozen=True):
    kind: str
    id: str
    number: int
    text: str
    made_at: int
    ended_at: int | None = None


_BOUND = tuple(bound_codes.c[name] for name in BoundRow.__struct_fields__)


def add(tx: Connection, site: str, row: BoundRow) -> None:
    tx.execute(insert(bound_codes), {"site": site, **asdict(row)})


def end(tx: Connection, site: str, row: BoundRow, at: int) -> None:
    same = (bound_codes.c.kind == row.kind) & (bound_codes.c.id == row.id) & (bound_codes.c.number == row.number)
    tx.execute(update(bound_codes).where(bound_codes.c.site == site, same).values(ended_at=at))


def bound(tx: Connection, site: str, *, all_ever: bool = False) -> list[BoundRow]:
    """The site's codes by what they stand for; with `all_ever` also those that were let go."""
    question = select(*_BOUND).where(bound_codes.c.site == site)
    if not all_ever:
        question = question.where(bound_codes.c.ended_at.is_(None))
    order = (bound_codes.c.kind, bound_codes.c.id, bound_codes.c.number)
    return [BoundRow(*row) for row in tx.execute(question.order_by(*order))]
