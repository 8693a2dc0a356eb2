"""The end of a round: what would be missed, then what was walked, in numbers and sentences."""

from collections.abc import Sequence

from app.duties.rounds import Summary, remaining
from screens.layout import Line, line, paragraph, title
from screens.names import schedule_of, stop_name
from screens.page import Page
from screens.signin import Purpose, SignInPage
from screens.times import clock


class FinishPage(Page):
    """Asks before a round is finished: how many stops will count as missed."""

    def draw(self, width: int, height: int) -> Sequence[Line]:
        progress = self.session.state.round
        if progress is None:
            return []
        rows = [title(self.say("round.finish_title"), clock(self.session.now()), width), ()]
        left = remaining(progress)
        if left:
            rows += paragraph(self.say("round.finish_left", n=len(left)), "mark", width)
        for name in left[: max(0, height - len(rows) - 4)]:
            place = stop_name(self.session.plan, progress.route, name, self.lang)
            rows.append(line(f"  {progress.order.index(name) + 1} {place}"))
        schedule = schedule_of(self.session.plan, progress.schedule)
        if schedule and schedule.recheck and not progress.rechecked:
            rows += [(), *paragraph(self.say("round.finish_recheck"), "mark", width)]
        return rows

    def foot(self) -> Sequence[tuple[str, str]]:
        progress = self.session.state.round
        if progress is not None and remaining(progress):
            return (("Enter", self.say("round.go_back")), ("1", self.say("round.finish")), self.menu_key)
        return (("Enter", self.say("round.finish")), ("4", self.say("round.key_partner_any")), self.back_key)

    async def digit(self, key: str) -> None:
        if key == "1":
            await self.terminal.finish_round()
        elif key == "4":
            self.terminal.replace(SignInPage(Purpose.RECHECK))

    async def enter(self) -> None:
        """The common answer: walk on while stops are left, else finish."""
        progress = self.session.state.round
        if progress is not None and remaining(progress):
            self.terminal.close(self)
        else:
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
        rows = [title(name, self._span(), width), ()]
        facts = ("planned", "done", "missed", "skipped", "findings")
        counts = "  ".join(self.say(f"round.sum_{fact}", n=getattr(summary, fact)) for fact in facts)
        timing = self.say(f"duty.timing_{summary.timing}")
        result = self.say("round.sum_missed", n=summary.missed) if summary.missed else timing
        over = f"{self.say('round.sum_title')}  {result}"
        rows += [*paragraph(over, "mark" if summary.missed else "key", width), *paragraph(counts, "text", width)]
        if self.gear.desk:
            rows += [(), *paragraph(self.gear.desk, "dim", width)]
        rows.append(())
        if not summary.marks:
            return rows if summary.missed else [*rows, *paragraph(self.say("round.sum_clean"), "ok", width)]
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
        return stop_name(self.session.plan, self._route, name, self.lang)

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("round.sum_close")), self.menu_key)

    async def enter(self) -> None:
        self.terminal.close(self)

    async def move(self, step: int) -> None:
        self._first = max(0, self._first + step)
