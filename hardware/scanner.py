"""A hand scanner that types: telling its bursts from the keys of a person.

Timing alone is no proof: after a frozen moment a person's keys also arrive at once. So a key is only
held back when it may begin one of our codes (`W` of WB1: and WBH1:, `H` of HTTPS://) or follows a prefix key
programmed into the scanner, and a burst only counts when the code's own check agrees (decision 25).
A digit is only held behind such a beginning. Nothing here knows a terminal; the caller brings keys and their times.
"""

from typing import Final, Generic, Literal, TypeVar

from msgspec import Struct

from app import codes, witness

E = TypeVar("E")

GAP_S: Final = 0.060
"""Longest pause between two characters of one burst; must exceed the scanner's own delay."""
OPENED_GAP_S: Final = 0.250
"""The same once the whole opening stands: nobody types `WB1:` that fast, and a busy handheld or a weak
Bluetooth link holds a scanner up for longer than its own delay. The check still decides."""
LIMIT_S: Final = 5.0
"""Longest burst: 73 characters of a book's head, 60 ms each, and a pause."""
PREFIXES: Final = frozenset({"ctrl+b", "f12"})
"""STX, or a function key: what a fitter programs into a scanner for codes that are not ours."""
ENDS: Final = frozenset({"enter", "tab", "ctrl+j", "ctrl+c"})
"""CR, TAB, LF, ETX: what scanners send after a code."""
_OPENINGS: Final = {"W": ("WB1:", "WBH1"), "H": ("HTTP",)}
OPENING: Final = 4
"""Characters of each."""

Mode = Literal["", "letter", "prefix"]


class Out(Struct, Generic[E], frozen=True):
    """What comes out for one key that went in."""

    passed: list[E]
    """Keys of a person, in the order typed: this one, some held earlier, or none yet."""
    scan: str | None = None
    """A complete code, when this key ended one."""


class Gate(Generic[E]):
    """One keyboard's state. `E` is the caller's event, given back untouched."""

    def __init__(self, gap_s: float = GAP_S, prefixes: frozenset[str] = PREFIXES) -> None:
        self._gap_s = gap_s
        self._prefixes = prefixes
        self._mode: Mode = ""
        self._events: list[E] = []
        self._text = ""
        self._began = 0.0
        self._last = 0.0
        self._ended: tuple[str, float] | None = None

    @property
    def open(self) -> bool:
        """Whether keys are held; then call `expire` soon after `due` if no key follows."""
        return self._mode != ""

    @property
    def due(self) -> float:
        """When the keys held are given back if nothing follows, on the clock of `feed`."""
        return min(self._last + self._patience, self._began + LIMIT_S)

    @property
    def _patience(self) -> float:
        opened = self._mode == "letter" and len(self._text) >= OPENING
        return max(self._gap_s, OPENED_GAP_S) if opened else self._gap_s

    def feed(self, key: str, char: str | None, t: float, event: E) -> Out[E]:
        """Take one key. `key` is its name, `char` what it prints, `t` seconds on any steady clock."""
        released = self.expire(t)
        if self._second_end(key, t):
            return Out(released)
        if self._mode and key in ENDS:
            scan = self._complete()
            if scan is None:
                return Out([*released, *self._release(), event])
            self._ended = (key, t)
            return Out(released, scan)
        if self._mode and self._continues(char):
            self._hold(char or "", t, event)
            return Out(released)
        if self._mode:
            released += self._release()
        return Out(released if self._opens(key, char, t, event) else [*released, event])

    def expire(self, t: float) -> list[E]:
        """Keys to give back because nothing followed in time. What came behind a prefix key is dropped."""
        if self._mode and t > self.due:
            return self._release()
        return []

    def _opens(self, key: str, char: str | None, t: float, event: E) -> bool:
        if key in self._prefixes:
            self._mode, self._began, self._last = "prefix", t, t
            return True
        if char in _OPENINGS:
            self._mode, self._began = "letter", t
            self._hold(char or "", t, event)
            return True
        return False

    def _continues(self, char: str | None) -> bool:
        if char is None or len(char) != 1 or not char.isprintable() or len(self._text) >= codes.MAX_TEXT:
            return False
        if self._mode == "prefix":
            return True
        place = len(self._text)
        if place < OPENING:
            return any(opening.startswith(self._text + char) for opening in _OPENINGS[self._text[0]])
        return "!" <= char <= "~"

    def _hold(self, char: str, t: float, event: E) -> None:
        self._text += char
        self._events.append(event)
        self._last = t

    def _complete(self) -> str | None:
        text = self._text
        if not text or (self._mode == "letter" and not _is_code(text)):
            return None
        self._release()
        return text

    def _release(self) -> list[E]:
        events = self._events if self._mode == "letter" else []
        self._mode, self._events, self._text = "", [], ""
        return events

    def _second_end(self, key: str, t: float) -> bool:
        """Some scanners end a code with two keys (CR LF): the second belongs to the scan, not to the screen."""
        ended, self._ended = self._ended, None
        return ended is not None and key in ENDS and key != ended[0] and t - ended[1] <= self._gap_s


def pasted(text: str) -> str | None:
    """The code in a pasted text: a terminal may hand a whole burst over as one paste. None when it is none."""
    bare = text.strip()
    return bare if _is_code(bare) else None


def _is_code(text: str) -> bool:
    return codes.parse(text) is not None or witness.is_head(text)
