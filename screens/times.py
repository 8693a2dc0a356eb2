"""How times are said on a screen: local, a day ends at 24:00, spans in one unit."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.duties.days import millis
from app.words import say

UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


def clock(at: datetime) -> str:
    """`22:31`."""
    return f"{at:%H:%M}"


def day(lang: str, at: datetime, now: datetime) -> str:
    """`明天22:34`: when, seen from `now`."""
    days = (at.date() - now.date()).days
    if at.date() - timedelta(days=1) == now.date() and (at.hour, at.minute) == (0, 0):
        return say(lang, "status.today", time="24:00")
    if days in (0, 1):
        return say(lang, ("status.today", "status.tomorrow")[days], time=clock(at))
    return say(lang, "status.day", month=at.month, day=at.day, time=clock(at))


def span(lang: str, seconds: int) -> str:
    """`19秒`, `3分`, `2小时`: the largest unit that fits, rounded down."""
    for size, unit in UNITS:
        if seconds >= size:
            return say(lang, f"status.{unit}", n=seconds // size)
    return say(lang, "status.seconds", n=0)


def told(lang: str, key: str, fields: Mapping[str, object]) -> str:
    """What the courier tells, with its minutes as a span."""
    match fields:
        case {"minutes": int(minutes)}:
            return say(lang, key, span=span(lang, minutes * 60))
    return say(lang, key, **fields)


def since(lang: str, at: int, now: datetime) -> str:
    """How long ago `at` (UTC ms) was, as a span."""
    return span(lang, max(0, millis(now) - at) // 1000)
