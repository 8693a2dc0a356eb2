"""Which packets put a crew at a point, and which only tell how a tag is: real frames, a real logbook."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from app.arrivals import Heard
from app.duties.rounds import Refusal
from app.duties.site import Tag, TagRule
from hardware.tags import Advert, encode, sightings
from tests import garden
from tests.garden import HandClock, Handheld

ADDRESS: Final = "A4:C1:38:8D:18:B2"
ALTBEACON: Final = "d3162f5af3ee494799db09756062d0fc005a0005"
TLM: Final = bytes.fromhex("20000b1813000000146700002ac4")
RULE: Final = TagRule(name="LW", company=1424, begin=2, size=4)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def hand(tmp_path: Path, clock: HandClock) -> Iterator[Handheld]:
    """A gate that four makers' tags prove, all at the same measured level."""
    tags = (("altbeacon", ALTBEACON), ("eddystone-url", "https://x.cn/7"), ("bthome", ADDRESS), ("generic", "aabbccdd"))
    plan = garden.plan()
    gate = msgspec.structs.replace(plan.point("gate"), tags=tuple(Tag(kind, id, near=-60) for kind, id in tags))
    hand = Handheld(
        tmp_path / "book",
        clock,
        msgspec.structs.replace(plan, points=(gate, *plan.points[1:]), tag_rules=(RULE,)),
    )
    yield hand
    hand.close()


async def stand(hand: Handheld, advert: Advert, seconds: float = 4) -> AsyncIterator[Heard]:
    """Beside a tag that sends this twice a second."""
    for _ in range(int(seconds * 2)):
        for seen in sightings(msgspec.structs.replace(advert, up=hand.clock.up)):
            yield await hand.watch.hear(seen)
        hand.clock.pass_s(0.5)


@pytest.mark.parametrize(
    ("manufacturer", "service", "name"),
    [
        (*encode("altbeacon", ALTBEACON), None),
        (*encode("eddystone-url", "https://x.cn/7"), None),
        ({}, {"fcd2": bytes.fromhex("4002ca09")}, None),
        ({}, {"fcd2": bytes.fromhex("41a47266c95f730011223378237214")}, None),
        ({1424: bytes.fromhex("0102aabbccdd64")}, {}, "LW-20"),
    ],
    ids=["altbeacon", "eddystone-url", "bthome", "bthome encrypted", "closed maker"],
)
async def test_a_tag_of_any_format_of_the_plan_is_an_arrival(
    hand: Handheld, manufacturer: dict[int, bytes], service: dict[str, bytes], name: str | None
) -> None:
    await hand.night_round()
    verdicts = [heard.verdict async for heard in stand(hand, Advert(ADDRESS, -58, 0, manufacturer, service, name))]
    (arrived,) = [verdict for verdict in verdicts if verdict is not None]
    assert (arrived.stop, arrived.accepted) == ("s-gate", True)
    assert hand.kinds()[-1] == "stop.arrived"


async def test_telemetry_from_the_address_of_a_tag_of_the_plan_is_no_arrival_and_no_record(hand: Handheld) -> None:
    await hand.night_round()
    before = hand.kinds()
    frames = {"feaa": TLM, "ffe1": bytes.fromhex("a10863aabbccddeeff504c5553"), "ff01": bytes(13)}
    assert {heard.verdict async for heard in stand(hand, Advert(ADDRESS, -40, 0, {}, frames))} == {None}
    assert hand.kinds() == before


async def test_a_residents_thermometer_close_by_is_not_reported_but_a_beacon_is(hand: Handheld) -> None:
    await hand.night_round()
    before = hand.kinds()
    sensor = Advert("A4:C1:38:00:00:01", -40, 0, {}, {"fcd2": bytes.fromhex("4002ca09")})
    assert {heard.verdict async for heard in stand(hand, sensor)} == {None}
    assert hand.kinds() == before
    beacon = Advert("A4:C1:38:00:00:02", -40, 0, *encode("altbeacon", "00" * 20))
    assert [heard.verdict.why async for heard in stand(hand, beacon) if heard.verdict] == [Refusal.UNKNOWN]
    assert hand.kinds() == [*before, "tag.seen"]
