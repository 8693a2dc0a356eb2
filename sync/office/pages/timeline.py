"""One round, stop by stop: what was done when, by what evidence, and what the office makes of it."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct
from sqlalchemy import Connection

from app.duties.days import millis
from app.duties.review import Excuse, Proof, is_excused
from app.duties.rounds import METHODS, Confirmation
from app.duties.site import Check, Person, Plan, decode_plan
from app.kinds import BleEvidence
from app.words import table as table_of
from sync.office.credentials import people_of
from sync.office.pages.books import BookSeen, books_seen
from sync.office.pages.day import span_of, verdict_of, window_of
from sync.office.pages.marks import MarkSeen, explain, mark_word
from sync.office.pages.places import Places
from sync.office.pages.view import Verdict, url
from sync.office.reading import (
    Again,
    AnswerSeen,
    Arrival,
    Event,
    ExcuseDetail,
    ExplanationDetail,
    FindingDetail,
    PaperSeen,
    Ref,
    RoundDetail,
    StopDetail,
    stop_outcome,
    tally_of,
)
from sync.office.store import plans as plan_table
from sync.office.store import rounds as table
from sync.office.store.rounds import BookRow, ExcuseRow, ExplanationRow, FindingRow, RoundRow, StopRow

BAR: Final = 10
"""Width of one level's bar with its gap, in the picture's units."""
FLOOR_DB, CEILING_DB, HEIGHT = -100, -40, 60


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a round needs it."""

    row: RoundRow
    stops: list[StopRow]
    findings: list[FindingRow]
    plan: Plan | None
    """The revision it was walked under, else the site's newest; for names."""
    books: list[BookRow]
    excuses: list[tuple[ExcuseRow, ExcuseDetail]]
    explanations: list[tuple[ExplanationRow, ExplanationDetail]]
    people: dict[str, Person]

    @property
    def valid(self) -> list[Excuse]:
        """The excuses that count."""
        return [Excuse(row.point, row.first, row.last) for row, detail in self.excuses if detail.valid]


class Fact(Struct, frozen=True):
    word: str
    text: str
    ref: str = ""


class MemberSeen(Struct, frozen=True):
    name: str
    number: str
    method: str
    again: str


class BarSeen(Struct, frozen=True):
    x: int
    y: int
    height: int
    colour: str
    word: str


class SamplesSeen(Struct, frozen=True):
    """The recorded levels as a small picture."""

    width: int
    bars: list[BarSeen]
    limit_y: int | None
    words: str


class EvidenceSeen(Struct, frozen=True):
    grade: str
    facts: list[Fact]
    samples: SamplesSeen | None


class AnswerLine(Struct, frozen=True):
    check: str
    value: str
    normal: str
    bad: bool
    note: str
    was: str = ""
    """What was answered before, and when."""


class StopSeen(Struct, frozen=True):
    position: str
    name: str
    time: str
    verdict: Verdict
    line: str
    marks: list[MarkSeen]
    answers: list[AnswerLine]
    evidence: list[EvidenceSeen]
    refs: str


class FindingSeen(Struct, frozen=True):
    category: str
    words: str
    place: str
    time: str
    due: str
    state: str
    colour: str
    ref: str


class EventSeen(Struct, frozen=True):
    time: str
    words: str
    ref: str


class SaidSeen(Struct, frozen=True):
    """An explanation of a mark that is not on this page any more, or never was."""

    mark: str
    words: str


class RoundSeen(Struct, frozen=True):
    name: str
    site_name: str
    day: str
    window: str
    attempt: str
    back: str
    verdict: Verdict
    planned: int
    done: int
    missed: int
    skipped: int
    excused: int
    facts: list[Fact]
    marks: list[MarkSeen]
    crew: list[MemberSeen]
    stops: list[StopSeen]
    findings: list[FindingSeen]
    events: list[EventSeen]
    explanations: list[SaidSeen]
    books: list[BookSeen]


