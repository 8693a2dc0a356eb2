"""Registers, procedures, items, contacts and spare parts of a plan file: read whole, and every fault named."""

import pytest

from app.duties.provisions import Contact, Item, Lone, Register, Supply
from app.duties.texts import Text
from tests.office.test_plans import PLAN, good, read

PROVISIONS = """
registers:
  log:
    name: {zh: 值班记录, en: Log}
    roles: [guard]
    every_min: 120
    columns:
      signal: {text: 信号, kind: choice, choices: {fire: {zh: 火警, ok: no}, none: 无}}
      loop: {text: 回路, kind: digits, size: 3, optional: yes}
  visitors:
    name: 来访
    roles: [guard]
    ends: 离开
    limit: 22:30
    columns:
      room: {text: 房号, kind: room}
procedures:
  lift:
    name: 电梯困人
    kind: card
    about: [pump]
    steps:
      call: {text: 通话, within_min: 3}
      out: {zh: 救出, en: Out}
  flood:
    name: 防汛
    kind: call-out
    teams:
      rescue:
        name: 抢险组
        assemble_min: 20
        point: gate
        steps: {bags: 堆沙袋}
        materials: {shovel: {text: 铁锹, count: 10}}
    reports: {dry: 已排除}
contacts:
  fire: {name: 火警, number: "119"}
supplies:
  lamp: 灯泡
  tube: {text: 灯管, unit: 根}
"""
WHOLE = (
    PLAN.replace(
        "roles: [guard]}",
        "roles: [guard], lone: {every_min: 45, answer_s: 30}, items: {radio: {text: 对讲机, count: 2}, key: 钥匙}}",
    )
    + PROVISIONS
)


def test_what_a_plan_provides_is_read_as_written() -> None:
    plan = good(WHOLE)
    assert [register.id for register in plan.registers] == ["log", "visitors"]
    log, visitors = plan.registers
    assert isinstance(log, Register)
    assert [(column.id, column.kind, column.size, column.optional) for column in log.columns] == [
        ("signal", "choice", 0, False),
        ("loop", "digits", 3, True),
    ]
    assert [choice.ok for choice in log.columns[0].choices] == [False, True]
    assert (visitors.limit, visitors.ends) == ("22:30", Text("离开"))
    lift, flood = plan.procedures
    assert [(step.id, step.within_min) for step in lift.teams[0].steps] == [("call", 3), ("out", 0)]
    assert (flood.teams[0].assemble_min, flood.teams[0].point, flood.teams[0].materials[0].count) == (20, "gate", 10)
    assert lift.about == ("pump",)
    assert plan.posts[0].lone == Lone(45, 30, 60)
    assert good(WHOLE.replace("lone: {every_min: 45, answer_s: 30}", "lone: 45")).posts[0].lone == Lone(45)
    assert plan.contacts == (Contact("fire", Text("火警"), "119"),)
    assert plan.supplies == (Supply("lamp", Text("灯泡")), Supply("tube", Text("灯管"), Text("根")))
    assert plan.posts[0].items == (Item("radio", Text("对讲机"), 2), Item("key", Text("钥匙")))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("limit: 22:30", "limit: 25:00", "bad_limit"),
        ("limit: 22:30", "limit: 2d", "bad_limit"),
        ("    ends: 离开\n", "", "limit_without_end"),
        ("kind: room", "kind: name", "not_one_of"),
        ("kind: digits, size: 3", "kind: count, size: 3", "not_for_kind"),
        ("choices: {fire: {zh: 火警, ok: no}, none: 无}", "choices: {none: 无}", "few_choices"),
        ("every_min: 120", "every_min: 5", "bad_int"),
        ("point: gate", "point: gat", "unknown_points_near"),
        ("    steps:\n      call: {text: 通话, within_min: 3}\n      out: {zh: 救出, en: Out}\n", "", "steps_or_teams"),
        ("kind: call-out", "kind: card", "not_for_kind"),
        ("    reports: {dry: 已排除}\n", "", "missing_key"),
        ('number: "119"', 'number: "one-one-nine"', "bad_digits"),
        ("within_min: 3", "within_mins: 3", "unknown_key_near"),
        ("about: [pump]", "about: [pumb]", "unknown_assets_near"),
    ],
)
def test_what_a_handheld_could_not_work_with_is_a_fault_with_its_line(old: str, new: str, key: str) -> None:
    assert old in WHOLE
    text = WHOLE.replace(old, new, 1)
    plan, faults = read(text)
    assert plan is None
    found = [fault for fault in faults if not fault.warning]
    assert len(found) == 1, found
    assert found[0].key == f"plans.{key}"
    assert PLAN.count("\n") < found[0].line <= text.count("\n")


