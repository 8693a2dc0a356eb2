"""Equipment by keys: the asset's page, meters that were exchanged, and odd readings, as the book holds them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app.duties.site import Asset, Check, Checklist, Grant, Plan, Text
from app.equipment import Equipment
from app.ports import Scan
from app.words import say
from app.work import Work
from screens.doubt import DoubtPage, ExchangePage
from screens.equipment import AssetPage, EquipmentPage
from screens.home import HomePage
from screens.more import shown
from screens.page import Page
from screens.stop import StopPage
from screens.terminal import Terminal
from tests.screens.plans import PLAN, label, pages
from tests.screens.world import SIGN_IN, SMALL, World, keys, scan, settle, text, world

T = Text
METER: Final = Check("meter", "number", T("有功电度表", "Energy meter"), unit="kWh", decimals=1, asset="1aa1",
                     meter=True, ratio=80)  # fmt: skip
VOLT: Final = Check("volt", "number", T("线电压 AB", "Line voltage AB"), unit="V", low="353", high="407", asset="1aa1",
                    source="GB/T 12325")  # fmt: skip
PHASES: Final = tuple(
    Check(id, "number", T(f"电流 {name}相", f"Current {name}"), unit="A", asset="1aa1", group="i", balance=15,
          moves=False) for id, name in (("i-a", "A"), ("i-b", "B"), ("i-c", "C"))
)  # fmt: skip
CABINET: Final = Asset("1aa1", T("1AA1 进线柜", "1AA1 incoming cabinet"), "power", "GCS", "梯11苏E03031(18)",
                       "2026-12-03", True, T("先验电 再操作", "Test for voltage first"))  # fmt: skip


def site(*checks: Check, assets: Sequence[Asset] = (CABINET,)) -> Plan:
    """The small site, whose power room is asked `checks`."""
    lists = tuple(Checklist(each.id, each.name, checks) if each.id == "room" else each for each in PLAN.checklists)
    return replace(PLAN, checklists=lists, assets=tuple(assets))


@asynccontextmanager
async def on_shift(
    folder: Path, plan: Plan, lang: str = "zh", at: str = "2026-11-10T20:30:00+08:00"
) -> AsyncIterator[tuple[World, Terminal, Pilot[int]]]:
    with world(folder, pages(plan), at=at) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            yield here, app, pilot


async def arrive(here: World, pilot: Pilot[int]) -> None:
    """Begin the inspection and stand in the power room."""
    await keys(pilot, "enter")
    await scan(pilot, label("point:power"))
    here.clock.pass_by(31)
    await keys(pilot, "asterisk backspace")


async def read_daily(folder: Path, plan: Plan, check: str, figures: Sequence[str]) -> None:
    """The same reading on so many days before 10 November, by the crew's acts alone."""
    for number, figure in enumerate(figures):
        with world(folder, pages(plan), at=f"2026-11-{10 - len(figures) + number:02}T20:30:00+08:00") as here:
            watch = here.watch
            await watch.sign_in_badge(Scan(label("person:zhang-wei"), here.clock.up))
            (duty,) = (each for each in watch.today() if each.slot.schedule == "plant")
            await watch.start_round(duty)
            await watch.scan(Scan(label("point:power"), here.clock.up))
            here.clock.pass_by(60)
            (asked,) = (each for each in plan.checklist("room").checks if each.id == check)
            await watch.answer(watch.judge(asked, figure))
            await watch.finish_round()
            await watch.close_shift()


def on(app: Terminal, kind: type[Page]) -> bool:
    """Whether a page of that kind is on top."""
    return isinstance(app.screen, kind)


def answers(here: World) -> list[dict[str, object]]:
    return [record.body for record in here.records() if record.kind == "check.answered"]


def typed(figure: str) -> str:
    return " ".join([*figure, "enter"])


