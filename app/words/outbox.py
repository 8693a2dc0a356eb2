"""What the office does not have yet."""

TABLE = {
    "title": ("上传", "Outbox"),
    "all_sent": ("都传完了", "Everything has been sent"),
    "unsent": ("{n}条没有传", "records not sent yet: {n}"),
    "new_book": ("现在是新簿,旧簿 {book} 已封存", "A new logbook goes on here; {book} was closed and is kept"),
    "oldest": ("最早的一条: {span}前", "The oldest: {span} ago"),
    "last_ack": ("办公室最后收到: {time}", "The office last confirmed: {time}"),
    "no_ack": ("办公室还没有收到过", "The office has not confirmed anything yet"),
    "online": ("网络: 通", "Network: connected"),
    "offline": ("网络: 断了{span}", "Network: away for {span}"),
    "never": ("网络: 还没有连上过", "Network: never connected yet"),
    "why": ("原因: {reason}", "Reason: {reason}"),
    "kept": (
        "记录都存在手持机里,有网会自动上传。",
        "Records are safe on this handheld and go by themselves when there is a network.",
    ),
    "not_enrolled": (
        "这台手持机还没有登记到办公室。记录都存着;请管理员登记。",
        "This handheld is not enrolled at an office yet. Records are kept; ask the administrator to enrol it.",
    ),
    "sync": ("马上上传", "sync now"),
}
