"""Local days and hours of a site."""

from datetime import UTC, time

import pytest

from app.duties.days import quiet_now


@pytest.mark.parametrize(
    ("now", "start", "end", "quiet"),
    [("21:59", "22:00", "07:00", False), ("22:00", "22:00", "07:00", True), ("00:00", "22:00", "07:00", True),
     ("06:59", "22:00", "07:00", True), ("07:00", "22:00", "07:00", False), ("12:30", "12:00", "14:00", True),
     ("14:00", "12:00", "14:00", False), ("12:00", "12:00", "12:00", False)],
)  # fmt: skip
def test_quiet_hours_may_cross_midnight(now: str, start: str, end: str, quiet: bool) -> None:
    assert quiet_now(time.fromisoformat(now), start, end) is quiet
    assert quiet_now(time.fromisoformat(now).replace(tzinfo=UTC), start, end) is quiet
