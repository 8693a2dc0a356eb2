"""A night on the small site, by keys: what the crew does is what the book holds afterwards."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from app.ports import RadioState, Scan, Sighting
from app.words import say
from screens.gear import Line
from screens.home import HomePage
from screens.round import RoundPage
from screens.signin import SignInPage
from screens.stop import StopPage
from tests.screens.plans import label
from tests.screens.world import LARGE, SMALL, World, keys, rows, scan, settle, text, walk_to, world

SIGN_IN = "1 0 0 1 enter 1 2 3 4 enter"


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
            assert say(lang, "round.go", n=2, place=("3号楼B1 配电室门外", "Bldg 3 B1, power room door")[lang == "en"])[
                :8
            ] in text(app)
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
            assert "stop.arrived" not in here.kinds()[-3:]
            await keys(pilot, "1 0 0 2 enter 5 6 7 8 enter")
            assert isinstance(app.screen, StopPage)
            assert "> No smell, no noise" in text(app)
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
            await keys(pilot, "4")
            assert isinstance(app.screen, RoundPage)
        assert here.records()[-1].body["alone"] == "ill"
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


async def test_what_is_due_now_stands_first_and_a_digit_puts_another_round_there(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            first = next(row for row in rows(app) if row.startswith(">"))
            assert "夜间一巡" in first
            assert any("22:00 到 24:00 止" in row for row in rows(app))
            await keys(pilot, "1")
            assert "> 配电室巡检" in text(app)
            await keys(pilot, "0 2")
            assert "> 夜间一巡" in text(app)
            await keys(pilot, "0 4 enter")  # over: missed, and said so
            assert "已过时间" in text(app)
            assert "round.started" not in here.kinds()


async def test_every_kind_of_check_and_a_reading_out_of_limits_is_asked_once_more(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter 1 enter")
            await scan(pilot, label("point:power"))
            await keys(pilot, "1 4 3 0 enter")
            assert "430 V 超出范围。再看一次表" in text(app)
            await keys(pilot, "4 3 1 enter")
            assert "检查项: 线电压 AB" in text(app)  # kept, and a report is offered
            await keys(pilot, "backspace")
            await keys(pilot, "4 2")
            assert "0.42_] MPa" in text(app)
            await keys(pilot, "backspace backspace 4 full_stop 2")
            assert "4.2_] MPa" in text(app)  # whoever types the point is obeyed
            await keys(pilot, "backspace backspace backspace 4 1 enter 7 enter backspace 1 2")
            assert isinstance(app.screen, RoundPage)
            await keys(pilot, "enter enter")
            again = await read_again(pilot, here)
            assert "上次 431" in again
        answers = [(r.body["check"], r.body["ok"], r.body["value"], r.body["repeated"]) for r in answered(here)]
        assert answers == [
            ("auto", True, "auto", False),
            ("volt", False, "431", True),
            ("press", True, "0.41", False),
            ("lamps", False, "7/8", False),
            ("clean", True, None, False),
            ("visit", True, "book", False),
        ]


def answered(here: World) -> list[object]:
    return [record for record in here.records() if record.kind == "check.answered"]


async def read_again(pilot: Pilot[int], here: World) -> str:
    """Walk the inspection once more, up to its first reading."""
    await keys(pilot, "0 5 enter")
    return text(pilot.app)
