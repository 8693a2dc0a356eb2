"""The simulated walk: nearer and nearer, then long enough near, and a label read where there is no tag."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from app import codes
from app.duties.evidence import Nearness, Sample, enter_level, judge_near
from app.duties.site import Plan, Point, Settings, Site, Tag, Text
from app.ports import LABEL, Heard, Scan, Sighting
from hardware.clock import StagedClock, SystemClock
from hardware.walk import SimulatedWalk

SITE = "fda50693-a4e2-4fb1-afcf-c6eb07647825"
LABELS = {"lobby": codes.make(1, b"0123456789")}
PLAN = Plan(
    Site("s", Text("园"), "Asia/Shanghai"),
    1,
    "2026-01-01",
    points=(
        Point("gate", Text("门"), "a", tags=(Tag("ibeacon", f"{SITE}/1/1"),)),
        Point("stair", Text("梯"), "a", tags=(Tag("eddystone-uid", "12345678901234678901/000000000001"),)),
        Point("cellar", Text("库"), "a", tags=(Tag("ibeacon", f"{SITE}/1/3", "C0:11:22:33:44:55", near=-72),)),
        Point("lobby", Text("厅"), "a", label=True),
        Point("plant", Text("机房"), "a", tags=(Tag("bthome", "A4:C1:38:8D:18:B2", near=-60),)),
        Point("shed", Text("棚"), "a", tags=(Tag("altbeacon", "d3162f5a" * 5, near=-60),)),
        Point("vault", Text("金库"), "a", tags=(Tag("generic", "aabbccdd", near=-60),)),
    ),
)


def pair(point: str) -> tuple[str, str]:
    tag = PLAN.point(point).tags[0]
    return tag.format, tag.id


async def walk_to(walk: SimulatedWalk, point: str, sim_s: float = 14) -> tuple[list[Sighting], int | None]:
    """What is heard on the way, and the stamp at which the near rule is first satisfied, if ever."""
    wanted, heard, near = pair(point), [], None
    settings = Settings()
    async with asyncio.timeout(30), aclosing(walk.listen(frozenset({wanted}))) as stream:
        async for item in stream:
            if not isinstance(item, Sighting):
                continue
            heard.append(item)
            samples: dict[str | None, list[Sample]] = {}
            for s in heard:
                samples.setdefault(s.tag, []).append(Sample(s.up, s.rssi))
            own = samples.pop(wanted[1], [])
            enter = enter_level(PLAN.point(point).tags[0], heard[0].power_1m, settings)
            judged = judge_near(own, samples.values(), enter, False, item.up)
            if judged.state is Nearness.NEAR or item.up - heard[0].up > sim_s * 1000:
                near = item.up if judged.state is Nearness.NEAR else None
                break
    return heard, near


@pytest.mark.parametrize("point", ["gate", "stair", "cellar", "plant", "shed"])
@pytest.mark.parametrize("seed", range(8))
async def test_the_walker_is_near_after_walking_and_standing_whatever_the_noise(point: str, seed: int) -> None:
    heard, near = await walk_to(SimulatedWalk(PLAN, LABELS, speed=200, seed=seed), point)
    own = [s for s in heard if s.tag == pair(point)[1]]
    assert near is not None
    assert 5_000 <= near - heard[0].up <= 13_000, "six seconds of walking, then the dwell"
    assert own[0].rssi < -78
    assert {s.tag for s in heard} > {pair(point)[1]}, "the neighbours are audible"


async def test_stamps_keep_the_walks_time_at_any_speed() -> None:
    began = time.monotonic()
    heard, _ = await walk_to(SimulatedWalk(PLAN, LABELS, speed=100), "gate")
    assert time.monotonic() - began < 10
    stamps = [s.up for s in heard]
    assert stamps == sorted(stamps)
    assert {(up - stamps[0]) % 500 for up in stamps} == {0}


async def test_the_same_seed_is_the_same_walk() -> None:
    one, _ = await walk_to(SimulatedWalk(PLAN, LABELS, speed=200, seed=3), "gate")
    two, _ = await walk_to(SimulatedWalk(PLAN, LABELS, speed=200, seed=3), "gate")
    assert [(s.address, s.rssi, s.up - one[0].up) for s in one] == [
        (s.address, s.rssi, s.up - two[0].up) for s in two
    ]  # fmt: skip


async def test_a_tag_bound_to_an_address_speaks_from_it() -> None:
    heard, _ = await walk_to(SimulatedWalk(PLAN, LABELS, speed=200), "cellar")
    assert {s.address for s in heard if s.tag == pair("cellar")[1]} == {"C0:11:22:33:44:55"}


async def test_a_closed_makers_tag_is_not_simulated_and_no_fault() -> None:
    walk = SimulatedWalk(PLAN, LABELS, speed=200)
    wanted = frozenset({pair("vault"), (LABEL, "lobby")})
    async with asyncio.timeout(30), aclosing(walk.listen(wanted)) as stream:
        async for item in stream:
            assert not isinstance(item, Sighting)
            if isinstance(item, Scan):
                break


async def test_a_simulated_sensor_tells_the_temperature_of_the_room_to_who_stands_there() -> None:
    walk = SimulatedWalk(PLAN, LABELS, speed=200)
    heard, _ = await walk_to(walk, "plant")
    assert {f"{s.values['temperature']}" for s in heard if s.format == "bthome"} == {"24.58"}
    wanted = frozenset({pair("plant"), (LABEL, "lobby")})
    async with asyncio.timeout(30), aclosing(walk.listen(wanted)) as stream:
        there = [item async for item in first(stream, 80) if isinstance(item, Sighting)]
    assert [s.rssi for s in there if s.format == "bthome"][-1] > -75, "walked to, with the label wanted as well"
    again, near = await walk_to(walk, "plant")  # now only the sensor is asked, of who stands there
    assert near is not None
    assert near - again[0].up <= 5_000


async def first(stream: AsyncIterator[Heard], count: int) -> AsyncIterator[Heard]:
    async for item in stream:
        yield item
        if (count := count - 1) == 0:
            return


async def test_who_looks_away_and_back_still_stands_there() -> None:
    walk = SimulatedWalk(PLAN, LABELS, speed=100)
    first, _ = await walk_to(walk, "gate")
    second, near = await walk_to(walk, "gate")
    assert near is not None
    assert near - second[0].up <= 5_000
    assert second[0].up > first[-1].up, "time never runs back"
    third, _ = await walk_to(walk, "stair")
    assert next(s for s in third if s.tag == pair("stair")[1]).rssi < -78, "the next stop is a walk away"


async def test_a_stop_with_only_a_label_has_it_read_after_arriving_and_again() -> None:
    walk = SimulatedWalk(PLAN, LABELS, speed=50)
    scans: list[Scan] = []
    began = time.monotonic()
    async with asyncio.timeout(30), aclosing(walk.listen(frozenset({(LABEL, "lobby")}))) as stream:
        async for item in stream:
            assert not isinstance(item, Sighting)
            if isinstance(item, Scan):
                scans.append(item)
                if len(scans) == 2:
                    break
    assert [scan.text for scan in scans] == [LABELS["lobby"]] * 2
    assert scans[1].up - scans[0].up == 10_000
    assert 0.3 < time.monotonic() - began < 9


async def test_with_nothing_wanted_nobody_walks() -> None:
    walk = SimulatedWalk(PLAN, LABELS, speed=100)
    stream = walk.listen(frozenset())
    await anext(aiter(stream))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(aiter(stream)), 0.2)


async def test_with_a_clock_as_fast_as_the_walk_stamps_are_the_clocks() -> None:
    clock = StagedClock(SystemClock(), SystemClock().now(), 20)
    heard, near = await walk_to(SimulatedWalk(PLAN, LABELS, clock, speed=20), "gate")
    assert near is not None
    assert abs(clock.now().up - heard[-1].up) < 6_000, "three tenths of a second of real time"
