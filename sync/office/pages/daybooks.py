"""What posts keep line by line, as lists: the control room's log, visitors, handovers, drills (D40, D41, D53).

A list of visitors shows who was where, so looking at it is audited; what is personal in a line is kept apart and is not
shown here.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app import kinds
from app.booklog import BookLog
from app.duties.provisions import Register
from app.duties.registers import ends_by, worth_a_look
from app.duties.site import People, Person, Plan
from app.kinds.registers import RegisterEnded, RegisterEntered
from app.record import Record
from app.words import say
from sync.office import subjects
from sync.office.credentials import everybody
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Column, Link, Listing, Row, Rows, Wish, choice, pick
from sync.office.pages.lists import answer
from sync.office.pages.places import Places
from sync.office.pages.view import Asked, Verdict, url
from sync.office.sites import plans_to_choose
from sync.office.store import cases, entries
from sync.office.store.cases import CaseRow, Which
from sync.office.store.entries import EntryRow
from sync.office.store.paging import LATEST, Span

WATCHERS: Final = "fire-control"
STAY_MS: Final = 31 * 24 * 3600 * 1000
"""So long after a line its end is looked for."""
ENDS: Final = 5000
SCANNED: Final = 5000
"""Lines that are read for a filter which only their content answers."""
LOOK: Final = {"odd": "daybooks.odd", "plain": "daybooks.plain"}
INSIDE: Final = {"inside": "daybooks.inside", "out": "daybooks.left", "late": "daybooks.late"}
WATCH: Final = Listing(
    "control-room",
    "/controlroom",
    "daybooks.control_room",
    (
        Column("at", "daybooks.at", sorts=True),
        Column("register", "daybooks.register"),
        Column("line", "daybooks.line"),
        Column("state", "daybooks.state"),
        Column("by", "daybooks.by"),
    ),
    (pick("register", "daybooks.register"), choice("look", "daybooks.state", LOOK), *FROM_TO),
    act="watch-seen",
)
VISITORS: Final = Listing(
    "visitors",
    "/visitors",
    "daybooks.visitors",
    (
        Column("at", "daybooks.came", sorts=True),
        Column("register", "daybooks.register"),
        Column("line", "daybooks.line"),
        Column("out", "daybooks.went"),
        Column("state", "daybooks.state"),
        Column("by", "daybooks.by"),
    ),
    (pick("register", "daybooks.register"), choice("state", "daybooks.state", INSIDE), *FROM_TO),
    act="visitors-seen",
)
HANDOVERS: Final = Listing(
    "handovers",
    "/handovers",
    "daybooks.handovers",
    (
        Column("at", "daybooks.at", sorts=True),
        Column("post", "daybooks.post"),
        Column("said", "daybooks.line"),
        Column("by", "daybooks.by"),
    ),
    (pick("post", "daybooks.post"), *FROM_TO),
    act="handovers-seen",
)
DRILLS: Final = Listing(
    "drills",
    "/drills",
    "daybooks.drills",
    (
        Column("at", "daybooks.at", sorts=True),
        Column("name", "daybooks.procedure"),
        Column("sort", "daybooks.sort"),
        Column("closed", "daybooks.ended"),
        Column("paper", "daybooks.paper"),
    ),
    (
        choice("sort", "daybooks.sort", {"drill": "daybooks.sort_drill", "emergency": "daybooks.sort_emergency"}),
        *FROM_TO,
    ),
)


class Line(Struct, frozen=True):
    """A record of a list, read."""

    row: EntryRow
    record: Record | None
    """None when it was purged."""
    body: kinds.Body | None = None

    @property
    def id(self) -> str:
        return f"{self.row.book.hex()}:{self.row.seq}"


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as such a list needs it."""

    site: str
    plans: dict[str, Plan]
    people: dict[str, Person]
    lines: list[Line]
    count: int
    now: int
    ends: Mapping[str, Line] = {}
    """By the id of the line that it ends."""
    cases: Sequence[CaseRow] = ()

    @property
    def plan(self) -> Plan:
        return self.plans[self.site]


def read_lines(tx: Connection, site: str, rows: Sequence[EntryRow]) -> list[Line]:
    stored = entries.raws(tx, site, rows)
    found = []
    for row in rows:
        one = stored.get((row.book, row.seq))
        record = msgspec.json.decode(one.raw, type=Record) if one and one.kind and one.quarantine is None else None
        found.append(Line(row, record, kinds.read(record) if record else None))
    return found


# -- registers --------------------------------------------------------------------------------------


def registers_of(plan: Plan, *, watch: bool) -> list[Register]:
    """Those of the control room, or those whose lines are ended: who is in, what is lent."""
    if watch:
        return [register for register in plan.registers if WATCHERS in register.roles]
    return [register for register in plan.registers if register.stays]


