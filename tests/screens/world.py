"""The world around a terminal under test: a real watch on a real book, and the outside played by a script.

What is replaced stands outside the building: the radio, the clock, the buzzer and the office's line.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from textual import events
from textual.app import App
from textual.keys import _character_to_key
from textual.pilot import Pilot

from app.duties.site import encode_plan
from app.logbook.book import Logbook, Received
from app.logbook.disk import Disk
from app.pages import Pages, pages_of
from app.ports import Heard, Moment, RadioState, Sighting, TagReader
from app.record import Record
from app.watch import Watch
from hardware.power import Battery
from hardware.side_keys import SideKey
from screens.gear import Contact, Gear
from screens.platform.presses import DELAY_S
from screens.terminal import Terminal
from tests.logbook.tools import receipt
from tests.screens.plans import UUID, pages

TEN: Final = "2026-11-21T22:01:00+08:00"
SMALL, LARGE = (40, 20), (80, 24)
SIGN_IN: Final = "1 0 0 1 enter 1 2 3 4 enter"
"""The first guard of the plan, by number and PIN."""
THUMB_S: Final = 1.0
"""Seconds from a page to the key that answers it."""
LET_GO_S: Final = 0.15
"""Seconds between two quick presses of one key."""
_last: events.Key | None = None
"""What a thumb pressed last."""


class SetClock:
    """Time that passes only when it is told to."""

    def __init__(self, at: str = TEN) -> None:
        self.at = int(datetime.fromisoformat(at).timestamp() * 1000)
        self.up = 1_000_000

    def pass_by(self, seconds: float) -> None:
        self.at += round(seconds * 1000)
        self.up += round(seconds * 1000)

    def now(self) -> Moment:
        return Moment(self.at, self.up, "boot-1")


class ScriptedRadio:
    """A radio that hears what the test says, while somebody listens."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self._air: asyncio.Queue[Heard] | None = None
        self.wanted: list[frozenset[tuple[str, str]]] = []
        """What each listener asked for, in order."""
        self.listeners = 0
        self.most = 0
        """Listeners at one time, at most."""
        self.always = False

    def poke(self) -> None:
        """It is always awake."""

    async def listen(self, wanted: frozenset[tuple[str, str]]) -> AsyncIterator[Heard]:
        self.wanted.append(wanted)
        self.listeners += 1
        self.most = max(self.most, self.listeners)
        self._air = asyncio.Queue()
        try:
            yield RadioState()
            while True:
                yield await self._air.get()
        finally:
            self.listeners -= 1

    def hear(self, item: Heard) -> None:
        assert self._air is not None, "nobody listens"
        self._air.put_nowait(item)

    def beacon(self, minor: int, rssi: int = -50) -> None:
        """One advertisement of the beacon `minor` of the example site."""
        tag = f"{UUID}/10001/{minor}"
        self.hear(Sighting(f"C0:00:00:00:00:{minor:02X}", rssi, self._clock.up, "m004c:0215", "ibeacon", tag, -59))


class Signals:
    """A buzzer that remembers."""

    def __init__(self) -> None:
        self.felt: list[str] = []

    def signal(self, kind: str) -> None:
        self.felt.append(kind)


class OfficeLine:
    """The courier as the screens see it, with what the test says."""

    def __init__(self, line: Contact) -> None:
        self.line = line
        self.asked = 0
        self._changed: list[Callable[[], None]] = []

    def sync_now(self) -> None:
        self.asked += 1

    def subscribe(self, changed: Callable[[], None]) -> None:
        self._changed.append(changed)

    def say(self, line: Contact) -> None:
        self.line = line
        for changed in self._changed:
            changed()


