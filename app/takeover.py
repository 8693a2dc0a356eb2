"""A spare does the work of a broken handheld: a supervisor says so, and what the office knows goes on here (D9).

The crew signs in again: nobody's presence is copied. Of an open round the stops that were reached are left out here,
each with the time and the handheld at which it was; the office counts both pieces as one.
"""

from msgspec import UNSET

from app.crew import Crew
from app.duties import rounds
from app.duties.days import shown_time
from app.duties.life import OVERSEERS, may
from app.duties.site import Person
from app.errors import NotAllowed
from app.kinds.handheld import ELSEWHERE, TAKEN, Before, HandheldTookOver, RoundBegun
from app.kinds.rounds import StopSkipped
from app.ports import Scan
from app.session import act
from app.words import say


class TakingOver(Crew):
    @act
    async def take_over(
        self,
        boss: Person,
        scan: Scan | None,
        post: str | None,
        before: Before | None,
        crew: tuple[str, ...] = (),
        begun: RoundBegun | None = None,
    ) -> None:
        """`scan` is the supervisor's badge, None for a PIN that was right; `before` what the office knew, None when it
        could not be asked. Raises NotAllowed for somebody who may not, and while a shift is open here.
        """
        if may(self._in_force, [boss.id], OVERSEERS) is None:
            raise NotAllowed("life.no_boss")
        if self.state.shift is not None:
            raise NotAllowed("takeover.in_use")
        badge = self.meaning(scan.text) if scan else None
        body = HandheldTookOver(
            post=post,
            method="badge" if badge else "pin",
            role=self._in_force.role_of(boss.id, ()),
            before=before or UNSET,
            crew=crew,
            round=begun or UNSET,
            issue=badge.issue if badge else UNSET,
        )
        await self._write(body, by=(boss.id,), token=badge.token if badge else b"")
        self._sent_to = post or ""

    async def leave_out_done(self) -> None:
        """In the round just begun, the stops that were reached with the broken handheld. Part of another act."""
        progress = self.state.round
        taken = self.state.share(TAKEN).get(rounds.slot_id(progress.round)) if progress else None
        if progress is None or taken is None:
            return
        for visit in progress.visits:
            if (at := taken.done.get(visit.stop)) is not None and not visit.done:
                when = shown_time(at, self.zone)
                words = say(self.lang, "takeover.reached", name=taken.name, time=f"{when:%H:%M}")
                await self._write(StopSkipped(progress.round, visit.stop, ELSEWHERE, words))
