"""Every paper in every format: a file of its kind, the same again, and no text of a record becomes more than text."""

import io
from collections.abc import Iterator

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pytest
from docx import Document
from openpyxl import load_workbook  # type: ignore[import-untyped]  # it ships no types

from sync.office.papers import NAMES
from sync.office.papers.catalogue import SORTS
from sync.office.papers.press import file_of
from tests.office.conftest import Office, furnished
from tests.office.papers_read import HOSTILE, must_be_harmless, words_of
from tests.office.papers_told import Told, made

pytestmark = pytest.mark.proof


def _scene(tmp_path_factory: pytest.TempPathFactory, words: str) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("papers")
    office = Office(furnished(folder / "office"))
    it = Told(office, folder / "told", words)
    yield it
    it.close()
    office.close()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    yield from _scene(tmp_path_factory, "")


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    yield from _scene(tmp_path_factory, HOSTILE)


@pytest.mark.parametrize("name", NAMES)
def test_every_paper_in_every_format_and_both_languages(told: Told, name: str) -> None:
    """Each is a file of its kind, its hash on every page; the same paper gives the same bytes."""
    for lang in ("zh", "en"):
        whole = made(told, name, lang)
        for form in SORTS[name].formats:
            content = file_of(whole, form)
            assert content == file_of(whole, form), (name, form)
            if form == "pdf":
                with pypdfium2.PdfDocument(content) as document:
                    for page in document:
                        assert whole.made.hash in page.get_textpage().get_text_range().replace("\r\n", "")
                        assert page.get_textpage().count_chars() > 100
            elif form == "xlsx":
                assert whole.made.hash in str(load_workbook(io.BytesIO(content)).worksheets[0]["A3"].value)
            elif form == "docx":
                assert whole.made.hash in Document(io.BytesIO(content)).sections[0].footer.paragraphs[0].text
            else:
                assert content.decode("utf-8-sig").splitlines()[0].endswith(whole.made.hash)


@pytest.mark.parametrize("name", NAMES)
def test_hostile_texts_stay_texts_in_every_format(attacked: Told, name: str) -> None:
    whole = made(attacked, name)
    for form in SORTS[name].formats:
        must_be_harmless(file_of(whole, form), form)


def test_what_hostile_texts_were_is_still_read(attacked: Told) -> None:
    content = file_of(made(attacked, "notice"), "pdf")
    assert "#letx=1$a^2$*b*<script>alert(1)</script>" in words_of(content)
    assert "<U+20000>" in words_of(content)
