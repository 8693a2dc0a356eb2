"""Equipment as the crew looks it up (D10, D17)."""

from msgspec import Struct

from app.cards import AssetCard, Matter, Noted, Reading
from app.duties import equipment
from app.duties.site import Asset, Check, Point
from app.session import Session


class Readings(Struct, frozen=True):
    """The last readings of one check of an asset, oldest first."""

    check: Check
    readings: tuple[Reading, ...]

    @property
    def last(self) -> Reading:
        return self.readings[-1]

    @property
    def values(self) -> tuple[str, ...]:
        """As numbers: of a count, how many were good."""
        return tuple(reading.value.partition("/")[0] for reading in self.readings)


class Equipment(Session):
    """The ledger."""

    def keeps_equipment(self) -> bool:
        """Whether somebody of this crew looks after equipment."""
        return equipment.keeps(self._in_force, self._roles())

    def places_of_assets(self) -> tuple[tuple[Point, tuple[Asset, ...]], ...]:
        """The points where equipment stands, in the plan's order, with what stands there."""
        plan = self._in_force
        found: dict[str, list[Asset]] = {}
        for asset in plan.assets:
            found.setdefault(asset.point, []).append(asset)
        return tuple((point, tuple(found[point.id])) for point in plan.points if point.id in found)

    def find_asset(self, id: str) -> Asset | None:
        return self._in_force.find_asset(id)

    def falling_due(self) -> tuple[Asset, ...]:
        """What falls due for inspection, most urgent first; nothing for a crew that looks after no equipment."""
        found = equipment.falling_due(self._in_force, self.now().date())
        return found if found and self.keeps_equipment() else ()

    def asset_card(self, id: str) -> AssetCard:
        return self._memory.asset(id) or AssetCard()

    def asset_readings(self, id: str) -> tuple[Readings, ...]:
        """Of every check that the plan still has, in the order in which they were first read."""
        found = []
        for key, read in self.asset_card(id).checks.items():
            _, checklist, name = key.split("/", 2)
            check = self._in_force.find_check(checklist, name)
            if check is not None:
                found.append(Readings(check, read))
        return tuple(found)

    def asset_matters(self, id: str) -> tuple[Matter, ...]:
        """Open findings of it, oldest first."""
        found = (self._memory.matter(matter) for matter in self.asset_card(id).matters)
        return tuple(matter for matter in found if matter is not None)

    def asset_noted(self, id: str) -> tuple[Noted, ...]:
        """The last records that name it, newest first."""
        return self.asset_card(id).noted[::-1]
