"""What is said of rounds afterwards: a mark explained, a point excused, a round entered from paper (D9)."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from app.duties import life, rounds
from app.duties.evidence import INFORMATION, Mark
from app.duties.life import ENTERERS, EXCUSERS, EXPLANATIONS
from app.duties.rounds import Confirmation, Summary
from app.duties.schedule import Slot, slot_named
from app.duties.site import Person, Phrase, Point, Schedule
from app.errors import NotAllowed
from app.kinds import StopSkipped
from app.kinds.afterwards import TOLD, MarkExplained, PointExcused, RoundLateEntry, StopEntered
from app.session import act
from app.text import clean
from app.unplanned import Unplanned
from app.words import say

LOOKED_BACK: Final = 20_000
"""How many records back the records of a round are looked for."""
PAPER: Final = "paper"
"""How somebody confirmed whose name stands on the sheet."""


class Marked(Struct, frozen=True):
    """A mark of a finished round."""

    stop: str
    """"" for the round itself."""
    mark: Mark
    record: str
    """`book:seq` of the record that it is about."""
    at: int
    said: str = ""
    """How it was explained; empty while nobody has."""


class Afterwards(Unplanned):
    """Acts after the fact."""

    # -- marks --------------------------------------------------------------------------------
    def walked(self) -> tuple[tuple[Summary, Slot], ...]:
        """Rounds of the last days that have a mark to explain, the newest first, with their windows."""
        found = [(done, self._slot_of(done)) for done in self.state.rounds.values() if _accused(done)]
        return tuple((done, slot) for done, slot in reversed(found) if slot is not None)

    def _slot_of(self, done: Summary) -> Slot | None:
        name = rounds.slot_id(done.round)
        return slot_named(self._in_force, name.rpartition("@")[0], name)

    async def marks_of(self, done: Summary) -> tuple[Marked, ...]:
        """What a person may have to say something of; what only informs is left out."""
        return await self._off_loop(lambda: self._read_marks(done))

    def _read_marks(self, done: Summary) -> tuple[Marked, ...]:
        said: dict[tuple[str, str], str] = {}
        of_stop: dict[str, tuple[str, int]] = {}
        of_mark: dict[tuple[str, str], tuple[str, int]] = {}
        for entry in self._logbook.entries(max(1, self._memory.seq - LOOKED_BACK)):
            body, name = entry.record.body, f"{self._logbook.book_id}:{entry.record.seq}"
            if entry.record.kind == "mark.explained":
                said[str(body.get("record")), str(body.get("mark"))] = str(body.get("words", ""))
            elif body.get("round") == done.round:
                stop, where = str(body.get("stop", "")), (name, entry.record.at)
                of_stop[stop] = where
                of_mark |= {(stop, mark): where for mark in body.get("marks", ()) if isinstance(mark, str)}
        found = []
        for stop, mark in _accused(done):
            there = of_mark.get((stop, mark)) or of_stop.get(stop) or of_stop.get("")
            if there is not None:
                found.append(Marked(stop, mark, *there, said.get((there[0], mark), "")))
        return tuple(found)

    @act
    async def explain(self, marked: Marked, why: str) -> None:
        """Raises NotAllowed without a shift, or for what is none of EXPLANATIONS."""
        self._shift()
        if why not in EXPLANATIONS:
            raise NotAllowed("watch.unknown_reason")
        await self._write(MarkExplained(marked.record, marked.mark.value, say(self.lang, f"life.why_{why}")))

    # -- excused ------------------------------------------------------------------------------
    def excuse_reasons(self) -> tuple[Phrase, ...]:
        return self._in_force.skip_reasons

    @act
    async def excuse(self, boss: Person, point: Point, until: life.Until, reason: str) -> int:
        """Nobody need go there from now until the midnight that is given, UTC ms; in the round that is walked the stop
        is left out with it. Raises NotAllowed for somebody who may not, or a reason that the plan has not.
        """
        self._must(boss, EXCUSERS)
        words, last = self._reason(reason, self.excuse_reasons()), life.ends(until, self.now())
        await self._write(PointExcused(point.id, self._at(), last, reason, words), by=(boss.id,))
        await self.leave_out_excused()
        self._turned()
        return last

    @act
    async def take_excuses(self) -> None:
        """The office, or another handheld, has excused a point meanwhile."""
        if await self.leave_out_excused():
            self._turned()

    async def leave_out_excused(self) -> bool:
        """In the round that is walked, the stops at points that somebody has excused now; whoever goes there all the
        same has been there. Whether there was one. Part of another act.
        """
        progress, at, found = self.state.round, self._at(), False
        for visit in progress.visits if progress else ():
            stop = self._stop(progress, visit.stop) if progress and not visit.done and visit.at is None else None
            if progress is None or stop is None:
                continue
            for name, said in self.state.share(TOLD).excused.items():
                here = (said.point or name) == stop.point
                boss = life.may(self._in_force, said.by, EXCUSERS) if here else None
                if boss and said.first <= at < said.last:
                    await self._write(StopSkipped(progress.round, stop.id, said.reason, said.words), by=(boss,))
                    found = True
                    break
        return found

    # -- from paper ---------------------------------------------------------------------------
    def unwalked(self, schedule: Schedule) -> tuple[Slot, ...]:
        """Windows of the last days of which this handheld has neither a round nor a paper."""
        entered = self.state.share(TOLD).entered
        known: dict[str, object] = {**self.state.rounds, **entered}
        running = rounds.slot_id(self.state.round.round) if self.state.round else ""
        found = life.unwalked(self._in_force, schedule, known, self.now())
        return tuple(slot for slot in found if slot.round != running)

    def schedules(self) -> tuple[Schedule, ...]:
        """Those with a window that may be entered, as the plan lists them."""
        return tuple(each for each in self._in_force.schedules if self.unwalked(each))

    @act
    async def enter(
        self,
        boss: Person,
        slot: Slot,
        crew: Sequence[str],
        stops: Sequence[StopEntered],
        paper: str,
        photos: Sequence[bytes] = (),
    ) -> None:
        """Raises NotAllowed for somebody who may not, and for a round nobody walked or without its sheet."""
        self._must(boss, ENTERERS)
        plan = self._in_force
        route = plan.find_route(slot.route)
        if route is None or not crew or not paper or not any(each.at is not None for each in stops):
            raise NotAllowed("life.nothing_entered")
        attempt = self.state.attempts.get(slot.round, 0) + 1
        body = RoundLateEntry(
            round=rounds.round_id(slot, self._logbook.book_id, attempt),
            slot=slot.round,
            schedule=slot.schedule,
            route=slot.route,
            plan=self._memory.name_plan(plan),
            crew=tuple(Confirmation(person, PAPER, plan.role_of(person, route.roles)) for person in crew),
            stops=tuple(stops),
            paper=clean(paper, 40),
            attachments=await self._attached(photos) or (),
        )
        await self._write(body, by=(boss.id,))


def _accused(done: Summary) -> tuple[tuple[str, Mark], ...]:
    return tuple((stop, mark) for stop, mark in done.marks if mark not in INFORMATION)
