"""Names from the plan, also of what the plan in hand no longer holds: then its id is shown.

A round keeps the plan it was started under, the due list follows the newest one, and finished rounds may
be older than both.
"""

from app.duties.rounds import stop_of
from app.duties.site import Plan, Point, Schedule, Stop


def schedule_of(plan: Plan, name: str) -> Schedule | None:
    return next((each for each in plan.schedules if each.id == name), None)


def schedule_name(plan: Plan, name: str, lang: str) -> str:
    found = schedule_of(plan, name)
    return found.name.say(lang) if found else name


def point_of(plan: Plan, stop: Stop | None) -> Point | None:
    return next((point for point in plan.points if stop and point.id == stop.point), None)


def route_stop(plan: Plan, route: str, stop: str) -> Stop | None:
    found = next((each for each in plan.routes if each.id == route), None)
    return stop_of(found, stop) if found else None


def in_free_order(plan: Plan, route: str) -> bool:
    """Whether a route may be walked in any order: then nothing is left behind until its end."""
    found = next((each for each in plan.routes if each.id == route), None)
    return found is not None and found.order == "free"


def stop_name(plan: Plan, route: str, stop: str, lang: str) -> str:
    """The place of a stop, as the crew says it."""
    point = point_of(plan, route_stop(plan, route, stop))
    return point.name.say(lang) if point else stop
