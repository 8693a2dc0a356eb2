"""Keeps every site's days counted in the background of the office, so that a month is added up when it is asked for.

What a record or the hour has made wrong is made again within a minute; a page that cannot wait makes its own.
"""

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from app.duties.days import local_day
from sync.office import month
from sync.office.background import Background
from sync.office.store import Store
from sync.office.store.plans import sites

LOOK_S: Final = 60.0
"""Between two looks for days that are behind."""
SLICE_S: Final = 0.25
"""How long it goes on before others have their turn."""
REST_S: Final = 0.75


class Counter:
    """One office's. `clock_ms` gives UTC ms."""

    def __init__(self, store: Store, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock_ms
        self.background = Background("counting", self._turn, LOOK_S, first_s=LOOK_S)

    async def _turn(self) -> float:
        """Make days that are behind for a moment, this month's first."""
        now = self._clock()
        every = await self._store.read(sites)
        this = local_day(now, ZoneInfo("UTC"))[:7]
        left = await month.ready(self._store, every, this, now, SLICE_S) if every else 0
        return REST_S if left else LOOK_S