class World:
    """One handheld directory with its plan, opened as the program opens it."""

    def __init__(self, folder: Path, sent: Pages | None = None, at: str = TEN, disk: Disk | None = None) -> None:
        self.folder = folder
        self.clock = SetClock(at)
        self.radio = ScriptedRadio(self.clock)
        self.signals = Signals()
        self.office = OfficeLine(Contact(online=False, offline_s=7300, oldest_s=5400))
        self.remembered: dict[str, str] = {}
        self.battery: Callable[[], Battery | None] = lambda: Battery(77)
        self.dimmed: list[bool] = []
        self.side_keys: tuple[SideKey, ...] = ()
        self.pages = sent or pages()
        self.book = Logbook.open(folder, self.clock, disk)
        if self.book.page("plan") is None:
            self.book.receive(received(self.pages), "1")
        self.watch = Watch(self.book, self.pages, self.clock)

    def terminal(
        self,
        lang: str = "zh",
        theme: str = "day",
        hint: str = "",
        *,
        office: bool = True,
        kind: type[Terminal] = Terminal,
        ready: Callable[[], None] = lambda: None,
        radio: TagReader | None = None,
    ) -> Terminal:
        gear = Gear(
            watch=self.watch,
            radio=radio or self.radio,
            office=self.office if office else None,
            buzzer=self.signals,
            lang=lang,
            theme=theme,
            hint=hint,
            battery=self.battery,
            dim=self.dimmed.append,
            side_keys=self.side_keys,
            remember=self.remembered.__setitem__,
            up=lambda: self.clock.up,
            ready=ready,
        )
        return kind(gear)

    def close(self) -> None:
        self.watch.close()
        self.book.close()

    def acknowledge(self, seq: int) -> None:
        """The office holds every record up to `seq`."""
        self.book.receipt(receipt(self.book, seq))

    def office_sends_alarm(self, state: str, by: str | dict[str, str], seq: int, **more: str) -> None:
        """What the office says of the alarm that record `seq` raised."""
        id = f"{self.book.book_id}:{seq}"
        body = msgspec.json.encode({"alarm": id, "at": self.clock.at, "by": by, "state": state, **more}, order="sorted")
        rev = 1 + max((page.rev for page in self.book.pages("alarm").values()), default=0)
        self.book.receive([Received("alarm", id, rev, body)], str(10 + rev))
        self.watch.take_pages(pages_of(self.book, self.clock.at))

    def records(self) -> list[Record]:
        return [entry.record for entry in self.book.entries()]

    def kinds(self) -> list[str]:
        return [record.kind for record in self.records()]


@contextmanager
def world(folder: Path, sent: Pages | None = None, at: str = TEN, disk: Disk | None = None) -> Iterator[World]:
    here = World(folder, sent, at, disk)
    try:
        yield here
    finally:
        here.close()


def received(sent: Pages) -> list[Received]:
    return [
        Received("plan", sent.plan.site.id, sent.plan.revision, encode_plan(sent.plan)),
        Received("people", "people", 1, msgspec.json.encode(sent.people)),
        Received("credentials", "credentials", 1, msgspec.json.encode(sent.credentials)),
    ]


def rows(app: App[int]) -> list[str]:
    """What stands on the screen, row by row, as wide as it is."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def text(app: App[int]) -> str:
    return "\n".join(row.rstrip() for row in rows(app))


def shows(app: App[int], kind: type[object]) -> bool:
    """Whether a page of that kind is on top."""
    return isinstance(app.screen, kind)


def bodies(here: World, kind: str) -> list[dict[str, Any]]:
    """Of all records of that kind, in order."""
    return [record.body for record in here.records() if record.kind == kind]


async def until(pilot: Pilot[int], reached: Callable[[], bool]) -> None:
    """Wait for what happens beside the screen: 20 seconds at least."""
    for _ in range(1000):
        await settle(pilot, 1)
        if reached():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(text(pilot.app))


async def keys(pilot: Pilot[int], typed: str, after_s: float = THUMB_S) -> None:
    """Keys as a thumb presses them: `1 0 0 1 enter`, in one string with spaces."""
    for key in typed.split():
        pilot.app.post_message(pressed(key, after_s))
    await settle(pilot)


def pressed(key: str, after_s: float = THUMB_S) -> events.Key:
    """A key that was pressed `after_s` seconds from now: a person looks first, and lets go between two presses."""
    event = events.Key(key, key if len(key) == 1 else None)
    event.time += after_s
    if after_s == THUMB_S:
        global _last
        if _last is not None and _last.key == key:
            event.time = max(event.time, _last.time + DELAY_S + LET_GO_S)
        _last = event
    return event


async def settle(pilot: Pilot[int], turns: int = 2) -> None:
    """Let everything typed, scanned and heard so far reach the disk, then the screen; a page just opened is drawn."""
    for _ in range(turns):
        handled = asyncio.Event()
        pilot.app.call_later(handled.set)
        await handled.wait()
        await asyncio.sleep(0)
    await pilot.pause()
    while not rows(pilot.app):
        await pilot.pause(0.01)


async def scan(pilot: Pilot[int], code: str) -> None:
    """A scanner types a code and Enter, in one burst: no pause of a busy machine falls into it."""
    typed = [events.Key(key, ch) for key, ch in [*((_character_to_key(ch), ch) for ch in code), ("enter", "\r")]]
    for event in typed:
        event.time = typed[0].time
        pilot.app.post_message(event)
    await settle(pilot)


async def walk_to(pilot: Pilot[int], here: World, minor: int) -> None:
    """Stand beside a beacon for three seconds."""
    for _ in range(4):
        here.clock.pass_by(1)
        here.radio.beacon(minor)
        await settle(pilot, 2)
