"""A plan as the rows of its workbook: what stands in each cell, sheet by sheet, and the lists that rows share."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.duties.site import TAG_FORMATS, Person, Plan, Text
from sync.office.plan_sheets import CHOICES, LANGUAGES, LISTS, SHEETS, TAG_OWN, Col, Sheet
from sync.office.plan_tree import Tree, tree_of

YES_NO: Final = ("yes", "no")
Cells = dict[str, str]
"""One row: by heading."""


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
        return YES_NO[value == (col.form == "not")]
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
