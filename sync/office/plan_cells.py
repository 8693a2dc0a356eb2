"""Cells of a plan workbook as people fill them in: which row holds the headings, and what a cell means.

What fits nothing stays as it was written, for the reader of that value to blame.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from sync.office.plan_sheets import Col, Form, Sheet, columns_called
from sync.office.workbook import Cell, moment_of

_HEAD_WITHIN: Final = 10
"""Rows from the top in which the headings are looked for."""
_YES: Final = {"yes": True, "y": True, "是": True, "√": True, "✓": True, "1": True, "true": True}
_NO: Final = {"no": False, "n": False, "否": False, "×": False, "0": False, "false": False}
_BLANKS: Final = re.compile(r"\s+")
_WRITTEN_DAY: Final = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T]+(.+))?", re.ASCII)
_WRITTEN_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00)?", re.ASCII)
_SERIAL_DAY: Final = re.compile(r"[3-7][0-9]{4}", re.ASCII)
_SERIAL_TIME: Final = re.compile(r"0\.[0-9]+", re.ASCII)


def head_of(sheet: Sheet, rows: Mapping[int, Sequence[Cell]]) -> int | None:
    """The row of the headings: the first near the top that names a column without which the sheet cannot be."""
    known = {heading for heading, (col, _) in columns_called(sheet) if col.needed} or {
        heading for heading, _ in columns_called(sheet)
    }
    for number, cells in rows.items():
        if number > _HEAD_WITHIN:
            return None
        if len(known & {heading(cell) for cell in cells}) > (len(known) > 2):
            return number
    return None


def heading(cell: Cell) -> str:
    """As it is looked up: small letters, no blanks around the colons."""
    return re.sub(r"\s*:+\s*", "::", _BLANKS.sub(" ", unicodedata.normalize("NFKC", cell.text)).strip()).casefold()


def column_name(col: Col, lang: str) -> str:
    return col.headings[0 if lang != "en" else 1] if col.form == "text" else col.heading


def names_of(sheet: Sheet) -> str:
    return ", ".join(col.headings[0] for col in sheet.columns if col.needed)


def written(cell: Cell, form: Form) -> str:
    """A cell as the plan file would have it; what fits nothing stays as it is, for the reader to blame."""
    if form in ("text", "line"):
        return _BLANKS.sub(" ", cell.text.replace("\u00a0", " ")).strip()
    text = _BLANKS.sub(" ", unicodedata.normalize("NFKC", cell.text).replace("\u2212", "-")).strip()
    if form == "date":
        return _day(text, cell)
    if form == "time":
        return _time(text, cell)
    if form in ("yes", "not"):
        answer = (_YES | _NO).get(text.casefold())
        return text if answer is None else str(answer == (form == "yes")).lower()
    return text


def _day(text: str, cell: Cell) -> str:
    if cell.kind == "number" and _SERIAL_DAY.fullmatch(text.partition(".")[0]):
        return moment_of(float(text))
    if found := _WRITTEN_DAY.fullmatch(text):
        time = _time(found[4], cell) if found[4] else ""
        return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02} {time}".strip()
    return text


def _time(text: str, cell: Cell) -> str:
    if cell.kind == "number" and _SERIAL_TIME.fullmatch(text):
        return moment_of(float(text))
    found = _WRITTEN_TIME.fullmatch(text)
    return f"{int(found[1]):02}:{found[2]}" if found else text
