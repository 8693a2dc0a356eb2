"""Handover by post: saying where the crew stands, counting and giving the sheet, reading and taking it (D40)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from app import witness
from app.duties import posts
from app.duties.posts import Sheet
from app.duties.provisions import Item
from app.duties.site import Person, Post
from app.handing import Given, Handing, short
from app.kinds.orders import ORDERS
from app.watch import Watch
from screens.choices import Choices, ListPage
from screens.gear import Gear, Sheets
from screens.layout import Line, paragraph, title
from screens.number import Digits, field
from screens.page import Page
from screens.posts import person_name
from screens.times import clock, since
from screens.typed import TypedPage

TAKE, GIVE, CODE, RELIEF = "handover.do_take", "handover.do_give", "handover.do_code", "handover.do_relief"
STAND_IN, MAN, STICK = "handover.do_stand_in", "handover.do_man", "handover.do_stick"
COUNT: Final = Digits(limit=3)


def page_for(gear: Gear) -> Page:
    """Where the menu leads: first of all the crew says at which post it is."""
    watch, stick = gear.watch, gear.sheets is not None and gear.sheets.there
    return PostsPage(watch.posts_to_choose()) if watch.post() is None else HandoverPage(watch, stick=stick)


class HandoverPage(ListPage[str]):
    """What can be done about the post."""

    def __init__(self, watch: Watch, *, stick: bool = False) -> None:
        """`stick`: one is in, from which a sheet may be read."""
        more = [*([STICK] if stick else []), *([MAN] if len(watch.posts_to_choose()) > 1 else [])]
        super().__init__([*([TAKE] if watch.waiting() else []), GIVE, RELIEF, STAND_IN, CODE, *more])

    def head(self) -> tuple[str, str]:
        return self.say("handover.title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        post = self.gear.watch.post()
        return self.say("handover.manned", post=post.name.say(self.lang)) if post else ""

    def item(self, item: str) -> str:
        return self.say(item)

    def item_role(self, item: str) -> str:
        return "mark" if item == TAKE else "text"

    async def chosen(self, item: str) -> None:
        watch = self.gear.watch
        match item:
            case "handover.do_take" if (sheet := watch.waiting()) is not None:
                self.terminal.replace(TakePage(sheet))
            case "handover.do_give":
                give(self)
            case "handover.do_relief":
                await relief_missing(self)
            case "handover.do_stand_in":
                self.terminal.replace(StandInPage(watch))
            case "handover.do_code":
                self.terminal.replace(CodePage())
            case "handover.do_stick" if self.gear.sheets is not None:
                found = await asyncio.to_thread(self.gear.sheets.found)
                self.terminal.replace(TakePage(Handing.of(watch).brought(found)))
            case "handover.do_man":
                self.terminal.replace(PostsPage(watch.posts_to_choose()))


async def relief_missing(page: Page) -> None:
    """One key; the office hears of it as soon as it can."""
    before = page.gear.watch.post_state().relief_missing
    await Handing.of(page.gear.watch).relief_missing()
    if page.gear.office is not None:
        page.gear.office.sync_now()
    page.terminal.close(page)
    page.terminal.signal("mark")
    words = "handover.relief_told" if before is None else "handover.relief_again"
    time = clock(page.terminal.local(before)) if before is not None else ""
    page.terminal.tell(page.say(words, time=time), "mark")


def give(page: Page) -> None:
    """Begin counting, in place of `page`."""
    post = page.gear.watch.post()
    if post is None:
        page.terminal.replace(PostsPage(page.gear.watch.posts_to_choose()))
    else:
        page.terminal.replace(GivePage(post))


class PostsPage(ListPage[Post]):
    """At which post the crew is."""

    def head(self) -> tuple[str, str]:
        return self.say("handover.title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("handover.which" if len(self.choices) else "handover.no_posts")

    def item(self, post: Post) -> str:
        return post.name.say(self.lang)

    async def chosen(self, post: Post) -> None:
        await Handing.of(self.gear.watch).man(post.id)
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("handover.manned", post=post.name.say(self.lang)))
        if sheet := self.gear.watch.waiting():
            self.terminal.open(TakePage(sheet))


# -- the sheet -----------------------------------------------------------------------------------


class SheetPage(Page):
    """A sheet, page by page."""

    def __init__(self) -> None:
        super().__init__()
        self._page = 0
        self._pages = 1

    @property
    def open_question(self) -> object:
        return self._page

    def lines(self, width: int, height: int) -> list[Line]:
        """Once more where there turned out to be more pages, or fewer: the keys below say so."""
        before = self._pages
        rows = super().lines(width, height)
        return rows if self._pages == before else super().lines(width, height)

    def rows_of(self, sheet: Sheet, width: int, height: int) -> list[Line]:
        """The page that is open, of at most `height` rows."""
        rows = sheet_rows(self, sheet, width)
        room = max(1, height)
        self._pages = max(1, -(-len(rows) // room))
        self._page = min(self._page, self._pages - 1)
        return rows[self._page * room : (self._page + 1) * room]

    @property
    def last(self) -> bool:
        return self._page + 1 >= self._pages

    def next_key(self, words: str) -> tuple[str, str]:
        """Enter turns the page; on the last one it does what `words` say."""
        turn = self.say("handover.page", page=self._page + 1, pages=self._pages)
        return "Enter", self.say(words) if self.last else turn

    def turn(self, step: int) -> None:
        self._page = max(0, min(self._pages - 1, self._page + step))

    async def move(self, step: int) -> None:
        self.turn(step)


def sheet_rows(page: Page, sheet: Sheet, width: int) -> list[Line]:
    """All that a sheet says, what is missing first."""
    watch = page.gear.watch
    names = " ".join(person_name(page, person) for person in sheet.by)
    rows = paragraph(page.say("handover.by", time=clock(page.terminal.local(sheet.at)), names=names), "dim", width)
    post = watch.find_post(sheet.post)
    items = post.items if post else ()
    missing = short(post, sheet)
    for item in sorted(items, key=lambda item: item not in missing):
        if item.id in sheet.counts:
            role = "mark" if item in missing else "text"
            rows += paragraph(item_words(page, item, sheet.counts[item.id]), role, width)
    if not items:
        rows += paragraph(page.say("handover.no_items"), "text", width)
    head = "handover.open" if sheet.open else "handover.nothing_open"
    rows += paragraph(page.say(head, n=len(sheet.open)), "key", width)
    for id in sheet.open:
        rows += paragraph(page.say("handover.row", words=matter_words(page, id)), "text", width)
    head = "handover.late" if sheet.late else "handover.none_late"
    rows += paragraph(page.say(head, n=len(sheet.late)), "mark" if sheet.late else "text", width)
    for slot in sheet.late:
        schedule, _, opens = slot.partition("@")
        words = f"{opens[-5:]} {page.schedule_name(schedule)}"
        rows += paragraph(page.say("handover.row", words=words), "text", width)
    for note in sheet.notes:
        rows += paragraph(page.say("handover.noted", note=note), "text", width)
    return rows


def item_words(page: Page, item: Item, count: int) -> str:
    words = {"name": item.text.say(page.lang), "n": count, "of": item.count}
    if count < item.count:
        return page.say("handover.item_missing", **words, missing=item.count - count)
    if count > item.count:
        return page.say("handover.item_more", **words, more=count - item.count)
    return page.say("handover.item", **words)


def matter_words(page: Page, id: str) -> str:
    """A finding, an order or an emergency that runs, by its id: what, and where."""
    watch = page.gear.watch
    if "runs" in watch.state.shares and (said := running_words(page, id)):
        return said
    found = watch.state.findings.get(id) or watch.state.share(ORDERS).get(id)
    if found is None:
        return page.say("handover.elsewhere", id=f"{id[:4]}:{id.partition(':')[2]}")
    point = watch.plan.find_point(found.point) if found.point else None
    return f"{found.words} {point.name.say(page.lang)}" if point else found.words


def running_words(page: Page, id: str) -> str:
    """Of an emergency that runs; else nothing."""
    from app.kinds.procedures import RUNS
    from screens.names import procedure_name

    run = page.gear.watch.state.share(RUNS).get(id)
    if run is None:
        return ""
    name = procedure_name(page.gear.watch.plan, run, page.lang)
    return page.say("procedures.running", name=name, span=since(page.lang, run.at, page.gear.watch.now()))


# -- giving --------------------------------------------------------------------------------------


class CountPage(SheetPage):
    """Items of a post one after the other; one that is left empty is as it is expected to be."""

    def __init__(self, post: Post, expected: Mapping[str, int]) -> None:
        super().__init__()
        self._post = post
        self._expected = expected
        self._place = 0
        self._typed: list[Digits] = [COUNT] * len(post.items)

    @property
    def _item(self) -> Item | None:
        """What is counted now."""
        return self._post.items[self._place] if self._place < len(self._post.items) else None

    @property
    def _empty(self) -> bool:
        return self._typed[self._place].empty

    def _counts(self) -> dict[str, int]:
        pairs = zip(self._post.items, self._typed, strict=True)
        return {
            item.id: int(typed.typed) if typed.typed else self._expected.get(item.id, item.count)
            for item, typed in pairs
        }

    def _count_rows(self, item: Item, after: str, width: int) -> list[Line]:
        rows = paragraph(item.text.say(self.lang), "key", width)
        rows += [(), field(self.say("handover.counted"), self._typed[self._place]), ()]
        return [*rows, *paragraph(after, "dim", width)]

    @property
    def open_question(self) -> object:
        return self._place, self._page

    @property
    def half_typed(self) -> bool:
        return self._item is not None and bool(self._typed[self._place].typed)

    async def digit(self, key: str) -> None:
        if self._item and key.isdigit():
            self._typed[self._place] = self._typed[self._place].press(key)

    async def back(self) -> None:
        if self._item and self._typed[self._place].typed:
            self._typed[self._place] = self._typed[self._place].rub()
        elif self._page:
            self.turn(-1)
        elif self._place:
            self._place -= 1
        else:
            self.terminal.close(self)


class GivePage(CountPage):
    """First the items, then the notes, then the sheet; Enter goes on, Backspace back."""

    def __init__(self, post: Post) -> None:
        super().__init__(post, {})
        self._notes: set[str] = set()
        self._choices = Choices(posts.NOTES, self._note_words)

    def _note_words(self, note: str) -> str:
        words = self.say(f"handover.note_{note}")
        return self.say("handover.note_chosen", note=words) if note in self._notes else words

    @property
    def _noting(self) -> bool:
        return self._place == len(self._post.items)

    def _sheet(self) -> Sheet:
        return Handing.of(self.gear.watch).sheet(self._counts(), self._notes)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        step = self.say("handover.step", n=self._place + 1, of=len(self._post.items) + 2)
        rows = [title(self.say("handover.give_title", post=self._post.name.say(self.lang)), step, width), ()]
        if item := self._item:
            return [*rows, *self._count_rows(item, self.say("handover.should", n=item.count), width)]
        if self._noting:
            rows += [*paragraph(self.say("handover.notes"), "text", width), ()]
            return [*rows, *self._choices.draw(width, height - len(rows), self.more)]
        return [*rows, *self.rows_of(self._sheet(), width, height - len(rows))]

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._item:
            words = "handover.complete" if self._empty else "handover.next"
            return (("Enter", self.say(words)), self.back_key)
        if self._noting:
            return (("Enter", self.say("handover.next")), self.back_key)
        return (self.next_key("handover.give"), self.back_key)

    async def digit(self, key: str) -> None:
        await super().digit(key)
        if self._noting and (note := self._choices.pick(key)) is not None:
            self._notes ^= {note}

    async def enter(self) -> None:
        if self._item or self._noting:
            self._place += 1
            self._page = 0
        elif not self.last:
            self.turn(1)
        else:
            await self._give()

    async def _give(self) -> None:
        given = await Handing.of(self.gear.watch).give(self._counts(), self._notes)
        counts = given.sheet.counts
        missing = [item_words(self, item, counts[item.id]) for item in short(self._post, given.sheet)]
        self.terminal.replace(GivenPage(given))
        self.terminal.signal("mark" if missing else "ok")
        words = "handover.given_short" if missing else "handover.given"
        self.terminal.tell(self.say(words, words=" ".join(missing)), "mark" if missing else "ok")


class GivenPage(SheetPage):
    """The sheet as it was given, and the digits that name it on another handheld; Enter ends the shift."""

    def __init__(self, given: Given) -> None:
        super().__init__()
        self._sheet = given.sheet
        self._code = given.code

    def draw(self, width: int, height: int) -> Sequence[Line]:
        post = self.gear.watch.find_post(self._sheet.post)
        name = post.name.say(self.lang) if post else self._sheet.post
        rows = [title(self.say("handover.sheet_title", post=name), clock(self.gear.watch.now()), width)]
        rows += paragraph(self.say("handover.given_page"), "dim", width)
        rows += paragraph(self.say("handover.given_code"), "dim", width)
        rows += [((witness.grouped(self._code), "key"),), ()]
        return [*rows, *self.rows_of(self._sheet, width, height - len(rows))]

    def foot(self) -> Sequence[tuple[str, str]]:
        stick = (("9", self.say("handover.key_stick")),) if self._stick is not None else ()
        return (self.next_key("handover.given_end"), *stick, ("Backspace", self.say("handover.given_stay")))

    @property
    def _stick(self) -> Sheets | None:
        """Where it may be put for another handheld."""
        return self.gear.sheets if self.gear.sheets is not None and self.gear.sheets.there else None

    async def digit(self, key: str) -> None:
        if key == "9" and (stick := self._stick) is not None:
            await asyncio.to_thread(stick.put, self._sheet.id)
            self.terminal.signal("ok")
            self.terminal.tell(self.say("handover.on_stick"))

    async def enter(self) -> None:
        if not self.last:
            self.turn(1)
            return
        if "runs" in self.gear.watch.state.shares:
            from screens.procedures import LeavingPage  # where an emergency runs

            self.terminal.replace(LeavingPage())
            return
        await self.gear.watch.close_shift()
        self.terminal.go_sign_in()
        self.terminal.tell(self.say("home.closed"))


# -- taking --------------------------------------------------------------------------------------


class TakePage(SheetPage):
    """The sheet of the shift before; Enter on its last page takes the post over."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__()
        self._sheet = sheet

    def draw(self, width: int, height: int) -> Sequence[Line]:
        post = self.gear.watch.find_post(self._sheet.post)
        name = post.name.say(self.lang) if post else self._sheet.post
        rows = [title(self.say("handover.sheet_title", post=name), clock(self.gear.watch.now()), width), ()]
        return [*rows, *self.rows_of(self._sheet, width, height - len(rows))]

    def foot(self) -> Sequence[tuple[str, str]]:
        keys = [self.next_key("handover.take"), ("7", self.say("handover.take_unread"))]
        return (*keys, *((("8", self.say("handover.recount")),) if self._sheet.counts else ()), self.back_key)

    async def enter(self) -> None:
        if not self.last:
            self.turn(1)
            return
        await take(self, self._sheet)

    async def digit(self, key: str) -> None:
        post = self.gear.watch.find_post(self._sheet.post)
        if key == "7":
            self.terminal.replace(WhyPage(self._sheet))
        elif key == "8" and post is not None and self._sheet.counts:
            self.terminal.replace(RecountPage(post, self._sheet))

    async def back(self) -> None:
        if self._page:
            self.turn(-1)
        else:
            self.terminal.close(self)


