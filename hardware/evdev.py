"""Linux input devices: which of them can do what, their events as bytes, and the exclusive hold on one.

The numbers are those of linux/input.h and linux/input-event-codes.h. It reads no event and knows no key by what it
prints; hardware.keyboard_scanner and hardware.side_keys do.
"""

import fcntl
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

INPUTS: Final = Path("/sys/class/input")
DEVICES: Final = Path("/dev/input")
_FORM: Final = struct.Struct("llHHi")
"""struct input_event: seconds, microseconds, type, code, value. The kernel's `long` decides the size."""
SIZE: Final = _FORM.size
"""Bytes of one event: 24 where a long has eight bytes, 16 where it has four."""

SYN: Final = 0x00
KEY: Final = 0x01
SYN_DROPPED: Final = 3
"""Code of SYN: the kernel's buffer ran over, and keys before this are lost."""

RELEASED: Final = 0
PRESSED: Final = 1

EVIOCGRAB: Final = 0x40044590
"""_IOW('E', 0x90, int)."""


class Event(Struct, frozen=True):
    type: int
    code: int
    value: int
    at: float = 0.0
    """Kernel's time of it, seconds; of CLOCK_REALTIME unless the device was told otherwise."""


def events(raw: bytes) -> list[Event]:
    """The whole events in `raw`; a part of one at the end is left out. The kernel never gives a part, a pipe may."""
    whole = raw[: len(raw) - len(raw) % SIZE]
    return [Event(kind, code, value, s + us / 1e6) for s, us, kind, code, value in _FORM.iter_unpack(whole)]


def packed(event: Event) -> bytes:
    """As the kernel gives it, and takes it for what can be felt or heard."""
    seconds = int(event.at)
    return _FORM.pack(seconds, round((event.at - seconds) * 1e6), event.type, event.code, event.value)


def grab(fd: int) -> None:
    """From now on only `fd` gets the device's events, until it is closed.

    Raises OSError: EBUSY when another program holds it, ENOTTY when it is no input device, ENODEV when it is gone.
    """
    fcntl.ioctl(fd, EVIOCGRAB, 1)


def having(what: str, bit: int, inputs: Path = INPUTS, devices: Path = DEVICES) -> Iterator[Path]:
    """The input devices whose capability bitmap `what` (`key`, `snd`, `ff`) has `bit`."""
    size = 8 * struct.calcsize("l")
    for bitmap in sorted(inputs.glob(f"event*/device/capabilities/{what}")):
        with suppress(OSError, ValueError):
            words = [int(word, 16) for word in bitmap.read_text("ascii").split()]  # the highest first
            if sum(word << size * place for place, word in enumerate(reversed(words))) >> bit & 1:
                yield devices / bitmap.parents[2].name
