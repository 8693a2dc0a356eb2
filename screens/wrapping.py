"""Where a sentence may be broken at the end of a row, and in which signs it is written, in English and Chinese.

Widths are terminal cells, never `len()`.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from app.text import cells, clean

_WRITTEN: Final = {
    "℃": "C", "°": "", "≤": "<=", "≥": ">=", "×": "x", "·": ".", "…": "...", "—": "-", "–": "-", "±": "+-", "Ω": "ohm",
    "μ": "u", "µ": "u", "“": '"', "”": '"', "‘": "'", "’": "'", "→": ">", "㎡": "m2", "①": "1", "②": "2",
    "③": "3", "\ufffd": "?", "\xa0": " ",
}  # fmt: skip
"""How signs are written that some terminals draw one cell wide and Chinese ones two (screens.md)."""
_CJK: Final = ("\u3000\u30ff", "\u3400\u4dbf", "\u4e00\u9fff", "\uac00\ud7a3", "\uf900\ufaff", "\uff01\uff5e",
               "\uffe0\uffe6", "\U00020000\U0003fffd")  # fmt: skip
_CLOSING = "，。、；：？！）》」』”’,.;:?!)"
_OPENING = "（《「『“‘("
_TOGETHER: Final = (
    "进行中 还没开始 现在该巡 已完成 漏检 未到 早到 准时 迟到 工牌 工号 密码 签到 再签 同伴 主管 领班 管理员 "
    "办公室 手持机 对讲机 消控 标签 信标 信号 蓝牙 记录 报警 报问题 交班 下班 正常 不正常 去不了 查不了 检查 配电室 "
    "水泵房 楼梯 电梯 车库 消防 灭火器 消火栓 应急 照明 通道 充电棚 开始 结束 自动 手动 上传 网络 超出 范围 弱证据 "
    "解锁 信报箱 单元 楼道 楼顶 屋面 门岗 岗亭 大堂 周界 围墙 垃圾房 地下室 提前 途中 首页 帮助 计划 原因 标记 返回 "
    "问题 花园 健身区 绿色 沥青 燃气 调压箱 电动车 车道 车行道 不是 这一轮 下一处 "
    "北侧 南侧 东侧 西侧 右手 左手 右转 左转"
)
"""Words of the trade that are not torn at the end of a row."""
_SHORT: Final = 4
"""A phrase of so many characters between spaces and marks is not torn either."""
_MEASURES: Final = (
    "号楼 号门 号 楼 栋 单元 层 室 井 秒 分 小时 天 月 日 条 个 项 处 轮 人 名 米 次 位 盏 台 只 份 点 版 遍 %"
)
"""What stands behind a number is not torn from it."""
_LABELS: Final = "密码 工号 账号 号码 第"
"""Nor is a number from these before it."""
_HAN: Final = r"[\u3400-\u9fff]"


def _any(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))


_WHOLE: Final = re.compile(
    "|".join(
        (
            rf"[0-9]+(?:{_any(_MEASURES)})",
            rf"(?:{_any(_LABELS)}) ?[0-9]+(?:{_any(_MEASURES)})?",
            rf"(?<!{_HAN}){_HAN}{{2,{_SHORT}}}(?!{_HAN}| ?[0-9])",
            rf"(?<=[楼门元层号]){_HAN}{{2,{_SHORT}}}(?!{_HAN}| ?[0-9])",
            _any(_TOGETHER),
        )
    )
)


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


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """`text` in rows of at most `width` cells, rows after the first one indented.

    English breaks at spaces, Chinese anywhere but before a closing mark, behind an opening one, and within a short
    phrase or a word of the trade; a word longer than a row is cut.
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


@lru_cache(1024)
def _words(text: str) -> tuple[str, ...]:
    """What stands on one row: an English word or a Chinese one, with the spaces and closing marks behind it."""
    words, word, place = [], "", 0
    while place < len(text):
        ch = text[place]
        torn = ch != " " and ch not in _CLOSING and word[-1:] not in _OPENING
        if torn and (word[-1] == " " or cells(word[-1]) == 2 or cells(ch) == 2):
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
