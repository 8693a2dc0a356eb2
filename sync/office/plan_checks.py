"""A plan as a whole: do its ids lead somewhere, can everything be told apart, does it make sense?

Looks at a plan that has been read as far as it goes, and at the nodes it came from for the lines.
Faults are what a handheld could not work with; warnings are what a manager will want to know.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from app.duties.schedule import RuleRefused, Slot, parse_rule, slots
from app.duties.site import GENERIC, Asset, Check, People, Plan, Point, Route, Schedule, Stop, Text
from app.text import cells
from sync.office.plan_faults import Faults, Spot
from sync.office.plan_nodes import Leaf, Node, Row, Table, find
from sync.office.plan_tags import SHARED_UUID

ONE_LINE: Final = 36
"""Cells of a handheld's line behind its margin; a longer text is cut there."""
NIGHT: Final = ("22:00", "06:00")
"""When a patrol is walked by two (D2)."""
DAY: Final = 1440
"""Minutes; a shorter window cannot reach the next day's."""
LOOK_AHEAD: Final = (timedelta(days=62), timedelta(days=800), timedelta(days=12 * 366))
"""How far windows are tried out, the cheapest first; the last is how far a rule may wait for its first day."""
ENOUGH: Final = 24
"""Windows without an overlap after which none is expected: two years of months."""
OPTIONAL: Final = ("assets", "checklists", "posts")
"""Sections that nobody misses until something leads into them."""
ANY_DAY: Final = "2026-01-01"
"""A rule whose first date is unreadable is checked all the same, from here."""


def check_plan(plan: Plan, top: Node, people: People | None, faults: Faults) -> None:
    """Report everything wrong with the plan as a whole. `people` is None when it is not known who there is."""
    for check in (_references, _tags, _sensors, _codes, _schedules, _calendar, _teams, _wide):
        check(plan, top, faults)
    if people is not None:
        _responsible(plan, top, people, faults)
    if not faults.errors:  # while something leads nowhere, much would look unused that is not
        for advice in (_unvisited, _unused, _careful):
            advice(plan, top, faults)


def check_reused(plan: Plan, top: Node, earlier: Sequence[Plan], faults: Faults) -> None:
    """No id of a point or an asset comes back as something else (decision 22): records and labels know the old one.

    `earlier` are the site's revisions, oldest first. What stands in the newest of them goes on, whatever its name;
    what came back under the name it had is the same thing.
    """
    for group, now in (("points", plan.points), ("assets", plan.assets)):
        held: dict[str, tuple[int, Text]] = {}
        for old in earlier:
            held |= {thing.id: (old.revision, thing.name) for thing in _things(old, group)}
        for thing in now:
            revision, name = held.get(thing.id, (0, thing.name))
            if revision and revision != earlier[-1].revision and name != thing.name:
                spot = find(top, group, thing.id)
                faults.add(spot, "reused_id", name=thing.id, revision=revision, was=name.say("zh"))


def _things(plan: Plan, group: str) -> tuple[Point, ...] | tuple[Asset, ...]:
    return plan.points if group == "points" else plan.assets


def check_people(people: People, top: Node, faults: Faults) -> None:
    """Two people with one staff number could not be told apart."""
    seen: dict[str, Spot] = {}
    for person in people.people:
        spot = find(top, "people", person.id, "number")
        if person.number and (first := seen.setdefault(person.number, spot)) is not spot:
            faults.add(spot, "same_number", number=person.number, first=first.place)


# Ids that lead somewhere


def _ids(top: Node, group: str) -> frozenset[str]:
    """Every id written in a group, also of things that have faults of their own."""
    node = top.get(group) if isinstance(top, Table) else None
    return frozenset(entry.key for entry in node.entries) if isinstance(node, Table) else frozenset()


def _references(plan: Plan, top: Node, faults: Faults) -> None:
    groups = ("areas", "points", "assets", "checklists", "routes", "posts", "categories")
    known = {group: _ids(top, group) for group in groups}
    told: set[tuple[Spot, str]] = set()
    lost: dict[str, list[Spot]] = {}
    for spot, group, name in _pointers(plan, top):
        if not name or name in known[group] or (spot, name) in told:
            continue
        told.add((spot, name))
        if _has(top, group):
            _unknown(spot, group, name, known[group], faults)
        else:
            lost.setdefault(group, []).append(spot)
    for group, spots in lost.items():
        if group in OPTIONAL and find(top, group) is top.spot:
            faults.add(spots[0], "no_section", name=group, count=len(spots))


