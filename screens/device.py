"""The handheld's own parts while the terminal runs: its battery, its torch, the buttons beside the keypad."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from app.words import say
from hardware.power import LOW, Battery

if TYPE_CHECKING:
    from hardware.side_keys import Pressed, SideKeys
    from screens.terminal import Terminal

BATTERY_S: Final = 60


class Device:
    """What happens to it is told by the terminal; `changed` draws the status line again."""

    def __init__(self, terminal: "Terminal", changed: Callable[[], None]) -> None:
        self._terminal = terminal
        self._changed = changed
        self._battery: Battery | None = None
        self._low = False
        self._look: asyncio.TimerHandle | None = None
        self._side_keys: SideKeys | None = None

    def start(self) -> None:
        self._look_at_battery()
        if keys := self._terminal.gear.side_keys:
            from hardware.side_keys import SideKeys

            self._side_keys = SideKeys(keys, self._pressed)
            self._side_keys.start()

    def stop(self) -> None:
        if self._look is not None:
            self._look.cancel()
        if self._side_keys is not None:
            self._side_keys.stop()

    @property
    def percent(self) -> int | None:
        """Of the battery; None where there is none."""
        return self._battery.percent if self._battery else None

    def _look_at_battery(self) -> None:
        """Once a minute where there is one. Low, it sends at once, dims and says so: once until it is charged."""
        gear = self._terminal.gear
        self._battery = battery = gear.battery()
        if battery is None:
            return
        low = battery.percent <= LOW and not battery.charging
        if low != self._low:
            self._low = low
            gear.dim(low)
            if low:
                self._say_low(battery.percent)
        self._changed()
        self._look = asyncio.get_running_loop().call_later(BATTERY_S, self._look_at_battery)

    def _say_low(self, percent: int) -> None:
        terminal = self._terminal
        if terminal.gear.office is not None:
            terminal.gear.office.sync_now()
        terminal.signal("mark")
        terminal.tell(say(terminal.lang, "status.battery_low", percent=percent), "mark")

    async def switch_torch(self) -> None:
        terminal = self._terminal
        if terminal.gear.torch is None or not terminal.gear.torch():
            terminal.tell(say(terminal.lang, "menu.no_torch"), "mark")

    # -- buttons -------------------------------------------------------------------------------
    def _pressed(self, pressed: "Pressed") -> None:
        self._terminal.in_turn(self.switch_torch if pressed.action == "torch" else partial(self._sos, pressed.held))

    async def _sos(self, held: bool) -> None:
        """Held, it is the alarm; a short press is what a 9 is."""
        from screens.alarm import RAISE, AlarmPage  # the first screen does not need it

        terminal = self._terminal
        await terminal.end_practice()  # this key is never practice
        if held and terminal.gear.watch.may_raise_alarm:
            await terminal.gear.watch.raise_alarm()
            terminal.signal("mark")
        if not terminal.down_to(AlarmPage):
            terminal.open(AlarmPage(pressed=1))
        elif not held:
            await terminal.top.digit(RAISE)
