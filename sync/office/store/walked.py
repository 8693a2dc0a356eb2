"""What was walked and proved lately, for whoever looks for blind spots (D5). Days are local dates, `2026-11-20`."""

from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, exists, func, select

from sync.office.store.loose import each
from sync.office.store.rounds import round_stops, rounds

STRONG: Final = ("label", "near", "label+near", "anti-clone")
"""Grades that prove where somebody was: a typed code and a sheet of paper do not."""


def last_walked(tx: Connection, site: str) -> dict[str, str]:
    """By schedule: the last day of which a round was walked; those that nobody ever walked are left out."""
    found: dict[str, str] = {}
    for slot, day in tx.execute(_LAST, {"site": site}):
        schedule = slot.partition("@")[0]
        found[schedule] = max(day, found.get(schedule, ""))
    return found


def proved_since(tx: Connection, site: str, at: int) -> set[str]:
    """Points where a crew was proved to be at that time, UTC ms, or later, as the office judges it."""
    return set(tx.execute(_PROVED, {"site": site, "since": at}).scalars())


def _proved() -> Select[Any]:
    stops, here = round_stops.c, round_stops.c.site == bindparam("site")
    point = each(stops.point, here)
    lately = (stops.point == point.c.point, stops.at >= bindparam("since"), stops.office_grade.in_(STRONG))
    return select(point.c.point).where(exists().where(here, *lately).correlate(point))


_PROVED: Final = _proved()


def _last() -> Select[Any]:
    """The last slot of each schedule, from the last schedule to the first. A slot is named by when it opens: the last
    name is the last one, and without that it is what all slots of its schedule begin with, and no others."""
    here = (rounds.c.site == bindparam("site"), rounds.c.slot.contains("@"))
    last = select(rounds.c.slot).where(*here).order_by(rounds.c.slot.desc()).limit(1)
    found = select(last.scalar_subquery().label("slot")).cte("each_slot", recursive=True)
    before = last.where(rounds.c.slot < func.rtrim(found.c.slot, "0123456789-:T")).correlate(found)
    found = found.union_all(select(before.scalar_subquery()).where(found.c.slot.is_not(None)))
    day = select(func.max(rounds.c.day)).where(here[0], rounds.c.slot == found.c.slot).correlate(found)
    return select(found.c.slot, day.scalar_subquery()).where(found.c.slot.is_not(None))


_LAST: Final = _last()
