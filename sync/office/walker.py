"""A crew that does not exist, walking real rounds: a real logbook and watch, simulated tags and time.

For demonstrations, training and tests. The records are made, judged and proven exactly as on a handheld;
only the radio, the scanner and the clock are stood in for.
"""

import random
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from math import sin
from typing import Final, ParamSpec, TypeVar

from msgspec import Struct

from app.duties import scores
from app.duties.days import millis
from app.duties.schedule import Duty, Slot, Standing
from app.duties.site import Check, Point, Stop, Tag
from app.handing import Handing
from app.logbook.book import Logbook
from app.pages import Pages
from app.ports import Moment, Scan
from app.watch import Watch
from hardware.tags import Advert, encode, sightings
from hardware.walk import POWER_1M, made_up_address

P = ParamSpec("P")
T = TypeVar("T")
SAMPLES: Final = 5
EVERY_MS: Final = 600
LOOK_S: Final = 12
"""Seconds a check takes."""
PACE_S: Final = 45
"""Seconds to a stop whose way nobody measured."""
LOUD_DB: Final = 3
HOUR_MS: Final = 3_600_000
METERS_BEGAN: Final = 1_750_000_000_000
"""When every meter of the example stood at 1000: one unit an hour since."""


class Over(Exception):
    """The example's own hour is reached: nothing after it has happened."""


class SteppedClock:
    """A clock that only goes on when somebody walks, the wall clock and the boot clock alike."""

    def __init__(self, at: int, off: int | None = 180, end: int | None = None) -> None:
        """`end`: it never gets beyond that, UTC ms; whoever would wait for longer meets Over."""
        self._at = at
        self._end = end
        self._up = 3_600_000
        self._off = off

    def now(self) -> Moment:
        return Moment(self._at, self._up, "0" * 31 + "d", self._off)

    def wait(self, seconds: float) -> None:
        """Raises Over."""
        gone = round(seconds * 1000)
        if self._end is not None and self._at + gone > self._end:
            raise Over
        self._at += gone
        self._up += gone

    def wait_until(self, at: int) -> None:
        """Go on to `at`, UTC ms; never back."""
        self.wait(max(0, at - self._at) / 1000)


class AtOnce(Executor):
    """Works in the caller's thread: nobody looks at a screen meanwhile, and a thread that is woken for each record
    costs more than the record.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._works = False

    def submit(self, work: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> Future[T]:
        told: Future[T] = Future()

        def act() -> None:
            try:
                told.set_result(work(*args, **named))
            except BaseException as e:
                told.set_exception(e)

        self._waiting.append(act)
        while self._waiting and not self._works:
            self._works = True
            self._waiting.popleft()()
            self._works = False
        return told


class Tricks(Struct, frozen=True):
    """What goes wrong on a round, by stop id."""

    skip: Mapping[str, str] = {}
    """Reason id by stop."""
    miss: frozenset[str] = frozenset()
    """Stops nobody goes to."""
    rush: frozenset[str] = frozenset()
    """Stops reached sooner than anybody can walk."""
    readings: Mapping[str, str] = {}
    """What is keyed in at a check, by check id."""
    report: Mapping[str, tuple[str, str]] = {}
    """(category, phrase) of a finding, by stop."""
    urgent: bool = False
    fixed: bool = False
    late_s: float = 180
    """Seconds after the window's opening at which the crew sets out."""
    alone: str | None = None
    recheck: bool = True


NO_TRICKS: Final = Tricks()


