"""The desk of the example month: what residents asked and were told, who was called back, what was to be put right, and
what waits there now. It goes by what the crews' records came to, so they must be folded.
"""

import random
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct
from sqlalchemy import Connection

from app.duties import findings, requests
from app.duties.days import local_time, millis
from app.duties.orders import Stage
from app.duties.site import Category, Plan
from app.kinds.base import Body
from app.kinds.findings import FindingNoticed
from app.kinds.orders import OrderConfirmed, OrderTaken, OrderVisited
from app.kinds.requests import Apart, RequestClosed, RequestReceived
from app.words import say
from sync.office.desk import Desk, apart_of
from sync.office.keys import OfficeKey
from sync.office.store import Store, cases, known
from sync.office.store.cases import CaseRow, Which
from sync.office.store.paging import Span
from sync.office.store.plans import site_plan

TOLD: Final = "example_desk/"
"""With a site's id behind it: the fact that its desk was told of."""
HOUR_MS: Final = 3600 * 1000
DAY_MS: Final = 24 * HOUR_MS
MOST: Final = 2000
CALLED_MS: Final = 5 * HOUR_MS
"""So long after the work the desk calls back."""
VISITED_PCT: Final = 38
PLEASED_PCT: Final = 94
NOTICED_MS: Final = 2 * HOUR_MS
QUESTIONS: Final = ("papers", "fees", "contact")
MESSAGES: Final = ("shed", "lamp", "door", "bulky")
"""What people write from a label's page: app.words.cases `example_message_…`."""
Ids = dict[str, str]


class Said(Struct, frozen=True):
    """One thing that the desk puts on record."""

    at: int
    by: str
    make: Callable[[Ids], Body]
    """From the ids of what was said before, by name."""
    name: str = ""
    apart: bytes = b""


class Ledger(Struct, frozen=True):
    plan: Plan
    orders: list[CaseRow]
    hazards: list[CaseRow]


async def tell(store: Store, key: OfficeKey, site: str, first: int, now: int, lang: str = "zh") -> None:
    """Record what the desk did from `first` until `now`, both UTC ms; once for a site."""
    ledger = await store.read(partial(_read, site=site, first=first, now=now))
    if ledger is None or await store.read(lambda tx: bool(known.get(tx, f"{TOLD}{site}"))):
        return
    await store.write(lambda tx: known.put(tx, f"{TOLD}{site}", str(now)))
    desk, ids = Desk(store, key), Ids()
    clerk, boss = (_somebody(ledger.plan, role) for role in ("desk", "supervisor"))
    dice = random.Random(f"desk {site}")  # noqa: S311 - a picture of a month, no secret
    told = [*_asked(ledger.plan, clerk, first, now, lang, dice), *_called(ledger.orders, clerk, now, dice)]
    told += [*_noticed(ledger, boss, now, lang), *_waiting(ledger.plan, clerk, now, lang)]
    for each in sorted(told, key=lambda each: each.at):
        ids[each.name] = await desk.say(site, each.make(ids), each.by, each.at, apart=each.apart)


def _read(tx: Connection, site: str, first: int, now: int) -> Ledger | None:
    plan, span = site_plan(tx, site), Span(first, now)
    if plan is None:
        return None
    orders = cases.listed(tx, (site,), Which(sorts=(cases.ORDER,), opened=span), most=MOST, oldest=True)
    hazards = cases.listed(tx, (site,), Which(sorts=(cases.HAZARD,), opened=span, fixed=False), most=MOST, oldest=True)
    return Ledger(plan, orders, hazards)


def _somebody(plan: Plan, role: str) -> str:
    found = next((grant.person for grant in plan.grants if role in grant.roles), "")
    return found or next(grant.person for grant in plan.grants)


