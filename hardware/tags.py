"""Patrol tags: what a Bluetooth advertisement says, as bytes turned into values and back.

Formats are rows of `LAYOUTS`, to be laid beside the specifications and read across; a new tag model
is a new row. Nothing here knows a radio, a clock or a plan, and no bytes can make it raise.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Final, Literal

from msgspec import Struct

from app.duties.evidence import FAINTEST, LOUDEST
from app.duties.site import GENERIC, TagRule
from app.ports import Sighting
from app.text import clean
from hardware.bthome import NOTHING, OBJECTS, SILENT, Measured, Value, exact, measured

_BASE: Final = "-0000-1000-8000-00805f9b34fb"
"""Bluetooth base UUID (Core 5.4, vol. 3 part B 2.5.1): 16-bit services are `0000xxxx` before it."""
_ANY_COMPANY: Final = "m*"
_WRITTEN_COMPANY: Final = 0x0118
"""Radius Networks, who published AltBeacon: whose name a simulated tag bears where any company may."""


class Part(Struct, frozen=True):
    """One piece of a tag's identity."""

    kind: Literal["uuid", "number", "hex", "url"]
    """A uuid in lower case, an unsigned big-endian number in decimal, plain hex, or an Eddystone URL."""
    offset: int
    size: int
    """0: to the end."""


class Reading(Struct, frozen=True):
    """One figure of a frame, big-endian: raw * times / over + plus."""

    name: str
    """`battery_pct`, `battery_mv`, or the name of a measurement or a counter."""
    offset: int
    size: int = 1
    signed: bool = False
    times: int = 1
    over: int = 1
    plus: int = 0
    decimals: int = 0
    """Places kept, rounded where `over` never ends."""
    absent: int | None = None
    """The raw figure of a tag that does not measure this."""
    counts: bool = False


class Layout(Struct, frozen=True):
    """Where the bytes of one format stand. Offsets count after the company id or the service UUID."""

    format: str
    carrier: str
    """`m` and the company id, or `s` and the service UUID, in hex; `m*` is any company."""
    head: bytes
    """First bytes of the frame, which name it."""
    least: int
    """Bytes that must be there; up to `most` may follow."""
    identity: tuple[Part, ...] = ()
    """Joined by `/`. A frame without any names no tag: the Bluetooth address stands for it."""
    power: int | None = None
    """Offset of the signed level in dBm."""
    to_1m: int = 0
    """Added to that level to have it at one metre, dB."""
    length: int = 0
    """Bytes when we write the frame; 0 when only a tag can."""
    readings: tuple[Reading, ...] = ()
    most: int = 255
    encrypted: bool = False
    sensor: Callable[[bytes], Measured | None] | None = None
    """Reads a frame whose contents have no fixed places; None when it is another's frame after all."""


def _fixed(name: str, offset: int, absent: int | None = None) -> Reading:
    """A signed 8.8 fixed-point figure; 1/256 has eight places."""
    return Reading(name, offset, 2, signed=True, over=256, decimals=8, absent=absent)


def _axes(offset: int, over: int, decimals: int) -> tuple[Reading, ...]:
    """Acceleration in g."""
    return tuple(
        Reading(f"acceleration_{axis}", offset + 2 * at, 2, signed=True, over=over, decimals=decimals)
        for at, axis in enumerate("xyz")
    )


def _jaalee(offset: int) -> tuple[Reading, Reading]:
    """The sensor's own 16-bit scales: -45..130 °C and 0..100 %."""
    return (
        Reading("temperature", offset, 2, times=175, over=65535, plus=-45, decimals=2),
        Reading("humidity", offset + 2, 2, times=100, over=65535, decimals=2),
    )


