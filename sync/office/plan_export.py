"""A plan as a file that people can change and hand in again: YAML, or a workbook with a sheet per subject.

Text is written as text: nothing in a plan becomes a formula, and what is read again is the same plan.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from app.duties.site import TAG_FORMATS, Person, Plan, Text
from app.words import say
from sync.office.plan_sheets import (
    ALLOWED,
    BY_NAME,
    CHOICES,
    LANGUAGES,
    LISTS,
    README,
    SHEETS,
    TAG_OWN,
    Col,
    Sheet,
    meaning,
)
from sync.office.plan_tree import Tree, tree_of

FIRST_ROW: Final = 3
"""Of the things; above stand the headings and what they mean."""
SPARE_ROWS: Final = 500
"""Behind the last thing: so far drop-downs reach."""
_WIDTHS: Final = {"text": 26, "list": 28, "line": 20, "word": 16}
_YES_NO: Final = ("yes", "no")
_OWN_LISTS: Final = ("choices", "phrases")
"""Columns whose list is called like the thing itself."""
_MADE: Final = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Stands in every workbook, so that the same plan gives the same bytes."""
Cells = dict[str, str]
"""One row: by heading."""


def to_yaml(plan: Plan) -> bytes:
    """The plan as a YAML file."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Short tables in one line, as people write them."""

        def short_table(self, data: Mapping[str, Any]) -> Any:
            flat = len(data) <= _FLAT and not any(isinstance(each, list | dict) and each for each in data.values())
            return self.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=flat)

        def short_row(self, data: Sequence[Any]) -> Any:
            flat = all(isinstance(each, str) for each in data)
            return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flat)

        def ignore_aliases(self, data: Any) -> bool:
            return True

    Dumper.add_representer(dict, Dumper.short_table)
    Dumper.add_representer(list, Dumper.short_row)
    head = "".join(f"# {say(lang, 'plan_book.exported')}\n" for lang in LANGUAGES)
    body = yaml.dump(tree_of(plan), Dumper=Dumper, allow_unicode=True, sort_keys=False, width=110)
    return (head + body).encode()


_FLAT: Final = 4
"""Keys of a table that still stands in one line."""


def to_xlsx(plan: Plan, people: Mapping[str, Person] = {}) -> bytes:
    """The plan as a workbook; `people` gives those who work there their names."""
    from xlsxwriter import Workbook

    rows = rows_of(plan, people)
    kept = BytesIO()
    with Workbook(kept, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}) as book:
        book.set_properties({"title": plan.site.name.say("zh"), "created": _MADE})
        _Press(book, rows).all()
    return kept.getvalue()


# -- rows ----------------------------------------------------------------------------------------


def rows_of(plan: Plan, people: Mapping[str, Person] = {}) -> dict[str, list[Cells]]:
    """What stands on each sheet, by its name."""
    tree = tree_of(plan)
    lists = _Lists()
    rows = {sheet.name: list(_rows(sheet, tree, lists)) for sheet in SHEETS if sheet.name not in (CHOICES, "people")}
    rows["people"] = [_person(grant.person, grant.roles, people) for grant in plan.grants]
    for name in LISTS:
        if name in tree:
            lists.keep(name, tree[name])
    rows[CHOICES] = list(lists.rows())
    return rows


def _person(id: str, roles: Sequence[str], people: Mapping[str, Person]) -> Cells:
    person = people.get(id, Person(id, Text()))
    return {
        "name": id,
        "label::中文": person.name.zh,
        "label::English": person.name.en,
        "number": person.number,
        "roles": " ".join(roles),
    }


def _rows(sheet: Sheet, tree: Tree, lists: "_Lists") -> Iterator[Cells]:
    if sheet.name == "site":
        yield _cells(sheet, tree, lists, "site")
    elif sheet.name == "calendar":
        for sort, spans in tree.get("calendar", {}).items():
            for span in spans:
                first, _, last = span.partition("..")
                yield {"type": sort, "from": first, "to": last}
    else:
        for ids, thing in _things(sheet, tree):
            own = {col.heading: id for col, id in zip(sheet.keys, ids, strict=True)}
            yield {**own, **_cells(sheet, thing, lists, "-".join(id for id in ids if id))}


