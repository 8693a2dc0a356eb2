"""A plan file is read whole or not at all, and every fault in it has a line and a remedy."""

import ast
import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.duties.site import Grant, Plan, TagRule, decode_plan, encode_plan
from app.words.plan_book import TABLE as BOOK
from app.words.plans import TABLE
from sync.office import plans
from sync.office.plan_faults import MAX_FAULTS, Fault
from sync.office.plan_nodes import MAX_BYTES
from sync.office.plan_tags import SHARED_UUID
from sync.office.plans import Checked, read_people, read_plan

UUID = "8e1f5c3a-6b0d-4d7e-9a52-c3b7e0d4f116"

PLAN = f"""\
site:
  id: garden
  name: {{zh: 花园, en: Garden}}
  zone: Asia/Shanghai
  ibeacon: {UUID}
effective: 2026-11-01
calendar:
  holidays: [2026-10-01..2026-10-03]
  workdays: [2026-10-10]
settings: {{pin_tries: 5}}
roles:
  leader: [li-min]
  guard: [zhang-wei, li-min]
areas:
  outside: {{name: 室外, person: li-min}}
posts:
  patrol: {{name: 巡逻岗, hours: 4, roles: [guard]}}
points:
  gate:
    name: {{zh: 东门, en: East gate}}
    area: outside
    tags: [{{ibeacon: 0/1, near: -60}}]
    grade: near
    label: true
    code: "0042"
  pond:
    name: 池边
    area: outside
    tags:
      - eddystone-uid: 0123456789abcdef0123/0123456789ab
    code: "1001"
    label: true
    danger: true
assets:
  pump: {{name: 水泵, point: pond, inspect_by: 2027-01-31}}
checklists:
  water:
    name: 水池
    checks:
      sign: 警示牌在
      state:
        kind: choice
        text: 水面
        choices: {{clear: 干净, dirty: {{zh: 有漂浮物, ok: false}}}}
      level:
        kind: number
        text: 水位
        unit: m
        decimals: 2
        low: 0.30
        high: "1.20"
        source: 竣工图
        asset: pump
      lamps:
        kind: count
        text: 亮几盏
        total: 10
routes:
  night:
    kind: patrol
    name: 夜巡
    order: fixed
    roles: [guard]
    stops:
      - gate
      - {{point: pond, checklist: water, walk_s: 60}}
schedules:
  night-1:
    route: night
    name: 夜间一巡
    rule: FREQ=DAILY
    start: 22:00
    minutes: 120
    begins: 2026-01-01
    crew: 2
    recheck: true
    post: patrol
categories:
  leak:
    text: 漏水
    kind: finding
    deadline: same-day
    to: fitter
    phrases: {{drip: 滴漏}}
skip_reasons:
  locked: 门锁打不开
alone_reasons:
  ill: 同伴生病
"""

PEOPLE = """\
people:
  li-min: {name: {zh: 李敏, en: Li Min}, number: "0042"}
  zhang-wei: {name: 张伟, number: "0043"}
"""


def read(text: str) -> Checked:
    return read_plan(text, file="garden.yaml")


def good(text: str, revision: int = 1) -> Plan:
    """The plan in a text without faults."""
    plan, faults = read_plan(text, revision=revision)
    assert plan is not None, faults
    return plan


def line_of(text: str, part: str) -> int:
    before, found, _ = text.partition(part)
    assert found, part
    return before.count("\n") + 1


def told(faults: tuple[Fault, ...]) -> list[tuple[str, int]]:
    return [(fault.key.removeprefix("plans."), fault.line) for fault in faults]


def only(text: str) -> Fault:
    """The one fault of a faulty text."""
    plan, faults = read(text)
    assert plan is None
    assert len(faults) == 1, [fault.say("en") for fault in faults]
    return faults[0]


# What a manager writes


def test_a_good_plan_has_no_faults_and_reads_as_written() -> None:
    plan, faults = read(PLAN)
    assert faults == ()
    assert plan is not None
    assert plan.revision == 1
    gate, pond = plan.points
    assert gate.name.say("en") == "East gate"
    assert gate.tags[0].id == f"{UUID}/0/1"
    assert gate.tags[0].near == -60
    assert gate.code == "0042", "a leading zero is part of a code"
    assert pond.tags[0].format == "eddystone-uid"
    assert pond.name.say("en") == "池边", "a text in one language serves for both"
    assert plan.calendar.holidays == ("2026-10-01", "2026-10-02", "2026-10-03")
    assert plan.schedule("night-1").start == "22:00", "not 1320, as YAML 1.1 would have it"
    sign, state, level, lamps = plan.checklist("water").checks
    assert (sign.kind, state.kind, lamps.total) == ("ok", "choice", 10)
    assert [choice.ok for choice in state.choices] == [True, False]
    assert (level.low, level.high) == ("0.30", "1.20"), "decimals stay as they are written"
    assert [(stop.id, stop.checklist, stop.walk_s) for stop in plan.route("night").stops] == [
        ("gate", None, 0),
        ("pond", "water", 60),
    ]
    assert plan.route("night").roles == ("guard",)


