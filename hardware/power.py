"""The handheld's battery, as the kernel tells it (Documentation/ABI/testing/sysfs-class-power)."""

from pathlib import Path
from typing import Final

from msgspec import Struct

SUPPLIES: Final = Path("/sys/class/power_supply")
LOW: Final = 10
"""Percent from which the handheld saves what it has: it sends at once, dims, and says so."""


class Battery(Struct, frozen=True):
    percent: int
    """0..100."""
    charging: bool = False
    """Also when it is full and the charger is still there."""


def battery(supplies: Path = SUPPLIES) -> Battery | None:
    """The first battery that feeds the handheld itself; None where there is none, or none that can be read."""
    try:
        folders = sorted(supplies.iterdir())
    except OSError:
        return None
    return next((found for folder in folders if (found := _read(folder)) is not None), None)


def _read(folder: Path) -> Battery | None:
    try:
        percent = int((folder / "capacity").read_text("ascii"))
    except (OSError, ValueError):
        return None
    if _word(folder / "scope") == "Device" or not 0 <= percent <= 100:  # of a keyboard or a scanner beside it
        return None
    return Battery(percent, _word(folder / "status") in ("Charging", "Full", "Not charging"))


def _word(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
