"""Procedures: a card or call-out that is followed step by step while the clock runs, and whom to call (D51-D54)."""

from collections.abc import Sequence

from app.duties import procedures
from app.duties.days import millis
from app.duties.procedures import Run, TeamRun
from app.duties.provisions import Contact, Material, Procedure, Step, Team
from app.duties.texts import Phrase
from app.watch import Watch
from screens.choices import Choices, ListPage
from screens.layout import Line, line, paragraph, title, two
from screens.names import procedure_name
from screens.number import Digits, field
from screens.page import Page
from screens.times import clock, since
from screens.typed import TypedPage

CONTACTS = "contacts"
COUNT = Digits(limit=3)
STEPS = 7
"""On a page: 8 and 9 are keys of their own."""
Row = Run | Procedure | str


class ProceduresPage(ListPage[Row]):
    """What runs stands first; then the cards and call-outs; last whom to call."""

    def __init__(self, watch: Watch) -> None:
        contacts = [CONTACTS] if watch.plan.contacts else []
        super().__init__([*watch.runs(), *watch.procedures(), *contacts])

    def head(self) -> tuple[str, str]:
        return self.say("procedures.title"), clock(self.gear.watch.now())

    def item(self, row: Row) -> str:
        if isinstance(row, str):
            return self.say("procedures.contacts")
        if isinstance(row, Run):
            name = procedure_name(self.gear.watch.procedure_of(row), row, self.lang)
            return self.say("procedures.running", name=name, span=_elapsed(self, row))
        return self.say(f"procedures.kind_{row.kind.replace('-', '_')}", name=row.name.say(self.lang))

    def item_role(self, row: Row) -> str:
        return "mark" if isinstance(row, Run) else "text"

    async def chosen(self, row: Row) -> None:
        if isinstance(row, str):
            self.terminal.open(ContactsPage(self.gear.watch.plan.contacts))
        elif isinstance(row, Run):
            follow(self, row)
        else:
            self.terminal.replace(StartPage(row))


def _elapsed(page: Page, run: Run) -> str:
    return since(page.lang, run.at, page.gear.watch.now())


def follow(page: Page, run: Run) -> None:
    """To the steps of a card, or to the teams of a call-out."""
    procedure = page.gear.watch.procedure_of(run)
    if procedure is None:
        page.terminal.replace(GonePage(run))
    elif len(procedure.teams) == 1:
        page.terminal.replace(RunPage(run.id, procedure, procedure.teams[0]))
    else:
        page.terminal.replace(TeamsPage(run.id, procedure))


