"""What was measured: each number, count and score that answered a check, with the limits under which it was taken.

A projection, made round by round: whenever a round is made again, so are its readings. An answer that a later one
takes back is not among them. Times are UTC milliseconds, by the handheld's clock.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    LargeBinary,
    Select,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
)

from sync.office.store.bulk import put_new
from sync.office.store.loose import each
from sync.office.store.paging import ALWAYS, COUNTED, MOST, Span, ordered, within
from sync.office.store.schema import metadata

NUMBER, COUNT, SCORE = "number", "count", "score"
SORTS: Final = (NUMBER, COUNT, SCORE)

readings = Table(
    "readings",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("sort", String(8), nullable=False, comment="one of SORTS"),
    Column("asset", String(64), nullable=False, comment="which it is of; empty: of the point itself"),
    Column("point", String(64), nullable=False),
    Column("item", String(64), nullable=False, comment="the check"),
    Column("checklist", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("value", Float, nullable=False, comment="of a count and a score what was good of `full`"),
    Column("shown", String(40), nullable=False, comment="exactly as it was recorded"),
    Column("unit", String(20), nullable=False),
    Column("low", Float, comment="normal range in the plan that the round was walked under; null: no limit"),
    Column("high", Float),
    Column("full", Float, comment="of a count how many there are, of a score its best"),
    Column("verdict", String(8), nullable=False, comment="ok, low, high; bad: said to be not OK for another reason"),
    Column("round", String(200), nullable=False),
    Column("person", String(64), nullable=False, comment="who read it; empty: nobody was identified"),
)
Index("readings_by_asset", readings.c.site, readings.c.asset, readings.c.at, readings.c.book, readings.c.seq)
Index("readings_by_item", readings.c.site, readings.c.asset, readings.c.point, readings.c.item, readings.c.at)
Index("readings_by_sort", readings.c.site, readings.c.sort, readings.c.at, readings.c.book, readings.c.seq)
Index("readings_by_round", readings.c.site, readings.c.round)


class ReadingRow(Struct, frozen=True):
    """One measured value."""

    site: str
    book: bytes
    seq: int
    sort: str
    asset: str
    point: str
    item: str
    checklist: str
    at: int
    value: float
    shown: str
    unit: str
    low: float | None
    high: float | None
    full: float | None
    verdict: str
    round: str
    person: str


class Series(Struct, frozen=True):
    """What belongs on one line of a chart."""

    asset: str
    point: str
    item: str


_FIELDS = tuple(readings.c[name] for name in ReadingRow.__struct_fields__)
_ORDER = (readings.c.at, readings.c.book, readings.c.seq)
_OF_ASSET = (readings.c.site == bindparam("of_site"), readings.c.asset == bindparam("of_asset"))


def _last() -> Select[Any]:
    """Of each asset; what was measured of a point itself has none."""
    here = readings.c.site == bindparam("of_site")
    asset = each(readings.c.asset, here)
    newest = [
        select(column)
        .where(here, readings.c.asset == asset.c.asset)
        .order_by(*(one.desc() for one in _ORDER))
        .limit(1)
        .correlate(asset)
        .scalar_subquery()
        for column in (readings.c.book, readings.c.seq)
    ]
    same = (readings.c.book == newest[0], readings.c.seq == newest[1])
    return select(*_FIELDS).join_from(asset, readings, and_(here, *same)).where(asset.c.asset > "")


_LAST = _last()


def _series() -> Select[Any]:
    item = each(readings.c.item, *_OF_ASSET, of=each(readings.c.point, *_OF_ASSET))
    return select(item.c.point, item.c.item).where(item.c.item.is_not(None))


_SERIES = _series()
_ON_LINE = (
    *_OF_ASSET, readings.c.point == bindparam("of_point"), readings.c.item == bindparam("of_item"),
    readings.c.at >= bindparam("first"), readings.c.at < bindparam("last"),
)  # fmt: skip
_OF_SERIES = select(*_FIELDS).where(*_ON_LINE).order_by(readings.c.at.desc()).limit(bindparam("most"))
_COUNT_SERIES = select(func.count()).select_from(
    select(readings.c.at).where(*_ON_LINE).limit(bindparam("most")).subquery()
)


def listed(
    tx: Connection,
    site: str,
    *,
    sorts: Sequence[str] = SORTS,
    span: Span = ALWAYS,
    most: int = MOST,
    oldest: bool = False,
) -> list[ReadingRow]:
    """The site's readings, newest first (`oldest`: oldest first)."""
    found = [row for sort in sorts for row in _of_sort(tx, site, sort, span, most, oldest=oldest)]
    return sorted(found, key=lambda row: (row.at, row.book, row.seq), reverse=not oldest)[:most]


def series_of(tx: Connection, site: str, asset: str) -> list[Series]:
    """What is measured of an asset."""
    rows = tx.execute(_SERIES, {"of_site": site, "of_asset": asset})
    return sorted((Series(asset, point, item) for point, item in rows), key=lambda each: (each.point, each.item))


def of_series(tx: Connection, site: str, series: Series, span: Span = ALWAYS, most: int = 1000) -> list[ReadingRow]:
    """The newest `most` readings of one line of a chart, oldest first."""
    rows = [ReadingRow(*row) for row in tx.execute(_OF_SERIES, _named(site, series, span, most))]
    return sorted(rows, key=lambda row: (row.at, row.book, row.seq))


def count_series(tx: Connection, site: str, series: Series, span: Span = ALWAYS, most: int = COUNTED) -> int:
    """How many there are, at most `most`."""
    return int(tx.execute(_COUNT_SERIES, _named(site, series, span, most)).scalar_one())


def _named(site: str, series: Series, span: Span, most: int) -> dict[str, Any]:
    whose = {"of_site": site, "of_asset": series.asset, "of_point": series.point, "of_item": series.item}
    return {**whose, "first": span.first, "last": span.last, "most": most}


def last_of_assets(tx: Connection, site: str) -> dict[str, ReadingRow]:
    """The newest reading of each asset that has any."""
    rows = (ReadingRow(*row) for row in tx.execute(_LAST, {"of_site": site}))
    return {row.asset: row for row in rows}


def put_round(tx: Connection, site: str, name: str, rows: Sequence[ReadingRow]) -> None:
    """What was measured on the round, in place of what was known of it."""
    forget_rounds(tx, site, (name,))
    put_new(tx, readings, [tuple(getattr(row, column.name) for column in readings.columns) for row in rows])


def forget_rounds(tx: Connection, site: str, rounds: Collection[str]) -> None:
    tx.execute(delete(readings).where(readings.c.site == site, readings.c.round.in_(list(rounds))))


def _of_sort(tx: Connection, site: str, sort: str, span: Span, most: int, *, oldest: bool) -> list[ReadingRow]:
    those = (readings.c.site == site, readings.c.sort == sort, *within(readings.c.at, span))
    wanted = ordered(select(*_FIELDS).where(*those), _ORDER, oldest=oldest)
    return [ReadingRow(*row) for row in tx.execute(wanted.limit(most))]
