"""Lines of styled text on the cell grid: wrapping, ends of a row, columns of key hints.

Widths are terminal cells, never `len()`. Nothing here knows a page, a theme or the catalogue.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from app.text import cells, clean, fit

Span = tuple[str, str]
"""(text, role): roles are those of screens.themes."""
Line = tuple[Span, ...]

GAP = 2
"""Cells between two hints, and between a list and what stands beside it."""


_WRITTEN: Final = {
    "℃": "C", "°": "", "≤": "<=", "≥": ">=", "×": "x", "·": ".", "…": "...", "—": "-", "–": "-", "±": "+-", "Ω": "ohm",
    "μ": "u", "µ": "u", "“": '"', "”": '"', "‘": "'", "’": "'", "→": ">", "㎡": "m2", "①": "1", "②": "2",
    "③": "3", "\ufffd": "?", "\xa0": " ",
}  # fmt: skip
"""How signs are written that some terminals draw one cell wide and Chinese ones two (screens.md)."""
_CJK: Final = ("\u3000\u30ff", "\u3400\u4dbf", "\u4e00\u9fff", "\uac00\ud7a3", "\uf900\ufaff", "\uff01\uff5e",
               "\uffe0\uffe6", "\U00020000\U0003fffd")  # fmt: skip


@lru_cache(2048)
def plain(text: str) -> str:
    """`text` in the characters whose width every terminal agrees on: ASCII and CJK. Whatever else becomes `?`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written(ch) for ch in clean(text, 4000))


def _written(ch: str) -> str:
    if " " <= ch <= "~" or any(span[0] <= ch <= span[1] for span in _CJK):
        return ch
    if ch in _WRITTEN:
        return _WRITTEN[ch]
    if unicodedata.combining(ch):
        return ""
    folded = unicodedata.normalize("NFKD", ch)[:1]
    return folded if " " <= folded <= "~" else "?"


def line(*spans: Span | str) -> Line:
    """A line of spans; plain strings have the role "text"."""
    return tuple(span if isinstance(span, tuple) else (span, "text") for span in spans)


def width_of(spans: Line) -> int:
    return sum(cells(clean(text)) for text, _ in spans)


def two(left: Span | str, right: Span | str, width: int) -> Line:
    """`left` and `right` at the two ends of a row of `width` cells; the left one gives way, and colours the gap."""
    (a, a_role), (b, b_role) = line(left)[0], line(right)[0]
    b = fit(plain(b), width)
    room = width - cells(b) - 1
    a = fit(plain(a), room) if room > 0 else ""
    return ((a + " " * (width - cells(a) - cells(b)), a_role), (b, b_role))


def title(left: str, right: str, width: int) -> Line:
    """The first row of a page: what this is, and what stands beside it."""
    return two((left, "title"), (right, "title"), width)


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """`text` in rows of at most `width` cells, rows after the first one indented.

    English breaks at spaces, Chinese anywhere but before a closing mark and within a short phrase or a word of the
    trade; a word longer than a row is cut.
    """
    rows: list[str] = []
    row = ""
    for word in _words(plain(text)):
        if cells(row) + cells(word.rstrip()) > width and row.strip():
            rows.append(row.rstrip())
            row, word = indent, word.lstrip()
        while cells(row) + cells(word.rstrip()) > width and width > cells(indent) + 1:
            head = _head(word, width - cells(row))
            rows.append(row + head)
            row, word = indent, word[len(head) :]
        row += word
    if row.strip():
        rows.append(row.rstrip())
    return rows


def paragraph(text: str, role: str, width: int, indent: str = "") -> list[Line]:
    """`text` wrapped, one role."""
    return [((row, role),) for row in wrap(text, width, indent)]


def flow(facts: Iterable[str], role: str, width: int, indent: str = "") -> list[Line]:
    """Short facts side by side in as few rows as they need, none of them torn as long as a row holds it."""
    rows: list[str] = []
    for fact in map(plain, facts):
        if rows and cells(rows[-1]) + GAP + cells(fact) <= width:
            rows[-1] += " " * GAP + fact
        else:
            rows += [indent + row for row in wrap(fact, width - cells(indent))]
    return [((row, role),) for row in rows]


