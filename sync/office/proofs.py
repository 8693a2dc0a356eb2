"""Whether somebody really read a label or a badge: a proof is checked with the token, which only the office has.

What such a proof is worth in a round, app.duties.review judges (decisions 25, 30).
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct

from app.duties.days import office_time
from app.duties.review import Proof
from app.duties.site import Plan
from app.kinds import StopArrived
from app.logbook.drafts import proof
from app.record import Record


class Place(Struct, frozen=True):
    """Where a record stands: what its proof was made over."""

    book: bytes
    previous: bytes | None
    """Hash of the record before; None when that one is missing."""


class Label(Struct, frozen=True):
    """A label or badge as the office made it, or a maker's code as it was bound."""

    issue: str
    """As records name it."""
    token: bytes
    until: int | None = None
    """UTC ms from which it is withdrawn."""


Labels = Mapping[tuple[str, str], Sequence[Label]]
"""By kind and id of what carries them: ("point", "gate")."""
Badges = Mapping[str, Sequence[Label]]
"""By person, oldest issue first."""


def check_arrival(record: Record, body: StopArrived, place: Place, labels: Labels, plan: Plan) -> Proof | None:
    """What became of the proof that the arrival's label was read; None when none was."""
    label = body.evidence.label
    if label is UNSET:
        return None
    if label.asset is UNSET:
        return _check_label(record, label.issue, place, labels.get(("point", body.point), ()))
    asset = plan.find_asset(label.asset)
    if asset is None or asset.point != body.point:
        return Proof.BAD
    return _check_label(record, label.issue, place, labels.get(("asset", asset.id), ()))


def _check_label(record: Record, issue: str, place: Place, labels: Sequence[Label]) -> Proof:
    label = next((each for each in labels if each.issue == issue), None)
    if label is None:
        return Proof.UNKNOWN
    checked = check_proof(record, label.token, place)
    withdrawn = label.until is not None and office_time(record) >= label.until
    return Proof.OLD if checked is Proof.GOOD and withdrawn else checked


def check_badge(record: Record, person: str, place: Place, badges: Badges) -> Proof:
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
