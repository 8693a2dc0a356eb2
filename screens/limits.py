"""The normal range of a check in words."""

from app.duties.site import Check
from app.words import say


def unit_of(check: Check) -> str:
    """The unit with the space before it; empty without one."""
    return f" {check.unit}" if check.unit else ""


def limits(lang: str, check: Check) -> str:
    """`normal 353-407 V`; empty for a check without limits."""
    unit = unit_of(check)
    if check.low is not None and check.high is not None:
        return say(lang, "stop.normal", low=check.low, high=check.high, unit=unit)
    if check.low is not None:
        return say(lang, "stop.normal_low", low=check.low, unit=unit)
    return say(lang, "stop.normal_high", high=check.high, unit=unit) if check.high is not None else ""
