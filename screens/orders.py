"""Work orders: the list, one order and its next step, taking one, parts, the customer, postponing, reopening."""

from collections.abc import Sequence
from typing import Final

from app.duties import orders
from app.duties.days import millis
from app.duties.orders import DELAYS, POSTPONES, REOPENS, Confirmed, Order, Origin, Stage
from app.duties.provisions import Supply
from app.duties.site import Category, Phrase
from app.ports import Scan
from app.work import ROOM_MOST, VALUE_MOST
from screens.choices import Choices, ListPage
from screens.layout import Line, Span, flow, paragraph, title
from screens.number import Digits, field
from screens.page import Page
from screens.times import clock, day, span

INDENT: Final = "  "
MINUTE_S: Final = 60
"""A countdown is drawn again this often."""
STEPS: Final = {
    Stage.TAKEN: "accept",
    Stage.ACCEPTED: "go",
    Stage.GOING: "arrive",
    Stage.ARRIVED: "done",
    Stage.DONE: "confirm",
    Stage.CLOSED: "ok",
}
SAID: Final[tuple[Origin, ...]] = ("radio", "person", "desk")
"""How an order comes to whoever takes it here."""
URGENT: Final = "urgent"
PERSON: Final = "person"
CLEAN: Final = "clean"
"""Rows of a list that are turned over; none of them is the id of anything in a plan."""
Row = Category | Phrase | str


def place_of(page: Page, order: Order) -> str:
    """Where it is, as the crew says it; nothing when nobody said."""
    point = page.gear.watch.plan.find_point(order.point) if order.point else None
    return " ".join(part for part in (order.room, point.name.say(page.lang) if point else order.point or "") if part)


def place_words(page: Page, order: Order) -> str:
    """The same; where nobody said, that."""
    return place_of(page, order) or page.say("orders.no_place" if order.origin == "radio" else "finding.no_place")


