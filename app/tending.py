"""Work by place: arriving, all done, what was not done and why (D20-D24). Its rules are app.duties.places.

Records are those of rounds: each window of each schedule is a round of its own, begun at the first place that is
reached for it, and finished with its last place, when the next window of the same work begins, or with the shift.
"""

from collections.abc import Iterator

from msgspec import UNSET, Struct
from msgspec.structs import replace

from app import kinds
from app.arrivals import Arrivals
from app.duties import checks, places, rounds
from app.duties.days import local_time
from app.duties.evidence import SILENT, Mark, Near, Nearness
from app.duties.places import Due, PlaceToday, Task, Tended
from app.duties.rounds import Answer, Progress, Visit
from app.duties.site import Check, Point, Stop
from app.errors import NotAllowed
from app.kinds.tended import TENDED
from app.meaning import Meant
from app.ports import Scan, Sighting
from app.posting import Posting
from app.session import act
from app.text import clean
from app.watch import finished, started
from app.words import say


class Item(Struct, frozen=True):
    """One thing to be done at the place where the crew is."""

    round: str
    stop: Stop
    check: Check
    answer: Answer | None = None
    """None while nothing was said of it."""


class Arrived(Struct, frozen=True):
    """What being at a place came to."""

    point: str
    marks: tuple[Mark, ...] = ()
    again: bool = False
    """The crew was there already: nothing was recorded."""
    done: bool = False
    """There was nothing to answer: being there was all."""