_KSENSOR: Final = (
    (0x0001, 2, (Reading("battery_mv", 0, 2),)),
    (0x0002, 2, (_fixed("temperature", 0),)),
    (0x0004, 2, (_fixed("humidity", 0),)),
    (0x0008, 6, _axes(0, 1000, 3)),
    (0x0010, 1, (Reading("alarm", 0),)),
    (0x0020, 1, (Reading("motion", 0),)),
    (0x0040, 2, (Reading("illuminance", 0, 2),)),
    (0x0080, 5, (Reading("voc", 1, 2), Reading("nox", 3, 2))),
    (0x0200, 3, (Reading("co2", 1, 2),)),
)
"""KBeacon's KSensor frame: figures in this order, each there when its flag is set; flag, bytes, contents."""


def _ksensor(data: bytes) -> Measured:
    flags, at = int.from_bytes(data[1:3]), 3
    present: list[tuple[Reading, int]] = []
    for flag, size, readings in _KSENSOR:
        if flags & flag:
            if at + size > len(data):
                break
            present += [(reading, at) for reading in readings]
            at += size
    found = _measured(data, present)
    humidity = found.values.get("humidity")
    if isinstance(humidity, Decimal) and humidity < 0:  # it then carries the hundreds of the temperature
        for name in ("humidity", "temperature"):
            found.values.pop(name, None)
    return found


_PCT: Final = Reading("battery_pct", 2)
_UUID: Final = (Part("uuid", 2, 16), Part("number", 18, 2), Part("number", 20, 2))
_TLM: Final = (
    Reading("battery_mv", 2, 2, absent=0),
    _fixed("temperature", 4, absent=-0x8000),
    Reading("adv_count", 6, 4, counts=True),
    Reading("sec_count", 10, 4, counts=True),
)

LAYOUTS: Final = (
    # Jaalee's sensors, jaalee.com and theengs/decoder JAALEE_json.h: an iBeacon whose major and minor are what it
    # measures, with a 24th byte, battery; and service 0xF525 or 0xF51C, battery, address, the same
    Layout("jaalee", "m004c", bytes.fromhex("0215ebefd08370a247c89837e7b5634d"), 24, power=22, readings=(
        *_jaalee(18), Reading("battery_pct", 23))),
    Layout("jaalee", "sf525", b"", 11, most=11, readings=(Reading("battery_pct", 0), *_jaalee(7))),
    Layout("jaalee", "sf51c", b"", 11, most=11, readings=(Reading("battery_pct", 0), *_jaalee(7))),
    # Apple, Proximity Beacon Specification: company 0x004C, type 02, length 15, uuid, major, minor, power at 1 m
    Layout("ibeacon", "m004c", b"\x02\x15", 23, _UUID, 22, 0, 23),
    # github.com/AltBeacon/spec: any company, BEAC, id, level at 1 m, one byte of the maker's
    Layout("altbeacon", _ANY_COMPANY, b"\xbe\xac", 24, (Part("hex", 2, 20),), 22, 0, 24),
    # github.com/google/eddystone, service 0xFEAA; the level is at 0 m and the first metre costs 41 dB.
    # eddystone-uid: type 00, power, namespace, instance, 2 reserved (older tags leave the reserved bytes out)
    Layout("eddystone-uid", "sfeaa", b"\x00", 18, (Part("hex", 2, 10), Part("hex", 12, 6)), 1, -41, 20),
    # eddystone-url: type 10, power, scheme, the rest with shorthands
    Layout("eddystone-url", "sfeaa", b"\x10", 3, (Part("url", 2, 0),), 1, -41, 3),
    # tlm-plain: type 20 00, battery mV, temperature, advertisements since power-on, time since then in 0.1 s
    Layout("eddystone-tlm", "sfeaa", b"\x20\x00", 14, readings=_TLM),
    # tlm-encrypted: type 20 01, 12 bytes enciphered, salt, check
    Layout("eddystone-tlm", "sfeaa", b"\x20\x01", 18, encrypted=True),
    # eddystone-eid: type 30, power, ephemeral id
    Layout("eddystone-eid", "sfeaa", b"\x30", 10, (Part("hex", 2, 8),), 1, -41, 10),
    # github.com/kkmhogen/android_kbeaconlib2, KBAdvPackage: type 21, flags, figures; type 22, model, battery,
    # address, version; under Eddystone's service or KKM's company id 0x0A53
    Layout("kbeacon", "sfeaa", b"\x21", 3, sensor=_ksensor),
    Layout("kbeacon", "sfeaa", b"\x22", 11, readings=(_PCT,)),
    Layout("kbeacon", "m0a53", b"\x21", 3, sensor=_ksensor),
    Layout("kbeacon", "m0a53", b"\x22", 11, readings=(_PCT,)),
    # bthome.io/format: service 0xFCD2
    Layout("bthome", "sfcd2", b"", 1, length=1, sensor=measured),
    # Minew BeaconPlus, service 0xFFE1: type A1, product, battery, then by product (01 temperature and humidity, 02
    # light, 03 acceleration, 08 address and name, 13 temperature; reelyactive/advlib-ble-services lib/minew.js)
    Layout("minew", "sffe1", b"\xa1\x01", 7, readings=(_PCT, _fixed("temperature", 3), _fixed("humidity", 5))),
    Layout("minew", "sffe1", b"\xa1\x02", 4, readings=(_PCT, Reading("light", 3))),
    Layout("minew", "sffe1", b"\xa1\x03", 9, readings=(_PCT, *_axes(3, 256, 8))),
    Layout("minew", "sffe1", b"\xa1\x13", 5, readings=(_PCT, _fixed("temperature", 3))),
    Layout("minew", "sffe1", b"\xa1", 9, readings=(_PCT,)),
    # document.feasycom.com, FBeacon-Adv-Prot v1.1: service 0xFFF0, model, version, features, address, battery; 101
    # is a tag on the mains. Others use this service too: only the exact length is theirs
    Layout("feasycom", "sfff0", b"", 11, most=11, readings=(Reading("battery_pct", 10),)),
    # MOKO beacon, service 0xFF01: battery first; BeaconX Pro, service 0xFEAB: type 40 device, 60 acceleration, 70
    # temperature and humidity, with the battery (theengs/decoder Mokobeacon_json.h, MBXPRO_json.h)
    Layout("moko", "sff01", b"", 13, readings=(Reading("battery_pct", 0),)),
    Layout("moko", "sfeab", b"\x40", 5, readings=(Reading("battery_mv", 3, 2),)),
    Layout("moko", "sfeab", b"\x60", 14, readings=(Reading("battery_mv", 12, 2),)),
    Layout("moko", "sfeab", b"\x70", 9, readings=(
        Reading("temperature", 3, 2, signed=True, over=10, decimals=1),
        Reading("humidity", 5, 2, over=10, decimals=1), Reading("battery_mv", 7, 2))),
)  # fmt: skip