def test_a_routes_checklist_is_that_of_each_stop_which_names_none() -> None:
    text = PLAN.replace(
        "    roles: [guard]\n    stops:\n      - gate\n",
        "    roles: [guard]\n    checklist: look\n    stops:\n      - gate\n",
    )
    text = text.replace("checklists:\n", "checklists:\n  look: {name: 看, checks: {clean: 干净}}\n")
    plan, faults = read(text)
    assert faults == ()
    assert plan is not None
    assert [stop.checklist for stop in plan.route("night").stops] == ["look", "water"]


def test_words_that_yaml_takes_for_something_else_stay_words() -> None:
    plan, faults = read(PLAN.replace("{zh: 东门, en: East gate}", "{zh: 2026-10-01, en: No}"))
    assert faults == ()
    assert plan is not None
    assert (plan.points[0].name.zh, plan.points[0].name.en) == ("2026-10-01", "No")


def test_a_compiled_plan_is_canonical_and_reads_back_as_itself() -> None:
    plan = good(PLAN, revision=7)
    raw = encode_plan(plan)
    assert plan.revision == 7
    assert decode_plan(raw) == plan
    assert encode_plan(decode_plan(raw)) == raw
    assert encode_plan(good(PLAN.replace("\n", "\r\n"), 7)) == raw, "line ends do not matter"


def test_a_plan_with_faults_is_refused_with_all_of_them() -> None:
    plan, faults = read(PLAN.replace("zone: Asia/Shanghai", "zone: Mars").replace("hours: 4", "hours: 99"))
    assert plan is None
    assert [fault.key for fault in faults] == ["plans.bad_zone", "plans.bad_int"]


# Every kind of fault, in its line

