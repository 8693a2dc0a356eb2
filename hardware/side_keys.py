"""Keys beside the keypad, such as an SOS button: which device and key code means what, said by the fitter.

Their events are only read, never taken from others; a key that is also an ordinary key goes on being one.
"""

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Final

from msgspec import Struct

from app.settings import SettingsRefused
from hardware.evdev import DEVICES, KEY, PRESSED, RELEASED, SIZE, Event, events

ACTIONS: Final = ("alarm", "torch")
HOLD_S: Final = 1.0
"""A key held this long is meant, even in a pocket's fumbling."""
BOUNCE_S: Final = 0.05
"""A contact that closes again so soon was not let go: no thumb is so fast."""
MOST: Final = 8
_READ: Final = 64 * SIZE
_CODE: Final = re.compile(r"[0-9]{1,4}", re.ASCII)


class SideKey(Struct, frozen=True):
    """One key: `/dev/input/by-path/platform-gpio-keys-event:183=alarm`."""

    device: str
    code: int
    """Linux's key code, as `watchbook keys --listen` prints it."""
    action: str
    """Of ACTIONS."""


class Pressed(Struct, frozen=True):
    action: str
    held: bool
    """It was held for HOLD_S; told once, when that time is over. A shorter press is told when it has ended."""


def parse(text: str) -> tuple[SideKey, ...]:
    """The keys of a setting, separated by commas. Raises SettingsRefused."""
    keys = tuple(_key(part.strip()) for part in text.split(",") if part.strip())
    if len(keys) > MOST:
        raise SettingsRefused("cli.bad_side_key", text=text[:80])
    return keys


def _key(text: str) -> SideKey:
    place, _, action = text.rpartition("=")
    device, _, code = place.rpartition(":")
    if action not in ACTIONS or not device.startswith("/") or not _CODE.fullmatch(code):
        raise SettingsRefused("cli.bad_side_key", text=text[:80])
    return SideKey(device, int(code), action)


def devices(folder: Path = DEVICES) -> list[Path]:
    """The input devices, by the name that stays the same over restarts where there is one."""
    named = sorted((folder / "by-path").glob("*-event*"))
    known = {path.resolve() for path in named}
    return [*named, *(path for path in sorted(folder.glob("event*")) if path.resolve() not in known)]


def pressed_codes(paths: list[Path], seconds: float) -> Iterator[tuple[Path, int]]:
    """Which key of which device is pressed in the next `seconds`: what a fitter writes into the setting.

    Devices that may not be read are passed over.
    """
    opened: dict[int, Path] = {}
    for path in paths:
        with suppress(OSError):
            opened[os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)] = path
    ends = time.monotonic() + seconds
    try:
        while opened and (left := ends - time.monotonic()) > 0:
            for fd in select(list(opened), [], [], left)[0]:
                path, raw = opened[fd], _read(fd)
                if not raw:
                    os.close(fd)
                    del opened[fd]
                yield from ((path, event.code) for event in events(raw) if (event.type, event.value) == (KEY, PRESSED))
    finally:
        for fd in opened:
            os.close(fd)


def _read(fd: int) -> bytes:
    """What is there; nothing when the device has gone."""
    try:
        return os.read(fd, _READ)
    except OSError:
        return b""


class _Down(Struct):
    """A key that is down, or has just been let go. Times are the kernel's, seconds."""

    since: float
    holds: asyncio.TimerHandle
    """When it will have been held."""
    until: float | None = None
    """When it was let go, unless that was a bounce."""
    ends: asyncio.TimerHandle | None = None
    """When it was none."""
    told: bool = False
    """As held."""

    def bounces(self, at: float) -> bool:
        return self.until is not None and 0 <= at - self.until < BOUNCE_S

    def go_on(self) -> None:
        """It was never let go."""
        self.until = None
        if self.ends is not None:
            self.ends.cancel()

    def forget(self) -> None:
        for timer in (self.holds, self.ends):
            if timer is not None:
                timer.cancel()


class SideKeys:
    """Listens on the devices of `keys`. One that is not there, or goes, is left out until the next start."""

    def __init__(self, keys: tuple[SideKey, ...], pressed: Callable[[Pressed], None]) -> None:
        self._keys = keys
        self._pressed = pressed
        self._open: list[int] = []
        self._down: dict[SideKey, _Down] = {}

    def start(self) -> None:
        for device in {key.device for key in self._keys}:
            with suppress(OSError):
                fd = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                self._open.append(fd)
                asyncio.get_running_loop().add_reader(fd, self._ready, device, fd)

    def stop(self) -> None:
        for down in self._down.values():
            down.forget()
        self._down.clear()
        for fd in self._open:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)
        self._open.clear()

    def _ready(self, device: str, fd: int) -> None:
        raw = _read(fd)
        if not raw:
            asyncio.get_running_loop().remove_reader(fd)
            return
        for event in events(raw):
            for key in self._keys:
                if (key.device, key.code, KEY) == (device, event.code, event.type):
                    self._moved(key, event)

    def _moved(self, key: SideKey, event: Event) -> None:
        """By the kernel's times: what is read late was not done late."""
        later, down = asyncio.get_running_loop().call_later, self._down.get(key)
        if event.value == RELEASED and down is not None and down.until is None:
            down.until, down.ends = event.at, later(BOUNCE_S, self._let_go, key)
        elif event.value == PRESSED and down is not None and down.bounces(event.at):
            down.go_on()
        elif event.value == PRESSED and (down is None or down.until is not None):
            if down is not None:
                self._let_go(key)
            self._down[key] = _Down(event.at, later(HOLD_S, self._held, key))

    def _let_go(self, key: SideKey) -> None:
        down = self._down.pop(key)
        down.forget()
        if not down.told and down.until is not None:
            self._pressed(Pressed(key.action, held=down.until - down.since >= HOLD_S))

    def _held(self, key: SideKey) -> None:
        down = self._down[key]
        if down.until is not None:
            down.holds = asyncio.get_running_loop().call_later(BOUNCE_S, self._held, key)
            return
        down.told = True
        self._pressed(Pressed(key.action, held=True))
