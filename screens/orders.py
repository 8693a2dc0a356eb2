"""Work orders: the list of them, and taking one: by what is usual, or kind by kind."""

from collections.abc import Sequence
from typing import Final

from app.duties.orders import Order, Origin, Stage
from app.duties.site import Category, Phrase
from app.ports import Scan
from app.work import ROOM_MOST, Work
from screens.choices import Choices, ListPage
from screens.layout import Line, heading, paragraph, title
from screens.number import Digits, field
from screens.order import MINUTE_S, OrderPage, is_late, left_of, place_of, place_words
from screens.page import Page
from screens.times import clock

SAID: Final[tuple[Origin, ...]] = ("radio", "person", "desk")
"""How an order comes to whoever takes it here."""
URGENT: Final = "urgent"
PERSON: Final = "person"
"""Rows of a list that are turned over; none of them is the id of anything in a plan."""
Row = Category | Phrase | str


def open_waiting(page: Page) -> None:
    """The list, when one of them waits for this crew, or is to be followed."""
    work = Work.of(page.gear.watch)
    if work.waiting_orders() or work.followed_orders():
        page.terminal.open(OrdersPage())


class OrdersPage(Page):
    """Those of this crew; a digit opens one, Enter takes one more."""

    def __init__(self) -> None:
        super().__init__()
        self._listed: tuple[Order, ...] = ()
        self._choices: Choices[Order] = Choices((), self._row)

    def on_mount(self) -> None:
        self.set_interval(MINUTE_S, self.show)

    def look_up(self) -> None:
        found = Work.of(self.gear.watch).orders()
        if found != self._listed:
            self._listed = found
            self._choices = Choices(found, self._row, lambda order: "mark" if is_late(self, order) else "text")

    def _row(self, order: Order) -> str:
        said = {"words": order.words, "place": place_of(self, order)}
        if order.stage in (Stage.DONE, Stage.CLOSED):
            return " ".join(self.say("orders.row_over", **said, stage=self.say(f"orders.stage_{order.stage}")).split())
        key = "orders.row_ours" if Work.of(self.gear.watch).is_ours(order) else "orders.row"
        return " ".join(self.say(key, **said, left=left_of(self, order)).split())

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.title"), clock(self.gear.watch.now()), width), ()]
        if not len(self._choices):
            return [*rows, *paragraph(self.say("orders.none"), "text", width)]
        return [*rows, *self._choices.draw(width, height - len(rows), self.more)]

    def foot(self) -> Sequence[tuple[str, str]]:
        take = (("Enter", self.say("orders.take_key")),) if self.gear.watch.takes_orders else ()
        return (*take, self.back_key, self.menu_key)

    async def enter(self) -> None:
        if self.gear.watch.takes_orders:
            self.terminal.open(TakePage(Work.of(self.gear.watch).order_categories()))

    async def digit(self, key: str) -> None:
        order = self._choices.pick(key)
        if order is not None:
            self.terminal.open(OrderPage(order.id))

    async def move(self, step: int) -> None:
        self._choices.turn(step)


def take(page: Page) -> None:
    """Take an order by what is usual, so that one with a room of three digits is six keys from home (对讲机接单)."""
    work = Work.of(page.gear.watch)
    usual = work.usual_orders()
    page.terminal.open(UsualPage(usual) if usual else TakePage(work.order_categories()))


class UsualPage(ListPage[tuple[Category, Phrase]]):
    """What orders are usually about; a digit goes on to the room, Enter to everything else."""

    def head(self) -> tuple[str, str]:
        return self.say("orders.take_title"), clock(self.gear.watch.now())

    def item(self, usual: tuple[Category, Phrase]) -> str:
        category, phrase = usual
        return self.say("orders.usual", about=category.text.say(self.lang), words=phrase.text.say(self.lang))

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("orders.other_kinds")), *super().foot())

    async def chosen(self, usual: tuple[Category, Phrase]) -> None:
        self.terminal.replace(TakePage(Work.of(self.gear.watch).order_categories(), usual))

    async def enter(self) -> None:
        self.terminal.replace(TakePage(Work.of(self.gear.watch).order_categories()))