VISITORS = "registers: {v: {name: 访客, roles: [guard], columns: {no: {text: 号, kind: digits}}, retention_days: 179}}"
FAULTS = [
    # (key, what stands in PLAN, what is written instead, where the fault is told)
    ("unknown_key_near", "    area: outside\n    tags: [", "    aera: outside\n    area: outside\n    tags: [", "aera"),
    ("unknown_key", "settings: {pin_tries: 5}", "settings: {x: 5}", "settings"),
    ("missing_key", "    area: outside\n    tags: [", "    tags: [", "  gate:"),
    ("duplicate_key", "  locked: 门锁打不开", "  locked: 门锁打不开\n  locked : 没带钥匙", "locked :"),
    ("duplicate_key", "effective: 2026-11-01", "effective: 2026-11-01\neffective : 2026-11-02", "effective :"),
    ("secret", '    code: "0042"', '    code: "0042"\n    token: 3QK7', "token"),
    ("secret", "settings: {pin_tries: 5}", "settings: {PIN: 1234}", "settings"),
    ("need_table", "settings: {pin_tries: 5}", "settings: 5", "settings"),
    ("need_ids", "skip_reasons:\n  locked: 门锁打不开", "skip_reasons: [locked]", "skip_reasons"),
    ("need_list", "    tags: [{ibeacon: 0/1, near: -60}]", "    tags: {ibeacon: 0/1}", "tags: {"),
    ("need_value", "    minutes: 120", "    minutes: [120]", "minutes"),
    ("no_value", "    minutes: 120", "    minutes:", "minutes"),
    ("no_value", "    name: 池边", '    name: ""', 'name: ""'),
    ("no_text", "    name: 池边", "    name: {}", "name: {}"),
    ("too_long", "    name: 池边", f"    name: {'池' * 121}", "池池"),
    ("unsafe_text", "    name: 池边", '    name: "\\u202e池边"', "u202e"),
    ("bad_key", "settings: {pin_tries: 5}", "settings: {? [a] : 5}", "settings"),
    ("bad_id", "skip_reasons:\n  locked: ", "skip_reasons:\n  Locked_1: ", "Locked_1"),
    ("bad_id", "alone_reasons:\n  ill: ", "alone_reasons:\n  Ill: ", "Ill"),
    ("no_text", "  ill: 同伴生病", "  ill: {}", "ill: {}"),
    ("bad_id", "    route: night\n", "    route: 夜巡\n", "route: 夜巡"),
    ("not_one_of_near", "    to: fitter", "    to: filter", "to: filter"),
    ("not_one_of", "    kind: patrol", "    kind: 巡逻", "kind: 巡逻"),
    ("bad_int", "    crew: 2", "    crew: two", "crew"),
    ("bad_int", "    minutes: 120", f"    minutes: {'9' * 5000}", "minutes"),
    ("bad_int", "settings: {pin_tries: 5}", "settings: {keep_days: 89}", "keep_days"),
    ("bad_int", "settings: {pin_tries: 5}", "settings: {keep_safety_days: 1095}", "keep_safety_days"),
    ("bad_int", "settings: {pin_tries: 5}", VISITORS, "retention_days: 179"),
    ("bad_decimal", "        low: 0.30", "        low: 0,30", "low: 0,30"),
    ("bad_decimal", "        low: 0.30", "        low: 1e400", "low: 1e400"),
    ("bad_decimal", "        low: 0.30", "        low: .nan", "low: .nan"),
    ("bad_yes_no", "    recheck: true", "    recheck: maybe", "recheck"),
    ("bad_time", "    start: 22:00", "    start: 24:00", "start"),
    ("bad_date", "effective: 2026-11-01", "effective: 1.11.2026", "effective"),
    ("no_such_day", "effective: 2026-11-01", "effective: 2026-02-30", "effective"),
    ("no_such_day", "2027-01-31", "2027-04-31", "inspect_by"),
    ("bad_span", "2026-10-01..2026-10-03", "2026-10-03..2026-10-01", "holidays"),
    ("bad_span", "2026-10-01..2026-10-03", "2026-10-01..9999-10-03", "holidays"),
    ("bad_zone", "zone: Asia/Shanghai", "zone: Asia/Shangai", "zone"),
    ("bad_zone", "zone: Asia/Shanghai", "zone: ../../etc/passwd", "zone"),
    ("bad_digits", '    code: "1001"', '    code: "100"', 'code: "100"'),
    ("bad_deadline", "deadline: same-day", "deadline: 1000min", "1000min"),
    ("bad_deadline", "deadline: same-day", "deadline: 2 days", "2 days"),
    ("unknown_posts_near", "post: patrol", "post: patrols", "post: patrols"),
    ("unknown_categories_near", "    name: 水池\n", "    name: 水池\n    category: leaks\n", "category: leaks"),
    ("unknown_categories", "        text: 水面\n", "        text: 水面\n        category: xyz\n", "category: xyz"),
    ("unknown_key_near", "  leader: [li-min]", "  leeder: [li-min]", "leeder"),
    ("need_list", "  leader: [li-min]", "  leader: li-min", "leader: li-min"),
    ("bad_id", "  leader: [li-min]", "  leader: [李敏]", "李敏"),
    ("nobody", "roles:\n  leader: [li-min]\n  guard: [zhang-wei, li-min]\n", "roles: {}\n", "roles: {}"),
    ("no_roles", "    roles: [guard]\n    stops", "    roles: []\n    stops", "roles: []"),
    ("bad_uuid", f"  ibeacon: {UUID}", "  ibeacon: garden", "ibeacon: garden"),
    ("bad_ibeacon", "ibeacon: 0/1", "ibeacon: 1", "ibeacon: 1"),
    ("bad_ibeacon", "ibeacon: 0/1", "ibeacon: 8e1f/0/1", "8e1f/0/1"),
    ("bad_major_minor", "ibeacon: 0/1", "ibeacon: 0/65536", "65536"),
    ("bad_eddystone", "0123456789abcdef0123/0123456789ab", "0123/0123456789ab", "eddystone"),
    ("bad_altbeacon", "eddystone-uid: 0123456789abcdef0123/0123456789ab", "altbeacon: 0123", "altbeacon"),
    ("bad_tag_name", "eddystone-uid: 0123456789abcdef0123/0123456789ab", "eddystone-eid: Pond 1", "Pond 1"),
    ("bad_url", "eddystone-uid: 0123456789abcdef0123/0123456789ab", "eddystone-url: x.cn", "x.cn"),
    ("bad_address", "eddystone-uid: 0123456789abcdef0123/0123456789ab", "generic: LW-1", "LW-1"),
    ("no_rule", "eddystone-uid: 0123456789abcdef0123/0123456789ab", "generic: aabb\n        near: -60", "generic"),
    ("bad_service", "settings: {pin_tries: 5}", "tag_rules: [{service: uart}]", "uart"),
    ("open_rule", "settings: {pin_tries: 5}", "tag_rules: [{name: LW, size: 2}]", "LW"),
    ("open_rule", "settings: {pin_tries: 5}", "tag_rules: [{begin: 2}]", "begin"),
    ("bad_address", "near: -60}", "near: -60, address: C0-11-22-33-44-55}", "C0-11"),
    ("bad_int", "near: -60}", "near: 60}", "near: 60"),
    ("one_identity", "{ibeacon: 0/1, near: -60}", "{near: -60}", "near: -60"),
    ("grade_needs_tag", "    tags: [{ibeacon: 0/1, near: -60}]\n", "", "grade: near"),
    ("grade_needs_label", "    label: true\n    danger", "    grade: label\n    danger", "grade: label"),
    ("same_tag", "eddystone-uid: 0123456789abcdef0123/0123456789ab", f"ibeacon: {UUID.upper()}/0/01", "- ibeacon"),
    ("same_code", '    code: "1001"', '    code: "0042"', 'code: "0042"\n    label: true\n    danger'),
    ("empty_checklist", "checklists:\n", "checklists:\n  none:\n    name: 空\n    checks: {}\n", "checks: {}"),
    ("not_for_kind", "        total: 10", "        total: 10\n        unit: V", "unit: V"),
    ("missing_key", "        total: 10\n", "", "      lamps:"),
    ("few_choices", ", dirty: {zh: 有漂浮物, ok: false}", "", "choices"),
    ("many_choices", "dirty: {zh", ", ".join(f"c{n}: 第{n}" for n in range(8)) + ", dirty: {zh", "choices"),
    ("no_good_choice", "clear: 干净", "clear: {zh: 干净, ok: no}", "choices"),
    ("no_text", "clear: 干净", "clear: {ok: no}", "choices"),
    ("too_many_decimals", "        low: 0.30", "        low: 0.305", "low: 0.305"),
    ("low_above_high", "        low: 0.30", "        low: 1.21", "low: 1.21"),
    ("low_above_high", "        total: 10", '        total: 10\n        low: "11"\n        source: 合同', 'low: "11"'),
    ("unknown_areas_near", "    area: outside\n    tags: [", "    area: outsid\n    tags: [", "area: outsid\n"),
    ("unknown_areas", "    area: outside\n    tags: [", "    area: moon\n    tags: [", "area: moon"),
    ("unknown_points", "      - gate\n", "      - gate\n      - roof-9\n", "roof-9"),
    ("unknown_points_near", "point: pond, inspect_by", "point: pnd, inspect_by", "point: pnd"),
    ("unknown_checklists_near", "checklist: water", "checklist: watr", "watr"),
    ("unknown_assets_near", "        asset: pump", "        asset: pumps", "asset: pumps"),
    ("unknown_routes_near", "    route: night\n", "    route: nights\n", "route: nights"),
    ("duplicate_stop", "      - gate\n", "      - gate\n      - {point: gate}\n", "{point: gate}"),
    ("walk_longer", "walk_s: 60", "walk_s: 7200}\n      - {id: again, point: gate, walk_s: 60", "minutes"),
    ("until_before_begins", "    crew: 2", "    crew: 2\n    until: 2025-12-31", "until"),
    ("never_due", "    crew: 2", "    crew: 2\n    until: 2026-01-01\n    days: off", "rule: FREQ"),
    ("overlap", "    minutes: 120", "    minutes: 1441", "minutes: 1441"),
    ("recheck_alone", "    crew: 2", "    crew: 1", "recheck"),
    ("holiday_and_workday", "workdays: [2026-10-10]", "workdays: [2026-10-03]", "workdays"),
    ("workday_anyway", "workdays: [2026-10-10]", "workdays: [2026-10-12]", "workdays"),
    ("no_phrases", "{drip: 滴漏}", "{}", "phrases"),
    ("alias", "    name: 池边", "    name: *east", "name: *"),
    ("anchor", "    name: 池边", "    name: &a 池边", "name: &a"),
    ("tag", "    name: 池边", "    name: !!python/object/apply:os.system [ls]", "os.system"),
    ("duty.rule_number", "    rule: FREQ=DAILY", "    rule: FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
    ("duty.rule_finer", "    rule: FREQ=DAILY", "    rule: FREQ=HOURLY", "HOURLY"),
    ("duty.rule_unreal", "    rule: FREQ=DAILY", "    rule: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", "BYMONTH"),
    ("duty.rule_freq", "    rule: FREQ=DAILY", "    rule: FREQ=每天", "每天"),
]


@pytest.mark.parametrize(("key", "old", "new", "where"), FAULTS)
def test_each_fault_is_named_in_its_line_and_nothing_is_taken(key: str, old: str, new: str, where: str) -> None:
    assert PLAN.count(old) == 1, old
    text = PLAN.replace(old, new)
    fault = only(text)
    assert fault.key == (key if "." in key else f"plans.{key}")
    assert fault.line == line_of(text, where)
    for lang in ("zh", "en"):
        sentence = fault.say(lang)
        assert sentence.startswith(f"garden.yaml:{fault.line}")
        assert "{" not in sentence.replace("{zh", "")


def keys_in_code() -> set[str]:
    """Every key that the plan reader can put into a fault."""
    folder = Path(plans.__file__).parent
    calls = [
        node
        for file in folder.glob("plan*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("faults.add", "faults.warn", "Wrong", "_Hopeless")
    ]
    words = [arg.value for call in calls for arg in call.args if isinstance(arg, ast.Constant)]
    return {word for word in words if isinstance(word, str) and word}


def test_every_fault_that_can_be_told_has_its_sentence() -> None:
    keys = keys_in_code()
    assert len(keys) > 60
    assert keys <= {*TABLE, *(f"plan_book.{name}" for name in BOOK)}
    for group in ("areas", "points", "assets", "checklists", "routes", "people"):
        assert f"unknown_{group}" in TABLE
        assert f"unknown_{group}_near" in TABLE


def test_a_plan_with_many_faults_tells_all_of_them_at_once_in_the_order_of_the_file() -> None:
    changes = [
        ("bad_zone", "zone: Asia/Shanghai", "zone: Mars"),
        ("bad_span", "2026-10-01..2026-10-03", "2026-10-03..2026-10-01"),
        ("unknown_areas", "    area: outside\n    tags: [", "    area: moon\n    tags: ["),
        ("same_tag", "eddystone-uid: 0123456789abcdef0123/0123456789ab", "ibeacon: 0/1"),
        ("same_code", '    code: "1001"', '    code: "0042"'),
        ("low_above_high", "        low: 0.30", "        low: 1.30"),
        ("unknown_points", "      - gate\n", "      - roof-9\n"),
        ("duty.rule_number", "    rule: FREQ=DAILY", "    rule: FREQ=DAILY;INTERVAL=0"),
        ("bad_time", "    start: 22:00", "    start: 25:00"),
        ("secret", "    crew: 2", "    crew: 2\n    password: x"),
        ("not_one_of", "    to: fitter", "    to: nobody-at-all"),
    ]
    text = PLAN
    for _, old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    plan, faults = read(text)
    assert plan is None
    assert sorted(key for key, _ in told(faults)) == sorted(key for key, _, _ in changes)
    lines = [line for _, line in told(faults)]
    assert lines == sorted(lines)


def test_an_unknown_key_is_answered_with_all_that_could_stand_there() -> None:
    said = only(PLAN.replace("effective: 2026-11-01", "effective: 2026-11-01\nx: 1")).say("en")
    assert all(key in said for key in ("calendar", "assets", "schedules", "skip_reasons"))


def test_a_long_word_from_the_file_is_quoted_in_part() -> None:
    assert len(only(PLAN.replace("    start: 22:00", f"    start: {'2' * 100_000}")).say("zh")) < 200


def test_a_thing_with_a_fault_is_still_compared_with_the_others() -> None:
    text = PLAN.replace('    code: "1001"', '    code: "0042"\n    grade: strong')
    assert [key for key, _ in told(read(text).faults)] == ["same_code", "not_one_of"]


def test_what_is_wrong_with_the_sites_uuid_is_not_told_again_at_each_beacon() -> None:
    assert only(PLAN.replace(f"  ibeacon: {UUID}", "  ibeacon: ours")).key == "plans.bad_uuid"


SECTIONS = ("site", "roles", "areas", "posts", "points", "assets", "checklists", "routes", "schedules", "categories")


@pytest.mark.parametrize("section", SECTIONS)
def test_a_misspelt_section_is_one_fault_and_what_stands_in_it_is_read_all_the_same(section: str) -> None:
    text = PLAN.replace(f"\n{section}:", f"\n{section}x:") if section != "site" else PLAN.replace("site:", "sitex:", 1)
    fault = only(text)
    assert (fault.key, fault.fields["near"], fault.line) == ("plans.unknown_key_near", section, line_of(text, section))
    other = text.replace("zone: Asia/Shanghai", "zone: Mars").replace('code: "1001"', 'code: "1"')
    assert sorted(key for key, _ in told(read(other).faults)) == ["bad_digits", "bad_zone", "unknown_key_near"]


@pytest.mark.parametrize("section", ["areas", "points", "routes"])
def test_a_section_that_is_missing_is_one_fault_and_not_one_for_each_place_that_leads_into_it(section: str) -> None:
    faults = told(read(PLAN.replace(f"\n{section}:", "\nzzz:")).faults)
    assert [key for key, _ in faults] == ["missing_key", "unknown_key"]


@pytest.mark.parametrize("section", ["posts", "assets", "checklists"])
def test_a_section_that_only_its_users_miss_is_one_fault_that_counts_them(section: str) -> None:
    faults = read(PLAN.replace(f"\n{section}:", "\nzzz:")).faults
    assert sorted(key for key, _ in told(faults)) == ["no_section", "unknown_key"]


def test_a_needed_key_that_is_misspelt_is_one_fault() -> None:
    assert only(PLAN.replace("    area: outside\n    tags: [", "    aera: outside\n    tags: [")).key == (
        "plans.unknown_key_near"
    )


def test_a_person_who_does_not_exist_is_found_when_it_is_known_who_there_is() -> None:
    people = read_people(PEOPLE).people
    assert read_plan(PLAN, people=people).faults == ()
    [fault] = read_plan(PLAN.replace("person: li-min", "person: li-ming"), people=people).faults
    assert (fault.key, fault.fields["near"]) == ("plans.unknown_people_near", "li-min")
    assert read_plan(PLAN.replace("li-min", "li-ming")).plan is not None, "without a people file nobody can say"


def test_whoever_is_granted_a_role_must_stand_in_the_people_file() -> None:
    people = read_people(PEOPLE).people
    text = PLAN.replace("guard: [zhang-wei, li-min]", "guard: [zhang-wei, li-ming, nobody-at-all]")
    assert read(text).plan is not None, "without a people file nobody can say"
    near, unknown = read_plan(text, people=people).faults
    assert (near.key, near.where) == ("plans.unknown_people_near", "roles.guard[2]")
    assert (unknown.key, unknown.line) == ("plans.unknown_people", line_of(text, "nobody-at-all"))


def test_a_plan_grants_roles_and_the_first_written_is_the_usual_one() -> None:
    plan = good(PLAN)
    assert plan.grants == (Grant("li-min", ("leader", "guard")), Grant("zhang-wei", ("guard",)))
    assert plan.role_of("li-min") == "leader"
    assert plan.role_of("li-min", ("guard", "fitter")) == "guard"
    assert plan.role_of("li-min", ("fitter",)) == "leader"
    assert (plan.roles_of("stranger"), plan.role_of("stranger")) == ((), None)


def test_only_those_whose_every_role_is_of_a_post_that_does_not_walk_must_stay() -> None:
    """D53."""
    text = PLAN.replace("hours: 4, roles", "hours: 4, walks: false, roles")
    plan = good(text)
    assert plan.must_stay("zhang-wei")
    assert not plan.must_stay("li-min"), "a leader belongs to no post"
    assert not plan.must_stay("stranger")
    both = text.replace("posts:\n", "posts:\n  gate-post: {name: 门岗, hours: 4, roles: [guard]}\n")
    assert not good(both).must_stay("zhang-wei")


@pytest.mark.parametrize(
    "deadline", ["3min", "10min", "15min", "30min", "8h", "2d", "2wd", "3wd", "5wd", "7wd", "999h"]
)
def test_every_time_limit_of_the_standards_can_be_written(deadline: str) -> None:
    """D30, D31."""
    plan, faults = read(PLAN.replace("deadline: same-day", f"deadline: {deadline}"))
    assert faults == ()
    assert plan is not None
    assert plan.category("leak").deadline == deadline


def revisions(*texts: str) -> list[Plan]:
    return [good(text, number) for number, text in enumerate(texts, 1)]


DROPPED = PLAN.replace("      - {point: pond, checklist: water, walk_s: 60}\n", "")
DROPPED = DROPPED[: DROPPED.index("  pond:")] + DROPPED[DROPPED.index("assets:") :]
DROPPED = DROPPED.replace(
    "  pump: {name: 水泵, point: pond, inspect_by: 2027-01-31}", "  fan: {name: 风机, point: gate}"
)
DROPPED = DROPPED.replace("        asset: pump\n", "")
"""PLAN without its pond and its pump."""


@pytest.mark.parametrize(("id", "was", "new"), [("pond", "池边", "泵房"), ("pump", "水泵", "排风机")])
def test_an_id_that_was_dropped_does_not_come_back_as_something_else(id: str, was: str, new: str) -> None:
    text = PLAN.replace(f"name: {was}", f"name: {new}")
    earlier = revisions(PLAN, PLAN.replace("水面", "池面"), DROPPED)
    plan, faults = read_plan(text, earlier=earlier)
    assert plan is None
    [fault] = faults
    assert (fault.key, fault.fields["name"], fault.fields["revision"]) == ("plans.reused_id", id, 2)
    assert fault.line == line_of(text, f"  {id}:")
    assert was in fault.say("zh")
    assert read_plan(PLAN, earlier=earlier).faults == (), "the same thing may come back"
    assert read_plan(text, earlier=earlier[:2]).faults == (), "what never left may be renamed"


def test_a_plan_of_a_newer_office_is_read_by_an_older_handheld() -> None:
    """What it adds is passed over; its words ask nothing of a crew that the handheld cannot judge (decision 22)."""
    newer = msgspec.json.decode(encode_plan(good(PLAN, 3)))
    newer |= {"drones": [{"id": "d1"}]}
    newer["site"]["country"] = "cn"
    gate, route, schedule = newer["points"][0], newer["routes"][0], newer["schedules"][0]
    gate["tags"].append({"format": "eid", "id": "ff"})
    gate["grade"] = "witnessed"
    newer["checklists"][0]["checks"][2] |= {"kind": "photo", "lens": "wide"}
    newer["categories"][0] |= {"kind": "praise", "deadline": "1month"}
    route |= {"kind": "swim", "order": "by-weather"}
    schedule["days"] = "moonlit"
    sent = msgspec.json.encode(newer, order="sorted")
    plan = decode_plan(sent)
    assert plan.point_of_tag("eid", "ff") == plan.point("gate") == plan.point_of_tag("ibeacon", f"{UUID}/0/1")
    assert plan.point("gate").grade == "label"
    assert plan.checklist("water").checks[2].kind == "ok"
    assert (plan.route("night").kind, plan.route("night").order) == ("swim", "free")
    assert plan.schedule("night-1").days == "all"
    assert plan.category("leak").deadline == "1month"
    assert plan.sha256 == hashlib.sha256(sent).hexdigest(), "a round names the revision that the office sent"
    assert msgspec.structs.replace(plan, revision=4).sha256 != plan.sha256


@pytest.mark.parametrize(
    ("written", "kind", "identity"),
    [
        (
            "altbeacon: D3162F5AF3EE494799DB09756062D0FC005A0005",
            "altbeacon",
            "d3162f5af3ee494799db09756062d0fc005a0005",
        ),
        ("eddystone-url: https://x.cn/7", "eddystone-url", "https://x.cn/7"),
        ("bthome: a4:c1:38:8d:18:b2", "bthome", "A4:C1:38:8D:18:B2"),
        ("eddystone-eid: pond-1", "eddystone-eid", "pond-1"),
        ("generic: AABBCCDD", "generic", "aabbccdd"),
        ("generic: a4:c1:38:8d:18:b2", "generic", "A4:C1:38:8D:18:B2"),
    ],
)
def test_a_tag_may_be_of_any_format_that_names_a_place(written: str, kind: str, identity: str) -> None:
    text = PLAN.replace("      - eddystone-uid: 0123456789abcdef0123/0123456789ab", f"      - {{{written}, near: -60}}")
    text = text.replace(
        "settings:", "tag_rules: [{name: LW, company: 1424, service: FEE7, begin: 2, size: 4}]\nsettings:"
    )
    plan = good(text)
    assert [(tag.format, tag.id, tag.near) for tag in plan.point("pond").tags] == [(kind, identity, -60)]
    assert plan.tag_rules == (TagRule("LW", 1424, "fee7", 2, 4),)
    assert decode_plan(encode_plan(plan)) == plan


def test_a_checklist_that_a_route_gives_to_all_its_stops_is_blamed_once() -> None:
    text = PLAN.replace("    stops:\n", "    checklist: nothing\n    stops:\n").replace(
        "      - gate\n", "      - gate\n      - {id: back, point: gate}\n"
    )
    fault = only(text)
    assert fault.key == "plans.unknown_checklists"
    assert fault.where == "routes.night.checklist"


# Warnings: told, and the plan is taken

WARNINGS = [
    ("shared_uuid", UUID, SHARED_UUID, "tags: [{ibeacon"),
    ("never_near", "eddystone-uid: 0123456789abcdef0123/0123456789ab", "bthome: A4:C1:38:8D:18:B2", "- bthome"),
    ("never_anti_clone", "    grade: near\n", "    grade: anti-clone\n", "grade: anti-clone"),
    ("no_source", "        source: 竣工图\n", "", "      level:\n"),
    ("unvisited", "assets:\n", "  shed: {name: 车棚, area: outside, label: true}\nassets:\n", "shed:"),
    ("unvisited", "    crew: 2", "    crew: 2\n    until: 2026-10-31", "  gate:"),
    ("checklist_unused", "checklists:\n", "checklists:\n  old: {name: 旧, checks: {a: 好}}\n", "old:"),
    ("area_empty", "areas:\n", "areas:\n  roof: {name: 屋顶}\n", "roof:"),
    ("night_alone", "    crew: 2\n    recheck: true\n", "", "  night-1:"),
    ("danger_unchecked", "    grade: near\n", "    grade: near\n    danger: true\n", "danger: true"),
    ("inspection_overdue", "2027-01-31", "2026-10-31", "inspect_by"),
    ("post_does_not_walk", "hours: 4, roles", "hours: 4, walks: false, roles", "    roles: [guard]\n    stops"),
    ("too_wide", "    name: 池边", "    name: 池边长廊北侧第三根柱子后面的救生圈旁边", "池边长廊"),
]


@pytest.mark.parametrize(("key", "old", "new", "where"), WARNINGS)
def test_a_warning_is_told_and_the_plan_is_taken(key: str, old: str, new: str, where: str) -> None:
    assert old in PLAN
    text = PLAN.replace(old, new, 1)
    plan, faults = read(text)
    assert plan is not None
    assert faults[0].key == f"plans.{key}"
    assert faults[0].warning
    assert faults[0].line == line_of(text, where)
    assert "提醒" in faults[0].say("zh")


def test_a_route_without_a_schedule_is_a_warning() -> None:
    plan, faults = read(PLAN[: PLAN.index("schedules:")] + "schedules: {}\n")
    assert plan is not None
    assert [fault.key for fault in faults] == ["plans.unvisited", "plans.unvisited", "plans.route_never_due"]


# Hostile files


def bomb() -> str:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 20))
    return f"l0: &l0 [a]\n{levels}\n"


