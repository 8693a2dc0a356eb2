"""XLSX files (ECMA-376) as sheets of cells: what a person sees in them, and nothing that runs or expands.

Made for files from outside: every size is limited before it is held, document types and macros are refused, and of a
formula only the value that Excel left beside it is taken. Knows nothing of plans.
"""

import re
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import Final, Literal
from xml.parsers import expat

from msgspec import Struct

from app.errors import WatchbookError

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_UNPACKED: Final = 48 * 1024 * 1024
"""Of all parts that are read; five seconds of work."""
MAX_PARTS: Final = 2_000
MAX_SHEETS: Final = 100
MAX_CELLS: Final = 400_000
"""With something in them."""
MAX_ELEMENTS: Final = 2_500_000
"""Rows and cells, empty ones too: a column that was coloured to its end has a million of each."""
MAX_TEXT: Final = 32_767
"""Characters of a cell; Excel holds no more."""
_OLE: Final = b"\xd0\xcf\x11\xe0"
"""An .xls, or an .xlsx behind a password."""
_DATES: Final = frozenset((*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)))
"""Number formats that show dates or times without being spelt out in the file (§18.8.30), the Chinese ones too."""
_NOT_SHOWN: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.I)
_SHOWS_TIME: Final = re.compile(r"[dyhs]|m", re.I)
_ZEROS: Final = re.compile(r"0+")
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet knows no zone
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_LAST_DAY: Final = 2_958_465
"""31 December 9999."""
_DAY_S: Final = 24 * 3600

Kind = Literal["text", "number", "date", "bool", "error", "uncounted"]
"""`uncounted`: a formula without a value."""


class BookRefused(WatchbookError):
    """Whoever made the file: it cannot be read as a whole, the sentence says why."""


class Cell(Struct, frozen=True):
    row: int
    """From 1, as a person counts."""
    column: int
    """From 1."""
    kind: Kind
    text: str
    """As it is shown, but numbers with all their digits, dates `2026-11-01`, times `22:00`, and both with a blank."""


class SheetRead(Struct, frozen=True):
    title: str
    cells: tuple[Cell, ...]
    """Those with something in them, row by row."""
    hidden: int
    """The first row with something that nobody sees; 0 without one."""
    shown: bool = True


def read_workbook(raw: bytes) -> list[SheetRead]:
    """The sheets of an XLSX file in their order. Raises BookRefused."""
    if len(raw) > MAX_BYTES:
        raise BookRefused("plan_book.too_large", most=MAX_BYTES // 1024 // 1024)
    if raw.startswith(_OLE):
        raise BookRefused("plan_book.old_or_locked")
    try:
        with zipfile.ZipFile(BytesIO(raw)) as packed:
            return _Book(packed).sheets()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, LookupError, ValueError) as e:
        raise BookRefused("plan_book.broken") from e
    except (RuntimeError, NotImplementedError) as e:  # a zip with a password, or packed in a way nobody uses
        raise BookRefused("plan_book.old_or_locked") from e
    except expat.ExpatError as e:
        raise BookRefused("plan_book.broken") from e


