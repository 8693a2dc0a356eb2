"""State is the fold of the records: after a power cut a round is recomputed, not remembered.

`fold` starts from nothing or from an earlier state and takes entries in order. Unknown kinds, and
bodies that do not fit, pass by: no record ever keeps a handheld from starting. The office folds one
round's records with the same `fold_round` (decision 30).
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar, cast
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app import kinds
from app.duties import posts, rounds
from app.duties.evidence import known_marks
from app.duties.findings import Finding
from app.duties.posts import Posts
from app.duties.rounds import Answer, Confirmation, Progress, Summary, Visit
from app.duties.site import Plan, Stop
from app.duties.ways import Place, passed
from app.kinds.matters import matter_of
from app.kinds.share import Share
from app.ports import Moment
from app.record import Entry, Record

T = TypeVar("T")


class PinTries(Struct, frozen=True):
    """Wrong PINs of one person since the last right one or unlocking."""

    count: int
    last: int
    """UTC ms of the last try."""
    up: int
    boot: str


class Shift(Struct, frozen=True):
    """The handheld's span between shift.opened and shift.closed (decision 16)."""

    opened: int
    crew: tuple[Confirmation, ...]
    up: int = 0
    boot: str = ""

    def lasted(self, now: Moment) -> int:
        """Milliseconds."""
        return passed(Moment(self.opened, self.up, self.boot), now)


class State(Struct, frozen=True):
    """All that the handheld knows from its own records."""

    book: str = ""
    """The book's id, hex: findings are named after it."""
    before: str = ""
    """Id of the book that this one continues, hex; empty for a first one."""
    shift: Shift | None = None
    round: Progress | None = None
    """The open round, if any. One at a time on a handheld."""
    plan: kinds.PlanNamed | None = None
    """The plan that the open round is walked under."""
    rounds: dict[str, Summary] = {}
    """Rounds of the last days by slot id (without attempt), newest attempt."""
    attempts: dict[str, int] = {}
    """Attempts so far by slot id."""
    tries: dict[str, PinTries] = {}
    findings: dict[str, Finding] = {}
    """Open findings by id."""
    worn: dict[str, str] = {}
    """Labels that the handheld has reported worn, `point:ID` or `asset:ID`, and which issue it was."""
    alarm: str | None = None
    """Id of the last alarm. What the office says of it stands in its pages."""
    alarm_at: int = 0
    """When it was raised, UTC ms."""
    silent: bool = False
    """Nobody near the crew shall notice it."""
    last_walk: Moment | None = None
    """When the last record was made that is a sign of life: by a person, or that a lone worker is well."""
    unanswered: bool = False
    """Since then a lone worker did not answer, and the alarm was raised."""
    posts: Posts = Posts()
    place: Place | None = None
    """Where the last arrival was, of whatever round."""
    mine: dict[str, tuple[int, ...]] = {}
    """By matter (app.kinds.matters): numbers of the records here that the office has not sent back yet."""
    shares: dict[str, msgspec.Raw] = {}
    """Of subjects that fold by themselves, by name (app.kinds.share): JSON, until `share` is asked. What is not here is
    as before any record."""

    def share(self, share: Share[T]) -> T:
        """What the subject knows; the same value until one of its records changes it."""
        if share.name in self.__struct_fields__:
            return cast(T, getattr(self, share.name))
        shares = cast(dict[str, Any], self.shares)
        if isinstance(found := shares.get(share.name, share.first), msgspec.Raw):
            found = shares[share.name] = share.read(found)
        return cast(T, found)


PlanOf = Callable[[kinds.PlanNamed], Plan | None]
"""The plan that a round names by its hash, as far as the handheld still has it."""

KEPT_MS: Final = 3 * 24 * 3600 * 1000
"""Finished rounds stay in the state this long: the due list looks back half a day."""
ALARM_MS: Final = 24 * 3600 * 1000
"""An alarm outlives the shift that raised it; the first shift a day later does not begin with it."""
KEPT_ROUNDS, KEPT_ATTEMPTS, KEPT_FINDINGS, KEPT_TRIES = 200, 400, 300, 500
KEPT_WORN: Final = 1000
KEPT_MINE: Final = 300
_YEARS: Final = range(1990, 2200)


