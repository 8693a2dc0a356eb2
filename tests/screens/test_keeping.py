"""Registers and procedures by keys: what a warden, a control room and a flood crew do is what the book holds."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app.duties.provisions import Column, Contact, Material, Procedure, Register, Step, Team
from app.duties.site import Asset
from app.duties.texts import Choice, Phrase, Text
from app.keeping import Keeping
from app.words import say
from screens.home import HomePage
from screens.times import clock
from tests.screens.plans import PLAN, label, pages
from tests.screens.world import LARGE, SIGN_IN, SMALL, World, bodies, keys, scan, settle, text, world

T = Text
VISITORS = Register(
    "visitors",
    T("宿舍访客登记", "Visitors"),
    (
        Column("room", "room", T("房号", "Room")),
        Column("phone", "digits", T("手机后四位", "Last four digits"), size=4, personal=True),
        Column("people", "count", T("人数", "People")),
    ),
    roles=("guard",),
    ends=T("离开", "left"),
    limit="22:30",
)
LOG = Register(
    "log",
    T("消控室值班记录", "Control-room log"),
    (
        Column(
            "signal",
            "choice",
            T("信号", "Signal"),
            (Choice("none", T("无信号", "none")), Choice("fire", T("火警", "fire"), ok=False)),
        ),
        Column("loop", "digits", T("回路", "Loop"), optional=True),
    ),
    roles=("guard",),
    every_min=120,
)
OTHERS = Register("keys", T("备用钥匙", "Spare keys"), (Column("key", "room", T("钥匙", "Key")),), roles=("warden",))
LIFT = Procedure(
    "lift",
    "card",
    T("电梯困人", "Caught in a lift"),
    (Team("", T(), (Step("call", T("通话安抚", "Speak to them"), 3), Step("out", T("人员救出", "People are out")))),),
)
FLOOD = Procedure(
    "flood",
    "call-out",
    T("防汛", "Flood"),
    (
        Team(
            "rescue",
            T("抢险组", "Rescue"),
            (Step("bags", T("堆沙袋", "Sandbags")),),
            (Material("shovel", T("铁锹", "Shovels"), 10),),
            assemble_min=20,
        ),
        Team("power", T("供电组", "Power"), (Step("cut", T("断电", "Cut the power")),), assemble_min=30),
    ),
    T("大雨半小时", "Heavy rain for half an hour"),
    (Phrase("dry", T("积水已排除", "Water is gone")), Phrase("help", T("需要支援", "Need help"))),
)
SITE = pages(
    replace(
        PLAN,
        registers=(VISITORS, LOG, OTHERS),
        procedures=(LIFT, FLOOD),
        contacts=(Contact("fire", T("火警", "Fire brigade"), "119"),),
    )
)


async def one_by_one(pilot: Pilot[int], typed: str) -> None:
    """Each key after what the one before brought up was seen: steps are ticked by a thumb that looks."""
    for key in typed.split():
        await keys(pilot, key)


@pytest.mark.proof
@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_visitors_come_in_and_leave_and_no_digit_of_a_telephone_is_in_the_record(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T19:00:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await keys(pilot, "asterisk 0 1")
            assert VISITORS.name.say(lang) in text(app)
            assert OTHERS.name.say(lang) not in text(app), "the warden's"
            await keys(pilot, "1 enter 3 minus 1 minus 5 0 1 enter")
            await keys(pilot, "4 7 1 enter")
            assert say(lang, "registers.fault_size", column=VISITORS.columns[1].text.say(lang), size=4)[:10] in text(
                app
            )
            await keys(pilot, "0 enter")  # 4710
            await keys(pilot, "2 enter")
            (line,) = bodies(here, "register.entered")
            assert line["answers"] == {"room": "3-1-501", "phone": "", "people": "2"}
            assert "'4710'" not in str(line)  # a hash may hold these digits
            assert "3-1-501" in text(app)
            here.clock.pass_by(4 * 3600)
            await keys(pilot, "backspace backspace")
            app.go_home()
            await settle(pilot)
            assert isinstance(app.screen, HomePage)
            assert say(lang, "registers.home_over", n=1)[:8] in text(app)
            await keys(pilot, "asterisk 0 1 1 1 enter")
            (ended,) = bodies(here, "register.ended")
            assert (ended["line"], ended["late"]) == (f"{here.book.book_id}:{_seq(here, 'register.entered')}", True)
            assert Keeping.of(here.watch).open_lines("visitors") == ()


async def test_of_many_who_are_in_the_last_one_can_be_let_out_too(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            for n in range(12):
                await Keeping.of(here.watch).enter_line(
                    "visitors", {"room": f"{n + 101}", "phone": "4710", "people": "1"}
                )
            await keys(pilot, "asterisk 0 1 1")
            assert "Room 101" in text(app)
            for _ in range(4):
                if "Room 112" not in text(app):
                    await keys(pilot, "0")
            assert "Room 112" in text(app)
            assert "Room 101" not in text(app)


def _seq(here: World, kind: str) -> int:
    return next(record.seq for record in here.records() if record.kind == kind)


async def test_the_control_room_is_told_when_its_entry_is_due(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            assert "该记" not in text(app)
            here.clock.pass_by(2 * 3600)
            await keys(pilot, "f4")
            assert say("zh", "registers.home_due", name="消控室值班记录") in text(app)
            await keys(pilot, "asterisk 0 1 2")
            await keys(pilot, "1 enter")  # no signal, no loop
            assert bodies(here, "register.entered")[0]["answers"] == {"signal": "none"}
            assert "报问题" not in text(app)
            await keys(pilot, "2 2 enter")
            assert "报问题" in text(app), "a fire signal is more than a line"
            app.go_home()
            await settle(pilot)
            assert "该记" not in text(app)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_people_in_a_lift_each_step_has_its_time_and_a_restart_forgets_none(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await keys(pilot, "asterisk 0 2 1 enter")
            here.clock.pass_by(240)
            await keys(pilot, "enter")
            assert say(lang, "procedures.ticked_late", words=LIFT.teams[0].steps[0].text.say(lang))[:12] in text(app)
    with world(tmp_path / "book", SITE) as here:  # started again
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            assert LIFT.name.say(lang) in text(app), "home says that it still runs"
            await one_by_one(pilot, "asterisk 0 2 1 enter enter enter")
            assert [body["step"] for body in bodies(here, "procedure.ticked")] == ["call", "out"]
            assert [body["late"] for body in bodies(here, "procedure.ticked")] == [True, False]
            assert len(bodies(here, "procedure.closed")) == 1
            assert Keeping.of(here.watch).runs() == ()


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_long_card_turns_its_pages_and_any_step_is_ticked_by_its_digit(tmp_path: Path, lang: str) -> None:
    steps = tuple(Step(f"s{n}", T(f"第{n}步:检查一处", f"Step {n}: look at one place")) for n in range(1, 31))
    fire = Procedure("fire", "card", T("火灾", "Fire"), (Team("", T(), steps),))
    with world(tmp_path / "book", pages(replace(PLAN, procedures=(fire,)))) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await keys(pilot, "asterisk 0 1 1 enter")
            first = text(app)
            await keys(pilot, "0 2")
            assert steps[0].text.say(lang) in first
            assert steps[0].text.say(lang) not in text(app)
            (ticked,) = bodies(here, "procedure.ticked")
            assert str(ticked["words"]) not in first
            await keys(pilot, "9")
            assert say(lang, "procedures.close_ask")[:6] in text(app)
            await keys(pilot, "enter")
            assert Keeping.of(here.watch).runs() == ()


@pytest.mark.proof
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_flood_call_out_teams_assemble_count_and_report_before_it_ends(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await keys(pilot, "asterisk 0 2 2")
            assert FLOOD.when.say(lang)[:6] in text(app)
            await keys(pilot, "2")  # a drill
            assert say(lang, "procedures.exercise") in text(app)
            here.clock.pass_by(21 * 60)
            await keys(pilot, "1 enter")
            assert bodies(here, "procedure.assembled") == [
                {"run": Keeping.of(here.watch).runs()[0].id, "team": "rescue", "late": True, "point": None}
            ]
            await one_by_one(pilot, "enter 8 7 enter")
            assert bodies(here, "procedure.counted")[0]["count"] == 7
            await keys(pilot, "9 1 backspace")
            await keys(pilot, "enter")
            assert say(lang, "procedures.unreported")[:8] in text(app)
            assert FLOOD.teams[1].name.say(lang) in text(app)
            await one_by_one(pilot, "enter 2 enter enter 9 1 backspace enter enter")
            assert [body["team"] for body in bodies(here, "procedure.reported")] == ["rescue", "power"]
            assert len(bodies(here, "procedure.closed")) == 1
            assert bodies(here, "procedure.opened")[0]["exercise"] is True
            assert "missing" not in bodies(here, "procedure.closed")[0]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_whoever_leads_ends_a_call_out_and_who_did_not_report_here_is_named(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await one_by_one(pilot, "asterisk 0 2 2 1 1 enter enter 9 1 backspace")  # the rescue team, and its report
            await keys(pilot, "asterisk 8 1")
            assert say(lang, "procedures.leaving_title")[:6] in text(app), "an emergency runs"
            assert bodies(here, "shift.closed") == []
            await one_by_one(pilot, "enter 1 enter")
            assert FLOOD.teams[1].name.say(lang) in text(app)
            assert FLOOD.teams[0].name.say(lang) not in text(app)
            await one_by_one(pilot, "1")
            assert bodies(here, "procedure.closed")[0]["missing"] == ["power"]
            await keys(pilot, "asterisk 8 1")
            assert len(bodies(here, "shift.closed")) == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_which_lift_is_asked_and_a_step_ticked_by_mistake_is_open_again(tmp_path: Path, lang: str) -> None:
    two = (
        Asset("dt-1", T("1号梯", "Lift 1"), "gate", label=True),
        Asset("dt-2", T("2号梯", "Lift 2"), "east", label=True),
    )
    lift = replace(LIFT, about=("dt-1", "dt-2"))
    with world(tmp_path / "book", pages(replace(PLAN, assets=(*PLAN.assets, *two), procedures=(lift,)))) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await one_by_one(pilot, "asterisk 0 1 1 enter")
            assert say(lang, "procedures.about")[:6] in text(app)
            await scan(pilot, label("asset:dt-2"))
            (opened,) = bodies(here, "procedure.opened")
            assert (opened["asset"], opened["point"]) == ("dt-2", "east")
            assert two[1].name.say(lang) in text(app)
            await one_by_one(pilot, "enter 1")
            assert say(lang, "procedures.back_title") in text(app)
            first = clock(app.local(here.clock.at))
            here.clock.pass_by(120)
            await one_by_one(pilot, "1")
            assert say(lang, "procedures.mistaken", time=first) in text(app)
            await one_by_one(pilot, "1")
            assert [body["step"] for body in bodies(here, "procedure.ticked")] == ["call", "call"]
            await one_by_one(pilot, "backspace asterisk 0 1 2 enter 1")  # the other lift, at the same time
            assert [body.get("asset") for body in bodies(here, "procedure.opened")] == ["dt-2", "dt-1"]
            app.go_home()
            await settle(pilot)
            assert two[0].name.say(lang) in text(app)
            assert two[1].name.say(lang) in text(app)


async def test_what_runs_can_be_ended_when_the_plan_has_its_procedure_no_longer(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 0 2 1 enter")
            here.watch.take_pages(pages(replace(PLAN, registers=(VISITORS,))))
            app.go_home()
            await settle(pilot)
            await keys(pilot, "asterisk 0 2 1")
            assert say("zh", "procedures.unknown") in text(app)
            await keys(pilot, "enter")
            assert Keeping.of(here.watch).runs() == ()


async def test_whom_to_call_is_there_without_a_network(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await keys(pilot, "asterisk 0 2 3")
            assert "119  Fire brigade" in text(app)


async def test_what_is_personal_stands_apart_is_shown_by_its_last_digits_and_can_be_deleted_alone(
    tmp_path: Path,
) -> None:
    whole = replace(VISITORS, columns=(Column("phone", "digits", T("手机", "Telephone"), size=8, personal=True),))
    with world(tmp_path / "book", pages(replace(PLAN, registers=(whole,)))) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 0 1 1 enter")
            await keys(pilot, "9 1 3 8 4 7 1 0 enter")
            shown = text(app)
            assert "Telephone ****" in shown
            assert "4710" not in shown
            (line,) = bodies(here, "register.entered")
            apart = line["apart"]
            assert isinstance(apart, dict)
            assert here.book.text_of(apart["phone"]) == "91384710"
            assert not [path for path in _files(tmp_path / "book") if b"91384710" in path.read_bytes()][1:]
            await keys(pilot, "1")
            assert "Telephone 4710" in text(app)
            assert "9138" not in text(app)
            here.book.forget_text(apart["phone"])
            assert not [path for path in _files(tmp_path / "book") if b"91384710" in path.read_bytes()]
            await keys(pilot, "backspace 1")
            assert "4710" not in text(app)
            await keys(pilot, "enter")
            assert Keeping.of(here.watch).open_lines("visitors") == ()


async def test_a_personal_text_goes_by_itself_when_its_registers_time_is_over(tmp_path: Path) -> None:
    short = replace(VISITORS, retention_days=1)
    with world(tmp_path / "book", pages(replace(PLAN, registers=(short,)))) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 0 1 1 enter 7 enter 9 1 3 8 enter 2 enter")
            apart = bodies(here, "register.entered")[0]["apart"]
            assert isinstance(apart, dict)
            for days, left in ((0.5, "9138"), (0.6, None)):
                here.clock.pass_by(days * 24 * 3600)
                await keys(pilot, "backspace")
                if left:
                    await Keeping.of(here.watch).end_line(f"{here.book.book_id}:{_seq(here, 'register.entered')}")
                await here.watch.close_shift()
                await here.watch.sign_in_pin("zhang-wei", "1234")
                await asyncio.to_thread(here.watch._disk.submit(lambda: None).result)
                assert here.book.text_of(apart["phone"]) == left
            assert bodies(here, "register.entered")[0]["apart"] == apart, "the record stays as it is"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_line_kept_apart_is_found_again_after_a_restart(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 0 1 1 enter 7 enter 4 7 1 0 enter 2 enter")
    with world(tmp_path / "book", SITE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} asterisk 0 1 1 1")
            assert "手机后四位 4710" in text(app)
