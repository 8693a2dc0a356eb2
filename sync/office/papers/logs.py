"""The books that are kept line by line: control room and other registers, handovers, repairs."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from app.duties.provisions import Column as RegisterColumn
from app.duties.provisions import Register
from app.duties.registers import worth_a_look
from app.kinds.orders import OrderConfirmed, OrderDone, PartUsed
from app.kinds.posts import HandoverGiven, HandoverTaken
from app.kinds.registers import RegisterEnded, RegisterEntered
from app.words import say, table
from sync.office import subjects
from sync.office.papers.paper import Cell, Column, Facts, Paper, Section, Signing, Table, Words
from sync.office.papers.source import DASH, Ground, Told
from sync.office.store import cases
from sync.office.store.cases import CaseRow, Which

MINUTE_MS: Final = 60_000
LATE_MS: Final = 10 * MINUTE_MS
"""A line that comes so much later than it is due is said to be late."""
WATCHERS: Final = "fire-control"


# -- registers --------------------------------------------------------------------------------------


def watch_registers(ground: Ground) -> list[Register]:
    """Those that the control room keeps."""
    return [register for register in ground.plan.registers if WATCHERS in register.roles]


def control_room(ground: Ground) -> Paper:
    """A page for each day, with boxes for each shift's people."""
    wanted = [register for register in watch_registers(ground) if ground.wish.of in ("", register.id)]
    sections: list[Section] = []
    for register in wanted:
        lines = ground.told(subjects.REGISTER, (register.id,))
        by_day: dict[str, list[Told]] = {}
        for told in lines:
            by_day.setdefault(ground.day_of(told.record.at).isoformat(), []).append(told)
        for day in ground.days():
            mine = by_day.get(day.isoformat(), [])
            if mine or ground.begin(day) <= ground.now:
                sections.append(_watch_day(ground, register, mine, ground.day(day), first=not sections))
    return ground.paper(sections)


def _watch_day(ground: Ground, register: Register, lines: Sequence[Told], day: str, *, first: bool) -> Section:
    entered = [told for told in lines if isinstance(told.body, RegisterEntered)]
    bad = sum(is_worth_a_look(register, told) for told in entered)
    people = ground.names(person for told in entered for person in told.record.by)
    gaps = _gaps(ground, register, entered)
    facts = Facts(
        (
            (ground.w("lines"), Cell(str(len(entered)), number=True)),
            (ground.w("on_watch"), Cell(people or DASH)),
            (ground.w("signals"), Cell(str(bad), "bad" if bad else "", number=True)),
        )
    )
    boxes = Signing(tuple(ground.w(f"sign_shift_{shift}") for shift in ("early", "late", "night")))
    notes = [*gaps, ground.w("watch_note")] if lines else [ground.w("no_lines"), ground.w("watch_note")]
    return Section(
        (
            facts,
            register_table(ground, register, lines),
            boxes,
            ground.signing("sign_fire_manager", "seal"),
            Words(tuple(notes), "soft"),
        ),
        new_page=not first,
        title=register.name.say(ground.wish.lang),
        beside=day,
    )


def _gaps(ground: Ground, register: Register, lines: Sequence[Told]) -> list[str]:
    """Pauses between two lines of a day that are longer than the plan lets them be (D53)."""
    most = register.every_min * MINUTE_MS
    times = sorted(told.record.at for told in lines)
    found = [(a, b) for a, b in pairwise(times) if most and b - a > most + LATE_MS]
    said = (f"{ground.clock(a)}—{ground.clock(b)}" for a, b in found)
    return [ground.w("gaps", n=len(found), min=register.every_min, times=ground.w("comma").join(said))] if found else []


def register_log(ground: Ground) -> Paper:
    """Any register, all of its days one after the other."""
    register = next((each for each in ground.plan.registers if each.id == ground.wish.of), None)
    if register is None:
        return ground.paper(())
    lines = ground.told(subjects.REGISTER, (register.id,))
    table = register_table(ground, register, lines, dated=True)
    boxes = ground.signing("sign_keeper", "sign_manager", "seal")
    return ground.paper((Section((table,)), Section((boxes,))), title=register.name.say(ground.wish.lang))


