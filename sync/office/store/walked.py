"""What was walked and proved lately, for whoever looks for blind spots (D5). Days are local dates, `2026-11-20`."""

from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, exists, select

from sync.office.store.loose import each
from sync.office.store.rounds import round_stops, rounds

STRONG: Final = ("label", "near", "label+near", "anti-clone")
"""Grades that prove where somebody was: a typed code and a sheet of paper do not."""


def last_walked(tx: Connection, site: str, schedule: str) -> str:
    """The last day of which a round of that schedule was walked; empty for none."""
    mine = {"site": site, "first": f"{schedule}@", "last": f"{schedule}A"}  # "A" comes after "@"
    return str(tx.execute(_LAST, mine).scalar() or "")


def proved_since(tx: Connection, site: str, at: int) -> set[str]:
    """Points where a crew was proved to be at that time, UTC ms, or later, as the office judges it."""
    return set(tx.execute(_PROVED, {"site": site, "since": at}).scalars())


def _proved() -> Select[Any]:
    stops, here = round_stops.c, round_stops.c.site == bindparam("site")
    point = each(stops.point, here)
    lately = (stops.point == point.c.point, stops.at >= bindparam("since"), stops.office_grade.in_(STRONG))
    return select(point.c.point).where(exists().where(here, *lately).correlate(point))


_PROVED: Final = _proved()
_mine = (rounds.c.slot >= bindparam("first"), rounds.c.slot < bindparam("last"))
_LAST: Final = (
    select(rounds.c.day).where(rounds.c.site == bindparam("site"), *_mine).order_by(rounds.c.slot.desc()).limit(1)
)
"""A slot is named by when it opens: the last name is the last one."""
