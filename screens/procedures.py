"""Procedures: a card or call-out that is followed step by step while the clock runs, and whom to call (D51-D54)."""

from collections.abc import Sequence

from app.duties import procedures
from app.duties.days import millis
from app.duties.procedures import Run, TeamRun
from app.duties.provisions import Contact, Material, Procedure, Step, Team
from app.duties.site import Asset
from app.duties.texts import Phrase
from app.keeping import Keeping
from app.kinds.procedures import RUNS
from app.meaning import Meant
from app.ports import Scan
from app.watch import Watch
from screens.choices import Choices, ListPage
from screens.layout import Line, heading, line, paragraph, title, two
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
        super().__init__([*Keeping.of(watch).runs(), *Keeping.of(watch).procedures(), *contacts])

    def head(self) -> tuple[str, str]:
        return self.say("procedures.title"), clock(self.gear.watch.now())

    def item(self, row: Row) -> str:
        if isinstance(row, str):
            return self.say("procedures.contacts")
        if isinstance(row, Run):
            name = procedure_name(self.gear.watch.plan, row, self.lang)
            return self.say("procedures.running", name=name, span=_elapsed(self, row))
        name, kind = row.name.say(self.lang), self.say(f"procedures.kind_{row.kind.replace('-', '_')}")
        return name if row.kind == "card" or kind.lower() in name.lower() else f"{name}  {kind}"

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
    procedure = Keeping.of(page.gear.watch).procedure_of(run)
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
        await Keeping.of(self.gear.watch).close_procedure(self._doing.id)
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("procedures.closed", name=self._doing.procedure))


class ContactsPage(ListPage[Contact]):
    def head(self) -> tuple[str, str]:
        return self.say("procedures.contacts"), clock(self.gear.watch.now())

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
        drill = ("2", self.say("procedures.start_exercise"))
        match self._procedure.kind:
            case "card":
                return (("Enter", self.say("procedures.start")), drill, self.back_key)
            case "drill":
                return (("Enter", self.say("procedures.start_exercise")), self.back_key)
        return (("1", self.say("procedures.start_real")), drill, self.back_key)

    async def enter(self) -> None:
        if self._procedure.kind != "call-out":
            await self._start(exercise=self._procedure.kind == "drill")

    async def digit(self, key: str) -> None:
        if key == "2" or (key == "1" and self._procedure.kind == "call-out"):
            await self._start(exercise=key == "2")

    async def _start(self, *, exercise: bool) -> None:
        if self._procedure.about:
            plan = self.gear.watch.plan
            found = [asset for id in self._procedure.about if (asset := plan.find_asset(id)) is not None]
            self.terminal.replace(AboutPage(self._procedure, found, exercise=exercise))
        else:
            await start(self, self._procedure, exercise=exercise)


async def start(page: Page, procedure: Procedure, *, exercise: bool, about: str = "") -> None:
    run = await Keeping.of(page.gear.watch).open_procedure(procedure.id, exercise=exercise, about=about)
    page.terminal.signal("mark")
    follow(page, run)


class AboutPage(ListPage[Asset]):
    """Which lift? Its label can be scanned; Enter goes on where nobody can say yet: the clock must not wait."""

    def __init__(self, procedure: Procedure, assets: Sequence[Asset], *, exercise: bool) -> None:
        super().__init__(assets)
        self._procedure = procedure
        self._exercise = exercise

    def head(self) -> tuple[str, str]:
        return self._procedure.name.say(self.lang), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("procedures.about")

    def item(self, asset: Asset) -> str:
        return asset.name.say(self.lang)

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("procedures.about_unknown")), self.back_key)

    async def chosen(self, asset: Asset) -> None:
        await start(self, self._procedure, exercise=self._exercise, about=asset.id)

    async def enter(self) -> None:
        await start(self, self._procedure, exercise=self._exercise)

    async def scanned(self, scan: Scan) -> bool:
        meaning = self.gear.watch.meaning(scan.text)
        if meaning.kind is not Meant.ASSET or meaning.id not in self._procedure.about:
            return False
        await start(self, self._procedure, exercise=self._exercise, about=meaning.id)
        return True


