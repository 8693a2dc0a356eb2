"""Being where an order or a finding is, shown by the point's own beacon: what a label shows as well (D32, D34)."""

from app.arrivals import Arrivals
from app.duties import orders
from app.duties.evidence import SILENT, Near, Nearness
from app.duties.findings import Finding
from app.duties.orders import Order, Stage
from app.duties.site import Point
from app.kinds.evidence import BleEvidence, Evidence
from app.kinds.orders import OrderArrived
from app.ports import Sighting
from app.session import act
from app.work import Work


class OnSite(Work, Arrivals):
    """What the radio hears for a page that waits for a place of its own."""

    def point_of_order(self, order: Order) -> Point | None:
        """Where one of the crew is awaited whose beacon would show it."""
        coming = order.stage in (Stage.ACCEPTED, Stage.GOING) and self.is_ours(order)
        return self._beaconed(order.point) if coming else None

    def point_of_finding(self, finding: Finding) -> Point | None:
        """Where a finding that was put right is looked at again."""
        return self._beaconed(finding.point) if finding.corrected is not None else None

    def _beaconed(self, id: str | None) -> Point | None:
        point = self._in_force.find_point(id) if id else None
        return point if point is not None and point.beacons else None

    @act
    async def near_order(self, order: str, sighting: Sighting) -> tuple[Near, Order | None]:
        """One sighting while the crew goes there: how near, and the order once that shows being there."""
        found = self._order(order)
        point = self.point_of_order(found)
        near, proof = self._heard_at(point, sighting) if point else (SILENT, None)
        if point is None or proof is None or not isinstance(orders.arrive(found, self._at(), proved=True), Order):
            return near, None
        await self._write(OrderArrived(order, point.id, True, "near", Evidence(ble=proof)))
        return near, self._order(order)

    async def near_finding(self, finding: str, sighting: Sighting) -> tuple[Near, BleEvidence | None]:
        """One sighting before a re-check: how near its place is, and what shows that somebody is there."""
        point = self.point_of_finding(self._finding(finding))
        return self._heard_at(point, sighting) if point else (SILENT, None)

    def _heard_at(self, point: Point, sighting: Sighting) -> tuple[Near, BleEvidence | None]:
        sighting = self._named(sighting)
        self._ear.take(sighting)
        judged = self._ear.judge(self._in_force, point, sighting.up)
        trusted = judged.near.state is Nearness.NEAR and judged.proof and self._worth(point, judged.proof).passes
        return judged.near, judged.proof if trusted else None
