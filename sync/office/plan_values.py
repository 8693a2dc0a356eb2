"""One value of a plan file at a time: texts, ids, times, dates, decimals.

A reader takes a node and gives the value, or raises `Wrong` with the sentence that says what to
write instead. A `Field` says how a key of a table is read; `read_table` reads a whole table and
reports every fault in it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, Final, NamedTuple, TypeVar

from app.duties.findings import is_deadline
from app.duties.site import ROLES, Named, Text
from app.text import clean
from sync.office.plan_faults import Faults, Spot
from sync.office.plan_nodes import Leaf, Node, Refused, Row, Table

T = TypeVar("T")
Reader = Callable[[Node, Faults], T]

ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
MAX_TEXT: Final = 120
MAX_THINGS: Final = 20_000
"""Of one kind in one file: far beyond any site, and read in seconds."""
_INT = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_SECRETS = frozenset(
    ("pin", "pins", "badge", "badges", "token", "tokens", "password", "passwords", "secret", "secrets", "密码", "口令")
)
_YES_NO = {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}


class Wrong(Exception):
    """A value that cannot be taken; `key` names the sentence. An empty key: its fault is told already."""

    def __init__(self, key: str, **fields: str | int) -> None:
        super().__init__(key)
        self.key = key
        self.fields = fields


class Field(NamedTuple):
    """How one key of a table is read."""

    read: Reader[Any]
    needed: bool = False
    blank: Any = None
    """Stands in for a wrong value, and for a needed one that is missing: chosen so that it is not blamed again."""


def need(read: Reader[Any], blank: Any) -> Field:
    return Field(read, True, blank)


Form = Mapping[str, Field]


def read_table(node: Node, form: Form, faults: Faults) -> dict[str, Any]:
    """The values of a table's known keys. Unknown and missing keys and wrong values are reported; of a needed key
    that stands there misspelt only that.
    """
    values: dict[str, Any] = {key: field.blank for key, field in form.items() if field.needed}
    if not isinstance(node, Table):
        if not isinstance(node, Refused):
            faults.add(node.spot, "need_table", keys=", ".join(form))
        return values
    meant = set()
    for entry in node.entries:
        if (field := form.get(entry.key)) is None:
            meant.add(unknown(entry.spot(node.spot.where), entry.key, form, faults))
            continue
        try:
            values[entry.key] = field.read(entry.node, faults)
        except Wrong as e:
            _report(e, entry.node.spot, faults)
            values |= {} if field.blank is None else {entry.key: field.blank}
    present = {entry.key for entry in node.entries}
    for key, field in form.items():
        if field.needed and key not in present | meant:
            faults.add(node.spot, "missing_key", name=key)
    return values


def read_each(nodes: Iterable[Node], read: Reader[T], faults: Faults) -> tuple[T, ...]:
    """Each node that can be taken; the others are reported where they stand."""
    taken = []
    for node in nodes:
        try:
            taken.append(read(node, faults))
        except Wrong as e:
            _report(e, node.spot, faults)
    return tuple(taken)


def things(build: Callable[[str, Node, Faults], T], most: int = MAX_THINGS) -> Reader[tuple[T, ...]]:
    """A table of things by id, in the order of the file. What stands under a bad id is read for its faults only."""

    def read(node: Node, faults: Faults) -> tuple[T, ...]:
        if isinstance(node, Refused):
            raise Wrong("")
        if not isinstance(node, Table):
            raise Wrong("need_ids")
        if len(node.entries) > most:
            raise Wrong("too_many", count=len(node.entries), limit=most)
        built = []
        for entry in node.entries:
            good = ID.fullmatch(entry.key)
            if not good:
                faults.add(entry.spot(entry.node.spot.where), "bad_id", name=entry.key)
            try:
                thing = build(entry.key, entry.node, faults)
            except Wrong as e:
                _report(e, entry.node.spot, faults)
            else:
                built += [thing] if good else []
        return tuple(built)

    return read


def _report(wrong: Wrong, spot: Spot, faults: Faults) -> None:
    if wrong.key:
        faults.add(spot, wrong.key, **wrong.fields)


def unknown(spot: Spot, key: str, form: Form, faults: Faults) -> str:
    """Report a key that the form does not have; the one that was probably meant, or ""."""
    if key.casefold() in _SECRETS:
        faults.add(spot, "secret", name=key)
        return ""
    if near := faults.near(key, form.keys()):
        faults.add(spot, "unknown_key_near", name=key, near=near)
    else:
        faults.add(spot, "unknown_key", name=key, known=", ".join(form))
    return near


# Readers of scalars


def leaf(node: Node) -> str:
    """What is written there."""
    if isinstance(node, Refused):
        raise Wrong("")
    if not isinstance(node, Leaf):
        raise Wrong("need_value")
    if node.empty:
        raise Wrong("no_value")
    return node.text


def line(node: Node, faults: Faults) -> str:
    """One line of harmless text."""
    words = leaf(node).strip()
    if not words:
        raise Wrong("no_value")
    if len(words) > MAX_TEXT:
        raise Wrong("too_long", limit=MAX_TEXT)
    if clean(words) != words:
        raise Wrong("unsafe_text")
    return words


def text(node: Node, faults: Faults) -> Text:
    """`东门`, which is Chinese only, or `{zh: 东门, en: East gate}`."""
    if isinstance(node, Leaf):
        return Text(zh=line(node, faults))
    if isinstance(node, Table) and not node.entries:
        raise Wrong("no_text")
    before = faults.errors
    values = read_table(node, {"zh": Field(line), "en": Field(line)}, faults)
    if faults.errors > before:
        raise Wrong("")
    return Text(**values)


def named(node: Node, faults: Faults) -> Named:
    """A company or district: as a text, or `{id: cuihu, zh: 翠湖物业, en: Cuihu}`."""
    if not isinstance(node, Table):
        told = text(node, faults)
        return Named(told.zh, told.en)
    before = faults.errors
    values = read_table(node, {"id": Field(word), "zh": Field(line), "en": Field(line)}, faults)
    if faults.errors > before:
        raise Wrong("")
    if not values.keys() & {"zh", "en"}:
        raise Wrong("no_text")
    return Named(**values)


def word(node: Node, faults: Faults) -> str:
    """An id: of the thing itself or of another."""
    name = leaf(node)
    if not ID.fullmatch(name):
        raise Wrong("bad_id", name=name)
    return name


def one_of(*allowed: str) -> Reader[str]:
    def read(node: Node, faults: Faults) -> str:
        name = leaf(node)
        if name not in allowed:
            if near := faults.near(name, allowed):
                raise Wrong("not_one_of_near", value=name, near=near)
            raise Wrong("not_one_of", value=name, allowed=", ".join(allowed))
        return name

    return read


def whole(low: int, high: int) -> Reader[int]:
    def read(node: Node, faults: Faults) -> int:
        digits = leaf(node)
        if not _INT.fullmatch(digits) or not low <= int(digits) <= high:
            raise Wrong("bad_int", value=digits, low=low, high=high)
        return int(digits)

    return read


def decimal(node: Node, faults: Faults) -> str:
    digits = leaf(node)
    if not _DECIMAL.fullmatch(digits):
        raise Wrong("bad_decimal", value=digits)
    return digits


def places(digits: str) -> int:
    """Digits behind the point, zeros at the end not counted."""
    exponent = Decimal(digits).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def yes_no(node: Node, faults: Faults) -> bool:
    answer = leaf(node)
    if answer.casefold() not in _YES_NO:
        raise Wrong("bad_yes_no", value=answer)
    return _YES_NO[answer.casefold()]


def time_of_day(node: Node, faults: Faults) -> str:
    time = leaf(node)
    if not _TIME.fullmatch(time):
        raise Wrong("bad_time", value=time)
    return time


def day(node: Node, faults: Faults) -> str:
    return _date(leaf(node)).isoformat()


def moment(node: Node, faults: Faults) -> tuple[str, str]:
    """A date, perhaps with a time of that day behind it: `2026-12-01 06:00`."""
    written, _, time = leaf(node).replace("T", " ").partition(" ")
    if time and not _TIME.fullmatch(time):
        raise Wrong("bad_time", value=time)
    return _date(written).isoformat(), "" if time == "00:00" else time


def _date(written: str) -> date:
    if not (match := _DATE.fullmatch(written)):
        raise Wrong("bad_date", value=written)
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError as e:
        raise Wrong("no_such_day", value=written) from e


def deadline(node: Node, faults: Faults) -> str:
    """`same-day`, `15min`, `8h`, `2d`, `3wd`."""
    limit = leaf(node)
    if not is_deadline(limit):
        raise Wrong("bad_deadline", value=limit)
    return limit


def zone(node: Node, faults: Faults) -> str:
    """An IANA zone that this computer's or our own table knows."""
    from zoneinfo import ZoneInfo, available_timezones

    name = leaf(node)
    known = available_timezones()
    if name not in known:
        near = faults.near(name, known)
        raise Wrong("bad_zone", value=name, near=near or "Asia/Shanghai")
    return ZoneInfo(name).key


