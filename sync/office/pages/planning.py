"""What another revision would change, in sentences: the preview before it holds, and what an earlier one changed."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import millis
from app.duties.site import Person, Plan, Text
from app.pages import begins
from app.words import say
from sync.office import fleet
from sync.office.details import RoundDetail
from sync.office.importing import superseded
from sync.office.places import Places
from sync.office.plan_changes import Change, Part, changes, effect
from sync.office.plan_faults import Fault
from sync.office.plan_sheets import caption
from sync.office.planned import windows
from sync.office.store import rounds as round_table

SHOWN: Final = 60
"""Changes of one kind in one section; the rest is counted."""
NAMES: Final = 12
"""Names in one sentence."""
LONG_WINDOW: Final = timedelta(days=2)
"""Windows that opened so long ago are looked at: nobody switches plans in the middle of a month's work for them."""


class Around(Struct, frozen=True):
    """What stands beside a plan that is to come."""

    old: Plan | None
    """In force now."""
    plans: tuple[Plan, ...]
    """Of the site, oldest first, without those that were withdrawn."""
    handhelds: tuple[fleet.Seen, ...]
    running: tuple[RoundDetail, ...]
    """Rounds that have begun and are not finished."""
    people: dict[str, Person]


class ChangeSeen(Struct, frozen=True):
    name: str
    ref: str
    parts: list[str]


class GroupSeen(Struct, frozen=True):
    """Changes of one kind in one section."""

    section: str
    word: str
    kind: str
    changes: list[ChangeSeen]
    more: str


class FaultSeen(Struct, frozen=True):
    place: str
    sentence: str


class PreviewSeen(Struct, frozen=True):
    groups: list[GroupSeen]
    affects: list[str]
    against: str
    warnings: list[FaultSeen]
    warned: str


def read_around(tx: Connection, old: Plan | None, plans: Sequence[Plan], people: dict[str, Person], now: int) -> Around:
    """What the preview of another revision of the site needs."""
    if old is None:
        return Around(None, tuple(plans), (), (), people)
    site, places = old.site.id, Places("zh", old, people)
    days = [(places.local(now) - timedelta(days=ago)).date().isoformat() for ago in (0, 1)]
    rows = [row for day in days for row in round_table.rounds_on(tx, site, day)]
    details = [msgspec.json.decode(row.detail, type=RoundDetail) for row in rows]
    running = [each for each in details if each.finished is None and now < millis(each.closes)]
    return Around(old, tuple(plans), tuple(fleet.read(tx, site)), tuple(running), people)


def show_preview(
    new: Plan, around: Around, joining: Sequence[Person], warnings: Sequence[Fault], lang: str, now: int
) -> PreviewSeen:
    """`new` says from when it holds; its revision is the one that it will get."""
    found = changes(around.old, new)
    places = Places(lang, new, {**around.people, **{person.id: person for person in joining}})
    against = say(lang, "planning.against", n=around.old.revision) if around.old else say(lang, "planning.first")
    if around.old and not found:
        against = say(lang, "planning.no_changes", n=around.old.revision)
    return PreviewSeen(
        groups=_groups(found, around, places),
        affects=_affects(new, around, found, joining, places, now) or [say(lang, "planning.nothing_else")],
        against=against,
        warnings=show_faults(warnings, lang),
        warned=say(lang, "planning.warnings", n=len(warnings)) if warnings else "",
    )


def show_faults(faults: Iterable[Fault], lang: str) -> list[FaultSeen]:
    return [FaultSeen(fault.place, fault.sentence(lang)) for fault in faults]


def _groups(found: Sequence[Change], around: Around, places: Places) -> list[GroupSeen]:
    keys = dict.fromkeys((change.section, change.kind) for change in found)
    groups, both = [], _both(places, around)
    for section, kind in keys:
        those = [change for change in found if (change.section, change.kind) == (section, kind)]
        left = len(those) - SHOWN
        groups.append(
            GroupSeen(
                section=say(places.lang, f"plan_book.{_sheet(section)}"),
                word=say(places.lang, f"planning.{kind}"),
                kind=kind,
                changes=[_change(change, both) for change in those[:SHOWN]],
                more=say(places.lang, "planning.more", n=left) if left > 0 else "",
            )
        )
    return groups


