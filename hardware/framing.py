"""Where one code ends in what a scanner sends, and what its bytes say. No device, no clock: the caller brings both.

A scanner ends a code with CR, LF, TAB or ETX; one that was never set up ends it with silence. Both are understood:
after a code with an end, silence means that the next one has lost its own.
"""

from typing import Final

START: Final = 0x02
"""STX: a code begins here, whatever came before."""
ENDS: Final = frozenset(b"\r\n\t\x03")
SILENCE_S: Final = 0.2
"""A pause that ends a code of a scanner which sends no end. At 9600 baud a character takes 1 ms."""
LOST_S: Final = 1.0
"""A scanner that does send ends may be held up so long within a code; then what came of it is dropped."""
LONGEST: Final = 1000
"""Bytes of one code; a longer one is dropped to its end."""


class Framing:
    """One line's state. Times are seconds on any steady clock."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._over = False
        self._ends = False
        self._last = 0.0

    @property
    def due(self) -> float | None:
        """When silence decides, if nothing follows; None while nothing is held."""
        held = self._bytes or self._over
        return self._last + (LOST_S if self._ends else SILENCE_S) if held else None

    def feed(self, data: bytes, t: float) -> list[str]:
        """The codes that `data` completes."""
        texts = self.expire(t)
        self._last = t
        for byte in data:
            if byte in ENDS:
                self._ends = self._ends or bool(self._bytes)
                texts += self._taken()
            elif byte == START:
                self.drop()
            elif len(self._bytes) < LONGEST:
                self._bytes.append(byte)
            else:
                self._over = True
        return texts

    def expire(self, t: float) -> list[str]:
        """The code that silence has ended; nothing when it is not yet time, or when its end was lost."""
        if self.due is None or t <= self.due:
            return []
        lost, self._ends = self._ends, False
        if lost:
            self.drop()
        return self._taken()

    def drop(self) -> None:
        """What is held has lost a part: forget it."""
        self._bytes.clear()
        self._over = False

    def _taken(self) -> list[str]:
        text = "" if self._over else decoded(bytes(self._bytes)).strip("\0 ")
        self.drop()
        return [text] if text else []


def decoded(data: bytes) -> str:
    """What the bytes of a code say. Never raises.

    UTF-8 where it fits, else what Chinese scanners send (GB 18030, of which GBK is a part), else Latin-1.
    """
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
