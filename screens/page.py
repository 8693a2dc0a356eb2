"""A page: one thing on one screen, drawn as lines of styled spans on the cell grid.

A page says *what* stands there (`draw`, `foot`) and what a key means; the sheet below it paints, and
repaints only the rows that changed. Text is never markup here, and control characters cannot reach the
terminal: every span is made plain as it is painted. Keys come from the terminal, one after the other.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from app.duties.evidence import Near
from app.duties.site import Point, Stop
from app.errors import WatchbookError
from app.ports import Scan, Sighting
from app.text import cells, fit
from app.words import LANGS, say
from screens.keys import MENU
from screens.layout import Line, Span, hints, paragraph, two
from screens.names import point_of, schedule_name
from screens.themes import PAPER, SIGNS, style
from screens.times import day, told
from screens.wrapping import plain, wrap

if TYPE_CHECKING:
    from screens.gear import Gear
    from screens.terminal import Terminal

CLOCK_OFF = "sync.clock_off"
NOTICE_ROWS = 3
LEAST_PART = 3
"""Rows in which a part of a longer page is worth showing."""
LEAST = (30, 15)
"""Columns and rows below which no page can be used."""
LARGE = (40, 20)
"""Columns and rows below which letters are large: a page then says only what matters most."""
FEW = 3
"""Rows of keys with large letters; the help of the page names the rest."""
WIDE = 60
"""From this width on a page shows context beside what it asks."""


def notice(said: Span | None, width: int, most: int = NOTICE_ROWS) -> list[Line]:
    """The one sentence above the keys, at most `most` full rows, with a sign for those who do not see the colour."""
    if said is None:
        return []
    text, role = said
    rows = wrap(f"{SIGNS.get(role, ' ')} {text}", width, "  ")[:most]
    return [((row + " " * (width - cells(row)), role),) for row in rows]


class Sheet(Widget):
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
        rows = [Region(0, y, width, 1) for y in range(height) if y >= len(old) or old[y] != self._lines[y]]
        if rows:
            self.refresh(*rows)

    def repaint(self) -> None:
        """Everything again: the theme changed."""
        self._lines = []
        self.show()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._lines = []
        self.show()

    def render_line(self, y: int) -> Strip:
        theme = self._page.terminal.look
        width = self.size.width
        if not self._lines:
            self._lines = self._page.lines(width, self.size.height)
        segments: list[Segment] = []
        used = 0
        for text, role in self._lines[y] if y < len(self._lines) else ():
            shown = fit(text if role == PAPER else plain(text), width - used)
            segments.append(Segment(shown, style(theme, role)))
            used += cells(shown)
            if used >= width:
                break
        if used < width:
            segments.append(Segment(" " * (width - used), style(theme, "text")))
        return Strip(segments, width)


class Page(Screen[None]):
    """Base of all screens. Subclasses give `draw` and the key methods they use."""

    walks: ClassVar[bool] = False
    """It shows the round: while it is on top, the radio listens for what waits."""
    is_start: ClassVar[bool] = False
    """A shift begins here: what the one before left is offered first."""
    _from_row = 0
    """The first row shown of a page that is longer than the screen."""
    AUTO_FOCUS: ClassVar[str | None] = ""  # keys go to the terminal's table, nothing here takes focus

    def compose(self) -> ComposeResult:
        yield Sheet(self)

    def on_unmount(self) -> None:
        self.terminal.sweep()

    # -- what a page says ----------------------------------------------------------------------
    @abstractmethod
    def draw(self, width: int, height: int) -> Sequence[Line]:
        """The rows of this page, from the top, at most `height` of them."""

    def foot(self) -> Sequence[tuple[str, str]]:
        """The keys of this page and what they do, just above the status line."""
        return ()

    def look_up(self) -> None:
        """Take from the watch what `draw`, `foot` and the keys speak of: called before each drawing."""

    async def digit(self, key: str) -> None:
        """A digit, `.` or `-` was pressed."""

    async def enter(self) -> None:
        """Enter: the common answer."""

    def hurries(self, key: str) -> bool:
        """Whether this key (Textual's name) counts here however fast it comes, and although the page has just come up
        by itself: those that lead to the alarm, since nobody waits in danger."""
        return key in MENU

    @property
    def open_question(self) -> object:
        """What the next key answers, where one page asks several things in turn."""
        return None

    @property
    def half_typed(self) -> bool:
        """Somebody is in the middle of typing here: no page comes up by itself meanwhile, see `Terminal.yields`."""
        return False

    async def back(self) -> None:
        """Backspace: by default, leave this page."""
        self.terminal.close(self)

    async def move(self, step: int) -> None:
        """Up (-1) or down (1): by default through a page that is longer than the screen."""
        self._from_row = max(0, self._from_row + step)

    def crew_changed(self) -> None:
        """Somebody has signed in while this page is on top."""

    async def scanned(self, scan: Scan) -> bool:
        """A code was read while this page is on top. True when the page took it; else the terminal does."""
        return False

    def listens(self, yes: bool) -> None:
        """Whether the radio listens for a beacon now."""

    def nearer(self, near: Near) -> None:
        """What the last sighting says."""

    def heads_for(self) -> Point | None:
        """The place that this page waits to be reached, of no round that is walked."""
        return None

    async def sighted(self, sighting: Sighting) -> None:
        """A beacon was heard while it waits for that place."""

    def awaited_tags(self) -> frozenset[tuple[str, str]] | None:
        """The tags that may yet say what this page asks; None for a page that asks no sensor."""
        return None

    @property
    def topic(self) -> str:
        """What the help calls this page, see app/words/help.py."""
        from screens.help import topic_of

        return topic_of(type(self))

    # -- for pages -----------------------------------------------------------------------------
    @property
    def terminal(self) -> "Terminal":
        return cast("Terminal", self.app)

    @property
    def gear(self) -> "Gear":
        return self.terminal.gear

    @property
    def lang(self) -> str:
        return self.terminal.lang

    def say(self, key: str, /, **fields: object) -> str:
        """The sentence `key` in the language of the moment."""
        return say(self.terminal.lang, key, **fields)

    @property
    def large(self) -> bool:
        """Whether letters are large: chosen so, or the terminal is small."""
        columns, rows = self.app.size
        return self.terminal.letters == "large" or columns < LARGE[0] or rows < LARGE[1]

    @property
    def menu_key(self) -> tuple[str, str]:
        return "*", self.say("menu.title")

    @property
    def back_key(self) -> tuple[str, str]:
        return "Backspace", self.say("menu.back")

    def more(self, page: int, pages: int) -> str:
        """The row that turns a list which is longer than the screen."""
        return self.say("home.more", page=page, pages=pages)

    def turner(self, after: int) -> Line:
        """The row that turns a list of stops, of which `after` stand further down."""
        words = self.say("round.n_more", n=after) if after > 0 else self.say("round.from_start")
        return (("0 ", "key"), (words, "dim"))

    def place_of(self, stop: Stop) -> str:
        """The stop's point, as the crew says it."""
        point = point_of(self.gear.watch.plan, stop)
        return point.name.say(self.lang) if point else stop.id

    def day_of(self, at: int) -> str:
        """When that is or was, UTC ms, seen from now: `明天22:34`."""
        return day(self.lang, self.terminal.local(at), self.gear.watch.now())

    def clock_words(self) -> str:
        """That this handheld's clock is not the office's; empty where it is, or nobody has compared them."""
        notices = self.gear.office.line.notices if self.gear.office else ()
        return next((told(self.lang, key, fields) for key, fields in notices if key == CLOCK_OFF), "")

    def schedule_name(self, schedule: str) -> str:
        return schedule_name(self.gear.watch.plan, schedule, self.lang)

    def crew(self) -> list[str]:
        """Names of the people on shift, in the order they came."""
        shift = self.gear.watch.state.shift
        people = [self.gear.watch.person(member.person) for member in shift.crew] if shift else []
        return [person.name.say(self.lang) for person in people if person]

    def show(self) -> None:
        """Draw again; only rows that changed are painted. A page that is still coming up draws itself."""
        if self.terminal.screen is self:
            for sheet in self.query(Sheet):
                sheet.show()

    def repaint(self) -> None:
        for sheet in self.query(Sheet):
            sheet.repaint()

    def on_key(self, event: events.Key) -> None:
        """A key that means nothing here: a letter, mostly, in a field of digits."""
        if event.character is not None and event.character.isalpha():
            self.terminal.in_turn(self._say_letter)

    async def _say_letter(self) -> None:
        self.terminal.tell(self.say("keys.letter"), "mark")

    def on_screen_resume(self) -> None:
        self.show()

    # -- the grid ------------------------------------------------------------------------------
    def lines(self, width: int, height: int) -> list[Line]:
        """The whole grid: the page's rows, the notice, the page's keys, the status line."""
        if width < LEAST[0] or height < LEAST[1]:
            small = [row for lang in LANGS for row in paragraph(say(lang, "platform.too_small"), "text", width)]
            return small[:height]
        self.look_up()
        foot = hints(self._few(width) if self.large else self.foot(), width)
        said = notice(self.terminal.notice, width, NOTICE_ROWS + 2 * self.large)
        said += self._guide(width)
        room = max(0, height - 1 - len(foot) - len(said))
        rows = self._part(self._drawn(width, room), room, width)
        rows += [()] * (room - len(rows))
        return [*rows, *said, *foot, self.terminal.status(width)][-height:]

    def _drawn(self, width: int, room: int) -> list[Line]:
        """Of what the office took away while the page was open, the sentence that says so."""
        try:
            return list(self.draw(width, room))
        except WatchbookError as e:
            return paragraph(e.say(self.lang), "bad", width)

    def _guide(self, width: int) -> list[Line]:
        """In practice, which key comes next."""
        if not self.gear.practice:
            return []
        from screens.practice import guide

        return guide(self, width)

    def _few(self, width: int) -> Sequence[tuple[str, str]]:
        """The first of the page's keys, and always the menu."""
        keys = list(self.foot())
        while len(keys) > 1 and len(hints(keys, width)) > FEW:
            keys.remove(next(each for each in reversed(keys[1:]) if each != self.menu_key))
        return keys

    def _part(self, rows: list[Line], room: int, width: int) -> list[Line]:
        """As much as there is room for, below the first row; the last one then says that there is more."""
        below = len(rows) - room
        if below <= 0 or room < LEAST_PART:
            self._from_row = 0
            return rows[:room]
        self._from_row = min(self._from_row, below + 1)
        end = self._from_row + room - 1
        turner = "page.up" if end > len(rows) - 1 else "page.down" if self._from_row == 0 else "page.both"
        return [rows[0], *rows[self._from_row + 1 : end], two((self.say(turner), "dim"), "", width)]
