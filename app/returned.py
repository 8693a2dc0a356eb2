"""Rounds that were sent back to this crew (D60), and what it answers (说明, D9)."""

from typing import Final

from app.duties import rounds
from app.duties.life import EXPLANATIONS
from app.duties.schedule import Slot, slot_named
from app.errors import NotAllowed
from app.kinds.reviews import REVIEWS, Returned, ReviewAnswered
from app.session import Session, act
from app.words import say

ASKED_MS: Final = 14 * 24 * 3600 * 1000
"""So long a crew is asked."""


class Answering(Session):
    """What waits for whoever is on shift here."""

    def asked(self) -> tuple[tuple[str, Returned], ...]:
        """What the crew on shift has not answered yet, by the record that sent it back, the newest first; of a round
        that was sent back twice the newest. Where nobody walked, everybody is asked who walks that schedule.
        """
        crew = {member.person for member in self.state.shift.crew} if self.state.shift else set()
        newest: dict[str, tuple[str, Returned]] = {}
        for id, each in sorted(self.state.share(REVIEWS).returned.items(), key=lambda pair: pair[1].at):
            if each.at > self._at() - ASKED_MS and self._is_asked(each, crew):
                newest[each.round] = (id, each)
        return tuple(pair for pair in reversed(newest.values()) if not pair[1].answer)

    def _is_asked(self, asked: Returned, crew: set[str]) -> bool:
        if asked.crew:
            return not crew.isdisjoint(asked.crew)
        slot = self.slot_of(asked)
        route = self._in_force.find_route(slot.route) if slot else None
        return bool(crew) and route is not None and not self._roles().isdisjoint(route.roles)

    def slot_of(self, asked: Returned) -> Slot | None:
        """The window it is about; None when the plan has it no longer."""
        name = rounds.slot_id(asked.round)
        return slot_named(self._in_force, name.rpartition("@")[0], name)

    @act
    async def answer(self, review: str, asked: Returned, why: str) -> None:
        """Raises NotAllowed without a shift, or for what is none of EXPLANATIONS."""
        self._shift()
        if why not in EXPLANATIONS:
            raise NotAllowed("watch.unknown_reason")
        await self._write(ReviewAnswered(review, asked.round, why, say(self.lang, f"life.why_{why}")))
