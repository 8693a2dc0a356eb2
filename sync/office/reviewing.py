"""Reviews as the office keeps them (D60): from records to rows, from rows to how a round stands."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties import accepting
from app.duties.accepting import About, Review, Shown
from app.duties.days import office_time
from app.kinds.reviews import ReviewAccepted, ReviewAnswered, ReviewReturned, ReviewSigned, ReviewWithdrawn
from sync.office.details import Ref
from sync.office.reading import Line
from sync.office.store import plans as plan_table
from sync.office.store import reviews as table
from sync.office.store.reviews import ReviewRow, Standing
from sync.office.store.visits import LATEST_MS

LONGEST_ID: Final = 200
Said = ReviewAccepted | ReviewReturned | ReviewWithdrawn | ReviewAnswered | ReviewSigned


class ReviewDetail(Struct, frozen=True):
    """Everything else that a record says of one round."""

    ref: Ref
    by: tuple[str, ...]
    shown: Shown
    reason: str = ""
    words: str = ""
    about: tuple[About, ...] = ()
    review: str = ""
    """Of an answer: what it answers, `book:seq`."""


def rows_of(tx: Connection, site: str, line: Line) -> list[ReviewRow]:
    """What a record says, round by round; none for another kind."""
    body = line.body
    if not isinstance(body, Said):
        return []
    at = min(max(office_time(line.record), 0), LATEST_MS)
    valid = isinstance(body, ReviewAnswered | ReviewSigned) or _may(tx, site, at, line.record.by)
    name, verdict = f"{line.stored.book.hex()}:{line.stored.seq}", line.record.kind.partition(".")[2]
    return [
        ReviewRow(site, detail.shown.round, name, verdict, at, valid, msgspec.json.encode(detail))
        for detail in _details(line, body)
        if 0 < len(detail.shown.round) <= LONGEST_ID
    ]


def _details(line: Line, body: Said) -> Iterable[ReviewDetail]:
    ref, by = line.ref, line.record.by
    match body:
        case ReviewAccepted(rounds=rounds):
            return [ReviewDetail(ref, by, shown) for shown in rounds[: accepting.MOST_ROUNDS]]
        case ReviewReturned():
            return [ReviewDetail(ref, by, body.shown, body.reason, body.words, body.about[: accepting.MOST_ABOUT])]
        case ReviewWithdrawn(rounds=names):
            return [ReviewDetail(ref, by, Shown(each)) for each in names[: accepting.MOST_ROUNDS]]
        case ReviewAnswered():
            return [ReviewDetail(ref, by, Shown(body.walked), body.why, body.words, (), body.review)]
        case ReviewSigned():
            return [ReviewDetail(ref, by, body.shown, body.place, body.words)]


def _may(tx: Connection, site: str, at: int, by: Iterable[str]) -> bool:
    """Told by the plan that held when it was said."""
    plan = plan_table.plan_at(tx, site, at)
    return plan is not None and accepting.may_review(plan, by)


def take(tx: Connection, site: str, rows: Collection[ReviewRow]) -> None:
    """Store what was said, and how its rounds stand by all that was said of them."""
    if not rows:
        return
    table.put_reviews(tx, rows)
    _stand(tx, site, {row.round for row in rows})


def purged(tx: Connection, site: str, gone: Collection[tuple[bytes, int]]) -> None:
    """These records, by book and number, are not there any more."""
    if gone:
        _stand(tx, site, table.forget(tx, site, [f"{book.hex()}:{seq}" for book, seq in gone]))


def _stand(tx: Connection, site: str, rounds: Collection[str]) -> None:
    said = table.reviews_of(tx, site, rounds)
    for name in rounds:
        table.put_standing(tx, site, name, _standing(site, name, said.get(name, ())))


def _standing(site: str, name: str, rows: Sequence[ReviewRow]) -> Standing | None:
    review = accepting.standing(read_reviews(rows))
    if review is None:
        return None
    state = "answered" if review.verdict == "returned" and is_answered(review, rows) else review.verdict
    return Standing(site, name, state, review.at)


def read_reviews(rows: Iterable[ReviewRow]) -> list[Review]:
    """Those that accept, send back, or take that back."""
    found = []
    for row in rows:
        if row.verdict in ("accepted", "returned", "withdrawn"):
            detail = read_detail(row)
            verdict = msgspec.convert(row.verdict, accepting.Verdict)
            review = Review(
                row.review, verdict, row.at, detail.by, detail.shown, row.valid, detail.reason, detail.words
            )
            found.append(review)
    return found


def read_detail(row: ReviewRow) -> ReviewDetail:
    return msgspec.json.decode(row.detail, type=ReviewDetail)


def is_answered(review: Review, rows: Iterable[ReviewRow]) -> bool:
    return any(row.verdict == "answered" and read_detail(row).review == review.id for row in rows)
