"""Faults of a plan file: what is wrong, in which file and line, and what to do about it.

Knows how faults are collected and said; knows nothing of plans or of YAML. All faults of a file
are reported together. A warning is a fault that does not stop the plan.
"""

from collections.abc import Collection
from copy import copy
from difflib import get_close_matches
from typing import Final, Self

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
    """From 1; 0 for the file as a whole. In a workbook the row."""
    where: str = ""
    """Path of the thing, as its keys are written: `points.east-gate.code`, `routes.night-1.stops[4]`."""
    sheet: str = ""
    """Of a workbook, as it is called there."""
    column: int = 0
    """Of the sheet, from 1; 0 for a whole row."""

    @property
    def cell(self) -> str:
        """`C12` of a workbook."""
        letters, rest = "", self.column
        while rest:
            rest, letter = divmod(rest - 1, 26)
            letters = chr(ord("A") + letter) + letters
        return f"{letters}{self.line or ''}"

    @property
    def place(self) -> int | str:
        """How another fault of the file points here: the line, or sheet and cell."""
        return f"{self.sheet}!{self.cell}" if self.sheet else self.line


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
    sheet: str = ""
    cell: str = ""
    """Of a workbook."""

    def say(self, lang: str) -> str:
        """`file:line where: sentence`, or `file sheet!cell: sentence`, in `lang`."""
        frame = "plans.at_warning" if self.warning else "plans.at"
        return say(lang, frame, place=self.place, sentence=self.sentence(lang))

    @property
    def place(self) -> str:
        if self.sheet:
            return f"{self.file} {self.sheet}!{self.cell}".removesuffix("!")
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} {self.where}" if self.where else place

    def sentence(self, lang: str) -> str:
        """What is wrong and what to do, without the place."""
        first = self.fields.get("first")
        fields = {**self.fields, "first": say(lang, "plans.line", n=first)} if isinstance(first, int) else self.fields
        return say(lang, self.key, **fields)


class Faults:
    """Collects what is wrong in one file while it is read."""

    def __init__(self, file: str) -> None:
        self.file = clean(file, 200)
        self.errors = 0
        self._found: list[Fault] = []
        self._beyond = 0
        self._searches = 0

    def again(self) -> Self:
        """The same, for the file to be read once more: what is found in one reading stays in it."""
        other = copy(self)
        other._found = [*self._found]
        return other

    def afresh(self) -> Self:
        """Nothing found yet, for another part of the same file."""
        other = self.again()
        other._found, other.errors, other._beyond = [], 0, 0
        return other

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
        self._found.append(self._fault(spot, full, shown, warning))

    def _fault(self, spot: Spot, key: str, fields: dict[str, str | int], warning: bool) -> Fault:
        sheet = clean(spot.sheet, 31)
        cell = spot.cell if sheet else ""
        return Fault(self.file, spot.line, clean(spot.where, 200), key, fields, warning, sheet, cell)


def _shown(name: str, value: str | int) -> str | int:
    if isinstance(value, int):
        return value
    return clean(value, _MAX_LIST if name in _LISTS else _MAX_WORD)
