"""By when a finding must be dealt with."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duties.days import after_working_days, is_worked, later, settle
from app.duties.findings import due, due_of, is_deadline, phrase_of
from app.duties.site import Calendar
from tests import garden

START = datetime.fromisoformat("2026-01-01T00:00:00")
SHANGHAI = ZoneInfo("Asia/Shanghai")
GOLDEN_WEEK = Calendar(
    holidays=tuple(f"2026-10-{day:02d}" for day in range(1, 8)), workdays=("2026-09-27", "2026-10-10")
)
DEADLINES = ("3min", "15min", "999min", "1h", "8h", "48h", "same-day", "2d", "7d", "2wd", "3wd", "7wd", "999wd")
"""D30, D31, and the ends of the grammar."""


def until(deadline: str, at: str, zone: ZoneInfo = SHANGHAI) -> str:
    moment = settle(datetime.fromisoformat(at), zone)
    return f"{due(deadline, moment, GOLDEN_WEEK):%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("deadline", "raised", "limit"),
    [
        ("15min", "2026-11-21T23:50", "11-22 00:05"),
        ("30min", "2026-11-21T22:34", "11-21 23:04"),
        ("3min", "2026-11-21T22:34", "11-21 22:37"),
        ("1h", "2026-11-21T22:34", "11-21 23:34"),
        ("8h", "2026-11-21T22:34", "11-22 06:34"),
        ("same-day", "2026-11-21T22:34", "11-22 00:00"),
        ("same-day", "2026-11-21T00:00", "11-22 00:00"),
        ("2d", "2026-11-21T22:34", "11-23 22:34"),
        ("2wd", "2026-11-20T09:00", "11-24 09:00"),  # Friday: Monday, Tuesday
        ("2wd", "2026-09-30T09:00", "10-09 09:00"),  # before the holidays: 8 and 9 October
        ("3wd", "2026-09-30T09:00", "10-10 09:00"),  # and Saturday the 10th is worked
        ("5wd", "2026-11-16T12:00", "11-23 12:00"),
        ("7wd", "2026-11-16T12:00", "11-25 12:00"),
    ],
)
def test_deadlines(deadline: str, raised: str, limit: str) -> None:
    assert until(deadline, raised) == limit


@pytest.mark.parametrize(
    ("deadline", "raised", "limit"),
    [
        ("1wd", "2026-12-31T17:30", "2027-01-03 17:30"),  # Thursday; the Sunday is worked
        ("2wd", "2026-12-31T17:30", "2027-01-04 17:30"),
        ("3wd", "2026-12-30T09:00", "2027-01-04 09:00"),
        ("5wd", "2026-12-30T09:00", "2027-01-06 09:00"),
        ("7wd", "2026-12-25T09:00", "2027-01-05 09:00"),
        ("same-day", "2026-12-31T23:59", "2027-01-01 00:00"),
        ("30min", "2026-12-31T23:45", "2027-01-01 00:15"),
    ],
)
def test_working_days_over_new_year_with_its_holiday_and_the_day_worked_for_it(
    deadline: str, raised: str, limit: str
) -> None:
    new_year = Calendar(holidays=("2027-01-01", "2027-01-02"), workdays=("2027-01-03",))
    assert f"{due(deadline, settle(datetime.fromisoformat(raised), SHANGHAI), new_year):%Y-%m-%d %H:%M}" == limit


@pytest.mark.parametrize("words", ["", "0min", "1000d", "03wd", "2 d", "2w", "-1d", "2d\n", "٢d", "SAME-DAY"])
def test_what_is_no_deadline_is_due_the_same_day(words: str) -> None:
    """A newer office may know limits that this handheld does not: nothing is left without one."""
    assert not is_deadline(words)
    assert until(words, "2026-11-21T22:34") == "11-22 00:00"


def test_the_day_of_a_clock_change_ends_at_24_00_and_minutes_are_real() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert until("same-day", "2026-10-25T01:00", berlin) == "10-26 00:00"
    assert until("1h", "2026-03-29T01:30", berlin) == "03-29 03:30"
    assert until("2d", "2026-03-27T02:30", berlin) == "03-29 03:30"


@given(
    st.sampled_from(DEADLINES),
    st.integers(0, 2 * 365 * 24 * 3600).map(lambda seconds: START + timedelta(seconds=seconds)),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]),
)
def test_a_deadline_lies_ahead_and_never_comes_nearer_by_waiting(deadline: str, local: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    at = settle(local, zone)
    limit = due(deadline, at, GOLDEN_WEEK)
    assert limit.timestamp() > at.timestamp()
    after = due(deadline, settle(local + timedelta(days=1), zone), GOLDEN_WEEK)
    assert after.timestamp() >= limit.timestamp()


def test_an_urgent_matter_is_due_the_same_day_at_the_latest() -> None:
    plan = garden.plan()
    at = settle(datetime.fromisoformat("2026-11-21T22:34"), SHANGHAI)
    urgent = due_of(plan.category("leak"), at, plan.calendar, urgent=True)
    assert f"{urgent:%d %H:%M}" == "22 00:00"
    assert due_of(plan.category("leak"), at, plan.calendar, urgent=False) == due("2d", at, plan.calendar)


def test_weekends_are_off_unless_worked_and_holidays_are_off_unless_the_weekend_is_worked() -> None:
    assert not is_worked(GOLDEN_WEEK, date(2026, 10, 1))
    assert is_worked(GOLDEN_WEEK, date(2026, 10, 10))
    assert not is_worked(GOLDEN_WEEK, date(2026, 10, 11))
    assert is_worked(GOLDEN_WEEK, date(2026, 10, 12))


def test_a_calendar_without_a_working_day_still_gives_a_date() -> None:
    never = Calendar(holidays=tuple(date.fromordinal(730_000 + day).isoformat() for day in range(20_000)))
    assert after_working_days(never, date(2026, 1, 1), 1) > date(2026, 1, 1)


def test_a_phrase_is_found_by_its_id() -> None:
    leak = garden.plan().category("leak")
    found = phrase_of(leak, "drip")
    assert found is not None
    assert found.text.en == "dripping"
    assert phrase_of(leak, "flood") is None


def test_later_counts_real_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    at = settle(datetime.fromisoformat("2026-03-29T01:00"), berlin)
    assert later(at, timedelta(hours=2)).hour == 4
