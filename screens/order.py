"""One work order: its next step, being there, parts, the customer's word, postponing, reopening."""

from collections.abc import Sequence
from typing import Final

from app.duties import orders
from app.duties.days import millis
from app.duties.evidence import Near
from app.duties.orders import DELAYS, POSTPONES, REOPENS, Confirmed, Order, Stage
from app.duties.provisions import Supply
from app.duties.site import Point
from app.kinds.orders import ORDERS
from app.onsite import OnSite
from app.ports import Scan, Sighting
from app.work import VALUE_MOST, Work
from screens.choices import Choices, ListPage
from screens.layout import Line, Span, flow, line, paragraph, title
from screens.number import Digits, field
from screens.page import Page
from screens.photos import KEY, PhotosPage, Roll
from screens.posts import person_name
from screens.round import bar
from screens.times import clock, span
from screens.typed import TypedPage

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
TAKING: Final = ("accept", "over", "agree")
"""Steps by which one of the crew gets the order."""
CLEAN: Final = "clean"
"""A row that is turned over; no supply has that id."""


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


def followed_words(page: Page, followed: Sequence[Order]) -> str:
    """What the first receiver is told of orders that somebody else does (D32)."""
    order = followed[0]
    state = page.say(f"orders.stage_{order.stage}") if order.stage is Stage.DONE else left_of(page, order)
    return page.say("orders.followed", n=len(followed), words=order.words, state=state)


def is_late(page: Page, order: Order) -> bool:
    return orders.clock(order, millis(page.gear.watch.now())).left_ms < 0


def near_rows(page: Page, near: Near | None, width: int) -> list[Line]:
    """How near the beacon is that would show being there."""
    fault = page.terminal.radio.fault
    if fault:
        return []
    return [line(f"{page.say('round.near')} ", bar(near)), *paragraph(page.say("orders.stand"), "dim", width)]


def reached_words(page: Page, order: Order) -> Span:
    """What a label has shown of being there."""
    key = "orders.told_arrive" if order.proved else "orders.told_arrive_label"
    return page.say(key, place=place_of(page, order)), "ok" if order.proved else "mark"


