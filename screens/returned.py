"""A round that was sent back: what the record says beside the question, and one phrase as the answer (D60, 说明)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.duties.accepting import About
from app.duties.evidence import Mark
from app.duties.life import EXPLANATIONS
from app.kinds.reviews import Returned
from app.returned import Answering
from app.reviewable import reason_words
from app.words import say, table
from screens.choices import ListPage
from screens.layout import Line, paragraph, title
from screens.page import Page
from screens.posts import person_name
from screens.times import clock

if TYPE_CHECKING:
    from screens.gear import Gear
    from screens.terminal import Terminal

SHOWN = 3
"""Marks that stand beside the question."""


def offer(terminal: "Terminal") -> None:
    """At the start of a shift: what waits for this crew stands before anything else."""
    if asked := Answering.of(terminal.gear.watch).asked():
        terminal.open(ReturnedPage(*asked[0]))


async def open_page(gear: "Gear") -> Page:
    """Where More leads."""
    return ReturnedPage(*Answering.of(gear.watch).asked()[0])


def waiting_words(page: Page) -> list[str]:
    """What home says of it."""
    asked = Answering.of(page.gear.watch).asked()
    if not asked:
        return []
    return [page.say("reviews.home", n=len(asked), name=round_words(page, asked[0][1].round))]


def round_words(page: Page, name: str) -> str:
    """`11-21 夜间二巡`: when a round's window opened, and what it is called."""
    schedule, _, opens = name.partition("#")[0].rpartition("@")
    return f"{opens[5:10]} {page.schedule_name(schedule)}".strip()


def about_words(page: Page, about: About) -> str:
    """`02:31 7号楼顶: 太快`"""
    point = page.gear.watch.plan.find_point(about.point)
    place = (point.name.say(page.lang) if point else about.point) or page.say("reviews.whole")
    mark = mark_words(page.lang, about.mark)
    if about.at is None:
        return page.say("reviews.about_bare", place=place, mark=mark)
    return page.say("reviews.about", time=clock(page.terminal.local(about.at)), place=place, mark=mark)


def mark_words(lang: str, mark: str) -> str:
    """Marks that only the office gives are its own affair; whoever must explain one is told in the reason."""
    if mark == "missed":
        return say(lang, "reviews.missed")
    return say(lang, f"marks.{mark}") if mark in set(Mark) and mark in table("marks") else mark


class ReturnedPage(ListPage[str]):
    def __init__(self, id: str, asked: Returned) -> None:
        super().__init__(EXPLANATIONS)
        self._review = id
        self._asked = asked

    def head(self) -> tuple[str, str]:
        return round_words(self, self._asked.round), self.say("reviews.title")

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(*self.head(), width)]
        for each in self._asked.about[:SHOWN]:
            rows += paragraph(about_words(self, each), "dim", width)
        if not self._asked.crew:
            rows += paragraph(self.say("reviews.nobody"), "dim", width)
        by = " ".join(person_name(self, person) for person in self._asked.by)
        rows += paragraph(self.say("reviews.by", name=by, time=self.day_of(self._asked.at)), "text", width)
        words = reason_words(self.lang, self._asked.reason, self._asked.words)
        rows += [*paragraph(words, "mark", width), ()]
        return [*rows, *self.choices.draw(width, height - len(rows), self.more)]

    def item(self, why: str) -> str:
        return self.say(f"life.why_{why}")

    async def chosen(self, why: str) -> None:
        acts = Answering.of(self.gear.watch)
        await acts.answer(self._review, self._asked, why)
        self.terminal.close(self)
        offer(self.terminal)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("reviews.answered", words=self.item(why)))
