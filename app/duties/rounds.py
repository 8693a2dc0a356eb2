"""Patrol rounds: which point comes next, and what an arrival means.

Everything here is arithmetic on values. The caller brings the time; nothing in
this module looks at a clock, a disk or a screen.

An act is judged first (`arrive` says which marks it carries) and applied after (`reached`, `skipped`,
`answered`); a restart, and the office, apply the same functions to what the records say.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from app.duties.days import millis
from app.duties.evidence import OF_GRADE, PAIR_MS, Mark, stronger_of, weaker
from app.duties.schedule import Slot
from app.duties.site import Grade, Plan, Point, Route, Schedule, SignIn, Stop
from app.duties.ways import Instant, Place, clock_jumped, is_impossible, is_too_fast

METHODS: Final = ("badge", "pin", "typed", "leader", "paper", "absent", "refused")
"""How somebody confirms (decision 18); a record may hold a word that only a newer program knows."""
STRONG: Final = ("badge", "pin")
NOT_GIVEN: Final = ("absent", "refused")


class Confirmation(Struct, frozen=True):
    """Who confirms, how, and as what (decision 18): one of the crew as identified."""

    person: str
    method: str
    """Of METHODS, or a word that only a newer program knows: weak then."""
    role: str | None = None
    """The role the person acts in; None when the site grants none."""
    shown: str | UnsetType = UNSET
    """SHA-256 of what was shown to be confirmed, hex; signing in shows nothing."""

    @property
    def given(self) -> bool:
        return self.method not in NOT_GIVEN

    @property
    def weak(self) -> bool:
        """Anybody could have said it in the person's place."""
        return self.method not in STRONG


class Answer(Struct, frozen=True):
    """What was found at one check. Exactly one of the value fields is set, by the check's kind."""

    check: str
    ok: bool
    """Within the normal range, or answered OK."""
    value: str | None = None
    """number: decimal string as read, e.g. "0.42"; count: "27/30"; text: phrase id or words; choice: its id."""
    at: int = 0
    """UTC ms."""
    repeated: bool = False
    """An out-of-limits reading that was asked again and kept."""
    marks: tuple[Mark, ...] = ()
    """What the answer marks its stop with; they go with it when it is taken back."""
    seq: int = 0
    """Number of its record; 0 before it is one."""


class Visit(Struct, frozen=True):
    """One stop as it stands in a round."""

    stop: str
    at: int | None = None
    """UTC ms of the arrival; None while it was not reached."""
    up: int | None = None
    boot: str = ""
    grade: Grade | None = None
    marks: tuple[Mark, ...] = ()
    answers: tuple[Answer, ...] = ()
    skipped: str | None = None
    """Reason id when it was skipped."""
    done: bool = False
    """Arrived and every check answered, or skipped."""

    def answer(self, check: str) -> Answer | None:
        """The answer that counts: the newest."""
        return next((answer for answer in self.answers if answer.check == check), None)


class Progress(Struct, frozen=True):
    """One round while it is walked, recomputed from records after a restart."""

    round: str
    """Slot's round id plus attempt: `night-1@2026-11-21T22:00#<book first 8>-1`."""
    route: str
    schedule: str
    opens: datetime
    closes: datetime
    revision: int
    """Plan revision it is walked under."""
    crew: tuple[Confirmation, ...]
    order: tuple[str, ...]
    """Stop ids in the order they are asked for."""
    seed: str | None
    """Recorded seed of a shuffled order, hex."""
    started: int
    """UTC ms."""
    visits: tuple[Visit, ...]
    """One per stop, in `order`."""
    rechecked: tuple[Confirmation, ...] = ()
    """The partner, identified again on the way."""
    at_stop: str | None = None
    """Stop whose checks are open now."""
    last: str | None = None
    """Stop reached last: walking times count from it."""
    findings: tuple[str, ...] = ()
    """Ids (`book:seq`) of findings raised during the round."""
    marks: tuple[Mark, ...] = ()
    """Marks of the round as a whole."""
    alone: str | None = None
    """Reason id for walking with fewer people than the schedule asks."""
    alone_words: str | None = None
    """The reason as the crew saw it."""
    finished: int | None = None

    def visit(self, stop: str) -> Visit | None:
        return next((visit for visit in self.visits if visit.stop == stop), None)


