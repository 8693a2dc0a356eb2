"""When a route is due, whatever the calendar and the clocks do."""

import time as clocks
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties.rounds import Summary
from app.duties.schedule import (
    RuleRefused,
    Slot,
    Standing,
    clock_text,
    due_days,
    parse_rule,
    slots,
    today,
)
from app.duties.site import Calendar, Plan, Schedule, Text
from tests import garden

BEGINS = date(2026, 1, 1)
ZONES = (
    "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia",
)  # fmt: skip


def plan_in(zone: str, calendar: Calendar | None = None) -> Plan:
    plan = garden.plan()
    return replace(plan, site=replace(plan.site, zone=zone), calendar=calendar or Calendar())


def schedule(
    start: str, minutes: int, rule: str = "FREQ=DAILY", begins: str = "2005-01-01", days: str = "all"
) -> Schedule:
    return Schedule("s", "round", Text(), rule, start, minutes, begins, days=days)


def windows(zone: str, schedule: Schedule, first: str, last: str) -> list[str]:
    found = slots(plan_in(zone), schedule, date.fromisoformat(first), date.fromisoformat(last))
    return [f"{slot.opens:%d %H:%M%z}-{slot.closes:%d %H:%M%z}" for slot in found]


# -- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("", "rule_empty"),
        ("FREQ=DAILY;INTERVAL=0", "rule_number"),
        ("FREQ=DAILY;INTERVAL=-1", "rule_number"),
        ("FREQ=DAILY;INTERVAL=367", "rule_number"),
        ("FREQ=DAILY;INTERVAL=1,2", "rule_number"),
        ("FREQ=DAILY;INTERVAL=１", "rule_number"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2", "rule_unreal"),
        ("FREQ=MONTHLY;BYMONTHDAY=30;BYMONTH=2", "rule_unreal"),
        ("FREQ=MONTHLY;BYMONTHDAY=-31;BYMONTH=4,6", "rule_unreal"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "rule_number"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "rule_number"),
        ("FREQ=YEARLY;BYMONTH=13", "rule_number"),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "rule_never"),
        ("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "rule_never"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "rule_never"),
        ("FREQ=DAILY;UNTIL=20251231", "rule_never"),
        ("FREQ=SECONDLY", "rule_finer"),
        ("FREQ=MINUTELY;BYDAY=MO", "rule_finer"),
        ("FREQ=HOURLY", "rule_finer"),
        ("FREQ=FORTNIGHTLY", "rule_freq"),
        ("BYDAY=MO", "rule_freq"),
        ("FREQ=DAILY;COUNT=3", "rule_count"),
        ("FREQ=DAILY;BYHOUR=3", "rule_part"),
        ("FREQ=YEARLY;BYSETPOS=1", "rule_part"),
        ("FREQ=DAILY;FREQ=WEEKLY", "rule_twice"),
        ("FREQ=DAILY;", "rule_piece"),
        ("FREQ=DAILY;INTERVAL", "rule_piece"),
        ("FREQ=WEEKLY;BYDAY=MON", "rule_weekday"),
        ("FREQ=MONTHLY;BYDAY=6MO", "rule_weekday"),
        ("FREQ=MONTHLY;BYDAY=0MO", "rule_weekday"),
        ("FREQ=WEEKLY;BYDAY=1MO", "rule_ordinal"),
        ("FREQ=YEARLY;BYDAY=1MO", "rule_ordinal"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "rule_weekly_monthday"),
        ("FREQ=DAILY;UNTIL=20260230", "rule_until"),
        ("FREQ=DAILY;UNTIL=20261231T000000Z", "rule_until"),
        ("FREQ=DAILY;BYDAY=" + ",".join(["MO"] * 90), "rule_long"),
    ],
)
def test_a_bad_rule_is_refused_with_its_sentence(rule: str, key: str) -> None:
    began = clocks.process_time()
    with pytest.raises(RuleRefused) as refused:
        parse_rule(rule, BEGINS)
    assert refused.value.key == f"duty.{key}"
    assert refused.value.say("zh") != refused.value.say("en")
    assert clocks.process_time() - began < 2


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2200, 1, 1)])
def test_a_first_date_outside_the_two_centuries_is_refused(day: date) -> None:
    with pytest.raises(RuleRefused):
        parse_rule("FREQ=DAILY", day)


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,TH", ["2026-02-02", "2026-02-05", "2026-02-09", "2026-02-12"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU", ["2026-02-08"]),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1", ["2026-02-01", "2026-02-28"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["2026-02-27"]),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=25", []),
        ("rrule:freq=daily;interval=10", ["2026-02-10", "2026-02-20"]),
        ("FREQ=DAILY;UNTIL=20260202", ["2026-02-01", "2026-02-02"]),
        ("FREQ=YEARLY;BYMONTH=2;BYDAY=2TU", ["2026-02-10"]),
    ],
)
def test_the_days_of_a_rule(rule: str, days: list[str]) -> None:
    parsed = parse_rule(rule, BEGINS)
    found = [day.isoformat() for day in due_days(parsed, date(2026, 2, 1), date(2026, 2, 28))]
    assert found[: len(days)] == days
    assert bool(found) == bool(days)