class OrderPage(Page):
    """One order: Enter is its next step and says which; digits are the rest."""

    def __init__(self, order: str) -> None:
        super().__init__()
        self._which = order
        self._asked = False
        """Whether the label was asked for: a second press says that it cannot be read."""
        self._near: Near | None = None

    def on_mount(self) -> None:
        self.set_interval(MINUTE_S, self.show)

    @property
    def open_question(self) -> object:
        order = self._order
        return order and (order.stage, self._asked)

    @property
    def _order(self) -> Order | None:
        return self.gear.watch.state.share(ORDERS).get(self._which)

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        order = self._order
        head = title(self.say("orders.title"), clock(self.gear.watch.now()), width)
        if order is None:
            return [head, (), *paragraph(self.say("orders.gone"), "text", width)]
        rows = [head, (), *paragraph(order.words, "key", width)]
        rows += paragraph(self.say("orders.place", place=place_words(self, order)), "text", width)
        left = left_of(self, order)
        due = self.say("orders.due", due=self.day_of(order.due), left=left).rstrip()
        rows += paragraph(due, "mark" if is_late(self, order) else "text", width)
        rows += paragraph(self._received(order), "dim", width)
        rows += paragraph(self._whose(order), "dim", width)
        if both := Work.of(self.gear.watch).clash(self._which):
            names = self.say("orders.and").join(person_name(self, person) for person in both)
            rows += paragraph(self.say("orders.clash", names=names), "mark", width)
        rows += flow(self._standing(order), "text", width)
        if self.heads_for() is not None:
            rows += [(), *near_rows(self, self._near, width)]
        return [*rows, *(row for words in self._used(order) for row in paragraph(words, "dim", width))]

    def _received(self, order: Order) -> str:
        at = self.day_of(order.at)
        origin = self.say(f"orders.origin_{order.origin}")
        return self.say("orders.receiver", name=person_name(self, order.receiver), time=at, origin=origin)

    def _whose(self, order: Order) -> str:
        if order.worker is not None:
            return self.say("orders.worker", name=person_name(self, order.worker))
        if order.assigned is not None:
            return self.say("orders.to", role=person_name(self, order.assigned))
        post = self.gear.watch.find_post(order.post) if order.post else None
        return self.say("orders.to", role=post.name.say(self.lang) if post else self.say(f"finding.role_{order.to}"))

    def _standing(self, order: Order) -> list[str]:
        facts = [self.say("orders.state", stage=self.say(f"orders.stage_{order.stage}"))]
        told = (
            (order.urgent, "orders.urgent"),
            (order.complaint, "orders.complaint"),
            (order.proved, "orders.proved"),
            (order.postponed, "orders.postponed"),
            (order.visit, "orders.visit"),
        )
        facts += [self.say(key) for holds, key in told if holds]
        if order.phone:
            facts.append(self.say("orders.phone", digits=order.phone))
        if order.reopened:
            facts.append(self.say("orders.reopened", n=order.reopened))
        if order.photos:
            facts.append(self.say("photo.with", n=order.photos))
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

    def foot(self) -> Sequence[tuple[str, str]]:
        order = self._order
        if order is None:
            return (self.back_key,)
        step = self._step(order)
        in_vain = step in TAKING and not Work.of(self.gear.watch).may_accept(order)
        keys = [] if in_vain else [("Enter", self.say(f"orders.step_{step}"))]
        rest = [(key, name) for key, name in self._rest(order) if name != "postpone" or not order.postponed]
        keys += [(key, self.say(f"orders.key_{name}")) for key, name in rest]
        return (*keys, self.back_key, self.menu_key)

    def _step(self, order: Order) -> str:
        """What comes next, of the words `step_…`."""
        if order.stage not in (Stage.DONE, Stage.CLOSED) and Work.of(self.gear.watch).clash(order.id):
            return "agree"
        if order.stage in (Stage.DONE, Stage.CLOSED) or order.worker is None or Work.of(self.gear.watch).is_ours(order):
            return STEPS[order.stage]
        return "over"

    def _rest(self, order: Order) -> list[tuple[str, str]]:
        over = order.stage in (Stage.DONE, Stage.CLOSED)
        there = order.stage is Stage.ACCEPTED and Work.of(self.gear.watch).is_ours(order)
        ours = Work.of(self.gear.watch).is_ours(order)
        told = (
            (there, "1", "arrive"),
            (not over, "2", "postpone"),
            (not order.visit, "3", "visit"),
            (over, "4", "reopen"),
            (ours and not over, "9", "photo"),
        )
        return [(key, name) for holds, key, name in told if holds]

    # -- keys ----------------------------------------------------------------------------------
    async def enter(self) -> None:
        order, watch = self._order, self.gear.watch
        step = self._step(order) if order else "ok"
        match step:
            case _ if step in TAKING:
                await Work.of(watch).accept_order(self._which)
                self._told("orders.told_accept")
            case "go":
                await Work.of(watch).go_to_order(self._which)
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
                Work.of(self.gear.watch).may_postpone(order)
                self.terminal.open(PostponePage(self._which))
            case "visit":
                await Work.of(self.gear.watch).ask_visit(self._which)
                self._told("orders.told_visit")
            case "reopen":
                self.terminal.open(ReopenPage(self._which))
            case "photo":
                self._photograph()

    def _photograph(self) -> None:
        """How it looked before the work."""

        async def keep(photos: Sequence[bytes]) -> None:
            await Work.of(self.gear.watch).photograph_order(self._which, photos)

        self.terminal.open(PhotosPage(Roll(), keep))

    async def _arrive(self) -> None:
        """On the crew's word, once the label was asked for where there is one."""
        order = self._order
        point = self.gear.watch.plan.find_point(order.point) if order and order.point else None
        if point is not None and point.label and not self._asked:
            self._asked = True
            self.terminal.signal("mark")
            self.terminal.tell(self.say("orders.scan_first", place=point.name.say(self.lang)), "mark")
            return
        await Work.of(self.gear.watch).arrive_at_order(self._which)
        self.terminal.signal("mark" if point else "ok")
        self.terminal.tell(self.say("orders.told_arrive_unproved"), "mark" if point else "ok")

    def heads_for(self) -> Point | None:
        order = self._order
        return OnSite.of(self.gear.watch).point_of_order(order) if order else None

    async def sighted(self, sighting: Sighting) -> None:
        """The beacon of the order's point, heard long enough, is being there."""
        self._near, arrived = await OnSite.of(self.gear.watch).near_order(self._which, sighting)
        if arrived is not None:
            words, role = reached_words(self, arrived)
            self.terminal.signal(role)
            self.terminal.tell(words, role)
        self.show()

    async def scanned(self, scan: Scan) -> bool:
        order = self._order
        point = Work.of(self.gear.watch).point_read(scan)
        coming = order is not None and order.stage in (Stage.ACCEPTED, Stage.GOING)
        if order is None or point is None or not coming or not Work.of(self.gear.watch).is_ours(order):
            return False
        if order.point == point.id:
            return False  # being there is proved wherever the crew looks, and may be a stop of its round besides
        if order.point is not None:
            self.terminal.signal("bad")
            self.terminal.tell(self.say("orders.wrong_label", place=point.name.say(self.lang)), "bad")
            return True
        await Work.of(self.gear.watch).arrive_at_order(self._which, scan)
        words, role = self.say("orders.told_arrive_label", place=point.name.say(self.lang)), "ok"
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
        self._roll = Roll()
        self._choices: Choices[Supply | str] = Choices((CLEAN, *supplies), self._row, most=8)

    def on_unmount(self) -> None:
        self._roll.stop()

    def _row(self, row: Supply | str) -> str:
        if isinstance(row, str):
            return self.say("orders.clean_row", now=self.say("orders.clean_yes" if self._clean else "orders.clean_no"))
        words, count = row.text.say(self.lang), self._used.get(row.id, 0)
        if not count:
            return self.say("orders.supply", words=words)
        return self.say("orders.supply_used", words=words, n=count, unit=row.unit.say(self.lang)).rstrip()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.done_title"), clock(self.gear.watch.now()), width), ()]
        seen = paragraph(self._roll.said(self), "key", width)
        return [*rows, *self._choices.draw(width, height - len(rows) - len(seen), self.more), *seen]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("orders.done_key")), self._roll.key(self), self.back_key)

    async def digit(self, key: str) -> None:
        if key == KEY:
            self._roll.press(self)
            return
        row = self._choices.pick(key)
        if isinstance(row, str):
            self._clean = not self._clean
        elif row is not None:
            self.terminal.open(CountPage(row, self._used))

    async def move(self, step: int) -> None:
        self._choices.turn(step)

    async def enter(self) -> None:
        watch = self.gear.watch
        if self._roll.is_waited_for(self):
            return
        before = watch.state.findings
        work, seen = Work.of(watch), self._roll.data
        order = await work.finish_order(self._which, self._used, clean_area=self._clean, photos=seen)
        self.terminal.replace(ConfirmPage(self._which))
        corrected = order.finding in before and watch.state.findings is not before
        self.terminal.signal("ok")
        self.terminal.tell(self.say("orders.told_done_corrected" if corrected else "orders.told_done"))