def _asked(plan: Plan, clerk: str, first: int, now: int, lang: str, dice: random.Random) -> Iterator[Said]:
    """Questions answered at once, and messages from labels' pages that the desk answered within its half hour."""
    question = plan.find_category("question")
    points = [point.id for point in plan.points if point.label]
    for day, begins in enumerate(range(first, now - DAY_MS, DAY_MS)):
        at = begins + dice.randint(2 * HOUR_MS, 9 * HOUR_MS)
        if question is not None:
            yield Said(at, clerk, _answer(plan, question, QUESTIONS[day % len(QUESTIONS)], at, lang))
        if day % 3 == 1 and points:
            name, came = f"message-{day}", at + HOUR_MS
            yield _message(plan, dice.choice(points), MESSAGES[day // 3 % len(MESSAGES)], came, name, lang)
            end = "answered" if day % 2 else "again"
            yield Said(came + dice.randint(4, 28) * 60_000, clerk, _close(name, end, say(lang, f"cases.example_{end}")))


def _answer(plan: Plan, category: Category, phrase: str, at: int, lang: str) -> Callable[[Ids], Body]:
    said = findings.phrase_of(category, phrase)
    words = f"{category.text.say(lang)} {said.text.say(lang) if said else phrase}"
    reply = say(lang, f"cases.example_{phrase}")
    body = RequestReceived("phone", category.id, phrase, words, _due(plan, category, at), end="answered", reply=reply)
    return lambda _: body


def _message(plan: Plan, point: str, about: str, at: int, name: str, lang: str) -> Said:
    text = apart_of(say(lang, f"cases.example_message_{about}"))
    due, apart = _due(plan, None, at), Apart(sha256(text).hexdigest())
    body = RequestReceived("page", "", "", "", due, point, phone=f"{at // 60_000 % 10_000:04d}", text=apart)
    return Said(at, "", lambda _: body, name, text)


def _close(name: str, end: str, reply: str) -> Callable[[Ids], Body]:
    return lambda ids: RequestClosed(ids[name], end, reply)


def _due(plan: Plan, category: Category | None, at: int) -> int:
    return millis(requests.due_of(category, local_time(at, ZoneInfo(plan.site.zone)), plan.calendar))


def _called(orders: list[CaseRow], clerk: str, now: int, dice: random.Random) -> Iterator[Said]:
    """Customers of whom nobody has a word are called back; a share of all, and every serious complaint, called on."""
    for row in orders:
        if row.done_at is None or row.done_at + CALLED_MS > now:
            continue
        at, order = row.done_at + CALLED_MS, row.case
        if row.state == Stage.DONE:
            yield Said(at, clerk, _confirm(order, f"{dice.randint(0, 9999):04d}"))
        serious = row.complaint and row.urgent
        if (serious or row.visit or dice.random() * 100 < VISITED_PCT) and at + HOUR_MS < now:
            yield Said(at + HOUR_MS, clerk, _visit(order, pleased=dice.random() * 100 < PLEASED_PCT))


def _confirm(order: str, digits: str) -> Callable[[Ids], Body]:
    return lambda _: OrderConfirmed(order, "phone", digits)


def _visit(order: str, *, pleased: bool) -> Callable[[Ids], Body]:
    return lambda _: OrderVisited(order, "phone", pleased)


def _noticed(ledger: Ledger, boss: str, now: int, lang: str) -> Iterator[Said]:
    """A notice for each hazard that was not put right at once."""
    for row in ledger.hazards:
        at, right = row.opened_at + NOTICED_MS, row.done_at or now
        if at >= right:
            continue
        body = FindingNoticed(row.case, row.role or "fitter", at + 2 * DAY_MS, say(lang, "cases.example_demand"))
        yield Said(at, boss, _const(body))


def _const(body: Body) -> Callable[[Ids], Body]:
    return lambda _: body


def _waiting(plan: Plan, clerk: str, now: int, lang: str) -> Iterator[Said]:
    """What is at the desk now: a message that nobody has read, a complaint to be called back, two orders."""
    point = next((point.id for point in plan.points if point.label), None)
    if point is not None:
        yield _message(plan, point, MESSAGES[0], now - 12 * 60_000, "unread", lang)
    wanted = (("complaint", "parking", "4-802", 47, True), ("noise", "music", "1-1501", 9, True))
    for name, phrase, room, minutes, urgent in (*wanted, ("water-leak", "floor", "5-1102", 26, False)):
        category, at = plan.find_category(name), now - minutes * 60_000
        said = findings.phrase_of(category, phrase) if category else None
        if category is None or said is None:
            continue
        words = f"{category.text.say(lang)} {said.text.say(lang)}"
        if name == "complaint":
            due = _due(plan, category, at)
            yield Said(at, clerk, _const(RequestReceived("phone", name, phrase, words, due, room=room, phone="1203")))
            continue
        there = local_time(at, ZoneInfo(plan.site.zone))
        limit = millis(findings.due_of(category, there, plan.calendar, urgent=urgent))
        respond = millis(findings.due(category.respond, there, plan.calendar)) if category.respond else None
        complaint = True if category.kind == "request" else UNSET
        body = OrderTaken(
            "desk", name, phrase, words, clerk, category.to, respond, limit, urgent, room=room, phone="7788",
            complaint=complaint,
        )  # fmt: skip
        yield Said(at, clerk, _const(body))
