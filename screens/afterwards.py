"""What is said of rounds afterwards: explaining a mark, excusing a point, entering a round from paper (D9)."""

from collections.abc import Sequence
from typing import Final, TypeVar

from app.afterwards import Afterwards, Marked
from app.duties import life
from app.duties.life import ENTERERS, EXCUSERS, EXPLANATIONS, UNTIL, Until
from app.duties.rounds import Summary
from app.duties.schedule import Slot, clock_text
from app.duties.site import Area, Person, Phrase, Plan, Point, Schedule, Stop
from app.kinds.afterwards import StopEntered
from app.meaning import Meant
from app.ports import Scan
from screens.choices import ListPage
from screens.gear import Gear
from screens.layout import Line, paragraph, title
from screens.names import route_stop, stop_name
from screens.number import Digits, field
from screens.page import Page
from screens.photos import Roll
from screens.times import clock
from screens.typed import TypedPage
from screens.unplanned import TemporaryPage, ask_boss

T = TypeVar("T")

EXPLAIN, EXCUSE, ENTER, TEMPORARY = "life.explain", "life.excuse", "life.enter", "life.temporary"
NUMBER: Final = Digits(limit=8)
SHEET: Final = Digits(limit=12)
TIME: Final = Digits(limit=4)
NOT_OK: Final = "2"


async def open_page(gear: Gear) -> Page:
    """Where More leads."""
    return AfterwardsPage([*([EXPLAIN] if Afterwards.of(gear.watch).walked() else []), EXCUSE, ENTER, TEMPORARY])


class AfterwardsPage(ListPage[str]):
    def head(self) -> tuple[str, str]:
        return self.say("life.menu"), clock(self.gear.watch.now())

    def item(self, item: str) -> str:
        return self.say(item)

    async def chosen(self, item: str) -> None:
        match item:
            case "life.explain":
                self.terminal.open(WalkedPage(Afterwards.of(self.gear.watch).walked()))
            case "life.excuse":
                ask_boss(self, EXCUSERS, lambda boss: where(self.gear, boss))
            case "life.enter":
                ask_boss(self, ENTERERS, lambda boss: SchedulesPage(boss, Afterwards.of(self.gear.watch).schedules()))
            case "life.temporary":
                ask_boss(self, ENTERERS, TemporaryPage)


# -- explaining ----------------------------------------------------------------------------------


class WalkedPage(ListPage[tuple[Summary, Slot]]):
    """Rounds with marks, the newest first."""

    def head(self) -> tuple[str, str]:
        return self.say("life.explain"), clock(self.gear.watch.now())

    def item(self, item: tuple[Summary, Slot]) -> str:
        done, slot = item
        name, day = self.schedule_name(slot.schedule), self.terminal.local(done.started)
        return self.say("life.walked", day=f"{day:%m-%d}", time=clock(day), name=name, n=len(done.marks))

    async def chosen(self, item: tuple[Summary, Slot]) -> None:
        await open_marks(self, item[0], item[1].route)


async def open_marks(page: Page, done: Summary, route: str) -> None:
    marks = await Afterwards.of(page.gear.watch).marks_of(done)
    page.terminal.open(MarksPage(done, route, marks))


class MarksPage(ListPage[Marked]):
    """The marks of one round, with what was said of each."""

    def __init__(self, done: Summary, route: str, marks: Sequence[Marked]) -> None:
        super().__init__(marks)
        self._done = done
        self._route = route

    def head(self) -> tuple[str, str]:
        return self.say("life.explain"), clock(self.terminal.local(self._done.started))

    def intro(self) -> str:
        return self.say("life.marks" if len(self.choices) else "life.no_marks")

    def item(self, marked: Marked) -> str:
        where, words = self._place(marked), self.say(f"marks.{marked.mark}")
        said = self.say("life.said", words=marked.said) if marked.said else ""
        return f"{where}: {words} {said}".strip()

    def _place(self, marked: Marked) -> str:
        if not marked.stop:
            return self.say("round.sum_whole")
        return stop_name(self.gear.watch.plan, self._route, marked.stop, self.lang)

    def item_role(self, marked: Marked) -> str:
        return "ok" if marked.said else "mark"

    async def chosen(self, marked: Marked) -> None:
        self.terminal.open(WhyPage(marked, self.item(marked), self))

    async def explained(self) -> None:
        """The list again, with what was said."""
        marks = await Afterwards.of(self.gear.watch).marks_of(self._done)
        self.terminal.replace(MarksPage(self._done, self._route, marks))


