"""The end of a round: what would be missed, then what was walked, in numbers and sentences."""

from collections.abc import Sequence

from msgspec.structs import replace

from app.duties.evidence import INFORMATION
from app.duties.rounds import Progress, Summary, recheck_missing, remaining
from screens.layout import Line, flow, paragraph, title, two
from screens.names import stop_name
from screens.page import Page
from screens.signin import Purpose, SignInPage
from screens.times import clock


class FinishPage(Page):
    """Asks before a round is finished; with stops left it shows each of them, and asks a second time."""

    def __init__(self) -> None:
        super().__init__()
        self._sure = False
        """Finishing was asked for once."""
        self._first = 0
        """First stop shown."""
        self._shown = 1

    def draw(self, width: int, height: int) -> Sequence[Line]:
        progress = self.gear.watch.state.round
        if progress is None:
            return []
        rows = [title(self.say("round.finish_title"), clock(self.gear.watch.now()), width), ()]
        rows += self._counts(progress, width)
        if recheck_missing(progress, self.gear.watch.plan.find_schedule(progress.schedule)):
            rows += paragraph(self.say("round.finish_recheck"), "mark", width)
        if self._sure:
            rows += paragraph(self.say("round.finish_sure"), "bad", width)
        return [*rows, (), *self._left(progress, width, height - len(rows) - 1)]

    def _counts(self, progress: Progress, width: int) -> list[Line]:
        """How many stops were not reached, and how many lack answers."""
        left = [progress.visit(name) for name in remaining(progress)]
        missed = sum(visit is not None and visit.at is None for visit in left)
        counts = (("round.finish_left", missed), ("round.finish_open", len(left) - missed))
        return [row for key, n in counts if n for row in paragraph(self.say(key, n=n), "mark", width)]

    def _left(self, progress: Progress, width: int, height: int) -> list[Line]:
        """The stops left, a row each; `0` shows the next ones."""
        left = remaining(progress)
        turns = len(left) > height
        self._shown = max(1, height - turns)
        self._first = self._first if self._first < len(left) else 0
        rows = [self._row(progress, name, width) for name in left[self._first : self._first + self._shown]]
        if turns:
            rows.append(self.turner(len(left) - self._first - self._shown))
        return rows

    def _row(self, progress: Progress, name: str, width: int) -> Line:
        visit = progress.visit(name)
        place = stop_name(self.gear.watch.plan, progress.route, name, self.lang)
        becomes = "round.becomes_missed" if visit is None or visit.at is None else "round.becomes_open"
        return two((f"  {progress.order.index(name) + 1} {place}", "text"), (self.say(becomes), "dim"), width)

    def foot(self) -> Sequence[tuple[str, str]]:
        progress = self.gear.watch.state.round
        if progress is not None and remaining(progress):
            finish = ("9", self.say("round.finish_yes")) if self._sure else ("1", self.say("round.finish"))
            return (("Enter", self.say("round.go_back")), finish, self.menu_key)
        return (("Enter", self.say("round.finish")), ("4", self.say("round.key_partner_any")), self.back_key)

    async def digit(self, key: str) -> None:
        progress = self.gear.watch.state.round
        left = progress is not None and bool(remaining(progress))
        match key:
            case "0":
                self._first += self._shown
            case "1" if left:
                self._sure = True
            case "4":
                self.terminal.replace(SignInPage(Purpose.RECHECK))
            case "9" if self._sure:
                await self.terminal.finish_round()

    async def move(self, step: int) -> None:
        self._first = max(0, self._first + step)

    async def enter(self) -> None:
        """The common answer: walk on while stops are left, else finish."""
        progress = self.gear.watch.state.round
        if progress is not None and remaining(progress):
            self.terminal.close(self)
        else:
            await self.terminal.finish_round()


class SummaryPage(Page):
    """A finished round."""

    def __init__(self, summary: Summary, schedule: str, route: str) -> None:
        super().__init__()
        self._summary = replace(summary, marks=tuple(each for each in summary.marks if each[1] not in INFORMATION))
        self._schedule = schedule
        self._route = route
        self._first = 0

    def draw(self, width: int, height: int) -> Sequence[Line]:
        summary, name = self._summary, self.schedule_name(self._schedule)
        rows = [title(name, self._span(), width), ()]
        facts = ("planned", "done", "missed", "skipped", "findings")
        counts = [self.say(f"round.sum_{fact}", n=getattr(summary, fact)) for fact in facts]
        timing = self.say(f"duty.timing_{summary.timing}")
        result = self.say("round.sum_missed", n=summary.missed) if summary.missed else timing
        over = f"{self.say('round.sum_title')}  {result}"
        rows += [*paragraph(over, "mark" if summary.missed else "key", width), *flow(counts, "text", width)]
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
        return stop_name(self.gear.watch.plan, self._route, name, self.lang)

    def foot(self) -> Sequence[tuple[str, str]]:
        said = (("5", self.say("round.sum_explain")),) if self._summary.marks else ()
        return (("Enter", self.say("round.sum_close")), *said, self.menu_key)

    async def enter(self) -> None:
        self.terminal.close(self)

    async def digit(self, key: str) -> None:
        if key == "5" and self._summary.marks:
            from screens.afterwards import open_marks  # not before somebody needs it: memory

            await open_marks(self, self._summary, self._route)

    async def move(self, step: int) -> None:
        self._first = max(0, self._first + step)
