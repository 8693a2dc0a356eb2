"""Pre-handover inspection 承接查验 (D36): the fittings of a dwelling or plant one by one, faults to the builder,
only these again until none is left.

A visit goes through what is to be looked at, and ends when both sides have confirmed it. Fittings and what may be
wrong with them come from the plan (app.duties.provisions.Survey). Everything here is arithmetic on values.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties.provisions import Fitting, Survey

CONFIRMED: Final = ("paper", "refused", "absent")
"""What the builder says to a visit (decision 18): signs the sheet of that number, refuses, did not come."""
NEEDS_NUMBER: Final = ("paper",)


class Stage(StrEnum):
    """Where a dwelling stands. Words: app.words.surveys `stage_…`."""

    UNTOUCHED = "untouched"
    OPEN = "open"
    """Somebody is at it, or left in the middle."""
    WAITING = "waiting"
    """The builder has to put faults right; then these are looked at again."""
    PASSED = "passed"


class Why(StrEnum):
    """Why a visit does not end. Words: `why_…`."""

    LEFT = "left"
    """Something is still to be looked at."""
    AGAIN = "again"
    """It was confirmed, and nothing was looked at since."""
    NO_NUMBER = "no-number"


class Fault(Struct, frozen=True, array_like=True):
    """A finding for the builder."""

    id: str
    """`book:seq` of the record that says it first."""
    fitting: str
    phrase: str
    due: int
    """To be put right by then, UTC ms."""
    again: int = 0
    """How often it was looked at again and was not right."""
    photos: int = 0


class Dwelling(Struct, frozen=True, omit_defaults=True):
    """One unit as its records leave it."""

    looked: tuple[str, ...] = ()
    """What the open visit has looked at: fittings at the first one, ids of faults later."""
    faults: tuple[Fault, ...] = ()
    visits: int = 0
    """Confirmed by both sides."""
    at: int = 0
    """Of its last record, UTC ms."""


Dwellings = Mapping[str, Dwelling]
"""By `survey/unit`; one that nobody has begun is not there."""
UNTOUCHED: Final = Dwelling()


def key_of(survey: str, unit: str) -> str:
    return f"{survey}/{unit}"


def right(dwelling: Dwelling, what: str, at: int) -> Dwelling:
    """A fitting is as it should be, or a fault was put right."""
    left = tuple(each for each in dwelling.faults if what not in (each.fitting, each.id))
    return replace(dwelling, faults=left, looked=_with(dwelling.looked, what), at=at)


def wrong(dwelling: Dwelling, fault: Fault, at: int) -> Dwelling:
    """A fitting has a fault, perhaps one more; or a fault is still there when it is looked at again."""
    same = next((each for each in dwelling.faults if _is_same(each, fault)), None)
    if same is not None and not dwelling.visits:
        seen = replace(same, due=fault.due, photos=same.photos + fault.photos)
        return replace(dwelling, faults=tuple(seen if each is same else each for each in dwelling.faults), at=at)
    known = next((each for each in dwelling.faults if each.id == fault.id), None)
    if known is None:
        faults = (*dwelling.faults, fault)
        return replace(dwelling, faults=faults, looked=_with(dwelling.looked, fault.fitting), at=at)
    worse = replace(fault, again=known.again + 1, photos=known.photos + fault.photos)
    faults = tuple(worse if each is known else each for each in dwelling.faults)
    return replace(dwelling, faults=faults, looked=_with(dwelling.looked, fault.id), at=at)


def close(dwelling: Dwelling, fittings: Sequence[Fitting], at: int) -> Dwelling | Why:
    """Both sides have confirmed the visit."""
    if not dwelling.looked:
        return Why.AGAIN if dwelling.visits else Why.LEFT
    if left(dwelling, fittings):
        return Why.LEFT
    return replace(dwelling, looked=(), visits=dwelling.visits + 1, at=at)


def left(dwelling: Dwelling, fittings: Sequence[Fitting]) -> tuple[Fitting | Fault, ...]:
    """What this visit has still to look at: every fitting, and later the faults alone."""
    if dwelling.visits:
        return tuple(fault for fault in dwelling.faults if fault.id not in dwelling.looked)
    return tuple(fitting for fitting in fittings if fitting.id not in dwelling.looked)


def count(dwelling: Dwelling, fittings: Sequence[Fitting]) -> tuple[int, int]:
    """(which one comes now, of how many) of the open visit."""
    todo = len(left(dwelling, fittings))
    return len(dwelling.looked) + 1, len(dwelling.looked) + todo


def stage(dwelling: Dwelling) -> Stage:
    if dwelling.looked:
        return Stage.OPEN
    if not dwelling.visits:
        return Stage.UNTOUCHED
    return Stage.WAITING if dwelling.faults else Stage.PASSED


class Progress(Struct, frozen=True):
    """A whole survey in numbers."""

    units: int
    passed: int
    waiting: int
    untouched: int
    faults: int


def progress(survey: Survey, dwellings: Dwellings) -> Progress:
    found = [dwelling for dwelling in _of(survey, dwellings) if dwelling is not None]
    stages = [stage(dwelling) for dwelling in found]
    return Progress(
        units=len(survey.units),
        passed=stages.count(Stage.PASSED),
        waiting=stages.count(Stage.WAITING),
        untouched=len(survey.units) - len(found) + stages.count(Stage.UNTOUCHED),
        faults=sum(len(dwelling.faults) for dwelling in found),
    )


def units_at(survey: Survey, dwellings: Dwellings, wanted: Collection[Stage]) -> tuple[str, ...]:
    """Units that stand so, in the plan's order."""
    units = zip(survey.units, _of(survey, dwellings), strict=True)
    return tuple(unit.id for unit, dwelling in units if stage(dwelling or UNTOUCHED) in wanted)


def next_unit(survey: Survey, dwellings: Dwellings) -> str | None:
    """The one left in the middle, else the next that nobody has begun; None when there is none."""
    begun = units_at(survey, dwellings, (Stage.OPEN,))
    return next(iter(begun or units_at(survey, dwellings, (Stage.UNTOUCHED,))), None)


def _of(survey: Survey, dwellings: Dwellings) -> Iterable[Dwelling | None]:
    return (dwellings.get(key_of(survey.id, unit.id)) for unit in survey.units)


def _is_same(one: Fault, other: Fault) -> bool:
    return (one.fitting, one.phrase) == (other.fitting, other.phrase)


def _with(looked: tuple[str, ...], what: str) -> tuple[str, ...]:
    return looked if what in looked else (*looked, what)
