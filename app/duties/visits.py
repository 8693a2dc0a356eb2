"""Return visits 回访 (D33): of the repairs that were done a share is called on, of serious complaints every one.

Which repairs follows from their ids, so nobody chooses those whose customers are pleased.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from msgspec import Struct

SHARE_PCT: Final = 30
"""Of repairs; 50 in the stronger standard."""


class Done(Struct, frozen=True):
    """An order whose work is done."""

    id: str
    complaint: bool
    urgent: bool
    """An urgent complaint is a serious one."""
    asked: bool
    """Somebody asked for a visit, or the customer did not confirm."""
    visited: bool


class Owed(Struct, frozen=True):
    """What a span of time has of return visits."""

    repairs: int
    visited: int
    """Repairs that were called on."""
    serious: int
    """Complaints of which every one is called on."""
    serious_visited: int
    left: tuple[str, ...]
    """Ids: serious complaints, then those asked for, then repairs until the share is reached."""


def owed(done: Iterable[Done], share_pct: int = SHARE_PCT) -> Owed:
    """Of the orders that were done in a span of time."""
    every = list(done)
    repairs = sorted((each for each in every if not each.complaint), key=_lot)
    serious = [each for each in every if each.complaint and each.urgent]
    must = [each for each in serious if not each.visited]
    must += [each for each in every if each.asked and not each.visited and each not in must]
    visited = sum(each.visited for each in repairs)
    short = -(-len(repairs) * share_pct // 100) - visited - sum(not each.complaint for each in must)
    drawn = [each for each in repairs if not each.visited and each not in must][: max(0, short)]
    return Owed(
        repairs=len(repairs),
        visited=visited,
        serious=len(serious),
        serious_visited=sum(each.visited for each in serious),
        left=tuple(each.id for each in (*must, *drawn)),
    )


def _lot(done: Done) -> bytes:
    return sha256(done.id.encode()).digest()
