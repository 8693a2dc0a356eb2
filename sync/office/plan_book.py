"""A plan as a workbook: its sheets as the nodes that plan_form reads, each with the cell it came from.

Takes what people do in Excel and WPS: numbers that are text, dates and times as cells of that kind, full-width digits
and colons, blanks at the end, merged cells, rows that begin with `#`. Says what else it met.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from app.duties.site import TAG_FORMATS
from sync.office.plan_book_faults import BookFaults
from sync.office.plan_cells import column_name, head_of, heading, names_of, written
from sync.office.plan_drafts import Draft, Line, at, rooms, under
from sync.office.plan_faults import Spot
from sync.office.plan_nodes import Leaf, Node, Refused, Row, Table
from sync.office.plan_sheets import (
    ALLOWED,
    BY_NAME,
    CHOICES,
    LISTS,
    README,
    SHEETS,
    Col,
    Form,
    Sheet,
    columns_called,
    sheet_called,
)
from sync.office.workbook import BookRefused, Cell, SheetRead, read_workbook

REMARK: Final = "#"
"""Begins a row that is for people."""
_BETWEEN: Final = re.compile(r"[\s,;、，；|/]+")
_LIMIT: Final = re.compile(r"(?:\.|\$\{[^}]*\})\s*(>=|<=)\s*(-?[0-9.]+)", re.ASCII)
CONSTRAINT: Final = Col("constraint", "constraint", "line")
"""What XLSForm has instead of `low` and `high`."""


class BookRead(NamedTuple):
    top: Table
    people: Table
    """Those of whom the workbook says the name, as a people file would say it."""


def read_book(raw: bytes, faults: BookFaults) -> BookRead | None:
    """The plan in a workbook; None when it cannot be read as a whole, which is then the only fault."""
    try:
        found = read_workbook(raw)
    except BookRefused as e:
        faults.add(Spot(0), e.key, **e.fields)
        return None
    faults.order([sheet.title for sheet in found])
    if not any(sheet_called(sheet.title) for sheet in found):
        faults.add(Spot(0), "plan_book.no_plan")
        return None
    known = _known(found, faults)
    build = _Build(faults)
    for sheet in sorted(SHEETS, key=lambda sheet: sheet.name != CHOICES):  # others lead into the lists
        if sheet.name in known:
            build.take(sheet, known[sheet.name])
    return build.done()


def _known(found: Sequence[SheetRead], faults: BookFaults) -> dict[str, SheetRead]:
    """The sheets of the form by name; the others are told."""
    known: dict[str, SheetRead] = {}
    for each in found:
        sheet = sheet_called(each.title)
        if sheet is None:
            if each.cells and each.title.split(" ")[0] not in (README, ALLOWED):
                faults.warn(Spot(0, sheet=each.title), "plan_book.extra_sheet")
        elif sheet.name in known:
            faults.add(Spot(0, sheet=each.title), "plan_book.sheet_twice", first=known[sheet.name].title)
        else:
            known[sheet.name] = each
            if each.hidden:
                faults.warn(Spot(each.hidden, sheet=each.title), "plan_book.hidden_row")
    return known


class _Build:
    def __init__(self, faults: BookFaults) -> None:
        self._faults = faults
        self._top = Draft(Spot(0))
        self._people = Draft(Spot(0))
        self._lists: dict[str, Draft] = {}
        self._used: set[str] = set()

    def take(self, sheet: Sheet, found: SheetRead) -> None:
        special: dict[str, Callable[[Sheet, Line], None]] = {
            "site": self._site,
            "people": self._person,
            "tags": self._tag,
            "calendar": self._days,
            CHOICES: self._choice,
        }
        put = special.get(sheet.name, self._thing)
        for line in self._lines(sheet, found):
            put(sheet, line)

    def done(self) -> BookRead:
        for name in LISTS:
            if name in self._lists:
                self._used.add(name)
                self._top.entries[name] = self._lists[name]
        for name, listed in self._lists.items():
            if name not in self._used:
                self._faults.warn(listed.spot, "plan_book.unused_list", name=name)
        surveys = self._top.entries.get("surveys")
        for survey in surveys.entries.values() if isinstance(surveys, Draft) else ():
            if isinstance(survey, Draft) and isinstance(units := survey.entries.get("units"), Draft):
                survey.entries["units"] = rooms(units)
        top, people = self._top.node(), self._people.node()
        assert isinstance(top, Table)
        assert isinstance(people, Table)
        return BookRead(top, people)

    # -- a sheet's rows -----------------------------------------------------------------------

    def _lines(self, sheet: Sheet, found: SheetRead) -> Iterator[Line]:
        rows: dict[int, list[Cell]] = {}
        for cell in found.cells:
            rows.setdefault(cell.row, []).append(cell)
        head = head_of(sheet, rows)
        if head is None:
            self._faults.add(Spot(1, sheet=found.title), "plan_book.no_headings", names=names_of(sheet))
            return
        columns = self._columns(sheet, found.title, rows[head])
        for number, cells in rows.items():
            remark = cells[0].column <= min(columns, default=0) and cells[0].text.startswith(REMARK)
            if number > head and not remark:
                line = self._line(found.title, number, cells, columns)
                if line.cells:
                    yield line

    def _columns(self, sheet: Sheet, title: str, cells: Sequence[Cell]) -> dict[int, tuple[Col, str]]:
        known = dict(columns_called(sheet)) | ({"constraint": (CONSTRAINT, "")} if sheet.name == "checks" else {})
        found: dict[int, tuple[Col, str]] = {}
        told: dict[tuple[str, str], int] = {}
        for cell in cells:
            spot, name = Spot(cell.row, "", title, cell.column), heading(cell)
            if name not in known:
                near = self._faults.near(name, known)
                key = "plan_book.extra_column_near" if near else "plan_book.extra_column"
                self._faults.warn(spot, key, name=cell.text, **({"near": near} if near else {}))
                continue
            col, lang = known[name]
            if first := told.get((col.heading, lang)):
                self._faults.add(spot, "duplicate_key", name=cell.text, first=Spot(cell.row, "", title, first).place)
                continue
            told[col.heading, lang] = cell.column
            found[cell.column] = (col, lang)
        self._faults.know(title, sheet, {column_name(*found[column]): column for column in found})
        for col in sheet.columns:
            if col.needed and not any(heading == col.heading for heading, _ in told):
                spot = Spot(cells[0].row, "", title, 0)
                self._faults.add(spot, "plan_book.no_column", name=col.headings[0])
        return found

    def _line(self, title: str, number: int, cells: Sequence[Cell], columns: Mapping[int, tuple[Col, str]]) -> Line:
        held: dict[tuple[str, str], tuple[Col, Leaf | Refused]] = {}
        for cell in cells:
            if cell.column not in columns:
                continue
            col, lang = columns[cell.column]
            leaf = self._leaf(cell, col.form, Spot(number, "", title, cell.column))
            if leaf is not None:
                held[col.heading, lang] = (col, leaf)
        first = min((leaf.spot.column for _, leaf in held.values()), default=0)
        return Line(Spot(number, "", title, first), held)

    def _leaf(self, cell: Cell, form: Form, spot: Spot) -> Leaf | Refused | None:
        if cell.kind == "uncounted":
            self._faults.add(spot, "plan_book.formula")
            return Refused(spot)
        if cell.kind == "error":
            self._faults.add(spot, "plan_book.cell_error", value=cell.text)
            return Refused(spot)
        text = written(cell, form)
        return Leaf(spot, text, quoted=True) if text else None

    # -- where a row belongs ------------------------------------------------------------------

    def _thing(self, sheet: Sheet, line: Line) -> None:
        """A row of a usual sheet: it is the thing that its first columns name."""
        home = self._home(sheet, line)
        if home is None:
            return
        if sheet.is_list:
            thing = Draft(under(line.spot, home, f"[{len(home.items) + 1}]"))
            home.items.append(self._filled(thing, sheet, line))
            return
        id = self._id(line, sheet.keys[-1])
        if id is None:
            return
        if (twice := home.entries.get(id.text)) is not None:
            self._faults.add(id.spot, "duplicate_key", name=id.text, first=twice.spot.place)
            return
        thing = Draft(under(id.spot, home, f".{id.text[:64]}"))
        home.entries[id.text] = self._filled(thing, sheet, line)

    def _home(self, sheet: Sheet, line: Line) -> Draft | None:
        """The table or list that the row goes into; None when it belongs to nothing that there is."""
        here = self._top
        for place, section in enumerate(sheet.under):
            last = place == len(sheet.under) - 1
            if last or place == 0:
                here = here.below(section, line.spot, is_list=last and sheet.is_list)
            if last:
                return here
            if place > 0:
                below = here.entries.get(section)
                here = below if isinstance(below, Draft) else Draft(line.spot)
            col = sheet.keys[place]
            if not col.needed and line.get(col.heading) is None:  # steps of a card stand at the card itself
                return self._card(here, line, sheet)
            id = self._id(line, col)
            if id is None:
                return None
            parent = here.entries.get(id.text)
            if not isinstance(parent, Draft):
                self._lost(id, col, here)
                return None
            here = parent
        return None

    def _card(self, teams: Draft, line: Line, sheet: Sheet) -> Draft | None:
        procedures = self._top.entries.get(sheet.under[0])
        id = line.get(sheet.keys[0].heading)
        card = procedures.entries.get(id.text) if isinstance(procedures, Draft) and isinstance(id, Leaf) else None
        return card.below(sheet.under[-1], line.spot) if isinstance(card, Draft) else None

    def _lost(self, id: Leaf, col: Col, known: Draft) -> None:
        sheet = BY_NAME[col.refers].title
        if near := self._faults.near(id.text, known.entries):
            self._faults.add(id.spot, "plan_book.no_parent_near", name=id.text, sheet=sheet, near=near)
        else:
            self._faults.add(id.spot, "plan_book.no_parent", name=id.text, sheet=sheet)

    def _id(self, line: Line, col: Col) -> Leaf | None:
        found = line.get(col.heading)
        if found is None:
            self._faults.add(line.spot, "plan_book.missing_cell", name=col.heading)
        return found if isinstance(found, Leaf) else None

    def _filled(self, thing: Draft, sheet: Sheet, line: Line) -> "Node | Draft":
        """The thing with what its row says; where a column is the thing itself, that."""
        own = {col.heading for col in sheet.keys}
        for (called, lang), (col, leaf) in line.cells.items():
            if called in own:
                continue
            if col is CONSTRAINT:
                self._limits(thing, line, leaf)
            elif col.form == "text":
                self._text(thing, col, lang, leaf)
            elif not col.key:
                return self._value(col, leaf)
            else:
                *way, last = col.key.split("/")
                home = thing
                for key in way:
                    home = home.below(key, leaf.spot)
                home.entries[last] = self._value(col, at(leaf, f"{home.spot.where}.{last}"))
        return thing

    def _text(self, thing: Draft, col: Col, lang: str, leaf: Leaf | Refused) -> None:
        for key in col.key.split("/") if col.key else ():
            thing = thing.below(key, leaf.spot)
        thing.entries[lang] = at(leaf, thing.spot.where)

    def _value(self, col: Col, leaf: Leaf | Refused) -> "Node | Draft":
        if isinstance(leaf, Refused):
            return leaf
        if col.refers == CHOICES:
            return self._list(leaf)
        if col.form == "list":
            words = [word for word in _BETWEEN.split(leaf.text) if word]
            return Row(leaf.spot, tuple(Leaf(leaf.spot, word, quoted=True) for word in words))
        return leaf

    def _list(self, leaf: Leaf) -> "Node | Draft":
        found = self._lists.get(leaf.text)
        if found is None:
            near = self._faults.near(leaf.text, self._lists)
            key = "plan_book.no_list_near" if near else "plan_book.no_list"
            self._faults.add(leaf.spot, key, name=leaf.text, **({"near": near} if near else {}))
            return Refused(leaf.spot)
        self._used.add(leaf.text)
        return found

    def _limits(self, thing: Draft, line: Line, leaf: Leaf | Refused) -> None:
        """`. >= 0.35 and . <= 0.45`: the normal range, as XLSForm writes one."""
        if isinstance(leaf, Refused):
            return
        parts = [_LIMIT.fullmatch(part.strip()) for part in re.split(r"\s+and\s+", leaf.text.strip("() "))]
        if line.get("low") or line.get("high") or not all(parts):
            self._faults.add(leaf.spot, "plan_book.bad_constraint")
            return
        for part in parts:
            assert part is not None
            thing.entries["low" if part[1] == ">=" else "high"] = Leaf(leaf.spot, part[2], quoted=True)

    # -- sheets with a shape of their own -----------------------------------------------------

    def _site(self, sheet: Sheet, line: Line) -> None:
        if (first := self._top.entries.get("site")) is not None:
            self._faults.add(line.spot, "plan_book.one_row", first=first.spot.place)
            return
        self._top.spot = Spot(line.spot.line, "", line.spot.sheet, line.spot.column)
        self._top.below("site", line.spot)
        self._filled(self._top, sheet, line)

    def _person(self, sheet: Sheet, line: Line) -> None:
        """What the person may be here, and who that is, where the sheet says it."""
        person = self._id(line, sheet.cols[0])
        if person is None:
            return
        granted = self._top.below("roles", line.spot, is_list=True)
        who = self._people.below("people", line.spot)
        if (twice := who.entries.get(person.text)) is not None:
            self._faults.add(person.spot, "duplicate_key", name=person.text, first=twice.spot.place)
            return
        row = Draft(under(line.spot, granted, f"[{len(granted.items) + 1}]"))
        self._filled(row, sheet, line)
        if "roles" in row.entries:
            grant = Draft(row.spot)
            grant.entries = {key: row.entries[key] for key in ("person", "roles")}
            granted.items.append(grant)
        known = Draft(person.spot)
        known.entries = {key: row.entries[key] for key in ("name", "number") if key in row.entries}
        who.entries[person.text] = known

    def _tag(self, sheet: Sheet, line: Line) -> None:
        """A tag's identity stands under the name of its format."""
        home = self._home(sheet, line)
        sort, id = self._id(line, sheet.cols[0]), self._id(line, sheet.cols[1])
        if home is None or sort is None or id is None:
            return
        if sort.text not in TAG_FORMATS:
            self._faults.add(sort.spot, "not_one_of", value=sort.text, allowed=", ".join(TAG_FORMATS))
            return
        tag = Draft(under(line.spot, home, f"[{len(home.items) + 1}]"))
        self._filled(tag, sheet, line)
        del tag.entries["format"], tag.entries["id"]
        tag.entries = {sort.text: id, **tag.entries}
        home.items.append(tag)

    def _days(self, sheet: Sheet, line: Line) -> None:
        sort, first = self._id(line, sheet.cols[0]), self._id(line, sheet.cols[1])
        if sort is None or first is None:
            return
        if sort.text not in sheet.cols[0].allowed:
            self._faults.add(sort.spot, "not_one_of", value=sort.text, allowed=", ".join(sheet.cols[0].allowed))
            return
        last = line.get("to")
        span = f"{first.text}..{last.text}" if isinstance(last, Leaf) else first.text
        days = self._top.below("calendar", line.spot).below(sort.text, line.spot, is_list=True)
        days.items.append(Leaf(first.spot, span, quoted=True))

    def _choice(self, sheet: Sheet, line: Line) -> None:
        name, id = self._id(line, sheet.keys[0]), self._id(line, sheet.keys[1])
        if name is None or id is None:
            return
        listed = self._lists.setdefault(name.text, Draft(Spot(name.spot.line, f"choices.{name.text}", name.spot.sheet)))
        if (twice := listed.entries.get(id.text)) is not None:
            self._faults.add(id.spot, "duplicate_key", name=id.text, first=twice.spot.place)
            return
        thing = Draft(under(id.spot, listed, f".{id.text[:64]}"))
        listed.entries[id.text] = self._filled(thing, sheet, line)
