"""What each day of a site came to for each indicator: a memo, so that a month is added up and not read again.

A projection: sync.office.counting makes a day's counts from rounds and cases whenever the day has no mark, or its mark
has run out. The fold takes marks away (`touch`) as soon as a record bears on a day. Days are local, times UTC ms.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Select,
    String,
    Table,
    delete,
    func,
    insert,
    literal,
    select,
)

from app.duties.indicators import Count
from sync.office.store import windows
from sync.office.store.bulk import put_rows
from sync.office.store.schema import metadata
from sync.office.store.windows import Windows

days = Table(
    "days",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("day", String(10), primary_key=True, comment="local date"),
    Column("name", String(40), primary_key=True, comment="of app.duties.indicators"),
    Column("part", BigInteger, nullable=False),
    Column("whole", BigInteger, nullable=False),
    Column("pending", BigInteger, nullable=False),
    Column("excused", BigInteger, nullable=False),
    Column("late", BigInteger, nullable=False),
)

day_marks = Table(
    "day_marks",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("until", BigInteger, comment="when the hour alone may change it; null: it does no more"),
    Column("waits", Boolean, nullable=False, comment="for a handheld that may still hold a window's records"),
    comment="The days whose counts stand in `days`.",
)

months = Table(
    "months",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("name", String(40), primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in ("part", "whole", "pending", "excused", "late")),
    comment="What stands in `days`, added up, so that many sites' months are few rows.",
)
_COUNTS = (days.c.part, days.c.whole, days.c.pending, days.c.excused, days.c.late)


class Made(Struct, frozen=True):
    """One day's counts by indicator, and until when they hold."""

    day: str
    counts: Mapping[str, Count]
    until: int | None
    waits: bool = False
    """Some window is over, and a silent handheld may still hold its records."""
    windows: Sequence[Windows] = ()


def put(tx: Connection, site: str, made: Sequence[Made]) -> None:
    """In place of what was known of those days."""
    listed = [each.day for each in made]
    touch(tx, site, listed)
    tx.execute(delete(days).where(days.c.site == site, days.c.day.in_(listed)))
    windows.put(tx, site, listed, [row for each in made for row in each.windows])
    rows = [
        (each.day, name, count.part, count.whole, count.pending, count.excused, count.late)
        for each in made
        for name, count in each.counts.items()
    ]
    put_rows(tx, days, rows, site=site)
    for month in sorted({day[:7] for day in listed}):
        _add_up(tx, site, month)
    put_rows(tx, day_marks, [(each.day, each.until, each.waits) for each in made], site=site)


def _add_up(tx: Connection, site: str, month: str) -> None:
    tx.execute(delete(months).where(months.c.site == site, months.c.month == month))
    here = (days.c.site == site, days.c.day.between(f"{month}-01", f"{month}-31"))
    added = select(days.c.site, literal(month), days.c.name, *(func.sum(column) for column in _COUNTS)).where(*here)
    tx.execute(insert(months).from_select(list(months.c.keys()), added.group_by(days.c.site, days.c.name)))


def leave(tx: Connection, site: str, those: Sequence[str]) -> None:
    """What is known of those days holds for good: it cannot be made again."""
    touch(tx, site, those)
    put_rows(tx, day_marks, [(day, None, False) for day in those], site=site)
    for month in sorted({day[:7] for day in those}):
        _add_up(tx, site, month)


def by_name(tx: Connection, site: str, day: str) -> dict[str, Count]:
    """What one day came to, by indicator."""
    rows = tx.execute(select(days.c.name, *_COUNTS).where(days.c.site == site, days.c.day == day))
    return {name: Count(*numbers) for name, *numbers in rows}


def touch(tx: Connection, site: str, gone: Iterable[str]) -> None:
    """A record bears on these days: they are made again before they are shown as true."""
    listed = sorted(gone)
    for first in range(0, len(listed), 500):
        some = day_marks.c.day.in_(listed[first : first + 500])
        tx.execute(delete(day_marks).where(day_marks.c.site == site, some))


def touch_waiting(tx: Connection, site: str) -> None:
    """A handheld was heard: days that wait for one are made again."""
    tx.execute(delete(day_marks).where(day_marks.c.site == site, day_marks.c.waits))


def touch_from(tx: Connection, site: str, day: str) -> None:
    """The same for that day and all after it: another plan holds."""
    tx.execute(delete(day_marks).where(day_marks.c.site == site, day_marks.c.day >= day))


def standing(tx: Connection, sites: Collection[str], first: str, last: str, now: int) -> dict[str, set[str]]:
    """By site: the days from first to last whose counts hold now."""
    found: dict[str, set[str]] = {site: set() for site in sites}
    for site, day in tx.execute(_standing(sites, first, last, now)):
        found[site].add(day)
    return found


def count_standing(tx: Connection, sites: Collection[str], first: str, last: str, now: int) -> dict[str, int]:
    """By site: how many days these are; sites without one are not in it."""
    wanted = _standing(sites, first, last, now).with_only_columns(day_marks.c.site, func.count())
    return {row[0]: row[1] for row in tx.execute(wanted.group_by(day_marks.c.site))}


def _standing(sites: Collection[str], first: str, last: str, now: int) -> Select[Any]:
    here = (day_marks.c.site.in_(list(sites)), day_marks.c.day.between(first, last))
    holds = (day_marks.c.until > now) | day_marks.c.until.is_(None)
    return select(day_marks.c.site, day_marks.c.day).where(*here, holds)


def sums(tx: Connection, sites: Collection[str], first: str, last: str, name: str = "") -> dict[str, dict[str, Count]]:
    """By site and indicator, over the days from first to last; with `name` of that indicator alone."""
    wanted = select(days.c.site, days.c.name, *(func.sum(column) for column in _COUNTS))
    here = (days.c.site.in_(list(sites)), days.c.day.between(first, last), *((days.c.name == name,) if name else ()))
    found: dict[str, dict[str, Count]] = {site: {} for site in sites}
    for site, of, *numbers in tx.execute(wanted.where(*here).group_by(days.c.site, days.c.name)):
        found[site][of] = Count(*map(int, numbers))
    return found


def by_month(tx: Connection, sites: Collection[str], first: str, last: str) -> dict[tuple[str, str], dict[str, Count]]:
    """By site and month (`2026-11`), from the first month to the last, and indicator; without months of nothing."""
    here = (months.c.site.in_(list(sites)), months.c.month.between(first, last))
    found: dict[tuple[str, str], dict[str, Count]] = {}
    for site, month, name, *numbers in tx.execute(select(months).where(*here)):
        found.setdefault((site, month), {})[name] = Count(*numbers)
    return found


def by_day(tx: Connection, site: str, name: str, first: str, last: str) -> dict[str, Count]:
    """One indicator, day by day."""
    wanted = select(days.c.day, *_COUNTS).where(days.c.site == site, days.c.name == name)
    rows = tx.execute(wanted.where(days.c.day.between(first, last)).order_by(days.c.day))
    return {day: Count(*numbers) for day, *numbers in rows}