def left_of(page: Page, order: Order) -> str:
    """`还剩12分`, `超时5分`: what runs out, and how soon; nothing once it is done."""
    running = orders.clock(order, millis(page.gear.watch.now()))
    if running.what == "none":
        return ""
    key = f"orders.left_{running.what}" if running.left_ms >= 0 else f"orders.over_{running.what}"
    return page.say(key, span=span(page.lang, abs(running.left_ms) // 1000))


def is_late(page: Page, order: Order) -> bool:
    return orders.clock(order, millis(page.gear.watch.now())).left_ms < 0


def due_words(page: Page, at: int) -> str:
    return day(page.lang, page.terminal.local(at), page.gear.watch.now())


def reached_words(page: Page, order: Order) -> Span:
    """What a label has shown of being there."""
    if order.proved:
        return page.say("orders.told_arrive", place=place_of(page, order)), "ok"
    return page.say("orders.told_arrive_unproved"), "mark"


class OrdersPage(Page):
    """Those of this crew; a digit opens one, Enter takes one more."""

    def __init__(self) -> None:
        super().__init__()
        self._listed: tuple[Order, ...] = ()
        self._choices: Choices[Order] = Choices((), self._row)

    def on_mount(self) -> None:
        self.set_interval(MINUTE_S, self.show)

    def look_up(self) -> None:
        found = self.gear.watch.orders()
        if found != self._listed:
            self._listed = found
            self._choices = Choices(found, self._row, lambda order: "mark" if is_late(self, order) else "text")

    def _row(self, order: Order) -> str:
        said = {"words": order.words, "place": place_of(self, order)}
        if order.stage in (Stage.DONE, Stage.CLOSED):
            return " ".join(self.say("orders.row_over", **said, stage=self.say(f"orders.stage_{order.stage}")).split())
        key = "orders.row_ours" if self.gear.watch.is_ours(order) else "orders.row"
        return " ".join(self.say(key, **said, left=left_of(self, order)).split())

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.title"), clock(self.gear.watch.now()), width), ()]
        if not len(self._choices):
            return [*rows, *paragraph(self.say("orders.none"), "text", width)]
        return [*rows, *self._choices.draw(width, height - len(rows), self.more)]

    def foot(self) -> Sequence[tuple[str, str]]:
        take = (("Enter", self.say("orders.take_key")),) if self.gear.watch.takes_orders() else ()
        return (*take, self.back_key, self.menu_key)

    async def enter(self) -> None:
        if self.gear.watch.takes_orders():
            self.terminal.open(TakePage(self.gear.watch.order_categories()))

    async def digit(self, key: str) -> None:
        order = self._choices.pick(key)
        if order is not None:
            self.terminal.open(OrderPage(order.id))

    async def move(self, step: int) -> None:
        self._choices.turn(step)


class TakePage(Page):
    """An order by radio, or from somebody there: category, phrase, place; six keys with a room of three digits."""

    def __init__(self, categories: Sequence[Category]) -> None:
        super().__init__()
        self._categories = tuple(categories)
        self._category: Category | None = None
        self._phrase: Phrase | None = None
        self._urgent = False
        self._origin: Origin = "radio"
        self._room = Digits(limit=ROOM_MOST)
        self._point: str | None = None
        self._choices: Choices[Row] | None = None

    def draw(self, width: int, height: int) -> Sequence[Line]:
        about = self._category.text.say(self.lang) if self._category else ""
        rows = [title(f"{self.say('orders.take_title')} {about}", clock(self.gear.watch.now()), width)]
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

    async def digit(self, key: str) -> None:
        if self._phrase is not None:
            self._type(key)
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
                self._point = self.gear.watch.here() if self._origin == "person" else None

    def _type(self, key: str) -> None:
        typed = self._room.typed
        if key in "-.":
            key = "-" if typed and not typed.endswith("-") else ""
        if len(typed) < ROOM_MOST:
            self._room = Digits(typed + key, limit=ROOM_MOST)

    async def scanned(self, scan: Scan) -> bool:
        """The label of the place, wherever the order came from."""
        point = self.gear.watch.point_read(scan)
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
        taken = await self.gear.watch.take_order(
            self._category.id,
            self._phrase.id,
            origin=self._origin,
            room=self._room.typed.rstrip("-"),
            point=self._point,
            urgent=self._urgent,
        )
        self.terminal.replace(OrderPage(taken.id))
        self.terminal.signal("ok")
        self.terminal.tell(self.say("orders.saved", words=taken.words, place=place_words(self, taken)))


def _row_role(row: Row) -> str:
    return "dim" if isinstance(row, str) else "text"


class OrderPage(Page):
    """One order: Enter is its next step and says which; digits are the rest."""

    def __init__(self, order: str) -> None:
        super().__init__()
        self._which = order
        self._asked = False
        """Whether the label was asked for: a second press says that it cannot be read."""

    def on_mount(self) -> None:
        self.set_interval(MINUTE_S, self.show)

    @property
    def _order(self) -> Order | None:
        return self.gear.watch.state.orders.get(self._which)

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        order = self._order
        head = title(self.say("orders.title"), clock(self.gear.watch.now()), width)
        if order is None:
            return [head, (), *paragraph(self.say("orders.gone"), "text", width)]
        rows = [head, (), *paragraph(order.words, "key", width)]
        rows += paragraph(self.say("orders.place", place=place_words(self, order)), "text", width)
        left = left_of(self, order)
        due = self.say("orders.due", due=due_words(self, order.due), left=left).rstrip()
        rows += paragraph(due, "mark" if is_late(self, order) else "text", width)
        rows += paragraph(self._received(order), "dim", width)
        rows += paragraph(self._whose(order), "dim", width)
        rows += flow(self._standing(order), "text", width)
        return [*rows, *(row for words in self._used(order) for row in paragraph(words, "dim", width))]

    def _received(self, order: Order) -> str:
        at = due_words(self, order.at)
        origin = self.say(f"orders.origin_{order.origin}")
        return self.say("orders.receiver", name=self._called(order.receiver), time=at, origin=origin)

    def _whose(self, order: Order) -> str:
        if order.worker is not None:
            return self.say("orders.worker", name=self._called(order.worker))
        return self.say("orders.to", role=self.say(f"finding.role_{order.to}"))

    def _standing(self, order: Order) -> list[str]:
        facts = [self.say("orders.state", stage=self.say(f"orders.stage_{order.stage}"))]
        told = (
            (order.urgent, "orders.urgent"),
            (order.proved, "orders.proved"),
            (order.postponed, "orders.postponed"),
            (order.visit, "orders.visit"),
        )
        facts += [self.say(key) for holds, key in told if holds]
        if order.reopened:
            facts.append(self.say("orders.reopened", n=order.reopened))
        if order.confirmed:
            facts.append(self.say("orders.confirmed", how=self.say(f"orders.how_{order.confirmed}")))
        return facts

    def _used(self, order: Order) -> list[str]:
        known = {supply.id: supply for supply in self.gear.watch.plan.supplies}
        said = []
        for part in order.parts:
            supply = known.get(part.item)
            unit = supply.unit.say(self.lang) if supply else ""
            words = supply.text.say(self.lang) if supply else part.item
            said.append(self.say("orders.part", words=words, n=part.count, unit=unit).rstrip())
        return said

    def _called(self, person: str) -> str:
        found = self.gear.watch.person(person)
        return found.name.say(self.lang) if found else person

    def foot(self) -> Sequence[tuple[str, str]]:
        order = self._order
        if order is None:
            return (self.back_key,)
        keys = [("Enter", self.say(f"orders.step_{self._step(order)}"))]
        keys += [(key, self.say(f"orders.key_{name}")) for key, name in self._rest(order)]
        return (*keys, self.back_key, self.menu_key)

    def _step(self, order: Order) -> str:
        """What comes next, of the words `step_…`."""
        if order.stage in (Stage.DONE, Stage.CLOSED) or order.worker is None or self.gear.watch.is_ours(order):
            return STEPS[order.stage]
        return "over"

    def _rest(self, order: Order) -> list[tuple[str, str]]:
        over = order.stage in (Stage.DONE, Stage.CLOSED)
        there = order.stage is Stage.ACCEPTED and self.gear.watch.is_ours(order)
        told = (
            (there, "1", "arrive"),
            (not over, "2", "postpone"),
            (not order.visit, "3", "visit"),
            (over, "4", "reopen"),
        )
        return [(key, name) for holds, key, name in told if holds]

    # -- keys ----------------------------------------------------------------------------------
    async def enter(self) -> None:
        order, watch = self._order, self.gear.watch
        step = self._step(order) if order else "ok"
        match step:
            case "accept" | "over":
                await watch.accept_order(self._which)
                self._told("orders.told_accept")
            case "go":
                await watch.go_to_order(self._which)
                self._told("orders.told_go")
            case "arrive":
                await self._arrive()
            case "done":
                self.terminal.open(DonePage(self._which, watch.plan.supplies))
            case "confirm":
                self.terminal.open(ConfirmPage(self._which))
            case _:
                self.terminal.close(self)

    async def digit(self, key: str) -> None:
        order = self._order
        match dict(self._rest(order)).get(key) if order else None:
            case "arrive":
                await self._arrive()
            case "postpone" if order:
                self.gear.watch.may_postpone(order)
                self.terminal.open(PostponePage(self._which))
            case "visit":
                await self.gear.watch.ask_visit(self._which)
                self._told("orders.told_visit")
            case "reopen":
                self.terminal.open(ReopenPage(self._which))

    async def _arrive(self) -> None:
        """On the crew's word, once the label was asked for where there is one."""
        order = self._order
        point = self.gear.watch.plan.find_point(order.point) if order and order.point else None
        if point is not None and point.label and not self._asked:
            self._asked = True
            self.terminal.signal("mark")
            self.terminal.tell(self.say("orders.scan_first", place=point.name.say(self.lang)), "mark")
            return
        await self.gear.watch.arrive_at_order(self._which)
        self.terminal.signal("mark" if point else "ok")
        self.terminal.tell(self.say("orders.told_arrive_unproved"), "mark" if point else "ok")

    async def scanned(self, scan: Scan) -> bool:
        order = self._order
        point = self.gear.watch.point_read(scan)
        coming = order is not None and order.stage in (Stage.ACCEPTED, Stage.GOING)
        if order is None or point is None or not coming or not self.gear.watch.is_ours(order):
            return False
        if order.point == point.id:
            return False  # being there is proved wherever the crew looks, and may be a stop of its round besides
        if order.point is not None:
            self.terminal.signal("bad")
            self.terminal.tell(self.say("orders.wrong_label", place=point.name.say(self.lang)), "bad")
            return True
        words, role = reached_words(self, await self.gear.watch.arrive_at_order(self._which, scan))
        self.terminal.signal(role)
        self.terminal.tell(words, role)
        return True

    def _told(self, key: str, **fields: object) -> None:
        self._asked = False
        self.terminal.signal("ok")
        self.terminal.tell(self.say(key, **fields))


class DonePage(Page):
    """What was used, and whether the area is clean; Enter says that the work is done."""

    def __init__(self, order: str, supplies: Sequence[Supply]) -> None:
        super().__init__()
        self._which = order
        self._used: dict[str, int] = {}
        self._clean = True
        self._choices: Choices[Supply | str] = Choices((CLEAN, *supplies), self._row)

    def _row(self, row: Supply | str) -> str:
        if isinstance(row, str):
            return self.say("orders.clean_row", now=self.say("orders.clean_yes" if self._clean else "orders.clean_no"))
        words, count = row.text.say(self.lang), self._used.get(row.id, 0)
        if not count:
            return self.say("orders.supply", words=words)
        return self.say("orders.supply_used", words=words, n=count, unit=row.unit.say(self.lang)).rstrip()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.done_title"), clock(self.gear.watch.now()), width), ()]
        return [*rows, *self._choices.draw(width, height - len(rows), self.more)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("orders.done_key")), self.back_key)

    async def digit(self, key: str) -> None:
        row = self._choices.pick(key)
        if isinstance(row, str):
            self._clean = not self._clean
        elif row is not None:
            self.terminal.open(CountPage(row, self._used))

    async def move(self, step: int) -> None:
        self._choices.turn(step)

    async def enter(self) -> None:
        watch = self.gear.watch
        before = watch.state.findings
        order = await watch.finish_order(self._which, self._used, clean_area=self._clean)
        self.terminal.replace(ConfirmPage(self._which))
        corrected = order.finding in before and watch.state.findings is not before
        self.terminal.signal("ok")
        self.terminal.tell(self.say("orders.told_done_corrected" if corrected else "orders.told_done"))


class CountPage(Page):
    """How many of one part."""

    def __init__(self, supply: Supply, used: dict[str, int]) -> None:
        super().__init__()
        self._supply = supply
        self._used = used
        self._count = Digits(limit=3)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.count_title"), clock(self.gear.watch.now()), width), ()]
        rows += paragraph(self._supply.text.say(self.lang), "key", width)
        return [*rows, (), field("", self._count, self._supply.unit.say(self.lang))]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("orders.count_key")), self.back_key)

    async def digit(self, key: str) -> None:
        if key.isdigit():
            self._count = self._count.press(key)

    async def back(self) -> None:
        if self._count.empty:
            self.terminal.close(self)
        else:
            self._count = self._count.rub()

    async def enter(self) -> None:
        self._used[self._supply.id] = int(self._count.typed or "0")
        self.terminal.close(self)