class GonePage(Page):
    """What runs while the plan has its procedure no longer: it can be ended."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._doing = run

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self._doing.procedure, self.say("procedures.elapsed", span=_elapsed(self, self._doing)), width)]
        rows += [(), *paragraph(self.say("procedures.unknown"), "mark", width)]
        return [*rows, (), *paragraph(self.say("procedures.close_ask"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("procedures.close")), self.back_key)

    async def enter(self) -> None:
        await self.gear.watch.close_procedure(self._doing.id)
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("procedures.closed", name=self._doing.procedure))


class ContactsPage(ListPage[Contact]):
    def head(self) -> tuple[str, str]:
        return self.say("procedures.contacts_title"), clock(self.gear.watch.now())

    def item(self, contact: Contact) -> str:
        return self.say("procedures.contact", number=contact.number, name=contact.name.say(self.lang))

    async def chosen(self, contact: Contact) -> None:
        self.terminal.tell(self.item(contact))


class StartPage(Page):
    """What sets it off; a card starts by Enter, a call-out asks whether it is a drill."""

    def __init__(self, procedure: Procedure) -> None:
        super().__init__()
        self._procedure = procedure

    def draw(self, width: int, height: int) -> Sequence[Line]:
        found = self._procedure
        rows = [title(found.name.say(self.lang), clock(self.gear.watch.now()), width), ()]
        if when := found.when.say(self.lang):
            rows += paragraph(self.say("procedures.start_when", when=when), "text", width)
        if found.kind == "card":
            rows += paragraph(self.say("procedures.start_card"), "text", width)
            steps = found.teams[0].steps
            rows += [
                (),
                *(row for step in steps for row in paragraph(f"- {step.text.say(self.lang)}", "dim", width, "  ")),
            ]
        return rows

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._procedure.kind == "card":
            return (("Enter", self.say("procedures.start")), self.back_key)
        real, drill = self.say("procedures.start_real"), self.say("procedures.start_exercise")
        return (("1", real), ("2", drill), self.back_key)

    async def enter(self) -> None:
        if self._procedure.kind == "card":
            await self._start(exercise=False)

    async def digit(self, key: str) -> None:
        if self._procedure.kind != "card" and key in "12":
            await self._start(exercise=key == "2")

    async def _start(self, *, exercise: bool) -> None:
        run = await self.gear.watch.open_procedure(self._procedure.id, exercise=exercise)
        self.terminal.signal("mark")
        follow(self, run)


class TeamsPage(ListPage[Team]):
    """Which team this handheld is with."""

    def __init__(self, run: str, procedure: Procedure) -> None:
        super().__init__(procedure.teams)
        self._run = run
        self._procedure = procedure

    def head(self) -> tuple[str, str]:
        run = self.gear.watch.state.runs.get(self._run)
        exercise = f" {self.say('procedures.exercise')}" if run and run.exercise else ""
        return self._procedure.name.say(self.lang) + exercise, _elapsed(self, run) if run else ""

    def intro(self) -> str:
        return self.say("procedures.teams")

    def item(self, team: Team) -> str:
        return self.say("procedures.team", name=team.name.say(self.lang), state=self._state(team))

    def _state(self, team: Team) -> str:
        run = self.gear.watch.state.runs.get(self._run)
        here = run.teams.get(team.id, TeamRun()) if run else TeamRun()
        if here.reported is not None:
            return self.say("procedures.team_reported")
        if here.assembled is not None:
            return self.say("procedures.team_there", time=clock(self.terminal.local(here.assembled)))
        if run and procedures.assembled_in_time(team, run, millis(self.gear.watch.now())) is False:
            return self.say("procedures.team_late")
        return self.say("procedures.team_waiting", min=team.assemble_min) if team.assemble_min else ""

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("procedures.close")), self.back_key)

    async def chosen(self, team: Team) -> None:
        self.terminal.open(RunPage(self._run, self._procedure, team))

    async def enter(self) -> None:
        await self.gear.watch.close_procedure(self._run)
        self.terminal.close(self)
        self.terminal.tell(self.say("procedures.closed", name=self._procedure.name.say(self.lang)))


class RunPage(Page):
    """One team's steps, with the time of each."""

    def __init__(self, run: str, procedure: Procedure, team: Team) -> None:
        super().__init__()
        self._doing = run
        self._procedure = procedure
        self._team = team
        self._steps = Choices(team.steps, self._words, self._role, STEPS)
        self._ending = False

    @property
    def _here(self) -> TeamRun:
        run = self.gear.watch.state.runs.get(self._doing)
        return run.teams.get(self._team.id, TeamRun()) if run else TeamRun()

    def _words(self, step: Step) -> str:
        at, words = self._here.ticks.get(step.id), step.text.say(self.lang)
        if at is not None:
            return f"{words}  {clock(self.terminal.local(at))}{self._late(step)}"
        return (
            f"{words}  {self.say('procedures.within', min=step.within_min)}{self._late(step)}"
            if step.within_min
            else words
        )

    def _late(self, step: Step) -> str:
        run = self.gear.watch.state.runs.get(self._doing)
        now = millis(self.gear.watch.now())
        late = run is not None and step in procedures.late_steps(self._procedure, run, self._team.id, now)
        return f" {self.say('procedures.late')}" if late else ""

    def _role(self, step: Step) -> str:
        if step.id in self._here.ticks:
            return "ok"
        return "mark" if self._late(step) else "text"

    def draw(self, width: int, height: int) -> Sequence[Line]:
        run = self.gear.watch.state.runs.get(self._doing)
        name = self._team.name.say(self.lang) or self._procedure.name.say(self.lang)
        head = f"{name} {self.say('procedures.exercise')}" if run and run.exercise else name
        rows = [title(head, self.say("procedures.elapsed", span=_elapsed(self, run)) if run else "", width), ()]
        if self._ending:
            return [*rows, *paragraph(self.say("procedures.close_ask"), "mark", width)]
        rows += self._steps.draw(width, height - len(rows) - len(self._team.materials), self.more)
        return [*rows, *(row for each in self._team.materials for row in self._material(each, width))]

    def _material(self, material: Material, width: int) -> list[Line]:
        name, count = material.text.say(self.lang), self._here.materials.get(material.id)
        if count is None:
            return [two(("  " + self.say("procedures.count", name=name, wanted=material.count), "dim"), "", width)]
        short = count < material.count
        words = self.say(
            "procedures.counted_short" if short else "procedures.counted",
            name=name,
            count=count,
            wanted=material.count,
            n=material.count - count,
        )
        return [line(("  " + words, "mark" if short else "ok"))]

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._ending:
            return (("Enter", self.say("procedures.close")), self.back_key)
        keys = [("Enter", self.say(self._enter_words()))]
        if self._procedure.kind == "card":
            keys.append(("9", self.say("procedures.close")))
        else:
            keys += [("8", self.say("procedures.material"))] if self._team.materials else []
            keys.append(("9", self.say("procedures.report")))
        return (*keys, self.back_key)

    def _enter_words(self) -> str:
        if self._team.assemble_min and self._here.assembled is None:
            return "procedures.assemble"
        if self._next() is not None:
            return "procedures.tick"
        return "procedures.close" if self._procedure.kind == "card" else "procedures.report"

    def _next(self) -> Step | None:
        run = self.gear.watch.state.runs.get(self._doing)
        return procedures.next_step(self._procedure, run, self._team.id) if run else None

    async def enter(self) -> None:
        if self._ending:
            await self._end()
        elif self._team.assemble_min and self._here.assembled is None:
            await self._assemble()
        elif (step := self._next()) is not None:
            await self._tick(step)
        elif self._procedure.kind == "card":
            self._ending = True
        else:
            self.terminal.open(ReportPage(self._doing, self._procedure, self._team))

    async def digit(self, key: str) -> None:
        if self._ending:
            return
        if key == "9" and self._procedure.kind == "card":
            self._ending = True
        elif key == "8" and self._team.materials:
            self.terminal.open(MaterialsPage(self._doing, self._team))
        elif key == "9":
            self.terminal.open(ReportPage(self._doing, self._procedure, self._team))
        elif (step := self._steps.pick(key)) is not None:
            await self._tick(step)

    async def move(self, step: int) -> None:
        self._steps.turn(step)

    async def back(self) -> None:
        if self._ending:
            self._ending = False
        else:
            self.terminal.close(self)

    async def _tick(self, step: Step) -> None:
        in_time = await self.gear.watch.tick(self._doing, self._team.id, step.id)
        self.terminal.turned_by_itself()  # a finger that bounces must not tick the next step
        role = "ok" if in_time else "mark"
        self.terminal.signal(role)
        key = "procedures.ticked" if in_time else "procedures.ticked_late"
        self.terminal.tell(self.say(key, words=step.text.say(self.lang), time=clock(self.gear.watch.now())), role)

    async def _assemble(self) -> None:
        in_time = await self.gear.watch.assemble(self._doing, self._team.id)
        role = "ok" if in_time else "mark"
        self.terminal.signal(role)
        key = "procedures.assembled" if in_time else "procedures.assembled_late"
        self.terminal.tell(self.say(key, name=self._team.name.say(self.lang), min=self._team.assemble_min), role)

    async def _end(self) -> None:
        await self.gear.watch.close_procedure(self._doing)
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("procedures.closed", name=self._procedure.name.say(self.lang)))


