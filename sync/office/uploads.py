"""One blob at a time comes from a handheld: who begins anew has lost the line before, of which nothing more comes.

The office may not have heard that a line is dead. So the next request of the same handheld ends what is still being
read, and waits until that is kept: then it hears how far the office really is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

ARRIVED_S: Final = 0.3
"""In which what this machine has received is read."""


class Reading:
    """A body that is being read, and until when."""

    def __init__(self, seconds: float) -> None:
        self._until = asyncio.get_running_loop().time() + seconds
        self._scope: asyncio.Timeout | None = None
        self.over = asyncio.Event()

    @asynccontextmanager
    async def moment(self) -> AsyncIterator[None]:
        """Around the wait for a part. Raises TimeoutError."""
        try:
            async with asyncio.timeout_at(self._until) as self._scope:
                yield
        finally:
            self._scope = None

    def cut(self) -> None:
        """What has arrived is still taken; nothing more is waited for."""
        self._until = min(self._until, asyncio.get_running_loop().time() + ARRIVED_S)
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(self._until)


class Uploads:
    """Those of one process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._going: dict[bytes, Reading] = {}

    async def settle(self, book: bytes) -> None:
        """Back when nothing of the book's is being read any more."""
        while (before := self._going.get(book)) is not None:
            before.cut()
            await before.over.wait()

    @asynccontextmanager
    async def alone(self, book: bytes, seconds: float) -> AsyncIterator[Reading]:
        """Read a body of the book's in at most so many seconds, after what was read before is kept."""
        await self.settle(book)
        mine = self._going[book] = Reading(seconds)
        try:
            yield mine
        finally:
            del self._going[book]
            mine.over.set()
