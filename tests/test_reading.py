"""`watchbook read` as a fitter and a program meet it: real processes, real pictures."""

import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # it ships no types

from app import codes
from sync.office.trials import FIELDS, draw
from tests.hardware.labels_seen import View, code, seen, several, worn
from tests.test_commands import watchbook

LABEL = codes.make(3, b"0123456789")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    seen(code(LABEL), View(turned=20, blur=0.8, noise=6)).save(tmp_path / "label.jpg")
    several([code("ONE"), code("TWO")], View()).save(tmp_path / "two.png")
    Image.new("L", (200, 200), 255).save(tmp_path / "bare.png")
    (tmp_path / "note.txt").write_text("no picture")
    return tmp_path


def test_a_line_for_each_picture_in_order(album: Path) -> None:
    names = [str(album / name) for name in ("two.png", "note.txt", "bare.png", "label.jpg", "missing.png")]
    done = watchbook("read", "--json", "--lang", "en", *names)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["image"] for line in lines] == names
    assert [{code["text"] for code in line["codes"]} for line in lines] == [
        {"ONE", "TWO"},
        set(),
        set(),
        {LABEL},
        set(),
    ]
    assert [line.get("error") for line in lines] == [
        None, "not a picture, or of a kind that is not read here", None, None, "no such file"
    ]  # fmt: skip
    (label,) = lines[3]["codes"]
    assert label["format"] == "QR Code"
    assert label["health"] > 80
    assert len(label["corners"]) == 4
    assert done.returncode == 1
    assert done.stderr.count("\n") == 2


def test_pictures_without_a_code_are_no_failure(album: Path) -> None:
    done = watchbook("read", str(album / "bare.png"), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"image": str(album / "bare.png"), "codes": []}


@pytest.mark.parametrize(
    ("lang", "none", "worn_out"), [("zh", "没有找到码", "建议重印"), ("en", "no code found", "print it anew")]
)
def test_a_person_reads_the_text_and_how_worn_the_label_is(album: Path, lang: str, none: str, worn_out: str) -> None:
    worn(code(LABEL), 0.075).resize((330, 330), Image.Resampling.NEAREST).save(album / "worn.png")
    done = watchbook("read", "--lang", lang, *(str(album / name) for name in ("label.jpg", "bare.png", "worn.png")))
    first, second, third = done.stdout.splitlines()
    assert LABEL in first
    assert worn_out not in first
    assert none in second
    assert LABEL in third
    assert worn_out in third
    assert done.returncode == 0


def test_a_photo_of_the_test_sheet_says_which_fields_it_reads(tmp_path: Path) -> None:
    """A picture of the sheet at 200 dpi, a little out of focus: all but the finest field."""
    sheet = PdfDocument(draw("en", "2026-11-22").pdf)[0].render(scale=200 / 72).to_pil()
    sheet.filter(ImageFilter.GaussianBlur(1)).save(tmp_path / "sheet.jpg")
    shown = watchbook("read", "--lang", "en", str(tmp_path / "sheet.jpg")).stdout
    read = {field.number for field in FIELDS if f"field {field.number} of the test sheet" in shown}
    assert {1, 2, 3, 4, 6, 7, 8, 9} <= read
    left = {field: int(re.search(rf"(\d+)%.*field {field} ", shown)[1]) for field in (2, 6)}  # type: ignore[index]
    assert left[6] < left[2]


def test_a_code_cannot_command_the_terminal(album: Path) -> None:
    code("\x1b[2J\x1b]0;owned\x07 \u202eabc".encode()).resize((300, 300)).save(album / "evil.png")
    shown = watchbook("read", str(album / "evil.png")).stdout
    assert "owned" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    told = json.loads(watchbook("read", str(album / "evil.png"), "--json").stdout)
    assert told["codes"][0]["text"] == "\x1b[2J\x1b]0;owned\x07 \u202eabc", "a program gets it as it is"


def test_a_name_in_another_character_set_stands_in_the_answer(album: Path) -> None:
    strange = os.fsencode(album) + b"/\xb1\xea.png"
    os.rename(os.fsencode(album / "two.png"), strange)
    done = watchbook("read", "--json", os.fsdecode(strange))
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["codes"]) == 2
