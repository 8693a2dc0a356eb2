"""Registers as lists: the control room's log, and those whose lines are ended: visitors, loans (D40, D41).

A list of visitors shows who was where, so looking at it is audited; what is personal in a line is kept apart and is not
shown here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.provisions import Register
from app.duties.registers import ends_by, worth_a_look
from app.duties.site import Person
from app.kinds.registers import RegisterEnded, RegisterEntered
from app.words import say
from sync.office.credentials import everybody
from sync.office.pages.entrylist import Line, listed, read_lines
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Cell, Column, Link, Listing, Row, Rows, Wish, choice, pick
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.places import Places
from sync.office.sites import Choice, choose
from sync.office.store import entries
from sync.office.store.paging import LATEST, Span
from sync.office.subjects import REGISTER
from sync.office.verdicts import Verdict

WATCHERS: Final = "fire-control"
STAY_MS: Final = 31 * 24 * 3600 * 1000
"""So long after a line its end is looked for."""
SCANNED: Final = 5000
"""Lines that are read for a filter which only their content answers; the page says when there are more."""
ENDS: Final = 4 * SCANNED
ENTERED: Final = ("register.entered",)
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


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as such a list needs it."""

    here: Choice
    registers: list[Register]
    people: dict[str, Person]
    lines: list[Line]
    count: int
    now: int
    ends: Mapping[str, Line] = {}
    """By the id of the line that it ends."""
    looked: Line | None = None
    """The last line that a filter looked at, when there are more."""

    def register(self, line: Line) -> Register | None:
        return next((register for register in self.here.plan.registers if register.id == line.row.key), None)


def watch(house: House) -> list[ControllerRouterHandler]:
    @get("/controlroom")
    async def log(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, WATCH, lambda tx, wish: read_watch(tx, wish, now), show_watch)

    return [log]


def visitors(house: House) -> list[ControllerRouterHandler]:
    @get("/visitors")
    async def book(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, VISITORS, lambda tx, wish: read_visitors(tx, wish, now), show_visitors)

    return [book]


# -- read ----------------------------------------------------------------------------------------


def read_watch(tx: Connection, wish: Wish, now: int) -> Facts | None:
    """None while there is no site."""
    return _read(tx, wish, now, lambda register: WATCHERS in register.roles)


def read_visitors(tx: Connection, wish: Wish, now: int) -> Facts | None:
    """None while there is no site."""
    return _read(tx, wish, now, lambda register: register.stays)


def _read(tx: Connection, wish: Wish, now: int, is_wanted: Callable[[Register], bool]) -> Facts | None:
    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    registers = [register for register in here.plan.registers if is_wanted(register)]
    asked = [each for each in registers if wish.get("register") in ("", each.id)]
    facts = Facts(here, registers, everybody(tx), [], 0, now)
    if not asked:
        return facts
    narrowed = bool(wish.get("look") or wish.get("state"))
    wider = replace(wish, after=None, most=SCANNED + 1) if narrowed else wish
    keys, stays = [each.id for each in asked], [each.id for each in asked if each.stays]
    lines, count = listed(tx, here.site, REGISTER, keys, wider, here.zone, ENTERED)
    facts = replace(facts, lines=lines[:SCANNED], count=count, ends=_ends(tx, here.site, stays, lines))
    if not narrowed:
        return facts
    found = [line for line in facts.lines if _fits(facts, line, wish)]
    begins = next((n for n, line in enumerate(found, 1) if line.row.place == wish.after), 0)
    looked = facts.lines[-1] if len(lines) > SCANNED else None
    return replace(facts, lines=found[begins : begins + wish.most], count=len(found), looked=looked)


def _ends(tx: Connection, site: str, keys: Sequence[str], lines: Sequence[Line]) -> dict[str, Line]:
    """What ended those lines, as far as it came within STAY_MS."""
    if not keys or not lines:
        return {}
    times = [line.row.at for line in lines]
    span = Span(min(times), min(max(times) + STAY_MS, LATEST))
    ended = entries.listed(tx, site, REGISTER, keys, kinds=("register.ended",), span=span, most=ENDS, oldest=True)
    return {line.body.line: line for line in read_lines(tx, site, ended) if isinstance(line.body, RegisterEnded)}


def _fits(facts: Facts, line: Line, wish: Wish) -> bool:
    if look := wish.get("look"):
        return _is_odd(facts, line) is (look == "odd")
    if wish.get("state") == "late":
        return _is_late(facts, line)
    return (line.id in facts.ends) is (wish.get("state") == "out")


def _is_odd(facts: Facts, line: Line) -> bool:
    register = facts.register(line)
    return register is not None and isinstance(line.body, RegisterEntered) and worth_a_look(register, line.body.answers)


def _is_late(facts: Facts, line: Line) -> bool:
    """It ended after its limit, or has not ended and the limit is over."""
    end = facts.ends.get(line.id)
    if end is not None:
        return isinstance(end.body, RegisterEnded) and end.body.late
    register = facts.register(line)
    if register is None:
        return False
    by = ends_by(register, Places("", facts.here.plan, {}).local(line.row.at))
    return by is not None and by <= facts.now


# -- shown ---------------------------------------------------------------------------------------


def show_watch(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.here.plan, facts.people)
    return _rows(facts, [_watch_row(facts, line, places) for line in facts.lines], places)


def _watch_row(facts: Facts, line: Line, places: Places) -> Row:
    odd = _is_odd(facts, line)
    verdict = Verdict("amber" if odd else "ok", say(places.lang, "daybooks.odd" if odd else "daybooks.plain"))
    return line.shown(*_cells(facts, line, places), verdict, line.by(places), colour="amber" if odd else "")


def show_visitors(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.here.plan, facts.people)
    rows = [_visitor_row(facts, line, places) for line in facts.lines]
    return _rows(facts, rows, places, say(lang, "daybooks.line_visitors"))


def _visitor_row(facts: Facts, line: Line, places: Places) -> Row:
    end, late = facts.ends.get(line.id), _is_late(facts, line)
    went = places.local(end.row.at) if end else None
    word = "late" if late else "left" if end else "inside"
    gone = late and end is None
    verdict = Verdict("red" if gone else "amber" if late or end is None else "ok", say(places.lang, f"daybooks.{word}"))
    return line.shown(*_cells(facts, line, places), went, verdict, line.by(places), colour="red" if gone else "")


def _cells(facts: Facts, line: Line, places: Places) -> tuple[Cell, ...]:
    """When, in which register, and the answers with their columns' names."""
    register = facts.register(line)
    named = register.name.say(places.lang) if register else line.row.key
    return places.local(line.row.at), named, Link(_answers(register, line, places), line.href)


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
            said.append(say(places.lang, "daybooks.answer", name=column.text.say(places.lang), shown=shown))
    return say(places.lang, "daybooks.answers_joined").join(said) or body.words


def _rows(facts: Facts, rows: list[Row], places: Places, line: str = "") -> Rows:
    here, lang = facts.here, places.lang
    options = {"register": [(register.id, register.name.say(lang)) for register in facts.registers]}
    if facts.looked is not None:
        upto = places.moment(facts.looked.row.at)
        line = f"{line} {say(lang, 'daybooks.looked', n=SCANNED, upto=upto)}".strip()
    return Rows(rows, facts.count, here.plans, here.site, options, line)