def fold(state: State, entries: Iterable[Entry], plan_of: PlanOf) -> State:
    """`state` after `entries`, in order. Never raises for what a record says."""
    for entry in entries:
        state = fold_one(state, entry.record, plan_of)
    return state


def fold_one(state: State, record: Record, plan_of: PlanOf) -> State:
    body = kinds.read(record)
    if record.by or record.kind == "lone.answered":
        state = _alive(state, record)
    if body is None:
        return state
    state = _walk(_about_a_matter(state, record), record, body, plan_of)
    if change := _CHANGES.get(type(body)):
        state = change(state, record, body)
    elif (share := kinds.share_of(type(body))) and (step := share.steps.get(type(body))):
        state = with_share(state, share, step(state.share(share), record, body, state.book))
    return state


def with_share(state: State, share: Share[T], after: T) -> State:
    """The state in which a subject knows something else."""
    if share.name in State.__struct_fields__:
        return replace(state, **{share.name: after})
    others = {name: kept for name, kept in state.shares.items() if name != share.name}
    return replace(state, shares=others if after == share.first else {**others, share.name: after})


def _about_a_matter(state: State, record: Record) -> State:
    matter = matter_of(record.kind, record.body, state.book, record.seq)
    if matter is None:
        return state
    others = {id: seqs for id, seqs in state.mine.items() if id != matter}
    return replace(state, mine=_newest({**others, matter: (*state.mine.get(matter, ()), record.seq)}, KEPT_MINE))


# -- one round -----------------------------------------------------------------------------------


def fold_round(progress: Progress | None, record: Record, plan: Plan | None, book: str = "") -> Progress | None:
    """The round after `record`; None before round.started. Records of other rounds leave it as it is.

    `plan` is the revision the round is walked under; without it a stop's checks are unknown and it is
    done when it is reached. `book` names the findings, as `book:seq`.
    """
    body = kinds.read(record)
    return progress if body is None else _fold_round(progress, record, body, plan, book)


def _fold_round(
    progress: Progress | None, record: Record, body: kinds.Body, plan: Plan | None, book: str
) -> Progress | None:
    if progress is None:
        return _started(record, body, plan) if isinstance(body, kinds.RoundStarted) else None
    if getattr(body, "round", None) != progress.round:
        return progress
    match body:
        case kinds.RoundRechecked() as again:
            return rounds.rechecked(progress, again.who)
        case kinds.StopArrived(stop=stop, grade=grade, marks=marks):
            return rounds.reached(progress, stop, record, grade, known_marks(marks), _checks(plan, progress, stop))
        case kinds.StopSkipped(stop=stop, reason=reason):
            return rounds.skipped(progress, stop, reason)
        case kinds.CheckAnswered(stop=stop, marks=marks):
            checks = _checks(plan, progress, stop)
            return rounds.answered(progress, stop, _answer(record, body), checks, known_marks(marks))
        case kinds.FindingRaised():
            return replace(progress, findings=(*progress.findings, f"{book}:{record.seq}"))
        case kinds.CrewLeft(reason=str(reason), words=str(words)):
            return replace(progress, alone=reason, alone_words=words)
        case kinds.RoundFinished(marks=marks):
            return rounds.finished(progress, known_marks(marks), record.at)
    return progress


def _started(record: Record, body: kinds.RoundStarted, plan: Plan | None) -> Progress | None:
    if body.opens.year not in _YEARS or body.closes.year not in _YEARS:
        return None
    zone = ZoneInfo(plan.site.zone) if plan else body.opens.tzinfo
    order = tuple(dict.fromkeys(body.order))
    return Progress(
        round=body.round,
        route=body.route,
        schedule=body.schedule,
        opens=body.opens.astimezone(zone),
        closes=body.closes.astimezone(zone),
        revision=body.plan.revision,
        crew=body.crew,
        order=order,
        seed=body.seed,
        started=record.at,
        visits=tuple(Visit(stop) for stop in order),
        marks=known_marks(body.marks),
        alone=body.alone,
        alone_words=body.alone_words,
    )


def _answer(record: Record, body: kinds.CheckAnswered) -> Answer:
    return Answer(body.check, body.ok, body.value, record.at, body.repeated, seq=record.seq)


