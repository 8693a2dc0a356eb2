"""Registers, procedures, items, contacts and spare parts of a plan file: read whole, and every fault named."""

import pytest

from app.duties.provisions import Contact, Item, Register, Supply
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
    PLAN.replace("roles: [guard]}", "roles: [guard], items: {radio: {text: 对讲机, count: 2}, key: 钥匙}}") + PROVISIONS
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
