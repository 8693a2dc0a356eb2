"""Home: what is due now stands first and alone; what comes next, was missed or done stands below.

It decides nothing: the duties come from the watch, already in order of urgency.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.duties.posts import Sheet
from app.duties.rounds import is_short
from app.duties.schedule import Duty, Standing, clock_text
from app.duties.site import NO_TEXT, Phrase
from screens.choices import ListPage
from screens.layout import Line, beside, flow, line, numbered, paragraph, title, two
from screens.names import procedure_name
from screens.page import WIDE, Page
from screens.posts import turns, waiting_words
from screens.round import RoundPage
from screens.signin import Purpose, SignInPage
from screens.stop import StopPage
from screens.summary import SummaryPage
from screens.times import clock, since

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
    def __init__(self) -> None:
        super().__init__()
        self._chosen: str | None = None
        """Slot that stands first because somebody chose it."""
        self._duties: tuple[Duty, ...] = ()
        self._tired: set[str] = set()
        """Whose hours at the post run out or are over."""
        self._turn: asyncio.TimerHandle | None = None
        """One wake-up, when the next window opens or closes; nothing ticks here."""

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        now = self.gear.watch.now()
        self._wake_at_change(now)
        head = title(self.gear.watch.plan.site.name.say(self.lang), clock(now), width)
        crew = paragraph(self.say("signin.crew", names=" ".join(self.crew())), "dim", width)[:1]
        crew += [row for words in self._waiting() for row in paragraph(words, "mark", width, "  ")]
        column = width // 2 + 2 if width >= WIDE else width
        rows = [*self._first(column), (), *self._others(column)]
        if width >= WIDE:
            rows = beside(rows, self._everything(width - column - 2), column + 2, height)
        return [head, *crew, (), *rows]

    def look_up(self) -> None:
        duties = self.gear.watch.today()
        self._tired = {f"{left.person} {left.hours}" for left in self.gear.watch.hours() if left.hours != "fine"}
        self._duties = tuple(sorted(duties, key=lambda duty: duty.slot.round != self._chosen))

    def _first(self, width: int) -> list[Line]:
        """The answer to "what now?"."""
        if not self._duties:
            return paragraph(self.say("home.no_duty"), "text", width)
        duty = self._duties[0]
        head = "home.chosen" if duty.slot.round == self._chosen else HEADS[duty.standing]
        rows = [line((self.say(head), "dim")), *paragraph(f"> {self.name_of(duty)}", "key", width, "  ")]
        rows += flow(self._facts(duty), "text", width, "  ")
        if duty.standing is Standing.OPEN and self.short(duty):
            rows += paragraph(f"  {self.say('home.short', n=self.present())}", "mark", width, "  ")
        return rows

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

    def _waiting(self) -> list[str]:
        """What waits beside rounds: a procedure that runs, an entry that is due, lines over their limit."""
        watch, found = self.gear.watch, waiting_words(self)
        for run in watch.runs():
            name = procedure_name(watch.procedure_of(run), run, self.lang)
            found.append(self.say("procedures.home_running", name=name, span=since(self.lang, run.at, watch.now())))
        found += [self.say("registers.home_due", name=each.name.say(self.lang)) for each in watch.registers_due()]
        if over := watch.overdue():
            found.append(self.say("registers.home_over", n=len(over)))
        if orders := watch.waiting_orders():
            from screens.orders import left_of  # not before somebody needs it: memory

            words, left = orders[0].words, left_of(self, orders[0])
            found.append(" ".join(self.say("orders.home", n=len(orders), words=words, left=left).split()))
        return [*found, *self._inspections()]

    def _inspections(self) -> list[str]:
        """Equipment whose inspection falls due, or should have been."""
        due = self.gear.watch.falling_due()
        if not due:
            return []
        over = (due[0].inspect_by or "") < self.gear.watch.now().date().isoformat()
        words = "equipment.home_over" if over else "equipment.home_due"
        return [self.say(words, n=len(due), name=due[0].name.say(self.lang), date=due[0].inspect_by)]

    def _others(self, width: int) -> list[Line]:
        others = self._duties[1 : 1 + OTHERS]
        rows = [line((self.say("home.others"), "dim"))] if others else []
        for place, duty in enumerate(others, start=1):
            rows += numbered(str(place), self.row_of(duty), width)
        return rows

    def _everything(self, width: int) -> list[Line]:
        """All rounds of today, for a wide screen."""
        duties = sorted(self.gear.watch.today(), key=lambda duty: duty.slot.opens)
        rows = [line((self.say("home.list"), "dim"))]
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
        if self._asks_post():
            keys.append(("6", self.say("handover.key_which")))
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
        elif key == "0":
            self.terminal.open(RoundsPage(self.gear.watch.today(), self))
        elif key == "5" and self.gear.watch.waiting_orders():
            from screens.orders import OrdersPage

            self.terminal.open(OrdersPage())
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

    async def enter(self) -> None:
        if not self._duties:
            return
        duty = self._duties[0]
        match duty.standing:
            case Standing.RUNNING:
                self.go_on()
            case Standing.DONE:
                walked = self.gear.watch.state.rounds[duty.slot.round]
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
        return self._tired | {duty.slot.round for duty in self._duties if duty.standing is Standing.OPEN}

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
