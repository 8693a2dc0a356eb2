"""Review on the way (D60): the exceptions of the last days, what is wrong with each, and the clean ones together.

Works on what the office sent and on what this handheld has not sent yet; decisions are records of this book.
"""

from collections.abc import Sequence
from typing import Final

from app.duties.accepting import REASONS, REVIEWERS, State
from app.duties.schedule import clock_text
from app.duties.site import Person, Phrase
from app.reviewable import RoundSent, reason_words
from app.reviewing import Known, Reviewing
from screens.choices import Choices, ListPage
from screens.gear import Gear
from screens.layout import Line, paragraph, title
from screens.page import Page
from screens.posts import person_name
from screens.returned import about_words, mark_words, round_words
from screens.times import clock
from screens.unplanned import BossPage

SHOWN: Final = 4
"""Exceptions on a page: the digits above it decide."""
PASS, LAST = "5", "9"
NOT_REACHED: Final = ("missed", "skipped")
SHORTEST_WORDS: Final = {State.ANSWERED: "reviews.is_answered", State.CHANGED: "reviews.is_changed"}


async def open_page(gear: Gear) -> Page:
    """Where More leads: as whoever of the crew may, or by a badge."""
    boss = Reviewing.of(gear.watch).boss(REVIEWERS)
    return ReviewPage(boss) if boss else BossPage(REVIEWERS, ReviewPage)


class ReviewPage(Page):
    """What asks for attention, the worst first."""

    def __init__(self, boss: Person) -> None:
        super().__init__()
        self._boss = boss
        self._known: Known | None = None
        self._list: Choices[RoundSent] = Choices((), self._row)

    async def on_mount(self) -> None:
        await self.read_again()

    async def read_again(self) -> None:
        """From the office's page and this book; off the loop, then drawn."""
        self._known = await Reviewing.of(self.gear.watch).to_review(self._boss)
        self._list = Choices(self._known.asks, self._row, self._role, SHOWN)
        self.show()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows: list[Line] = [title(self.say("reviews.review"), clock(self.gear.watch.now()), width)]
        if self._known is None:
            return rows
        known = self._known
        rows += paragraph(" ".join([*self._how_many(known), self._as_of(known)]), "dim", width)
        if known.waits:
            rows += paragraph(self.say("reviews.waits", n=known.waits), "dim", width)
        rows.append(())
        if not known.asks:
            return [*rows, *paragraph(self.say("reviews.nothing_asks"), "ok", width)]
        return [*rows, *self._list.draw(width, height - len(rows), self.more)]

    def _how_many(self, known: Known) -> list[str]:
        return [self.say("reviews.asks", n=len(known.asks) + known.more)] if known.asks else []

    def _as_of(self, known: Known) -> str:
        made = self.terminal.local(known.at)
        return (
            self.say("reviews.as_of", time=f"{made:%m-%d} {clock(made)}") if known.at else self.say("reviews.no_page")
        )

    def _row(self, sent: RoundSent) -> str:
        state = self.say(SHORTEST_WORDS[sent.state]) if sent.state in SHORTEST_WORDS else ""
        crew = " ".join(person_name(self, person) for person in sent.crew)
        return " ".join(each for each in (round_words(self, sent.shown.round), state, self.wrong(sent), crew) if each)

    def wrong(self, sent: RoundSent) -> str:
        """What is wrong with it, in a word or two."""
        missed = sent.planned - sent.done
        words = [self.say("reviews.n_missed", n=missed)] if missed else []
        marks = dict.fromkeys(each.mark for each in sent.about if each.mark not in NOT_REACHED)
        return " ".join([*words, *(mark_words(self.lang, mark) for mark in list(marks)[:2])])

    def _role(self, sent: RoundSent) -> str:
        return "bad" if sent.severe or sent.planned > sent.done else "mark"

    def foot(self) -> Sequence[tuple[str, str]]:
        known, keys = self._known, []
        if known and known.asks:
            keys.append(("Enter", self.say("reviews.look")))
        if known and known.passes:
            keys.append((PASS, self.say("reviews.pass", n=len(known.passes))))
        if Reviewing.of(self.gear.watch).last_decided():
            keys.append((LAST, self.say("reviews.take_back")))
        return (*keys, self.back_key, self.menu_key)

    async def enter(self) -> None:
        if self._known and self._known.asks:
            self._open(self._known.asks[0])

    async def digit(self, key: str) -> None:
        if key == PASS and self._known and self._known.passes:
            passed = self._known.passes
            await Reviewing.of(self.gear.watch).accept(self._boss, passed)
            await self.decided(self.say("reviews.passed", n=len(passed)))
        elif key == LAST:
            await self._take_back()
        elif (sent := self._list.pick(key)) is not None:
            self._open(sent)

    async def move(self, step: int) -> None:
        self._list.turn(step)

    async def _take_back(self) -> None:
        acts = Reviewing.of(self.gear.watch)
        if last := acts.last_decided():
            await acts.take_back(self._boss)
            await self.decided(self.say("reviews.taken_back", n=len(last)))

    def _open(self, sent: RoundSent) -> None:
        self.terminal.open(DecidePage(self._boss, sent, self))

    async def decided(self, words: str) -> None:
        """What was said is recorded: the list as it stands now."""
        self.terminal.down_to(ReviewPage)
        await self.read_again()
        self.terminal.signal("ok")
        self.terminal.tell(words)


