"""Work by place 按地点干活: what is due today at each place, whichever schedule asks for it (D20-D24).

Cleaners and gardeners do not walk one round after the other: where they are, they do all that is due there. Each window
of each schedule stays a round of its own, so that it is planned, late and missed like any other; several of them are
open at a time (`Tended`), and being at a place reaches the stop of each.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties import rounds
from app.duties.days import millis
from app.duties.rounds import Progress
from app.duties.schedule import Slot, concerns, slots_around
from app.duties.site import Plan, Stop
from app.kinds import PlanNamed


class Due(StrEnum):
    """How one window's work at one place stands; in this order as time goes by."""

    LATER = "later"
    NOW = "now"
    OVERDUE = "overdue"
    """The window is over; it may still be done, and is late then."""
    MISSED = "missed"
    """It is over, and the next window of the same work has begun."""
    DONE = "done"
    SKIPPED = "skipped"


OPEN: Final = (Due.OVERDUE, Due.NOW)


class Task(Struct, frozen=True):
    """What one window asks for at one place."""

    slot: Slot
    stop: Stop
    due: Due


class PlaceToday(Struct, frozen=True):
    """One place with all that today asks for there, in the order in which the windows end."""

    point: str
    tasks: tuple[Task, ...]

    @property
    def open(self) -> tuple[Task, ...]:
        """What is to be done there now."""
        return tuple(task for task in self.tasks if task.due in OPEN)

    @property
    def due(self) -> Due:
        """How the place stands: as the most urgent of its tasks."""
        return min((task.due for task in self.tasks), key=_URGENCY.index)

    @property
    def begun(self) -> bool:
        """Whether some of it could be done by now."""
        return any(task.due is not Due.LATER for task in self.tasks)


_URGENCY: Final = (Due.OVERDUE, Due.NOW, Due.LATER, Due.MISSED, Due.SKIPPED, Due.DONE)


class Past(Struct, frozen=True):
    """What the rounds of one window have reached."""

    done: tuple[str, ...] = ()
    """Stop ids."""
    skipped: tuple[str, ...] = ()
    closes: int = 0
    """When the window ends, UTC ms: until a day after that it is remembered."""
    attempts: int = 0
    """Rounds that were begun for it."""


NOTHING: Final = Past()


class Tended(Struct, frozen=True):
    """Rounds by place: those that are open on this handheld, and what each window has reached so far."""

    open: Mapping[str, Progress] = {}
    """By round id."""
    plans: Mapping[str, PlanNamed] = {}
    """The plan that each of them is done under, by round id."""
    past: Mapping[str, Past] = {}
    """By slot id, what its finished rounds have reached."""

    def reached(self, slot: str) -> Past:
        """What this handheld has done of a window, in finished rounds and in the one that is open."""
        found = self.past.get(slot, NOTHING)
        for progress in self.open.values():
            if rounds.slot_id(progress.round) == slot:
                found = _joined(found, progress)
        return found

    def of_slot(self, slot: str) -> Progress | None:
        """The open round of a window."""
        return next((each for each in self.open.values() if rounds.slot_id(each.round) == slot), None)


KEPT_MS: Final = 24 * 3600 * 1000
MOST: Final = 1000
"""Windows that are remembered, whatever the records say."""


def begun(before: Tended, progress: Progress, plan: PlanNamed) -> Tended:
    """A round was begun; an older one of the same window is over."""
    slot = rounds.slot_id(progress.round)
    if old := before.of_slot(slot):
        before = ended(before, old)
    mine = before.past.get(slot, NOTHING)
    mine = replace(mine, attempts=mine.attempts + 1, closes=millis(progress.closes))
    kept = {id: past for id, past in before.past.items() if past.closes > progress.started - KEPT_MS and id != slot}
    return Tended(
        {**before.open, progress.round: progress},
        {**before.plans, progress.round: plan},
        dict(list({**kept, slot: mine}.items())[-MOST:]),
    )


def went_on(before: Tended, progress: Progress) -> Tended:
    """`progress` is how an open round stands now."""
    return replace(before, open={**before.open, progress.round: progress})


def ended(before: Tended, progress: Progress) -> Tended:
    """A round was finished."""
    slot = rounds.slot_id(progress.round)
    past = before.past.get(slot, NOTHING)
    return Tended(
        {id: each for id, each in before.open.items() if id != progress.round},
        {id: each for id, each in before.plans.items() if id != progress.round},
        {**before.past, slot: _joined(past, progress)},
    )


def _joined(past: Past, progress: Progress) -> Past:
    done = [visit.stop for visit in progress.visits if visit.done and visit.skipped is None]
    skipped = [visit.stop for visit in progress.visits if visit.skipped is not None]
    done = list(dict.fromkeys([*past.done, *done]))
    left_out = tuple(stop for stop in dict.fromkeys([*past.skipped, *skipped]) if stop not in done)
    return replace(past, done=tuple(done), skipped=left_out)


# -- today ---------------------------------------------------------------------------------------