MEASURES: Final = frozenset(
    {thing.name for thing in OBJECTS.values() if thing.kind in ("unsigned", "signed")}
    | {reading.name for layout in LAYOUTS for reading in layout.readings if not reading.counts}
    | {reading.name for _, _, readings in _KSENSOR for reading in readings}
) - {"packet_id", "battery", "battery_pct", "battery_mv", "device_type"}
"""Names of the figures that some frame measures."""

_ROWS: Final = {
    carrier: tuple(row for row in enumerate(LAYOUTS) if row[1].carrier == carrier)
    for carrier in {layout.carrier for layout in LAYOUTS}
}
_SCHEMES: Final = ("http://www.", "https://www.", "http://", "https://")
_DOMAINS: Final = (".com", ".org", ".edu", ".net", ".info", ".biz", ".gov")
_ENDINGS: Final = (*(f"{domain}/" for domain in _DOMAINS), *_DOMAINS)
"""Eddystone-URL: what a first byte 0..3, and later bytes 0..13, stand for."""


class Advert(Struct, frozen=True):
    """One advertisement as the radio or a feed gives it, not yet understood."""

    address: str
    rssi: int
    up: int
    """Moment.up when it was heard, ms."""
    manufacturer: Mapping[int, bytes] = {}
    """By Bluetooth company id."""
    service: Mapping[str, bytes] = {}
    """By service UUID, long or short form."""
    name: str | None = None