def _checks(plan: Plan | None, progress: Progress, stop: str) -> tuple[str, ...]:
    try:
        found = plan and rounds.stop_of(plan.route(progress.route), stop)
        return rounds.checks_of(plan, found) if plan and found else ()
    except KeyError:
        return ()


def _walk(state: State, record: Record, body: kinds.Body, plan_of: PlanOf) -> State:
    if (tended := _tend(state, record, body, plan_of)) is not None:
        return tended
    if isinstance(body, kinds.RoundStarted):
        return _begun(state, record, body, plan_of(body.plan))
    if state.round is None:
        return state
    plan = plan_of(state.plan) if state.plan else None
    after = _fold_round(state.round, record, body, plan, state.book)
    if after is not None and after.finished is not None:
        return _ended(state, after, record.at)
    return replace(state, round=after)


def _tend(state: State, record: Record, body: kinds.Body, plan_of: PlanOf) -> State | None:
    """The state after a record of a round by place; None when it is about none of them."""
    begins = isinstance(body, kinds.RoundStarted) and body.by_place is True
    if not begins and "tended" not in state.shares:
        return None
    from app.duties import places  # only crews that work by place need it: memory
    from app.kinds.tended import TENDED

    before = state.share(TENDED)
    if isinstance(body, kinds.RoundStarted):
        progress = _started(record, body, plan_of(body.plan)) if begins else None
        if progress is None:
            return None
        return with_share(state, TENDED, places.begun(before, progress, body.plan))
    name = getattr(body, "round", None)
    progress = before.open.get(name) if isinstance(name, str) else None
    if progress is None:
        return None
    after = _fold_round(progress, record, body, plan_of(before.plans[progress.round]), state.book) or progress
    if after.finished is None:
        return with_share(state, TENDED, places.went_on(before, after))
    return with_share(state, TENDED, places.ended(before, after))


def _begun(state: State, record: Record, body: kinds.RoundStarted, plan: Plan | None) -> State:
    progress = _started(record, body, plan)
    if progress is None:
        return state
    if state.round is not None:
        state = _ended(state, rounds.finished(state.round, (), record.at), record.at)
    slot = rounds.slot_id(body.round)
    attempts = _newest({**state.attempts, slot: state.attempts.get(slot, 0) + 1}, KEPT_ATTEMPTS)
    return replace(state, round=progress, plan=body.plan, attempts=attempts)


def _ended(state: State, progress: Progress, at: int) -> State:
    kept = {slot: done for slot, done in state.rounds.items() if max(done.started, done.closes) > at - KEPT_MS}
    slot = rounds.slot_id(progress.round)
    kept.pop(slot, None)
    kept[slot] = rounds.summary(progress)
    return replace(state, round=None, plan=None, rounds=_newest(kept, KEPT_ROUNDS))


def _newest(found: dict[str, T], limit: int) -> dict[str, T]:
    return found if len(found) <= limit else dict(list(found.items())[-limit:])


# -- book, shift, people, findings ---------------------------------------------------------------


def _book_opened(state: State, record: Record, body: kinds.BookOpened) -> State:
    """Record 1 holds the first key, whose hash is the book's id (decision 1). The state may be of the book before."""
    if record.seq != 1:
        return state
    try:
        before = body.after.book if body.after else ""
        return replace(state, book=hashlib.sha256(bytes.fromhex(body.key)).hexdigest(), before=before, mine={})
    except ValueError:
        return state


def _shift_opened(state: State, record: Record, body: kinds.ShiftOpened) -> State:
    for member in body.crew:
        state = _identified(state, member.person, member.method)
    if record.at - state.alarm_at > ALARM_MS:
        state = replace(state, alarm=None)
    state = _at_post(state, body.post, tuple(member.person for member in body.crew), record.at)
    return replace(state, shift=Shift(record.at, body.crew, record.up, record.boot))


def _crew_joined(state: State, record: Record, body: kinds.CrewJoined) -> State:
    state = _identified(state, body.person, body.method)
    if state.shift is None:
        return state
    crew = tuple(member for member in state.shift.crew if member.person != body.person)
    shift = replace(state.shift, crew=(*crew, body.who))
    return replace(_at_post(state, body.post, (body.person,), record.at), shift=shift)