def _joined(values: st.SearchStrategy[int]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3).map(lambda many: ",".join(map(str, many)))


PARTS = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])},
    optional={
        "INTERVAL": st.integers(0, 366).map(str),
        "BYDAY": st.lists(
            st.tuples(st.sampled_from(["", "", "1", "-1", "5"]), st.sampled_from(["MO", "WE", "SA", "SU"])),
            min_size=1, max_size=3,
        ).map(lambda days: ",".join("".join(day) for day in days)),
        "BYMONTHDAY": _joined(st.integers(-31, 31)),
        "BYMONTH": _joined(st.integers(1, 12)),
        "UNTIL": st.dates(date(2026, 1, 1), date(2040, 1, 1)).map(lambda day: day.strftime("%Y%m%d")),
        "WKST": st.sampled_from(["MO", "SU", "WE"]),
    },
).map(lambda parts: ";".join(f"{name}={value}" for name, value in parts.items()))  # fmt: skip


@given(PARTS, st.dates(date(2001, 1, 1), date(2199, 12, 31)), st.integers(0, 20_000))
def test_no_rule_ever_hangs_and_each_means_what_dateutil_says(rule: str, begins: date, later: int) -> None:
    began = clocks.process_time()
    first = begins + timedelta(days=later)
    try:
        parsed = parse_rule(rule, begins)
    except RuleRefused:
        assert clocks.process_time() - began < 2
        return
    found = due_days(parsed, first, first + timedelta(days=400))
    assert clocks.process_time() - began < 2
    oracle = rrule.rrulestr(rule, dtstart=datetime.combine(begins, time()))
    between = oracle.between(
        datetime.combine(first, time()), datetime.combine(first + timedelta(days=400), time()), inc=True
    )
    assert found == tuple(moment.date() for moment in between)


# -- windows -------------------------------------------------------------------------------------


@given(
    st.sampled_from(ZONES),
    st.times().map(lambda at: f"{at:%H:%M}"),
    st.integers(1, 4000),
    st.sampled_from(["FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=SA,SU,MO", "FREQ=MONTHLY;BYDAY=-1SU"]),
    st.dates(date(2006, 1, 1), date(2027, 1, 1)),
)
def test_windows_never_overlap_and_always_last(zone: str, start: str, minutes: int, rule: str, first: date) -> None:
    found = slots(plan_in(zone), schedule(start, minutes, rule), first, first + timedelta(days=370))
    for slot in found:
        assert 0 < slot.closes.timestamp() - slot.opens.timestamp() <= minutes * 60 + 3600
    for one, after in pairwise(found):
        assert one.closes.timestamp() <= after.opens.timestamp()
    assert len({slot.round for slot in found}) == len(found)