def register_table(ground: Ground, register: Register, lines: Sequence[Told], *, dated: bool = False) -> Table:
    """The lines with the plan's own columns; what is personal is kept apart and is not printed."""
    lang = ground.wish.lang
    ends = {told.body.line: told for told in lines if isinstance(told.body, RegisterEnded)}
    columns = (
        Column(ground.w("time"), 8 if dated else 4),
        *(Column(column.text.say(lang), 6) for column in register.columns),
        *((Column(register.ends.say(lang), 8 if dated else 5),) if register.stays else ()),
        Column(ground.w("recorded_by"), 7),
    )
    rows = tuple(
        (
            ground.cell(ground.at(told.record.at) if dated else ground.clock(told.record.at), told),
            *(_answered(ground, column, told.body) for column in register.columns),
            *((_ended(ground, ends.get(told.id)),) if register.stays else ()),
            Cell(ground.names(told.record.by)),
        )
        for told in lines
        if isinstance(told.body, RegisterEntered)
    )
    return Table(columns, rows)


def _answered(ground: Ground, column: RegisterColumn, body: RegisterEntered) -> Cell:
    answer = body.answers.get(column.id, "")
    if column.personal:
        return Cell(ground.w("kept_apart"), "soft")
    choice = next((each for each in column.choices if each.id == answer), None)
    if choice is not None:
        return Cell(choice.text.say(ground.wish.lang), "" if choice.ok else "bad")
    return Cell(answer or DASH)


def _ended(ground: Ground, told: Told | None) -> Cell:
    if told is None or not isinstance(told.body, RegisterEnded):
        return Cell(ground.w("still_open"), "soft")
    return ground.cell(ground.at(told.record.at), told, "bad" if told.body.late else "")


def is_worth_a_look(register: Register, told: Told) -> bool:
    return isinstance(told.body, RegisterEntered) and worth_a_look(register, told.body.answers)


# -- handovers --------------------------------------------------------------------------------------


def handover(ground: Ground) -> Paper:
    """A sheet for each handover of the days, of one post or of all (D40)."""
    lines = ground.told(subjects.HANDOVER, (ground.wish.of,) if ground.wish.of else ())
    sheets = [
        _sheet(ground, told, told.body, _taken(lines[place:], told))
        for place, told in enumerate(lines)
        if isinstance(told.body, HandoverGiven)
    ]
    return ground.paper(sheets or [Section((Words((ground.w("nothing"),)),))])


def _taken(after: Sequence[Told], given: Told) -> Told | None:
    """Who took it: by its number, or by its digits on another handheld before that post was given again."""
    of_post = [told for told in after if told.row.key == given.row.key]
    for told in of_post:
        if isinstance(told.body, HandoverTaken) and told.body.sheet in (None, given.id):
            return told
        if isinstance(told.body, HandoverGiven) and told.id != given.id:
            return None
    return None


def _sheet(ground: Ground, told: Told, body: HandoverGiven, taken: Told | None) -> Section:
    lang = ground.wish.lang
    post = next((each for each in ground.plan.posts if each.id == body.post), None)
    by = taken.body if taken else None
    receivers = ground.crew(by.crew) if isinstance(by, HandoverTaken) else ground.w("not_taken")
    late = ground.w("comma").join(_round_named(ground, name) for name in body.late)
    head = Facts(
        (
            (ground.w("given_at"), ground.cell(ground.at(told.record.at), told)),
            (ground.w("taken_at"), ground.cell(ground.at(taken.record.at), taken) if taken else Cell(DASH)),
            (ground.w("given_by"), Cell(ground.crew(body.crew))),
            (ground.w("taken_by"), Cell(receivers, "" if taken else "bad")),
            (ground.w("late_rounds"), Cell(late or ground.w("none"), "bad" if late else "")),
            (
                ground.w("equipment_state"),
                Cell(_notes(ground, body) or ground.w("nothing_told")),
            ),
        )
    )
    items = tuple(
        _counted(item.text.say(lang), item.count, body.counts.get(item.id)) for item in (post.items if post else ())
    )
    columns = ground.columns(("item", 10, "left"), ("should_be", 3), ("counted", 3), ("difference", 3))
    tables = [Table(columns, items, ground.w("items"))] if items else []
    open_rows = tuple(_open(ground, case) for case in body.open)
    matter_columns = ground.columns(("number_of_matter", 4), ("matter", 14, "left"), ("due", 7), ("state_then", 5))
    if open_rows:
        tables.append(Table(matter_columns, open_rows, ground.w("open_matters", n=len(body.open))))
    boxes = ground.signing("sign_giver", "sign_taker")
    name = post.name.say(lang) if post else body.post
    return Section((head, *tables, boxes), heading=f"{name} {ground.at(told.record.at)}")


