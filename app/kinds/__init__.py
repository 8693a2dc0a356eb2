"""The kinds of records and what their bodies hold: one table for the handheld and the office.

A kind is a dotted name with a version (decision 10); its body is the class of the same name, `OrderTaken` of
`order.taken`, in the module that has it in the table below. Of most subjects the module is loaded when such a record is
met. Bodies of kinds that are not in the table, or of a newer version, or that do not fit, are nobody's mistake here:
they are kept, sent and shown raw, and `read` gives None for them. docs/record-format.md says the same for other
programs.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

import msgspec

from app.kinds.base import Attachment, Body
from app.kinds.book import BookBefore, BookClosed, BookEnrolled, BookOpened, BookPruned, BookRemoved, KeyCertified
from app.kinds.crew import CrewJoined, CrewLeft, PinRefused, PinTried, PinUnlocked, ShiftClosed, ShiftOpened
from app.kinds.evidence import BleEvidence, Evidence, LabelEvidence
from app.kinds.findings import FindingRaised
from app.kinds.rounds import (
    AlarmRaised,
    CheckAnswered,
    PlanNamed,
    RoundFinished,
    RoundRechecked,
    RoundStarted,
    SensorRead,
    StopArrived,
    StopSkipped,
)
from app.kinds.share import Share
from app.record import Record

__all__ = (
    "AlarmRaised",
    "Attachment",
    "BleEvidence",
    "Body",
    "BookBefore",
    "BookClosed",
    "BookEnrolled",
    "BookOpened",
    "BookPruned",
    "BookRemoved",
    "CheckAnswered",
    "CrewJoined",
    "CrewLeft",
    "Evidence",
    "FindingRaised",
    "KeyCertified",
    "LabelEvidence",
    "PinRefused",
    "PinTried",
    "PinUnlocked",
    "PlanNamed",
    "RoundFinished",
    "RoundRechecked",
    "RoundStarted",
    "SensorRead",
    "ShiftClosed",
    "ShiftOpened",
    "StopArrived",
    "StopSkipped",
)

VERSION: Final = 1

_SUBJECTS: Final = {
    "book": "book.opened key.certified book.enrolled book.pruned book.removed book.closed damage.declared",
    "crew": "shift.opened crew.joined crew.left shift.closed pin.tried pin.refused pin.unlocked",
    "rounds": "round.started round.rechecked stop.arrived stop.skipped check.answered round.finished alarm.raised",
    "senses": "tag.calibrated tag.seen code.seen",
    "findings": "finding.raised finding.corrected finding.rechecked finding.photographed finding.noticed "
    "finding.postponed finding.reopened",
    "afterwards": "round.late-entry point.excused mark.explained",
    "witness": "witness.seen",
    "lone": "lone.answered",
    "handheld": "handheld.took-over",
    "registers": "register.entered register.ended",
    "procedures": "procedure.opened procedure.assembled procedure.ticked procedure.unticked procedure.counted "
    "procedure.reported procedure.closed",
    "posts": "post.manned post.stood-in relief.missing relief.asked handover.given handover.taken",
    "orders": "order.taken order.accepted order.going order.arrived order.done order.confirmed order.postponed "
    "order.reopened order.visit order.visited order.dispatched order.photographed",
    "requests": "request.received request.closed",
    "surveys": "survey.checked survey.closed",
    "figures": "figure.entered figure.withdrawn case.kept case.dropped",
    "violations": "violation.recorded violation.noticed violation.reported",
    "messages": "message.sent message.read",
    "reviews": "review.accepted review.returned review.withdrawn review.answered review.signed",
}
"""Module of app.kinds -> its kinds."""


class _Kinds(Mapping[str, type[Body]]):
    """Kind -> body."""

    def __init__(self) -> None:
        self._modules = {kind: module for module, kinds in _SUBJECTS.items() for kind in kinds.split()}
        self._met: dict[str, type[Body]] = {}

    def __getitem__(self, kind: str) -> type[Body]:
        if kind not in self._met:
            name = "".join(word.capitalize() for word in re.split("[.-]", kind))
            self._met[kind] = getattr(import_module(f"app.kinds.{self._modules[kind]}"), name)
        return self._met[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


KINDS: Final[Mapping[str, type[Body]]] = _Kinds()


def kind_of(body: Body) -> str:
    return name_of(type(body))


def name_of(shape: type[Body]) -> str:
    """`order.taken` of `OrderTaken`."""
    subject, *what = re.findall("[A-Z][a-z]*", shape.__name__)
    return f"{subject}.{'-'.join(what)}".lower()


def share_of(shape: type[Body]) -> Share[Any] | None:
    """The share of the state that the subject of these bodies has."""
    return getattr(sys.modules[shape.__module__], "SHARE", None)


def share_in(module: str) -> Share[Any]:
    """The share of the subject whose bodies stand in that module."""
    found: Share[Any] = import_module(f"app.kinds.{module}").SHARE
    return found


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
    if record.kind == "procedure.opened":
        return record.body.get("exercise") is False
    return record.kind == "finding.raised" and record.body.get("urgent") is True