@given(st.sampled_from(ZONES), st.times(), st.integers(1, 1440), st.dates(date(2006, 1, 1), date(2027, 1, 1)))
def test_asking_for_one_day_gives_that_day_of_the_year(zone: str, start: time, minutes: int, day: date) -> None:
    plan, daily = plan_in(zone), schedule(f"{start:%H:%M}", minutes)
    year = slots(plan, daily, day - timedelta(days=30), day + timedelta(days=30))
    ((one,),) = [slots(plan, daily, day, day)] if slots(plan, daily, day, day) else [(None,)]
    assert one is None or one in year


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "day", "window"),
    [
        # 2026-03-29 02:00 becomes 03:00 in Berlin, 2026-10-25 03:00 becomes 02:00
        ("Europe/Berlin", "22:00", 480, "2026-03-28", "28 22:00+0100-29 06:00+0200"),
        ("Europe/Berlin", "22:00", 480, "2026-10-24", "24 22:00+0200-25 06:00+0100"),
        ("Europe/Berlin", "02:30", 60, "2026-03-29", "29 03:30+0200-29 04:30+0200"),
        ("Europe/Berlin", "01:30", 60, "2026-03-29", "29 01:30+0100-29 03:30+0200"),
        ("Europe/Berlin", "02:30", 60, "2026-10-25", "25 02:30+0200-25 03:30+0100"),
        ("Europe/Berlin", "01:30", 60, "2026-10-25", "25 01:30+0200-25 02:30+0200"),
        # 2026-03-08 02:00 becomes 03:00 in New York, 2026-11-01 02:00 becomes 01:00
        ("America/New_York", "00:00", 1440, "2026-03-08", "08 00:00-0500-09 00:00-0400"),
        ("America/New_York", "02:15", 30, "2026-03-08", "08 03:15-0400-08 03:45-0400"),
        ("America/New_York", "01:30", 90, "2026-11-01", "01 01:30-0400-01 03:00-0500"),
        # half an hour on Lord Howe, and no clock change in Shanghai
        ("Australia/Lord_Howe", "02:10", 30, "2026-10-04", "04 02:40+1100-04 03:10+1100"),
        ("Asia/Shanghai", "22:00", 240, "2026-03-28", "28 22:00+0800-29 02:00+0800"),
    ],
)
def test_clock_changes(zone: str, start: str, minutes: int, day: str, window: str) -> None:
    assert windows(zone, schedule(start, minutes), day, day) == [window]


def test_a_window_moved_by_a_clock_change_still_ends_where_the_next_one_opens() -> None:
    found = windows("Europe/Berlin", schedule("02:30", 1440), "2026-03-29", "2026-03-30")
    assert found == ["29 03:30+0200-30 02:30+0200", "30 02:30+0200-31 02:30+0200"]


def test_a_day_that_the_zone_left_out_has_no_window_of_its_own() -> None:
    found = windows("Pacific/Apia", schedule("08:00", 60), "2011-12-29", "2011-12-31")
    assert found == ["29 08:00-1000-29 09:00-1000", "31 08:00+1400-31 09:00+1400"]


def test_a_window_over_midnight_belongs_to_the_evening_it_began() -> None:
    night = schedule("22:00", 240)
    plan = replace(plan_in("Asia/Shanghai"), schedules=(night,))
    zone = ZoneInfo("Asia/Shanghai")
    for hour, minute, day in ((23, 30, 21), (0, 30, 22), (1, 30, 22)):
        at = datetime(2026, 11, day, hour, minute, tzinfo=zone)
        open_now = [duty.slot.round for duty in today(plan, {}, None, {"guard"}, at) if duty.standing == "open"]
        assert open_now == ["s@2026-11-21T22:00"]


def test_working_days_follow_the_holidays_and_the_weekends_worked_instead() -> None:
    # 国庆节 2026: off 1 to 7 October, worked on Saturday 10 October
    calendar = Calendar(holidays=tuple(f"2026-10-{day:02d}" for day in range(1, 8)), workdays=("2026-10-10",))
    plan = plan_in("Asia/Shanghai", calendar)
    first, last = date(2026, 9, 28), date(2026, 10, 12)
    worked = slots(plan, schedule("08:00", 60, days="working"), first, last)
    assert [slot.opens.day for slot in worked] == [28, 29, 30, 8, 9, 10, 12]
    off = slots(plan, schedule("08:00", 60, days="off"), first, last)
    assert [slot.opens.day for slot in off] == [1, 2, 3, 4, 5, 6, 7, 11]


