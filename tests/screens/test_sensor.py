"""A check that the sensor of the place answers: filled in, taken by Enter, or overruled with a reason."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app.duties.site import Check, Checklist, Plan, Tag
from app.errors import NotAllowed
from app.ports import LABEL, Sighting
from hardware.tags import Advert, sightings
from hardware.walk import SimulatedWalk
from screens.overrule import OverrulePage
from screens.stop import StopPage
from screens.terminal import Terminal
from tests.screens.plans import PLAN, T, label, pages, tag
from tests.screens.test_listening import begin
from tests.screens.world import SMALL, World, keys, scan, settle, text, world

THERMOMETER: Final = "A4:C1:38:5D:11:01"
BTHOME: Final = "0000fcd2-0000-1000-8000-00805f9b34fb"
ENCRYPTED: Final = bytes.fromhex("41a47266c95f730011223378237214")
WARM: Final = Check("temp", "number", T("室温", "Room temperature"), unit="C", decimals=1, high="40",
                    source="x", sensor="temperature")  # fmt: skip


def site(*tags: Tag) -> Plan:
    """The small site, with a thermometer in the power room and its check before the others of the door."""
    points = tuple(replace(point, tags=tags) if point.id == "power" else point for point in PLAN.points)
    lists = tuple(
        Checklist(each.id, each.name, (WARM, *each.checks)) if each.id == "door" else each for each in PLAN.checklists
    )
    return replace(PLAN, points=points, checklists=lists)


PLACE: Final = site(tag(2), Tag("bthome", THERMOMETER))


def says(here: World, data: bytes, address: str = THERMOMETER) -> Sighting:
    """A frame of the sensor, through the real decoder."""
    (sighting,) = sightings(Advert(address, -60, here.clock.up, service={BTHOME: data}))
    return sighting


def measures(here: World, celsius: str, address: str = THERMOMETER) -> Sighting:
    raw = int(Decimal(celsius) * 100).to_bytes(2, "little", signed=True)
    return says(here, b"\x40\x02" + raw, address)


@asynccontextmanager
async def at_the_power_room(
    tmp_path: Path, lang: str = "zh", plan: Plan = PLACE, *, heard: str = ""
) -> AsyncIterator[tuple[World, Terminal, Pilot[int]]]:
    """Arrived by the label, the thermometer's check open; `heard`: what it said while the stop waited."""
    with world(tmp_path / "book", pages(plan)) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await scan(pilot, label("point:gate"))
            if heard:
                here.radio.hear(measures(here, heard))
                await settle(pilot)
            here.clock.pass_by(60)
            await scan(pilot, label("point:power"))
            here.clock.pass_by(31)  # the label's beacon is no longer waited for
            await keys(pilot, "asterisk backspace")
            assert isinstance(app.screen, StopPage)
            yield here, app, pilot


def answered(here: World) -> dict[str, object]:
    return [record.body for record in here.records() if record.kind == "check.answered"][-1]


async def test_what_the_sensor_said_while_the_stop_waited_stands_there_and_enter_takes_it(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, heard="24.56") as (here, app, pilot):
        assert "24.6_] C" in text(app)
        assert "传感器读数" in text(app)
        assert "正常 <= 40 C" in text(app)
        assert here.radio.listeners == 0, "it has spoken: nothing to listen for"
        await keys(pilot, "enter")
        body = answered(here)
        assert (body["value"], body["ok"], body["marks"]) == ("24.6", True, ["sensor-read"])
        sensor = body["sensor"]
        assert isinstance(sensor, dict)
        assert (sensor["value"], sensor["address"]) == ("24.56", THERMOMETER)
        assert sensor["frame"] == "sfcd2:40029809"
        assert "> 门锁好" in text(app)
        await keys(pilot, "1")
        assert "sensor" not in answered(here), "the next check is a person's"


async def test_it_is_said_in_english_too(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, "en", heard="24.5") as (_, app, _pilot):
        assert "Read by the sensor" in text(app)
        assert "Enter take it" in text(app)


async def test_the_radio_listens_for_the_sensor_until_it_has_spoken_and_no_longer(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path) as (here, app, pilot):
        assert here.radio.wanted[-1] == frozenset({("bthome", THERMOMETER)})
        assert "在等传感器的读数" in text(app)
        here.radio.hear(measures(here, "99", "A4:C1:38:00:00:99"))  # the neighbour's
        await settle(pilot)
        assert here.radio.listeners == 1
        here.radio.hear(measures(here, "-3.25"))
        await settle(pilot)
        assert here.radio.listeners == 0
        assert "-3.3_] C" in text(app)
        await keys(pilot, "enter")
        assert answered(here)["value"] == "-3.3"
        assert here.radio.listeners == 0, "the other checks are a person's"


async def test_who_types_does_not_wait_and_with_nothing_heard_gives_no_reason(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path) as (here, app, pilot):
        await keys(pilot, "2")
        assert here.radio.listeners == 0
        await keys(pilot, "4 0 enter")
        assert isinstance(app.screen, StopPage)
        body = answered(here)
        assert (body["value"], body["marks"]) == ("24.0", [])
        assert "sensor" not in body


async def test_another_figure_asks_why_and_both_stay_in_the_book(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, heard="31.2") as (here, app, pilot):
        await keys(pilot, "2 4 0 enter")
        assert isinstance(app.screen, OverrulePage)
        assert "传感器读31.2 C,您输24.0 C。为什么?" in "".join(text(app).split("\n")).replace("  ", "")
        assert "check.answered" not in here.kinds()
        await keys(pilot, "backspace")
        assert "24.0_] C" in text(app), "what was typed is still there"
        await keys(pilot, "enter 1")
        body = answered(here)
        assert (body["value"], body["marks"]) == ("24.0", ["overruled"])
        assert body["words"] == "室温 24.0 C;传感器31.2 C,看了现场的表"
        sensor = body["sensor"]
        assert isinstance(sensor, dict)
        assert sensor["value"] == "31.2"
        assert "> 门锁好" in text(app)


