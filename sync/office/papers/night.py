"""The night's sheet: what was due in the plan's quiet hours, what was walked, what needs somebody this morning.

It is made at eight o'clock by itself (sync.office.papers.nightly) and says what was known then.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

import msgspec

from app.duties.days import millis
from app.duties.outcome import colour_of, is_excused, judge_unwalked
from app.duties.site import BY_PLACE
from app.kinds.registers import RegisterEntered
from sync.office import dues, fleet, subjects
from sync.office.day import Facts as Day
from sync.office.day import read_day
from sync.office.details import AlarmDetail, marks_of
from sync.office.dues import Due
from sync.office.marks import mark_word
from sync.office.papers.logs import is_worth_a_look, matter_words, register_table, watch_registers
from sync.office.papers.paper import Cell, Facts, Paper, Section, Table, Words
from sync.office.papers.source import DASH, Ground, Walk
from sync.office.papers.walked import Found
from sync.office.round_words import span_of, verdict_of, window_of, window_words
from sync.office.store import cases
from sync.office.store import rounds as table
from sync.office.store.cases import Which
from sync.office.store.paging import Span

HANDHELDS_SHOWN = 20


def night(ground: Ground) -> Paper:
    """A page for each night that ended on one of the days."""
    sections = [section for number, day in enumerate(ground.days()) for section in _of(ground, day, first=number == 0)]
    paper = ground.paper(sections, span=ground.days_said)
    return msgspec.structs.replace(paper, stand=ground.w("stand", at=ground.at(ground.now)))


def night_of(ground: Ground, day: date) -> Span:
    """From the beginning of the quiet hours on the evening before until their end."""
    zone, settings = ground.places.zone, ground.plan.settings
    evening, morning = (time.fromisoformat(text) for text in (settings.quiet_from, settings.quiet_to))
    before = day - timedelta(days=1) if evening > morning else day
    return Span(millis(datetime.combine(before, evening, zone)), millis(datetime.combine(day, morning, zone)))


def _dues(ground: Ground, span: Span, day: date) -> tuple[list[Due], list[Day]]:
    facts = []
    for each in (day - timedelta(days=1), day):
        found = read_day(ground.tx, ground.wish.site, each.isoformat(), ground.now, (ground.wish.site,))
        facts += [found] if found else []
    due = [one for found in facts for one in dues.planned_and_done(found)]
    return [one for one in due if span.first <= one.opens < span.last and _is_watch(ground, one)], facts


def _is_watch(ground: Ground, one: Due) -> bool:
    """Cleaners begin before the night is over: their rounds are the day's."""
    route = ground.plan.find_route(one.slot.route if one.slot else one.rounds[0].detail.route)
    return route is None or route.kind not in BY_PLACE


def _of(ground: Ground, day: date, *, first: bool) -> Iterator[Section]:
    span = night_of(ground, day)
    due, facts = _dues(ground, span, day)
    walks = ground.read_walks([walked.row for each in due for walked in each.rounds])
    heard = [at for found in facts[-1:] for at in found.heard]
    found = Found(ground, walks)
    matters = ground.matters(Which(sorts=(cases.FINDING, cases.HAZARD), opened=span))
    alarms = [row for row in table.alarms_standing(ground.tx, span.first) if row.site == ground.wish.site]
    alarms = [row for row in alarms if span.first <= row.at < span.last and not row.finding]
    title = ground.w("name_night")
    when = ground.w("night_of", first=ground.at(span.first), last=ground.at(span.last))
    yield Section(
        (Words((when,)), _sums(ground, due, heard, len(matters), len(alarms)), _rounds(ground, due, walks, heard)),
        new_page=not first,
        title=title,
    )
    missed = tuple(_missed(ground, due, walks, facts))
    if missed:
        columns = ground.columns(("round", 7, "left"), ("point", 10, "left"), ("state", 9, "left"))
        yield Section((Table(columns, missed),), heading=ground.w("missed_points", n=len(missed)))
    if alarms:
        columns = ground.columns(("time", 4), ("where", 10, "left"), ("state", 9, "left"))
        yield Section((Table(columns, tuple(_alarm(ground, row) for row in alarms)),), heading=ground.w("alarms"))
    if matters:
        columns = ground.columns(("time", 4), ("matter", 14, "left"), ("patrol_handled", 9, "left"))
        lines = tuple(
            (
                Cell(ground.clock(row.opened_at), link=ground.to_record(row.book, row.seq)),
                Cell(matter_words(ground, row), "bad" if row.sort == cases.HAZARD else ""),
                Cell(found.handled(row)),
            )
            for row in matters
        )
        yield Section((Table(columns, lines),), heading=ground.w("found_at_night", n=len(matters)))
    yield from _watch(ground, span)
    yield from _handhelds(ground)
    yield Section((ground.signing("sign_night_leader", "sign_supervisor"),))


def _sums(ground: Ground, due: Sequence[Due], heard: Sequence[int], matters: int, alarms: int) -> Facts:
    counted = [each for one in due if (each := dues.count(one, heard, ground.now)) is not None]
    points, done = sum(each.planned for each in counted), sum(each.done for each in counted)
    missed, skipped = sum(each.missed for each in counted), sum(each.skipped for each in counted)
    rounds = [each for each in counted if each.planned]
    in_window = sum(each.in_window for each in counted)
    rate = f"{100 * missed / points:.1f}%" if points else DASH
    on_time = f"{100 * in_window / points:.1f}%" if points else DASH
    return Facts(
        (
            (ground.w("rounds_due"), Cell(f"{sum(each.done > 0 for each in rounds)}/{len(rounds)}")),
            (ground.w("points_due"), Cell(f"{done}/{points}")),
            (ground.w("points_missed"), Cell(str(missed), "bad" if missed else "", number=True)),
            (ground.w("points_skipped"), Cell(f"{skipped} / {sum(each.excused for each in counted)}")),
            (ground.w("missed_rate"), Cell(rate)),
            (ground.w("on_time_rate"), Cell(on_time)),
            (ground.w("problems"), Cell(str(matters), number=True)),
            (ground.w("alarms"), Cell(str(alarms), "bad" if alarms else "", number=True)),
        )
    )


