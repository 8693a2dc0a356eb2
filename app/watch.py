"""The watch: the crew's session on this handheld, between the pure duties and the durable logbook.

Every act is judged by `app.duties`, written by the logbook, and only then folded into `state`:
a method that returns has recorded. Screens and tests drive this class; it draws nothing.
"""

import os
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from app import kinds
from app.arrivals import Arrivals
from app.crew import Crew
from app.doubting import Doubting
from app.duties import checks, findings, rounds, schedule
from app.duties.days import local_time, millis
from app.duties.evidence import Mark
from app.duties.findings import Finding
from app.duties.readings import Exchange
from app.duties.rounds import Answer, Confirmation, Progress, Summary
from app.duties.schedule import Duty, Slot, Standing
from app.duties.site import Check, Stop
from app.errors import NotAllowed
from app.kinds.rounds import Score
from app.posting import Posting
from app.session import act, people
from app.text import clean
from app.words import say

ANEW_MS: Final = 60_000
"""From then on an alarm that nobody has taken may be raised anew: it is another place by now, or another danger."""


class Here(Struct, frozen=True):
    """Where the crew is, or was last, as records say it."""

    round: str | None = None
    stop: str | None = None
    point: str | None = None


class Watch(Crew, Arrivals, Posting, Doubting):
    """All acts of a crew. Not thread-safe: one event loop owns it; disk work runs off the loop.

    Its parts by subject: `Session` (what is known, how an act is recorded), `Crew` (signing in and out),
    `Arrivals` (radio, labels, typed codes), `Keeping` (registers, procedures), `Handing` (posts and
    their handover), `Equipment` (the ledger, odd readings), and here the rounds, their checks and findings.
    """

    # -- rounds -------------------------------------------------------------------------------
    def today(self) -> tuple[Duty, ...]:
        """Rounds due now, next, done and missed for the roles of the crew, most urgent first, without those that are
        done by place (app.tending).

        Done is what this handheld walked; of another's rounds it knows nothing.
        """
        shift, progress, plan, roles = self.state.shift, self.state.round, self._in_force, self._roles()
        since = local_time(shift.opened, self.zone) if shift else None
        running = rounds.slot_id(progress.round) if progress else None
        found = schedule.today(plan, self.state.rounds, running, roles, self.now(), since, plan.by_place)
        if "told" in self.state.shares:
            from app.kinds.afterwards import TOLD  # a round came from paper: it is missed no longer

            entered = self.state.share(TOLD).entered
            found = tuple(duty for duty in found if duty.slot.round not in entered)
        if progress and not any(duty.standing is Standing.RUNNING for duty in found):
            return (Duty(_slot(progress), Standing.RUNNING), *found)
        return found

    @act
    async def start_round(self, duty: Duty, alone: str | None = None) -> Progress:
        """Begin. With fewer people than the schedule asks, `alone` must give a reason (id of `why_alone`): marked.

        Raises NotAllowed without a shift, with a round open, when one of the crew must stay at the post (D53), while
        the sheet of the shift before waits to be read (D40), or when the crew is short and no reason of the plan is
        given; BookUnsafe when the disk has no room for a round.
        """
        crew, plan = self._shift().crew, self._in_force
        if self.state.round is not None:
            raise NotAllowed("watch.round_open")
        try:
            route, due = plan.route(duty.slot.route), plan.schedule(duty.slot.schedule)
        except KeyError as e:
            raise NotAllowed("watch.not_due") from e
        self._must_walk(crew)
        self.must_have_read(due.post)
        words = None
        if rounds.is_short(crew, due):
            if alone is None:
                raise NotAllowed("watch.crew_short", needed=due.crew)
            words = self._reason(alone, plan.why_alone)
        attempt = self.state.attempts.get(duty.slot.round, 0) + 1
        progress = rounds.begin(
            duty.slot,
            route,
            due,
            id=rounds.round_id(duty.slot, self._logbook.book_id, attempt),
            revision=plan.revision,
            crew=tuple(
                replace(member, role=plan.role_of(member.person, route.roles) or member.role) for member in crew
            ),
            started=self._clock.now().at,
            seed=os.urandom(8).hex() if route.order == "shuffled" else None,
            alone=alone,
            alone_words=words,
            sign_in=plan.sign_in,
        )
        await self._off_loop(self._logbook.reserve)
        await self._write(started(progress, self._memory.name_plan(plan), due.post))
        if "told" in self.state.shares:
            from app.afterwards import Afterwards  # where somebody has excused a point, or entered a round

            await Afterwards.of(self).leave_out_excused()
        if "taken" in self.state.shares:
            from app.takeover import TakingOver  # where this handheld took over from a broken one

            await TakingOver.of(self).leave_out_done()
        self._turned()
        return self._walking()

    def _must_walk(self, crew: tuple[Confirmation, ...]) -> None:
        """Raises NotAllowed for whoever may not leave the post."""
        for member in crew:
            if self._in_force.must_stay(member.person):
                found = self.person(member.person)
                raise NotAllowed("watch.post_stays", name=found.name.say(self.lang) if found else member.person)

    @act
    async def skip(self, stop: str, reason: str) -> None:
        """Leave a stop out. Raises NotAllowed for a reason the plan does not know, or a stop that is done."""
        progress, words = self._walking(), self._reason(reason, self.plan.skip_reasons)
        visit = progress.visit(stop)
        if visit is None or (visit.done and visit.at is not None):
            raise NotAllowed("watch.skip_done")
        await self._write(kinds.StopSkipped(progress.round, stop, reason, words))
        self._turned()

    # -- checks -------------------------------------------------------------------------------
    def open_check(self) -> Check | None:
        """The next unanswered check of the stop that is open."""
        return next(iter(self._open_checks()), None)

    def _open_checks(self) -> tuple[Check, ...]:
        progress = self.state.round
        stop = self._stop(progress, progress.at_stop) if progress and progress.at_stop else None
        return checks.open_checks(self.plan, stop, progress) if progress and stop else ()

    def last_readings(self, check: str, count: int = 3, stop: str | None = None) -> tuple[str, ...]:
        """Newest first: what was read at this check before, wherever it is asked."""
        progress = self.state.round
        name = (stop or progress.at_stop) if progress else None
        here = self._stop(progress, name) if progress and name else None
        return self._memory.readings(here, check)[:count] if here else ()

    def judge(self, check: Check, raw: str) -> Answer:
        """The answer that `raw` keys mean: "1"/"2" for ok, digits for number and count. Raises NotAllowed
        with a sentence when they mean nothing."""
        return checks.judge(check, raw, self._clock.now().at)

    def sensed(self, check: Check, at: str | None = None) -> kinds.SensorRead | None:
        """What the sensor of the stop that is open, or of the one `at` which the crew was, says to the check now."""
        progress = self.state.round
        name = (at or progress.at_stop) if progress else None
        stop = self._stop(progress, name) if progress and name else None
        point = self.plan.find_point(stop.point) if stop and check.sensor else None
        read = self._sensed.latest(point, check.sensor, self._clock.now().up) if point else None
        return read if read and checks.offered(check, read.value) is not None else None

    @act
    async def answer(
        self,
        answer: Answer,
        at: str | None = None,
        *,
        sensor: kinds.SensorRead | None = None,
        why: str = "",
        exchange: Exchange | None = None,
        score: Score | None = None,
    ) -> bool:
        """Record it, of the stop that is open or of the one `at` which the crew was; a second takes the first one back.

        `sensor` is what the crew saw of the check's sensor, and `why` (of checks.OVERRULES) they answer otherwise.
        `exchange` says that the meter was exchanged since the reading before, `score` what was deducted. What is odd is
        marked (`doubts` asks about it first).
        False when an out-of-limits reading must first be asked again (nothing was recorded). Raises NotAllowed for a
        check that the stop does not have, for a stop that was not reached, and for a missing reason.
        """
        progress = self._walking()
        name = at or progress.at_stop
        visit, stop = (progress.visit(name), self._stop(progress, name)) if name else (None, None)
        check = self._check(stop, answer.check)
        if stop is None or check is None or visit is None or visit.at is None:
            raise NotAllowed("watch.no_check")
        if sensor and why not in checks.OVERRULES and checks.overrules(check, answer, sensor.value):
            raise NotAllowed("sensor.no_reason")
        again = self._asked == (stop.id, check.id)
        if checks.asks_again(check, answer) and not again:
            self._asked = (stop.id, check.id)
            return False
        self._asked = None
        kept = again and not answer.ok
        answer = replace(answer, repeated=answer.repeated or kept)
        before = visit.answer(check.id)
        corrects = before.seq if before else UNSET
        body = self._answered(progress, stop, check, answer, corrects)
        odd = self._odd(stop, visit, check, answer, sensor, exchange)
        body = _marked(body, *odd, *self._hurried(progress, stop, visit, (check.id,)))
        if exchange is not None:
            body = replace(body, words=self._exchanged(body.words, exchange), exchange=exchange)
        if score is not None:
            body = replace(body, words=self._scored(body.words, score), score=score)
        await self._write(self._beside_sensor(body, check, answer, sensor, why) if sensor else body)
        return True

    def _scored(self, words: str, score: Score) -> str:
        why = [say(self.lang, "score.lost", words=each.words, points=each.points) for each in score.deducted]
        return clean(say(self.lang, "score.because", words=words, why="; ".join(why)), checks.MAX_TEXT)

    def _beside_sensor(
        self, body: kinds.CheckAnswered, check: Check, answer: Answer, sensor: kinds.SensorRead, why: str
    ) -> kinds.CheckAnswered:
        """Both figures stay, and the reason where they differ."""
        words, mark = body.words, Mark.SENSOR_READ
        if checks.overrules(check, answer, sensor.value):
            told = f"{checks.offered(check, sensor.value)} {check.unit}".strip()
            words = clean(say(self.lang, "sensor.said", words=words, told=told, why=say(self.lang, f"sensor.{why}")))
            mark = Mark.OVERRULED
        return replace(body, words=words, marks=(*body.marks, mark.value), sensor=sensor)

    def reported(self, stop: str, check: str) -> Finding | None:
        """The open finding that was reported from this check of the round that is walked."""
        progress = self.state.round
        mine = (self.state.findings[id] for id in (progress.findings if progress else ()) if id in self.state.findings)
        return next((each for each in mine if (each.stop, each.check) == (stop, check)), None)

    @act
    async def all_ok(self) -> int:
        """Every remaining OK check of this stop answered OK at once; how many."""
        progress = self._walking()
        stop = self._stop(progress, progress.at_stop) if progress.at_stop else None
        left = [check for check in self._open_checks() if check.kind == "ok"]
        visit = progress.visit(stop.id) if stop else None
        if stop is None or visit is None or not left:
            return 0
        now = self._clock.now().at
        *bodies, last = (self._answered(progress, stop, check, Answer(check.id, True, at=now)) for check in left)
        hurried = self._hurried(progress, stop, visit, tuple(check.id for check in left))
        await self._write(*bodies, _marked(last, *hurried))
        return len(left)

    def _check(self, stop: Stop | None, id: str) -> Check | None:
        checks = self.plan.checks_of(stop) if stop else ()
        return next((check for check in checks if check.id == id), None)

    def _answered(
        self, progress: Progress, stop: Stop, check: Check, answer: Answer, corrects: int | UnsetType = UNSET
    ) -> kinds.CheckAnswered:
        return kinds.CheckAnswered(
            round=progress.round,
            stop=stop.id,
            check=check.id,
            ok=answer.ok,
            value=answer.value,
            repeated=answer.repeated,
            words=checks.words_of(check, answer, self.lang),
            asset=check.asset,
            marks=tuple(mark.value for mark in checks.answer_marks(check, answer)),
            corrects=corrects,
        )

    # -- findings, end ------------------------------------------------------------------------
    @act
    async def report(
        self,
        category: str,
        phrase: str,
        *,
        fixed: bool = False,
        urgent: bool = False,
        check: Check | None = None,
        photos: Sequence[bytes] = (),
        point: str | None = None,
        asset: str | None = None,
    ) -> Finding:
        """A finding or hazard where the crew is: at the stop that is open, else the one reached last; or at `point`,
        about `asset`, when a label said so.

        `check` is the one that it is reported from. Raises NotAllowed for a category or phrase that the plan has not,
        and for photographs that cannot be kept.
        """
        crew, plan = self._shift().crew, self.plan
        found = plan.find_category(category)
        said = findings.phrase_of(found, phrase) if found else None
        if found is None or said is None:
            raise NotAllowed("watch.unknown_phrase")
        here = self.here(check)
        due = millis(findings.due_of(found, self.now(), plan.calendar, urgent=urgent))
        body = kinds.FindingRaised(
            kind=found.kind,
            category=category,
            phrase=phrase,
            words=clean(said.text.say(self.lang)),
            point=point or here.point,
            stop=here.stop if point in (None, here.point) else None,
            round=here.round,
            due=due,
            urgent=urgent,
            fixed=fixed,
            check=check.id if check else None,
            asset=asset or (check.asset if check else None),
            attachments=await self._attached(photos),
        )
        (entry,) = await self._write(body, by=people(crew))
        return body.finding(f"{self._logbook.book_id}:{entry.record.seq}", entry.record.at)

    @property
    def may_raise_alarm(self) -> bool:
        """Whether another alarm begins now: a key held down is one, and a silent one may become loud."""
        since = self._clock.now().at - self.state.alarm_at
        return not self.alarm_open or self.state.silent or abs(since) >= ANEW_MS

    @act
    async def raise_alarm(self, *, silent: bool = False) -> str:
        """Recorded as urgent; the id. Reported only when a named person at the office has taken it."""
        here = self.here()
        how: Literal["silent"] | UnsetType = "silent" if silent else UNSET
        body = kinds.AlarmRaised(here.round, here.point, how)
        (entry,) = await self._write(body)
        return f"{self._logbook.book_id}:{entry.record.seq}"

    @act
    async def finish_round(self) -> Summary:
        """Close the round; stops not reached count as missed. Signs the head."""
        progress = self._walking()
        await self._close_round(progress)
        await self._sign()
        return self.state.rounds[rounds.slot_id(progress.round)]

    async def _close_round(self, progress: Progress) -> None:
        shift, due = self.state.shift, self.plan.find_schedule(progress.schedule)
        after = rounds.finish(progress, due, len(shift.crew) if shift else 0, self._clock.now().at)[0]
        await self._write(finished(after))
        self._turned()

    async def _end_shift(self) -> None:
        """With the round that its crew left behind a restart."""
        if self.state.round is not None:
            await self._close_round(self.state.round)
        await super()._end_shift()

    def here(self, check: Check | None = None) -> Here:
        """Where the crew is: at the stop that is open, else the one reached last; of rounds by place at the one that
        asks `check`."""
        if (progress := self.state.round) is not None:
            name = progress.at_stop or progress.last
            stop = self._stop(progress, name) if name else None
            return Here(progress.round, stop.id, stop.point) if stop else Here(progress.round)
        shift, place = self.state.shift, self.state.place
        if not self.tends or shift is None or place is None or place.at < shift.opened:
            return Here()
        from app.tending import Tending  # only crews that work by place need it: memory

        item = Tending.of(self).item_of(place.point, check)
        return Here(item.round, item.stop.id, place.point) if item else Here(point=place.point)


