"""A hand scanner that types: telling its bursts from the keys of a person.

Timing alone is no proof: after a frozen moment a person's keys also arrive at once. So a key is only
held back when it may begin one of our codes (`W` of WB1:, WBH1: and WBE1:, `H` of HTTPS://, the `]` of an AIM
identifier before them) or follows a prefix key programmed into the scanner, and a burst only counts when the
code's own check agrees (decision 25). A digit is only held behind such a beginning. What is certainly a scanner's
and yet no code is dropped and told, never typed: its digits would be commands. Nothing here knows a terminal; the
caller brings keys and their times.
"""

from typing import Final, Generic, Literal, TypeVar

from msgspec import Struct

from app import codes, invitation, witness
from app.settings import SettingsRefused

E = TypeVar("E")

GAP_S: Final = 0.060
"""Longest pause behind the first character of a burst; must exceed the scanner's own delay. Twice that while the
rest of the opening comes."""
GAPS_MS: Final = (20, 250)
"""What a fitter may set it to."""
OPENED_GAP_S: Final = 0.250
"""The same once the whole opening stands: nobody types `WB1:` that fast, and a busy handheld or a weak
Bluetooth link holds a scanner up for longer than its own delay. The check still decides."""
PACE_S: Final = 0.100
"""Longest mean pause in a code: a scanner held up once keeps under it, a quick typist does not."""
LIMIT_S: Final = 15.0
"""Longest burst: the 200 characters of the longest code, 60 ms each, and pauses."""
CERTAIN: Final = 12
"""Characters from which a burst with an opening and a scanner's pace is no person's."""
REST_S: Final = 1.0
"""So long the rest of a burst that broke off is kept from the screen."""
LATE_END_S: Final = 0.5
"""So long after a code that silence ended, its Enter may still come."""
OPENING: Final = 4
"""Characters of each of `_OPENINGS`."""
_OPENINGS: Final = ("WB1:", "WBH1", "WBE1", "HTTP", "http")
_FIRST: Final = frozenset("WHh]")
_AIM: Final = 3
"""Characters of an AIM identifier, `]Q1`."""

_KEYS: Final = {"stx": "ctrl+b", **{f"f{number}": f"f{number}" for number in range(8, 25)}}
"""Prefix keys by the names that a fitter writes: none that the screens use."""
_CHARS: Final = frozenset("~`^|\\{}<>_#$&;=@")
"""Printed characters that may be a prefix: none that a person types on a keypad, nor any that our codes begin with."""
_ENDS: Final = {"cr": "enter", "lf": "ctrl+j", "tab": "tab", "etx": "ctrl+c"}
NO_END: Final = "none"
PREFIXES: Final = frozenset({"ctrl+b", "f12"})
"""STX, or a function key: what a fitter programs into a scanner for codes that are not ours."""
ENDS: Final = frozenset(_ENDS.values())
"""CR, LF, TAB, ETX: what scanners send after a code."""

Mode = Literal["", "letter", "prefix"]


class Wedge(Struct, frozen=True):
    """How the scanner types, as far as it is set."""

    prefixes: frozenset[str] = PREFIXES
    """Keys, or the characters they print."""
    ends: frozenset[str] = ENDS
    """Keys; empty where it sends none: then silence ends a code."""
    gap_s: float = GAP_S


def wedge(prefix: str = "", suffix: str = "", gap_ms: str = "") -> Wedge:
    """The settings `scan_prefix`, `scan_suffix` and `scan_gap_ms`; an empty one leaves the usual.

    Names are separated by commas. Raises SettingsRefused.
    """
    prefixes = frozenset(_prefix(name) for name in _names(prefix)) or PREFIXES
    ends = frozenset(_end(name) for name in _names(suffix)) if suffix != NO_END else frozenset()
    return Wedge(prefixes, ends if suffix else ENDS, _gap(gap_ms))


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _prefix(name: str) -> str:
    if name in _CHARS:
        return name
    if name.lower() not in _KEYS:
        raise SettingsRefused("scanner.bad_prefix", name=name[:20], chars=" ".join(sorted(_CHARS)))
    return _KEYS[name.lower()]


def _end(name: str) -> str:
    if name.lower() not in _ENDS:
        raise SettingsRefused("scanner.bad_suffix", name=name[:20])
    return _ENDS[name.lower()]


def _gap(text: str) -> float:
    if not text:
        return GAP_S
    least, most = GAPS_MS
    if not (text.isascii() and text.isdigit() and len(text) < 5 and least <= int(text) <= most):
        raise SettingsRefused("scanner.bad_gap", gap=text[:20], least=least, most=most)
    return int(text) / 1000


class Out(Struct, Generic[E], frozen=True):
    """What comes out for one key that went in."""

    passed: list[E]
    """Keys of a person, in the order typed: this one, some held earlier, or none yet."""
    scan: str | None = None
    """A complete code, when this key ended one."""
    spoiled: bool = False
    """A scanner typed something that was no code of ours, or broke off; it is dropped."""


