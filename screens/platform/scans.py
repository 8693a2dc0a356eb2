"""Every key passes the scan gate before focus, bindings and inputs see it: a scanned code always works.

The gate (hardware.scanner) judges; here keys are handed to it in the order and with the times of the
keyboard thread, given back to Textual in that order, and a held letter is released when nothing follows.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Final

from textual import events
from textual._time import get_time
from textual.message import Message

from hardware.scanner import Gate, Out, pasted
from screens.platform.presses import Presses

if TYPE_CHECKING:
    from textual.app import App

    _App = App[Any]
else:
    _App = object

LATER_S: Final = 0.005
"""So long after they are due held keys are looked at again."""
GUARD_S: Final = 0.3
"""So long after a page opened by itself a person's keys are still meant for the page before: about the time that a
thumb needs which is already on its way."""


class Scanned(Message):
    """A code was read, typed by a scanner or pasted. `text` is as read, not yet cleaned."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Unread(Message):
    """A scanner typed something that is no code of ours, or only a part of one; the screen saw nothing of it."""


class Scanning(_App):
    """Mixin, before App: posts `Scanned` and `Unread` to the app; everything else goes on as typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gate: Gate[events.Key] = Gate()
        """Replace it before the first key for a scanner that types slower."""
        self._expiry: asyncio.TimerHandle | None = None
        self._deaf_until = 0.0
        """A person's keys pressed before this (`Key.time`) are dropped."""
        self.presses = Presses()

    async def on_event(self, event: events.Event) -> None:
        if event.is_forwarded or not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
        elif isinstance(event, events.Key):
            await self._take_out(self.gate.feed(event.key, event.character, event.time, event))
        elif code := pasted(event.text):
            self.post_message(Scanned(code))
        else:
            await super().on_event(event)

    async def _take_out(self, out: Out[events.Key]) -> None:
        await self._type(out.passed)
        if out.scan is not None:
            self.post_message(Scanned(out.scan))
        elif out.spoiled:
            self.post_message(Unread())

    async def _type(self, keys: list[events.Key]) -> None:
        """A person's keys, on their usual way, but for those meant for a page that is gone."""
        for key in keys:
            hurries = self.hurries(key.key)
            await self._press_believed(key.time, "" if hurries else key.key)
            if self.presses.counts(key, hurries=hurries):
                await self._press(key)
            self._believe_later()
        if self.gate.open and self._expiry is None:
            wait_s = max(0.0, self.gate.due - get_time()) + LATER_S
            self._expiry = asyncio.get_running_loop().call_later(wait_s, self._silence)

    def asks(self) -> object:
        """What a key would mean now: the page that is open, and its question."""
        return self.screen_stack[-1:]

    def hurries(self, key: str) -> bool:
        """Whether this key counts on the page that is open, however fast it comes and whatever has just come up."""
        return False

    async def _press(self, key: events.Key) -> None:
        if key.time >= self._deaf_until or self.hurries(key.key):
            before = self.asks()
            await super().on_event(key)
            self.presses.turned = self.asks() != before

    async def _press_believed(self, t: float, then: str = "") -> None:
        if (key := self.presses.believed(t, then)) is not None:
            await self._press(key)

    def _believe_later(self) -> None:
        """Behind whatever is already queued then: it may be the next repetition. After a frozen moment it is still to
        be read: so the loop rests once it is due, and the thread of the keyboard has its turn."""
        if (due := self.presses.doubts) is not None:
            loop = asyncio.get_running_loop()
            wait_s = max(0.0, due - get_time())
            loop.call_later(wait_s, loop.call_later, LATER_S, self.call_later, self._press_believed, due)

    def turned_by_itself(self) -> None:
        """Another page stands there, or the same with another question, and no key of the person has asked for it.

        What counts is when a key was pressed, not when its turn comes: one that waited behind a slow disk is dropped
        too. The time runs from the moment the page has been drawn. One that is held all the while answers nothing.
        """
        self.presses.turned = True
        self._turn_deaf()
        self.call_after_refresh(self._turn_deaf)

    def _turn_deaf(self) -> None:
        self._deaf_until = get_time() + GUARD_S

    def _silence(self) -> None:
        """Look at the held keys behind whatever is already queued: it may have been typed in time."""
        self._expiry = None
        self.call_later(self._release)

    async def _release(self) -> None:
        await self._take_out(self.gate.expire(get_time()))