class Decoded(Struct, frozen=True):
    """One frame understood. The fields of the contract, and the frame itself for judging it again."""

    format: str
    id: str
    frame: str
    """`m004c:0215…` or `sfeaa:00e3…`, hex."""
    power_1m: int | None = None
    said: Measured = NOTHING


def decode(advert: Advert, rules: Sequence[TagRule] = ()) -> tuple[Decoded, ...]:
    """Every patrol tag in one advertisement, in the order of LAYOUTS; empty for other people's devices.

    `rules` name the tags of makers who tell nobody their format; they are asked when no row reads the advertisement.
    """
    found = [
        (at, tag)
        for carrier, data in _frames(advert.manufacturer, advert.service)
        for at, tag in _read(advert.address, carrier, data)
    ]
    if found:
        return tuple(tag for _, tag in sorted(found, key=itemgetter(0)))
    return tuple(_by_rule(advert, rules)) if rules else ()


def encode(kind: str, tag: str, power_1m: int = -59) -> tuple[dict[int, bytes], dict[str, bytes]]:
    """Manufacturer and service data that `decode` reads as this tag: for simulated tags and tests.

    Raises ValueError for a format that only its tag can write, or an identity that does not fit it.
    """
    layout = next((layout for layout in LAYOUTS if layout.format == kind and layout.length), None)
    pieces = tag.split("/") if layout and len(layout.identity) > 1 else [tag]
    if layout is None or len(pieces) != max(1, len(layout.identity)):
        raise ValueError(f"cannot write {kind} {tag}")
    data = bytearray(layout.length)
    data[: len(layout.head)] = layout.head
    if layout.power is not None:
        data[layout.power] = (power_1m - layout.to_1m) & 0xFF
    for part, piece in zip(layout.identity, pieces, strict=False):
        data[_where(part)] = _piece_bytes(part, piece)
    if kind == "bthome":
        data[:] = SILENT
    source, key = layout.carrier[0], layout.carrier[1:]
    if source == "s":
        return {}, {f"0000{key}{_BASE}": bytes(data)}
    return {_WRITTEN_COMPANY if layout.carrier == _ANY_COMPANY else int(key, 16): bytes(data)}, {}


def heard_now(rssi: int) -> bool:
    """Whether this level is of a packet just received, and not a device remembered."""
    return FAINTEST <= rssi <= LOUDEST


def sightings(advert: Advert) -> tuple[Sighting, ...]:
    """One sighting for each tag in the advertisement; one without a tag for each frame when it holds none we know.

    Frames that only measure (TLM, a maker's own) are sightings of the device's address: they name no tag of a
    plan, and their battery, measurements and counters stand beside the tags of that address.
    """
    name = clean(advert.name, 64) if advert.name else None
    return tuple(
        Sighting(advert.address, advert.rssi, advert.up, tag.frame, tag.format, tag.id, tag.power_1m, name,
                 tag.said.battery_pct, tag.said.battery_mv, tag.said.values, tag.said.counters,
                 tag.said.encrypted)
        for tag in decode(advert)
    ) or tuple(
        Sighting(advert.address, advert.rssi, advert.up, frame, name=name) for frame in _unknown(advert)
    )  # fmt: skip


def _by_rule(advert: Advert, rules: Sequence[TagRule]) -> Iterator[Decoded]:
    for frame in _unknown(advert):
        identity = next((id for rule in rules if (id := rule.identity(advert.address, advert.name or "", frame))), None)
        if identity is not None:
            yield Decoded(GENERIC, identity, frame)


def _unknown(advert: Advert) -> list[str]:
    return [f"{carrier}:{data.hex()}" for carrier, data in _frames(advert.manufacturer, advert.service)] or [""]


