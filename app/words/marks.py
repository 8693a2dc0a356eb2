"""Marks: what a supervisor should see. Named like app.duties.evidence.Mark."""

TABLE = {
    "early": ("早到", "early"),
    "late": ("迟到", "late"),
    "out-of-order": ("次序不对", "out of order"),
    "too-fast": ("走得太快", "too fast to have walked"),
    "weak-evidence": ("证据偏弱", "weak evidence"),
    "ambiguous": ("两点难分", "two points at once"),
    "crew-short": ("人数不足", "crew too small"),
    "no-recheck": ("同伴途中没再签", "partner not seen again"),
    "out-of-limits": ("读数超限", "reading out of limits"),
    "unknown-tag": ("未登记的码或信标", "unknown tag or code"),
    "wrong-point": ("不是这个点", "wrong point"),
    "other-address": ("信标地址不符", "beacon from another address"),
    "old-label": ("旧标签", "old label"),
    "clock-jump": ("时钟跳变", "clock jumped"),
    "skipped": ("跳过", "skipped"),
    "unanswered": ("漏检", "checks not finished"),
}
