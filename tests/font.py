"""The office's font, cut out of Noto Sans CJK SC: `make font`.

Needs the Debian packages fonts-noto-cjk (the outlines) and unicode-data (which characters the state's table of
2013 holds, 通用规范汉字表: Unihan's kTGH). The same packages give the same bytes.
"""

import bz2
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]  # it ships no types
from fontTools.ttLib import TTCollection  # type: ignore[import-untyped]  # it ships no types

OUTLINES: Final = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
FACE: Final = "Noto Sans CJK SC"
TABLE_OF_2013: Final = Path("/usr/share/unicode/Unihan_OtherMappings.txt.bz2")
OURS: Final = Path(__file__).parent.parent / "sync" / "office" / "fonts" / "watchbook-sc.otf"
BLOCKS: Final = (
    range(0x20, 0x7F),  # ASCII
    range(0xA0, 0x180),  # Latin-1, Latin Extended-A: names from abroad
    range(0x2010, 0x2040),  # dashes, quotes, per mille
    range(0x2150, 0x2190),  # fractions, Roman numerals
    range(0x2190, 0x219A),  # arrows
    range(0x2460, 0x249C),  # numbers in circles
    range(0x3000, 0x3040),  # CJK punctuation
    range(0x3200, 0x3400),  # enclosed CJK, units as one sign
    range(0xFF00, 0xFFF0),  # full-width forms
)


def characters(table: Path) -> set[int]:
    """The table's 8105 characters, all of GB 2312, and the signs that stand on doors, plates and meters."""
    with bz2.open(table, "rt", encoding="utf-8") as lines:
        rows = [line.split() for line in lines if line.startswith("U+")]
    common = {int(code[2:], 16) for code, name, *_ in rows if name == "kTGH"}
    assert len(common) == 8105
    return common | set(gb2312()) | {code for block in BLOCKS for code in block}


def gb2312() -> Iterator[int]:
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            char = bytes((row, cell)).decode("gb2312", "ignore")
            if char and unicodedata.category(char) != "Co":
                yield ord(char)


def cut(outlines: Path, table: Path, to: Path) -> int:
    """Write the subset; how many characters it holds. Without hints, layout rules, or forms for vertical text."""
    with TTCollection(outlines, lazy=True) as fonts:
        font = next(each for each in fonts.fonts if each["name"].getDebugName(4) == FACE)
        options = Options(hinting=False, layout_features=[], name_IDs=["*"], notdef_outline=True, drop_tables=UNUSED)
        options.recalc_timestamp = False
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=characters(table))
        subsetter.subset(font)
        font.recalcTimestamp = False
        font.save(to)
        return len(font.getBestCmap())


UNUSED: Final = ["BASE", "GSUB", "GPOS", "GDEF", "VORG", "vhea", "vmtx", "DSIG"]

if __name__ == "__main__":
    outlines, table = (Path(each) for each in sys.argv[1:] or (OUTLINES, TABLE_OF_2013))
    print(cut(outlines, table, OURS), "characters", OURS.stat().st_size, "bytes", OURS)
