"""Inspection by score sheet: what is deducted, and how a place stands."""

TABLE = {
    "points": ("得分 {points}/{full}", "{points} of {full} points"),
    "pass": ("{pass_mark}分合格", "pass: {pass_mark}"),
    "how": ("哪里要扣分? 按数字,可重复按", "What costs points? Digits, again for more"),
    "row": ("{item}: {reason} -{points}", "{item}: {reason} -{points}"),
    "row_taken": ("{item}: {reason} -{points} x{times}", "{item}: {reason} -{points} x{times}"),
    "save": ("记录{points}分", "record {points}"),
    "undo": ("收回一次", "take the last back"),
    "used_up": ("{item} 已经扣完", "{item} has no points left"),
    "passed": ("{points}/{full} 合格", "{points}/{full}: passed"),
    "failed": ("{points}/{full} 不合格", "{points}/{full}: NOT passed"),
    "lost": ("{words} -{points}", "{words} -{points}"),
    "because": ("{words} 扣: {why}", "{words}; lost: {why}"),
}
