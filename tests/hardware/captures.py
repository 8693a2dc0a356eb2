"""Packets caught in the field (tests/captures/tags.toml), as a radio hands them on."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Final

from msgspec import Struct, convert

from hardware.bthome import Value
from hardware.tags import Advert

_FILE: Final = Path(__file__).parent.parent / "captures" / "tags.toml"
_MANUFACTURER, _SERVICE = 0xFF, 0x16
"""AD types (Bluetooth Assigned Numbers 2.3)."""
_TEXTS: Final = ("text", "raw", "button", "dimmer", "firmware")
"""Measurements that are no numbers."""


class Vector(Struct, frozen=True):
    source: str
    advert: str = ""
    frame: str = ""
    format: str | None = None
    tag: str | None = None
    power_1m: int | None = None
    battery_pct: int | None = None
    battery_mv: int | None = None
    values: dict[str, str] = {}
    counters: dict[str, int] = {}
    encrypted: bool = False

    def heard(self, address: str = "C0:11:22:33:44:55") -> Advert:
        return Advert(address, -60, 0, *self.data())

    def id(self, address: str) -> str | None:
        return address if self.tag == "*" else self.tag

    def measured(self) -> dict[str, Value]:
        return {name: value(name, said) for name, said in self.values.items()}

    def data(self) -> tuple[dict[int, bytes], dict[str, bytes]]:
        """Manufacturer and service data."""
        if not self.frame:
            return fields(self.advert)
        carrier, _, digits = self.frame.partition(":")
        raw = bytes.fromhex(digits)
        return ({int(carrier[1:], 16): raw}, {}) if carrier[0] == "m" else ({}, {_long(carrier[1:]): raw})


_CAUGHT: Final = tomllib.loads(_FILE.read_text(encoding="utf-8"))
VECTORS: Final = convert(_CAUGHT["vector"], list[Vector])
OBJECTS: Final = convert(_CAUGHT["objects"], list[tuple[str, str, str]])
"""BTHome's: the bytes, the property, the result."""


def fields(advert: str) -> tuple[dict[int, bytes], dict[str, bytes]]:
    """Manufacturer and service data of a packet's AD structures (Core 5.4, vol. 3 part C 11)."""
    raw, manufacturer, service = bytes.fromhex(advert), {}, {}
    while raw:
        size, kind, data = raw[0], raw[1], raw[2 : raw[0] + 1]
        if kind == _MANUFACTURER:
            manufacturer[int.from_bytes(data[:2], "little")] = data[2:]
        elif kind == _SERVICE:
            service[_long(f"{data[1]:02x}{data[0]:02x}")] = data[2:]
        raw = raw[size + 1 :]
    return manufacturer, service


def value(name: str, said: str) -> Value:
    return said if name in _TEXTS else Decimal(said)


def _long(short: str) -> str:
    return f"0000{short}-0000-1000-8000-00805f9b34fb"