def banner(text: str, role: str, width: int) -> list[Line]:
    """A paragraph on rows of one colour from edge to edge, with air above and below."""
    rows = ["", *wrap(text, width - 2), ""]
    return [((f" {row}".ljust(width - cells(row) + len(row)), role),) for row in rows]


def numbered(key: str, text: str, width: int, role: str = "text") -> list[Line]:
    """`key text`, the text wrapped beside its key."""
    head = f"{key} "
    rows = wrap(text, max(4, width - cells(head))) or [""]
    blank = " " * cells(head)
    return [((head, "key"), (rows[0], role)), *(((blank, "text"), (row, role)) for row in rows[1:])]


def hints(pairs: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """Keys and what they do, in as many even columns as fit; one too long for its column has a row of its own."""
    shown = [(key, fit(plain(words), width - cells(key) - 1)) for key, words in pairs]
    sizes = [cells(key) + 1 + cells(words) for key, words in shown]
    widest = max((size for size in sizes if size + GAP <= width // 2), default=width)
    columns = max(1, (width + GAP) // (widest + GAP))
    column = (width + GAP) // columns
    rows: list[list[Span]] = []
    place = columns
    for (key, words), size in zip(shown, sizes, strict=True):
        if place >= columns or size + GAP > column:
            rows.append([])
            place = 0
        used = sum(cells(text) for text, _ in rows[-1])
        rows[-1] += [(" " * (place * column - used) + key, "key"), (f" {words}", "text")]
        place = columns if size + GAP > column else place + 1
    return [tuple(row) for row in rows]


def beside(left: Sequence[Line], right: Sequence[Line], column: int, height: int) -> list[Line]:
    """`right` standing from `column` on beside `left`."""
    rows: list[Line] = []
    for index in range(min(height, max(len(left), len(right)))):
        here = left[index] if index < len(left) else ()
        there = right[index] if index < len(right) else ()
        rows.append((*here, (" " * max(0, column - width_of(here)), "text"), *there) if there else here)
    return rows


_CLOSING = "，。、；：？！）》」』”’,.;:?!)"
_TOGETHER: Final = (
    "进行中 还没开始 现在该巡 已完成 漏巡 漏检 未到 早到 准时 迟到 工牌 工号 密码 签到 再签 同伴 主管 领班 管理员 "
    "办公室 手持机 对讲机 消控 标签 信标 信号 蓝牙 记录 报警 报问题 交班 下班 正常 不正常 去不了 查不了 检查 配电室 "
    "水泵房 楼梯 电梯 车库 消防 灭火器 消火栓 应急 照明 通道 充电棚 开始 结束 自动 手动 上传 网络 超出 范围 弱证据"
)
"""Words of the trade that are not torn at the end of a row."""
_SHORT: Final = 4
"""A phrase of so many characters between spaces and marks is not torn either."""
_HAN: Final = r"[\u3400-\u9fff]"
_WHOLE: Final = re.compile(
    "|".join([rf"(?<!{_HAN}){_HAN}{{2,{_SHORT}}}(?!{_HAN})", *sorted(_TOGETHER.split(), key=len, reverse=True)])
)


@lru_cache(1024)
def _words(text: str) -> tuple[str, ...]:
    """What stands on one row: an English word or a Chinese one, with the spaces and closing marks behind it."""
    words, word, place = [], "", 0
    while place < len(text):
        ch = text[place]
        if word and ch != " " and ch not in _CLOSING and (word[-1] == " " or cells(word[-1]) == 2 or cells(ch) == 2):
            words.append(word)
            word = ""
        whole = _WHOLE.match(text, place)
        word += whole[0] if whole else ch
        place += len(whole[0]) if whole else 1
    return (*words, word) if word else tuple(words)


def _head(word: str, width: int) -> str:
    """As much of `word` as `width` cells hold, at least one character, and no closing mark alone behind it."""
    used = 0
    for index, ch in enumerate(word):
        used += cells(ch)
        if used > width:
            kept = max(1, index)
            return word[: kept - 1] if kept > 1 and not word[kept:].strip(_CLOSING) else word[:kept]
    return word
