"""A verdict as it is shown, that of a window, and what the windows of each schedule came to on a day."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from app.duties.outcome import Colour, Tally, colour_of, judge_unwalked
from app.duties.site import Plan
from sync.office.details import marks_of, outcome_of
from sync.office.dues import Due, count
from sync.office.store.windows import Windows


class Verdict(Struct, frozen=True):
    """One word with the colour it has in the terminal too: ok, amber, red, or dim for what is not judged yet."""

    colour: str
    word: str


class Facts(Protocol):
    @property
    def plan(self) -> Plan: ...
    @property
    def day(self) -> date: ...


def colour(due: Due, heard: Sequence[int], now: int) -> Colour:
    """Of the attempt that reached most, or of a window that nobody walked."""
    best = due.best
    if best is None:
        return colour_of(judge_unwalked(due.opens, due.closes, due.tally.planned, heard, now))
    return colour_of(outcome_of(best.detail, due.judged(best, now), now), marks_of(best.detail))


def windows_of(facts: Facts, dues: Sequence[Due], heard: Sequence[int], now: int) -> list[Windows]:
    """By schedule, as they stand at `now`, UTC ms."""
    found: dict[str, Windows] = {}
    for due in dues:
        about = due.slot or due.rounds[0].detail
        before = found.get(about.schedule) or _none(about.schedule, about.route, facts)
        name, best = colour(due, heard, now), due.best
        tally = count(due, heard, now) or Tally(0)
        counted = {} if name == "dim" else {name: getattr(before, name) + 1}
        found[about.schedule] = replace(
            before,
            asked=before.asked + (due.slot is not None),
            walked=before.walked + (best is not None),
            points=before.points + tally.planned,
            reached=before.reached + tally.done,
            **counted,
        )
    return list(found.values())


def _none(schedule: str, route: str, facts: Facts) -> Windows:
    known = facts.plan.find_route(route)
    return Windows(facts.day.isoformat(), schedule, route, known.kind if known else "")
