"""What becomes of a finding: put right, looked at again on site, closed or open once more (D34)."""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.duties import findings
from app.duties.findings import LABEL, REPRINT, Finding
from app.duties.site import Grade
from app.kinds.base import Attachment, Body
from app.kinds.evidence import Evidence
from app.kinds.share import Share
from app.record import Record

Findings = Mapping[str, Finding]
"""Those that are open, by id."""


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
    attachments: tuple[Attachment, ...] | UnsetType = UNSET
    """Photographs of it."""

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
            photos=0 if self.attachments is UNSET else len(self.attachments),
        )


class FindingCorrected(Body, frozen=True):
    finding: str
    """`book:seq` of its finding.raised, here and below."""
    words: str
    order: str | None = None
    """The work order by which it was put right."""
    attachments: tuple[Attachment, ...] | UnsetType = UNSET
    """Photographs of how it is now."""


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
    saw: int | UnsetType = UNSET
    """How many records of the finding the handheld knew."""


class FindingNoticed(Body, frozen=True):
    """整改通知单: the office asks for it to be put right (D34). Its number is that of its record."""

    finding: str
    to: str
    """Role whose turn it is."""
    due: int
    """To be put right by then, UTC ms."""
    demand: str
    """What is to be done, as it stands on the notice."""
    firm: str = ""
    """The builder's or contractor's firm that it is for; empty for our own people."""


class FindingPostponed(Body, frozen=True):
    """Its limit is moved later, once (D32)."""

    finding: str
    due: int
    reason: str
    """Of app.duties.orders.POSTPONES."""
    words: str


class FindingReopened(Body, frozen=True):
    """Closed, and not right after all: open again. It says what was found, for whoever has forgotten it since."""

    finding: str
    words: str
    """Why."""
    due: int
    raised: FindingRaised
    """Its first record's body."""
    at: int
    """When that was, UTC ms."""


class FindingPhotographed(Body, frozen=True):
    """Photographs taken later than its first record: before it is put right, or after."""

    finding: str
    attachments: tuple[Attachment, ...]


def corrected(before: Findings, record: Record, body: FindingCorrected, book: str) -> Findings:
    found = before.get(body.finding)
    after = findings.correct(found, record.at) if found else None
    return before if after is None else {**before, after.id: photographed_so(after, body.attachments)}


def photographed(before: Findings, record: Record, body: FindingPhotographed, book: str) -> Findings:
    found = before.get(body.finding)
    return before if found is None else {**before, found.id: photographed_so(found, body.attachments)}


def photographed_so(finding: Finding, more: tuple[Attachment, ...] | UnsetType) -> Finding:
    return replace(finding, photos=finding.photos + len(more)) if more else finding


def rechecked(before: Findings, record: Record, body: FindingRechecked, book: str) -> Findings:
    """Right, it is closed; else it is open as before. What nobody has put right stays as it is."""
    found = before.get(body.finding)
    if found is None or not findings.may_recheck(found):
        return before
    if body.ok:
        return {id: each for id, each in before.items() if id != found.id}
    return {**before, found.id: findings.reopen(found)}


def noticed(before: Findings, record: Record, body: FindingNoticed, book: str) -> Findings:
    found = before.get(body.finding)
    told = found and findings.notify(found, record.at, record.seq, to=body.to, due=body.due, demand=body.demand)
    return {**before, told.id: told} if told else before


def postponed(before: Findings, record: Record, body: FindingPostponed, book: str) -> Findings:
    found = before.get(body.finding)
    after = findings.postpone(found, body.due) if found else None
    return {**before, after.id: after} if after else before


def reopened(before: Findings, record: Record, body: FindingReopened, book: str) -> Findings:
    """One that is still open stays as it is."""
    if body.finding in before:
        return before
    again = replace(body.raised.finding(body.finding, body.at), due=body.due, fixed=False, reopened=1)
    return {**before, again.id: again}


SHARE: Final[Share[Findings]] = Share(
    "findings",
    Findings,
    {},
    {
        FindingCorrected: corrected,
        FindingRechecked: rechecked,
        FindingPhotographed: photographed,
        FindingNoticed: noticed,
        FindingPostponed: postponed,
        FindingReopened: reopened,
    },
)