def _both(places: Places, around: Around) -> Places:
    """Places that also know the points of the older plan."""
    if around.old is None or places.plan is None:
        return places
    gone = tuple(point for point in around.old.points if places.plan.find_point(point.id) is None)
    return Places(places.lang, msgspec.structs.replace(places.plan, points=(*places.plan.points, *gone)), places.people)


def _sheet(section: str) -> str:
    return "choices" if section in ("skip_reasons", "alone_reasons") else section


def _change(change: Change, places: Places) -> ChangeSeen:
    name = change.name.say(places.lang)
    if change.section == "people":
        name = places.person(change.id)
    return ChangeSeen(name or change.id, change.id, [_part(change.section, part, places) for part in change.parts])


def _part(section: str, part: Part, places: Places) -> str:
    lang, member = places.lang, caption(places.lang, section, part.member)
    if part.gone or part.come:
        points = [f"- {places.point(point)}" for point in part.gone] + [
            f"+ {places.point(point)}" for point in part.come
        ]
        return f"{member}: {_few(points, lang)}"
    was, becomes = (each.say(lang) if isinstance(each, Text) else each for each in (part.was, part.becomes))
    if not was and not becomes:
        return member
    return say(lang, "planning.was_becomes", member=member, was=was or "∅", becomes=becomes or "∅")


def _affects(
    new: Plan, around: Around, found: Sequence[Change], joining: Sequence[Person], places: Places, now: int
) -> list[str]:
    """One sentence each, the weightiest first."""
    lang, old = places.lang, Places(places.lang, around.old or new, places.people)
    what = effect(around.old, new, found)
    at = begins(new)
    first, last = ((old.local(at) - ago).date() for ago in (LONG_WINDOW, timedelta(0)))
    kept = {slot.round for _, slot in windows((new,), first, last)}
    known = [slot for _, slot in windows(around.plans, first, last)] if around.plans else []
    open_then = [each for each in known if millis(each.opens) < at < millis(each.closes) and each.round not in kept]
    silent = [each.device.name for each in around.handhelds if each.is_silent(now)]
    lost = superseded(around.plans, new, now)
    sentences = {
        "open_windows": [old.schedule(slot.schedule, slot.route) for slot in open_then],
        "open_rounds": [old.schedule(each.schedule, each.route) for each in around.running],
        "void_labels": [_thing(kind, id, old) for kind, id in what.void_labels] if around.old else [],
        "void_tags": [f"{old.point(point)} {tag}" for point, tag in what.void_tags],
        "leaving": [places.person(person) for person in what.leaving],
        "joining": [places.person(person) for person in what.joining],
        "new_people": [places.person(person.id) for person in joining],
        "affects_routes": [places.schedule("", route) for route in what.routes] if around.old else [],
        "affects_posts": [post.name.say(lang) for post in new.posts if post.id in what.posts] if around.old else [],
        "new_labels": [_thing(kind, id, places) for kind, id in what.new_labels],
        "new_tags": [f"{places.point(point)} {tag}" for point, tag in what.new_tags] if around.old else [],
        "silent": silent,
    }
    said = [say(lang, f"planning.{key}", names=_few(names, lang)) for key, names in sentences.items() if names]
    here = [each for each in around.handhelds if each.device.revoked_at is None and each.device.book is not None]
    gone = [say(lang, "planning.superseded", n=each.revision) for each in lost]
    return [*gone, *said, *([say(lang, "planning.handhelds", n=len(here))] if here else [])]


def _thing(kind: str, id: str, places: Places) -> str:
    if kind == "point":
        return places.point(id)
    found = places.plan.find_asset(id) if places.plan else None
    return (found.name.say(places.lang) if found else "") or id


def _few(names: Sequence[str], lang: str) -> str:
    different = list(dict.fromkeys(names))
    left = len(different) - NAMES
    more = [say(lang, "planning.more", n=left)] if left > 0 else []
    return ("、" if lang == "zh" else ", ").join([*different[:NAMES], *more])
