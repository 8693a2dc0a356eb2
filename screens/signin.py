"""Who is here: signing in, the partner, unlocking after a restart, signing again on the way (D2).

A badge or a staff number and a PIN; nobody types a name. The watch judges; this page collects digits.
"""

from collections.abc import Sequence
from enum import StrEnum

from app.duties.site import Person
from app.errors import NotAllowed, PinLocked
from app.meaning import Meant
from app.ports import Scan
from app.session import has
from screens.layout import Line, line, paragraph, title
from screens.number import Digits, field
from screens.page import Page
from screens.times import clock, span

NUMBER = Digits(limit=8)
PIN = Digits(limit=12, masked=True)


class Purpose(StrEnum):
    """Why somebody shows who they are."""

    SIGN_IN = "sign_in"
    """The first page: opens the shift; more people may follow."""
    JOIN = "join"
    """A second person joins at home."""
    UNLOCK = "unlock"
    """After a restart, any of the crew."""
    RECHECK = "recheck"
    """The partner, during a round."""


TITLES = {
    Purpose.SIGN_IN: ("signin.title", "signin.how"),
    Purpose.JOIN: ("signin.title_join", "signin.how_join"),
    Purpose.UNLOCK: ("signin.title_unlock", "signin.how_unlock"),
    Purpose.RECHECK: ("signin.title_recheck", "signin.how_recheck"),
}
FIRST = (Purpose.SIGN_IN, Purpose.UNLOCK)
"""Pages with nothing behind them to go back to."""


