"""Digits as they are typed: staff numbers, PINs, readings with fixed decimals.

A value: each key makes the next one. It knows nothing about checks or people.
"""

from msgspec import Struct
from msgspec.structs import replace

from screens.layout import Line

HIDDEN = "*"
DASH = "-"
FIELD = 14
"""Cells inside the brackets of a field."""


class Digits(Struct, frozen=True):
    """What stands in one field."""

    typed: str = ""
    decimals: int = 0
    """Digits behind the point: with 2, typing 42 means 0.42. Somebody who types the point is obeyed."""
    limit: int = 9
    """Digits at most; further ones are dropped."""
    signed: bool = False
    masked: bool = False
    room: bool = False
    """A room number: `.` and `-` are a dash between its digits."""

    def press(self, key: str) -> "Digits":
        """The field after a digit, `.` or `-`."""
        if self.room and key in ".-":
            key = DASH if self.typed and not self.typed.endswith(DASH) else ""
            return self._with(self.typed + key) if len(self.typed) < self.limit else self
        if key == "-":
            turned = self.typed[1:] if self.typed.startswith("-") else "-" + self.typed
            return self._with(turned) if self.signed else self
        if key == ".":
            return self if self.decimals == 0 or "." in self.typed else self._with(self.typed + ".")
        whole, point, rest = self.typed.partition(".")
        full = len(whole.lstrip("-")) + len(rest) >= self.limit or (point and len(rest) >= self.decimals)
        return self if full else self._with(self.typed + key)

    def rub(self) -> "Digits":
        """The field after Backspace."""
        return self._with(self.typed[:-1])

    @property
    def empty(self) -> bool:
        return not self.typed.strip("-.")

    @property
    def entered(self) -> str:
        """A room number as it counts: without a dash at its end."""
        return self.typed.rstrip(DASH)

    @property
    def shown(self) -> str:
        """What stands in the field: `0.42`, or `****`."""
        if self.masked:
            return HIDDEN * len(self.typed)
        if self.decimals == 0 or "." in self.typed or self.empty:
            return self.typed
        sign, digits = ("-", self.typed[1:]) if self.typed.startswith("-") else ("", self.typed)
        digits = digits.rjust(self.decimals + 1, "0")
        whole = digits[: -self.decimals].lstrip("0") or "0"
        return f"{sign}{whole}.{digits[-self.decimals :]}"

    def _with(self, typed: str) -> "Digits":
        return replace(self, typed=typed)


def field(label: str, digits: Digits, after: str = "") -> Line:
    """`label [ 0.42_] after`: the field with its cursor."""
    shown = digits.shown[-(FIELD - 1) :]
    return (
        (label + " " if label else "", "text"),
        ("[", "dim"),
        (" " * (FIELD - 1 - len(shown)) + shown, "input"),
        ("_", "cursor"),
        ("]", "dim"),
        (" " + after if after else "", "text"),
    )
