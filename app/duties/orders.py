"""Work orders 工单: from whoever took the matter to the customer who confirms it (D30-D33, D37, D44).

One order is a value; each step gives the next one or says why not. Whoever received it first stays responsible
(首接责任制, D32) whatever happens later. Time limits come from the plan; a promise is postponed once, never twice.
"""

from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace


class Stage(StrEnum):
    """Where an order stands. Words: app.words.orders `stage_…`."""

    TAKEN = "taken"
    """Somebody received it (对讲机接单, 报修, 问题转单); nobody goes yet."""
    ACCEPTED = "accepted"
    GOING = "going"
    """On the way: the first contact of D31 ends here."""
    ARRIVED = "arrived"
    DONE = "done"
    """Work finished and the area clean; the customer has not confirmed."""
    CLOSED = "closed"


Origin = Literal["radio", "finding", "desk", "person"]
"""How it came: by radio, from a finding, from the desk, from somebody on the spot."""
ORIGINS: Final[tuple[Origin, ...]] = ("radio", "finding", "desk", "person")
Confirmed = Literal["code", "paper", "absent", "refused", "phone"]
"""How the customer confirms (D44): a code, the number of a paper slip; is absent; refuses; was called back, by the
last four digits of that telephone (D65)."""
CONFIRMED: Final[tuple[Confirmed, ...]] = ("code", "paper", "absent", "refused", "phone")
NEEDS_VALUE: Final = ("code", "paper", "phone")
VISITS: Final = ("phone", "home")
"""How a return visit is made. Words: app.words.cases `visit_…`."""
ROOM_MOST: Final = 12
VALUE_MOST: Final = 12
"""Digits of a code or of a slip's number."""
POSTPONES: Final = ("part", "customer", "maker", "weather")
"""Why a promise is postponed. Words: app.words.orders `later_…`."""
DELAYS: Final = ("1d", "2d", "3wd", "7wd")
"""By how much, as app.duties.findings reads it."""
REOPENS: Final = ("again", "not-done", "not-clean", "customer")
"""Why it was not right after all. Words: `reopen_…`."""


class Why(StrEnum):
    """Why a step is not taken. Words: app.words.orders `why_…`."""

    CLOSED = "closed"
    TOO_EARLY = "too-early"
    """An earlier step is missing."""
    AGAIN = "again"
    """The step was taken already."""
    POSTPONED_TWICE = "postponed-twice"
    NOT_LATER = "not-later"
    """Postponing must move the limit later."""
    NO_REASON = "no-reason"
    NO_VALUE = "no-value"
    """Confirming by code or slip needs its digits."""


class Part(Struct, frozen=True):
    """A spare part or consumable that was used (D37)."""

    item: str
    """Id of the plan's list of parts."""
    count: int


class Order(Struct, frozen=True):
    id: str
    """`book:seq` of its first record (decision 21)."""
    origin: str
    category: str
    phrase: str
    words: str
    """As the receiver saw it."""
    at: int
    """Received, UTC ms."""
    receiver: str
    """Person id of whoever received it first and stays responsible."""
    to: str
    """Role whose turn it is."""
    respond: int | None
    """Somebody is to be there by then, UTC ms; None when only the end counts."""
    due: int
    """To be done by then, UTC ms."""
    point: str | None = None
    room: str = ""
    """Room or flat number, digits and dashes; no names (D44)."""
    finding: str | None = None
    asset: str | None = None
    urgent: bool = False
    stage: Stage = Stage.TAKEN
    worker: str | None = None
    """Who accepted it."""
    accepted: int | None = None
    going: int | None = None
    arrived: int | None = None
    proved: bool = False
    """Arriving was proved by the point's tag or label."""
    done: int | None = None
    closed: int | None = None
    postponed: int = 0
    """How often the limit was moved."""
    parts: tuple[Part, ...] = ()
    confirmed: str = ""
    """Of CONFIRMED."""
    visit: bool = False
    """A return visit is asked for (回访, D33)."""
    reopened: int = 0
    photos: int = 0
    contact: int | None = None
    """Somebody is to be on the way by then, UTC ms (三分钟服务承诺, D31); None when only the rest counts."""
    request: str | None = None
    """Id of the resident's message that it was made from."""
    assigned: str | None = None
    """Whom the desk gave it to; None: whoever of the role, or of the post."""
    post: str | None = None
    """The post that the desk gave it to."""
    phone: str = ""
    """Last four digits of the telephone that is called back (D44)."""
    complaint: bool = False
    """投诉: an urgent one is a serious one (D33)."""
    visited: int | None = None
    """When the customer was called on afterwards, UTC ms (D33)."""
    satisfied: bool | None = None
    """What they said then."""
    valid: bool | None = None
    """Whether a complaint was one, as whoever called back judged it (有效投诉, D62); None while nobody has."""


Step = Order | Why
"""The order after a step, or why it was not taken."""

_RANK: Final = {stage: rank for rank, stage in enumerate(Stage)}


def accept(order: Order, worker: str, at: int) -> Step:
    """Whoever accepts does it; somebody else may take over until the work is done."""
    if _RANK[order.stage] >= _RANK[Stage.DONE]:
        return _over(order)
    if order.worker == worker and order.stage is not Stage.TAKEN:
        return Why.AGAIN
    stage = Stage.ACCEPTED if order.stage is Stage.TAKEN else order.stage
    return replace(order, stage=stage, worker=worker, accepted=order.accepted or at)


