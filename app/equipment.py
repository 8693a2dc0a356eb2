"""Equipment as the crew looks it up (D10, D17), and what is odd about a reading before it is kept."""

from msgspec import Struct

from app import kinds
from app.cards import AssetCard, Matter, Noted, Reading
from app.duties import checks, doubts, equipment
from app.duties.doubts import Doubt
from app.duties.evidence import Mark
from app.duties.readings import Exchange
from app.duties.rounds import Answer, Progress, Visit
from app.duties.site import Asset, Check, Point, Stop
from app.session import Session
from app.text import clean
from app.words import say


class Readings(Struct, frozen=True):
    """The last readings of one check of an asset, oldest first."""

    check: Check
    readings: tuple[Reading, ...]

    @property
    def last(self) -> Reading:
        return self.readings[-1]

    @property
    def values(self) -> tuple[str, ...]:
        """As numbers: of a count, how many were good."""
        return tuple(reading.value.partition("/")[0] for reading in self.readings)


class Equipment(Session):
    """The ledger, and the doubts about a reading."""

    # -- the ledger ---------------------------------------------------------------------------
    def keeps_equipment(self) -> bool:
        """Whether somebody of this crew looks after equipment."""
        return equipment.keeps(self._in_force, self._roles())

    def places_of_assets(self) -> tuple[tuple[Point, tuple[Asset, ...]], ...]:
        """The points where equipment stands, in the plan's order, with what stands there."""
        plan = self._in_force
        found: dict[str, list[Asset]] = {}
        for asset in plan.assets:
            found.setdefault(asset.point, []).append(asset)
        return tuple((point, tuple(found[point.id])) for point in plan.points if point.id in found)

    def find_asset(self, id: str) -> Asset | None:
        return self._in_force.find_asset(id)

    def falling_due(self) -> tuple[Asset, ...]:
        """What falls due for inspection, most urgent first; nothing for a crew that looks after no equipment."""
        found = equipment.falling_due(self._in_force, self.now().date())
        return found if found and self.keeps_equipment() else ()

    def asset_card(self, id: str) -> AssetCard:
        return self._memory.asset(id) or AssetCard()

    def asset_readings(self, id: str) -> tuple[Readings, ...]:
        """Of every check that the plan still has, in the order in which they were first read."""
        found = []
        for key, read in self.asset_card(id).checks.items():
            _, checklist, name = key.split("/", 2)
            check = self._in_force.find_check(checklist, name)
            if check is not None:
                found.append(Readings(check, read))
        return tuple(found)

    def asset_matters(self, id: str) -> tuple[Matter, ...]:
        """Open findings of it, oldest first."""
        found = (self._memory.matter(matter) for matter in self.asset_card(id).matters)
        return tuple(matter for matter in found if matter is not None)

    def asset_noted(self, id: str) -> tuple[Noted, ...]:
        """The last records that name it, newest first."""
        return self.asset_card(id).noted[::-1]

    # -- what is odd --------------------------------------------------------------------------
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
