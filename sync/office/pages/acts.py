"""What somebody at the desk or a supervisor does about an order, a finding or a request: from a form to records of the
office's own book (D32-D34, D65).

Nothing here is decided otherwise than on a handheld: app.duties says whether a step is taken, and why not.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from msgspec import UNSET, Struct
from msgspec.structs import replace

from app.duties import findings, orders, requests
from app.duties.days import local_time, millis
from app.duties.orders import CONFIRMED, DELAYS, POSTPONES, REOPENS, VALUE_MOST, VISITS, Order, Step, is_room
from app.duties.requests import Request
from app.duties.site import Category, Phrase, Plan
from app.errors import NotAllowed
from app.kinds.base import Body
from app.kinds.orders import (
    OrderConfirmed,
    OrderDispatched,
    OrderPostponed,
    OrderReopened,
    OrderTaken,
    OrderVisit,
    OrderVisited,
)
from app.kinds.requests import RequestClosed, RequestReceived
from app.text import clean
from app.words import say
from sync.office.pages.view import Asked
from sync.office.places import Places

WORDS_MOST: Final = 200
MORE: Final = ": "
"""Between what the plan calls a matter and what the desk writes besides."""

Form = Mapping[str, str]


class At(Struct, frozen=True):
    """Where and when somebody acts, and in which language."""

    plan: Plan
    by: str
    """The account's person."""
    now: int
    """UTC ms."""
    lang: str

    @property
    def local(self) -> datetime:
        return local_time(self.now, Places(self.lang, self.plan, {}).zone)

    def limit(self, category: Category, *, urgent: bool) -> int:
        return millis(findings.due_of(category, self.local, self.plan.calendar, urgent=urgent))

    def later(self, by: str, due: int) -> int:
        """The limit after postponing: from the promised time, or from now when that is over."""
        if by not in DELAYS:
            raise NotAllowed("watch.unknown_reason")
        try:
            start = local_time(max(self.now, due), Places(self.lang, self.plan, {}).zone)
            return millis(findings.due(by, start, self.plan.calendar))
        except (ValueError, OverflowError, OSError):  # a handheld may have promised any time
            raise NotAllowed("cases.bad_limit") from None


class To(Struct, frozen=True):
    """Whom something is given to."""

    role: str
    person: str | None = None
    post: str | None = None


def person_of(request: Asked) -> str:
    """Who acts. Raises NotAllowed for an account that stands for nobody."""
    person: str | None = request.state.session.person
    if not person:
        raise NotAllowed("office.desk_nobody")
    return person


def to_whom(plan: Plan, text: str, usual: str) -> To:
    """`role:ID`, `person:ID`, `post:ID`; empty: the usual role. Raises NotAllowed for what the plan has not."""
    kind, _, id = text.partition(":")
    if not text:
        return To(usual)
    if kind == "role" and any(id in grant.roles for grant in plan.grants):
        return To(id)
    if kind == "person" and (role := plan.role_of(id)):
        return To(role, person=id)
    post = next((each for each in plan.posts if kind == "post" and each.id == id), None)
    if post is not None and post.roles:
        return To(post.roles[0], post=id)
    raise NotAllowed("cases.nobody_there")


def matter(plan: Plan, text: str) -> tuple[Category, Phrase]:
    """`CATEGORY/PHRASE` of the plan. Raises NotAllowed for anything else."""
    name, _, phrase = text.partition("/")
    category = plan.find_category(name)
    said = findings.phrase_of(category, phrase) if category else None
    if category is None or said is None:
        raise NotAllowed("watch.unknown_phrase")
    return category, said


# -- the desk ------------------------------------------------------------------------------------


def receive(form: Form, at: At) -> list[Body]:
    """What somebody on the telephone or at the counter asks for: an order at once, an answer, or kept for later."""
    category, said = matter(at.plan, form.get("matter", ""))
    how = form.get("how", "")
    if how not in requests.HOWS[:2]:
        raise NotAllowed("office.desk_unknown")
    words = words_of(category, said, form.get("words", ""), at)
    room, point, phone = _where(form, at)
    if form.get("to", "") not in ("answer", "wait"):
        order = ordered(form, at, category, said, words)
        return [replace(order, room=room, point=point, phone=phone or UNSET)]
    reply = needed(form.get("reply", ""), "cases.reply_needed") if form["to"] == "answer" else ""
    due = millis(requests.due_of(category, at.local, at.plan.calendar))
    end = "answered" if reply else ""
    return [RequestReceived(how, category.id, said.id, words, due, point, None, room, phone, UNSET, end, reply)]


def on_request(request: Request, form: Form, at: At) -> list[Body]:
    """A request that waits becomes an order, or is over. Raises NotAllowed once it is over."""
    end = form.get("what", "")
    reply = clean(form.get("reply", "").strip(), WORDS_MOST)
    if requests.close(request, at.now, end, reply, at.by) is None:
        raise NotAllowed("cases.request_over")
    if end != "order":
        needed(reply, "cases.reply_needed")
        return [RequestClosed(request.id, end, reply)]
    category, said = matter(at.plan, form.get("matter", ""))
    words = words_of(category, said, form.get("words", ""), at)
    taken = replace(
        ordered(form, at, category, said, words),
        room=request.room,
        point=request.point,
        phone=request.phone or UNSET,
        asset=request.asset,
        request=request.id,
    )
    return [taken, RequestClosed(request.id, "order")]


