"""What the rounds of a paper say: what was found on them, what was answered last, and which windows nobody walked."""

from collections.abc import Iterable, Iterator, Sequence

from app.duties.days import millis
from app.duties.schedule import RuleRefused, slots
from app.duties.site import Check, Route
from app.kinds import read
from app.kinds.findings import FindingRaised
from sync.office.details import AnswerSeen, StopDetail
from sync.office.papers.paper import Cell, Section, Words
from sync.office.papers.source import DASH, SIGNS, Ground, Walk
from sync.office.store import cases
from sync.office.store.cases import CaseRow
from sync.office.store.rounds import StopRow

GOOD, BAD = "√", "×"


class Found:
    """What was found on the rounds of a paper, by round and check."""

    def __init__(self, ground: Ground, walks: Sequence[Walk]) -> None:
        self._ground = ground
        self._by: dict[tuple[str, str, str], list[CaseRow]] = {}
        self._of: dict[str, list[CaseRow]] = {}
        names = [walk.row.round for walk in walks]
        rows = cases.of_round(ground.tx, ground.wish.site, names) if names else []
        ground.use_matters(rows)
        for row in rows:
            self._of.setdefault(row.round, []).append(row)
            record = ground.record(row.book, row.seq)
            body = read(record) if record else None
            if isinstance(body, FindingRaised):
                self._by.setdefault((row.round, body.stop or "", body.check or ""), []).append(row)

    def about(self, walk: Walk, stop: str, check: str) -> list[CaseRow]:
        return self._by.get((walk.row.round, stop, check), [])

    def of(self, walk: Walk) -> list[CaseRow]:
        return self._of.get(walk.row.round, [])

    def where(self, row: CaseRow) -> str:
        """The place and what is wrong there, as the form wants it."""
        places = self._ground.places
        what = places.phrase(row.category, row.phrase, row.words)
        return f"{places.point(row.point)} {what}" if row.point else what

    def handled(self, row: CaseRow) -> str:
        ground = self._ground
        if row.fixed:
            return ground.w("fixed")
        if row.closed_at is not None:
            return ground.w("closed_on", at=ground.at(row.closed_at))
        if row.done_at is not None:
            return ground.w("corrected_on", at=ground.at(row.done_at))
        return (
            ground.w("ordered", due=ground.at(row.due_at))
            if row.order
            else ground.w("reported", due=ground.at(row.due_at))
        )


def last_answers(detail: StopDetail) -> Iterable[AnswerSeen]:
    return {answer.check: answer for answer in detail.answers}.values()


def answer_of(walk: Walk, stop: str, check: str) -> AnswerSeen | None:
    detail = next((detail for row, detail in walk.stops if row.stop == stop), None)
    return next((each for each in last_answers(detail) if each.check == check), None) if detail else None


def state_of(ground: Ground, check: Check, answer: AnswerSeen | None) -> str:
    """What was answered, in the form's words: normal, the value, the choice, or that nobody looked."""
    if answer is None:
        return ground.w("not_looked")
    if check.kind == "ok" or answer.value is None:
        return ground.w("abnormal" if answer.bad else "normal")
    chosen = next((each.text.say(ground.wish.lang) for each in check.choices if each.id == answer.value), "")
    of = f"/{check.total}" if check.kind == "count" and check.total else ""
    return chosen or f"{answer.value}{of} {SIGNS.get(check.unit, check.unit)}".strip()


def mark_of(ground: Ground, walk: Walk, row: StopRow, check: Check) -> Cell:
    """The answer in a narrow column: a number, or whether it is good."""
    answer = answer_of(walk, row.stop, check.id)
    if answer is None:
        return Cell(DASH, "soft")
    link, look = link_of(ground, walk, answer), "bad" if answer.bad else ""
    if check.kind == "ok" or answer.value is None:
        return Cell(BAD if answer.bad else GOOD, look, link=link)
    chosen = next((each.text.say(ground.wish.lang) for each in check.choices if each.id == answer.value), "")
    return Cell(chosen or answer.value, look, number=not chosen, link=link)


def link_of(ground: Ground, walk: Walk, answer: AnswerSeen | None) -> str:
    return ground.to_record(walk.book(answer.ref), answer.ref.seq) if answer else ground.to_round(walk)


def missing(ground: Ground, routes: Sequence[Route], walks: Sequence[Walk]) -> Iterator[Section]:
    """Windows of the days without a record, said once at the end; nothing when there are none."""
    known = {walk.row.slot for walk in walks}
    ids = {route.id for route in routes}
    due, none = 0, []
    for schedule in ground.plan.schedules:
        if schedule.route not in ids:
            continue
        try:
            windows = slots(ground.plan, schedule, ground.wish.first, ground.wish.last)
        except RuleRefused:
            continue
        over = [slot for slot in windows if millis(slot.closes) <= ground.now]
        due += len(over)
        none += [slot for slot in over if slot.round not in known]
    days = ground.w("comma").join(dict.fromkeys(f"{slot.opens:%m-%d} {slot.opens:%H:%M}" for slot in none))
    said = ground.w("all_walked", due=due) if not none else ground.w("not_walked", due=due, n=len(none), days=days)
    yield Section(
        (Words((said,), "" if none else "soft"),), new_page=bool(len(walks) > 1 and none and len(routes) == 1)
    )
