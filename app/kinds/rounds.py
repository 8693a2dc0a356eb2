"""A round as records, from its start to its end, and the alarm."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from app.duties.readings import Exchange
from app.duties.rounds import Confirmation
from app.duties.site import Grade
from app.kinds.base import Body, Moment
from app.kinds.evidence import Evidence


class PlanNamed(Struct, frozen=True):
    revision: int
    sha256: str
    """Of the plan's canonical JSON, hex."""


class RoundStarted(Body, frozen=True):
    round: str
    slot: str
    """Round id without attempt."""
    schedule: str
    route: str
    plan: PlanNamed
    order: tuple[str, ...]
    """Stop ids in the order they are asked for."""
    seed: str | None
    crew: tuple[Confirmation, ...]
    opens: Moment
    closes: Moment
    alone: str | None = None
    """Reason id."""
    alone_words: str | None = None
    """The reason as the crew saw it."""
    post: str | None = None
    marks: tuple[str, ...] = ()
    by_place: bool | UnsetType = UNSET
    """One of several rounds that are done as somebody comes by their places (app.duties.places)."""


class RoundRechecked(Body, frozen=True):
    """A confirmation on the way, by one of the crew."""

    round: str
    person: str
    method: str
    role: str | None = None
    shown: str | UnsetType = UNSET
    issue: str | UnsetType = UNSET
    proof: str | UnsetType = UNSET

    @property
    def who(self) -> Confirmation:
        return Confirmation(self.person, self.method, self.role, self.shown)


class StopArrived(Body, frozen=True):
    round: str
    stop: str
    point: str
    grade: Grade
    marks: tuple[str, ...]
    evidence: Evidence
    proof: str | UnsetType = UNSET


class StopSkipped(Body, frozen=True):
    round: str
    stop: str
    reason: str
    words: str = ""


class SensorRead(Struct, frozen=True):
    """What a sensor of the point said, whoever answered then."""

    value: str
    """Exactly as the frame says it, before it was rounded to the check's decimals."""
    address: str
    frame: str
    up: int
    """Moment.up when it was heard, ms."""


class Deducted(Struct, frozen=True):
    """One reason for which an item of a score sheet lost points."""

    item: str
    reason: str
    times: int
    points: int
    """What it cost, all times together."""
    words: str
    """Item and reason as the crew saw them."""


class Score(Struct, frozen=True):
    """A score sheet as it was filled in."""

    points: int
    full: int
    deducted: tuple[Deducted, ...] = ()


class CheckAnswered(Body, frozen=True):
    round: str
    stop: str
    check: str
    ok: bool
    value: str | None
    repeated: bool
    words: str
    asset: str | None
    marks: tuple[str, ...] = ()
    corrects: int | UnsetType = UNSET
    """The record whose answer this one takes back."""
    sensor: SensorRead | UnsetType = UNSET
    """Marked `sensor-read` when the answer is the sensor's, `overruled` when it is not; `words` hold the reason."""
    exchange: Exchange | UnsetType = UNSET
    """The meter was exchanged since the reading before."""
    score: Score | UnsetType = UNSET
    """The sheet, where something was deducted."""


class AlarmRaised(Body, frozen=True):
    round: str | None
    point: str | None
    how: Literal["silent", "not-answered"] | UnsetType = UNSET
    """`silent`: nobody near the crew shall notice. `not-answered`: by itself, after a lone worker was asked twice."""
    who: tuple[str, ...] | UnsetType = UNSET
    """Who did not answer; then `by` is empty, since the handheld says it."""
    asked: int | UnsetType = UNSET
    """When they were asked, UTC ms."""
    seen: int | UnsetType = UNSET
    """When the last arrival was, at `point`, UTC ms."""


class RoundFinished(Body, frozen=True):
    round: str
    planned: int
    done: int
    missed: int
    skipped: int
    findings: int
    marks: tuple[str, ...]
    timing: Literal["early", "on-time", "late", "missed"]
