"""The stops of the round that is walked: which are done, marked, left out, and which is next."""

from collections.abc import Sequence

from app.duties.rounds import Progress, is_shut, remaining
from app.duties.site import Stop
from screens.layout import Line, paragraph, title, two
from screens.names import stop_name
from screens.page import Page
from screens.times import clock


class StopsPage(Page):
    """All stops of the round, from the one that waits; `0` turns the page."""

    def __init__(self, waiting: Stop | None) -> None:
        super().__init__()
        self._waiting = waiting
        self._first: int | None = None
        """First row shown; at first the one before the stop that waits."""
        self._shown = 1

    def draw(self, width: int, height: int) -> Sequence[Line]:
        progress = self.gear.watch.state.round
        if progress is None:
            return []
        turns = len(progress.order) > height - 3
        self._shown = max(1, height - 3 - turns)
        if self._first is None:
            self._first = progress.order.index(self._waiting.id) - 1 if self._waiting else 0
        self._first = max(0, min(self._first, len(progress.order) - self._shown))
        rows = [stop_row(self, progress, place, width) for place in range(len(progress.order))]
        head = title(self.say("round.list_title", n=len(remaining(progress))), clock(self.gear.watch.now()), width)
        legend = paragraph(self.say("round.legend"), "dim", width)[:1]
        shown = rows[self._first : self._first + self._shown]
        after = [self.turner(len(progress.order) - self._first - self._shown)] if turns else []
        return [head, *legend, (), *shown, *after]

    def foot(self) -> Sequence[tuple[str, str]]:
        change = [("1", self.say("round.key_answers"))] if _said(self.gear.watch.state.round) else []
        return (*change, ("5", self.say("round.key_finish")), self.back_key)

    async def digit(self, key: str) -> None:
        progress = self.gear.watch.state.round
        if key == "1" and progress is not None and (stops := _said(progress)):
            from screens.answers import AnsweredPage

            self.terminal.open(AnsweredPage(progress, stops))
        elif key == "5":
            from screens.summary import FinishPage

            self.terminal.replace(FinishPage())
        elif key == "0" and progress is not None:
            after = (self._first or 0) + self._shown
            self._first = 0 if after >= len(progress.order) else after

    async def enter(self) -> None:
        self.terminal.close(self)

    async def move(self, step: int) -> None:
        self._first = max(0, (self._first or 0) + step)


def stop_row(page: Page, progress: Progress, place: int, width: int) -> Line:
    """`+ 3 3号楼B1 22:31`."""
    visit = progress.visits[place]
    name = stop_name(page.gear.watch.plan, progress.route, visit.stop, page.lang)
    waiting = page.gear.watch.next_stop()
    if visit.at is not None and visit.done:
        sign, role = ("!", "text") if visit.marks else ("+", "text")
    elif visit.skipped is not None:
        sign, role = "-", "dim"
    else:
        sign, role = (">", "key") if waiting and waiting.id == visit.stop else (" ", "text")
    at = "" if visit.at is None else clock(page.terminal.local(visit.at))
    return two((f"{sign} {place + 1} {name}", role), (at, "dim"), width)


def stop_rows(page: Page, progress: Progress, width: int, height: int) -> list[Line]:
    """The stops around the one that waits, for a wide screen."""
    stop = page.gear.watch.next_stop()
    here = progress.order.index(stop.id) if stop else len(progress.order)
    first = max(0, min(here - height // 2, len(progress.order) - height))
    return [stop_row(page, progress, place, width) for place in range(first, min(len(progress.order), first + height))]


def _said(progress: Progress | None) -> tuple[str, ...]:
    """The stops of which something was said: where a check was answered, the latest first, and those that could not be
    reached."""
    visits = [visit for visit in progress.visits if visit.answers or is_shut(visit)] if progress else []
    return tuple(visit.stop for visit in sorted(visits, key=lambda visit: visit.at or 0, reverse=True))