def _rounds(ground: Ground, due: Sequence[Due], walks: Sequence[Walk], heard: Sequence[int]) -> Table:
    columns = ground.columns(
        ("window", 6),
        ("round", 6),
        ("crew", 6),
        ("walked", 7),
        ("points_done", 4),
        ("result", 6),
        ("remark", 9, "left"),
    )
    by_name = {walk.row.round: walk for walk in walks}
    return Table(columns, tuple(row for one in due for row in _lines(ground, one, by_name, heard)))


def _lines(ground: Ground, one: Due, walks: dict[str, Walk], heard: Sequence[int]) -> Iterator[tuple[Cell, ...]]:
    places = ground.places
    if not one.rounds:
        assert one.slot is not None
        outcome = judge_unwalked(one.opens, one.closes, one.tally.planned, heard, ground.now)
        yield (
            Cell(window_words(one.slot.opens, one.slot.closes)),
            Cell(places.schedule(one.slot.schedule, one.slot.route)),
            Cell(DASH),
            Cell(DASH),
            Cell(f"0/{one.tally.planned}"),
            Cell(places.w(outcome.value), "bad" if colour_of(outcome) == "red" else ""),
            Cell(""),
        )
    for walked in one.rounds:
        verdict = verdict_of(walked.detail, one.judged(walked, ground.now), places, ground.now)
        marks = ground.w("comma").join(mark_word(mark, places.lang) for mark in marks_of(walked.detail))
        paper = ground.w("entered_later") if walked.detail.late_entry else ""
        yield (
            Cell(window_of(walked.detail, places)),
            Cell(
                places.schedule(walked.detail.schedule, walked.detail.route),
                link=ground.to_round(walks[walked.row.round]),
            ),
            Cell(ground.crew(walked.detail.crew) or DASH),
            Cell(span_of(walked.detail, places, places.local(walked.detail.started).date())),
            Cell(f"{walked.tally.done}/{walked.tally.planned}"),
            Cell(verdict.word, "bad" if verdict.colour == "red" else ""),
            Cell(" ".join(part for part in (marks, paper) if part)),
        )


def _missed(
    ground: Ground, due: Sequence[Due], walks: Sequence[Walk], facts: Sequence[Day]
) -> Iterator[tuple[Cell, ...]]:
    excuses = [each for found in facts for each in found.valid]
    known = {walk.row.round: walk for walk in walks}
    for walked in (walked for one in due if one.closes <= ground.now for walked in one.rounds):
        walk = known[walked.row.round]
        name = ground.places.schedule(walk.detail.schedule, walk.detail.route)
        for row, detail in walk.stops:
            if row.at is not None:
                continue
            closes = millis(walk.detail.closes)
            excused = is_excused(row.point, walk.row.opens, closes, excuses)
            why = ground.w("comma").join(ground.places.reason(skip.reason, skip.words) for skip in detail.skips)
            said = ground.w("excused") if excused else why or ground.w("not_reached")
            yield (
                Cell(name, link=ground.to_round(walk)),
                Cell(ground.places.point(row.point)),
                Cell(said, "" if excused or why else "bad"),
            )


def _alarm(ground: Ground, row: table.AlarmRow) -> tuple[Cell, ...]:
    detail = msgspec.json.decode(row.detail, type=AlarmDetail)
    book, _, seq = row.alarm.partition(":")
    ground.use(bytes.fromhex(book), int(seq))
    link = ground.to_record(bytes.fromhex(book), int(seq))
    return (
        Cell(ground.clock(row.at), link=link),
        Cell(ground.places.point(detail.point)),
        Cell(ground.names(detail.by), "bad"),
    )


def _watch(ground: Ground, span: Span) -> Iterator[Section]:
    """What the control room wrote in the night, as far as it is worth a look."""
    for register in watch_registers(ground):
        lines = [
            told
            for told in ground.told_in(subjects.REGISTER, (register.id,), span)
            if isinstance(told.body, RegisterEntered)
        ]
        odd = [told for told in lines if is_worth_a_look(register, told)]
        heading = ground.w("watch_lines", name=register.name.say(ground.wish.lang), n=len(lines), odd=len(odd))
        yield Section((register_table(ground, register, odd, dated=True),) if odd else (), heading=heading)


def _handhelds(ground: Ground) -> Iterator[Section]:
    """Those that still hold records, or were not heard of."""
    rows = []
    for each in fleet.read(ground.tx, ground.wish.site):
        if each.device.revoked_at is not None or not (each.holds or each.is_silent(ground.now)):
            continue
        last = ground.at(each.heard) if each.heard else DASH
        rows.append(
            (Cell(each.device.name), Cell(str(each.holds or 0), "bad" if each.holds else "", number=True), Cell(last))
        )
    if rows:
        columns = ground.columns(("handheld", 8, "left"), ("holds", 4), ("last_heard", 6))
        yield Section((Table(columns, tuple(rows[:HANDHELDS_SHOWN])),), heading=ground.w("handhelds"))
