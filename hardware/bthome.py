"""BTHome v2: what a sensor's service data (0xFCD2) measures. The table is bthome.io/format, read across.

Nothing here holds a key: of an encrypted frame only its counter is read. No bytes can make it raise.
"""

from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct

from app.text import clean

Value = Decimal | str
"""A measurement as written, exactly; text where the sensor sends text."""

ENCRYPTED: Final = 0x01
_ADDRESS_INCLUDED: Final = 0x02
_VERSION, _VERSION_2 = 0xE0, 0x40
"""Device information byte, the first of the service data."""
_TRAILER: Final = 8
"""An encrypted frame ends in a counter of four bytes and a check of four."""
MOST_TEXT: Final = 64
_UNITS: Final = tuple(Decimal(1).scaleb(-decimals) for decimals in range(9))


class Thing(Struct, frozen=True):
    """One object: so many bytes, little-endian, times `times`, with `decimals` places."""

    name: str
    size: int = 1
    """0: a length byte stands before the bytes."""
    decimals: int = 0
    kind: Literal["unsigned", "signed", "text", "raw", "button", "dimmer", "version"] = "unsigned"
    times: int = 1


BATTERY, VOLTAGE, PACKET = 0x01, 0x0C, 0x00

OBJECTS: Final = {
    PACKET: Thing("packet_id"),
    BATTERY: Thing("battery"),
    # sensors: °C, %, hPa, lux, kWh, W, V, A, µg/m³, ppm, µS/cm, m/s, m/s², °/s, °, s, m³, L, m³/h, mm of rain
    0x02: Thing("temperature", 2, 2, "signed"),
    0x03: Thing("humidity", 2, 2),
    0x04: Thing("pressure", 3, 2),
    0x05: Thing("illuminance", 3, 2),
    0x06: Thing("mass_kg", 2, 2),
    0x07: Thing("mass_lb", 2, 2),
    0x08: Thing("dewpoint", 2, 2, "signed"),
    0x09: Thing("count"),
    0x0A: Thing("energy", 3, 3),
    0x0B: Thing("power", 3, 2),
    VOLTAGE: Thing("voltage", 2, 3),
    0x0D: Thing("pm2.5", 2),
    0x0E: Thing("pm10", 2),
    0x12: Thing("co2", 2),
    0x13: Thing("tvoc", 2),
    0x14: Thing("moisture", 2, 2),
    0x2E: Thing("humidity"),
    0x2F: Thing("moisture"),
    0x3D: Thing("count", 2),
    0x3E: Thing("count", 4),
    0x3F: Thing("rotation", 2, 1, "signed"),
    0x40: Thing("distance_mm", 2),
    0x41: Thing("distance_m", 2, 1),
    0x42: Thing("duration", 3, 3),
    0x43: Thing("current", 2, 3),
    0x44: Thing("speed", 2, 2),
    0x45: Thing("temperature", 2, 1, "signed"),
    0x46: Thing("uv_index", 1, 1),
    0x47: Thing("volume", 2, 1),
    0x48: Thing("volume_ml", 2),
    0x49: Thing("volume_flow_rate", 2, 3),
    0x4A: Thing("voltage", 2, 1),
    0x4B: Thing("gas", 3, 3),
    0x4C: Thing("gas", 4, 3),
    0x4D: Thing("energy", 4, 3),
    0x4E: Thing("volume", 4, 3),
    0x4F: Thing("water", 4, 3),
    0x50: Thing("timestamp", 4),
    0x51: Thing("acceleration", 2, 3),
    0x52: Thing("gyroscope", 2, 3),
    0x53: Thing("text", 0, kind="text"),
    0x54: Thing("raw", 0, kind="raw"),
    0x55: Thing("volume_storage", 4, 3),
    0x56: Thing("conductivity", 2),
    0x57: Thing("temperature", 1, 0, "signed"),
    0x58: Thing("temperature", 1, 2, "signed", times=35),
    0x59: Thing("count", 1, 0, "signed"),
    0x5A: Thing("count", 2, 0, "signed"),
    0x5B: Thing("count", 4, 0, "signed"),
    0x5C: Thing("power", 4, 2, "signed"),
    0x5D: Thing("current", 2, 3, "signed"),
    0x5E: Thing("direction", 2, 2),
    0x5F: Thing("precipitation", 2, 1),
    0x60: Thing("channel"),
    0x61: Thing("rotational_speed", 2),
    0x62: Thing("speed", 4, 6, "signed"),
    0x63: Thing("acceleration", 4, 6, "signed"),
    0x64: Thing("light_level"),
    # yes or no: 1 or 0. Four share their property with a sensor above and are named apart from it
    0x0F: Thing("generic_boolean"),
    0x10: Thing("power_on"),
    0x11: Thing("opening"),
    0x15: Thing("battery_low"),
    0x16: Thing("battery_charging"),
    0x17: Thing("carbon_monoxide"),
    0x18: Thing("cold"),
    0x19: Thing("connectivity"),
    0x1A: Thing("door"),
    0x1B: Thing("garage_door"),
    0x1C: Thing("gas_detected"),
    0x1D: Thing("heat"),
    0x1E: Thing("light"),
    0x1F: Thing("lock"),
    0x20: Thing("moisture_detected"),
    0x21: Thing("motion"),
    0x22: Thing("moving"),
    0x23: Thing("occupancy"),
    0x24: Thing("plug"),
    0x25: Thing("presence"),
    0x26: Thing("problem"),
    0x27: Thing("running"),
    0x28: Thing("safety"),
    0x29: Thing("smoke"),
    0x2A: Thing("sound"),
    0x2B: Thing("tamper"),
    0x2C: Thing("vibration"),
    0x2D: Thing("window"),
    # events, and the device itself
    0x3A: Thing("button", 1, 0, "button"),
    0x3C: Thing("dimmer", 2, 0, "dimmer"),
    0xF0: Thing("device_type", 2),
    0xF1: Thing("firmware", 4, 0, "version"),
    0xF2: Thing("firmware", 3, 0, "version"),
}

