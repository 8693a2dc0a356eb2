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

if TYPE_CHECKING:
    from textual.app import App

    _App = App[Any]
else:
    _App = object

LATER_S: Final = 0.005
"""So long after they are due held letters are looked at again."""
GUARD_S: Final = 0.3
"""So long after a page opened by itself a person's keys are still meant for the page before: about the time that a
thumb needs which is already on its way."""

HELD_S: Final = 0.1
"""The same key again within this time was not let go: a keyboard repeats 11 to 40 times a second, a thumb presses 8."""
DELAY_S: Final = 0.7
"""A keyboard begins to repeat a key that is held after at most so long; the kernel's own after 0.25 s, a desktop's
after 0.66 s. Within it nothing tells the first repetition from a second press but what follows within HELD_S."""


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
        self._last = ("", 0.0)
        """The key that a person pressed last, and when."""
        self._has_turned = False
        """Another question stands there since that key was pressed."""
        self._doubtful: events.Key | None = None
        """The same key again, to another question: pressed twice, or the first time that a held key repeats."""

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
            before, self._last = self._last, (key.key, key.time)
            since = key.time - before[1] if self._has_turned and before[0] == key.key else DELAY_S
            doubtful, self._doubtful = self._doubtful, None
            if 0 <= since < HELD_S:
                continue  # not let go; neither was the one before it, of which that was not known
            if doubtful is not None:
                await self._press(doubtful)
            if 0 <= since < DELAY_S:
                self._wait_and_see(key)
            else:
                await self._press(key)
        if self.gate.open and self._expiry is None:
            wait_s = max(0.0, self.gate.due - get_time()) + LATER_S
            self._expiry = asyncio.get_running_loop().call_later(wait_s, self._silence)

    def asks(self) -> object:
        """What a key would mean now: the page that is open, and its question."""
        return self.screen_stack[-1:]

    @property
    def hurries(self) -> bool:
        """Whether each key counts on the page that is open, however fast it comes."""
        return False

    async def _press(self, key: events.Key) -> None:
        """A key that is held does not answer what it has brought up itself: whoever asks sees that another question
        stands there. In a hurry each one counts."""
        if key.time >= self._deaf_until:
            before = self.asks()
            await super().on_event(key)
            self._has_turned = self.asks() != before and not self.hurries

    def _wait_and_see(self, key: events.Key) -> None:
        """Pressed, unless it comes again at once."""
        self._doubtful = key
        wait_s = max(0.0, key.time + HELD_S - get_time()) + LATER_S
        asyncio.get_running_loop().call_later(wait_s, self.call_later, self._believe, key)

    async def _believe(self, key: events.Key) -> None:
        """Behind whatever is already queued: it may be the next repetition."""
        if self._doubtful is key:
            self._doubtful = None
            await self._press(key)

    def turned_by_itself(self) -> None:
        """Another page stands there, or the same with another question, and no key of the person has asked for it.

        What counts is when a key was pressed, not when its turn comes: one that waited behind a slow disk is dropped
        too. The time runs from the moment the page has been drawn. One that is held all the while answers nothing.
        """
        self._has_turned = not self.hurries
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
