"""Carries an update through, in a thread of its own beside the courier: asks the office, and takes one step at a time.

What the next step is, sync.updating says; each is done by sync.installing. Whatever goes wrong, the running program
stays, and the next look goes on from what is on the disk.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

from app.errors import OfficeAway, OfficeRefused, WatchbookError
from sync.client import Client, Refused
from sync.installing import Installer, Unfit
from sync.updating import LONG_S, Around, State, Step, next_step
from sync.wire import Offered

log: Final = logging.getLogger("watchbook.updater")

LOOK_S: Final = 15.0
"""Between two looks at whether anything can be done."""
ASK_S: Final = 3600.0
"""Between two questions to the office."""
AGAIN_S: Final = 300.0
"""After something failed."""
NO_ROOM: Final = "updating.no_room"


class Updater:
    """One handheld's. `said` may be read from any thread."""

    def __init__(
        self,
        installer: Installer,
        connect: Callable[[], Client],
        around: Callable[[], Around],
        change: Callable[[Offered], None],
        on_news: Callable[[], None] = lambda: None,
    ) -> None:
        """`change` makes the change where it may be made, and returns when the program is about to end or somebody
        came in between; `on_news` is called on the updater's thread when `said` has changed."""
        self._installer = installer
        self._connect = connect
        self._around = around
        self._change = change
        self._on_news = on_news
        self._client: Client | None = None
        self._asked = -ASK_S
        self._heard = False
        """The office has said what it offers since this program began: before, nothing is known to be left over."""
        self._offer: Offered | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.said = installer.told.said
        """Key of the sentence for the crew and the office; empty when there is nothing to say."""

    # -- the thread -----------------------------------------------------------------------------
    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="updater", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 2.0) -> None:
        """End after the step that goes on; what it did not finish is done again after the next start."""
        self._ended.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(wait_s)

    def _run(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            pause = LOOK_S
            try:
                if self.turn() not in (Step.REST, Step.ROOM, Step.CHANGE):
                    pause = 0.0
            except Exception as e:  # last resort of this thread: the program goes on as it is
                if not isinstance(e, WatchbookError | OSError):
                    log.error("an update failed: %s", type(e).__name__)
                self._hang_up()
                pause = AGAIN_S
        self._hang_up()

    def turn(self) -> Step:
        """One look, and the step that it came to. Raises OfficeAway, OfficeRefused, OSError."""
        self._installer.look_back()
        around = self._around()
        if around.resting:
            self._ask()
        if not self._heard:
            return Step.REST
        state = self._installer.state(self._offer)
        step = next_step(state, around)
        if step is not Step.FETCH:
            self._hang_up()
        try:
            self._do(step)
        except Unfit as e:
            assert self._offer is not None
            self._installer.refuse(self._offer, e.key)
        self._say(step, state, around)
        return step

    def _do(self, step: Step) -> None:
        installer, offer = self._installer, self._offer
        if step is Step.CLEAR:
            installer.clear(offer)
        elif offer is not None:
            match step:
                case Step.FETCH:
                    self._fetch(offer)
                case Step.CHECK:
                    installer.check(offer)
                case Step.LAY:
                    installer.lay(offer)
                case Step.TRY:
                    installer.try_out(offer)
                case Step.CHANGE:
                    self._change(offer)

    def _ask(self) -> None:
        """Once an hour. What is under way goes on without an office as far as it can."""
        now = time.monotonic()
        if now - self._asked < ASK_S:
            return
        self._asked = now - ASK_S + AGAIN_S
        try:
            self._offer = self._line().offered(os.uname().machine)
        except OfficeAway:
            if self._offer is None:
                raise
            return
        self._asked, self._heard = now, True

    def _fetch(self, offer: Offered) -> None:
        try:
            self._installer.fetch(offer, self._line().piece)
        except Refused as e:
            if e.problem.name != "no-release":
                raise
            self._offer = None

    def _line(self) -> Client:
        """To the office that was pinned. Raises OfficeAway, OfficeRefused."""
        if self._client is None:
            client = self._connect()
            try:
                client.hello()
            except (OfficeAway, OfficeRefused):
                client.close()
                raise
            self._client = client
        return self._client

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    # -- what is said ---------------------------------------------------------------------------
    def _say(self, step: Step, state: State, around: Around) -> None:
        said = _words(step, state, around, self.said) or self._installer.told.said
        if said != self.said:
            self.said = said
            self._on_news()


def _words(step: Step, state: State, around: Around, before: str) -> str:
    """What goes on now or is waited for, after what was said `before`; empty when nothing is."""
    offer = state.offer
    if offer is None or state.refused or offer.version == state.running:
        return ""
    if state.tried:
        if around.on_shift and state.ready_s >= LONG_S:
            return "updating.never_free"
        return "updating.ready" if around.lasts else "updating.no_power"
    full = step is Step.ROOM or (step is Step.REST and before == NO_ROOM)
    return NO_ROOM if full else "updating.fetching"
