"""A plan as a file that people can change and hand in again: YAML, or a workbook with a sheet per subject.

Text is written as text: nothing in a plan becomes a formula, and what is read again is the same plan.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from app.duties.site import Person, Plan
from app.text import cells, clean
from app.words import say
from sync.office.plan_rows import YES_NO, Cells, rows_of
from sync.office.plan_sheets import (
    ALLOWED,
    BY_NAME,
    CHOICES,
    LANGUAGES,
    README,
    SHEETS,
    Col,
    Sheet,
    meaning,
    title,
    word_meaning,
)
from sync.office.plan_tree import tree_of
from sync.office.workbook import MAX_TEXT

FIRST_ROW: Final = 3
"""Of the things; above stand the headings and what they mean."""
_TOLD: Final = 14
"""Words of a column that its comment explains; of more only the sheet of choices does."""
SPARE_ROWS: Final = 500
"""Behind the last thing: so far drop-downs reach."""
TOLD_WIDE: Final = 62
"""Cells of a column with sentences."""
LINE: Final = 15
"""Height of a line, in points."""
A4: Final = 9
"""As the format numbers sheets of paper."""
_WIDTHS: Final = {"text": 26, "list": 28, "line": 20, "word": 16}
_MADE: Final = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Stands in every workbook, so that the same plan gives the same bytes."""


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
        book.set_properties({"title": clean(plan.site.name.say("zh")), "created": _MADE})
        _Press(book, rows).all()
    return kept.getvalue()


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
        _printed(page, 0)
        page.set_column(0, 0, 26)
        page.set_column(1, 2, TOLD_WIDE, self._wrap)
        for row, key in enumerate(("about_1", "about_2", "about_3", "about_4", "about_5", "about_6")):
            self._told(page, row, f"plan_book.{key}")
        start = 8
        for row, sheet in enumerate(SHEETS, start):
            page.write_url(row, 0, f"internal:'{sheet.title}'!A1", string=sheet.title)
            self._told(page, row, f"plan_book.s_{sheet.name}")

    def _told(self, page: Any, row: int, key: str) -> None:
        """A sentence in each language, in a row as high as the longest wants."""
        said = [say(lang, key) for lang in LANGUAGES]
        for place, text in enumerate(said, 1):
            page.write_string(row, place, text, self._wrap)
        page.set_row(row, LINE * max(-(-cells(text) // TOLD_WIDE) for text in said))

    def _allowed(self) -> dict[tuple[str, ...], str]:
        """A sheet with every choice of a word, and where each stands, for the drop-downs."""
        title = f"{ALLOWED} {say('zh', 'plan_book.lists')}"
        page = self._book.add_worksheet(title)
        page.set_column(0, 60, 22)
        found: dict[tuple[str, ...], str] = {}
        for sheet in SHEETS:
            for col in sheet.columns:
                words = col.allowed or (YES_NO if col.form in ("yes", "not") else ())
                if words and words not in found:
                    column = 2 * len(found)
                    page.write_string(0, column, f"{sheet.name} {col.heading}", self._bold)
                    for row, word in enumerate(words, 1):
                        page.write_string(row, column, word)
                        meant = " / ".join(filter(None, (word_meaning(lang, sheet, col, word) for lang in LANGUAGES)))
                        page.write_string(row, column + 1, meant)
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
            page.write_comment(0, place, self._comment(sheet, col), {"x_scale": 2.4, "y_scale": 2})
            mark = "# " if place == 0 else ""
            page.write_string(1, place, mark + _short(sheet, col), self._soft)
            page.set_column(place, place, _WIDTHS.get(col.form, 13), self._plain)
            self._drop_down(sheet, page, place, col, last, allowed)
        page.set_row(1, 30)
        _printed(page, 1)
        page.ignore_errors({"number_stored_as_text": f"A1:{_letters(len(columns) - 1)}{last}"})
        page.freeze_panes(2, 1 + len(sheet.keys[:-1]) if sheet.keys else 1)
        for row, given in enumerate(rows, 2):
            for place, (heading, _) in enumerate(columns):
                if value := given.get(heading):
                    page.write_string(row, place, clean(value, MAX_TEXT), self._plain)

    def _comment(self, sheet: Sheet, col: Col) -> str:
        """What the column is, in both languages; with the words that it may hold."""
        lines = [meaning(lang, sheet, col) for lang in LANGUAGES]
        for word in col.allowed if len(col.allowed) <= _TOLD else ():
            meant = " ".join(word_meaning(lang, sheet, col, word) for lang in LANGUAGES)
            lines.append(f"{word}: {meant}".strip(": "))
        return "\n".join(lines)

    def _drop_down(
        self, sheet: Sheet, page: Any, place: int, col: Col, last: int, allowed: Mapping[tuple[str, ...], str]
    ) -> None:
        words = col.allowed or (YES_NO if col.form in ("yes", "not") else ())
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
    """A few words in each language."""
    zh, en = (title(lang, sheet, col) for lang in LANGUAGES)
    return f"{zh} / {en}"


def _printed(page: Any, headings: int) -> None:
    """On paper it lies on its side, as wide as a sheet, its headings (the rows up to there) on each."""
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0, headings)
    page.set_footer("&L&8&A&R&8&P / &N")


def _letters(column: int) -> str:
    """`A` of 0, `AB` of 27."""
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)
