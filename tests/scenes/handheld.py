"""The handheld's own program, with its clock where a scene set it: `python -m tests.scenes.handheld run …`.

Replaced is only what time it is: the file of a staged clock, which the office of the scene follows too.
"""

import os
from pathlib import Path

from app.ports import Moment
from hardware import clock
from hardware.clock import FollowedClock, SystemClock

CLOCK, BEGAN = "SCENE_CLOCK", "SCENE_BEGAN"
"""The file that shows the time, and what it showed when the scene began: boot time goes along with it."""


class SceneClock(SystemClock):
    def __init__(self, off: int | None = None) -> None:
        super().__init__(off)
        self._shown = Path(os.environ[CLOCK])
        self._began = int(os.environ[BEGAN])
        self._wall = FollowedClock(self._shown)

    def now(self) -> Moment:
        skipped = int(self._shown.read_text(encoding="ascii").split()[0]) - self._began
        real = super().now()
        return Moment(self._wall(), real.up + skipped, real.boot, self.off)


def main() -> None:
    clock.SystemClock = SceneClock  # type: ignore[misc]  # before anything asks what time it is
    from screens.__main__ import main as watchbook

    watchbook()


if __name__ == "__main__":
    main()
