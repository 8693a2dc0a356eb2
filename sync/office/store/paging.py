"""Where a page of a list goes on: by keys, never by counting rows, so that any page costs what the first one does.

Times are UTC milliseconds. Which rows a list shows is its table's business (entries.py, cases.py, readings.py).
"""

import re
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, func, literal, literal_column, select, tuple_

EARLIEST: Final = -(2**53)
LATEST: Final = 2**53
MOST: Final = 50
COUNTED: Final = 10_000
"""Nobody reads on after so many: further rows are not counted."""
_TEXT: Final = re.compile(r"(-?[0-9]{1,16})\.([^\s\x00-\x1f]{1,240})", re.ASCII)


class Place(Struct, frozen=True):
    """Behind which row a page begins: its time, and what tells rows of one time apart."""

    at: int
    rest: str

    def __str__(self) -> str:
        return f"{self.at}.{self.rest}"


class Span(Struct, frozen=True):
    """From `first` until just before `last`."""

    first: int = EARLIEST
    last: int = LATEST


ALWAYS: Final = Span()


def place_of(text: str) -> Place | None:
    """The place that a URL names; None for anything else."""
    found = _TEXT.fullmatch(text)
    return Place(int(found[1]), found[2]) if found else None


def kept(at: int) -> int:
    """A record's time as it is kept: a handheld may say anything."""
    return min(max(at, EARLIEST), LATEST - 1)


def within(column: ColumnElement[int], span: Span) -> tuple[ColumnElement[bool], ...]:
    first = () if span.first <= EARLIEST else (column >= span.first,)
    return (*first, *(() if span.last >= LATEST else (column < span.last,)))


def beyond(key: tuple[ColumnElement[Any], ...], after: tuple[Any, ...], *, oldest: bool) -> ColumnElement[bool]:
    """Whether a row comes behind the one whose key that is."""
    given = tuple_(*(literal(value, column.type) for column, value in zip(key, after, strict=True)))
    return tuple_(*key) > given if oldest else tuple_(*key) < given


def ordered(wanted: Select[Any], key: tuple[ColumnElement[Any], ...], *, oldest: bool) -> Select[Any]:
    return wanted.order_by(*(column if oldest else column.desc() for column in key))


def counted(tx: Connection, wanted: Select[Any], most: int = COUNTED) -> int:
    """How many rows that is, at most `most`."""
    one: ColumnElement[int] = literal_column("1").label("one")
    those = wanted.with_only_columns(one, maintain_column_froms=True).limit(most).subquery()
    found: int = tx.execute(select(func.count()).select_from(those)).scalar_one()
    return found
