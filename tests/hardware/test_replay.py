"""The feed: written or recorded sightings in place of radio and scanner."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duties.site import TagRule
from app.ports import Heard, RadioState, Scan, Sighting
from app.words import say
from hardware.ble import BleReader, Pace
from hardware.clock import SystemClock
from hardware.replay import MAX_LINE, BadLine, FeedLine, FeedReader, FeedUnreadable, parse_line, scan_feed, scan_radio
from hardware.tags import encode
from tests.hardware.captures import VECTORS
from tests.virtual_radio import BlueZ, VirtualTag

SITE: Final = "fda50693-a4e2-4fb1-afcf-c6eb07647825"
NOTHING: Final[frozenset[tuple[str, str]]] = frozenset()


def ble(at_ms: int | None = 0, rssi: int = -61, minor: int = 7, **more: Any) -> dict[str, Any]:
    manufacturer, _ = encode("ibeacon", f"{SITE}/10001/{minor}")
    said = {"address": "C0:11:22:33:44:55", "name": None, "rssi": rssi}
    line = {"ble": {**said, "manufacturer_data": {"76": manufacturer[76].hex()}, "service_data": {}, **more}}
    return line if at_ms is None else {"at_ms": at_ms, **line}


def write(path: Path, *lines: dict[str, Any] | str | bytes) -> str:
    raw = [
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    ]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return str(path)


async def take(reader: FeedReader, count: int, limit_s: float = 20) -> list[Heard]:
    """The next `count` things heard after the state that every listener is told first."""
    heard: list[Heard] = []
    async with asyncio.timeout(limit_s), aclosing(reader.listen(NOTHING)) as stream:
        async for item in stream:
            heard.append(item)
            if len(heard) > count:
                break
    return heard[1:]


async def printed(path: str) -> tuple[list[dict[str, Any]], list[BadLine]]:
    bad: list[BadLine] = []
    return [line async for line in scan_feed(path, bad.append)], bad


# -- in place of the radio and the scanner --------------------------------------------------------


async def test_a_feed_gives_tags_codes_and_the_adapters_state_in_their_time(tmp_path: Path) -> None:
    path = write(
        tmp_path / "feed", ble(0), {"at_ms": 100, "qr": "WB1:x"}, {"at_ms": 200, "adapter": "absent"},
        {"at_ms": 300, "adapter": "off"}, {"at_ms": 400, "adapter": "on"}, ble(500, -70),
    )  # fmt: skip
    loop = asyncio.get_running_loop()
    began, up = loop.time(), SystemClock().now().up
    tag, scan, absent, off, on, last = await take(FeedReader(path), 6)
    assert 0.45 <= loop.time() - began < 5
    assert isinstance(tag, Sighting)
    assert isinstance(last, Sighting)
    assert isinstance(scan, Scan)
    assert (tag.format, tag.tag, tag.rssi, tag.power_1m) == ("ibeacon", f"{SITE}/10001/7", -61, -59)
    assert scan.text == "WB1:x"
    assert (scan.up - tag.up, last.up - tag.up) == (100, 500)
    assert 0 <= tag.up - up < 5000
    assert [absent, off, on] == [RadioState("radio.absent"), RadioState("radio.off"), RadioState()]


async def test_a_faster_feed_keeps_its_own_time_in_its_stamps(tmp_path: Path) -> None:
    path = write(tmp_path / "feed", ble(0), ble(4000), ble(8000))
    began = asyncio.get_running_loop().time()
    heard = await take(FeedReader(path, speed=40), 3)
    assert asyncio.get_running_loop().time() - began < 5
    stamps = [s.up for s in heard if isinstance(s, Sighting)]
    assert [up - stamps[0] for up in stamps] == [0, 4000, 8000]


async def test_lines_without_a_time_come_when_they_are_read(tmp_path: Path) -> None:
    heard = await take(FeedReader(write(tmp_path / "feed", ble(None), {"qr": "A"}, ble(None))), 3)
    assert [type(item) for item in heard] == [Sighting, Scan, Sighting]


async def test_who_listens_late_has_missed_the_tags_but_not_the_codes(tmp_path: Path) -> None:
    feed = FeedReader(write(tmp_path / "feed", ble(0), ble(100), {"at_ms": 200, "qr": "A"}, ble(1500, minor=8)))
    await take(feed, 1)
    await asyncio.sleep(0.6)
    scan, tag = await take(feed, 2)
    assert isinstance(scan, Scan)
    assert isinstance(tag, Sighting)
    assert tag.tag == f"{SITE}/10001/8"


async def test_a_new_listener_is_told_how_the_adapter_is(tmp_path: Path) -> None:
    feed = FeedReader(write(tmp_path / "feed", {"adapter": "off"}))
    await take(feed, 1)
    assert await anext(aiter(feed.listen(NOTHING))) == RadioState("radio.off")


async def test_a_level_that_bluez_remembers_is_no_sighting_in_a_feed_either(tmp_path: Path) -> None:
    heard = await take(FeedReader(write(tmp_path / "feed", ble(0, -127), ble(1, 5), ble(2, -60))), 1)
    assert [s.rssi for s in heard if isinstance(s, Sighting)] == [-60]


async def test_at_its_end_a_feed_is_silent(tmp_path: Path) -> None:
    feed = FeedReader(write(tmp_path / "feed", {"qr": "A"}))
    await take(feed, 1)
    with pytest.raises(TimeoutError):
        await take(feed, 1, 0.2)


async def test_a_fifo_lives_on_when_its_writer_goes(tmp_path: Path) -> None:
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    feed = FeedReader(path)
    for text in ("A", "B"):
        with open(path, "w") as writer:
            writer.write(json.dumps({"qr": text})[:5])
            writer.flush()
            await asyncio.sleep(0.02)
            writer.write(json.dumps({"qr": text})[5:] + "\n")
        (scan,) = await take(feed, 1)
        assert isinstance(scan, Scan)
        assert scan.text == text
        with pytest.raises(TimeoutError):
            await take(feed, 1, 0.1)


async def test_a_line_that_its_writer_did_not_end_costs_the_next_writer_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    feed = FeedReader(path)
    with open(path, "w") as writer:
        writer.write('{"qr": "A"}\n{"at_ms": 5, "bl')
    whole, wrong, again = await take(feed, 3)
    assert isinstance(whole, Scan)
    assert (whole.text, again) == ("A", RadioState())
    assert isinstance(wrong, RadioState)
    assert wrong.fault == "radio.feed_line"
    with open(path, "w") as writer:
        writer.write('{"qr": "B"}\n')
    (scan,) = await take(feed, 1)
    assert isinstance(scan, Scan)
    assert scan.text == "B"


@pytest.mark.parametrize("endless", [True, False])
async def test_a_file_that_never_ends_a_line_leaves_the_screen_its_turns(tmp_path: Path, endless: bool) -> None:
    """A device without end, and a file of a gigabyte that holds no line."""
    path = Path("/dev/zero") if endless else tmp_path / "huge"
    if not endless:
        with path.open("wb") as file:
            file.truncate(1 << 30)
    reading, spent, turns = asyncio.create_task(take(FeedReader(str(path)), 1, 60)), 0.0, 0
    while not reading.done() and spent < 0.3:
        before = time.thread_time()  # of this loop, also when the machine is busy with others
        await asyncio.sleep(0)
        spent, turns = spent + time.thread_time() - before, turns + 1
    assert turns > 100
    assert not reading.done()
    reading.cancel()
    await asyncio.wait({reading})


# -- what is wrong in it --------------------------------------------------------------------------

WRONG: Final = [
    ("{", "radio.feed_json", {}),
    ("7", "radio.feed_json", {}),
    ("[" * 5000, "radio.feed_json", {}),
    (b"\xff\xfe", "radio.feed_json", {}),
    ("{}", "radio.feed_empty", {}),
    ('{"at_ms": 5}', "radio.feed_empty", {}),
    ('{"at_ms": -1, "qr": "A"}', "radio.feed_field", {"field": "at_ms"}),
    ('{"qr": 7}', "radio.feed_field", {"field": "qr"}),
    ('{"adapter": "broken"}', "radio.feed_field", {"field": "adapter"}),
    ('{"ble": {"rssi": -60}}', "radio.feed_field", {"field": "ble.address"}),
    ('{"ble": {"address": "nowhere", "rssi": -60}}', "radio.feed_field", {"field": "ble.address"}),
    ('{"ble": {"address": "C0:11:22:33:44:55", "rssi": "loud"}}', "radio.feed_field", {"field": "ble.rssi"}),
    (
        '{"ble": {"address": "C0:11:22:33:44:55", "rssi": -60, "manufacturer_data": {"76": "021"}}}',
        "radio.feed_field",
        {"field": "ble.manufacturer_data[...]"},
    ),
    (
        '{"ble": {"address": "C0:11:22:33:44:55", "rssi": -60, "manufacturer_data": {"apple": "02"}}}',
        "radio.feed_field",
        {"field": "ble.manufacturer_data"},
    ),
    ('{"qr": "' + "x" * MAX_LINE + '"}', "radio.feed_long", {}),
]


@pytest.mark.parametrize(("raw", "key", "fields"), WRONG, ids=[str(raw)[:40] for raw, _, _ in WRONG])
async def test_a_wrong_line_is_named_and_passed_over(
    tmp_path: Path, raw: str | bytes, key: str, fields: dict[str, str]
) -> None:
    path = write(tmp_path / "feed", {"at_ms": 1, "qr": "A"}, "", raw, {"at_ms": 2, "qr": "B"})
    lines, (bad,) = await printed(path)
    assert lines == [{"at_ms": 1, "qr": "A"}, {"at_ms": 2, "qr": "B"}]
    assert bad == BadLine(3, key, fields)
    assert "3" in bad.say("zh")
    assert "3" in bad.say("en")
    first, said, mended, last = await take(FeedReader(path), 4)
    assert said == RadioState("radio.feed_line", bad.say("en"))
    assert mended == RadioState()
    assert [s.text for s in (first, last) if isinstance(s, Scan)] == ["A", "B"]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_line_makes_reading_raise(raw: bytes) -> None:
    line = parse_line(4, raw)
    assert isinstance(line, FeedLine) or say("zh", line.key, line=4, **line.fields)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["at_ms", "ble", "rssi", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_no_object_makes_reading_raise(value: object) -> None:
    assert parse_line(1, json.dumps({"ble": value, "at_ms": value, "qr": value}).encode())
    assert parse_line(1, json.dumps(value).encode())


@pytest.mark.parametrize("make", ["missing", "folder"])
async def test_a_feed_that_cannot_be_opened_is_said_at_once(tmp_path: Path, make: str) -> None:
    path = tmp_path / make
    if make == "folder":
        path.mkdir()
    with pytest.raises(FeedUnreadable) as caught:
        FeedReader(str(path))
    assert make in caught.value.say("zh")
    with pytest.raises(FeedUnreadable):
        await printed(str(path))


# -- what scan prints -----------------------------------------------------------------------------


async def test_scan_prints_what_the_feed_holds_without_waiting(tmp_path: Path) -> None:
    _, service = encode("eddystone-uid", "12345678901234678901/000000000001")
    path = write(
        tmp_path / "feed",
        ble(0),
        {"at_ms": 3_600_000, "ble": {"address": "c0:11:22:33:44:66", "rssi": -90,
                                     "service_data": {uuid: data.hex() for uuid, data in service.items()}}},
        {"at_ms": 3_600_001, "ble": {"address": "C0:11:22:33:44:77", "rssi": -90, "name": "tv"}},
        {"qr": "WB1:…"},
        {"at_ms": 3_600_002, "adapter": "off"},
    )  # fmt: skip
    (first, second, third, code, state), bad = await printed(path)
    assert bad == []
    assert first == {**ble(0), "tag": {"format": "ibeacon", "id": f"{SITE}/10001/7", "power_1m": -59,
                                       "battery_pct": None, "battery_mv": None}}  # fmt: skip
    assert second["tag"]["id"] == "12345678901234678901/000000000001"
    assert second["ble"]["address"] == "C0:11:22:33:44:66"
    assert third["tag"] is None
    assert code == {"qr": "WB1:…"}
    assert state == {"at_ms": 3_600_002, "adapter": "off", "fault": "radio.off"}


MEASURED: Final = [
    ("20000b1813800000146700002ac4", "feaa", "eddystone-tlm",
     {"battery_mv": 2840, "values": {"temperature": 19.5}, "counters": {"adv_count": 5223, "sec_count": 10948}}),
    ("2001414141414141414141414141deadbeff", "feaa", "eddystone-tlm", {"encrypted": True}),
    ("4002ca0903bf13", "fcd2", "bthome", {"values": {"temperature": 25.06, "humidity": 50.55}}),
    ("4000090161", "fcd2", "bthome", {"battery_pct": 97, "counters": {"packet_id": 9}}),
    ("403a0153024869", "fcd2", "bthome", {"values": {"button": "press", "text": "Hi"}}),
    ("41a47266c95f730011223378237214", "fcd2", "bthome", {"counters": {"counter": 857870592}, "encrypted": True}),
    ("a1016315803200aabbccddeeff", "ffe1", "minew",
     {"battery_pct": 99, "values": {"temperature": 21.5, "humidity": 50}}),
]  # fmt: skip


@pytest.mark.parametrize(("data", "service", "kind", "said"), MEASURED, ids=[data[:12] for data, *_ in MEASURED])
async def test_scan_prints_what_a_frame_measures_as_numbers(
    tmp_path: Path, data: str, service: str, kind: str, said: dict[str, Any]
) -> None:
    address = "C0:11:22:33:44:66"
    line = {"ble": {"address": address, "rssi": -60, "service_data": {service: data}}}
    ([printed_line], bad) = await printed(write(tmp_path / "feed", line))
    assert bad == []
    bare = {"format": kind, "id": address, "power_1m": None, "battery_pct": None, "battery_mv": None}
    assert json.loads(json.dumps(printed_line["tag"])) == {**bare, **said}


async def test_scan_names_a_closed_makers_tag_by_the_rules_it_is_given(tmp_path: Path) -> None:
    line = {"ble": {"address": "C0:11:22:33:44:66", "rssi": -60, "manufacturer_data": {"1424": "0102aabb"}}}
    path = write(tmp_path / "feed", line)
    rules = (TagRule(company=1424, begin=2, size=2),)
    bad: list[BadLine] = []
    ([named], [unnamed]) = [[item async for item in scan_feed(path, bad.append, given)] for given in (rules, ())]
    assert (named["tag"]["format"], named["tag"]["id"], unnamed["tag"], bad) == ("generic", "aabb", None, [])


async def test_all_tags_of_one_packet_are_printed(tmp_path: Path) -> None:
    line = ble(0, service_data={"feaa": "20000b1813800000146700002ac4"})
    ([both], _) = await printed(write(tmp_path / "feed", line))
    assert [tag["format"] for tag in both["tags"]] == ["ibeacon", "eddystone-tlm"]
    assert both["tag"] == both["tags"][0]


async def test_scan_of_a_fifo_ends_when_its_writer_goes(tmp_path: Path) -> None:
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    reading = asyncio.create_task(printed(path))
    await asyncio.sleep(0.05)
    assert not reading.done(), "no writer yet is not the end"
    with open(path, "w") as writer:
        writer.write('{"qr": "A"}\n{"qr": "B"}')
    lines, bad = await asyncio.wait_for(reading, 30)
    assert (lines, bad) == ([{"qr": "A"}, {"qr": "B"}], [])


@asynccontextmanager
async def radio_lines(radio: BleReader) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def run() -> None:
        async for line in scan_radio(radio, SystemClock()):
            lines.put_nowait(line)

    task = asyncio.create_task(run())
    yield lines
    task.cancel()
    await asyncio.wait({task})


async def test_the_radio_and_a_feed_of_the_same_packets_give_the_same_tags(bluez: BlueZ, tmp_path: Path) -> None:
    captured = {f"C0:00:00:00:00:{n:02X}": vector for n, vector in enumerate(VECTORS)}
    bluez.enter(*(VirtualTag(address, -60, *v.data(), interval_s=0.1) for address, v in captured.items()))
    live: dict[str, dict[str, Any]] = {}
    async with asyncio.timeout(60), radio_lines(BleReader(pace=lambda: Pace(window=0.2))) as lines:
        assert (await lines.get())["adapter"] == "on"
        while len(live) < len(captured):
            line = await lines.get()
            live[line["ble"]["address"]] = line
    again, bad = await printed(write(tmp_path / "recording", *live.values()))
    assert bad == []
    assert again == list(live.values()), "what scan prints is a feed"
    for address, vector in captured.items():
        tag = live[address]["tag"]
        assert (tag and (tag["format"], tag["id"], tag["power_1m"])) == (
            (vector.format, vector.id(address), vector.power_1m) if vector.tag else None
        )
    heard = await take(FeedReader(str(tmp_path / "recording")), len(captured))
    assert {(s.address, s.format, s.tag) for s in heard if isinstance(s, Sighting)} == {
        (address, vector.format, vector.id(address)) for address, vector in captured.items()
    }


async def test_scan_says_what_the_radio_lacks_in_a_form_a_feed_takes(bluez: BlueZ, tmp_path: Path) -> None:
    bluez.unplug()
    async with asyncio.timeout(30), radio_lines(BleReader(pace=lambda: Pace(again=(0.05,)))) as lines:
        absent = await lines.get()
        bluez.errors["Set"] = ("org.bluez.Error.Failed", "Blocked through rfkill")
        bluez.plug(powered=False)
        off = await lines.get()
        bluez.errors["GetManagedObjects"] = ("org.bluez.Error.Failed", "")
        bluez.power(on=True)
        on = await lines.get()
    assert [line["adapter"] for line in (absent, off, on)] == ["absent", "off", "on"]
    heard = await take(
        FeedReader(write(tmp_path / "feed", absent, off, on, {"adapter": "on", "fault": "radio.busy"})), 4
    )
    assert [s.fault for s in heard if isinstance(s, RadioState)] == ["radio.absent", "radio.off", None, "radio.busy"]
