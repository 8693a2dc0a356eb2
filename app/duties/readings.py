"""Readings judged by those before them: meters that never fall, slips of a decimal, and "always normal" (D10).

A reading is a decimal string. Nothing here refuses one: it says what is odd, and the crew or a supervisor decides.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct

FACTORS: Final = (10, 100, 1000)
"""Slips worth asking about: a decimal point that moved."""
ALIKE: Final = Decimal("2")
"""A reading this many times the usual one, or less, is no slip."""
FEWEST: Final = 3
"""Readings before a usual one is known."""
SAME: Final = 5
"""So many equal readings running, of something that should move, are asked about."""
READ_MS: Final = 700
"""Nobody reads and answers a check faster."""
STEPS: Final = "_.-^"
LEVEL: Final = "-"


class Exchange(Struct, frozen=True):
    """换表: the old meter's last reading and the new one's first."""

    old: str
    new: str


def falls(last: str | None, now: str, exchange: Exchange | None = None) -> bool:
    """Whether a meter shows less than before. After an exchange the old one's last and the new one's own count."""
    if last is None:
        return False
    if exchange is None:
        return Decimal(now) < Decimal(last)
    return Decimal(exchange.old) < Decimal(last) or Decimal(now) < Decimal(exchange.new)


def used(last: str, now: str, ratio: int = 1, exchange: Exchange | None = None) -> Decimal:
    """What was used between two readings, times the ratio of its current transformers (CT 倍率)."""
    if exchange is None:
        return (Decimal(now) - Decimal(last)) * ratio
    return (Decimal(exchange.old) - Decimal(last) + Decimal(now) - Decimal(exchange.new)) * ratio


def did_you_mean(now: str, before: Sequence[str]) -> str | None:
    """The reading with its point moved, when that is the usual one and this one is far off; None otherwise.

    `before` are earlier readings, any order. The answer has the decimals of `now`.
    """
    value = Decimal(now)
    usual = _usual(before)
    if usual is None or not value or _alike(value, usual):
        return None
    for factor in FACTORS:
        for moved in (value / factor, value * factor):
            if _alike(moved, usual):
                return str(moved.quantize(Decimal(1).scaleb(value.as_tuple().exponent)))  # type: ignore[arg-type]
    return None


def meant_by_limits(now: str, low: str | None, high: str | None) -> str | None:
    """The same of a reading above its limits where no usual one is known: its point moved back until it lies within.

    Without a lower limit only a thousandfold is a slip for certain.
    """
    value = Decimal(now)
    if high is None or value <= Decimal(high):
        return None
    factor = next((each for each in FACTORS if value / each <= Decimal(high)), None)
    if factor is None or (low is None and factor < FACTORS[-1]) or (low and value / factor < Decimal(low)):
        return None
    return str((value / factor).quantize(Decimal(1).scaleb(value.as_tuple().exponent)))  # type: ignore[arg-type]


def always_same(now: str, before: Sequence[str]) -> bool:
    """Whether `now` is the SAME-th equal reading running. `before` newest first."""
    last = before[: SAME - 1]
    return len(last) == SAME - 1 and all(Decimal(each) == Decimal(now) for each in last)


def too_quick(first_up: int, last_up: int, count: int) -> bool:
    """Whether `count` checks were answered between two moments (ms since boot) faster than they can be read."""
    return count > 1 and last_up - first_up < (count - 1) * READ_MS


def imbalance(phases: Sequence[str]) -> Decimal:
    """How far the phase furthest from their mean is from it, percent (三相不平衡); 0 where the mean is."""
    values = [Decimal(each) for each in phases]
    mean = sum(values, Decimal(0)) / len(values) if values else Decimal(0)
    return max(abs(value - mean) for value in values) * 100 / abs(mean) if mean else Decimal(0)


def unbalanced(phases: Sequence[str], percent: int) -> bool:
    """Whether the phases differ from their mean by more than `percent`."""
    return imbalance(phases) > percent


def trend(values: Sequence[str]) -> str:
    """A mark for each value, oldest first: `_.-^` from the lowest to the highest of them, `-` when all are equal."""
    numbers = [Decimal(each) for each in values]
    low, span = (min(numbers), max(numbers) - min(numbers)) if numbers else (Decimal(0), Decimal(0))
    if not span:
        return LEVEL * len(numbers)
    return "".join(STEPS[min(len(STEPS) - 1, int((number - low) * len(STEPS) / span))] for number in numbers)


def leaves(values: Sequence[str]) -> Literal["up", "down", "level"]:
    """Whether the last of `values`, oldest first, is above or below all before it."""
    *before, last = [Decimal(each) for each in values] or [Decimal(0)]
    if before and last > max(before):
        return "up"
    return "down" if before and last < min(before) else "level"


def _usual(before: Sequence[str]) -> Decimal | None:
    if len(before) < FEWEST:
        return None
    return sorted(Decimal(each) for each in before)[len(before) // 2] or None


def _alike(one: Decimal, other: Decimal) -> bool:
    return one * other > 0 and max(abs(one), abs(other)) <= ALIKE * min(abs(one), abs(other))
