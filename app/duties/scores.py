"""Inspection by score sheet 评分检查 (D24, D63): items with full marks, deductions with their reasons, a pass mark.

What was deducted is a list of (item, reason) in the order in which it was said. Points never fall below none, nor
does one item cost more than it is worth.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from app.duties.rounds import Answer
from app.duties.site import Check, Deduction, ScoreItem
from app.kinds.rounds import Deducted, Score

Taken = tuple[tuple[str, str], ...]
"""(item, reason), once for each time it was deducted."""
NOTHING: Final[Taken] = ()


def full(check: Check) -> int:
    return sum(item.full for item in check.items)


def reasons(check: Check) -> tuple[tuple[ScoreItem, Deduction], ...]:
    """What may be deducted, in the order of the sheet."""
    return tuple((item, reason) for item in check.items for reason in item.reasons)


def left(item: ScoreItem, taken: Iterable[tuple[str, str]]) -> int:
    """What the item still has."""
    cost = {reason.id: reason.points for reason in item.reasons}
    return max(0, item.full - sum(cost.get(reason, 0) for id, reason in taken if id == item.id))


def points(check: Check, taken: Sequence[tuple[str, str]]) -> int:
    return sum(left(item, taken) for item in check.items)


def take(check: Check, taken: Taken, item: str, reason: str) -> Taken:
    """With one deduction more; the same where that item has nothing left, or the sheet has no such reason."""
    found = next((each for each, why in reasons(check) if (each.id, why.id) == (item, reason)), None)
    return (*taken, (item, reason)) if found is not None and left(found, taken) else taken


def answer(check: Check, taken: Taken, at: int = 0) -> Answer:
    """The sheet as the answer to its check: OK from the pass mark on."""
    found = points(check, taken)
    passed = found >= int(check.low) if check.low is not None else not taken
    return Answer(check.id, passed, f"{found}/{full(check)}", at)


def score(check: Check, taken: Taken, lang: str) -> Score:
    """The sheet for the record, each reason once. Where an item ran out, its last reason cost only what was left."""
    times, costs = Counter(taken), dict.fromkeys(taken, 0)
    for item in check.items:
        before = item.full
        for place, (id, reason) in enumerate(taken, 1):
            if id == item.id:
                after = left(item, taken[:place])
                costs[id, reason] += before - after
                before = after
    found = [
        Deducted(item.id, why.id, times[key], costs[key], f"{item.text.say(lang)} {why.text.say(lang)}")
        for item, why in reasons(check)
        if (key := (item.id, why.id)) in times
    ]
    return Score(points(check, taken), full(check), tuple(found))