class MaterialsPage(TypedPage):
    """Each material counted, one after the other."""

    def __init__(self, run: str, team: Team) -> None:
        super().__init__(COUNT)
        self._doing = run
        self._team = team
        self._place = 0

    def draw(self, width: int, height: int) -> Sequence[Line]:
        material = self._team.materials[self._place]
        step = f"{self._place + 1}/{len(self._team.materials)}"
        rows = [title(self.say("procedures.count_title", name=self._team.name.say(self.lang)), step, width), ()]
        name = self.say("procedures.count", name=material.text.say(self.lang), wanted=material.count)
        return [*rows, *paragraph(name, "key", width), (), field("", self.typed)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("registers.save")), self.back_key)

    async def enter(self) -> None:
        if self.typed.empty:
            self.terminal.tell(self.say("procedures.type_count"), "mark")
            return
        material = self._team.materials[self._place]
        await self.gear.watch.count_material(self._doing, self._team.id, material.id, int(self.typed.typed))
        self._place, self.typed = self._place + 1, COUNT
        if self._place == len(self._team.materials):
            self.terminal.signal("ok")
            self.terminal.close(self)


class ReportPage(ListPage[Phrase]):
    """How the team stands at the end."""

    def __init__(self, run: str, procedure: Procedure, team: Team) -> None:
        super().__init__(procedure.reports)
        self._doing = run
        self._team = team

    def head(self) -> tuple[str, str]:
        return self.say("procedures.report_title", name=self._team.name.say(self.lang)), clock(self.gear.watch.now())

    def item(self, phrase: Phrase) -> str:
        return phrase.text.say(self.lang)

    async def chosen(self, phrase: Phrase) -> None:
        await self.gear.watch.report_team(self._doing, self._team.id, phrase.id)
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("procedures.reported", words=phrase.text.say(self.lang)))