def _has(top: Node, group: str) -> bool:
    """Whether a section can be read. Of one that cannot, that is told; not every id that leads into it."""
    return isinstance(top, Table) and isinstance(top.get(group), Table)


def _pointers(plan: Plan, top: Node) -> Iterator[tuple[Spot, str, str | None]]:
    """(where it stands, group it points into, id) of every id that points to something else."""
    for point in plan.points:
        yield find(top, "points", point.id, "area"), "areas", point.area
    for asset in plan.assets:
        yield find(top, "assets", asset.id, "point"), "points", asset.point
    for spot, check in _checks(plan):
        yield find(top, *spot, "asset"), "assets", check.asset
        yield _nearer(top, spot, spot[:2], "category"), "categories", check.category
    for route in plan.routes:
        for index, stop in enumerate(route.stops):
            path = ("routes", route.id, "stops", index)
            yield find(top, *path, "point"), "points", stop.point
            yield _nearer(top, path, path[:2], "checklist"), "checklists", stop.checklist
    for schedule in plan.schedules:
        yield find(top, "schedules", schedule.id, "route"), "routes", schedule.route
        yield find(top, "schedules", schedule.id, "post"), "posts", schedule.post
    for team in plan.teams:
        for index, area in enumerate(team.areas):
            yield find(top, "teams", team.id, "areas", index), "areas", area
    for register in plan.registers:
        yield find(top, "registers", register.id, "post"), "posts", register.post
    for procedure in plan.procedures:
        for index, about in enumerate(procedure.about):
            yield find(top, "procedures", procedure.id, "about", index), "assets", about
        for called in procedure.teams:
            yield find(top, "procedures", procedure.id, "teams", called.id, "point"), "points", called.point


def _checks(plan: Plan) -> Iterator[tuple[tuple[str, ...], Check]]:
    for checklist in plan.checklists:
        for check in checklist.checks:
            yield ("checklists", checklist.id, "checks", check.id), check


def _nearer(top: Node, own: tuple[str | int, ...], common: tuple[str | int, ...], key: str) -> Spot:
    """Where `key` stands: with the thing itself, or with what gives it to all in it."""
    spot, shared = find(top, *own, key), find(top, *common, key)
    return spot if spot.where.endswith(f".{key}") or not shared.where.endswith(f".{key}") else shared


def _unknown(spot: Spot, group: str, name: str, known: frozenset[str], faults: Faults) -> None:
    if near := faults.near(name, known):
        faults.add(spot, f"unknown_{group}_near", name=name, near=near)
    else:
        faults.add(spot, f"unknown_{group}", name=name)


def _responsible(plan: Plan, top: Node, people: People, faults: Faults) -> None:
    known = frozenset(person.id for person in people.people)
    for area in plan.areas:
        if area.person and area.person not in known:
            _unknown(find(top, "areas", area.id, "person"), "people", area.person, known, faults)
    for spot, person in _granted(top):
        if person not in known:
            _unknown(spot, "people", person, known, faults)


def _teams(plan: Plan, top: Node, faults: Faults) -> None:
    """The leader and everybody of a team work at this site, and the members may be signed in by the leader."""
    granted = {grant.person for grant in plan.grants}
    if not granted:
        return
    for team in plan.teams:
        if team.leader and team.leader not in granted:
            faults.add(find(top, "teams", team.id, "leader"), "team_stranger", person=team.leader)
        for index, person in enumerate(team.members):
            spot = find(top, "teams", team.id, "members", index)
            if person not in granted:
                faults.add(spot, "team_stranger", person=person)
            elif not plan.may_sign_in(person, "leader"):
                faults.add(spot, "team_not_let", person=person)


def _granted(top: Node) -> Iterator[tuple[Spot, str]]:
    """(where it stands, person) of everybody who is granted a role."""
    roles = top.get("roles") if isinstance(top, Table) else None
    for each in roles.items if isinstance(roles, Row) else ():
        if isinstance(each, Table) and isinstance(person := each.get("person"), Leaf):
            yield person.spot, person.text
    for entry in roles.entries if isinstance(roles, Table) else ():
        for item in entry.node.items if isinstance(entry.node, Row) else ():
            if isinstance(item, Leaf):
                yield item.spot, item.text


