"""Review: one round judged again from its records, by the rules that the handheld walks by.

*Near* is judged again from the recorded levels, the readings by the plan's limits, and the walk from the
times (decision 30). What a label's proof is worth is handed in: only who holds the tokens can tell; so is what keys,
earlier records and other handhelds tell of a beacon. What the crew saw is kept beside the verdict, never replaced.
"""

from collections.abc import Iterable
from decimal import DecimalException
from enum import StrEnum
from itertools import pairwise
from typing import Final

from msgspec import UNSET, Struct
from msgspec.structs import replace

from app.duties import rounds
from app.duties.checks import answer_marks, in_limits
from app.duties.clones import History, Timed, judge_tag
from app.duties.evidence import PAIR_MS, Mark, Nearness, enter_level, grade_of
from app.duties.genuine import Genuine
from app.duties.rounds import Answer, Progress
from app.duties.seen import near_again, seen_marks
from app.duties.site import GRADES, Check, Grade, Plan, Point
from app.duties.ways import Place, elapsed, least_walk_s, walk_s
from app.kinds import (
    BleEvidence,
    CheckAnswered,
    RoundFinished,
    RoundRechecked,
    StopArrived,
    StopSkipped,
    read,
)
from app.record import Record

RULES: Final = 4
"""Version of these rules. The office stamps its verdicts with it, and judges again under another one."""


class OfficeMark(StrEnum):
    """Marks that only the office can give. The words stand in app.words.office."""

    PROOF = "proof-failed"
    NOT_NEAR = "not-near"
    FOREIGN = "foreign-tag"
    CODE = "wrong-code"
    BADGE = "badge-proof"
    EXCUSE = "excuse-not-valid"


SEVERE: Final[frozenset[str]] = frozenset({
    OfficeMark.PROOF, OfficeMark.FOREIGN, OfficeMark.CODE, OfficeMark.BADGE, Mark.CLONED,
})  # fmt: skip
"""What shows that somebody was not where, or not who, the record says."""


class Proof(StrEnum):
    """What became of the proof that somebody read a label or a badge."""

    GOOD = "good"
    OLD = "old"
    """It holds, for a label that was issued anew since."""
    BAD = "bad"
    UNKNOWN = "unknown"
    """The office has no label of that issue."""
    MISSING = "missing"


UNPROVEN: Final = frozenset({Proof.BAD, Proof.MISSING})
"""What no honest handheld writes; what cannot be checked accuses nobody."""


class Judged(Struct, frozen=True):
    """One arrival, judged again."""

    grade: Grade | None
    """None: nothing in the record proves that somebody was there."""
    marks: tuple[str, ...]
    proof: Proof | None = None
    """None when no label was read."""
    level: int | None = None
    """Median of the recorded levels, dBm."""
    enter: int | None = None
    """Level from which the tag counts as near, by this plan."""
    took_s: int | None = None
    """Seconds since the stop before."""
    least_s: int = 0
    """Seconds that nobody can beat; 0 when unknown."""
    genuine: Genuine | None = None
    """What the tag's own secret says; None when it has none, or no beacon was recorded."""


class Told(Struct, frozen=True):
    """What is known of an arrival from elsewhere than its own record."""

    genuine: Genuine | None = None
    """None: the tag has no secret, and no counter contradicts it."""
    two_places: bool = False
    history: History = ()
    """The tag's counters in the records before."""
    unheard: int = 0
    """How many visits running, before this one, found the point's beacons silent."""


NOTHING_TOLD: Final = Told()


def judge_arrival(
    body: StopArrived, plan: Plan, proof: Proof | None, told: Told = NOTHING_TOLD, when: Timed | None = None
) -> Judged:
    """What the arrival's own evidence is worth, before the walk is looked at.

    `proof`: None when no label was read. `when`: the record; without it nothing that needs its time is judged.
    """
    point = plan.find_point(body.point)
    if point is None:
        return Judged(None, (Mark.WRONG_POINT,))
    marks: list[str] = [Mark.TWO_PLACES] if told.two_places else []
    near, level, enter, genuine = False, None, None, None
    if body.evidence.ble is not UNSET:
        near, level, enter = _judge_beacon(body.evidence.ble, point, plan, marks, told, when)
        genuine = told.genuine
    marks += seen_marks(body.evidence, point, plan, told.unheard)
    marks += [OfficeMark.PROOF] if proof in (Proof.BAD, Proof.UNKNOWN, Proof.MISSING) else []
    marks += [Mark.OLD_LABEL] if proof is Proof.OLD else []
    typed = body.evidence.typed is not UNSET and plan.point_of_code(body.evidence.typed) is point
    if body.evidence.typed is not UNSET and not typed:
        marks.append(OfficeMark.CODE)
    label = proof in (Proof.GOOD, Proof.OLD)
    good = genuine is Genuine.GOOD
    grade = grade_of(near=near, label=label, genuine=good) if near or label or typed else None
    return Judged(grade, tuple(dict.fromkeys(marks)), proof, level, enter, genuine=genuine)


def _judge_beacon(
    heard: BleEvidence, point: Point, plan: Plan, marks: list[str], told: Told, when: Timed | None
) -> tuple[bool, int | None, int | None]:
    tag = point.tag(heard.format, heard.tag)
    if tag is None:
        marks.append(OfficeMark.FOREIGN)
        return False, None, None
    worth = judge_tag(tag, heard, told.genuine, told.history, when)
    marks += worth.marks
    enter = enter_level(tag, heard.power_1m, plan.settings)
    found = near_again(heard, enter, plan)
    near = found.state is Nearness.NEAR and (when is None or _in_time(heard, when))
    if not near:
        marks.append(OfficeMark.NOT_NEAR)
    return near and worth.passes, found.level, enter


