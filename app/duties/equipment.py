"""The equipment ledger (设备台账, D10): what falls due for inspection or calibration (D17), and for whom."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from app.duties.site import Asset, Plan

AHEAD_DAYS: Final = 30
"""So long before its date an inspection is warned of."""
INSPECTS: Final = ("inspection", "safety")
"""Routes whose checks are the work itself. A cleaner's or a guard's Enter says only that nothing was found."""


def keeps(plan: Plan, roles: Collection[str]) -> bool:
    """Whether people of `roles` look after equipment."""
    return any(route.kind in INSPECTS and not set(roles).isdisjoint(route.roles) for route in plan.routes)


def days_left(asset: Asset, today: date) -> int | None:
    """Days until it must be inspected, negative when the date has passed; None when it has none."""
    return (date.fromisoformat(asset.inspect_by) - today).days if asset.inspect_by else None


def falling_due(plan: Plan, today: date) -> tuple[Asset, ...]:
    """What must be inspected within AHEAD_DAYS or should have been, most urgent first."""
    last = (today + timedelta(days=AHEAD_DAYS)).isoformat()
    found = (asset for asset in plan.assets if asset.inspect_by and asset.inspect_by <= last)
    return tuple(sorted(found, key=lambda asset: asset.inspect_by or ""))
