"""A weekly inspection by score sheet: digits deduct, Enter records, and the record says what was lost and why (D24)."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.booklog import BookLog
from app.duties.site import Check, Checklist, Deduction, Grant, Route, ScoreItem, Stop, Text
from app.words import say
from tests.screens.plans import PEOPLE, PLAN, label, pages
from tests.screens.world import LARGE, SMALL, keys, scan, text, world

T = Text
NAMES = {
    "a": ("地面", "Floor"),
    "b": ("墙面", "Wall"),
    "c": ("扶手", "Rail"),
    "d": ("电梯", "Lift"),
    "e": ("垃圾桶", "Bin"),
}
ITEMS = tuple(
    ScoreItem(id, T(zh, en), 20, tuple(Deduction(f"{id}-{n}", T(f"{zh}问题{n}", f"{en} {n}"), 4) for n in (1, 2)))
    for id, (zh, en) in NAMES.items()
)
SHEET = Check("score", "score", T("每周检查", "Weekly inspection"), low="90", items=ITEMS)
STOPS = (Stop("p", "power", "sheet"), Stop("s", "shed", "sheet"))
SITE = pages(
    replace(
        PLAN,
        grants=(*PLAN.grants[:2], Grant("wang-fang", ("supervisor",))),
        checklists=(*PLAN.checklists, Checklist("sheet", T("评分", "Scores"), (SHEET,))),
        routes=(Route("plant", "inspection", T("检查", "Inspection"), "free", STOPS, ("supervisor",)),),
        schedules=(replace(PLAN.schedule("plant"), name=T("保洁检查", "Inspection")),),
    )
)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_an_inspection_by_score(tmp_path: Path, lang: str, size: tuple[int, int]) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T20:10:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await scan(pilot, label("person:wang-fang"))
            await keys(pilot, "enter enter")
            await scan(pilot, label("point:power"))
            assert say(lang, "score.points", points=100, full=100) in text(app)
            assert say(lang, "score.pass", pass_mark=90) in text(app)
            here.clock.pass_by(60)
            await keys(pilot, "1 1 3")
            assert say(lang, "score.points", points=88, full=100) in text(app)
            await keys(pilot, "backspace")
            assert say(lang, "score.points", points=92, full=100) in text(app)
            await keys(pilot, "2 2 2 2")
            assert say(lang, "score.used_up", item=ITEMS[0].text.say(lang)) in text(app)
            await keys(pilot, "enter")
            assert say(lang, "score.failed", points=80, full=100)[:12] in text(app)
            await scan(pilot, label("point:shed"))
            here.clock.pass_by(60)
            await keys(pilot, "enter")  # nothing to deduct
            await keys(pilot, "backspace 1 enter")  # or there was: said again, it counts as said last
        answers = [record for record in here.records() if record.kind == "check.answered"]
        assert [(record.body["value"], record.body["ok"]) for record in answers] == [
            ("80/100", False), ("100/100", True), ("96/100", True),
        ]  # fmt: skip
        first = answers[0].body
        assert first["score"] == {
            "points": 80,
            "full": 100,
            "deducted": [
                {"item": "a", "reason": "a-1", "times": 2, "points": 8, "words": f"{ITEMS[0].text.say(lang)} "
                 f"{ITEMS[0].reasons[0].text.say(lang)}"},
                {"item": "a", "reason": "a-2", "times": 3, "points": 12, "words": f"{ITEMS[0].text.say(lang)} "
                 f"{ITEMS[0].reasons[1].text.say(lang)}"},
            ],
        }  # fmt: skip
        assert "score" not in answers[1].body
        assert answers[2].body["corrects"] == answers[1].seq
        sentence = BookLog(lang, SITE.plan, PEOPLE).words(answers[0])
        assert ITEMS[0].reasons[0].text.say(lang) in sentence
        assert "80/100" in sentence