# -- the ledger -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_scanned_asset_shows_its_plate_its_date_its_readings_and_what_is_open(
    tmp_path: Path, lang: str
) -> None:
    plan = site(VOLT)
    await read_daily(tmp_path / "book", plan, "volt", ["400", "396", "402", "405"])
    async with on_shift(tmp_path / "book", plan, lang) as (here, app, pilot):
        await arrive(here, pilot)
        await keys(pilot, "4 2 0 enter 4 2 0 enter 1 1 enter")  # out of limits, reported
        await here.watch.finish_round()
        app.go_home()
        await settle(pilot)
        assert say(lang, "equipment.home_due", n=1, name=CABINET.name.say(lang), date="2026-12-03")[:12] in text(app)
        await scan(pilot, label("asset:1aa1"))
        said = text(app)
        assert on(app, AssetPage)
        for part in (CABINET.name.say(lang), "GCS", CABINET.register, PLAN.points[1].name.say(lang)):
            assert part in said
        assert say(lang, "equipment.due", date="2026-12-03", n=23) in said
        assert "1 " + say(lang, "equipment.key_readings", n=1, last=VOLT.text.say(lang))[:8] in said
        assert say(lang, "equipment.key_matters", n=1, words="")[:5] in said
        assert CABINET.instructions.say(lang)[:5] in said
        assert {"zh": "张伟", "en": "Zhang Wei"}[lang] in said
        await keys(pilot, "1")
        assert "420 V __..^" in text(app)
        await keys(pilot, "1")
        said = text(app)
        assert f"{say(lang, 'equipment.leaves_up')}" in said
        assert say(lang, "stop.normal", low="353", high="407", unit=" V") in said
        assert [figure for figure in ("420 V", "405 V", "402 V", "396 V", "400 V") if figure not in said] == []
        await keys(pilot, "backspace backspace 2")
        assert PLAN.categories[0].phrases[0].text.say(lang)[:4] in text(app)
        await keys(pilot, "backspace 3")
        assert VOLT.text.say(lang) in text(app)
        await keys(pilot, "backspace 4")
        assert CABINET.instructions.say(lang) in text(app)


async def test_what_an_asset_page_shows_outlives_a_restart(tmp_path: Path) -> None:
    plan = site(VOLT)
    await read_daily(tmp_path / "book", plan, "volt", ["400", "396"])
    with world(tmp_path / "book", pages(plan), at="2026-11-10T20:30:00+08:00") as here:
        card = Equipment.of(here.watch).asset_card("1aa1")
        assert card.by == ("zhang-wei",)
        assert [noted.words for noted in Equipment.of(here.watch).asset_noted("1aa1")] == [
            "线电压 AB 396 V",
            "线电压 AB 400 V",
        ]
        (read,) = Equipment.of(here.watch).asset_readings("1aa1")
        assert read.values == ("400", "396")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_repairs_of_an_asset_are_among_its_records_and_many_answers_do_not_push_them_out(
    tmp_path: Path, lang: str
) -> None:
    plan = replace(site(VOLT), grants=(Grant("zhang-wei", ("guard", "fitter")),))
    async with on_shift(tmp_path / "book", plan, lang) as (here, _, pilot):
        watch = here.watch
        await arrive(here, pilot)
        await keys(pilot, typed("400"))
        finding = await watch.report("lamp", "leak", check=VOLT)
        order = await Work.of(watch).order_from(finding.id)
        await Work.of(watch).accept_order(order.id)
        await Work.of(watch).arrive_at_order(order.id)
        await Work.of(watch).finish_order(order.id, {})
        for figure in ("401", "402", "403", "404", "405", "406"):
            await watch.answer(watch.judge(VOLT, figure), "p1")
        await watch.finish_round()
        await watch.close_shift()
    async with on_shift(tmp_path / "book", plan, lang, at="2026-11-11T20:30:00+08:00") as (here, app, pilot):
        kinds = [noted.kind for noted in Equipment.of(here.watch).asset_noted("1aa1")]
        assert kinds[:5] == ["check.answered"] * 5
        assert kinds[5:] == [
            "finding.corrected", "order.done", "order.arrived", "order.accepted", "order.taken",
        ]  # fmt: skip
        assert Equipment.of(here.watch).asset_card("1aa1").by == ("zhang-wei",)
        await scan(pilot, label("asset:1aa1"))
        await keys(pilot, "3")
        assert say(lang, "equipment.noted_order_done", words="")[:3] in text(app)