class RecountPage(CountPage):
    """Whoever takes over counts too; Enter at the last item takes the post over as it was counted now."""

    def __init__(self, post: Post, sheet: Sheet) -> None:
        super().__init__(post, sheet.counts)
        self._sheet = sheet

    @property
    def _is_last(self) -> bool:
        return self._place + 1 == len(self._post.items)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        step = self.say("handover.step", n=self._place + 1, of=len(self._post.items))
        rows = [title(self.say("handover.recount"), step, width), ()]
        item = self._post.items[self._place]
        given = self.say("handover.as_given", n=self._expected.get(item.id, item.count), of=item.count)
        return [*rows, *self._count_rows(item, given, width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        words = "handover.take" if self._is_last else "handover.agrees" if self._empty else "handover.next"
        return (("Enter", self.say(words)), self.back_key)

    async def enter(self) -> None:
        if self._is_last:
            await take(self, replace(self._sheet, counts=self._counts()), self._sheet)
        else:
            self._place += 1


async def take(page: Page, seen: Sheet, given: Sheet | None = None) -> None:
    """Take the post over with the counts of `seen`; `given` is the sheet when those are not its own."""
    watch, post = page.gear.watch, page.gear.watch.find_post(seen.post)
    await Handing.of(watch).take(given or seen, seen.counts if given else None)
    missing = [item_words(page, item, seen.counts[item.id]) for item in short(post, seen)]
    page.terminal.close(page)
    role = "mark" if missing else "ok"
    page.terminal.signal(role)
    name = post.name.say(page.lang) if post else seen.post
    key = "handover.taken_short" if missing else "handover.taken"
    page.terminal.tell(page.say(key, post=name, words=" ".join(missing)), role)


class CodePage(TypedPage):
    """The sheet was read on another handheld: its sixteen digits are typed here."""

    def __init__(self) -> None:
        super().__init__(Digits(limit=witness.DIGITS))

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("handover.do_code"), clock(self.gear.watch.now()), width), ()]
        rows += [*paragraph(self.say("handover.code_how"), "text", width), ()]
        return [*rows, (("[", "dim"), (witness.grouped(self.typed.typed), "input"), ("_", "cursor"), ("]", "dim"))]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("handover.take_code")), self.back_key, self.menu_key)

    async def enter(self) -> None:
        await Handing.of(self.gear.watch).take_by_code(self.typed.typed)
        post = self.gear.watch.post()
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("handover.taken", post=post.name.say(self.lang) if post else ""))


