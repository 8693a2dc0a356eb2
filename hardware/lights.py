"""The handheld's lights, through sysfs: the screen's backlight, the torch, the indicator.

Each is absent on many handhelds, and often only the administrator may switch it: then it is None, or a switch
that did nothing says so. Names are those of the kernel's LED class: `device:colour:function` (leds-class.rst).
"""

from pathlib import Path
from typing import Final

from msgspec import Struct

BACKLIGHTS: Final = Path("/sys/class/backlight")
LEDS: Final = Path("/sys/class/leds")
DIMMED: Final = 5
"""A dimmed screen has a fifth of its brightest."""
_TORCHES: Final = ("torch", "flash")
_INDICATORS: Final = ("status", "indicator", "notification", "charging")


class Light(Struct, frozen=True):
    """One light: a folder with `brightness` and `max_brightness`."""

    folder: Path

    @property
    def level(self) -> int | None:
        """0 is dark; None when it cannot be read."""
        return _number(self.folder / "brightness")

    @property
    def brightest(self) -> int:
        return _number(self.folder / "max_brightness") or 1

    def set(self, level: int) -> bool:
        """Whether the kernel took it."""
        try:
            (self.folder / "brightness").write_text(str(level), "ascii")
        except OSError:
            return False
        return True


class Backlight:
    """The screen's light, dimmed for a while and then as it was."""

    def __init__(self, light: Light) -> None:
        self._light = light
        self._before: int | None = None

    def dim(self) -> None:
        level, dimmed = self._light.level, max(1, self._light.brightest // DIMMED)
        if self._before is None and level is not None and level > dimmed and self._light.set(dimmed):
            self._before = level

    def restore(self) -> None:
        """As it was before `dim`; nothing where it was not dimmed."""
        if self._before is not None and self._light.set(self._before):
            self._before = None


class Torch:
    def __init__(self, light: Light) -> None:
        self._light = light
        self.on = bool(light.level)

    def switch(self) -> bool:
        """On when it was off, and off when it was on. Whether the kernel took it."""
        if not self._light.set(0 if self.on else self._light.brightest):
            return False
        self.on = not self.on
        return True


def backlight(folder: Path = BACKLIGHTS) -> Light | None:
    return next(iter(_lights(folder)), None)


def torch(folder: Path = LEDS) -> Light | None:
    return next((light for light in _lights(folder) if any(word in light.folder.name for word in _TORCHES)), None)


def indicator(colour: str, folder: Path = LEDS) -> Light | None:
    """The indicator of that colour, `green` or `red`."""
    lights = [light for light in _lights(folder) if f":{colour}:" in f":{light.folder.name}:"]
    return next((light for light in lights if light.folder.name.rpartition(":")[2] in _INDICATORS), None)


def _lights(folder: Path) -> list[Light]:
    try:
        return [Light(found) for found in sorted(folder.iterdir()) if (found / "brightness").exists()]
    except OSError:
        return []


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
