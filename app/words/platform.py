"""The terminal itself: when there is none, or none that can show Chinese."""

TABLE = {
    "no_terminal": (
        "这里不是终端,画不了界面。请在终端窗口里运行 watchbook",
        "no terminal to draw on: run watchbook in a terminal window",
    ),
    "too_small": ("屏幕太小: 至少30列15行", "Too small: needs 30x15"),
    "english_only": (
        "这个控制台显示不了中文,改用英文。要中文请在UTF-8的图形终端里运行",
        "This console cannot show Chinese: using English. For Chinese, use a graphical UTF-8 terminal.",
    ),
}
