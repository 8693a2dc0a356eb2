"""The line to the office: the courier as the screens see it, its news brought to their event loop."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from app.logbook.book import Logbook
from app.ports import Clock
from screens.gear import Contact

if TYPE_CHECKING:
    from sync.courier import Courier, CourierState

AFTER_FIRST_SCREEN_S: Final = 1.0
"""The courier begins when the screen stands: its HTTP library and its keys cost 0.2 s to import."""


class OfficeLine:
    """See `gear.Office`: the courier is started with the first subscriber."""

    def __init__(
        self,
        logbook: Logbook,
        clock: Clock,
        *,
        on_offset: Callable[[int], None] = lambda offset: None,
        by_itself: bool = True,
    ) -> None:
        """`by_itself` False waits for `sync_now`: a demonstration stays offline until somebody syncs."""
        self._logbook = logbook
        self._clock = clock
        self._on_offset = on_offset
        self._by_itself = by_itself
        self._courier: Courier | None = None
        self._changed: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cursor = logbook.cursor
        self.pages_came: Callable[[], None] = lambda: None
        """Called on the event loop when the office has sent new pages."""
        self.revision: Callable[[], int] = lambda: 0
        """Of the plan in use, and what is wrong with the radio (key of a sentence): what the office is told of us."""
        self.radio: Callable[[], str] = str
        self.update: Callable[[], str] = str
        """How far a new program came (key of a sentence): told to the office, and on the page about it."""
        self.parts_wait: Callable[[], bool] = bool
        """Whether the program begins anew for its parts, once nobody is on shift: told to the office."""

    @property
    def line(self) -> Contact:
        if self._courier is None:
            return Contact(reason="sync.waiting")
        state, now = self._courier.state, self._clock.now()
        return Contact(
            online=state.online,
            busy=state.busy,
            offline_s=None if state.offline_since is None else max(0, (now.up - state.offline_since) // 1000),
            reason=state.last_reason.key if state.last_reason else None,
            fields=state.last_reason.fields if state.last_reason else {},
            notices=(
                *((each.key, each.fields) for each in state.notices),
                *([(said, {})] if (said := self.update()) else []),
            ),
            last_ack=state.last_ack,
            oldest_s=None if state.oldest is None else max(0, (now.at - state.oldest) // 1000),
            new_books=state.new_books,
        )

    def subscribe(self, changed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed.append(changed)
        if self._by_itself:
            self._loop.call_later(AFTER_FIRST_SCREEN_S, self._started)

    def sync_now(self) -> None:
        self._started().sync_now()

    def recorded(self, urgent: bool) -> None:
        """A record was made; it goes soon, an urgent one at once."""
        if self._courier is not None:
            self._courier.nudge(urgent)

    def stop(self) -> None:
        if self._courier is not None:
            self._courier.stop()

    def _started(self) -> "Courier":
        if self._courier is None:
            from sync.condition import condition_of
            from sync.courier import Courier

            condition = condition_of(self._logbook, self.revision, self.radio, self.update, self.parts_wait)
            self._courier = Courier(
                self._logbook, self._clock, self._news, on_offset=self._on_offset, condition=condition
            )
            self._courier.start()
        return self._courier

    def _news(self, state: "CourierState") -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        if self._logbook.cursor != self._cursor:
            self._cursor = self._logbook.cursor
            self.pages_came()
        for changed in self._changed:
            changed()
