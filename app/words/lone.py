"""Lone worker check-in."""

TABLE = {
    "title": ("平安确认", "Are you well?"),
    "asked": ("一切平安吗? 平安按Enter", "All well? Press Enter"),
    "when_typed": ("平安确认: 输完就问您", "Are you well? You are asked as soon as you have typed"),
    "asked_what": (
        "单人值守要定时确认。不按,手持机会再响,然后自动报警。",
        "You work alone, so it asks. Unanswered it asks louder, then raises the alarm by itself.",
    ),
    "urged": ("{n}秒后自动报警! 平安按Enter", "ALARM IN {n} s! Well? Press Enter"),
    "urged_what": ("有事按9,马上报警。", "In trouble, press 9 for the alarm now."),
    "raised": (
        "没有应答,已自动报警。平安就按Enter告诉办公室。",
        "No answer: the alarm was raised by itself. If you are well, Enter tells the office.",
    ),
    "well": ("我平安", "I am well"),
    "answered": ("已记: 平安", "Recorded: you are well"),
    "answer_first": ("请先按Enter回答", "Answer first: Enter"),
    "nobody": ("现在没有单人值守", "Nobody works alone now"),
}
