"""Whether a tag's own secret or counter speaks for it: rules over what was heard of it, earlier and elsewhere.

Who holds the keys and all handhelds' records (the office) works out the figures; here is only what they mean.
Times and durations are milliseconds by the office's clock.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from app.duties.rotating import SLACK


class Genuine(StrEnum):
    """What became of the question whether it was the tag itself that sent this, and then."""

    GOOD = "good"
    CLONED = "cloned"
    """Not by the tag's key, or by its key but of another time."""
    BACK = "back"
    """Its counter did not grow: a recording."""
    UNKNOWN = "unknown"
    """The tag has a secret, and nobody told the office its key."""


PPM: Final = 150
"""How wrong a beacon's clock may be (google/eddystone, eid-computation): 13 s a day."""


def drift_ms(since_ms: int) -> int:
    """How far a beacon's clock can be off, so long after it was set."""
    return max(0, since_ms) * PPM // 1_000_000


def widest_lag(window_ms: int) -> int:
    """How far an identity heard may be from the one expected; both are known by the middle of their windows."""
    return SLACK * window_ms + window_ms // 2


def stands_at(lags: Sequence[int]) -> int:
    """Where a beacon's clock stands by what its last hearings told: the median, or as it was set without any."""
    return sorted(lags)[(len(lags) - 1) // 2] if lags else 0


def judge_lag(lag: int | None, lags_before: Sequence[int], window_ms: int) -> Genuine:
    """An identity heard `lag` after its time, by the beacon's clock as it was set; None: the beacon never sends it."""
    if lag is None:
        return Genuine.CLONED
    return Genuine.GOOD if abs(lag - stands_at(lags_before)) <= widest_lag(window_ms) else Genuine.CLONED


def judge_counter(counter: int | None, highest_before: int | None) -> Genuine:
    """A counter that must have grown since; None: the frame was not made with the tag's key."""
    if counter is None:
        return Genuine.CLONED
    return Genuine.BACK if highest_before is not None and counter <= highest_before else Genuine.GOOD