class ConfirmPage(ListPage[Confirmed]):
    """What the customer says (D44)."""

    def __init__(self, order: str) -> None:
        super().__init__(orders.CONFIRMED)
        self._which = order

    def head(self) -> tuple[str, str]:
        return self.say("orders.confirm_title"), clock(self.gear.watch.now())

    def item(self, how: Confirmed) -> str:
        return self.say(f"orders.how_{how}")

    async def chosen(self, how: Confirmed) -> None:
        if how in orders.NEEDS_VALUE:
            self.terminal.open(ValuePage(self._which, how))
        else:
            await confirm(self, self._which, how)


class ValuePage(Page):
    """The digits of a code or of a paper slip."""

    def __init__(self, order: str, how: Confirmed) -> None:
        super().__init__()
        self._which = order
        self._how = how
        self._value = Digits(limit=VALUE_MOST)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.confirm_title"), clock(self.gear.watch.now()), width), ()]
        return [*rows, field(self.say(f"orders.value_{self._how}"), self._value)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("orders.value_key")), self.back_key)

    async def digit(self, key: str) -> None:
        if key.isdigit():
            self._value = self._value.press(key)

    async def back(self) -> None:
        if self._value.empty:
            self.terminal.close(self)
        else:
            self._value = self._value.rub()

    async def enter(self) -> None:
        await confirm(self, self._which, self._how, self._value.typed)


