"""Pictures of the terminal, Chinese on the cell grid: for looking at a screen before calling it done, for the README.

    python -m tests.picture --keys '<wait:Q:>1<enter><shot:round.png>*' --out menu.png -- watchbook demo

A script is what is typed, with these between: `<enter>` `<back>` `<esc>` `<up>` `<down>` `<left>` `<right>`
`<tab>` `<f1>` to `<f6>`, `<wait:TEXT>` until TEXT stands on the screen, `<pause:SECONDS>`, `<scan:CODE>` as a
hand scanner types it, `<shot:FILE>` for a picture on the way. Fonts: packages fonts-dejavu-core and fonts-noto-cjk.
"""

import argparse
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

import pyte
from PIL import Image, ImageDraw, ImageFont

from tests.pty import Pty, halves

CELL: Final = (11, 22)
"""Pixels of one cell, as drawn at scale 1."""
MONO: Final = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono{}.ttf"
CJK: Final = "/usr/share/fonts/opentype/noto/NotoSansCJK-{}.ttc"
SIMPLIFIED: Final = 2
"""Face of the Noto collection with the mainland's shapes."""
FRONT, BACK = "e5e5e5", "000000"
NAMED: Final = {
    "black": "000000", "red": "cd0000", "green": "00cd00", "brown": "cdcd00",
    "blue": "0000ee", "magenta": "cd00cd", "cyan": "00cdcd", "white": "e5e5e5",
    "brightblack": "7f7f7f", "brightred": "ff0000", "brightgreen": "00ff00", "brightbrown": "ffff00",
    "brightblue": "5c5cff", "brightmagenta": "ff00ff", "brightcyan": "00ffff", "brightwhite": "ffffff",
}  # fmt: skip
"""pyte's names in xterm's colours."""
KEYS: Final = {
    "enter": "\r", "back": "\x7f", "esc": "\x1b", "tab": "\t",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
    "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~", "f6": "\x1b[17~",
}  # fmt: skip
HALVES: Final = {"\u2580": (0, 1), "\u2584": (1, 2), "\u2588": (0, 2)}
"""Blocks that fill a cell from one half's edge to another's, without the font's gaps: as terminals draw them."""
STEP: Final = re.compile(r"<(?P<name>[a-z0-9]+)(?::(?P<what>[^>]*))?>|(?P<typed>.)", re.DOTALL)


def png(screen: pyte.Screen, path: Path, scale: int = 2) -> None:
    """Draw `screen` to `path` as a PNG, `scale` times 11 by 22 pixels a cell."""
    width, height = CELL[0] * scale, CELL[1] * scale
    picture = Image.new("RGB", (screen.columns * width, screen.lines * height), f"#{BACK}")
    draw = ImageDraw.Draw(picture)
    for y in range(screen.lines):
        for x, cell, wide in halves(screen, y):
            _cell(draw, cell, (x * width, y * height, width * (1 + wide), height), wide, scale)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, optimize=True)


def play(pty: Pty, script: str, folder: Path = Path()) -> list[Path]:
    """Do what `script` says; the pictures it took, in `folder`. Raises ValueError for an unknown step."""
    shots: list[Path] = []
    for step in STEP.finditer(script):
        name, what = step["name"], step["what"] or ""
        if name == "wait":
            pty.wait_for(what, 30)
        elif name == "pause":
            pty.watch(float(what))
        elif name == "shot":
            png(pty.screen, folder / what)
            shots.append(folder / what)
        elif name == "scan":
            pty.send(what + "\r")
            pty.watch(0.5)  # what a code has brought up takes no keys at first
        elif name is not None and name not in KEYS:
            raise ValueError(f"no such step: {step[0]}")
        else:
            pty.send(KEYS[name] if name else step["typed"])
        pty.settle(0.15)
    return shots


def _cell(
    draw: ImageDraw.ImageDraw, cell: pyte.screens.Char, box: tuple[int, int, int, int], wide: bool, scale: int
) -> None:
    """One character in its box (left, top, width, height)."""
    left, top, width, height = box
    front, back = _colour(cell.fg, FRONT), _colour(cell.bg, BACK)
    if cell.reverse:
        front, back = back, front
    draw.rectangle((left, top, left + width - 1, top + height - 1), fill=back)
    if cell.underscore:
        draw.line((left, top + height - 2, left + width - 1, top + height - 2), fill=front, width=scale)
    if cell.data in HALVES:
        upper, lower = HALVES[cell.data]
        draw.rectangle((left, top + height * upper // 2, left + width - 1, top + height * lower // 2 - 1), fill=front)
    elif cell.data.strip():
        lift = -scale if wide else scale
        middle = (left + width / 2, top + height / 2 + lift)
        draw.text(middle, cell.data, font=_font(bool(cell.bold), wide, scale), fill=front, anchor="mm")


def _colour(name: str, default: str) -> str:
    return "#" + (default if name == "default" else NAMED.get(name, name))


@lru_cache
def _font(bold: bool, wide: bool, scale: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of a cell; Pillow's own, without Chinese, where the packages are missing."""
    try:
        if wide:
            return ImageFont.truetype(CJK.format("Bold" if bold else "Regular"), 20 * scale, index=SIMPLIFIED)
        return ImageFont.truetype(MONO.format("-Bold" if bold else ""), 18 * scale)
    except OSError:
        return ImageFont.load_default(18 * scale)


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of a terminal program.")
    parser.add_argument("--cols", type=int, default=40)
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--keys", default="", help="the script; see the module")
    parser.add_argument("--out", type=Path, required=True, help="the picture at the end; others go beside it")
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("argv", nargs="+", metavar="PROGRAM")
    given = parser.parse_args()
    with Pty(given.argv, given.cols, given.rows) as pty:
        pty.settle(0.5, 10)
        shots = play(pty, given.keys, given.out.parent)
        png(pty.screen, given.out, given.scale)
    for path in (*shots, given.out):
        print(path)


if __name__ == "__main__":
    main()