# Things that must be told apart


def _tags(plan: Plan, top: Node, faults: Faults) -> None:
    seen: dict[tuple[str, str], tuple[str, Spot]] = {}
    shared: list[Spot] = []
    ruled: list[Spot] = []
    measured = {stop.point for _, stop, _ in _asked_of_sensors(plan)}
    for point in plan.points:
        for index, tag in enumerate(point.tags):
            spot = find(top, "points", point.id, "tags", index)
            names = [(tag.format, tag.id)] + ([("address", tag.address)] if tag.address else [])
            for name in names:
                other, first = seen.setdefault(name, (point.id, spot))
                if first is not spot and (name[0] != "address" or other != point.id):
                    faults.add(spot, "same_tag", tag=name[1], point=other, first=first.place)
            if tag.format == "ibeacon" and tag.id.startswith(SHARED_UUID):
                shared.append(spot)
            if tag.format == GENERIC and not plan.tag_rules:
                ruled.append(spot)
            if not tag.places and not (tag.sender and point.id in measured):
                faults.warn(spot, "never_near", format=tag.format)
    if ruled and (not isinstance(top, Table) or top.get("tag_rules") is None):  # else told where they stand
        faults.add(ruled[0], "no_rule")
    if shared:
        faults.warn(shared[0], "shared_uuid", uuid=SHARED_UUID, count=len(shared))


def _sensors(plan: Plan, top: Node, faults: Faults) -> None:
    """A check that a sensor answers stands only where there is one."""
    for (route, index), stop, check in _asked_of_sensors(plan):
        point = plan.find_point(stop.point)
        if point is not None and not any(tag.sender for tag in point.tags):
            spot = _nearer(top, ("routes", route.id, "stops", index), ("routes", route.id), "checklist")
            faults.add(spot, "no_sensor", check=check.id, measure=check.sensor, point=point.id)


def _asked_of_sensors(plan: Plan) -> Iterator[tuple[tuple[Route, int], Stop, Check]]:
    """Every stop with a check that a sensor answers, and where it stands."""
    asked = {checklist.id: [check for check in checklist.checks if check.sensor] for checklist in plan.checklists}
    for route in plan.routes:
        for index, stop in enumerate(route.stops):
            for check in asked.get(stop.checklist or "", ()):
                yield (route, index), stop, check


def _codes(plan: Plan, top: Node, faults: Faults) -> None:
    seen: dict[str, tuple[str, Spot]] = {}
    for point in plan.points:
        spot = find(top, "points", point.id, "code")
        other, first = seen.setdefault(point.code, (point.id, spot))
        if point.code and first is not spot:
            faults.add(spot, "same_code", code=point.code, point=other, first=first.place)


# Schedules and days


