"""The scanners that have a line of their own, while the terminal runs: what they read goes on, one after the other.

That one is there at the start is no news; that one is lost, and there again, is.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from app.ports import Scan, Scanner, ScannerState
from screens.tasks import begin


class Readers:
    """Hands everything read to `take`; a failure that nobody expected goes to `broken`."""

    def __init__(
        self,
        scanners: Sequence[Scanner],
        take: Callable[[Scan | ScannerState], Awaitable[None]],
        broken: Callable[[Exception], None],
        *,
        quiet: bool = False,
    ) -> None:
        """`quiet`: that one cannot be opened at the start is no news either."""
        self.scanners = scanners
        """Those that it reads."""
        self._take = take
        self._broken = broken
        self._quiet = quiet
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        for scanner in self.scanners:
            self._tasks.append(begin(self._read(scanner), self._broken))

    async def stop(self) -> None:
        """End for good and wait until every device has been let go."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _read(self, scanner: Scanner) -> None:
        found, lost, quiet = scanner.listen(), False, self._quiet
        try:
            async for each in found:
                if isinstance(each, ScannerState):
                    news, lost = not quiet and (lost or each.fault is not None), each.fault is not None
                    quiet = False
                    if not news:
                        continue
                await self._take(each)
        finally:
            if isinstance(found, AsyncGenerator):
                await found.aclose()
