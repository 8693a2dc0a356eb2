"""Names from the plan, also of what the plan in hand no longer holds: then its id is shown.

A round keeps the plan it was started under, the due list follows the newest one, and finished rounds may
be older than both.
"""

from typing import TYPE_CHECKING

from app.duties.rounds import stop_of
from app.duties.site import Plan, Point, Stop
from app.words import say

if TYPE_CHECKING:
    from app.duties.procedures import Run


def schedule_name(plan: Plan, name: str, lang: str) -> str:
    found = plan.find_schedule(name)
    return found.name.say(lang) if found else name


def procedure_name(plan: Plan, run: "Run", lang: str) -> str:
    """What runs, what it is about where there are several, and whether it is a drill."""
    procedure = next((each for each in plan.procedures if each.id == run.procedure), None)
    asset = plan.find_asset(run.about)
    said = (
        procedure.name.say(lang) if procedure else run.procedure,
        asset.name.say(lang) if asset else run.about,
        say(lang, "procedures.exercise") if run.exercise else "",
    )
    return " ".join(part for part in said if part)


def point_of(plan: Plan, stop: Stop | None) -> Point | None:
    return plan.find_point(stop.point) if stop else None


def route_stop(plan: Plan, route: str, stop: str) -> Stop | None:
    found = plan.find_route(route)
    return stop_of(found, stop) if found else None


def stop_name(plan: Plan, route: str, stop: str, lang: str) -> str:
    """The place of a stop, as the crew says it."""
    point = point_of(plan, route_stop(plan, route, stop))
    return point.name.say(lang) if point else stop