class Gate(Generic[E]):
    """One keyboard's state. `E` is the caller's event, given back untouched."""

    def __init__(self, how: Wedge | None = None) -> None:
        self._how = how or Wedge()
        self._mode: Mode = ""
        self._events: list[E] = []
        self._text = ""
        self._count = 0
        self._sure = False
        """What is held is certainly a scanner's."""
        self._began = 0.0
        self._last = 0.0
        self._ended: frozenset[str] = frozenset()
        """The keys that ended the last code."""
        self._ended_until = 0.0
        self._rest_until = 0.0
        self._resting = False
        """What is held began while the rest of another burst was awaited: it is a code, or that rest."""

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
        gap_s = self._how.gap_s
        if self._mode == "prefix" or _opened(self._text):
            return max(gap_s, OPENED_GAP_S)
        return gap_s if self._count < 2 else max(gap_s, min(2 * gap_s, OPENED_GAP_S))

    def feed(self, key: str, char: str | None, t: float, event: E) -> Out[E]:
        """Take one key. `key` is its name, `char` what it prints, `t` seconds on any steady clock."""
        before = self.expire(t)
        if self._is_end_again(key, t) or (not self._mode and self._is_rest(key, char, t)):
            return before
        if self._mode and key in self._how.ends:
            closed = self._close(ended=True)
            if closed.scan is None and not closed.spoiled:
                return _after(before, Out([*closed.passed, event]))
            self._ended, self._ended_until, self._rest_until = frozenset({key}), t + self._how.gap_s, 0.0
            return _after(before, closed)
        if self._mode and self._continues(key, char):
            self._hold(char or "", t, event)
            return before
        before = _after(before, self._close(ended=False))
        if self._is_rest(key, char, t) or self._opens(key, char, t, event):
            return before
        return _after(before, Out([event]))

    def expire(self, t: float) -> Out[E]:
        """What comes of held keys because nothing followed in time; nothing when it is not yet time."""
        if not self._mode or t <= self.due:
            return Out([])
        due, closed = self.due, self._close(ended=False)
        if closed.scan is not None:
            self._ended, self._ended_until = frozenset(), due + LATE_END_S
        elif closed.spoiled:
            self._last, self._rest_until = due, due + REST_S
        return closed

    def _opens(self, key: str, char: str | None, t: float, event: E) -> bool:
        if key in self._how.prefixes or char in self._how.prefixes:
            self._mode, self._began, self._last = "prefix", t, t
            return True
        if char in _FIRST:
            self._mode, self._began = "letter", t
            self._hold(char or "", t, event)
            return True
        return False

    def _continues(self, key: str, char: str | None) -> bool:
        if char is None or len(char) != 1 or key in self._how.prefixes:
            return False
        if self._mode == "prefix" or self._sure:
            return True
        return _begins(self._text + char) if not _opened(self._text) else "!" <= char <= "~"

    def _hold(self, char: str, t: float, event: E) -> None:
        self._count += 1
        self._last = t
        if self._count <= codes.MAX_TEXT:
            self._text += char
        if not self._sure:
            self._events.append(event)
        fast = t - self._began <= self._how.gap_s * (self._count - 1)
        self._sure = self._sure or (self._mode == "letter" and fast and self._count >= CERTAIN)

    def _close(self, *, ended: bool) -> Out[E]:
        """What is held, as what it turned out to be; nothing is held any more."""
        mode, text, events, sure = self._mode, codes.bare(self._text), self._events, self._sure or self._resting
        whole, typed = self._count <= codes.MAX_TEXT, self._count > 0
        quick = self._last - self._began <= max(self._how.gap_s, PACE_S) * (self._count - 1)
        self._mode, self._events, self._text, self._count, self._sure = "", [], "", 0, False
        self._resting = False
        if mode == "prefix":
            scan = text if whole and (ended or not self._how.ends) else ""
            return Out([], scan or None, spoiled=typed and not scan)
        if whole and quick and _is_code(text):
            self._rest_until = 0.0
            return Out([], text)
        return Out([], spoiled=True) if sure else Out(events)

    def _is_end_again(self, key: str, t: float) -> bool:
        """Some scanners end a code with several keys (CR LF): all belong to the scan, none to the screen."""
        again = key in self._how.ends and key not in self._ended and t <= self._ended_until
        self._ended |= {key}
        self._ended_until = t + self._how.gap_s if again else 0.0
        return again

    def _is_rest(self, key: str, char: str | None, t: float) -> bool:
        """Whether the key still belongs to a burst that broke off. A new one may begin at once."""
        if t > self._rest_until or char is None:
            return False
        fast = t - self._last <= self._how.gap_s
        if not fast and (key in self._how.prefixes or char in self._how.prefixes or char in _FIRST):
            self._resting = True
            return False
        self._last = t
        self._rest_until = 0.0 if key in self._how.ends else max(self._rest_until, t + OPENED_GAP_S if fast else 0.0)
        return True


def _after(before: Out[E], then: Out[E]) -> Out[E]:
    """Both, one after the other; a scan makes what was spoiled before it not worth a word."""
    scan = then.scan if then.scan is not None else before.scan
    return Out(before.passed + then.passed, scan, scan is None and (before.spoiled or then.spoiled))


def _begins(text: str) -> bool:
    """Whether `text` may become an opening: `]Q1WB`, `HT`."""
    if text[0] == "]" and not all(char.isascii() and char.isalnum() for char in text[1:_AIM]):
        return False
    rest = _behind_aim(text)
    return not rest or any(opening.startswith(rest) for opening in _OPENINGS)


def _opened(text: str) -> bool:
    """Whether the whole opening stands; nothing is held that is not at least on the way to one."""
    return len(_behind_aim(text)) >= OPENING


def _behind_aim(text: str) -> str:
    return text[_AIM:] if text.startswith("]") else text


def pasted(text: str) -> str | None:
    """The code in a pasted text: a terminal may hand a whole burst over as one paste. None when it is none."""
    found = codes.bare(text) if len(text) <= 2 * codes.MAX_TEXT else ""
    return found if _is_code(found) else None


def _is_code(text: str) -> bool:
    return codes.parse(text) is not None or witness.is_head(text) or invitation.read(text) is not None
