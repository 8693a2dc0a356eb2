"""Violations as records: the patrol record, the notice and the report that one finding leads through (D35)."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import UNSET, UnsetType

from app.duties import violations
from app.duties.violations import Case, Made
from app.kinds.base import Attachment, Body
from app.kinds.share import Share
from app.record import Record

Cases = Mapping[str, Case]
"""By the id of their finding."""
MOST: Final = 300


class ViolationRecorded(Body, frozen=True):
    """巡查记录."""

    finding: str
    """`book:seq` of its finding.raised, here and below."""
    found: int
    """When that was, UTC ms."""
    party: str
    """Of app.duties.violations.PARTIES."""
    answer: str
    """Of ANSWERS: what came of dissuading them on the spot."""
    words: str
    """Both, as the crew saw them."""
    room: str = ""


class ViolationNoticed(Body, frozen=True):
    """劝阻通知书."""

    finding: str
    demand: str
    """Phrase of the plan."""
    words: str
    """As it stands on the notice."""
    number: str
    """Of the paper."""
    signed: str
    """Of SIGNED."""
    comply: int
    """They are to have done it by then, UTC ms."""
    attachments: tuple[Attachment, ...] | UnsetType = UNSET


class ViolationReported(Body, frozen=True):
    """报告书."""

    finding: str
    handed: str
    """Of HANDED."""
    words: str
    """To whom."""
    number: str = ""
    """Of the receipt."""
    attachments: tuple[Attachment, ...] | UnsetType = UNSET


def recorded(before: Cases, record: Record, body: ViolationRecorded, book: str) -> Cases:
    return _next(
        before,
        body.finding,
        lambda case: violations.record(case, record.at, body.party, body.answer, body.room, found=body.found),
    )


def noticed(before: Cases, record: Record, body: ViolationNoticed, book: str) -> Cases:
    return _next(
        before,
        body.finding,
        lambda case: violations.notify(case, record.at, body.demand, body.number, body.signed, body.comply),
    )


def reported(before: Cases, record: Record, body: ViolationReported, book: str) -> Cases:
    return _next(before, body.finding, lambda case: violations.report(case, record.at))


def _next(before: Cases, finding: str, step: Callable[[Case | None], Made]) -> Cases:
    """What does not come in its order changes nothing; of many cases the newest are kept."""
    after = step(before.get(finding))
    if not isinstance(after, Case):
        return before
    kept = {**{id: case for id, case in before.items() if id != finding}, finding: after}
    return kept if len(kept) <= MOST else dict(list(kept.items())[-MOST:])


VIOLATIONS: Final[Share[Cases]] = Share(
    "violations",
    Cases,
    {},
    {ViolationRecorded: recorded, ViolationNoticed: noticed, ViolationReported: reported},
)
SHARE: Final = VIOLATIONS