HOSTILE = [
    ("alias", bomb().encode()),
    ("too_deep", b"site: " + b"[" * 100_000),
    ("too_deep", b"\n".join(b" " * n + b"a:" for n in range(500))),
    ("tag", b"site: !!python/object/apply:os.system ['true']\n"),
    ("tag", b"site: !!python/name:os.system\n"),
    ("tag", b"!custom {a: b}\n"),
    ("not_yaml", b"site: [1, 2\n"),
    ("not_yaml", b"site: 'open\n"),
    ("not_yaml", b"a: b: c\n"),
    ("tab", b"site:\n\tid: garden\n"),
    ("not_utf8", "site:\n  name: 翠湖花园\n".encode("gb18030")),
    ("not_utf8", "site: x\n".encode("utf-16")),
    ("control", b"site:\n  id: \x1b[2J\n"),
    ("empty", b""),
    ("empty", b"# only a remark\n"),
    ("many_documents", PLAN.encode() + b"---\nsite: again\n"),
    ("too_large", b"#" * (MAX_BYTES + 1)),
    ("need_table", b"- a\n- b\n"),
    ("need_table", b"just words"),
]


@pytest.mark.parametrize(("key", "raw"), HOSTILE)
def test_a_hostile_file_gives_a_sentence_and_nothing_else(key: str, raw: bytes) -> None:
    for checked in (read_plan(raw), read_people(raw)):
        assert checked[0] is None
        assert f"plans.{key}" in {fault.key for fault in checked.faults}
        assert all(fault.say("zh") and fault.say("en").isprintable() for fault in checked.faults)


