"""Today by place, what cleaners and gardeners see instead of rounds: where to go now, what is overdue, how far it is.

It decides nothing: places and their order come from app.duties.places.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from app.duties import places
from app.duties.places import Due, PlaceToday
from app.duties.schedule import Standing
from app.tending import Tending
from screens.choices import Choices, ListPage
from screens.layout import AIR, Block, Line, fitting, flow, heading, line, paragraph
from screens.page import Page
from screens.place import GoPage, PlacePage, PlaceScans, point_name, till
from screens.times import clock
from screens.waiting import waiting

if TYPE_CHECKING:
    from screens.terminal import Terminal

LISTED: Final = 6
"""Places below the first one that have a digit; `7` and `8` do something else."""
LONGEST_SLEEP_S: Final = 6 * 3600


def begin(terminal: "Terminal") -> None:
    """The page with which a crew begins that works by place."""
    if Tending.of(terminal.gear.watch).places():
        terminal.open(PlacesPage())


def how_far(page: Page) -> str:
    """One line of home: how many places are done, and where to go next; empty for a crew that has none."""
    tending = Tending.of(page.gear.watch)
    if not (today := tending.places()):
        return ""
    done, every = places.progress(today)
    way = tending.way(today)
    words = "places.home" if way else "places.home_done"
    return page.say(words, done=done, all=every, name=point_name(page, way[0].point) if way else "")


class PlacesPage(PlaceScans):
    is_start: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._today: tuple[PlaceToday, ...] = ()
        self._way: tuple[PlaceToday, ...] = ()
        self._here: str | None = None
        """Where the crew has arrived and not said that all is done."""
        self._others: Choices[PlaceToday] | None = None
        self._teams = False
        self._turn: asyncio.TimerHandle | None = None
        """One wake-up, when the next window opens or closes; nothing ticks here."""

    # -- drawing -------------------------------------------------------------------------------
    def look_up(self) -> None:
        tending = self.tending
        self._today = tending.places()
        way, self._here = tending.way(self._today), tending.standing_at()
        if way != self._way or self._others is None:
            self._way = way
            rest = [place for place in way[0 if self._here else 1 :] if place.point != self._here]
            self._others = Choices(rest, self._row, lambda place: _ROLES[place.due], LISTED)
        self._teams = _may_sign_team(self)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        now = self.gear.watch.now()
        self._wake_at_change()
        done, every = places.progress(self._today)
        head = heading(self.say("places.title", done=done, all=every), clock(now), width)
        said = enumerate([*waiting(self), *self._rounds()])
        top: list[Block] = [(1 + 3 * bool(n), paragraph(words, "mark", width, "  ")) for n, words in said]
        rows = fitting([*top, AIR, *self._first(width), AIR], height - len(head))
        room = height - len(head) - len(rows)
        return [*head, *rows, *(self._others.draw(width, room, self.more) if self._others and room > 1 else ())]

    def _rounds(self) -> list[str]:
        """A round that is to be walked now besides: it stands on home."""
        due = [duty for duty in self.gear.watch.today() if duty.standing is Standing.OPEN]
        return [self.say("places.round_due", name=self.schedule_name(due[0].slot.schedule))] if due else []

    def _first(self, width: int) -> list[Block]:
        """The answer to "what now?"."""
        if self._here is not None:
            name = self.say("places.arrived", name=point_name(self, self._here))
            return [(0, paragraph(f"> {name}", "key", width, "  "))]
        if not self._way:
            return [(0, self._nothing(width))]
        place, over = self._way[0], sum(each.due is Due.OVERDUE for each in self._way)
        facts = [self.say("places.left", n=len(self._way)), *([self.say("places.overdue", n=over)] if over else [])]
        works = [self.schedule_name(task.slot.schedule) for task in place.open]
        return [
            (0, [line((f"{self.say('places.next')}  ", "dim"), ("  ".join(facts), "mark" if over else "dim"))]),
            (0, paragraph(f"> {point_name(self, place.point)}", "key", width, "  ")),
            (2, flow([till(self, place), *works], _ROLES[place.due], width, "  ")),
        ]

    def _nothing(self, width: int) -> list[Line]:
        if not self._today:
            return paragraph(self.say("places.nothing"), "text", width)
        later = places.later(self._today, self.gear.watch.now())
        words = self.say("places.next_opens", time=clock(later)) if later else self.say("places.nothing_more")
        return [line((self.say("places.all_done"), "ok")), *paragraph(words, "text", width)]

    def _row(self, place: PlaceToday) -> str:
        items = self.say("places.items", n=len(place.open))
        return f"{point_name(self, place.point)} {items} {till(self, place)}"

    def foot(self) -> Sequence[tuple[str, str]]:
        enter = "places.key_here" if self._here else "places.key_next"
        keys = [("Enter", self.say(enter))] if self._here or self._way else []
        keys += [("7", self.say("places.key_team"))] if self._teams else []
        return (*keys, ("8", self.say("places.key_all")), ("Backspace", self.say("places.key_home")), self.menu_key)

    # -- keys ----------------------------------------------------------------------------------
    async def digit(self, key: str) -> None:
        if key == "7" and self._teams:
            from screens.team import open_team

            open_team(self)
        elif key == "8":
            rest = [place for place in self._today if not place.open]
            self.terminal.open(AllPage([*self._way, *rest]))
        elif key not in "789" and self._others is not None and (place := self._others.pick(key)) is not None:
            self.go(place)

    async def move(self, step: int) -> None:
        if self._others is not None:
            self._others.turn(step)

    async def enter(self) -> None:
        if self._here is not None:
            self.terminal.open(PlacePage(self._here))
        elif self._way:
            self.go(self._way[0])

    def go(self, place: PlaceToday) -> None:
        point = self.gear.watch.plan.find_point(place.point)
        if point is not None:
            self.terminal.open(GoPage(point))

    # -- time ----------------------------------------------------------------------------------
    def _wake_at_change(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
        now = self.gear.watch.now().timestamp()
        ahead = [edge - now for edge in places.turns(self._today) if edge > now]
        if ahead:
            wait = min(LONGEST_SLEEP_S, min(ahead) + 0.5)
            self._turn = asyncio.get_running_loop().call_later(wait, self._window_turned)

    def _window_turned(self) -> None:
        """More is to be done, or something is overdue: say so, and be felt."""
        before = {(place.point, place.due) for place in self._way}
        self.show()
        if self.is_current and {(place.point, place.due) for place in self._way} - before:
            self.terminal.signal("ok")
            self.terminal.turned_by_itself()

    def on_unmount(self) -> None:
        if self._turn is not None:
            self._turn.cancel()


_ROLES: Final = {
    Due.OVERDUE: "mark",
    Due.NOW: "text",
    Due.LATER: "dim",
    Due.MISSED: "bad",
    Due.SKIPPED: "mark",
    Due.DONE: "dim",
}


def _may_sign_team(page: Page) -> bool:
    if not page.gear.watch.plan.teams or page.gear.watch.state.shift is None:
        return False
    from app.teams import Teams

    return bool(Teams.of(page.gear.watch).teams())


class AllPage(ListPage[PlaceToday]):
    """Every place of today and how it stands: what is open in the order of the way, what is done last."""

    def __init__(self, today: Sequence[PlaceToday]) -> None:
        order = list(_ROLES)
        super().__init__(sorted(today, key=lambda place: order.index(place.due)))

    def head(self) -> tuple[str, str]:
        return self.say("places.list"), clock(self.gear.watch.now())

    def item(self, place: PlaceToday) -> str:
        name = point_name(self, place.point)
        if place.open:
            return f"{name} {till(self, place)}"
        opens = places.later([place], self.gear.watch.now())
        return self.say(f"places.row_{place.due}", name=name, time=clock(opens) if opens else "")

    def item_role(self, place: PlaceToday) -> str:
        return _ROLES[place.due]

    async def chosen(self, place: PlaceToday) -> None:
        point = self.gear.watch.plan.find_point(place.point)
        if point is not None:
            self.terminal.replace(GoPage(point))
