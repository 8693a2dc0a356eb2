"""Which matter a record is about: work orders, findings and call-outs, which several handhelds see to; requests, to
which the desk sees; rounds that were sent back, points that were excused and messages of the office, which every
handheld must know of."""

from collections.abc import Mapping
from typing import Any, Final

NAMED_BY: Final = {
    "order": "order",
    "finding": "finding",
    "violation": "finding",
    "procedure": "run",
    "request": "request",
    "review": "review",
    "point": "excuse",
    "message": "message",
}
"""By what a kind begins with: the member of its body that names the matter."""
BEGINS: Final = frozenset({
    "order.taken", "finding.raised", "procedure.opened", "request.received", "review.returned", "point.excused",
    "message.sent",
})  # fmt: skip
"""Kinds that begin a matter, which is called after their record."""
LONGEST: Final = 100
"""Characters of a matter's id."""


def matter_of(kind: str, body: Mapping[str, Any], book: str, seq: int) -> str | None:
    """The id of the matter that a record is about; None when it is about none."""
    if kind in BEGINS:
        return f"{book}:{seq}"
    member = NAMED_BY.get(kind.partition(".")[0])
    named = body.get(member) if member else None
    return named if isinstance(named, str) and 0 < len(named) <= LONGEST else None