def _marked(body: kinds.CheckAnswered, *marks: Mark) -> kinds.CheckAnswered:
    return replace(body, marks=(*body.marks, *(mark.value for mark in marks)))


def _slot(progress: Progress) -> Slot:
    return Slot(progress.schedule, progress.route, progress.opens, progress.closes)


def started(progress: Progress, plan: kinds.PlanNamed, post: str | None) -> kinds.RoundStarted:
    """The record that begins it."""
    return kinds.RoundStarted(
        round=progress.round,
        slot=rounds.slot_id(progress.round),
        schedule=progress.schedule,
        route=progress.route,
        plan=plan,
        order=progress.order,
        seed=progress.seed,
        crew=progress.crew,
        opens=progress.opens,
        closes=progress.closes,
        alone=progress.alone,
        alone_words=progress.alone_words,
        post=post,
        marks=tuple(mark.value for mark in progress.marks),
    )


def finished(progress: Progress) -> kinds.RoundFinished:
    """The record that ends it."""
    numbers = rounds.summary(progress)
    return kinds.RoundFinished(
        round=progress.round,
        planned=numbers.planned,
        done=numbers.done,
        missed=numbers.missed,
        skipped=numbers.skipped,
        findings=numbers.findings,
        marks=tuple(mark.value for mark in progress.marks),
        timing=numbers.timing,
    )
