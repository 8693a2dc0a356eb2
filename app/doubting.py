"""What is odd about a reading before it is kept: by those before it, by those beside it, by how soon it came."""

from app import kinds
from app.duties import checks, doubts
from app.duties.doubts import Doubt
from app.duties.evidence import Mark
from app.duties.readings import Exchange
from app.duties.rounds import Answer, Progress, Visit
from app.duties.site import Check, Stop
from app.session import Session
from app.text import clean
from app.words import say


class Doubting(Session):
    """The doubts about a reading."""

    def doubts(
        self, check: Check, answer: Answer, at: str | None = None, sensor: kinds.SensorRead | None = None
    ) -> tuple[Doubt, ...]:
        """What to ask before `answer` is kept, of the stop that is open or of the one `at` which the crew was. What a
        sensor says itself is not doubted."""
        progress = self.state.round
        name = (at or progress.at_stop) if progress else None
        visit, stop = (progress.visit(name), self._stop(progress, name)) if progress and name else (None, None)
        if stop is None or visit is None or _is_sensors(check, answer, sensor):
            return ()
        return doubts.doubts(check, answer, self._before(stop, visit, check))

    def exchange(self, check: Check, old: str, new: str) -> Exchange:
        """换表, from the keys typed. Raises NotAllowed for what is no reading of this meter."""
        return Exchange(checks.reading(old, check.decimals), checks.reading(new, check.decimals))

    def side_by_side(self, check: Check, stop: Stop, typed: str | None = None) -> tuple[str | None, ...]:
        """The readings of `check`'s group, in order, with what is `typed` now; None where there is none yet."""
        progress = self.state.round
        visit = progress.visit(stop.id) if progress else None
        return doubts.phases(self.plan.checks_of(stop), check, _values(visit, check, typed)) if visit else ()

    def _odd(
        self, stop: Stop, visit: Visit, check: Check, answer: Answer, sensor: kinds.SensorRead | None,
        exchange: Exchange | None,
    ) -> tuple[Mark, ...]:  # fmt: skip
        """The marks of a reading by those before it and beside it."""
        found = () if _is_sensors(check, answer, sensor) else doubts.odd(
            check, answer, self._before(stop, visit, check), exchange
        )  # fmt: skip
        group = self.plan.checks_of(stop)
        if doubts.unbalanced(group, check, _values(visit, check, answer.value)):
            found = (*found, Mark.UNBALANCED)
        return found

    def _hurried(self, progress: Progress, stop: Stop, visit: Visit, given: tuple[str, ...]) -> tuple[Mark, ...]:
        """The mark of a stop that the answers `given` now complete sooner than its checks can be read. A correction
        does not take it away."""
        every = [check.id for check in self.plan.checks_of(stop)]
        answered = {answer.check for answer in visit.answers}
        if answered.issuperset(every):
            before = (visit.answer(check) for check in given)
            return (Mark.TOO_QUICK,) if any(each and Mark.TOO_QUICK in each.marks for each in before) else ()
        if not answered.union(given).issuperset(every):
            return ()
        quick = doubts.too_quick(self._route(progress).kind, visit, len(every), self._clock.now())
        return (Mark.TOO_QUICK,) if quick else ()

    def _before(self, stop: Stop, visit: Visit, check: Check) -> tuple[str, ...]:
        """The readings before the one that is answered, newest first."""
        given = visit.answer(check.id)
        return self._memory.readings(stop, check.id, given.seq if given else 0)

    def _exchanged(self, words: str, exchange: Exchange) -> str:
        return clean(say(self.lang, "equipment.exchanged", words=words, old=exchange.old, new=exchange.new))


def _is_sensors(check: Check, answer: Answer, sensor: kinds.SensorRead | None) -> bool:
    return sensor is not None and not checks.overrules(check, answer, sensor.value)


def _values(visit: Visit, check: Check, now: str | None) -> dict[str, str | None]:
    """What was answered at the stop, with `now` as the answer to `check`."""
    return {**{answer.check: answer.value for answer in visit.answers}, check.id: now}
