"""A session on this handheld: what it knows, and how an act is recorded.

Acts are judged elsewhere (app.crew, app.arrivals, app.watch); here they queue, reach the disk off the
loop, and are folded into the state.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Self, TypeVar
from zoneinfo import ZoneInfo

from msgspec import UNSET, UnsetType

from app import kinds
from app.duties import rounds
from app.duties.days import local_time
from app.duties.posts import Sheet
from app.duties.rounds import Confirmation, Progress
from app.duties.site import TEMPORARY, Person, Phrase, Plan, Route, Stop, Text
from app.duties.tuning import Tuning, tuned
from app.ear import Ear
from app.errors import BookError, BookUnknown, NotAllowed
from app.logbook.book import Draft, Logbook
from app.logbook.lines import encode_json
from app.meaning import CodeBook, Meaning
from app.memory import Memory
from app.pages import AlarmNews, Pages
from app.ports import Clock
from app.record import MAX_PEOPLE, Entry
from app.resume import Shift, State
from app.sensed import Sensed
from app.text import clean
from app.words import LANGS, say

if TYPE_CHECKING:
    from app.kinds.witness import WitnessSeen

DAY_MS: Final = 24 * 3600 * 1000
AGAIN_MS: Final = 2 * 60_000
"""An act in doubt that is done again within this time is the same one (boot clock)."""
HOURS: Final = 10**12
"""No other number in a record is so large (UTC ms; 2001)."""

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Session")


def act(
    method: Callable[Concatenate[S, P], Coroutine[object, object, R]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """Acts queue behind one another, and one that has begun is finished even when its caller is cancelled:
    a record that reached the disk is always in the state. Each is judged by all that is durable."""

    @wraps(method)
    async def whole(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        async def in_turn() -> R:
            async with self._turn:
                await self._catch_up()
                try:
                    return await method(self, *args, **kwargs)
                finally:
                    self._recovered = ()

        task = asyncio.ensure_future(in_turn())
        self._running.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    return whole


class Session:
    """Not thread-safe: one event loop owns it; disk work runs off the loop."""

    def __init__(
        self, logbook: Logbook, pages: Pages, clock: Clock, lang: str = "zh", disk: Executor | None = None
    ) -> None:
        """`disk` does the disk work, one after the other; a thread of its own unless given."""
        self.lang = lang
        """Language of the words that records keep."""
        self._logbook = logbook
        self._clock = clock
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Future[Any]] = set()
        self._disk = disk or ThreadPoolExecutor(1, thread_name_prefix="logbook")
        self._changed: list[Callable[[], None]] = []
        self._recorded: list[Callable[[bool], None]] = []
        self._ear = Ear()
        self._fault: str | None = None
        """What the radio suffers from: a key of app.words."""
        self._sensed = Sensed()
        self._said: set[tuple[str, ...]] = set()
        """What was already said and recorded while this stop waits."""
        self._asked: tuple[str, str] | None = None
        """(stop, check) whose reading is asked again."""
        self._shown: set[str] = set()
        """The digits of our own heads that were shown since the program began."""
        self._witnessed: dict[WitnessSeen, int] = {}
        """Others' heads recorded in the last minute, and when (`Moment.up`)."""
        self._tended: int | None = None
        """When the book was last tended (`Moment.up`)."""
        self._damage = self.damage
        """Damaged places, as far as was told."""
        self._doubted: list[Draft] = []
        """Of an act whose records the disk perhaps wrote."""
        self._doubted_at = 0
        """When (`Moment.up`)."""
        self._doubted_after = ("", 0)
        """The book, and its last record, before it."""
        self._recovered: tuple[Entry, ...] = ()
        """Its records, found since: whoever does the act again does not record it twice."""
        self._brought: Sheet | None = None
        """The handover sheet that was read from a stick, until it is taken."""
        self._unlocked = False
        self._sent_to = ""
        """The post for which this handheld took over from a broken one, until somebody signs in there."""
        self._holder = ""
        """Who unlocked it, or signed in last to begin a shift."""
        self._use(pages)
        self._memory = Memory(logbook, pages.plan, *pages.others)

    @classmethod
    def of(cls, session: "Session") -> Self:
        """`session` itself as another subject sees it: the acts of this class on that session's own attributes.

        So a subject that nobody opens is not even imported: nothing but its pages names it.
        """
        seen = object.__new__(cls)
        seen.__dict__ = session.__dict__
        return seen

    # -- what is known ------------------------------------------------------------------------
    @property
    def state(self) -> State:
        return self._memory.state

    @property
    def plan(self) -> Plan:
        """The plan in use: of the open round, else the one that holds today; with the numbers that the office set."""
        walked = self._memory.round_plan
        return self._tuned(walked) if walked else self._in_force

    @property
    def _in_force(self) -> Plan:
        """The revision that holds today: it may have become effective after the pages came (decision 22)."""
        return self._tuned(self._pages.plan_at(self._clock.now().at) if self._pages.others else self._pages.plan)

    def _tuned(self, plan: Plan) -> Plan:
        known = self._tunings.get(plan.sha256)
        if known is None:
            known = self._tunings[plan.sha256] = tuned(plan, self._pages.tuning)
        return known

    @property
    def tuning(self) -> Tuning:
        """What the office set on this handheld."""
        return self._pages.tuning

    @property
    def pages(self) -> Pages:
        """What the office sent."""
        return self._pages

    @property
    def alarm_news(self) -> AlarmNews | None:
        """What the office said of the last alarm; None before anybody took it."""
        return self._pages.alarms.get(self.state.alarm or "")

    @property
    def alarm_open(self) -> bool:
        """An alarm was raised, and nobody at the office has taken it."""
        return self.state.alarm is not None and self.alarm_news is None

    @property
    def alarm_sent(self) -> bool:
        """Whether the office has confirmed the record of the last alarm."""
        book, _, seq = (self.state.alarm or "").partition(":")
        if book != self._logbook.book_id:
            return not self.unsent
        return int(seq) <= self._logbook.acked

    @property
    def unsent(self) -> int:
        """Records not yet at the office: the `n` of `Q:n`."""
        return self._logbook.unsent

    def pictures_unsent(self) -> int:
        """Pictures and personal texts not yet at the office; reads the disk. Raises BookUnsafe."""
        return len(self._logbook.blobs_waiting())

    @property
    def damage(self) -> int:
        """Damaged places of the book that were met since it was opened."""
        return len(self._logbook.opening.damage)

    @property
    def unlocked(self) -> bool:
        """Whether one of the crew has been identified since the program began (decision 16)."""
        return self._unlocked and self.state.shift is not None

    @property
    def locked(self) -> bool:
        """A shift is open, and nobody of its crew has been identified since the program began."""
        return self.state.shift is not None and not self._unlocked

    @property
    def holder(self) -> str | None:
        """Whose name stands for the crew: of it who unlocked this handheld, else who came first."""
        crew = [member.person for member in self.state.shift.crew] if self.state.shift else []
        return self._holder if self._holder in crew else next(iter(crew), None)

    @property
    def is_alone(self) -> bool:
        """Whether one person is on shift, and really there."""
        crew = self.state.shift.crew if self.state.shift else ()
        return sum(member.given for member in crew) == 1

    def now(self) -> datetime:
        """The site's local time."""
        return local_time(self._clock.now().at, self.zone)

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self._pages.plan.site.zone)

    def person(self, id: str) -> Person | None:
        return self._people.get(id) or (temporary(id) if id.startswith(TEMPORARY) else None)

    def person_by_number(self, number: str) -> Person | None:
        return self._numbers.get(number) if number else None

    def meaning(self, text: str) -> Meaning:
        return self._codes.meaning(text)

    def take_pages(self, pages: Pages) -> None:
        """Use what the office sent; a round being walked keeps the plan it started under."""
        self._use(pages)
        self._memory.take_plans(pages.plan, *pages.others)
        self._memory.take_relayed()
        self._tell()

    def turn_over(self) -> None:
        """The book in use is another one than before: take over what it holds."""
        self._memory.take(())
        self._tell()

    def _use(self, pages: Pages) -> None:
        self._pages = pages
        self._tunings: dict[str, Plan] = {}
        self._codes = CodeBook(pages.credentials)
        self._people = {person.id: person for person in pages.people.people}
        self._numbers = {person.number: person for person in pages.people.people if person.number}

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call `changed` after every act (a screen refreshes what it shows)."""
        self._changed.append(changed)

    def when_recorded(self, told: Callable[[bool], None]) -> None:
        """Call `told` after records were made: whether one of them is urgent."""
        self._recorded.append(told)

    def close(self) -> None:
        """Wait for what is being written. The logbook stays open, it is the caller's; closing it keeps the look-ups."""
        self._disk.shutdown()

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

    def _route(self, progress: Progress) -> Route:
        """Raises NotAllowed when the plan that the round was started under is nowhere any more."""
        try:
            return self.plan.route(progress.route)
        except KeyError as e:
            raise NotAllowed("watch.plan_gone") from e

    def _role(self, person: str) -> str | None:
        """In which role a person acts now: as the round's route asks, else the usual one."""
        progress = self.state.round
        try:
            wanted = self.plan.route(progress.route).roles if progress else ()
        except KeyError:
            wanted = ()
        return self._in_force.role_of(person, wanted)

    def _roles(self) -> set[str]:
        """What the crew on shift may be, all together."""
        crew = self.state.shift.crew if self.state.shift else ()
        return {role for member in crew for role in self._roles_of(member)}

    def _roles_of(self, member: Confirmation) -> tuple[str, ...]:
        """What the site grants; of somebody who is not in the plan yet, what a supervisor said."""
        granted = self._in_force.roles_of(member.person)
        return granted or ((member.role,) if member.role and member.person.startswith(TEMPORARY) else ())

    def _at(self) -> int:
        """Now, UTC ms."""
        return self._clock.now().at

    def _here_now(self) -> str | None:
        """The point where the crew is in its round."""
        progress = self.state.round
        name = (progress.at_stop or progress.last) if progress else None
        stop = self._stop(progress, name) if progress and name else None
        return stop.point if stop else None

    def _reason(self, id: str, known: tuple[Phrase, ...]) -> str:
        """The words of a reason. Raises NotAllowed when it is none of the `known` ones."""
        found = next((each for each in known if each.id == id), None)
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
            by = people(self.state.shift.crew) if self.state.shift and self._unlocked else ()
        drafts = [Draft(kinds.kind_of(body), kinds.to_dict(body), by, token=token) for body in bodies]
        if self._recovered and _written(self._recovered) == _meant(drafts):
            found, self._recovered = self._recovered, ()
            return found
        append = self._logbook.append_rotating if rotating else self._logbook.append
        before = self._logbook.book_id, self._logbook.head.seq
        try:
            entries = await self._off_loop(partial(append, *drafts))
        except BookUnknown as e:
            self._doubted, self._doubted_at, self._doubted_after = drafts, self._clock.now().up, before
            if found := await self._look_up():
                return found
            raise BookUnknown("watch.not_recorded") from e
        if not entries or entries[0].record.seq == self._memory.seq + 1:
            self._take(entries)
        else:  # the book was opened again meanwhile, and held more
            await self._take_missed()
            self._tell_recorded(entries)
        self._tend(rotating)
        return entries[-len(drafts) :]

    def _tend(self, shift: bool) -> None:
        """When a shift opens and once a day: let go of what the office has had long enough (decision 9), and look at
        the records that the start passed over."""
        up = self._clock.now().up
        if not shift and self._tended is not None and up - self._tended < DAY_MS:
            return
        self._tended = up
        self._idle(partial(self._logbook.prune, self._in_force.settings.prune_days))
        self._idle(self._logbook.check_earlier)
        if "registers" in self.state.shares:
            from app.keeping import Keeping  # where somebody keeps one

            Keeping.of(self).forget_old()

    def _idle(self, work: Callable[[], object]) -> None:
        """Again until it finds nothing to do, each time behind the acts that wait. A disk that refuses tells the crew
        at their next act; whoever watches is told of damage that is met."""
        loop = asyncio.get_running_loop()

        def once() -> None:
            try:
                if work():
                    self._disk.submit(once)
                if self.damage != self._damage:
                    self._damage = self.damage
                    loop.call_soon_threadsafe(self._tell)
            except BookUnknown:
                with suppress(BookError):
                    self._logbook.reopen()
            except (BookError, RuntimeError):  # RuntimeError: the session is closing
                return

        self._disk.submit(once)

    def _take(self, entries: tuple[Entry, ...]) -> None:
        """Fold what is durable, and tell of it."""
        self._memory.take(entries)
        self._tell_recorded(entries)

    async def _take_missed(self) -> None:
        """What became durable otherwise. What cannot be read now waits for the next act: it holds up no record."""
        with suppress(BookError):
            self._take(await self._off_loop(self._unfolded))

    def _tell_recorded(self, entries: tuple[Entry, ...]) -> None:
        """Tell whoever shows or sends what was recorded."""
        hurry = any(kinds.urgent(entry.record) for entry in entries)
        for told in self._recorded:
            told(hurry)
        self._tell()

    async def _catch_up(self) -> None:
        """Fold what has become durable since the last act. Raises BookUnknown while the disk does not say what has."""
        if self._doubted:
            soon = self._clock.now().up - self._doubted_at <= AGAIN_MS
            found = await self._look_up()
            if soon and not any(kinds.urgent(entry.record) for entry in found):  # two alarms may be two
                self._recovered = found
        elif self._logbook.head.seq > self._memory.seq:
            await self._take_missed()

    async def _look_up(self) -> tuple[Entry, ...]:
        """The disk did not say whether it wrote what is doubted: read what is there. Those records, or none.
        Raises BookUnknown when it still does not say."""
        try:
            await self._off_loop(self._logbook.reopen)
        except BookError as e:
            raise BookUnknown("watch.in_doubt") from e
        entries = await self._off_loop(self._unfolded)
        self._take(entries)
        book, last = self._doubted_after
        if book == self._logbook.book_id:
            entries = tuple(entry for entry in entries if entry.record.seq > last)
        wanted, self._doubted = _meant(self._doubted), []
        found = _written(entries)
        for start in range(len(found) - len(wanted) + 1):
            if found[start : start + len(wanted)] == wanted:
                return entries[start : start + len(wanted)]
        return ()

    def _unfolded(self) -> tuple[Entry, ...]:
        return tuple(self._logbook.entries(self._memory.seq + 1))

    async def _sign(self) -> None:
        """Sign the head, and keep what shortens the next start.

        What was recorded stands without it, and the next signature covers it too: a disk or a key that
        refuses does not undo the act, and is told by the next record and by `verify`.
        """
        try:
            await self._sign_head()
        except BookError:
            return
        self._memory.keep()
        await self._off_loop(self._memory.save)

    async def _sign_head(self) -> dict[str, Any]:
        """The note that signs the head. Raises BookError when it cannot be signed."""
        try:
            return await self._off_loop(self._logbook.sign_head)
        except BookUnknown:
            await self._off_loop(self._logbook.reopen)
            return await self._off_loop(self._logbook.sign_head)

    def _done(self, task: asyncio.Future[Any]) -> None:
        """Nobody may be waiting any more; then its refusal is nobody's."""
        self._running.discard(task)
        if not task.cancelled():
            task.exception()

    async def _attached(self, photos: Sequence[bytes]) -> tuple[kinds.Attachment, ...] | UnsetType:
        """Photographs, durable before the record that names them; UNSET without any. Raises NotAllowed."""
        if not photos:
            return UNSET
        from app.attaching import attached  # not before somebody takes one: memory

        return await self._off_loop(partial(attached, self._logbook, photos))

    async def _off_loop(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    def _tell(self) -> None:
        for changed in self._changed:
            changed()


def _meant(drafts: Sequence[Draft]) -> list[tuple[object, ...]]:
    return [(draft.kind, draft.by, _said(draft.body)) for draft in drafts]


def _written(entries: Sequence[Entry]) -> list[tuple[object, ...]]:
    return [(entry.record.kind, entry.record.by, _said(entry.record.body)) for entry in entries]


def _said(body: dict[str, Any]) -> bytes:
    """A body as it is written, but for the proof that the logbook adds, and for hours (UTC ms): an act that is done
    again is done later."""
    return encode_json({name: said for name, said in body.items() if name != "proof" and not _is_hour(said)})


def _is_hour(said: object) -> bool:
    return isinstance(said, int) and said > HOURS


def temporary(id: str) -> Person:
    """Somebody who is not in the plan yet, by the digits that the paper knows them by."""
    number = id.removeprefix(TEMPORARY)
    return Person(id, Text(*(say(lang, "signin.temporary", number=clean(number, 8)) for lang in LANGS)))


def has(shift: Shift, person: str) -> bool:
    return any(member.person == person for member in shift.crew)


def people(crew: tuple[Confirmation, ...]) -> tuple[str, ...]:
    """Their ids, as many as a record may name."""
    return tuple(member.person for member in crew[:MAX_PEOPLE])