def areas_of(plan: Plan, people: Collection[str]) -> frozenset[str] | None:
    """Where `people` work by place, as their teams say; None: everywhere, as soon as one of them is bound to no area.

    Whoever leads a team goes where those of it are who are here.
    """
    found: set[str] = set()
    leaders = {team.leader for team in plan.teams}
    for person in [each for each in people if each not in leaders] or people:
        teams = [team for team in plan.teams if person in team.members]
        if not teams or not all(team.areas for team in teams):
            return None
        found.update(area for team in teams for area in team.areas)
    return frozenset(found) or None


def today(
    plan: Plan,
    tended: Tended,
    roles: Collection[str],
    at: datetime,
    since: datetime | None = None,
    areas: Collection[str] | None = None,
) -> tuple[PlaceToday, ...]:
    """The places of `areas` where something is due around `at` for `roles`, in the plan's order.

    What was over before the shift began, at `since`, is left out unless it was begun here: another crew may have done
    it.
    """
    found: dict[str, list[tuple[float, int, Task]]] = {}
    for slots in _windows(plan, roles, at):
        begun = sum(opens <= at.timestamp() for opens, _ in slots)
        for place, (_, slot) in enumerate(slots):
            past, closes = tended.reached(slot.round), slot.closes.timestamp()
            if since is not None and slot.closes <= since and past == NOTHING:
                continue
            due = _by_time(at.timestamp(), closes, begun=place < begun, again=place + 1 < begun)
            for stop in plan.route(slot.route).stops:
                listed = found.setdefault(stop.point, [])
                listed.append((closes, len(listed), Task(slot, stop, _due(stop, past, due))))
    return tuple(
        PlaceToday(point.id, tuple(task for *_, task in sorted(found[point.id])))
        for point in plan.points
        if point.id in found and (areas is None or point.area in areas)
    )


def _windows(plan: Plan, roles: Collection[str], at: datetime) -> Iterable[list[tuple[float, Slot]]]:
    """Of each route done by place, its windows around `at` in order, each with when it opens: seconds since 1970."""
    by_route: dict[str, list[tuple[float, Slot]]] = {}
    for schedule in plan.schedules:
        if schedule.route in plan.by_place and concerns(plan.route(schedule.route).roles, roles):
            slots = ((slot.opens.timestamp(), slot) for slot in slots_around(plan, schedule, at))
            by_route.setdefault(schedule.route, []).extend(slots)
    for found in by_route.values():
        yield sorted(found, key=lambda pair: pair[0])


def _by_time(now: float, closes: float, *, begun: bool, again: bool) -> Due:
    """How a window's work stands that nobody has done."""
    if not begun:
        return Due.LATER
    if now < closes:
        return Due.NOW
    return Due.MISSED if again else Due.OVERDUE


def _due(stop: Stop, past: Past, by_time: Due) -> Due:
    if stop.id in past.done:
        return Due.DONE
    return Due.SKIPPED if stop.id in past.skipped else by_time


def progress(places: Iterable[PlaceToday]) -> tuple[int, int]:
    """(places where all that is due by now is done or left out, places where something is due by now)."""
    begun = [place for place in places if place.begun]
    return sum(not place.open for place in begun), len(begun)


def in_order(places: Iterable[PlaceToday], last: str | None = None) -> tuple[PlaceToday, ...]:
    """Where to go, in order: what is overdue first, then by when it must be done, and among those in the plan's order
    onward from `last`, where the crew is. Places with nothing to do now are not among them."""
    listed = list(places)
    here = next((index for index, place in enumerate(listed) if place.point == last), -1)
    ways = {place.point: (index - here - 1) % max(1, len(listed)) for index, place in enumerate(listed)}
    wanted = [place for place in listed if place.open]
    return tuple(sorted(wanted, key=lambda place: (place.due is Due.NOW, _closes(place), ways[place.point])))


def _closes(place: PlaceToday) -> float:
    return min(task.slot.closes.timestamp() for task in place.open)


def later(places: Iterable[PlaceToday], at: datetime) -> datetime | None:
    """When the next of what is to be done later may begin."""
    opens = [task.slot.opens for place in places for task in place.tasks if task.due is Due.LATER]
    return min((each for each in opens if each > at), default=None)


def turns(places: Iterable[PlaceToday]) -> list[float]:
    """When a window of these opens or closes: seconds since 1970."""
    slots = {task.slot for place in places for task in place.tasks}
    return [edge.timestamp() for slot in slots for edge in (slot.opens, slot.closes)]


def over(tended: Tended, plan: Plan, at: datetime) -> tuple[Progress, ...]:
    """Open rounds in which nothing is to be done any more: all is done, or the next window of the same work began."""
    return tuple(each for each in tended.open.values() if not rounds.remaining(each) or _superseded(each, plan, at))


def _superseded(progress: Progress, plan: Plan, at: datetime) -> bool:
    if at.timestamp() < progress.closes.timestamp():
        return False
    mine = [schedule for schedule in plan.schedules if schedule.route == progress.route]
    slots = (slot for schedule in mine for slot in slots_around(plan, schedule, at))
    return any(progress.opens.timestamp() < slot.opens.timestamp() <= at.timestamp() for slot in slots)


def here(tended: Tended, plan: Plan) -> dict[str, str]:
    """The stops that were reached and whose checks are open, by round id."""
    return {id: each.at_stop for id, each in tended.open.items() if each.at_stop is not None}
