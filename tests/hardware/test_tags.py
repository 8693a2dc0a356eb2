"""Bytes into tags: captured packets, the law of writing and reading, and anything a stranger may send."""

import random
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.duties.site import TAG_FORMATS, Plan, Point, Site, Tag, TagRule, Text
from app.ear import Ear, named
from app.text import REPLACEMENT
from hardware.bthome import OBJECTS, measured
from hardware.tags import LAYOUTS, Advert, decode, encode, heard_now, sightings
from tests.hardware.captures import OBJECTS as CAUGHT
from tests.hardware.captures import VECTORS, Vector, value

ADDRESS: Final = "C0:11:22:33:44:55"
FORMATS: Final = {
    "ibeacon", "altbeacon", "eddystone-uid", "eddystone-url", "eddystone-tlm", "eddystone-eid", "bthome",
    "minew", "feasycom", "moko", "jaalee", "kbeacon",
}  # fmt: skip
"""Those of the contract that need no rule of the plan."""
HEX: Final = "0123456789abcdef"
IBEACON: Final = st.builds(
    "{}-{}-{}-{}-{}/{}/{}".format,
    *(st.text(HEX, min_size=size, max_size=size) for size in (8, 4, 4, 4, 12)),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
)
EDDYSTONE: Final = st.builds("{}/{}".format, *(st.text(HEX, min_size=size, max_size=size) for size in (20, 12)))
URL: Final = st.builds(
    "{}{}".format,
    st.sampled_from(("http://www.", "https://www.", "http://", "https://")),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=17),
)
TAGS: Final = st.one_of(
    st.tuples(st.just("ibeacon"), IBEACON),
    st.tuples(st.just("eddystone-uid"), EDDYSTONE),
    st.tuples(st.just("altbeacon"), st.text(HEX, min_size=40, max_size=40)),
    st.tuples(st.just("eddystone-eid"), st.text(HEX, min_size=16, max_size=16)),
    st.tuples(st.just("eddystone-url"), URL),
)
MANUFACTURER: Final = st.dictionaries(st.integers(0, 0xFFFF) | st.just(0x004C), st.binary(max_size=64), max_size=4)
SERVICE: Final = st.dictionaries(
    st.just("0000feaa-0000-1000-8000-00805f9b34fb") | st.uuids().map(str) | st.text(max_size=40),
    st.binary(max_size=64),
    max_size=4,
)


def advert(manufacturer: dict[int, bytes], service: dict[str, bytes], name: str | None = None) -> Advert:
    return Advert(ADDRESS, -60, 5, manufacturer, service, name)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.source[:60])
def test_captured_packets_are_read_as_their_sources_read_them(vector: Vector) -> None:
    found = [
        (tag.format, tag.id, tag.power_1m, tag.said.battery_pct, tag.said.battery_mv)
        for tag in decode(vector.heard(ADDRESS))
    ]
    assert found == (
        [(vector.format, vector.id(ADDRESS), vector.power_1m, vector.battery_pct, vector.battery_mv)]
        if vector.tag
        else []
    )
    (seen,) = sightings(vector.heard(ADDRESS))
    assert (seen.battery_pct, seen.battery_mv) == (vector.battery_pct, vector.battery_mv)
    assert seen.values == vector.measured()
    assert seen.counters == vector.counters
    assert seen.encrypted is vector.encrypted


def test_every_format_of_the_contract_was_caught_somewhere() -> None:
    assert {layout.format for layout in LAYOUTS} == FORMATS
    assert {vector.format for vector in VECTORS if vector.tag} == FORMATS


@given(TAGS, st.integers(-100, 20))
def test_what_is_written_is_read(tag: tuple[str, str], power: int) -> None:
    (found,) = decode(advert(*encode(*tag, power)))
    assert (found.format, found.id, found.power_1m) == (*tag, power)
    assert (found.said.battery_pct, found.said.battery_mv) == (None, None)


def test_a_tag_that_is_its_address_is_written_too() -> None:
    (found,) = decode(advert(*encode("bthome", ADDRESS)))
    assert (found.format, found.id) == ("bthome", ADDRESS)


@given(TAGS)
def test_the_frame_kept_for_the_office_is_the_whole_payload(tag: tuple[str, str]) -> None:
    manufacturer, service = encode(*tag)
    (found,) = decode(advert(manufacturer, service))
    carrier, _, data = found.frame.partition(":")
    assert carrier in ("m004c", "m0118", "sfeaa")
    assert bytes.fromhex(data) == next(iter((*manufacturer.values(), *service.values())))


@pytest.mark.proof
@given(MANUFACTURER, SERVICE)
@example({}, {"feaa": b""})
@example({}, {"fcd2": b"\x40\x53"})
@example({}, {"fcd2": b"\x40\x54\xff"})
def test_no_bytes_make_decoding_raise(manufacturer: dict[int, bytes], service: dict[str, bytes]) -> None:
    heard = advert(manufacturer, service)
    assert all(tag.format in FORMATS and tag.id and tag.frame for tag in decode(heard))
    assert len(sightings(heard)) >= 1