def read_facts(tx: Connection, name: str, site: str) -> Facts | None:
    """What is known of a round; None when no book has told of it."""
    row = table.find_round(tx, name, site)
    if row is None:
        return None
    detail = msgspec.json.decode(row.detail, type=RoundDetail)
    plan = plan_table.plan_walked(tx, row.site, detail.revision, detail.plan_sha256)
    plan = plan or plan_table.newest_plan(tx, row.site)
    return Facts(
        row=row,
        stops=table.stops_of(tx, row.site, row.round),
        findings=table.findings_of(tx, row.site, row.round),
        plan=decode_plan(plan.raw) if plan else None,
        books=[book for book in table.books_of(tx, row.site) if book.book == row.book],
        excuses=[
            (each, msgspec.json.decode(each.detail, type=ExcuseDetail))
            for each in table.excuses_in(tx, row.site, row.opens, millis(datetime.fromisoformat(detail.closes)))
        ],
        explanations=[
            (each, msgspec.json.decode(each.detail, type=ExplanationDetail))
            for each in table.explanations_of(tx, row.site, row.book, row.first_seq, row.last_seq)
        ],
        people={person.id: person for person in people_of(tx, all_ever=True).people},
    )


def show_round(facts: Facts, lang: str, now: int) -> RoundSeen:
    """The round as the page shows it."""
    places = Places(lang, facts.plan, facts.people)
    row, detail = facts.row, msgspec.json.decode(facts.row.detail, type=RoundDetail)
    attempt = row.round.rpartition("-")[2]
    tally = tally_of(row, detail, facts.stops, facts.valid)
    said = _Said(facts, places)
    stops = [_stop(stop, detail, facts, said, places) for stop in facts.stops]
    marks = explain(detail.marks, detail.office_marks, {}, lang, said.of_round([*detail.marks, *detail.office_marks]))
    return RoundSeen(
        name=places.schedule(detail.schedule, detail.route),
        site_name=places.site(row.site),
        day=row.day,
        window=window_of(detail, places),
        attempt=places.w("attempt", n=attempt) if attempt not in ("", "1") else "",
        back=url("/rounds", site=row.site, day=row.day),
        verdict=verdict_of(detail, tally, places, now),
        planned=tally.planned,
        done=tally.done,
        missed=tally.missed if detail.finished is not None else 0,
        skipped=tally.skipped,
        excused=tally.excused,
        facts=_facts(facts, detail, places),
        marks=marks,
        crew=[_member(member, detail, places) for member in detail.crew],
        stops=stops,
        findings=[_finding(finding, places, now) for finding in facts.findings],
        events=[_event(event, row, places) for event in detail.events],
        explanations=said.rest(),
        books=books_seen(facts.books, places),
    )


def _facts(facts: Facts, detail: RoundDetail, places: Places) -> list[Fact]:
    w = places.w
    known = "plan_revision" if detail.judged else "plan_unknown"
    book = facts.books[0].device if facts.books and facts.books[0].device else w("unknown_handheld")
    found = [
        Fact(w("walked"), span_of(detail, places, date.fromisoformat(facts.row.day))),
        Fact(w("order"), _order(detail, places), w("seed", seed=detail.seed) if detail.seed else ""),
        Fact(w("handheld"), book, facts.row.book.hex()[:16]),
        Fact(w("records"), w("record_span", first=detail.first.seq, last=detail.last.seq), detail.last.hash),
        Fact(w("plan"), w(known, revision=detail.revision), detail.plan_sha256[:12]),
        Fact(w("office_grade"), w("rules", n=detail.rules) if detail.judged else w("office_open")),
    ]
    if detail.finished is not None:
        found.insert(1, Fact(w("timing"), w(f"timing_{detail.timing}")))
    if detail.offset is not None:
        found.append(Fact(w("clock_offset"), w("clock_behind", seconds=f"{detail.offset / 1000:+.1f}")))
    if detail.late_entry:
        paper = detail.late_entry.paper or w("no_place")
        found.insert(0, Fact(w("late_entry"), w("entered_by", people=places.persons(detail.late_entry.by))))
        count = detail.late_entry.attachments
        found.insert(1, Fact(w("paper"), w("paper_with", paper=paper, n=count) if count else paper))
    if detail.alone:
        found.append(Fact(w("alone"), places.reason(detail.alone)))
    return found


def _order(detail: RoundDetail, places: Places) -> str:
    route = places.plan.find_route(detail.route) if places.plan else None
    return places.w(f"order_{route.order if route else 'fixed'}")


def _member(member: Confirmation, detail: RoundDetail, places: Places) -> MemberSeen:
    day = datetime.fromisoformat(detail.opens).date()
    again = [each for each in detail.again if each.person == member.person]
    return MemberSeen(
        name=places.person(member.person),
        number=places.number(member.person),
        method=_signed_in(member, detail, places),
        again=" ".join(_again(each, places, day) for each in again),
    )


def _signed_in(member: Confirmation, detail: RoundDetail, places: Places) -> str:
    """How, and what became of the badge's proof when that is worth a word."""
    method = _method(member.method, places)
    proofs = [seen.proof for seen in detail.sign_ins if seen.person == member.person]
    return f"{method} ({places.w(f'badge_{proofs[-1]}')})" if proofs else method


