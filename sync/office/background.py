"""Work that the office does by itself, turn after turn, beside what is asked of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

log: Final = logging.getLogger("watchbook.background")

PAUSE_S: Final = 1.0
"""A turn comes no sooner than this after the last one, whatever wakes it, unless the last one asked for it."""


class Background:
    """One work, from `follow` to `stop`; a turn that fails is told in the log and does not end it."""

    def __init__(
        self, name: str, turn: Callable[[], Awaitable[float]], again_s: float, *, first_s: float = 0.0
    ) -> None:
        """`turn` says in how many seconds the next one is due; after one that failed that is `again_s`. The first one
        comes after `first_s`, so that a page that is asked for at the start can come first.
        """
        self._name = name
        self._turn = turn
        self._again_s = again_s
        self._first_s = first_s
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def follow(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    def wake(self) -> None:
        """Let the next turn come now."""
        self._news.set()

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _run(self) -> None:
        wait_s = self._first_s
        while True:
            await self._rest(wait_s)
            wait_s = self._again_s
            try:
                wait_s = await self._turn()
            except Exception:  # last resort of this task: a database that is away must not end the work
                log.exception("%s failed", self._name)

    async def _rest(self, wait_s: float) -> None:
        await asyncio.sleep(min(wait_s, PAUSE_S))
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s - PAUSE_S):
                await self._news.wait()
        self._news.clear()
