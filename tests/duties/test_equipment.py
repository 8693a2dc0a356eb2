"""Laws of the ledger: an inspection is warned of thirty days ahead, stays until it is done, and is nobody else's."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.duties import equipment
from app.duties.site import Asset, Plan, Route, Site, Text

TODAY = date(2026, 12, 20)
T = Text("x")


def plan(*days: str | None) -> Plan:
    assets = tuple(Asset(f"a{place}", T, "p", inspect_by=day) for place, day in enumerate(days))
    routes = (
        Route("plant", "inspection", T, "free", (), ("fitter",)),
        Route("night", "patrol", T, "fixed", (), ("guard",)),
        Route("fire", "safety", T, "free", (), ("fire-control",)),
    )
    return Plan(Site("s", T, "Asia/Shanghai"), 1, "2026-01-01", assets=assets, routes=routes)


@given(st.lists(st.integers(-400, 400), max_size=20))
def test_what_falls_due_is_warned_of_from_thirty_days_ahead_most_urgent_first(left: list[int]) -> None:
    found = equipment.falling_due(plan(*((TODAY + timedelta(days=days)).isoformat() for days in left)), TODAY)
    assert [equipment.days_left(asset, TODAY) for asset in found] == sorted(days for days in left if days <= 30)


def test_what_has_no_date_never_falls_due() -> None:
    assert equipment.falling_due(plan(None), TODAY) == ()
    assert equipment.days_left(plan(None).assets[0], TODAY) is None


def test_equipment_is_kept_by_whoever_inspects_it() -> None:
    assert equipment.keeps(plan(), {"fitter"})
    assert equipment.keeps(plan(), {"guard", "fire-control"})
    assert not equipment.keeps(plan(), {"guard"})
    assert not equipment.keeps(plan(), ())