class WhyPage(ListPage[str]):
    """The mark with its time and place, and the phrases that answer it."""

    def __init__(self, marked: Marked, words: str, marks: MarksPage) -> None:
        super().__init__(EXPLANATIONS)
        self._marked = marked
        self._words = words
        self._marks = marks

    def head(self) -> tuple[str, str]:
        return self.say("life.why"), clock(self.terminal.local(self._marked.at))

    def intro(self) -> str:
        return self._words

    def item(self, why: str) -> str:
        return self.say(f"life.why_{why}")

    async def chosen(self, why: str) -> None:
        await Afterwards.of(self.gear.watch).explain(self._marked, why)
        self.terminal.close(self)
        await self._marks.explained()
        self.terminal.signal("ok")
        self.terminal.tell(self.say("life.explained", words=self.item(why)))


# -- excusing ------------------------------------------------------------------------------------


def where(gear: Gear, boss: Person) -> Page:
    """Of the round that is walked the points still to be reached; else the areas."""
    progress, plan = gear.watch.state.round, gear.watch.plan
    left = [visit.stop for visit in progress.visits if visit.at is None and not visit.done] if progress else []
    stops = [route_stop(plan, progress.route, stop) for stop in left] if progress else []
    points = [plan.find_point(stop.point) for stop in stops if stop]
    if points:
        return PointsPage(boss, [point for point in points if point])
    return AreasPage(boss, plan)


