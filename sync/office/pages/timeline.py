"""One round, stop by stop: what was done when, by what evidence, and what the office makes of it."""

from collections.abc import Callable, Collection, Sequence
from datetime import date
from itertools import pairwise

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import millis
from app.duties.evidence import Mark
from app.duties.genuine import Genuine
from app.duties.outcome import is_excused
from app.duties.rounds import Confirmation
from app.duties.site import Person, Plan, decode_plan
from app.words import table as table_of
from sync.office import to_review
from sync.office.credentials import everybody
from sync.office.details import (
    Again,
    Event,
    ExplanationDetail,
    FindingDetail,
    PaperSeen,
    Ref,
    RoundDetail,
    StopDetail,
    stop_outcome,
    tally_of,
)
from sync.office.excuses import Excused, read_excuses, valid
from sync.office.marks import MarkSeen, explain, mark_word
from sync.office.pages import routemap
from sync.office.pages.answers import AnswerLine, show_answers
from sync.office.pages.books import BookSeen, books_seen
from sync.office.pages.evidence import EvidenceSeen, show_evidence
from sync.office.pages.excuses import excuse_words
from sync.office.pages.frame import site_of
from sync.office.pages.house import House
from sync.office.pages.photos import PhotoSeen, read_held, show_photos
from sync.office.pages.reviewed import Reviewed, Signature, method_words, show_reviewed, show_signatures
from sync.office.pages.routemap import Place, RouteMap
from sync.office.pages.view import Asked, Fact, lang_of
from sync.office.places import Places, url
from sync.office.round_words import span_of, verdict_of, window_of
from sync.office.store import plans as plan_table
from sync.office.store import rounds as table
from sync.office.store.rounds import BookRow, ExplanationRow, FindingRow, RoundRow, StopRow
from sync.office.verdicts import Verdict


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a round needs it."""

    row: RoundRow
    stops: list[StopRow]
    findings: list[FindingRow]
    plan: Plan | None
    """The revision it was walked under, else the site's newest; for names."""
    books: list[BookRow]
    excuses: list[Excused]
    explanations: list[tuple[ExplanationRow, ExplanationDetail]]
    people: dict[str, Person]
    held: frozenset[str]
    """Photographs that have come."""


class MemberSeen(Struct, frozen=True):
    name: str
    number: str
    method: str
    again: str


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
    photos: list[PhotoSeen]


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
    explain: str
    """Where somebody says what a mark was about."""
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
    photos: list[PhotoSeen]
    """Of the paper that the round was entered from."""
    maps: list[RouteMap]
    signatures: list[Signature]
    review: Reviewed | None
    """None where the site has no plan any more."""


def read_facts(tx: Connection, row: RoundRow, known: to_review.Facts | None) -> Facts:
    """What is known of a round; `known`: as it is reviewed."""
    detail = msgspec.json.decode(row.detail, type=RoundDetail)
    plan = plan_table.plan_walked(tx, row.site, detail.revision, detail.plan_sha256)
    plan = plan or plan_table.newest_plan(tx, row.site)
    spans = [(bytes.fromhex(part.book), part.first, part.last) for part in detail.parts if not part.apart]
    spans = spans or [(row.book, row.first_seq, row.last_seq)]
    books = known.books if known else table.books_of(tx, row.site)
    findings = table.findings_of(tx, row.site, row.round)
    pictures = [name for each in findings for name in msgspec.json.decode(each.detail, type=FindingDetail).photos]
    pictures += detail.late_entry.photos if detail.late_entry else ()
    return Facts(
        row=row,
        stops=table.stops_of(tx, row.site, row.round),
        findings=findings,
        plan=decode_plan(plan.raw) if plan else None,
        books=[book for book in books if book.book in {part[0] for part in spans}],
        excuses=read_excuses(tx, row.site, row.opens, millis(detail.closes)),
        explanations=[
            (each, msgspec.json.decode(each.detail, type=ExplanationDetail))
            for each in table.explanations_of(tx, row.site, spans)
        ],
        people=known.people if known else everybody(tx),
        held=read_held(tx, row.site, pictures),
    )


