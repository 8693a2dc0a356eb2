"""A duty watch by keys: entries are asked for when they are due, hours run out visibly, relief is one key (D6, D53)."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.booklog import BookLog
from app.duties.provisions import Column, Register
from app.duties.site import Grant, Post
from app.duties.texts import Choice, Text
from app.keeping import Keeping
from app.words import say
from screens.duty import DutyPage
from screens.home import HomePage
from screens.registers import EntryPage
from screens.terminal import Terminal
from tests.screens.plans import PEOPLE, PLAN, pages
from tests.screens.world import LARGE, SIGN_IN, SMALL, bodies, keys, settle, text, world

T = Text
SIGNALS = (Choice("none", T("无", "none")), Choice("fire", T("火警", "fire"), ok=False))
DONE = (Choice("no", T("不需要", "nothing")), Choice("went", T("现场确认", "went to look")))
LOG = Register(
    "log",
    T("消控室值班记录", "Control-room log"),
    (Column("signal", "choice", T("信号", "Signal"), SIGNALS), Column("done", "choice", T("处理", "Done"), DONE)),
    every_min=120,
    post="room",
)
ROOM = Post("room", T("消控室", "Control room"), 8, walks=False, roles=("fire-control",))
GATE = Post("gate", T("门岗", "Gate"), 4, roles=("guard",))
SITE = pages(
    replace(
        PLAN,
        posts=(ROOM, GATE),
        registers=(LOG,),
        grants=(Grant("zhang-wei", ("fire-control",)), Grant("li-min", ("guard",))),
    )
)


def top(app: Terminal) -> type[object]:
    return type(app.screen)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_control_room_is_asked_for_its_entry_every_two_hours_and_relieved_before_eight(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T14:00:00+08:00") as here:
        app = here.terminal(lang)
        due, name = say(lang, "registers.home_due", name=LOG.name.say(lang)), LOG.name.say(lang)
        async with app.run_test(size=size) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            assert top(app) is HomePage
            assert due[:10] not in text(app)
            here.clock.pass_by(2 * 3600 + 1)
            app.go_home()
            await settle(pilot)
            assert due[:10] in text(app)
            assert say(lang, "duty_watch.key_entry") in text(app)
            await keys(pilot, "enter")  # no round is theirs: Enter is the entry
            assert top(app) is EntryPage
            await keys(pilot, "2 2")  # a signal, and what was done
            (entry,) = bodies(here, "register.entered")
            assert (entry["answers"], entry["post"]) == ({"signal": "fire", "done": "went"}, "room")
            assert due[:10] not in text(app)

            here.clock.pass_by(5 * 3600 + 50 * 60)  # 21:50, eight hours are nearly over, and the entry is due again
            app.go_home()
            await settle(pilot)
            assert say(lang, "duty_watch.key_entry") in text(app)
            await keys(pilot, "asterisk 0")
            place = next(row for row in text(app).splitlines() if say(lang, "duty_watch.menu") in row)[0]
            await keys(pilot, place)
            assert top(app) is DutyPage
            assert name in text(app)
            await keys(pilot, "1")
            (asked,) = (record for record in here.records() if record.kind == "relief.asked")
            assert asked.body == {"post": "room", "person": "zhang-wei", "minutes": 470, "hours": 8}
            assert here.office.asked == 1
            assert ROOM.name.say(lang) in BookLog(lang, SITE.plan, PEOPLE).words(asked)
            await keys(pilot, "1")
            assert len(bodies(here, "relief.asked")) == 1, "said once, it stands"
            assert say(lang, "duty_watch.asked_before", time="21:50")[:14] in text(app)
            await keys(pilot, "enter 1 1 backspace")
            assert len(bodies(here, "register.entered")) == 2
            app.go_home()
            await settle(pilot)
            assert say(lang, "duty_watch.asked_at", time="21:50") in text(app)
            assert say(lang, "duty_watch.key_home") in text(app)


async def test_the_clock_itself_asks_when_the_entry_falls_due_and_not_at_another_post(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T14:00:00+08:00") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            home = app.screen
            assert isinstance(home, HomePage)
            here.clock.pass_by(2 * 3600)
            here.signals.felt.clear()
            home._window_turned()  # what the timer calls
            await settle(pilot)
            assert here.signals.felt == ["ok"]
            await keys(pilot, "4 1 0 0 2 enter 5 6 7 8 enter")
            assert here.watch.post() == ROOM
            await keys(pilot, "asterisk 8 2")  # Zhang leaves
    with world(tmp_path / "other", SITE, at="2026-11-21T14:00:00+08:00") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await keys(pilot, "1 0 0 2 enter 5 6 7 8 enter enter")
            assert here.watch.post() == GATE
            here.clock.pass_by(3 * 3600)
            assert Keeping.of(here.watch).registers_due() == ()


async def test_who_comes_to_the_post_ends_the_asking(tmp_path: Path) -> None:
    both = replace(SITE.plan, grants=(Grant("zhang-wei", ("fire-control",)), Grant("li-min", ("fire-control",))))
    with world(tmp_path / "book", pages(both), at="2026-11-21T14:00:00+08:00") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            here.clock.pass_by(7 * 3600 + 50 * 60)
            app.go_home()
            await settle(pilot)
            await keys(pilot, "enter backspace asterisk 0")
            place = next(row for row in text(app).splitlines() if say("zh", "duty_watch.menu") in row)[0]
            await keys(pilot, f"{place} 1 backspace 4 1 0 0 2 enter 5 6 7 8 enter")
            assert here.watch.post_state().relief_asked is None
            assert len(here.watch.hours()) == 2