class TakePage(Page):
    """An order by radio, or from somebody there: category, phrase, place."""

    def __init__(self, categories: Sequence[Category], about: tuple[Category, Phrase] | None = None) -> None:
        """`about`: what was said of it already."""
        super().__init__()
        self._categories = tuple(categories)
        self._category: Category | None = about[0] if about else None
        self._phrase: Phrase | None = about[1] if about else None
        self._urgent = False
        self._origin: Origin = "radio"
        self._room = Digits(limit=ROOM_MOST, room=True)
        self._point: str | None = None
        self._choices: Choices[Row] | None = None

    def draw(self, width: int, height: int) -> Sequence[Line]:
        about = self._category.text.say(self.lang) if self._category else ""
        rows = heading(f"{self.say('orders.take_title')} {about}".rstrip(), clock(self.gear.watch.now()), width)
        if self._category and self._phrase:
            return [*rows, (), *self._place(self._phrase, width)]
        rows += [*paragraph(self.say("finding.phrase" if self._category else "finding.category"), "text", width), ()]
        return [*rows, *self._list().draw(width, height - len(rows), self.more)]

    def _list(self) -> Choices[Row]:
        if self._choices is None:
            if self._category is None:
                self._choices = Choices(self._categories, self._row)
            else:
                self._choices = Choices((*self._category.phrases, URGENT, PERSON), self._row, _row_role)
        return self._choices

    def _row(self, row: Row) -> str:
        if not isinstance(row, str):
            return row.text.say(self.lang)
        if row == URGENT:
            return self.say("orders.urgent_row", now=self.say("orders.yes" if self._urgent else "orders.no"))
        return self.say("orders.person_row", now=self.say(f"orders.origin_{self._origin}"))

    def _place(self, phrase: Phrase, width: int) -> list[Line]:
        rows = paragraph(phrase.text.say(self.lang), "key", width)
        point = self.gear.watch.plan.find_point(self._point) if self._point else None
        if point is not None:
            rows += paragraph(self.say("orders.place", place=point.name.say(self.lang)), "text", width)
        rows += [(), field(self.say("orders.room"), self._room), ()]
        return [*rows, *paragraph(self.say("orders.room_hint"), "dim", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        save = (("Enter", self.say("finding.save")),) if self._phrase else ()
        return (*save, self.back_key, self.menu_key)

    @property
    def open_question(self) -> object:
        return self._category, self._phrase

    async def digit(self, key: str) -> None:
        if self._phrase is not None:
            self._room = self._room.press(key)
            return
        picked = self._list().pick(key)
        match picked:
            case Category():
                self._category, self._choices = picked, None
            case Phrase():
                self._phrase = picked
            case "urgent":
                self._urgent = not self._urgent
            case "person":
                self._origin = SAID[(SAID.index(self._origin) + 1) % len(SAID)]
                self._point = Work.of(self.gear.watch).here() if self._origin == "person" else None

    async def scanned(self, scan: Scan) -> bool:
        """The label of the place, wherever the order came from."""
        point = Work.of(self.gear.watch).point_read(scan)
        if point is None or self._phrase is None:
            return False
        self._point = point.id
        self.terminal.signal("ok")
        return True

    async def back(self) -> None:
        if self._room.typed:
            self._room = self._room.rub()
        elif self._phrase is not None:
            self._phrase = None
        elif self._category is not None:
            self._category = self._choices = None
        else:
            self.terminal.close(self)

    async def move(self, step: int) -> None:
        if self._phrase is None:
            self._list().turn(step)

    async def enter(self) -> None:
        if self._category is None or self._phrase is None:
            self.terminal.tell(self.say("stop.choose"), "mark")
            return
        taken = await Work.of(self.gear.watch).take_order(
            self._category.id,
            self._phrase.id,
            origin=self._origin,
            room=self._room.entered,
            point=self._point,
            urgent=self._urgent,
        )
        self.terminal.replace(OrderPage(taken.id))
        self.terminal.signal("ok")
        self.terminal.tell(self.say("orders.saved", words=taken.words, place=place_words(self, taken)))


def _row_role(row: Row) -> str:
    return "dim" if isinstance(row, str) else "text"