def read_registers(tx: Connection, wish: Wish, now: int, *, watch: bool) -> Facts | None:
    """None while there is no site."""
    plans = plans_to_choose(tx, wish.within, wish.site)
    if not plans:
        return None
    site = wish.chosen(plans)
    plan = plans[site]
    known = [register.id for register in registers_of(plan, watch=watch)]
    keys = tuple(id for id in known if wish.get("register") in ("", id))
    span = wish.span(ZoneInfo(plan.site.zone))
    narrowed = bool(wish.get("look") or wish.get("state"))
    rows = _entered(tx, site, keys, span, wish, SCANNED if narrowed else wish.most)
    lines = read_lines(tx, site, rows)
    ends = _ends(tx, site, keys, rows) if not watch else {}
    facts = Facts(site, plans, everybody(tx), lines, 0, now, ends)
    if not narrowed:
        count = entries.count(tx, site, subjects.REGISTER, keys, kinds=("register.entered",), span=span) if keys else 0
        return msgspec.structs.replace(facts, count=count)
    kept = [line for line in lines if _fits(facts, line, wish)]
    return msgspec.structs.replace(facts, lines=kept[: wish.most], count=len(kept))


def _entered(tx: Connection, site: str, keys: Sequence[str], span: Span, wish: Wish, most: int) -> list[EntryRow]:
    if not keys:
        return []
    kind = ("register.entered",)
    return entries.listed(
        tx, site, subjects.REGISTER, keys, kinds=kind, span=span, after=wish.after, most=most, oldest=wish.oldest
    )


def _ends(tx: Connection, site: str, keys: Sequence[str], rows: Sequence[EntryRow]) -> dict[str, Line]:
    """What ended those lines, as far as it came within STAY_MS."""
    if not rows:
        return {}
    times = [row.at for row in rows]
    span = Span(min(times), min(max(times) + STAY_MS, LATEST))
    kind = ("register.ended",)
    ended = entries.listed(tx, site, subjects.REGISTER, keys, kinds=kind, span=span, most=ENDS, oldest=True)
    lines = read_lines(tx, site, ended)
    return {line.body.line: line for line in lines if isinstance(line.body, RegisterEnded)}


def _fits(facts: Facts, line: Line, wish: Wish) -> bool:
    if look := wish.get("look"):
        return _is_odd(facts.plan, line) is (look == "odd")
    state = wish.get("state")
    ended = line.id in facts.ends
    if state == "late":
        return _is_late(facts, line)
    return ended is (state == "out")


def _register(plan: Plan, line: Line) -> Register | None:
    return next((register for register in plan.registers if register.id == line.row.key), None)


def _is_odd(plan: Plan, line: Line) -> bool:
    register = _register(plan, line)
    return register is not None and isinstance(line.body, RegisterEntered) and worth_a_look(register, line.body.answers)


def _is_late(facts: Facts, line: Line) -> bool:
    """It ended after its limit, or has not ended and the limit is over."""
    end = facts.ends.get(line.id)
    if end is not None:
        return isinstance(end.body, RegisterEnded) and end.body.late
    register = _register(facts.plan, line)
    if register is None:
        return False
    by = ends_by(register, Places("", facts.plan, {}).local(line.row.at))
    return by is not None and by <= facts.now


def show_watch(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.plan, facts.people)
    rows = [_watch_row(facts, line, places) for line in facts.lines]
    return _rows(facts, rows, lang, registers_of(facts.plan, watch=True))


def _watch_row(facts: Facts, line: Line, places: Places) -> Row:
    odd = _is_odd(facts.plan, line)
    verdict = Verdict("amber" if odd else "ok", say(places.lang, "daybooks.odd" if odd else "daybooks.plain"))
    return _row(line, (*_line_cells(facts, line, places), verdict, _by(line, places)), "amber" if odd else "")


def show_visitors(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.plan, facts.people)
    rows = [_visitor_row(facts, line, places) for line in facts.lines]
    inside = say(lang, "daybooks.line_visitors")
    return _rows(facts, rows, lang, registers_of(facts.plan, watch=False), inside)


def _visitor_row(facts: Facts, line: Line, places: Places) -> Row:
    end, late = facts.ends.get(line.id), _is_late(facts, line)
    went = places.local(end.row.at) if end else None
    word = "late" if late else "left" if end else "inside"
    colour = "red" if late and end is None else "amber" if late or end is None else "ok"
    cells = (*_line_cells(facts, line, places), went, Verdict(colour, say(places.lang, f"daybooks.{word}")))
    return _row(line, (*cells, _by(line, places)), "red" if late and end is None else "")


def _line_cells(facts: Facts, line: Line, places: Places) -> tuple[object, ...]:
    """When, in which register, and the answers with their columns' names."""
    register = _register(facts.plan, line)
    named = register.name.say(places.lang) if register else line.row.key
    href = url("/records", site=line.row.site, book=line.row.book.hex(), upto=str(line.row.seq))
    return places.local(line.row.at), named, Link(_answers(register, line, places), href)


