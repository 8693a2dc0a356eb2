"""A scanner that types, taken away from the keyboard's way: read as an input device, held exclusively.

So its codes need no focus, no terminal and no input method, and none of its keys presses anything. Keys are those of
a US keyboard (set the scanner to it), with Shift, Caps Lock, Ctrl for control characters, and Alt with the keypad
for bytes, as scanners send what no key prints. Name it by /dev/input/by-id/….
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from app.ports import Clock
from app.settings import SettingsRefused
from hardware.evdev import DEVICES, INPUTS, KEY, PRESSED, RELEASED, SIZE, SYN, SYN_DROPPED, Event, events, grab, having
from hardware.framing import Framing
from hardware.line_scanner import AGAIN_S, LineScanner, Unusable

_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
    (86, "\\", "|"),
)
"""First key code of a row, what its keys print, and with Shift."""
_KEYPAD: Final = {
    71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+", 79: "1", 80: "2", 81: "3", 82: "0",
    83: ".", 55: "*", 98: "/",
}  # fmt: skip
"""Digits whatever Num Lock says: no scanner sends the arrows."""
_PRINTED: Final = {
    **{begin + place: pair for begin, low, high in _ROWS for place, pair in enumerate(zip(low, high, strict=True))},
    **{code: (char, char) for code, char in _KEYPAD.items()},
}
_ENTERS: Final = {28: b"\r", 96: b"\r", 15: b"\t"}
"""Enter, the keypad's Enter, Tab."""
_SHIFTS: Final = (42, 54)
_CTRLS: Final = (29, 97)
_ALTS: Final = (56, 100)
_CAPS: Final = 58
_KEY_A: Final = 30
"""Whoever has it types letters; a keypad has none."""
_HIGHEST: Final = 0xFFFF
"""Of what Alt and the keypad say: two bytes, as of a Chinese character in GBK."""


class Keyboard:
    """The keys of one device as the codes they spell. A Reading (hardware.line_scanner)."""

    def __init__(self) -> None:
        self._framing = Framing()
        self._part = b""
        self._held: set[int] = set()
        self._caps = False
        self._alt = ""
        """Digits typed on the keypad while Alt is held."""

    @property
    def due(self) -> float | None:
        return self._framing.due

    def expire(self, t: float) -> list[str]:
        return self._framing.expire(t)

    def feed(self, data: bytes, t: float) -> list[str]:
        """The codes that these bytes of events complete; the time of an event is when it was read."""
        data = self._part + data
        whole = len(data) - len(data) % SIZE
        self._part = data[whole:]
        return [text for event in events(data[:whole]) for text in self._take(event, t)]

    def _take(self, event: Event, t: float) -> list[str]:
        if (event.type, event.code) == (SYN, SYN_DROPPED):
            self._held.clear()
            self._framing.drop()
        if event.type != KEY:
            return []
        if event.value == RELEASED:
            self._held.discard(event.code)
            return self._framing.feed(self._alt_byte(), t) if event.code in _ALTS else []
        if event.value != PRESSED:  # a key that repeats is stuck, not scanned
            return []
        self._held.add(event.code)
        self._caps ^= event.code == _CAPS
        return self._framing.feed(self._bytes(event.code), t)

    def _bytes(self, code: int) -> bytes:
        """What a pressed key says."""
        if code in _ENTERS:
            return _ENTERS[code]
        if code not in _PRINTED:
            return b""
        low, high = _PRINTED[code]
        if self._down(_ALTS):
            self._alt += low if code in _KEYPAD and low.isdigit() else ""
            return b""
        char = high if self._down(_SHIFTS) ^ (self._caps and low.isalpha()) else low
        if self._down(_CTRLS):
            return bytes([ord(char.upper()) & 0x1F]) if "@" <= char.upper() <= "_" else b""
        return char.encode("ascii")

    def _alt_byte(self) -> bytes:
        """The bytes whose number was typed with Alt held."""
        digits, self._alt = self._alt, ""
        number = int(digits) if 0 < len(digits) <= 5 else 0
        if not 0 < number <= _HIGHEST:
            return b""
        return number.to_bytes(1 if number < 0x100 else 2, "big")

    def _down(self, keys: tuple[int, ...]) -> bool:
        return any(key in self._held for key in keys)


class KeyboardLine(Struct, frozen=True):
    path: str
    hold: Callable[[int], None] = grab
    """Takes the device for us alone; raises OSError."""
    by: str = "evdev"

    def open(self) -> int:
        """See Line. A device that cannot be held alone is not read: its keys would come twice."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as e:
            raise Unusable("scanner.denied_evdev") from e
        try:
            self.hold(fd)
        except OSError as e:
            os.close(fd)
            if e.errno in (errno.ENOTTY, errno.EINVAL):
                raise Unusable("scanner.wrong_evdev") from e
            if e.errno in (errno.EACCES, errno.EPERM):
                raise Unusable("scanner.denied_evdev") from e
            raise
        return fd


def parse(text: str) -> KeyboardLine:
    """A path. Raises SettingsRefused."""
    if not text.startswith("/"):
        raise SettingsRefused("scanner.bad_kind", text=f"evdev:{text}"[:80])
    return KeyboardLine(text)


def keyboard_scanner(line: KeyboardLine, clock: Clock, again_s: float = AGAIN_S) -> LineScanner:
    return LineScanner(line, Keyboard, clock, again_s)


def keyboards(inputs: Path = INPUTS, devices: Path = DEVICES) -> list[tuple[str, str]]:
    """(path, what it says of itself) of each device that types letters and has a path that stays the same."""
    links = [*sorted((devices / "by-path").glob("*-event*")), *sorted((devices / "by-id").glob("*-event*"))]
    lasting = {link.resolve(): link for link in links}  # by-id counts: it is the same in another socket too
    found = ((each, lasting.get(each.resolve())) for each in having("key", _KEY_A, inputs, devices))
    return [(str(link), _name(inputs / each.name / "device/name")) for each, link in found if link]


def _name(file: Path) -> str:
    with suppress(OSError):
        return file.read_text("utf-8", "replace").strip()
    return ""
