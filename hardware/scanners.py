"""Which scanners a handheld has, as the setting `scanner` says: the table of their kinds.

    wedge                                        types into the terminal (hardware.scanner); always understood
    serial:/dev/serial/by-id/usb-…@115200        hardware.serial_scanner
    evdev:/dev/input/by-id/usb-…-event-kbd       hardware.keyboard_scanner

Several stand with commas between.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, structs

from app.ports import Clock, Scanner
from app.settings import SettingsRefused
from app.text import clean

WEDGE: Final = "wedge"
SERIAL: Final = "serial"
EVDEV: Final = "evdev"
MOST: Final = 4
LONGEST: Final = 48
"""Characters of a name that are shown."""


class Plugged(Struct, frozen=True):
    """A device that may be a scanner."""

    kind: str
    """WEDGE, SERIAL or EVDEV."""
    path: str = ""
    name: str = ""
    """What it says of itself: anybody's words."""
    rates: tuple[int, ...] = ()
    """In baud, the likeliest first; of a serial port only."""

    def setting(self, rate: int | None = None) -> str:
        """How the setting `scanner` names it, at `rate` or the first of its rates."""
        rate = rate or next(iter(self.rates), None)
        at = f"@{rate}" if rate else ""
        return f"{self.kind}:{self.path}{at}" if self.path else self.kind


def plugged() -> Sequence[Plugged]:
    """What is there now: whatever types into the terminal, serial ports, keyboards. A path with a comma, which the
    setting cannot hold, is left out."""
    from hardware.keyboard_scanner import keyboards
    from hardware.serial_scanner import BAUDS, ports

    found = [Plugged(SERIAL, path, name, BAUDS) for path, name in ports()]
    found += [Plugged(EVDEV, path, name) for path, name in keyboards()]
    return [Plugged(WEDGE), *(structs.replace(each, name=_short(each.name)) for each in found if "," not in each.path)]


def _short(name: str) -> str:
    """Both ends of a long name: two ports of one maker differ in the last of them."""
    name = clean(name)
    return name if len(name) <= LONGEST else f"{name[: LONGEST // 2]}…{name[-LONGEST // 2 :]}"


def scanners(setting: str | None, clock: Clock) -> tuple[Scanner, ...]:
    """The scanners of the setting that have a line of their own. Opens nothing yet. Raises SettingsRefused."""
    parts = [part.strip() for part in (setting or WEDGE).split(",")]
    if len(parts) > MOST:
        raise SettingsRefused("scanner.bad_kind", text=(setting or "")[:80])
    return tuple(_scanner(part, clock) for part in parts if part != WEDGE)


def _scanner(part: str, clock: Clock) -> Scanner:
    kind, _, where = part.partition(":")
    if kind == SERIAL:
        from hardware import serial_scanner

        return serial_scanner.serial_scanner(serial_scanner.parse(where), clock)
    if kind == EVDEV:
        from hardware import keyboard_scanner

        return keyboard_scanner.keyboard_scanner(keyboard_scanner.parse(where), clock)
    raise SettingsRefused("scanner.bad_kind", text=part[:80])
