"""What is said of rounds afterwards 免巡 补录 说明, as records (D9)."""

from collections.abc import Mapping
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from app.duties.rounds import Confirmation
from app.kinds.base import Attachment, Body
from app.kinds.rounds import PlanNamed
from app.kinds.share import Share
from app.record import Record

T = TypeVar("T")

MOST: Final = 200


class PointExcused(Body, frozen=True, rename={"first": "from", "last": "to"}):
    """免巡: a supervisor takes a point out of the rates (D9). It counts only `by` somebody who may."""

    point: str
    first: int
    last: int
    """From `first` until just before `last`, UTC ms."""
    reason: str
    words: str = ""


class StopEntered(Struct, frozen=True):
    """One stop as it stands on the paper."""

    stop: str
    at: int | None = None
    """UTC ms; None when nobody was there."""
    ok: bool = True
    words: str = ""


class RoundLateEntry(Body, frozen=True):
    """补录: a round entered from paper by whoever says it (D9)."""

    round: str
    slot: str
    schedule: str
    route: str
    plan: PlanNamed
    crew: tuple[Confirmation, ...]
    stops: tuple[StopEntered, ...]
    paper: str
    """Which sheet: the number or page of the paper book."""
    attachments: tuple[Attachment, ...] = ()


class MarkExplained(Body, frozen=True):
    """说明: what somebody says of a mark (D9)."""

    record: str
    """`book:seq` of the record that has the mark."""
    mark: str
    words: str


class Excused(Struct, frozen=True):
    """A point that nobody need go to from `first` until before `last`, UTC ms, as `by` says."""

    first: int
    last: int
    by: tuple[str, ...]
    reason: str
    words: str
    point: str = ""


class Told(Struct, frozen=True):
    """What was said, the newest of it."""

    entered: Mapping[str, int] = {}
    """Windows whose rounds were entered from paper, by slot id, and when, UTC ms."""
    excused: Mapping[str, Excused] = {}
    """By the record that says it, `book:seq`; those of the office and of other handhelds too. Earlier programs kept
    them by point."""


def entered(before: Told, record: Record, body: RoundLateEntry, book: str) -> Told:
    return replace(before, entered=_newest(before.entered, body.slot, record.at))


def excused(before: Told, record: Record, body: PointExcused, book: str) -> Told:
    said = Excused(body.first, body.last, record.by, body.reason, body.words, body.point)
    return replace(before, excused=_newest(before.excused, f"{book}:{record.seq}", said))


def _newest(before: Mapping[str, T], name: str, value: T) -> dict[str, T]:
    return dict(list({**before, name: value}.items())[-MOST:])


TOLD: Final = Share[Told]("told", Told, Told(), {RoundLateEntry: entered, PointExcused: excused})
SHARE: Final = TOLD
