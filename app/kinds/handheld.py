"""A handheld that is broken, and the spare that does its work from then on, as records of the spare."""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from app.kinds.base import Body
from app.kinds.share import Share
from app.record import Record

MOST: Final = 8
"""Rounds that a handheld remembers to have taken over."""
ELSEWHERE: Final = "elsewhere"
"""Why a stop is left out that was reached with the broken handheld: the reason of its `stop.skipped`."""


class Before(Struct, frozen=True):
    """The broken handheld, as the office knew it."""

    device: str
    name: str
    book: str
    seq: int
    """Its last record that the office held: what it wrote after that may come later."""


class StopReached(Struct, frozen=True):
    stop: str
    at: int
    """UTC ms."""


class RoundBegun(Struct, frozen=True):
    """A round that was being walked with it."""

    round: str
    slot: str
    done: tuple[StopReached, ...]


class HandheldTookOver(Body, frozen=True):
    """`by` a supervisor: this handheld does the work of a broken one. Without `from` the office could not be asked."""

    post: str | None
    method: str
    """Of the supervisor's confirmation: badge or pin."""
    role: str | None = None
    before: Before | UnsetType = UNSET
    crew: tuple[str, ...] = ()
    """Who was on shift there."""
    round: RoundBegun | UnsetType = UNSET
    issue: str | UnsetType = UNSET
    proof: str | UnsetType = UNSET


class Taken(Struct, frozen=True):
    """A round taken over: from which handheld, and which stops were reached there, UTC ms."""

    name: str
    done: Mapping[str, int]


Rounds = Mapping[str, Taken]
"""By slot id, the newest of them."""


def took_over(before: Rounds, record: Record, body: HandheldTookOver, book: str) -> Rounds:
    if not isinstance(body.round, RoundBegun) or not isinstance(body.before, Before):
        return before
    others = {slot: taken for slot, taken in before.items() if slot != body.round.slot}
    taken = Taken(body.before.name, {each.stop: each.at for each in body.round.done})
    return dict(list({**others, body.round.slot: taken}.items())[-MOST:])


_NONE: Final[Rounds] = {}
TAKEN: Final = Share("taken", dict[str, Taken], _NONE, {HandheldTookOver: took_over})
SHARE: Final = TAKEN