class Refusal(StrEnum):
    """Why a tag or a code was no arrival."""

    UNKNOWN = "unknown"
    """Nobody's tag or code."""
    WRONG_POINT = "wrong-point"
    """A place of the plan that is not of this round."""
    NOT_YET = "not-yet"
    """A stop of this round, but another one is asked for."""
    HERE = "here"
    """The stop whose checks are open."""
    DONE = "done"
    TOO_SOON = "too-soon"
    """The partner, before the first stop (D2)."""
    NOT_OF_CREW = "not-of-crew"
    SUSPECT = "suspect"
    """The beacon may be a copy: the label is asked for."""


class Verdict(Struct, frozen=True):
    """What an arrival meant."""

    stop: str | None
    """The stop arrived at; None when the tag is not of this round."""
    point: str | None
    """The point the tag belongs to, when any."""
    accepted: bool
    grade: Grade | None = None
    marks: tuple[Mark, ...] = ()
    person: str | None = None
    """The code was this person's badge: accepted when it counted as the partner's second identification."""
    asset: str | None = None
    """The code was this asset's label."""
    why: Refusal | None = None
    """Why not, when it was not accepted."""
    pairs: bool = False
    """Accepted by the label; the point's beacon within half a minute makes it stronger."""
    adds: bool = False
    """Accepted as more evidence of where the crew is already."""


class Summary(Struct, frozen=True):
    """A finished (or closed) round in numbers, for the screen and the page."""

    round: str
    planned: int
    done: int
    """Stops reached."""
    missed: int
    """Stops neither reached nor skipped; 0 while the round is walked."""
    skipped: int
    findings: int
    marks: tuple[tuple[str, Mark], ...]
    """(stop id, mark) in order; stop id "" for the round itself."""
    started: int
    finished: int | None
    timing: Literal["early", "on-time", "late", "missed"]
    closes: int = 0
    """When its window ends, UTC ms."""


# -- beginning -----------------------------------------------------------------------------------


def shuffle(stops: Iterable[str], seed: str) -> tuple[str, ...]:
    """`stops` sorted by SHA-256(seed ‖ stop) (decision 24): anybody with the recorded seed gets the same order.

    `seed` is hex. Raises ValueError when it is not.
    """
    salt = bytes.fromhex(seed)
    return tuple(sorted(stops, key=lambda stop: hashlib.sha256(salt + stop.encode()).digest()))


def order_of(route: Route, seed: str | None) -> tuple[str, ...]:
    """Stop ids in the order they are asked for."""
    listed = tuple(stop.id for stop in route.stops)
    return shuffle(listed, seed) if route.order == "shuffled" and seed else listed


def round_id(slot: Slot, book: str, attempt: int) -> str:
    """Planned and done match offline, on two handhelds too (decision 19)."""
    return f"{slot.round}#{book[:8]}-{attempt}"


def slot_id(id: str) -> str:
    """The slot that a round belongs to: its id without the attempt."""
    return id.partition("#")[0]


def begin(
    slot: Slot, route: Route, schedule: Schedule, *, id: str, revision: int,
    crew: tuple[Confirmation, ...], started: int, seed: str | None = None,
    alone: str | None = None, alone_words: str | None = None, sign_in: tuple[SignIn, ...] = (),
) -> Progress:  # fmt: skip
    """A round at its beginning. Fewer people than the schedule asks are marked, whatever the reason."""
    order = order_of(route, seed)
    marks = crew_marks(crew, schedule, sign_in)
    short = Mark.CREW_SHORT in marks
    return Progress(
        round=id,
        route=route.id,
        schedule=schedule.id,
        opens=slot.opens,
        closes=slot.closes,
        revision=revision,
        crew=crew,
        order=order,
        seed=seed if route.order == "shuffled" else None,
        started=started,
        visits=tuple(Visit(stop) for stop in order),
        marks=marks,
        alone=alone if short else None,
        alone_words=alone_words if short else None,
    )


def is_short(crew: Iterable[Confirmation], schedule: Schedule | None) -> bool:
    """Whether fewer of `crew` confirmed than the schedule asks for; a schedule the plan dropped asks for nobody."""
    return schedule is not None and sum(member.given for member in crew) < schedule.crew


