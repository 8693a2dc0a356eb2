"""Scanning with the handheld's own camera: opened while this page stands, and let go with it.

What it reads goes the way of every code; here only what helps is said: closer, hold still, light.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from app.ports import Scan
from hardware.camera import LIMIT_S, Camera, CameraState
from screens.layout import Line, line, paragraph, title
from screens.page import Page
from screens.tasks import begin
from screens.times import clock

TICK_S = 1.0
OVER = CameraState("camera.nothing", fault=True)


class CameraPage(Page):
    def __init__(self, camera: Camera) -> None:
        super().__init__()
        self._camera = camera
        self._state = CameraState("camera.starting")
        self._until = 0.0
        self._scanning: asyncio.Task[None] | None = None

    def on_mount(self) -> None:
        self.set_interval(TICK_S, self.show)
        self._begin()

    def on_unmount(self) -> None:
        if self._scanning is not None:
            self._scanning.cancel()

    def _begin(self) -> None:
        self._until = asyncio.get_running_loop().time() + LIMIT_S
        self._scanning = begin(self._scan(), self.terminal.fail)

    async def _scan(self) -> None:
        async with aclosing(self._camera.scan()) as seen:
            async for each in seen:
                if isinstance(each, Scan):
                    self.terminal.camera_read(self, each)
                    return
                self._say(each)
        if not self._state.fault:
            self._say(OVER)

    def _say(self, state: CameraState) -> None:
        if state.fault:
            self.terminal.signal("mark")
        self._state = state
        self.show()

    # -- drawing and keys ------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("camera.title"), clock(self.gear.watch.now()), width), ()]
        rows += paragraph(self.say("camera.how"), "text", width)
        rows += [(), *paragraph(self.say(self._state.says), self._role, width)]
        if self._state.fault:
            return rows
        left = max(0, round(self._until - asyncio.get_running_loop().time()))
        return [*rows, (), line((self.say("camera.left", s=left), "dim"))]

    @property
    def _role(self) -> str:
        return "mark" if self._state.fault else "key"

    def foot(self) -> Sequence[tuple[str, str]]:
        again = (("Enter", self.say("camera.again")),) if self._state.fault else ()
        return (*again, self.back_key, self.menu_key)

    async def enter(self) -> None:
        if self._state.fault and (self._scanning is None or self._scanning.done()):
            self._state = CameraState("camera.starting")
            self._begin()
