"""The pictures we judge screens by: every sign in its cells, in its colours."""

import sys
from pathlib import Path

import pyte
import pytest
from PIL import Image

from tests.picture import CELL, play, png
from tests.pty import Pty

WIDTH, HEIGHT = CELL


def drawn(text: str, folder: Path) -> Image.Image:
    """`text` on a terminal of 8 by 2, as a picture."""
    screen = pyte.Screen(8, 2)
    pyte.Stream(screen).feed(text)
    png(screen, folder / "p.png", scale=1)
    return Image.open(folder / "p.png")


def colours(picture: Image.Image, column: int, columns: int = 1) -> set[tuple[int, ...]]:
    """Colours within cells of the first row."""
    box = picture.crop((column * WIDTH, 0, (column + columns) * WIDTH, HEIGHT))
    return {pixel for _, pixel in box.getcolors(10_000) or [] if isinstance(pixel, tuple)}


def test_a_chinese_sign_takes_two_cells_and_the_next_one_keeps_its_column(tmp_path: Path) -> None:
    picture = drawn("\x1b[38;2;255;0;0m东\x1b[38;2;0;0;255mI", tmp_path)
    assert picture.size == (8 * WIDTH, 2 * HEIGHT)
    assert any(red > 200 for red, _, _ in colours(picture, 0, 2))
    assert all(red == 0 for red, _, _ in colours(picture, 2))
    assert any(blue > 200 for _, _, blue in colours(picture, 2))
    assert colours(picture, 3, 5) == {(0, 0, 0)}


def test_half_a_chinese_sign_that_was_painted_over_is_blank(tmp_path: Path) -> None:
    picture = drawn("东门\x1b[1;1Hx", tmp_path)
    assert colours(picture, 1) == {(0, 0, 0)}
    with Pty(["printf", "东门\\033[1;1Hx"]) as pty:
        pty.exit_code()
        assert pty.lines[0] == "x 门"


def test_backgrounds_fill_their_cells_and_reverse_is_reversed(tmp_path: Path) -> None:
    picture = drawn("\x1b[48;2;0;187;0m \x1b[0m\x1b[7;38;2;255;136;0m \x1b[0m", tmp_path)
    assert colours(picture, 0) == {(0, 187, 0)}
    assert colours(picture, 1) == {(255, 136, 0)}


def test_a_script_presses_keys_waits_and_takes_pictures(tmp_path: Path) -> None:
    with Pty([sys.executable, "-m", "tests.platform.program"]) as pty:
        shots = play(pty, "<wait:ready>5<wait:key 5.><shot:five.png><f4><wait:key f4.>", tmp_path)
        assert [shot.name for shot in shots] == ["five.png"]
        assert Image.open(shots[0]).size == (40 * WIDTH * 2, 20 * HEIGHT * 2)
        with pytest.raises(ValueError, match="<nap>"):
            play(pty, "<nap>")
