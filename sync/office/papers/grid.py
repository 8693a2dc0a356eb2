"""A paper as XLSX and as CSV: for whoever adds up, sorts or hands it on.

Texts are written as texts: a program that opens the file finds no formula and no link that was in a record.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any, Final

from app.text import cells
from app.words import say
from sync.office.papers.paper import Block, Cell, Column, Facts, Paper, Section, Signing, Table, Words

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001  the library wants it bare; the same bytes each time
WIDEST: Final = 48
HEADED: Final = 12
"""Cells that a heading asks for at most: it wraps."""
LINE: Final = 15
"""Height of a line, in points."""
LONGEST_NAME: Final = 31
"""Of a sheet."""
MOST_LINKS: Final = 60_000
"""Of a sheet; Excel opens no more than 65 530."""
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_PERCENT: Final = re.compile(r"(-?[0-9]{1,6}(?:\.[0-9]{1,4})?)%", re.ASCII)
_OBEYED: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def xlsx(paper: Paper) -> bytes:
    """The workbook: sections whose tables have the same columns share a sheet. `paper` is harmless already."""
    from xlsxwriter import Workbook

    held = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = Workbook(held, options)
    book.set_properties({"title": paper.title, "created": EPOCH})
    looks = _looks(book)
    names: list[str] = []
    for sections in _sheets(paper):
        names.append(_sheet_name(sections[0].heading or paper.title, names))
        _Sheet(book.add_worksheet(names[-1]), looks, paper).write(sections)
    book.close()
    return held.getvalue()


def csv_of(paper: Paper) -> bytes:
    """All tables one under the other, each line led by its section's heading; UTF-8 with a mark, as Excel wants it."""
    held = StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    head = [paper.title, paper.company, paper.site, paper.span, paper.made.hash]
    writer.writerow([_unobeyed(text) for text in head])
    columns: tuple[str, ...] = ()
    for section in paper.sections:
        for block in section.blocks:
            if isinstance(block, Facts):
                writer.writerows([_unobeyed(text) for text in (section.heading, *pair)] for pair in _named(block))
            elif isinstance(block, Table):
                names = tuple(column.name for column in block.columns)
                if names != columns:
                    columns = names
                    writer.writerow(["", *(_unobeyed(name) for name in names)])
                for row in block.rows:
                    writer.writerow(
                        [_unobeyed(section.heading or block.caption), *(_plain(cell) for cell in _flat(row))]
                    )
    return b"\xef\xbb\xbf" + held.getvalue().encode()


def _named(block: Facts) -> Iterator[tuple[str, str]]:
    return ((name, cell.text) for name, cell in block.pairs)


def _plain(cell: Cell) -> str:
    return cell.text if cell.number and _DECIMAL.fullmatch(cell.text) else _unobeyed(cell.text)


