"""What was said on this round, to be changed while it is walked: first the stop, then the check; of a stop that could
not be reached, why.

The new answer takes the old one back, and both stay in the book.
"""

from collections.abc import Sequence

from app.duties.rounds import Progress, is_shut
from app.duties.site import Check
from screens.choices import ListPage
from screens.names import route_stop, stop_name
from screens.skip import SkipPage, reason_words
from screens.stop import StopPage, answer_words
from screens.times import clock


class AnsweredPage(ListPage[str]):
    """At which stop?"""

    def __init__(self, progress: Progress, stops: Sequence[str]) -> None:
        super().__init__(stops)
        self._progress = progress

    def head(self) -> tuple[str, str]:
        return self.say("round.answers_title"), clock(self.gear.watch.now())

    def item(self, stop: str) -> str:
        name = stop_name(self.gear.watch.plan, self._progress.route, stop, self.lang)
        visit = self._progress.visit(stop)
        if visit is None or not is_shut(visit):
            return name
        return self.say("round.answers_shut", place=name, reason=reason_words(self, visit.skipped or ""))

    async def chosen(self, stop: str) -> None:
        found = route_stop(self.gear.watch.plan, self._progress.route, stop)
        visit = self._progress.visit(stop)
        if found is not None and visit is not None and is_shut(visit):
            self.terminal.replace(SkipPage(found, self.gear.watch.plan, here=False, before=visit.skipped or ""))
            return
        given = {answer.check for answer in visit.answers} if visit else set()
        checks = self.gear.watch.plan.checks_of(found) if found else ()
        self.terminal.open(AnswersPage(stop, self.item(stop), tuple(each for each in checks if each.id in given)))


class AnswersPage(ListPage[Check]):
    """Which of its answers?"""

    def __init__(self, stop: str, place: str, checks: tuple[Check, ...]) -> None:
        super().__init__(checks)
        self._stop = stop
        self._place = place

    def head(self) -> tuple[str, str]:
        return self.say("round.answers_of"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self._place

    def item(self, check: Check) -> str:
        progress = self.gear.watch.state.round
        visit = progress.visit(self._stop) if progress else None
        given = {answer.check: answer for answer in visit.answers} if visit else {}
        said = answer_words(self.lang, check, given[check.id]) if check.id in given else ""
        return f"{check.text.say(self.lang)} {said}".strip()

    async def chosen(self, check: Check) -> None:
        self.terminal.open(StopPage(self._stop, check.id))
