"""Home: what is due now stands first and alone; what comes next, was missed or done stands below.

It decides nothing: the duties come from the watch, already in order of urgency.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from app.duties.posts import Sheet
from app.duties.rounds import is_short
from app.duties.schedule import Duty, Standing, clock_text
from app.duties.site import NO_TEXT, Phrase
from screens.choices import ListPage
from screens.layout import AIR, Block, Line, beside, fitting, flow, heading, line, numbered, paragraph, title, two
from screens.page import WIDE, Page
from screens.posts import entries_due, turns
from screens.round import RoundPage
from screens.signin import Purpose, SignInPage
from screens.stop import StopPage
from screens.times import clock
from screens.waiting import waiting

OTHERS: Final = 3
"""Rounds listed below the first one; the rest are behind `0`."""
ENTER: Final = {
    Standing.RUNNING: "home.go_on",
    Standing.OPEN: "home.start",
    Standing.COMING: "home.start_early",
    Standing.DONE: "home.look",
}
HEADS: Final = {
    Standing.RUNNING: "home.running",
    Standing.OPEN: "home.now",
    Standing.COMING: "home.nothing",
    Standing.MISSED: "home.nothing",
    Standing.DONE: "home.nothing",
}
LONGEST_SLEEP_S: Final = 6 * 3600


class HomePage(Page):
    is_start: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._chosen: str | None = None
        """Slot that stands first because somebody chose it."""
        self._duties: tuple[Duty, ...] = ()
        self._tired: set[str] = set()
        """Whose hours at the post run out or are over."""
        self._entries: set[str] = set()
        """Registers in which a line is due now."""
        self._turn: asyncio.TimerHandle | None = None
        """One wake-up, when the next window opens or closes; nothing ticks here."""
        self._places = ""
        """How far the work by place is, in words; empty for a crew that has none."""

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        now = self.gear.watch.now()
        self._wake_at_change(now)
        head = heading(self.gear.watch.plan.site.name.say(self.lang), clock(now), width)
        top: list[Block] = [(8, paragraph(self.say("signin.crew", names=" ".join(self.crew())), "dim", width)[:1])]
        top += [(1, paragraph(self.clock_words(), "mark", width, "  "))]
        top += [(1 + 3 * bool(n), paragraph(words, "mark", width, "  ")) for n, words in enumerate(waiting(self))]
        if width < WIDE or self.large:
            return [*head, *fitting([*top, AIR, *self._first(width), *self._others(width)], height - len(head))]
        column = width // 2 + 2
        rows = [*head, *fitting([*top, AIR], height)]
        left = fitting([*self._first(column), *self._others(column)], height - len(rows))
        return [*rows, *beside(left, self._everything(width - column - 2), column + 2, height - len(rows))]

    def look_up(self) -> None:
        duties = self.gear.watch.today()
        self._places = self._by_place() if self.gear.watch.tends else ""
        self._tired = {f"{left.person} {left.hours}" for left in self.gear.watch.hours() if left.hours != "fine"}
        now = self.gear.watch.now().timestamp()
        self._entries = {id for id, at in entries_due(self.gear.watch).items() if at <= now}
        self._duties = tuple(sorted(duties, key=lambda duty: duty.slot.round != self._chosen))

    def _by_place(self) -> str:
        from screens.places import how_far  # only crews that work by place need it: memory

        return how_far(self)

    def _first(self, width: int) -> list[Block]:
        """The answer to "what now?"."""
        if not self._duties:
            words = self._places or self.say("home.no_duty")
            return [(0, paragraph(words, "key" if self._places else "text", width))]
        duty = self._duties[0]
        head = "home.chosen" if duty.slot.round == self._chosen else HEADS[duty.standing]
        rows = [line((self.say(head), "dim")), *paragraph(f"> {self.name_of(duty)}", "key", width, "  ")]
        lacks = duty.standing is Standing.OPEN and self.short(duty)
        words = self.say("home.short", n=self.present())
        return [
            (0, rows),
            (2, flow(self._facts(duty), "text", width, "  ")),
            (1, paragraph(f"  {words}", "mark", width, "  ") if lacks else []),
        ]

    def _facts(self, duty: Duty) -> list[str]:
        opens, closes = window(duty)
        facts = [self.say("home.window", opens=opens, closes=closes)]
        if (crew := self.needed(duty)) > 1:
            facts.append(self.say("home.crew", n=crew))
        route = self.gear.watch.plan.find_route(duty.slot.route)
        if route is not None:
            facts.append(self.say("home.stops", n=len(route.stops)))
        if duty.standing is not Standing.OPEN:
            facts.append(self.say(f"duty.{duty.standing}"))
        return facts

    def _others(self, width: int) -> list[Block]:
        others = enumerate(self._duties[1 : 1 + OTHERS], start=1)
        rows = [numbered(str(place), self.row_of(duty), width) for place, duty in others]
        if not rows:
            return []
        first, *rest = rows
        return [AIR, (5, [line((self.say("home.others"), "dim")), *first]), *((6, each) for each in rest)]

    def _everything(self, width: int) -> list[Line]:
        """All rounds of today, for a wide screen."""
        duties = sorted(self.gear.watch.today(), key=lambda duty: duty.slot.opens)
        rows = [line((self.say("home.list"), "dim"))] if duties else []
        for duty in duties:
            opens, closes = window(duty)
            row = two((f"{opens}-{closes} {self.name_of(duty)}", "text"), self.say(f"duty.{duty.standing}"), width)
            rows.append(row)
        return rows

    def name_of(self, duty: Duty) -> str:
        return self.schedule_name(duty.slot.schedule)

    def needed(self, duty: Duty) -> int:
        """People who walk it together."""
        found = self.gear.watch.plan.find_schedule(duty.slot.schedule)
        return found.crew if found else 1

    def row_of(self, duty: Duty) -> str:
        opens, closes = window(duty)
        return f"{opens}-{closes} {self.name_of(duty)} {self.say(f'duty.{duty.standing}')}"

    def foot(self) -> Sequence[tuple[str, str]]:
        enough = bool(self._duties) and self.present() >= self.needed(self._duties[0])
        keys = [("4", self.say("home.another" if enough else "home.partner"))]
        if self._duties and (enter := self._enter_words(self._duties[0])):
            keys.insert(0, ("Enter", self.say(enter)))
        if len(self._duties) > 1 + OTHERS:
            keys.append(("0", self.say("home.all", n=len(self._duties))))
        if self._tired or self._entries:
            words = self.say("duty_watch.key_entry" if self._entries else "duty_watch.key_home")
            keys.append(("8" if self._duties or self._places else "Enter", words))
        if self._places:
            keys.append(("7" if self._duties else "Enter", self.say("places.key_places")))
        elif self.gear.watch.keeps_registers:
            keys.append(("7", self.say("more.registers")))
        if self._asks_post():
            keys.append(("6", self.say("handover.key_which")))
        if self.gear.watch.takes_orders:
            keys.append(("9", self.say("orders.key_take")))
        if self._chosen:
            keys.append(self.back_key)
        return (*keys, self.menu_key)

    def _enter_words(self, duty: Duty) -> str | None:
        """What Enter does: one round at a time is walked, and a later one begun early only when somebody chose it."""
        begins = duty.standing in (Standing.OPEN, Standing.COMING)
        if begins and self.gear.watch.state.round is not None:
            return None
        if duty.standing is Standing.COMING and duty.slot.round != self._chosen:
            return None
        return ENTER.get(duty.standing)

    # -- keys ----------------------------------------------------------------------------------
    async def digit(self, key: str) -> None:
        if key == "4":
            self.terminal.open(SignInPage(Purpose.JOIN))
        elif key == "0" and self._duties:
            self.terminal.open(RoundsPage(self.gear.watch.today(), self))
        elif key == "5" and "orders" in self.gear.watch.state.shares:
            from screens.orders import open_waiting  # not before somebody needs it: memory

            open_waiting(self)
        elif key == "9" and self.gear.watch.takes_orders:
            from screens.orders import take  # not before somebody needs it: memory

            take(self)
        elif key == "8" and (self._tired or self._entries):
            self._show_duty()
        elif key == "7" and self._places:
            self._show_places()
        elif key == "7" and self.gear.watch.keeps_registers:
            from screens.registers import show  # not before somebody needs it: memory

            show(self)
        elif key == "6" and self._asks_post():
            await self._say_post()
        elif key.isdigit() and int(key) <= OTHERS and int(key) < len(self._duties):
            self.choose(self._duties[int(key)])

    def _asks_post(self) -> bool:
        """Several posts fit this crew, and nobody said which one it is at."""
        return self.gear.watch.post() is None and len(self.gear.watch.posts_to_choose()) > 1

    async def _say_post(self) -> None:
        from screens.handover import PostsPage  # not before somebody needs it: memory

        self.terminal.open(PostsPage(self.gear.watch.posts_to_choose()))

    def choose(self, duty: Duty) -> None:
        """Put `duty` first; Enter then starts it."""
        self._chosen = duty.slot.round

    async def back(self) -> None:
        self._chosen = None

    def _show_duty(self) -> None:
        """The entry that is due, or who is on for how long."""
        from screens.duty import DutyPage, kept_here  # not before somebody needs it: memory
        from screens.registers import EntryPage

        due = [register for register in kept_here(self) if register.id in self._entries]
        self.terminal.open(EntryPage(due[0]) if due else DutyPage())

    def _show_places(self) -> None:
        from screens.places import PlacesPage

        self.terminal.open(PlacesPage())

    async def enter(self) -> None:
        if not self._duties:
            if self._places:
                self._show_places()
            elif self._tired or self._entries:
                self._show_duty()
            return
        duty = self._duties[0]
        match duty.standing:
            case Standing.RUNNING:
                self.go_on()
            case Standing.DONE:
                walked = self.gear.watch.state.rounds[duty.slot.round]
                from screens.summary import SummaryPage  # not before somebody needs it: memory

                self.terminal.open(SummaryPage(walked, duty.slot.schedule, duty.slot.route))
            case Standing.COMING if duty.slot.round != self._chosen:
                self.terminal.tell(self.say("home.not_yet", time=clock(duty.slot.opens)), "mark")
            case Standing.MISSED:
                self.terminal.tell(self.say("home.is_missed", name=self.name_of(duty)), "mark")
            case _:
                await self._start(duty)

    def go_on(self) -> None:
        self.terminal.open(RoundPage())
        progress = self.gear.watch.state.round
        if progress is not None and progress.at_stop is not None:
            self.terminal.open(StopPage())

    async def _start(self, duty: Duty) -> None:
        if (progress := self.gear.watch.state.round) is not None:
            self.terminal.tell(self.say("home.is_running", name=self.schedule_name(progress.schedule)), "mark")
        elif (sheet := self._unread(duty)) is not None:
            self.terminal.open_sheet(sheet)
        elif duty.standing is Standing.COMING:
            self.terminal.open(EarlyPage(duty, self))
        else:
            await self.set_out(duty)

    def _unread(self, duty: Duty) -> Sheet | None:
        """A sheet to be read first: of the round's post, or of the crew's own."""
        watch, found = self.gear.watch, self.gear.watch.plan.find_schedule(duty.slot.schedule)
        return (watch.waiting(found.post) if found else None) or watch.waiting()

    async def set_out(self, duty: Duty) -> None:
        """Begin, or ask why alone."""
        if self.short(duty):
            self.terminal.open(AlonePage(duty, self))
        else:
            await self.start(duty)

    def short(self, duty: Duty) -> bool:
        """Fewer are on shift than walk it together."""
        shift = self.gear.watch.state.shift
        return is_short(shift.crew if shift else (), self.gear.watch.plan.find_schedule(duty.slot.schedule))

    def present(self) -> int:
        """People on shift who are really there."""
        shift = self.gear.watch.state.shift
        return sum(member.given for member in shift.crew) if shift else 0

    async def start(self, duty: Duty, alone: str | None = None) -> None:
        """Begin, once it is recorded."""
        await self.gear.watch.start_round(duty, alone)
        self._chosen = None
        self.terminal.signal("ok")
        self.terminal.down_to(HomePage)
        self.terminal.open(RoundPage())

    # -- time ----------------------------------------------------------------------------------
    def _wake_at_change(self, now: datetime) -> None:
        if self._turn is not None:
            self._turn.cancel()
        edges = [edge.timestamp() for duty in self._duties for edge in (duty.slot.opens, duty.slot.closes)]
        edges += turns(self.gear.watch)
        ahead = [edge - now.timestamp() for edge in edges if edge > now.timestamp()]
        if ahead:
            wait = min(LONGEST_SLEEP_S, min(ahead) + 0.5)
            self._turn = asyncio.get_running_loop().call_later(wait, self._window_turned)

    def _window_turned(self) -> None:
        """A window opened or closed, or hours ran out: say so, and be felt when a round is due or relief is."""
        before = self._due()
        self.show()
        if self.is_current and self._due() - before:
            self.terminal.signal("ok")
            self.terminal.turned_by_itself()

    def _due(self) -> set[str]:
        rounds = {duty.slot.round for duty in self._duties if duty.standing is Standing.OPEN}
        return self._tired | self._entries | rounds

    def on_unmount(self) -> None:
        if self._turn is not None:
            self._turn.cancel()


class RoundsPage(ListPage[Duty]):
    """All rounds of today; the chosen one stands first on home."""

    def __init__(self, duties: Sequence[Duty], home: HomePage) -> None:
        super().__init__(duties)
        self._home = home

    def head(self) -> tuple[str, str]:
        return self.say("home.list"), clock(self.gear.watch.now())

    def item(self, duty: Duty) -> str:
        return self._home.row_of(duty)

    async def chosen(self, duty: Duty) -> None:
        self._home.choose(duty)
        self.terminal.close(self)


class EarlyPage(Page):
    """Before its window a round is begun only by whoever says so twice: it is marked."""

    def __init__(self, duty: Duty, home: HomePage) -> None:
        super().__init__()
        self._duty = duty
        self._home = home

    def draw(self, width: int, height: int) -> Sequence[Line]:
        now = self.gear.watch.now()
        rows = [title(self.say("home.early_title"), clock(now), width), ()]
        rows += paragraph(f"> {self._home.name_of(self._duty)}", "key", width, "  ")
        opens, closes = window(self._duty)
        rows += paragraph(f"  {self.say('home.window', opens=opens, closes=closes)}", "text", width, "  ")
        return [*rows, (), *paragraph(self.say("home.early_marked", time=opens), "mark", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return ("1", self.say("home.early_yes")), ("Enter", self.say("home.early_no")), self.menu_key

    async def digit(self, key: str) -> None:
        if key == "1":
            self.terminal.close(self)
            await self._home.set_out(self._duty)

    async def enter(self) -> None:
        self.terminal.close(self)


PARTNER: Final = Phrase("", NO_TEXT)
"""The first answer: nobody walks alone."""


class AlonePage(ListPage[Phrase]):
    """Too few for this round: the partner signs in, or the reason is recorded and marked."""

    def __init__(self, duty: Duty, home: HomePage) -> None:
        super().__init__((PARTNER, *home.gear.watch.plan.why_alone))
        self._duty = duty
        self._home = home

    def head(self) -> tuple[str, str]:
        return self.say("home.alone_title", n=self._home.needed(self._duty)), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("home.alone_now", names=" ".join(self.crew()))

    def item(self, reason: Phrase) -> str:
        if reason is PARTNER:
            return self.say("home.alone_partner")
        return self.say("home.alone_because", reason=reason.text.say(self.lang))

    def crew_changed(self) -> None:
        if not self._home.short(self._duty):
            self.terminal.close(self)

    async def chosen(self, reason: Phrase) -> None:
        if reason is PARTNER:
            self.terminal.replace(SignInPage(Purpose.JOIN))
        else:
            await self._home.start(self._duty, reason.id)


def window(duty: Duty) -> tuple[str, str]:
    """`22:00`, `24:00`: a day ends at 24:00."""
    return clock(duty.slot.opens), clock_text(duty.slot.closes, duty.slot.opens)
