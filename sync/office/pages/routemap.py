"""The route as a drawing: the points in the plan's order as a line with turns, how each was found, and the way that was
really walked. A plan has no coordinates, so this tells order, not distance.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from app.text import fit

STEP_X: Final = 84
STEP_Y: Final = 78
LEFT, TOP = 42, 24
LABEL: Final = 12
"""Columns of a name below its point."""
NARROW, WIDE = 4, 10
"""Points in a row, on a telephone and on a screen."""


class Place(Struct, frozen=True):
    """One point of the route, in the plan's order."""

    name: str
    colour: str
    """Of its verdict."""
    word: str
    reached: int | None
    """1, 2, 3 … in the order in which points were reached."""
    time: str
    href: str


class Node(Struct, frozen=True):
    x: int
    y: int
    label: str
    number: str
    place: Place


class RouteMap(Struct, frozen=True):
    kind: str
    """`narrow` or `wide`: the style shows one of them."""
    width: int
    height: int
    planned: str
    """The plan's order as the points of a polyline."""
    walked: str
    """The way that was walked, likewise; empty when no point was reached before an earlier one."""
    nodes: list[Node]


def draw_both(places: Sequence[Place]) -> list[RouteMap]:
    return [_draw(places, "narrow", NARROW), _draw(places, "wide", WIDE)] if places else []


def _draw(places: Sequence[Place], kind: str, columns: int) -> RouteMap:
    nodes = [_node(number, place, columns) for number, place in enumerate(places)]
    rows = -(-len(places) // columns)
    reached = [node for node in nodes if node.place.reached is not None]
    walked = sorted(reached, key=lambda node: node.place.reached or 0)
    turned = any(nodes.index(after) < nodes.index(before) for before, after in pairwise(walked))
    return RouteMap(
        kind=kind,
        width=LEFT * 2 + STEP_X * (min(columns, len(places)) - 1),
        height=TOP + STEP_Y * rows - 14,
        planned=_line(nodes),
        walked=_line(walked) if turned else "",
        nodes=nodes,
    )


def _node(number: int, place: Place, columns: int) -> Node:
    """Every second row runs back, so that the line never jumps."""
    row, column = divmod(number, columns)
    at = column if row % 2 == 0 else columns - 1 - column
    done = str(place.reached) if place.reached is not None else "-"
    return Node(LEFT + STEP_X * at, TOP + STEP_Y * row, fit(place.name, LABEL), done, place)


def _line(nodes: Sequence[Node]) -> str:
    return " ".join(f"{node.x},{node.y}" for node in nodes)
