"""The radio while a stop waits: one listener at a time, started and ended as what is wanted changes.

It does not judge what is heard; it hands it on, in order, and rests when nothing is wanted.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from app.ports import Heard, TagReader
from screens.tasks import begin

Wanted = frozenset[tuple[str, str]]
"""(format, tag) pairs that the stop waits for, and (LABEL, point id) when it takes a label."""


class Listener:
    """Hands everything heard to `take`; a failure that nobody expected goes to `broken`.

    `take` may be cancelled while it waits: what it set going must not depend on it.
    """

    def __init__(
        self, radio: TagReader, take: Callable[[Heard], Awaitable[None]], broken: Callable[[Exception], None]
    ) -> None:
        self._radio = radio
        self._take = take
        self._broken = broken
        self._wanted: Wanted | None = None
        self._task: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        """Listeners told to go that still hold the radio."""
        self.always = radio.always

    @property
    def wanted(self) -> Wanted | None:
        return self._wanted

    def attend(self, wanted: Wanted | None) -> None:
        """Listen for `wanted` from now on; None rests. The same again changes nothing."""
        if wanted is None and self.always:
            wanted = frozenset()
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._leave()
        if wanted is not None:
            self._task = begin(self._listen(wanted, frozenset(self._leaving)), self._broken)

    def _leave(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
            task.cancel()

    def poke(self) -> None:
        if self._task is not None:
            self._radio.poke()

    async def stop(self) -> None:
        """End for good and wait until the radio has been let go."""
        self._wanted = None
        self._leave()
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _listen(self, wanted: Wanted, before: frozenset[asyncio.Task[None]]) -> None:
        if before:
            await asyncio.wait(before)  # the radio has one listener
        stream = self._radio.listen(wanted)
        try:
            async for heard in stream:
                await self._take(heard)
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()
