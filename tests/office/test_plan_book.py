"""A plan as a workbook: it says what the file says, it takes what people do in Excel, and each fault names its cell.

`UPDATE_EXAMPLES=1 python -m pytest tests/office/test_plan_book.py` writes the example workbook anew.
"""

import os
import zipfile
from collections.abc import Callable
from datetime import date, time
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from app.duties import provisions, site
from app.duties.site import Plan
from app.words.plan_book import TABLE
from sync.office.plan_export import to_xlsx, to_yaml
from sync.office.plan_faults import Fault
from sync.office.plan_sheets import BY_NAME, LISTS, SHEETS, word_meaning
from sync.office.plans import open_file, read_joining, read_people, read_plan
from sync.office.workbook import read_workbook
from tests.office.plan_made import plans

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("cuihu-garden", "lanyue-tower", "xinghe-dorm")
SHIPPED = EXAMPLES / "cuihu-garden.xlsx"
STRUCTS = {
    "areas": site.Area,
    "points": site.Point,
    "assets": site.Asset,
    "posts": site.Post,
    "items": provisions.Item,
    "checklists": site.Checklist,
    "checks": site.Check,
    "score_items": site.ScoreItem,
    "deductions": site.Deduction,
    "routes": site.Route,
    "stops": site.Stop,
    "schedules": site.Schedule,
    "teams": site.WorkTeam,
    "categories": site.Category,
    "registers": provisions.Register,
    "columns": provisions.Column,
    "procedures": provisions.Procedure,
    "procedure_teams": provisions.Team,
    "steps": provisions.Step,
    "materials": provisions.Material,
    "contacts": provisions.Contact,
    "supplies": provisions.Supply,
    "surveys": provisions.Survey,
    "fittings": provisions.Fitting,
    "targets": site.Target,
    "tag_rules": site.TagRule,
    "tags": site.Tag,
}


@cache
def example(name: str) -> Plan:
    plan, faults = read_plan(EXAMPLES / f"{name}.yaml")
    assert plan is not None, faults
    return plan


@cache
def small() -> bytes:
    people, _ = read_people(EXAMPLES / "lanyue-tower.people.yaml")
    assert people is not None
    return to_xlsx(example("lanyue-tower"), {person.id: person for person in people.people})


def book(change: Callable[[Any], None]) -> bytes:
    """The small example as somebody changed it with another program."""
    opened = openpyxl.load_workbook(BytesIO(small()))
    change(opened)
    kept = BytesIO()
    opened.save(kept)
    return kept.getvalue()


def sheet(opened: Any, name: str) -> Any:
    return opened[BY_NAME[name].title]


def column(page: Any, heading: str) -> int:
    return int(next(cell.column for cell in page[1] if cell.value == heading))


def cell(opened: Any, name: str, heading: str, row: int = 3) -> Any:
    page = sheet(opened, name)
    return page.cell(row, column(page, heading))


def errors(raw: bytes) -> list[Fault]:
    return [fault for fault in read_plan(raw, file="plan.xlsx").faults if not fault.warning]


@pytest.mark.parametrize("name", [NAMES[0], *(pytest.param(name, marks=pytest.mark.proof) for name in NAMES[1:])])
def test_what_the_file_says_the_workbook_and_the_file_written_anew_say(name: str) -> None:
    plan = example(name)
    for raw in (to_yaml(plan), to_xlsx(plan)):
        assert read_plan(raw) == (plan, ())


@pytest.mark.proof
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans())
def test_any_plan_comes_back_from_its_file_and_its_workbook(plan: Plan) -> None:
    for raw in (to_yaml(plan), to_xlsx(plan)):
        found, faults = read_plan(raw)
        assert found == plan, [fault.say("en") for fault in faults]


def test_a_name_with_control_characters_leaves_a_workbook_that_opens() -> None:
    plan = example("lanyue-tower")
    odd = replace(plan, site=replace(plan.site, name=site.Text("蓝\x0b岳\x00")))
    assert openpyxl.load_workbook(BytesIO(to_xlsx(odd))).properties.title == "蓝�岳�"


def test_every_member_of_a_plan_has_its_column_or_its_sheet() -> None:
    """Who adds a key to the form adds it to the workbook."""
    for name, struct in STRUCTS.items():
        here = BY_NAME[name]
        keys = {col.key.partition("/")[0] for col in here.columns if col.key}
        sheets = {each.under[-1] for each in SHEETS if each.under and each.under[:-1] == here.under}
        assert {*struct.__struct_fields__} - keys - sheets <= {"id"}, name
    sections = {*Plan.__struct_fields__} - {"grants", "revision", "effective", "effective_at", "site", *LISTS}
    assert sections <= {each.under[0] for each in SHEETS if each.under}
    assert {*site.Site.__struct_fields__} <= {col.key.split("/")[1] for col in BY_NAME["site"].cols if "/" in col.key}


