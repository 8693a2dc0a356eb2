"""What a sighting is worth: *near*, the grade of a visit, and the marks it carries.

The handheld and the office run this same code (decision 30); marks never reject a visit.
"""

from enum import StrEnum

from msgspec import Struct


class Mark(StrEnum):
    """Something a supervisor should see. The words stand in app.words.marks under the same names."""

    EARLY = "early"
    LATE = "late"
    OUT_OF_ORDER = "out-of-order"
    TOO_FAST = "too-fast"
    WEAK = "weak-evidence"
    AMBIGUOUS = "ambiguous"
    CREW_SHORT = "crew-short"
    NO_RECHECK = "no-recheck"
    OUT_OF_LIMITS = "out-of-limits"
    UNKNOWN_TAG = "unknown-tag"
    WRONG_POINT = "wrong-point"
    OTHER_ADDRESS = "other-address"
    OLD_LABEL = "old-label"
    CLOCK_JUMP = "clock-jump"
    SKIPPED = "skipped"


class Sample(Struct, frozen=True):
    """One level of one tag at one time: what near is judged on, and what a record keeps."""

    up: int
    """Moment.up, ms."""
    rssi: int


class Nearness(StrEnum):
    SILENT = "silent"
    """Nothing usable heard within the window."""
    FAR = "far"
    NEAR = "near"
    AMBIGUOUS = "ambiguous"
    """Another stop's tag is within the margin: step closer or read the label, never guess."""


class Near(Struct, frozen=True):
    """The judgement on one point's tag at one moment."""

    state: Nearness
    level: int | None = None
    """Median of the window, dBm."""
    bars: int = 0
    """0..10 for the warmer/colder bar; 10 is near."""
    wait_ms: int = 0
    """How much longer to stand still when the level is right but the dwell is short."""
