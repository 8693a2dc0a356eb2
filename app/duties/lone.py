"""Lone worker check-in 平安确认 (D50): when somebody who works alone is asked, louder, and when it becomes an alarm.

Whatever the person records is a sign of life and begins the time anew; only who recorded nothing for so long is asked.
Times are milliseconds; the caller brings the clock.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from app.duties.provisions import Lone

SOUNDS_MS: Final = {"asked": 10_000, "urged": 3_000}
"""How often an asking sounds again."""


class Phase(StrEnum):
    WELL = "well"
    """Nothing is asked."""
    ASKED = "asked"
    URGED = "urged"
    """Asked a second time, louder, with the time that is left."""
    OVER = "over"
    """The alarm is due."""


class Standing(Struct, frozen=True):
    phase: Phase
    turns_ms: int
    """Until the next phase; 0 when it is over."""


def strictest(rules: Iterable[Lone | None]) -> Lone | None:
    """Of the rules that hold together (the post's, the route's), the one that asks first."""
    found = [rule for rule in rules if rule is not None and rule.every_min > 0]
    return min(found, key=lambda rule: (rule.every_min, rule.answer_s + rule.last_s), default=None)


def standing(rule: Lone, passed_ms: int, watched_ms: int) -> Standing:
    """How it stands `passed_ms` after the sign of life, `watched_ms` after the program began to watch.

    Where that begins too late, after a restart, the person is asked at once and urgently, and has the whole countdown
    before the alarm: somebody may be standing there with a battery in the hand.
    """
    ask = rule.every_min * 60_000
    urge = ask + rule.answer_s * 1000
    over = max(urge, passed_ms - watched_ms) + rule.last_s * 1000
    for phase, ends in ((Phase.WELL, ask), (Phase.ASKED, urge), (Phase.URGED, over)):
        if passed_ms < ends:
            return Standing(phase, ends - passed_ms)
    return Standing(Phase.OVER, 0)
