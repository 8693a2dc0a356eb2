"""Help: the screen it was asked on in two sentences, how a shift goes, then the keys of the table that binds them."""

import re
from collections.abc import Sequence

from app.text import cells
from screens.keys import OTHERS
from screens.layout import Line, hints, line, paragraph, title
from screens.page import Page
from screens.wrapping import wrap

SENTENCES = 9
COLUMN = 10
"""Cells for the name of a key."""


class HelpPage(Page):
    def __init__(self, about: Page) -> None:
        """`about`: the page that it explains first."""
        super().__init__()
        self._topic = about.topic
        self._others = about.foot() if about.large else ()
        """The page's keys, some of which it does not name itself with large letters."""
        self._page = 0
        self._pages = 1

    def draw(self, width: int, height: int) -> Sequence[Line]:
        room = max(1, height - 2)
        pages = _pages([*self._here(width), *self._how(width), *self._keys(width)], room)
        self._pages = len(pages)
        self._page = min(self._page, self._pages - 1)
        head = title(self.say("help.title", page=self._page + 1, pages=self._pages), "", width)
        return [head, (), *pages[self._page]]

    def _here(self, width: int) -> list[list[Line]]:
        said = paragraph(self.say(f"help.page_{self._topic}"), "text", width)
        return [[line((self.say("help.here"), "dim")), *said, ()], hints(self._others, width)]

    def _how(self, width: int) -> list[list[Line]]:
        head = [line((self.say("help.shift"), "dim"))]
        said = [paragraph(self.say(f"help.how_{n}"), "text", width, "   ") for n in range(1, SENTENCES + 1)]
        return [[*head, *said[0]], *said[1:]]

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


def topic_of(kind: type[Page]) -> str:
    """What the catalogue calls a page: `home_rounds` of RoundsPage in screens/home.py, `home` of HomePage there."""
    module = kind.__module__.rpartition(".")[2]
    name = "_".join(re.findall("[A-Z][a-z0-9]*", kind.__name__.removesuffix("Page"))).lower()
    return module if name == module else f"{module}_{name}"
