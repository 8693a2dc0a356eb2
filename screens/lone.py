"""Asking somebody who works alone whether all is well: when, how loud, and the page that one key answers (D50).

The guard looks at what the watch says after every record, and again when the time is due: by the boot clock, so that
neither a dark screen nor a clock that was set puts it off.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from app.duties.lone import SOUNDS_MS, Phase, Standing
from app.lone import Alone
from screens.alarm import RAISE, AlarmPage, standing_rows
from screens.layout import Line, banner, paragraph, title
from screens.page import Page
from screens.times import clock

if TYPE_CHECKING:
    from screens.terminal import Terminal

LOOK_S: Final = 30.0
"""At least so often: a handheld that slept wakes with its timers late."""
STEP_S: Final = {Phase.ASKED: SOUNDS_MS[Phase.ASKED] / 1000, Phase.URGED: 1.0}
"""While it asks: for the sound, and for the seconds that are left."""
SLEPT_MS: Final = 60_000
"""Not having looked for so long, the handheld slept: then nobody was asked, and the watch begins anew."""
LEAST_S: Final = 0.05
RESTS_S: Final = 8.0
"""No key for so long: nobody types any more, whatever stands in the field."""
TYPING_LOOK_S: Final = 1.0
SIGNALS: Final = {Phase.ASKED: "ask", Phase.URGED: "wake"}


class Guard:
    """Watches over somebody who works alone, while the terminal runs."""

    def __init__(self, terminal: "Terminal") -> None:
        self._terminal = terminal
        self._since: int | None = None
        """`Moment.up` since when somebody is watched over."""
        self._looked = 0
        """`Moment.up` of the last look."""
        self._sounded: tuple[Phase, int] = (Phase.WELL, 0)
        """The last signal: of which phase, and when."""
        self._timer: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Who practises is neither asked nor missed: the watch begins anew afterwards."""
        self.stop()
        standing = self._standing()
        if standing is None:
            self._since = None
            self._close()
            if self._terminal.gear.practice:
                self._again(LOOK_S)
            return
        if self._unanswered or standing.phase in SIGNALS:
            self._ask(standing)
        elif standing.phase is Phase.OVER:
            self._terminal.in_turn(self._raise)
        else:
            self._close()
        wait_s = min(STEP_S.get(standing.phase, LOOK_S), standing.turns_ms / 1000 or LOOK_S)
        self._again(min(wait_s, TYPING_LOOK_S) if self._types else wait_s)

    def _again(self, wait_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(max(LEAST_S, wait_s), self.look)

    @property
    def _types(self) -> bool:
        """Whoever is typing is told, and asked when their fingers rest; a field that was left so hides no question."""
        return not self._terminal.yields and self._terminal.idle_s < RESTS_S

    @property
    def _unanswered(self) -> bool:
        return self._terminal.gear.watch.state.unanswered

    def _standing(self) -> Standing | None:
        gear = self._terminal.gear
        if gear.practice:
            return None
        up = gear.up()
        if self._since is None or up - self._looked > SLEPT_MS:
            self._since = up
        self._looked = up
        return Alone.of(gear.watch).lone_standing(up - self._since)

    def _ask(self, standing: Standing) -> None:
        page, up = self._page(), self._terminal.gear.up()
        if page is None and self._types:
            self._terminal.tell(self._terminal.top.say("lone.when_typed"), "mark")
            self._terminal.top.show()
        elif page is None:
            self._terminal.in_turn(self._open)
        else:
            page.standing = standing
            page.show()
        phase, at = self._sounded
        signal = "" if self._unanswered else SIGNALS.get(standing.phase, "")
        if signal and (phase is not standing.phase or not 0 <= up - at < SOUNDS_MS[phase]):
            self._sounded = (standing.phase, up)
            self._terminal.signal(signal)

    async def _open(self) -> None:
        standing = self._standing()
        if self._page() is None and standing and (standing.phase is not Phase.WELL or self._unanswered):
            self._terminal.open(LonePage(standing))
            self._terminal.turned_by_itself()

    async def _raise(self) -> None:
        gear = self._terminal.gear
        since = gear.up() if self._since is None else self._since
        if not gear.practice and await Alone.of(gear.watch).lone_alarm(gear.up() - since):
            self._terminal.signal("wake")

    def _page(self) -> "LonePage | None":
        return next((page for page in self._terminal.pages if isinstance(page, LonePage)), None)

    def _close(self) -> None:
        """All is well, or nobody is alone any more: whatever was done before is on top again."""
        self._sounded = (Phase.WELL, 0)
        page = self._page()
        if page is not None and self._terminal.screen is page:
            self._terminal.close(page)
            self._terminal.turned_by_itself()


class LonePage(Page):
    """The question; Enter is "I am well"."""

    def __init__(self, standing: Standing) -> None:
        super().__init__()
        self.standing = standing

    def draw(self, width: int, height: int) -> Sequence[Line]:
        watch = self.gear.watch
        rows = [title(self.say("lone.title"), clock(watch.now()), width), ()]
        if watch.state.unanswered:
            rows += paragraph(self.say("lone.raised"), "mark", width)
            return [*rows, (), *standing_rows(self, width)]
        if self.standing.phase is Phase.URGED:
            left = -(-self.standing.turns_ms // 1000)
            rows += banner(self.say("lone.urged", n=left), "bad", width)
            return [*rows, (), *paragraph(self.say("lone.urged_what"), "text", width)]
        rows += banner(self.say("lone.asked"), "mark", width)
        return [*rows, (), *paragraph(self.say("lone.asked_what"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("lone.well")), (RAISE, self.say("alarm.key")), self.menu_key)

    async def enter(self) -> None:
        await Alone.of(self.gear.watch).answer_lone()
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("lone.answered"))

    async def digit(self, key: str) -> None:
        if key == RAISE:
            self.terminal.open(AlarmPage(pressed=1))

    def hurries(self, key: str) -> bool:
        return key == RAISE or super().hurries(key)

    def on_screen_resume(self) -> None:
        """Something was done on a page above, the alarm perhaps: then nobody need answer any more."""
        super().on_screen_resume()
        self.terminal.call_later(self.terminal.watch_over)

    async def back(self) -> None:
        """Only an answer leads on."""
        self.terminal.tell(self.say("lone.answer_first"), "mark")
