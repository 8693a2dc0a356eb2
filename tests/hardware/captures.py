"""Packets caught in the field (tests/captures/tags.toml), as a radio hands them on."""

import tomllib
from pathlib import Path
from typing import Final

from msgspec import Struct, convert

_FILE: Final = Path(__file__).parent.parent / "captures" / "tags.toml"
_MANUFACTURER, _SERVICE = 0xFF, 0x16
"""AD types (Bluetooth Assigned Numbers 2.3)."""


class Vector(Struct, frozen=True):
    source: str
    advert: str
    format: str | None = None
    tag: str | None = None
    power_1m: int | None = None


VECTORS: Final = convert(tomllib.loads(_FILE.read_text(encoding="utf-8"))["vector"], list[Vector])


def fields(advert: str) -> tuple[dict[int, bytes], dict[str, bytes]]:
    """Manufacturer and service data of a packet's AD structures (Core 5.4, vol. 3 part C 11)."""
    raw, manufacturer, service = bytes.fromhex(advert), {}, {}
    while raw:
        size, kind, data = raw[0], raw[1], raw[2 : raw[0] + 1]
        if kind == _MANUFACTURER:
            manufacturer[int.from_bytes(data[:2], "little")] = data[2:]
        elif kind == _SERVICE:
            service[f"0000{data[1]:02x}{data[0]:02x}-0000-1000-8000-00805f9b34fb"] = data[2:]
        raw = raw[size + 1 :]
    return manufacturer, service