@pytest.mark.parametrize("minutes", ["4", "0", "often", "{answer_s: 30}", "{every_min: 45, answer_s: 5}"])
def test_somebody_alone_is_not_asked_every_other_minute_and_has_time_to_answer(minutes: str) -> None:
    plan, faults = read(WHOLE.replace("lone: {every_min: 45, answer_s: 30}", f"lone: {minutes}"))
    assert plan is None
    assert len([fault for fault in faults if not fault.warning]) == 1


SURVEYS = """
surveys:
  flats:
    name: 9号楼
    builder: 翠湖置业
    units: ["9-{1..2}-{1..3}0{1..2}", 9-shop]
    faults: {scratch: 划伤}
    fittings: {door: 入户门, tap: {text: 龙头, faults: {drip: 滴水}}}
  plant:
    name: 设备
    builder: 翠湖置业
    units: {pumps: {zh: 水泵房, en: Pump room}}
    fittings: {plate: {text: 铭牌, faults: {gone: 缺失}}}
"""


def test_what_is_inspected_before_a_handover_is_read_and_hundreds_of_numbers_are_one_line() -> None:
    flats, plant = good(PLAN + SURVEYS).surveys
    assert [unit.id for unit in flats.units][:4] == ["9-1-101", "9-1-102", "9-1-201", "9-1-202"]
    assert len(flats.units) == 2 * 3 * 2 + 1
    assert [(fitting.id, [fault.id for fault in fitting.faults]) for fitting in flats.fittings] == [
        ("door", []),
        ("tap", ["drip"]),
    ]
    assert flats.deadline == "7d"
    assert [(unit.id, unit.name) for unit in plant.units] == [("pumps", Text("水泵房", "Pump room"))]
    towers = SURVEYS.replace('"9-{1..2}-{1..3}0{1..2}", 9-shop', '"7-{1..2}-{1..25}0{1..6}"')
    assert len(good(PLAN + towers).surveys[0].units) == 300


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("9-shop]", "9-1-101]", "9-1-101 stands there twice"),
        ("{1..3}", "{1..3000}", "3000"),
        ("{1..3}", "{1..999}", "3000"),
        ("9-shop]", "九号]", "九号"),
        ("    faults: {scratch: 划伤}\n", "", "no phrases"),
        ("deadline: 7d", "deadline: 7x", "7x"),
    ],
)
def test_a_survey_that_makes_no_sense_is_told(before: str, after: str, said: str) -> None:
    text = SURVEYS.replace("    faults: {scratch", "    deadline: 7d\n    faults: {scratch")
    assert before in text
    assert said in " ".join(fault.say("en") for fault in read(PLAN + text.replace(before, after)).faults)


VIOLATION = "violation: {authority: 城管, comply: 3d, report: 1wd, demands: {stop: 立即停止}}"


def test_a_category_may_lead_to_the_papers_of_a_violation() -> None:
    plan = good(in_category(VIOLATION))
    rule = plan.category("leak").violation
    assert rule is not None
    assert (rule.notice, rule.comply, rule.report, rule.demands[0].id) == ("same-day", "3d", "1wd", "stop")
    said = " ".join(fault.say("en") for fault in read(in_category("violation: {comply: soon}")).faults)
    assert all(word in said for word in ("soon", "authority", "demands"))


def in_category(line: str) -> str:
    return PLAN.replace("    deadline: same-day\n    to: fitter", f"    deadline: same-day\n    {line}\n    to: fitter")
