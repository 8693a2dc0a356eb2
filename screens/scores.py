"""A score sheet on a page of checks: the points fall with each digit, Backspace takes the last deduction back."""

from app.duties import scores
from app.duties.site import Check, Deduction, ScoreItem
from screens.choices import Choices
from screens.layout import Line, paragraph, two
from screens.page import Page


class Sheet:
    """One sheet while it is filled in; nothing is recorded before Enter."""

    def __init__(self, page: Page, check: Check) -> None:
        self.check = check
        self.taken = scores.NOTHING
        self._page = page
        self._choices = Choices(scores.reasons(check), self._words, self._role)

    def _words(self, row: tuple[ScoreItem, Deduction]) -> str:
        item, reason = row
        times = self.taken.count((item.id, reason.id))
        names = {"item": item.text.say(self._page.lang), "reason": reason.text.say(self._page.lang)}
        key = "score.row_taken" if times else "score.row"
        return self._page.say(key, points=reason.points, times=times, **names)

    def _role(self, row: tuple[ScoreItem, Deduction]) -> str:
        return "mark" if (row[0].id, row[1].id) in self.taken else "text"

    @property
    def points(self) -> int:
        return scores.points(self.check, self.taken)

    @property
    def keys(self) -> str:
        """What was deducted, as the watch judges it."""
        return " ".join(f"{item}/{reason}" for item, reason in self.taken)

    def draw(self, width: int, height: int) -> list[Line]:
        check, full = self.check, scores.full(self.check)
        role = "key" if scores.answer(check, self.taken).ok else "bad"
        points = self._page.say("score.points", points=self.points, full=full)
        passes = self._page.say("score.pass", pass_mark=check.low) if check.low is not None else ""
        rows = [*paragraph(check.text.say(self._page.lang), "key", width), two((points, role), (passes, "dim"), width)]
        rows += paragraph(self._page.say("score.how"), "dim", width)
        return [*rows, *self._choices.draw(width, height - len(rows), self._page.more)]

    def press(self, key: str) -> str:
        """Deduct what stands beside the digit; says why nothing was, where the item has nothing left."""
        row = self._choices.pick(key)
        if row is None:
            return ""
        before = self.taken
        self.taken = scores.take(self.check, before, row[0].id, row[1].id)
        used_up = self.taken == before
        return self._page.say("score.used_up", item=row[0].text.say(self._page.lang)) if used_up else ""

    def undo(self) -> None:
        self.taken = self.taken[:-1]

    def turn(self, step: int) -> None:
        self._choices.turn(step)
