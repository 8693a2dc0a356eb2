"""What another revision of a plan changes, and what that does to labels, tags and people. Values in, values out.

Of a thing that stands in both plans every member that differs is named; where that can be said in a few words, with
what it was and what it becomes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from app.duties.site import NO_TEXT, Plan, Route, Text
from app.text import clean

Kind = Literal["added", "removed", "changed"]
SECTIONS: Final = (
    "areas", "points", "assets", "posts", "checklists", "routes", "schedules", "teams", "categories", "registers",
    "procedures", "contacts", "supplies", "surveys", "skip_reasons", "alone_reasons", "targets",
)  # fmt: skip
"""Of a plan: tuples of things with ids."""
LONGEST: Final = 80
"""Characters of a value that is shown."""


class Part(Struct, frozen=True):
    """A member that differs; empty values for what cannot be said in a few words."""

    member: str
    was: Text | str = ""
    becomes: Text | str = ""
    gone: tuple[str, ...] = ()
    """Points of a route that it does not come to any more."""
    come: tuple[str, ...] = ()


class Change(Struct, frozen=True):
    section: str
    id: str
    name: Text
    """As it is called in the newer plan, or was in the older."""
    kind: Kind
    parts: tuple[Part, ...] = ()


class Effect(Struct, frozen=True):
    """What follows from a change for things and people outside the plan. Kind and id of what carries a label."""

    void_labels: tuple[tuple[str, str], ...]
    """Printed, and nothing any more."""
    new_labels: tuple[tuple[str, str], ...]
    """To be printed."""
    void_tags: tuple[tuple[str, str], ...]
    """Point and identity of tags that nothing listens for any more."""
    new_tags: tuple[tuple[str, str], ...]
    leaving: tuple[str, ...]
    """People who may not sign in here any more."""
    joining: tuple[str, ...]
    routes: tuple[str, ...]
    """Routes of the newer plan on which something changes: their stops, a point, a checklist, a window."""
    posts: tuple[str, ...]


def changes(old: Plan | None, new: Plan) -> list[Change]:
    """In the order of the plan: what went, what is changed, what came. Without `old` everything is new."""
    found: list[Change] = []
    for section in SECTIONS:
        found += _things(section, getattr(old, section) if old else (), getattr(new, section))
    found += _people(old, new)
    found += _whole(old, new)
    return found


def effect(old: Plan | None, new: Plan, found: Sequence[Change]) -> Effect:
    touched = {(change.section, change.id) for change in found if change.kind != "removed"}
    routes = [route for route in new.routes if _is_touched(route, new, touched)]
    posts = {each.post for each in new.schedules if ("schedules", each.id) in touched and each.post}
    before, after = _grants(old), _grants(new)
    return Effect(
        void_labels=tuple(sorted(_labelled(old) - _labelled(new))),
        new_labels=tuple(sorted(_labelled(new) - _labelled(old))),
        void_tags=tuple(sorted(_tags(old) - _tags(new))),
        new_tags=tuple(sorted(_tags(new) - _tags(old))),
        leaving=tuple(person for person in before if person not in after),
        joining=tuple(person for person in after if person not in before),
        routes=tuple(route.id for route in routes),
        posts=tuple(post.id for post in new.posts if post.id in posts or ("posts", post.id) in touched),
    )


def _things(section: str, old: Sequence[Any], new: Sequence[Any]) -> list[Change]:
    before, after = {each.id: each for each in old}, {each.id: each for each in new}
    gone = [Change(section, id, _name(each), "removed") for id, each in before.items() if id not in after]
    other = [
        Change(section, id, _name(each), "changed", _parts(before[id], each))
        for id, each in after.items()
        if id in before and each != before[id]
    ]
    return gone + other + [Change(section, id, _name(each), "added") for id, each in after.items() if id not in before]


def _people(old: Plan | None, new: Plan) -> Iterable[Change]:
    before, after = _grants(old), _grants(new)
    for person in dict.fromkeys((*before, *after)):
        was, becomes = " ".join(before.get(person, ())), " ".join(after.get(person, ()))
        kind: Kind = "changed" if was and becomes else "added" if becomes else "removed"
        if was != becomes:
            yield Change("people", person, NO_TEXT, kind, (Part("roles", was, becomes),))


def _whole(old: Plan | None, new: Plan) -> Iterable[Change]:
    """What the plan has once: the site, the settings, the calendar, how people sign in, how tags are known."""
    for section in ("site", "settings", "calendar"):
        before, after = getattr(old, section, None), getattr(new, section)
        if before is not None and before != after:
            yield Change(section, "", NO_TEXT, "changed", _parts(before, after))
    for section in ("sign_in", "tag_rules"):
        if old is not None and getattr(old, section) != getattr(new, section):
            yield Change(section, "", NO_TEXT, "changed")


def _parts(old: Struct, new: Struct) -> tuple[Part, ...]:
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in new.__struct_fields__)
    return tuple(_part(name, was, becomes) for name, was, becomes in pairs if was != becomes)


def _part(name: str, was: Any, becomes: Any) -> Part:
    if name == "stops":
        before, after = ([stop.point for stop in each] for each in (was, becomes))
        gone = tuple(point for point in before if point not in after)
        return Part(name, gone=gone, come=tuple(point for point in after if point not in before))
    return Part(name, _said(was), _said(becomes))


def _said(value: Any) -> Text | str:
    if isinstance(value, Text):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return clean(str(value), LONGEST)
    if isinstance(value, tuple) and all(isinstance(each, str) for each in value):
        return _few(value)
    return ""


def _few(values: Sequence[str]) -> str:
    whole = " ".join(values)
    return clean(whole, LONGEST) + ("…" if len(whole) > LONGEST else "")


def _name(thing: Any) -> Text:
    name: Text = getattr(thing, "name", None) or getattr(thing, "text", None) or NO_TEXT
    return name


def _grants(plan: Plan | None) -> Mapping[str, tuple[str, ...]]:
    return {grant.person: grant.roles for grant in plan.grants} if plan else {}


def _labelled(plan: Plan | None) -> set[tuple[str, str]]:
    if plan is None:
        return set()
    points = {("point", point.id) for point in plan.points if point.label}
    return points | {("asset", asset.id) for asset in plan.assets if asset.label}


def _tags(plan: Plan | None) -> set[tuple[str, str]]:
    return {(point.id, tag.id) for point in plan.points for tag in point.tags} if plan else set()


def _is_touched(route: Route, plan: Plan, touched: set[tuple[str, str]]) -> bool:
    own = {("routes", route.id)} | {("schedules", each.id) for each in plan.schedules if each.route == route.id}
    for stop in route.stops:
        own |= {("points", stop.point), ("checklists", stop.checklist or "")}
    return not own.isdisjoint(touched)
