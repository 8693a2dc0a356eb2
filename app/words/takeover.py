"""A spare takes over from a handheld that broke."""

TABLE = {
    "menu": ("这台顶替坏机", "Take over from a broken handheld"),
    "title": ("顶替坏机", "Take over"),
    "how": (
        "手持机坏了? 用这台接着干。请主管扫工牌,或输主管工号",
        "A handheld broke? Go on with this one. A supervisor scans a badge, or types a staff number",
    ),
    "in_use": ("这台正在用,先让当班的人签退", "This handheld is in use: its crew signs out first"),
    "which_post": ("哪个岗位的手持机坏了?", "Whose handheld broke?"),
    "asks": ("正在问办公室那台做到哪里了", "Asking the office how far it had got"),
    "unknown": (
        "连不上办公室,那台做到哪里不知道: {why}",
        "The office cannot be reached, so how far it had got is not known: {why}",
    ),
    "unknown_what": (
        "照样可以接班: 轮次从头走,办公室以后两边合起来看",
        "Take over all the same: the round starts anew, and the office will see both",
    ),
    "nothing": ("办公室不知道这个岗位有哪台在用", "The office knows of no handheld in use there"),
    "row_none": ("都不是,或不知道", "None of these, or nobody knows"),
    "crew": ("那台当班: {names}", "On shift there: {names}"),
    "round": ("正在走: {name} 已到{done}点", "Being walked: {name}, points reached: {done}"),
    "known_at": ("办公室最后知道的是 {time}", "The office last heard at {time}"),
    "rest": (
        "那台里没上传的以后用U盘取: 取下电池留好,不要丢",
        "What it still holds comes later by USB: keep the broken one, take its battery out",
    ),
    "do": ("接过来", "take over"),
    "done": ("已接过来。请班员在这里重新签到", "Taken over. The crew signs in here again"),
    "reached": ("换机前已到: {name} {time}", "Reached before with {name} at {time}"),
}
