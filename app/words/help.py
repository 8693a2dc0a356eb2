"""The help page: how a shift goes, then the keys."""

TABLE = {
    "title": ("帮助 {page}/{pages}", "Help {page}/{pages}"),
    "how_1": (
        "1. 扫工牌或输工号签到。两人的轮次,同伴也要签。",
        "1. Sign in by badge or number. For a round of two, the partner signs in too.",
    ),
    "how_2": ("2. 屏幕说现在走哪一轮: 按Enter开始。", "2. The screen says which round is due: Enter starts it."),
    "how_3": (
        "3. 跟着屏幕走。走到点上站住,会自己记上;没有信号就扫标签。",
        "3. Follow the screen. At the point stand still: it is recorded by itself. Without a signal, scan the label.",
    ),
    "how_4": (
        "4. 有检查项就逐项回答;不正常的报问题。",
        "4. Answer the checks of the place; report what is not OK.",
    ),
    "how_5": (
        "5. 走完按Enter结束。记录有网时自动上传。",
        "5. Enter finishes the round. Records go to the office by themselves.",
    ),
    "how_6": ("断电也不丢: 重开后接着走。", "A power cut loses nothing: start again and walk on."),
    "how_7": ("Q:12 还有12条没传到办公室,都存着。", "Q:12 means 12 records are not at the office yet; they are kept."),
    "how_8": (
        "去不了: 按2选原因,不算漏巡。检查做不了也按2。",
        "Cannot go, or cannot check? 2, and choose why: it is not missed then.",
    ),
    "how_9": (
        "有标记(!)的主管会看: 早到、迟到、走得太快、输码等。",
        "Marked (!): a supervisor looks at it. Early, late, too fast, a typed code and the like.",
    ),
    "keys": ("按键", "Keys"),
    "next": ("下一页", "next page"),
}