async def confirm(page: Page, order: str, how: Confirmed, value: str = "") -> None:
    """It ends here; back to the order."""
    closed = await page.gear.watch.confirm_order(order, how, value)
    page.terminal.down_to(OrderPage)
    page.terminal.signal("mark" if closed.visit else "ok")
    page.terminal.tell(page.say("orders.closed_visit" if closed.visit else "orders.closed"))


class PostponePage(ListPage[str]):
    def __init__(self, order: str) -> None:
        super().__init__(POSTPONES)
        self._which = order

    def head(self) -> tuple[str, str]:
        return self.say("orders.later_title"), clock(self.gear.watch.now())

    def item(self, reason: str) -> str:
        return self.say(f"orders.later_{reason}")

    async def chosen(self, reason: str) -> None:
        self.terminal.replace(DelayPage(self._which, reason))


class DelayPage(ListPage[str]):
    def __init__(self, order: str, reason: str) -> None:
        super().__init__(DELAYS)
        self._which = order
        self._reason = reason

    def head(self) -> tuple[str, str]:
        return self.say("orders.delay_title"), clock(self.gear.watch.now())

    def item(self, by: str) -> str:
        order = self.gear.watch.state.orders.get(self._which)
        return by if order is None else due_words(self, self.gear.watch.postponed_to(order, by))

    async def chosen(self, by: str) -> None:
        order = await self.gear.watch.postpone_order(self._which, self._reason, by)
        self.terminal.close(self)
        self.terminal.signal("mark")
        self.terminal.tell(self.say("orders.told_postponed", due=due_words(self, order.due)), "mark")


class ReopenPage(ListPage[str]):
    def __init__(self, order: str) -> None:
        super().__init__(REOPENS)
        self._which = order

    def head(self) -> tuple[str, str]:
        return self.say("orders.reopen_title"), clock(self.gear.watch.now())

    def item(self, reason: str) -> str:
        return self.say(f"orders.reopen_{reason}")

    async def chosen(self, reason: str) -> None:
        order = await self.gear.watch.reopen_order(self._which, reason)
        self.terminal.close(self)
        self.terminal.signal("mark")
        self.terminal.tell(self.say("orders.told_reopened", due=due_words(self, order.due)), "mark")
