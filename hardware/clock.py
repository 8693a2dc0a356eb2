"""The handheld's clocks: wall, boot time, and which boot (decision 11).

The wall clock may be wrong and may jump; boot time counts on through sleep and only ends with the boot.
"""

import time
import uuid
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from app.ports import Clock, Moment

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """The real clock. `off` is set by whoever measured the office's clock, in milliseconds."""

    def __init__(self, off: int | None = None) -> None:
        self.off = off

    def set_off(self, off: int) -> None:
        """The office's clock minus ours was measured."""
        self.off = off

    def now(self) -> Moment:
        return Moment(time.time_ns() // 1_000_000, _up_ms(), boot_id(), self.off)


class StagedClock:
    """A clock for demonstrations: it starts at `began` (wall and boot time), runs `speed` times as fast as
    `base`, and can skip what nobody wants to wait for. Boot time moves with it, so that dwell times, pauses
    and walks stay true to one another.
    """

    def __init__(self, base: Clock, began: Moment, speed: float = 1.0, shown: Path | None = None) -> None:
        """`shown` is a file that tells this time to other programs of this machine, see `FollowedClock`."""
        self._base = base
        self._began = began
        self._speed = speed
        self._since = base.now().up
        self._skipped = 0
        self._shown = shown
        self._show()

    def now(self) -> Moment:
        moment, began = self._base.now(), self._began
        passed = round((moment.up - self._since) * self._speed) + self._skipped
        return Moment(began.at + passed, began.up + passed, moment.boot, moment.off)

    def skip(self, ms: int) -> None:
        """Let `ms` pass at once. A full disk does not hold it up: the other programs then stay behind."""
        self._skipped += ms
        with suppress(OSError):
            self._show()

    def _show(self) -> None:
        if self._shown is not None:
            made = self._shown.with_suffix(".new")
            made.write_text(f"{self._began.at + self._skipped} {self._since} {self._speed}", encoding="ascii")
            made.replace(self._shown)


class FollowedClock:
    """The wall clock of a StagedClock over the real one in another program of this machine."""

    def __init__(self, shown: Path) -> None:
        """Raises OSError or ValueError where no clock is shown."""
        self._shown = shown
        self()

    def __call__(self) -> int:
        """Now, UTC ms."""
        at, since, speed = self._shown.read_text(encoding="ascii").split()
        return int(at) + round((_up_ms() - int(since)) * float(speed))


@lru_cache(1)
def boot_id() -> str:
    """The kernel's id of this boot. Without Linux's, one made up for this run of the program: then times
    of two runs are never compared, which is the safe mistake."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.uuid4())


def _up_ms() -> int:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return time.monotonic_ns() // 1_000_000
