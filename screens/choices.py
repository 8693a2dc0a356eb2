"""A list to choose from by digits, in pages where it is longer than the screen: `0` turns the page.

What a digit means is what stood beside it when the page was last drawn.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from app.text import fit
from screens.layout import Line, heading, numbered, paragraph
from screens.page import Page
from screens.wrapping import plain

T = TypeVar("T")
MOST = 9
LONG = 100
"""Items. In a longer list each has one row: what is not shown need not be worded, and it opens as quickly."""


class Choices(Generic[T]):
    """`items` as `words` says them; `role` colours each; at most `most` on a page."""

    def __init__(
        self,
        items: Sequence[T],
        words: Callable[[T], str],
        role: Callable[[T], str] = lambda item: "text",
        most: int = MOST,
    ) -> None:
        self._items = tuple(items)
        self._words = words
        self._role = role
        self._most = most
        self._page = 0
        self._pages: list[tuple[T, ...]] = [self._items[:most]]

    def __len__(self) -> int:
        return len(self._items)

    def pick(self, key: str) -> T | None:
        """The item beside the digit `key`; None when there is none. `0` turns the page."""
        if key == "0":
            self.turn(1)
        if not key.isdigit():
            return None
        shown = self._pages[self._page]
        return shown[int(key) - 1] if 0 < int(key) <= len(shown) else None

    def turn(self, step: int) -> None:
        self._page = (self._page + step) % len(self._pages)

    def draw(self, width: int, height: int, more: Callable[[int, int], str]) -> list[Line]:
        """The page that is open; `more(page, pages)` words the row that turns it."""
        if len(self._items) > LONG:
            return self._one_row_each(width, height, more)
        rows = [numbered("1", self._words(item), width, self._role(item)) for item in self._items]
        self._pages = self._cut([len(each) for each in rows], height)
        self._page = min(self._page, len(self._pages) - 1)
        first = sum(len(page) for page in self._pages[: self._page])
        lines: list[Line] = []
        for place in range(len(self._pages[self._page])):
            head, *rest = rows[first + place]
            lines += [((f"{place + 1} ", "key"), *head[1:]), *rest]
        return [*lines, *self._turner(more)]

    def _one_row_each(self, width: int, height: int, more: Callable[[int, int], str]) -> list[Line]:
        size = max(1, min(MOST, height - 1))
        self._pages = [self._items[start : start + size] for start in range(0, len(self._items), size)]
        self._page = min(self._page, len(self._pages) - 1)
        lines: list[Line] = []
        for place, item in enumerate(self._pages[self._page], start=1):
            lines += numbered(str(place), fit(plain(self._words(item)), width - 2), width, self._role(item))
        return [*lines, *self._turner(more)]

    def _turner(self, more: Callable[[int, int], str]) -> list[Line]:
        if len(self._pages) == 1:
            return []
        return [(("0 ", "key"), (more(self._page + 1, len(self._pages)), "dim"))]

    def _cut(self, heights: list[int], room: int) -> list[tuple[T, ...]]:
        """The items in pages of at most `most` and at most `room` rows; one row goes to the page turner."""
        if len(heights) <= self._most and sum(heights) <= room:
            return [self._items]
        pages: list[tuple[T, ...]] = []
        start, used = 0, 0
        for index, height in enumerate(heights):
            if index > start and (used + height > room - 1 or index - start == self._most):
                pages.append(self._items[start:index])
                start, used = index, 0
            used += height
        return [*pages, self._items[start:]]


class ListPage(Page, Generic[T]):
    """One question and a list of answers; a digit is the answer."""

    def __init__(self, items: Sequence[T]) -> None:
        super().__init__()
        self.choices = Choices(items, self.item, self.item_role)

    @abstractmethod
    def head(self) -> tuple[str, str]:
        """Both ends of the first row."""

    def intro(self) -> str:
        """A sentence above the list, or nothing."""
        return ""

    @abstractmethod
    def item(self, item: T) -> str:
        """One answer in words."""

    def item_role(self, item: T) -> str:
        return "text"

    @abstractmethod
    async def chosen(self, item: T) -> None:
        """The crew chose `item`."""

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [*heading(*self.head(), width), *paragraph(self.intro(), "text", width), ()]
        return [*rows, *self.choices.draw(width, height - len(rows), self.more)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (self.back_key, self.menu_key)

    async def digit(self, key: str) -> None:
        item = self.choices.pick(key)
        if item is not None:
            await self.chosen(item)

    async def move(self, step: int) -> None:
        self.choices.turn(step)