def test_the_line_of_a_wrong_byte_is_told() -> None:
    [fault] = read_plan("site:\n  id: garden\n  name: 翠湖花园\n".encode("gb18030")).faults
    assert (fault.key, fault.line) == ("plans.not_utf8", 3)
    [fault] = read_plan(b"a: b\nc: \x00\n").faults
    assert (fault.key, fault.line) == ("plans.control", 2)
    [fault] = read_plan("a: \ud800\n").faults
    assert fault.key == "plans.not_utf8"


def test_a_file_full_of_faults_is_told_in_part_and_counted() -> None:
    text = "\n".join(f"key-{n}: {n}" for n in range(50_000))
    faults = read(text).faults
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1].key == "plans.more"
    missing = 7  # site, effective, roles, areas, points, routes, schedules
    assert faults[-1].fields["count"] == 50_000 + missing - MAX_FAULTS


def test_more_schedules_than_can_be_tried_out_are_refused_unread() -> None:
    many = "".join(f"  s{n}: {{rule: FREQ=DAILY}}\n" for n in range(2001))
    fault = only(PLAN[: PLAN.index("schedules:")] + "schedules:\n" + many)
    assert (fault.key, fault.fields["count"]) == ("plans.too_many", 2001)


def test_a_file_that_is_not_there_or_a_folder_is_a_sentence(tmp_path: Path) -> None:
    for source in (tmp_path / "missing.yaml", tmp_path):
        [fault] = read_plan(source).faults
        assert (fault.key, fault.line) == ("plans.unreadable", 0)
        assert source.name in fault.say("zh")


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + PLAN.replace("\n", "\r\n").encode())
    assert read_plan(file).faults == ()


