"""The kinds of records and what their bodies hold: one table for the handheld and the office.

A kind is a dotted name with a version (decision 10). Bodies of kinds that are not in the table, or of
a newer version, or that do not fit, are nobody's mistake here: they are kept, sent and shown raw, and
`read` gives None for them. docs/record-format.md says the same for other programs.
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from app.duties.findings import LABEL, REPRINT, Finding
from app.duties.readings import Exchange
from app.duties.rounds import Confirmation
from app.duties.site import Grade
from app.kinds.base import Body as Body
from app.kinds.base import Moment
from app.kinds.evidence import BleEvidence as BleEvidence
from app.kinds.evidence import Evidence as Evidence
from app.kinds.evidence import LabelEvidence as LabelEvidence
from app.kinds.findings import FindingCorrected, FindingRechecked
from app.kinds.orders import (
    OrderAccepted,
    OrderArrived,
    OrderConfirmed,
    OrderDone,
    OrderGoing,
    OrderPostponed,
    OrderReopened,
    OrderTaken,
    OrderVisit,
)
from app.kinds.posts import HandoverGiven, HandoverTaken, PostManned, PostStoodIn, ReliefMissing
from app.kinds.procedures import (
    ProcedureAssembled,
    ProcedureClosed,
    ProcedureCounted,
    ProcedureOpened,
    ProcedureReported,
    ProcedureTicked,
)
from app.kinds.registers import RegisterEnded, RegisterEntered
from app.record import Record

VERSION: Final = 1


class BookBefore(Struct, frozen=True):
    """How far another book went."""

    book: str
    seq: int
    hash: str


class BookOpened(Body, frozen=True):
    cert: str
    """Signature of the first shift key over the identity key, hex."""
    identity: str
    key: str
    program: str
    after: BookBefore | UnsetType = UNSET
    """The book that this one continues."""


class BookClosed(Body, frozen=True):
    """The last record of a book that was closed on purpose."""

    reason: str
    """`fork`, `site`, `wiped`, `office`, or a word that only a newer program knows."""


class BookPruned(Body, frozen=True, rename={"first": "from", "last": "to"}):
    """Records that the handheld removed once the office had them."""

    before: str
    first: int
    hash: str
    last: int


class BookRemoved(Body, frozen=True):
    """A closed book that the handheld removed altogether once the office had it."""

    book: str
    hash: str
    receipt: dict[str, Any]
    """The office's, for its last record: at, key, sig."""
    seq: int
    """Its last record."""


class KeyCertified(Body, frozen=True):
    cert: str
    key: str
    head: str | UnsetType = UNSET
    """The replaced key's signature over the head before this record, hex; its private part is gone now."""


class BookEnrolled(Body, frozen=True):
    office: str
    device: str
    site: str
    server_key: str


class ShiftOpened(Body, frozen=True):
    crew: tuple[Confirmation, ...]
    post: str | None = None
    """The post that this shift is of (decision 17); None when nobody said."""
    issue: str | UnsetType = UNSET
    """Of the badge that was scanned, which `proof` is about."""
    proof: str | UnsetType = UNSET


class CrewJoined(Body, frozen=True):
    """A confirmation by one person; also when one of the crew is identified again: after a restart, or wrong PINs."""

    person: str
    method: str
    role: str | None = None
    shown: str | UnsetType = UNSET
    post: str | None = None
    issue: str | UnsetType = UNSET
    proof: str | UnsetType = UNSET

    @property
    def who(self) -> Confirmation:
        return Confirmation(self.person, self.method, self.role, self.shown)


class CrewLeft(Body, frozen=True):
    person: str


class ShiftClosed(Body, frozen=True):
    pass


class PinTried(Body, frozen=True):
    """Written before the PIN is judged, so that no restart forgets a try."""

    person: str


class PinRefused(Body, frozen=True):
    person: str


class PinUnlocked(Body, frozen=True):
    """`by` is whoever unlocked it."""

    person: str


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


class TagCalibrated(Body, frozen=True):
    """An installer measured a tag at the reading point of `point` (`watchbook scan --calibrate`)."""

    point: str
    format: str
    tag: str
    address: str
    level: int
    """Median of `samples`, dBm: what the plan's `near` should be."""
    samples: tuple[int, ...]


class TagSeen(Body, frozen=True):
    """A beacon that the plan does not know, close by; or one of the plan's that is not to be trusted."""

    round: str | None
    stop: str | None
    format: str
    tag: str
    address: str
    rssi: int
    frame: str
    point: str | UnsetType = UNSET
    """Whose beacon it says it is."""
    marks: tuple[str, ...] | UnsetType = UNSET
    """Why it is not to be trusted."""


class CodeSeen(Body, frozen=True):
    """A code that means nothing here: its cleaned text, or the hash of the token when it is a label of ours."""

    round: str | None
    stop: str | None
    text: str | UnsetType = UNSET
    sha256: str | UnsetType = UNSET
    point: str | UnsetType = UNSET
    """Set when it is the label of a point that is not of this round."""