def _at_post(state: State, post: str | None, people: tuple[str, ...], at: int) -> State:
    return replace(state, posts=posts.manned(state.posts, post, people, at)) if post else state


def _crew_left(state: State, record: Record, body: kinds.CrewLeft) -> State:
    if state.shift is None:
        return state
    crew = tuple(member for member in state.shift.crew if member.person != body.person)
    left = posts.left_posts(state.posts, body.person)
    return replace(state, shift=replace(state.shift, crew=crew), posts=left)


def _shift_closed(state: State, record: Record, body: kinds.ShiftClosed) -> State:
    return replace(state, shift=None, posts=posts.left_posts(state.posts))


def _pin_tried(state: State, record: Record, body: kinds.PinTried) -> State:
    before = state.tries.get(body.person)
    tried = PinTries((before.count if before else 0) + 1, record.at, record.up, record.boot)
    others = {person: tries for person, tries in state.tries.items() if person != body.person}
    return replace(state, tries=_newest({**others, body.person: tried}, KEPT_TRIES))


def _pin_unlocked(state: State, record: Record, body: kinds.PinUnlocked) -> State:
    return _free(state, body.person)


def _arrived(state: State, record: Record, body: kinds.StopArrived) -> State:
    return replace(state, place=Place(body.point, record.at, record.up, record.boot))


def _rechecked(state: State, record: Record, body: kinds.RoundRechecked) -> State:
    return _identified(state, body.person, body.method)


def _identified(state: State, person: str, method: str) -> State:
    """A right PIN clears the wrong ones; a badge says nothing about them."""
    return _free(state, person) if method == "pin" else state


def _free(state: State, person: str) -> State:
    """No wrong PINs are held against `person` any more."""
    if person not in state.tries:
        return state
    return replace(state, tries={who: tries for who, tries in state.tries.items() if who != person})


def _finding_raised(state: State, record: Record, body: kinds.FindingRaised) -> State:
    if body.worn_label is not None:
        label, issue = body.worn_label
        state = replace(state, worn=_newest({**state.worn, label: issue}, KEPT_WORN))
    if body.fixed:
        return state
    name = f"{state.book}:{record.seq}"
    return replace(state, findings=_newest({**state.findings, name: body.finding(name, record.at)}, KEPT_FINDINGS))


def _alarm_raised(state: State, record: Record, body: kinds.AlarmRaised) -> State:
    state = replace(state, alarm=f"{state.book}:{record.seq}", alarm_at=record.at, silent=body.how == "silent")
    return replace(state, unanswered=True) if body.how == "not-answered" else state


def _alive(state: State, record: Record) -> State:
    return replace(state, last_walk=Moment(record.at, record.up, record.boot), unanswered=False)


_CHANGES: Final[dict[type[kinds.Body], Callable[[State, Record, Any], State]]] = {
    kinds.BookOpened: _book_opened,
    kinds.ShiftOpened: _shift_opened,
    kinds.CrewJoined: _crew_joined,
    kinds.CrewLeft: _crew_left,
    kinds.ShiftClosed: _shift_closed,
    kinds.PinTried: _pin_tried,
    kinds.PinUnlocked: _pin_unlocked,
    kinds.StopArrived: _arrived,
    kinds.RoundRechecked: _rechecked,
    kinds.FindingRaised: _finding_raised,
    kinds.AlarmRaised: _alarm_raised,
}


# -- readings ------------------------------------------------------------------------------------


def reading_of(progress: Progress | None, plan: Plan | None, record: Record) -> tuple[str, str] | None:
    """(`point/checklist/check`, value) when `record` answers a number or a count of the open round."""
    body = kinds.read(record)
    if not isinstance(body, kinds.CheckAnswered) or body.value is None or progress is None or plan is None:
        return None
    try:
        stop = rounds.stop_of(plan.route(progress.route), body.stop)
        checks = plan.checks_of(stop) if stop else ()
    except KeyError:
        return None
    measured = any(check.id == body.check and check.kind in ("number", "count") for check in checks)
    return (reading_key(stop, body.check), body.value) if stop and measured else None


def reading_key(stop: Stop, check: str) -> str:
    """Under what the shelf keeps the last readings of a check: wherever it is asked, it is the same one."""
    return f"{stop.point}/{stop.checklist}/{check}"
