"""A paper as PDF: set by typst, whose text comes in as data and is never read as markup.

No font of the machine is used, nothing is fetched, and no time is written: the same paper gives the same bytes.
Importing typst takes about 30 ms.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from app.words import say
from sync.office.papers.paper import Paper, tables_of
from sync.office.typeface import FILE, typeface

FORM: Final = Path(__file__).parent / "form.typ"
DPI: Final = 110
TAGGED: Final = 5_000
"""Cells from which on a paper goes without tags for readers aloud: they take longer than all else."""


def pdf(paper: Paper) -> bytes:
    """The file. `paper` is harmless already."""
    cells = sum(len(row) for table in tables_of(paper) for row in table.rows)
    return bytes(_compile(paper, format="pdf", pdf_standards="1.7", pdf_tags=cells < TAGGED))


def pictures(paper: Paper) -> list[bytes]:
    """Each page as PNG, for looking at it."""
    found = _compile(paper, format="png", ppi=DPI)
    return [bytes(page) for page in found] if isinstance(found, list) else [bytes(found)]


def _compile(paper: Paper, **wanted: Any) -> Any:
    import typst

    drawn = _each(msgspec.to_builtins(paper), drawable)
    words = {
        "made_from": say(paper.lang, "papers.made_from", records=paper.made.records),
        "foot": drawable(say(paper.lang, "papers.foot_check" if paper.url else "papers.foot", url=paper.url)),
        "page_of": say(paper.lang, "papers.page_of"),
        "site": say(paper.lang, "papers.site_is"),
    }
    given = {"paper": msgspec.json.encode(drawn).decode(), "words": msgspec.json.encode(words).decode()}
    return typst.compile(FORM, font_paths=[FILE.parent], ignore_system_fonts=True, sys_inputs=given, **wanted)


def drawable(text: str) -> str:
    """The text without characters that the font lacks: their number stands there, so that a rare name can be found."""
    face = typeface()
    if not face.lacks(text):
        return text
    return "".join(char if not face.lacks(char) else _instead(char) for char in text)


def _instead(char: str) -> str:
    return "□" if char == "\ufffd" else f"<U+{ord(char):04X}>"


def _each(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case dict():
            return {key: _each(inner, change) for key, inner in value.items()}
        case list() | tuple():
            return [_each(inner, change) for inner in value]
    return value
