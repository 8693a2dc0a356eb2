"""The inspector's forms that rounds fill (D68): daily fire patrol, facility check, power room, lifts.

Each is what was answered on site, in the plan's order; what nobody walked is said too. Boxes for signatures and seals
are empty: whoever hands the paper in signs it.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from app.duties.site import Check, Route, Stop
from sync.office.details import AnswerSeen
from sync.office.papers.paper import Block, Cell, Column, Facts, Paper, Section, Table, Words
from sync.office.papers.source import DASH, SIGNS, Ground, Walk
from sync.office.papers.walked import Found, answer_of, last_answers, link_of, mark_of, missing, state_of
from sync.office.store.rounds import StopRow

FIRE, FACILITY, POWER, LIFT = "fire-patrol", "facility", "power-room", "lift"
MOST_COLUMNS: Final = 20


# -- 每日防火巡查记录 ---------------------------------------------------------------------------------


def fire_patrol(ground: Ground) -> Paper:
    """A page for each patrol: the items in the form's order, then what was looked at on the way."""
    routes = ground.routes(FIRE, ("safety",))
    walks = ground.walks({route.id for route in routes})
    found = Found(ground, walks)
    pages = [_patrol(ground, walk, found, routes, first=number == 0) for number, walk in enumerate(walks)]
    return ground.paper([*pages, *missing(ground, routes, walks)], span=ground.days_said)


def _patrol(ground: Ground, walk: Walk, found: Found, routes: Sequence[Route], *, first: bool) -> Section:
    route = next(route for route in routes if route.id == walk.detail.route)
    main = max(route.stops, key=lambda stop: len(ground.plan.checks_of(stop)), default=None)
    items = Table(
        ground.columns(
            ("number", 2), ("patrol_item", 9, "left"), ("patrol_state", 11, "left"), ("patrol_handled", 10, "left")
        ),
        tuple(_item(ground, walk, found, main, check, n) for n, check in enumerate(_checks(ground, main), 1)),
    )
    return Section(
        blocks=(
            _head(ground, walk, "crew"),
            items,
            *_on_the_way(ground, walk, found, main),
            ground.signing("sign_patroller", "sign_patroller", "sign_fire_manager"),
            Words((ground.w("fire_note"),), "soft"),
        ),
        new_page=not first,
        title=ground.w("name_fire-patrol"),
        beside=ground.day(ground.day_of(walk.detail.started)),
    )


def _head(ground: Ground, walk: Walk, by: str = "checker") -> Facts:
    detail = walk.detail
    end = ground.clock(detail.finished) if detail.finished is not None else ground.w("not_finished")
    link = ground.to_round(walk)
    pairs = [
        (ground.w("date"), Cell(ground.day(ground.day_of(detail.started)), link=link)),
        (ground.w("time"), Cell(f"{ground.clock(detail.started)}—{end}", link=link)),
        (ground.w(by), Cell(ground.crew(detail.crew) or DASH)),
        (
            ground.w("points_done"),
            Cell(f"{detail.done}/{detail.planned}", "bad" if detail.done < detail.planned else ""),
        ),
    ]
    if detail.late_entry:
        entered = ground.w("late_entry", paper=detail.late_entry.paper, by=ground.names(detail.late_entry.by))
        pairs.append((ground.w("remark"), Cell(entered, "bad")))
    return Facts(tuple(pairs))


def _checks(ground: Ground, stop: Stop | None) -> tuple[Check, ...]:
    return ground.plan.checks_of(stop) if stop else ()


def _item(ground: Ground, walk: Walk, found: Found, stop: Stop | None, check: Check, number: int) -> tuple[Cell, ...]:
    assert stop is not None
    answer = answer_of(walk, stop.id, check.id)
    about = found.about(walk, stop.id, check.id)
    bad = answer is not None and answer.bad
    said = ground.w("comma").join(found.where(row) for row in about) if about else ""
    state = state_of(ground, check, answer)
    told = Cell(said or state, "bad" if bad or about else "", link=link_of(ground, walk, answer))
    handled = ground.w("comma").join(dict.fromkeys(found.handled(row) for row in about))
    return (
        Cell(str(number)),
        Cell(check.text.say(ground.wish.lang)),
        told,
        Cell(handled or (ground.w("no_handling") if bad else DASH)),
    )


