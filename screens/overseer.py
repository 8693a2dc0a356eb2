"""A supervisor answers for what follows, by badge or by number and PIN, at a handheld that need not have a crew."""

from abc import abstractmethod
from collections.abc import Collection, Sequence

from app.duties.site import Person
from app.meaning import Meant
from app.ports import Scan
from app.unplanned import Unplanned
from screens.layout import Line
from screens.number import Digits, field
from screens.page import Page
from screens.signin import NUMBER, PIN


class OverseerPage(Page):
    """Subclasses say what is asked (`draw`, with `asked`), and what follows once somebody `agreed`."""

    wanted: Collection[str] = ()
    """Roles that may."""

    def __init__(self) -> None:
        super().__init__()
        self._typed: Digits = NUMBER
        self._boss: Person | None = None
        """Whose PIN is asked for."""

    @abstractmethod
    async def agreed(self, boss: Person, scan: Scan | None) -> None:
        """`boss` is there; `scan` when it was a badge."""

    def asked(self) -> Line:
        """The field."""
        return field(self.say("signin.pin" if self._boss else "signin.number"), self._typed)

    def foot(self) -> Sequence[tuple[str, str]]:
        back = ("Backspace", self.say("stop.rub")) if self._typed.typed else self.back_key
        return (("Enter", self.say("signin.confirm" if self._boss else "signin.next")), back, self.menu_key)

    @property
    def half_typed(self) -> bool:
        return bool(self._typed.typed) or self._boss is not None

    async def digit(self, key: str) -> None:
        if key not in ".-":
            self._typed = self._typed.press(key)

    async def back(self) -> None:
        if self._typed.typed:
            self._typed = self._typed.rub()
        elif self._boss is not None:
            self._boss, self._typed = None, NUMBER
        else:
            self.terminal.close(self)

    async def enter(self) -> None:
        typed, self._typed = self._typed.typed, PIN if self._boss else NUMBER
        if not typed:
            self.terminal.tell(self.say("signin.type_pin" if self._boss else "signin.type_number"), "mark")
            return
        acts = Unplanned.of(self.gear.watch)
        if self._boss is not None:
            await self.agreed(await acts.boss_by_pin(self._boss.id, typed, self.wanted), None)
            return
        person = self.gear.watch.person_by_number(typed)
        if person is None:
            self.terminal.signal("bad")
            self.terminal.tell(self.say("signin.unknown", number=typed), "bad")
            return
        acts.must_answer(person, self.wanted)
        self._boss, self._typed = person, PIN

    async def scanned(self, scan: Scan) -> bool:
        if self.gear.watch.meaning(scan.text).kind is not Meant.PERSON:
            return False
        boss = Unplanned.of(self.gear.watch).boss_by_badge(scan, self.wanted)
        self.terminal.signal("ok")
        await self.agreed(boss, scan)
        return True
