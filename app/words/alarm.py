"""The alarm, honest about whether anybody has heard it."""

TABLE = {
    "title": ("报警", "Alarm"),
    "ask": ("要报警? 按两次9", "Alarm? Press 9 twice"),
    "once_more": ("再按一次9就报警", "Press 9 once more to raise it"),
    "what": ("先喊人、先自保。用对讲机喊消控,再按9。", "Call out and stay safe. Use the radio first, then 9."),
    "not_sent": ("未送出! 用对讲机喊消控", "NOT SENT! Use the radio, call fire control"),
    "not_taken": (
        "办公室已收到,还没人接! 用对讲机喊消控",
        "THE OFFICE HAS IT, BUT NOBODY HAS TAKEN IT YET! Use the radio, call fire control",
    ),
    "waiting": ("有人接了,这里会说是谁。", "When somebody has taken it, this page says who."),
    "taken": ("{name} {time}已接报警", "Taken by {name} at {time}"),
    "taken_unnamed": ("办公室{time}已接报警", "Taken at the office at {time}"),
    "closed": ("报警已处理完: {name} {time}", "Alarm closed by {name} at {time}"),
    "closed_unnamed": ("报警已处理完: {time}", "Alarm closed at {time}"),
    "as": ("{done} ({outcome})", "{done} ({outcome})"),
    "was_real": ("属实", "real"),
    "was_false": ("误报", "false alarm"),
    "was_test": ("试报", "test"),
    "trying": ("手持机一直在送,有网就到办公室。", "The handheld keeps trying and sends it first."),
    "silent_key": ("静默报警: 不出声", "silent: no sound"),
    "silent_unsent": ("静默报警已记,还没送出", "Silent alarm recorded, not sent yet"),
    "silent_sent": ("静默报警已到办公室,还没人接", "The office has the silent alarm; nobody has taken it yet"),
    "key_again": ("再报一次(按两次)", "alarm again (twice)"),
    "key": ("报警(按两次)", "alarm (twice)"),
}
