"""Pre-handover inspection (D36): which dwelling comes next, its fittings one by one, both sides' word at its end."""

from collections.abc import Sequence

from app.duties import findings, surveys
from app.duties.days import millis
from app.duties.provisions import Fitting, Survey, Unit
from app.duties.surveys import CONFIRMED, NEEDS_NUMBER, UNTOUCHED, Dwelling, Fault, Progress, Stage, Why, key_of
from app.duties.texts import Phrase
from app.errors import NotAllowed
from app.kinds.surveys import SURVEYS, SurveyChecked, SurveyClosed
from app.session import Session, act
from app.text import clean

NUMBER_MOST = 12
"""Digits of a sheet's number."""


class Surveys(Session):
    """Acts on what is inspected before it is handed over."""

    # -- what is known ------------------------------------------------------------------------
    def surveys(self) -> tuple[Survey, ...]:
        """Those of the plan that this crew inspects."""
        roles = self._roles()
        return tuple(each for each in self._in_force.surveys if not each.roles or roles.intersection(each.roles))

    def survey(self, id: str) -> Survey:
        """Raises NotAllowed for one that the plan has no longer."""
        found = next((each for each in self._in_force.surveys if each.id == id), None)
        if found is None:
            raise NotAllowed("surveys.gone")
        return found

    def progress(self, survey: Survey) -> Progress:
        return surveys.progress(survey, self.state.share(SURVEYS))

    def next_unit(self, survey: Survey) -> Unit | None:
        found = surveys.next_unit(survey, self.state.share(SURVEYS))
        return self.unit(survey, found) if found else None

    def waiting(self, survey: Survey) -> tuple[Unit, ...]:
        """Where the builder has to put faults right, or has: they are looked at again."""
        found = set(surveys.units_at(survey, self.state.share(SURVEYS), (Stage.WAITING,)))
        return tuple(unit for unit in survey.units if unit.id in found)

    def unit(self, survey: Survey, id: str) -> Unit | None:
        return next((unit for unit in survey.units if unit.id == id), None)

    def dwelling(self, survey: Survey, unit: str) -> Dwelling:
        return self.state.share(SURVEYS).get(key_of(survey.id, unit), UNTOUCHED)

    def left(self, survey: Survey, unit: str) -> tuple[Fitting | Fault, ...]:
        """What the open visit has still to look at."""
        return surveys.left(self.dwelling(survey, unit), survey.fittings)

    def before(self, survey: Survey, unit: str, what: Fitting | None = None) -> Fitting | None:
        """The fitting that the first visit looked at before `what`, or last of all; None in later visits, which see
        only faults."""
        dwelling = self.dwelling(survey, unit)
        looked = dwelling.looked if not dwelling.visits else ()
        place = looked.index(what.id) if what is not None and what.id in looked else len(looked)
        return next((each for each in survey.fittings if place and each.id == looked[place - 1]), None)

    def phrases(self, survey: Survey, fitting: str) -> tuple[Phrase, ...]:
        """What may be wrong with a fitting: its own faults first."""
        found = next((each for each in survey.fittings if each.id == fitting), None)
        return (*(found.faults if found else ()), *survey.faults)

    # -- acts ---------------------------------------------------------------------------------
    @act
    async def find_right(self, survey: str, unit: str, what: Fitting | Fault) -> Dwelling:
        """The fitting is as it should be, or the fault was put right. Raises NotAllowed for a unit or fitting that the
        plan has not."""
        found, fitting = self._found(survey, unit, what)
        fault = what.id if isinstance(what, Fault) else None
        words = self._words(found, fitting, what.phrase if isinstance(what, Fault) else "")
        await self._write(SurveyChecked(survey, unit, fitting, True, words, fault=fault))
        return self.dwelling(found, unit)

    @act
    async def find_wrong(
        self, survey: str, unit: str, what: Fitting | Fault, phrase: str, photos: Sequence[bytes] = ()
    ) -> Dwelling:
        """A finding for the builder, once more when a fault is still there. Raises NotAllowed for what the plan has
        not, and for photographs that cannot be kept."""
        found, fitting = self._found(survey, unit, what)
        if not any(each.id == phrase for each in self.phrases(found, fitting)):
            raise NotAllowed("watch.unknown_phrase")
        due = millis(findings.due(found.deadline, self.now(), self._in_force.calendar))
        fault = what.id if isinstance(what, Fault) else None
        seen, words = await self._attached(photos), self._words(found, fitting, phrase)
        await self._write(SurveyChecked(survey, unit, fitting, False, words, phrase, due, fault, seen))
        return self.dwelling(found, unit)

    @act
    async def close_visit(
        self, survey: str, unit: str, how: str, number: str = "", photos: Sequence[bytes] = ()
    ) -> Dwelling:
        """Both sides have confirmed it: the crew on shift, and the builder. Raises NotAllowed while something is left,
        a second time, and without the number of a sheet that was signed."""
        found, dwelling = self.survey(survey), self.dwelling(self.survey(survey), unit)
        number = number[:NUMBER_MOST] if number.isascii() and number.isdigit() else ""
        if how not in CONFIRMED:
            raise NotAllowed("watch.unknown_reason")
        if how in NEEDS_NUMBER and not number:
            raise NotAllowed(f"surveys.why_{Why.NO_NUMBER}")
        after = surveys.close(dwelling, found.fittings, self._at())
        if isinstance(after, Why):
            raise NotAllowed(f"surveys.why_{after}")
        seen, crew = await self._attached(photos), self._shift().crew
        await self._write(SurveyClosed(survey, unit, len(after.faults), crew, how, number, seen))
        return self.dwelling(found, unit)

    def _found(self, survey: str, unit: str, what: Fitting | Fault) -> tuple[Survey, str]:
        """The survey, and the fitting's id. Raises NotAllowed."""
        self._shift()
        found = self.survey(survey)
        fitting = what.fitting if isinstance(what, Fault) else what.id
        if self.unit(found, unit) is None:
            raise NotAllowed("surveys.no_unit", unit=clean(unit, 40))
        known = self.dwelling(found, unit).faults if isinstance(what, Fault) else found.fittings
        if what.id not in {each.id for each in known}:
            raise NotAllowed("surveys.gone")
        return found, fitting

    def _words(self, survey: Survey, fitting: str, phrase: str) -> str:
        named = next((each.text.say(self.lang) for each in survey.fittings if each.id == fitting), fitting)
        said = next((each.text.say(self.lang) for each in self.phrases(survey, fitting) if each.id == phrase), "")
        return clean(f"{named} {said}".rstrip())
