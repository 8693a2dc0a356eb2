"""Papers about what was judged or practised: score sheets (D63), a drill (D51), the history of an asset (D10)."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import UNSET

from app.duties.provisions import Procedure, Team
from app.kinds.procedures import (
    ProcedureAssembled,
    ProcedureClosed,
    ProcedureCounted,
    ProcedureOpened,
    ProcedureReported,
    ProcedureTicked,
    ProcedureUnticked,
)
from app.kinds.rounds import CheckAnswered, Score
from sync.office import subjects
from sync.office.papers.paper import Block, Cell, Column, Facts, Paper, Section, Table, Words
from sync.office.papers.press import PaperRefused
from sync.office.papers.source import DASH, Ground, Told
from sync.office.store import readings

# -- 评分表 -----------------------------------------------------------------------------------------


def scores(ground: Ground) -> Paper:
    """The results of the days place by place, then each sheet with what was deducted and why."""
    lines = [told for told in ground.told(subjects.SCORE) if isinstance(told.body, CheckAnswered)]
    replaced = {
        (told.row.book, told.body.corrects)
        for told in lines
        if isinstance(told.body, CheckAnswered) and told.body.corrects is not UNSET
    }
    kept = [told for told in lines if (told.row.book, told.row.seq) not in replaced]
    columns = ground.columns(
        ("point", 9, "left"), ("date", 6), ("score", 4), ("deducted", 4), ("passed", 4), ("checker", 6)
    )
    rows = tuple(_score_row(ground, told) for told in kept)
    overall = Section((_mean(ground, kept), Table(columns, rows, ground.w("results"))))
    sheets = [section for told in kept if (section := _score_sheet(ground, told)) is not None]
    boxes = Section((ground.signing("sign_checker", "sign_checked", "sign_manager"),))
    return ground.paper((overall, *sheets, boxes))


def _points(body: CheckAnswered) -> tuple[int, int]:
    """Points, of how many."""
    if isinstance(body.score, Score):
        return body.score.points, body.score.full
    points, _, full = (body.value or "").partition("/")
    return (int(points), int(full)) if points.isdigit() and full.isdigit() else (0, 0)


def _mean(ground: Ground, lines: Sequence[Told]) -> Facts:
    scored = [_points(told.body) for told in lines if isinstance(told.body, CheckAnswered)]
    whole = sum(full for _, full in scored)
    rate = f"{100 * sum(points for points, _ in scored) / whole:.1f}" if whole else DASH
    failed = sum(not told.body.ok for told in lines if isinstance(told.body, CheckAnswered))
    return Facts(
        (
            (ground.w("sheets"), Cell(str(len(lines)), number=True)),
            (ground.w("mean_of_100"), Cell(rate, number=bool(whole))),
            (ground.w("not_passed"), Cell(str(failed), "bad" if failed else "", number=True)),
            (ground.w("lines"), Cell(str(len(lines)), number=True)),
        )[:3]
    )


def _score_row(ground: Ground, told: Told) -> tuple[Cell, ...]:
    assert isinstance(told.body, CheckAnswered)
    points, full = _points(told.body)
    return (
        Cell(ground.places.point(told.row.key)),
        ground.cell(ground.at(told.record.at), told),
        Cell(f"{points}/{full}"),
        Cell(str(full - points), number=True),
        Cell(ground.w("pass" if told.body.ok else "fail"), "" if told.body.ok else "bad"),
        Cell(ground.names(told.record.by)),
    )


def _score_sheet(ground: Ground, told: Told) -> Section | None:
    body = told.body
    if not isinstance(body, CheckAnswered) or not isinstance(body.score, Score) or not body.score.deducted:
        return None
    columns = ground.columns(("deducted_what", 16, "left"), ("times", 3), ("deducted", 3))
    rows = tuple(
        (Cell(each.words), Cell(str(each.times), number=True), Cell(str(each.points), number=True))
        for each in body.score.deducted
    )
    total = (
        Cell(ground.w("total"), "strong", across=2),
        Cell(str(body.score.full - body.score.points), "strong", number=True),
    )
    return Section(
        (Table(columns, (*rows, total)),), heading=f"{ground.places.point(told.row.key)} {ground.at(told.record.at)}"
    )


# -- 演练报告 ---------------------------------------------------------------------------------------


def drill(ground: Ground) -> Paper:
    """One run of a procedure: when each team stood there, what it did, what it counted, what it reported."""
    told = ground.told(subjects.PROCEDURE, (ground.wish.of,), ever=True) if ground.wish.of else []
    opened = next((one for one in told if isinstance(one.body, ProcedureOpened)), None)
    if opened is None or not isinstance(opened.body, ProcedureOpened):
        raise PaperRefused("papers.no_run")
    body = opened.body
    procedure = next((each for each in ground.plan.procedures if each.id == body.procedure), None)
    closed = next((one for one in told if isinstance(one.body, ProcedureClosed)), None)
    head = Facts(
        (
            (ground.w("procedure"), Cell(procedure.name.say(ground.wish.lang) if procedure else body.name)),
            (
                ground.w("sort"),
                Cell(ground.w("exercise" if body.exercise else "emergency"), "" if body.exercise else "bad"),
            ),
            (ground.w("ordered_at"), ground.cell(ground.at(opened.record.at), opened)),
            (
                ground.w("ended_at"),
                ground.cell(ground.at(closed.record.at), closed) if closed else Cell(ground.w("not_ended"), "bad"),
            ),
            (ground.w("ordered_by"), Cell(ground.names(opened.record.by) or DASH)),
            (ground.w("where"), Cell(ground.places.point(body.point) if body.point else DASH)),
        )
    )
    teams = [
        section
        for team in (procedure.teams if procedure else ())
        for section in _team(ground, procedure, team, told, opened)
    ]
    boxes = Section(
        (
            ground.signing("drill_result", tall=True),
            ground.signing("drill_problems", tall=True),
            ground.signing("sign_recorder", "sign_commander", "seal"),
        ),
        heading=ground.w("evaluation"),
    )
    return ground.paper((Section((head,)), *teams, boxes), span=ground.at(opened.record.at))


def _team(
    ground: Ground, procedure: Procedure | None, team: Team, told: Sequence[Told], opened: Told
) -> Iterator[Section]:
    lang = ground.wish.lang
    start = opened.record.at
    blocks: list[Block] = []
    assembled = next(
        (one for one in told if isinstance(one.body, ProcedureAssembled) and one.body.team == team.id), None
    )
    if team.assemble_min:
        there = _minutes(ground, start, assembled.record.at) if assembled else ground.w("not_assembled")
        late = assembled is None or (isinstance(assembled.body, ProcedureAssembled) and assembled.body.late)
        blocks.append(
            Facts(
                (
                    (ground.w("assemble_within"), Cell(ground.w("minutes", n=team.assemble_min))),
                    (
                        ground.w("assembled"),
                        ground.cell(there, assembled, "bad" if late else "") if assembled else Cell(there, "bad"),
                    ),
                )
            )
        )
    steps = ground.columns(("step", 12, "left"), ("within", 3), ("done_after", 7), ("checker", 5))
    ticks = _ticks(told, team.id)
    rows = tuple(_step(ground, step.text.say(lang), step.within_min, ticks.get(step.id), start) for step in team.steps)
    if rows:
        blocks.append(Table(steps, rows))
    counts = {
        one.body.material: one.body
        for one in told
        if isinstance(one.body, ProcedureCounted) and one.body.team == team.id
    }
    if team.materials:
        columns = ground.columns(("material", 12, "left"), ("should_be", 4), ("counted", 4))
        lines = tuple(
            (
                Cell(each.text.say(lang)),
                Cell(str(each.count), number=True),
                Cell(str(counts[each.id].count), "bad" if counts[each.id].count < each.count else "", number=True)
                if each.id in counts
                else Cell(DASH, "bad"),
            )
            for each in team.materials
        )
        blocks.append(Table(columns, lines))
    reports = [one for one in told if isinstance(one.body, ProcedureReported) and one.body.team == team.id]
    if procedure and procedure.reports:
        said = ground.w("semicolon").join(
            f"{_minutes(ground, start, one.record.at)} {one.body.words}"
            for one in reports
            if isinstance(one.body, ProcedureReported)
        )
        blocks.append(
            Facts(((ground.w("team_report"), Cell(said or ground.w("no_report"), "" if said else "bad")),), 1)
        )
    several = procedure is not None and len(procedure.teams) > 1
    yield Section(tuple(blocks), heading=team.name.say(lang) if several else "")


def _ticks(told: Sequence[Told], team: str) -> Mapping[str, Told]:
    """The steps that are ticked at the end, by id."""
    found: dict[str, Told] = {}
    for one in told:
        if isinstance(one.body, ProcedureTicked) and one.body.team == team:
            found[one.body.step] = one
        if isinstance(one.body, ProcedureUnticked) and one.body.team == team:
            found.pop(one.body.step, None)
    return found


def _step(ground: Ground, name: str, within: int, told: Told | None, start: int) -> tuple[Cell, ...]:
    limit = ground.w("minutes", n=within) if within else DASH
    if told is None or not isinstance(told.body, ProcedureTicked):
        return Cell(name), Cell(limit), Cell(ground.w("not_done"), "bad"), Cell(DASH)
    after = _minutes(ground, start, told.record.at)
    return (
        Cell(name),
        Cell(limit),
        ground.cell(after, told, "bad" if told.body.late else ""),
        Cell(ground.names(told.record.by)),
    )


def _minutes(ground: Ground, start: int, at: int) -> str:
    seconds = max(0, at - start) // 1000
    return ground.w("after", clock=ground.clock(at), minutes=seconds // 60, seconds=seconds % 60)


# -- 设备履历 ---------------------------------------------------------------------------------------


def asset(ground: Ground) -> Paper:
    """What the ledger says of an asset, its last readings, and everything that was recorded about it on the days."""
    found = ground.plan.find_asset(ground.wish.of)
    if found is None:
        raise PaperRefused("papers.no_asset")
    head = Facts(
        (
            (ground.w("asset"), Cell(found.name.say(ground.wish.lang))),
            (ground.w("where"), Cell(ground.places.point(found.point))),
            (ground.w("model"), Cell(found.model or DASH)),
            (ground.w("register_no"), Cell(found.register or DASH)),
            (ground.w("inspect_by"), Cell(found.inspect_by or DASH)),
            (ground.w("asset_id"), Cell(found.id)),
        )
    )
    lines = ground.told(subjects.ASSET, (found.id,))
    columns = ground.columns(("time", 6), ("record_words", 20, "left"), ("recorded_by", 6))
    rows = tuple(
        (ground.cell(ground.at(told.record.at), told), Cell(ground.sentence(told)), Cell(ground.names(told.record.by)))
        for told in lines
    )
    history = Table(columns, rows) if rows else Words((ground.w("nothing"),))
    return ground.paper(
        (
            Section((head,)),
            *_series(ground, found.id),
            Section((history,), heading=ground.w("history")),
            Section((ground.signing("sign_engineer", "sign_manager", "seal"),)),
        ),
        title=ground.w("name_asset"),
    )


def _series(ground: Ground, id: str) -> Iterator[Section]:
    """Of each thing that is measured: how often on these days, least, most and last."""
    rows = []
    for series in readings.series_of(ground.tx, ground.wish.site, id):
        values = readings.of_series(ground.tx, ground.wish.site, series, ground.span, 5000)
        if not values:
            continue
        last, check = values[-1], ground.plan.find_check(values[-1].checklist, series.item)
        ordered = sorted(values, key=lambda row: row.value)
        bad = sum(row.verdict != "ok" for row in values)
        for row in values:
            ground.use(row.book, row.seq)
        rows.append(
            (
                Cell(check.text.say(ground.wish.lang) if check else series.item),
                Cell(last.unit or DASH),
                Cell(str(len(values)), number=True),
                Cell(ordered[0].shown, number=True),
                Cell(ordered[-1].shown, number=True),
                Cell(
                    last.shown,
                    "" if last.verdict == "ok" else "bad",
                    number=True,
                    link=ground.to_record(last.book, last.seq),
                ),
                Cell(str(bad), "bad" if bad else "", number=True),
            )
        )
    if rows:
        names = ("measured", "unit", "times", "least", "most", "last", "out_of_limits")
        columns = tuple(
            Column(ground.w(name), 8 if name == "measured" else 4, "left" if name == "measured" else "center")
            for name in names
        )
        yield Section((Table(columns, tuple(rows)),), heading=ground.w("readings"))
