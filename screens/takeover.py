"""A spare in place of a broken handheld, at night and without the office: a supervisor names the post, work goes on.

What the office knows of the broken one is asked for, and nothing waits for it: without an answer the crew begins anew.
"""

import asyncio
from collections.abc import Sequence

from app.duties.life import OVERSEERS
from app.duties.site import Person, Post
from app.errors import WatchbookError
from app.kinds.handheld import Before, RoundBegun, StopReached
from app.ports import Scan
from app.takeover import TakingOver
from screens.choices import ListPage
from screens.layout import AIR, Block, Line, fitting, line, paragraph, title
from screens.names import schedule_name
from screens.overseer import OverseerPage
from screens.page import Page
from screens.posts import person_name
from screens.tasks import begin
from screens.times import clock
from sync.wire import Other


class TakeOverPage(OverseerPage):
    """Who answers for it."""

    wanted = OVERSEERS

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("takeover.title"), clock(self.gear.watch.now()), width), ()]
        return [*rows, *paragraph(self.say("takeover.how"), "text", width), (), self.asked()]

    async def agreed(self, boss: Person, scan: Scan | None) -> None:
        posts = self.gear.watch.plan.posts
        if posts:
            self.terminal.replace(PostPage(boss, scan, posts))
        else:
            self.terminal.replace(KnownPage(boss, scan, None))


class PostPage(ListPage[Post]):
    def __init__(self, boss: Person, scan: Scan | None, posts: Sequence[Post]) -> None:
        super().__init__(posts)
        self._boss, self._badge = boss, scan

    def head(self) -> tuple[str, str]:
        return self.say("takeover.title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("takeover.which_post")

    def item(self, post: Post) -> str:
        return post.name.say(self.lang)

    async def chosen(self, post: Post) -> None:
        self.terminal.replace(KnownPage(self._boss, self._badge, post))


class KnownPage(Page):
    """What the office knows of handhelds in use there: one of them is the broken one."""

    def __init__(self, boss: Person, scan: Scan | None, post: Post | None) -> None:
        super().__init__()
        self._boss, self._badge, self._at_post = boss, scan, post
        self._others: tuple[Other, ...] | None = None
        """None while the office is asked."""
        self._why: WatchbookError | None = None
        self._asking: asyncio.Task[None] | None = None

    def on_mount(self) -> None:
        self._asking = begin(self._ask(), self.terminal.fail)

    def on_unmount(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        super().on_unmount()

    async def _ask(self) -> None:
        invited = self.gear.invited
        try:
            if invited is None:
                self._others = ()
            else:
                post = self._at_post.id if self._at_post else ""
                self._others = await asyncio.to_thread(invited().others, self._boss.id, post)
        except WatchbookError as e:
            self._others, self._why = (), e
        self.show()
        if self.is_current:
            self.terminal.turned_by_itself()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        where = self._at_post.name.say(self.lang) if self._at_post else ""
        head = title(f"{self.say('takeover.title')}  {where}", clock(self.gear.watch.now()), width)
        if self._others is None:
            return [head, (), *paragraph(self.say("takeover.asks"), "key", width)]
        blocks: list[Block] = [AIR]
        if self._why is not None:
            blocks += [(1, paragraph(self.say("takeover.unknown", why=self._why.say(self.lang)), "mark", width)), AIR]
            blocks += [(0, paragraph(self.say("takeover.unknown_what"), "text", width))]
        elif not self._others:
            blocks += [(0, paragraph(self.say("takeover.nothing"), "text", width)), AIR]
            blocks += [(0, paragraph(self.say("takeover.unknown_what"), "text", width))]
        for number, other in enumerate(self._shown(), 1):
            blocks.append((0, self._rows(number, other, width)))
        blocks += [AIR, (2, paragraph(self.say("takeover.rest"), "dim", width))]
        return [head, *fitting(blocks, height - 1)]

    def _shown(self) -> tuple[Other, ...]:
        return (self._others or ())[:8]

    def _rows(self, number: int, other: Other, width: int) -> list[Line]:
        names = " ".join(person_name(self, person) for person in other.crew)
        rows = [line((f"{number} ", "key"), (other.name, "key"))]
        rows += paragraph(f"  {self.say('takeover.crew', names=names)}", "text", width, "  ") if names else []
        if other.round is not None:
            name = schedule_name(self.gear.watch.plan, other.round.schedule, self.lang)
            told = self.say("takeover.round", name=name, done=len(other.round.done))
            rows += paragraph(f"  {told}", "text", width, "  ")
        at = clock(self.terminal.local(other.heard))
        return [*rows, *paragraph(f"  {self.say('takeover.known_at', time=at)}", "dim", width, "  ")]

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._others is None:
            return (self.back_key, self.menu_key)
        enter = "takeover.do" if len(self._shown()) < 2 else "takeover.row_none"
        return (("Enter", self.say(enter)), self.back_key, self.menu_key)

    async def digit(self, key: str) -> None:
        if key.isdigit() and 0 < int(key) <= len(self._shown()):
            await self._take(self._shown()[int(key) - 1])

    async def enter(self) -> None:
        """The only one there is; of several, none."""
        if self._others is not None:
            shown = self._shown()
            await self._take(shown[0] if len(shown) == 1 else None)

    async def _take(self, other: Other | None) -> None:
        before = crew = begun = None
        if other is not None:
            before, crew = Before(other.device, other.name, other.book, other.seq), other.crew
            if other.round is not None:
                done = tuple(StopReached(each.stop, each.at) for each in other.round.done)
                begun = RoundBegun(other.round.round, other.round.slot, done)
        post = self._at_post.id if self._at_post else None
        acts = TakingOver.of(self.gear.watch)
        await acts.take_over(self._boss, self._badge, post, before, crew or (), begun)
        self.terminal.go_sign_in()
        self.terminal.signal("ok")
        self.terminal.tell(self.say("takeover.done"))
