"""A page with one field: digits fill it, Backspace empties it and then leaves the page."""

from screens.number import Digits
from screens.page import Page


class TypedPage(Page):
    def __init__(self, empty: Digits) -> None:
        super().__init__()
        self.typed = empty
        """What stands in the field; the page sets it anew once it was taken."""

    @property
    def half_typed(self) -> bool:
        return bool(self.typed.typed)

    @property
    def back_key(self) -> tuple[str, str]:
        return ("Backspace", self.say("stop.rub")) if self.typed.typed else super().back_key

    async def digit(self, key: str) -> None:
        self.typed = self.typed.press(key)

    async def back(self) -> None:
        if self.typed.typed:
            self.typed = self.typed.rub()
        else:
            self.terminal.close(self)
