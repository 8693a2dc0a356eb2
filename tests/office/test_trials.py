"""The fitter's test sheet on paper: every field reads where it says it is, and whoever prints labels may have it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # it ships no types

from app import codes
from app.words import say
from sync.office import trials
from sync.office.readback import SheetUnreadable, must_read
from tests.office.conftest import Office
from tests.office.test_cli import Done, folder, run
from tests.office.test_labels import render

__all__ = ["folder", "run"]
KINDS = {8: zxingcpp.BarcodeFormat.DataMatrix, 9: zxingcpp.BarcodeFormat.Code128}


def test_each_field_is_of_the_kind_and_size_it_says(run: Callable[..., Done], tmp_path: Path) -> None:
    done = run("labels", "--test", "-o", str(tmp_path / "test.pdf"), "--lang", "en")
    assert done.code == 0
    assert "every field read back" in done.out
    pdf = (tmp_path / "test.pdf").read_bytes()
    found = {codes.trial_field(each.text): each for each in zxingcpp.read_barcodes(render(pdf, 0, 300))}
    assert sorted(found, key=str) == [field.number for field in sorted(trials.FIELDS, key=lambda one: one.number)]
    for field in trials.FIELDS:
        each = found[field.number]
        assert each.format == KINDS.get(field.number, zxingcpp.BarcodeFormat.QRCode)
        corners = each.position
        side = (corners.top_right.x - corners.top_left.x) / 300 * 25.4
        modules = {8: 20, 9: 288, 7: 29}.get(field.number, 25)
        assert side == pytest.approx(modules * field.module, rel=0.06, abs=0.4)
    words = re.sub(r"\s", "", PdfDocument(pdf)[0].get_textpage().get_text_range())
    for name in ("how", "no_answer", "late", "unread", "too_fine", "no_makers", "dark"):
        assert re.sub(r"\s", "", say("en", f"trial.{name}")) in words


def test_the_spoilt_field_has_lost_so_much_that_a_camera_would_ask_for_a_new_print() -> None:
    pdf = trials.draw("zh", "2026-11-22").pdf
    found: Any = zxingcpp.read_barcodes(render(pdf, 0, 300))
    extra = {codes.trial_field(each.text): float((each.extra or {}).get("UEC", 0)) for each in found}
    assert extra[2] == 1.0
    assert 0.2 < extra[6] < 0.8


def test_a_sheet_that_does_not_read_is_no_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    dirt = trials.Field(6, "spoilt", (12, 117), 62, 1.04, spoilt=(range(25), range(8, 16)))
    monkeypatch.setattr(trials, "FIELDS", tuple(dirt if each.number == 6 else each for each in trials.FIELDS))
    with pytest.raises(SheetUnreadable):
        trials.draw("zh", "2026-11-22")


def test_the_same_day_gives_the_same_sheet_and_a_site_is_needed_only_for_labels(run: Callable[..., Done]) -> None:
    sheet = trials.draw("zh", "2026-11-22")
    must_read(sheet)
    assert trials.draw("zh", "2026-11-22").pdf == sheet.pdf
    for args in (("labels",), ("labels", "--test")):
        refused = run(*args, "--lang", "en")
        assert (refused.code, refused.err.count("\n")) == (1, 1)
        assert "-o LABELS.pdf" in refused.err


def test_a_supervisor_gets_it_from_the_page_and_others_do_not(office: Office) -> None:
    office.account()
    office.account("desk", "desk")
    browser = office.browser()
    page = browser.get("/labels", params={"lang": "en"}).text
    assert '<a href="/labels/test.pdf">Test sheet for scanners (PDF)</a>' in page
    answer = browser.get("/labels/test.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert len(zxingcpp.read_barcodes(render(answer.content, 0, 150))) == len(trials.FIELDS)
    assert office.browser("desk").get("/labels/test.pdf").status_code == 403
    assert office.stranger().get("/labels/test.pdf").status_code == 303