def _in_time(heard: BleEvidence, when: Timed) -> bool:
    """Whether it was heard within half a minute before the record: it may have been near before the label was read."""
    return any(0 <= when.up - up <= PAIR_MS for up, _ in heard.samples)


def judge_check(check: Check, body: CheckAnswered) -> bool:
    """Whether the answer is normal by the plan's limits, whatever the handheld said."""
    if check.kind == "choice" or (check.kind == "text" and check.choices):
        return next((choice.ok for choice in check.choices if choice.id == body.value), False)
    limited = check.low is not None or check.high is not None
    if check.kind not in ("number", "count", "score") or body.value is None or not limited:
        return body.ok
    try:
        return in_limits(check, body.value.partition("/")[0])
    except DecimalException:
        return False


# -- the walk ------------------------------------------------------------------------------------


class Walk:
    """The round walked again, one record after another."""

    def __init__(self, crew: Progress, plan: Plan, place: Place | None = None) -> None:
        """`place`: where the handheld's last arrival before the round was."""
        schedule = plan.schedule(crew.schedule)
        route = plan.route(crew.route)
        self.progress = Progress(
            round=crew.round,
            route=route.id,
            schedule=schedule.id,
            opens=crew.opens,
            closes=crew.closes,
            revision=crew.revision,
            crew=crew.crew,
            order=crew.order,
            seed=crew.seed,
            started=crew.started,
            visits=tuple(rounds.Visit(stop) for stop in crew.order),
            marks=rounds.crew_marks(crew.crew, schedule, plan.sign_in),
        )
        self._plan = plan
        self._place = place

    def arrive(self, record: Record, body: StopArrived, judged: Judged) -> Judged:
        """The arrival with the marks of the walk: early, late, out of order, too fast, weak. What adds to evidence of
        half a minute ago gets the grade of both."""
        plan, before = self._plan, self.progress
        point = plan.find_point(body.point)
        if point is None:
            return judged
        seen = tuple(Mark(mark) for mark in judged.marks if mark in set(Mark))
        grade = judged.grade or GRADES[0]
        place, self._place = self._place, Place(point.id, record.at, record.up, record.boot)
        self.progress, verdict = rounds.arrive(before, plan, point, grade, record, seen, place=place)
        if not verdict.accepted:
            return judged
        marks = tuple(dict.fromkeys([*verdict.marks, *judged.marks]))
        took, least = _walked(before, plan, body.stop, record)
        joined = verdict.grade if judged.grade else None
        return replace(judged, grade=joined, marks=marks, took_s=took, least_s=least)

    def apply(self, record: Record) -> None:
        """Everything but an arrival."""
        body = read(record)
        match body:
            case StopSkipped(stop=stop, reason=reason):
                self.progress = rounds.skipped(self.progress, stop, reason)
            case CheckAnswered():
                self._answer(record, body)
            case RoundRechecked() as again:
                self.progress = rounds.rechecked(self.progress, again.who)
            case RoundFinished():
                schedule = self._plan.schedule(self.progress.schedule)
                self.progress, _ = rounds.finish(self.progress, schedule, len(self.progress.crew), record.at)

    def _answer(self, record: Record, body: CheckAnswered) -> None:
        check = find_check(self._plan, self.progress.route, body.stop, body.check)
        if check is None:
            return
        answer = Answer(body.check, judge_check(check, body), body.value, record.at, body.repeated)
        stop = rounds.stop_of(self._plan.route(self.progress.route), body.stop)
        checks = rounds.checks_of(self._plan, stop) if stop else ()
        self.progress = rounds.answered(self.progress, body.stop, answer, checks, answer_marks(check, answer))


def find_check(plan: Plan, route: str, stop: str, check: str) -> Check | None:
    """The check of a stop, by the plan; None when the plan knows no such thing."""
    found = rounds.stop_of(plan.route(route), stop)
    checks = plan.checks_of(found) if found else ()
    return next((each for each in checks if each.id == check), None)


def _walked(before: Progress, plan: Plan, stop: str, record: Record) -> tuple[int | None, int]:
    """Seconds since the stop before, and how many nobody can beat."""
    last = before.visit(before.last) if before.last else None
    if last is None or last.at is None or last.up is None:
        return None, 0
    took = elapsed(last, record)
    least = walk_s(plan.route(before.route), last.stop, stop)
    return (None if took is None else took // 1000), least


# -- the same tag elsewhere ----------------------------------------------------------------------


class NearAt(Struct, frozen=True):
    """A tag that was near while a label said where that was."""

    key: str
    """Names the record: `book:seq`."""
    tag: tuple[str, str]
    """Format and identity."""
    point: str
    """Whose label was read."""
    at: int
    """Office time, UTC ms."""


def two_places(seen: Iterable[NearAt], plan: Plan) -> frozenset[str]:
    """The records in which one tag was near at two points sooner than anybody walks from one to the other."""
    by_tag: dict[tuple[str, str], list[NearAt]] = {}
    for each in sorted(seen, key=lambda one: one.at):
        by_tag.setdefault(each.tag, []).append(each)
    found: set[str] = set()
    for those in by_tag.values():
        for before, after in pairwise(those):
            if after.at - before.at < least_walk_s(plan, before.point, after.point) * 1000:
                found |= {before.key, after.key}
    return frozenset(found)
