"""The menu behind `*`: from everywhere, everything by one digit. And signing out."""

from collections.abc import Sequence
from typing import Final

from app.errors import NotAllowed
from app.resume import Shift
from screens.alarm import RAISE, AlarmPage
from screens.choices import ListPage
from screens.help import HelpPage
from screens.layout import Line, numbered, title
from screens.outbox import OutboxPage
from screens.page import Page
from screens.posts import person_name
from screens.themes import next_look
from screens.times import clock

EVERYBODY: Final = ""
WITNESS: Final = "*"
GIVE: Final = "**"
RELIEF: Final = "***"
"""None of them is a person's id."""


class MenuPage(Page):
    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("menu.title"), clock(self.gear.watch.now()), width), ()]
        for key, words in self._items():
            rows += numbered(key, words, width)
        return rows

    def _items(self) -> Sequence[tuple[str, str]]:
        return (
            ("1", self.say("menu.report")),
            ("2", self.say("menu.alarm")),
            ("3", self.say("menu.sync")),
            *(() if self.gear.english_only else (("4", self.say("menu.language")),)),
            ("5", self.say(f"menu.to_{next_look(self.terminal.look)}")),
            ("6", self.say("menu.help")),
            ("7", self.say("menu.outbox")),
            ("8", self.say(self._leaves())),
            ("0", self.say("menu.more")),
        )

    def _leaves(self) -> str:
        """What 8 does: the way out; where nobody is signed in, the way into practice."""
        if self.gear.practice:
            return "practice.end"
        return "menu.leave" if self.gear.watch.state.shift else "more.practice"

    def foot(self) -> Sequence[tuple[str, str]]:
        if self.gear.camera is None:
            return (("Enter", self.say("menu.close")),)
        return (("Enter", self.say("camera.key")), ("Backspace", self.say("menu.close")))

    def hurries(self, key: str) -> bool:
        return key == RAISE or super().hurries(key)

    async def digit(self, key: str) -> None:
        terminal = self.terminal
        match key:
            case "1":
                terminal.close(self)
                await terminal.report()
            case "2":
                terminal.turn_to(AlarmPage())
            case "9":
                terminal.turn_to(AlarmPage(pressed=1))
            case "3":
                terminal.close(self)
                await terminal.sync_now()
            case "4":
                terminal.close(self)
                await terminal.change_language()
            case "5":
                terminal.close(self)
                await terminal.change_look()
            case "6":
                terminal.close(self)
                if not terminal.down_to(HelpPage):
                    terminal.open(HelpPage(terminal.top))
            case "7":
                terminal.turn_to(OutboxPage())
            case "8":
                await self._leave()
            case "0":
                from screens.more import MorePage, shown  # its pages: 0.3 MB that the first screen does not need

                terminal.turn_to(MorePage(shown(self.gear)))

    async def _leave(self) -> None:
        """Signing out: only whoever is signed in, and not in the middle of a round."""
        state = self.gear.watch.state
        if self.gear.practice:
            await self.terminal.end_practice()
            return
        if state.shift is None:
            from screens import practice  # with the simulated walk: memory

            self.terminal.close(self)
            await practice.begin(self.terminal)
            return
        if self.terminal.locked:
            raise NotAllowed("menu.locked")
        if state.round is not None and len(state.shift.crew) > 1:
            from screens.unplanned import LeavesPage  # not before somebody needs it: memory

            self.terminal.turn_to(LeavesPage([member.person for member in state.shift.crew]))
            return
        if state.round is not None:
            raise NotAllowed("menu.round_open")
        from app.handing import Handing

        gives, post = Handing.of(self.gear.watch).may_give(), self.gear.watch.post() is not None
        self.terminal.turn_to(LeavePage(state.shift, gives=gives, post=post))

    async def enter(self) -> None:
        self.terminal.close(self)
        if self.gear.camera is not None:
            await self.terminal.scan_with_camera()


class LeavePage(ListPage[str]):
    """One of the crew goes, or all: the end of the shift."""

    def __init__(self, shift: Shift, *, gives: bool = False, post: bool = False) -> None:
        """`post`: the crew has one; `gives`: and has not handed it over yet."""
        people = [member.person for member in shift.crew]
        several = people if len(people) > 1 else ()
        super().__init__([*([GIVE] if gives else ()), *several, EVERYBODY, WITNESS, *([RELIEF] if post else ())])

    def head(self) -> tuple[str, str]:
        return self.say("menu.leave_title"), clock(self.gear.watch.now())

    def item(self, person: str) -> str:
        if person in (GIVE, RELIEF):
            return self.say("handover.do_give" if person == GIVE else "handover.do_relief")
        if person == WITNESS:
            return self.say("menu.leave_witness")
        if person == EVERYBODY:
            return self.say("menu.leave_all")
        return self.say("menu.leave_one", name=person_name(self, person))

    async def chosen(self, person: str) -> None:
        if person in (GIVE, RELIEF):
            from screens.handover import give, relief_missing  # not before somebody needs it: memory

            if person == GIVE:
                give(self)
            else:
                await relief_missing(self)
            return
        if person == WITNESS:
            from screens.witness import WitnessPage

            self.terminal.open(await WitnessPage.signed(self.gear))
            return
        if person == EVERYBODY and "runs" in self.gear.watch.state.shares:
            from screens.procedures import LeavingPage

            self.terminal.replace(LeavingPage())
            return
        if person == EVERYBODY:
            await self.gear.watch.close_shift()
            self.terminal.go_sign_in()
            self.terminal.tell(self.say("home.closed"))
            return
        await self.gear.watch.sign_out(person)
        if self.gear.watch.state.shift is None:
            self.terminal.go_sign_in()
        else:
            self.terminal.close(self)
        self.terminal.tell(self.say("menu.left", name=person_name(self, person)))