def test_what_a_fault_quotes_cannot_command_a_terminal() -> None:
    [fault] = read(PLAN.replace("zone: Asia/Shanghai", 'zone: "\\e[31m\\u202eX"')).faults
    assert fault.say("en").isprintable()
    [fault] = read(PLAN.replace("settings: {pin_tries: 5}", 'settings: {"\\e[31m": 5}')).faults
    assert fault.say("zh").isprintable()


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_at_all_break_the_reader(raw: bytes | str) -> None:
    plan, faults = read_plan(raw)
    assert (plan is None) == any(not fault.warning for fault in faults)
    assert plan is None


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_a_plan_damaged_anywhere_is_taken_or_refused_but_never_breaks_the_reader(data: st.DataObject) -> None:
    lines = PLAN.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        key, colon, _rest = lines[at].partition(":")
        value = data.draw(
            st.sampled_from(
                ["", "~", "[]", "{}", "-1", "0", "x", "[a, {b: c}]", "99999999999999999999", "é", "*a", "'"]
            )
        )
        lines[at] = data.draw(st.sampled_from([f"{key}{colon} {value}", value, lines[at] + value, f"  {lines[at]}"]))
    plan, faults = read("\n".join(lines))
    assert (plan is None) == any(not fault.warning for fault in faults)
    for fault in faults:
        assert fault.say("zh")
        assert fault.say("en")


