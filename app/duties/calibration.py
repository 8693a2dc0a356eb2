"""What an installer measures at the reading point: the level that a tag has there, and whether it can be trusted.

Arithmetic on samples; where they come from and who is told is for others.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from statistics import median_low, quantiles
from typing import Final

from msgspec import Struct

from app.duties.evidence import LOWEST_ENTER
from app.duties.site import Settings

ENOUGH: Final = 20
"""Samples of which the median is taken."""
UNSTEADY_DB: Final = 12
"""The middle half of the samples may lie this far apart: twice of what a person standing still sees."""


class Trouble(StrEnum):
    """Why the tag cannot be used as measured."""

    SILENT = "silent"
    FEW = "few"
    UNSTEADY = "unsteady"
    WEAK = "weak"
    """It would count as near from anywhere it can be heard."""
    TWO = "two"
    """Two devices send this identity."""


class Calibration(Struct, frozen=True):
    """One tag as heard from the reading point."""

    format: str
    tag: str
    address: str = ""
    """Bluetooth address; empty when nothing was heard."""
    samples: tuple[int, ...] = ()
    """dBm, in order."""
    others: tuple[str, ...] = ()
    """Further addresses that sent the same identity."""

    @property
    def level(self) -> int:
        """Median, of two the weaker one: what the plan's `near` should be."""
        return median_low(self.samples)

    @property
    def middle(self) -> tuple[int, int]:
        """Between which levels the middle half lies."""
        low, _, high = quantiles(self.samples, n=4, method="inclusive")
        return round(low), round(high)


def enter_from(level: int, settings: Settings) -> int:
    """From which median the tag would count as near."""
    return max(level - settings.enter_below_1m_db, LOWEST_ENTER)


def trouble(found: Calibration, settings: Settings) -> Trouble | None:
    if not found.samples:
        return Trouble.SILENT
    if found.others:
        return Trouble.TWO
    if len(found.samples) < ENOUGH:
        return Trouble.FEW
    low, high = found.middle
    if high - low > UNSTEADY_DB:
        return Trouble.UNSTEADY
    return Trouble.WEAK if found.level - settings.enter_below_1m_db < LOWEST_ENTER else None


def rivals_of(level: int, others: Mapping[str, Sequence[int]], settings: Settings) -> dict[str, int]:
    """Points whose tag is so loud here that the label will be asked for, and its level."""
    heard = {point: median_low(samples) for point, samples in others.items() if samples}
    return {point: theirs for point, theirs in heard.items() if theirs >= level - settings.margin_db}