def _method(method: str, places: Places) -> str:
    return places.w(f"method_{method if method in METHODS else 'other'}")


def _again(again: Again, places: Places, day: date) -> str:
    said = places.w("again", time=places.minute(again.ref.at, day), method=_method(again.method, places))
    return f"{said} ({places.w(f'badge_{again.proof}')})" if again.proof else said


# -- a stop --------------------------------------------------------------------------------------


def _stop(row: StopRow, whole: RoundDetail, facts: Facts, said: "_Said", places: Places) -> StopSeen:
    detail = msgspec.json.decode(row.detail, type=StopDetail)
    day = datetime.fromisoformat(whole.opens).date()
    figures = _figures(row, detail, places)
    closes = millis(datetime.fromisoformat(whole.closes))
    excused = is_excused(row.point, facts.row.opens, closes, facts.valid)
    colour, word = stop_outcome(row, detail, whole, excused=excused)
    spoken = said.of_stop({ref.seq for ref in _all_refs(detail)}, [*detail.marks, *detail.office_marks])
    return StopSeen(
        position=str(row.position),
        name=places.point(row.point) if row.point else row.stop,
        time=places.clock(row.at, day) if row.at is not None else "",
        verdict=Verdict(colour, places.w(word)),
        line=_line(row, detail, facts, places),
        marks=explain(detail.marks, detail.office_marks, figures, places.lang, spoken),
        answers=_answers(row, detail, whole, places),
        evidence=[_evidence(arrival, places) for arrival in detail.arrivals],
        refs=_refs(detail, places),
    )


def _line(row: StopRow, detail: StopDetail, facts: Facts, places: Places) -> str:
    said = [_excused(excuse, each, places) for excuse, each in facts.excuses if excuse.point == row.point]
    said += [places.w("skipped_because", reason=places.reason(skip.reason, skip.words)) for skip in detail.skips]
    if detail.place is not None and detail.place != row.position:
        said.append(places.w("reached_as", n=detail.place))
    if detail.paper is not None:
        said.append(_paper(detail.paper, places))
    return " ".join(said)


def _excused(row: ExcuseRow, detail: ExcuseDetail, places: Places) -> str:
    fields = {
        "reason": places.reason(detail.reason, detail.words),
        "people": places.persons(detail.by),
        "first": places.moment(row.first)[:16],
        "last": places.moment(row.last)[:16],
    }
    return places.w("excused_because" if detail.valid else "excused_in_vain", **fields)


def _paper(paper: PaperSeen, places: Places) -> str:
    """What the paper says of the stop."""
    return f"{places.w('paper')}: {paper.words or places.w('ok' if paper.ok else 'not_ok')}"


def _figures(row: StopRow, detail: StopDetail, places: Places) -> dict[str, dict[str, Any]]:
    """Numbers that make a mark plain, where the office could work them out."""
    found: dict[str, dict[str, Any]] = {}
    judged = detail.arrivals[0].judged if detail.arrivals else None
    if judged and judged.took_s is not None and judged.least_s:
        found["too-fast"] = {"took": judged.took_s, "least": judged.least_s}
    point = places.plan.find_point(row.point) if places.plan and row.point else None
    if point and (row.office_grade or row.grade):
        got = places.w(f"grade_{row.office_grade or row.grade}")
        found["weak-evidence"] = {"wanted": places.w(f"grade_{point.grade}"), "got": got}
    return found


def _refs(detail: StopDetail, places: Places) -> str:
    """Where the stop's records stand, runs of numbers together, each with the hash of its last."""
    refs = sorted(_all_refs(detail), key=lambda ref: ref.seq)
    return " · ".join(_run(run, places) for run in _runs(refs))


def _all_refs(detail: StopDetail) -> list[Ref]:
    seen = [each.ref for each in detail.arrivals]
    seen += [each.ref for each in detail.answers]
    seen += [each.ref for each in detail.skips]
    return [*seen, detail.paper.ref] if detail.paper else seen


def _runs(refs: Sequence[Ref]) -> list[list[Ref]]:
    runs = [[ref] for ref in refs[:1]]
    for before, ref in pairwise(refs):
        if ref.seq == before.seq + 1:
            runs[-1].append(ref)
        else:
            runs.append([ref])
    return runs


