"""What the office keeps of what it has read: the details of its projections, and what they are called on a page.

Made by sync.office.reading and sync.office.paper, kept as JSON beside the columns that are asked for. What is
said of a round at the hour of looking (missed, excused, running) is worked out here and is kept nowhere.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from app import kinds
from app.duties.days import millis
from app.duties.evidence import INFORMATION
from app.duties.outcome import Colour, Excuse, Outcome, Tally, forgive, is_excused, judge_walked
from app.duties.review import SEVERE, Judged, Proof, Told
from app.duties.rounds import Confirmation
from app.duties.site import Grade
from sync.office.store.rounds import RoundRow, StopRow

MOST_PICTURES: Final = 9
"""Of one record, on a page."""
_NAME: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Heard(Struct, frozen=True):
    """What the office found out about the tag of one arrival, from its key and from all that was heard of it."""

    told: Told
    counter: int | None = None
    late_ms: int | None = None
    """How long after its time the identity was heard, by where the beacon's clock stands."""
    battery_pct: int | None = None
    battery_mv: int | None = None
    values: tuple[tuple[str, str], ...] = ()
    """What its frames measure, by name; enciphered ones opened."""


class Ref(Struct, frozen=True):
    """Where an auditor finds a record: its number in the book and the beginning of the chain's hash there."""

    seq: int
    hash: str
    at: int
    """UTC ms by the handheld."""
    part: int = 0
    """In which of the round's parts (`RoundDetail.parts`)."""


class Part(Struct, frozen=True):
    """What one book tells of a round that is spread over several."""

    book: str
    """Hex."""
    first: int
    last: int
    apart: bool = False
    """Kept apart: other records stand under the same numbers."""


class Arrival(Struct, frozen=True):
    """One arrival at a stop, as recorded and as the office judges it."""

    ref: Ref
    point: str
    grade: Grade
    marks: tuple[str, ...]
    evidence: kinds.Evidence
    judged: Judged | None
    """None when that revision of the plan is not known here."""
    heard: Heard | None = None
    """None when no beacon was heard."""


class AnswerSeen(Struct, frozen=True):
    ref: Ref
    check: str
    ok: bool
    judged_ok: bool | None
    value: str | None
    repeated: bool
    words: str
    marks: tuple[str, ...]
    corrects: int | None = None
    """The record whose answer it takes back."""
    sensor: kinds.SensorRead | None = None
    """What a sensor of the point said, whoever answered then."""

    @property
    def bad(self) -> bool:
        """Not OK by the crew's word or by the office's."""
        return not self.ok or self.judged_ok is False


class SkipSeen(Struct, frozen=True):
    ref: Ref
    reason: str
    words: str


class PaperSeen(Struct, frozen=True):
    """What the paper says of a stop."""

    ref: Ref
    ok: bool
    words: str


class StopDetail(Struct, frozen=True):
    """One stop of a round: everything its records say of it."""

    marks: tuple[str, ...]
    """As the crew saw them."""
    office_marks: tuple[str, ...]
    place: int | None
    """1, 2, 3 … in the order in which the stops were reached; None while it was not."""
    done: bool
    arrivals: tuple[Arrival, ...] = ()
    answers: tuple[AnswerSeen, ...] = ()
    skips: tuple[SkipSeen, ...] = ()
    paper: PaperSeen | None = None


class Again(Struct, frozen=True):
    """One of the crew identified again on the way."""

    ref: Ref
    person: str
    method: str
    proof: Proof | None
    """For a badge whose proof was recorded."""


class SignIn(Struct, frozen=True):
    """How one of the crew had signed in on the handheld before the round."""

    ref: Ref
    person: str
    proof: Proof


class LateEntry(Struct, frozen=True):
    """A round that was entered from paper: by whom, and from which sheet."""

    by: tuple[str, ...]
    paper: str
    attachments: int
    photos: tuple[str, ...] = ()
    """SHA-256 of each, hex."""


class Event(Struct, frozen=True):
    """Anything else that was recorded during the round."""

    ref: Ref
    kind: str
    what: str


class RoundDetail(Struct, frozen=True):
    """One round in words and numbers."""

    schedule: str
    route: str
    opens: datetime
    closes: datetime
    """In the site's zone."""
    revision: int
    plan_sha256: str
    judged: bool
    """The office has that revision of the plan and could judge for itself."""
    seed: str | None
    crew: tuple[Confirmation, ...]
    alone: str | None
    started: int
    finished: int | None
    timing: str
    planned: int
    done: int
    missed: int
    skipped: int
    in_window: int
    """Stops reached within the window."""
    findings: int
    not_ok: int
    """Answers that are not OK, by the crew's word or the office's; a check answered again counts as answered last."""
    marks: tuple[str, ...]
    office_marks: tuple[str, ...]
    stop_marks: tuple[str, ...]
    """All marks of all stops, the office's too, each once."""
    again: tuple[Again, ...]
    events: tuple[Event, ...]
    offset: int | None
    """Office clock minus handheld clock, ms, as the last record knew it."""
    first: Ref
    last: Ref
    rules: int
    sign_ins: tuple[SignIn, ...] = ()
    """By badge, with what became of each proof."""
    late_entry: LateEntry | None = None
    parts: tuple[Part, ...] = ()
    """In the order in which it was walked; empty for a round that one book tells whole."""
    taken: int = 0
    """Stops left out here that were reached before with the handheld that this one took over from."""
    taken_in_window: int = 0


