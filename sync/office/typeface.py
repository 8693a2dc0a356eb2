"""The font that papers are set in: what it holds, how wide a text gets, and where its lines break.

Lengths are millimetres, sizes points. Nothing is drawn here.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final

from msgspec import Struct

from app.errors import WatchbookError

FILE: Final = Path(__file__).parent / "fonts" / "watchbook-sc.otf"
POINT: Final = 25.4 / 72
"""Millimetres of a point."""
LEADING: Final = 1.22
"""Height of a line, in sizes."""
ASCENT: Final = 0.88
"""From the top of a line's em box to the line that letters stand on, in sizes."""
STEP: Final = 0.5
"""Points by which a text is made smaller until it fits."""

_NOT_FIRST: Final = frozenset("、。,.!?:;)]}》」』】〕〉!,.:;?)]}%℃°·")
_NOT_LAST: Final = frozenset("《「『【〔〈([{([{#")
_ATOM: Final = re.compile(r"[!-,.0-~\u00a1-\u017f]+[-/]*|[-/]+| |.")
"""A word of Latin letters and digits stays whole, up to a hyphen; Chinese breaks anywhere."""
_LATIN: Final = re.compile(r"[!-~\u00a1-\u017f]")
_PLACE: Final = re.compile(r"[楼栋座层室房厅门口区园院处场道库间站][东南西北]?[侧面边旁]?$")
_SIDE: Final = frozenset("东南西北侧面边旁")
"""A Chinese name breaks better behind a part of the place: 4号楼西 / 燃气调压箱."""
_BREAK: Final = 2.2
_PLACE_BREAK: Final = 1.3
_HYPHEN_BREAK: Final = 4.0
_LINE: Final = 0.7
"""What a break where there is no space, and a line more, cost; `_smaller` says what a smaller size does."""


class FontMissing(WatchbookError):
    """The administrator: the font does not lie beside the program."""


class Set(Struct, frozen=True):
    """A text set in lines, all of one size."""

    lines: tuple[str, ...]
    size: float
    breaks: float
    """What its lines cost that end where the text has no space."""

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * LEADING * POINT


class Typeface:
    """The font, opened. Raises FontMissing."""

    def __init__(self, path: Path = FILE) -> None:
        from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]  # it ships no types

        self.path = path
        try:
            self._font = TTFont(path, lazy=True)
        except (OSError, TTLibError) as e:
            raise FontMissing("labels.no_font", path=str(path)) from e
        self._em: int = self._font["head"].unitsPerEm

    def lacks(self, text: str) -> str:
        """The first character that the font does not hold; empty when it holds all."""
        return next((char for char in text if ord(char) not in self._advances), "")

    def width(self, text: str, size: float) -> float:
        return sum(self._advances[ord(char)] for char in text) * size * POINT / self._em

    def set(self, text: str, width: float, lines: int, sizes: Sequence[float]) -> list[Set]:
        """The text in at most so many lines of that width, in each way that fits, the best to read first."""
        atoms = _ATOM.findall(" ".join(text.split()))
        found = [each for size in sizes for each in self._ways(atoms, width, lines, size)]
        return sorted(found, key=lambda one: one.breaks + _LINE * len(one.lines) + _smaller(sizes[0] - one.size))

    @cached_property
    def _advances(self) -> dict[int, int]:
        metrics = self._font["hmtx"].metrics
        return {code: metrics[glyph][0] for code, glyph in self._font.getBestCmap().items()}

    def _ways(self, atoms: Sequence[str], width: float, most: int, size: float) -> Iterator[Set]:
        """For each number of lines the one with the fewest breaks, and of those the evenest."""
        ends = [i for i in range(1, len(atoms)) if _may_break(atoms[i - 1], atoms[i])] + [len(atoms)]
        upto = [0.0, *accumulate(self.width(atom, size) for atom in atoms)]
        best: list[dict[int, _Way]] = [{0: _Way(0, 0.0, 0)}]
        for left in range(most, 0, -1):
            reached: dict[int, _Way] = {}
            for begin, way in best[-1].items():
                first = begin + (atoms[begin : begin + 1] == [" "])
                for end in (end for end in ends if end > first):
                    last = end - (atoms[end - 1] == " ")
                    free = width - (upto[last] - upto[first])
                    if free < 0:
                        break
                    uneven = free * free * (1 + left / 100)  # of two equal ways the one whose first line is longer
                    one = _Way(way.breaks + _break_after(atoms, end), way.uneven + uneven, begin)
                    if last > first and (end not in reached or one < reached[end]):
                        reached[end] = one
            best.append(reached)
            if len(atoms) in reached:
                yield Set(_traced(atoms, best), size, reached[len(atoms)].breaks)


class _Way(Struct, frozen=True, order=True):
    """How the atoms up to one place are best set so far."""

    breaks: float
    uneven: float
    begin: int
    """Where its last line begins."""


def sizes(largest: float, least: float) -> tuple[float, ...]:
    """From the largest down to the least, in points."""
    return tuple(largest - STEP * i for i in range(round((largest - least) / STEP) + 1))


@lru_cache(1)
def typeface() -> Typeface:
    """The font of this package, read once: some 20 ms."""
    return Typeface()


def _smaller(points: float) -> float:
    """The first point costs less than the last: a name is read from afar before it is read well."""
    return 0.6 * points + points * points / 8


def _may_break(before: str, after: str) -> bool:
    return before[-1] not in _NOT_LAST and after[0] not in _NOT_FIRST


def _break_after(atoms: Sequence[str], end: int) -> float:
    """What it costs to end a line there."""
    if end == len(atoms) or " " in (atoms[end - 1][0], atoms[end][0]):
        return 0.0
    if _LATIN.match(atoms[end - 1][0]) and _LATIN.match(atoms[end][0]):
        return _HYPHEN_BREAK
    behind_place = _PLACE.search("".join(atoms[max(0, end - 3) : end])) and atoms[end] not in _SIDE
    return _PLACE_BREAK if behind_place else _BREAK


def _traced(atoms: Sequence[str], best: Sequence[dict[int, _Way]]) -> tuple[str, ...]:
    lines, end = [], len(atoms)
    for reached in reversed(best[1:]):
        begin = reached[end].begin
        lines.append("".join(atoms[begin:end]).strip(" "))
        end = begin
    return tuple(reversed(lines))