def _schedules(plan: Plan, top: Node, faults: Faults) -> None:
    routes = {route.id: route for route in plan.routes}
    for schedule in plan.schedules:
        _due(plan, schedule, top, faults)
        _crew(schedule, routes.get(schedule.route), top, faults)
        if route := routes.get(schedule.route):
            walk = sum(stop.walk_s for stop in route.stops)
            if walk > schedule.minutes * 60:
                spot = find(top, "schedules", schedule.id, "minutes")
                faults.add(spot, "walk_longer", walk=-(-walk // 60), minutes=schedule.minutes)


def _due(plan: Plan, schedule: Schedule, top: Node, faults: Faults) -> None:
    """A rule that can be followed, comes round at all, and whose windows do not overlap."""
    where = ("schedules", schedule.id)
    begins = date.fromisoformat(schedule.begins or ANY_DAY)
    try:
        if schedule.rule:
            parse_rule(schedule.rule, begins)
    except RuleRefused as e:
        faults.add(find(top, *where, "rule"), e.key, **e.fields)
        return
    if not (schedule.rule and schedule.begins and schedule.start):
        return
    if schedule.until and schedule.until < schedule.begins:
        faults.add(find(top, *where, "until"), "until_before_begins", until=schedule.until, begins=schedule.begins)
        return
    if schedule.until or schedule.days != "all" or schedule.minutes > DAY:
        _windows(plan, schedule, begins, top, faults)


def _windows(plan: Plan, schedule: Schedule, begins: date, top: Node, faults: Faults) -> None:
    """At least one window, and each over before the next begins (a handheld would cut it there)."""
    for ahead in LOOK_AHEAD:
        windows = slots(plan, schedule, begins, begins + ahead)
        if two := next((pair for pair in pairwise(windows) if _overlap(schedule, *pair)), None):
            first, then = (f"{slot.opens:%Y-%m-%d %H:%M}" for slot in two)
            spot = find(top, "schedules", schedule.id, "minutes")
            faults.add(spot, "overlap", minutes=schedule.minutes, first=first, next=then)
            return
        if windows and (schedule.minutes <= DAY or len(windows) > ENOUGH):
            return
    if not windows:
        faults.add(find(top, "schedules", schedule.id, "rule"), "never_due")


def _overlap(schedule: Schedule, one: Slot, following: Slot) -> bool:
    """By what the clock shows: a clock change shortens no window by itself."""
    end = one.opens.replace(tzinfo=None) + timedelta(minutes=schedule.minutes)
    return end > following.opens.replace(tzinfo=None)


def _crew(schedule: Schedule, route: Route | None, top: Node, faults: Faults) -> None:
    spot = find(top, "schedules", schedule.id)
    if schedule.recheck and schedule.crew < 2:
        faults.add(find(top, "schedules", schedule.id, "recheck"), "recheck_alone")
    elif route and route.kind == "patrol" and schedule.crew < 2 and _at_night(schedule.start):
        faults.warn(spot, "night_alone")


def _at_night(start: str) -> bool:
    return bool(start) and (start >= NIGHT[0] or start < NIGHT[1])


def _calendar(plan: Plan, top: Node, faults: Faults) -> None:
    spot = find(top, "calendar", "workdays")
    for day in plan.calendar.workdays:
        if day in plan.calendar.holidays:
            faults.add(spot, "holiday_and_workday", day=day)
        elif date.fromisoformat(day).weekday() < 5:
            faults.add(spot, "workday_anyway", day=day)


# What a manager will want to know


def _unvisited(plan: Plan, top: Node, faults: Faults) -> None:
    """No blind spots: every point stands on a route that is still due (D5)."""
    active = {s.route for s in plan.schedules if s.until is None or s.until >= plan.effective}
    visited = {stop.point for route in plan.routes if route.id in active for stop in route.stops}
    for point in plan.points:
        if point.id not in visited:
            faults.warn(find(top, "points", point.id), "unvisited")


def _unused(plan: Plan, top: Node, faults: Faults) -> None:
    due = {schedule.route for schedule in plan.schedules}
    used = {stop.checklist for route in plan.routes for stop in route.stops}
    held = {point.area for point in plan.points}
    for route in plan.routes:
        if route.id not in due:
            faults.warn(find(top, "routes", route.id), "route_never_due")
    for checklist in plan.checklists:
        if checklist.id not in used:
            faults.warn(find(top, "checklists", checklist.id), "checklist_unused")
    for area in plan.areas:
        if area.id not in held:
            faults.warn(find(top, "areas", area.id), "area_empty")


def _careful(plan: Plan, top: Node, faults: Faults) -> None:
    """Danger signs that nobody checks (D7), papers that have run out (D17), a control room left alone (D53)."""
    checked = {stop.point for route in plan.routes for stop in route.stops if stop.checklist}
    for point in plan.points:
        if point.danger and point.id not in checked:
            faults.warn(find(top, "points", point.id, "danger"), "danger_unchecked")
    for asset in plan.assets:
        if asset.inspect_by and asset.inspect_by < plan.effective:
            faults.warn(find(top, "assets", asset.id, "inspect_by"), "inspection_overdue", day=asset.inspect_by)
    staying = {role for post in plan.posts if not post.walks for role in post.roles}
    for route in plan.routes:
        for role in staying.intersection(route.roles):
            faults.warn(find(top, "routes", route.id, "roles"), "post_does_not_walk", role=role)


def _wide(plan: Plan, top: Node, faults: Faults) -> None:
    """Texts that a handheld's line would cut."""
    for point in plan.points:
        for key, text in (("name", point.name), ("way", point.way), ("look", point.look)):
            _fits(text, find(top, "points", point.id, key), faults)
    for path, check in _checks(plan):
        _fits(check.text, find(top, *path, "text"), faults)


def _fits(text: Text, spot: Spot, faults: Faults) -> None:
    for words in (text.zh, text.en):
        if cells(words) > ONE_LINE:
            faults.warn(spot, "too_wide", cells=cells(words), limit=ONE_LINE)
