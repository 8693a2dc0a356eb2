"""A list of new handhelds, as a person keeps it in a table: read, and every fault named with its line.

Knows nothing of codes and paper. Text from outside stays text; sizes are limited before anything is held.
"""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import StringIO
from typing import Final

from msgspec import Struct

from app.duties.site import Text
from app.errors import WatchbookError
from app.text import clean
from app.words import LANGS, say, table
from sync.office.store.devices import Wanted
from sync.office.workbook import BookRefused, read_workbook

MAX_BYTES: Final = 1024 * 1024
MOST: Final = 500
LONGEST_NAME: Final = 40
COLUMNS: Final = ("name", "site", "spare")
_YES: Final = frozenset({"是", "备用", "yes", "y", "1", "true", "spare", "x"})
_NO: Final = frozenset({"", "否", "no", "n", "0", "false"})
_EXAMPLE: Final = 3
_XLSX: Final = b"PK\x03\x04"


class ListRefused(WatchbookError):
    """Whoever made the list: nothing of it can be read."""


class Fault(Struct, frozen=True):
    line: int
    key: str
    fields: dict[str, object] = {}

    def sentence(self, lang: str) -> str:
        what = say(lang, f"invitations.fault_{self.key}", **self.fields)
        return say(lang, "invitations.line", line=self.line, what=what)


class Read(Struct, frozen=True):
    wanted: tuple[Wanted, ...]
    faults: tuple[Fault, ...]


class Known(Struct, frozen=True):
    """What the office has already."""

    sites: Mapping[str, Text]
    """By id, those that whoever brings the list may use."""
    names: Collection[tuple[str, str]] = ()
    """(site, name) of handhelds in use."""


def read_list(raw: bytes, known: Known, site: str = "") -> Read:
    """The handhelds of a CSV or XLSX file; `site` is that of lines that name none. Raises ListRefused."""
    rows = _rows(raw)
    heading = next(rows, None)
    if heading is None:
        raise ListRefused("invitations.empty")
    columns, faults = _columns(*heading)
    if "name" not in columns:
        raise ListRefused("invitations.no_heading")
    lines = [(line, cells) for line, cells in rows if any(cells)]
    if not lines:
        raise ListRefused("invitations.empty")
    if len(lines) > MOST:
        raise ListRefused("invitations.too_many", most=MOST, n=len(lines))
    wanted: list[Wanted] = []
    seen: dict[tuple[str, str], int] = {}
    for line, cells in lines:
        found = {name: cells[place] if place < len(cells) else "" for name, place in columns.items()}
        one, wrong = _one(found, known, site)
        faults += [Fault(line, key, fields) for key, fields in wrong]
        key = (one.site, one.name)
        if one.name and one.site and key in seen:
            faults.append(Fault(line, "same_name", {"name": one.name, "other": seen[key]}))
        seen.setdefault(key, line)
        wanted.append(one)
    return Read(tuple(wanted), tuple(sorted(faults, key=lambda fault: fault.line)))


def example(lang: str, sites: Sequence[str]) -> bytes:
    """A list to fill in: UTF-8 with a mark, as table programs want it."""
    held = StringIO()
    rows = csv.writer(held, lineterminator="\r\n")
    rows.writerow([say(lang, f"invitations.column_{name}") for name in COLUMNS])
    for number in range(1, _EXAMPLE + 1):
        spare = say(lang, "invitations.yes") if number == _EXAMPLE else ""
        rows.writerow([say(lang, "invitations.example_name", n=f"{number:02}"), next(iter(sites), ""), spare])
    return held.getvalue().encode("utf-8-sig")


def _one(found: Mapping[str, str], known: Known, site: str) -> tuple[Wanted, list[tuple[str, dict[str, object]]]]:
    name, named, spare = found["name"], found.get("site", "") or site, found.get("spare", "").lower()
    faults: list[tuple[str, dict[str, object]]] = []
    if not name:
        faults.append(("no_name", {}))
    elif len(name) > LONGEST_NAME:
        faults.append(("long_name", {"most": LONGEST_NAME}))
    here = _site(named, known.sites)
    if not named:
        faults.append(("no_site", {}))
    elif here is None:
        faults.append(("unknown_site", {"site": named[:64]}))
    elif (here, name) in known.names:
        faults.append(("name_used", {"name": name[:LONGEST_NAME]}))
    if spare not in _YES | _NO:
        faults.append(("bad_spare", {"text": spare[:20]}))
    return Wanted(here or "", name, spare in _YES), faults


def _site(named: str, sites: Mapping[str, Text]) -> str | None:
    """By id, or as its plan calls it."""
    if named in sites:
        return named
    return next((id for id, name in sites.items() if named and named in (name.zh, name.en)), None)


def _columns(line: int, cells: Sequence[str]) -> tuple[dict[str, int], list[Fault]]:
    words = {word: name for name in COLUMNS for word in (name, *(table("invitations")[f"column_{name}"][: len(LANGS)]))}
    columns: dict[str, int] = {}
    faults = []
    for place, cell in enumerate(cells):
        name = words.get(cell.lower())
        if name is None:
            faults += [Fault(line, "unknown_column", {"column": cell[:40]})] if cell else []
        elif name in columns:
            faults.append(Fault(line, "column_twice", {"column": cell[:40]}))
        else:
            columns[name] = place
    return columns, faults


def _rows(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    """(line from 1, cells) of what is not empty. Raises ListRefused."""
    if not raw:
        raise ListRefused("invitations.no_file")
    if len(raw) > MAX_BYTES:
        raise ListRefused("invitations.too_large", mb=MAX_BYTES // 1024**2)
    rows = _of_workbook(raw) if raw.startswith(_XLSX) else _of_text(raw)
    return ((line, [clean(cell, 200).strip() for cell in cells]) for line, cells in rows if any(cells))


def _of_workbook(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        sheets = [sheet for sheet in read_workbook(raw) if sheet.shown and sheet.cells]
    except BookRefused as e:
        raise ListRefused("invitations.unreadable") from e
    lines: dict[int, dict[int, str]] = {}
    for cell in sheets[0].cells if sheets else ():
        if cell.column <= 64:
            lines.setdefault(cell.row, {})[cell.column] = cell.text
    for line, cells in sorted(lines.items()):
        yield line, [cells.get(column, "") for column in range(1, max(cells) + 1)]


def _of_text(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(raw)
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=mark)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as e:
        raise ListRefused("invitations.unreadable") from e


def _decoded(raw: bytes) -> str:
    """As Excel writes it in China, or as everybody else does."""
    for coding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(coding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ListRefused("invitations.unreadable")