def show_round(
    facts: Facts, lang: str, now: int, known: to_review.Facts | None = None, by: str = "", done: str = ""
) -> RoundSeen:
    """The round as the page shows it. `known`: as it is reviewed; `by`: the account's person; `done`: what was just
    decided.
    """
    places = Places(lang, facts.plan, facts.people)
    row, detail = facts.row, msgspec.json.decode(facts.row.detail, type=RoundDetail)
    attempt = row.round.rpartition("-")[2]
    tally = tally_of(row, detail, facts.stops, valid(facts.excuses))
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
        explain=url("/afterwards", site=row.site, round=row.round),
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
        findings=[_finding(finding, facts.held, places, now) for finding in facts.findings],
        events=[_event(event, row, places) for event in detail.events],
        explanations=said.rest(),
        books=books_seen(facts.books, places),
        photos=show_photos(detail.late_entry.photos if detail.late_entry else (), row.site, facts.held, places),
        maps=_maps(facts, stops),
        signatures=show_signatures(known, detail.crew, places),
        review=show_reviewed(known, places, by, done),
    )


def _maps(facts: Facts, seen: Sequence[StopSeen]) -> list[RouteMap]:
    reached = {row.stop: msgspec.json.decode(row.detail, type=StopDetail).place for row in facts.stops}
    return routemap.draw_both([
        Place(stop.name, stop.verdict.colour, stop.verdict.word, reached[row.stop], stop.time, f"#stop-{number}")
        for number, (row, stop) in enumerate(zip(facts.stops, seen, strict=True), start=1)
    ])  # fmt: skip


