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
from screens.layout import AIR, Block, Line, fitting, heading, line, paragraph
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
        rows = heading(self.say(head) + site, now, width)
        if self._person is None:
            words, asked = self.say(self._how(how)), field(self.say("signin.number"), self._number)
        else:
            words = self.say("signin.pin_how", name=self._person.name.say(self.lang))
            asked = field(self.say("signin.pin"), self._pin)
        clock_off = (1, paragraph(self.clock_words(), "mark", width, "  "))
        blocks: list[Block] = [
            clock_off,
            AIR,
            (2, paragraph(words, "text", width)),
            AIR,
            (0, [asked]),
            AIR,
            *self._crew(width),
        ]
        if self.gear.hint:
            first, *others = self.gear.hint.split("\n")
            blocks += [AIR, (3, paragraph(f"{self.say('signin.demo')}: {first}", "dim", width))]
            blocks += [(5, paragraph(words, "dim", width)) for words in others]
        return [*rows, *fitting(blocks, height - len(rows))]

    @property
    def purpose(self) -> Purpose:
        return self._purpose

    @property
    def asks_pin(self) -> bool:
        """Whether a PIN is asked now, and not a number."""
        return self._person is not None

    @property
    def topic(self) -> str:
        return f"signin_{self._purpose}"

    def _how(self, key: str) -> str:
        return "signin.another" if self._purpose is Purpose.SIGN_IN and self.crew() else key

    def _crew(self, width: int) -> list[Block]:
        names = self.crew()
        if names:
            return [(1, paragraph(self.say("signin.crew", names=" ".join(names)), "text", width))]
        nobody: Block = (1, [line((self.say("signin.nobody"), "dim"))])
        if self.gear.practice or self.asks_pin:
            return [nobody]
        return [nobody, AIR, (4, paragraph(self.say("signin.newcomer"), "dim", width))]

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._person is not None:
            enter = "signin.confirm"
        elif self._number.empty and self._purpose is Purpose.SIGN_IN and self.crew():
            enter = "signin.go_on"
        elif self._number.empty and self._offers_names():
            enter = "signin.names"
        else:
            enter = "signin.next"
        return (("Enter", self.say(enter)), *self._back(), self.menu_key)

    def _back(self) -> tuple[tuple[str, str], ...]:
        """What Backspace does, where it does something."""
        if (self._pin if self.asks_pin else self._number).typed:
            return (("Backspace", self.say("stop.rub")),)
        return (self.back_key,) if self.asks_pin or self._purpose not in FIRST else ()

    # -- keys ----------------------------------------------------------------------------------
    @property
    def half_typed(self) -> bool:
        return bool(self._number.typed) or self.asks_pin

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
            await self._ask_pin()
        elif self._purpose is Purpose.SIGN_IN and self.crew():
            self.terminal.go_home()
        elif self._offers_names():
            self._show_names()
        else:
            self.terminal.tell(self.say("signin.type_number"), "mark")

    def _by_name(self, person: Person) -> bool:
        """Whether the plan asks no PIN of this person. The partner on the way is always identified."""
        return self._purpose is not Purpose.RECHECK and self.gear.watch.plan.may_sign_in(person.id, "typed")

    async def _named(self, person: Person) -> None:
        self._done(await self.gear.watch.sign_in_named(person.id))

    def _offers_names(self) -> bool:
        """Whether somebody who is not here yet may choose a name; where Enter does nothing else."""
        plan = self.gear.watch.plan
        lets = any("typed" in rule.methods for rule in plan.sign_in)
        if self._purpose is Purpose.RECHECK or not lets:
            return False
        shift = self.gear.watch.state.shift
        if self._purpose is Purpose.UNLOCK and shift is not None:
            return any(plan.may_sign_in(member.person, "typed") for member in shift.crew)
        if self._purpose is Purpose.SIGN_IN and self.crew():
            return False
        return any(plan.may_sign_in(grant.person, "typed") for grant in plan.grants)

    def _show_names(self) -> None:
        from app.teams import Teams  # only where a plan lets somebody sign in so: memory
        from screens.team import NamesPage

        self.terminal.open(NamesPage(Teams.of(self.gear.watch).by_name(), leaves=self._purpose is Purpose.JOIN))

    async def _ask_pin(self) -> None:
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
        if self._by_name(person):
            await self._named(person)
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
            from screens.verdicts import rechecked_words

            self.terminal.close(self)
            said, role = rechecked_words(self.lang, self.gear.watch, person.name.say(self.lang))
            self.terminal.signal(role)
            self.terminal.tell(said, role)
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