def test_two_hundred_thousand_near_misses_do_not_raise() -> None:
    """Heads of every format before any bytes; and every object of BTHome among others."""
    rng = random.Random(7)
    heads = [(layout.carrier, layout.head) for layout in LAYOUTS]
    codes = list(OBJECTS)
    hits = 0
    for _ in range(50_000):
        manufacturer, service = {}, {"fcd2": bytes((0x40, rng.choice(codes))) + rng.randbytes(rng.randrange(24))}
        for carrier, head in rng.sample(heads, 3):
            data = head[: rng.randint(0, len(head))] + rng.randbytes(rng.randrange(30))
            if carrier[0] == "s":
                service[carrier[1:]] = data
            else:
                manufacturer[0xFFFF if carrier == "m*" else int(carrier[1:], 16)] = data
        hits += len(decode(advert(manufacturer, service)))
    assert hits > 50_000, "the frames were hardly like tags"


@pytest.mark.parametrize(
    "uuid", ["0000feaa-0000-1000-8000-00805f9b34fb", "0000FEAA-0000-1000-8000-00805F9B34FB", "feaa"]
)
def test_a_service_is_the_same_in_long_and_short_form(uuid: str) -> None:
    _, service = encode("eddystone-uid", "12345678901234678901/000000000001")
    assert decode(advert({}, {uuid: next(iter(service.values()))}))


def test_a_tag_that_sends_two_formats_is_two_sightings_of_one_device() -> None:
    manufacturer, _ = encode("ibeacon", "fda50693-a4e2-4fb1-afcf-c6eb07647825/10001/7")
    _, service = encode("eddystone-uid", "12345678901234678901/000000000001")
    both = sightings(advert(manufacturer, service))
    assert [s.format for s in both] == ["ibeacon", "eddystone-uid"]
    assert {(s.address, s.rssi, s.up) for s in both} == {(ADDRESS, -60, 5)}


def test_a_stranger_is_a_sighting_without_a_tag_and_its_name_is_only_text() -> None:
    (seen,) = sightings(Advert("C0:00:00:00:00:01", -60, 5, {}, {"180f": b"\x64"}, "a\nb"))
    assert (seen.format, seen.tag, seen.frame, seen.name) == (None, None, "s180f:64", f"a{REPLACEMENT}b")
    (bare,) = sightings(Advert("C0:00:00:00:00:01", -60, 5))
    assert (bare.frame, bare.name) == ("", None)
    two = sightings(Advert("C0:00:00:00:00:01", -60, 5, {0x0102: b"\x01"}, {"180f": b"\x64"}))
    assert [stranger.frame for stranger in two] == ["m0102:01", "s180f:64"]