def _things(sheet: Sheet, tree: Tree) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every thing of a sheet with the ids on the way to it."""
    found: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    for section in sheet.under:
        found = [((*ids, *more), each) for ids, home in found for more, each in _below(section, home, sheet)]
    yield from found


def _below(section: str, home: Any, sheet: Sheet) -> Iterator[tuple[tuple[str, ...], Any]]:
    below = home.get(section) if isinstance(home, dict) else None
    if section == "teams" and below is None and "steps" in sheet.under and isinstance(home, dict) and "steps" in home:
        yield ("",), home  # a card has steps without a team
    elif isinstance(below, dict):
        yield from (((id,), each) for id, each in below.items())
    elif section == "units":
        yield from (((each,), {}) for each in below or ())
    else:
        yield from (((), each) for each in below or ())


def _cells(sheet: Sheet, thing: Any, lists: "_Lists", owner: str) -> Cells:
    """A thing as one row. A thing that is a text or an id alone has it where that belongs."""
    if sheet.name == "tags":
        sort = next(key for key in thing if key in TAG_FORMATS)
        thing = {"format": sort, "id": thing[sort], **{key: thing[key] for key in TAG_OWN if key in thing}}
    elif not isinstance(thing, dict):
        thing = {"point" if sheet.name == "stops" else "text": thing} if not _is_itself(sheet) else {"": thing}
    elif sheet.cols and sheet.cols[0].key == "text" and "text" not in thing:
        thing = {"text": thing}
    elif _is_itself(sheet) and sheet.cols[0].form == "text":
        thing = {"": {lang: thing[lang] for lang in LANGUAGES if lang in thing}, **thing}
    cells: Cells = {}
    for col in sheet.cols:
        value = _at(thing, col.key)
        if value is None:
            continue
        if col.form == "text":
            texts = value if isinstance(value, dict) else {"zh": value}
            cells |= {heading: texts.get(lang, "") for heading, lang in zip(col.headings, LANGUAGES, strict=True)}
        elif col.refers == CHOICES:
            cells[col.heading] = lists.name(
                value, owner if col.heading in ("choices", "phrases") else f"{owner}-{col.heading}"
            )
        else:
            cells[col.heading] = _said(value, col)
    return cells


def _is_itself(sheet: Sheet) -> bool:
    return bool(sheet.cols) and not sheet.cols[0].key


def _at(thing: Any, key: str) -> Any:
    """What stands at a key, below each other with `/`; None where nothing does."""
    for each in key.split("/"):
        thing = thing.get(each) if isinstance(thing, dict) else None
    return thing


def _said(value: Any, col: Col) -> str:
    if isinstance(value, bool):
        return _YES_NO[value == (col.form == "not")]
    if isinstance(value, list):
        return " ".join(value)
    return str(value)


class _Lists:
    """Lists of words by name; the same words under the same ids are one list."""

    def __init__(self) -> None:
        self._lists: dict[str, Tree] = {}
        self._names: dict[str, str] = {}

    def keep(self, name: str, words: Tree) -> None:
        self._lists[name] = words

    def name(self, words: Tree, wanted: str) -> str:
        """Under which name the list stands; `wanted` when it is new and the name is free."""
        said = repr(list(words.items()))
        if said not in self._names:
            name, number = wanted, 2
            while name in self._lists or name in LISTS:
                name, number = f"{wanted}-{number}", number + 1
            self._names[said] = name
            self._lists[name] = words
        return self._names[said]

    def rows(self) -> Iterator[Cells]:
        for name, words in self._lists.items():
            for id, each in words.items():
                texts = each if isinstance(each, dict) else {"zh": each}
                ok = {} if texts.get("ok", True) else {"ok": "no"}
                labels = {f"label::{called}": texts.get(lang, "") for lang, called in LANGUAGES.items()}
                yield {"list_name": name, "name": id, **labels, **ok}


# -- the workbook --------------------------------------------------------------------------------


class _Press:
    """Writes the sheets: headings with their comments, what they mean below, drop-downs, the things."""

    def __init__(self, book: Any, rows: Mapping[str, list[Cells]]) -> None:
        self._book = book
        self._rows = rows
        self._head = book.add_format({"bold": True, "font_color": "#ffffff", "bg_color": "#1f4e79", "border": 1})
        self._needed = book.add_format({"bold": True, "font_color": "#ffffff", "bg_color": "#9c2a00", "border": 1})
        self._soft = book.add_format(
            {"italic": True, "font_color": "#555555", "bg_color": "#eef3f8", "text_wrap": True, "valign": "top"}
        )
        self._plain = book.add_format({"num_format": "@", "valign": "top"})
        self._bold = book.add_format({"bold": True})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})

    def all(self) -> None:
        self._readme()
        pages = {sheet.name: self._book.add_worksheet(sheet.title) for sheet in SHEETS}
        allowed = self._allowed()
        for sheet in SHEETS:
            self._sheet(sheet, pages[sheet.name], allowed)

    def _readme(self) -> None:
        page = self._book.add_worksheet(f"{README} {say('zh', 'plan_book.readme')}")
        page.set_column(0, 0, 26)
        page.set_column(1, 2, 62, self._wrap)
        for row, key in enumerate(("about_1", "about_2", "about_3", "about_4", "about_5", "about_6")):
            for place, lang in enumerate(LANGUAGES):
                page.write_string(row, place + 1, say(lang, f"plan_book.{key}"), self._wrap)
        start = 8
        for row, sheet in enumerate(SHEETS, start):
            page.write_url(row, 0, f"internal:'{sheet.title}'!A1", string=sheet.title)
            for place, lang in enumerate(LANGUAGES):
                page.write_string(row, place + 1, say(lang, f"plan_book.s_{sheet.name}"), self._wrap)

    def _allowed(self) -> dict[tuple[str, ...], str]:
        """A sheet with every choice of a word, and where each stands, for the drop-downs."""
        title = f"{ALLOWED} {say('zh', 'plan_book.lists')}"
        page = self._book.add_worksheet(title)
        page.set_column(0, 60, 16)
        found: dict[tuple[str, ...], str] = {}
        for sheet in SHEETS:
            for col in sheet.columns:
                words = col.allowed or (_YES_NO if col.form in ("yes", "not") else ())
                if words and words not in found:
                    column = len(found)
                    page.write_string(0, column, f"{sheet.name} {col.heading}", self._bold)
                    for row, word in enumerate(words, 1):
                        page.write_string(row, column, word)
                    letter = _letters(column)
                    found[words] = f"='{title}'!${letter}$2:${letter}${len(words) + 1}"
        page.freeze_panes(1, 0)
        return found

    def _sheet(self, sheet: Sheet, page: Any, allowed: Mapping[tuple[str, ...], str]) -> None:
        rows = self._rows[sheet.name]
        columns = [(heading, col) for col in sheet.columns for heading in col.headings]
        last = FIRST_ROW + len(rows) + SPARE_ROWS
        for place, (heading, col) in enumerate(columns):
            page.write_string(0, place, heading, self._needed if col.needed else self._head)
            page.write_comment(0, place, self._comment(sheet, col), {"x_scale": 2.2, "y_scale": 1.6})
            mark = "# " if place == 0 else ""
            page.write_string(1, place, mark + _short(sheet, col), self._soft)
            page.set_column(place, place, _WIDTHS.get(col.form, 13), self._plain)
            self._drop_down(sheet, page, place, col, last, allowed)
        page.set_row(1, 30)
        page.ignore_errors({"number_stored_as_text": f"A1:{_letters(len(columns) - 1)}{last}"})
        page.freeze_panes(2, 1 + len(sheet.keys[:-1]) if sheet.keys else 1)
        for row, cells in enumerate(rows, 2):
            for place, (heading, _) in enumerate(columns):
                if value := cells.get(heading):
                    page.write_string(row, place, value, self._plain)

    def _comment(self, sheet: Sheet, col: Col) -> str:
        """What the column is, in both languages; with the words that it may hold."""
        lines = [meaning(lang, sheet, col) for lang in LANGUAGES]
        words = col.allowed or (_YES_NO if col.form in ("yes", "not") else ())
        return "\n".join([*lines, " ".join(words)] if words else lines)

    def _drop_down(
        self, sheet: Sheet, page: Any, place: int, col: Col, last: int, allowed: Mapping[tuple[str, ...], str]
    ) -> None:
        words = col.allowed or (_YES_NO if col.form in ("yes", "not") else ())
        source = allowed.get(words) if words else self._names(col)
        if source is None:
            return
        strict = col.form not in ("list",) and not col.refers
        page.data_validation(
            FIRST_ROW - 1,
            place,
            last,
            place,
            {
                "validate": "list",
                "source": source,
                "show_error": strict,
                "error_title": col.heading,
                "error_message": "\n".join(say(lang, "plan_book.choose") for lang in LANGUAGES),
            },
        )

    def _names(self, col: Col) -> str | None:
        """The names on the sheet that a column refers to, with room for more."""
        if not col.refers:
            return None
        other = BY_NAME[col.refers]
        heading = "list_name" if col.refers == CHOICES else "name"
        headings = [each for col in other.columns for each in col.headings]
        letter = _letters(headings.index(heading))
        last = FIRST_ROW + len(self._rows[other.name]) + SPARE_ROWS
        return f"='{other.title}'!${letter}${FIRST_ROW}:${letter}${last}"


def _short(sheet: Sheet, col: Col) -> str:
    """What stands before the colon: a few words in each language."""
    zh, en = (meaning(lang, sheet, col).partition(":")[0] for lang in LANGUAGES)
    return f"{zh} / {en}"


def _letters(column: int) -> str:
    """`A` of 0, `AB` of 27."""
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)