class DecidePage(Page):
    """One round: what is wrong, what the crew says, and the keys that decide."""

    def __init__(self, boss: Person, sent: RoundSent, review: ReviewPage) -> None:
        super().__init__()
        self._boss = boss
        self._sent = sent
        self._review = review

    def draw(self, width: int, height: int) -> Sequence[Line]:
        sent = self._sent
        opens, closes = self.terminal.local(sent.opens), self.terminal.local(sent.closes)
        window = f"{clock(opens)}-{clock_text(closes, opens)}"
        rows: list[Line] = [title(round_words(self, sent.shown.round), window, width)]
        rows += paragraph(self.say("reviews.points", done=sent.done, planned=sent.planned), "text", width)
        crew = " ".join(person_name(self, person) for person in sent.crew) or self.say("reviews.nobody")
        rows += [*paragraph(crew, "dim", width), ()]
        for each in sent.about:
            rows += paragraph(about_words(self, each), "mark", width, "  ")
        if sent.words:
            rows += [(), *paragraph(reason_words(self.lang, sent.reason, sent.words), "key", width)]
        return rows

    def _missed(self) -> list[str]:
        """Points of it that may be excused."""
        return [each.point for each in self._sent.about if each.mark in NOT_REACHED]

    def foot(self) -> Sequence[tuple[str, str]]:
        keys = [("Enter", self.say("reviews.accept")), ("6", self.say("reviews.return"))]
        if self._missed():
            keys.append(("8", self.say("reviews.excuse")))
        if Reviewing.of(self.gear.watch).signs(self._sent):
            keys.append(("7", self.say("reviews.sign")))
        return (*keys, self.back_key, self.menu_key)

    async def enter(self) -> None:
        await Reviewing.of(self.gear.watch).accept(self._boss, [self._sent])
        await self._review.decided(self.say("reviews.accepted"))

    async def digit(self, key: str) -> None:
        if key == "6":
            self.terminal.open(ReasonPage(self._boss, self._sent, self._review))
        elif key == "8" and (points := self._missed()):
            self.terminal.open(ExcusePage(self._boss, self._sent, points, self._review))
        elif key == "7" and Reviewing.of(self.gear.watch).signs(self._sent):
            await Reviewing.of(self.gear.watch).sign_recheck(self._boss, self._sent)
            await self._review.decided(self.say("reviews.signed"))


class ReasonPage(ListPage[str]):
    """Why it is sent back."""

    def __init__(self, boss: Person, sent: RoundSent, review: ReviewPage) -> None:
        super().__init__(REASONS)
        self._boss = boss
        self._sent = sent
        self._review = review

    def head(self) -> tuple[str, str]:
        return self.say("reviews.return"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return round_words(self, self._sent.shown.round)

    def item(self, reason: str) -> str:
        return self.say(f"reviews.reason_{reason}")

    async def chosen(self, reason: str) -> None:
        await Reviewing.of(self.gear.watch).send_back(self._boss, self._sent, reason)
        await self._review.decided(self.say("reviews.returned", words=self.item(reason)))


class ExcusePage(ListPage[str]):
    """Which of the missed points nobody had to reach."""

    def __init__(self, boss: Person, sent: RoundSent, points: Sequence[str], review: ReviewPage) -> None:
        super().__init__(points)
        self._boss = boss
        self._sent = sent
        self._review = review

    def head(self) -> tuple[str, str]:
        return self.say("reviews.excuse"), clock(self.gear.watch.now())

    def item(self, point: str) -> str:
        found = self.gear.watch.plan.find_point(point)
        return found.name.say(self.lang) if found else point

    async def chosen(self, point: str) -> None:
        reasons = Reviewing.of(self.gear.watch).reasons()
        self.terminal.open(ExcuseWhyPage(self._boss, self._sent, point, reasons, self._review))


class ExcuseWhyPage(ListPage[Phrase]):
    def __init__(
        self, boss: Person, sent: RoundSent, point: str, reasons: Sequence[Phrase], review: ReviewPage
    ) -> None:
        super().__init__(reasons)
        self._boss = boss
        self._sent = sent
        self._point = point
        self._review = review

    def head(self) -> tuple[str, str]:
        return self.say("life.reason_title"), clock(self.gear.watch.now())

    def item(self, reason: Phrase) -> str:
        return reason.text.say(self.lang)

    async def chosen(self, reason: Phrase) -> None:
        await Reviewing.of(self.gear.watch).excuse_in(self._boss, self._sent, self._point, reason.id)
        await self._review.decided(self.say("reviews.excused"))