def digits(shortest: int, longest: int) -> Reader[str]:
    def read(node: Node, faults: Faults) -> str:
        code = leaf(node)
        if not (code.isascii() and code.isdigit() and shortest <= len(code) <= longest):
            raise Wrong("bad_digits", value=code, low=shortest, high=longest)
        return code

    return read


# Readers of lists


def row(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Refused):
        raise Wrong("")
    if not isinstance(node, Row):
        raise Wrong("need_list")
    return node.items


def list_of(read: Reader[T]) -> Reader[tuple[T, ...]]:
    def read_list(node: Node, faults: Faults) -> tuple[T, ...]:
        return read_each(row(node), read, faults)

    return read_list


def roles(node: Node, faults: Faults) -> tuple[str, ...]:
    """`guard` or `[guard, leader]`."""
    role = one_of(*ROLES)
    if isinstance(node, Leaf):
        return (role(node, faults),)
    found = list_of(role)(node, faults)
    if not found and not row(node):
        raise Wrong("no_roles")
    return found


def days(node: Node, faults: Faults) -> tuple[str, ...]:
    """Dates and ranges of dates (`2026-10-01..2026-10-07`), in order."""
    spans = list_of(_span)(node, faults)
    return tuple(day.isoformat() for day in sorted(set(chain.from_iterable(spans))))


def _span(node: Node, faults: Faults) -> tuple[date, ...]:
    first, dots, last = leaf(node).partition("..")
    begin = _date(first.strip())
    end = _date(last.strip()) if dots else begin
    if not 0 <= (end - begin).days <= 60:
        raise Wrong("bad_span", value=leaf(node))
    return tuple(begin + timedelta(days=n) for n in range((end - begin).days + 1))
