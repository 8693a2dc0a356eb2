"""One round as its own records tell it: what the crew saw, and beside it what the office judges.

Values in, values out: the records of one round, the plan it was walked under, the tokens of labels and
badges. A record whose body does not fit is passed over here; it is counted elsewhere.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from app import kinds
from app.duties import rounds, ways
from app.duties.days import millis
from app.duties.evidence import stronger_of
from app.duties.review import (
    NOTHING_TOLD,
    RULES,
    UNPROVEN,
    OfficeMark,
    Proof,
    Walk,
    find_check,
    judge_arrival,
    judge_check,
)
from app.duties.rounds import Progress
from app.duties.site import Grade, Plan
from app.duties.tuning import Tuning, tuned
from app.kinds.afterwards import RoundLateEntry
from app.kinds.procedures import ProcedureOpened
from app.kinds.senses import CodeSeen, TagSeen
from app.record import Record
from app.resume import fold_round
from sync.office.details import (
    Again,
    AlarmDetail,
    AnswerSeen,
    Arrival,
    Event,
    Heard,
    Part,
    Ref,
    RoundDetail,
    SignIn,
    SkipSeen,
    StopDetail,
)
from sync.office.proofs import Badges, Labels, Place, check_arrival, check_badge
from sync.office.store.records import Stored
from sync.office.store.rounds import RoundRow, StopRow


class Before(Struct, frozen=True):
    """What bears on a round and does not stand in its own records."""

    heard: Mapping[tuple[bytes, int], Heard] = {}
    """By book and number of an arrival."""
    place: ways.Place | None = None
    """Where the handheld's last arrival before it was."""
    tunings: Mapping[tuple[bytes, int], Tuning] = MappingProxyType({})
    """By book and revision: what the office had set there when *near* was judged by it."""


NOTHING_BEFORE: Final = Before()


class Line(Struct, frozen=True):
    """A stored record read once."""

    stored: Stored
    record: Record
    body: kinds.Body | None
    previous: bytes | None
    part: int = 0
    apart: bool = False

    @property
    def ref(self) -> Ref:
        return Ref(self.stored.seq, self.stored.hash.hex()[:12], self.record.at, self.part)

    @property
    def place(self) -> Place:
        return Place(self.stored.book, self.previous)


def judged_under(evidence: kinds.Evidence) -> int:
    """The revision of the office's settings by which the handheld judged *near*; 0: by the plan's numbers."""
    return max((each.settings for each in (evidence.ble, evidence.elsewhere) if each is not UNSET), default=0)


class Tokens(Struct, frozen=True):
    """What proofs are checked with."""

    labels: Labels
    badges: Badges


class _Stop:
    """What the records say of one stop, as it is gathered."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.answers: list[AnswerSeen] = []
        self.skips: list[SkipSeen] = []

    def point(self) -> str | None:
        return self.arrivals[0].point if self.arrivals else None

    def grade(self) -> Grade | None:
        """The office's, of the best arrival."""
        best: Grade | None = None
        for arrival in self.arrivals:
            best = stronger_of(best, arrival.judged.grade if arrival.judged else None)
        return best

    def not_ok(self) -> int:
        """Checks whose last answer is not OK."""
        last = {answer.check: answer for answer in self.answers}
        return sum(answer.bad for answer in last.values())

    def office_only(self) -> tuple[str, ...]:
        """Marks that only the office gives. A later arrival that is proven heals an unproven one."""
        judged = [arrival.judged for arrival in self.arrivals if arrival.judged]
        if any(each.grade and not set(each.marks) & set(OfficeMark) for each in judged):
            return ()
        return tuple(dict.fromkeys(mark for each in judged for mark in each.marks if mark in set(OfficeMark)))


def alarm_of(ref: Ref, record: Record) -> AlarmDetail | None:
    """An urgent record as the banner shows it, in its turn or ahead of it; None when it does not fit its kind."""
    match kinds.read(record):
        case kinds.FindingRaised(urgent=True) as body:
            said = (body.category, body.phrase, body.words)
            return AlarmDetail(ref, *said, body.round, body.point, record.by)
        case kinds.AlarmRaised() as body:
            who, how, seen = body.who or record.by, body.how or "", body.seen or None
            return AlarmDetail(ref, "", "", "", body.round, body.point, who, how, seen)
        case ProcedureOpened(exercise=False) as body:
            return AlarmDetail(ref, "procedure", body.procedure, body.name, None, body.point, record.by, "procedure")
    return None


def read_round(
    site: str,
    book: bytes,
    lines: Sequence[Line],
    plan: Plan | None,
    tokens: Tokens,
    sign_ins: Sequence[Line] = (),
    before: Before = NOTHING_BEFORE,
) -> tuple[RoundRow, list[StopRow]] | None:
    """The projection of one round from its own records; None when the first one begins no round.

    `sign_ins` are the records by which people had signed in on the handheld before it.
    """
    begun, started = fold_round(None, lines[0].record, plan), lines[0].body
    if begun is None or not isinstance(started, kinds.RoundStarted):
        return None
    reading = _Reading(begun, plan if plan is not None and _fits(begun, plan) else None, tokens, sign_ins, before)
    for line in lines[1:]:
        reading.read(line)
    return row_of(site, book, reading.crew, lines, reading.detail(started, lines)), reading.stop_rows(site)