def ordered(form: Form, at: At, category: Category, said: Phrase, words: str) -> OrderTaken:
    """The order of the desk; where, and what it comes from, is for the caller to add."""
    to, urgent = to_whom(at.plan, form.get("to", ""), category.to), bool(form.get("urgent"))
    contact = at.plan.settings.contact_min
    respond = findings.due(category.respond, at.local, at.plan.calendar) if category.respond else None
    return OrderTaken(
        origin="desk",
        category=category.id,
        phrase=said.id,
        words=words,
        person=at.by,
        to=to.role,
        respond=millis(respond) if respond else None,
        due=at.limit(category, urgent=urgent),
        urgent=urgent,
        contact=at.now + contact * 60_000 if contact else None,
        assigned=to.person or UNSET,
        post=to.post or UNSET,
        complaint=True if form.get("complaint") else UNSET,
    )


def words_of(category: Category, said: Phrase, more: str, at: At) -> str:
    words = f"{category.text.say(at.lang)} {said.text.say(at.lang)}"
    return clean(f"{words}{MORE}{more.strip()}" if more.strip() else words, WORDS_MOST)


def _where(form: Form, at: At) -> tuple[str, str | None, str]:
    """Room, point and the telephone's last digits. Raises NotAllowed for what is none."""
    room, phone, point = (form.get(name, "").strip() for name in ("room", "phone", "point"))
    if not is_room(room):
        raise NotAllowed("orders.bad_room")
    if not requests.is_phone(phone):
        raise NotAllowed("cases.bad_phone")
    if point and at.plan.find_point(point) is None:
        raise NotAllowed("office.desk_unknown")
    return room, point or None, phone


# -- orders --------------------------------------------------------------------------------------


def on_order(order: Order, form: Form, at: At) -> list[Body]:
    """The step that the form asks for. Raises NotAllowed with the reason it is not taken."""
    step = _ORDER_STEPS.get(form.get("what", ""))
    if step is None:
        raise NotAllowed("office.desk_unknown")
    return [step(order, form, at)]


def _dispatch(order: Order, form: Form, at: At) -> Body:
    to = to_whom(at.plan, form.get("to", ""), order.to)
    _may(orders.dispatch(order, to.role, to.person, to.post))
    return OrderDispatched(order.id, to.role, to.person, to.post, clean(form.get("words", "").strip(), WORDS_MOST))


def _postpone(order: Order, form: Form, at: At) -> Body:
    reason, due = form.get("reason", ""), at.later(form.get("by", ""), order.due)
    if reason not in POSTPONES:
        raise NotAllowed("watch.unknown_reason")
    _may(orders.postpone(order, due, reason))
    return OrderPostponed(order.id, due, reason, say(at.lang, f"orders.later_{reason}"))


def _confirm(order: Order, form: Form, at: At) -> Body:
    """What the customer says to it when called back, or on the slip that lies here."""
    how = next((each for each in CONFIRMED if each == form.get("how")), None)
    if how is None:
        raise NotAllowed("office.desk_unknown")
    typed = form.get("value", "").strip()
    value = typed[:VALUE_MOST] if how in orders.NEEDS_VALUE and typed.isascii() and typed.isdigit() else ""
    _may(orders.confirm(order, how, at.now, value))
    return OrderConfirmed(order.id, how, value)


def reopen(order: Order, form: Form, at: At) -> Body:
    reason, category = form.get("reason", ""), at.plan.find_category(order.category)
    if reason not in REOPENS:
        raise NotAllowed("watch.unknown_reason")
    due = at.limit(category, urgent=order.urgent) if category else order.due
    _may(orders.reopen(order, max(due, order.due), reason))
    return OrderReopened(order.id, max(due, order.due), reason, say(at.lang, f"orders.reopen_{reason}"))


def _ask_visit(order: Order, form: Form, at: At) -> Body:
    _may(orders.ask_visit(order))
    return OrderVisit(order.id)


def _visited(order: Order, form: Form, at: At) -> Body:
    """A return visit (D33); of a complaint also whether it was one."""
    how, satisfied = form.get("how", ""), form.get("satisfied") == "yes"
    if how not in VISITS or form.get("satisfied") not in ("yes", "no"):
        raise NotAllowed("office.desk_unknown")
    valid = {"yes": True, "no": False}.get(form.get("valid", "")) if order.complaint else None
    _may(orders.visited(order, at.now, satisfied=satisfied, valid=valid))
    return OrderVisited(order.id, how, satisfied, clean(form.get("words", "").strip(), WORDS_MOST), valid)


_ORDER_STEPS: Final[Mapping[str, Callable[[Order, Form, At], Body]]] = {
    "dispatch": _dispatch,
    "postpone": _postpone,
    "confirm": _confirm,
    "reopen": reopen,
    "visit": _ask_visit,
    "visited": _visited,
}


def _may(step: Step) -> Order:
    if isinstance(step, Order):
        return step
    raise NotAllowed(f"orders.why_{step}")


# -- what forms say -----------------------------------------------------------------------------


def needed(text: str, key: str) -> str:
    """Cleaned words. Raises NotAllowed(key) where there are none."""
    words = clean(text.strip(), WORDS_MOST)
    if not words:
        raise NotAllowed(key)
    return words


def moment(text: str, at: At) -> int:
    """UTC ms of a local time as a form has it. Raises NotAllowed for what is none."""
    try:
        return millis(datetime.fromisoformat(text).replace(tzinfo=Places(at.lang, at.plan, {}).zone))
    except ValueError:
        raise NotAllowed("cases.bad_limit") from None
