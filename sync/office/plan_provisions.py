"""The form of what a plan provides beside points and rounds: to be laid beside app/duties/provisions.py."""

import re
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from app.duties.provisions import (
    COLUMNS,
    PROCEDURE_KINDS,
    Column,
    Contact,
    Fitting,
    Item,
    Lone,
    Material,
    Procedure,
    Register,
    Step,
    Supply,
    Survey,
    Team,
    Unit,
    Violation,
)
from app.duties.registers import is_limit
from app.duties.texts import NO_TEXT, Choice, Phrase, Text
from sync.office.plan_faults import Faults
from sync.office.plan_nodes import Leaf, Node, Table, find
from sync.office.plan_values import (
    ID,
    Field,
    Form,
    Wrong,
    deadline,
    digits,
    leaf,
    line,
    list_of,
    need,
    one_of,
    read_table,
    roles,
    text,
    things,
    whole,
    word,
    yes_no,
)

T = TypeVar("T")

MOST_COLUMNS = 9
"""A digit each."""
MOST_STEPS = 30
MOST_FITTINGS = 60
MOST_UNITS = 3_000
CHOICE = {"zh": Field(line), "en": Field(line), "ok": Field(yes_no)}


def choice(key: str, node: Node, faults: Faults) -> Choice:
    """A text alone, or one with `ok: no`."""
    if isinstance(node, Leaf):
        return Choice(id=key, text=text(node, faults))
    values = read_table(node, CHOICE, faults)
    ok = values.pop("ok", True)
    if not values:
        raise Wrong("no_text")
    return Choice(id=key, text=Text(**values), ok=ok)


def phrase(key: str, node: Node, faults: Faults) -> Phrase:
    return Phrase(id=key, text=text(node, faults))


def limit(node: Node, faults: Faults) -> str:
    """A time of day, or a span."""
    written = leaf(node)
    if not is_limit(written):
        raise Wrong("bad_limit", value=written)
    return written


def _plain(part: Callable[..., T], form: Form) -> Callable[[str, Node, Faults], T]:
    return lambda key, node, faults: part(id=key, **read_table(node, form, faults))


def _worded(part: Callable[..., T], form: Form) -> Callable[[str, Node, Faults], T]:
    """A text alone, or a table with a text among other things."""

    def build(key: str, node: Node, faults: Faults) -> T:
        words = isinstance(node, Leaf) or (isinstance(node, Table) and not any(e.key in form for e in node.entries))
        return part(id=key, text=text(node, faults)) if words else part(id=key, **read_table(node, form, faults))

    return build


COLUMN = {
    "text": need(text, NO_TEXT),
    "kind": need(one_of(*COLUMNS), "digits"),
    "choices": Field(things(choice)),
    "size": Field(whole(1, 20)),
    "personal": Field(yes_no),
    "optional": Field(yes_no),
}


def _column(key: str, node: Node, faults: Faults) -> Column:
    column = Column(id=key, **read_table(node, COLUMN, faults))
    if column.kind == "choice" and len(column.choices) < 2:
        faults.add(node.spot, "few_choices")
    if column.kind != "choice" and column.choices:
        faults.add(find(node, "choices"), "not_for_kind", name="choices", kind=column.kind, kinds="choice")
    if column.kind != "digits" and column.size:
        faults.add(find(node, "size"), "not_for_kind", name="size", kind=column.kind, kinds="digits")
    return column


REGISTER = {
    "name": need(text, NO_TEXT),
    "columns": need(things(_column, MOST_COLUMNS), ()),
    "roles": need(roles, ()),
    "ends": Field(text),
    "limit": Field(limit),
    "every_min": Field(whole(10, 1440)),
    "post": Field(word),
    "retention_days": Field(whole(180, 36_500)),
}
STEP = {"text": need(text, NO_TEXT), "within_min": Field(whole(1, 1440))}
MATERIAL = {"text": need(text, NO_TEXT), "count": need(whole(1, 9999), 1)}
TEAM = {
    "name": need(text, NO_TEXT),
    "steps": need(things(_worded(Step, STEP), MOST_STEPS), ()),
    "materials": Field(things(_plain(Material, MATERIAL), MOST_STEPS)),
    "roles": Field(roles),
    "assemble_min": Field(whole(1, 1440)),
    "point": Field(word),
}
PROCEDURE = {
    "name": need(text, NO_TEXT),
    "kind": need(one_of(*PROCEDURE_KINDS), "card"),
    "when": Field(text),
    "steps": Field(things(_worded(Step, STEP), MOST_STEPS)),
    "teams": Field(things(_plain(Team, TEAM), MOST_COLUMNS)),
    "reports": Field(things(phrase, MOST_COLUMNS)),
    "about": Field(list_of(word)),
}


