"""A paper as values: what stands on it, block by block, and what it was made from.

Each paper of the office is made into one `Paper`; the writers (pdf, docx, grid) only place it. Every text in it is
text: `harmless` replaces what a reader's program could obey, and no writer reads markup.
"""

from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from app.text import clean

LONGEST: Final = 2000
"""Characters of one text."""
MOST_CELLS: Final = 200_000
"""Of one paper: a year of a control room's log has 30 thousand."""

T = TypeVar("T")


class Cell(Struct, frozen=True, omit_defaults=True):
    """One field of a table."""

    text: str = ""
    look: str = ""
    """`bad`: something is wrong here; `soft`: beside the matter; `strong`: a sum."""
    number: bool = False
    """A decimal that a table program may add up."""
    link: str = ""
    """Path at the office of what it is made from."""
    across: int = 1
    """Columns it takes."""


class Column(Struct, frozen=True, omit_defaults=True):
    name: str
    share: int = 1
    """Of the width, beside the others."""
    side: str = "center"
    """`left`, `center` or `right`."""


class Table(Struct, frozen=True, omit_defaults=True, tag="table"):
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""


class Facts(Struct, frozen=True, omit_defaults=True, tag="facts"):
    """Names with what stands behind each, `across` of them side by side."""

    pairs: tuple[tuple[str, Cell], ...]
    across: int = 2


class Words(Struct, frozen=True, omit_defaults=True, tag="words"):
    """Paragraphs."""

    lines: tuple[str, ...]
    look: str = ""
    """`soft`: a note; `letter`: the text of a letter, its first lines indented."""


class Signing(Struct, frozen=True, omit_defaults=True, tag="signing"):
    """Empty boxes for signatures, seals and dates, by what is to be written into each."""

    boxes: tuple[str, ...]
    tall: bool = False
    """With room for a seal."""


Block = Table | Facts | Words | Signing


class Section(Struct, frozen=True, omit_defaults=True):
    blocks: tuple[Block, ...]
    heading: str = ""
    new_page: bool = False
    title: str = ""
    """It is a form of its own, with company, title and site above it."""
    beside: str = ""
    """What stands there instead of the paper's days."""


class MadeFrom(Struct, frozen=True, omit_defaults=True):
    """What a paper was made from, so that it can be checked later."""

    hash: str
    """Hex; `sources.hash_of` says of what."""
    records: int
    check: str = ""
    """Path at the office that tells whether it still agrees."""


class Paper(Struct, frozen=True, omit_defaults=True):
    name: str
    """Of app.words.papers `name_…`."""
    lang: str
    title: str
    company: str
    site: str
    span: str
    """Which days, in words."""
    sections: tuple[Section, ...]
    made: MadeFrom
    wide: bool = False
    """Lies on its side."""
    stand: str = ""
    """Until when records were known, where the days are not over yet."""
    url: str = ""
    """Of the office, where it is known: links begin with it."""


class TooLarge(Exception):
    """More than a paper may hold."""


def harmless(paper: Paper) -> Paper:
    """The same with every text as a person reads it: no controls, no direction marks, none longer than LONGEST.

    Raises TooLarge.
    """
    if sum(len(row) for table in tables_of(paper) for row in table.rows) > MOST_CELLS:
        raise TooLarge
    return msgspec.convert(_cleaned(msgspec.to_builtins(paper)), Paper)


def tables_of(paper: Paper) -> list[Table]:
    return [block for section in paper.sections for block in section.blocks if isinstance(block, Table)]


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return clean(value, LONGEST)
        case dict():
            return {key: _cleaned(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_cleaned(inner) for inner in value]
    return value