class TeamsPage(ListPage[Team]):
    """Which team this handheld is with."""

    def __init__(self, run: str, procedure: Procedure) -> None:
        super().__init__(procedure.teams)
        self._run = run
        self._procedure = procedure

    def head(self) -> tuple[str, str]:
        run = self.gear.watch.state.share(RUNS).get(self._run)
        exercise = f" {self.say('procedures.exercise')}" if run and run.exercise else ""
        return self._procedure.name.say(self.lang) + exercise, _elapsed(self, run) if run else ""

    def intro(self) -> str:
        return self.say("procedures.teams")

    def item(self, team: Team) -> str:
        return self.say("procedures.team", name=team.name.say(self.lang), state=self._state(team))

    def _state(self, team: Team) -> str:
        run = self.gear.watch.state.share(RUNS).get(self._run)
        here = run.teams.get(team.id, TeamRun()) if run else TeamRun()
        late = run and procedures.assembled_in_time(team, run, millis(self.gear.watch.now())) is False
        there = self.say("procedures.team_waiting", min=team.assemble_min) if team.assemble_min else ""
        if here.assembled is not None:
            there = self.say("procedures.team_there", time=clock(self.terminal.local(here.assembled)))
        elif late or here.reported is not None:
            there = ""
        reported = self.say("procedures.team_reported") if here.reported is not None else ""
        return " ".join(said for said in (there, self.say("procedures.team_late") if late else "", reported) if said)

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("procedures.close")), self.back_key)

    async def chosen(self, team: Team) -> None:
        self.terminal.open(RunPage(self._run, self._procedure, team))

    async def enter(self) -> None:
        self.terminal.open(EndPage(self._run, self._procedure))


