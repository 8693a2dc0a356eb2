"""What was said of rounds when they were reviewed (D60), and how each round stands: projections of the records."""

from collections.abc import Collection, Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    delete,
    select,
)

from sync.office.store.schema import metadata
from sync.office.store.upsert import insert, put

reviews = Table(
    "reviews",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("round", String(200), primary_key=True, comment="the window where nobody walked"),
    Column("review", String(100), primary_key=True, comment="book:seq of its record"),
    Column("verdict", String(16), nullable=False, comment="accepted, returned, withdrawn, answered or signed"),
    Column("at", BigInteger, nullable=False, comment="by the office's clock, as far as the record knows it"),
    Column("valid", Boolean, nullable=False, comment="said by somebody who may"),
    Column("detail", LargeBinary, nullable=False),
)

reviewed = Table(
    "reviewed",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("round", String(200), primary_key=True),
    Column("state", String(16), nullable=False, comment="accepted, returned or answered, by the review that counts"),
    Column("at", BigInteger, nullable=False),
    comment="No row: not reviewed, or taken back.",
)
Index("reviewed_by_state", reviewed.c.site, reviewed.c.state, reviewed.c.at)

MANY: Final = 400
"""Names in one question."""


class ReviewRow(Struct, frozen=True):
    site: str
    round: str
    review: str
    verdict: str
    at: int
    valid: bool
    detail: bytes


class Standing(Struct, frozen=True):
    site: str
    round: str
    state: str
    at: int


def put_reviews(tx: Connection, rows: Iterable[ReviewRow]) -> None:
    """The same record again changes nothing."""
    new = insert(reviews).on_conflict_do_nothing()
    for row in rows:
        tx.execute(new, asdict(row))


def forget(tx: Connection, site: str, names: Collection[str]) -> set[str]:
    """Let go of what these records (`book:seq`) said; the rounds that it was said of."""
    those = (reviews.c.site == site, reviews.c.review.in_(list(names)))
    found = set(tx.execute(select(reviews.c.round).where(*those)).scalars())
    tx.execute(delete(reviews).where(*those))
    return found


def put_standing(tx: Connection, site: str, name: str, row: Standing | None) -> None:
    """None: nobody has reviewed it, or it was taken back."""
    if row is None:
        tx.execute(delete(reviewed).where(reviewed.c.site == site, reviewed.c.round == name))
    else:
        put(tx, reviewed, row)


def reviews_of(tx: Connection, site: str, names: Collection[str]) -> dict[str, list[ReviewRow]]:
    """By round, in the order in which they were said."""
    found: dict[str, list[ReviewRow]] = {}
    listed = list(names)
    for start in range(0, len(listed), MANY):
        some = reviews.c.round.in_(listed[start : start + MANY])
        wanted = select(reviews).where(reviews.c.site == site, some).order_by(reviews.c.at, reviews.c.review)
        for row in tx.execute(wanted):
            found.setdefault(row.round, []).append(ReviewRow(**row._mapping))
    return found


def waiting(tx: Connection, site: str, since: int, most: int) -> list[Standing]:
    """Rounds that were sent back since a moment (UTC ms) and are not accepted yet, the newest first."""
    asked = reviewed.c.state.in_(["returned", "answered"])
    wanted = select(reviewed).where(reviewed.c.site == site, asked, reviewed.c.at >= since)
    rows = tx.execute(wanted.order_by(reviewed.c.at.desc(), reviewed.c.round).limit(most))
    return [Standing(**row._mapping) for row in rows]
