"""New programs on a handheld that was installed from a release: when its screens let them in, and what they say.

Where the program was not installed that way there is none of this (sync.installing.place_of).
"""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.logbook.book import Logbook
from app.ports import Clock
from app.resume import Shift
from app.words import say
from screens.office_line import OfficeLine
from screens.platform import launch
from sync.installing import Installer, place_of
from sync.updating import Around
from sync.wire import Offered

if TYPE_CHECKING:
    from screens.terminal import Terminal
    from sync.updater import Updater

AFTER_FIRST_SCREEN_S: Final = 60.0
"""The conversation about programs begins when the day's own has: nothing of it is urgent."""
TAKEN: Final = "updating.taken"
SAID_ONCE: Final = frozenset({TAKEN, "updating.rolled_back"})
"""What the crew is told at the first screen after it happened."""


class Renewal:
    """Of one run of the terminal."""

    def __init__(self, installer: Installer, logbook: Logbook, clock: Clock) -> None:
        self._installer = installer
        self._logbook = logbook
        self._clock = clock
        self._updater: Updater | None = None
        self._terminal: Terminal | None = None
        self._office: OfficeLine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shift: Shift | None = None
        """The open one, while this program has to bring one to its end."""

    @property
    def said(self) -> str:
        """Key of the sentence about how it stands; empty when there is none, or the version says it all."""
        said = self._updater.said if self._updater else self._installer.told.said
        return "" if said == TAKEN else said

    def attend(self, terminal: "Terminal", office: OfficeLine | None) -> None:
        """These are the screens, and their line to the office."""
        self._terminal, self._office = terminal, office
        if office is not None:
            office.update = lambda: self.said

    def ready(self) -> None:
        """The first screen stands: whatever release this is, it works so far."""
        launch.ready()
        terminal, before = self._terminal, self._installer.told.said
        self._installer.reached()
        with suppress(OSError):  # a disk that takes nothing now: the updater learns it later
            self._installer.look_back()
        if terminal is None:
            return
        if self._installer.proves:
            watch = terminal.gear.watch
            self._shift = watch.state.shift
            watch.subscribe(lambda: self._look(watch.state.shift))
        if (said := self._installer.told.said) != before and said in SAID_ONCE:
            terminal.tell(say(terminal.lang, said), "ok" if said == TAKEN else "mark")
            terminal.top.show()
        if self._office is not None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_later(AFTER_FIRST_SCREEN_S, self._start)

    def _look(self, shift: Shift | None) -> None:
        """After each act: the shift that was open has come to its end."""
        before, self._shift = self._shift, shift
        ended = before is not None and (shift is None or shift.opened != before.opened)
        if ended and self._installer.proves:
            with suppress(OSError):  # the next shift will do
                self._installer.proved()

    def _start(self) -> None:
        from sync.courier import enrolled_client
        from sync.updater import Updater

        self._updater = Updater(
            self._installer, lambda: enrolled_client(self._logbook, self._clock), self._around, self._change
        )
        self._updater.start()

    def stop(self) -> None:
        if self._updater is not None:
            self._updater.stop()

    # -- on the updater's thread ----------------------------------------------------------------
    def _around(self) -> Around:
        terminal = self._terminal
        assert terminal is not None
        cell, state = terminal.gear.battery(), terminal.gear.watch.state
        return Around(
            idle_s=int(time.monotonic() - terminal.touched),
            busy=terminal.gear.practice or state.round is not None,
            percent=cell.percent if cell else None,
            charging=cell.charging if cell else False,
            on_shift=state.shift is not None,
        )

    def _change(self, offer: Offered) -> None:
        """In its turn among the keys, so that none is lost; whoever keeps the program running starts the new one."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._change_now(offer), self._loop).result()

    async def _change_now(self, offer: Offered) -> None:
        from sync.updating import may_change

        terminal = self._terminal
        assert terminal is not None
        around = self._around()
        away = len(terminal.pages) == 1 or around.untouched
        if away and may_change(around, self._installer.ready_s(offer.version)):
            self._installer.change(offer)
            terminal.exit(0)


def renewal_of(data_dir: Path, logbook: Logbook, clock: Clock) -> Renewal | None:
    """None for a program that was not installed from a release."""
    place = place_of()
    return None if place is None else Renewal(Installer(place, data_dir), logbook, clock)