def row_of(site: str, book: bytes, crew: Progress, lines: Sequence[Line], detail: RoundDetail) -> RoundRow:
    own = [line for line in lines if line.stored.book == book and not line.apart]
    return RoundRow(
        site=site,
        round=crew.round,
        book=book,
        slot=rounds.slot_id(crew.round),
        day=crew.opens.date().isoformat(),
        opens=millis(crew.opens),
        started=crew.started,
        first_seq=own[0].stored.seq,
        last_seq=own[-1].stored.seq,
        detail=msgspec.json.encode(detail),
    )


def parts_of(lines: Sequence[Line]) -> tuple[Part, ...]:
    """Empty when there is only one."""
    parts = [list(those) for _, those in groupby(lines, key=lambda line: line.part)]
    if len(parts) == 1 and not lines[0].apart:
        return ()
    return tuple(
        Part(those[0].stored.book.hex(), those[0].stored.seq, those[-1].stored.seq, those[0].apart) for those in parts
    )


def _fits(progress: Progress, plan: Plan) -> bool:
    """Whether the plan has what the round names: a record may name anything."""
    route, schedule = plan.find_route(progress.route), plan.find_schedule(progress.schedule)
    return route is not None and schedule is not None and set(progress.order) <= {stop.id for stop in route.stops}