def _on_the_way(ground: Ground, walk: Walk, found: Found, main: Stop | None) -> Iterator[Block]:
    """The other points: when somebody was there, and what was wrong."""
    rows = []
    for row, detail in walk.stops:
        if main is not None and row.stop == main.id:
            continue
        bad = [_wrong(ground, walk, row, answer) for answer in last_answers(detail) if answer.bad]
        at = ground.clock(row.at) if row.at is not None else ""
        if row.at is None:
            bad = [ground.places.reason(skip.reason, skip.words) for skip in detail.skips] or [ground.w("not_reached")]
        told = [found.where(each) for each in found.of(walk) if each.point == (row.point or "")]
        said = ground.w("comma").join(dict.fromkeys([*bad, *told]))
        rows.append(
            (Cell(ground.places.point(row.point)), Cell(at), Cell(said or ground.w("normal"), "bad" if said else ""))
        )
    if rows:
        columns = ground.columns(("point", 12, "left"), ("time", 4), ("state", 16, "left"))
        yield Table(columns, tuple(rows), ground.w("points_looked_at"))


def _wrong(ground: Ground, walk: Walk, row: StopRow, answer: AnswerSeen) -> str:
    check = next((each for each in ground.places.checks(walk.detail.route, row.stop) if each.id == answer.check), None)
    if check is None:
        return answer.words
    return ground.w("named", name=check.text.say(ground.wish.lang), what=state_of(ground, check, answer))


# -- 建筑消防设施巡查 ---------------------------------------------------------------------------------


def facility(ground: Ground) -> Paper:
    """Every check of the fire equipment on the days: what was good, and what became of what was not."""
    routes = ground.routes(FACILITY, ("safety",))
    walks = ground.walks({route.id for route in routes})
    found = Found(ground, walks)
    columns = ground.columns(
        ("point", 8, "left"), ("facility_item", 9, "left"), ("state", 9, "left"), ("patrol_handled", 8, "left")
    )
    sections = [
        Section(
            (
                _head(ground, walk),
                Table(columns, tuple(_facility_rows(ground, walk, found))),
            ),
            heading=ground.places.schedule(walk.detail.schedule, walk.detail.route),
        )
        for walk in walks
    ]
    signing = Section((ground.signing("sign_checker", "sign_fire_manager", "seal", tall=True),))
    return ground.paper([*sections, *missing(ground, routes, walks), signing])


def _facility_rows(ground: Ground, walk: Walk, found: Found) -> Iterator[tuple[Cell, ...]]:
    for row, detail in walk.stops:
        point = ground.places.point(row.point)
        if row.at is None:
            why = [ground.places.reason(skip.reason, skip.words) for skip in detail.skips] or [ground.w("not_reached")]
            yield Cell(point), Cell(DASH), Cell(ground.w("comma").join(why), "bad"), Cell(DASH)
            continue
        for check in ground.places.checks(walk.detail.route, row.stop):
            answer = answer_of(walk, row.stop, check.id)
            about = found.about(walk, row.stop, check.id)
            bad = answer is not None and answer.bad
            said = ground.w("comma").join([state_of(ground, check, answer), *(found.where(each) for each in about)])
            handled = ground.w("comma").join(dict.fromkeys(found.handled(each) for each in about))
            yield (
                Cell(point),
                Cell(check.text.say(ground.wish.lang)),
                Cell(said, "bad" if bad or about else "", link=link_of(ground, walk, answer)),
                Cell(handled or DASH),
            )


# -- 配电室运行记录 -----------------------------------------------------------------------------------


def power_room(ground: Ground) -> Paper:
    """A table for each room and checklist: a line for each time that somebody was there."""
    routes = ground.routes(POWER, ("inspection",))
    walks = ground.walks({route.id for route in routes})
    sections = []
    seen: dict[tuple[str, str], None] = {(s.point, s.checklist): None for r in routes for s in r.stops if s.checklist}
    for point, checklist in seen:
        checks = ground.plan.checklist(checklist).checks
        rows = tuple(_visits(ground, walks, routes, point, checklist, checks))
        if rows:
            heading = f"{ground.places.point(point)} {ground.plan.checklist(checklist).name.say(ground.wish.lang)}"
            sections.append(Section((Table(_columns(ground, checks), rows),), heading=heading))
    legend = Section((Words((ground.w("legend"),), "soft"),))
    boxes = ground.signing("sign_electrician", "sign_engineer", "seal")
    return ground.paper([*sections, legend, *missing(ground, routes, walks), Section((boxes,))], wide=True)


def _columns(ground: Ground, checks: Sequence[Check]) -> tuple[Column, ...]:
    measured = (
        Column(_with_limits(ground, check), 5 if check.kind == "number" else 4) for check in checks[:MOST_COLUMNS]
    )
    return (Column(ground.w("date"), 5), Column(ground.w("time"), 4), *measured, Column(ground.w("checker"), 6))


