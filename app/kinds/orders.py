"""Work orders 工单 as records: each step as it was taken, and the orders that follow from them (app.duties.orders)."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from app.duties import orders
from app.duties.orders import CONFIRMED, Confirmed, Order, Part, Step
from app.duties.site import Grade
from app.kinds.base import Attachment, Body
from app.kinds.evidence import Evidence
from app.kinds.share import Share
from app.record import Record

Orders = Mapping[str, Order]
"""Open ones and those closed within a day, by id."""
KEPT_MS: Final = 24 * 3600 * 1000
MOST: Final = 300


class OrderTaken(Body, frozen=True):
    origin: str
    """Of app.duties.orders.ORIGINS."""
    category: str
    phrase: str
    words: str
    """As the receiver saw it."""
    person: str
    """Who received it and stays responsible (首接责任制, D32)."""
    to: str
    """Role whose turn it is."""
    respond: int | None
    """Somebody is to be there by then, UTC ms."""
    due: int
    """To be done by then, UTC ms."""
    urgent: bool
    point: str | None = None
    room: str = ""
    finding: str | None = None
    """`book:seq` of the finding that it was made from."""
    asset: str | None = None
    contact: int | None = None
    """Somebody is to be on the way by then, UTC ms."""
    request: str | UnsetType = UNSET
    """`book:seq` of the resident's message that it was made from."""
    assigned: str | UnsetType = UNSET
    """Whom the desk gave it to; else whoever of the role, or of the post."""
    post: str | UnsetType = UNSET
    """The post that the desk gave it to."""
    phone: str | UnsetType = UNSET
    """Last four digits of the telephone that is called back (D44)."""
    complaint: bool | UnsetType = UNSET

    def order(self, id: str, at: int) -> Order:
        """The order itself, under the id of this record and its time, UTC ms."""
        return Order(
            id=id,
            origin=self.origin,
            category=self.category,
            phrase=self.phrase,
            words=self.words,
            at=at,
            receiver=self.person,
            to=self.to,
            respond=self.respond,
            due=self.due,
            point=self.point,
            room=self.room,
            finding=self.finding,
            asset=self.asset,
            urgent=self.urgent,
            contact=self.contact,
            request=self.request or None,
            assigned=self.assigned or None,
            post=self.post or None,
            phone=self.phone or "",
            complaint=self.complaint is True,
        )


class OrderAccepted(Body, frozen=True):
    order: str
    """`book:seq` of its order.taken, here and below."""
    person: str
    """Who does it."""
    saw: int | UnsetType = UNSET
    """How many records of the order the handheld knew, here and below."""


class OrderGoing(Body, frozen=True):
    order: str


class OrderArrived(Body, frozen=True):
    order: str
    point: str | None
    """Whose label was read; None when none was."""
    proved: bool
    """It is the order's own point, and its label is in use."""
    grade: Grade | None = None
    evidence: Evidence | UnsetType = UNSET
    proof: str | UnsetType = UNSET


class PartUsed(Struct, frozen=True):
    item: str
    count: int
    words: str
    """As the crew saw it."""


class OrderDone(Body, frozen=True):
    order: str
    parts: tuple[PartUsed, ...]
    clean: bool
    """The area was left clean (D30)."""
    late: bool
    """After its limit."""
    attachments: tuple[Attachment, ...] | UnsetType = UNSET
    """Photographs of how it is now."""


class OrderConfirmed(Body, frozen=True):
    order: str
    how: str
    """Of app.duties.orders.CONFIRMED."""
    value: str = ""
    """The code, or the number of the paper slip: digits, no names (D44)."""
    attachments: tuple[Attachment, ...] | UnsetType = UNSET
    """Photographs of the slip."""


class OrderPostponed(Body, frozen=True):
    order: str
    due: int
    reason: str
    words: str
    saw: int | UnsetType = UNSET


class OrderReopened(Body, frozen=True):
    order: str
    due: int
    reason: str
    words: str


class OrderVisit(Body, frozen=True):
    """A return visit is asked for (D33)."""

    order: str


class OrderVisited(Body, frozen=True):
    """The customer was called on afterwards (D33)."""

    order: str
    how: str
    """Of app.duties.orders.VISITS."""
    satisfied: bool
    words: str = ""
    valid: bool | None = None
    """Of a complaint, whether it was one."""


