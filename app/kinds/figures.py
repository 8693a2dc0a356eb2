"""What the office adds to a month by hand (D61, D67): figures that no record gives 手填, and the cases that it keeps.

Only what stands in the desk's own book counts; the last that is said of a month and a figure holds.
"""

from app.kinds.base import Body


class FigureEntered(Body, frozen=True):
    month: str
    """`2026-11`."""
    figure: str
    """Of app.duties.indicators."""
    value: str
    """Percent, or minutes; a decimal."""
    words: str
    """Where it comes from."""


class FigureWithdrawn(Body, frozen=True):
    """The records' own figure holds again."""

    month: str
    figure: str


class CaseKept(Body, frozen=True):
    """典型案例: a matter that the month's report tells."""

    month: str
    case: str
    """`book:seq` of its first record."""
    words: str
    """What it shows."""


class CaseDropped(Body, frozen=True):
    month: str
    case: str