@pytest.mark.parametrize(
    ("today", "words", "fields"),
    [
        ("2026-11-02", "", {}),
        ("2026-11-03", "equipment.due", {"n": 30}),
        ("2026-12-03", "equipment.due_today", {}),
        ("2026-12-04", "equipment.due_over", {"n": 1}),
    ],
)
async def test_an_inspection_is_warned_of_thirty_days_ahead_and_is_red_after(
    tmp_path: Path, today: str, words: str, fields: dict[str, int]
) -> None:
    async with on_shift(tmp_path / "book", site(VOLT), at=f"{today}T20:30:00+08:00") as (_, app, pilot):
        assert on(app, HomePage)
        assert ("检验" in text(app)) == bool(words)
        await scan(pilot, label("asset:1aa1"))
        if words:
            assert say("zh", words, date="2026-12-03", **fields) in text(app)
        else:
            assert "还有31天" in text(app)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_ledger_lists_equipment_by_its_place(tmp_path: Path, lang: str) -> None:
    others = tuple(Asset(f"pump-{n}", T(f"{n}号泵", f"Pump {n}"), "pond") for n in range(1, 13))
    async with on_shift(tmp_path / "book", site(VOLT, assets=(CABINET, *others)), lang) as (_, app, pilot):
        place = [item.words for item in shown(app.gear)].index("more.equipment") + 1
        await keys(pilot, f"asterisk 0 {place}")
        assert on(app, EquipmentPage)
        assert say(lang, "equipment.due_list", n=1) in text(app)
        await keys(pilot, "1")
        assert on(app, AssetPage), "the only one that falls due"
        assert CABINET.name.say(lang) in text(app)
        await keys(pilot, "backspace 3")
        assert others[0].name.say(lang) in text(app)
        assert others[11].name.say(lang) not in text(app), "on the next page"
        await keys(pilot, "0 3")
        assert on(app, AssetPage)
        assert others[11].name.say(lang) in text(app)
        assert say(lang, "equipment.never") in text(app)


async def test_a_list_of_hundreds_gives_each_one_row_and_a_digit_means_what_stands_beside_it(tmp_path: Path) -> None:
    long = "名字很长很长很长很长很长很长很长很长的水泵"
    pumps = tuple(Asset(f"pump-{n}", T(f"{n}号{long}"), "pond") for n in range(1, 131))
    async with on_shift(tmp_path / "book", site(VOLT, assets=pumps)) as (_, app, pilot):
        place = [item.words for item in shown(app.gear)].index("more.equipment") + 1
        await keys(pilot, f"asterisk 0 {place} 1")
        assert [f"{n} {n}号名字" in text(app) for n in range(1, 10)] == [True] * 9
        assert say("zh", "home.more", page=1, pages=15) in text(app)
        await keys(pilot, "0 2")
        assert on(app, AssetPage)
        assert text(app).startswith("11号名字")


async def test_an_asset_of_another_site_is_refused_in_one_sentence(tmp_path: Path) -> None:
    async with on_shift(tmp_path / "book", site(VOLT)) as (here, app, pilot):
        await scan(pilot, label("asset:elsewhere"))
        assert on(app, HomePage)
        assert here.signals.felt[-1] in ("no", "mark")
        assert "code.seen" in here.kinds()


