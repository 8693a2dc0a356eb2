"""The watch: the crew's session on this handheld, between the pure duties and the durable logbook.

Every act is judged by `app.duties`, written by the logbook, and only then folded into `state`:
a method that returns has recorded. Screens and tests drive this class; it draws nothing.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial, wraps
from hashlib import sha256
from typing import Concatenate, Final, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct

from app import codes, kinds
from app.crew import CodeBook, Meaning, Meant, may_unlock, pin_wait
from app.duties import checks, findings, rounds, schedule
from app.duties.days import local_time, millis
from app.duties.evidence import SILENT, Mark, Near, Nearness, grade_of, weaker
from app.duties.findings import Finding
from app.duties.rounds import Answer, Member, Method, Progress, Summary, Verdict
from app.duties.schedule import Duty
from app.duties.site import Check, Credentials, People, Person, Plan, Point, Stop
from app.ear import FORMATS, Ear, at_hand
from app.errors import BookUnknown, NotAllowed, PinLocked
from app.logbook.book import Draft, Logbook
from app.memory import Memory
from app.ports import Clock, Scan, Sighting
from app.record import Entry
from app.resume import Shift, State
from app.text import clean
from app.words import say

__all__ = ["Heard", "Meaning", "Meant", "Pages", "Watch"]

SHIFT_MS: Final = 24 * 3600 * 1000
"""Longest shift (decision 16)."""
STRANGERS: Final = 5
"""Unknown beacons recorded at one stop, at most: a street is full of them."""

P = ParamSpec("P")
R = TypeVar("R")


class Pages(Struct, frozen=True):
    """What the office sent, as the handheld holds it now."""

    plan: Plan
    people: People
    credentials: Credentials


class Heard(Struct, frozen=True):
    """What one sighting changed: how near the crew is, and the verdict if it was an arrival."""

    near: Near
    verdict: Verdict | None = None
    stop: str | None = None
    """Which stop `near` is about."""


def act(
    method: Callable[Concatenate["Watch", P], Coroutine[object, object, R]],
) -> Callable[Concatenate["Watch", P], Awaitable[R]]:
    """Acts queue behind one another, and one that has begun is finished even when its caller is cancelled:
    a record that reached the disk is always in the state."""

    @wraps(method)
    async def whole(self: "Watch", *args: P.args, **kwargs: P.kwargs) -> R:
        async def in_turn() -> R:
            async with self._turn:
                return await method(self, *args, **kwargs)

        task = asyncio.ensure_future(in_turn())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    return whole


class Watch:
    """All acts of a crew. Not thread-safe: one event loop owns it; disk work runs off the loop."""

    def __init__(self, logbook: Logbook, pages: Pages, clock: Clock, lang: str = "zh") -> None:
        self.lang = lang
        """Language of the words that records keep."""
        self._logbook = logbook
        self._clock = clock
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Future[object]] = set()
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="logbook")
        self._changed: list[Callable[[], None]] = []
        self._ear = Ear()
        self._said: set[tuple[str, ...]] = set()
        """What was already said and recorded while this stop waits."""
        self._asked: tuple[str, str] | None = None
        """(stop, check) whose reading is asked again."""
        self._unlocked = False
        self._use(pages)
        self._memory = Memory(logbook, pages.plan)

    # -- what is known ------------------------------------------------------------------------
    @property
    def state(self) -> State:
        return self._memory.state

    @property
    def plan(self) -> Plan:
        """The plan in use: of the open round, else the newest."""
        return self._memory.round_plan or self._pages.plan

    @property
    def unsent(self) -> int:
        """Records not yet at the office: the `n` of `Q:n`."""
        return self._logbook.unsent

    @property
    def unlocked(self) -> bool:
        """Whether one of the crew has been identified since the program began (decision 16)."""
        return self._unlocked and self.state.shift is not None

    @property
    def locked(self) -> bool:
        """A shift is open, and nobody of its crew has been identified since the program began."""
        return self.state.shift is not None and not self._unlocked

    def now(self) -> datetime:
        """The site's local time."""
        return local_time(self._clock.now().at, ZoneInfo(self._pages.plan.site.zone))

    def person(self, id: str) -> Person | None:
        return self._people.get(id)

    def person_by_number(self, number: str) -> Person | None:
        return self._numbers.get(number) if number else None

    def meaning(self, text: str) -> Meaning:
        return self._codes.meaning(text)

    def take_pages(self, pages: Pages) -> None:
        """Use what the office sent; a round being walked keeps the plan it started under."""
        self._use(pages)
        self._memory.take_plan(pages.plan)
        self._tell()

    def _use(self, pages: Pages) -> None:
        self._pages = pages
        self._codes = CodeBook(pages.credentials)
        self._people = {person.id: person for person in pages.people.people}
        self._numbers = {person.number: person for person in pages.people.people if person.number}

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call `changed` after every act (a screen refreshes what it shows)."""
        self._changed.append(changed)

    def close(self) -> None:
        """Wait for the disk and keep the look-ups. The logbook stays open: it is the caller's."""
        self._disk.shutdown()

    # -- crew ---------------------------------------------------------------------------------
    @act
    async def sign_in_badge(self, scan: Scan) -> Person:
        """Open the shift, join it, or unlock it. Raises NotAllowed for a code that is no badge of this office."""
        return await self._sign_in(self._by_badge(scan), "badge")

    @act
    async def sign_in_pin(self, person: str, pin: str) -> Person:
        """The try is recorded before it is judged, so a restart does not forget it.

        Raises NotAllowed for a wrong PIN, PinLocked while the wait runs.
        """
        return await self._sign_in(await self._by_pin(person, pin), "pin")

    def pin_wait(self, person: str) -> int:
        """Seconds this person must still wait before another try; 0 when free."""
        return pin_wait(self.state.tries.get(person), self._clock.now(), self._pages.plan.settings.pin_tries)

    @act
    async def unlock_pin(self, scan: Scan, person: str) -> None:
        """A supervisor's badge clears the tries. Raises NotAllowed for any other code."""
        who = self._by_badge(scan)
        if not may_unlock(who):
            raise NotAllowed("watch.no_unlocker")
        await self._write(kinds.PinUnlocked(self._known(person).id), by=(who.id,))

    @act
    async def sign_out(self, person: str) -> None:
        """Leave the crew. The last one closes the shift; raises NotAllowed while a round is open."""
        shift = self._shift()
        left = [member for member in shift.crew if member.person != person]
        if len(left) == len(shift.crew):
            raise NotAllowed("watch.not_of_crew")
        if not left and self.state.round is not None:
            raise NotAllowed("watch.round_open")
        await self._write(kinds.CrewLeft(person), by=(person,))
        if not left:
            await self._end_shift()

    @act
    async def close_shift(self) -> None:
        """Ends the shift and signs the head. Raises NotAllowed while a round is open."""
        self._shift()
        if self.state.round is not None:
            raise NotAllowed("watch.round_open")
        await self._end_shift()

    def words_of(self, method: Method) -> str:
        return say(self.lang, f"duty.method_{method}")

    def _by_badge(self, scan: Scan) -> Person:
        meant = self.meaning(scan.text)
        if meant.kind is not Meant.PERSON or meant.id is None:
            raise NotAllowed("watch.no_badge")
        return self._known(meant.id)

    def _known(self, person: str) -> Person:
        found = self.person(person)
        if found is None:
            raise NotAllowed("watch.unknown_person")
        return found

    async def _by_pin(self, id: str, pin: str) -> Person:
        person, stored = self._known(id), self._pages.credentials.pins.get(id)
        if stored is None:
            raise NotAllowed("watch.no_pin")
        if wait := self.pin_wait(id):
            raise PinLocked("watch.pin_locked", seconds=wait)
        await self._write(kinds.PinTried(id), by=())
        if await asyncio.to_thread(codes.pin_matches, stored, pin):  # scrypt: 50 ms
            return person
        await self._write(kinds.PinRefused(id), by=())
        if wait := self.pin_wait(id):
            raise PinLocked("watch.pin_locked", seconds=wait)
        raise NotAllowed("watch.wrong_pin", left=self._pages.plan.settings.pin_tries - self.state.tries[id].count)

    async def _sign_in(self, person: Person, method: Method) -> Person:
        if self.state.shift is not None and self._is_over(self.state.shift, person):
            await self._end_shift()
        shift = self.state.shift
        if shift is None:
            await self._write(kinds.ShiftOpened((Member(person.id, method),)), by=(person.id,), rotating=True)
        elif not _has(shift, person.id):
            self._may_join(person)
            await self._write(kinds.CrewJoined(person.id, method), by=(person.id,))
        elif method == "pin" or not self._unlocked:
            await self._write(kinds.CrewJoined(person.id, method), by=(person.id,))
        self._unlocked = True
        self._tell()
        return person

    def _is_over(self, shift: Shift, person: Person) -> bool:
        """A shift that lasted a day, or that its crew left open behind a restart, ends when somebody else begins."""
        if self.state.round is not None:
            return False
        left_open = not self._unlocked and not _has(shift, person.id)
        return left_open or self._clock.now().at - shift.opened >= SHIFT_MS

    def _may_join(self, person: Person) -> None:
        if not self._unlocked and not may_unlock(person):
            raise NotAllowed("watch.crew_first")

    async def _end_shift(self) -> None:
        await self._write(kinds.ShiftClosed())
        self._unlocked = False
        await self._sign()

    # -- rounds -------------------------------------------------------------------------------
    def today(self) -> tuple[Duty, ...]:
        """Due now, next, done and missed for the roles of the crew, most urgent first."""
        crew = self.state.shift.crew if self.state.shift else ()
        people = [self.person(member.person) for member in crew]
        roles = {role for person in people if person for role in person.roles}
        running = rounds.slot_id(self.state.round.round) if self.state.round else None
        return schedule.today(self._pages.plan, self.state.rounds, running, roles, self.now())

    @act
    async def start_round(self, duty: Duty, alone: str | None = None) -> Progress:
        """Begin. With fewer people than the schedule asks, `alone` must give a reason (skip-reason id): marked.

        Raises NotAllowed without a shift, with a round open, or when the crew is short and no reason is given.
        """
        crew, plan = self._shift().crew, self._pages.plan
        if self.state.round is not None:
            raise NotAllowed("watch.round_open")
        try:
            route, due = plan.route(duty.slot.route), plan.schedule(duty.slot.schedule)
        except KeyError as e:
            raise NotAllowed("watch.not_due") from e
        if len(crew) < due.crew:
            if alone is None:
                raise NotAllowed("watch.crew_short", needed=due.crew)
            self._reason(alone)
        attempt = self.state.attempts.get(duty.slot.round, 0) + 1
        progress = rounds.begin(
            duty.slot,
            route,
            due,
            round=rounds.round_id(duty.slot, self._logbook.book_id, attempt),
            revision=plan.revision,
            crew=crew,
            started=self._clock.now().at,
            seed=secrets.token_hex(8) if route.order == "shuffled" else None,
            alone=alone,
        )
        await self._write(_started(progress, self._memory.name_plan(plan)))
        self._turned()
        return self._walking()

    def next_stop(self) -> Stop | None:
        """The stop whose checks are open, else the one to go to; None when all are done."""
        progress = self.state.round
        name = rounds.next_stop(progress) if progress else None
        return self._stop(progress, name) if progress and name else None

    @act
    async def hear(self, sighting: Sighting) -> Heard:
        """Judge one sighting for the stop that waits; records the arrival when it is near."""
        progress = self.state.round
        if progress is None or self.locked:
            return Heard(SILENT)
        self._ear.take(sighting)
        point = self.plan.point_of_tag(sighting.format or "", sighting.tag or "")
        if point is None:
            verdict = await self._strange(progress, sighting)
            return self._how_near(progress, sighting.up, verdict)
        if not self._awaits(progress, point):
            return self._how_near(progress, sighting.up, self._elsewhere(progress, point, sighting.up))
        judged = self._ear.judge(self.plan, point, sighting.up)
        verdict = None
        if judged.near.state is Nearness.NEAR and not self._wants_label(point):
            evidence = kinds.Evidence(ble=judged.proof or UNSET)
            verdict = await self._arrive(point, evidence, judged.marks)
        return Heard(judged.near, verdict, rounds.stop_at(progress, self.plan.route(progress.route), point.id))

    def forget_sightings(self) -> None:
        """Drop the samples (the radio paused, or the stop changed)."""
        self._ear.forget()

    @act
    async def scan(self, scan: Scan) -> Verdict:
        """A code during a round: arrival by label, the partner's badge, or unknown (recorded as seen)."""
        meant = self.meaning(scan.text)
        if meant.kind is Meant.PERSON and meant.id:
            return await self._badge_on_the_way(meant.id)
        asset = meant.id if meant.kind is Meant.ASSET else None
        point = self._point_of(meant)
        if point is None:
            return await self._strange_code(scan.text, meant)
        self._walking()
        label = kinds.LabelEvidence(meant.issue, asset or UNSET)
        seen = (Mark.OLD_LABEL,) if meant.old else ()
        verdict = await self._arrive(point, kinds.Evidence(label=label), seen, meant.token, scan.up)
        if verdict.stop is None:
            await self._wrong_point(point, meant)
        return Verdict(
            verdict.stop, verdict.point, verdict.accepted, verdict.grade, verdict.marks, asset=asset
        )

    @act
    async def type_code(self, code: str) -> Verdict:
        """The short code under the label, typed: graded `typed`."""
        typed = clean(code.strip().upper(), 128)
        point = self.plan.point_of_code(typed)
        if point is None:
            return await self._strange_code(typed, Meaning(Meant.UNKNOWN))
        self._walking()
        return await self._arrive(point, kinds.Evidence(typed=typed), up=self._clock.now().up)

    @act
    async def confirm_partner_pin(self, person: str, pin: str) -> None:
        """The partner identified again on the way (D2) by PIN; a badge goes through `scan`."""
        progress = self._walking()
        if not _has(self._shift(), person):
            raise NotAllowed("watch.not_of_crew")
        if not rounds.on_the_way(progress):
            raise NotAllowed("watch.recheck_early")
        await self._by_pin(person, pin)
        await self._write(kinds.RoundRechecked(progress.round, person, "pin"), by=(person,))

    @act
    async def skip(self, stop: str, reason: str) -> None:
        """Leave a stop out. Raises NotAllowed for a reason the plan does not know, or a stop that is done."""
        progress, words = self._walking(), self._reason(reason)
        visit = progress.visit(stop)
        if visit is None or (visit.done and visit.at is not None):
            raise NotAllowed("watch.skip_done")
        await self._write(kinds.StopSkipped(progress.round, stop, reason, words))
        self._turned()

    # -- evidence -----------------------------------------------------------------------------
    def _awaits(self, progress: Progress, point: Point) -> bool:
        """Whether being near `point` is an arrival: any stop that is left in free order, else the next one."""
        if progress.at_stop is not None:
            return False
        route = self.plan.route(progress.route)
        stop = rounds.stop_at(progress, route, point.id)
        return stop in rounds.remaining(progress) if route.order == "free" else stop == rounds.next_stop(progress)

    def _wants_label(self, point: Point) -> bool:
        """Where a beacon alone would be too weak, arriving waits for the label."""
        return point.label and weaker("near", point.grade)

    def _how_near(self, progress: Progress, up: int, verdict: Verdict | None) -> Heard:
        """How near the stop is that waits."""
        stop = self.next_stop()
        if stop is None or progress.at_stop is not None:
            return Heard(SILENT, verdict)
        return Heard(self._ear.judge(self.plan, self.plan.point(stop.point), up).near, verdict, stop.id)

    def _elsewhere(self, progress: Progress, point: Point, up: int) -> Verdict | None:
        """Standing at a place that is not asked for: said once, unless the crew was there before."""
        stop = rounds.stop_at(progress, self.plan.route(progress.route), point.id)
        visit = progress.visit(stop) if stop else None
        if progress.at_stop or (visit and visit.at is not None) or ("point", point.id) in self._said:
            return None
        if self._ear.judge(self.plan, point, up).near.state is not Nearness.NEAR:
            return None
        self._said.add(("point", point.id))
        return Verdict(stop, point.id, False, "near", (Mark.WRONG_POINT,))

    async def _strange(self, progress: Progress, sighting: Sighting) -> Verdict | None:
        """A beacon of nobody's, close by: recorded once for each stop that waits."""
        name = ("tag", sighting.format or "", sighting.tag or "")
        known = sighting.format not in FORMATS or sighting.tag is None or name in self._said
        if known or progress.at_stop or not at_hand(sighting, self.plan.settings.enter_below_1m_db):
            return None
        self._said.add(name)
        if sum(said[0] == "tag" for said in self._said) > STRANGERS:
            return None
        stop = rounds.next_stop(progress)
        body = kinds.TagSeen(
            round=progress.round,
            stop=stop,
            format=name[1],
            tag=clean(name[2], 128),
            address=clean(sighting.address, 32),
            rssi=sighting.rssi,
            frame=clean(sighting.frame, 256),
        )
        await self._write(body)
        return Verdict(None, None, False, None, (Mark.UNKNOWN_TAG,))

    async def _strange_code(self, text: str, meant: Meaning) -> Verdict:
        """A code of nobody's. Of a text that looks like one of our labels only a hash is kept: it may hold a token."""
        verdict = Verdict(None, None, False, None, (Mark.UNKNOWN_TAG,))
        cleaned = clean(text.strip(), 128)
        if ("code", cleaned) in self._said:
            return verdict
        self._said.add(("code", cleaned))
        progress = self.state.round
        ours = meant.token or "WB1:" in text.upper()
        body = kinds.CodeSeen(
            round=progress.round if progress else None,
            stop=rounds.next_stop(progress) if progress else None,
            text=UNSET if ours else cleaned,
            sha256=sha256(meant.token or text.encode("utf-8", "replace")).hexdigest() if ours else UNSET,
        )
        await self._write(body)
        return verdict

    async def _wrong_point(self, point: Point, meant: Meaning) -> None:
        """A label of ours that is not of this round: the crew stood there, so it is recorded as seen."""
        if ("code", point.id) in self._said:
            return
        self._said.add(("code", point.id))
        progress = self._walking()
        token = sha256(meant.token).hexdigest()
        body = kinds.CodeSeen(progress.round, rounds.next_stop(progress), sha256=token, point=point.id)
        await self._write(body)

    async def _arrive(
        self,
        point: Point,
        evidence: kinds.Evidence,
        seen: tuple[Mark, ...] = (),
        token: bytes = b"",
        up: int | None = None,
    ) -> Verdict:
        """Judge and record being at `point`; with `up`, a beacon that is near at that time counts as well."""
        progress = self._walking()
        if up is not None:
            judged = self._ear.judge(self.plan, point, up)
            if judged.near.state is Nearness.NEAR and judged.proof:
                evidence = kinds.Evidence(judged.proof, evidence.label, evidence.typed)
                seen = (*seen, *judged.marks)
        grade = grade_of(near=evidence.ble is not UNSET, label=evidence.label is not UNSET)
        _, verdict = rounds.arrive(progress, self.plan, point, grade, self._clock.now(), seen)
        if not verdict.accepted or verdict.stop is None:
            return verdict
        marks = tuple(mark.value for mark in verdict.marks)
        body = kinds.StopArrived(progress.round, verdict.stop, point.id, grade, marks, evidence)
        await self._write(body, token=token)
        self._turned()
        return verdict

    async def _badge_on_the_way(self, person: str) -> Verdict:
        progress = self._walking()
        counts = _has(self._shift(), person) and rounds.on_the_way(progress)
        if counts:
            await self._write(kinds.RoundRechecked(progress.round, person, "badge"), by=(person,))
        return Verdict(None, None, counts, person=person)

    def _point_of(self, meant: Meaning) -> Point | None:
        try:
            if meant.kind is Meant.ASSET and meant.id:
                return self.plan.point(self.plan.asset(meant.id).point)
            return self.plan.point(meant.id) if meant.kind is Meant.POINT and meant.id else None
        except KeyError:
            return None

    # -- checks -------------------------------------------------------------------------------
    def open_check(self) -> Check | None:
        """The next unanswered check of the stop that is open."""
        return next(iter(self._open_checks()), None)

    def _open_checks(self) -> tuple[Check, ...]:
        progress = self.state.round
        stop = self._stop(progress, progress.at_stop) if progress and progress.at_stop else None
        return checks.open_checks(self.plan, stop, progress) if progress and stop else ()

    def last_readings(self, check: str, count: int = 3) -> tuple[str, ...]:
        """Newest first: what was read at this check before, wherever it is asked."""
        progress = self.state.round
        stop = self._stop(progress, progress.at_stop) if progress and progress.at_stop else None
        return self._memory.readings(stop, check)[:count] if stop else ()

    def judge(self, check: Check, raw: str) -> Answer:
        """The answer that `raw` keys mean: "1"/"2" for ok, digits for number and count. Raises NotAllowed
        with a sentence when they mean nothing."""
        return checks.judge(check, raw, self._clock.now().at)

    @act
    async def answer(self, answer: Answer) -> bool:
        """Record it. False when an out-of-limits reading must first be asked again (nothing was recorded)."""
        progress = self._walking()
        stop = self._stop(progress, progress.at_stop) if progress.at_stop else None
        check = self._check(stop, answer.check)
        if stop is None or check is None:
            raise NotAllowed("watch.no_check")
        again = self._asked == (stop.id, check.id)
        if checks.asks_again(check, answer) and not again:
            self._asked = (stop.id, check.id)
            return False
        self._asked = None
        kept = again and not answer.ok
        answer = Answer(answer.check, answer.ok, answer.value, answer.at, answer.repeated or kept)
        await self._write(self._answered(progress, stop, check, answer))
        return True

    @act
    async def all_ok(self) -> int:
        """Every remaining OK check of this stop answered OK at once; how many."""
        progress = self._walking()
        stop = self._stop(progress, progress.at_stop) if progress.at_stop else None
        left = [check for check in self._open_checks() if check.kind == "ok"]
        if stop is None or not left:
            return 0
        now = self._clock.now().at
        await self._write(*(self._answered(progress, stop, check, Answer(check.id, True, at=now)) for check in left))
        return len(left)

    def _check(self, stop: Stop | None, id: str) -> Check | None:
        if stop is None or stop.checklist is None:
            return None
        return next((check for check in self.plan.checklist(stop.checklist).checks if check.id == id), None)

    def _answered(self, progress: Progress, stop: Stop, check: Check, answer: Answer) -> kinds.CheckAnswered:
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
        )

    # -- findings, end ------------------------------------------------------------------------
    @act
    async def report(self, category: str, phrase: str, *, fixed: bool = False, urgent: bool = False) -> Finding:
        """A finding or hazard where the crew is: at the stop that is open, else the one reached last."""
        crew, plan = self._shift().crew, self.plan
        found = next((each for each in plan.categories if each.id == category), None)
        said = findings.phrase_of(found, phrase) if found else None
        if found is None or said is None:
            raise NotAllowed("watch.unknown_phrase")
        progress, stop = self.state.round, self._here()
        due = millis(findings.due_of(found, self.now(), plan.calendar, urgent=urgent))
        body = kinds.FindingRaised(
            kind=found.kind,
            category=category,
            phrase=phrase,
            words=clean(said.text.say(self.lang)),
            point=stop.point if stop else None,
            stop=stop.id if stop else None,
            round=progress.round if progress else None,
            due=due,
            urgent=urgent,
            fixed=fixed,
        )
        (entry,) = await self._write(body, by=_people(crew))
        return body.finding(f"{self._logbook.book_id}:{entry.record.seq}", entry.record.at)

    @act
    async def raise_alarm(self) -> str:
        """Recorded as urgent; the id. Reported only when a named person at the office has taken it."""
        stop, progress = self._here(), self.state.round
        body = kinds.AlarmRaised(progress.round if progress else None, stop.point if stop else None)
        (entry,) = await self._write(body)
        return f"{self._logbook.book_id}:{entry.record.seq}"

    @act
    async def finish_round(self) -> Summary:
        """Close the round; stops not reached count as missed. Signs the head."""
        progress = self._walking()
        due = next((each for each in self.plan.schedules if each.id == progress.schedule), None)
        present, now = len(self._shift().crew), self._clock.now().at
        after = rounds.finish(progress, due, present, now)[0] if due else rounds.finished(progress, (), now)
        await self._write(_finished(after))
        self._turned()
        await self._sign()
        return self.state.rounds[rounds.slot_id(progress.round)]

    def summary(self, progress: Progress) -> Summary:
        return rounds.summary(progress)

    def _here(self) -> Stop | None:
        progress = self.state.round
        name = (progress.at_stop or progress.last) if progress else None
        return self._stop(progress, name) if progress and name else None

    # -- the writing --------------------------------------------------------------------------
    def _shift(self) -> Shift:
        if self.state.shift is None:
            raise NotAllowed("watch.no_shift")
        if not self._unlocked:
            raise NotAllowed("watch.locked")
        return self.state.shift

    def _walking(self) -> Progress:
        self._shift()
        if self.state.round is None:
            raise NotAllowed("watch.no_round")
        return self.state.round

    def _stop(self, progress: Progress, id: str) -> Stop | None:
        try:
            return rounds.stop_of(self.plan.route(progress.route), id)
        except KeyError:
            return None

    def _reason(self, id: str) -> str:
        """The words of a reason. Raises NotAllowed when the plan does not know it."""
        found = next((each for each in self.plan.skip_reasons if each.id == id), None)
        if found is None:
            raise NotAllowed("watch.unknown_reason")
        return clean(found.text.say(self.lang))

    def _turned(self) -> None:
        """Another stop waits: what was heard and said belongs to the one before."""
        self._ear.forget()
        self._said.clear()
        self._asked = None

    async def _write(
        self, *bodies: kinds.Body, by: tuple[str, ...] | None = None, token: bytes = b"", rotating: bool = False
    ) -> tuple[Entry, ...]:
        """Record, then fold: the state never knows more than the disk. By the whole crew when nobody is named."""
        if by is None:
            by = _people(self.state.shift.crew) if self.state.shift and self._unlocked else ()
        drafts = [Draft(kinds.kind_of(body), kinds.to_dict(body), by, token=token) for body in bodies]
        append = self._logbook.append_rotating if rotating else self._logbook.append
        try:
            entries = await self._off_loop(partial(append, *drafts))
        except BookUnknown:
            entries = await self._look_up(drafts)
        self._memory.take(entries)
        self._tell()
        return entries[-len(drafts) :]

    async def _look_up(self, drafts: list[Draft]) -> tuple[Entry, ...]:
        """The disk did not say whether it wrote: read what is there. Raises BookUnknown when the records are not."""
        await self._off_loop(self._logbook.reopen)
        first = self._memory.seq + 1
        entries = await self._off_loop(lambda: tuple(self._logbook.entries(first)))
        if [entry.record.kind for entry in entries[-len(drafts) :]] == [draft.kind for draft in drafts]:
            return entries
        self._memory.take(entries)
        raise BookUnknown("watch.not_recorded")

    async def _sign(self) -> None:
        await self._off_loop(self._logbook.sign_head)
        await self._off_loop(self._memory.keep)

    async def _off_loop(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    def _tell(self) -> None:
        for changed in self._changed:
            changed()


def _has(shift: Shift, person: str) -> bool:
    return any(member.person == person for member in shift.crew)


def _people(crew: tuple[Member, ...]) -> tuple[str, ...]:
    return tuple(member.person for member in crew)


def _started(progress: Progress, plan: kinds.PlanNamed) -> kinds.RoundStarted:
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
        marks=tuple(mark.value for mark in progress.marks),
    )


def _finished(progress: Progress) -> kinds.RoundFinished:
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
