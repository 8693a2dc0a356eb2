"""What a sighting is worth: *near*, the grade of a visit, and the marks it carries.

The handheld and the office run this same code (decision 30); marks never reject a visit.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from app.duties.site import GRADES, Grade, Settings, Tag


class Mark(StrEnum):
    """Something a supervisor should see. The words stand in app.words.marks under the same names."""

    EARLY = "early"
    LATE = "late"
    OUT_OF_ORDER = "out-of-order"
    TOO_FAST = "too-fast"
    WEAK = "weak-evidence"
    AMBIGUOUS = "ambiguous"
    CREW_SHORT = "crew-short"
    NO_RECHECK = "no-recheck"
    OUT_OF_LIMITS = "out-of-limits"
    UNKNOWN_TAG = "unknown-tag"
    WRONG_POINT = "wrong-point"
    OTHER_ADDRESS = "other-address"
    OLD_LABEL = "old-label"
    CLOCK_JUMP = "clock-jump"
    SKIPPED = "skipped"
    UNANSWERED = "unanswered"
    """The round ended with checks of this stop open."""
    CLONED = "cloned-tag"
    COUNTER_BACK = "counter-back"
    TWO_PLACES = "two-places"
    SILENT_TAG = "silent-tag"
    IMPOSSIBLE_WALK = "impossible-walk"
    LABEL_ONLY = "label-only"
    TO_VERIFY = "to-verify"
    WORN_LABEL = "worn-label"
    SENSOR_READ = "sensor-read"
    OVERRULED = "overruled"
    METER_BACK = "meter-back"
    """A meter shows less than before, and no exchange explains it."""
    METER_EXCHANGED = "meter-exchanged"
    ALWAYS_SAME = "always-same"
    TOO_QUICK = "too-quick"
    """A checklist was answered faster than it can be read."""
    UNBALANCED = "unbalanced"
    NAMED = "named-only"
    """Somebody signed in by name or by the team's leader, as the plan lets the role."""


INFORMATION: Final = frozenset({Mark.SENSOR_READ, Mark.TO_VERIFY, Mark.METER_EXCHANGED, Mark.NAMED})
"""Marks that say how it was done, and accuse nobody."""
OF_GRADE: Final = frozenset({Mark.WEAK, Mark.LABEL_ONLY})
"""Marks that go when better evidence comes in time."""
PAIR_MS: Final = 30_000
"""Label and beacon within this of each other prove one visit together, whichever comes first."""
WORN_BELOW: Final = 50
"""Unused error correction of a label, percent, below which it wants a new print."""


class Sample(Struct, frozen=True):
    """One level of one tag at one time: what near is judged on, and what a record keeps."""

    up: int
    """Moment.up, ms."""
    rssi: int


class Nearness(StrEnum):
    SILENT = "silent"
    """Nothing usable heard within the window."""
    FAR = "far"
    NEAR = "near"
    AMBIGUOUS = "ambiguous"
    """Another stop's tag is within the margin: step closer or read the label, never guess."""


class Near(Struct, frozen=True):
    """The judgement on one point's tag at one moment."""

    state: Nearness
    level: int | None = None
    """Median of the window, dBm."""
    bars: int = 0
    """0..10 for the warmer/colder bar; 10 is near."""
    wait_ms: int = 0
    """How much longer to stand still when the level is right but the dwell is short."""


SILENT: Final = Near(Nearness.SILENT)

# The near rule, with its figures measured in the field and by simulation: of 1 500 approaches 95 % are
# accepted at one metre, 9 % along a corridor at eight metres, 0.1 % from the floor below.
WINDOW_MS: Final = 6000
SAMPLES: Final = 3
DWELL_MS: Final = 2000
LEAVE_DB: Final = 6
"""A tag that was near stays near down to this much under the level it entered at."""
LOUDEST, FAINTEST = 0, -110
"""Usable levels, dBm. Outside them a radio tells a memory (BlueZ: -127) or nonsense, never something heard now."""
LOWEST_ENTER: Final = -95
"""No tag may claim a level so low that it would be near from anywhere it can be heard."""
BAR_DB: Final = 3
THIN_MS: Final = 200
"""Samples closer together than this say nothing new: at most five a second are kept and recorded."""


def enter_level(tag: Tag, power_1m: int | None, settings: Settings) -> int | None:
    """From which median the tag is near, dBm; None when nobody measured it and the tag does not say.

    The installer's figure at the reading point stands before the level that the tag claims at one metre.
    """
    level = tag.near if tag.near is not None else power_1m
    return None if level is None else max(level - settings.enter_below_1m_db, LOWEST_ENTER)


def usable(samples: Iterable[Sample], up: int) -> list[Sample]:
    """The samples of the window that ends at `up`, without impossible levels."""
    return [s for s in samples if up - WINDOW_MS < s.up <= up and FAINTEST <= s.rssi <= LOUDEST]


def judge_near(
    samples: Sequence[Sample],
    rivals: Iterable[Sequence[Sample]],
    enter: int | None,
    was_near: bool,
    up: int,
    margin_db: int = Settings().margin_db,
) -> Near:
    """How near the tag with `samples` is at `up`: the median of at least three samples over at least two seconds.

    `rivals` are the samples of other points' tags; one within `margin_db` of ours makes *near* ambiguous.
    """
    heard = usable(samples, up)
    if not heard:
        return SILENT
    level = _median(heard)
    if enter is None:
        return Near(Nearness.FAR, level)
    bars = _bars(level, enter)
    if level < (enter - LEAVE_DB if was_near else enter):
        return Near(Nearness.FAR, level, bars)
    span = max(sample.up for sample in heard) - min(sample.up for sample in heard)
    if span < DWELL_MS or len(heard) < SAMPLES:
        return Near(Nearness.FAR, level, bars, wait_ms=max(DWELL_MS - span, THIN_MS))
    if any(_rival_level(rival, up) >= level - margin_db for rival in rivals):
        return Near(Nearness.AMBIGUOUS, level, bars)
    return Near(Nearness.NEAR, level, 10)


def _rival_level(samples: Sequence[Sample], up: int) -> int:
    heard = usable(samples, up)
    return _median(heard) if heard else FAINTEST - 100


def _median(heard: Sequence[Sample]) -> int:
    """The middle level, of two the weaker one."""
    return sorted(sample.rssi for sample in heard)[(len(heard) - 1) // 2]


def _bars(level: int, enter: int) -> int:
    return 10 if level >= enter else max(0, 10 + (level - enter) // BAR_DB)


def grade_of(*, near: bool = False, label: bool = False, genuine: bool = False) -> Grade:
    """The grade of what proves a visit (decision 26); a typed code when it is neither beacon nor label.

    `genuine`: the beacon near is one that cannot be copied.
    """
    if near and genuine:
        return "anti-clone"
    if near:
        return "label+near" if label else "near"
    return "label" if label else "typed"


def weaker(grade: str, wanted: str) -> bool:
    """Whether `grade` proves less than `wanted`."""
    return GRADES.index(grade) < GRADES.index(wanted)


def stronger_of(one: Grade | None, other: Grade | None) -> Grade | None:
    if one is None or other is None:
        return one or other
    return other if weaker(one, other) else one


def known_marks(names: Iterable[str]) -> tuple[Mark, ...]:
    """The marks among `names`, each once and in order; names of newer programs are passed over."""
    return tuple(dict.fromkeys(Mark(name) for name in names if name in _MARKS))


_MARKS: Final = frozenset(Mark)
