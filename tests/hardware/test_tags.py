"""Bytes into tags: captured packets, the law of writing and reading, and anything a stranger may send."""

import random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import REPLACEMENT
from hardware.tags import LAYOUTS, Advert, decode, encode, heard_now, sightings
from tests.hardware.captures import VECTORS, Vector, fields

HEX: Final = "0123456789abcdef"
IBEACON: Final = st.builds(
    "{}-{}-{}-{}-{}/{}/{}".format,
    *(st.text(HEX, min_size=size, max_size=size) for size in (8, 4, 4, 4, 12)),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
)
EDDYSTONE: Final = st.builds("{}/{}".format, *(st.text(HEX, min_size=size, max_size=size) for size in (20, 12)))
TAGS: Final = st.one_of(st.tuples(st.just("ibeacon"), IBEACON), st.tuples(st.just("eddystone-uid"), EDDYSTONE))
MANUFACTURER: Final = st.dictionaries(st.integers(0, 0xFFFF) | st.just(0x004C), st.binary(max_size=64), max_size=4)
SERVICE: Final = st.dictionaries(
    st.just("0000feaa-0000-1000-8000-00805f9b34fb") | st.uuids().map(str) | st.text(max_size=40),
    st.binary(max_size=64),
    max_size=4,
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.source[:60])
def test_captured_packets_are_read_as_their_sources_read_them(vector: Vector) -> None:
    found = decode(*fields(vector.advert))
    assert [(tag.format, tag.id, tag.power_1m) for tag in found] == (
        [(vector.format, vector.tag, vector.power_1m)] if vector.tag else []
    )


@given(TAGS, st.integers(-100, 20))
def test_what_is_written_is_read(tag: tuple[str, str], power: int) -> None:
    (found,) = decode(*encode(*tag, power))
    assert (found.format, found.id, found.power_1m) == (*tag, power)
    assert (found.battery_pct, found.battery_mv) == (None, None)


@given(TAGS)
def test_the_frame_kept_for_the_office_is_the_whole_payload(tag: tuple[str, str]) -> None:
    manufacturer, service = encode(*tag)
    (found,) = decode(manufacturer, service)
    carrier, _, data = found.frame.partition(":")
    assert carrier in ("m004c", "sfeaa")
    assert bytes.fromhex(data) == next(iter((*manufacturer.values(), *service.values())))


@given(MANUFACTURER, SERVICE)
def test_no_bytes_make_decoding_raise(manufacturer: dict[int, bytes], service: dict[str, bytes]) -> None:
    known = {layout.format for layout in LAYOUTS}
    assert all(tag.format in known and tag.id and tag.frame for tag in decode(manufacturer, service))
    advert = Advert("C0:00:00:00:00:01", -60, 1, manufacturer, service)
    assert len(sightings(advert)) >= 1


def test_twenty_thousand_near_misses_do_not_raise() -> None:
    rng = random.Random(7)
    heads = [layout.head for layout in LAYOUTS]
    for _ in range(20_000):
        data = rng.choice(heads)[: rng.randint(0, 2)] + rng.randbytes(rng.randint(0, 30))
        decode({0x004C: data}, {"0000FEAA-0000-1000-8000-00805F9B34FB": data, "feaa": data})


@pytest.mark.parametrize(
    "uuid", ["0000feaa-0000-1000-8000-00805f9b34fb", "0000FEAA-0000-1000-8000-00805F9B34FB", "feaa"]
)
def test_a_service_is_the_same_in_long_and_short_form(uuid: str) -> None:
    _, service = encode("eddystone-uid", "12345678901234678901/000000000001")
    assert decode({}, {uuid: next(iter(service.values()))})


def test_a_tag_that_sends_two_formats_is_two_sightings_of_one_device() -> None:
    manufacturer, _ = encode("ibeacon", "fda50693-a4e2-4fb1-afcf-c6eb07647825/10001/7")
    _, service = encode("eddystone-uid", "12345678901234678901/000000000001")
    both = sightings(Advert("C0:00:00:00:00:01", -60, 5, manufacturer, service))
    assert [s.format for s in both] == ["ibeacon", "eddystone-uid"]
    assert {(s.address, s.rssi, s.up) for s in both} == {("C0:00:00:00:00:01", -60, 5)}


def test_a_stranger_is_a_sighting_without_a_tag_and_its_name_is_only_text() -> None:
    (seen,) = sightings(Advert("C0:00:00:00:00:01", -60, 5, {}, {"180f": b"\x64"}, "a\nb"))
    assert (seen.format, seen.tag, seen.frame, seen.name) == (None, None, "s180f:64", f"a{REPLACEMENT}b")
    (bare,) = sightings(Advert("C0:00:00:00:00:01", -60, 5))
    assert (bare.frame, bare.name) == ("", None)


@pytest.mark.parametrize(
    ("kind", "tag"),
    [("ibeacon", "fda50693-a4e2-4fb1-afcf-c6eb07647825/1"), ("ibeacon", "fda5/1/2"), ("bthome", "AA:BB:CC:DD:EE:FF"),
     ("ibeacon", "fda50693-a4e2-4fb1-afcf-c6eb07647825/65536/0"), ("eddystone-uid", "zz/00")],
)  # fmt: skip
def test_what_does_not_fit_a_format_is_not_written(kind: str, tag: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode(kind, tag)


@pytest.mark.parametrize(
    ("rssi", "now"), [(-127, False), (-111, False), (-110, True), (-60, True), (0, True), (1, False)]
)
def test_a_remembered_level_is_not_heard_now(rssi: int, now: bool) -> None:
    assert heard_now(rssi) is now
