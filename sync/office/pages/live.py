"""Pages that stay true by themselves: server-sent events with a piece of the page, whenever the office knows more.

Several workers may serve, and commands write beside them, so the database is asked: once for everybody who watches, and
only while somebody does. A watcher goes when the session ends, when the browser goes, and when the office stops.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from time import monotonic
from typing import Final

from litestar.response import ServerSentEventMessage
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from sync.office.store import Store, StoreBusy
from sync.office.store.alarms import alarm_acts
from sync.office.store.conditions import conditions
from sync.office.store.records import urgent_ahead
from sync.office.store.rounds import folded

log: Final = logging.getLogger("watchbook.office")

LOOK_S: Final = 1.0
"""Between two looks."""
MINUTE_S: Final = 60.0
"""After so long a piece is made anew, since the hour alone changes it; it is sent only when it became another one."""
MOST: Final = 100
"""Watchers of one process."""
EACH: Final = 4
"""Of one account: a browser has six lines to one office, and needs the rest for its pages."""
KEPT: Final = 64
"""Pieces kept for the next watcher who wants the same."""

Known = Mapping[str, tuple[int, ...]]
"""By site: figures that change whenever the office knows more of it."""


class Live:
    """Belongs to one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watchers: Counter[str] = Counter()
        self._ended = asyncio.Event()
        self._known: Known = {}
        self._looked = -MINUTE_S
        self._looking = asyncio.Lock()
        self._pieces: dict[tuple[str, ...], tuple[object, str]] = {}

    def has_room(self, account: str) -> bool:
        return not self._ended.is_set() and self._watchers[account] < EACH and self._watchers.total() < MOST

    def end(self) -> None:
        """The office stops: let everybody go, and let nobody in any more."""
        self._ended.set()

    async def watch(
        self,
        account: str,
        key: tuple[str, ...],
        make: Callable[[], Awaitable[str]],
        clock: Callable[[], str],
        may_stay: Callable[[], Awaitable[bool]],
        farewell: str,
    ) -> AsyncIterator[ServerSentEventMessage]:
        """The piece that `make` makes, now and whenever it has become another one, and what `clock` says; who gives the
        same `key` gets the same piece. It ends with `farewell` as soon as the watcher may not stay.
        """
        if not self.has_room(account):  # several came at once
            return
        self._watchers[account] += 1
        sent = {"piece": "", "clock": ""}
        try:
            while not self._ended.is_set():
                if not await may_stay():
                    yield ServerSentEventMessage(event="clock", data=farewell)
                    yield ServerSentEventMessage(event="end", data="end")
                    return
                for name, text in (("piece", await self._piece(key, make)), ("clock", clock())):
                    if text != sent[name]:
                        sent[name] = text
                        yield ServerSentEventMessage(event=name, data=text)
                await self._pause()
        except (SQLAlchemyError, StoreBusy) as e:  # the browser comes again
            log.warning("a live page could not be read: %s", type(e).__name__)
        finally:
            self._watchers[account] -= 1
            self._watchers += Counter()  # forgets whoever has none

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._ended.wait()
        except TimeoutError:
            return

    async def _piece(self, key: tuple[str, ...], make: Callable[[], Awaitable[str]]) -> str:
        async with self._looking:
            if monotonic() - self._looked >= LOOK_S:
                self._known = await self._store.read(_known)
                self._looked = monotonic()
            stand = (self._known, int(monotonic() / MINUTE_S))
            before = self._pieces.pop(key, None)
            piece = before[1] if before is not None and before[0] == stand else await make()
            self._pieces[key] = (stand, piece)
            while len(self._pieces) > KEPT:
                del self._pieces[next(iter(self._pieces))]
            return piece


def _known(tx: Connection) -> Known:
    """Records folded, the handhelds' last words, acts about alarms, urgent records ahead of their turn."""
    counts = [
        {site: int(number) for site, number in tx.execute(wanted)}
        for wanted in (
            select(folded.c.site, func.sum(folded.c.seq)).group_by(folded.c.site),
            select(conditions.c.site, func.sum(conditions.c.at)).group_by(conditions.c.site),
            select(alarm_acts.c.site, func.count()).group_by(alarm_acts.c.site),
        )
    ]
    ahead = Counter(each.site for each in urgent_ahead(tx))
    sites = {site for count in (*counts, ahead) for site in count}
    return {site: (*(count.get(site, 0) for count in counts), ahead[site]) for site in sites}
