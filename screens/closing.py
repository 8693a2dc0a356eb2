"""Leaving the program (a fitter's key): asked again, because one stray byte must not end a crew's round."""

from collections.abc import Sequence

from screens.layout import Line, paragraph, title
from screens.page import Page
from screens.times import clock


class ClosingPage(Page):
    def draw(self, width: int, height: int) -> Sequence[Line]:
        head = title(self.say("menu.quit_title"), clock(self.gear.watch.now()), width)
        return [head, (), *paragraph(self.say("menu.quit_kept"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return ("1", self.say("menu.quit_yes")), self.back_key

    async def digit(self, key: str) -> None:
        if key == "1":
            self.terminal.exit()

    async def enter(self) -> None:
        self.terminal.close(self)