def go(order: Order, at: int) -> Step:
    return _on(order, Stage.ACCEPTED, Stage.GOING, going=at)


def arrive(order: Order, at: int, *, proved: bool) -> Step:
    """Being there; `proved` by the tag or label of the order's point. Saying "on the way" may have been left out."""
    if order.stage is Stage.ACCEPTED:
        order = replace(order, stage=Stage.GOING, going=at)
    return _on(order, Stage.GOING, Stage.ARRIVED, arrived=at, proved=proved)


def finish(order: Order, at: int, parts: tuple[Part, ...] = ()) -> Step:
    """Work done and the area left clean (D30)."""
    return _on(order, Stage.ARRIVED, Stage.DONE, done=at, parts=(*order.parts, *parts))


def confirm(order: Order, how: Confirmed, at: int, value: str = "") -> Step:
    """The customer's word ends it. One who is absent or refuses is called back (D33)."""
    if how in NEEDS_VALUE and not value:
        return Why.NO_VALUE
    visit = order.visit or how not in NEEDS_VALUE
    return _on(order, Stage.DONE, Stage.CLOSED, closed=at, confirmed=how, visit=visit)


def postpone(order: Order, due: int, reason: str) -> Step:
    """Once, later, and with a reason (D32)."""
    if _RANK[order.stage] >= _RANK[Stage.DONE]:
        return _over(order)
    if not reason:
        return Why.NO_REASON
    if order.postponed:
        return Why.POSTPONED_TWICE
    return replace(order, due=due, postponed=1) if due > order.due else Why.NOT_LATER


def reopen(order: Order, due: int, reason: str) -> Step:
    """It was not right after all: the same receiver, nobody's work yet. Its limit is a new one; those of being there
    are over."""
    if order.stage not in (Stage.DONE, Stage.CLOSED):
        return Why.TOO_EARLY
    if not reason:
        return Why.NO_REASON
    return replace(
        order, stage=Stage.TAKEN, worker=None, accepted=None, going=None, arrived=None, proved=False, done=None,
        closed=None, confirmed="", due=max(due, order.due), respond=None, contact=None, reopened=order.reopened + 1,
        visited=None, satisfied=None,
    )  # fmt: skip


def ask_visit(order: Order) -> Step:
    return Why.AGAIN if order.visit else replace(order, visit=True)


def visited(order: Order, at: int, *, satisfied: bool, valid: bool | None = None) -> Step:
    """The customer was called on once the work was done (回访, D33), and again when not satisfied."""
    if order.stage not in (Stage.DONE, Stage.CLOSED):
        return Why.TOO_EARLY
    if order.satisfied:
        return Why.AGAIN
    return replace(order, visited=at, satisfied=satisfied, valid=order.valid if valid is None else valid)


def dispatch(order: Order, to: str, person: str | None = None, post: str | None = None) -> Step:
    """派单: to a role, and of that to one person or post; who had it gives it up. The receiver stays the same (D32)."""
    if _RANK[order.stage] >= _RANK[Stage.DONE]:
        return _over(order)
    if (to, person, post) == (order.to, order.assigned, order.post):
        return Why.AGAIN
    given = replace(order, to=to, assigned=person, post=post)
    if order.worker is None or order.worker == person:
        return given
    return replace(given, stage=Stage.TAKEN, worker=None, accepted=None, going=None, arrived=None, proved=False)


class Clock(Struct, frozen=True):
    """What is running out, for the countdown on a list."""

    what: Literal["contact", "respond", "due", "none"]
    left_ms: int
    """Negative when it is over."""


def clock(order: Order, at: int) -> Clock:
    """First until somebody is on the way, then until somebody is there, then until it is done."""
    if order.stage in (Stage.DONE, Stage.CLOSED):
        return Clock("none", 0)
    if order.contact is not None and order.stage in (Stage.TAKEN, Stage.ACCEPTED):
        return Clock("contact", order.contact - at)
    if order.respond is not None and order.arrived is None:
        return Clock("respond", order.respond - at)
    return Clock("due", order.due - at)


def urgency(order: Order, at: int) -> tuple[bool, int]:
    """What to do first: sorts a list of open orders."""
    return order.stage in (Stage.DONE, Stage.CLOSED), clock(order, at).left_ms


def provable(order: Order, point: str | None, *, old: bool = False) -> bool:
    """Whether a label of `point` proves being there; `old` is one that was replaced."""
    return point is not None and point == order.point and not old


def in_time(order: Order) -> bool | None:
    """Whether it was done by its limit (及时); None while it is not done."""
    return None if order.done is None else order.done <= order.due


def is_room(room: str) -> bool:
    """A room or flat number, `3-1-501`; empty is none (D44)."""
    return len(room) <= ROOM_MOST and all(part.isascii() and part.isdigit() for part in room.split("-") if room)


def _on(order: Order, before: Stage, after: Stage, **changed: object) -> Step:
    if order.stage is before:
        return replace(order, stage=after, **changed)
    if order.stage is Stage.CLOSED:
        return Why.CLOSED
    return Why.AGAIN if _RANK[order.stage] >= _RANK[after] else Why.TOO_EARLY


def _over(order: Order) -> Why:
    return Why.CLOSED if order.stage is Stage.CLOSED else Why.AGAIN
