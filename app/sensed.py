"""What the sensors of the points said lately, for the checks that they answer.

Kept by Bluetooth address, since a frame that only measures names no tag. Nothing here judges where anybody is, and a
pause of the radio forgets nothing: a figure grows old by its own stamp. Of enciphered frames there are no figures.
"""

from decimal import Decimal
from typing import Final

from app.duties.site import Point
from app.kinds import SensorRead
from app.ports import Sighting
from app.text import clean

FRESH_MS: Final = 120_000
"""An older figure is not offered: sensors speak every few seconds, and doors are opened."""
MOST: Final = 200
"""Figures kept; the oldest goes first."""


class Sensed:
    def __init__(self) -> None:
        self._last: dict[tuple[str, str], SensorRead] = {}
        """By address and measurement."""

    def take(self, sighting: Sighting) -> None:
        for name, value in sighting.values.items():
            if not isinstance(value, Decimal):
                continue
            key = (sighting.address, name)
            self._last.pop(key, None)
            self._last[key] = SensorRead(f"{value:f}", sighting.address, clean(sighting.frame, 256), sighting.up)
        while len(self._last) > MOST:
            del self._last[next(iter(self._last))]

    def latest(self, point: Point, name: str, up: int) -> SensorRead | None:
        """The newest figure of that measurement from a sensor of `point`, while it is fresh at `up`."""
        found = (self._last.get((tag.sender, name)) for tag in point.tags if tag.sender)
        fresh = [read for read in found if read is not None and abs(up - read.up) <= FRESH_MS]
        return max(fresh, key=lambda read: read.up, default=None)
