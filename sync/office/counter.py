"""Keeps every site's days counted in the background of the office, so that a month is added up when it is asked for.

What a record or the hour has made wrong is made again within a minute; a page that cannot wait makes its own.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from app.duties.days import local_day
from sync.office import month
from sync.office.store import Store
from sync.office.store.plans import sites

log: Final = logging.getLogger("watchbook.counting")

LOOK_S: Final = 60.0
"""Between two looks for days that are behind."""
SLICE_S: Final = 0.25
"""How long it goes on before others have their turn."""
REST_S: Final = 0.75


class Counter:
    """One office's, from `follow` to `stop`. `clock_ms` gives UTC ms."""

    def __init__(self, store: Store, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock_ms
        self._task: asyncio.Task[None] | None = None

    def follow(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _run(self) -> None:
        left = 0
        while True:
            await asyncio.sleep(REST_S if left else LOOK_S)
            try:
                left = await self.count()
            except Exception:  # last resort of this task: a database that is away must not end the counting
                log.exception("counting failed")

    async def count(self) -> int:
        """Make days that are behind for a moment, this month's first; how many are left."""
        now = self._clock()
        every = await self._store.read(sites)
        this = local_day(now, ZoneInfo("UTC"))[:7]
        return await month.ready(self._store, every, this, now, SLICE_S) if every else 0
