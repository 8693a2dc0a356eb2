"""Laws of what life adds: a time on paper falls into its window, an excuse ends at a midnight to come."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.duties import life
from app.duties.days import millis
from app.duties.life import ENTERERS, EXCUSERS, UNTIL
from app.duties.schedule import Slot
from tests.screens.plans import PLAN

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, LAST = datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2030-01-01")
MOMENTS = st.datetimes(FIRST, LAST).map(lambda at: at.replace(second=0, microsecond=0))
SLOTS = st.builds(
    lambda at, minutes: Slot("s", "r", at.replace(tzinfo=ZONE), at.replace(tzinfo=ZONE) + timedelta(minutes=minutes)),
    MOMENTS,
    st.integers(1, 23 * 60),
)


@given(SLOTS, st.data())
def test_a_time_within_the_window_is_read_as_that_very_moment_across_midnight_too(
    slot: Slot, data: st.DataObject
) -> None:
    minutes = data.draw(st.integers(0, (slot.closes - slot.opens) // timedelta(minutes=1)))
    moment = slot.opens + timedelta(minutes=minutes)
    assert life.read_time(f"{moment:%H%M}", slot) == millis(moment)


@given(SLOTS, st.text("0123456789", max_size=5))
def test_whatever_is_typed_is_no_time_or_one_near_the_window(slot: Slot, typed: str) -> None:
    at = life.read_time(typed, slot)
    if at is None:
        return
    assert f"{datetime.fromtimestamp(at / 1000, ZONE):%H%M}" == typed
    assert slot.opens - life.SPREAD <= datetime.fromtimestamp(at / 1000, UTC) <= slot.closes + life.SPREAD


def test_a_night_round_has_no_time_at_noon() -> None:
    night = Slot("s", "r", datetime(2026, 11, 21, 22, tzinfo=ZONE), datetime(2026, 11, 22, tzinfo=ZONE))
    assert life.read_time("1200", night) is None
    assert life.read_time("2460", night) is None
    assert life.read_time("0010", night) == millis(datetime(2026, 11, 22, 0, 10, tzinfo=ZONE)), "a little late"


@given(MOMENTS, st.sampled_from(UNTIL))
def test_an_excuse_ends_at_a_midnight_to_come(at: datetime, until: life.Until) -> None:
    now = at.replace(tzinfo=ZONE)
    end = datetime.fromtimestamp(life.ends(until, now) / 1000, ZONE)
    assert (end.hour, end.minute, end > now) == (0, 0, True)
    assert timedelta(0) < end - now <= timedelta(days=until.days)


def test_only_the_right_role_may() -> None:
    assert life.may(PLAN, ["zhang-wei", "wang-fang"], EXCUSERS) == "wang-fang"
    assert life.may(PLAN, ["zhang-wei", "nobody"], ENTERERS) is None


def test_windows_of_the_last_days_that_nobody_walked_here_newest_first() -> None:
    now, schedule = datetime(2026, 11, 22, 9, tzinfo=ZONE), PLAN.schedule("night-1")
    found = life.unwalked(PLAN, schedule, {}, now)
    assert [slot.opens.day for slot in found] == [21, 20, 19]
    assert life.unwalked(PLAN, schedule, {found[0].round: 1}, now) == found[1:]
    assert life.unwalked(PLAN, schedule, {}, now.replace(hour=8, day=21))[0].opens.day == 20, "one not over is no miss"
