"""Lone workers: who is asked whether all is well, the answer, and the alarm when there is none (D50)."""

from msgspec import UNSET

from app import kinds
from app.duties import lone
from app.duties.lone import Phase, Standing
from app.duties.provisions import Lone
from app.duties.ways import passed
from app.errors import NotAllowed
from app.kinds.lone import LoneAnswered
from app.posting import Posting
from app.session import DAY_MS, act, people


class Alone(Posting):
    """Acts of somebody who works alone."""

    def lone(self) -> Lone | None:
        """How the one who is on shift is asked, as the post or the route that is walked says; None for a crew of
        several, and for a shift that nobody closed.
        """
        shift = self.state.shift
        if shift is None or not self.is_alone or shift.lasted(self._clock.now()) >= DAY_MS:
            return None
        progress, post = self.state.round, self.post()
        route = self.plan.find_route(progress.route) if progress else None
        return lone.strictest((post.lone if post else None, route.lone if route else None))

    def lone_standing(self, watched_ms: int) -> Standing | None:
        """`watched_ms`: so long somebody has been watched over since the program began; None when nobody is."""
        rule = self.lone()
        return lone.standing(rule, self._unheard(), watched_ms) if rule else None

    @act
    async def answer_lone(self) -> None:
        """All is well. Also before anybody has been identified again: then it names nobody."""
        rule = self.lone()
        if rule is None:
            raise NotAllowed("lone.nobody")
        urged = self.state.unanswered or self._unheard() >= rule.every_min * 60_000 + rule.answer_s * 1000
        place = self.state.place
        await self._write(LoneAnswered(self._asked_at(rule), urged, place.point if place else None))

    @act
    async def lone_alarm(self, watched_ms: int) -> bool:
        """Raise the alarm of somebody who did not answer; False when they did meanwhile, or it is raised already."""
        standing, rule, shift = self.lone_standing(watched_ms), self.lone(), self.state.shift
        if standing is None or rule is None or shift is None:
            return False
        if standing.phase is not Phase.OVER or self.state.unanswered:
            return False
        progress, place = self.state.round, self.state.place
        body = kinds.AlarmRaised(
            round=progress.round if progress else None,
            point=place.point if place else None,
            how="not-answered",
            who=people(shift.crew),
            asked=self._asked_at(rule),
            seen=place.at if place else UNSET,
        )
        await self._write(body, by=())
        return True

    def _unheard(self) -> int:
        """So long there was no sign of life, ms."""
        last = self.state.last_walk
        return passed(last, self._clock.now()) if last else 0

    def _asked_at(self, rule: Lone) -> int:
        return self._at() - max(0, self._unheard() - rule.every_min * 60_000)
