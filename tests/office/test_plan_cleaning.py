"""Signing in, teams and score sheets, as a manager writes them into the plan."""

from typing import Final

import pytest

from app.duties.scores import full
from app.duties.site import SignIn, WorkTeam
from tests.office.test_plans import PLAN, good, only

TEAM: Final = """\
sign_in:
  guard: [typed, leader]
  leader: [leader]
teams:
  one: {name: 一班, leader: li-min, members: [zhang-wei], areas: [outside]}
"""
WITH_TEAM: Final = PLAN + TEAM
SHEET: Final = """\
      score:
        kind: score
        text: 评分
        low: 15
        source: 办法
        items:
          floor: {text: 地面, full: 12, reasons: {litter: {text: 垃圾, points: 3}}}
          wall: {text: 墙面, full: 8, reasons: {web: {text: 蛛网, points: 2}}}
"""
WITH_SHEET: Final = PLAN.replace("      lamps:\n", SHEET + "      lamps:\n")

LOG: Final = """\
registers:
  log: {name: 记录, roles: [guard], post: patrol, every_min: 120, columns: {a: {kind: digits, text: 甲}}}
"""


def test_a_plan_says_who_signs_in_without_a_pin_and_who_leads_whom() -> None:
    plan = good(WITH_TEAM)
    assert plan.sign_in == (SignIn("guard", ("typed", "leader")), SignIn("leader", ("leader",)))
    (team,) = plan.teams
    assert team == WorkTeam("one", team.name, "li-min", ("zhang-wei",), ("outside",))
    assert plan.may_sign_in("zhang-wei", "typed")
    assert not plan.may_sign_in("li-min", "typed"), "the leader's role is not let"
    assert plan.may_sign_in("li-min", "leader")


def test_a_score_sheet_has_items_with_points_and_a_pass_mark() -> None:
    check = good(WITH_SHEET).find_check("water", "score")
    assert check is not None
    assert (check.kind, check.low, full(check)) == ("score", "15", 20)
    assert [reason.points for item in check.items for reason in item.reasons] == [3, 2]


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (WITH_TEAM.replace("members: [zhang-wei]", "members: [wang-wu]"), "team_stranger", "wang-wu"),
        (WITH_TEAM.replace("leader: li-min, members", "leader: wang-wu, members"), "team_stranger", "wang-wu"),
        (WITH_TEAM.replace("[typed, leader]", "[typed]"), "team_not_let", "zhang-wei"),
        (WITH_TEAM.replace("[typed, leader]", "[face, leader]"), "not_one_of", "face"),
        (WITH_TEAM.replace("areas: [outside]", "areas: [inside]"), "unknown_areas", "inside"),
        (WITH_SHEET.replace("low: 15", "low: 21"), "bad_int", "21"),
        (WITH_SHEET.replace("points: 3", "points: 13"), "deducts_more", "13"),
        (WITH_SHEET.replace("kind: score", "kind: number"), "not_for_kind", "items"),
        (PLAN + LOG.replace("post: patrol", "post: gate-post"), "unknown_posts", "gate-post"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(text: str, key: str, says: str) -> None:
    fault = only(text)
    assert fault.key.removeprefix("plans.").removesuffix("_near") == key
    assert says in fault.say("en")
    assert fault.line > 1
