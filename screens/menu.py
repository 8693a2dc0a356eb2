"""The menu behind `*`: from everywhere, everything by one digit. And signing out."""

from collections.abc import Sequence
from typing import Final

from app.errors import NotAllowed
from app.resume import Shift
from screens.alarm import AlarmPage
from screens.choices import ListPage
from screens.help import HelpPage
from screens.layout import Line, numbered, title
from screens.outbox import OutboxPage
from screens.page import Page
from screens.times import clock

EVERYBODY: Final = ""
WITNESS: Final = "*"
GIVE: Final = "**"
"""None of them is a person's id."""


class MenuPage(Page):
    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("menu.title"), clock(self.gear.watch.now()), width), ()]
        for key, words in self._items():
            rows += numbered(key, words, width)
        return rows

    def _items(self) -> Sequence[tuple[str, str]]:
        from screens.more import shown  # its pages: 0.3 MB that the first screen does not need

        more = shown(self.gear)
        other = "menu.to_day" if self.terminal.look == "night" else "menu.to_night"
        return (
            ("1", self.say("menu.report")),
            ("2", self.say("menu.alarm")),
            ("3", self.say("menu.sync")),
            *(() if self.gear.english_only else (("4", self.say("menu.language")),)),
            ("5", self.say(other)),
            ("6", self.say("menu.help")),
            ("7", self.say("menu.outbox")),
            ("8", self.say("menu.leave")),
            ("0", self.say(more[0].words if len(more) == 1 else "menu.more")),
        )

    def foot(self) -> Sequence[tuple[str, str]]:
        if self.gear.camera is None:
            return (("Enter", self.say("menu.close")),)
        return (("Enter", self.say("camera.key")), ("Backspace", self.say("menu.close")))

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
                terminal.turn_to(HelpPage())
            case "7":
                terminal.turn_to(OutboxPage())
            case "8":
                self._leave()
            case "0":
                from screens.more import MorePage, shown

                more = shown(self.gear)
                terminal.turn_to(await more[0].page(self.gear) if len(more) == 1 else MorePage(more))

    def _leave(self) -> None:
        """Signing out: only whoever is signed in, and not in the middle of a round."""
        state = self.gear.watch.state
        if state.shift is None or self.terminal.locked:
            raise NotAllowed("menu.locked" if self.terminal.locked else "menu.nobody")
        if state.round is not None:
            raise NotAllowed("menu.round_open")
        self.terminal.turn_to(LeavePage(state.shift, gives=self.gear.watch.may_give()))

    async def enter(self) -> None:
        self.terminal.close(self)
        if self.gear.camera is not None:
            await self.terminal.scan_with_camera()


class LeavePage(ListPage[str]):
    """One of the crew goes, or all: the end of the shift."""

    def __init__(self, shift: Shift, *, gives: bool = False) -> None:
        """`gives`: the crew has a post that it has not handed over yet."""
        people = [member.person for member in shift.crew]
        super().__init__([*([GIVE] if gives else ()), *(people if len(people) > 1 else ()), EVERYBODY, WITNESS])

    def head(self) -> tuple[str, str]:
        return self.say("menu.leave_title"), clock(self.gear.watch.now())

    def item(self, person: str) -> str:
        if person == GIVE:
            return self.say("handover.do_give")
        if person == WITNESS:
            return self.say("menu.leave_witness")
        return (
            self.say("menu.leave_all") if person == EVERYBODY else self.say("menu.leave_one", name=self._called(person))
        )

    def _called(self, who: str) -> str:
        person = self.gear.watch.person(who)
        return person.name.say(self.lang) if person else who

    async def chosen(self, person: str) -> None:
        if person == GIVE:
            from screens.handover import give  # not before somebody needs it: memory

            give(self)
            return
        if person == WITNESS:
            from screens.witness import WitnessPage

            self.terminal.open(await WitnessPage.signed(self.gear))
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
        self.terminal.tell(self.say("menu.left", name=self._called(person)))
