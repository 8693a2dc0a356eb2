"""The shipped compound 翠湖花园 keeps to the standards it was written for, at the stated frequencies.

`UPDATE_EXAMPLES=1 python -m pytest tests/office/test_example_plan.py` writes the compiled JSON anew.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.duties.schedule import Slot, slots
from app.duties.site import NO_TEXT, Checklist, People, Plan, Text, encode_plan
from app.text import cells
from sync.office.plan_tags import SHARED_UUID
from sync.office.plans import read_people, read_plan

EXAMPLES = Path(__file__).parents[2] / "examples"
PLAN = EXAMPLES / "cuihu-garden.yaml"
PEOPLE = EXAMPLES / "cuihu-garden.people.yaml"
MONDAY = date(2026, 11, 2)
UNITS = tuple(f"b{building}-u{unit}" for building in range(1, 7) for unit in (1, 2))
HALLS = (*UNITS, "b7", "b8", "b9")


@cache
def people() -> People:
    found, faults = read_people(PEOPLE)
    assert found is not None, faults
    return found


@cache
def plan() -> Plan:
    found, faults = read_plan(PLAN, people=people())
    assert found is not None, faults
    return found


def encode_people(people: People) -> bytes:
    """As the office sends them down."""
    return msgspec.json.encode(people, order="sorted")


def windows(schedule: str, first: date, days: int) -> tuple[Slot, ...]:
    return slots(plan(), plan().schedule(schedule), first, first + timedelta(days=days - 1))


@cache
def done(first: date, days: int) -> Counter[tuple[str, str | None]]:
    """How often each (point, checklist) is due from `first` on."""
    times: Counter[tuple[str, str | None]] = Counter()
    for schedule in plan().schedules:
        count = len(windows(schedule.id, first, days))
        for stop in plan().route(schedule.route).stops:
            times[stop.point, stop.checklist] += count
    return times


def walked(kind: str, crew_roles: str, day: date) -> dict[str, int]:
    """How often each point is passed on `day` by rounds of `kind` for a role."""
    times: Counter[str] = Counter()
    for schedule in plan().schedules:
        route = plan().route(schedule.route)
        if route.kind == kind and crew_roles in route.roles:
            count = len(windows(schedule.id, day, 1))
            times.update({stop.point: count for stop in route.stops})
    return times


def texts(value: Any) -> Iterator[Text]:
    """Every text in a plan."""
    if isinstance(value, Text):
        if value != NO_TEXT:
            yield value
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from texts(getattr(value, field))
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item)


# The files


def test_the_example_has_no_faults_and_no_warnings() -> None:
    assert [fault.say("en") for fault in read_plan(PLAN, people=people()).faults] == []
    assert [fault.say("en") for fault in read_people(PEOPLE).faults] == []


@pytest.mark.parametrize("name", ["cuihu-garden", "cuihu-garden.people"])
def test_the_committed_json_is_what_compiling_gives(name: str) -> None:
    raw = encode_people(people()) if name.endswith("people") else encode_plan(plan())
    file = EXAMPLES / f"{name}.json"
    if os.environ.get("UPDATE_EXAMPLES"):
        file.write_bytes(raw)
    assert file.read_bytes() == raw, "run again with UPDATE_EXAMPLES=1"


def test_the_compiled_people_read_back_as_themselves() -> None:
    raw = (EXAMPLES / "cuihu-garden.people.json").read_bytes()
    again = msgspec.json.decode(raw, type=People)
    assert again == people()
    assert encode_people(again) == raw


# The compound as its manager knows it


def test_the_compound_has_its_buildings_gates_and_rooms() -> None:
    points = {point.id for point in plan().points}
    assert points.issuperset(HALLS)
    assert points.issuperset(
        {"south-gate", "east-gate", "west-gate", "control-room", "gen-room", "pr1-door", "pr2-door"}
    )
    assert {"shed-1", "shed-2", "rubbish-1", "rubbish-2", "rubbish-3", "dorm", "shops"} <= points
    assert 40 <= len(points) <= 50
    assets = [asset.id for asset in plan().assets]
    assert sum(asset.startswith("dt-") for asset in assets) == 12
    assert sum(asset.startswith("qwb-") for asset in assets) == 18


def test_the_crews_have_their_numbers() -> None:
    roles = Counter(grant.roles[0] for grant in plan().grants)
    leaders = [grant.person for grant in plan().grants if "leader" in grant.roles]
    assert leaders == ["zhou-jie", "gao-feng", "zhao-guilan"]
    assert {grant.person for grant in plan().grants} == {person.id for person in people().people}
    assert roles == {
        "guard": 14, "fire-control": 8, "fitter": 5, "cleaner": 12, "gardener": 2, "desk": 5, "warden": 2,
        "quality": 1, "supervisor": 2, "manager": 1,
    }  # fmt: skip
    assert len({person.name.zh for person in people().people}) == len(people().people)


def test_everything_is_said_in_both_languages_and_fits_a_handheld() -> None:
    for text in texts(plan()):
        assert text.zh, text
        assert text.en, text
        assert text.en.isascii(), text
    for point in plan().points:
        for text in (point.name, point.way, point.look):
            assert 0 < cells(text.zh) <= 36
            assert 0 < cells(text.en) <= 36
    for person in people().people:
        assert person.name.zh
        assert person.name.en


def test_each_beacon_is_the_sites_own_and_is_numbered_by_building() -> None:
    beacons = [(point, tag) for point in plan().points for tag in point.tags if tag.format == "ibeacon"]
    for point, tag in beacons:
        uuid, major, _minor = tag.id.split("/")
        assert uuid != SHARED_UUID
        if point.id[0] == "b" and point.id[1].isdigit():
            assert int(major) == int(point.id[1])
    assert len({tag.id.split("/")[0] for _, tag in beacons}) == 1


def test_the_thermometer_of_the_power_room_fills_in_its_temperature() -> None:
    asked = [(each.id, check.id, check.sensor) for each in plan().checklists for check in each.checks if check.sensor]
    assert asked == [("power-1-am", "temp", "temperature")]
    (thermometer,) = plan().point("pr1-room").tags
    assert (thermometer.format, thermometer.sender) == ("bthome", "A4:C1:38:5D:11:01")


def test_the_power_rooms_have_meters_with_their_ratio_and_phases_side_by_side() -> None:
    for room, ratio in (("power-1-am", 300), ("power-2-am", 200)):
        checks = plan().checklist(room).checks
        assert [(check.id, check.ratio) for check in checks if check.meter] == [("meter", ratio)]
        assert [check.id for check in checks if check.group == "amps"] == ["i-a", "i-b", "i-c"]
        assert [check.id for check in checks if check.group == "volts"] == ["u-ab", "u-bc", "u-ca"]
        assert [check.balance for check in checks if check.balance] == [15]
    assert plan().asset("tr-1").instructions != NO_TEXT


def test_every_point_has_a_label_and_a_code_that_one_wrong_digit_does_not_turn_into_another() -> None:
    codes = [point.code for point in plan().points]
    assert all(point.label for point in plan().points)
    assert all(len(code) == 4 for code in codes)
    for one, other in combinations(codes, 2):
        assert sum(a != b for a, b in zip(one, other, strict=True)) >= 2, (one, other)


# Patrol


def test_the_compound_is_patrolled_four_times_by_night_by_two_and_three_times_by_day() -> None:
    """D1, D2."""
    nights = [plan().schedule(f"night-{n}") for n in range(1, 5)]
    for schedule in nights:
        assert (schedule.crew, schedule.recheck) == (2, True)
        assert len(windows(schedule.id, MONDAY, 7)) == 7
        assert len(plan().route(schedule.route).stops) == 14
    first, *later = [
        windows("night-1", MONDAY, 1)[0],
        *(windows(f"night-{n}", MONDAY + timedelta(1), 1)[0] for n in (2, 3, 4)),
    ]
    for before, after in pairwise([first, *later]):
        assert before.closes == after.opens, "22-24-02-04-06 without a gap"
    assert [f"{slot.opens:%H:%M}" for slot in (first, *later)] == ["22:00", "00:00", "02:00", "04:00"]
    assert sum(len(windows(f"day-{n}", MONDAY, 1)) for n in (1, 2, 3)) == 3
    assert {plan().schedule(f"day-{n}").route for n in (1, 2, 3)} == {"day"}


def test_every_unit_is_walked_inside_twice_a_day_and_the_shops_twice() -> None:
    """D1, D4."""
    for hall in HALLS:
        assert done(MONDAY, 1)[hall, "inside"] == 2
    assert done(MONDAY, 1)["shops", "shop-visit"] == 1
    assert len(windows("shops-pm", MONDAY, 1)) == 1


def test_between_them_the_night_rounds_reach_every_point_that_is_not_inside_a_plant_room() -> None:
    """D5, D12."""
    reached = {stop.point for n in range(1, 5) for stop in plan().route(f"night-{n}").stops}
    inside = {"pr1-room", "pr2-room", "gen-room", "domestic-room", "fire-pump-room"}
    assert reached == {point.id for point in plan().points} - inside


def test_a_night_round_uses_beacons_one_label_and_every_kind_of_check() -> None:
    without = {point.id for point in plan().points if not point.tags and point.id in walked("patrol", "guard", MONDAY)}
    assert without == {"shed-1"}
    stops = plan().route("night-1").stops
    assert sum(plan().point(stop.point).grade == "near" for stop in stops) == 13
    kinds = {check.kind for stop in stops if stop.checklist for check in plan().checklist(stop.checklist).checks}
    assert kinds == {"ok", "choice", "number", "count"}
    assert all(stop.walk_s > 0 for stop in stops[1:])
    assert {plan().route(f"night-{n}").order for n in range(1, 5)} == {"fixed", "free", "shuffled"}


def test_the_warning_sign_is_checked_by_night_at_every_danger_point() -> None:
    """D7."""
    dangerous = {point.id for point in plan().points if point.danger}
    assert {"pond", "fitness", "gas-box", "pr1-door", "b3-roof"} <= dangerous
    for number in range(1, 5):
        for stop in plan().route(f"night-{number}").stops:
            if stop.point in dangerous:
                assert stop.checklist is not None
                assert "sign" in {check.id for check in plan().checklist(stop.checklist).checks}


def test_posts_have_their_hours_and_the_control_room_does_not_walk() -> None:
    """D6, D53."""
    hours = {post.id: post.hours for post in plan().posts}
    assert (hours["south-gate-post"], hours["patrol"], hours["control-room-post"], hours["plant-post"]) == (4, 4, 8, 8)
    assert [post.id for post in plan().posts if not post.walks] == ["control-room-post"]
    assert not any("fire-control" in route.roles for route in plan().routes)
    staying = {person.id for person in people().people if plan().must_stay(person.id)}
    assert staying == {grant.person for grant in plan().grants if grant.roles == ("fire-control",)}


# Plant and fire


def test_power_rooms_pump_rooms_and_sewage_pumps_are_inspected_twice_a_day() -> None:
    """D11."""
    on_monday = walked("inspection", "fitter", MONDAY)
    for room in ("pr1-room", "pr2-room", "domestic-room", "fire-pump-room"):
        assert on_monday[room] >= 2
    assert done(MONDAY, 1)["garage-b1", "sewage"] == 2
    assert done(MONDAY, 1)["garage-b2", "sewage-b2"] == 2
    for unit in UNITS:
        assert done(MONDAY, 1)[unit, "lift-car"] == 1


def test_every_fire_patrol_is_by_two_and_begins_at_the_pump_cabinets() -> None:
    """D13 and the daily form of twelve items."""
    schedule = plan().schedule("fire-daily")
    first, *_, last = plan().route(schedule.route).stops
    assert schedule.crew == 2
    assert len(windows("fire-daily", MONDAY, 30)) == 30
    assert (first.point, first.checklist) == ("fire-pump-room", "pump-auto")
    assert last.checklist is not None
    form = plan().checklist(last.checklist).checks
    assert len(form) == 12
    assert [form[0].text.zh, form[-1].text.zh] == ["违章用火用电", "消防水池 水箱水位"]
    assert all({choice.text.zh for choice in check.choices} == {"正常", "不涉及", "有问题"} for check in form)


@pytest.mark.parametrize("month", [date(2026, month, 1) for month in (2, 3, 11, 12)])
def test_hydrants_and_extinguishers_are_all_looked_at_once_a_month(month: date) -> None:
    """D13."""
    length = ((month.replace(day=28) + timedelta(days=4)).replace(day=1) - month).days
    times = done(month, length)
    for unit in UNITS:
        assert times[unit, "hydrants-high"] == 1
        assert times[unit, "extinguishers-high"] == 1
        assert times[unit, "fire-boxes-high"] == 2
    assert times["b3-roof", "hydrant-roof-3"] == 1
    assert times["gen-room", "generator-run"] == 2
    for check in plan().checklist("hydrants-high").checks[:1]:
        assert int(check.low or 0) == check.total, "monthly, 100 % effective"


def test_work_by_the_week_the_half_year_and_the_year_comes_round_as_often() -> None:
    """D14 to D17 and the sumps."""
    year = done(date(2027, 1, 1), 365)
    assert year["garage-b1", "sumps-b1"] == 52
    assert year["domestic-room", "tank"] == 2
    assert year["b3-roof", "lightning"] == 1
    assert year["b1-u1", "survey"] == 1
    assert year["rubbish-2", "septic"] == 6
    assert year["fire-pump-room", "fire-pump-week"] == 52
    assert year["fire-pump-room", "fire-pump-month"] == 12
    assert year["fire-pump-room", "fire-pump-quarter"] == 4


def test_every_limit_names_the_paper_it_comes_from_and_has_the_domains_figures() -> None:
    checks = {(each.id, check.id): check for each in plan().checklists for check in each.checks}
    for check in checks.values():
        assert check.source or (check.low is None and check.high is None)
    limits = {key: (check.low, check.high) for key, check in checks.items()}
    assert limits["power-1-am", "u-ab"] == ("353", "407")
    assert limits["power-1-am", "temp"] == (None, "40")
    assert limits["power-2-am", "cos"][0] == "0.90"
    assert limits["generator-day", "battery"] == ("24.0", "28.0")
    assert limits["generator-run", "frequency"] == ("49.5", "50.5")
    assert limits["domestic", "temp"] == ("5", "35")
    assert limits["lift-room", "temp"] == ("5", "40")
    assert limits["hydrant-roof-3", "flowing"][1] == "0.50"
    assert limits["roof-hydrant", "static"] == ("0.07", "1.00")


# Cleaning


def test_rubbish_is_collected_and_roads_are_swept_twice_a_day_and_halls_daily() -> None:
    """D20, D21."""
    for day in (MONDAY, MONDAY + timedelta(days=5)):
        times = done(day, 1)
        for hall in HALLS:
            assert times[hall, "c-rubbish"] == 2
            assert times[hall, "c-daily" if hall in UNITS else "c-daily-low"] == 1
        for house in ("rubbish-1", "rubbish-2", "rubbish-3"):
            assert times[house, "c-rubbish-out"] == 2
        assert times["south-gate", "c-roads"] == times["garage-b1", "c-roads"] == 2
        assert times["fitness", "c-green-belt"] == 1


def test_mopping_rails_windows_and_lamps_come_by_the_week_and_the_month() -> None:
    """D21."""
    week, month = done(MONDAY, 7), done(date(2026, 12, 1), 31)
    for hall in HALLS:
        assert week[hall, "c-mop"] == 1
        assert week[hall, "c-rails"] == 2
        assert week[hall, "c-weekly"] == 1
        assert month[hall, "c-monthly"] == 1
    assert month["pond", "c-pavilion"] == 2
    assert month["south-gate", "c-street-lamps"] == 1
    assert week["pond", "pond-week"] == 1


def test_the_quality_inspection_keeps_to_working_days() -> None:
    """每周三大检查: a Wednesday that is a holiday has none (D24)."""
    opened = [f"{slot.opens:%m-%d}" for slot in windows("cleaning-inspection", date(2026, 9, 14), 28)]
    assert opened == ["09-16", "09-23", "09-30"], "7 October is a holiday"


# Findings


def test_every_category_of_the_standards_is_there_with_its_time_limit() -> None:
    """D8, D30, D31."""
    limits = {category.id: (category.kind, category.deadline) for category in plan().categories}
    assert set(limits) >= {"illegal-building", "fire-lane", "flying-wire", "ebike", "thrown", "hawkers", "parking"}
    assert limits["water-leak"] == ("finding", "same-day")
    assert limits["lamp"] == ("finding", "2d")
    assert limits["door-window"] == ("finding", "2wd")
    assert limits["common-parts"] == ("finding", "3wd")
    assert limits["lighting"] == ("finding", "5wd")
    assert limits["other"] == ("finding", "7wd")
    asked = {each.id: (each.respond, each.deadline) for each in plan().categories if each.kind == "request"}
    assert asked == {
        "noise": ("15min", "same-day"),
        "dorm-repair": ("10min", "same-day"),
        "complaint": ("8h", "2d"),
        "question": ("", "30min"),
    }
    assert plan().settings.contact_min == 3
    assert len([each for each in plan().categories if each.kind != "request"]) <= 18, "two pages of a report"
    hazards = {category.id for category in plan().categories if category.kind == "hazard"}
    assert hazards == {"fire-lane", "flying-wire", "ebike", "fire-equipment", "electric", "structure"}
    assert all(2 <= len(category.phrases) <= 6 for category in plan().categories)
    assert [reason.id for reason in plan().skip_reasons][:2] == ["construction", "locked"]


def test_violations_lead_to_their_three_papers() -> None:
    """D35."""
    rules = {each.id: each.violation for each in plan().categories if each.violation}
    assert set(rules) == {"illegal-building", "flying-wire", "ebike"}
    assert all(rule.demands and rule.authority.zh and rule.authority.en for rule in rules.values() if rule)


def test_dwellings_and_plants_are_inspected_before_they_are_handed_over() -> None:
    """D36."""
    flats, plant = plan().surveys
    assert len(flats.units) == 48
    assert (flats.units[0].id, flats.units[-1].id) == ("9-1-101", "9-2-604")
    assert len(flats.fittings) == 12
    assert {unit.id for unit in plant.units} == {"pump-room", "power-room"}
    assert all(cells(fitting.text.zh) <= 38 for survey in plan().surveys for fitting in survey.fittings)


def test_whoever_walks_alone_is_asked_about_the_partner_in_both_languages() -> None:
    reasons = plan().why_alone
    assert 3 <= len(reasons) <= 4
    assert all(reason.text.zh.startswith("同伴") and reason.text.en.startswith("Partner") for reason in reasons)


def test_checks_are_few_enough_for_one_screen_after_another() -> None:
    def longest(checklist: Checklist) -> int:
        return max(cells(check.text.zh) for check in checklist.checks)

    assert all(longest(checklist) <= 36 for checklist in plan().checklists)
    patrol = {stop.checklist for n in range(1, 5) for stop in plan().route(f"night-{n}").stops if stop.checklist}
    assert all(len(plan().checklist(each).checks) <= 3 for each in patrol)


# Registers, procedures


def test_the_control_room_writes_every_two_hours_and_keeps_it_three_years() -> None:
    """D53; kept as long as the daily fire patrol (domain section 10)."""
    log = next(each for each in plan().registers if each.id == "control-log")
    assert (log.every_min, log.roles) == (120, ("fire-control",))
    assert log.retention_days >= 3 * 365
    signals = {choice.id for column in log.columns if column.id == "signal" for choice in column.choices}
    assert signals >= {"fire", "false", "fault", "shielded"}


def test_no_register_asks_for_a_name_and_what_is_personal_stands_apart() -> None:
    """D41, D43, D44."""
    kinds = {column.kind for register in plan().registers for column in register.columns}
    assert kinds <= {"choice", "digits", "count", "room"}
    phones = [column for register in plan().registers for column in register.columns if column.id == "phone"]
    assert phones
    assert all(column.personal and column.size == 4 for column in phones)


def test_every_emergency_has_its_card_and_the_flood_its_three_teams() -> None:
    """D51, D54."""
    found = {each.id: each for each in plan().procedures}
    assert {each.id for each in found.values() if each.kind == "card"} == {
        "lift-trapped", "burst-pipe", "power-cut", "fire",
    }  # fmt: skip
    flood = found["flood"]
    assert [team.assemble_min for team in flood.teams] == [20, 30, 40]
    material = {each.id: each.count for team in flood.teams for each in team.materials}
    assert (material["shovels"], material["bags"]) == (10, 50)