@pytest.mark.parametrize(
    ("kind", "tag"),
    [("ibeacon", "fda50693-a4e2-4fb1-afcf-c6eb07647825/1"), ("ibeacon", "fda5/1/2"), ("minew", "AA:BB:CC:DD:EE:FF"),
     ("ibeacon", "fda50693-a4e2-4fb1-afcf-c6eb07647825/65536/0"), ("eddystone-uid", "zz/00"), ("altbeacon", "00"),
     ("eddystone-url", "ftp://x"), ("eddystone-url", "http://门"), ("nothing", "1")],
)  # fmt: skip
def test_what_does_not_fit_a_format_is_not_written(kind: str, tag: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode(kind, tag)


def test_the_battery_of_a_beacon_stands_beside_it_under_the_same_address() -> None:
    manufacturer, _ = encode("ibeacon", "fda50693-a4e2-4fb1-afcf-c6eb07647825/10001/7")
    tag, info = sightings(advert(manufacturer, {"ffe1": bytes.fromhex("a10863aabbccddeeff504c5553")}))
    assert (tag.format, tag.battery_pct) == ("ibeacon", None)
    assert (info.format, info.tag, info.battery_pct) == ("minew", ADDRESS, 99)
    assert tag.address == info.address


def test_a_frame_that_only_measures_is_never_a_place() -> None:
    measures = {vector.format for vector in VECTORS if vector.format} - set(TAG_FORMATS)
    assert measures == {"eddystone-tlm", "minew", "feasycom", "moko", "jaalee", "kbeacon"}
    door = Point("door", Text("门"), "a", tags=tuple(Tag(kind, ADDRESS, near=-60) for kind in sorted(measures)))
    plan = Plan(Site("s", Text("s"), "Asia/Shanghai"), 1, "2026-01-01", points=(door,))
    ear = Ear()
    for vector in VECTORS:
        if vector.format in measures:
            for up in range(0, 6000, 500):
                ear.take(sightings(Advert(ADDRESS, -40, up, *vector.data()))[0])
    assert ear.judge(plan, door, 5500).proof is None


@pytest.mark.parametrize(("digits", "name", "result"), CAUGHT, ids=[f"{name} {raw}" for raw, name, _ in CAUGHT])
def test_each_object_of_bthome_is_read_as_its_page_reads_it(digits: str, name: str, result: str) -> None:
    """A CO2 figure behind it is read too: the object took its own bytes and no more."""
    said = measured(bytes.fromhex(f"40{digits}12e204"))
    assert said is not None
    found = {**said.values, **said.counters, "battery": said.battery_pct}
    assert found[name] == value(name, result)
    assert said.values["co2" if name != "co2" else "co2_2"] == 1250


def test_no_object_of_bthome_is_left_unread() -> None:
    assert {int(digits[:2], 16) for digits, _, _ in CAUGHT} == set(OBJECTS)


@given(st.integers(-0x8000, 0x7FFF))
def test_a_decimal_is_exactly_what_the_sensor_said(hundredths: int) -> None:
    said = measured(b"\x40\x02" + hundredths.to_bytes(2, "little", signed=True))
    assert said is not None
    assert said.values == {"temperature": Decimal(hundredths) / 100}


# -- makers who tell nobody their format ----------------------------------------------------------

LANDWELL: Final = TagRule(name="LW", company=0x0590, begin=2, size=4)
BY_NAME: Final = TagRule(name="XL-")
BY_SERVICE: Final = TagRule(service="FEE7", begin=0, size=3)


@pytest.mark.parametrize(
    ("rule", "name", "manufacturer", "service", "identity"),
    [
        (LANDWELL, "LW-20", {0x0590: b"\x01\x02\xaa\xbb\xcc\xdd\xee"}, {}, "aabbccdd"),
        (LANDWELL, "LW-20", {0x0591: b"\x01\x02\xaa\xbb\xcc\xdd\xee"}, {}, None),
        (LANDWELL, "XX-20", {0x0590: b"\x01\x02\xaa\xbb\xcc\xdd\xee"}, {}, None),
        (LANDWELL, "LW-20", {0x0590: b"\x01\x02\xaa\xbb\xcc"}, {}, None),
        (BY_NAME, "XL-1", {}, {}, ADDRESS),
        (BY_NAME, "XL-1", {0x0590: b"\x01"}, {}, ADDRESS),
        (BY_NAME, None, {}, {}, None),
        (BY_SERVICE, None, {}, {"0000fee7-0000-1000-8000-00805f9b34fb": b"\x01\x02\x03\x04"}, "010203"),
        (TagRule(), "XL-1", {0x0590: b"\x01"}, {}, None),
        (TagRule(name="XL-", size=2), "XL-1", {0x0590: b"\x01\x02"}, {}, None),
    ],
)
def test_a_rule_of_the_plan_names_the_tags_of_a_closed_maker(
    rule: TagRule, name: str | None, manufacturer: dict[int, bytes], service: dict[str, bytes], identity: str | None
) -> None:
    heard = advert(manufacturer, service, name)
    assert [(tag.format, tag.id) for tag in decode(heard, (rule,))] == ([("generic", identity)] if identity else [])
    (seen,) = sightings(heard)
    judged = named(seen, (TagRule(name="none such"), rule))
    assert (judged.format, judged.tag) == (("generic", identity) if identity else (None, None))
    assert decode(heard) == ()


RULES: Final = st.builds(
    TagRule, st.text(max_size=3), st.none() | st.integers(), st.text("0fe7", max_size=4), st.integers(), st.integers()
)


@given(RULES, MANUFACTURER, SERVICE, st.none() | st.text(max_size=8))
def test_no_rule_of_a_plan_makes_decoding_raise(
    rule: TagRule, manufacturer: dict[int, bytes], service: dict[str, bytes], name: str | None
) -> None:
    heard = advert(manufacturer, service, name)
    assert all(tag.id for tag in decode(heard, (rule,)))
    assert all(named(seen, (rule,)).tag != "" for seen in sightings(heard))


def test_a_rule_does_not_rename_a_tag_of_a_known_format() -> None:
    manufacturer, _ = encode("ibeacon", "fda50693-a4e2-4fb1-afcf-c6eb07647825/10001/7")
    heard = advert(manufacturer, {}, "XL-1")
    assert [tag.format for tag in decode(heard, (BY_NAME,))] == ["ibeacon"]
    assert [named(seen, (BY_NAME,)).format for seen in sightings(heard)] == ["ibeacon"]


@pytest.mark.parametrize(
    ("rssi", "now"), [(-127, False), (-111, False), (-110, True), (-60, True), (0, True), (1, False)]
)
def test_a_remembered_level_is_not_heard_now(rssi: int, now: bool) -> None:
    assert heard_now(rssi) is now
