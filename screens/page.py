"""A page: one thing on one screen, drawn as lines of styled spans on the cell grid.

A page says *what* stands there (`draw`) and what a key means; the sheet below it paints, and repaints
only the rows that changed. Text is never markup here, and control characters cannot reach the
terminal: every span is cleaned as it is painted.
"""

from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from app.errors import WatchbookError
from app.text import cells, clean, fit
from app.words import say
from screens.keys import bindings
from screens.themes import style

if TYPE_CHECKING:
    from screens.gear import Gear
    from screens.terminal import Terminal

Span = tuple[str, str]
"""(text, role): roles are those of screens.themes."""
Line = tuple[Span, ...]


def line(*spans: Span | str) -> Line:
    """A line of spans; plain strings have the role "text"."""
    return tuple(span if isinstance(span, tuple) else (span, "text") for span in spans)


def two(left: Span | str, right: Span | str, width: int) -> Line:
    """`left` and `right` at the two ends of a row of `width` cells; the left one gives way."""
    (a, a_role), (b, b_role) = line(left)[0], line(right)[0]
    b = fit(b, width)
    a = fit(a, max(0, width - cells(b) - 1))
    return ((a, a_role), (" " * (width - cells(a) - cells(b)), "text"), (b, b_role))


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """`text` in rows of at most `width` cells: English breaks at spaces, Chinese anywhere."""
    rows: list[str] = []
    row = indent
    for word in _words(text):
        if cells(row) + cells(word.rstrip()) > width and row.strip():
            rows.append(row.rstrip())
            row = indent
            word = word.lstrip()
        while cells(row) + cells(word.rstrip()) > width:
            head = fit(word, width - cells(row))[:-1]
            rows.append(row + head)
            row, word = indent, word[len(head) :]
        row += word
    if row.strip():
        rows.append(row.rstrip())
    return rows


def _words(text: str) -> Iterable[str]:
    word = ""
    for ch in text:
        word += ch
        if ch == " " or cells(ch) == 2:
            yield word
            word = ""
    if word:
        yield word


class Sheet(Widget, can_focus=True):
    """The cell grid of a page."""

    DEFAULT_CSS = "Sheet { width: 100%; height: 100%; }"

    def __init__(self, page: "Page") -> None:
        super().__init__()
        self._page = page
        self._lines: list[Line] = []

    def show(self) -> None:
        """Take the page's lines again and repaint the rows that differ."""
        width, height = self.size
        if width == 0:
            return
        old, self._lines = self._lines, self._page.lines(width, height)
        rows = [
            Region(0, y, width, 1)
            for y in range(height)
            if y >= len(old) or y >= len(self._lines) or old[y] != self._lines[y]
        ]
        if rows:
            self.refresh(*rows)

    def repaint(self) -> None:
        """Everything again (the theme changed)."""
        self._lines = []
        self.show()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._lines = []
        self.show()

    def render_line(self, y: int) -> Strip:
        theme = self._page.terminal.look
        width = self.size.width
        blank = style(theme, "text")
        segments: list[Segment] = []
        used = 0
        for text, role in self._lines[y] if y < len(self._lines) else ():
            shown = fit(clean(text), width - used)
            segments.append(Segment(shown, style(theme, role)))
            used += cells(shown)
            if used >= width:
                break
        if used < width:
            segments.append(Segment(" " * (width - used), blank))
        return Strip(segments, width)


class Page(Screen[None]):
    """Base of all screens: keys, notice and status line.

    Subclasses give `draw` (rows above the notice and the status line) and override the key methods
    they use. An act that raises a WatchbookError becomes the notice; nothing else is caught.
    """

    BINDINGS = bindings()
    AUTO_FOCUS = "Sheet"

    def __init__(self) -> None:
        super().__init__()
        self._notice: Span | None = None

    def compose(self) -> ComposeResult:
        yield Sheet(self)

    # -- what a page says ----------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        """The rows of this page, at most `height` of them, each at most `width` cells."""
        raise NotImplementedError(type(self).__name__)

    async def digit(self, key: str) -> None:
        """A digit, `.` or `-` was pressed."""

    async def enter(self) -> None:
        """Enter: the common answer."""

    async def back(self) -> None:
        """Backspace: by default, leave this page."""
        self.terminal.pop_screen()

    async def move(self, step: int) -> None:
        """Up (-1) or down (1)."""

    async def came_back(self) -> None:
        """This page is on top again after another one was closed."""

    # -- for pages -----------------------------------------------------------------------------
    @property
    def terminal(self) -> "Terminal":
        return cast("Terminal", self.app)

    @property
    def gear(self) -> "Gear":
        return self.terminal.gear

    def say(self, key: str, **fields: object) -> str:
        return say(self.terminal.lang, key, **fields)

    def show(self) -> None:
        """Draw again; only rows that changed are painted."""
        if self.is_mounted:
            self.query_one(Sheet).show()

    def notice(self, text: str, role: str = "mark") -> None:
        """One sentence above the status line, until the next key. Roles: ok, mark, bad."""
        self._notice = (text, role)
        self.show()

    # -- keys ----------------------------------------------------------------------------------
    async def action_press(self, key: str) -> None:
        await self._act(self.digit(key))

    async def action_enter(self) -> None:
        await self._act(self.enter())

    async def action_back(self) -> None:
        await self._act(self.back())

    async def action_move(self, step: int) -> None:
        await self._act(self.move(step))

    def action_menu(self) -> None:
        self.terminal.open_menu()

    async def _act(self, act: Awaitable[None]) -> None:
        self._notice = None
        try:
            await act
        except WatchbookError as e:
            self.gear.buzzer.signal("no")
            self._notice = (e.say(self.terminal.lang), "bad")
        self.show()

    async def on_screen_resume(self) -> None:
        await self.came_back()
        self.show()

    # -- the grid ------------------------------------------------------------------------------
    def lines(self, width: int, height: int) -> list[Line]:
        """The whole grid: the page's rows, the notice just above the status line, the status line."""
        notice: list[Line] = []
        if self._notice:
            text, role = self._notice
            notice = [((row, role),) for row in wrap(text, width)[:3]]
        room = height - 1 - len(notice)
        rows = list(self.draw(width, room))[:room]
        rows += [()] * (room - len(rows))
        return [*rows, *notice, self.terminal.status(width)]