class Tending(Arrivals):
    """Acts of cleaners and gardeners."""

    # -- what is known ------------------------------------------------------------------------
    @property
    def tended(self) -> Tended:
        return self.state.share(TENDED)

    def places(self) -> tuple[PlaceToday, ...]:
        """The places of this crew's day, in the plan's order; nothing for a crew that walks rounds only."""
        shift = self.state.shift
        if shift is None or not self._in_force.by_place:
            return ()
        since, plan = local_time(shift.opened, self.zone), self._in_force
        return places.today(plan, self.tended, self._roles(), self.now(), since, self._areas())

    def _areas(self) -> frozenset[str] | None:
        """Where this crew works by place; None: everywhere. Who does not work so counts for nothing."""
        plan, shift = self._in_force, self.state.shift
        wanted = {role for route in plan.routes if route.id in plan.by_place for role in route.roles}
        crew = [member.person for member in shift.crew] if shift else []
        return places.areas_of(plan, [person for person in crew if wanted.intersection(plan.roles_of(person))])

    def way(self, today: tuple[PlaceToday, ...] | None = None) -> tuple[PlaceToday, ...]:
        """Where to go, in order; of `today`, where that is known."""
        last = self.state.place.point if self.state.place else None
        return places.in_order(self.places() if today is None else today, last)

    def behind(self) -> tuple[str, ...]:
        """Windows (slot ids) in which something was not done in time, in order."""
        over = (Due.OVERDUE, Due.MISSED)
        found = {task.slot for place in self.places() for task in place.tasks if task.due in over}
        return tuple(slot.round for slot in sorted(found, key=lambda slot: slot.opens.timestamp()))

    def items(self, point: str) -> tuple[Item, ...]:
        """What is to be done at `point`, of the rounds that were reached there and are not done."""
        found = (item for item in self._every(point) if not _of(self.tended, item).done)
        return tuple(found)

    def item_of(self, point: str, check: Check | None) -> Item | None:
        """What asks `check` at `point` in a round that is open, else anything that is asked there."""
        items = tuple(self._every(point))
        return next((item for item in items if item.check == check), items[0] if items else None)

    def _every(self, point: str) -> Iterator[Item]:
        """All that the open rounds ask at `point`, where it was reached."""
        for progress in self.tended.open.values():
            plan = self._memory.plan_of(self.tended.plans[progress.round])
            route = plan.find_route(progress.route) if plan else None
            for stop in route.stops if plan and route else ():
                visit = progress.visit(stop.id) if stop.point == point else None
                if plan is not None and visit is not None and visit.at is not None:
                    checks = plan.checks_of(stop)
                    yield from (Item(progress.round, stop, each, visit.answer(each.id)) for each in checks)

    def standing_at(self) -> str | None:
        """The point where the crew has arrived and has not said that all is done."""
        place = self.state.place
        return place.point if place is not None and self.items(place.point) else None

    # -- arriving -----------------------------------------------------------------------------
    @act
    async def reach(self, scan: Scan) -> Arrived:
        """The label of a place, or of something that stands there. Raises NotAllowed for any other code, and where
        nothing is to be done now."""
        meant = self.meaning(scan.text)
        point = self._point_meant(meant.kind, meant.id)
        if point is None:
            raise NotAllowed("places.no_place")
        asset = meant.id if meant.kind is Meant.ASSET and meant.id else UNSET
        label = kinds.LabelEvidence(meant.issue, asset, UNSET if scan.health is None else scan.health)
        evidence = self._beside(point, kinds.Evidence(label=label), scan.up)
        return await self._be_at(point, evidence, (Mark.OLD_LABEL,) if meant.old else (), meant.token)

    @act
    async def reach_by_code(self, code: str) -> Arrived:
        """The short code under the label, typed: graded `typed`."""
        typed = clean(code.strip(), 128)
        point = self._in_force.point_of_code(typed) or self._in_force.point_of_code(typed.upper())
        if point is None:
            raise NotAllowed("places.no_code", code=clean(typed, 20))
        return await self._be_at(point, self._beside(point, kinds.Evidence(typed=point.code), self._clock.now().up))

    @act
    async def near(self, point: str, sighting: Sighting) -> tuple[Near, Arrived | None]:
        """One sighting while the crew goes to `point`: how near it is, and the arrival when that is enough there."""
        found = self._in_force.find_point(point)
        if found is None or not self.unlocked:
            return SILENT, None
        sighting = self._named(sighting)
        self._ear.take(sighting)
        judged = self._ear.judge(self._in_force, found, sighting.up)
        if judged.near.state is not Nearness.NEAR or judged.proof is None:
            return judged.near, None
        if not self._worth(found, judged.proof).passes:
            return judged.near, None
        return judged.near, await self._be_at(found, kinds.Evidence(ble=judged.proof))

    def _point_meant(self, kind: Meant, id: str | None) -> Point | None:
        if kind is Meant.ASSET and id and (asset := self._in_force.find_asset(id)):
            return self._in_force.find_point(asset.point)
        return self._in_force.find_point(id) if kind is Meant.POINT and id else None

    async def _be_at(
        self, point: Point, evidence: kinds.Evidence, seen: tuple[Mark, ...] = (), token: bytes = b""
    ) -> Arrived:
        """Being at `point` reaches the stop of every window that asks for it now."""
        self._shift()
        await self._tidy()
        tasks = self._tasks(point)
        waiting = [task for task in tasks if not self._is_there(task)]
        if not waiting:
            return Arrived(point.id, again=True)
        for task in waiting:
            await self._begin(task)
        arrived = [self._arrival(task, point, evidence, seen) for task in waiting]
        await self._write(*arrived, token=token)
        self._turned()
        await self._tidy()
        marks = tuple(dict.fromkeys(Mark(mark) for body in arrived for mark in body.marks))
        return Arrived(point.id, marks, done=not self.items(point.id))

    def _tasks(self, point: Point) -> tuple[Task, ...]:
        """Raises NotAllowed where nothing is to be done now, saying when it is."""
        name, today = point.name.say(self.lang), self.places()
        place = next((each for each in today if each.point == point.id), None)
        if place is None:
            raise NotAllowed("places.not_today", name=name)
        skipped = tuple(task for task in place.tasks if task.due is Due.SKIPPED)
        if place.open or skipped:  # what could not be done may be possible by now
            return place.open or skipped
        if (opens := places.later([place], self.now())) is not None:
            raise NotAllowed("places.not_yet", name=name, time=f"{opens:%H:%M}")
        raise NotAllowed("places.all_done_here", name=name)

    def _is_there(self, task: Task) -> bool:
        progress = self.tended.of_slot(task.slot.round)
        return progress is not None and progress.at_stop == task.stop.id

    async def _begin(self, task: Task) -> None:
        """The round of a window, at the first place that is reached for it. Raises NotAllowed while the sheet of the
        shift before waits to be read (D40); BookUnsafe when the disk has no room for a round.

        One that does not ask for this stop (another team's area, an older plan) is over then: another one goes on.
        """
        if (open_now := self.tended.of_slot(task.slot.round)) is not None:
            if open_now.visit(task.stop.id) is not None:
                return
            await self._finish((open_now,))
        plan = self._in_force
        route, due = plan.route(task.slot.route), plan.schedule(task.slot.schedule)
        Posting.of(self).must_have_read(due.post)
        attempt = self.tended.reached(task.slot.round).attempts + 1
        members = self._shift().crew
        crew = tuple(replace(who, role=plan.role_of(who.person, route.roles) or who.role) for who in members)
        progress = rounds.begin(
            task.slot,
            route,
            due,
            id=rounds.round_id(task.slot, self._logbook.book_id, attempt),
            revision=plan.revision,
            crew=crew,
            started=self._clock.now().at,
            sign_in=plan.sign_in,
        )
        past, areas = self.tended.reached(task.slot.round), self._areas()
        ours = {stop.id for stop in route.stops if areas is None or plan.point(stop.point).area in areas}
        left = ours.difference(past.done, past.skipped) | {task.stop.id}
        order = tuple(stop for stop in progress.order if stop in left)
        await self._off_loop(self._logbook.reserve)
        named = self._memory.name_plan(plan)
        await self._write(replace(started(replace(progress, order=order), named, due.post), by_place=True))

    def _arrival(self, task: Task, point: Point, evidence: kinds.Evidence, seen: tuple[Mark, ...]) -> kinds.StopArrived:
        progress = self._round_of(task)
        grade, promised, marks = self._judged(point, evidence)
        plan = self._memory.plan_of(self.tended.plans[progress.round])
        _, verdict = rounds.arrive(
            progress,
            plan or self._in_force,
            point,
            grade,
            self._clock.now(),
            (*seen, *marks),
            place=self.state.place,
            promised=promised,
        )
        written = tuple(mark.value for mark in verdict.marks)
        return kinds.StopArrived(progress.round, task.stop.id, point.id, verdict.grade or grade, written, evidence)

    def _round_of(self, task: Task) -> Progress:
        progress = self.tended.of_slot(task.slot.round)
        if progress is None:
            raise NotAllowed("places.not_today", name=task.stop.point)
        return progress

    # -- what was done ------------------------------------------------------------------------
    @act
    async def all_done(self, point: str) -> int:
        """Everything at `point` of which nothing was said is done; how many things that is. Raises NotAllowed before
        the crew has arrived there."""
        self._shift()
        items = self.items(point)
        if not items:
            raise NotAllowed("places.arrive_first")
        left = [item for item in items if item.answer is None]
        now = self._clock.now().at
        if left:
            await self._write(*(self._answered(item, Answer(item.check.id, True, at=now)) for item in left))
        await self._tidy()
        return len(left)

    @act
    async def not_done(self, item: Item, reason: str | None = None) -> None:
        """One thing is not as it should be: for a `reason` of the plan's, or because something is wrong that is to be
        reported. Said again it counts as said last."""
        words = self._reason(reason, self._in_force.skip_reasons) if reason is not None else ""
        await self._say_of(item, False, words)

    @act
    async def settle(self) -> None:
        """Something was said of everything at a place, one by one."""
        await self._tidy()

    @act
    async def done_after_all(self, item: Item) -> None:
        await self._say_of(item, True, "")

    async def _say_of(self, item: Item, ok: bool, words: str) -> None:
        self._shift()
        here = next((each for each in self.items(item.stop.point) if _same(each, item)), None)
        if here is None:
            raise NotAllowed("places.arrive_first")
        body = self._answered(here, Answer(item.check.id, ok, at=self._clock.now().at), words)
        await self._write(body)

    def _answered(self, item: Item, answer: Answer, reason: str = "") -> kinds.CheckAnswered:
        words = checks.words_of(item.check, answer, self.lang)
        if reason:
            words = clean(say(self.lang, "places.because", words=words, reason=reason))
        return kinds.CheckAnswered(
            round=item.round,
            stop=item.stop.id,
            check=item.check.id,
            ok=answer.ok,
            value=None,
            repeated=False,
            words=words,
            asset=item.check.asset,
            corrects=item.answer.seq if item.answer else UNSET,
        )

    @act
    async def leave_out(self, point: str, reason: str) -> int:
        """Nothing can be done at `point` now; how many windows that leaves out. Raises NotAllowed for a reason that the
        plan does not know."""
        self._shift()
        words = self._reason(reason, self._in_force.skip_reasons)
        found = self._in_force.point(point)
        await self._tidy()
        tasks = self._tasks(found)
        for task in tasks:
            await self._begin(task)
        await self._write(
            *(kinds.StopSkipped(self._round_of(task).round, task.stop.id, reason, words) for task in tasks)
        )
        await self._tidy()
        return len(tasks)

    # -- the end of rounds --------------------------------------------------------------------
    async def _tidy(self) -> None:
        """Finish the rounds in which nothing is to be done any more."""
        if done := places.over(self.tended, self._in_force, self.now()):
            await self._finish(done)
            await self._sign()

    async def finish_all(self) -> None:
        """The shift ends: what is not done is missed, as far as its window is over by then; the next shift on this
        handheld may do the rest as a round of its own. Called by an act."""
        await self._finish(tuple(self.tended.open.values()))

    async def _finish(self, those: tuple[Progress, ...]) -> None:
        bodies = []
        for progress in those:
            schedule = self._in_force.find_schedule(progress.schedule)
            after, _ = rounds.finish(progress, schedule, len(progress.crew), self._clock.now().at)
            bodies.append(finished(after))
        if bodies:
            await self._write(*bodies)


def _of(tended: Tended, item: Item) -> Visit:
    return next(visit for visit in tended.open[item.round].visits if visit.stop == item.stop.id)


def _same(one: Item, other: Item) -> bool:
    return (one.round, one.stop.id, one.check.id) == (other.round, other.stop.id, other.check.id)
