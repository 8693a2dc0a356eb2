"""Registers: which there are, what is open in one, and a new line asked column by column."""

from collections.abc import Mapping, Sequence

from app.duties import registers
from app.duties.days import local_time
from app.duties.provisions import Column, Register
from app.duties.registers import Line as RegisterLine
from app.duties.texts import Choice
from app.keeping import Keeping
from screens.choices import Choices, ListPage
from screens.layout import Line, paragraph, title
from screens.number import Digits, field
from screens.page import Page
from screens.times import clock

ROOM_MOST = 12
LAST = 4
"""Digits of what is personal that are shown again."""


def show(page: Page) -> None:
    page.terminal.open(RegistersPage(Keeping.of(page.gear.watch).registers()))


class RegistersPage(ListPage[Register]):
    """Those this crew keeps."""

    def head(self) -> tuple[str, str]:
        return self.say("registers.title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return "" if len(self.choices) else self.say("registers.none")

    def item(self, register: Register) -> str:
        watch, name = self.gear.watch, register.name.say(self.lang)
        due = Keeping.of(watch).line_due(register)
        if due is not None:
            at = local_time(due, watch.zone)
            words = "registers.row_late" if at <= watch.now() else "registers.row_due"
            return self.say(words, name=name, time=clock(at))
        count = len(Keeping.of(watch).open_lines(register.id))
        return self.say("registers.row_open", name=name, n=count) if count else name

    async def chosen(self, register: Register) -> None:
        self.terminal.open(RegisterPage(register) if register.stays else EntryPage(register))


class RegisterPage(Page):
    """What is open; Enter begins a new line, a digit ends one."""

    def __init__(self, register: Register) -> None:
        super().__init__()
        self._register = register
        self._open: Choices[RegisterLine] | None = None
        self._listed: object = None

    def look_up(self) -> None:
        lines = Keeping.of(self.gear.watch).open_lines(self._register.id)
        over = {line.id for line in Keeping.of(self.gear.watch).overdue()}
        if self._listed == (lines, over):  # the page that is open stays open
            return
        self._listed = (lines, over)

        def words(line: RegisterLine) -> str:
            key = "registers.overdue_line" if line.id in over else "registers.line"
            return self.say(key, time=clock(self.terminal.local(line.at)), words=line.words)

        self._open = Choices(lines, words, lambda line: "mark" if line.id in over else "text")

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self._register.name.say(self.lang), clock(self.gear.watch.now()), width), ()]
        if self._open is None or not len(self._open):
            return [*rows, *paragraph(self.say("registers.nothing_open"), "text", width)]
        rows += paragraph(self.say("registers.open", ends=self._register.ends.say(self.lang)), "dim", width)
        return [*rows, *self._open.draw(width, height - len(rows), self.more)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("registers.new")), self.back_key, self.menu_key)

    async def enter(self) -> None:
        self.terminal.open(EntryPage(self._register))

    async def digit(self, key: str) -> None:
        line = self._open.pick(key) if self._open else None
        if line is not None:
            self.terminal.open(EndPage(self._register, line, await Keeping.of(self.gear.watch).personal(line)))

    async def move(self, step: int) -> None:
        if self._open:
            self._open.turn(step)


class EndPage(Page):
    """One line, and Enter ends it."""

    def __init__(self, register: Register, line: RegisterLine, personal: Mapping[str, str]) -> None:
        super().__init__()
        self._register = register
        self._line = line
        self._personal = personal

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self._register.name.say(self.lang), clock(self.terminal.local(self._line.at)), width), ()]
        rows += paragraph(self._line.words, "key", width)
        for column in self._register.columns:
            if text := self._personal.get(column.id):
                rows += paragraph(f"{column.text.say(self.lang)} {text[-LAST:]}", "text", width)
        return rows

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self._register.ends.say(self.lang)), self.back_key)

    async def enter(self) -> None:
        late = await Keeping.of(self.gear.watch).end_line(self._line.id)
        self.terminal.close(self)
        self.terminal.signal("mark" if late else "ok")
        key = "registers.ended_late" if late else "registers.ended"
        self.terminal.tell(self.say(key, ends=self._register.ends.say(self.lang)), "mark" if late else "ok")


class EntryPage(Page):
    """A new line, one column after the other."""

    def __init__(self, register: Register) -> None:
        super().__init__()
        self._register = register
        self._answers: dict[str, str] = {}
        self._place = 0
        self._digits = Digits()
        self._choices: Choices[Choice] | None = None
        self._begin()

    @property
    def _column(self) -> Column:
        return self._register.columns[self._place]

    def _begin(self) -> None:
        """The column that is asked now; what was answered there before stands in it."""
        column, before = self._column, self._answers.get(self._column.id, "")
        self._choices = None
        if column.kind == "choice":
            self._choices = Choices(column.choices, lambda choice: choice.text.say(self.lang))
        limit = column.size or (ROOM_MOST if column.kind == "room" else 8)
        self._digits = Digits(before if column.kind != "choice" else "", limit=limit)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        column = self._column
        step = self.say("registers.step", n=self._place + 1, of=len(self._register.columns))
        rows = [title(self._register.name.say(self.lang), step, width), ()]
        rows += paragraph(column.text.say(self.lang), "key", width)
        if self._choices is not None:
            return [*rows, (), *self._choices.draw(width, height - len(rows) - 1, self.more)]
        rows += [(), field("", self._digits)]
        if column.kind == "room":
            rows += paragraph(self.say("registers.room_hint"), "dim", width)
        if column.personal:
            rows += paragraph(self.say("registers.personal"), "dim", width)
        return rows

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._choices is not None:
            return (self.back_key, self.menu_key)
        last = self._place + 1 == len(self._register.columns)
        words = "registers.skip" if self._column.optional and self._digits.empty else None
        return (("Enter", self.say(words or ("registers.save" if last else "registers.next"))), self.back_key)

    @property
    def open_question(self) -> object:
        return self._place

    @property
    def half_typed(self) -> bool:
        return bool(self._digits.typed)

    async def digit(self, key: str) -> None:
        if self._choices is not None:
            picked = self._choices.pick(key)
            if picked is not None:
                await self._take(picked.id)
        elif self._column.kind == "room" and key in "-.":
            typed = self._digits.typed
            if typed and not typed.endswith("-") and len(typed) < ROOM_MOST:
                self._digits = Digits(typed + "-", limit=ROOM_MOST)
        elif key.isdigit():
            self._digits = self._digits.press(key)

    async def enter(self) -> None:
        if self._choices is None:
            await self._take(self._digits.typed)

    async def back(self) -> None:
        if self._digits.typed:
            self._digits = self._digits.rub()
        elif self._place:
            self._place -= 1
            self._begin()
        else:
            self.terminal.close(self)

    async def move(self, step: int) -> None:
        if self._choices is not None:
            self._choices.turn(step)

    async def _take(self, answer: str) -> None:
        """The column's answer; the last one writes the line. What does not fit is said and stays in the field."""
        Keeping.of(self.gear.watch).check_column(self._column, answer)
        self._answers[self._column.id] = answer
        if self._place + 1 < len(self._register.columns):
            self._place += 1
            self._begin()
            return
        line = await Keeping.of(self.gear.watch).enter_line(self._register.id, self._answers)
        self.terminal.close(self)
        look = registers.worth_a_look(self._register, self._answers)
        self.terminal.signal("mark" if look else "ok")
        self.terminal.tell(
            self.say("registers.saved_look" if look else "registers.saved", words=line.words), "mark" if look else "ok"
        )