def _unobeyed(text: str) -> str:
    """A text that no table program takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_OBEYED) else text


def _flat(row: Sequence[Cell]) -> Iterator[Cell]:
    """A cell for each column."""
    for cell in row:
        yield cell
        yield from (Cell() for _ in range(cell.across - 1))


def _sheets(paper: Paper) -> list[list[Section]]:
    found: list[list[Section]] = []
    for section in paper.sections:
        if found and _shape(section) in ((), _shape(found[-1][0])):
            found[-1].append(section)
        else:
            found.append([section])
    return found


def _shape(section: Section) -> tuple[tuple[Column, ...], ...]:
    return tuple(block.columns for block in section.blocks if isinstance(block, Table))


def _sheet_name(wanted: str, taken: Sequence[str]) -> str:
    plain = re.sub(r"[\[\]:*?/\\']", " ", wanted).strip() or "1"
    known = {name.lower() for name in taken}
    names = (plain[:LONGEST_NAME], *(f"{plain[: LONGEST_NAME - 4]} {number}" for number in range(2, 1000)))
    return next(name for name in names if name.lower() not in known)


def _looks(book: Any) -> "dict[str, Format]":
    cell: dict[str, object] = {
        "border": 1,
        "text_wrap": True,
        "valign": "vcenter",
        "font_name": "宋体",
        "font_size": 10,
    }
    looks: dict[str, dict[str, object]] = {
        "": {},
        "bad": {"font_color": "#A30000", "bold": True},
        "soft": {"font_color": "#555555"},
        "strong": {"bold": True},
    }
    return {
        **{name: book.add_format({**cell, **look}) for name, look in looks.items()},
        **{f"{name}%": book.add_format({**cell, **look, "num_format": "0.0%"}) for name, look in looks.items()},
        "number": book.add_format({**cell, "align": "right"}),
        "head": book.add_format({**cell, "bold": True, "bg_color": "#F0F0F0", "align": "center"}),
        "title": book.add_format({"bold": True, "font_size": 16, "font_name": "宋体"}),
        "heading": book.add_format({"bold": True, "font_size": 12, "font_name": "宋体"}),
        "words": book.add_format({"font_size": 10, "font_name": "宋体"}),
    }


class _Sheet:
    """One worksheet, written from the top down."""

    def __init__(self, sheet: "Worksheet", looks: "dict[str, Format]", paper: Paper) -> None:
        self._sheet = sheet
        self._looks = looks
        self._paper = paper
        self._row = 0
        self._links = 0
        self._widths: dict[int, int] = {}

    def write(self, sections: Sequence[Section]) -> None:
        paper = self._paper
        if paper.wide:
            self._sheet.set_landscape()
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)
        made = say(paper.lang, "papers.made_from", records=paper.made.records)
        self._sheet.set_footer(f"&L&8{_footed(made)} {paper.made.hash}&R&8&P / &N")
        self._line("title", paper.title)
        self._line("words", "  ".join(text for text in (paper.company, paper.site, paper.span, paper.stand) if text))
        self._line("words", f"{made} {paper.made.hash}")
        for section in sections:
            self._row += 1
            if section.heading:
                self._line("heading", section.heading)
            for block in section.blocks:
                self._block(block)
        for column, width in self._widths.items():
            self._sheet.set_column(column, column, min(WIDEST, width + 2))

    def _block(self, block: Block) -> None:
        match block:
            case Table():
                if block.caption:
                    self._line("heading", block.caption)
                for place, column in enumerate(block.columns):
                    self._put(place, column.name, "head", most=HEADED)
                self._sheet.set_row(self._row, LINE * max(-(-cells(each.name) // HEADED) for each in block.columns))
                self._row += 1
                for row in block.rows:
                    for place, cell in enumerate(_flat(row)):
                        self._cell(place, cell)
                    self._row += 1
            case Facts():
                for name, cell in block.pairs:
                    self._put(0, name, "head")
                    self._cell(1, cell)
                    self._row += 1
            case Words():
                for text in block.lines:
                    self._line("words", text)
            case Signing():
                for place, text in enumerate(block.boxes):
                    self._put(place, text, "", measured=False)
                self._sheet.set_row(self._row, 60 if block.tall else 36)
                self._row += 1

    def _line(self, look: str, text: str) -> None:
        self._sheet.write_string(self._row, 0, text, self._looks[look])
        self._row += 1

    def _cell(self, place: int, cell: Cell) -> None:
        """What is written last counts; the address stays with the field."""
        if cell.link and self._paper.url and self._links < MOST_LINKS:
            self._links += 1
            self._sheet.write_url(self._row, place, self._paper.url + cell.link, self._looks[cell.look], "-")
        if cell.number and _DECIMAL.fullmatch(cell.text):
            self._number(place, float(cell.text), cell.look or "number", cell.text)
        elif found := _PERCENT.fullmatch(cell.text):
            self._number(place, round(float(found[1]) / 100, 6), f"{cell.look}%", cell.text)
        else:
            self._put(place, cell.text, cell.look)

    def _number(self, place: int, value: float, look: str, text: str) -> None:
        self._sheet.write_number(self._row, place, value, self._looks[look])
        self._measure(place, text)

    def _put(self, place: int, text: str, look: str, *, measured: bool = True, most: int = WIDEST) -> None:
        self._sheet.write_string(self._row, place, text, self._looks[look])
        if measured:
            self._measure(place, text, most)

    def _measure(self, place: int, text: str, most: int = WIDEST) -> None:
        self._widths[place] = max(self._widths.get(place, 6), min(most, cells(text)))


def _footed(text: str) -> str:
    """A text in a footer, where `&` begins a code."""
    return text.replace("&", "&&")
