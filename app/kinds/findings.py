"""What becomes of a finding: put right, looked at again on site, closed or open once more (D34)."""

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from app.duties import findings
from app.duties.findings import Finding
from app.duties.site import Grade
from app.kinds.base import Body
from app.kinds.evidence import Evidence
from app.record import Record

Findings = Mapping[str, Finding]
"""Those that are open, by id."""


class FindingCorrected(Body, frozen=True):
    finding: str
    """`book:seq` of its finding.raised, here and below."""
    words: str
    order: str | None = None
    """The work order by which it was put right."""


class FindingRechecked(Body, frozen=True):
    finding: str
    ok: bool
    words: str
    point: str | None
    """Whose label was read on site; None when none was."""
    proved: bool
    grade: Grade | None = None
    evidence: Evidence | UnsetType = UNSET
    proof: str | UnsetType = UNSET


def corrected(before: Findings, record: Record, body: FindingCorrected, book: str) -> Findings:
    found = before.get(body.finding)
    after = findings.correct(found, record.at) if found else None
    return before if after is None else {**before, after.id: after}


def rechecked(before: Findings, record: Record, body: FindingRechecked, book: str) -> Findings:
    """Right, it is closed; else it is open as before. What nobody has put right stays as it is."""
    found = before.get(body.finding)
    if found is None or not findings.may_recheck(found):
        return before
    if body.ok:
        return {id: each for id, each in before.items() if id != found.id}
    return {**before, found.id: findings.reopen(found)}