def crew_marks(
    crew: tuple[Confirmation, ...], schedule: Schedule, sign_in: tuple[SignIn, ...] = ()
) -> tuple[Mark, ...]:
    """Marks of a crew that sets out: too few who confirmed, or one who did so only weakly.

    `sign_in` of the plan says for which roles that will do: it is said, and accuses nobody.
    """
    weak = [member for member in crew if member.given and member.weak]
    let = {(rule.role, method) for rule in sign_in for method in rule.methods}
    named = [member for member in weak if (member.role, member.method) in let]
    found = {Mark.CREW_SHORT: is_short(crew, schedule), Mark.WEAK: len(named) < len(weak), Mark.NAMED: bool(named)}
    return tuple(mark for mark, yes in found.items() if yes)


# -- the way -------------------------------------------------------------------------------------


def next_stop(progress: Progress) -> str | None:
    """The stop whose checks are open, else the first that is not done; None when all are."""
    return progress.at_stop or next((visit.stop for visit in progress.visits if not visit.done), None)


def remaining(progress: Progress) -> tuple[str, ...]:
    """Stops not done yet, in the order they are asked for."""
    return tuple(visit.stop for visit in progress.visits if not visit.done)


def is_shut(visit: Visit) -> bool:
    """Whether nobody could go there: the reason may still be another one."""
    return visit.skipped is not None and visit.at is None


def stop_of(route: Route, stop: str) -> Stop | None:
    return next((each for each in route.stops if each.id == stop), None)


def stop_at(progress: Progress, route: Route, point: str) -> str | None:
    """The stop that being at `point` means: the one that waits, else one not done, else any; None for no stop."""
    here = [stop.id for stop in route.stops if stop.point == point and progress.visit(stop.id)]
    waiting, left = next_stop(progress), remaining(progress)
    return min(here, key=lambda stop: (stop != waiting, stop not in left, progress.order.index(stop)), default=None)


def checks_of(plan: Plan, stop: Stop) -> tuple[str, ...]:
    """Ids of what is to be checked at `stop`, in order."""
    return tuple(check.id for check in plan.checks_of(stop))


def arrive(
    progress: Progress,
    plan: Plan,
    point: Point,
    grade: Grade,
    when: Instant,
    seen: tuple[Mark, ...] = (),
    *,
    place: Place | None = None,
    promised: Grade | None = None,
) -> tuple[Progress, Verdict]:
    """Judge being at `point`. A wrong or repeated tag leaves the round where it was.

    `seen` are marks of the evidence itself, `place` is where the handheld's last arrival was, `promised` the grade that
    only the office can give. A stop that was skipped, or left with open checks, may be reached again: the first arrival
    keeps its time. So may one whose evidence was too weak, within half a minute: label and beacon count together.
    """
    route = plan.route(progress.route)
    name = adds_to(progress, route, point.id, grade, when) or stop_at(progress, route, point.id)
    stop = stop_of(route, name) if name else None
    visit = progress.visit(name) if name else None
    if stop is None or visit is None:
        return progress, Verdict(None, point.id, False, grade, (Mark.WRONG_POINT,), why=Refusal.WRONG_POINT)
    if better := joined(visit, grade, when):
        weak = (Mark.WEAK,) if weaker(promised or better, wanted(plan, route, point)) else ()
        after = reached(progress, stop.id, when, better, (*weak, *seen), checks_of(plan, stop))
        return after, Verdict(stop.id, point.id, True, better, (*weak, *seen), adds=True)
    if progress.at_stop == stop.id:
        return progress, Verdict(stop.id, point.id, False, grade, why=Refusal.HERE)
    if visit.done and visit.at is not None:
        return progress, Verdict(stop.id, point.id, False, grade, why=Refusal.DONE)
    marks = seen
    if visit.at is None:
        marks = _marks(progress, plan, route, stop, point, grade, when, seen, promised, place)
        if Mark.TOO_FAST not in marks and place is not None and is_impossible(plan, place, point.id, when):
            marks = (*marks, Mark.IMPOSSIBLE_WALK)
    after = reached(progress, stop.id, when, grade, marks, checks_of(plan, stop))
    return after, Verdict(stop.id, point.id, True, grade, marks)


def wanted(plan: Plan, route: Route, point: Point) -> str:
    """The weakest evidence that is not called weak: the point's own, but for work by place a label will do, since
    nobody stands still for a beacon there."""
    lenient = route.id in plan.by_place and weaker("label", point.grade)
    return "label" if lenient else point.grade