class Walker:
    """One handheld and whoever carries it. Close the logbook after use."""

    def __init__(
        self,
        logbook: Logbook,
        clock: SteppedClock,
        pages: Pages,
        labels: Mapping[str, str],
        seed: int = 1,
        lang: str = "zh",
    ) -> None:
        self.logbook = logbook
        self.clock = clock
        self.watch = Watch(logbook, pages, clock, lang, AtOnce())
        self._plan = pages.plan
        self._labels = labels
        self._random = random.Random(seed)  # noqa: S311 - a picture of people's pace, not a secret

    async def walk(self, slot: Slot, badges: tuple[str, ...], tricks: Tricks = NO_TRICKS, post: str = "") -> None:
        """One whole round with a shift of its own. `badges` are the texts of the crew's badges, `post` is where they
        stand besides, if their roles let them. Raises Over in the middle of it where the clock ends.
        """
        self.clock.wait_until(millis(slot.opens) + round(tricks.late_s * 1000))
        for badge in badges:
            await self.watch.sign_in_badge(self.read(badge))
            self.clock.wait(4)
        handing = Handing.of(self.watch)
        if any(each.id == post for each in handing.posts_to_choose()):
            await handing.man(post)
        await self.watch.start_round(Duty(slot, Standing.OPEN), tricks.alone)
        visited = 0
        for name in self._order():
            visited += await self._go(name, tricks)
            if visited == 3 and tricks.recheck and len(badges) > 1:
                visited += 1
                self.clock.wait(5)
                await self.watch.scan(self.read(badges[1]))
        self.clock.wait(20)
        await self.watch.finish_round()
        self.clock.wait(30)
        await self.watch.close_shift()

    def _order(self) -> tuple[str, ...]:
        progress = self.watch.state.round
        assert progress is not None
        return progress.order

    async def _go(self, name: str, tricks: Tricks) -> bool:
        """To one stop, and do there what is to be done; whether it was reached."""
        if name in tricks.miss:
            return False
        stop = self._stop(name)
        if name in tricks.skip:
            await self.watch.skip(name, tricks.skip[name])
            return False
        pace = (stop.walk_s or PACE_S) * (0.3 if name in tricks.rush else self._random.uniform(1.15, 1.6))
        self.clock.wait(pace)
        await self._arrive(self._plan.point(stop.point))
        await self._look(tricks)
        if name in tricks.report:
            self.clock.wait(LOOK_S)
            category, phrase = tricks.report[name]
            await self.watch.report(category, phrase, fixed=tricks.fixed, urgent=tricks.urgent)
        return True

    def _stop(self, name: str) -> Stop:
        progress = self.watch.state.round
        assert progress is not None
        route = self._plan.route(progress.route)
        return next(stop for stop in route.stops if stop.id == name)

    async def _arrive(self, point: Point) -> None:
        """By the beacon; by the label where there is none, or where the round waits for another place."""
        near = bool(point.tags) and await self._stand_at(point.tags[0])
        if not near and point.label and point.id in self._labels:
            await self.watch.scan(self.read(self._labels[point.id]))

    async def _stand_at(self, tag: Tag) -> bool:
        """Stand still before a tag; whether the handheld took it for an arrival."""
        manufacturer, service = encode(tag.format, tag.id, POWER_1M)
        address = tag.address or made_up_address(tag.format, tag.id)
        reading = tag.near if tag.near is not None else POWER_1M
        self.watch.forget_sightings()
        accepted = False
        for _ in range(SAMPLES):
            self.clock.wait(EVERY_MS / 1000)
            level = round(reading + self._random.uniform(-LOUD_DB, LOUD_DB))
            for sighting in sightings(Advert(address, level, self.clock.now().up, manufacturer, service)):
                verdict = (await self.watch.hear(sighting)).verdict
                accepted = accepted or (verdict is not None and verdict.accepted)
        return accepted

    async def _look(self, tricks: Tricks) -> None:
        """Answer every check of the stop that is open."""
        while (check := self.watch.open_check()) is not None:
            if check.kind == "ok" and check.id not in tricks.readings:
                self.clock.wait(LOOK_S)
                await self.watch.all_ok()
                continue
            self.clock.wait(LOOK_S)
            if check.kind == "score":
                taken = self._deducted(check, tricks.readings.get(check.id))
                score = scores.score(check, taken, self.watch.lang)
                await self.watch.answer(scores.answer(check, taken, self.clock.now().at), score=score)
                continue
            answer = self.watch.judge(check, tricks.readings.get(check.id) or self._usual(check))
            if not await self.watch.answer(answer):
                self.clock.wait(LOOK_S)
                await self.watch.answer(answer)

    def _usual(self, check: Check) -> str:
        """What is keyed in when all is well."""
        match check.kind:
            case "choice":
                return str(next((place for place, choice in enumerate(check.choices, 1) if choice.ok), 1))
            case "count":
                return str(check.total)
            case "number":
                return self._reading(check)
        return "1"

    def _deducted(self, check: Check, told: str | None) -> scores.Taken:
        """What was told (`item/reason …`), or what a strict but fair eye finds: mostly a few points, now and then too
        many.
        """
        every = [(item.id, why.id) for item, why in scores.reasons(check)]
        if told is None:
            found = [self._random.choice(every) for _ in range(self._random.choice((0, 1, 1, 2, 2, 3, 4)))]
        else:
            found = [(item, why) for item, why in every if f"{item}/{why}" in told.split()]
        taken = scores.NOTHING
        for item, why in found:
            taken = scores.take(check, taken, item, why)
        return taken

    def _reading(self, check: Check) -> str:
        low, high = (float(limit) if limit is not None else None for limit in (check.low, check.high))
        if check.meter:
            value = 1000 + (self.clock.now().at - METERS_BEGAN) / HOUR_MS * self._random.uniform(0.999, 1)
        elif low is None and high is None:
            value = self._random.uniform(20, 30)
        elif low is None or high is None:
            value = high * self._drift(0.6) if high is not None else (low or 0) * (1 + self._drift(0.1))
        else:
            value = low + (high - low) * self._drift(0.5)
        return f"{value:.{check.decimals}f}"

    def _drift(self, usual: float) -> float:
        """Around the usual, slowly up and down over the weeks."""
        weeks = self.clock.now().at / (7 * 24 * HOUR_MS)
        return usual + 0.12 * sin(weeks * 2.1) + self._random.uniform(-0.06, 0.06)

    def read(self, text: str) -> Scan:
        """A code is scanned now."""
        return Scan(text, self.clock.now().up)

    def label(self, point: str) -> Scan | None:
        """The point's label is read now; None where none is fixed."""
        text = self._labels.get(point)
        return self.read(text) if text else None
