"""The papers in docs/examples are what the office makes."""

import io
import re

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pytest
from docx import Document
from openpyxl import load_workbook  # type: ignore[import-untyped]  # it ships no types

from app.words import say
from tests.examples import FOLDER, WANTED, names
from tests.office.papers_read import must_be_harmless

HASH = re.compile(r"[0-9a-f]{64}")


def pages_of(name: str) -> list[str]:
    with pypdfium2.PdfDocument((FOLDER / name).read_bytes()) as document:
        return [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in document]


def test_all_of_them_are_there_and_nothing_else() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(names())


@pytest.mark.parametrize(("name", "lang"), [(name, lang) for name, lang, _, _ in WANTED])
def test_each_page_has_its_title_or_its_hash(name: str, lang: str) -> None:
    pages = pages_of(f"{name}-{lang}.pdf")
    assert re.sub(r"\s", "", say(lang, f"papers.name_{name}")) in pages[0]
    assert len({found[0] for page in pages for found in [HASH.findall(page)]}) == 1
    must_be_harmless((FOLDER / f"{name}-{lang}.pdf").read_bytes(), "pdf")


def test_the_month_is_the_same_in_each_format() -> None:
    (digest,) = {found for page in pages_of("month-zh.pdf") for found in HASH.findall(page)}
    footer = Document(str(FOLDER / "month-zh.docx")).sections[0].footer.paragraphs[0].text
    sheets = load_workbook(io.BytesIO((FOLDER / "month-zh.xlsx").read_bytes())).worksheets
    assert digest in footer
    assert all(digest in sheet["A3"].value for sheet in sheets)
    figures = {row[0].value for sheet in sheets for row in sheet.iter_rows()}
    for figure in ("missed", "on-time", "repairs", "satisfied"):
        assert say("zh", f"indicators.name_{figure}") in figures