def test_every_sheet_and_column_says_what_it_is_in_both_languages() -> None:
    for each in SHEETS:
        assert {each.name, f"s_{each.name}"} <= TABLE.keys()
        for col in each.columns:
            assert f"c_{each.name}_{col.heading}" in TABLE or f"c_{col.heading}" in TABLE, (each.name, col.heading)
            for word in col.allowed if each.name != "tags" else ():
                assert word_meaning("zh", each, col, word), (each.name, word)


@pytest.mark.proof
def test_people_see_frozen_headings_with_comments_drop_downs_and_no_formula() -> None:
    """As another program reads it."""
    opened = openpyxl.load_workbook(BytesIO(small()))
    points, stops = sheet(opened, "points"), sheet(opened, "stops")
    assert [each.value for each in points[1]][:4] == ["name", "label::中文", "label::English", "area"]
    assert points.freeze_panes == "B3"
    comment = cell(opened, "points", "grade", 1).comment.text
    assert "到位证据" in comment
    assert "weakest" in comment
    lists = {str(each.sqref).split(":")[0]: each.formula1 for each in points.data_validations.dataValidation}
    assert lists["D3"].startswith(f"'{BY_NAME['areas'].title}'!$A$3:$A$")
    assert any("stops" not in formula for formula in lists.values())
    assert {each.type for each in stops.data_validations.dataValidation} == {"list"}
    assert all(each.data_type != "f" for page in opened for row in page.iter_rows() for each in row)


def test_what_people_do_in_a_sheet_is_understood() -> None:
    """Numbers as numbers, dates and times as such cells, full width, blanks, merged cells, remarks, other sheets."""

    def change(opened: Any) -> None:
        schedule = sheet(opened, "schedules")
        for row in range(3, schedule.max_row + 1):
            start, begins = cell(opened, "schedules", "start", row), cell(opened, "schedules", "begins", row)
            minutes = cell(opened, "schedules", "minutes", row)
            start.value, start.number_format = time.fromisoformat(start.value), "h:mm"
            begins.value, begins.number_format = date.fromisoformat(begins.value), "yyyy/m/d"
            minutes.value = int(minutes.value)
        cell(opened, "schedules", "start").value = "２２：００" if start_of() == "22:00" else f" {start_of()} "
        code = cell(opened, "points", "code")
        code.value, code.number_format = int(code.value), "0000"
        cell(opened, "points", "label::中文").value += "\u3000 "
        cell(opened, "points", "printed_label").value = True
        cell(opened, "site", "effective").value = "2026年11月1日"
        stops = sheet(opened, "stops")
        first = stops["A3"].value
        last = max(row for row in range(3, 20) if stops.cell(row, 1).value == first)
        for row in range(4, last + 1):
            stops.cell(row, 1).value = None
        stops.merge_cells(f"A3:A{last}")
        sheet(opened, "areas").insert_rows(3)
        sheet(opened, "areas")["A3"] = "# 网格2026年重划"
        sheet(opened, "routes").row_dimensions[3].hidden = True
        sheet(opened, "points").cell(1, 40).value = "谁量的"
        opened.create_sheet("草稿")["A1"] = "想一想"
        sheet(opened, "people")["H1048576"].number_format = "0"

    def start_of() -> str:
        return example("lanyue-tower").schedules[0].start

    plan, faults = read_plan(book(change))
    assert plan == example("lanyue-tower"), [fault.say("en") for fault in faults]
    told = {(fault.key, fault.sheet.partition(" ")[0], fault.cell) for fault in faults}
    assert told == {
        ("plan_book.hidden_row", "routes", "3"),
        ("plan_book.extra_column", "points", "AN1"),
        ("plan_book.extra_sheet", "草稿", ""),
    }


@pytest.mark.proof
def test_a_form_brought_from_xlsform_keeps_its_constraint() -> None:
    def change(opened: Any) -> None:
        page = sheet(opened, "checks")
        low, high = column(page, "low"), column(page, "high")
        page.cell(1, page.max_column + 1).value = "constraint"
        last = page.max_column
        for row in range(3, page.max_row + 1):
            bounds = [(">=", page.cell(row, low).value), ("<=", page.cell(row, high).value)]
            page.cell(row, last).value = " and ".join(f". {sign} {value}" for sign, value in bounds if value) or None
            page.cell(row, low).value = page.cell(row, high).value = None

    assert read_plan(book(change))[0] == example("lanyue-tower")