def _with_limits(ground: Ground, check: Check) -> str:
    """Name, unit and normal range, for the head of a column."""
    text = check.text.say(ground.wish.lang)
    text = f"{text} {SIGNS.get(check.unit, check.unit)}" if check.unit else text
    if check.low is not None and check.high is not None:
        return f"{text} ({check.low}–{check.high})"
    if check.low is not None:
        return f"{text} (≥{check.low})"
    return f"{text} (≤{check.high})" if check.high is not None else text


def _visits(
    ground: Ground, walks: Sequence[Walk], routes: Sequence[Route], point: str, checklist: str, checks: Sequence[Check]
) -> Iterator[tuple[Cell, ...]]:
    stops = {(r.id, s.id) for r in routes for s in r.stops if (s.point, s.checklist) == (point, checklist)}
    for walk in walks:
        for row, _detail in walk.stops:
            if (walk.detail.route, row.stop) not in stops:
                continue
            at = row.at if row.at is not None else walk.detail.started
            local = ground.places.local(at)
            yield (
                Cell(f"{local:%m-%d}"),
                Cell(f"{local:%H:%M}" if row.at is not None else ground.w("not_reached"), "" if row.at else "bad"),
                *(mark_of(ground, walk, row, check) for check in checks[:MOST_COLUMNS]),
                Cell(ground.crew(walk.detail.crew)),
            )


# -- 电梯日管控 -------------------------------------------------------------------------------------


def lift(ground: Ground) -> Paper:
    """A page for each day's check: every lift, and the conclusion; where nothing was found that is reported too."""
    routes = ground.routes(LIFT, ("inspection",))
    walks = ground.walks({route.id for route in routes})
    found = Found(ground, walks)
    pages = [_lifts(ground, walk, found, first=number == 0) for number, walk in enumerate(walks)]
    return ground.paper([*pages, *missing(ground, routes, walks)])


def _lifts(ground: Ground, walk: Walk, found: Found, *, first: bool) -> Section:
    route = ground.plan.find_route(walk.detail.route)
    lists = dict.fromkeys(stop.checklist for stop in route.stops if stop.checklist) if route else {}
    tables = [table for checklist in lists if (table := _lift_table(ground, walk, checklist)) is not None]
    risks = _risks(ground, walk, found)
    conclusion = (
        ground.w("risks", n=len(risks), what=ground.w("semicolon").join(risks)) if risks else ground.w("zero_risk")
    )
    unseen = walk.detail.planned - walk.detail.done
    if unseen and not risks:
        conclusion = ground.w("zero_risk_but", n=unseen)
    blocks: tuple[Block, ...] = (
        _head(ground, walk),
        *tables,
        Facts(((ground.w("conclusion"), Cell(conclusion, "bad" if risks or unseen else "strong")),), 1),
        ground.signing("sign_lift_officer", "sign_lift_director", "seal"),
        Words((ground.w("legend"), ground.w("lift_note")), "soft"),
    )
    day = ground.day(ground.day_of(walk.detail.started))
    return Section(blocks, new_page=not first, title=ground.w("name_lift"), beside=day)


def _lift_table(ground: Ground, walk: Walk, checklist: str) -> Table | None:
    checks = ground.plan.checklist(checklist).checks
    rows = []
    for row, _detail in walk.stops:
        stop = ground.places.stop(walk.detail.route, row.stop)
        if stop is None or stop.checklist != checklist:
            continue
        lifts = [
            each.name.say(ground.wish.lang) for each in ground.plan.assets if each.point == stop.point and each.register
        ]
        at = Cell(ground.clock(row.at)) if row.at is not None else Cell(ground.w("not_reached"), "bad")
        rows.append(
            (
                Cell(" ".join((ground.places.point(row.point), *lifts))),
                at,
                *(mark_of(ground, walk, row, check) for check in checks),
            )
        )
    if not rows:
        return None
    columns = (
        *ground.columns(("point", 14, "left"), ("time", 4)),
        *(Column(_with_limits(ground, check), 5) for check in checks),
    )
    return Table(columns, tuple(rows), ground.plan.checklist(checklist).name.say(ground.wish.lang))


def _risks(ground: Ground, walk: Walk, found: Found) -> list[str]:
    wrong = [
        f"{ground.places.point(row.point)} {_wrong(ground, walk, row, answer)}"
        for row, detail in walk.stops
        for answer in last_answers(detail)
        if answer.bad
    ]
    return list(dict.fromkeys([*wrong, *(found.where(row) for row in found.of(walk))]))