def _notes(ground: Ground, body: HandoverGiven) -> str:
    known = table("handover")
    said = (
        say(ground.wish.lang, f"handover.note_{id}") if f"note_{id}" in known else words
        for id, words in body.notes.items()
    )
    return ground.w("comma").join(said)


def _counted(name: str, should: int, counted: int | None) -> tuple[Cell, ...]:
    if counted is None:
        return Cell(name), Cell(str(should), number=True), Cell(DASH, "bad"), Cell(DASH)
    gone = counted - should
    return (
        Cell(name),
        Cell(str(should), number=True),
        Cell(str(counted), number=True),
        Cell(f"{gone:+d}" if gone else "0", "bad" if gone < 0 else ""),
    )


def _open(ground: Ground, case: str) -> tuple[Cell, ...]:
    row = cases.find(ground.tx, ground.wish.site, case)
    seq = case.rpartition(":")[2]
    if row is None:
        return Cell(seq), Cell(DASH, "soft"), Cell(DASH), Cell(DASH)
    return (
        Cell(seq, link=ground.to_record(row.book, row.seq)),
        Cell(matter_words(ground, row)),
        Cell(ground.at(row.due_at) or DASH),
        Cell(ground.w(f"case_{'closed' if row.closed_at else 'done' if row.done_at else 'open'}")),
    )


def _round_named(ground: Ground, name: str) -> str:
    schedule = ground.plan.find_schedule(name.partition("@")[0])
    return f"{schedule.name.say(ground.wish.lang)} {name.rpartition('T')[2]}" if schedule else name


def matter_words(ground: Ground, row: CaseRow) -> str:
    """Where, and what."""
    places = ground.places
    where = places.point(row.point) if row.point else row.room
    return f"{where} {places.phrase(row.category, row.phrase, row.words)}".strip()


# -- repairs ----------------------------------------------------------------------------------------


def repairs(ground: Ground) -> Paper:
    """Faults and their repair: each work order of the days, from being taken to being confirmed."""
    rows = ground.matters(Which(sorts=(cases.ORDER,), opened=ground.span))
    columns = ground.columns(
        ("number", 2),
        ("found_at", 6),
        ("fault", 12, "left"),
        ("received_by", 5),
        ("repaired_by", 5),
        ("done_at", 6),
        ("repair", 9, "left"),
        ("confirmed", 8),
    )
    lines = tuple(_repair(ground, row, number) for number, row in enumerate(rows, 1))
    late = sum(row.late is True for row in rows)
    facts = Facts(
        (
            (ground.w("orders"), Cell(str(len(rows)), number=True)),
            (ground.w("orders_done"), Cell(str(sum(row.done_at is not None for row in rows)), number=True)),
            (ground.w("orders_late"), Cell(str(late), "bad" if late else "", number=True)),
            (ground.w("orders_open"), Cell(str(sum(row.closed_at is None for row in rows)), number=True)),
        )
    )
    boxes = ground.signing("sign_engineer", "sign_manager", "seal")
    return ground.paper((Section((facts, Table(columns, lines))), Section((boxes,))), wide=True)


def _repair(ground: Ground, row: CaseRow, number: int) -> tuple[Cell, ...]:
    used, confirmed = "", ""
    for told in ground.told(subjects.ORDER, (row.case,), ever=True):
        if isinstance(told.body, OrderDone):
            used = ground.w("comma").join(f"{_part(ground, part)}×{part.count}" for part in told.body.parts)
        if isinstance(told.body, OrderConfirmed):
            confirmed = _how(ground, told.body.how)
    look = "bad" if row.is_late(ground.now) else ""
    state = ground.at(row.done_at) if row.done_at is not None else ground.w("not_done")
    worked = used or (ground.w("repaired") if row.done_at is not None else DASH)
    return (
        Cell(str(number), link=ground.to_record(row.book, row.seq)),
        Cell(ground.at(row.opened_at)),
        Cell(matter_words(ground, row), link=ground.to_record(row.book, row.seq)),
        Cell(ground.names((row.responsible,)) if row.responsible else DASH),
        Cell(ground.names((row.worker,)) if row.worker else DASH),
        Cell(state, look),
        Cell(worked),
        Cell(confirmed or DASH),
    )


def _part(ground: Ground, used: PartUsed) -> str:
    supply = next((each for each in ground.plan.supplies if each.id == used.item), None)
    return supply.text.say(ground.wish.lang) if supply else used.words


def _how(ground: Ground, how: str) -> str:
    try:
        return say(ground.wish.lang, f"orders.how_{how}")
    except KeyError:
        return how
