"""What a supervisor does about a finding or a hazard (D34): a notice, an order, a later limit, that it is put right,
what a re-check on site found, opening it again; from a form to records of the office's own book.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties import findings
from app.duties.findings import Finding
from app.duties.orders import POSTPONES, REOPENS, Order, Why
from app.errors import NotAllowed
from app.kinds.base import Body
from app.kinds.findings import (
    FindingCorrected,
    FindingNoticed,
    FindingPostponed,
    FindingRaised,
    FindingRechecked,
    FindingReopened,
)
from app.text import clean
from app.words import say
from sync.office.pages import acts
from sync.office.pages.acts import At, Form, matter, moment, needed, ordered, to_whom, words_of

FIRM_MOST: Final = 60
FARTHEST_MS: Final = 366 * 24 * 3600 * 1000
"""No limit is set later than that."""


class Raised(Struct, frozen=True):
    """How a finding began."""

    id: str
    body: FindingRaised
    at: int


def on_finding(raised: Raised, finding: Finding | None, order: Order | None, form: Form, at: At) -> list[Body]:
    """The step that the form asks for; `finding` None: it is closed. `order`: the one it led to.

    Raises NotAllowed with the reason it is not taken.
    """
    what = form.get("what", "")
    if what == "reopen":
        return [_reopen_finding(raised, finding, form, at)]
    if finding is None:
        raise NotAllowed("orders.finding_gone")
    match what:
        case "notice":
            category = at.plan.find_category(finding.category)
            return [_notice(finding, category.to if category else "", form, at)]
        case "order":
            return [_order_from(raised, finding, order, form, at)]
        case "postpone":
            return [_postpone_finding(finding, form, at)]
        case "corrected":
            _order_over(order)
            if findings.correct(finding, at.now) is None:
                raise NotAllowed("orders.corrected_already")
            return [FindingCorrected(finding.id, needed(form.get("words", ""), "cases.words_needed"))]
        case "rechecked":
            return _rechecked(finding, order, form, at)
    raise NotAllowed("office.desk_unknown")


def _notice(finding: Finding, usual: str, form: Form, at: At) -> Body:
    to = to_whom(at.plan, form.get("to", ""), usual)
    due = moment(form.get("due", ""), at)
    if not to.role or not at.now < due < at.now + FARTHEST_MS:
        raise NotAllowed("cases.bad_limit")
    demand = needed(form.get("demand", ""), "cases.demand_needed")
    if findings.notify(finding, at.now, 1, to=to.role, due=due, demand=demand) is None:
        raise NotAllowed("orders.corrected_already")
    return FindingNoticed(finding.id, to.role, due, demand, clean(form.get("firm", "").strip(), FIRM_MOST))


def _order_from(raised: Raised, finding: Finding, order: Order | None, form: Form, at: At) -> Body:
    if finding.corrected is not None or (order and order.closed is None):
        raise NotAllowed("orders.has_order")
    category, said = matter(at.plan, f"{finding.category}/{finding.phrase}")
    words = words_of(category, said, "", at)
    return replace(
        ordered(form, at, category, said, words),
        origin="finding",
        point=finding.point,
        asset=raised.body.asset,
        finding=finding.id,
        due=finding.due,
    )


def _postpone_finding(finding: Finding, form: Form, at: At) -> Body:
    reason, due = form.get("reason", ""), at.later(form.get("by", ""), finding.due)
    if reason not in POSTPONES:
        raise NotAllowed("watch.unknown_reason")
    if findings.postpone(finding, due) is None:
        raise NotAllowed(f"orders.why_{Why.POSTPONED_TWICE}" if finding.postponed else "orders.corrected_already")
    return FindingPostponed(finding.id, due, reason, say(at.lang, f"orders.later_{reason}"))


def _rechecked(finding: Finding, order: Order | None, form: Form, at: At) -> list[Body]:
    """Somebody looked on site and says so here: without a label, so unproved. Not right, its order is open again."""
    _order_over(order)
    if not findings.may_recheck(finding):
        raise NotAllowed("orders.correct_first")
    if form.get("ok") not in ("yes", "no"):
        raise NotAllowed("office.desk_unknown")
    words, ok = needed(form.get("words", ""), "cases.words_needed"), form["ok"] == "yes"
    body = FindingRechecked(finding.id, ok, words, None, proved=False)
    if ok or order is None:
        return [body]
    return [body, acts.reopen(order, {"reason": REOPENS[1]}, at)]


def _reopen_finding(raised: Raised, finding: Finding | None, form: Form, at: At) -> Body:
    if finding is not None:
        raise NotAllowed("cases.still_open")
    words = needed(form.get("words", ""), "cases.words_needed")
    category = at.plan.find_category(raised.body.category)
    due = at.limit(category, urgent=raised.body.urgent) if category else at.now + FARTHEST_MS
    return FindingReopened(raised.id, words, due, raised.body, raised.at)


def _order_over(order: Order | None) -> None:
    if order is not None and order.done is None:
        raise NotAllowed("orders.order_first")
