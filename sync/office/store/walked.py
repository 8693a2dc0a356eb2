"""What was walked and proved lately, for whoever looks for blind spots (D5). Days are local dates, `2026-11-20`."""

from typing import Final

from sqlalchemy import Connection, and_, func, select

from sync.office.store.rounds import round_stops, rounds

STRONG: Final = ("label", "near", "label+near", "anti-clone")
"""Grades that prove where somebody was: a typed code and a sheet of paper do not."""


def walked_since(tx: Connection, site: str, day: str) -> set[str]:
    """Ids of schedules of which a round was walked on that day or later."""
    wanted = select(rounds.c.slot).where(rounds.c.site == site, rounds.c.day >= day).distinct()
    return {slot.partition("@")[0] for slot in tx.execute(wanted).scalars()}


def last_walked(tx: Connection, site: str, schedule: str) -> str:
    """The last day of which a round of that schedule was walked; empty for none."""
    mine = and_(rounds.c.slot >= f"{schedule}@", rounds.c.slot < f"{schedule}A")  # "A" comes after "@"
    wanted = select(func.max(rounds.c.day)).where(rounds.c.site == site, mine)
    return str(tx.execute(wanted).scalar() or "")


def proved_since(tx: Connection, site: str, day: str) -> set[str]:
    """Points where a crew was proved to be on that day or later, as the office judges it."""
    same = and_(round_stops.c.site == rounds.c.site, round_stops.c.round == rounds.c.round)
    wanted = select(round_stops.c.point).join(rounds, same).distinct()
    strong = round_stops.c.office_grade.in_(STRONG)
    return set(tx.execute(wanted.where(rounds.c.site == site, rounds.c.day >= day, strong)).scalars())
