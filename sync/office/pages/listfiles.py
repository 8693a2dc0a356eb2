"""A table as a file: CSV as spreadsheets open it, or XLSX. Text stays text: no cell becomes a formula or a link.

CSV is UTF-8 with its mark (Excel takes it for the local code page otherwise) and CRLF (RFC 4180). A text that begins
like a formula gets an apostrophe before it, the full-width signs too, which a Chinese Excel takes for the plain ones.
"""

import asyncio
import csv
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from math import isfinite
from typing import Final

from litestar import Response
from msgspec import Struct

from app.text import cells, clean
from sync.office.pages.view import download

Plain = str | int | float | Decimal | datetime | date | None
LONGEST: Final = 2000
"""Characters of one cell."""
FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠|%")
WIDEST: Final = 60
A4: Final = 9
"""As the format numbers sheets of paper."""
TYPES: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NO_SHEET: Final = re.compile(r"[\[\]:*?/\\']")
_FIRST_YEAR: Final = 1900
"""Excel knows no earlier day."""
_EXACT: Final = 10**15
"""Beyond it a sheet would round: it keeps 15 digits."""
_MEASURED: Final = 500
"""Rows that tell how wide a column is."""


class Table(Struct, frozen=True):
    title: str
    headings: list[str]
    rows: list[list[Plain]]
    about: Sequence[tuple[str, str]] = ()
    """What an XLSX says of itself on a sheet of its own."""
    sheet: str = ""
    """What that sheet is called."""


async def saved(write: Callable[[Table], bytes], table: Table, name: str, kind: str) -> Response[bytes]:
    """The table as a file to be saved, written beside the loop."""
    raw = await asyncio.to_thread(write, table)
    return download(raw, f"{name}.{kind}", TYPES[kind])


def csv_of(table: Table) -> bytes:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_quoted(each) for each in table.headings])
    writer.writerows([_quoted(each) for each in row] for row in table.rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _quoted(value: Plain) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case int() | float() | Decimal():
            return str(value)
        case str():
            text = clean(value, LONGEST)
            return f"'{text}" if value.lstrip(" ").startswith(FORMULA) else text


def xlsx_of(table: Table) -> bytes:
    """One sheet with the table, and one that says what it is."""
    from xlsxwriter import Workbook  # only when somebody asks for a file

    out = BytesIO()
    book = Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, plain = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True, "valign": "top"})
    formats = {
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "valign": "top"}),
        date: book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
    }
    sheet = book.add_worksheet(_sheet_name(table.title))
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&8&A&R&8&P / &N")
    for x, heading in enumerate(table.headings):
        sheet.write_string(0, x, clean(heading, LONGEST), bold)
        sheet.set_column(x, x, _width([heading, *(row[x] for row in table.rows)]))
    for y, row in enumerate(table.rows, 1):
        for x, value in enumerate(row):
            match _held(value):
                case None:
                    continue
                case datetime() | date() as when:
                    sheet.write_datetime(y, x, when, formats[type(when)])
                case float() as number:
                    sheet.write_number(y, x, number)
                case text:
                    sheet.write_string(y, x, text, plain)
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(table.headings) - 1)
    about = book.add_worksheet(_sheet_name(table.sheet))
    about.set_column(0, 1, WIDEST // 2)
    for y, (name, value) in enumerate(table.about):
        about.write_string(y, 0, clean(name, LONGEST), bold)
        about.write_string(y, 1, clean(value, LONGEST), plain)
    book.close()
    return out.getvalue()


def _held(value: Plain) -> datetime | date | float | str | None:
    """The value as a sheet can hold it: what it cannot is a text."""
    match value:
        case None:
            return None
        case datetime() | date() if value.year < _FIRST_YEAR:
            return str(value)
        case datetime():
            return value.replace(tzinfo=None)
        case date():
            return value
        case str():
            return clean(value, LONGEST)
        case _:
            return _number(value)


def _number(value: float | Decimal) -> float | str:
    """A text for what a sheet would round, or what is none."""
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return clean(str(value), LONGEST)
    return number if isfinite(number) and abs(number) < _EXACT else clean(str(value), LONGEST)


def _width(values: Sequence[Plain]) -> int:
    """Of a column, in characters."""
    widest = max(16 if isinstance(value, datetime) else cells(str(value or "")) for value in values[:_MEASURED])
    return min(widest + 2, WIDEST)


def _sheet_name(title: str) -> str:
    """A name that Excel takes: not empty, at most 31 characters, without some."""
    return _NO_SHEET.sub(" ", clean(title, 31)).strip() or "1"
