"""Somebody alone at a gate is asked, asked louder, and helped: as the screen says it, and as the book holds it."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app import kinds
from app.duties.provisions import Lone
from app.duties.site import Post, Text
from app.errors import NotAllowed
from app.words import say
from screens import practice
from screens.home import HomePage
from screens.lone import RESTS_S, LonePage
from screens.round import RoundPage
from tests.screens.plans import PLAN, label, pages
from tests.screens.world import LARGE, SIGN_IN, SMALL, World, bodies, keys, scan, settle, shows, text, world

GATE = Post("gate", Text("门岗", "Gate"), 4, roles=("guard",), lone=Lone(30, answer_s=60, last_s=45))
SITE = pages(replace(PLAN, posts=(GATE,)))


async def pass_by(pilot: Pilot[int], here: World, seconds: float) -> None:
    """Time passes, and the guard's timer rings."""
    here.clock.pass_by(seconds)
    pilot.app.watch_over()  # type: ignore[attr-defined]  # the terminal under test
    await settle(pilot, 4)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_who_does_not_answer_is_asked_louder_and_then_the_alarm_goes_out_by_itself(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await pass_by(pilot, here, 29 * 60)
            assert not shows(app, LonePage)
            await pass_by(pilot, here, 60)
            assert say(lang, "lone.asked")[:6] in text(app)
            assert here.signals.felt[-1] == "ask"
            await keys(pilot, "enter")
            (answer,) = bodies(here, "lone.answered")
            assert (answer["urged"], answer["asked"]) == (False, here.clock.at)
            assert shows(app, HomePage)
            await pass_by(pilot, here, 30 * 60)
            await pass_by(pilot, here, 60)
            assert say(lang, "lone.urged", n=45)[:6] in text(app)
            assert here.signals.felt[-1] == "wake"
            await pass_by(pilot, here, 44)
            assert not bodies(here, "alarm.raised")
            await pass_by(pilot, here, 1)
            (alarm,) = bodies(here, "alarm.raised")
            assert (alarm["how"], alarm["who"]) == ("not-answered", ["zhang-wei"])
            record = here.records()[-1]
            assert kinds.urgent(record)
            assert record.by == (), "the handheld says it, not the crew"
            assert say(lang, "alarm.not_sent")[:6] in text(app)
            await pass_by(pilot, here, 3600)
            assert len(bodies(here, "alarm.raised")) == 1, "once until there is a sign of life"
            await keys(pilot, "enter")
            assert bodies(here, "lone.answered")[-1]["urged"] is True
            assert shows(app, HomePage)


async def test_the_digits_of_a_number_do_not_answer_the_question(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter 4 1 9")
            before = app.screen
            await pass_by(pilot, here, 30 * 60)
            assert app.screen is before
            assert "输完就问您" in text(app)
            assert here.signals.felt[-1] == "ask"
            await keys(pilot, "9")
            assert "[          199_]" in text(app)
            await keys(pilot, "backspace backspace backspace")
            await pass_by(pilot, here, 0)
            assert shows(app, LonePage), "asked as soon as nothing stands there half typed"
            await keys(pilot, "enter 1 9")
            await pass_by(pilot, here, 30 * 60)
            assert app.screen is before
            app.touched -= RESTS_S
            await pass_by(pilot, here, 0)
            assert shows(app, LonePage), "nor does a field that somebody left so hide it"


async def test_whoever_works_on_is_never_asked_and_a_colleague_ends_it(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await pass_by(pilot, here, 25 * 60)
            await here.watch.report("water", "drip")
            await pass_by(pilot, here, 25 * 60)
            assert not shows(app, LonePage)
            await pass_by(pilot, here, 6 * 60)
            assert shows(app, LonePage)
            await scan(pilot, label("person:li-min"))  # a scanned code always works: somebody came
            await pass_by(pilot, here, 0)
            assert not shows(app, LonePage)
            await pass_by(pilot, here, 5 * 3600)
            assert not bodies(here, "alarm.raised")
            assert not shows(app, LonePage)


async def test_whoever_is_left_alone_on_a_round_is_watched_over_from_then_on(tmp_path: Path) -> None:
    night = replace(PLAN.routes[0], lone=Lone(20))
    with world(tmp_path / "book", pages(replace(PLAN, routes=(night, *PLAN.routes[1:])))) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter enter")
            await pass_by(pilot, here, 40 * 60)
            assert not shows(app, LonePage), "two look after each other"
            await keys(pilot, "asterisk 8 2 1")
            assert bodies(here, "crew.left")
            await pass_by(pilot, here, 20 * 60 - 1)
            assert not shows(app, LonePage)
            await pass_by(pilot, here, 1)
            assert shows(app, LonePage)
            await keys(pilot, "enter")
            assert shows(app, RoundPage)


async def test_a_clock_that_is_set_right_leaves_nobody_unwatched(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            right, here.clock.at = here.clock.at, 60_000
            await keys(pilot, f"{SIGN_IN} enter")
            here.clock.at = right
            await pass_by(pilot, here, 31 * 60)
            assert shows(app, LonePage)


async def test_who_is_in_trouble_raises_the_alarm_from_the_question(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await pass_by(pilot, here, 31 * 60)
            await keys(pilot, "backspace")
            assert shows(app, LonePage), "only an answer leads on"
            await keys(pilot, "9 9")
            (alarm,) = bodies(here, "alarm.raised")
            assert "how" not in alarm
            await keys(pilot, "backspace")
            await settle(pilot, 4)
            assert shows(app, HomePage), "whoever raises the alarm has answered"


async def test_a_handheld_that_slept_through_the_asking_asks_before_it_raises_the_alarm(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await pass_by(pilot, here, 3 * 3600)  # its lid was shut
            assert shows(app, LonePage)
            assert here.signals.felt[-1] == "wake"
            await pass_by(pilot, here, 44)
            assert not bodies(here, "alarm.raised")
            await pass_by(pilot, here, 1)
            assert bodies(here, "alarm.raised")


async def test_a_handheld_that_died_meanwhile_asks_at_once_and_gives_the_whole_countdown(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
        at = here.clock
    with world(tmp_path / "book", SITE) as again:  # nothing but the disk is left
        again.clock.at, again.clock.up = at.at + 2 * 3600_000, at.up + 2 * 3600_000
        app = again.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await settle(pilot, 4)
            assert app.locked
            assert say("zh", "lone.urged", n=45)[:6] in text(app)
            assert again.signals.felt == ["wake"]
            await pass_by(pilot, again, 44)
            assert not bodies(again, "alarm.raised")
            await keys(pilot, "enter")  # nobody has been identified again: it is an answer all the same
            (answer,) = (record for record in again.records() if record.kind == "lone.answered")
            assert (answer.by, answer.body["urged"]) == ((), True)
            await pass_by(pilot, again, 29 * 60)
            assert not shows(app, LonePage)


async def test_who_practises_is_not_asked_and_nobody_who_is_watched_over_begins_to_practise(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            with pytest.raises(NotAllowed):
                await practice.begin(app)
            app.gear = replace(app.gear, practice=True)
            await pass_by(pilot, here, 2 * 3600)
            assert not shows(app, LonePage)
            app.gear = replace(app.gear, practice=False)
            await pass_by(pilot, here, 0)
            assert shows(app, LonePage), "two hours without a word"
            await pass_by(pilot, here, 44)
            assert not bodies(here, "alarm.raised"), "the whole countdown is left"
            await pass_by(pilot, here, 1)
            assert len(bodies(here, "alarm.raised")) == 1


async def test_a_silent_alarm_makes_no_sound_and_stands_on_no_page_but_its_own(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            felt, line = list(here.signals.felt), text(app).splitlines()[-1]
            await keys(pilot, "asterisk 9 8")
            (alarm,) = bodies(here, "alarm.raised")
            assert alarm["how"] == "silent"
            assert here.signals.felt == felt
            assert shows(app, HomePage)
            assert say("zh", "status.alarm") not in text(app)
            assert text(app).splitlines()[-1].split()[-1] == line.split()[-1]
            here.office_sends_alarm("taken", {"zh": "王芳", "en": "Wang Fang"}, here.records()[-1].seq)
            await settle(pilot, 4)
            assert here.signals.felt == felt
            assert "王芳" not in text(app)
            await keys(pilot, "asterisk 2")
            assert "王芳" in text(app), "whoever opens the page is told who has it"
