"""What is odd about an answer by those before it: asked once while the crew still stands there, then marked.

A doubt refuses nothing: what the crew insists on is kept, and a supervisor sees the mark.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from app.duties import readings
from app.duties.equipment import INSPECTS
from app.duties.evidence import Mark
from app.duties.readings import Exchange
from app.duties.rounds import Answer, Visit
from app.duties.site import Check
from app.duties.ways import Instant

Kind = Literal["meant", "meter", "same"]


class Doubt(Struct, frozen=True):
    kind: Kind
    value: str
    """`meant`: the reading with its point moved. `meter`: the last reading. `same`: the figure itself."""


def doubts(check: Check, answer: Answer, before: Sequence[str]) -> tuple[Doubt, ...]:
    """What to ask before the answer is kept, in order; `before` are the readings before it, newest first."""
    now = answer.value
    if check.kind != "number" or now is None:
        return ()
    found, last = [], before[0] if before else None
    if len(before) < readings.FEWEST:
        meant = readings.meant_by_limits(now, check.low, check.high)
    else:
        meant = readings.did_you_mean(now, before)
    if meant is not None and not (check.meter and readings.falls(last, meant)):
        found.append(Doubt("meant", meant))
    if last is not None and check.meter and readings.falls(last, now):
        found.append(Doubt("meter", last))
    if check.moves and readings.always_same(now, before):
        found.append(Doubt("same", now))
    return tuple(found)


def odd(check: Check, answer: Answer, before: Sequence[str], exchange: Exchange | None = None) -> tuple[Mark, ...]:
    """What a supervisor should see of a reading that was kept. `before` as for `doubts`."""
    now = answer.value
    if check.kind != "number" or now is None:
        return ()
    found = []
    if check.meter and exchange is not None:
        found.append(Mark.METER_EXCHANGED)
    if check.meter and readings.falls(before[0] if before else None, now, exchange):
        found.append(Mark.METER_BACK)
    if check.moves and readings.always_same(now, before):
        found.append(Mark.ALWAYS_SAME)
    return tuple(found)


def phases(checks: Sequence[Check], check: Check, values: Mapping[str, str | None]) -> tuple[str | None, ...]:
    """The values of `check`'s group side by side, None where there is none yet; empty for a check of no group."""
    together = [each.id for each in checks if check.group and each.group == check.group]
    return tuple(values.get(id) for id in together)


def allowed(checks: Sequence[Check], check: Check) -> int:
    """How far a phase of `check`'s group may be from their mean, percent; 0 when that is no matter."""
    return max((each.balance for each in checks if check.group and each.group == check.group), default=0)


def unbalanced(checks: Sequence[Check], check: Check, values: Mapping[str, str | None]) -> bool:
    """Whether the whole group is read, and out of balance."""
    percent, found = allowed(checks, check), phases(checks, check, values)
    read = [value for value in found if value is not None]
    return bool(percent) and len(read) == len(found) and readings.unbalanced(read, percent)


def too_quick(kind: str, visit: Visit, count: int, now: Instant) -> bool:
    """Whether the `count` checks of a stop on a route of `kind` were all answered sooner after the arrival than they
    can be read."""
    if kind not in INSPECTS or visit.up is None or visit.boot != now.boot:
        return False
    return readings.too_quick(visit.up, now.up, count)