def procedure(key: str, node: Node, faults: Faults) -> Procedure:
    """A card has `steps`, a call-out or drill `teams`: a card is a procedure of one team without a name."""
    values = read_table(node, PROCEDURE, faults)
    steps, teams = values.pop("steps", ()), values.pop("teams", ())
    if bool(steps) == bool(teams) and isinstance(node, Table):
        faults.add(node.spot, "steps_or_teams")
    if teams and values["kind"] == "card":
        faults.add(find(node, "teams"), "not_for_kind", name="teams", kind="card", kinds=", ".join(PROCEDURE_KINDS[1:]))
    if values["kind"] != "card" and "reports" not in values and isinstance(node, Table):
        faults.add(node.spot, "missing_key", name="reports")
    return Procedure(id=key, teams=teams or (Team("", NO_TEXT, steps),), **values)


def register(key: str, node: Node, faults: Faults) -> Register:
    found = Register(id=key, **read_table(node, REGISTER, faults))
    if found.limit and not found.stays:
        faults.add(find(node, "limit"), "limit_without_end")
    return found


LONE = {"every_min": need(whole(5, 720), 60), "answer_s": Field(whole(15, 600)), "last_s": Field(whole(15, 600))}


def lone(node: Node, faults: Faults) -> Lone:
    """Minutes alone, or a table with the seconds to answer too."""
    if isinstance(node, Leaf):
        return Lone(whole(5, 720)(node, faults))
    return Lone(**read_table(node, LONE, faults))


VIOLATION = {
    "authority": need(text, NO_TEXT),
    "demands": need(things(phrase, MOST_COLUMNS), ()),
    "notice": Field(deadline),
    "comply": Field(deadline),
    "report": Field(deadline),
}


def violation(node: Node, faults: Faults) -> Violation:
    return Violation(**read_table(node, VIOLATION, faults))


FITTING = {"text": need(text, NO_TEXT), "faults": Field(things(phrase, MOST_COLUMNS))}
_SPAN = re.compile(r"\{([0-9]{1,4})\.\.([0-9]{1,4})\}", re.ASCII)


def units(node: Node, faults: Faults) -> tuple[Unit, ...]:
    """Plants by id with their names, or a list of room numbers, in which `3-{1..2}-{2..18}0{1..4}` stands for many."""
    if isinstance(node, Table):
        return things(lambda key, each, told: Unit(key, text(each, told)), MOST_UNITS)(node, faults)
    found = [unit for written in list_of(line)(node, faults) for unit in _spelt_out(written)]
    if len(found) > MOST_UNITS:
        raise Wrong("too_many", count=len(found), limit=MOST_UNITS)
    if bad := next((unit for unit in found if not ID.fullmatch(unit)), None):
        raise Wrong("bad_id", name=bad)
    if twice := next((unit for unit, count in Counter(found).items() if count > 1), None):
        raise Wrong("unit_twice", name=twice)
    return tuple(Unit(unit) for unit in found)


def _spelt_out(written: str) -> list[str]:
    """Every number of the spans, in order."""
    span = _SPAN.search(written)
    if span is None:
        return [written]
    first, last = int(span[1]), int(span[2])
    if last - first >= MOST_UNITS:
        raise Wrong("too_many", count=last - first + 1, limit=MOST_UNITS)
    found: list[str] = []
    for number in range(first, last + 1):
        found += _spelt_out(f"{written[: span.start()]}{number}{written[span.end() :]}")
        if len(found) > MOST_UNITS:
            raise Wrong("too_many", count=len(found), limit=MOST_UNITS)
    return found


SURVEY = {
    "name": need(text, NO_TEXT),
    "builder": need(text, NO_TEXT),
    "fittings": need(things(_worded(Fitting, FITTING), MOST_FITTINGS), ()),
    "units": need(units, ()),
    "faults": Field(things(phrase, MOST_COLUMNS)),
    "deadline": Field(deadline),
    "roles": Field(roles),
}


def survey(key: str, node: Node, faults: Faults) -> Survey:
    found = Survey(id=key, **read_table(node, SURVEY, faults))
    for fitting in found.fittings:
        if not (fitting.faults or found.faults):
            faults.add(find(node, "fittings", fitting.id), "no_phrases")
    return found


item = _worded(Item, {"text": need(text, NO_TEXT), "count": Field(whole(1, 999))})
supply = _worded(Supply, {"text": need(text, NO_TEXT), "unit": Field(text)})
contact = _plain(Contact, {"name": need(text, NO_TEXT), "number": need(digits(1, 20), "")})