def _answers(register: Register | None, line: Line, places: Places) -> str:
    body = line.body
    if not isinstance(body, RegisterEntered):
        return places.w("record_gone")
    if register is None:
        return body.words
    said = []
    for column in register.columns:
        given = body.answers.get(column.id, "")
        shown = next((each.text.say(places.lang) for each in column.choices if each.id == given), given)
        if shown and not column.personal:
            said.append(f"{column.text.say(places.lang)} {shown}")
    return "  ".join(said) or body.words


# -- handovers and drills ---------------------------------------------------------------------------


def read_handovers(tx: Connection, wish: Wish, now: int) -> Facts | None:
    plans = plans_to_choose(tx, wish.within, wish.site)
    if not plans:
        return None
    site = wish.chosen(plans)
    span = wish.span(ZoneInfo(plans[site].site.zone))
    keys = (wish.get("post"),) if wish.get("post") else ()
    rows = entries.listed(
        tx, site, subjects.HANDOVER, keys, span=span, after=wish.after, most=wish.most, oldest=wish.oldest
    )
    count = entries.count(tx, site, subjects.HANDOVER, keys, span=span)
    return Facts(site, plans, everybody(tx), read_lines(tx, site, rows), count, now)


def show_handovers(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.plan, facts.people)
    log = BookLog(lang, facts.plan, People(tuple(facts.people.values())))
    posts = {post.id: post.name.say(lang) for post in facts.plan.posts}
    rows = []
    for line in facts.lines:
        said = log.words(msgspec.structs.replace(line.record, by=())) if line.record else places.w("record_gone")
        href = url("/records", site=line.row.site, book=line.row.book.hex(), upto=str(line.row.seq))
        cells = (places.local(line.row.at), posts.get(line.row.key, line.row.key), Link(said, href), _by(line, places))
        rows.append(_row(line, cells, "amber" if line.row.kind == "relief.missing" else ""))
    return Rows(rows, facts.count, facts.plans, facts.site, {"post": list(posts.items())})


def read_drills(tx: Connection, wish: Wish, now: int) -> Facts | None:
    plans = plans_to_choose(tx, wish.within, wish.site)
    if not plans:
        return None
    site = wish.chosen(plans)
    sorts = (wish.get("sort"),) if wish.get("sort") else (cases.DRILL, cases.EMERGENCY)
    which = Which(sorts=sorts, opened=wish.span(ZoneInfo(plans[site].site.zone)))
    rows = cases.listed(tx, (site,), which, after=wish.after, most=wish.most, oldest=wish.oldest)
    return Facts(site, plans, everybody(tx), [], cases.count(tx, (site,), which), now, cases=rows)


def show_drills(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.plan, facts.people)
    names = {each.id: each.name.say(lang) for each in facts.plan.procedures}
    rows = []
    for row in facts.cases:
        href = url("/records", site=row.site, book=row.book.hex(), upto=str(row.seq))
        day = f"{places.local(row.opened_at):%Y-%m-%d}"
        asked = {"paper": "drill", "of": row.case, "from": day, "to": day}
        ended = places.local(row.closed_at) if row.closed_at is not None else None
        cells = (
            places.local(row.opened_at),
            Link(names.get(row.category, row.words), href),
            say(lang, f"daybooks.sort_{row.sort}"),
            ended,
            Link(say(lang, "papers.name_drill"), url("/papers", site=row.site, **asked)),
        )
        rows.append(Row(cells, row.place("opened"), "red" if ended is None else ""))
    return Rows(rows, facts.count, facts.plans, facts.site)


# -- what they share --------------------------------------------------------------------------------


def _by(line: Line, places: Places) -> str:
    return places.persons(line.record.by) if line.record else ""


def _row(line: Line, cells: tuple[object, ...], colour: str) -> Row:
    return Row(cells, line.row.place, colour)  # type: ignore[arg-type]  # each is one of listing.Cell


def _rows(facts: Facts, rows: list[Row], lang: str, known: Sequence[Register], line: str = "") -> Rows:
    options = {"register": [(register.id, register.name.say(lang)) for register in known]}
    return Rows(rows, facts.count, facts.plans, facts.site, options, line)


def watch(house: House) -> list[ControllerRouterHandler]:
    @get("/controlroom")
    async def listed(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(
            house, request, WATCH, lambda tx, wish: read_registers(tx, wish, now, watch=True), show_watch
        )

    return [listed]


def visitors(house: House) -> list[ControllerRouterHandler]:
    @get("/visitors")
    async def listed(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(
            house, request, VISITORS, lambda tx, wish: read_registers(tx, wish, now, watch=False), show_visitors
        )

    return [listed]


def handovers(house: House) -> list[ControllerRouterHandler]:
    @get("/handovers")
    async def listed(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, HANDOVERS, lambda tx, wish: read_handovers(tx, wish, now), show_handovers)

    return [listed]


def drills(house: House) -> list[ControllerRouterHandler]:
    @get("/drills")
    async def listed(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, DRILLS, lambda tx, wish: read_drills(tx, wish, now), show_drills)

    return [listed]
