"""A round that was entered afterwards from paper (D9): shown like a round, and everything in it of the weakest grade.

Values in, values out, as in sync.office.reading.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from app.duties import rounds
from app.duties.days import millis
from app.duties.evidence import Mark
from app.duties.review import RULES
from app.duties.rounds import Progress
from app.duties.schedule import Slot, slot_named
from app.duties.site import GRADES, Plan, Route, Stop
from app.kinds.afterwards import RoundLateEntry, StopEntered
from sync.office.details import Event, LateEntry, PaperSeen, Ref, RoundDetail, StopDetail, names_in
from sync.office.reading import Line, row_of, what_of
from sync.office.store.rounds import RoundRow, StopRow

Entered = Mapping[str, StopEntered]
"""The stops of the route at which somebody was, by the paper."""
WEAKEST: Final = (Mark.WEAK.value,)


def read_late_entry(
    site: str, book: bytes, lines: Sequence[Line], plan: Plan | None
) -> tuple[RoundRow, list[StopRow]] | None:
    """The projection of such a round. None when it names no window that the plan has: nobody could say what was due."""
    body = lines[0].body
    assert isinstance(body, RoundLateEntry)
    slot = slot_named(plan, body.schedule, body.slot) if plan else None
    if plan is None or slot is None or slot.route != body.route:
        return None
    route = plan.route(body.route)
    known = {stop.id for stop in route.stops}
    entered = {each.stop: each for each in body.stops if each.at is not None and each.stop in known}
    crew = _walked(body, slot, route, entered)
    return row_of(site, book, crew, lines, _detail(body, crew, entered, lines)), [
        _stop_row(site, crew.round, place, stop, entered, lines[0].ref) for place, stop in enumerate(route.stops, 1)
    ]


def _walked(body: RoundLateEntry, slot: Slot, route: Route, entered: Entered) -> Progress:
    order = tuple(stop.id for stop in route.stops)
    times = _times(entered) or [millis(slot.opens)]
    return Progress(
        round=body.round,
        route=body.route,
        schedule=body.schedule,
        opens=slot.opens,
        closes=slot.closes,
        revision=body.plan.revision,
        crew=body.crew,
        order=order,
        seed=None,
        started=min(times),
        visits=tuple(_entered(stop, entered.get(stop)) for stop in order),
        finished=max(times),
    )


def _detail(body: RoundLateEntry, crew: Progress, entered: Entered, lines: Sequence[Line]) -> RoundDetail:
    numbers, first = rounds.summary(crew), lines[0]
    opens, closes = millis(crew.opens), millis(crew.closes)
    return RoundDetail(
        schedule=crew.schedule,
        route=crew.route,
        opens=crew.opens,
        closes=crew.closes,
        revision=crew.revision,
        plan_sha256=body.plan.sha256,
        judged=True,
        seed=None,
        crew=crew.crew,
        alone=None,
        started=crew.started,
        finished=crew.finished,
        timing=numbers.timing,
        planned=numbers.planned,
        done=numbers.done,
        missed=numbers.missed,
        skipped=0,
        in_window=sum(opens <= at < closes for at in _times(entered)),
        findings=0,
        not_ok=sum(not each.ok for each in entered.values()),
        marks=(),
        office_marks=(),
        stop_marks=WEAKEST if entered else (),
        again=(),
        events=tuple(Event(line.ref, line.record.kind, what_of(line.body)) for line in lines[1:]),
        offset=first.record.off,
        first=first.ref,
        last=lines[-1].ref,
        rules=RULES,
        late_entry=LateEntry(first.record.by, body.paper, len(body.attachments), names_in(first.record.body)),
    )


def _stop_row(site: str, name: str, position: int, stop: Stop, entered: Entered, ref: Ref) -> StopRow:
    found = entered.get(stop.id)
    grade = GRADES[0] if found else None
    before = sorted(_times(entered))
    place = before.index(found.at) + 1 if found and found.at is not None else None
    detail = StopDetail((), (), None, False)
    if found:
        detail = StopDetail((), WEAKEST, place, True, paper=PaperSeen(ref, found.ok, found.words))
    return StopRow(
        site=site,
        round=name,
        position=position,
        stop=stop.id,
        point=stop.point,
        at=found.at if found else None,
        grade=grade,
        office_grade=grade,
        detail=msgspec.json.encode(detail),
    )


def _times(entered: Entered) -> list[int]:
    return [each.at for each in entered.values() if each.at is not None]


def _entered(stop: str, entered: StopEntered | None) -> rounds.Visit:
    if entered is None:
        return rounds.Visit(stop)
    return rounds.Visit(stop, at=entered.at, grade=GRADES[0], marks=(Mark.WEAK,), done=True)