def test_a_schedule_ends_with_its_last_day() -> None:
    ending = replace(schedule("22:00", 240), until="2026-11-21")
    assert len(windows("Asia/Shanghai", ending, "2026-11-20", "2026-11-23")) == 2
    assert windows("Asia/Shanghai", schedule("08:00", 60, begins="2026-11-22"), "2026-11-20", "2026-11-22") == [
        "22 08:00+0800-22 09:00+0800"
    ]


def test_the_end_of_a_day_is_shown_as_24_00() -> None:
    ((evening,), (night,)) = (
        slots(plan_in("Asia/Shanghai"), schedule("22:00", minutes), date(2026, 11, 21), date(2026, 11, 21))
        for minutes in (120, 240)
    )
    assert clock_text(evening.closes, evening.opens) == "24:00"
    assert clock_text(night.closes, night.opens) == "02:00"
    midnight = evening.closes
    assert clock_text(midnight, midnight) == "00:00"


# -- what is due now -----------------------------------------------------------------------------


def _walked(slot: Slot, timing: str = "on-time") -> Summary:
    return Summary(slot.round, 4, 4, 0, 0, 0, (), 0, 1, timing)  # type: ignore[arg-type]  # a table


def test_what_is_due_comes_first_then_what_is_next_then_what_was() -> None:
    plan = replace(
        garden.plan(),
        schedules=tuple(
            replace(schedule(f"{hour:02d}:00", 60), id=f"h{hour}") for hour in (13, 14, 15, 16, 17, 18, 19, 23)
        ),
    )
    at = datetime(2026, 11, 21, 16, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    by_id = {duty.slot.schedule: duty.slot for duty in today(plan, {}, None, {"guard"}, at)}
    walked = {by_id["h14"].round: _walked(by_id["h14"]), by_id["h15"].round: _walked(by_id["h15"], "missed")}
    found = today(plan, walked, by_id["h17"].round, {"guard"}, at)
    assert [(duty.slot.schedule, duty.standing) for duty in found] == [
        ("h17", Standing.RUNNING),
        ("h16", Standing.OPEN),
        ("h18", Standing.COMING),
        ("h19", Standing.COMING),
        ("h23", Standing.COMING),
        ("h15", Standing.MISSED),
        ("h13", Standing.MISSED),
        ("h14", Standing.DONE),
    ]


def test_each_role_sees_its_own_routes_only() -> None:
    plan = garden.plan()
    at = datetime(2025, 11, 21, 22, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert today(plan, {}, None, {"cleaner"}, at) == ()
    assert {duty.slot.schedule for duty in today(plan, {}, None, {"guard"}, at)} == {"night", "late"}
    open_to_all = replace(plan, routes=tuple(replace(route, roles=()) for route in plan.routes))
    assert today(open_to_all, {}, None, {"cleaner"}, at)


def test_a_clock_far_off_shows_nothing_rather_than_hanging() -> None:
    for year in (1970, 2299, 9998):
        at = datetime(year, 6, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
        began = clocks.process_time()
        today(garden.plan(), {}, None, {"guard"}, at)
        assert clocks.process_time() - began < 1


def test_a_window_that_was_over_before_the_shift_began_is_another_crews_matter() -> None:
    plan = replace(garden.plan(), schedules=(schedule("06:00", 120),))
    at = datetime(2026, 11, 21, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))

    def missed(since: datetime | None) -> bool:
        return any(duty.standing is Standing.MISSED for duty in today(plan, {}, None, {"guard"}, at, since))

    assert missed(None)
    assert missed(at.replace(hour=7))
    assert not missed(at.replace(hour=8))


def test_a_round_ended_without_reaching_a_stop_can_be_walked_again_while_its_window_lasts() -> None:
    plan = replace(garden.plan(), schedules=(schedule("06:00", 120),))
    at = datetime(2026, 11, 21, 5, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    (slot,) = (duty.slot for duty in today(plan, {}, None, {"guard"}, at) if duty.slot.opens.day == 21)
    ended = {slot.round: _walked(slot, "missed")}

    def standing(now: datetime) -> Standing:
        return next(duty.standing for duty in today(plan, ended, None, {"guard"}, now) if duty.slot == slot)

    assert standing(at) is Standing.COMING
    assert standing(at.replace(hour=7)) is Standing.OPEN
    assert standing(at.replace(hour=9)) is Standing.MISSED
