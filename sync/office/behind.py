"""The cases behind a figure: which points, answers and matters made it what it is, each with its record.

What is listed is judged by the code that counts (sync.office.counting, app.duties.indicators), so a list and its figure
cannot disagree. Points that were reached in time and answers that were OK are not listed: only what is counted against
a figure, what is excused, and what is still open; of matters also what counts for it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties import rounds
from app.duties.indicators import BY_AREA, EQUIPMENT, INDICATORS, Answer, of_answer
from app.duties.outcome import is_excused
from app.duties.schedule import clock_text
from app.duties.site import Plan, Stop, Text
from app.words import LANGS, say
from sync.office import counting
from sync.office.counting import Facts
from sync.office.details import AnswerSeen, Ref, StopDetail
from sync.office.dues import Due, Walked, count, planned_and_done
from sync.office.places import round_url
from sync.office.store import plans as plan_table
from sync.office.store import rounds as round_table
from sync.office.store.cases import FINDING, HAZARD, ORDER, REQUEST, CaseRow
from sync.office.store.rounds import StopRow
from sync.office.store.spans import Matter

State = Literal["bad", "pending", "excused", "good"]
STATES: Final[tuple[State, ...]] = ("bad", "pending", "excused", "good")
WALKED: Final = frozenset({"rounds", "missed", "on-time", "paper", "inspected", "cleaning", "greening"})
LOOKED: Final = frozenset({"facility", "lamps", "scores"})
OF_KINDS: Final = {
    "missed": ("patrol",),
    "on-time": ("patrol",),
    "inspected": EQUIPMENT,
    **{name: (kind,) for kind, name in BY_AREA.items()},
}
"""Kinds of routes, where an indicator is made of these only."""
PATHS: Final = {FINDING: "/findings", HAZARD: "/findings", ORDER: "/orders", REQUEST: "/desk"}
"""Where a matter of that sort has its page."""


class Case(Struct, frozen=True):
    """One thing behind a figure."""

    figure: str
    """Of app.duties.indicators."""
    state: State
    """Counted against the figure, not judged yet, left out, or counted for it."""
    sort: str
    """round, point, check, score; order, finding, hazard."""
    ref: str
    """`book:seq` of the record; empty for a window nobody walked."""
    words: Text
    at: int
    """UTC ms."""
    href: str
    """Its page."""


def of_days(
    tx: Connection, site: str, days: Sequence[str], figures: Collection[str], now: int, *, whole: bool = False
) -> list[Case]:
    """What stands behind these figures on those local days, in order of time.

    A window that nobody walked is a case for each of its points; with `whole` it is one, as a report tells it.
    """
    found = by_day(tx, site, days, figures, now, whole=whole)
    return _in_order(each for those in found.values() for each in those)


def by_day(
    tx: Connection, site: str, days: Sequence[str], figures: Collection[str], now: int, *, whole: bool = False
) -> dict[str, list[Case]]:
    """The same by the day on which each counts; `days` in order."""
    found: dict[str, list[Case]] = {day: [] for day in days}
    plan = plan_table.site_plan(tx, site)
    if plan is None or not days:
        return found
    zone = counting.zone(plan)
    if (WALKED | LOOKED) & set(figures):
        heard = round_table.heard_of(tx, site)
        kinds = _kinds(figures)
        for facts in counting.read_days(tx, site, days, zone):
            found[facts.day.isoformat()] += _of_rounds(
                _only(facts, kinds) if kinds else facts, site, heard, now, whole=whole
            )
    if set(figures) - WALKED - LOOKED:
        for matter in counting.matters_of(tx, site, days, zone):
            for day, case in _of_matter(matter, plan, zone, now):
                found.get(day, []).append(case)
    return {day: _in_order(each for each in those if each.figure in figures) for day, those in found.items()}


def _in_order(those: Iterable[Case]) -> list[Case]:
    return sorted(those, key=lambda each: (each.at, each.ref, each.sort))


def both(said: Callable[[str], str]) -> Text:
    """The sentence in both languages."""
    return Text(*(said(lang) for lang in LANGS))


def _kinds(figures: Collection[str]) -> set[str]:
    """The kinds of routes that these figures are made of; empty when any may be."""
    found: set[str] = set()
    for figure in WALKED | LOOKED:
        if figure in figures and figure not in OF_KINDS:
            return set()
        found |= set(OF_KINDS[figure]) if figure in figures else set()
    return found


def _only(facts: Facts, kinds: Collection[str]) -> Facts:
    """The day without the windows of other kinds."""
    asked = [(plan, slot) for plan, slot in facts.asked if plan.route(slot.route).kind in kinds]
    schedules = {schedule.id for schedule in facts.plan.schedules if facts.plan.route(schedule.route).kind in kinds}
    others = {schedule.id for schedule in facts.plan.schedules} - schedules
    return replace(facts, asked=asked, rows=[row for row in facts.rows if row.slot.partition("@")[0] not in others])


# -- rounds --------------------------------------------------------------------------------------


def _of_rounds(facts: Facts, site: str, heard: Sequence[int], now: int, *, whole: bool) -> Iterator[Case]:
    for due in planned_and_done(facts, facts.asked):
        window = _Window(facts, site, due, whole=whole)
        tally = count(due, heard, now)
        if tally is None:
            yield from window.unwalked("pending", "not_yet")
        elif not tally.planned:
            yield from window.unwalked("excused", "excused")
        elif due.best is None:
            yield from window.unwalked("bad", "nobody_came")
        else:
            yield from window.stops(due.best)
        for walked in due.rounds:
            yield from window.answers(walked)


class _Window:
    """One window, and what is said of it."""

    def __init__(self, facts: Facts, site: str, due: Due, *, whole: bool) -> None:
        self._facts, self._site, self._due, self._as_whole = facts, site, due, whole
        self._kind = counting.kind_of(facts.plan, due)
        self._route = due.slot.route if due.slot else due.rounds[0].detail.route
        self._schedule = due.slot.schedule if due.slot else due.rounds[0].detail.schedule
        self._opens = due.slot.opens if due.slot else due.rounds[0].detail.opens
        self._closes = due.slot.closes if due.slot else due.rounds[0].detail.closes

    def unwalked(self, state: State, word: str) -> Iterator[Case]:
        """Nobody walked it, or nobody had to, or somebody still may."""
        best, opens, closes = self._due.best, self._due.opens, self._due.closes
        href = self._round(best) if best else f"/rounds?site={quote(self._site)}&day={self._facts.day.isoformat()}"
        ref, said = _ref(best, best.detail.first) if best else "", f"indicators.{word}"
        text = both(lambda lang: f"{self._names[lang]}: {say(lang, said)}")
        of_points = set(self._figures()) - {"rounds"}
        for figure in self._figures() if self._as_whole else {"rounds"} & set(self._figures()):
            yield Case(figure, state, "round", ref, text, opens, href)
        route = self._facts.plan.find_route(self._route)
        for stop in () if self._as_whole or route is None else route.stops:
            free = is_excused(stop.point, opens, closes, self._facts.valid)
            at_stop = self._said(stop.point, said)
            for figure in of_points:
                yield Case(figure, "excused" if free else state, "point", ref, at_stop, opens, href)

    def stops(self, best: Walked) -> Iterator[Case]:
        paper = best.detail.late_entry is not None
        for stop, walked, row in self._rows(best):
            yield from self._stop(stop, walked, row)
            if paper and row.at is not None:
                yield self._case("paper", "bad", "from_paper", stop.point if stop else row.point, walked, row)

    def _case(self, figure: str, state: State, word: str, point: str | None, walked: Walked, row: StopRow) -> Case:
        detail = msgspec.json.decode(row.detail, type=StopDetail)
        text = self._said(point, f"indicators.{word}")
        ref = _ref(walked, detail.arrivals[0].ref if detail.arrivals else walked.detail.first)
        return Case(figure, state, "point", ref, text, row.at or self._due.opens, self._round(walked))

    def _stop(self, stop: Stop | None, walked: Walked, row: StopRow) -> Iterator[Case]:
        at, word, against = row.at, "", set(self._figures()) - {"rounds"}
        state: State = "bad"
        opens, closes = self._due.opens, self._due.closes
        point = stop.point if stop else row.point
        if at is None:
            if is_excused(point, opens, closes, self._facts.valid):
                word, state = "excused", "excused"
            elif msgspec.json.decode(row.detail, type=StopDetail).skips:
                word, against = "skipped", against - {"missed"}
            else:
                word = "missed_here"
        elif not opens <= at < closes and "on-time" in against:
            word, against = "not_in_time", {"on-time"}
        elif self._kind in BY_AREA and any(answer.bad for answer in counting.last_answers(row)):
            word = "was_wrong"
        for figure in against if word else ():
            yield self._case(figure, state, word, point, walked, row)

    def answers(self, walked: Walked) -> Iterator[Case]:
        """What was found not OK, and what nobody can judge."""
        for stop, check, seen, answer in counting.answers_of(walked, self._facts):
            for (_, figure), counted in of_answer(answer).items():
                if counted.part == counted.whole and not counted.pending:
                    continue
                text = both(
                    lambda lang, stop=stop, check=check, answer=answer, seen=seen: (  # type: ignore[misc]
                        f"{self._place(stop.point, lang)}: {check.text.say(lang)} {_value(answer, seen, lang)}".strip()
                    )
                )
                state: State = "pending" if counted.pending else "bad"
                sort = "score" if answer.score else "check"
                yield Case(figure, state, sort, _ref(walked, seen.ref), text, seen.ref.at, self._round(walked))

    def _rows(self, best: Walked) -> list[tuple[Stop | None, Walked, StopRow]]:
        """Each stop once: of a window done by place as whichever round reached it has it."""
        walked = self._due.rounds if self._due.together is not None else (best,)
        route = self._facts.plan.find_route(self._route)
        found: dict[str, tuple[Stop | None, Walked, StopRow]] = {}
        for each in walked:
            for row in self._facts.tended.get(each.row.round, ()):
                before = found.get(row.stop)
                if before is None or (before[2].at is None and row.at is not None):
                    found[row.stop] = (rounds.stop_of(route, row.stop) if route else None, each, row)
        return list(found.values())

    def _figures(self) -> tuple[str, ...]:
        if self._kind in BY_AREA:
            return (BY_AREA[self._kind],)
        if self._kind == "patrol":
            return ("rounds", "missed", "on-time")
        return ("rounds", "inspected") if self._kind in EQUIPMENT else ("rounds",)

    def _said(self, point: str | None, word: str) -> Text:
        return both(lambda lang: f"{self._place(point, lang)}: {say(lang, word)} · {self._names[lang]}")

    @cached_property
    def _names(self) -> dict[str, str]:
        """By language: what the window is called, beside every one of its points."""
        return {lang: self._name(lang) for lang in LANGS}

    def _name(self, lang: str) -> str:
        plan = self._facts.plan
        named = (plan.find_schedule(self._schedule), plan.find_route(self._route))
        name = next((said for each in named if each and (said := each.name.say(lang))), self._schedule)
        opens, closes = (each.astimezone(counting.zone(plan)) for each in (self._opens, self._closes))
        return f"{name} {opens:%m-%d %H:%M}-{clock_text(closes, opens)}"

    def _place(self, point: str | None, lang: str) -> str:
        found = self._facts.plan.find_point(point) if point else None
        return (found.name.say(lang) if found else "") or point or ""

    def _round(self, walked: Walked) -> str:
        return round_url(self._site, walked.row.round)


def _value(answer: Answer, seen: AnswerSeen, lang: str) -> str:
    return seen.value or say(lang, "indicators.unread" if not answer.full else "indicators.not_ok")


def _ref(walked: Walked, ref: Ref) -> str:
    parts = walked.detail.parts
    return f"{parts[ref.part].book if parts else walked.row.book.hex()}:{ref.seq}"


# -- matters -------------------------------------------------------------------------------------


def _of_matter(matter: Matter, plan: Plan, zone: ZoneInfo, now: int) -> Iterator[tuple[str, Case]]:
    """With the day on which it counts."""
    for (day, figure), counted in counting.counts_of(matter, zone, now).items():
        if counted.pending:
            state: State = "pending"
        elif INDICATORS[figure].unit == "%" and (counted.part > 0) != (INDICATORS[figure].better == "more"):
            state = "bad"
        else:
            state = "good"
        words = both(lambda lang: words_of(matter, plan, lang))
        yield day, Case(figure, state, matter.sort, matter.case, words, matter.opened_at, page_of(matter))


def page_of(matter: Matter | CaseRow) -> str:
    """Where a matter has its page; empty for one that has none."""
    path = PATHS.get(matter.sort)
    return f"{path}/{quote(matter.case, safe='')}?site={quote(matter.site)}" if path else ""


def words_of(matter: Matter | CaseRow, plan: Plan, lang: str) -> str:
    """Where it is and what it is about, in the plan's words."""
    category = plan.find_category(matter.category)
    said = next((each.text.say(lang) for each in category.phrases if each.id == matter.phrase), "") if category else ""
    point = plan.find_point(matter.point)
    where = (point.name.say(lang) if point else "") or matter.point or matter.room
    named = category.text.say(lang) if category else matter.category
    what = " ".join(part for part in (named, said or matter.words) if part)
    return f"{where}: {what}" if where else what
