"""What was planned: the windows of some days, each by the revision that held when it opened (decision 22).

A plan that changes in the middle of a day asks for nothing before its moment, and the one before for nothing after.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

from app.duties.days import millis
from app.duties.schedule import RuleRefused, Slot, slots
from app.duties.site import Plan
from app.pages import begins


class Revisions:
    """The revisions of one site in time. `plans` are at least one, oldest first."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._plans = plans
        marks = sorted({begins(plan) for plan in plans})
        self._marks = marks
        self._held = [max(i for i, plan in enumerate(plans) if begins(plan) <= mark) for mark in marks]

    def at(self, moment: int) -> Plan:
        """The newest whose moment has come at `moment`, UTC ms; before the first one's, the oldest."""
        place = bisect_right(self._marks, moment)
        return self._plans[self._held[place - 1] if place else 0]


def windows(plans: Sequence[Plan], first: date, last: date) -> list[tuple[Plan, Slot]]:
    """The windows that open on the local dates `first` to `last`, each with the plan that asked for it.

    `plans` as of `store.plans.plans_between`, oldest first; a rule that this program does not know has no windows.
    """
    held = Revisions(plans) if len(plans) > 1 else None
    found = []
    for plan in plans:
        for schedule in plan.schedules:
            try:
                there = slots(plan, schedule, first, last)
            except RuleRefused:
                continue
            found += [(plan, slot) for slot in there if held is None or held.at(millis(slot.opens)) is plan]
    return found
