"""What is said of rounds when they are reviewed (D60): accepted, sent back, answered, signed."""

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from app.duties.accepting import About, Shown, Verdict
from app.kinds.base import Body
from app.kinds.share import Share
from app.record import Record

MOST: Final = 200


class ReviewAccepted(Body, frozen=True):
    """Rounds are taken as they were shown. It counts only `by` somebody who may."""

    rounds: tuple[Shown, ...]
    review: str | None = None
    """What it was sent back by, `book:seq`: that is over then."""


class ReviewReturned(Body, frozen=True):
    """退回: a round is sent back to its crew with a reason; its record is the question that they answer."""

    shown: Shown
    crew: tuple[str, ...]
    """Who is asked; empty where nobody walked: then whoever walks that schedule."""
    about: tuple[About, ...]
    reason: str
    words: str


class ReviewWithdrawn(Body, frozen=True):
    """What was said of these rounds is taken back: they are to be reviewed again."""

    rounds: tuple[str, ...]
    review: str | None = None
    """What they were sent back by, `book:seq`."""


class ReviewAnswered(Body, frozen=True):
    """What the crew says of a round that was sent back."""

    review: str
    """`book:seq` of the record that sent it back."""
    walked: str
    """The round's id. Not called `round`: it is no part of that round."""
    why: str
    words: str


class ReviewSigned(Body, frozen=True):
    """复查: somebody else looked at it again on site, and signs for it."""

    shown: Shown
    place: Literal["rechecker"]
    words: str = ""


class Returned(Struct, frozen=True):
    """A round that was sent back, on the handheld."""

    round: str
    crew: tuple[str, ...]
    about: tuple[About, ...]
    by: tuple[str, ...]
    at: int
    reason: str
    words: str
    answer: str = ""
    """What was said to it; empty while nobody has."""


class Decided(Struct, frozen=True):
    """What a supervisor said on this handheld."""

    verdict: Verdict
    seq: int
    """Of the record that says it."""
    hash: str = ""
    """Of the round as it was shown."""


class Reviews(Struct, frozen=True):
    returned: Mapping[str, Returned] = {}
    """By the record that sent it back, `book:seq`."""
    decided: Mapping[str, Decided] = {}
    """By round."""


def accepted(before: Reviews, record: Record, body: ReviewAccepted, book: str) -> Reviews:
    said = {each.round: Decided("accepted", record.seq, each.hash) for each in body.rounds}
    return _decided(_over(before, body.review), said)


def returned(before: Reviews, record: Record, body: ReviewReturned, book: str) -> Reviews:
    asked = Returned(body.shown.round, body.crew, body.about, record.by, record.at, body.reason, body.words)
    mine = {**before.returned, f"{book}:{record.seq}": asked}
    after = replace(before, returned=dict(list(mine.items())[-MOST:]))
    return _decided(after, {body.shown.round: Decided("returned", record.seq, body.shown.hash)})


def withdrawn(before: Reviews, record: Record, body: ReviewWithdrawn, book: str) -> Reviews:
    return _decided(_over(before, body.review), {each: Decided("withdrawn", record.seq) for each in body.rounds})


def answered(before: Reviews, record: Record, body: ReviewAnswered, book: str) -> Reviews:
    asked = before.returned.get(body.review)
    if asked is None:
        return before
    return replace(before, returned={**before.returned, body.review: replace(asked, answer=body.words or body.why)})


def _over(before: Reviews, review: str | None) -> Reviews:
    return replace(before, returned={id: each for id, each in before.returned.items() if id != review})


def _decided(before: Reviews, said: Mapping[str, Decided]) -> Reviews:
    others = {name: each for name, each in before.decided.items() if name not in said}
    return replace(before, decided=dict(list({**others, **said}.items())[-MOST:]))


REVIEWS: Final = Share[Reviews](
    "reviews",
    Reviews,
    Reviews(),
    {
        ReviewAccepted: accepted,
        ReviewReturned: returned,
        ReviewWithdrawn: withdrawn,
        ReviewAnswered: answered,
    },
)
SHARE: Final = REVIEWS