def _marks(
    progress: Progress, plan: Plan, route: Route, stop: Stop, point: Point, grade: Grade, when: Instant,
    seen: tuple[Mark, ...], promised: Grade | None, place: Place | None,
) -> tuple[Mark, ...]:  # fmt: skip
    last = progress.visit(progress.last) if progress.last else None
    before = last or place  # whoever sets the clock for a round does so before it
    found = {
        Mark.EARLY: when.at < millis(progress.opens),
        Mark.LATE: when.at >= millis(progress.closes),
        Mark.OUT_OF_ORDER: route.order != "free" and stop.id != next_stop(progress),
        Mark.TOO_FAST: last is not None and is_too_fast(route, last, last.stop, stop.id, when),
        Mark.WEAK: weaker(promised or grade, wanted(plan, route, point)),
        Mark.LABEL_ONLY: grade == "label" and bool(point.beacons) and route.id not in plan.by_place,
        Mark.CLOCK_JUMP: before is not None and clock_jumped(before, when),
    }
    return tuple(dict.fromkeys([*(mark for mark, yes in found.items() if yes), *seen]))


def adds_to(progress: Progress, route: Route, point: str, grade: Grade, when: Instant) -> str | None:
    """The stop reached last, when being at `point` again with `grade` makes its evidence stronger."""
    visit = progress.visit(progress.last) if progress.last else None
    stop = stop_of(route, visit.stop) if visit else None
    here = visit is not None and stop is not None and stop.point == point
    return progress.last if here and visit is not None and joined(visit, grade, when) else None


def joined(visit: Visit, grade: Grade, when: Instant) -> Grade | None:
    """What a stop's evidence is worth together with more of it within half a minute, whichever came first.

    None when the stop asks for no more, when it comes too late, or adds nothing.
    """
    wanting = visit.skipped is None and OF_GRADE & set(visit.marks)
    if visit.grade is None or not (wanting and _soon(visit, when)):
        return None
    both = "label+near" if {visit.grade, grade} == {"label", "near"} else grade
    return both if weaker(visit.grade, both) else None


def _soon(visit: Visit, when: Instant) -> bool:
    return visit.up is not None and visit.boot == when.boot and 0 <= when.up - visit.up <= PAIR_MS


# -- what happened, applied ----------------------------------------------------------------------


def reached(
    progress: Progress, stop: str, when: Instant, grade: Grade, marks: tuple[Mark, ...], checks: tuple[str, ...]
) -> Progress:
    """The round after `stop` was reached. It opens the checks that are not answered yet, or is done; what only adds to
    the evidence of half a minute ago leaves the crew where it is."""
    visit = progress.visit(stop)
    if visit is None:
        return progress
    if visit.grade is not None and visit.skipped is None and weaker(visit.grade, grade) and _soon(visit, when):
        others = (mark for mark in visit.marks if mark not in OF_GRADE)
        return _with(progress, replace(visit, grade=grade, marks=tuple(dict.fromkeys([*others, *marks]))))
    first = visit.at is None
    done = _all_answered(visit, checks)
    visit = replace(
        visit,
        at=when.at if first else visit.at,
        up=when.up if first else visit.up,
        boot=when.boot if first else visit.boot,
        grade=stronger_of(visit.grade, grade),
        marks=tuple(dict.fromkeys([*(m for m in visit.marks if m is not Mark.SKIPPED), *marks])),
        skipped=None,
        done=done,
    )
    return replace(_with(progress, visit), at_stop=None if done else stop, last=stop)


def skipped(progress: Progress, stop: str, reason: str) -> Progress:
    """The round after `stop` was skipped for `reason`. One that was reached stays reached; its checks are left."""
    visit = progress.visit(stop)
    if visit is None or (visit.done and visit.at is not None):
        return progress
    marks = tuple(dict.fromkeys([*visit.marks, Mark.SKIPPED]))
    after = _with(progress, replace(visit, skipped=reason, marks=marks, done=True))
    return replace(after, at_stop=None) if progress.at_stop == stop else after