class WhyPage(ListPage[str]):
    """Why the crew goes on without having read the sheet."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(posts.OVERRIDES)
        self._sheet = sheet

    def head(self) -> tuple[str, str]:
        return self.say("handover.title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("handover.why")

    def item(self, reason: str) -> str:
        return self.say(f"handover.why_{reason}")

    async def chosen(self, reason: str) -> None:
        await Handing.of(self.gear.watch).take_unread(self._sheet, reason)
        self.terminal.close(self)
        self.terminal.signal("mark")
        self.terminal.tell(self.say("handover.taken_unread", words=self.item(reason)), "mark")


# -- standing in ---------------------------------------------------------------------------------


class StandInPage(ListPage[Person]):
    """Who of the crew stands in, where there are several; then for whom."""

    def __init__(self, watch: Watch, person: Person | None = None) -> None:
        crew = watch.state.shift.crew if watch.state.shift else ()
        here = [found for member in crew if (found := watch.person(member.person)) is not None]
        self._person = person or (here[0] if len(here) == 1 else None)
        super().__init__(Handing.of(watch).absent() if self._person else here)

    def head(self) -> tuple[str, str]:
        return self.say("handover.do_stand_in"), clock(self.gear.watch.now())

    def intro(self) -> str:
        if self._person is None:
            return self.say("handover.who_stands")
        if not len(self.choices):
            return self.say("handover.nobody_absent")
        return self.say("handover.for_whom", name=self._person.name.say(self.lang))

    def item(self, person: Person) -> str:
        return person.name.say(self.lang)

    async def chosen(self, person: Person) -> None:
        if self._person is None:
            self.terminal.replace(StandInPage(self.gear.watch, person))
            return
        await Handing.of(self.gear.watch).stand_in(self._person.id, person.id)
        self.terminal.close(self)
        self.terminal.signal("ok")
        names = {"name": self._person.name.say(self.lang), "other": person.name.say(self.lang)}
        self.terminal.tell(self.say("handover.stood_in", **names))