def _facts(facts: Facts, detail: RoundDetail, places: Places) -> list[Fact]:
    w = places.w
    known = "plan_revision" if detail.judged else "plan_unknown"
    book = places.handheld(facts.books[0].device if facts.books else "")
    found = [
        Fact(w("walked"), span_of(detail, places, date.fromisoformat(facts.row.day))),
        Fact(w("order"), _order(detail, places), w("seed", seed=detail.seed) if detail.seed else ""),
        Fact(w("handheld"), book, facts.row.book.hex()[:16]),
        *_where(detail, places),
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


def _where(detail: RoundDetail, places: Places) -> list[Fact]:
    """The numbers of its records; of each part when it is spread over several books."""
    w = places.w
    if not detail.parts:
        return [Fact(w("records"), w("record_span", first=detail.first.seq, last=detail.last.seq), detail.last.hash)]
    return [
        Fact(
            w("records_apart" if part.apart else "records_continued" if number else "records"),
            w("record_span", first=part.first, last=part.last),
            part.book[:16],
        )
        for number, part in enumerate(detail.parts)
    ]


def _order(detail: RoundDetail, places: Places) -> str:
    route = places.plan.find_route(detail.route) if places.plan else None
    return places.w(f"order_{route.order if route else 'fixed'}")


def _member(member: Confirmation, detail: RoundDetail, places: Places) -> MemberSeen:
    day = detail.opens.date()
    again = [each for each in detail.again if each.person == member.person]
    return MemberSeen(
        name=places.person(member.person),
        number=places.number(member.person),
        method=_signed_in(member, detail, places),
        again=" ".join(_again(each, places, day) for each in again),
    )


def _signed_in(member: Confirmation, detail: RoundDetail, places: Places) -> str:
    """How, and what became of the badge's proof when that is worth a word."""
    method = method_words(member.method, places)
    proofs = [seen.proof for seen in detail.sign_ins if seen.person == member.person]
    return f"{method} ({places.w(f'badge_{proofs[-1]}')})" if proofs else method


def _again(again: Again, places: Places, day: date) -> str:
    said = places.w("again", time=places.minute(again.ref.at, day), method=method_words(again.method, places))
    return f"{said} ({places.w(f'badge_{again.proof}')})" if again.proof else said


# -- a stop --------------------------------------------------------------------------------------


def _stop(row: StopRow, whole: RoundDetail, facts: Facts, said: "_Said", places: Places) -> StopSeen:
    detail = msgspec.json.decode(row.detail, type=StopDetail)
    day = whole.opens.date()
    figures = _figures(row, detail, places)
    excused = is_excused(row.point, facts.row.opens, millis(whole.closes), valid(facts.excuses))
    colour, word = stop_outcome(row, detail, whole, excused=excused)
    records = {(_book_of(ref, whole, facts.row), ref.seq) for ref in _all_refs(detail)}
    crew = [mark for mark in detail.marks if mark != Mark.TO_VERIFY or not _is_verified(detail)]
    spoken = said.of_stop(records, [*crew, *detail.office_marks])
    return StopSeen(
        position=str(row.position),
        name=places.point(row.point) if row.point else row.stop,
        time=places.clock(row.at, day) if row.at is not None else "",
        verdict=Verdict(colour, places.w(word)),
        line=_line(row, detail, facts, places),
        marks=explain(crew, detail.office_marks, figures, places.lang, spoken),
        answers=show_answers(row, detail, whole, places),
        evidence=[show_evidence(arrival, places) for arrival in detail.arrivals],
        refs=_refs(detail, places),
    )


def _is_verified(detail: StopDetail) -> bool:
    """Whether the office has done what the handheld's mark promises."""
    found = [each.heard.told.genuine for each in detail.arrivals if each.heard]
    return any(found) and Genuine.UNKNOWN not in found


def _line(row: StopRow, detail: StopDetail, facts: Facts, places: Places) -> str:
    said = [excuse_words(each, places) for each in facts.excuses if each.row.point == row.point]
    said += [places.w("skipped_because", reason=places.reason(skip.reason, skip.words)) for skip in detail.skips]
    if detail.place is not None and detail.place != row.position:
        said.append(places.w("reached_as", n=detail.place))
    if detail.paper is not None:
        said.append(_paper(detail.paper, places))
    return " ".join(said)


def _paper(paper: PaperSeen, places: Places) -> str:
    """What the paper says of the stop."""
    return f"{places.w('paper')}: {paper.words or places.w('ok' if paper.ok else 'not_ok')}"


def _figures(row: StopRow, detail: StopDetail, places: Places) -> dict[str, dict[str, object]]:
    """Numbers that make a mark plain, where the office could work them out."""
    found: dict[str, dict[str, object]] = {}
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
    refs = sorted(_all_refs(detail), key=lambda ref: (ref.part, ref.seq))
    return " · ".join(_run(run, places) for run in _runs(refs))


def _all_refs(detail: StopDetail) -> list[Ref]:
    seen = [each.ref for each in detail.arrivals]
    seen += [each.ref for each in detail.answers]
    seen += [each.ref for each in detail.skips]
    return [*seen, detail.paper.ref] if detail.paper else seen


def _book_of(ref: Ref, whole: RoundDetail, row: RoundRow) -> bytes:
    return bytes.fromhex(whole.parts[ref.part].book) if whole.parts else row.book


def _runs(refs: Sequence[Ref]) -> list[list[Ref]]:
    runs = [[ref] for ref in refs[:1]]
    for before, ref in pairwise(refs):
        if (ref.part, ref.seq) == (before.part, before.seq + 1):
            runs[-1].append(ref)
        else:
            runs.append([ref])
    return runs


def _run(run: Sequence[Ref], places: Places) -> str:
    if len(run) == 1:
        return places.record(run[0])
    span = places.w("record_span", first=run[0].seq, last=run[-1].seq)
    return f"{span} {run[-1].hash}"


# -- explanations --------------------------------------------------------------------------------


class _Said:
    """What people said of marks, each shown once: beside its mark, or by itself."""

    def __init__(self, facts: Facts, places: Places) -> None:
        self._left = list(facts.explanations)
        self._places = places

    def of_stop(self, records: Collection[tuple[bytes, int]], marks: Collection[str]) -> dict[str, list[str]]:
        return self._take(lambda row, detail: (row.book, row.seq) in records and detail.mark in marks)

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


def _finding(row: FindingRow, held: frozenset[str], places: Places, now: int) -> FindingSeen:
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
        ref=places.record(detail.ref),
        photos=show_photos(detail.photos, row.site, held, places),
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
    return EventSeen(places.clock(event.ref.at, date.fromisoformat(row.day)), said, places.record(event.ref))


# -- its address ---------------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/rounds/{name:path}")
    async def one(request: Asked, name: FromPath[str]) -> Response[bytes]:
        site = site_of(request)
        now, by = house.clock_ms(), request.state.session.person or ""

        def read(tx: Connection) -> tuple[Facts | None, to_review.Facts | None]:
            row = table.find_round(tx, name.removeprefix("/"), site)
            known = to_review.read_begun(tx, row, now) if row else None
            return read_facts(tx, row, known) if row else None, known

        facts, known = await house.read(read)
        if facts is None:
            return await house.frame.plain(request, "not_found", "no_such_round", 404)
        await house.looked(request, "round-seen", facts.row.site, facts.row.round)
        done = request.query_params.get("done", "")
        return await house.frame.page(request, "round.html", show_round(facts, lang_of(request), now, known, by, done))

    return [one]
