"""Whether somebody really read a label or a badge: a proof is checked with the token, which only the office has.

What such a proof is worth in a round, app.duties.review judges (decisions 25, 30).
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct

from app.codes import printed_issue
from app.duties.review import Proof
from app.kinds import StopArrived
from app.logbook.drafts import proof
from app.record import Record


class Place(Struct, frozen=True):
    """Where a record stands: what its proof was made over."""

    book: bytes
    previous: bytes | None
    """Hash of the record before; None when that one is missing."""


class Label(Struct, frozen=True):
    """A label as the office made it."""

    issue: int
    token: bytes


Labels = Mapping[str, Sequence[Label]]
"""By point id, oldest issue first."""


def check_arrival(record: Record, body: StopArrived, place: Place, labels: Labels) -> Proof | None:
    """What became of the proof that the arrival's label was read; None when none was."""
    if body.evidence.label is UNSET:
        return None
    return _check_label(record, body.evidence.label.issue, place, labels.get(body.point, ()))


def _check_label(record: Record, issue: str, place: Place, labels: Sequence[Label]) -> Proof:
    label = next((each for each in labels if printed_issue(each.issue) == issue), None)
    if label is None:
        return Proof.UNKNOWN
    checked = check_proof(record, label.token, place)
    return Proof.OLD if checked is Proof.GOOD and label is not labels[-1] else checked


def check_badge(record: Record, person: str, place: Place, badges: Labels) -> Proof:
    """What became of the proof that a person's badge was read; OLD for one that was issued anew since."""
    theirs = badges.get(person, ())
    found = [check_proof(record, badge.token, place) for badge in theirs]
    if not found or Proof.GOOD not in found:
        return found[-1] if found else Proof.UNKNOWN
    return Proof.GOOD if found[-1] is Proof.GOOD else Proof.OLD


def check_proof(record: Record, token: bytes, place: Place) -> Proof:
    """Whether the writer of the record held the token."""
    claimed = record.body.get("proof")
    if not isinstance(claimed, str):
        return Proof.MISSING
    if place.previous is None:
        return Proof.UNKNOWN
    body: dict[str, Any] = {name: value for name, value in record.body.items() if name != "proof"}
    wanted = proof(token, place.previous, place.book, record.seq, body)
    return Proof.GOOD if hmac.compare_digest(claimed.encode(), wanted.encode()) else Proof.BAD
