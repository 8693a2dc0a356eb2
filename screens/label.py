"""Typing the short code under a label, where nothing can be read. Scanning needs no page."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from screens.layout import Line, heading, paragraph
from screens.number import Digits, field
from screens.times import clock
from screens.typed import TypedPage

CODE = Digits(limit=12)


class CodePage(TypedPage):
    """The short code under a label, typed where nothing can be read; the radio listens on meanwhile."""

    walks: ClassVar[bool] = True

    def __init__(self, arrive: Callable[[str], Awaitable[None]] | None = None) -> None:
        """`arrive`: what a code does where no round is walked."""
        super().__init__(CODE)
        self._arrive = arrive

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [*heading(self.say("round.code_title"), clock(self.gear.watch.now()), width), ()]
        rows += paragraph(self.say("round.code_how"), "text", width)
        rows += [(), field(self.say("round.code"), self.typed), ()]
        return [*rows, *paragraph(self.say("round.code_weak"), "dim", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("signin.confirm")), self.back_key, self.menu_key)

    async def enter(self) -> None:
        if self.typed.empty:
            self.terminal.close(self)
            return
        typed, self.typed = self.typed.typed, CODE
        if self._arrive is not None:
            await self._arrive(typed)
        else:
            self.terminal.arrived(await self.gear.watch.type_code(typed))
