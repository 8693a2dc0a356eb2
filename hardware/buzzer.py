"""The handheld's voice: the terminal's bell, and silence at night.

It is told what to say after the record is durable, never before; it cannot fail and never waits.
"""

import asyncio
from collections.abc import Callable
from typing import Final

_BELL: Final = "\a"
_TONES: Final = {
    "ok": ((880, 80),),
    "mark": ((880, 80), (880, 80)),
    "no": ((220, 300),),
    "ask": ((660, 200), (880, 200), (660, 200)),
    "wake": ((1320, 500), (990, 500), (1320, 500)),
}
"""Pitch in Hz and length in ms of each signal's sounds. Only the Linux console can be told them (console_codes(4))."""
_PAUSE_S: Final = 0.15
LOUD: Final = frozenset({"wake"})
"""Signals that sound and are felt at every hour: somebody may be in trouble (D50)."""
_UNBLANK: Final = "\x1b[13]"
"""Of the Linux console: its screen is on again (console_codes(4))."""


class TerminalBuzzer:
    """Signals by the terminal's bell.

    `write` puts text on the terminal, `quiet` tells whether it must be silent now. On the Linux console
    (`console`) the refusal is truly low; elsewhere it is three bells, since a bell has no pitch.
    """

    def __init__(self, write: Callable[[str], None], quiet: Callable[[], bool], *, console: bool = False) -> None:
        self._write = write
        self._quiet = quiet
        self._console = console

    def signal(self, kind: str) -> None:
        if kind not in _TONES or (self._quiet() and kind not in LOUD):
            return
        if self._console and kind in LOUD:
            self._ring(_UNBLANK)
        sounds = self._sounds(kind)
        self._ring(sounds[0])
        for place, sound in enumerate(sounds[1:], start=1):
            self._later(place * _PAUSE_S, sound)

    def _sounds(self, kind: str) -> list[str]:
        if self._console:
            return [f"\x1b[10;{pitch}]\x1b[11;{length}]{_BELL}" for pitch, length in _TONES[kind]]
        return [_BELL] * (3 if kind == "no" else len(_TONES[kind]))

    def _later(self, delay_s: float, sound: str) -> None:
        try:
            asyncio.get_running_loop().call_later(delay_s, self._ring, sound)
        except RuntimeError:  # no event loop, so nobody could wait: bells that run together are better than none
            self._ring(sound)

    def _ring(self, sound: str) -> None:
        try:
            self._write(sound)
        except (OSError, ValueError):  # the terminal is gone or closed; a sound is never worth a fault
            return
