"""Meters, phases and instructions, as a manager writes them into the plan."""

from typing import Final

import pytest

from tests.office.test_plans import PLAN, good, only

LEVEL: Final = "        unit: m\n"
METER: Final = PLAN.replace(LEVEL, LEVEL + "        meter: true\n        ratio: 80\n        moves: false\n")
PHASE: Final = "      {id}: {{kind: number, text: {id}, unit: {unit}, group: {group}{more}}}\n"
PHASES: Final = "".join(
    PHASE.format(id=id, unit="A", group="amps", more=", balance: 15" if id == "i-c" else "")
    for id in ("i-a", "i-b", "i-c")
)


def with_checks(rows: str) -> str:
    return PLAN.replace("      lamps:\n", rows + "      lamps:\n")


def test_a_meter_has_its_ratio_and_an_ordinary_reading_moves() -> None:
    level = good(METER).find_check("water", "level")
    assert level is not None
    assert (level.meter, level.ratio, level.moves) == (True, 80, False)
    plain = good(PLAN).find_check("water", "level")
    assert plain is not None
    assert (plain.meter, plain.ratio, plain.moves, plain.group, plain.balance) == (False, 1, True, "", 0)


def test_three_phases_stand_in_one_group_with_their_balance() -> None:
    checks = good(with_checks(PHASES)).checklist("water").checks
    assert [(check.id, check.balance) for check in checks if check.group == "amps"] == [
        ("i-a", 0), ("i-b", 0), ("i-c", 15),
    ]  # fmt: skip


def test_an_asset_says_what_whoever_works_on_it_must_know() -> None:
    (before,) = [line for line in PLAN.splitlines() if line.strip().startswith("pump:")]
    plan = good(PLAN.replace(before, before.replace("point:", "instructions: 先断电, point:", 1)))
    assert plan.asset("pump").instructions.say("zh") == "先断电"


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (METER.replace("        meter: true\n", ""), "needs_beside", "ratio"),
        (METER.replace("ratio: 80", "ratio: 0"), "bad_int", "ratio"),
        (PLAN.replace("        total: 10\n", "        total: 10\n        meter: true\n"), "not_for_kind", "meter"),
        (PLAN.replace(LEVEL, LEVEL + "        balance: 15\n"), "needs_beside", "balance"),
        (with_checks(PHASE.format(id="i-a", unit="A", group="amps", more="")), "lone_group", "amps"),
        (
            with_checks(PHASES + PHASE.format(id="u-a", unit="V", group="amps", more="")),
            "lone_group",
            "amps",
        ),
    ],
)
def test_a_key_that_means_nothing_there_is_refused(text: str, key: str, says: str) -> None:
    fault = only(text)
    assert fault.key == f"plans.{key}"
    assert says in fault.say("en") or says in fault.where