class _Book:
    def __init__(self, packed: zipfile.ZipFile) -> None:
        names = packed.namelist()
        if len(names) > MAX_PARTS:
            raise BookRefused("plan_book.bomb")
        if any(name.lower().endswith(("vbaproject.bin", ".bin.vba")) for name in names):
            raise BookRefused("plan_book.macros")
        self._packed = packed
        self._names = {name.lower(): name for name in names}
        self._room = MAX_UNPACKED
        self._cells = MAX_CELLS
        self._elements = MAX_ELEMENTS

    def sheets(self) -> list[SheetRead]:
        main = next((target for _, kind, target in self._relations("") if kind.endswith("/officeDocument")), None)
        if main is None or not self._has(main):
            raise BookRefused("plan_book.no_workbook")
        targets = {id: target for id, _, target in self._relations(main)}
        kinds = {kind.rpartition("/")[2]: target for _, kind, target in self._relations(main)}
        book = _WorkbookPart()
        self._parse(main, book.start)
        if len(book.sheets) > MAX_SHEETS:
            raise BookRefused("plan_book.bomb")
        strings, styles = _StringsPart(), _StylesPart()
        if "sharedStrings" in kinds and self._has(kinds["sharedStrings"]):
            self._parse(kinds["sharedStrings"], strings.start, strings.end, strings.text)
        if "styles" in kinds and self._has(kinds["styles"]):
            self._parse(kinds["styles"], styles.start, styles.end)
        epoch = _EPOCH_1904 if book.since_1904 else _EPOCH
        found = []
        for title, id, shown in book.sheets:
            part = _SheetPart(strings.found, styles.formats, epoch, self._cells, self._elements)
            if self._has(targets.get(id, "")):
                self._parse(targets[id], part.start, part.end, part.text)
            cells = part.all()
            self._cells -= len(cells)
            self._elements = part.left
            found.append(SheetRead(title, cells, part.hidden, shown))
        return found

    def _has(self, name: str) -> bool:
        return name.lower() in self._names

    def _relations(self, part: str) -> list[tuple[str, str, str]]:
        """(id, type, part) of what `part` leads to; of the package itself with an empty name."""
        folder, _, name = part.rpartition("/")
        relations = f"{folder}/_rels/{name}.rels".removeprefix("/")
        found: list[tuple[str, str, str]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "")
                whole = target.removeprefix("/") if target.startswith("/") else normpath(join(dirname(part), target))
                found.append((attributes.get("Id", ""), attributes.get("Type", ""), whole))

        if self._has(relations):
            self._parse(relations, start)
        return found

    def _parse(
        self,
        name: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.StartElementHandler = lambda tag, attributes: start(_local(tag), _locals(attributes))
        if end is not None:
            parser.EndElementHandler = lambda tag: end(_local(tag))
        if text is not None:
            parser.CharacterDataHandler = text
        parser.Parse(self._whole(name), True)  # in one piece: a comment of 40 MB in pieces is read over and over

    def _whole(self, name: str) -> bytes:
        with self._packed.open(self._names[name.lower()]) as part:
            content = part.read(self._room + 1)
        self._room -= len(content)
        if self._room < 0:
            raise BookRefused("plan_book.bomb")
        return content


def _no_doctype(*_: object) -> None:
    raise BookRefused("plan_book.broken")


def _local(tag: str) -> str:
    return tag.rpartition(" ")[2]


def _locals(attributes: dict[str, str]) -> dict[str, str]:
    return {_local(name): value for name, value in attributes.items()}


class _WorkbookPart:
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        """(title, id of the relation, shown)."""
        self.since_1904 = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            shown = attributes.get("state", "visible") == "visible"
            self.sheets.append((attributes.get("name", ""), attributes.get("id", ""), shown))
        elif tag == "workbookPr":
            self.since_1904 = attributes.get("date1904", "0") in ("1", "true")


class _StringsPart:
    """Texts that cells name by number, without how they are to be read aloud."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._pieces: list[str] = []
        self._inside = self._aloud = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        if tag == "si":
            self._pieces = []
        elif tag == "rPh":
            self._aloud = True
        elif tag == "t":
            self._inside = not self._aloud

    def text(self, piece: str) -> None:
        if self._inside:
            self._pieces.append(piece)

    def end(self, tag: str) -> None:
        if tag == "si":
            self.found.append(_unescaped("".join(self._pieces)[:MAX_TEXT]))
        elif tag == "rPh":
            self._aloud = False
        elif tag == "t":
            self._inside = False


class _StylesPart:
    """How each style shows numbers: as dates, or with zeros in front."""

    def __init__(self) -> None:
        self.formats: list[str] = []
        """By the style's number: `date`, some zeros, or empty."""
        self._codes: dict[str, str] = {}
        self._within = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            self._within = tag
        elif tag == "xf" and self._within:
            self.formats.append(self._format(attributes.get("numFmtId", "0")))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._within = ""

    def _format(self, number: str) -> str:
        code = self._codes.get(number)
        if code is None:
            return "date" if number.isdigit() and int(number) in _DATES else ""
        plain = _NOT_SHOWN.sub("", code.partition(";")[0])
        if _ZEROS.fullmatch(plain):
            return plain
        return "date" if _SHOWS_TIME.search(plain) and "general" not in plain.lower() else ""


class _SheetPart:
    def __init__(self, strings: list[str], formats: list[str], epoch: datetime, most: int, left: int) -> None:
        self.cells: list[Cell] = []
        self.hidden = 0
        self.left = left
        """How many rows and cells may still come."""
        self._strings, self._formats, self._epoch, self._most = strings, formats, epoch, most
        self._merged: list[str] = []
        self._row = self._column = 0
        self._attributes: dict[str, str] = {}
        self._row_hidden = self._counted = self._aloud = False
        self._pieces: list[str] | None = None
        self._value = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.left -= tag in ("row", "c")
        if self.left < 0:
            raise BookRefused("plan_book.bomb")
        if tag == "row":
            self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0
            self._row_hidden = attributes.get("hidden", "0") in ("1", "true")
        elif tag == "c":
            self._attributes, self._value, self._counted = attributes, "", False
            self._row, self._column = _place(attributes.get("r", ""), self._row, self._column + 1)
        elif tag == "rPh":
            self._aloud = True
        elif tag in ("v", "t"):
            self._pieces = None if self._aloud else []
        elif tag == "f":
            self._counted = True
        elif tag == "mergeCell":
            self._merged.append(attributes.get("ref", ""))

    def text(self, piece: str) -> None:
        if self._pieces is not None:
            self._pieces.append(piece)

    def end(self, tag: str) -> None:
        if tag in ("v", "t") and self._pieces is not None:
            self._value += "".join(self._pieces)[:MAX_TEXT]
            self._pieces = None
        elif tag == "rPh":
            self._aloud = False
        elif tag == "c":
            self._put()

    def all(self) -> tuple[Cell, ...]:
        """The cells, and the value of each merged range in every row of its first column."""
        here = {(cell.row, cell.column): cell for cell in self.cells}
        last = max((cell.row for cell in self.cells), default=0)
        for reference in self._merged:
            first, _, end = reference.partition(":")
            top, column = _place(first, 0, 0)
            if (cell := here.get((top, column))) is None:
                continue
            bottom = min(_place(end, 0, 0)[0], last)
            self.left -= max(0, bottom - top)
            if self.left < 0:
                raise BookRefused("plan_book.bomb")
            if len(here) + bottom - top > self._most:
                raise BookRefused("plan_book.many_cells", most=MAX_CELLS)
            for row in range(top + 1, bottom + 1):
                here.setdefault((row, column), Cell(row, column, cell.kind, cell.text))
        return tuple(here[place] for place in sorted(here))

    def _put(self) -> None:
        kind, text = self._meaning()
        if not text and kind != "uncounted":
            return
        if len(self.cells) >= self._most:
            raise BookRefused("plan_book.many_cells", most=MAX_CELLS)
        self.cells.append(Cell(self._row, self._column, kind, text))
        if self._row_hidden and not self.hidden:
            self.hidden = self._row

    def _meaning(self) -> tuple[Kind, str]:
        kind, value = self._attributes.get("t", "n"), self._value
        if kind == "s":
            return "text", self._strings[int(value)] if value else ""
        if kind in ("str", "inlineStr", "d"):
            return "text", _unescaped(value)
        if kind == "b":
            return "bool", "true" if value in ("1", "true") else "false"
        if kind == "e":
            return "error", value
        if not value:
            return ("uncounted" if self._counted else "text"), ""
        style = self._attributes.get("s", "")
        shown = self._formats[int(style)] if style.isdigit() and int(style) < len(self._formats) else ""
        number = float(value)
        if shown == "date" and 0 <= number < _LAST_DAY:
            return "date", moment_of(number, self._epoch)
        plain = number_text(number)
        return "number", plain.zfill(len(shown)) if plain.isdigit() else plain


def number_text(number: float) -> str:
    """With as many digits as a sheet holds, and no exponent."""
    return f"{Decimal(f'{number:.15g}'):f}"


def moment_of(serial: float, epoch: datetime = _EPOCH) -> str:
    """A date, a time of day, or both, of a sheet's number of days, to the nearest minute."""
    days, seconds = divmod(round(serial * _DAY_S / 60) * 60, _DAY_S)
    time = f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"
    if serial < 1:
        return time if days == 0 else "24:00"
    day = f"{epoch + timedelta(days=days):%Y-%m-%d}"
    return f"{day} {time}" if seconds else day


def _place(reference: str, row: int, column: int) -> tuple[int, int]:
    """Row and column of `C12`; what is given where that is none."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return row, column
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return int(found[2]), number


def _unescaped(text: str) -> str:
    """Characters that XML cannot hold are written `_x000D_` (§22.9.2.19)."""
    if "_x" not in text:
        return text
    units = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # half a character is none
