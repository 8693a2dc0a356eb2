"""How long is left of a time limit, in a word and its colour, for ledgers and boards."""

from typing import Final

from app.words import say
from sync.office.verdicts import Verdict

SOON_MS: Final = 2 * 3600 * 1000
"""What is due within this is told in amber."""
_UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"))


def span(lang: str, ms: int) -> str:
    """`3天4小时`, `12分`: the two largest units of a time, in milliseconds."""
    parts: list[str] = []
    left = max(ms, 60_000)
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count and len(parts) < 2:
            parts.append(say(lang, f"cases.span_{unit}", n=count))
    return " ".join(parts)


def countdown(lang: str, what: str, until: int, now: int) -> Verdict:
    """How long there is left for `what` (`contact`, `respond`, `due`, `answer`), or by how much it is late. UTC ms."""
    left = until - now
    if left <= 0:
        return Verdict("red", say(lang, f"cases.over_{what}", span=span(lang, -left)))
    return Verdict("amber" if left < SOON_MS else "dim", say(lang, f"cases.left_{what}", span=span(lang, left)))
