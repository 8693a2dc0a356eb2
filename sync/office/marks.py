"""Marks in words: the short word the crew saw too, and a sentence that says what it means."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties.evidence import Mark
from app.duties.review import SEVERE, OfficeMark
from app.words import say, table

NOTHING_SAID: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


class MarkSeen(Struct, frozen=True):
    """One mark as it is shown."""

    colour: str
    word: str
    sentence: str
    said: tuple[str, ...] = ()
    """What somebody explained."""


def mark_word(mark: str, lang: str) -> str:
    if mark in table("marks"):
        return say(lang, f"marks.{mark}")
    return say(lang, f"office.{mark}") if mark in set(OfficeMark) else mark


def explain(
    crew: Iterable[str],
    office: Iterable[str],
    figures: dict[str, dict[str, object]],
    lang: str,
    said: Mapping[str, Sequence[str]] = NOTHING_SAID,
) -> list[MarkSeen]:
    """The crew's marks and then those that only the office gives. `figures` fill a mark's sentence with numbers,
    `said` is what people explained, by mark."""
    found = _explained_all(crew, office, figures, lang)
    return [replace(seen, said=tuple(said.get(mark, ()))) for mark, seen in found.items()]


def _explained_all(
    crew: Iterable[str], office: Iterable[str], figures: dict[str, dict[str, object]], lang: str
) -> dict[str, MarkSeen]:
    found = {mark: _explained(mark, figures.get(mark), lang) for mark in crew}
    for mark in dict.fromkeys(office):
        if mark not in found:
            only = _explained(mark, figures.get(mark), lang)
            said = only.sentence
            sentence = said if mark in set(OfficeMark) else say(lang, "office.by_office", sentence=said)
            found[mark] = MarkSeen(only.colour, only.word, sentence)
    return found


def _explained(mark: str, figures: dict[str, object] | None, lang: str) -> MarkSeen:
    colour = "red" if mark in SEVERE else "amber"
    return MarkSeen(colour, mark_word(mark, lang), _sentence(mark, figures, lang))


def _sentence(mark: str, figures: dict[str, object] | None, lang: str) -> str:
    if mark in set(Mark):
        name = f"marks.why_{mark}"
        return say(lang, f"{name}_figures", **figures) if figures else say(lang, name)
    return say(lang, f"office.why_{mark}" if mark in set(OfficeMark) else "office.why_other")
