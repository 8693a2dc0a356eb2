"""Nodes of a plan that grow row by row while a workbook is read, each knowing the cell that it came from."""

from typing import NamedTuple

from sync.office.plan_faults import Spot
from sync.office.plan_nodes import Entry, Leaf, Node, Refused, Row, Table
from sync.office.plan_sheets import Col


class Draft:
    """A table or a list that grows row by row."""

    def __init__(self, spot: Spot, *, is_list: bool = False) -> None:
        self.spot = spot
        self.entries: dict[str, Node | Draft] = {}
        self.items: list[Node | Draft] = []
        self.is_list = is_list

    def below(self, key: str, spot: Spot, *, is_list: bool = False) -> "Draft":
        """What stands under `key`, begun at `spot` when it is not there."""
        found = self.entries.get(key)
        if not isinstance(found, Draft):
            where = f"{self.spot.where}.{key}".removeprefix(".")
            found = self.entries[key] = Draft(Spot(spot.line, where, spot.sheet, spot.column), is_list=is_list)
        return found

    def node(self) -> Node:
        if self.is_list:
            return Row(self.spot, tuple(node_of(item) for item in self.items))
        entries = ((key, node_of(each)) for key, each in self.entries.items())
        return Table(self.spot, tuple(Entry(key, node.spot.line, node) for key, node in entries))


def node_of(each: "Node | Draft") -> Node:
    return each.node() if isinstance(each, Draft) else each


class Line(NamedTuple):
    """One row of a sheet: what its known columns hold."""

    spot: Spot
    cells: dict[tuple[str, str], tuple[Col, Leaf | Refused]]
    """By heading and language."""

    def get(self, heading: str, lang: str = "") -> Leaf | Refused | None:
        found = self.cells.get((heading, lang))
        return found[1] if found else None


def rooms(units: Draft) -> "Node | Draft":
    """Units without names are a list of numbers."""
    named = any(unit.entries for unit in units.entries.values() if isinstance(unit, Draft))
    if named:
        return units
    return Row(units.spot, tuple(Leaf(unit.spot, id, quoted=True) for id, unit in units.entries.items()))


def under(spot: Spot, home: Draft, way: str) -> Spot:
    return Spot(spot.line, f"{home.spot.where}{way}", spot.sheet, spot.column)


def at(leaf: Leaf | Refused, where: str) -> Leaf | Refused:
    spot = Spot(leaf.spot.line, where, leaf.spot.sheet, leaf.spot.column)
    return Leaf(spot, leaf.text, quoted=True) if isinstance(leaf, Leaf) else Refused(spot)
