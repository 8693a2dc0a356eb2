"""Patrol tags: what a Bluetooth advertisement says, as bytes turned into values and back.

Formats are rows of `LAYOUTS`, to be laid beside the specifications and read across; a new tag model
is a new row. Nothing here knows a radio, a clock or a plan, and no bytes can make it raise.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from msgspec import Struct

from app.duties.evidence import FAINTEST, LOUDEST
from app.ports import Sighting
from app.text import clean

LABEL: Final = "label"
"""A wanted pair may be (LABEL, point id): the stop also takes a label. No radio is switched on for it."""

_BASE: Final = "-0000-1000-8000-00805f9b34fb"
"""Bluetooth base UUID (Core 5.4, vol. 3 part B 2.5.1): 16-bit services are `0000xxxx` before it."""


class Part(Struct, frozen=True):
    """One piece of a tag's identity."""

    kind: Literal["uuid", "number", "hex"]
    """A uuid in lower case, an unsigned big-endian number in decimal, or plain hex."""
    offset: int
    size: int


class Layout(Struct, frozen=True):
    """Where the bytes of one format stand. Offsets count after the company id or the service UUID."""

    format: str
    carrier: str
    """`m` and the company id, or `s` and the service UUID, in hex."""
    head: bytes
    """First bytes of the frame, which name it."""
    least: int
    """Bytes that must be there; more may follow."""
    identity: tuple[Part, ...]
    """Joined by `/`."""
    power: int
    """Offset of the signed level in dBm."""
    to_1m: int
    """Added to that level to have it at one metre, dB."""
    length: int
    """Bytes when we write the frame."""


LAYOUTS: Final = (
    # Apple, Proximity Beacon Specification: company 0x004C, type 02, length 15, uuid, major, minor, power at 1 m
    Layout("ibeacon", "m004c", b"\x02\x15", 23, (Part("uuid", 2, 16), Part("number", 18, 2), Part("number", 20, 2)),
           22, 0, 23),
    # github.com/google/eddystone, eddystone-uid: service 0xFEAA, type 00, power at 0 m, namespace, instance, 2 reserved
    # (older tags leave the reserved bytes out); the first metre costs 41 dB
    Layout("eddystone-uid", "sfeaa", b"\x00", 18, (Part("hex", 2, 10), Part("hex", 12, 6)), 1, -41, 20),
)  # fmt: skip


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
    battery_pct: int | None = None
    battery_mv: int | None = None


def decode(manufacturer_data: Mapping[int, bytes], service_data: Mapping[str, bytes]) -> tuple[Decoded, ...]:
    """Every patrol tag in one advertisement, in the order of LAYOUTS; empty for other people's devices."""
    frames = dict(_frames(manufacturer_data, service_data))
    return tuple(
        Decoded(layout.format, _identity(layout, data), f"{layout.carrier}:{data.hex()}", _power(layout, data))
        for layout in LAYOUTS
        if (data := frames.get(layout.carrier)) is not None
        and data.startswith(layout.head)
        and len(data) >= layout.least
    )


def encode(kind: str, tag: str, power_1m: int = -59) -> tuple[dict[int, bytes], dict[str, bytes]]:
    """Manufacturer and service data that `decode` reads as this tag: for simulated tags and tests.

    Raises ValueError for an unknown format or an identity that does not fit it.
    """
    layout = next((layout for layout in LAYOUTS if layout.format == kind), None)
    pieces = tag.split("/")
    if layout is None or len(pieces) != len(layout.identity):
        raise ValueError(f"cannot write {kind} {tag}")
    data = bytearray(layout.length)
    data[: len(layout.head)] = layout.head
    data[layout.power] = (power_1m - layout.to_1m) & 0xFF
    for part, piece in zip(layout.identity, pieces, strict=True):
        data[part.offset : part.offset + part.size] = _piece_bytes(part, piece)
    source, key = layout.carrier[0], layout.carrier[1:]
    return ({int(key, 16): bytes(data)}, {}) if source == "m" else ({}, {f"0000{key}{_BASE}": bytes(data)})


def heard_now(rssi: int) -> bool:
    """Whether this level is of a packet just received, and not a device remembered."""
    return FAINTEST <= rssi <= LOUDEST


def sightings(advert: Advert) -> tuple[Sighting, ...]:
    """One sighting for each tag in the advertisement; one without a tag when it holds none we know."""
    name = clean(advert.name, 64) if advert.name else None
    found = decode(advert.manufacturer, advert.service)
    if not found:
        raw = next((f"{carrier}:{data.hex()}" for carrier, data in _frames(advert.manufacturer, advert.service)), "")
        return (Sighting(advert.address, advert.rssi, advert.up, raw, name=name),)
    return tuple(
        Sighting(advert.address, advert.rssi, advert.up, tag.frame, tag.format, tag.id, tag.power_1m, name)
        for tag in found
    )


def _frames(manufacturer: Mapping[int, bytes], service: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for company, data in manufacturer.items():
        yield f"m{company:04x}", data
    for uuid, data in service.items():
        yield f"s{_short(uuid)}", data


def _short(uuid: str) -> str:
    lower = uuid.lower()
    return lower[4:8] if len(lower) == 36 and lower.startswith("0000") and lower.endswith(_BASE) else lower


def _identity(layout: Layout, data: bytes) -> str:
    return "/".join(_piece(part, data[part.offset : part.offset + part.size]) for part in layout.identity)


def _piece(part: Part, raw: bytes) -> str:
    if part.kind == "number":
        return str(int.from_bytes(raw, "big"))
    digits = raw.hex()
    if part.kind == "hex":
        return digits
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _piece_bytes(part: Part, piece: str) -> bytes:
    if part.kind == "number":
        number = int(piece)
        if not 0 <= number < 1 << 8 * part.size:
            raise ValueError(f"{piece} does not fit {part.size} bytes")
        return number.to_bytes(part.size, "big")
    raw = bytes.fromhex(piece.replace("-", ""))
    if len(raw) != part.size:
        raise ValueError(f"{piece} is not {part.size} bytes")
    return raw


def _power(layout: Layout, data: bytes) -> int:
    return int.from_bytes(data[layout.power : layout.power + 1], "big", signed=True) + layout.to_1m
