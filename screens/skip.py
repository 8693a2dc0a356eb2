"""Why a stop cannot be reached, or its checks cannot be done: a reason of the plan, by one digit."""

from app.duties.site import Phrase, Plan, Stop
from screens.choices import ListPage
from screens.page import Page
from screens.verdicts import next_words


class SkipPage(ListPage[Phrase]):
    """Why a stop cannot be reached, or its checks cannot be done."""

    def __init__(self, stop: Stop, plan: Plan, *, here: bool, before: str = "") -> None:
        """`before`: the reason that was given, where another may be the right one."""
        super().__init__(plan.skip_reasons)
        self._before = before
        self._stop = stop
        self._here = here
        """The crew stands there, but the checks cannot be done."""

    def head(self) -> tuple[str, str]:
        place = self.place_of(self._stop)
        return self.say("round.leave_title" if self._here else "round.skip_title", place=place), ""

    def intro(self) -> str:
        if self._before and len(self.choices):
            return self.say("round.skip_was", reason=reason_words(self, self._before))
        return self.say("round.skip_why" if len(self.choices) else "round.no_reasons")

    def item(self, reason: Phrase) -> str:
        return reason.text.say(self.lang)

    async def chosen(self, reason: Phrase) -> None:
        if reason.id == self._before:
            self.terminal.close(self)
            self.terminal.tell(self.say("round.skip_same", reason=self.item(reason)))
            return
        await self.gear.watch.skip(self._stop.id, reason.id)
        self.terminal.signal("mark")
        self.terminal.close(self)
        done = self.say("round.left" if self._here else "round.skipped", place=self.place_of(self._stop))
        self.terminal.tell(self.say("round.then", said=done, next=next_words(self.lang, self.gear.watch)), "mark")


def reason_words(page: Page, reason: str) -> str:
    """A reason by its id; one that the plan dropped is its id."""
    found = (each.text.say(page.lang) for each in page.gear.watch.plan.skip_reasons if each.id == reason)
    return next(found, reason)
