"""A plan as its file would say it: tables and lists of plain values, ready for YAML or for the sheets of a workbook.

The other way round than plan_form: what is read from this tree is the same plan. What a key need not say is left out.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.duties.provisions import Procedure, Survey
from app.duties.site import (
    Calendar,
    Check,
    Grant,
    Plan,
    Route,
    SignIn,
    Stop,
    Tag,
    TagRule,
    Text,
)
from app.duties.texts import Choice, Phrase

Tree = dict[str, Any]
LONGEST_SPAN: Final = 60
"""Days between the first and the last of a range (plan_values.days)."""
_SECTIONS: Final = {"grants": "roles"}
"""Members of a plan that the file calls by another name."""
_APART: Final = ("site", "revision", "effective", "effective_at")


def tree_of(plan: Plan) -> Tree:
    """`plan` without its revision, which the office gives."""
    beacons = _own_uuid(plan)
    site: Tree = {"id": plan.site.id, **_members(plan.site, apart=("id",))}
    tree: Tree = {"site": site | ({"ibeacon": beacons} if beacons else {}), "effective": effective_of(plan)}
    tree |= _members(plan, apart=_APART)
    for point in tree.get("points", {}).values():
        for tag in point.get("tags", ()):
            if "ibeacon" in tag:
                tag["ibeacon"] = tag["ibeacon"].removeprefix(f"{beacons}/")
    return tree


def effective_of(plan: Plan) -> str:
    """`2026-12-01`, or `2026-12-01 06:00`."""
    return f"{plan.effective} {plan.effective_at}".rstrip()


def _own_uuid(plan: Plan) -> str:
    """The UUID that most of the site's iBeacons share; empty without one."""
    tags = chain.from_iterable(point.tags for point in plan.points)
    shared = Counter(tag.id.partition("/")[0] for tag in tags if tag.format == "ibeacon")
    return shared.most_common(1)[0][0] if shared else ""


def _members(thing: Struct, apart: Sequence[str] = ()) -> Tree:
    """What differs from what stands there anyway, by the names of the file."""
    found: Tree = {}
    for member in msgspec.structs.fields(thing):
        value = getattr(thing, member.name)
        if member.name not in apart and (member.required or value != member.default):
            found[_SECTIONS.get(member.name, member.encode_name)] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if (say := _AS.get(type(value))) is not None:
        return say(value)
    if isinstance(value, Text):
        return _text(value)
    if isinstance(value, Struct):
        return _members(value)
    if not isinstance(value, tuple):
        return value
    if not value or not isinstance(value[0], Struct):
        return list(value)
    if (say := _TABLES.get(type(value[0]))) is not None:
        return say(value)
    return {each.id: _thing(each) for each in value} if hasattr(value[0], "id") else [_plain(each) for each in value]


def _thing(thing: Any) -> Any:
    """What stands under its id; a text alone where there is nothing else."""
    say = _AS.get(type(thing))
    members = say(thing) if say is not None else _members(thing, apart=("id",))
    return members["text"] if isinstance(members, dict) and members.keys() == {"text"} else members


def _text(text: Text) -> str | Tree:
    if not text.en and type(text) is Text:
        return text.zh
    return {name: value for name, value in msgspec.structs.asdict(text).items() if value}


def _phrase(phrase: Phrase) -> str | Tree:
    return _text(phrase.text)


def _choice(choice: Choice) -> str | Tree:
    said = _text(choice.text)
    if choice.ok:
        return said
    return {**({"zh": said} if isinstance(said, str) else said), "ok": False}


def _check(check: Check) -> Tree:
    """One that is OK or not need not say so."""
    return {key: value for key, value in _members(check, apart=("id",)).items() if (key, value) != ("kind", "ok")}


def _tag(tag: Tag) -> Tree:
    return {tag.format: tag.id, **_members(tag, apart=("format", "id"))}


def _procedure(procedure: Procedure) -> Tree:
    """A card has the steps of its one team."""
    members = _members(procedure, apart=("id",))
    if [team.id for team in procedure.teams] == [""]:
        members["steps"] = _plain(members.pop("teams")[""]["steps"])
    return members


def _route(route: Route) -> Tree:
    """A checklist that every stop has is the route's."""
    members = _members(route, apart=("id", "stops"))
    lists = {stop.checklist for stop in route.stops}
    if len(lists) == 1 and None not in lists:
        members["checklist"] = lists.pop()
    members["stops"] = [_stop(stop, with_list="checklist" not in members) for stop in route.stops]
    return members


def _stop(stop: Stop, *, with_list: bool) -> str | Tree:
    apart = () if with_list else ("checklist",)
    members = _members(stop, apart)
    if stop.id == stop.point:
        del members["id"]
    return stop.point if members.keys() == {"point"} else members


def _survey(survey: Survey) -> Tree:
    members = _members(survey, apart=("id",))
    if not any(unit.name != Text() for unit in survey.units):
        members["units"] = [unit.id for unit in survey.units]
    else:
        members["units"] = {unit.id: _text(unit.name) for unit in survey.units}
    return members


def _calendar(calendar: Calendar) -> Tree:
    return {name: _spans(days) for name, days in msgspec.structs.asdict(calendar).items() if days}


def _spans(days: Sequence[str]) -> list[str]:
    """Dates that follow one another as ranges."""
    spans: list[list[date]] = []
    for day in map(date.fromisoformat, days):
        last = spans[-1] if spans else None
        if last and day - last[-1] == timedelta(days=1) and (day - last[0]).days <= LONGEST_SPAN:
            last.append(day)
        else:
            spans.append([day])
    return [f"{span[0]}..{span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans]


def _grants(grants: Sequence[Grant]) -> Tree | list[Tree]:
    """`guard: [zhang-wei]`, where that keeps everybody's order of roles; else a person a row."""
    held: dict[str, list[str]] = {role: [] for role in _in_order(grants)}
    for grant in grants:
        for role in grant.roles:
            held[role].append(grant.person)
    again: dict[str, list[str]] = {}
    for role, persons in held.items():
        for person in persons:
            again.setdefault(person, []).append(role)
    if list(again.items()) == [(grant.person, list(grant.roles)) for grant in grants]:
        return held
    return [{"person": grant.person, "roles": list(grant.roles)} for grant in grants]


def _in_order(grants: Sequence[Grant]) -> list[str]:
    """The roles so that each stands behind those which people have before it, as far as that goes."""
    order = list(dict.fromkeys(grant.roles[0] for grant in grants))
    ahead = {role: {*order[:index]} for index, role in enumerate(order)}
    for grant in grants:
        for index, role in enumerate(grant.roles):
            ahead.setdefault(role, set()).update(grant.roles[:index])
    placed: list[str] = []
    while left := [role for role in ahead if role not in placed]:
        free = [role for role in left if ahead[role] <= {*placed}]
        placed += free[:1] or left
    return placed


def _sign_in(rules: Sequence[SignIn]) -> Tree:
    return {rule.role: list(rule.methods) for rule in rules}


def _rows(things: Sequence[Struct]) -> list[Any]:
    return [_plain(each) for each in things]


_AS: Final[dict[type, Callable[[Any], Any]]] = {
    Phrase: _phrase,
    Choice: _choice,
    Check: _check,
    Tag: _tag,
    Procedure: _procedure,
    Route: _route,
    Survey: _survey,
    Calendar: _calendar,
}
_TABLES: Final[dict[type, Callable[[Any], Any]]] = {
    Grant: _grants,
    SignIn: _sign_in,
    Tag: _rows,
    TagRule: _rows,
}
