"""Checks that a sensor answers, and the pace of the radio, as a manager writes them into the plan."""

from typing import Final

import pytest

from hardware.tags import MEASURES
from tests.office.test_plans import PLAN, good, only, read, told

POND_TAG: Final = "      - eddystone-uid: 0123456789abcdef0123/0123456789ab\n"
SENSOR: Final = '      - bthome: "A4:C1:38:5D:11:01"\n'
LOUD_SENSOR: Final = '      - {bthome: "A4:C1:38:5D:11:01", near: -60}\n'
ASKS: Final = PLAN.replace("        unit: m\n", "        unit: m\n        sensor: distance_m\n")


def test_a_check_names_what_the_sensor_of_its_point_measures() -> None:
    plan = good(ASKS.replace(POND_TAG, SENSOR))
    (level,) = [check for check in plan.checklist("water").checks if check.sensor]
    assert (level.id, level.sensor) == ("level", "distance_m")
    assert plan.point("pond").tags[0].sender == "A4:C1:38:5D:11:01"
    assert {"temperature", "humidity", "co2", "distance_m", "adv_count", "battery_mv"} & MEASURES == {
        "temperature", "humidity", "co2", "distance_m",
    }  # fmt: skip


def test_a_beacon_bound_to_an_address_can_carry_the_measurement() -> None:
    bound = POND_TAG.replace("- eddystone", "- address: C0:11:22:33:44:55\n        eddystone")
    assert good(ASKS.replace(POND_TAG, bound)).point("pond").tags[0].sender == "C0:11:22:33:44:55"


def test_a_sensor_that_only_answers_checks_needs_no_level() -> None:
    plain = PLAN.replace(POND_TAG, SENSOR)
    assert told(read(plain)[1]) == [("never_near", plain[: plain.index("- bthome")].count("\n") + 1)]
    assert read(ASKS.replace(POND_TAG, SENSOR))[1] == ()


def test_a_check_of_a_sensor_where_there_is_none_is_a_fault_at_the_stop() -> None:
    fault = only(ASKS)
    assert (fault.key, fault.where) == ("plans.no_sensor", "routes.night.stops[2].checklist")
    assert "check level reads distance_m from a sensor, and pond has none" in fault.say("en")
    assert "pond没有传感器" in fault.say("zh")


@pytest.mark.parametrize(
    ("written", "key", "says"),
    [
        ("temprature", "not_one_of_near", "temperature"),
        ("warmth-of-heart", "no_measure", "hardware.md"),
        ("battery", "not_one_of_near", "battery_low"),
    ],
)
def test_a_measurement_that_no_tag_has_is_refused(written: str, key: str, says: str) -> None:
    fault = only(ASKS.replace("distance_m", written).replace(POND_TAG, LOUD_SENSOR))
    assert fault.key == f"plans.{key}"
    assert says in fault.say("zh")


def test_only_a_number_can_be_a_sensors() -> None:
    counted = PLAN.replace("        total: 10\n", "        total: 10\n        sensor: count\n")
    fault = only(counted.replace(POND_TAG, LOUD_SENSOR))
    assert fault.key == "plans.not_for_kind"


def test_window_and_pause_of_the_radio_have_limits() -> None:
    told_pace = PLAN.replace("{pin_tries: 5}", "{scan_window_ms: 2000, scan_pause_ms: 0}")
    assert (good(told_pace).settings.scan_window_ms, good(told_pace).settings.scan_pause_ms) == (2000, 0)
    for wrong in ("scan_window_ms: 2501", "scan_window_ms: 499", "scan_pause_ms: 30001", "scan_pause_ms: -1"):
        assert only(PLAN.replace("pin_tries: 5", wrong)).key == "plans.bad_int"
