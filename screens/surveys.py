"""Pre-handover inspection (D36): the next dwelling, a key for each fitting, faults to the builder, both sides' word."""

from collections.abc import Sequence
from typing import Final

from app.duties.provisions import Fitting, Survey, Unit
from app.duties.surveys import CONFIRMED, NEEDS_NUMBER, Fault, Stage, count, stage
from app.duties.texts import Phrase
from app.surveys import NUMBER_MOST, Surveys
from app.work import ROOM_MOST
from screens.asking import Answers, Ask, AskPage
from screens.choices import Choices, ListPage
from screens.layout import Line, heading, paragraph, title
from screens.number import Digits, field
from screens.page import Page
from screens.photos import KEY, Roll
from screens.times import clock

RIGHT: Final = "1"
WRONG: Final = "2"
UNDO: Final = "0"
"""Back to the fitting before: its answer is given anew."""
ONE_MORE: Final = "7"


def acts(page: Page) -> Surveys:
    return Surveys.of(page.gear.watch)


def unit_words(page: Page, unit: Unit) -> str:
    return unit.name.say(page.lang) or unit.id


def open_unit(page: Page, survey: Survey, unit: Unit) -> None:
    """What the unit asks for now: its next fitting, its end, or that it is done."""
    dwelling = acts(page).dwelling(survey, unit.id)
    if stage(dwelling) is Stage.PASSED:
        page.terminal.tell(page.say("surveys.passed", unit=unit_words(page, unit)))
    elif acts(page).left(survey, unit.id):
        page.terminal.open(FittingPage(survey, unit))
    else:
        page.terminal.open(EndPage(survey, unit))


class SurveysPage(ListPage[Survey]):
    """What this crew inspects."""

    def head(self) -> tuple[str, str]:
        return self.say("surveys.title"), clock(self.gear.watch.now())

    def item(self, item: Survey) -> str:
        found = acts(self).progress(item)
        return self.say("surveys.row", name=item.name.say(self.lang), done=found.passed, units=found.units)

    async def chosen(self, item: Survey) -> None:
        self.terminal.open(SurveyPage(item))


def page_for(survey: Sequence[Survey]) -> Page:
    """Of a single survey, its own page."""
    return SurveyPage(survey[0]) if len(survey) == 1 else SurveysPage(survey)


class SurveyPage(Page):
    """How far it is; Enter goes on with the next dwelling."""

    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self._survey = survey
        self._next: Unit | None = None
        self._waiting: tuple[Unit, ...] = ()

    def look_up(self) -> None:
        self._next, self._waiting = acts(self).next_unit(self._survey), acts(self).waiting(self._survey)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        found = acts(self).progress(self._survey)
        rows = [title(self._survey.name.say(self.lang), clock(self.gear.watch.now()), width), ()]
        said = {"done": found.passed, "faults": found.faults, "left": found.untouched, "units": found.units}
        rows += paragraph(self.say("surveys.progress", **said), "text", width)
        rows.append(())
        if self._next is None:
            return [*rows, *paragraph(self.say("surveys.all_seen"), "key", width)]
        begun = stage(acts(self).dwelling(self._survey, self._next.id)) is Stage.OPEN
        key = "surveys.begun" if begun else "surveys.next"
        return [*rows, *paragraph(f"> {self.say(key, unit=unit_words(self, self._next))}", "key", width, "  ")]

    def foot(self) -> Sequence[tuple[str, str]]:
        go = (("Enter", self.say("surveys.key_next")),) if self._next else ()
        again = (("2", self.say("surveys.key_waiting", n=len(self._waiting))),) if self._waiting else ()
        return (*go, ("1", self.say("surveys.key_other")), *again, self.back_key, self.menu_key)

    async def enter(self) -> None:
        if self._next is not None:
            open_unit(self, self._survey, self._next)

    async def digit(self, key: str) -> None:
        if key == "1":
            self.terminal.open(UnitPage(self._survey))
        elif key == "2" and self._waiting:
            self.terminal.open(WaitingPage(self._survey, self._waiting))


class WaitingPage(ListPage[Unit]):
    """Units whose faults are looked at again."""

    def __init__(self, survey: Survey, units: Sequence[Unit]) -> None:
        super().__init__(units)
        self._survey = survey

    def head(self) -> tuple[str, str]:
        return self.say("surveys.waiting_title"), clock(self.gear.watch.now())

    def item(self, item: Unit) -> str:
        faults = acts(self).dwelling(self._survey, item.id).faults
        due = min((fault.due for fault in faults), default=0)
        at = self.day_of(due)
        return self.say("surveys.waiting_row", unit=unit_words(self, item), n=len(faults), due=at)

    async def chosen(self, item: Unit) -> None:
        self.terminal.close(self)
        open_unit(self, self._survey, item)


