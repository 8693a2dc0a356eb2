"""The alarm: two presses of 9. It never says "reported" before a named person at the office has taken it."""

from collections.abc import Sequence

from screens.layout import Line, banner, paragraph, title
from screens.page import Page
from screens.times import clock

PRESSES = 2


class AlarmPage(Page):
    def __init__(self, pressed: int = 0) -> None:
        super().__init__()
        self._pressed = pressed

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("alarm.title"), clock(self.session.now()), width), ()]
        if self.session.state.alarm is not None:
            rows += banner(self.say("alarm.not_sent" if self.session.unsent else "alarm.not_taken"), "bad", width)
            return [*rows, (), *paragraph(self.say("alarm.trying"), "text", width)]
        rows += paragraph(self.say("alarm.once_more" if self._pressed else "alarm.ask"), "key", width)
        return [*rows, (), *paragraph(self.say("alarm.what"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        back = self.back_key
        return (back,) if self.session.state.alarm is not None else (("9", self.say("alarm.key")), back)

    async def digit(self, key: str) -> None:
        if key != "9" or self.session.state.alarm is not None:
            self._pressed = 0
            return
        self._pressed += 1
        if self._pressed >= PRESSES:
            self._pressed = 0
            await self.session.raise_alarm()
            self.terminal.signal("mark")

    async def back(self) -> None:
        self.terminal.close(self)
