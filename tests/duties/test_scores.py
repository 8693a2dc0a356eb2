"""A score sheet: whatever is deducted, in whatever order, the points stay within it and add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duties import checks, scores
from app.duties.review import judge_check
from app.duties.site import Check, Deduction, ScoreItem, Text
from app.errors import NotAllowed
from app.kinds import CheckAnswered

T = Text
LITTER, STAIN = Deduction("litter", T("垃圾", "litter"), 3), Deduction("stain", T("污渍", "stain"), 5)
FLOOR = ScoreItem("floor", T("地面", "Floor"), 10, (LITTER, STAIN))
WALL = ScoreItem("wall", T("墙面", "Walls"), 6, (Deduction("cobweb", T("蛛网", "cobweb"), 2),))
SHEET = Check("score", "score", T("检查", "Inspection"), low="12", items=(FLOOR, WALL))
KEYS = [(item.id, reason.id) for item, reason in scores.reasons(SHEET)]
pressed = st.lists(st.sampled_from(KEYS), max_size=12)


def taken_by(keys: list[tuple[str, str]]) -> scores.Taken:
    taken = scores.NOTHING
    for key in keys:
        taken = scores.take(SHEET, taken, *key)
    return taken


@given(pressed)
def test_the_points_stay_within_the_sheet_and_each_deduction_costs_something(keys: list[tuple[str, str]]) -> None:
    taken = taken_by(keys)
    assert 0 <= scores.points(SHEET, taken) <= scores.full(SHEET) == 16
    for place in range(len(taken)):
        assert scores.points(SHEET, taken[: place + 1]) < scores.points(SHEET, taken[:place])


@given(pressed)
def test_what_the_record_names_adds_up_to_what_was_lost(keys: list[tuple[str, str]]) -> None:
    taken = taken_by(keys)
    record = scores.score(SHEET, taken, "en")
    assert record.full - sum(each.points for each in record.deducted) == record.points == scores.points(SHEET, taken)
    assert sum(each.times for each in record.deducted) == len(taken)


@given(pressed, st.randoms())
def test_the_order_in_which_it_is_said_does_not_matter(keys: list[tuple[str, str]], random: st.DataObject) -> None:
    taken = taken_by(keys)
    other = sorted(taken, key=lambda _: random.random())  # type: ignore[attr-defined]  # a random.Random
    assert scores.points(SHEET, tuple(other)) == scores.points(SHEET, taken)


@given(pressed)
def test_it_passes_from_the_pass_mark_on_here_and_at_the_office(keys: list[tuple[str, str]]) -> None:
    taken = taken_by(keys)
    answer = checks.judge(SHEET, " ".join("/".join(key) for key in taken))
    assert answer == scores.answer(SHEET, taken)
    assert answer.ok == (scores.points(SHEET, taken) >= 12)
    body = CheckAnswered("r", "s", "score", not answer.ok, answer.value, False, "", None)
    assert judge_check(SHEET, body) == answer.ok, "by the points, whatever the handheld said"


@pytest.mark.parametrize("keys", ["floor/dust", "roof/litter", "92", "wall/cobweb " * 4, "floor"])
def test_what_the_sheet_has_not_is_refused(keys: str) -> None:
    with pytest.raises(NotAllowed):
        checks.judge(SHEET, keys)