def _run(run: Sequence[Ref], places: Places) -> str:
    if len(run) == 1:
        return places.w("record_ref", seq=run[0].seq, hash=run[0].hash)
    span = places.w("record_span", first=run[0].seq, last=run[-1].seq)
    return f"{span} {run[-1].hash}"


# -- evidence ------------------------------------------------------------------------------------


def _evidence(arrival: Arrival, places: Places) -> EvidenceSeen:
    w, evidence = places.w, arrival.evidence
    facts = [
        Fact(w("time"), places.moment(arrival.ref.at), w("record_ref", seq=arrival.ref.seq, hash=arrival.ref.hash))
    ]
    if evidence.ble is not UNSET:
        facts += _beacon(evidence.ble, arrival, places)
    if evidence.label is not UNSET:
        facts.append(Fact(w("label"), w("label_issue", issue=evidence.label.issue)))
        proof = arrival.judged.proof if arrival.judged else None
        facts.append(Fact(w("proof"), w(f"proof_{proof or Proof.UNKNOWN}")))
    if evidence.typed is not UNSET:
        facts.append(Fact(w("typed_code"), evidence.typed))
    facts.append(Fact(w("office_grade"), _office(arrival, places)))
    samples = _samples(evidence.ble, arrival, places) if evidence.ble is not UNSET else None
    return EvidenceSeen(w(f"grade_{arrival.grade}"), facts, samples)


def _beacon(heard: BleEvidence, arrival: Arrival, places: Places) -> list[Fact]:
    w = places.w
    found = [Fact(w("beacon"), heard.format, heard.tag), Fact(w("address"), heard.address)]
    if heard.power_1m is not None:
        found.append(Fact(w("power_1m"), w("dbm", level=heard.power_1m)))
    judged = arrival.judged
    enter = judged.enter if judged and judged.enter is not None else heard.enter
    if enter is not None:
        found.append(Fact(w("enter"), w("dbm", level=enter)))
    if judged and judged.level is not None:
        found.append(Fact(w("level"), w("dbm", level=judged.level)))
    return [*found, Fact(w("frame"), "", heard.frame)]


def _office(arrival: Arrival, places: Places) -> str:
    if arrival.judged is None:
        return places.w("office_open")
    crew, judged = places.w(f"grade_{arrival.grade}"), arrival.judged.grade
    office = places.w(f"grade_{judged}" if judged else "grade_none")
    return (
        places.w("office_same", grade=office) if crew == office else places.w("office_other", crew=crew, office=office)
    )


def _samples(heard: BleEvidence, arrival: Arrival, places: Places) -> SamplesSeen | None:
    if not heard.samples:
        return None
    first = heard.samples[0][0]
    enter = arrival.judged.enter if arrival.judged else heard.enter
    bars = [_bar(at, (up - first) / 1000, level, enter, places) for at, (up, level) in enumerate(heard.samples[:200])]
    levels = [level for _, level in heard.samples]
    said = places.w(
        "samples",
        count=len(levels),
        seconds=f"{(heard.samples[-1][0] - first) / 1000:.1f}",
        low=min(levels),
        high=max(levels),
    )
    return SamplesSeen(len(bars) * BAR, bars, HEIGHT - _height(enter) if enter is not None else None, said)


def _bar(place: int, seconds: float, level: int, enter: int | None, places: Places) -> BarSeen:
    height = _height(level)
    colour = "ok" if enter is not None and level >= enter else "dim"
    word = places.w("sample", seconds=f"{seconds:.1f}", level=level)
    return BarSeen(place * BAR, HEIGHT - height, height, colour, word)


def _height(level: int) -> int:
    share = (min(max(level, FLOOR_DB), CEILING_DB) - FLOOR_DB) / (CEILING_DB - FLOOR_DB)
    return max(2, round(share * HEIGHT))


# -- answers -------------------------------------------------------------------------------------


def _answers(row: StopRow, detail: StopDetail, whole: RoundDetail, places: Places) -> list[AnswerLine]:
    """The stop's checks in the plan's order, what was left out too; then answers no plan asks for."""
    given: dict[str, list[AnswerSeen]] = {}
    for answer in detail.answers:
        given.setdefault(answer.check, []).append(answer)
    asked = detail.paper is None and (row.at is not None or given)
    checks = places.checks(whole.route, row.stop) if asked else ()
    lines = [_answer(check, given.pop(check.id, []), places) for check in checks]
    return [*lines, *(AnswerLine(each[-1].check, each[-1].words, "", each[-1].bad, "") for each in given.values())]