class UnitPage(Page):
    """A dwelling by its number; plants, which have none, from a list."""

    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self._survey = survey
        self._typed = Digits(limit=ROOM_MOST, room=True)
        named = [unit for unit in survey.units if unit.name.say("zh")]
        self._choices = Choices(named, lambda unit: unit_words(self, unit)) if named else None

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self._survey.name.say(self.lang), clock(self.gear.watch.now()), width), ()]
        if self._choices is not None:
            return [*rows, *self._choices.draw(width, height - len(rows), self.more)]
        rows += [field(self.say("surveys.unit"), self._typed), ()]
        return [*rows, *paragraph(self.say("surveys.unit_hint", unit=self._survey.units[0].id), "dim", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        enter = () if self._choices is not None else (("Enter", self.say("surveys.key_open")),)
        return (*enter, self.back_key, self.menu_key)

    @property
    def half_typed(self) -> bool:
        return bool(self._typed.typed)

    async def digit(self, key: str) -> None:
        if self._choices is not None:
            if (unit := self._choices.pick(key)) is not None:
                self._go(unit)
            return
        self._typed = self._typed.press(key)

    async def move(self, step: int) -> None:
        if self._choices is not None:
            self._choices.turn(step)

    async def back(self) -> None:
        if self._typed.typed:
            self._typed = self._typed.rub()
        else:
            self.terminal.close(self)

    async def enter(self) -> None:
        if self._choices is not None:
            self.terminal.tell(self.say("stop.choose"), "mark")
            return
        unit = acts(self).unit(self._survey, self._typed.entered)
        if unit is None:
            self.terminal.signal("mark")
            self.terminal.tell(self.say("surveys.no_unit", unit=self._typed.typed), "mark")
        else:
            self._go(unit)

    def _go(self, unit: Unit) -> None:
        self.terminal.close(self)
        open_unit(self, self._survey, unit)


class FittingPage(Page):
    """One thing to look at: Enter, it is right; 2, it is not."""

    def __init__(self, survey: Survey, unit: Unit, back: Fitting | None = None) -> None:
        super().__init__()
        self._survey = survey
        self._unit = unit
        self._back = back
        """What was looked at already and is answered anew."""
        self._what: Fitting | Fault | None = None

    def look_up(self) -> None:
        left = acts(self).left(self._survey, self._unit.id)
        self._what = self._back or next(iter(left), None)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        place, of = count(acts(self).dwelling(self._survey, self._unit.id), self._survey.fittings)
        beside = self.say("surveys.anew") if self._back else f"{place}/{of}"
        rows = [title(unit_words(self, self._unit), beside, width), ()]
        if self._what is None:
            return rows
        rows += paragraph(self._words(self._what), "key", width)
        if isinstance(self._what, Fault):
            rows += paragraph(self._before(self._what), "text", width)
        return rows

    def _words(self, what: Fitting | Fault) -> str:
        if isinstance(what, Fitting):
            return what.text.say(self.lang)
        return next(
            (each.text.say(self.lang) for each in self._survey.fittings if each.id == what.fitting), what.fitting
        )

    def _before(self, fault: Fault) -> str:
        phrases = acts(self).phrases(self._survey, fault.fitting)
        words = next((each.text.say(self.lang) for each in phrases if each.id == fault.phrase), fault.phrase)
        due = self.day_of(fault.due)
        return self.say("surveys.before", words=words, due=due)

    def foot(self) -> Sequence[tuple[str, str]]:
        again = "again_" if isinstance(self._what, Fault) else ""
        keys = (("Enter", self.say(f"surveys.key_{again}right")), (WRONG, self.say(f"surveys.key_{again}wrong")))
        undo = ((UNDO, self.say("surveys.key_undo")),) if self._last() else ()
        return (*keys, *undo, self.back_key, self.menu_key)

    def _last(self) -> Fitting | None:
        return acts(self).before(self._survey, self._unit.id, self._back)

    @property
    def open_question(self) -> object:
        return self._what

    async def enter(self) -> None:
        if self._what is not None:
            await acts(self).find_right(self._survey.id, self._unit.id, self._what)
            self.terminal.signal("ok")
        self._back = None
        self._go_on()

    async def digit(self, key: str) -> None:
        if key == RIGHT:
            await self.enter()
        elif key == WRONG and self._what is not None:
            what, self._back = self._what, None
            self.terminal.open(FaultPage(self._survey, self._unit, what))
        elif key == UNDO and (before := self._last()):
            self._back = before

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.call_later(self._go_on)

    def _go_on(self) -> None:
        """The last one leads to the end of the visit."""
        over = self._back is None and not acts(self).left(self._survey, self._unit.id)
        if over and self.terminal.screen is self:
            self.terminal.replace(EndPage(self._survey, self._unit))


class FaultPage(Page):
    """What is wrong, a photograph perhaps, and Enter; 7 for one more of the same fitting."""

    def __init__(self, survey: Survey, unit: Unit, what: Fitting | Fault) -> None:
        super().__init__()
        self._survey = survey
        self._unit = unit
        self._what = what
        self._fitting = what.fitting if isinstance(what, Fault) else what.id
        self._phrase: Phrase | None = None
        self._roll = Roll()
        self._choices: Choices[Phrase] | None = None

    def on_unmount(self) -> None:
        self._roll.stop()

    def look_up(self) -> None:
        if self._choices is not None:
            return
        phrases = acts(self).phrases(self._survey, self._fitting)
        self._choices = Choices(phrases, lambda phrase: phrase.text.say(self.lang))
        if isinstance(self._what, Fault):
            self._phrase = next((each for each in phrases if each.id == self._what.phrase), None)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        named = next((each.text.say(self.lang) for each in self._survey.fittings if each.id == self._fitting), "")
        rows = [*heading(f"{unit_words(self, self._unit)} {named}", clock(self.gear.watch.now()), width), ()]
        if self._phrase is None or self._choices is None:
            return [*rows, *(self._choices.draw(width, height - len(rows), self.more) if self._choices else ())]
        rows += paragraph(self._phrase.text.say(self.lang), "key", width)
        rows += paragraph(self.say("surveys.to", builder=self._survey.builder.say(self.lang)), "text", width, "  ")
        if seen := self._roll.said(self):
            rows += paragraph(seen, "key", width, "  ")
        return rows

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._phrase is None:
            return (self.back_key, self.menu_key)
        more = () if isinstance(self._what, Fault) else ((ONE_MORE, self.say("surveys.key_one_more")),)
        return (("Enter", self.say("finding.save")), self._roll.key(self), *more, self.back_key)

    @property
    def open_question(self) -> object:
        return self._phrase

    async def digit(self, key: str) -> None:
        if self._phrase is None:
            self._phrase = self._choices.pick(key) if self._choices else None
        elif key == KEY:
            self._roll.press(self)
        elif key == ONE_MORE and not isinstance(self._what, Fault) and await self._save():
            self._phrase, self._roll = None, Roll()

    async def move(self, step: int) -> None:
        if self._phrase is None and self._choices is not None:
            self._choices.turn(step)

    async def back(self) -> None:
        if self._phrase is not None and not isinstance(self._what, Fault):
            self._phrase = None
        else:
            self.terminal.close(self)

    async def enter(self) -> None:
        if self._phrase is None:
            self.terminal.tell(self.say("stop.choose"), "mark")
        elif await self._save():
            self.terminal.close(self)

    async def _save(self) -> bool:
        if self._phrase is None or self._roll.is_waited_for(self):
            return False
        await acts(self).find_wrong(self._survey.id, self._unit.id, self._what, self._phrase.id, self._roll.data)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("surveys.saved", words=self._phrase.text.say(self.lang)))
        return True


class EndPage(AskPage):
    """What the builder's side says to the visit; ours is the crew on shift."""

    photographed = True

    def __init__(self, survey: Survey, unit: Unit) -> None:
        super().__init__()
        self._survey = survey
        self._unit = unit

    def head(self) -> str:
        return self.say("surveys.end_title", unit=unit_words(self, self._unit))

    def question(self, answers: Answers) -> Ask | None:
        if "how" not in answers:
            choices = tuple((how, self.say(f"surveys.how_{how}")) for how in CONFIRMED)
            words = self.say("surveys.ask_how", n=len(self._faults()))
            return Ask("how", words, self._survey.builder.say(self.lang), choices)
        if answers["how"] in NEEDS_NUMBER and not answers.get("number"):
            return Ask("number", self.say("surveys.ask_number"), self.say("surveys.short_number"), most=NUMBER_MOST)
        return None

    def foot(self) -> Sequence[tuple[str, str]]:
        undo = acts(self).before(self._survey, self._unit.id) and not self._answers
        return ((UNDO, self.say("surveys.key_undo")), *super().foot()) if undo else super().foot()

    async def digit(self, key: str) -> None:
        before = acts(self).before(self._survey, self._unit.id)
        if key == UNDO and before and not self._answers:
            self.terminal.replace(FittingPage(self._survey, self._unit, before))
        else:
            await super().digit(key)

    def _faults(self) -> tuple[Fault, ...]:
        return acts(self).dwelling(self._survey, self._unit.id).faults

    def facts(self) -> Sequence[str]:
        crew = self.say("surveys.crew", names=" ".join(self.crew()))
        faults = self._faults()
        if not faults:
            return (crew, self.say("surveys.no_faults"))
        due = self.day_of(max(fault.due for fault in faults))
        return (crew, self.say("surveys.faults", n=len(faults), due=due))

    def save_words(self) -> str:
        return self.say("surveys.key_confirm")

    async def save(self, answers: Answers, photos: Sequence[bytes]) -> None:
        number = answers.get("number", "")
        after = await acts(self).close_visit(self._survey.id, self._unit.id, answers["how"], number, photos)
        self.terminal.close(self)
        self.terminal.signal("ok")
        key = "surveys.closed_faults" if after.faults else "surveys.closed"
        self.terminal.tell(self.say(key, unit=unit_words(self, self._unit), n=len(after.faults)))