def spoilt(opened: Any) -> None:
    """A fault of each kind, each in a place of its own."""
    for name, heading, row, value in SPOILT:
        cell(opened, name, heading, row).value = value
    cell(opened, "points", "code", 5).value = cell(opened, "points", "code", 6).value
    row = sheet(opened, "routes").max_row + 1
    new = {"name": "new", "label::中文": "新", "type": "patrol", "order": "free", "roles": "guard"}
    for heading, value in new.items():
        cell(opened, "routes", heading, row).value = value


SPOILT: tuple[tuple[str, str, int, Any], ...] = (
    ("site", "name", 4, "other"),
    ("areas", "name", 5, "podium"),
    ("points", "name", 3, "East Gate"),
    ("points", "area", 4, "towr"),
    ("points", "grade", 5, "nears"),
    ("points", "area", 7, None),
    ("points", "code", 8, "=A1"),
    ("points", "code", 9, "#N/A"),
    ("schedules", "start", 3, "25:00"),
    ("schedules", "minutes", 4, 1.5),
    ("schedules", "until", 5, "2026-02-30"),
    ("stops", "route", 3, "nigth-1"),
    ("categories", "phrases", 3, "exit-block"),
)
TOLD = (
    ("plan_book.one_row", "site", "A4"),
    ("plans.duplicate_key", "areas", "A5"),
    ("plans.bad_id", "points", "A3"),
    ("plans.unknown_areas_near", "points", "D4"),
    ("plans.not_one_of_near", "points", "J5"),
    ("plans.same_code", "points", "K6"),
    ("plan_book.missing_cell", "points", "D7"),
    ("plan_book.formula", "points", "K8"),
    ("plan_book.cell_error", "points", "K9"),
    ("plan_book.missing_rows", "routes", "A10"),
    ("plan_book.no_parent_near", "stops", "A3"),
    ("plans.bad_time", "schedules", "F3"),
    ("plans.bad_int", "schedules", "G4"),
    ("plans.no_such_day", "schedules", "I5"),
    ("plan_book.no_list_near", "categories", "E3"),
)


def test_every_fault_is_told_at_once_with_its_sheet_and_cell_and_in_the_order_of_the_sheets() -> None:
    found = errors(book(spoilt))
    told = [(fault.key, fault.sheet.partition(" ")[0], fault.cell) for fault in found]
    assert [each for each in told if each in TOLD] == list(TOLD)
    for fault in found:
        for lang in ("zh", "en"):
            assert fault.say(lang).startswith(f"plan.xlsx {fault.sheet}!{fault.cell}")
            assert "{" not in fault.say(lang)
    same = next(fault for fault in found if fault.key == "plans.same_code")
    assert f"{BY_NAME['points'].title}!K5" in same.say("zh")


@pytest.mark.proof
def test_sheets_and_columns_that_are_missing_are_told() -> None:
    def change(opened: Any) -> None:
        opened.remove(sheet(opened, "schedules"))
        cell(opened, "points", "area", 1).value = "Gebiet"
        people = sheet(opened, "people")
        for row in range(3, people.max_row + 1):
            cell(opened, "people", "roles", row).value = None
        opened.copy_worksheet(sheet(opened, "areas")).title = "片区"

    found = {(fault.key, fault.sheet.partition(" ")[0]): fault for fault in errors(book(change))}
    assert "schedules 班次" in found["plan_book.no_sheet", ""].say("en")
    assert {("plan_book.no_column", "points"), ("plan_book.nobody", "people"), ("plan_book.sheet_twice", "片区")} <= {
        *found
    }


# -- files that are no plan ----------------------------------------------------------------------


