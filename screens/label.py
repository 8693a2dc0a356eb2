"""Typing the short code under a label, where nothing can be read. Scanning needs no page."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from app.duties.rounds import Progress
from screens.layout import Line, heading, paragraph
from screens.names import route_stop
from screens.number import Digits, field
from screens.times import clock
from screens.typed import TypedPage

CODE = Digits(limit=12)


class CodePage(TypedPage):
    """The short code under a label, typed where nothing can be read; the radio listens on meanwhile.

    What it hears is recorded, and said here: whoever reads a label presses on without looking at the screen, so this
    page stays until they leave it, and no digit of a code answers what nobody has seen.
    """

    walks: ClassVar[bool] = True

    def __init__(self, arrive: Callable[[str], Awaitable[None]] | None = None, last: str | None = None) -> None:
        """`arrive`: what a code does where no round is walked; `last`: the stop that the round had reached by then."""
        super().__init__(CODE)
        self._arrive = arrive
        self._last = last

    @property
    def half_typed(self) -> bool:
        return True

    def _heard(self) -> Progress | None:
        """The round, if a stop was reached while this page was open."""
        progress = self.gear.watch.state.round
        return progress if progress and self._arrive is None and progress.last != self._last else None

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [*heading(self.say("round.code_title"), clock(self.gear.watch.now()), width), ()]
        if (heard := self._heard()) is not None:
            stop = route_stop(self.gear.watch.plan, heard.route, heard.last or "")
            rows += paragraph(self.say("round.code_heard", place=self.place_of(stop) if stop else ""), "ok", width)
            return [*rows, (), field(self.say("round.code"), self.typed)]
        rows += paragraph(self.say("round.code_how"), "text", width)
        rows += [(), field(self.say("round.code"), self.typed), ()]
        return [*rows, *paragraph(self.say("round.code_weak"), "dim", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        words, heard = "signin.confirm", self._heard()
        if heard is not None:
            words = "round.key_checks" if heard.at_stop else "round.go_back"
        return (("Enter", self.say(words)), self.back_key, self.menu_key)

    async def enter(self) -> None:
        if self._heard() is not None:
            self.terminal.show_stop()
            return
        if self.typed.empty:
            self.terminal.close(self)
            return
        typed, self.typed = self.typed.typed, CODE
        if self._arrive is not None:
            await self._arrive(typed)
        else:
            self.terminal.arrived(await self.gear.watch.type_code(typed))
