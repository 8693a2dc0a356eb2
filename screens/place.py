"""One place: going there, what is to be done there with what it should look like (D22), and what was not done.

A place with nothing wrong is scan, Enter. What is due, and what being there means, the watch says.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.duties.evidence import Near, Nearness
from app.duties.places import Due, PlaceToday
from app.duties.schedule import clock_text
from app.duties.site import Phrase, Point
from app.errors import NotAllowed
from app.meaning import Meant
from app.ports import Scan, Sighting
from app.tending import Arrived, Item, Tending
from app.words import say
from screens.choices import Choices, ListPage
from screens.finding import FindingPage
from screens.label import CodePage
from screens.layout import AIR, Block, Line, fitting, heading, line, paragraph
from screens.page import Page
from screens.round import BARS, CODES_ONLY, STALE_S, bar
from screens.times import clock

if TYPE_CHECKING:
    from screens.terminal import Terminal


class PlaceScans(Page):
    """A page on which the label of a place is being there."""

    @property
    def tending(self) -> Tending:
        return Tending.of(self.gear.watch)

    async def scanned(self, scan: Scan) -> bool:
        kind = self.gear.watch.meaning(scan.text).kind
        if kind is Meant.UNKNOWN:
            await self.gear.watch.scan(scan)  # nobody's code is recorded as seen
            raise NotAllowed("places.no_place")
        if kind not in (Meant.POINT, Meant.ASSET):
            return False
        show(self.terminal, await self.tending.reach(scan))
        return True


def show(terminal: "Terminal", arrived: Arrived) -> None:
    """The place where the crew is, on top of the list of places."""
    from screens.places import PlacesPage

    watch = terminal.gear.watch
    point = watch.plan.find_point(arrived.point)
    name = point.name.say(terminal.lang) if point else arrived.point
    if not terminal.down_to(PlacesPage):
        terminal.open(PlacesPage())
    if not arrived.done:
        terminal.open(PlacePage(arrived.point))
    said, role = say(terminal.lang, "places.arrived_done" if arrived.done else "places.arrived", name=name), "ok"
    if arrived.marks:
        marks = " ".join(say(terminal.lang, f"marks.{mark}") for mark in arrived.marks)
        said, role = say(terminal.lang, "places.marked", said=said, marks=marks), "mark"
    terminal.signal(role)
    terminal.tell(said, role)


def point_name(page: Page, point: str) -> str:
    found = page.gear.watch.plan.find_point(point)
    return found.name.say(page.lang) if found else point


def till(page: Page, place: PlaceToday) -> str:
    """By when the most urgent of it must be done."""
    slot = place.open[0].slot
    time = clock_text(slot.closes, slot.opens)
    return page.say("places.was_till" if place.due is Due.OVERDUE else "places.till", time=time)


class GoPage(PlaceScans):
    """On the way to a place: where it is, what is to be done there, and what shows that the crew has come."""

    def __init__(self, point: Point) -> None:
        super().__init__()
        self._point = point
        self._near: Near | None = None
        self._heard_at = 0.0

        self._place: PlaceToday | None = None

    def look_up(self) -> None:
        self._place = next((each for each in self.tending.places() if each.point == self._point.id), None)

    @property
    def _waits(self) -> bool:
        """Something is to be done there now."""
        return self._place is not None and bool(self._place.open)

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        head = heading(self._point.name.say(self.lang), clock(self.gear.watch.now()), width)
        way = self._point.way.say(self.lang)
        blocks: list[Block] = [AIR, (3, paragraph(f"  {way}", "text", width, "  ") if way else []), AIR]
        blocks += [(0, [line((self.say("places.due"), "dim"))]), *self._tasks(width), AIR]
        return [*head, *fitting([*blocks, (1, self._signal(width))], height - len(head))]

    def _tasks(self, width: int) -> list[Block]:
        rows: list[Block] = []
        for task in self._place.tasks if self._place else ():
            name = self.schedule_name(task.slot.schedule)
            opens, closes = clock(task.slot.opens), clock_text(task.slot.closes, task.slot.opens)
            words = self.say(f"places.task_{task.due}", name=name, opens=opens, closes=closes)
            role = {Due.NOW: "key", Due.OVERDUE: "mark"}.get(task.due, "dim")
            rank = 0 if task.due in (Due.NOW, Due.OVERDUE) else 5
            rows.append((rank, paragraph(f"  {words}", role, width, "    ")))
        return rows

    def _signal(self, width: int) -> list[Line]:
        if not self._waits:
            return paragraph(self.say("places.nothing_here"), "text", width)
        fault = self.terminal.radio.fault
        if not self._point.beacons or fault == CODES_ONLY:
            return paragraph(self.say("places.go"), "text", width)
        if fault:
            return paragraph(self.say(fault), "mark", width)
        near = self._fresh()
        rows = [line(f"{self.say('round.near')} ", bar(near))]
        closer = near is not None and near.state is Nearness.FAR and near.bars >= BARS and near.wait_ms
        words = self.say("round.stand", n=-(-near.wait_ms // 1000)) if near and closer else self.say("places.go_near")
        return [*rows, *paragraph(words, "text", width)]

    def _fresh(self) -> Near | None:
        if asyncio.get_running_loop().time() - self._heard_at > STALE_S:
            self._near = None
        return self._near

    def foot(self) -> Sequence[tuple[str, str]]:
        if not self._waits:
            return (self.back_key, self.menu_key)
        keys = [("1", self.say("places.key_code")), ("2", self.say("places.key_shut"))]
        if self.gear.camera is not None:
            keys.insert(0, ("Enter", self.say("places.key_camera")))
        return (*keys, self.back_key, self.menu_key)

    # -- keys, radio ---------------------------------------------------------------------------
    async def digit(self, key: str) -> None:
        match key:
            case "1":
                self.terminal.open(CodePage(self._typed))
            case "2" if self._waits:
                self.terminal.open(ShutPage(self._point, self.gear.watch.plan.skip_reasons))

    async def enter(self) -> None:
        if self.gear.camera is not None:
            await self.terminal.scan_with_camera()
        elif self._waits:
            self.terminal.tell(self.say("places.go_near" if self._point.beacons else "places.go"), "mark")

    async def _typed(self, code: str) -> None:
        show(self.terminal, await self.tending.reach_by_code(code))

    def heads_for(self) -> Point | None:
        if self._place is None:  # asked before the first drawing
            self.look_up()
        return self._point if self._waits else None

    async def sighted(self, sighting: Sighting) -> None:
        near, arrived = await self.tending.near(self._point.id, sighting)
        if arrived is not None:
            show(self.terminal, arrived)
            return
        self._heard_at = asyncio.get_running_loop().time()
        if self._near is None or (near.state, near.bars) != (self._near.state, self._near.bars):
            self._near = near
            self.show()


class ShutPage(ListPage[Phrase]):
    """Why nothing can be done at a place."""

    def __init__(self, point: Point, reasons: Sequence[Phrase]) -> None:
        super().__init__(reasons)
        self._point = point

    def head(self) -> tuple[str, str]:
        return self._point.name.say(self.lang), ""

    def intro(self) -> str:
        return self.say("places.shut_title" if len(self.choices) else "round.no_reasons")

    def item(self, reason: Phrase) -> str:
        return reason.text.say(self.lang)

    async def chosen(self, reason: Phrase) -> None:
        from screens.places import PlacesPage

        await Tending.of(self.gear.watch).leave_out(self._point.id, reason.id)
        self.terminal.down_to(PlacesPage)
        self.terminal.signal("mark")
        name, words = self._point.name.say(self.lang), reason.text.say(self.lang)
        self.terminal.tell(self.say("places.shut", name=name, reason=words), "mark")


# -- there ---------------------------------------------------------------------------------------


class PlacePage(PlaceScans):
    """What is to be done where the crew is: Enter when all of it is done, a digit for what is not."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self._point = point
        self._items: Choices[Item] | None = None
        self._listed: tuple[Item, ...] = ()

    def look_up(self) -> None:
        items = self.tending.items(self._point)
        if self._items is None or items != self._listed:
            self._listed, self._items = items, Choices(items, self._words, _role)

    def _words(self, item: Item) -> str:
        text, standard = item.check.text.say(self.lang), item.check.standard.say(self.lang)
        sign = "" if item.answer is None else "+ " if item.answer.ok else "x "
        return f"{sign}{text}: {standard}" if standard else f"{sign}{text}"

    def draw(self, width: int, height: int) -> Sequence[Line]:
        count = self.say("places.items", n=len(self._listed))
        rows = [*heading(point_name(self, self._point), count, width), ()]
        return [*rows, *(self._items.draw(width, height - len(rows), self.more) if self._items else ())]

    def foot(self) -> Sequence[tuple[str, str]]:
        said = any(item.answer is not None for item in self._listed)
        last = min(len(self._listed), 9)
        digits = f"1-{last}" if last > 1 else "1"
        return (
            ("Enter", self.say("places.key_rest" if said else "places.key_done")),
            (digits, self.say("places.key_item")),
            self.menu_key,
        )

    async def digit(self, key: str) -> None:
        item = self._items.pick(key) if self._items else None
        if item is not None:
            self.terminal.open(WhyPage(item, self.gear.watch.plan.skip_reasons))

    async def move(self, step: int) -> None:
        if self._items:
            self._items.turn(step)

    async def enter(self) -> None:
        failed = sum(item.answer is not None and not item.answer.ok for item in self._listed)
        await self.tending.all_done(self._point)
        self.leave(len(self._listed) - failed)

    def leave(self, count: int) -> None:
        """All is said of this place: back to the list, which says where to go on."""
        name = point_name(self, self._point)
        self.terminal.close(self)
        self.terminal.signal("ok")
        said, way = self.say("places.done", name=name, n=count), self.tending.way()
        if way:
            said = self.say("places.done_next", said=said, name=point_name(self, way[0].point))
        self.terminal.tell(said)


