"""Findings and hazards: something wrong, whose turn it is, and by when (D8, D30).

Deadlines count from the moment of raising, in the site's zone; working days follow its calendar
of holidays and make-up workdays.
"""

from typing import Literal

from msgspec import Struct


class Finding(Struct, frozen=True):
    """An open matter as the handheld knows it."""

    id: str
    """`book:seq` of its first record (decision 21)."""
    kind: Literal["finding", "hazard"]
    category: str
    phrase: str
    words: str
    """The phrase as seen by the crew, in their language."""
    point: str | None
    round: str | None
    due: int
    """UTC ms."""
    urgent: bool
    fixed: bool
    """Dealt with on the spot (当场整改)."""
    at: int
