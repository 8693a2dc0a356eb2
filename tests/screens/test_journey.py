"""A night on the small site, by keys: what the crew does is what the book holds afterwards."""

import asyncio
import errno
import gc
import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.pilot import Pilot

from app.logbook.disk import Disk
from app.pages import pages_of
from app.record import Record
from app.words import say
from screens.finding import FindingPage
from screens.gear import Contact
from screens.home import HomePage
from screens.page import Page
from screens.round import RoundPage
from screens.signin import SignInPage
from screens.skip import SkipPage
from screens.stop import StopPage
from tests.screens.plans import PLAN, label, pages
from tests.screens.world import (
    LARGE,
    SIGN_IN,
    SMALL,
    World,
    bodies,
    keys,
    pressed,
    rows,
    scan,
    settle,
    text,
    until,
    walk_to,
    world,
)


async def begin(pilot: Pilot[int], here: World) -> None:
    """Two guards at home, the night round started."""
    await keys(pilot, SIGN_IN)
    await scan(pilot, label("person:li-min"))
    await keys(pilot, "enter enter")
    await settle(pilot)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_two_guards_walk_a_night_round_and_the_book_holds_what_they_did(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await begin(pilot, here)
            await walk_to(pilot, here, 1)  # no checks there: it ticks by itself
            assert say(lang, "round.go", n=2, place="3号楼B1" if lang == "zh" else "Bldg 3 B1") in text(app)
            here.clock.pass_by(60)
            await walk_to(pilot, here, 2)
            assert isinstance(app.screen, StopPage)
            await keys(pilot, "1 2 3 4 enter")  # lock OK, smell not OK: hazard, phrase 4, saved
            await keys(pilot, "enter")  # the sign is fine
            await keys(pilot, "4 1 0 0 2 enter 5 6 7 8 enter")
            here.clock.pass_by(60)
            await scan(pilot, label("point:shed"))
            await keys(pilot, "2 2")  # the roof: closed for works
            here.clock.pass_by(120)
            await keys(pilot, "1 1 0 0 5 enter")  # typed code
            await keys(pilot, "enter")
            await settle(pilot)
            shown = text(app)
        assert say(lang, "round.sum_planned", n=5) in shown
        assert say(lang, "round.sum_done", n=4) in shown
        assert say(lang, "marks.weak-evidence") in shown
        kinds = [kind for kind in here.kinds() if kind.split(".")[0] in ("round", "stop", "check", "finding", "code")]
        assert kinds == [
            "round.started", "stop.arrived", "stop.arrived", "check.answered", "check.answered", "finding.raised",
            "check.answered", "round.rechecked", "stop.arrived", "stop.skipped", "stop.arrived", "round.finished",
        ]  # fmt: skip
        finding = next(record for record in here.records() if record.kind == "finding.raised")
        assert (finding.body["category"], finding.body["phrase"], finding.body["point"]) == (
            "fire-lane", "live", "power",
        )  # fmt: skip
        grades = [record.body["grade"] for record in here.records() if record.kind == "stop.arrived"]
        assert grades == ["near", "near", "label", "typed"]
        assert here.watch.state.round is None


async def test_a_finding_is_saved_in_six_keys_from_anywhere_in_the_round(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "asterisk 1 0 1 2 enter")
            assert here.kinds()[-1] == "finding.raised"
            assert here.records()[-1].body["category"] == "glass"
            await keys(pilot, "f3 1 1 8 7 enter")
            body = here.records()[-1].body
            assert (body["category"], body["urgent"], body["fixed"]) == ("water", True, True)
            assert isinstance(app.screen, RoundPage)


async def test_a_check_that_says_what_its_fault_is_asks_only_for_the_phrase(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter 1 enter")
            await scan(pilot, label("point:power"))
            await keys(pilot, "1 4 0 0 enter 4 1 enter 8 enter 2")
            assert "报问题 2/3 漏水" in text(app)
            await keys(pilot, "backspace")
            assert "报问题 1/3" in text(app)
            await keys(pilot, "2 1 enter")
            assert (here.kinds()[-1], here.records()[-1].body["check"]) == ("finding.raised", "clean")
            assert here.records()[-1].body["category"] != "water"


async def test_wrong_pins_say_how_many_tries_are_left_then_how_long_to_wait_and_a_supervisor_unlocks(
    tmp_path: Path,
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "1 0 0 1 enter")
            for left in (4, 3, 2, 1):
                await keys(pilot, "9 9 9 9 enter")
                assert f"还可试{left}次" in text(app)
                assert "9999" not in text(app)
            await keys(pilot, "9 9 9 9 enter")
            assert "等30秒" in text(app)
            await keys(pilot, "1 2 3 4 enter")
            assert "等30秒" in text(app)
            assert here.watch.state.shift is None
            await scan(pilot, label("person:li-min"))  # a guard's badge unlocks nobody
            assert here.kinds()[-1] != "pin.unlocked"
            await scan(pilot, label("person:wang-fang"))
            assert "主管已解锁" in text(app)
            await keys(pilot, "1 2 3 4 enter")
            assert "当班: 张伟" in text(app)
        assert here.kinds().count("pin.tried") == 6


async def test_after_a_restart_one_of_the_crew_unlocks_the_very_stop(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:power"))
            await keys(pilot, "1")
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await pilot.pause()
            assert "any of its crew" in text(app)
            assert "locked" in rows(app)[-1]
            await keys(pilot, "enter")
            await keys(pilot, "asterisk 1")  # nothing is recorded while nobody is known
            assert "Unlock first" in text(app)
            await scan(pilot, label("point:gate"))
            assert "Sign in first" in text(app)
            assert here.kinds().count("stop.arrived") == 1
            await keys(pilot, "1 0 0 2 enter 5 6 7 8 enter")
            assert isinstance(app.screen, StopPage)
            assert "> No smell, no noise" in text(app)
            await keys(pilot, "backspace")
            assert "Answered: OK. Answer it again" in text(app)
            await keys(pilot, "backspace backspace")
            assert isinstance(app.screen, HomePage)
            await keys(pilot, "enter")
            assert isinstance(app.screen, StopPage)


async def test_a_round_of_two_begun_alone_asks_for_the_partner_or_a_reason_and_marks_it(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter enter")
            assert "这一轮要2人一起走" in text(app)
            assert [row.partition("因为: ")[2].strip() for row in rows(app) if "因为: " in row] == [
                "同伴生病",
                "同伴没到岗",
            ]
            await keys(pilot, "3")
            assert isinstance(app.screen, RoundPage)
        assert here.records()[-1].body["alone"] == "partner-absent"
        assert here.records()[-1].body["alone_words"] == "同伴没到岗"
        assert here.records()[-1].body["marks"] == ["crew-short"]


async def test_the_partner_signs_in_from_the_question_itself(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter enter 1 1 0 0 2 enter 5 6 7 8 enter")
            assert isinstance(app.screen, HomePage)
            assert "当班: 张伟 李敏" in text(app)
            await keys(pilot, "enter")
            assert here.records()[-1].kind == "round.started"
            assert here.records()[-1].body["alone"] is None


@pytest.mark.parametrize("again", ["1 0 0 1 enter", label("person:zhang-wei")])
async def test_nobody_is_their_own_partner(tmp_path: Path, again: str) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            for way_there in ("", "enter 4"):
                await keys(pilot, way_there)
                recorded = here.kinds()
                await (scan(pilot, again) if again.startswith("WB1") else keys(pilot, again))
                assert "Zhang Wei is signed in already. The partner uses" in text(app).replace("\n  ", " ")
                assert here.kinds() == recorded
            await keys(pilot, "1 0 0 2 enter 5 6 7 8 enter")
            assert "On shift: Zhang Wei Li Min" in text(app)


async def test_what_is_due_now_stands_first_and_a_digit_puts_another_round_there(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            first = next(row for row in rows(app) if row.startswith(">"))
            assert "夜间一巡" in first
            assert any("22:00-24:00" in row for row in rows(app))
            await keys(pilot, "1")
            assert "> 配电室巡检" in text(app)
            await keys(pilot, "0 1")
            assert "> 夜间一巡" in text(app)


async def test_a_round_whose_time_is_over_is_missed_and_said_so(tmp_path: Path) -> None:
    with world(tmp_path / "book", at="2026-11-21T07:59:00+08:00") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            assert "现在走\n> 早间一巡" in text(app)
            here.clock.pass_by(120)
            await keys(pilot, "f1 backspace")
            assert "06:00-08:00 早间一巡 漏检" in text(app)
            await keys(pilot, "1 enter")
            assert "已过时间" in text(app)
            await keys(pilot, "1")
            assert "Enter 提前开始" in text(app)  # of the round that was chosen, at once
            await keys(pilot, "enter enter")
            assert "round.started" not in here.kinds()
            await keys(pilot, "enter 1")  # said twice: twelve hours early is possible, and marked
            assert here.records()[-1].body["schedule"] == "plant"


async def test_when_a_round_becomes_due_home_says_so_and_it_is_felt(tmp_path: Path) -> None:
    with world(tmp_path / "book", at="2026-11-21T21:59:59.900+08:00") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            assert "夜间一巡" not in text(app).partition("其他")[0]
            here.clock.pass_by(1)
            here.signals.felt.clear()
            async with asyncio.timeout(30):
                while "22:00" not in rows(app)[0]:
                    await asyncio.sleep(0.05)
            assert "现在走\n> 夜间一巡" in text(app)
            assert here.signals.felt == ["ok"]


async def test_nothing_is_started_early_by_a_stray_enter(tmp_path: Path) -> None:
    with world(tmp_path / "book", at="2026-11-21T08:01:00+08:00") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter enter")
            assert "现在没有要走的" in text(app)
            assert "20:00 才开始" in text(app)
            assert "round.started" not in here.kinds()


async def test_every_kind_of_check_and_a_reading_out_of_limits_is_asked_once_more(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter 1 enter")
            await scan(pilot, label("point:power"))
            await keys(pilot, "1 4 3 0 enter")
            assert "430 V 超出范围: 正常 353-407 V。" in text(app)
            await keys(pilot, "4 3 1 enter")
            assert "检查项: 线电压 AB" in text(app)  # kept, and a report is offered
            await keys(pilot, "1 backspace backspace")
            assert "线电压 AB: 已记不正常,没有报问题" in text(app)
            assert "finding.raised" not in here.kinds()
            await keys(pilot, "4 2")
            assert "0.42_] MPa" in text(app)
            await keys(pilot, "backspace backspace 4 full_stop 2")
            assert "4.2_] MPa" in text(app)  # whoever types the point is obeyed
            await keys(pilot, "backspace backspace backspace 4 1 enter 7 enter backspace 1 2")
            await keys(pilot, "enter enter")
            assert isinstance(app.screen, HomePage)
        answers = [(r.body["check"], r.body["ok"], r.body["value"], r.body["repeated"]) for r in answered(here)]
        assert answers == [
            ("auto", True, "auto", False),
            ("volt", False, "431", True),
            ("press", True, "0.41", False),
            ("lamps", False, "7/8", False),
            ("clean", True, None, False),
            ("visit", True, "book", False),
        ]


def answered(here: World) -> list[Record]:
    return [record for record in here.records() if record.kind == "check.answered"]


async def test_a_wrong_key_at_a_check_is_taken_back_and_the_problem_reported_for_it_is_named(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:power"))
            await keys(pilot, "2 1 1 enter")  # the lock is not OK, and that was reported
            await keys(pilot, "backspace")
            assert "刚才答的: 不正常" in text(app)
            await keys(pilot, "enter")  # no, it is right
            assert "> 无异味异响" in text(app)
            await keys(pilot, "backspace 1")
            assert "已改:门锁好正常。报过的问题还在:滴漏,已接桶" in "".join(text(app).split())
            assert "> 无异味异响" in text(app)
            await keys(pilot, "enter")  # all OK: the stop is done
            assert isinstance(app.screen, RoundPage)
            await keys(pilot, "backspace backspace 2 backspace")  # the one before the last; no problem of it
            assert isinstance(app.screen, RoundPage)
            await keys(pilot, "backspace enter 0")
            assert isinstance(app.screen, HomePage)
        given = [(r.body["check"], r.body["ok"], r.body.get("corrects")) for r in answered(here)]
        first, smell = (
            r.seq for r in answered(here) if r.body["check"] in ("lock", "smell") and "corrects" not in r.body
        )
        assert given == [
            ("lock", False, None), ("lock", True, first), ("smell", True, None), ("sign", True, None),
            ("smell", False, smell),
        ]  # fmt: skip


async def test_what_is_not_ok_and_was_not_reported_may_be_reported_by_the_same_answer_again(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:power"))
            await keys(pilot, "2 backspace backspace 2")
            assert isinstance(app.screen, FindingPage)
            assert len(answered(here)) == 1
            await keys(pilot, "1 1 enter")
            assert here.records()[-1].body["check"] == "lock"
            assert "> 无异味异响" in text(app)
            await keys(pilot, "backspace 2")
            assert "没有改: 门锁好 不正常" in text(app), "reported once is enough"
            assert "> 无异味异响" in text(app)


async def test_an_answer_is_taken_back_as_long_as_no_other_stop_was_reached_and_the_page_says_so(
    tmp_path: Path,
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:power"))
            await keys(pilot, "1 1 1")
            for elsewhere in ("", "enter", "4 backspace", "3 backspace", "1 backspace", "0 enter"):
                await keys(pilot, elsewhere)
                assert isinstance(app.screen, RoundPage), elsewhere
                assert "Backspace 改刚才的" in text(app), elsewhere
            await keys(pilot, "backspace")
            assert "刚才答的: 正常" in text(app)
            await keys(pilot, "1")
            assert "没有改: 警示牌在 正常" in text(app)
            assert len(answered(here)) == 3, "the same again is no second answer"
            await scan(pilot, label("point:gate"))
            assert "Backspace" not in text(app), "another stop is reached"


async def test_an_answer_of_an_earlier_stop_is_changed_from_the_list_of_stops(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "3")
            assert "change answers" not in text(app), "nothing is answered yet"
            await keys(pilot, "backspace")
            await scan(pilot, label("point:power"))
            await keys(pilot, "1 1 1")
            await scan(pilot, label("point:gate"))
            await keys(pilot, "3 1 1")
            assert "Door locked OK" in text(app)
            await keys(pilot, "1 2")
            assert "Changed: Door locked not OK" in text(app)
            await keys(pilot, "backspace")
            assert "1 Door locked not OK" in text(app)
        first, changed = answered(here)[0], answered(here)[-1]
        assert (changed.body["stop"], changed.body["check"], changed.body["ok"]) == (first.body["stop"], "lock", False)
        assert changed.body["corrects"] == first.seq


async def test_a_reading_is_taken_back_and_a_wrong_one_asked_again_all_the_same(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter 1 enter")
            await scan(pilot, label("point:power"))
            await keys(pilot, "1 3 9 9 enter backspace")
            assert "刚才答的: 399 V" in text(app)
            await keys(pilot, "4 5 0 enter")
            assert "450 V 超出范围: 正常 353-407 V。" in text(app)
            await keys(pilot, "4 0 1 enter")
            assert "出口压力" in text(app)
            await keys(pilot, "backspace backspace")
            assert "刚才答的: 自动" in text(app)
            await keys(pilot, "2 backspace")  # by hand, not OK; no report of it
        assert [(r.body["check"], r.body["value"], r.body["marks"]) for r in answered(here)] == [
            ("auto", "auto", []), ("volt", "399", []), ("volt", "401", []), ("auto", "manual", []),
        ]  # fmt: skip


async def test_the_last_readings_stand_beside_the_field(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter 1 enter")
            await scan(pilot, label("point:power"))
            await keys(pilot, "1 3 9 9 enter 4 2 enter 8 enter 1 1 enter enter")
            assert isinstance(pilot.app.screen, HomePage)
    with world(tmp_path / "book", at="2026-11-22T20:10:00+08:00") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await scan(pilot, label("point:power"))
            await keys(pilot, "1")
            assert "正常 353-407 V" in text(pilot.app)
            assert "上次 399" in text(pilot.app)


async def test_a_scanned_code_works_wherever_the_crew_is(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await scan(pilot, label("person:zhang-wei"))
            await keys(pilot, "enter")
            await scan(pilot, label("point:gate"))
            assert "这是 南门岗亭。还没开始走" in text(app)
            await keys(pilot, "asterisk")
            await scan(pilot, label("person:li-min"))
            assert "李敏 已签到" in text(app)
            await keys(pilot, "enter enter asterisk 1 3")  # in the middle of a report
            await scan(pilot, label("point:gate"))
            assert isinstance(app.screen, RoundPage)
            assert "南门岗亭 已记" in text(app)
            await scan(pilot, label("point:gate"))
            assert "南门岗亭 已经走过。下一处: 3号楼B1" in text(app)
            await scan(pilot, label("point:pond"))
            assert "这里是中心水景,不是这一轮的" in text(app)
            assert "楼梯下到B1" in text(app)
            await scan(pilot, label("asset:1aa1"))  # an asset's label is at its place
            assert isinstance(app.screen, StopPage)
            await keys(pilot, "f1")
            await scan(pilot, label("person:li-min"))
            assert "李敏 途中已签" in text(app)
            await scan(pilot, label("person:wang-fang"))
            assert "王芳不在这一班" in text(app)
            await scan(pilot, "WB1:00AAAAAAAAAAAAAAAA0000")  # damaged: no scan, and its digits are not typed either
        assert here.kinds().count("stop.arrived") == 2
        assert here.kinds().count("code.seen") == 1


async def test_an_unknown_code_is_said_and_recorded_and_the_round_stays(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await scan(pilot, label("point:nobodys"))
            assert "Unknown code; it is noted" in text(app)
            assert "it is noted. Next" not in text(app), "nothing is walked yet"
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter")
            await scan(pilot, label("point:nobodys"))
            assert "Unknown code; it is noted. Next" in text(app)
            assert here.kinds()[-1] == "code.seen"
            await keys(pilot, "1 7 7 enter")
            assert "Unknown code; it is noted" in text(app)
            assert "> Go to 1" not in text(app)  # the field is still there to type it again
            await keys(pilot, "backspace")
            assert "> Go to 1: South gate" in text(app)


async def test_language_and_look_change_at_any_moment_and_are_remembered(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:power"))
            await keys(pilot, "f6")
            assert "> Door locked" in text(app)
            await keys(pilot, "asterisk 5")
            assert grounds(app) <= {"#000000", "#330000", "#ffb347"}
            await keys(pilot, "asterisk 5")
            assert grounds(app) <= {"#000000", "#ffffff", "#55ff55", "#ffff55"}
            await keys(pilot, "2 1 1 enter")
            assert here.records()[-1].body["words"] == "dripping, bucket placed"
            await keys(pilot, "asterisk 4 f4")
            assert "> 无异味异响" in text(app)
        assert here.remembered == {"lang": "zh", "theme": "day"}


def grounds(app: App[int]) -> set[str]:
    """The background colours on the screen."""
    styles = [segment.style for strip in app.screen._compositor.render_strips() for segment in strip]
    return {style.bgcolor.get_truecolor().hex for style in styles if style and style.bgcolor}


async def test_an_alarm_takes_two_presses_and_never_says_reported(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "asterisk 2 9 backspace")
            assert "alarm.raised" not in here.kinds()
            await keys(pilot, "asterisk 9 9")
            assert here.kinds()[-1] == "alarm.raised"
            assert "未送出! 用对讲机喊消控" in text(app)
            await keys(pilot, "9 9 9")
            assert here.kinds().count("alarm.raised") == 1
            await keys(pilot, "backspace")
            assert "报警没人接!" in rows(app)[-1]
            here.clock.pass_by(61)  # elsewhere by now, and nobody has taken the first
            await keys(pilot, "asterisk 9")
            assert "再按一次9就报警" in text(app)
            assert here.kinds().count("alarm.raised") == 1
            await keys(pilot, "9 9")
            assert here.kinds().count("alarm.raised") == 2


def held(pilot: Pilot[int], key: str, times: int, gap_s: float = 0.03) -> None:
    """A key that is not let go, as a keyboard repeats it."""
    for place in range(times):
        pilot.app.post_message(pressed(key, 2 + place * gap_s))


async def test_a_key_that_is_not_let_go_answers_nothing_that_it_has_brought_up(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            held(pilot, "2", 40)
            await settle(pilot)
            assert isinstance(app.screen, SkipPage)
            assert "stop.skipped" not in here.kinds()
            await keys(pilot, "backspace 1")
            held(pilot, "7", 3)
            await settle(pilot)
            assert "777_]" in text(app), "digits are typed as fast as they come"
            await keys(pilot, "asterisk")
            held(pilot, "9", 2)
            await settle(pilot)
            assert here.kinds()[-1] == "alarm.raised", "in danger each key counts"


@pytest.mark.parametrize("delay_s", [0.15, 0.25, 0.5, 0.66])
async def test_nor_does_one_that_a_keyboard_repeats_only_after_a_while(tmp_path: Path, delay_s: float) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            app.post_message(pressed("2", 0))
            for place in range(40):
                app.post_message(pressed("2", delay_s + 0.04 * place))
            await asyncio.sleep(delay_s + 1.8)
            await settle(pilot)
            assert isinstance(app.screen, SkipPage)
            assert "stop.skipped" not in here.kinds()


@pytest.mark.parametrize("pause_s", [0.12, 0.3, 0.66])
async def test_a_key_pressed_twice_quickly_is_pressed_twice(tmp_path: Path, pause_s: float) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            app.post_message(pressed("2", 0))
            app.post_message(pressed("2", pause_s))
            await until(pilot, lambda: "stop.skipped" in here.kinds())


async def test_a_silent_alarm_may_become_loud_at_once(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "asterisk 9 8")
            assert bodies(here, "alarm.raised")[-1]["how"] == "silent"
            assert "报警没人接!" not in rows(app)[-1]
            await keys(pilot, "asterisk 9 9")
            assert "how" not in bodies(here, "alarm.raised")[-1]
            assert "报警没人接!" in rows(app)[-1]


async def test_an_alarm_says_how_far_it_came_and_who_took_it_and_outlives_the_shift(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 9 9")
            raised = here.records()[-1].seq
            assert "未送出!" in text(app)
            here.acknowledge(raised)
            await keys(pilot, "f1 backspace")
            assert "办公室已收到,还没人接!" in text(app)
            await keys(pilot, "backspace asterisk 8 1")
            assert isinstance(app.screen, SignInPage)
            assert "报警没人接!" in rows(app)[-1]
            await keys(pilot, f"{SIGN_IN} enter")
            assert "报警没人接!" in rows(app)[-1]
            here.office_sends_alarm("taken", "王芳", raised)
            await settle(pilot)
            assert "王芳 22:01已接报警" in text(app)
            assert here.signals.felt[-1] == "ok"
            assert "报警没人接!" not in rows(app)[-1]
            await keys(pilot, "asterisk 2")
            assert "王芳 22:01已接报警" in text(app)
            here.office_sends_alarm("closed", "", raised)
            await settle(pilot)
            assert "报警已处理完: 22:01" in text(app)
            here.office_sends_alarm("closed", "王芳", raised, outcome="false")
            await settle(pilot)
            assert "报警已处理完: 王芳 22:01 (误报)" in text(app)
            here.office_sends_alarm("closed", "王芳", raised, outcome="of a newer office")
            await settle(pilot)
            assert "报警已处理完: 王芳 22:01" in text(app)
            await keys(pilot, "9 9")  # another one
            assert "未送出!" in text(app)
            assert "报警没人接!" in rows(app)[-1]
            assert here.kinds().count("alarm.raised") == 2


@pytest.mark.parametrize(("lang", "said"), [("zh", "王芳 22:01已接报警"), ("en", "Wang Fang")])
async def test_who_took_the_alarm_is_named_in_the_language_of_the_crew(tmp_path: Path, lang: str, said: str) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 9 9")
            here.office_sends_alarm("taken", {"en": "Wang Fang", "zh": "王芳"}, here.records()[-1].seq)
            await settle(pilot)
            assert said in text(app)


async def test_what_the_office_says_of_an_alarm_counts_after_a_restart_and_rubbish_does_not(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 9 9")
        here.office_sends_alarm("lost", "王芳", here.records()[-1].seq)
    with world(tmp_path / "book") as here:
        assert here.watch.alarm_open
        here.office_sends_alarm("taken", "王芳", here.records()[-1].seq)
    with world(tmp_path / "book") as here:
        here.watch.take_pages(pages_of(here.book, here.clock.at))
        assert not here.watch.alarm_open


async def test_the_outbox_says_what_is_not_sent_since_when_and_why(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            here.office.say(
                Contact(offline_s=90, reason="radio.off", oldest_s=7200, last_ack=here.clock.at - 86_400_000)
            )
            await keys(pilot, "asterisk 7")
            for sentence in (
                "Q:4  4条没有传",
                "最早的一条: 2小时前",
                "断了1分",
                "办公室最后收到: 11月20日22:01",
                "蓝牙关着",
            ):
                assert sentence in text(app)
            await keys(pilot, "3 f5")
            assert here.office.asked == 2
            here.office.say(Contact(online=True, last_ack=here.clock.at))
            await settle(pilot)
            assert "网络: 通" in text(app)
            assert "离线" not in rows(app)[-1]


async def test_a_new_book_is_told_once_and_stands_in_the_outbox(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        old = here.book.book_id
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await asyncio.to_thread(here.book.succeed, "fork")  # as the courier does beside us
            here.office.say(Contact(online=True, new_books=1))
            await settle(pilot)
            assert "已封存旧簿,新簿接着记" in "".join(text(app).split())
            await keys(pilot, "asterisk 7")
            assert f"旧簿 {old[:8]} 已封存" in text(app)
            here.office.say(Contact(online=True, new_books=1, last_ack=here.clock.at))
            await settle(pilot)
            assert "新簿接着记" not in text(app)
            await keys(pilot, "backspace")
            await scan(pilot, label("point:gate"))  # the round goes on in it
            assert here.kinds()[0] == "book.opened"
            assert here.kinds()[-1] == "stop.arrived"


class NoRoom(Disk):
    """Takes nothing large any more, once it is full."""

    full = False

    def step(self, name: str) -> None:
        if self.full and name.startswith("reserve"):
            raise OSError(errno.ENOSPC, "no space left")


async def test_a_round_does_not_begin_without_room_to_end_it_and_the_page_says_so(tmp_path: Path) -> None:
    disk = NoRoom()
    with world(tmp_path / "book", disk=disk) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter")
            (here.folder / "reserve").unlink()
            disk.full = True
            await keys(pilot, "enter")
            assert "不能开始" in text(app)
            assert isinstance(app.screen, HomePage)
            assert "round.started" not in here.kinds()
            disk.full = False
            await keys(pilot, "enter")
            assert isinstance(app.screen, RoundPage)


async def test_a_handheld_of_no_office_keeps_records_and_says_so(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en", office=False)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "asterisk 3")
            assert "Not enrolled" in text(app)
            await keys(pilot, "asterisk 7")
            assert "not enrolled" in text(app)
            assert "no office" in rows(app)[-1]


async def test_finishing_with_stops_left_asks_and_says_how_many_are_missed(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:gate"))
            await keys(pilot, "5 enter")  # the common answer is to walk on
            assert isinstance(app.screen, RoundPage)
            await scan(pilot, label("point:power"))
            await keys(pilot, "1 backspace backspace 5")
            assert "还有3个点没到" in text(app)
            assert "还有1个点没查完" in text(app)
            assert listed(app) == ["2", "3", "4", "5"]
            await keys(pilot, "1 1")
            assert "真的结束?" in text(app)
            assert here.watch.state.round is not None
            await keys(pilot, "9")
            assert "漏检 3" in text(app)
            assert "同伴途中没再签" in text(app)
        assert here.records()[-1].body["missed"] == 3


async def test_every_stop_that_would_be_missed_can_be_seen_before_the_end(tmp_path: Path) -> None:
    long = replace(PLAN.routes[0], stops=tuple(replace(PLAN.routes[0].stops[0], id=f"s{n}") for n in range(30)))
    with world(tmp_path / "book", pages(replace(PLAN, routes=(long, *PLAN.routes[1:])))) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "5")
            first = listed(app)
            assert f"0 {30 - len(first)} more" in text(app)
            seen: list[str] = []
            while len(seen) < 30:
                seen += listed(app)
                await keys(pilot, "0")
            assert seen == [str(n) for n in range(1, 31)]
            assert listed(app) == first


def listed(app: App[int]) -> list[str]:
    """Numbers of the stops on the page."""
    return re.findall(r"^  (\d+) ", text(app), re.MULTILINE)


async def test_people_leave_one_by_one_or_together_and_not_during_a_round(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "asterisk 8")
            assert "先结束这一轮" in text(app)
            await keys(pilot, "backspace 5 1 9 enter asterisk 8 1")
            assert "张伟 已下班" in text(app)
            assert "当班: 李敏" in text(app)
            await keys(pilot, "asterisk 8 1")
            assert "已交班" in text(app)
            assert isinstance(app.screen, SignInPage)
            await keys(pilot, SIGN_IN)
            assert isinstance(app.screen, SignInPage)
            await keys(pilot, "enter")
            assert isinstance(app.screen, HomePage)
        assert here.kinds().count("shift.closed") == 1
        assert here.kinds().count("shift.opened") == 2


async def test_checks_that_cannot_be_done_are_left_with_a_reason(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:power"))
            await keys(pilot, "backspace")
            assert "这里还有3项没查" in text(app)
            await keys(pilot, "2 4")
            assert "已记查不了" in text(app)
            assert "> 去 1: 南门岗亭" in text(app)
        assert (here.records()[-1].kind, here.records()[-1].body["reason"]) == ("stop.skipped", "danger")


async def test_places_nobody_could_go_to_are_told_again_at_the_end_and_may_still_be_scanned(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "2 2 2 2 2 2 2 2")
            assert "都走完了" not in text(app)
            await keys(pilot, "2 2")
            assert "都走完了" in text(app)
            assert "去不了的有5个" in text(app)
            await scan(pilot, label("point:gate"))
            assert "去不了的有4个" in text(app)
            await scan(pilot, label("point:power"))
            await keys(pilot, "backspace 2 4")  # there, but its checks cannot be done
            assert "去不了的有3个" in text(app)
        assert [record.kind for record in here.records()[-3:]] == ["stop.arrived", "stop.arrived", "stop.skipped"]


async def test_a_wrong_reason_for_not_going_is_changed_from_the_list_of_stops(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "2 1 3 1")
            assert "1 南门岗亭 去不了: 门锁着" in text(app)
            await keys(pilot, "1")
            assert "刚才选的: 门锁着" in text(app)
            await keys(pilot, "1")
            assert "没有改: 门锁着" in text(app)
            await keys(pilot, "1 1 2")
            assert "已记去不了" in text(app)
            given = [record.body["reason"] for record in here.records() if record.kind == "stop.skipped"]
            assert given == ["locked", "works"], "both stay in the book"
            await keys(pilot, "1")
            assert "1 南门岗亭 去不了: 施工封闭" in text(app)
            await keys(pilot, "backspace backspace")
            await scan(pilot, label("point:gate"))
            await keys(pilot, "3")
            assert "改答过的" not in text(app), "reached after all: nothing of it is left to change"
        progress = here.watch.state.round
        assert progress is not None
        assert [visit.skipped for visit in progress.visits] == [None] * 5


async def test_a_point_that_was_passed_over_is_still_to_do_and_not_missed(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            assert "0/5  还剩5" in text(app)
            await scan(pilot, label("point:east"))
            assert "> 去 1: 南门岗亭" in text(app)
            assert "1/5  还剩4" in text(app)
            assert "漏" not in text(app)


async def test_two_keys_typed_fast_belong_to_two_pages(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            burst = f"{SIGN_IN} enter 1 enter asterisk 1 1 1 enter"
            await keys(pilot, burst)
            assert here.kinds()[-1] == "finding.raised"


async def test_a_page_says_it_when_the_plan_it_needs_is_gone(tmp_path: Path) -> None:
    """The office renamed everything meanwhile: ids are shown, nothing fails, the round goes on by its own plan."""
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:gate"))
            other = replace(PLAN, revision=2, routes=(), schedules=(), checklists=())
            here.watch.take_pages(pages(other))
            await keys(pilot, "backspace")
            assert "夜间一巡" in text(app)
            await keys(pilot, "enter 5 1 9 enter")
            assert isinstance(app.screen, HomePage)
            assert "今天没有要走的任务" in text(app)


async def test_closed_pages_are_forgotten(tmp_path: Path) -> None:
    gc.collect()
    before = [each for each in gc.get_objects() if isinstance(each, Page)]  # of a test that failed, for one
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            for _ in range(5):
                await keys(pilot, "asterisk 7 backspace f1 backspace f3 1 1 backspace backspace backspace 3 backspace")
            gc.collect()
            pages = sum(isinstance(each, Page) for each in gc.get_objects())
            assert pages - len(before) == len(app.screen_stack) == 3