# People


def test_people_are_read_with_their_staff_numbers() -> None:
    people, faults = read_people(PEOPLE)
    assert faults == ()
    assert people is not None
    assert [(person.id, person.number) for person in people.people] == [("li-min", "0042"), ("zhang-wei", "0043")]


@pytest.mark.parametrize(
    ("key", "old", "new", "line"),
    [
        ("same_number", '"0043"', '"0042"', 3),
        ("secret", '"0043"', '"0043", pin: "1234"', 3),
        ("secret", '"0043"', '"0043", badge: X', 3),
        ("unknown_key", 'number: "0043"', "roles: [guard]", 3),
        ("bad_digits", '"0043"', '"A43"', 3),
        ("missing_key", "name: 张伟, ", "", 3),
        ("bad_id", "  li-min", "  李敏", 2),
        ("missing_key", "people:", "{}\n#", 1),
    ],
)
def test_each_fault_of_a_people_file_is_named_in_its_line(key: str, old: str, new: str, line: int) -> None:
    people, faults = read_people(PEOPLE.replace(old, new) if new != "{}\n#" else "{}")
    assert people is None
    assert told(faults) == [(key, line)]


def test_a_fault_of_the_file_as_a_whole_has_no_line() -> None:
    assert Fault("a.yaml", 0, "", "plans.empty").say("en").startswith("a.yaml: ")
