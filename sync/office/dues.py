"""What was due on a day of a site, with what was walked in each window (planned x done).

Made from one snapshot of the store for whoever asks: the day's page, the indicators, whoever must be told. Nothing of
it is kept, since the hour and every excuse change it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Protocol

import msgspec
from msgspec import Struct

from app.duties.days import millis
from app.duties.outcome import Excuse, Tally, counts, forgive, is_excused
from app.duties.schedule import Slot
from app.duties.site import Plan
from sync.office.details import RoundDetail, StopDetail, tally_of
from sync.office.planned import windows
from sync.office.store.rounds import RoundRow, StopRow


class Facts(Protocol):
    """One snapshot of the store, as far as a day's windows need it."""

    @property
    def plan(self) -> Plan: ...
    @property
    def plans(self) -> Sequence[Plan]:
        """Those that hold at some time of the day (`plans_between`); none where `plan` is the only one."""
        ...

    @property
    def day(self) -> date: ...
    @property
    def since(self) -> int: ...
    @property
    def rows(self) -> Sequence[RoundRow]: ...
    @property
    def valid(self) -> Sequence[Excuse]: ...
    @property
    def excused_stops(self) -> Mapping[str, Sequence[StopRow]]: ...
    @property
    def tended(self) -> Mapping[str, Sequence[StopRow]]: ...
    @property
    def purged(self) -> frozenset[str]: ...


class Walked(Struct, frozen=True):
    row: RoundRow
    detail: RoundDetail
    tally: Tally


class Due(Struct, frozen=True, dict=True):
    """A window of the plan with the rounds that were walked in it; `slot` is None for one no plan asked for."""

    slot: Slot | None
    tally: Tally
    """As if nobody had walked it."""
    rounds: tuple[Walked, ...] = ()
    together: Tally | None = None
    """Of a window done by place: what all its rounds have reached between them, of all that it asks for."""

    def judged(self, walked: Walked, now: int) -> Tally:
        """What a round of it is judged by: once the window is over, one done by place by what all have reached."""
        return self.together if self.together is not None and now >= self.closes else walked.tally

    @cached_property
    def opens(self) -> int:
        return millis(self.slot.opens) if self.slot else self.rounds[0].row.opens

    @cached_property
    def closes(self) -> int:
        return millis(self.slot.closes if self.slot else self.rounds[0].detail.closes)

    @property
    def best(self) -> Walked | None:
        """Of several attempts the one that reached most."""
        return max(self.rounds, key=lambda each: each.tally.done, default=None)


def planned_and_done(facts: Facts, asked: Sequence[tuple[Plan, Slot]] | None = None) -> list[Due]:
    """The windows of the day with what was walked in them, in order; then what no plan asked for. A window is that of
    the revision that held when it opened.

    A window that had closed before the site's first plan was imported was asked of nobody: it is there only
    if a round was walked in it. `asked`: the windows of the day, where somebody has worked them out already.
    """
    walked: dict[str, list[Walked]] = {}
    for row in facts.rows:
        detail = msgspec.json.decode(row.detail, type=RoundDetail)
        tally = tally_of(row, detail, facts.excused_stops.get(row.round, ()), facts.valid)
        walked.setdefault(row.slot, []).append(Walked(row, detail, tally))
    found = []
    there = windows(facts.plans or (facts.plan,), facts.day, facts.day) if asked is None else asked
    for plan, slot in there:
        done = tuple(walked.pop(slot.round, ()))
        if done or (millis(slot.closes) > facts.since and slot.round not in facts.purged):
            found.append(Due(slot, _asked(plan, slot, facts), done, _together(plan, slot, done, facts)))
    found += [Due(None, Tally(each[0].detail.planned), tuple(each)) for each in walked.values()]
    return sorted(found, key=lambda due: (due.opens, due.slot.round if due.slot else due.rounds[0].row.slot))


def by_place(plan: Plan, slot: str) -> bool:
    schedule = plan.find_schedule(slot.partition("@")[0])
    return schedule is not None and schedule.route in plan.by_place


def _together(plan: Plan, slot: Slot, done: Sequence[Walked], facts: Facts) -> Tally | None:
    """What the rounds of a window done by place have reached between them; None for another kind, or without any."""
    if not done or slot.route not in plan.by_place:
        return None
    asked, opens, closes = _asked(plan, slot, facts), millis(slot.opens), millis(slot.closes)
    at: dict[str, list[int]] = {}
    left_out: set[str] = set()
    for row in (row for walked in done for row in facts.tended.get(walked.row.round, ())):
        if row.at is not None:
            at.setdefault(row.stop, []).append(row.at)
        elif msgspec.json.decode(row.detail, type=StopDetail).skips:
            left_out.add(row.stop)
    in_window = sum(any(opens <= each < closes for each in times) for times in at.values())
    planned = max(asked.planned, len(at.keys() | left_out))
    return Tally(planned, len(at), len(left_out - at.keys()), in_window, asked.excused)


def _asked(plan: Plan, slot: Slot, facts: Facts) -> Tally:
    """What a window of `plan` asks for, without the points that are excused."""
    stops, excuses = plan.route(slot.route).stops, facts.valid
    opens, closes = millis(slot.opens), millis(slot.closes)
    return forgive(Tally(len(stops)), sum(is_excused(stop.point, opens, closes, excuses) for stop in stops), 0)


def count(due: Due, heard: Sequence[int], now: int) -> Tally | None:
    """What a window that is over came to; None while it may still come to more."""
    best = due.best
    over = best is not None and best.detail.finished is not None
    if not counts(due.closes, heard, now, walked=best is not None, over=over):
        return None
    return due.judged(best, now) if best else due.tally
