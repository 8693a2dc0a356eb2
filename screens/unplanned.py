"""People as life brings them: a badge that answers for something, somebody who leaves a round, a temporary person."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from app.duties.site import Person, Phrase, Post
from app.meaning import Meant
from app.ports import Scan
from app.unplanned import Unplanned
from screens.choices import ListPage
from screens.layout import Line, paragraph, title
from screens.number import Digits, field
from screens.page import Page
from screens.posts import person_name
from screens.times import clock
from screens.typed import TypedPage

NUMBER: Final = Digits(limit=4)


def ask_boss(page: Page, wanted: Collection[str], then: Callable[[Person], Page]) -> None:
    """Go on as whoever of the crew may, or as whose badge is scanned now."""
    boss = Unplanned.of(page.gear.watch).boss(wanted)
    page.terminal.open(then(boss) if boss else BossPage(wanted, then))


class BossPage(Page):
    """A badge answers for what follows; whose handheld it is does not matter."""

    def __init__(self, wanted: Collection[str], then: Callable[[Person], Page]) -> None:
        super().__init__()
        self._wanted = wanted
        self._then = then

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("life.boss_title"), clock(self.gear.watch.now()), width), ()]
        return [*rows, *paragraph(self.say("life.boss_what"), "key", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (self.back_key, self.menu_key)

    async def scanned(self, scan: Scan) -> bool:
        if self.gear.watch.meaning(scan.text).kind is not Meant.PERSON:
            return False
        boss = Unplanned.of(self.gear.watch).boss_by_badge(scan, self._wanted)
        self.terminal.replace(self._then(boss))
        self.terminal.signal("ok")
        return True


class TemporaryPage(TypedPage):
    """Digits by which the paper knows somebody; nobody types a name."""

    def __init__(self, boss: Person) -> None:
        super().__init__(NUMBER)
        self._boss = boss

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("life.temporary"), clock(self.gear.watch.now()), width), ()]
        rows += paragraph(self.say("life.temporary_how"), "text", width)
        return [*rows, (), field(self.say("life.temporary_number"), self.typed)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("signin.next")), self.back_key, self.menu_key)

    async def enter(self) -> None:
        if len(self.typed.typed) < NUMBER.limit:
            self.terminal.tell(self.say("life.temporary_how"), "mark")
            return
        watch = self.gear.watch
        posts, here = watch.posts_to_choose() or watch.plan.posts, watch.post()
        if posts and here is None:
            self.terminal.replace(TemporaryPostPage(self._boss, self.typed.typed, posts))
        else:
            await sign_in(self, self._boss, self.typed.typed, here)


class TemporaryPostPage(ListPage[Post]):
    def __init__(self, boss: Person, number: str, posts: Sequence[Post]) -> None:
        super().__init__(posts)
        self._boss = boss
        self._number = number

    def head(self) -> tuple[str, str]:
        return self.say("life.temporary_post"), clock(self.gear.watch.now())

    def item(self, post: Post) -> str:
        return post.name.say(self.lang)

    async def chosen(self, post: Post) -> None:
        await sign_in(self, self._boss, self._number, post)


async def sign_in(page: Page, boss: Person, number: str, post: Post | None) -> None:
    terminal = page.terminal
    person = await Unplanned.of(page.gear.watch).sign_in_temporary(boss, number, post)
    terminal.go_home()
    terminal.signal("mark")
    terminal.tell(page.say("life.temporary_in", name=person.name.say(page.lang)), "mark")


class LeavesPage(ListPage[str]):
    """Who of the crew leaves in the middle of the round."""

    def head(self) -> tuple[str, str]:
        return self.say("life.leaves_title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        """For whoever wanted the end of the shift."""
        return self.say("menu.round_open")

    def item(self, person: str) -> str:
        return person_name(self, person)

    async def chosen(self, person: str) -> None:
        self.terminal.replace(LeavesWhyPage(person, self.gear.watch.plan.why_alone))


class LeavesWhyPage(ListPage[Phrase]):
    def __init__(self, person: str, reasons: Sequence[Phrase]) -> None:
        super().__init__(reasons)
        self._person = person

    def head(self) -> tuple[str, str]:
        return person_name(self, self._person), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("life.leaves_why")

    def item(self, reason: Phrase) -> str:
        return reason.text.say(self.lang)

    async def chosen(self, reason: Phrase) -> None:
        await Unplanned.of(self.gear.watch).partner_leaves(self._person, reason.id)
        self.terminal.close(self)
        self.terminal.signal("mark")
        self.terminal.tell(self.say("life.leaves", name=person_name(self, self._person)), "mark")
