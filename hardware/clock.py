"""The handheld's clocks: wall, boot time, and which boot (decision 11).

The wall clock may be wrong and may jump; boot time counts on through sleep and only ends with the boot.
"""

import time
import uuid
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


class ShiftedClock:
    """Another clock whose wall time is moved: a demonstration has its night round at noon.

    Boot time is not moved, so dwell times and pauses stay true.
    """

    def __init__(self, base: Clock, offset_ms: int) -> None:
        self._base = base
        self._offset_ms = offset_ms

    def now(self) -> Moment:
        moment = self._base.now()
        return Moment(moment.at + self._offset_ms, moment.up, moment.boot, moment.off)


class FastClock:
    """Another clock run `speed` times as fast since `began`, boot time too: a demonstration walked in a hurry
    then shows no walk too fast to be true. `began` gives the wall time and the boot time it starts from;
    given again after a restart of the program, time goes on from there."""

    def __init__(self, base: Clock, speed: float, began: Moment | None = None) -> None:
        self._base = base
        self._speed = speed
        self._began = began or base.now()

    def now(self) -> Moment:
        moment, began = self._base.now(), self._began
        passed = round((moment.up - began.up) * self._speed)
        return Moment(began.at + passed, began.up + passed, moment.boot, moment.off)


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
