"""The office's own verdict on one round: the same rules as on the handheld, with what only the office has.

It has the label tokens, so it can check a proof (decision 25); it judges *near* again from the recorded
levels, the readings again by the plan's limits, and the walk again from the times (decision 30). What the
crew saw is kept beside it, never replaced. Nothing here looks at a clock, a disk or a page.
"""

import hmac
from collections.abc import Mapping, Sequence
from decimal import DecimalException
from enum import StrEnum
from typing import Any, Final

from msgspec import UNSET, Struct

from app.codes import make, parse
from app.duties import rounds
from app.duties.checks import answer_marks, in_limits
from app.duties.evidence import Mark, Near, Nearness, Sample, address_marks, enter_level, grade_of, judge_near
from app.duties.rounds import Answer, Progress
from app.duties.site import GRADES, Check, Grade, Plan, Point
from app.kinds import BleEvidence, CheckAnswered, RoundFinished, RoundRechecked, StopArrived, StopSkipped, read
from app.logbook.book import proof
from app.record import Record

RULES: Final = 1
"""Version of these rules: what was folded under another one is folded again."""


class OfficeMark(StrEnum):
    """Marks that only the office can give. The words stand in app.words.office."""

    PROOF = "proof-failed"
    NOT_NEAR = "not-near"
    FOREIGN = "foreign-tag"
    CODE = "wrong-code"


class Proof(StrEnum):
    """What became of the proof that somebody read a label."""

    GOOD = "good"
    OLD = "old"
    """It holds, for a label that was issued anew since."""
    BAD = "bad"
    UNKNOWN = "unknown"
    """The office has no label of that issue."""
    MISSING = "missing"


class Place(Struct, frozen=True):
    """Where a record stands: what its proof was made over."""

    book: bytes
    previous: bytes | None
    """Hash of the record before; None when that one is missing."""


class Label(Struct, frozen=True):
    """A label as the office made it."""

    issue: int
    token: bytes


Labels = Mapping[str, Sequence[Label]]
"""By point id, oldest issue first."""


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


def judge_arrival(record: Record, body: StopArrived, place: Place, plan: Plan, labels: Labels) -> Judged:
    """What the record's own evidence is worth, before the walk is looked at."""
    point = next((each for each in plan.points if each.id == body.point), None)
    if point is None:
        return Judged(None, (Mark.WRONG_POINT,))
    marks: list[str] = []
    near, level, enter = False, None, None
    if body.evidence.ble is not UNSET:
        near, level, enter = _judge_beacon(body.evidence.ble, point, plan, marks)
    checked = None
    if body.evidence.label is not UNSET:
        checked = _check_label(record, body.evidence.label.issue, place, labels.get(body.point, ()))
        marks += [OfficeMark.PROOF] if checked in (Proof.BAD, Proof.UNKNOWN, Proof.MISSING) else []
        marks += [Mark.OLD_LABEL] if checked is Proof.OLD else []
    typed = body.evidence.typed is not UNSET and plan.point_of_code(body.evidence.typed) is point
    if body.evidence.typed is not UNSET and not typed:
        marks.append(OfficeMark.CODE)
    label = checked in (Proof.GOOD, Proof.OLD)
    grade = grade_of(near=near, label=label) if near or label or typed else None
    return Judged(grade, tuple(marks), checked, level, enter)


def _judge_beacon(
    heard: BleEvidence, point: Point, plan: Plan, marks: list[str]
) -> tuple[bool, int | None, int | None]:
    tag = next((each for each in point.tags if (each.format, each.id) == (heard.format, heard.tag)), None)
    if tag is None:
        marks.append(OfficeMark.FOREIGN)
        return False, None, None
    marks += address_marks(tag, heard.address)
    enter = enter_level(tag, heard.power_1m, plan.settings)
    found = _near_again(heard, enter, plan)
    if found.state is not Nearness.NEAR:
        marks.append(OfficeMark.NOT_NEAR)
    return found.state is Nearness.NEAR, found.level, enter


def _near_again(heard: BleEvidence, enter: int | None, plan: Plan) -> Near:
    """*Near* by the recorded levels. Whether the tag had been near before is not in the record, so it gets the
    lower level at which a tag stays near: the office accuses nobody whom the handheld was right to believe."""
    samples = [Sample(up, rssi) for up, rssi in heard.samples]
    last = max((sample.up for sample in samples), default=0)
    return judge_near(samples, (), enter, True, last, plan.settings.margin_db)


def _check_label(record: Record, issue: str, place: Place, labels: Sequence[Label]) -> Proof:
    label = next((each for each in labels if printed_issue(each) == issue), None)
    if label is None:
        return Proof.UNKNOWN
    checked = check_proof(record, label.token, place)
    return Proof.OLD if checked is Proof.GOOD and label is not labels[-1] else checked


def check_proof(record: Record, token: bytes, place: Place) -> Proof:
    """Whether the writer of the record held the token."""
    claimed = record.body.get("proof")
    if not isinstance(claimed, str):
        return Proof.MISSING
    if place.previous is None:
        return Proof.UNKNOWN
    body: dict[str, Any] = {name: value for name, value in record.body.items() if name != "proof"}
    wanted = proof(token, place.previous, place.book, record.seq, body)
    return Proof.GOOD if hmac.compare_digest(claimed.encode(), wanted.encode()) else Proof.BAD


def printed_issue(label: Label) -> str:
    code = parse(make(label.issue, label.token))
    assert code is not None
    return code.issue


def judge_check(check: Check, body: CheckAnswered) -> bool:
    """Whether the answer is normal by the plan's limits, whatever the handheld said."""
    if check.kind == "choice" or (check.kind == "text" and check.choices):
        return next((choice.ok for choice in check.choices if choice.id == body.value), False)
    limited = check.low is not None or check.high is not None
    if check.kind not in ("number", "count") or body.value is None or not limited:
        return body.ok
    try:
        return in_limits(check, body.value.partition("/")[0])
    except DecimalException:
        return False


# -- the walk ------------------------------------------------------------------------------------


class Walk:
    """The round walked again by the office, one record after another."""

    def __init__(self, crew: Progress, plan: Plan) -> None:
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
            marks=rounds.crew_marks(crew.crew, schedule),
        )
        self._plan = plan

    def arrive(self, record: Record, body: StopArrived, judged: Judged) -> Judged:
        """The arrival with the marks of the walk: early, late, out of order, too fast, weak."""
        plan, before = self._plan, self.progress
        if all(point.id != body.point for point in plan.points):
            return judged
        seen = tuple(Mark(mark) for mark in judged.marks if mark in set(Mark))
        grade = judged.grade or GRADES[0]
        self.progress, verdict = rounds.arrive(before, plan, plan.point(body.point), grade, record, seen)
        if not verdict.accepted:
            return judged
        marks = tuple(dict.fromkeys([*verdict.marks, *judged.marks]))
        took, least = _walking(before, plan, body.stop, record)
        return Judged(judged.grade, marks, judged.proof, judged.level, judged.enter, took, least)

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
    if found is None or found.checklist is None:
        return None
    return next((each for each in plan.checklist(found.checklist).checks if each.id == check), None)


def _walking(before: Progress, plan: Plan, stop: str, record: Record) -> tuple[int | None, int]:
    last = before.visit(before.last) if before.last else None
    if last is None or last.at is None or last.up is None:
        return None, 0
    took = record.up - last.up if last.boot == record.boot else record.at - last.at
    return (took // 1000 if took >= 0 else None), rounds.walk_s(plan.route(before.route), last.stop, stop)
