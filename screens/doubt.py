"""A reading that looks odd: one question while the crew still stands before the gauge, and the exchange of a meter.

Whatever is answered, the reading is kept; what it is marked with is decided elsewhere.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal

from app.duties.doubts import Doubt, Kind
from app.duties.readings import Exchange
from app.duties.site import Check
from screens.choices import ListPage
from screens.layout import Line, paragraph, title
from screens.limits import unit_of
from screens.number import Digits, field
from screens.typed import TypedPage

Choice = Literal["meant", "exchanged", "keep", "again"]
CHOICES: Final[dict[Kind, tuple[tuple[str, Choice], ...]]] = {
    "meant": (("equipment.meant_yes", "meant"), ("equipment.meant_no", "keep")),
    "meter": (
        ("equipment.meter_yes", "exchanged"),
        ("equipment.meter_no", "keep"),
        ("equipment.meter_again", "again"),
    ),
    "same": (("equipment.same_yes", "keep"), ("equipment.same_no", "again")),
}


class DoubtPage(ListPage[tuple[str, Choice]]):
    def __init__(self, check: Check, value: str, doubt: Doubt, go_on: Callable[[Choice], Awaitable[None]]) -> None:
        """`value`: what was typed; `go_on` takes what the crew says to it."""
        super().__init__(CHOICES[doubt.kind])
        self._check = check
        self._doubt = doubt
        self._go_on = go_on
        self._fields = {"value": value, "meant": doubt.value, "last": doubt.value, "unit": unit_of(check)}

    def head(self) -> tuple[str, str]:
        return self.say("equipment.ask"), self._check.text.say(self.lang)

    def intro(self) -> str:
        return self.say(f"equipment.doubt_{self._doubt.kind}", **self._fields)

    def item(self, item: tuple[str, Choice]) -> str:
        return self.say(item[0], **self._fields)

    async def chosen(self, item: tuple[str, Choice]) -> None:
        self.terminal.close(self)
        await self._go_on(item[1])


class ExchangePage(TypedPage):
    """换表: the old meter's last reading, then the new one's first."""

    def __init__(self, check: Check, go_on: Callable[[Exchange], Awaitable[None]]) -> None:
        super().__init__(Digits(decimals=check.decimals))
        self._check = check
        self._go_on = go_on
        self._old: str | None = None

    def _field(self, typed: str = "") -> Digits:
        return Digits(typed, decimals=self._check.decimals)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("equipment.exchange"), self._check.text.say(self.lang), width), ()]
        asked = "equipment.old" if self._old is None else "equipment.new"
        rows += [*paragraph(self.say(asked), "key", width), (), field("", self.typed, self._check.unit), ()]
        if self._check.decimals:
            example = Digits("42", self._check.decimals)
            rows += paragraph(self.say("stop.decimals", keys=example.typed, value=example.shown), "dim", width)
        return rows

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("stop.next")), self.back_key, self.menu_key)

    async def back(self) -> None:
        if not self.typed.typed and self._old is not None:
            typed, self._old = self._old, None
            self.typed = self._field(typed)
        else:
            await super().back()

    async def enter(self) -> None:
        typed = self.typed.typed
        if self.typed.empty:
            self.terminal.tell(self.say("stop.type_number"), "mark")
        elif self._old is None:
            self._old, self.typed = typed, self._field()
        else:
            exchange = self.gear.watch.exchange(self._check, self._old, typed)
            self.terminal.close(self)
            await self._go_on(exchange)
