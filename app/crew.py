"""The crew: who is identified at this handheld, and how long wrong PINs keep somebody waiting."""

import asyncio
from datetime import timedelta
from typing import Final

from msgspec import UNSET

from app import codes, kinds
from app.duties import posts, rounds
from app.duties.rounds import Confirmation
from app.duties.site import Person
from app.duties.ways import passed
from app.errors import NotAllowed, PinLocked
from app.meaning import UNKNOWN, Meaning, Meant
from app.ports import Moment, Scan
from app.resume import PinTries, Shift
from app.session import Session, act, has

UNLOCKERS: Final = frozenset({"leader", "supervisor", "manager", "admin"})
"""Roles whose badge clears wrong PINs, and opens a handheld that another crew left locked."""
FIRST_WAIT_S: Final = 30
LONGEST_WAIT_S: Final = 3600
SHIFT_MS: Final = 24 * 3600 * 1000
"""Longest shift (decision 16)."""
LEFT: Final = timedelta(minutes=30)
"""A round that its crew left behind a restart keeps others out until so long after its window."""


class Crew(Session):
    """People come, are identified again, and leave."""

    @act
    async def sign_in_badge(self, scan: Scan) -> Person:
        """Open the shift, join it, or unlock it. Raises NotAllowed for a code that is no badge of this office."""
        return await self._sign_in(self._by_badge(scan), "badge", self.meaning(scan.text))

    @act
    async def sign_in_pin(self, person: str, pin: str) -> Person:
        """The try is recorded before it is judged, so a restart does not forget it.

        Raises NotAllowed for a wrong PIN, PinLocked while the wait runs.
        """
        return await self._sign_in(await self._by_pin(person, pin), "pin")

    @act
    async def sign_in_named(self, person: str) -> Person:
        """By number or name alone. Raises NotAllowed where the plan does not let each role of the person do so."""
        if not self._in_force.may_sign_in(person, "typed"):
            raise NotAllowed("watch.no_pin")
        return await self._sign_in(self._known(person), "typed")

    def has_pin(self, person: str) -> bool:
        """Whether the office gave this person a PIN; without one only a badge signs in."""
        return person in self._pages.credentials.pins

    def pin_wait(self, person: str) -> int:
        """Seconds this person must still wait before another try; 0 when free."""
        return pin_wait(self.state.tries.get(person), self._clock.now(), self._in_force.settings.pin_tries)

    @act
    async def unlock_pin(self, scan: Scan, person: str) -> None:
        """A supervisor's badge clears the tries. Raises NotAllowed for any other code."""
        who = self._by_badge(scan)
        if not self._may_unlock(who):
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

    @act
    async def confirm_partner_pin(self, person: str, pin: str) -> None:
        """The partner identified again on the way (D2) by PIN; a badge goes through `scan`."""
        progress = self._walking()
        if not has(self._shift(), person):
            raise NotAllowed("watch.not_of_crew")
        if not rounds.on_the_way(progress):
            raise NotAllowed("watch.recheck_early")
        await self._by_pin(person, pin)
        body = kinds.RoundRechecked(progress.round, person, "pin", self._role(person))
        await self._write(body, by=(person,))

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
        raise NotAllowed("watch.wrong_pin", left=self._in_force.settings.pin_tries - self.state.tries[id].count)

    async def _sign_in(self, person: Person, method: str, badge: Meaning = UNKNOWN) -> Person:
        if self.state.shift is not None and self._is_over(self.state.shift, person):
            await self._end_shift()
        shift = self.state.shift
        if shift is None:
            who = Confirmation(person.id, method, self._role(person.id))
            opened = kinds.ShiftOpened((who,), post=self._post_of(person.id), issue=badge.issue or UNSET)
            await self._write(opened, by=(person.id,), token=badge.token, rotating=True)
            self._sent_to = ""
        elif not has(shift, person.id):
            self._may_join(person)
            await self._join(person, method, badge)
        elif method == "pin" or not self._unlocked:
            await self._join(person, method, badge)
        if not self._unlocked:
            self._unlocked, self._holder = True, person.id
        self._tell()
        return person

    async def _join(self, person: Person, method: str, badge: Meaning) -> None:
        post = self._post_of(person.id)
        body = kinds.CrewJoined(person.id, method, self._role(person.id), post=post, issue=badge.issue or UNSET)
        await self._write(body, by=(person.id,), token=badge.token)

    def _post_of(self, person: str) -> str | None:
        """Where `person` stands: with the crew if that fits the role, else as the roles or the last shift say."""
        here = self._sent_to or self.state.posts.here
        fit = posts.fitting(self._in_force.posts, self._in_force.roles_of(person))
        if self.state.shift and self.state.posts.of(here).people:
            return here if any(post.id == here for post in fit) else None
        post = posts.likely(fit, here)
        return post.id if post else None

    def _is_over(self, shift: Shift, person: Person) -> bool:
        """A shift that lasted a day, or that its crew left open behind a restart, ends when somebody else begins.

        A round that is walked goes before; one that was left behind the restart does so for a while.
        """
        left_open = not self._unlocked and not has(shift, person.id)
        if (progress := self.state.round) is not None:
            return left_open and not self._may_unlock(person) and self.now() >= progress.closes + LEFT
        return left_open or shift.lasted(self._clock.now()) >= SHIFT_MS

    def _may_join(self, person: Person) -> None:
        progress = self.state.round
        if progress is not None and not self._unlocked and not self._may_unlock(person):
            raise NotAllowed("watch.crew_first", time=f"{progress.closes + LEFT:%H:%M}")

    def _may_unlock(self, person: Person) -> bool:
        return not UNLOCKERS.isdisjoint(self._in_force.roles_of(person.id))

    async def _end_shift(self) -> None:
        if "tended" in self.state.shares:
            from app.tending import Tending  # only crews that work by place need it: memory

            await Tending.of(self).finish_all()
        await self._write(kinds.ShiftClosed())
        self._unlocked = False
        await self._sign()


def pin_wait(tries: PinTries | None, now: Moment, limit: int) -> int:
    """Seconds until the next try: none for `limit` tries, then 30 doubling to an hour, counted from the last try."""
    if tries is None or tries.count < limit:
        return 0
    wait_ms = 1000 * min(LONGEST_WAIT_S, FIRST_WAIT_S << min(tries.count - limit, 16))
    return max(0, -(-(wait_ms - passed(Moment(tries.last, tries.up, tries.boot), now)) // 1000))