def _frames(manufacturer: Mapping[int, bytes], service: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for company, data in manufacturer.items():
        yield f"m{company:04x}", data
    for uuid, data in service.items():
        yield f"s{_short(uuid)}", data


def _short(uuid: str) -> str:
    lower = uuid.lower()
    return lower[4:8] if len(lower) == 36 and lower.startswith("0000") and lower.endswith(_BASE) else lower


def _read(address: str, carrier: str, data: bytes) -> Iterator[tuple[int, Decoded]]:
    """The frame by the first row that fits it."""
    for rows in (_ROWS.get(carrier, ()), _ROWS[_ANY_COMPANY] if carrier[0] == "m" else ()):
        for at, layout in rows:
            if not (layout.least <= len(data) <= layout.most and data.startswith(layout.head)):
                continue
            said = _contents(layout, data)
            identity = _identity(layout, data) if layout.identity else address
            if said is not None and identity is not None:
                yield at, Decoded(layout.format, identity, f"{carrier}:{data.hex()}", _power(layout, data), said)
                return


def _contents(layout: Layout, data: bytes) -> Measured | None:
    if layout.sensor is not None:
        return layout.sensor(data)
    if layout.readings:
        return _measured(data, [(reading, 0) for reading in layout.readings])
    return Measured(encrypted=True) if layout.encrypted else NOTHING


def _measured(data: bytes, readings: Iterable[tuple[Reading, int]]) -> Measured:
    """The figures of a frame; each reading's offset counts from the number beside it."""
    battery: dict[str, int] = {}
    counters: dict[str, int] = {}
    values: dict[str, Value] = {}
    for reading, begin in readings:
        at = begin + reading.offset
        raw = int.from_bytes(data[at : at + reading.size], "big", signed=reading.signed)
        if raw == reading.absent:
            continue
        if reading.counts:
            counters[reading.name] = raw
        elif reading.name in ("battery_pct", "battery_mv"):
            battery[reading.name] = raw
        else:
            values[reading.name] = _figure(reading, raw)
    percent = battery.get("battery_pct", 101)
    return Measured(values, counters, percent if percent <= 100 else None, battery.get("battery_mv"))


def _figure(reading: Reading, raw: int) -> Decimal:
    scale = 10**reading.decimals
    number = raw * reading.times * scale
    return exact((2 * number + reading.over) // (2 * reading.over) + reading.plus * scale, reading.decimals)


def _identity(layout: Layout, data: bytes) -> str | None:
    """None when the bytes spell nothing."""
    pieces = [_piece(part, data[_where(part)]) for part in layout.identity]
    return "/".join(pieces) if all(pieces) else None


def _where(part: Part) -> slice:
    return slice(part.offset, part.offset + part.size if part.size else None)


def _piece(part: Part, raw: bytes) -> str:
    if part.kind == "number":
        return str(int.from_bytes(raw, "big"))
    if part.kind == "url":
        return _url(raw)
    digits = raw.hex()
    if part.kind == "hex":
        return digits
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _url(raw: bytes) -> str:
    """Empty when a byte is reserved."""
    if raw[0] >= len(_SCHEMES) or not all(byte < len(_ENDINGS) or 0x20 < byte < 0x7F for byte in raw[1:]):
        return ""
    return _SCHEMES[raw[0]] + "".join(_ENDINGS[byte] if byte < len(_ENDINGS) else chr(byte) for byte in raw[1:])


def _piece_bytes(part: Part, piece: str) -> bytes:
    if part.kind == "number":
        number = int(piece)
        if not 0 <= number < 1 << 8 * part.size:
            raise ValueError(f"{piece} does not fit {part.size} bytes")
        return number.to_bytes(part.size, "big")
    if part.kind == "url":
        return _url_bytes(piece)
    raw = bytes.fromhex(piece.replace("-", ""))
    if len(raw) != part.size:
        raise ValueError(f"{piece} is not {part.size} bytes")
    return raw


def _url_bytes(url: str) -> bytes:
    code = next((code for code, scheme in enumerate(_SCHEMES) if url.startswith(scheme)), None)
    if code is None or not all(0x20 < ord(ch) < 0x7F for ch in url):
        raise ValueError(f"{url} is no web address of Eddystone's")
    return bytes([code]) + url[len(_SCHEMES[code]) :].encode("ascii")


def _power(layout: Layout, data: bytes) -> int | None:
    if layout.power is None:
        return None
    return int.from_bytes(data[layout.power : layout.power + 1], "big", signed=True) + layout.to_1m
