"""Registers 登记簿: the books that a post keeps by hand, as lines with the plan's own columns.

The control room's log (D53), visitors and goods (D41), late returns, bed checks, forbidden appliances and spare keys
(D43) are all lines of a register: some answers, perhaps a second line that ends the first (out, returned), perhaps a
line due every so often. No names are typed (D44): a column holds digits, a choice, a count, a page of the paper book.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from app.duties.days import later, millis, settle, shown_time
from app.duties.provisions import Column, Register

_ROOM: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{0,11}", re.ASCII)
MOST: Final = 999


class Line(Struct, frozen=True):
    """One open line: in and not yet out."""

    id: str
    """`book:seq`."""
    register: str
    at: int
    """UTC ms."""
    answers: Mapping[str, str]
    words: str = ""
    """As the crew saw it."""
    apart: Mapping[str, str] = {}
    """Where the text of a personal column is kept, by its id."""


class Fault(Struct, frozen=True):
    """Why a line is not taken. Words: app.words.registers `fault_…`."""

    column: str
    why: str
    """`missing`, `digits`, `size`, `choice`, `count`, `room`."""


def check(column: Column, answer: str) -> Fault | None:
    """Why `answer` does not fit its column; None when it does."""
    why = _unfit(column, answer)
    return Fault(column.id, why) if why else None


def _unfit(column: Column, answer: str) -> str:
    if not answer:
        return "" if column.optional else "missing"
    match column.kind:
        case "choice":
            return "" if any(choice.id == answer for choice in column.choices) else "choice"
        case "count":
            return "" if answer.isascii() and answer.isdigit() and 0 < int(answer) <= MOST else "count"
        case "room":
            return "" if _ROOM.fullmatch(answer) else "room"
        case "code":
            return ""
    if not (answer.isascii() and answer.isdigit()):
        return "digits"
    return "" if column.size in (0, len(answer)) else "size"


def worth_a_look(register: Register, answers: Mapping[str, str]) -> bool:
    """Whether some answer is a choice that is not OK."""
    chosen = ((column, answers.get(column.id)) for column in register.columns)
    return any(choice.id == answer and not choice.ok for column, answer in chosen for choice in column.choices)


_SPAN: Final = re.compile(r"([1-9][0-9]{0,2})(min|h)", re.ASCII)
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def is_limit(text: str) -> bool:
    """Whether `text` is a time of day `HH:MM`, or a span of `min` or `h`."""
    return bool(_SPAN.fullmatch(text) or _TIME.fullmatch(text))


def ends_by(register: Register, began: datetime) -> int | None:
    """When a line begun at `began` (aware, in the site's zone) must have ended, UTC ms; None without a limit.

    A time of day is the next one: who comes at 22:40 to a house closed at 22:30 stays until tomorrow's limit.
    """
    if span := _SPAN.fullmatch(register.limit):
        count = int(span[1])
        return millis(later(began, timedelta(minutes=count) if span[2] == "min" else timedelta(hours=count)))
    clock = _TIME.fullmatch(register.limit)
    if clock is None:
        return None
    zone = began.tzinfo
    assert isinstance(zone, ZoneInfo)
    local = began.replace(tzinfo=None)
    end = local.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    return millis(settle(end if end > local else end + timedelta(days=1), zone))


def overdue(register: Register, lines: Iterable[Line], at: datetime) -> tuple[Line, ...]:
    """Open lines of `register` whose limit has passed, the longest over first."""
    now = millis(at)
    found = [
        (by, line)
        for line in lines
        if line.register == register.id
        and (by := ends_by(register, shown_time(line.at, at.tzinfo))) is not None
        and by <= now
    ]
    return tuple(line for _, line in sorted(found, key=lambda pair: pair[0]))


def next_due(register: Register, last: int | None, since: int, at: int) -> int | None:
    """When the next line is due, UTC ms: `every_min` after the last one of this duty, or after it began at `since`."""
    if not register.every_min:
        return None
    begun = max(since, last) if last is not None and last <= at else since
    return begun + register.every_min * 60_000


class Apart(Struct, frozen=True):
    """A personal text that a line names: it has a time to live of its own (decision 9)."""

    register: str
    line: str
    at: int


class Registers(Struct, frozen=True):
    """What is open and when each register was last written: the fold of its lines."""

    open: Mapping[str, Line] = {}
    last: Mapping[str, int] = {}
    """UTC ms of the newest line, by register, as the clock then stood: it may have been ahead, and is right again."""
    apart: Mapping[str, Apart] = {}
    """Personal texts by their hash, the newest ones."""


OPEN_MOST: Final = 500
APART_MOST: Final = 1000
DAY_MS: Final = 24 * 3600 * 1000


def entered(before: Registers, line: Line, *, stays: bool) -> Registers:
    """A line was written; `stays` until another one ends it."""
    last = {**before.last, line.register: line.at}
    texts = {name: Apart(line.register, line.id, line.at) for name in line.apart.values()}
    apart = dict(list({**before.apart, **texts}.items())[-APART_MOST:]) if texts else before.apart
    if not stays:
        return replace(before, last=last, apart=apart)
    return Registers(dict(list({**before.open, line.id: line}.items())[-OPEN_MOST:]), last, apart)


def outlived(kept: Iterable[Register], state: Registers, now: int) -> tuple[str, ...]:
    """Personal texts that are older than their register keeps anything; of a line that is open still, none."""
    days = {register.id: register.retention_days for register in kept}
    return tuple(
        name
        for name, text in state.apart.items()
        if text.line not in state.open and text.register in days and now - text.at >= days[text.register] * DAY_MS
    )


def ended(before: Registers, id: str) -> Registers:
    """The line `id` was ended; nothing where it is not open here (another handheld's)."""
    if id not in before.open:
        return before
    return replace(before, open={key: line for key, line in before.open.items() if key != id})
