"""The clock of an office whose time was moved, for a demonstration: it goes on from a told moment.

A staged handheld skips most of the way between two points. What it recorded would lie in the office's future,
so this clock goes along when records come from a later time than it shows.
"""

import asyncio
import time
from typing import Final

import msgspec
from sqlalchemy import Connection

from app.record import Record
from sync.office.store import Store
from sync.office.store.records import newest_raw

MOST_MS: Final = 24 * 3600 * 1000
"""Records further ahead than this are a clock that is wrong, not a way that was skipped."""


class StagedClock:
    """Starts at `began`, UTC ms; never goes back."""

    def __init__(self, began: int) -> None:
        self._offset = began - _running()
        self._task: asyncio.Task[None] | None = None

    def __call__(self) -> int:
        """Now, UTC ms."""
        return _running() + self._offset

    def go_along(self, at: int) -> None:
        """Show at least `at`, UTC ms, unless that is absurd."""
        ahead = at - self()
        if 0 < ahead <= MOST_MS:
            self._offset += ahead

    def follow(self, store: Store) -> None:
        """Go along with what is stored from now on."""

        def look() -> None:
            self._task = asyncio.get_running_loop().create_task(self._look(store))

        store.after_commit.append(look)

    async def _look(self, store: Store) -> None:
        for at in await store.read(_times):
            self.go_along(at)


def _times(tx: Connection) -> list[int]:
    return [msgspec.json.decode(raw, type=Record).at for raw in newest_raw(tx)]


def _running() -> int:
    return time.monotonic_ns() // 1_000_000
