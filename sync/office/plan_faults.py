"""Faults of a plan file: what is wrong, in which file and line, and what to do about it.

Knows how faults are collected and said; knows nothing of plans or of YAML. All faults of a file
are reported together. A warning is a fault that does not stop the plan.
"""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from msgspec import Struct

from app.text import clean
from app.words import say

MAX_FAULTS: Final = 500
"""More than anybody mends at one sitting; the rest is only counted."""
_MAX_WORD: Final = 80
_MAX_LIST: Final = 400
_LISTS: Final = frozenset(("known", "allowed", "keys", "kinds"))
"""Fields that name what may be written; the others quote the file."""
_MAX_SEARCHES: Final = 100
"""Looking for a near word costs up to 10 ms among a thousand: not for every fault of a hostile file."""


class Spot(Struct, frozen=True):
    """A place in a file."""

    line: int
    """From 1; 0 for the file as a whole."""
    where: str = ""
    """Path of the thing, as its keys are written: `points.east-gate.code`, `routes.night-1.stops[4]`."""


class Fault(Struct, frozen=True):
    """One thing wrong in one place."""

    file: str
    line: int
    where: str
    key: str
    """Sentence in app.words, e.g. `plans.unknown_key`; it ends with the remedy."""
    fields: dict[str, str | int] = {}
    warning: bool = False
    """The plan is taken all the same."""

    def say(self, lang: str) -> str:
        """`file:line where: sentence`, in `lang`."""
        frame = "plans.at_warning" if self.warning else "plans.at"
        place = f"{self.file}:{self.line}" if self.line else self.file
        return say(
            lang,
            frame,
            place=f"{place} {self.where}" if self.where else place,
            sentence=say(lang, self.key, **self.fields),
        )


class Faults:
    """Collects what is wrong in one file while it is read."""

    def __init__(self, file: str) -> None:
        self.file = clean(file, 200)
        self.errors = 0
        self._found: list[Fault] = []
        self._beyond = 0
        self._searches = 0

    def add(self, spot: Spot, key: str, **fields: str | int) -> None:
        self.errors += 1
        self._put(spot, key, fields, warning=False)

    def warn(self, spot: Spot, key: str, **fields: str | int) -> None:
        self._put(spot, key, fields, warning=True)

    def near(self, word: str, known: Collection[str]) -> str:
        """The known word that was probably meant, or ""."""
        self._searches += 1
        if self._searches > _MAX_SEARCHES:
            return ""
        return next(iter(get_close_matches(word[:_MAX_WORD], known, n=1, cutoff=0.6)), "")

    def all(self) -> tuple[Fault, ...]:
        """In the order of the file; what passed MAX_FAULTS is one last fault with its number."""
        found = sorted(self._found, key=lambda fault: fault.line)
        if self._beyond:
            found.append(Fault(self.file, 0, "", "plans.more", {"count": self._beyond}))
        return tuple(found)

    def _put(self, spot: Spot, key: str, fields: dict[str, str | int], *, warning: bool) -> None:
        if len(self._found) >= MAX_FAULTS:
            self._beyond += 1
            return
        full = key if "." in key else f"plans.{key}"
        shown = {name: _shown(name, value) for name, value in fields.items()}
        self._found.append(Fault(self.file, spot.line, clean(spot.where, 200), full, shown, warning))


def _shown(name: str, value: str | int) -> str | int:
    if isinstance(value, int):
        return value
    return clean(value, _MAX_LIST if name in _LISTS else _MAX_WORD)
