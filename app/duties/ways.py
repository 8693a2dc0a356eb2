"""The way between points: how long somebody was on it, and what nobody can beat.

Times come from the records; lengths of ways are seconds that the plan lists between the stops of a route.
"""

from typing import Final, Protocol

from msgspec import Struct

from app.duties.site import Plan, Route

SLOWEST: Final = 2
"""An ordinary walk takes at most so many times what nobody can beat."""
CLOCK_JUMP_MS: Final = 60_000
"""Wall clock and boot clock may differ this much between two stops of one boot; more is marked."""


class Instant(Protocol):
    """When something happened: a record, or the handheld's moment."""

    @property
    def at(self) -> int:
        """UTC ms."""

    @property
    def up(self) -> int:
        """Milliseconds since boot."""

    @property
    def boot(self) -> str: ...


class Seen(Protocol):
    """When a stop or a point was reached; None where it was not."""

    @property
    def at(self) -> int | None: ...
    @property
    def up(self) -> int | None: ...
    @property
    def boot(self) -> str: ...


class Place(Struct, frozen=True):
    """Where a handheld's last arrival was, of whatever round."""

    point: str
    at: int
    """UTC ms."""
    up: int
    boot: str


def walk_s(route: Route, here: str, there: str) -> int:
    """Seconds that nobody can beat from stop `here` to stop `there`; 0 when unknown.

    Along a fixed route the listed times add up, forwards and back. A route in free or shuffled order
    says nothing about two stops that are not listed side by side: there may be a shorter way.
    """
    places = {stop.id: place for place, stop in enumerate(route.stops)}
    if here not in places or there not in places:
        return 0
    first, last = sorted((places[here], places[there]))
    if route.order != "fixed" and last - first > 1:
        return 0
    return sum(stop.walk_s for stop in route.stops[first + 1 : last + 1])


def least_walk_s(plan: Plan, here: str, there: str) -> int:
    """Seconds that nobody can beat from point `here` to point `there`, whatever the way; 0 when unknown.

    Known for points that some route lists side by side. Between others the listed times do not add up, since there may
    be a shorter way; but where one leg is longer than all the rest of the listing at half the speed, the difference is.
    """
    if here == there:
        return 0
    legs = [_legs(route, here, there) for route in plan.routes]
    known = [each for each in legs if each and all(each)]
    if direct := [each[0] for each in known if len(each) == 1]:
        return min(direct)
    return max((max(0, max(each) - SLOWEST * (sum(each) - max(each))) for each in known), default=0)


def _legs(route: Route, here: str, there: str) -> list[int]:
    """The listed seconds between two points of a route, where it comes to both; the fewest legs."""
    places = [place for place, stop in enumerate(route.stops) if stop.point == here]
    others = [place for place, stop in enumerate(route.stops) if stop.point == there]
    pairs = [sorted((one, other)) for one in places for other in others]
    first, last = min(pairs, key=lambda pair: pair[1] - pair[0], default=(0, 0))
    return [stop.walk_s for stop in route.stops[first + 1 : last + 1]]


def is_impossible(plan: Plan, place: Place, point: str, when: Instant) -> bool:
    """Whether nobody gets from `place` to `point` by then."""
    took = elapsed(place, when)
    return took is not None and took < least_walk_s(plan, place.point, point) * 1000


def is_too_fast(route: Route, last: Seen, before: str, stop: str, when: Instant) -> bool:
    """Whether the walk from the stop `before`, reached at `last`, took less than the route lists."""
    took = elapsed(last, when)
    return took is not None and took < walk_s(route, before, stop) * 1000


def elapsed(last: Seen, when: Instant) -> int | None:
    """Milliseconds since `last`: by the boot clock within one boot, else by the wall clock if it did not run back.

    None when that cannot be told.
    """
    if last.at is None or last.up is None:
        return None
    took = when.up - last.up if last.boot == when.boot else when.at - last.at
    return took if took >= 0 else None


def passed(last: Instant, now: Instant) -> int:
    """Milliseconds since `last`: by the boot clock, whatever the wall clock is set to. After a restart by the wall
    clock, unless that ran back: the handheld has been up for a while at least.
    """
    return max(0, now.up - last.up if now.boot == last.boot else max(now.at - last.at, now.up))


def clock_jumped(last: Seen, when: Instant) -> bool:
    """Whether the wall clock was moved since."""
    if last.at is None or last.up is None:
        return False
    if last.boot != when.boot:
        return when.at < last.at
    return abs((when.at - last.at) - (when.up - last.up)) > CLOCK_JUMP_MS
