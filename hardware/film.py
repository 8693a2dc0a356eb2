"""A simulated walk as a film shows it: setting out for another stop, the clock skips most of the way."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from app.duties.site import Plan
from app.ports import LABEL, Heard
from hardware.clock import StagedClock
from hardware.walk import SimulatedWalk


class FilmedWalk:
    """A TagReader for demonstrations and practice."""

    always: Final = True
    """Listening costs nothing."""

    def __init__(self, walk: SimulatedWalk, clock: StagedClock, plan: Plan) -> None:
        self._walk = walk
        self._clock = clock
        self._plan = plan
        self._bound: frozenset[tuple[str, str]] = frozenset()

    def poke(self) -> None:
        """A key was pressed; a film does not mind."""

    async def listen(self, wanted: frozenset[tuple[str, str]]) -> AsyncIterator[Heard]:
        """See TagReader."""
        if not wanted <= self._bound:
            self._bound = wanted
            self._clock.skip(self._way_s(wanted) * 1000)
        async with aclosing(self._walk.listen(wanted)) as heard:
            async for item in heard:
                yield item

    def _way_s(self, wanted: frozenset[tuple[str, str]]) -> int:
        """The longest way to the point that is wanted."""
        points = {point.id for point in self._plan.points for tag in point.tags if (tag.format, tag.id) in wanted}
        points |= {point for kind, point in wanted if kind == LABEL}
        return max(
            (stop.walk_s for route in self._plan.routes for stop in route.stops if stop.point in points), default=0
        )