def _role(item: Item) -> str:
    return "text" if item.answer is None else "dim" if item.answer.ok else "bad"


PROBLEM, AFTER_ALL = "places.problem", "places.after_all"


class WhyPage(ListPage[Phrase | str]):
    """One thing is not as it should be: something is wrong, or it could not be done, or it was done after all."""

    def __init__(self, item: Item, reasons: Sequence[Phrase]) -> None:
        failed = item.answer is not None and not item.answer.ok
        super().__init__([*([AFTER_ALL] if failed else []), PROBLEM, *reasons])
        self._item = item

    def head(self) -> tuple[str, str]:
        return self._item.check.text.say(self.lang), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self._item.check.standard.say(self.lang)

    def item(self, item: Phrase | str) -> str:
        return self.say(item) if isinstance(item, str) else self.say("places.why_row", reason=item.text.say(self.lang))

    async def chosen(self, item: Phrase | str) -> None:
        tending, words = Tending.of(self.gear.watch), self._item.check.text.say(self.lang)
        if item == AFTER_ALL:
            await tending.done_after_all(self._item)
            said, role = self.say("places.noted_done", item=words), "ok"
        else:
            await tending.not_done(self._item, item.id if isinstance(item, Phrase) else None)
            said, role = self.say("places.noted", item=words), "mark"
        self.terminal.close(self)
        self.terminal.signal(role)
        page = self.terminal.top
        if isinstance(page, PlacePage) and not tending.items(self._item.stop.point):
            page.leave(0)
            if item != PROBLEM:
                await tending.settle()
        self.terminal.tell(said, role)
        if item == PROBLEM:
            self.terminal.open(FindingPage(check=self._item.check))