class FindingDetail(Struct, frozen=True):
    ref: Ref
    kind: str
    category: str
    phrase: str
    words: str
    point: str | None
    stop: str | None
    fixed: bool
    by: tuple[str, ...]
    photos: tuple[str, ...] = ()
    """SHA-256 of each, hex."""


class AlarmDetail(Struct, frozen=True):
    """An urgent record; `category` is empty for an alarm."""

    ref: Ref
    category: str
    phrase: str
    words: str
    round: str | None
    point: str | None
    by: tuple[str, ...]
    """Of an alarm that the handheld raised by itself, whom it is about."""
    how: str = ""
    """Of an alarm: `silent`, `not-answered`, or empty; `procedure` of an emergency that began (D51, D54), which is only
    told, like an urgent finding."""
    seen: int | None = None
    """When the last arrival was, at `point`, UTC ms."""


class ExcuseDetail(Struct, frozen=True):
    ref: Ref
    reason: str
    words: str
    by: tuple[str, ...]
    valid: bool
    """Said by somebody who may."""


class ExplanationDetail(Struct, frozen=True):
    ref: Ref
    mark: str
    words: str
    by: tuple[str, ...]


class WitnessDetail(Struct, frozen=True):
    ref: Ref
    how: str
    book: str
    hash: str
    code: str
    by: tuple[str, ...]


class BookLife(Struct, frozen=True):
    """What a book says of itself."""

    after: kinds.BookBefore | None = None
    closed: str | None = None
    closed_at: int = 0
    pruned: tuple[tuple[int, int], ...] = ()
    """Runs of numbers that the handheld removed after the office's receipt, in order."""


def names_in(body: dict[str, Any]) -> tuple[str, ...]:
    """The hashes, hex, of the pictures that a record names."""
    listed = body.get("attachments")
    found = [one.get("sha256") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(name for name in found if isinstance(name, str) and is_name(name))[:MOST_PICTURES]


def is_name(text: str) -> bool:
    """Whether it is a SHA-256 in hex, as records write it."""
    return _NAME.fullmatch(text) is not None


def joined(runs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same numbers in as few runs as can be, in order."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(runs):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def marks_of(detail: RoundDetail) -> tuple[str, ...]:
    """All marks of the round and of its stops, the crew's and the office's, each once."""
    return tuple(dict.fromkeys([*detail.marks, *detail.office_marks, *detail.stop_marks]))


def tally_of(row: RoundRow, detail: RoundDetail, stops: Iterable[StopRow], excuses: Sequence[Excuse]) -> Tally:
    """The round in points. `stops` are at least those of its stops that an excuse may be about."""
    closes = millis(detail.closes)
    left = [
        bool(msgspec.json.decode(stop.detail, type=StopDetail).skips)
        for stop in stops
        if stop.at is None and is_excused(stop.point, row.opens, closes, excuses)
    ]
    done, in_window = detail.done + detail.taken, detail.in_window + detail.taken_in_window
    tally = Tally(detail.planned, done, detail.skipped - detail.taken, in_window)
    return forgive(tally, left.count(False), left.count(True))


def outcome_of(detail: RoundDetail, tally: Tally, now: int) -> Outcome:
    """What the round is called at `now`, UTC ms."""
    return judge_walked(
        tally,
        detail.timing,
        marks_of(detail),
        detail.not_ok,
        over=detail.finished is not None,
        window_over=now >= millis(detail.closes),
        late_entry=detail.late_entry is not None,
    )


def stop_outcome(row: StopRow, detail: StopDetail, whole: RoundDetail, *, excused: bool) -> tuple[Colour, str]:
    """What a stop is called, as its colour and the name of its word."""
    if row.at is None:
        if excused:
            return "dim", "excused"
        if detail.skips:
            return "amber", "was_skipped"
        return ("red", "missed") if whole.finished is not None else ("dim", "not_reached_yet")
    marks = {*detail.marks, *detail.office_marks} - INFORMATION
    if whole.judged and row.office_grade is None:
        return ("red" if marks & SEVERE else "amber"), "grade_none"
    return ("amber" if marks else "ok"), f"grade_{row.office_grade or row.grade}"