def parts(change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(BytesIO(small())) as packed:
        held = {name: packed.read(name) for name in packed.namelist()}
    change(held)
    kept = BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in held.items():
            packed.writestr(name, content)
    return kept.getvalue()


def with_first_sheet(content: bytes) -> bytes:
    return parts(lambda held: held.update({"xl/worksheets/sheet1.xml": content}))


def page(body: bytes, head: bytes = b"") -> bytes:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return head + b'<worksheet xmlns="' + space + b'"><sheetData>' + body + b"</sheetData></worksheet>"


ENTITIES = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">]>'
MERGED = (
    b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1000000"><c r="B1000000"><v>1</v></c></row></sheetData>'
    b'<mergeCells><mergeCell ref="A1:A1000000"/></mergeCells><sheetData>'
)
REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "an old or a locked one": ("old_or_locked", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)),
    "no archive": ("broken", lambda: b"PK but not really"),
    "half a file": ("broken", lambda: small()[: len(small()) // 2]),
    "text that is no XML": ("broken", lambda: with_first_sheet(b"<worksheet><row")),
    "entities": ("broken", lambda: with_first_sheet(page(b'<row r="1"><c r="A1"><v>1</v></c></row>', ENTITIES))),
    "a bomb": ("bomb", lambda: with_first_sheet(page(b"<!--" + bytes(60_000_000).replace(b"\0", b" ") + b"-->"))),
    "merged to the last row": ("many_cells", lambda: with_first_sheet(page(MERGED))),
    "macros": ("macros", lambda: parts(lambda held: held.update({"xl/vbaProject.bin": b"x"}))),
    "an archive of something else": ("no_workbook", lambda: parts(nothing_known)),
    "a workbook of something else": ("no_plan", lambda: parts(other_sheets)),
    "too large a file": ("too_large", lambda: b"PK" + bytes(9_000_000)),
    "a password": ("old_or_locked", lambda: locked(small())),
}


def nothing_known(held: dict[str, bytes]) -> None:
    held.clear()
    held["a"] = b"b"


def other_sheets(held: dict[str, bytes]) -> None:
    held["xl/workbook.xml"] = held["xl/workbook.xml"].replace(b'<sheet name="', b'<sheet name="x')


def locked(raw: bytes) -> bytes:
    """Every entry says that it is encrypted (bit 0 of its flags), here and in the directory."""
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        pieces = raw.split(mark)
        raw = mark.join([pieces[0], *(_flagged(piece, place - 4) for piece in pieces[1:])])
    return raw


def _flagged(piece: bytes, place: int) -> bytes:
    return piece[:place] + bytes([piece[place] | 1]) + piece[place + 1 :]


@pytest.mark.parametrize(("key", "made"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_no_plan_is_one_sentence(key: str, made: Callable[[], bytes]) -> None:
    plan, faults = read_plan(made(), file="plan.xlsx")
    assert plan is None
    assert [fault.key for fault in faults] == [f"plan_book.{key}"]
    assert faults[0].say("zh").startswith("plan.xlsx: ")


@pytest.mark.proof
def test_a_column_coloured_to_its_end_is_read_and_costs_seconds() -> None:
    """A million rows with a style and nothing in them."""
    rows = b"".join(b'<row r="%d"><c r="Z%d" s="1"/></row>' % (row, row) for row in range(4, 1_048_577))

    def change(held: dict[str, bytes]) -> None:
        name = "xl/worksheets/sheet1.xml"
        held[name] = held[name].replace(b"</sheetData>", rows + b"</sheetData>")

    assert read_plan(parts(change))[0] == example("lanyue-tower")


# -- people --------------------------------------------------------------------------------------


@pytest.mark.proof
def test_a_workbook_brings_people_whom_the_office_does_not_know_and_changes_nobody_else() -> None:
    people, _ = read_people(EXAMPLES / "lanyue-tower.people.yaml")
    assert people is not None
    first, *others = people.people
    known = {person.id: person for person in others}

    def change(opened: Any) -> None:
        rows = {
            sheet(opened, "people").cell(row, 1).value: row for row in range(3, sheet(opened, "people").max_row + 1)
        }
        cell(opened, "people", "label::中文", rows[next(iter(known))]).value = "换了名"

    found, faults = read_joining(open_file(book(change)), known)
    assert faults == ()
    assert found is not None
    assert found.people == (first,)
    taken = {**known, "other": site.Person("other", site.Text("别人"), first.number)}
    _, faults = read_joining(open_file(small()), taken)
    assert [(fault.key, fault.cell[0]) for fault in faults] == [("plan_book.number_taken", "D")]


# -- the example that ships ----------------------------------------------------------------------


def test_the_shipped_workbook_is_made_from_the_shipped_plan() -> None:
    people, _ = read_people(EXAMPLES / "cuihu-garden.people.yaml")
    assert people is not None
    made = to_xlsx(example("cuihu-garden"), {person.id: person for person in people.people})
    if os.environ.get("UPDATE_EXAMPLES"):
        SHIPPED.write_bytes(made)
    assert [(each.title, each.cells) for each in read_workbook(SHIPPED.read_bytes())] == [
        (each.title, each.cells) for each in read_workbook(made)
    ], "run it with UPDATE_EXAMPLES=1"
    assert read_plan(SHIPPED, people=people) == (example("cuihu-garden"), ())
    assert made == to_xlsx(example("cuihu-garden"), {person.id: person for person in people.people})