# -- meters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_meter_that_shows_less_was_exchanged_and_both_figures_are_recorded(tmp_path: Path, lang: str) -> None:
    plan = site(METER, VOLT)
    await read_daily(tmp_path / "book", plan, "meter", ["18200.0", "18230.5"])
    async with on_shift(tmp_path / "book", plan, lang) as (here, app, pilot):
        await arrive(here, pilot)
        await keys(pilot, typed("52"))  # 5.2
        assert on(app, DoubtPage)
        assert say(lang, "equipment.meter_yes") in text(app)
        assert answers(here)[-1]["value"] == "18230.5", "nothing is recorded before it is said"
        await keys(pilot, "1")
        assert on(app, ExchangePage)
        assert say(lang, "equipment.old") in text(app)
        await keys(pilot, typed("182415"))
        assert say(lang, "equipment.new") in text(app)
        await keys(pilot, typed("0"))
        assert on(app, StopPage)
        body = answers(here)[-1]
        assert (body["value"], body["exchange"]) == ("5.2", {"old": "18241.5", "new": "0.0"})
        assert body["marks"] == ["meter-exchanged"]
        assert "18241.5" in str(body["words"])
    with world(tmp_path / "book", pages(plan), at="2026-11-10T21:00:00+08:00") as here:  # started again
        assert here.watch.state.round is not None
        assert here.watch.last_readings("meter", 10, "p1") == ("5.2",), "the new meter counts from its own"
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await here.watch.finish_round()
            app.go_home()
            await scan(pilot, label("asset:1aa1"))
            await keys(pilot, "1 1")
            used = say(lang, "equipment.used", used="1296.0", unit=" kWh", ratio=80)  # (11.0 + 5.2) x 80
            assert used in text(app)


async def test_a_meter_that_simply_went_back_is_kept_and_marked(tmp_path: Path) -> None:
    plan = site(METER, VOLT)
    await read_daily(tmp_path / "book", plan, "meter", ["18230.5"])
    async with on_shift(tmp_path / "book", plan) as (here, app, pilot):
        await arrive(here, pilot)
        await keys(pilot, f"{typed('182300')} 3")
        assert on(app, StopPage)
        assert answers(here)[-1]["value"] == "18230.5", "typed again"
        await keys(pilot, f"{typed('182300')} 2")
        body = answers(here)[-1]
        assert (body["value"], body["marks"]) == ("18230.0", ["meter-back"])
        assert "exchange" not in body
        assert here.watch.open_check() == VOLT


async def test_an_exchange_whose_figures_do_not_fit_is_kept_and_marked(tmp_path: Path) -> None:
    plan = site(METER, VOLT)
    await read_daily(tmp_path / "book", plan, "meter", ["18230.5"])
    async with on_shift(tmp_path / "book", plan) as (here, _, pilot):
        await arrive(here, pilot)
        await keys(pilot, f"{typed('52')} 1 enter {typed('181000')} {typed('0')}")
        assert answers(here)[-1]["marks"] == ["meter-exchanged", "meter-back"]


async def test_a_meter_corrected_at_once_is_judged_by_the_readings_before(tmp_path: Path) -> None:
    plan = site(METER, VOLT)
    await read_daily(tmp_path / "book", plan, "meter", ["18230.5"])
    async with on_shift(tmp_path / "book", plan) as (here, app, pilot):
        await arrive(here, pilot)
        await keys(pilot, typed("192300"))  # a slip, higher than the true one
        await keys(pilot, f"backspace {typed('182312')}")
        assert on(app, StopPage)
        assert (answers(here)[-1]["value"], answers(here)[-1]["marks"]) == ("18231.2", [])


# -- odd readings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_reading_a_thousand_times_too_large_is_asked_about_once(tmp_path: Path, lang: str) -> None:
    plan = site(VOLT, METER)
    await read_daily(tmp_path / "book", plan, "volt", ["400", "396", "402"])
    async with on_shift(tmp_path / "book", plan, lang) as (here, app, pilot):
        await arrive(here, pilot)
        await keys(pilot, typed("401000"))
        assert on(app, DoubtPage)
        assert say(lang, "equipment.doubt_meant", value="401000", unit=" V", meant="401")[:12] in text(app)
        await keys(pilot, "2")  # no, it is that
        assert on(app, StopPage)
        await keys(pilot, typed("401000"))  # out of limits: typed again, not asked again
        assert answers(here)[-1]["value"] == "401000"
        await keys(pilot, "backspace")  # no report
        await keys(pilot, f"backspace {typed('402000')} 1")
        assert (answers(here)[-1]["value"], answers(here)[-1]["ok"]) == ("402", True)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_fifth_equal_reading_is_asked_about_and_marked(tmp_path: Path, lang: str) -> None:
    plan = site(VOLT, METER)
    await read_daily(tmp_path / "book", plan, "volt", ["400"] * 4)
    async with on_shift(tmp_path / "book", plan, lang) as (here, app, pilot):
        await arrive(here, pilot)
        await keys(pilot, f"{typed('400')}")
        assert on(app, DoubtPage)
        assert say(lang, "equipment.same_yes", value="400") in text(app)
        await keys(pilot, "2")
        assert "400_]" not in text(app), "to be typed again"
        await keys(pilot, f"{typed('400')} 1")
        assert (answers(here)[-1]["value"], answers(here)[-1]["marks"]) == ("400", ["always-same"])
        assert here.watch.open_check() == METER


