"""Which scanners a handheld has, as the setting `scanner` says: the table of their kinds.

    wedge                                        types into the terminal (hardware.scanner); always understood
    serial:/dev/serial/by-id/usb-…@115200        hardware.serial_scanner
    evdev:/dev/input/by-id/usb-…-event-kbd       hardware.keyboard_scanner

Several stand with commas between.
"""

from typing import Final

from app.ports import Clock, Scanner
from app.settings import SettingsRefused

WEDGE: Final = "wedge"
MOST: Final = 4


def scanners(setting: str | None, clock: Clock) -> tuple[Scanner, ...]:
    """The scanners of the setting that have a line of their own. Opens nothing yet. Raises SettingsRefused."""
    parts = [part.strip() for part in (setting or WEDGE).split(",")]
    if len(parts) > MOST:
        raise SettingsRefused("scanner.bad_kind", text=(setting or "")[:80])
    return tuple(_scanner(part, clock) for part in parts if part != WEDGE)


def _scanner(part: str, clock: Clock) -> Scanner:
    kind, _, where = part.partition(":")
    if kind == "serial":
        from hardware import serial_scanner

        return serial_scanner.serial_scanner(serial_scanner.parse(where), clock)
    if kind == "evdev":
        from hardware import keyboard_scanner

        return keyboard_scanner.keyboard_scanner(keyboard_scanner.parse(where), clock)
    raise SettingsRefused("scanner.bad_kind", text=part[:80])
