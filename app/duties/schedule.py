"""When a route is due: recurrence rules, windows, and the standing of each window now.

Everything here is arithmetic on values: the caller brings the time. Rules are a checked subset of
RFC 5545 (decision 23), expanded in the site's local time, one day at a time, so that an impossible
rule is refused instead of searched for ever.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Slot(Struct, frozen=True):
    """One window of one schedule."""

    schedule: str
    route: str
    opens: datetime
    """Aware, in the site's zone."""
    closes: datetime
    """Aware; a window ends just before this instant. Midnight is shown as 24:00."""

    @property
    def round(self) -> str:
        """Round id without attempt (decision 19): `schedule@2026-11-21T22:00`, nominal local start."""
        return f"{self.schedule}@{self.opens:%Y-%m-%dT%H:%M}"


class Standing(StrEnum):
    """How a slot stands at a moment."""

    COMING = "coming"
    OPEN = "open"
    RUNNING = "running"
    DONE = "done"
    MISSED = "missed"


class Duty(Struct, frozen=True):
    """A slot and how it stands; what the Today screen lists."""

    slot: Slot
    standing: Standing