def answered(
    progress: Progress, stop: str, answer: Answer, checks: tuple[str, ...], marks: tuple[Mark, ...] = ()
) -> Progress:
    """The round after one check was answered; the last one closes the stop.

    A second answer replaces the first, and takes back what that one alone had marked.
    """
    visit = progress.visit(stop)
    if visit is None:
        return progress
    others = [each for each in visit.answers if each.check != answer.check]
    before = visit.answer(answer.check)
    gone = {*(before.marks if before else ())}.difference(*(each.marks for each in others))
    left = (mark for mark in visit.marks if mark not in gone)
    answers = (*others, replace(answer, marks=marks))
    visit = replace(visit, answers=answers, marks=tuple(dict.fromkeys([*left, *marks])))
    done = visit.done or (visit.at is not None and _all_answered(visit, checks))
    after = _with(progress, replace(visit, done=done))
    return replace(after, at_stop=None) if done and progress.at_stop == stop else after


def rechecked(progress: Progress, member: Confirmation) -> Progress:
    """The partner was identified again. It counts on the way only: not before the first stop (D2)."""
    if not (member.given and on_the_way(progress)):
        return progress
    others = (each for each in progress.rechecked if each.person != member.person)
    return replace(progress, rechecked=(*others, member))


def recheck_due(progress: Progress, schedule: Schedule | None) -> bool:
    """Whether a partner has to be identified now: nobody was, and the way has begun (D2)."""
    return recheck_missing(progress, schedule) and on_the_way(progress)


def recheck_missing(progress: Progress, schedule: Schedule | None) -> bool:
    """Whether the schedule asks for a partner to be identified again, and nobody was yet.

    Whoever walks alone, or whose partner had to leave, has none to identify: that the crew was too small is marked.
    """
    together = len(progress.crew) > 1 and progress.alone is None
    return schedule is not None and schedule.recheck and together and not partner_seen(progress)


def partner_seen(progress: Progress) -> bool:
    """Whether somebody beside the first of the crew was identified again: the first alone shows no second person."""
    return any(each.person != progress.crew[0].person for each in progress.rechecked)


def on_the_way(progress: Progress) -> bool:
    return any(visit.at is not None for visit in progress.visits)


def _with(progress: Progress, visit: Visit) -> Progress:
    return replace(progress, visits=tuple(visit if each.stop == visit.stop else each for each in progress.visits))


def _all_answered(visit: Visit, checks: tuple[str, ...]) -> bool:
    answered = {answer.check for answer in visit.answers}
    return all(check in answered for check in checks)


# -- the end -------------------------------------------------------------------------------------


def finish(progress: Progress, schedule: Schedule | None, present: int, at: int) -> tuple[Progress, Summary]:
    """End the round at `at`, UTC ms, with `present` people left on the handheld.

    Stops not reached are missed. Nobody identified again although the schedule asks for it, and a crew
    that shrank on the way, are marked; a schedule that the plan dropped asks for nothing.
    """
    marks = {
        Mark.CREW_SHORT: schedule is not None and present < schedule.crew,
        Mark.NO_RECHECK: recheck_missing(progress, schedule),
    }
    after = finished(progress, tuple(mark for mark, yes in marks.items() if yes), at)
    return after, summary(after)


def finished(progress: Progress, marks: tuple[Mark, ...], at: int) -> Progress:
    """The round with its end and the marks it ended with."""
    return replace(progress, marks=tuple(dict.fromkeys([*progress.marks, *marks])), at_stop=None, finished=at)


def summary(progress: Progress) -> Summary:
    """The round in numbers, as it stands."""
    over = progress.finished is not None
    done = sum(visit.at is not None for visit in progress.visits)
    left_out = sum(map(is_shut, progress.visits))
    return Summary(
        round=progress.round,
        planned=len(progress.visits),
        done=done,
        missed=len(progress.visits) - done - left_out if over else 0,
        skipped=left_out,
        findings=len(progress.findings),
        marks=tuple(_all_marks(progress)),
        started=progress.started,
        finished=progress.finished,
        timing=_timing(progress),
        closes=millis(progress.closes),
    )


def _all_marks(progress: Progress) -> Iterable[tuple[str, Mark]]:
    for mark in progress.marks:
        yield "", mark
    for visit in progress.visits:
        for mark in visit.marks:
            yield visit.stop, mark
        if progress.finished is not None and visit.at is not None and not visit.done:
            yield visit.stop, Mark.UNANSWERED


def _timing(progress: Progress) -> Literal["early", "on-time", "late", "missed"]:
    times = [visit.at for visit in progress.visits if visit.at is not None]
    if not times:
        return "missed"
    if max(times) >= millis(progress.closes):
        return "late"
    return "early" if min(times) < millis(progress.opens) else "on-time"