class FindingRaised(Body, frozen=True):
    kind: str
    category: str
    phrase: str
    words: str
    point: str | None
    stop: str | None
    round: str | None
    due: int
    urgent: bool
    fixed: bool
    check: str | None = None
    """The check that it was reported from, and what that looks at."""
    asset: str | None = None
    issue: str | UnsetType = UNSET
    """The label's, of a worn one that the handheld found (category `label`, phrase `reprint`)."""

    @property
    def worn_label(self) -> tuple[str, str] | None:
        """Whose label it says is worn (`asset:ID` or `point:ID`), and its issue; None of anything else."""
        if (self.category, self.phrase) != (LABEL, REPRINT) or self.issue is UNSET:
            return None
        return f"asset:{self.asset}" if self.asset else f"point:{self.point}", self.issue

    def finding(self, id: str, at: int) -> Finding:
        """The matter itself, under the id of this record and its time, UTC ms."""
        return Finding(
            id=id,
            kind=self.kind,
            category=self.category,
            phrase=self.phrase,
            words=self.words,
            point=self.point,
            round=self.round,
            due=self.due,
            urgent=self.urgent,
            fixed=self.fixed,
            at=at,
            stop=self.stop,
            check=self.check,
        )


class AlarmRaised(Body, frozen=True):
    round: str | None
    point: str | None


class RoundFinished(Body, frozen=True):
    round: str
    planned: int
    done: int
    missed: int
    skipped: int
    findings: int
    marks: tuple[str, ...]
    timing: Literal["early", "on-time", "late", "missed"]


class PointExcused(Body, frozen=True, rename={"first": "from", "last": "to"}):
    """免巡: a supervisor takes a point out of the rates (D9). It counts only `by` somebody who may."""

    point: str
    first: int
    last: int
    """From `first` until just before `last`, UTC ms."""
    reason: str
    words: str = ""


class Attachment(Struct, frozen=True):
    sha256: str
    size: int
    type: str


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


class DamageDeclared(Body, frozen=True, rename={"first": "from", "last": "to"}):
    first: int
    last: int
    last_good: str


class WitnessSeen(Body, frozen=True):
    """The head of another handheld's book, by its QR code or by its sixteen digits (app.witness)."""

    how: Literal["qr", "code"]
    book: str | UnsetType = UNSET
    """First 8 bytes of the book's id, hex; with `seq` and `hash` (28 bytes, hex), of a QR code."""
    seq: int | UnsetType = UNSET
    hash: str | UnsetType = UNSET
    code: str | UnsetType = UNSET


KINDS: Final[dict[str, type[Body]]] = {
    "book.opened": BookOpened,
    "key.certified": KeyCertified,
    "book.enrolled": BookEnrolled,
    "book.pruned": BookPruned,
    "book.removed": BookRemoved,
    "book.closed": BookClosed,
    "shift.opened": ShiftOpened,
    "crew.joined": CrewJoined,
    "crew.left": CrewLeft,
    "shift.closed": ShiftClosed,
    "pin.tried": PinTried,
    "pin.refused": PinRefused,
    "pin.unlocked": PinUnlocked,
    "round.started": RoundStarted,
    "round.rechecked": RoundRechecked,
    "stop.arrived": StopArrived,
    "stop.skipped": StopSkipped,
    "check.answered": CheckAnswered,
    "tag.calibrated": TagCalibrated,
    "tag.seen": TagSeen,
    "code.seen": CodeSeen,
    "finding.raised": FindingRaised,
    "alarm.raised": AlarmRaised,
    "round.finished": RoundFinished,
    "round.late-entry": RoundLateEntry,
    "point.excused": PointExcused,
    "mark.explained": MarkExplained,
    "damage.declared": DamageDeclared,
    "witness.seen": WitnessSeen,
    "register.entered": RegisterEntered,
    "register.ended": RegisterEnded,
    "procedure.opened": ProcedureOpened,
    "procedure.assembled": ProcedureAssembled,
    "procedure.ticked": ProcedureTicked,
    "procedure.counted": ProcedureCounted,
    "procedure.reported": ProcedureReported,
    "procedure.closed": ProcedureClosed,
    "post.manned": PostManned,
    "post.stood-in": PostStoodIn,
    "relief.missing": ReliefMissing,
    "handover.given": HandoverGiven,
    "handover.taken": HandoverTaken,
    "finding.corrected": FindingCorrected,
    "finding.rechecked": FindingRechecked,
    "order.taken": OrderTaken,
    "order.accepted": OrderAccepted,
    "order.going": OrderGoing,
    "order.arrived": OrderArrived,
    "order.done": OrderDone,
    "order.confirmed": OrderConfirmed,
    "order.postponed": OrderPostponed,
    "order.reopened": OrderReopened,
    "order.visit": OrderVisit,
}

_NAMES: Final = {body: kind for kind, body in KINDS.items()}


def kind_of(body: Body) -> str:
    return _NAMES[type(body)]


def to_dict(body: Body) -> dict[str, Any]:
    """The body as a record holds it, and as it will be read again."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
    return plain


def read(record: Record) -> Body | None:
    """The record's body by its kind; None for an unknown kind or version, or a body that does not fit."""
    shape = KINDS.get(record.kind)
    if shape is None or record.v != VERSION:
        return None
    try:
        return msgspec.convert(record.body, shape)
    except msgspec.ValidationError:
        return None


def urgent(record: Record) -> bool:
    """Whether the record is also posted alone, ahead of the others (decision 28)."""
    if record.kind == "alarm.raised":
        return True
    return record.kind == "finding.raised" and record.body.get("urgent") is True