class CountPage(TypedPage):
    """How many of one part."""

    def __init__(self, supply: Supply, used: dict[str, int]) -> None:
        super().__init__(Digits(limit=3))
        self._supply = supply
        self._used = used

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.count_title"), clock(self.gear.watch.now()), width), ()]
        rows += paragraph(self._supply.text.say(self.lang), "key", width)
        return [*rows, (), field("", self.typed, self._supply.unit.say(self.lang))]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("orders.count_key")), self.back_key)

    async def enter(self) -> None:
        self._used[self._supply.id] = int(self.typed.typed or "0")
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


class ValuePage(TypedPage):
    """The digits of a code or of a paper slip."""

    def __init__(self, order: str, how: Confirmed) -> None:
        super().__init__(Digits(limit=VALUE_MOST))
        self._which = order
        self._how = how

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.confirm_title"), clock(self.gear.watch.now()), width), ()]
        return [*rows, field(self.say(f"orders.value_{self._how}"), self.typed)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (("Enter", self.say("orders.value_key")), self.back_key)

    async def enter(self) -> None:
        value = self.typed.typed
        if self._how == "paper" and value:
            self.terminal.open(SlipPage(self._which, value))
        else:
            await confirm(self, self._which, self._how, value)


class SlipPage(Page):
    """The paper slip that the customer signed: its number, and a photograph of it (D44)."""

    def __init__(self, order: str, number: str) -> None:
        super().__init__()
        self._which = order
        self._number = number
        self._roll = Roll()

    def on_unmount(self) -> None:
        self._roll.stop()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.confirm_title"), clock(self.gear.watch.now()), width), ()]
        rows += paragraph(self.say("orders.slip", number=self._number), "key", width)
        return [*rows, (), *paragraph(self._roll.said(self) or self.say("orders.slip_photo"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        save = "orders.slip_with" if self._roll.photos else "orders.slip_without"
        return (("Enter", self.say(save)), self._roll.key(self), self.back_key)

    async def digit(self, key: str) -> None:
        if key == KEY:
            self._roll.press(self)

    async def enter(self) -> None:
        if not self._roll.is_waited_for(self):
            await confirm(self, self._which, "paper", self._number, self._roll.data)


async def confirm(page: Page, order: str, how: Confirmed, value: str = "", photos: Sequence[bytes] = ()) -> None:
    """It ends here; back to the order."""
    closed = await Work.of(page.gear.watch).confirm_order(order, how, value, photos=photos)
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
        order = self.gear.watch.state.share(ORDERS).get(self._which)
        return by if order is None else self.day_of(Work.of(self.gear.watch).postponed_to(order, by))

    async def chosen(self, by: str) -> None:
        order = await Work.of(self.gear.watch).postpone_order(self._which, self._reason, by)
        self.terminal.close(self)
        self.terminal.signal("mark")
        self.terminal.tell(self.say("orders.told_postponed", due=self.day_of(order.due)), "mark")


class ReopenPage(ListPage[str]):
    def __init__(self, order: str) -> None:
        super().__init__(REOPENS)
        self._which = order

    def head(self) -> tuple[str, str]:
        return self.say("orders.reopen_title"), clock(self.gear.watch.now())

    def item(self, reason: str) -> str:
        return self.say(f"orders.reopen_{reason}")

    async def chosen(self, reason: str) -> None:
        order = await Work.of(self.gear.watch).reopen_order(self._which, reason)
        self.terminal.close(self)
        self.terminal.signal("mark")
        self.terminal.tell(self.say("orders.told_reopened", due=self.day_of(order.due)), "mark")
