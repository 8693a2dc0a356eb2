"""Marks on a page: the short word the crew saw too, and a sentence that says what it means."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from app.duties.evidence import Mark
from app.duties.review import OfficeMark
from app.words import say, table
from sync.office.pages.view import words

SEVERE: Final = frozenset({OfficeMark.PROOF, OfficeMark.FOREIGN, OfficeMark.CODE})
"""What shows that somebody was not where the record says."""


class MarkSeen(Struct, frozen=True):
    """One mark as a page shows it."""

    colour: str
    word: str
    sentence: str


def mark_word(mark: str, lang: str) -> str:
    if mark in table("marks"):
        return say(lang, f"marks.{mark}")
    return words(lang, mark) if mark in set(OfficeMark) else mark


def explain(
    crew: Iterable[str], office: Iterable[str], figures: dict[str, dict[str, object]], lang: str
) -> list[MarkSeen]:
    """The crew's marks and then those that only the office gives. `figures` fill a mark's sentence with numbers."""
    seen = tuple(dict.fromkeys(crew))
    found = [_explained(mark, figures.get(mark), lang) for mark in seen]
    for mark in dict.fromkeys(office):
        if mark not in seen:
            only = _explained(mark, figures.get(mark), lang)
            sentence = only.sentence if mark in set(OfficeMark) else words(lang, "by_office", sentence=only.sentence)
            found.append(MarkSeen(only.colour, only.word, sentence))
    return found


def _explained(mark: str, figures: dict[str, object] | None, lang: str) -> MarkSeen:
    colour = "red" if mark in SEVERE else "amber"
    known = mark in set(Mark) or mark in set(OfficeMark)
    name = f"why_{mark}" if known else "why_other"
    sentence = words(lang, f"{name}_figures", **figures) if figures and known else words(lang, name)
    return MarkSeen(colour, mark_word(mark, lang), sentence)