class WherePage(ListPage[T]):
    """Where? A label that is scanned answers too."""

    def __init__(self, boss: Person, items: Sequence[T]) -> None:
        super().__init__(items)
        self.boss = boss

    def head(self) -> tuple[str, str]:
        return self.say("life.excuse_where"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("life.or_scan")

    async def scanned(self, scan: Scan) -> bool:
        meaning = self.gear.watch.meaning(scan.text)
        point = self.gear.watch.plan.find_point(meaning.id) if meaning.id and meaning.kind is Meant.POINT else None
        if point is not None:
            self.terminal.open(UntilPage(self.boss, point))
        return point is not None


class AreasPage(WherePage[Area]):
    def __init__(self, boss: Person, plan: Plan) -> None:
        super().__init__(boss, [area for area in plan.areas if any(point.area == area.id for point in plan.points)])

    def item(self, area: Area) -> str:
        return area.name.say(self.lang)

    async def chosen(self, area: Area) -> None:
        points = [point for point in self.gear.watch.plan.points if point.area == area.id]
        self.terminal.open(PointsPage(self.boss, points))


class PointsPage(WherePage[Point]):
    def item(self, point: Point) -> str:
        return point.name.say(self.lang)

    async def chosen(self, point: Point) -> None:
        self.terminal.open(UntilPage(self.boss, point))


class UntilPage(ListPage[Until]):
    def __init__(self, boss: Person, point: Point) -> None:
        super().__init__(UNTIL)
        self._boss = boss
        self._point = point

    def head(self) -> tuple[str, str]:
        return self.say("life.until_title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self._point.name.say(self.lang)

    def item(self, until: Until) -> str:
        last = self.terminal.local(life.ends(until, self.gear.watch.now()) - 1)
        return self.say(f"life.until_{until.name}", day=f"{last:%m-%d}")

    async def chosen(self, until: Until) -> None:
        reasons = Afterwards.of(self.gear.watch).excuse_reasons()
        self.terminal.open(ReasonPage(self._boss, self._point, until, reasons))


class ReasonPage(ListPage[Phrase]):
    def __init__(self, boss: Person, point: Point, until: Until, reasons: Sequence[Phrase]) -> None:
        super().__init__(reasons)
        self._boss = boss
        self._point = point
        self._until = until

    def head(self) -> tuple[str, str]:
        return self.say("life.reason_title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self._point.name.say(self.lang)

    def item(self, reason: Phrase) -> str:
        return reason.text.say(self.lang)

    async def chosen(self, reason: Phrase) -> None:
        acts = Afterwards.of(self.gear.watch)
        last = await acts.excuse(self._boss, self._point, self._until, reason.id)
        leave(self)
        self.terminal.signal("ok")
        day, place = f"{self.terminal.local(last - 1):%m-%d}", self._point.name.say(self.lang)
        self.terminal.tell(self.say("life.excused", place=place, day=day))


def leave(page: Page) -> None:
    """All of these pages close: what was done before stands there again."""
    terminal = page.terminal
    terminal.down_to(AfterwardsPage)
    terminal.close(terminal.top)


# -- from paper ----------------------------------------------------------------------------------


class SchedulesPage(ListPage[Schedule]):
    def __init__(self, boss: Person, schedules: Sequence[Schedule]) -> None:
        super().__init__(schedules)
        self._boss = boss

    def head(self) -> tuple[str, str]:
        return self.say("life.enter"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("life.which_round" if len(self.choices) else "life.no_round")

    def item(self, schedule: Schedule) -> str:
        return schedule.name.say(self.lang)

    async def chosen(self, schedule: Schedule) -> None:
        self.terminal.open(SlotsPage(self._boss, Afterwards.of(self.gear.watch).unwalked(schedule)))


class SlotsPage(ListPage[Slot]):
    def __init__(self, boss: Person, slots: Sequence[Slot]) -> None:
        super().__init__(slots)
        self._boss = boss

    def head(self) -> tuple[str, str]:
        return self.say("life.enter"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("life.which_day")

    def item(self, slot: Slot) -> str:
        return slot_words(slot)

    async def chosen(self, slot: Slot) -> None:
        self.terminal.open(PaperPage(self._boss, slot))


def slot_words(slot: Slot) -> str:
    return f"{slot.opens:%m-%d} {clock(slot.opens)}-{clock_text(slot.closes, slot.opens)}"


class PaperPage(TypedPage):
    """Which sheet: its number or page."""

    def __init__(self, boss: Person, slot: Slot) -> None:
        super().__init__(SHEET)
        self._boss = boss
        self._slot = slot

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.schedule_name(self._slot.schedule), slot_words(self._slot)[:5], width), ()]
        rows += paragraph(self.say("life.paper_how"), "text", width)
        return [*rows, (), field(self.say("life.paper"), self.typed)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("signin.next")), self.back_key, self.menu_key)

    async def enter(self) -> None:
        if self.typed.empty:
            self.terminal.tell(self.say("life.paper_how"), "mark")
        else:
            self.terminal.open(WalkersPage(self._boss, self._slot, self.typed.typed))


class WalkersPage(TypedPage):
    """Whose names stand on the sheet, by staff number."""

    def __init__(self, boss: Person, slot: Slot, paper: str) -> None:
        super().__init__(NUMBER)
        self._boss = boss
        self._slot = slot
        self._paper = paper
        self._crew: list[Person] = []

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.schedule_name(self._slot.schedule), slot_words(self._slot)[:5], width), ()]
        rows += paragraph(self.say("life.walkers_how"), "text", width)
        rows += [(), field(self.say("signin.number"), self.typed), ()]
        return [*rows, *paragraph(" ".join(person.name.say(self.lang) for person in self._crew), "key", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        words = "life.walkers_add" if self.typed.typed or not self._crew else "life.walkers_done"
        return (("Enter", self.say(words)), self.back_key, self.menu_key)

    @property
    def open_question(self) -> object:
        return len(self._crew)

    async def enter(self) -> None:
        if not self.typed.typed and self._crew:
            plan = self.gear.watch.plan
            route = plan.find_route(self._slot.route)
            stops = route.stops if route else ()
            self.terminal.open(EntriesPage(self._boss, self._slot, self._paper, self._crew, stops))
            return
        number, self.typed = self.typed.typed, NUMBER
        person = self.gear.watch.person_by_number(number)
        if person is None:
            self.terminal.signal("bad")
            self.terminal.tell(self.say("signin.unknown", number=number), "bad")
        elif person not in self._crew:
            self._crew.append(person)

    async def back(self) -> None:
        if not self.typed.typed and self._crew:
            self._crew.pop()
        else:
            await super().back()


class EntriesPage(TypedPage):
    """Stop after stop: the time on the sheet, then Enter for all in order, 2 for not. Enter alone: nobody was there."""

    def __init__(self, boss: Person, slot: Slot, paper: str, crew: Sequence[Person], stops: Sequence[Stop]) -> None:
        super().__init__(TIME)
        self._boss = boss
        self._slot = slot
        self._paper = paper
        self._crew = tuple(crew)
        self._stops = tuple(stops)
        self._entered: list[StopEntered] = []
        self._roll = Roll()

    def on_unmount(self) -> None:
        self._roll.stop()

    @property
    def _stop(self) -> Stop | None:
        return self._stops[len(self._entered)] if len(self._entered) < len(self._stops) else None

    def draw(self, width: int, height: int) -> Sequence[Line]:
        place = self.say("life.entered_n", n=len(self._entered), of=len(self._stops))
        rows = [title(self.schedule_name(self._slot.schedule), place, width), ()]
        if self._stop is None:
            return [*rows, *self._whole(width)]
        rows += paragraph(f"{len(self._entered) + 1} {self.place_of(self._stop)}", "key", width)
        rows += paragraph(self.say("life.time_how"), "dim", width)
        return [*rows, (), field(self.say("life.time"), self.typed), (), *self._last(width)]

    def _last(self, width: int) -> list[Line]:
        """The stop before, so that a slip is seen."""
        return self._said(len(self._entered) - 1, width) if self._entered else []

    def _said(self, n: int, width: int) -> list[Line]:
        entered = self._entered[n]
        place = self.place_of(self._stops[n])
        if entered.at is None:
            return paragraph(f"{n + 1} {place} {self.say('life.nobody')}", "dim", width)
        words = "" if entered.ok else f" {self.say('life.not_ok')}"
        at = clock(self.terminal.local(entered.at))
        return paragraph(f"{n + 1} {at} {place}{words}", "text" if entered.ok else "mark", width)

    def _whole(self, width: int) -> list[Line]:
        there = [each for each in self._entered if each.at is not None]
        bad = sum(not each.ok for each in there)
        rows = paragraph(self.say("life.whole", n=len(there), of=len(self._stops), bad=bad), "key", width)
        rows += paragraph(
            self.say("life.whole_by", paper=self._paper, name=self._boss.name.say(self.lang)), "text", width
        )
        rows += paragraph(self.say("life.weakest"), "dim", width)
        return [*rows, (), *paragraph(self._roll.said(self), "text", width), *self._last(width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._stop is None:
            return (("Enter", self.say("life.save")), self._roll.key(self), self.back_key)
        if not self._is_typed:
            return (("Enter", self.say("life.nobody")), self.back_key, self.menu_key)
        return (("Enter", self.say("life.all_ok")), (NOT_OK, self.say("life.not_ok")), self.back_key)

    @property
    def open_question(self) -> object:
        return len(self._entered), self._is_typed

    @property
    def _is_typed(self) -> bool:
        """The time stands there: the next digit says how it was."""
        return len(self.typed.typed) == TIME.limit

    async def digit(self, key: str) -> None:
        if self._stop is None:
            if key == self._roll.key(self)[0]:
                self._roll.press(self)
        elif not self._is_typed:
            await super().digit(key)
        elif key in ("1", NOT_OK):
            self._take(ok=key != NOT_OK)

    async def enter(self) -> None:
        if self._stop is None:
            await self._save()
        elif not self.typed.typed:
            self._entered.append(StopEntered(self._stop.id))
        else:
            self._take(ok=True)

    def _take(self, *, ok: bool) -> None:
        stop, at = self._stop, life.read_time(self.typed.typed, self._slot)
        if stop is None:
            return
        if at is None:
            self.typed = TIME
            self.terminal.signal("bad")
            self.terminal.tell(self.say("life.bad_time", window=slot_words(self._slot)), "bad")
            return
        self._entered.append(StopEntered(stop.id, at, ok))
        self.typed = TIME

    async def back(self) -> None:
        if not self.typed.typed and self._entered:
            self._entered.pop()
        else:
            await super().back()

    async def _save(self) -> None:
        if self._roll.is_waited_for(self):
            return
        crew = [person.id for person in self._crew]
        acts = Afterwards.of(self.gear.watch)
        await acts.enter(self._boss, self._slot, crew, self._entered, self._paper, self._roll.data)
        name = self.schedule_name(self._slot.schedule)
        leave(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("life.entered", name=name))