class OrderDispatched(Body, frozen=True):
    """派单: the desk gives it to somebody; who had it before gives it up."""

    order: str
    to: str
    """Role whose turn it is."""
    person: str | None = None
    post: str | None = None
    words: str = ""


class OrderPhotographed(Body, frozen=True):
    """Photographs taken while the order is under way."""

    order: str
    attachments: tuple[Attachment, ...]


def taken(before: Orders, record: Record, body: OrderTaken, book: str) -> Orders:
    return _with(before, body.order(f"{book}:{record.seq}", record.at), record.at)


def accepted(before: Orders, record: Record, body: OrderAccepted, book: str) -> Orders:
    return _next(before, body.order, record, lambda order: orders.accept(order, body.person, record.at))


def going(before: Orders, record: Record, body: OrderGoing, book: str) -> Orders:
    return _next(before, body.order, record, lambda order: orders.go(order, record.at))


def arrived(before: Orders, record: Record, body: OrderArrived, book: str) -> Orders:
    return _next(before, body.order, record, lambda order: orders.arrive(order, record.at, proved=body.proved))


def done(before: Orders, record: Record, body: OrderDone, book: str) -> Orders:
    parts = tuple(Part(used.item, used.count) for used in body.parts)
    return _next(
        before, body.order, record, lambda order: _seen(orders.finish(order, record.at, parts), body.attachments)
    )


def confirmed(before: Orders, record: Record, body: OrderConfirmed, book: str) -> Orders:
    how: Confirmed | None = next((each for each in CONFIRMED if each == body.how), None)
    if how is None:
        return before

    def said(order: Order) -> Step:
        return _seen(orders.confirm(order, how, record.at, body.value), body.attachments)

    return _next(before, body.order, record, said)


def postponed(before: Orders, record: Record, body: OrderPostponed, book: str) -> Orders:
    return _next(before, body.order, record, lambda order: orders.postpone(order, body.due, body.reason))


def reopened(before: Orders, record: Record, body: OrderReopened, book: str) -> Orders:
    return _next(before, body.order, record, lambda order: orders.reopen(order, body.due, body.reason))


def visit(before: Orders, record: Record, body: OrderVisit, book: str) -> Orders:
    return _next(before, body.order, record, orders.ask_visit)


def visited(before: Orders, record: Record, body: OrderVisited, book: str) -> Orders:
    def said(order: Order) -> Step:
        return orders.visited(order, record.at, satisfied=body.satisfied, valid=body.valid)

    return _next(before, body.order, record, said)


def dispatched(before: Orders, record: Record, body: OrderDispatched, book: str) -> Orders:
    return _next(before, body.order, record, lambda order: orders.dispatch(order, body.to, body.person, body.post))


def photographed(before: Orders, record: Record, body: OrderPhotographed, book: str) -> Orders:
    return _next(before, body.order, record, lambda order: _seen(order, body.attachments))


def _seen(step: Step, more: tuple[Attachment, ...] | UnsetType) -> Step:
    return replace(step, photos=step.photos + len(more)) if more and isinstance(step, Order) else step


def _next(before: Orders, id: str, record: Record, step: Callable[[Order], Step]) -> Orders:
    """What is refused, or is about an order of nobody, changes nothing."""
    order = before.get(id)
    after = step(order) if order else None
    return _with(before, after, record.at) if isinstance(after, Order) else before


def _with(before: Orders, order: Order, at: int) -> Orders:
    """`order` as it is now, and the others as far as somebody still looks at them."""
    fresh = {id: each for id, each in before.items() if each.closed is None or each.closed > at - KEPT_MS}
    kept = {**fresh, order.id: order}
    while len(kept) > MOST:
        over = (id for id, each in kept.items() if each.closed is not None)
        del kept[next(over, next(iter(kept)))]
    return kept


ORDERS: Final[Share[Orders]] = Share(
    "orders",
    Orders,
    {},
    {
        OrderTaken: taken,
        OrderAccepted: accepted,
        OrderGoing: going,
        OrderArrived: arrived,
        OrderDone: done,
        OrderConfirmed: confirmed,
        OrderPostponed: postponed,
        OrderReopened: reopened,
        OrderVisit: visit,
        OrderVisited: visited,
        OrderDispatched: dispatched,
        OrderPhotographed: photographed,
    },
)
SHARE: Final = ORDERS
