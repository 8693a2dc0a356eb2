"""The end of a round: what would be missed, then what was walked, in numbers and sentences."""

from collections.abc import Sequence

from app.duties.rounds import Summary, remaining
from screens.layout import Line, line, paragraph, title
from screens.names import schedule_of, stop_name
from screens.page import Page
from screens.times import clock


class FinishPage(Page):
    """Asks before a round is finished: how many stops will count as missed."""

    def draw(self, width: int, height: int) -> Sequence[Line]:
        progress = self.watch.state.round
        if progress is None:
            return []
        rows = [title(self.say("round.finish_title"), clock(self.watch.now()), width), ()]
        left = remaining(progress)
        if left:
            rows += paragraph(self.say("round.finish_left", n=len(left)), "mark", width)
        for name in left[: max(0, height - len(rows) - 4)]:
            place = stop_name(self.watch.plan, progress.route, name, self.lang)
            rows.append(line(f"  {progress.order.index(name) + 1} {place}"))
        schedule = schedule_of(self.watch.plan, progress.schedule)
        if schedule and schedule.recheck and not progress.rechecked:
            rows += [(), *paragraph(self.say("round.finish_recheck"), "mark", width)]
        return rows

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("round.finish")), ("Backspace", self.say("round.go_back")))

    async def enter(self) -> None:
        await self.terminal.finish_round()


class SummaryPage(Page):
    """A finished round."""

    def __init__(self, summary: Summary, schedule: str, route: str) -> None:
        super().__init__()
        self._summary = summary
        self._schedule = schedule
        self._route = route
        self._first = 0

    def draw(self, width: int, height: int) -> Sequence[Line]:
        summary, name = self._summary, self.schedule_name(self._schedule)
        rows = [title(self.say("round.sum_title", name=name), self._span(), width), ()]
        facts = ("planned", "done", "missed", "skipped", "findings")
        counts = "  ".join(self.say(f"round.sum_{fact}", n=getattr(summary, fact)) for fact in facts)
        rows += paragraph(f"{counts}  {self.say(f'duty.timing_{summary.timing}')}", "text", width)
        rows.append(())
        if not summary.marks:
            return [*rows, *paragraph(self.say("round.sum_clean"), "ok", width)]
        rows += paragraph(self.say("round.sum_marks", n=len(summary.marks)), "mark", width)
        marks = self._marks(width)
        self._first = min(self._first, max(0, len(marks) - (height - len(rows))))
        return [*rows, *marks[self._first :]]

    def _span(self) -> str:
        times = [self.terminal.local(at) for at in (self._summary.started, self._summary.finished) if at is not None]
        return "-".join(clock(at) for at in times)

    def _marks(self, width: int) -> list[Line]:
        """One sentence a place."""
        by_stop: dict[str, list[str]] = {}
        for name, mark in self._summary.marks:
            by_stop.setdefault(name, []).append(self.say(f"marks.{mark}"))
        rows: list[Line] = []
        for name, marks in by_stop.items():
            rows += paragraph(f"! {self._place(name)}: {', '.join(marks)}", "text", width, "  ")
        return rows

    def _place(self, name: str) -> str:
        if not name:
            return self.say("round.sum_whole")
        return stop_name(self.watch.plan, self._route, name, self.lang)

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("round.sum_close")), self.menu_key)

    async def enter(self) -> None:
        self.terminal.close(self)

    async def move(self, step: int) -> None:
        self._first = max(0, self._first + step)