_PRESSES: Final = (
    "", "press", "double_press", "triple_press", "long_press", "long_double_press", "long_triple_press",
)  # fmt: skip
_HOLD: Final = 0x80
_TURNS: Final = ("", "left", "right")


class Measured(Struct, frozen=True):
    """What one frame says."""

    values: dict[str, Value] = {}
    """By property; a second one of the same is `temperature_2`, in the order sent."""
    counters: dict[str, int] = {}
    """`packet_id` (0..255) of a plain frame, `counter` of an encrypted one."""
    battery_pct: int | None = None
    battery_mv: int | None = None
    encrypted: bool = False


NOTHING: Final = Measured()
SILENT: Final = bytes((_VERSION_2,))
"""The service data of a sensor that measures nothing."""


def measured(data: bytes) -> Measured | None:
    """The service data understood as far as its objects are known; None when it is not BTHome v2.

    After an object id that the table lacks nothing can be told apart, so the rest is left.
    """
    if not data or data[0] & _VERSION != _VERSION_2:
        return None
    at = 7 if data[0] & _ADDRESS_INCLUDED else 1
    if data[0] & ENCRYPTED:
        if len(data) < at + _TRAILER:
            return None
        return Measured(counters={"counter": int.from_bytes(data[-8:-4], "little")}, encrypted=True)
    values: dict[str, Value] = {}
    counters: dict[str, int] = {}
    battery: dict[int, int] = {}
    while at < len(data):
        code = data[at]
        thing = OBJECTS.get(code)
        if thing is None:
            break
        begin = at + 1 if thing.size else at + 2
        at = begin + (thing.size or int.from_bytes(data[at + 1 : begin], "little"))
        raw = data[begin:at]
        if at > len(data) or not raw:
            break
        if code == PACKET:
            counters["packet_id"] = raw[0]
            continue
        if code in (BATTERY, VOLTAGE):
            battery.setdefault(code, int.from_bytes(raw, "little"))
        if code != BATTERY and (value := _value(thing, raw)) is not None:
            values[_free_name(values, thing.name)] = value
    percent = battery.get(BATTERY, 101)
    return Measured(values, counters, percent if percent <= 100 else None, battery.get(VOLTAGE))


def exact(number: int, decimals: int) -> Decimal:
    """`number` / 10^`decimals` (at most 8), without zeros at the end."""
    while decimals and not number % 10:
        number //= 10
        decimals -= 1
    return Decimal(number) * _UNITS[decimals]


def _value(thing: Thing, raw: bytes) -> Value | None:
    if thing.kind in ("unsigned", "signed"):
        return exact(int.from_bytes(raw, "little", signed=thing.kind == "signed") * thing.times, thing.decimals)
    if thing.kind == "text":
        return clean(raw.decode("utf-8", "replace"), MOST_TEXT)
    if thing.kind == "version":
        return ".".join(str(byte) for byte in reversed(raw))
    if thing.kind == "button":
        return "hold_press" if raw[0] == _HOLD else _word(_PRESSES, raw[0])
    if thing.kind == "dimmer":
        turn = _word(_TURNS, raw[0])
        return turn and f"{turn} {raw[1]}"
    return raw.hex()


def _word(words: tuple[str, ...], code: int) -> str | None:
    """The event of that code; None for "no event" (0) and for codes that are not defined."""
    return (words[code] or None) if code < len(words) else None


def _free_name(values: dict[str, Value], name: str) -> str:
    if name not in values:
        return name
    number = 2
    while f"{name}_{number}" in values:
        number += 1
    return f"{name}_{number}"