async def test_typing_what_the_sensor_says_is_no_overruling(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, heard="24.56") as (here, app, pilot):
        await keys(pilot, "2 4 6 enter")
        assert not isinstance(app.screen, OverrulePage)
        assert answered(here)["marks"] == ["sensor-read"]


async def test_limits_are_the_same_for_the_sensor(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, heard="41") as (here, app, pilot):
        await keys(pilot, "enter")
        assert "41.0 C 超出范围" in text(app)
        assert "check.answered" not in here.kinds()
        await keys(pilot, "enter")
        body = answered(here)
        assert (body["value"], body["ok"], body["repeated"]) == ("41.0", False, True)
        assert body["marks"] == ["out-of-limits", "sensor-read"]


async def test_an_overruling_out_of_limits_gives_its_reason_once(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, heard="24") as (here, app, pilot):
        await keys(pilot, "4 5 0 enter 2")
        assert "45.0 C 超出范围" in text(app)
        await keys(pilot, "4 5 0 enter")
        assert answered(here)["marks"] == ["out-of-limits", "overruled"]


async def test_a_reason_is_given_for_one_figure_and_asked_again_for_another(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, heard="24") as (here, app, pilot):
        await keys(pilot, "4 5 0 enter 2")
        assert "45.0 C 超出范围" in text(app)
        await keys(pilot, "1 0 enter")
        assert isinstance(app.screen, OverrulePage)
        assert "您输1.0 C" in text(app).replace("\n  ", "")
        await keys(pilot, "1")
        assert answered(here)["words"] == "室温 1.0 C;传感器24.0 C,看了现场的表"


async def test_an_old_figure_and_an_enciphered_one_fill_in_nothing(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path) as (here, app, pilot):
        stale = replace(measures(here, "24"), up=here.clock.up - 121_000)
        here.radio.hear(stale)
        here.radio.hear(says(here, ENCRYPTED))
        await settle(pilot)
        assert "在等传感器的读数" in text(app)
        await keys(pilot, "enter")
        assert "先输数字" in text(app)


async def test_a_beacon_bound_to_an_address_measures_for_its_point(tmp_path: Path) -> None:
    bound = replace(tag(2), address="C0:00:00:00:00:02")
    async with at_the_power_room(tmp_path, plan=site(bound)) as (here, app, pilot):
        assert here.radio.wanted[-1] == frozenset({("ibeacon", bound.id)})
        frame = bytes.fromhex("20000b1813000000146700002ac4")  # Eddystone-TLM: 19 degrees
        (telemetry,) = sightings(
            Advert("C0:00:00:00:00:02", -60, here.clock.up, service={"0000feaa-0000-1000-8000-00805f9b34fb": frame})
        )
        here.radio.hear(telemetry)
        await settle(pilot)
        assert "19.0_] C" in text(app)


async def test_an_answer_asked_again_is_not_filled_in_by_the_sensor(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, heard="24.5") as (here, app, pilot):
        await keys(pilot, "enter backspace")
        assert "刚才答的: 24.5 C" in text(app)
        assert "传感器读数" not in text(app)
        await keys(pilot, "2 6 0 enter")
        assert isinstance(app.screen, OverrulePage)
        await keys(pilot, "2")
        body = answered(here)
        assert (body["value"], body["marks"]) == ("26.0", ["overruled"])
        assert body["corrects"]


async def test_a_sensor_that_nobody_measured_is_no_beacon_the_stop_asks_for_the_label(tmp_path: Path) -> None:
    only_measures = site(Tag("bthome", THERMOMETER))
    with world(tmp_path / "book", pages(only_measures)) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await scan(pilot, label("point:gate"))
            here.clock.pass_by(60)
            await keys(pilot, "asterisk backspace")
            assert "这里没有信标" in text(app)
            assert here.radio.wanted[-1] == frozenset({(LABEL, "power")}), "the receiver stays off for that"
            await scan(pilot, label("point:power"))
            arrived = [record.body for record in here.records() if record.kind == "stop.arrived"][-1]
            assert "label-only" not in arrived["marks"]
            assert here.radio.wanted[-1] == frozenset({("bthome", THERMOMETER)}), "its check is open"


async def test_without_a_reason_of_the_table_the_watch_refuses_another_figure(tmp_path: Path) -> None:
    async with at_the_power_room(tmp_path, heard="31.2") as (here, _app, _pilot):
        told = here.watch.sensed(WARM)
        assert told is not None
        answer = here.watch.judge(WARM, "240")
        for why in ("", "because"):
            with pytest.raises(NotAllowed, match="choose a reason first"):
                await here.watch.answer(answer, sensor=told, why=why)
        assert "check.answered" not in here.kinds()


async def test_the_simulated_walk_brings_the_figure_of_the_room_with_it(tmp_path: Path) -> None:
    with world(tmp_path / "book", pages(PLACE)) as here:
        app = here.terminal(radio=SimulatedWalk(PLACE, {}, here.clock, speed=60))
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            async with asyncio.timeout(20):
                while not isinstance(app.screen, StopPage):
                    await asyncio.sleep(0.02)
            await settle(pilot)
            assert "24.6_] C" in text(app)
            await keys(pilot, "enter")
            assert answered(here)["marks"] == ["sensor-read"]
