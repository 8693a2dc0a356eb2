"""Posts 岗位 as records: who stands where, sheets given and taken, relief that did not come (app.duties.posts)."""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, UnsetType

from app.duties import posts
from app.duties.posts import Posts, Sheet
from app.duties.rounds import Confirmation
from app.kinds.base import Body
from app.kinds.share import Share
from app.record import Record


class PostManned(Body, frozen=True):
    """The crew said at which post it stands, as several would fit it, or it went to another one."""

    post: str
    since: int
    """UTC ms: since when it has been there."""


class PostStoodIn(Body, frozen=True, rename={"instead": "for"}):
    """顶班: `person` stands at the post in place of `for`, whose turn it was."""

    post: str
    person: str
    instead: str


class ReliefMissing(Body, frozen=True):
    """接班人未到: the shift is over, and nobody has come."""

    post: str


class ReliefAsked(Body, frozen=True):
    """请人接班: somebody has been on the post for long, and asks to be relieved (D6)."""

    post: str
    person: str
    """Who has been there longest."""
    minutes: int
    """For how long."""
    hours: int
    """How many the post allows."""


class HandoverGiven(Body, frozen=True):
    """The sheet that a shift leaves for the next one (D40)."""

    post: str
    crew: tuple[Confirmation, ...]
    """Who gives it; `shown` is the hash of the sheet."""
    counts: Mapping[str, int]
    """By the id of the item."""
    differences: Mapping[str, int]
    """Where the count is not what the plan wants: negative where something is missing."""
    open: tuple[str, ...]
    """Ids of matters that are not done, the newest hundred."""
    late: tuple[str, ...]
    """Rounds (without attempt) of this shift that were missed, late or incomplete."""
    notes: Mapping[str, str]
    """Id of the note, and its words as seen."""
    words: str
    """The sheet in one line, as the crew saw it."""


class HandoverTaken(Body, frozen=True):
    """The next shift has read the sheet, or says why it did not."""

    post: str
    sheet: str | None
    """`book:seq`; None of another handheld's, which `code` names."""
    crew: tuple[Confirmation, ...]
    """Who takes it; `shown` is the hash of the sheet, and absent when it was not read on this handheld."""
    override: str | None = None
    """Of posts.OVERRIDES."""
    words: str | None = None
    """The reason, or what was counted, as the crew saw it."""
    code: str | UnsetType = UNSET
    """The sixteen digits of the `handover.given` that was read on another handheld (app.witness)."""
    counts: Mapping[str, int] | UnsetType = UNSET
    """Items as the next shift counted them itself."""
    differences: Mapping[str, int] | UnsetType = UNSET
    """Where those are not what the plan wants."""


def manned(before: Posts, record: Record, body: PostManned, book: str) -> Posts:
    return posts.manned(before, body.post, record.by, body.since)


def stood_in(before: Posts, record: Record, body: PostStoodIn, book: str) -> Posts:
    return posts.put(
        before, body.post, posts.stood_in(before.of(body.post), body.person, record.at, instead=body.instead)
    )


def relief_missing(before: Posts, record: Record, body: ReliefMissing, book: str) -> Posts:
    return posts.put(before, body.post, posts.unrelieved(before.of(body.post), record.at))


def relief_asked(before: Posts, record: Record, body: ReliefAsked, book: str) -> Posts:
    return posts.put(before, body.post, posts.asked(before.of(body.post), record.at))


def given(before: Posts, record: Record, body: HandoverGiven, book: str) -> Posts:
    return posts.put(before, body.post, posts.given(before.of(body.post), sheet_of(record, body, book)))


def sheet_of(record: Record, body: HandoverGiven, book: str) -> Sheet:
    """The sheet that a record gives."""
    return Sheet(
        id=f"{book}:{record.seq}",
        post=body.post,
        at=record.at,
        by=tuple(member.person for member in body.crew),
        counts=body.counts,
        open=body.open,
        late=body.late,
        notes=tuple(body.notes.values()),
    )


def taken(before: Posts, record: Record, body: HandoverTaken, book: str) -> Posts:
    state = before.of(body.post)
    if state.sheet is None or state.sheet.id != body.sheet:
        return before
    by = tuple(member.person for member in body.crew)
    return posts.put(before, body.post, posts.taken(state, record.at, by, body.override or ""))


SHARE: Final = Share(
    "posts",
    Posts,
    Posts(),
    {
        PostManned: manned,
        PostStoodIn: stood_in,
        ReliefMissing: relief_missing,
        ReliefAsked: relief_asked,
        HandoverGiven: given,
        HandoverTaken: taken,
    },
)
