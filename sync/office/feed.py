"""Who waits for something new to come down to a site: held until it is there, or until the time is over.

Another process may publish as well (a command, another worker), so the database is asked; but only while somebody
waits, and once for all of them.
"""

import asyncio
import logging
from typing import Final

from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from sync.office.store import Store, StoreBusy
from sync.office.store.changes import revisions

log: Final = logging.getLogger("watchbook.office")

LOOK_S: Final = 0.5
"""Between two looks at the revisions."""
MOST: Final = 2000
"""Questions held at a time; one more is answered at once."""


class Waiting(Struct, frozen=True, eq=False):
    """A held question."""

    site: str
    rev: int
    """What the asker has."""
    told: asyncio.Event


class Feed:
    """Belongs to one event loop."""

    def __init__(self, store: Store, look_s: float = LOOK_S) -> None:
        self._store = store
        self._look_s = look_s
        self._waiting: dict[bytes, Waiting] = {}
        self._looking: asyncio.Task[None] | None = None
        self._ended = False

    async def news(self, book: bytes, site: str, rev: int, wait_s: float) -> None:
        """Back when the site has a revision beyond `rev`, after `wait_s`, or when the same book asks once more."""
        if self._ended or len(self._waiting) >= MOST:
            return
        mine = Waiting(site, rev, asyncio.Event())
        if (before := self._waiting.get(book)) is not None:
            before.told.set()
        self._waiting[book] = mine
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())
        try:
            async with asyncio.timeout(wait_s):
                await mine.told.wait()
        except TimeoutError:
            return
        finally:
            if self._waiting.get(book) is mine:
                del self._waiting[book]

    def end(self) -> None:
        """The office stops: let everybody go, and hold nobody any more."""
        self._ended = True
        if self._looking is not None:
            self._looking.cancel()
        for each in self._waiting.values():
            each.told.set()

    async def _look(self) -> None:
        while self._waiting and not self._ended:
            try:
                newest = await self._store.read(revisions)
            except (SQLAlchemyError, StoreBusy) as e:  # who waits asks again and hears why
                log.warning("the revisions could not be read: %s", type(e).__name__)
                newest = {}
            for each in self._waiting.values():
                if newest.get(each.site, 0) > each.rev:
                    each.told.set()
            await asyncio.sleep(self._look_s)
