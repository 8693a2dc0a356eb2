"""A paper filled in by keys: one question after the other, then what was said, perhaps a photograph, and Enter.

Choices are one digit each, numbers are typed and end with Enter; Backspace goes back a question. What the paper is, and
which question follows from the answers before, a page says that stands on this one.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from msgspec import Struct

from app.duties.orders import Why
from screens.choices import Choices
from screens.layout import Line, paragraph, title
from screens.number import Digits, field
from screens.page import Page
from screens.photos import KEY, Roll
from screens.times import clock


class Ask(Struct, frozen=True):
    """One question."""

    name: str
    words: str
    short: str
    """What the answer stands beside at the end."""
    choices: tuple[tuple[str, str], ...] = ()
    """(id, words); none for a number that is typed."""
    most: int = 12
    """Characters of it."""
    room: bool = False
    """A room number is typed."""
    hint: str = ""

    def say(self, answer: str) -> str:
        return dict(self.choices).get(answer, answer)


Answers = Mapping[str, str]


class AskPage(Page):
    photographed: bool = False
    """Whether a photograph may go with it."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[str, str] = {}
        self._typed = Digits()
        self._roll = Roll()
        self._listed: tuple[str, Choices[tuple[str, str]]] | None = None
        """The choices of the open question, under its name."""

    def on_unmount(self) -> None:
        self._roll.stop()

    # -- for the page that stands on this one --------------------------------------------------
    @abstractmethod
    def head(self) -> str:
        """What paper it is."""

    @abstractmethod
    def question(self, answers: Answers) -> Ask | None:
        """The first of its questions that `answers` leaves open; None when all is said."""

    def facts(self) -> Sequence[str]:
        """What follows from the answers, below them."""
        return ()

    def save_words(self) -> str:
        """What Enter does at the end."""
        return self.say("finding.save")

    @abstractmethod
    async def save(self, answers: Answers, photos: Sequence[bytes]) -> None:
        """Record it and say so; the page is closed then."""

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.head(), clock(self.gear.watch.now()), width), ()]
        asked = self.question(self._answers)
        if asked is None:
            return [*rows, *self._summary(width)]
        rows += paragraph(asked.words, "text", width)
        if asked.choices:
            return [*rows, (), *self._choices(asked).draw(width, height - len(rows) - 1, self.more)]
        rows += [(), field("", self._typed), ()]
        return [*rows, *paragraph(asked.hint, "dim", width)]

    def _summary(self, width: int) -> list[Line]:
        rows: list[Line] = []
        before: dict[str, str] = {}
        for name, answer in self._answers.items():
            asked = self.question(before)
            before[name] = answer
            if asked is not None and answer:
                rows += paragraph(f"{asked.short}: {asked.say(answer)}", "key", width, "  ")
        for fact in self.facts():
            rows += paragraph(fact, "text", width, "  ")
        if seen := self._roll.said(self):
            rows += paragraph(seen, "key", width, "  ")
        return rows

    def _choices(self, asked: Ask) -> Choices[tuple[str, str]]:
        if self._listed is None or self._listed[0] != asked.name:
            self._listed = asked.name, Choices(asked.choices, lambda choice: choice[1])
        return self._listed[1]

    def foot(self) -> Sequence[tuple[str, str]]:
        asked = self.question(self._answers)
        if asked is None:
            photo = (self._roll.key(self),) if self.photographed else ()
            return (("Enter", self.save_words()), *photo, self.back_key)
        if asked.choices:
            return (self.back_key, self.menu_key)
        return (("Enter", self.say("stop.next")), self.back_key, self.menu_key)

    # -- keys ----------------------------------------------------------------------------------
    @property
    def open_question(self) -> object:
        return len(self._answers)

    @property
    def half_typed(self) -> bool:
        return bool(self._typed.typed)

    async def digit(self, key: str) -> None:
        asked = self.question(self._answers)
        if asked is None:
            if key == KEY and self.photographed:
                self._roll.press(self)
        elif asked.choices:
            picked = self._choices(asked).pick(key)
            if picked is not None:
                self._answered(asked.name, picked[0])
        else:
            self._typed = Digits(self._typed.typed, limit=asked.most, room=asked.room).press(key)

    def _answered(self, name: str, answer: str) -> None:
        self._answers[name] = answer
        self._typed, self._listed = Digits(), None

    async def move(self, step: int) -> None:
        asked = self.question(self._answers)
        if asked is not None and asked.choices:
            self._choices(asked).turn(step)

    async def back(self) -> None:
        if self._typed.typed:
            self._typed = self._typed.rub()
        elif self._answers:
            self._answers.popitem()
            self._listed = None
        else:
            self.terminal.close(self)

    async def enter(self) -> None:
        asked = self.question(self._answers)
        if asked is not None:
            self._enter_answer(asked)
        elif not self._roll.is_waited_for(self):
            await self.save(self._answers, self._roll.data)

    def _enter_answer(self, asked: Ask) -> None:
        if asked.choices:
            self.terminal.tell(self.say("stop.choose"), "mark")
        else:
            self._answered(asked.name, self._typed.entered)
            again = self.question(self._answers)
            if again is not None and again.name == asked.name:
                self.terminal.tell(self.say(f"orders.why_{Why.NO_VALUE}"), "mark")
