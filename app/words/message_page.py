"""The office's page of what it tells the handhelds."""

TABLE = {
    "page": ("通知", "Messages"),
    "line": (
        "发到手持机上：当班人员在首页看到，按一下确认已读；加急的会响铃。",
        "Goes to the handhelds: whoever is on shift sees it at once and confirms it with one key; an urgent one rings.",
    ),
    "words": ("内容", "Message"),
    "to": ("发给", "To"),
    "to_all": ("全项目", "everybody at the site"),
    "to_posts": ("指定岗位", "One post"),
    "to_people": ("指定人", "One person"),
    "hours": ("有效", "Shown for"),
    "hours_4": ("4小时", "4 hours"),
    "hours_12": ("12小时", "12 hours"),
    "hours_24": ("1天", "a day"),
    "hours_72": ("3天", "3 days"),
    "is_urgent": ("紧急，要响铃", "urgent: it rings"),
    "send": ("发送", "Send"),
    "at": ("时间", "Sent"),
    "from": ("发送人", "By"),
    "until": ("有效至", "Until"),
    "who_read": ("已读", "Read by"),
    "nobody": ("还没有人读", "nobody yet"),
    "no_words": ("请写通知内容。", "Write what it says."),
}
