"""Help: how a shift goes in a few sentences, then the keys, from the one table that also binds them."""

from collections.abc import Sequence

from app.text import cells
from screens.keys import OTHERS
from screens.layout import Line, line, paragraph, title
from screens.page import Page
from screens.wrapping import wrap

SENTENCES = 9
COLUMN = 10
"""Cells for the name of a key."""


class HelpPage(Page):
    def __init__(self) -> None:
        super().__init__()
        self._page = 0
        self._pages = 1

    def draw(self, width: int, height: int) -> Sequence[Line]:
        room = max(1, height - 2)
        pages = _pages([*self._how(width), *self._keys(width)], room)
        self._pages = len(pages)
        self._page = min(self._page, self._pages - 1)
        head = title(self.say("help.title", page=self._page + 1, pages=self._pages), "", width)
        return [head, (), *pages[self._page]]

    def _how(self, width: int) -> list[list[Line]]:
        return [paragraph(self.say(f"help.how_{n}"), "text", width, "   ") for n in range(1, SENTENCES + 1)]

    def _keys(self, width: int) -> list[list[Line]]:
        blocks = [[line((self.say("help.keys"), "dim")), *self._key("0-9", self.say("keys.choose"), width)]]
        blocks += [self._key(action.shown, self.say(action.words), width) for action in OTHERS]
        return [*blocks, paragraph(self.say("round.legend"), "dim", width)]

    def _key(self, name: str, words: str, width: int) -> list[Line]:
        first, *rest = wrap(words, width - COLUMN)
        head = name + " " * (COLUMN - cells(name))
        return [((head, "key"), (first, "text")), *(((" " * COLUMN, "text"), (row, "text")) for row in rest)]

    def foot(self) -> Sequence[tuple[str, str]]:
        enter = "help.next" if self._page + 1 < self._pages else "menu.back"
        return (("Enter", self.say(enter)), self.back_key)

    async def enter(self) -> None:
        if self._page + 1 < self._pages:
            self._page += 1
        else:
            self.terminal.close(self)

    async def digit(self, key: str) -> None:
        if key == "0":
            self._page = (self._page + 1) % self._pages

    async def move(self, step: int) -> None:
        self._page = max(0, min(self._pages - 1, self._page + step))


def _pages(blocks: list[list[Line]], room: int) -> list[list[Line]]:
    """Blocks of rows in pages of `room` rows; a block is not torn."""
    pages: list[list[Line]] = [[]]
    for block in blocks:
        if pages[-1] and len(pages[-1]) + len(block) > room:
            pages.append([])
        pages[-1] += block
    return pages