async def test_what_does_not_move_is_not_asked_about(tmp_path: Path) -> None:
    still = replace(VOLT, moves=False)
    plan = site(still, METER)
    await read_daily(tmp_path / "book", plan, "volt", ["400"] * 4)
    async with on_shift(tmp_path / "book", plan) as (here, _, pilot):
        await arrive(here, pilot)
        await keys(pilot, typed("400"))
        assert answers(here)[-1]["marks"] == []
        assert here.watch.open_check() == METER


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_three_phases_stand_side_by_side_and_an_imbalance_is_marked(tmp_path: Path, lang: str) -> None:
    async with on_shift(tmp_path / "book", site(*PHASES, METER), lang) as (here, app, pilot):
        await arrive(here, pilot)
        assert "_ | _ | _" in text(app)
        await keys(pilot, f"{typed('400')} {typed('410')}")
        assert "400 | 410 | _" in text(app)
        await keys(pilot, "3 0 0")
        assert say(lang, "equipment.phases_limit", values="400 | 410 | 300", percent="19", limit=15) in text(app)
        await keys(pilot, "enter")
        assert [body["marks"] for body in answers(here)] == [[], [], ["unbalanced"]]
        assert "400 | 410 | 300" in text(app), "said as it moves on"


# -- a page answered too quickly ------------------------------------------------------------------


LOOKS: Final = tuple(Check(f"look-{n}", "ok", T(f"第{n}项正常", f"Item {n} fine")) for n in range(1, 7))


@pytest.mark.parametrize(("seconds", "marks"), [(0.5, ["too-quick"]), (20, [])])
async def test_a_page_of_six_answered_at_once_is_marked(tmp_path: Path, seconds: float, marks: list[str]) -> None:
    plan = site(*LOOKS)
    async with on_shift(tmp_path / "book", plan) as (here, _, pilot):
        await keys(pilot, "enter")
        await scan(pilot, label("point:power"))
        here.clock.pass_by(seconds)
        await keys(pilot, "enter")
        assert [body["marks"] for body in answers(here)] == [[]] * 5 + [marks]
        progress = here.watch.state.round
        assert progress is not None
        visit = progress.visit("p1")
        assert visit is not None
        assert ("too-quick" in visit.marks) == bool(marks)
    with world(tmp_path / "book", pages(plan), at="2026-11-10T21:00:00+08:00") as again:  # started again
        assert again.watch.state.round == progress


async def test_a_guards_enter_at_a_door_accuses_nobody(tmp_path: Path) -> None:
    async with on_shift(tmp_path / "book", PLAN, at="2026-11-10T06:30:00+08:00") as (here, _, pilot):
        await keys(pilot, "enter")
        await scan(pilot, label("point:gate"))
        here.clock.pass_by(120)
        await scan(pilot, label("point:power"))
        await keys(pilot, "enter")
        assert len(answers(here)) == 3
        assert all("too-quick" not in str(body["marks"]) for body in answers(here))


async def test_the_mark_stays_when_the_last_answer_is_corrected(tmp_path: Path) -> None:
    async with on_shift(tmp_path / "book", site(*LOOKS)) as (here, _, pilot):
        await keys(pilot, "enter")
        await scan(pilot, label("point:power"))
        await keys(pilot, "1 1 1 1 1 1")
        assert answers(here)[-1]["marks"] == ["too-quick"]
        here.clock.pass_by(60)
        watch = here.watch
        await watch.answer(watch.judge(LOOKS[-1], "2"), "p1")
        assert answers(here)[-1]["marks"] == ["too-quick"]
