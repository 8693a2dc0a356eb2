"""People as life brings them: a supervisor who answers for something, a temporary person, a partner who falls ill."""

from collections.abc import Collection
from typing import Final

from app.crew import Crew
from app.duties import life
from app.duties.life import ENTERERS
from app.duties.rounds import Confirmation
from app.duties.site import Person, Post
from app.errors import NotAllowed
from app.kinds import CrewJoined, CrewLeft, ShiftOpened
from app.meaning import Meant
from app.ports import Scan
from app.session import act, has, temporary

GUARD: Final = "guard"


class Unplanned(Crew):
    """Who answers does so by a badge, or is of the crew."""

    def boss(self, wanted: Collection[str]) -> Person | None:
        """Somebody of the crew who may."""
        crew = self.state.shift.crew if self.state.shift and self._unlocked else ()
        found = life.may(self._in_force, [member.person for member in crew if not member.weak], wanted)
        return self.person(found) if found else None

    def boss_by_badge(self, scan: Scan, wanted: Collection[str]) -> Person:
        """Raises NotAllowed for any other code."""
        meant = self.meaning(scan.text)
        person = self.person(meant.id) if meant.kind is Meant.PERSON and meant.id else None
        if person is None or life.may(self._in_force, [person.id], wanted) is None:
            raise NotAllowed("life.no_boss")
        return person

    def must_answer(self, person: Person, wanted: Collection[str]) -> None:
        """Raises NotAllowed for somebody who may not, or who has no PIN."""
        self._must(person, wanted)
        if not self.has_pin(person.id):
            raise NotAllowed("watch.no_pin")

    @act
    async def boss_by_pin(self, person: str, pin: str, wanted: Collection[str]) -> Person:
        """Raises NotAllowed for a wrong PIN or somebody who may not, PinLocked while the wait runs."""
        self._must(self._known(person), wanted)
        return await self._by_pin(person, pin)

    @act
    async def sign_in_temporary(self, boss: Person, number: str, post: Post | None) -> Person:
        """Somebody who is not in the plan yet works this shift, as `boss` says (D9): at `post`, or at a site without
        posts like the rest of the crew. `number` is four digits by which the paper knows them. Raises NotAllowed for
        other digits, for somebody who may not say so, and while a handheld is locked.
        """
        self._must(boss, ENTERERS)
        if not life.is_temporary_number(number):
            raise NotAllowed("life.temporary_how")
        id = life.temporary_id(number)
        role = next(iter(post.roles if post else sorted(self._roles())), GUARD)
        if self.state.shift is None:
            opened = ShiftOpened((Confirmation(id, "leader", role),), post=post.id if post else None)
            await self._write(opened, by=(boss.id,), rotating=True)
            self._unlocked = True
        elif not has(self._shift(), id):
            await self._write(CrewJoined(id, "leader", role, post=post.id if post else None), by=(boss.id,))
        self._tell()
        return temporary(id)

    @act
    async def partner_leaves(self, person: str, reason: str) -> None:
        """One of the crew falls ill or is called away in the middle of a round: the others walk on, marked.

        Raises NotAllowed for the last one, and for a reason that the plan has not.
        """
        progress, shift = self._walking(), self._shift()
        words = self._reason(reason, self._in_force.why_alone)
        stay = tuple(member.person for member in shift.crew if member.person != person)
        if not stay or not has(shift, person):
            raise NotAllowed("watch.not_of_crew")
        await self._write(CrewLeft(person, progress.round, reason, words), by=stay)

    def _must(self, boss: Person, wanted: Collection[str]) -> None:
        if life.may(self._in_force, [boss.id], wanted) is None:
            raise NotAllowed("life.no_boss")