class SignInPage(Page):
    def __init__(self, purpose: Purpose) -> None:
        super().__init__()
        self.begin(purpose)

    def begin(self, purpose: Purpose) -> None:
        """Empty fields."""
        self._purpose = purpose
        self._number = NUMBER
        self._pin = PIN
        self._person: Person | None = None
        """Whose PIN is asked for; None while the number is typed, and again after each refusal."""

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        head, how = TITLES[self._purpose]
        now = clock(self.gear.watch.now())
        site = f"  {self.gear.watch.plan.site.name.say(self.lang)}" if self._purpose in FIRST else ""
        rows = [title(self.say(head) + site, now, width), ()]
        if self._person is None:
            rows += paragraph(self.say(self._how(how)), "text", width)
            rows += [(), field(self.say("signin.number"), self._number)]
        else:
            rows += paragraph(self.say("signin.pin_how", name=self._person.name.say(self.lang)), "text", width)
            rows += [(), field(self.say("signin.pin"), self._pin)]
        rows += [(), *self._crew(width)]
        if self.gear.hint:
            rows += [(), *paragraph(f"{self.say('signin.demo')}: {self.gear.hint}", "dim", width)]
        return rows

    def _how(self, key: str) -> str:
        return "signin.another" if self._purpose is Purpose.SIGN_IN and self.crew() else key

    def _crew(self, width: int) -> list[Line]:
        names = self.crew()
        if not names:
            return [line((self.say("signin.nobody"), "dim"))]
        return paragraph(self.say("signin.crew", names=" ".join(names)), "text", width)

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._person is not None:
            enter = "signin.confirm"
        elif self._number.empty and self._purpose is Purpose.SIGN_IN and self.crew():
            enter = "signin.go_on"
        else:
            enter = "signin.next"
        return (("Enter", self.say(enter)), self.menu_key)

    # -- keys ----------------------------------------------------------------------------------
    async def digit(self, key: str) -> None:
        if key in ".-":
            return
        if self._person is None:
            self._number = self._number.press(key)
        else:
            self._pin = self._pin.press(key)

    async def back(self) -> None:
        if self._person is not None and self._pin.typed:
            self._pin = self._pin.rub()
        elif self._person is not None:
            self._again()
        elif self._number.typed:
            self._number = self._number.rub()
        elif self._purpose not in FIRST:
            self.terminal.close(self)

    async def enter(self) -> None:
        if self._person is not None:
            await self._check_pin(self._person)
        elif self._number.typed:
            self._ask_pin()
        elif self._purpose is Purpose.SIGN_IN and self.crew():
            self.terminal.go_home()
        else:
            self.terminal.tell(self.say("signin.type_number"), "mark")

    def _ask_pin(self) -> None:
        number, self._number = self._number.typed, NUMBER
        person = self.gear.watch.person_by_number(number)
        if person is None:
            self._refuse("signin.unknown", number=number)
            return
        if self._is_here(person.id):
            self._say_same(person)
            return
        if self._purpose is Purpose.RECHECK and not self._in_crew(person.id):
            self._refuse("round.not_of_crew", name=person.name.say(self.lang))
            return
        if not self.gear.watch.has_pin(person.id):
            raise NotAllowed("watch.no_pin")
        self._person = person
        if wait := self.gear.watch.pin_wait(person.id):
            self._say_locked(wait)

    def _is_here(self, person: str) -> bool:
        """Whether somebody who should come is here already: the partner has to be another person."""
        comes = self._purpose in (Purpose.SIGN_IN, Purpose.JOIN) and self.gear.watch.unlocked
        return comes and self._in_crew(person)

    def _in_crew(self, person: str) -> bool:
        shift = self.gear.watch.state.shift
        return shift is not None and has(shift, person)

    def _refuse(self, key: str, **fields: str) -> None:
        self.terminal.signal("bad")
        self.terminal.tell(self.say(key, **fields), "bad")

    def _say_same(self, person: Person) -> None:
        self.terminal.signal("mark")
        self.terminal.tell(self.say("signin.same", name=person.name.say(self.lang)), "mark")

    async def _check_pin(self, person: Person) -> None:
        if self._pin.empty:
            self.terminal.tell(self.say("signin.type_pin"), "mark")
            return
        pin, self._pin = self._pin.typed, PIN
        try:
            if self._purpose is Purpose.RECHECK:
                await self.gear.watch.confirm_partner_pin(person.id, pin)
            else:
                await self.gear.watch.sign_in_pin(person.id, pin)
        except PinLocked:
            self._say_locked(self.gear.watch.pin_wait(person.id))
        except NotAllowed as refused:
            if refused.key != "watch.wrong_pin":  # another PIN would not help: the next person begins
                self._again()
            raise
        else:
            self._done(person)

    def _say_locked(self, seconds: int) -> None:
        self._refuse("signin.locked", wait=span(self.lang, seconds))

    def _again(self) -> None:
        """Back to the number, empty fields."""
        self._person, self._number, self._pin = None, NUMBER, PIN

    def _done(self, person: Person) -> None:
        self._again()
        if self._purpose is Purpose.RECHECK:
            self.terminal.close(self)
            self.terminal.signal("ok")
            self.terminal.tell(self.say("signin.rechecked", name=person.name.say(self.lang)))
            return
        if self._purpose is Purpose.JOIN:
            self.terminal.close(self)
        self.terminal.signed_in(person, unlocked=self._purpose is Purpose.UNLOCK)

    # -- codes ---------------------------------------------------------------------------------
    async def scanned(self, scan: Scan) -> bool:
        """A badge here is the person's, or a supervisor's that unlocks the PIN being asked for."""
        meaning = self.gear.watch.meaning(scan.text)
        if meaning.kind is not Meant.PERSON or meaning.id is None:
            return False
        if self._person is not None and meaning.id != self._person.id and self.gear.watch.pin_wait(self._person.id):
            await self.gear.watch.unlock_pin(scan, self._person.id)
            self.terminal.signal("ok")
            self.terminal.tell(self.say("signin.pin_cleared", name=self._person.name.say(self.lang)))
            return True
        if self._purpose is Purpose.RECHECK:
            verdict = await self.gear.watch.scan(scan)
            self.terminal.arrived(verdict)
            if verdict.accepted:
                self.terminal.close(self)
            return True
        person = self.gear.watch.person(meaning.id)
        if person is not None and self._is_here(person.id):
            self._say_same(person)
            return True
        self._done(await self.gear.watch.sign_in_badge(scan))
        return True
