"""What the windows of each schedule came to on each day: how many were asked for, walked, and with which verdict.

A projection, made with the day's counts (store/days.py) and true as long as the day's mark stands.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, delete, select

from sync.office.store.bulk import put_rows
from sync.office.store.schema import metadata

day_windows = Table(
    "day_windows",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("day", String(10), primary_key=True, comment="local date on which they open"),
    Column("schedule", String(64), primary_key=True),
    Column("route", String(64), nullable=False),
    Column("kind", String(20), nullable=False, comment="of the route; empty when no plan knows it any more"),
    Column("asked", Integer, nullable=False, comment="windows"),
    Column("walked", Integer, nullable=False),
    Column("ok", Integer, nullable=False),
    Column("amber", Integer, nullable=False),
    Column("red", Integer, nullable=False, comment="missed or with missed points; none of the three: to come"),
    Column("points", BigInteger, nullable=False, comment="of windows that are decided"),
    Column("reached", BigInteger, nullable=False),
)


class Windows(Struct, frozen=True):
    """One schedule on one day."""

    day: str
    schedule: str
    route: str
    kind: str
    asked: int = 0
    walked: int = 0
    ok: int = 0
    amber: int = 0
    red: int = 0
    points: int = 0
    reached: int = 0

    @property
    def decided(self) -> int:
        return self.ok + self.amber + self.red

    @property
    def colour(self) -> str:
        """The worst of its verdicts."""
        return next((name for name in ("red", "amber", "ok") if getattr(self, name)), "dim")


def put(tx: Connection, site: str, days: Sequence[str], rows: Sequence[Windows]) -> None:
    """In place of what was known of those days."""
    tx.execute(delete(day_windows).where(day_windows.c.site == site, day_windows.c.day.in_(list(days))))
    put_rows(tx, day_windows, list(map(astuple, rows)), site=site)


def between(tx: Connection, site: str, first: str, last: str) -> list[Windows]:
    """Of the days from first to last, by schedule and day."""
    wanted = select(*(day_windows.c[name] for name in Windows.__struct_fields__))
    here = (day_windows.c.site == site, day_windows.c.day.between(first, last))
    ordered = wanted.where(*here).order_by(day_windows.c.schedule, day_windows.c.day)
    return [Windows(*row) for row in tx.execute(ordered)]