def _answer(check: Check, given: Sequence[AnswerSeen], places: Places) -> AnswerLine:
    """The newest answer counts; those before it stay to be read."""
    text = check.text.say(places.lang) or check.id
    if not given:
        return AnswerLine(text, places.w("not_answered"), normal_of(check, places), False, "")
    answer, before = given[-1], given[:-1]
    bad = answer.bad
    measured = check.kind in ("number", "count")
    note = "" if not (bad and measured) else places.w("repeated" if answer.repeated else "out_of_limits")
    was = " ".join(_was(check, old, after, places) for old, after in pairwise((*before, answer)))
    return AnswerLine(text, _value(check, answer, bad, places), normal_of(check, places), bad, note, was)


def _was(check: Check, old: AnswerSeen, after: AnswerSeen, places: Places) -> str:
    """An answer that another one replaced: taken back, or only given again."""
    word = "corrected" if after.corrects == old.ref.seq else "answered_again"
    return places.w(word, value=_value(check, old, old.bad, places), time=places.moment(old.ref.at)[11:])


def _value(check: Check, answer: AnswerSeen, bad: bool, places: Places) -> str:
    if check.kind == "ok" or answer.value is None:
        return places.w("not_ok" if bad else "ok")
    chosen = next((each.text.say(places.lang) for each in check.choices if each.id == answer.value), "")
    return chosen or f"{answer.value} {check.unit}".strip()


def normal_of(check: Check, places: Places) -> str:
    """The check's normal range in words, or its standard."""
    unit = f" {check.unit}" if check.unit else ""
    if check.low is not None and check.high is not None:
        return places.w("between", low=check.low, high=check.high, unit=unit)
    if check.low is not None:
        return places.w("at_least", low=check.low, unit=unit)
    if check.high is not None:
        return places.w("at_most", high=check.high, unit=unit)
    return check.standard.say(places.lang) or (places.w("of_total", total=check.total) if check.total else "")


# -- explanations --------------------------------------------------------------------------------


class _Said:
    """What people said of marks, each shown once: beside its mark, or by itself."""

    def __init__(self, facts: Facts, places: Places) -> None:
        self._left = list(facts.explanations)
        self._places = places

    def of_stop(self, seqs: Collection[int], marks: Collection[str]) -> dict[str, list[str]]:
        return self._take(lambda row, detail: row.seq in seqs and detail.mark in marks)

    def of_round(self, marks: Collection[str]) -> dict[str, list[str]]:
        return self._take(lambda _, detail: detail.mark in marks)

    def rest(self) -> list[SaidSeen]:
        return [SaidSeen(mark_word(each.mark, self._places.lang), self._words(each)) for _, each in self._left]

    def _take(self, wanted: Callable[[ExplanationRow, ExplanationDetail], bool]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row, detail in self._left:
            if wanted(row, detail):
                found.setdefault(detail.mark, []).append(self._words(detail))
        self._left = [each for each in self._left if not wanted(*each)]
        return found

    def _words(self, detail: ExplanationDetail) -> str:
        people, time = self._places.persons(detail.by), self._places.moment(detail.ref.at)
        return self._places.w("explained", words=detail.words, people=people, time=time)


# -- findings and the rest -----------------------------------------------------------------------


def _finding(row: FindingRow, places: Places, now: int) -> FindingSeen:
    detail = msgspec.json.decode(row.detail, type=FindingDetail)
    colour, state = _state(row, detail, now)
    category = places.category(detail.category)
    return FindingSeen(
        category=f"{places.w('hazard')}: {category}" if detail.kind == "hazard" else category,
        words=places.phrase(detail.category, detail.phrase, detail.words),
        place=places.point(detail.point),
        time=places.moment(row.at),
        due=places.moment(row.due)[:16],
        state=places.w(state),
        colour=colour,
        ref=places.w("record_ref", seq=detail.ref.seq, hash=detail.ref.hash),
    )


def _state(row: FindingRow, detail: FindingDetail, now: int) -> tuple[str, str]:
    if detail.fixed:
        return "ok", "state_fixed"
    if now > row.due:
        return "red", "state_overdue"
    return ("red", "state_urgent") if row.urgent else ("amber", "state_open")


def _event(event: Event, row: RoundRow, places: Places) -> EventSeen:
    named = f"event_{event.kind}" in table_of("office")
    said = places.w(f"event_{event.kind}", what=event.what) if named else event.kind
    ref = places.w("record_ref", seq=event.ref.seq, hash=event.ref.hash)
    return EventSeen(places.clock(event.ref.at, date.fromisoformat(row.day)), said, ref)
