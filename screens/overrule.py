"""Why somebody answers a check otherwise than the sensor of the place: a reason, and back to the check."""

from collections.abc import Awaitable, Callable

from app.duties.checks import OVERRULES
from screens.choices import ListPage


class OverrulePage(ListPage[str]):
    def __init__(self, told: str, value: str, go_on: Callable[[str], Awaitable[None]]) -> None:
        """`told` and `value`: the sensor's figure and the person's, with their unit; `go_on` takes the reason."""
        super().__init__(OVERRULES)
        self._told = told
        self._value = value
        self._go_on = go_on

    def head(self) -> tuple[str, str]:
        return self.say("sensor.why_title"), ""

    def intro(self) -> str:
        return self.say("sensor.why", told=self._told, value=self._value)

    def item(self, item: str) -> str:
        return self.say(f"sensor.{item}")

    async def chosen(self, item: str) -> None:
        self.terminal.close(self)
        await self._go_on(item)