class EndPage(Page):
    """Whoever leads ends a call-out; teams whose report is missing here are named, and asked about."""

    def __init__(self, run: str, procedure: Procedure) -> None:
        super().__init__()
        self._doing = run
        self._procedure = procedure

    def _missing(self) -> tuple[Team, ...]:
        run = self.gear.watch.state.share(RUNS).get(self._doing)
        return procedures.unreported(self._procedure, run) if run else ()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self._procedure.name.say(self.lang), clock(self.gear.watch.now()), width), ()]
        if not (missing := self._missing()):
            return [*rows, *paragraph(self.say("procedures.close_ask"), "mark", width)]
        rows += paragraph(self.say("procedures.unreported"), "mark", width)
        rows += [row for team in missing for row in paragraph(f"- {team.name.say(self.lang)}", "text", width, "  ")]
        return [*rows, (), *paragraph(self.say("procedures.unreported_ask"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._missing():
            return (("Enter", self.say("procedures.go_back")), ("1", self.say("procedures.close_anyway")))
        return (("Enter", self.say("procedures.close")), self.back_key)

    async def enter(self) -> None:
        if self._missing():
            self.terminal.close(self)
        else:
            await self._end()

    async def digit(self, key: str) -> None:
        if key == "1" and self._missing():
            await self._end()

    async def _end(self) -> None:
        await Keeping.of(self.gear.watch).close_procedure(self._doing, unreported=True)
        self.terminal.close(self)
        self.terminal.close(self.terminal.top)
        self.terminal.signal("ok")
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
        run = self.gear.watch.state.share(RUNS).get(self._doing)
        return run.teams.get(self._team.id, TeamRun()) if run else TeamRun()

    def _words(self, step: Step) -> str:
        at, words = self._here.ticks.get(step.id), step.text.say(self.lang)
        if at is not None:
            return f"{words}  {clock(self.terminal.local(at))}{self._late(step)}"
        if (mistaken := self._here.taken_back.get(step.id)) is not None:
            words += f"  {self.say('procedures.mistaken', time=clock(self.terminal.local(mistaken)))}"
        return (
            f"{words}  {self.say('procedures.within', min=step.within_min)}{self._late(step)}"
            if step.within_min
            else words
        )

    def _late(self, step: Step) -> str:
        run = self.gear.watch.state.share(RUNS).get(self._doing)
        now = millis(self.gear.watch.now())
        late = run is not None and step in procedures.late_steps(self._procedure, run, self._team.id, now)
        return f" {self.say('procedures.late')}" if late else ""

    def _role(self, step: Step) -> str:
        if step.id in self._here.ticks:
            return "ok"
        return "mark" if self._late(step) else "text"

    def draw(self, width: int, height: int) -> Sequence[Line]:
        run = self.gear.watch.state.share(RUNS).get(self._doing)
        drill = f" {self.say('procedures.exercise')}" if run and run.exercise else ""
        head = self._team.name.say(self.lang) + drill
        if not self._team.id:
            head = procedure_name(self.gear.watch.plan, run, self.lang) if run else self._procedure.name.say(self.lang)
        rows = [*heading(head, self.say("procedures.elapsed", span=_elapsed(self, run)) if run else "", width), ()]
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
        run = self.gear.watch.state.share(RUNS).get(self._doing)
        return procedures.next_step(self._procedure, run, self._team.id) if run else None

    @property
    def open_question(self) -> object:
        return self._ending, self._here

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
            if step.id in self._here.ticks:
                self.terminal.open(TakeBackPage(self._doing, self._team, step, self._here.ticks[step.id]))
            else:
                await self._tick(step)

    async def move(self, step: int) -> None:
        self._steps.turn(step)

    async def back(self) -> None:
        if self._ending:
            self._ending = False
        else:
            self.terminal.close(self)

    async def _tick(self, step: Step) -> None:
        in_time = await Keeping.of(self.gear.watch).tick(self._doing, self._team.id, step.id)
        self.terminal.turned_by_itself()  # a finger that bounces must not tick the next step
        role = "ok" if in_time else "mark"
        self.terminal.signal(role)
        key = "procedures.ticked" if in_time else "procedures.ticked_late"
        self.terminal.tell(self.say(key, words=step.text.say(self.lang), time=clock(self.gear.watch.now())), role)

    async def _assemble(self) -> None:
        in_time = await Keeping.of(self.gear.watch).assemble(self._doing, self._team.id)
        role = "ok" if in_time else "mark"
        self.terminal.signal(role)
        key = "procedures.assembled" if in_time else "procedures.assembled_late"
        self.terminal.tell(self.say(key, name=self._team.name.say(self.lang), min=self._team.assemble_min), role)

    async def _end(self) -> None:
        await Keeping.of(self.gear.watch).close_procedure(self._doing)
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("procedures.closed", name=self._procedure.name.say(self.lang)))


class LeavingPage(Page):
    """The shift is to end while an emergency runs."""

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("procedures.leaving_title"), clock(self.gear.watch.now()), width), ()]
        for run in Keeping.of(self.gear.watch).runs():
            name = procedure_name(self.gear.watch.plan, run, self.lang)
            rows += paragraph(self.say("procedures.running", name=name, span=_elapsed(self, run)), "mark", width)
        return [*rows, (), *paragraph(self.say("procedures.leaving_what"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("procedures.leaving_no")), ("1", self.say("procedures.leaving_yes")))

    async def enter(self) -> None:
        self.terminal.replace(ProceduresPage(self.gear.watch))

    async def digit(self, key: str) -> None:
        if key == "1":
            await self.gear.watch.close_shift()
            self.terminal.go_sign_in()
            self.terminal.tell(self.say("home.closed"))


class TakeBackPage(Page):
    """A step that is ticked: by mistake?"""

    def __init__(self, run: str, team: Team, step: Step, at: int) -> None:
        super().__init__()
        self._doing = run
        self._team = team
        self._step = step
        self._at = at

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("procedures.back_title"), clock(self.gear.watch.now()), width), ()]
        rows += paragraph(f"{self._step.text.say(self.lang)}  {clock(self.terminal.local(self._at))}", "key", width)
        return [*rows, (), *paragraph(self.say("procedures.back_what"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("procedures.back_no")), ("1", self.say("procedures.back_yes")))

    async def enter(self) -> None:
        self.terminal.close(self)

    async def digit(self, key: str) -> None:
        if key == "1":
            await Keeping.of(self.gear.watch).take_back(self._doing, self._team.id, self._step.id)
            self.terminal.close(self)
            self.terminal.signal("mark")
            self.terminal.tell(self.say("procedures.taken_back", words=self._step.text.say(self.lang)), "mark")


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
        await Keeping.of(self.gear.watch).count_material(self._doing, self._team.id, material.id, int(self.typed.typed))
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
        await Keeping.of(self.gear.watch).report_team(self._doing, self._team.id, phrase.id)
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("procedures.reported", words=phrase.text.say(self.lang)))
