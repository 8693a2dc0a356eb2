"""Blind spots 巡查死角 (D5): points on no active route, routes that nobody walks, points where nobody is proved to be.

A route is active when a schedule asks for it today or later. Whoever judges brings what was walked and proved.
"""

from collections.abc import Collection
from datetime import date

from msgspec import Struct

from app.duties.site import Plan


class Blind(Struct, frozen=True):
    uncovered: tuple[str, ...]
    """Points that no active route passes, in the plan's order."""
    unwalked: tuple[tuple[str, tuple[str, ...]], ...]
    """Routes with their schedules, none of them walked; without any, a route that nobody is asked to walk."""
    unproven: tuple[str, ...]
    """Points on an active route where nobody was proved to be."""


def blind_spots(plan: Plan, today: date, walked: Collection[str], proved: Collection[str]) -> Blind:
    """`walked`: schedules, `proved`: points, both within the time that is looked at."""
    asked: dict[str, list[str]] = {}
    for schedule in plan.schedules:
        if schedule.until is None or schedule.until >= today.isoformat():
            asked.setdefault(schedule.route, []).append(schedule.id)
    covered = {stop.point for route in plan.routes if route.id in asked for stop in route.stops}
    return Blind(
        uncovered=tuple(point.id for point in plan.points if point.id not in covered),
        unwalked=tuple(
            (route.id, tuple(asked.get(route.id, ())))
            for route in plan.routes
            if not any(schedule in walked for schedule in asked.get(route.id, ()))
        ),
        unproven=tuple(point.id for point in plan.points if point.id in covered and point.id not in proved),
    )
