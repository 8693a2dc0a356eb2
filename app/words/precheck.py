"""The check before the monthly report (D67)."""

from typing import Final

TABLE: Final = {
    "title": ("月报预检", "Check before the report"),
    "line": (
        "交月报前逐项看：哪些手持机还存着记录、哪些轮次没复核、哪些回访没做、哪些指标没有来源。",
        "Before the report is handed in: which handhelds still hold records, which rounds nobody reviewed, which "
        "call-backs are missing, which figures have no source.",
    ),
    "ready": ("可以出月报", "Ready"),
    "open": ("还有{n}项", "{n} to settle"),
    "none": ("无", "none"),
    "paper": ("出自查表", "As a paper"),
    "mend": ("去处理", "Mend it"),
    "what": ("检查项", "Question"),
    "stands": ("数量", "How many"),
    "told": ("情况", "Which"),
    "where": ("处理", "Where"),
    "item_over": ("本月还没有过完", "The month is not over"),
    "goes_on": ("未过完", "goes on"),
    "over_told": ("到{day}为止", "its last day is {day}"),
    "item_handhelds": ("手持机上还有未上传的记录", "Handhelds that still hold records"),
    "holds": ("{name} {n}条", "{name}: {n}"),
    "item_silent": ("很久没有联系的手持机", "Handhelds not heard of for long"),
    "item_books": ("记录缺失、未读完或被搁置", "Books with records missing, unread or set aside"),
    "book": ("未读{n}，缺{missing}，搁置{aside}", "unread {n}, missing {missing}, set aside {aside}"),
    "item_days": ("还没有算好的日子", "Days not counted yet"),
    "item_reviews": ("未复核的轮次", "Rounds that nobody reviewed"),
    "rounds_of": ("{day} {n}轮", "{day}, rounds: {n}"),
    "pending_of": ("{name} {n}项", "{name}: {n}"),
    "item_visits": ("缺少的回访", "Return visits that are missing"),
    "visits_told": (
        "维修已回访{visited}/{repairs}，重大投诉已回访{serious}/{of}",
        "repairs called on {visited} of {repairs}, serious complaints {serious} of {of}",
    ),
    "item_complaints": ("未判定是否有效的投诉", "Complaints that nobody judged valid or not"),
    "item_late_found": ("超期未整改的问题和隐患", "Findings and hazards past their limit"),
    "item_late_orders": ("超期未完成的工单", "Work orders past their limit"),
    "item_pending": ("未到期、尚不能判定的数", "Figures' parts that are not judged yet"),
    "item_figures": ("没有来源的指标（可手填）", "Figures without a source (enter by hand)"),
}