class _Reading:
    """A round while its records are read; `plan` is None when the office cannot judge."""

    def __init__(
        self, begun: Progress, plan: Plan | None, tokens: Tokens, sign_ins: Sequence[Line], before: Before
    ) -> None:
        self.crew = begun
        self._plan, self._tokens, self._heard, self._tunings = plan, tokens, before.heard, before.tunings
        self._walk = Walk(begun, plan, before.place) if plan else None
        self._stops = {stop: _Stop() for stop in begun.order}
        self._again: list[Again] = []
        self._events: list[Event] = []
        self._sign_ins = [seen for line in sign_ins if (seen := self._sign_in(line))]

    def read(self, line: Line) -> None:
        """Take one more record: fold the crew's round, put it where it belongs, let the office walk along."""
        self.crew = fold_round(self.crew, line.record, self._plan, line.stored.book.hex()) or self.crew
        match line.body:
            case kinds.StopArrived(stop=stop) as body if stop in self._stops:
                self._stops[stop].arrivals.append(self._arrival(line, body))
                return
            case kinds.StopSkipped(stop=stop) as body if stop in self._stops:
                self._stops[stop].skips.append(SkipSeen(line.ref, body.reason, body.words))
            case kinds.CheckAnswered(stop=stop) as body if stop in self._stops:
                self._stops[stop].answers.append(self._answer(line, body))
            case kinds.RoundRechecked() as body:
                self._again.append(Again(line.ref, body.person, body.method, self._badge(line, body)))
            case kinds.RoundFinished() | kinds.FindingRaised():
                pass
            case _:
                suspect = isinstance(line.body, TagSeen) and line.body.point is not UNSET
                kind = "tag.suspect" if suspect else line.record.kind
                self._events.append(Event(line.ref, kind, what_of(line.body)))
        if self._walk:
            self._walk.apply(line.record)

    def _arrival(self, line: Line, body: kinds.StopArrived) -> Arrival:
        judged, heard = None, self._heard.get((line.stored.book, line.stored.seq))
        if self._plan and self._walk:
            proof = check_arrival(line.record, body, line.place, self._tokens.labels, self._plan)
            told = heard.told if heard else NOTHING_TOLD
            tuning = self._tunings.get((line.stored.book, judged_under(body.evidence)))
            judged = judge_arrival(body, tuned(self._plan, tuning) if tuning else self._plan, proof, told, line.record)
            judged = self._walk.arrive(line.record, body, judged)
        return Arrival(line.ref, body.point, body.grade, body.marks, body.evidence, judged, heard)

    def _answer(self, line: Line, body: kinds.CheckAnswered) -> AnswerSeen:
        check = find_check(self._plan, self.crew.route, body.stop, body.check) if self._plan else None
        judged = judge_check(check, body) if check else None
        said = (body.ok, judged, body.value, body.repeated, body.words, body.marks)
        corrects = body.corrects if body.corrects is not UNSET else None
        sensor = body.sensor if body.sensor is not UNSET else None
        return AnswerSeen(line.ref, body.check, *said, corrects, sensor)

    def _badge(self, line: Line, body: kinds.RoundRechecked) -> Proof | None:
        if body.method != "badge":
            return None
        return check_badge(line.record, body.person, line.place, self._tokens.badges)

    def _sign_in(self, line: Line) -> SignIn | None:
        """A sign-in by badge; None for another way, which proves nothing."""
        match line.body:
            case kinds.ShiftOpened(crew=(*_, member)):
                who, method = member.person, member.method
            case kinds.CrewJoined(person=who, method=method):
                pass
            case _:
                return None
        if method != "badge":
            return None
        proof = check_badge(line.record, who, line.place, self._tokens.badges)
        return SignIn(line.ref, who, proof)

    def _badge_marks(self) -> tuple[str, ...]:
        """A mark when a badge's proof does not hold: of each one's last sign-in, or on the way."""
        last = {seen.person: seen.proof for seen in self._sign_ins}
        proofs = [last.get(member.person) for member in self.crew.crew] + [each.proof for each in self._again]
        return (OfficeMark.BADGE,) if any(proof in UNPROVEN for proof in proofs) else ()

    def detail(self, started: kinds.RoundStarted, lines: Sequence[Line]) -> RoundDetail:
        crew, numbers = self.crew, rounds.summary(self.crew)
        office = rounds.summary(self._walk.progress) if self._walk else None
        opens, closes = millis(crew.opens), millis(crew.closes)
        return RoundDetail(
            schedule=crew.schedule,
            route=crew.route,
            opens=crew.opens,
            closes=crew.closes,
            revision=crew.revision,
            plan_sha256=started.plan.sha256,
            judged=office is not None,
            seed=crew.seed,
            crew=crew.crew,
            alone=crew.alone,
            started=crew.started,
            finished=crew.finished,
            timing=office.timing if office else numbers.timing,
            planned=numbers.planned,
            done=numbers.done,
            missed=numbers.missed,
            skipped=numbers.skipped,
            in_window=sum(visit.at is not None and opens <= visit.at < closes for visit in crew.visits),
            findings=numbers.findings,
            not_ok=sum(stop.not_ok() for stop in self._stops.values()),
            marks=tuple(crew.marks),
            office_marks=(*(self._walk.progress.marks if self._walk else ()), *self._badge_marks()),
            stop_marks=self._all_stop_marks(),
            again=tuple(self._again),
            events=tuple(self._events),
            offset=lines[-1].record.off,
            first=lines[0].ref,
            last=lines[-1].ref,
            rules=RULES,
            sign_ins=tuple(self._sign_ins),
            parts=parts_of(lines),
        )

    def stop_rows(self, site: str) -> list[StopRow]:
        places = self._places()
        return [
            self._stop_row(site, position, visit, places.get(visit.stop))
            for position, visit in enumerate(self.crew.visits, 1)
        ]

    def _stop_row(self, site: str, position: int, visit: rounds.Visit, place: int | None) -> StopRow:
        seen = self._stops[visit.stop]
        detail = StopDetail(
            marks=_marks_of(self.crew, visit.stop),
            office_marks=self._office_marks(visit.stop),
            place=place,
            done=visit.done,
            arrivals=tuple(seen.arrivals),
            answers=tuple(seen.answers),
            skips=tuple(seen.skips),
        )
        stop = rounds.stop_of(self._plan.route(self.crew.route), visit.stop) if self._plan else None
        return StopRow(
            site=site,
            round=self.crew.round,
            position=position,
            stop=visit.stop,
            point=stop.point if stop else seen.point(),
            at=visit.at,
            grade=visit.grade,
            office_grade=seen.grade(),
            detail=msgspec.json.encode(detail),
        )

    def _places(self) -> dict[str, int]:
        """Which stop was reached first, second, third: by the records' numbers, never by the clock."""
        refs = {stop: seen.arrivals[0].ref for stop, seen in self._stops.items() if seen.arrivals}
        first = {stop: (ref.part, ref.seq) for stop, ref in refs.items()}
        return {stop: place for place, stop in enumerate(sorted(first, key=first.__getitem__), 1)}

    def _office_marks(self, stop: str) -> tuple[str, ...]:
        walked = _marks_of(self._walk.progress, stop) if self._walk else ()
        return tuple(dict.fromkeys([*walked, *self._stops[stop].office_only()]))

    def _all_stop_marks(self) -> tuple[str, ...]:
        marks = [mark for stop in self._stops for mark in (*_marks_of(self.crew, stop), *self._office_marks(stop))]
        return tuple(dict.fromkeys(marks))


def _marks_of(progress: Progress, stop: str) -> tuple[str, ...]:
    return tuple(mark for where, mark in rounds.summary(progress).marks if where == stop)


def what_of(body: kinds.Body | None) -> str:
    """What was seen, in the handheld's own signs."""
    match body:
        case kinds.CrewLeft(person=person, words=str(words)):
            return f"{person}, {words}"
        case TagSeen(format=format, tag=tag):
            return f"{format} {tag}"
        case RoundLateEntry(paper=paper):
            return paper
        case CodeSeen(text=text, point=point, sha256=digest):
            return " ".join(part for part in (text, point, digest) if not isinstance(part, UnsetType))
    return ""
