"""Text from outside made harmless: tags, codes, people, plans, files and the network are all data.

Cleaning happens where text comes in, and again where it is shown (a record stored by an older
program may not have been cleaned).
"""

import re
import unicodedata
from functools import lru_cache

REPLACEMENT = "\ufffd"

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: a terminal obeys these
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"  # direction, zero width, variation selectors
    "\ud800-\udfff\ufff9-\uffff]"
)


def clean(text: str, limit: int = 500) -> str:
    """`text` with every character that a terminal or a page could obey replaced, cut to `limit` characters."""
    return _UNSAFE.sub(REPLACEMENT, text[:limit])


def cells(text: str) -> int:
    """Columns `text` takes on a terminal: a Chinese character takes two, a combining mark none."""
    return len(text) if text.isascii() else sum(map(_cells, text))


@lru_cache(1024)
def _cells(ch: str) -> int:
    return 0 if unicodedata.combining(ch) else 2 if unicodedata.east_asian_width(ch) in "WF" else 1


def fit(text: str, width: int) -> str:
    """`text` cut to `width` columns; a cut is shown by `~` (one cell in every terminal)."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    out, used = [], 0
    for ch in text:
        step = cells(ch)
        if used + step > width - 1:
            break
        out.append(ch)
        used += step
    return "".join(out) + "~"
