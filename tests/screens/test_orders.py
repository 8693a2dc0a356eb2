"""Work orders by keys: taken by radio, gone to, proved by the label, confirmed; what was found is re-checked."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.pilot import Pilot

from app.duties.provisions import Supply
from app.duties.site import Grant, Text
from app.errors import NotAllowed
from app.kinds.orders import ORDERS
from app.memory import Memory
from app.words import say
from app.work import Work
from screens.matters import MatterPage
from screens.order import ConfirmPage, OrderPage
from screens.orders import OrdersPage
from tests.screens.plans import PINS, PLAN, label, pages
from tests.screens.world import (
    LARGE,
    SIGN_IN,
    SMALL,
    World,
    bodies,
    keys,
    rows,
    scan,
    settle,
    text,
    walk_to,
    world,
)

FITTER_IN = "1 0 0 2 enter 5 6 7 8 enter"
"""Li Min, who is a fitter here."""
LAMP = Supply("lamp-9w", Text("LED灯泡9W", "LED lamp 9 W"), Text("只", "pcs"))
SITE = pages(
    replace(
        PLAN,
        grants=(Grant("zhang-wei", ("guard",)), Grant("li-min", ("fitter",)), Grant("wang-fang", ("supervisor",))),
        categories=tuple(replace(each, respond="15min" if each.id == "water" else "") for each in PLAN.categories),
        supplies=(LAMP, Supply("hose", Text("软管", "Hose"))),
    )
)


async def more(pilot: Pilot[int], app: App[int], words: str) -> None:
    """Through the menu, by the digit beside the words."""
    await keys(pilot, "asterisk 0")
    await keys(pilot, digit(app, words))


def digit(app: App[int], words: str) -> str:
    """The digit of the row that begins so."""
    row = next((row for row in rows(app) if row[1:].startswith(f" {words}")), None)
    assert row is not None, text(app)
    return row[0]


async def usual(pilot: Pilot[int], app: App[int], category: str, lang: str) -> str:
    """The digit of what is usual of `category`: looked up, and left again."""
    await keys(pilot, "9")
    beside = digit(app, PLAN.category(category).text.say(lang))
    await keys(pilot, "backspace")
    return beside


async def in_six(pilot: Pilot[int], typed: str) -> None:
    assert len(typed.split()) <= 6
    await keys(pilot, typed)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_an_order_by_radio_is_taken_in_six_keys(tmp_path: Path, lang: str, size: tuple[int, int]) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await keys(pilot, SIGN_IN)
            await in_six(pilot, "asterisk 0 1 1 2 enter")  # from anywhere, when the place is said by radio
            (order,) = bodies(here, "order.taken")
            assert (order["category"], order["phrase"], order["origin"]) == ("water", "leak", "radio")
            assert (order["person"], order["to"]) == ("zhang-wei", "fitter")
            taken = here.clock.at
            assert order["respond"] == taken + 15 * 60_000
            assert order["due"] == taken + 2 * 24 * 3_600_000
            app.go_home()
            await settle(pilot)
            await in_six(pilot, f"9 {await usual(pilot, app, 'glass', lang)} 5 0 1 enter")  # with a room, from home
            second = bodies(here, "order.taken")[1]
            usually = PLAN.category("glass").phrases[0].id
            assert (second["category"], second["phrase"], second["room"]) == ("glass", usually, "501")
            assert isinstance(app.screen, OrderPage)
            assert "501" in text(app)
            assert say(lang, "orders.step_accept") not in text(app)  # no key is offered that would be refused
            await keys(pilot, "enter")
            assert say(lang, "orders.not_yours", role=say(lang, "finding.role_fitter"))[:10] in text(app)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_fitters_day_from_what_was_found_to_the_customers_code(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T06:05:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await keys(pilot, SIGN_IN)
            await at_the_shed(pilot, here)
            await keys(pilot, "f3 1 2 enter")  # water, clearly leaking
            finding = f"{here.book.book_id}:{here.records()[-1].seq}"
            await here.watch.finish_round()
            app.go_home()
            await keys(pilot, FITTER_IN.replace("1 0 0 2", "4 1 0 0 2"))
            await more(pilot, app, say(lang, "more.matters"))
            await keys(pilot, "1 enter")  # an order for it
            (taken,) = bodies(here, "order.taken")
            assert (taken["finding"], taken["point"], taken["to"]) == (finding, "shed", "fitter")
            assert taken["due"] == bodies(here, "finding.raised")[0]["due"]
            await keys(pilot, "enter enter")  # accepted, on the way
            assert bodies(here, "order.accepted")[0]["person"] == "li-min"
            here.clock.pass_by(16 * 60)
            app.go_home()
            await settle(pilot)
            assert say(lang, "orders.over_respond", span=say(lang, "status.minutes", n=1))[:4] in text(app)
            await scan(pilot, label("point:shed"))
            assert isinstance(app.screen, OrderPage)
            (there,) = bodies(here, "order.arrived")
            assert (there["point"], there["proved"], there["grade"]) == ("shed", True, "label")
            assert len(there["proof"]) == 32
            assert say(lang, "orders.proved") in text(app)
            await keys(pilot, "enter 2 2 enter enter")  # done: two lamps
            assert isinstance(app.screen, ConfirmPage)
            assert bodies(here, "order.done")[0] == {
                "order": Work.of(here.watch).orders()[0].id,
                "parts": [{"item": "lamp-9w", "count": 2, "words": LAMP.text.say(lang)}],
                "clean": True,
                "late": False,
            }
            assert bodies(here, "finding.corrected")[0]["finding"] == finding
            assert finding in here.watch.state.findings, "it stays open until somebody looked again"
            await keys(pilot, "1 enter")
            assert say(lang, "orders.why_no-value")[:6] in text(app)
            await keys(pilot, "4 7 1 1 enter")
            assert bodies(here, "order.confirmed")[0]["value"] == "4711"
            assert isinstance(app.screen, OrderPage)
            assert say(lang, "orders.stage_closed") in text(app)
            assert f"2 {LAMP.unit.say(lang)}" in text(app) or f"2{LAMP.unit.say(lang)}" in text(app)


async def at_the_shed(pilot: Pilot[int], here: World) -> None:
    """In the middle of the morning round, at the third stop."""
    await keys(pilot, "enter enter")
    for name in ("point:gate", "point:power"):
        here.clock.pass_by(60)
        await scan(pilot, label(name))
    await here.watch.all_ok()
    here.clock.pass_by(60)
    await scan(pilot, label("point:shed"))


@pytest.mark.parametrize("open_page", [False, True])
async def test_a_label_read_on_a_round_is_the_orders_arrival_and_the_rounds_stop(
    tmp_path: Path, open_page: bool
) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T06:05:00+08:00") as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await scan(pilot, label("person:li-min"))
            order = await Work.of(here.watch).take_order("lamp", "leak", point="shed")
            await Work.of(here.watch).accept_order(order.id)
            await keys(pilot, "enter enter")
            for name in ("point:gate", "point:power"):
                here.clock.pass_by(60)
                await scan(pilot, label(name))
            await here.watch.all_ok()
            here.clock.pass_by(60)
            if open_page:
                app.open(OrderPage(order.id))
                await settle(pilot)
            await scan(pilot, label("point:shed"))
            assert [body["proved"] for body in bodies(here, "order.arrived")] == [True]
            assert bodies(here, "stop.arrived")[-1]["point"] == "shed"
            here.clock.pass_by(60)
            await scan(pilot, label("point:shed"))
            assert len(bodies(here, "order.arrived")) == 1, "once there, it is a stop like any other"


async def accepted_lamp(pilot: Pilot[int], app: App[int], lang: str) -> None:
    await keys(pilot, FITTER_IN)
    await more(pilot, app, say(lang, "more.take"))
    await keys(pilot, "2 2")
    await scan(pilot, label("point:gate"))
    await keys(pilot, "enter enter")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_promise_is_postponed_once_and_the_second_time_is_refused_with_its_sentence(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await accepted_lamp(pilot, app, lang)
            due = Work.of(here.watch).orders()[0].due
            await keys(pilot, "2 1 3")  # a part is on order, three working days
            (body,) = bodies(here, "order.postponed")
            assert (body["reason"], body["words"]) == ("part", say(lang, "orders.later_part"))
            assert body["due"] > due
            assert say(lang, "orders.postponed") in text(app)
            assert f"2 {say(lang, 'orders.key_postpone')}" not in text(app)
            await keys(pilot, "2")
            assert isinstance(app.screen, OrderPage)
            assert say(lang, "orders.why_postponed-twice")[:12] in text(app)
            assert len(bodies(here, "order.postponed")) == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_restart_in_the_middle_of_an_order_goes_on_where_it_was(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await accepted_lamp(pilot, app, lang)
            await keys(pilot, "enter")  # on the way
    with world(tmp_path / "book", SITE, at="2026-11-21T10:05:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, FITTER_IN)
            assert say(lang, "orders.home", n=1, words="", left="")[:3] in text(app)
            await keys(pilot, "5")
            assert isinstance(app.screen, OrdersPage)
            await keys(pilot, "1")
            assert say(lang, "orders.stage_going") in text(app)
            await scan(pilot, label("point:power"))
            assert say(lang, "orders.wrong_label", place=PLAN.point("power").name.say(lang))[:12] in text(app)
            assert not bodies(here, "order.arrived"), "another place proves nothing"
            await keys(pilot, "enter")
            assert not bodies(here, "order.arrived"), "first the label is asked for"
            await keys(pilot, "enter")
            assert bodies(here, "order.arrived")[0]["proved"] is False
            await keys(pilot, "enter 1 enter 3")  # done, the area is not clean yet; the customer is absent
            assert bodies(here, "order.done")[0]["clean"] is False
            (order,) = Work.of(here.watch).orders()
            assert (order.stage, order.visit, order.proved) == ("closed", True, False)
            await keys(pilot, "4 2")  # it was not put right
            (again,) = Work.of(here.watch).orders()
            assert (again.stage, again.reopened, again.receiver) == ("taken", 1, "li-min")
            assert again.due >= order.due


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_what_was_put_right_is_looked_at_on_site_and_opened_again_when_it_is_not_right(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T06:05:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await at_the_shed(pilot, here)
            await keys(pilot, "f3 4 1 enter")  # flying wires: a hazard
            await here.watch.finish_round()
            app.go_home()
            await more(pilot, app, say(lang, "more.matters"))
            await keys(pilot, "1")
            assert isinstance(app.screen, MatterPage)
            await keys(pilot, "1")  # put right without an order
            assert say(lang, "orders.state_corrected") in text(app)
            (finding,) = here.watch.state.findings.values()
            await keys(pilot, "1")
            assert not bodies(here, "finding.rechecked"), "first the label on site"
            await scan(pilot, label("point:gate"))
            assert say(lang, "orders.wrong_place", place=PLAN.point("gate").name.say(lang))[:12] in text(app)
            await scan(pilot, label("point:shed"))
            await keys(pilot, "2")  # not right
            (first,) = bodies(here, "finding.rechecked")
            assert (first["ok"], first["proved"], first["point"]) == (False, True, "shed")
            assert here.watch.state.findings[finding.id].reopened == 1
            assert here.watch.state.findings[finding.id].corrected is None
            await keys(pilot, "1")
            await scan(pilot, label("point:shed"))
            await keys(pilot, "1")
            assert [each["ok"] for each in bodies(here, "finding.rechecked")] == [False, True]
            assert finding.id not in here.watch.state.findings
            assert not Work.of(here.watch).open_findings()
    with world(tmp_path / "book", SITE, at="2026-11-21T12:00:00+08:00") as here:
        assert finding.id not in here.watch.state.findings, "a restart opens nothing again"


async def test_an_order_that_a_recheck_finds_wrong_is_open_again_with_its_finding(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, FITTER_IN)
            finding = await here.watch.report("lamp", "leak")
            order = await Work.of(here.watch).order_from(finding.id)
            await more(pilot, app, say("zh", "more.matters"))
            await keys(pilot, "1 1")
            assert say("zh", "orders.order_first") in text(app)
            await Work.of(here.watch).accept_order(order.id)
            await Work.of(here.watch).arrive_at_order(order.id)
            await Work.of(here.watch).finish_order(order.id, {})
            await keys(pilot, "2")  # it has no place, so no label is asked for
            assert here.watch.state.share(ORDERS)[order.id].stage == "taken"
            assert here.watch.state.findings[finding.id].corrected is None
            assert here.watch.state.share(ORDERS)[order.id].reopened == 1
            (matter,) = Memory(here.book, here.pages.plan).matters()
            assert matter.finding == here.watch.state.findings[finding.id], "its card follows"


async def test_what_does_not_fit_is_one_sentence_and_nothing_is_recorded(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        watch = here.watch
        await watch.sign_in_pin("li-min", PINS["li-min"])
        order = (await Work.of(watch).take_order("lamp", "leak")).id
        finding = (await watch.report("lamp", "drip")).id

        async def refused(key: str, act: Coroutine[Any, Any, object]) -> None:
            before = len(here.records())
            with pytest.raises(NotAllowed) as caught:
                await act
            assert caught.value.key == key
            assert all(caught.value.say(lang) for lang in ("zh", "en"))
            assert len(here.records()) == before

        await refused("orders.bad_room", Work.of(watch).take_order("lamp", "leak", room="3-甲"))
        await refused("orders.bad_room", Work.of(watch).take_order("lamp", "leak", room="3--1"))
        await refused("watch.unknown_phrase", Work.of(watch).take_order("lamp", "gone"))
        await refused("orders.why_too-early", Work.of(watch).go_to_order(order))
        await refused("orders.gone", Work.of(watch).accept_order("b:1"))
        await Work.of(watch).accept_order(order)
        await refused("orders.why_again", Work.of(watch).accept_order(order))
        await refused("orders.why_too-early", Work.of(watch).confirm_order(order, "code", "4711"))
        await Work.of(watch).arrive_at_order(order)
        await refused("orders.no_part", Work.of(watch).finish_order(order, {"gold": 1}))
        await refused("orders.no_part", Work.of(watch).finish_order(order, {"hose": 1000}))
        await refused("watch.unknown_reason", Work.of(watch).postpone_order(order, "tired", "1d"))
        await Work.of(watch).finish_order(order, {"hose": 1})
        await refused("orders.why_no-value", Work.of(watch).confirm_order(order, "code", "47a1"))
        await Work.of(watch).confirm_order(order, "paper", "4711")
        await refused("orders.why_closed", Work.of(watch).confirm_order(order, "paper", "4711"))
        await refused("orders.correct_first", Work.of(watch).recheck_finding(finding, ok=True))
        made = await Work.of(watch).order_from(finding)
        await refused("orders.has_order", Work.of(watch).order_from(finding))
        await watch.sign_in_pin("zhang-wei", PINS["zhang-wei"])
        await Work.of(watch).accept_order(made.id)
        await watch.sign_out("li-min")
        await refused("orders.others", Work.of(watch).go_to_order(made.id))
        await refused("orders.not_yours", Work.of(watch).accept_order(made.id))


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_standing_beside_the_beacon_is_being_there_for_an_order_and_for_a_recheck(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, FITTER_IN)
            await keys(pilot, "f3 1 2")
            await scan(pilot, label("point:power"))
            assert PLAN.point("power").name.say(lang)[:8] in text(app)
            await keys(pilot, "enter")
            (finding,) = here.watch.state.findings.values()
            assert (finding.point, finding.stop) == ("power", None)
            await more(pilot, app, say(lang, "more.matters"))
            await keys(pilot, "1 enter enter enter")  # an order for it, accepted, on the way
            assert say(lang, "round.near") in text(app)
            await walk_to(pilot, here, 1)
            assert not bodies(here, "order.arrived"), "another place's beacon"
            here.clock.pass_by(60)
            await walk_to(pilot, here, 2)
            (there,) = bodies(here, "order.arrived")
            assert (there["point"], there["proved"], there["grade"]) == ("power", True, "near")
            assert there["evidence"]["ble"]["tag"].endswith("/2")
            assert say(lang, "orders.proved") in text(app)
            await keys(pilot, "enter enter 3")  # done, the customer is absent
            here.clock.pass_by(60)
            app.open(MatterPage(finding.id))
            await keys(pilot, "up")
            await walk_to(pilot, here, 2)
            assert say(lang, "orders.told_near", place="")[:4] in text(app)
            await keys(pilot, "1")
            (again,) = bodies(here, "finding.rechecked")
            assert (again["ok"], again["proved"], again["grade"], again["point"]) == (True, True, "near", "power")
            assert not here.watch.state.findings


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_first_receiver_is_told_what_becomes_of_it(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            work = Work.of(here.watch)
            order = (await work.take_order("water", "leak", room="501")).id
            told = say(lang, "orders.followed", n=1, words="", state="").split()[0]
            assert told not in text(app)
            await scan(pilot, label("person:li-min"))
            await work.accept_order(order)
            await here.watch.sign_out("li-min")
            app.go_home()
            await settle(pilot)
            assert told not in text(app), "it is under way and in time"
            here.clock.pass_by(16 * 60)
            app.go_home()
            await settle(pilot)
            assert told in text(app), "nobody is there yet"
            await scan(pilot, label("person:li-min"))
            await work.arrive_at_order(order)
            await work.finish_order(order, {})
            await here.watch.sign_out("li-min")
            app.go_home()
            await settle(pilot)
            assert say(lang, "orders.stage_done")[:4] in text(app)
            await keys(pilot, "5 1 enter 2 7 enter enter")
            assert bodies(here, "order.confirmed")[0]["value"] == "7", "the receiver may ask the customer"
            app.go_home()
            await settle(pilot)
            assert told not in text(app)


async def test_hazards_stand_apart_from_other_findings(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        await here.watch.sign_in_pin("wang-fang", PINS["wang-fang"])
        for category in ("thrown", "wire", "lamp", "fire-lane"):
            await here.watch.report(category, "leak")
        found = Work.of(here.watch).open_findings()
        assert [each.category for each in found] == ["wire", "fire-lane", "thrown", "lamp"]
