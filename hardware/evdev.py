"""Linux input events as bytes: what `/dev/input/event*` gives, and the exclusive hold on such a device.

The numbers are those of linux/input.h and linux/input-event-codes.h. It reads no file and knows no key by what
it prints; hardware.keyboard_scanner and hardware.side_keys do.
"""

import fcntl
import struct
from typing import Final

from msgspec import Struct

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
