"""Signals that need no looking: the vibration motor, the built-in sounder, the indicator light.

Linux gives them as input devices (Documentation/input/ff.rst, `EV_SND`), as LEDs, or as Android's vibrator; each is
absent on many handhelds. Like every Buzzer these never wait and never fail: what cannot be felt is left out.
"""

import asyncio
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from functools import partial
from pathlib import Path
from typing import Final

from app.ports import Buzzer
from hardware.buzzer import LOUD
from hardware.evdev import DEVICES, INPUTS, Event, having, packed
from hardware.lights import LEDS, Light

ANDROID: Final = Path("/sys/class/timed_output/vibrator/enable")
_EV_SND, _EV_FF = 0x12, 0x15
_SND_TONE, _FF_RUMBLE = 0x02, 0x50
_STRONG: Final = 0xC000
_NEW: Final = -1
"""The kernel gives the effect its number."""
_EFFECT: Final = struct.Struct("HhHHHHHxxHH" + ("28x" if struct.calcsize("P") == 8 else "24x"))
"""ff_effect: type, id, direction, trigger (button, interval), replay (length, delay), and the two motors of a rumble.
The union they stand in is as large as its largest member, which ends in a pointer."""
_UPLOAD: Final = 0x40004580 | _EFFECT.size << 16
"""EVIOCSFF."""
_PATTERNS: Final = {
    "ok": (80,),
    "mark": (80, 80),
    "no": (300,),
    "ask": (200, 200, 200),
    "wake": (600, 600, 600),
}
"""Length in ms of each signal's parts."""
_PITCH: Final = {"ok": 880, "mark": 880, "no": 220, "ask": 880, "wake": 1320}
"""Hz."""
_PAUSE_MS: Final = 120
Pulse = Callable[[str, int], None]
"""Starts one pulse of a signal: its kind, and how long, ms."""
_LIT_MS: Final = 600


class Together:
    """Several signals as one."""

    def __init__(self, *buzzers: Buzzer) -> None:
        self._buzzers = buzzers

    def signal(self, kind: str) -> None:
        for buzzer in self._buzzers:
            buzzer.signal(kind)


class Pulses:
    """A signal as pulses: `pulse(kind, ms)` starts one that ends by itself. Silent while `silent()`."""

    def __init__(self, pulse: Pulse, silent: Callable[[], bool]) -> None:
        self._pulse = pulse
        self._silent = silent

    def signal(self, kind: str) -> None:
        if self._silent() and kind not in LOUD:
            return
        begins = 0
        for ms in _PATTERNS.get(kind, ()):
            _after(begins, partial(self._pulse, kind, ms))
            begins += ms + _PAUSE_MS


class Indicator:
    """Green for what went well, red for a refusal, both for a mark."""

    def __init__(self, green: Light | None, red: Light | None) -> None:
        self._lights = {"ok": (green,), "mark": (green, red), "no": (red,), "ask": (green, red), "wake": (red,)}

    def signal(self, kind: str) -> None:
        for light in self._lights.get(kind, ()):
            if light is not None and light.set(light.brightest):
                _after(_LIT_MS, partial(light.set, 0))


def vibration(
    inputs: Path = INPUTS, devices: Path = DEVICES, leds: Path = LEDS, android: Path = ANDROID
) -> Pulse | None:
    """What lets the handheld vibrate; None where nothing can, or may."""
    if (leds / "vibrator" / "activate").exists():
        return partial(_vibrate_led, leds / "vibrator")
    if android.exists():
        return partial(_vibrate_android, android)
    for path in having("ff", _FF_RUMBLE, inputs, devices):
        with suppress(OSError):
            return _Rumble(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    return None


def tone(inputs: Path = INPUTS, devices: Path = DEVICES) -> Pulse | None:
    """What lets the built-in sounder sound; None where there is none, or it may not be used."""
    for path in having("snd", _SND_TONE, inputs, devices):
        with suppress(OSError):
            return partial(_sound, os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    return None


def _vibrate_android(path: Path, kind: str, ms: int) -> None:
    _write(path, str(ms))


def _vibrate_led(folder: Path, kind: str, ms: int) -> None:
    if _write(folder / "duration", str(ms)):
        _write(folder / "activate", "1")


class _Rumble:
    """A motor behind force feedback. A device has few places for effects: one is uploaded, then changed."""

    def __init__(self, device: int) -> None:
        self._device = device
        self._effect = _NEW

    def __call__(self, kind: str, ms: int) -> None:
        effect = bytearray(_EFFECT.pack(_FF_RUMBLE, self._effect, 0, 0, 0, ms, 0, _STRONG, _STRONG))
        with suppress(OSError):
            ioctl(self._device, _UPLOAD, effect)
            self._effect = _EFFECT.unpack(effect)[1]
            os.write(self._device, packed(Event(_EV_FF, self._effect, 1)))


def _sound(device: int, kind: str, ms: int) -> None:
    def pitch(hz: int) -> None:
        with suppress(OSError):
            os.write(device, packed(Event(_EV_SND, _SND_TONE, hz)))

    pitch(_PITCH[kind])
    _after(ms, partial(pitch, 0))


def _write(path: Path, text: str) -> bool:
    try:
        path.write_text(text, "ascii")
    except OSError:
        return False
    return True


def _after(ms: int, act: Callable[[], object]) -> None:
    """Do it in `ms`, or at once where there is no event loop that could wait."""
    if ms == 0:
        act()
        return
    try:
        asyncio.get_running_loop().call_later(ms / 1000, act)
    except RuntimeError:
        act()
