"""What a supervisor decides of rounds, as records of the office's own book (D60): a form in, bodies out."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from app.duties import accepting
from app.duties.accepting import REASONS
from app.duties.site import Plan
from app.errors import NotAllowed
from app.kinds.afterwards import PointExcused
from app.kinds.base import Body
from app.kinds.reviews import ReviewAccepted, ReviewReturned, ReviewSigned, ReviewWithdrawn
from app.text import clean
from app.words import say
from sync.office.to_review import NOT_YET, Item

DONE: Final = ("accept", "pass", "return", "excuse", "withdraw", "sign")


class Decided(Struct, frozen=True):
    """Records to be made, and what is said of them."""

    bodies: tuple[Body, ...]
    done: str
    """Of DONE."""


def seal(item: Item) -> str:
    """By which a form says what its page showed of a round: another round, or the same one changed, has another."""
    return sha256(msgspec.json.encode(item.shown)).hexdigest()[:16]


def decide(form: Mapping[str, str], items: Sequence[Item], plan: Plan, now: Plan, by: str, lang: str) -> Decided:
    """Raises NotAllowed with the sentence of what does not fit. `plan`: of the rounds' day; `now`: the one that holds
    now, which says who may. `by`: the account's person, empty without one.
    """
    if not by:
        raise NotAllowed("review_page.no_person")
    what = form.get("what", "")
    if what != "sign" and not accepting.may_review(now, [by]):
        raise NotAllowed("review_page.may_not")
    if what == "pass":
        return Decided(_pass(form.get("shown", ""), items, by), what)
    item = _asked(form, items)
    if what in ("accept", "return", "sign") and accepting.is_own(item.crew, [by]):
        raise NotAllowed("review_page.sign_own" if what == "sign" else "reviews.own")
    match what:
        case "accept":
            return Decided((ReviewAccepted((item.shown,), _sent_back(item)),), what)
        case "return":
            return Decided((_return(form, item, lang),), what)
        case "withdraw":
            return Decided((ReviewWithdrawn((item.name,), _sent_back(item)),), what)
        case "excuse":
            return Decided((_excuse(form, item, plan, lang),), what)
        case "sign" if item.row is not None:
            return Decided((ReviewSigned(item.shown, "rechecker", _own(form)),), what)
    raise NotAllowed("review_page.unknown")


def _asked(form: Mapping[str, str], items: Sequence[Item]) -> Item:
    """The round of the form, as its page showed it."""
    item = next((each for each in items if each.name == form.get("round")), None)
    if item is None:
        raise NotAllowed("review_page.unknown")
    if item.outcome in NOT_YET:
        raise NotAllowed("review_page.not_over")
    if form.get("shown") != seal(item):
        raise NotAllowed("review_page.moved")
    return item


def _pass(shown: str, items: Sequence[Item], by: str) -> tuple[Body, ...]:
    """The clean rounds that the page showed and that are still as it showed them; one's own are left to others."""
    seals = set(shown.split())
    mine = [item for item in items if item.passes and not accepting.is_own(item.crew, [by])]
    passed = [item.shown for item in mine if seal(item) in seals]
    if not passed:
        raise NotAllowed("review_page.moved")
    size = accepting.MOST_ROUNDS
    return tuple(ReviewAccepted(tuple(passed[start : start + size])) for start in range(0, len(passed), size))


def _sent_back(item: Item) -> str | None:
    """The question to the crew that this ends."""
    return item.review.id if item.review and item.review.verdict == "returned" else None


def _return(form: Mapping[str, str], item: Item, lang: str) -> Body:
    reason = form.get("reason", "")
    if reason not in REASONS:
        raise NotAllowed("review_page.unknown")
    words = _own(form) or say(lang, f"reviews.reason_{reason}")
    return ReviewReturned(item.shown, item.crew, item.about[: accepting.MOST_ABOUT], reason, words)


def _own(form: Mapping[str, str]) -> str:
    return clean(form.get("words", "").strip(), accepting.LONGEST_WORDS)


def _excuse(form: Mapping[str, str], item: Item, plan: Plan, lang: str) -> Body:
    """For the round's own window."""
    point, why = form.get("point", ""), form.get("why", "")
    reason = next((each for each in plan.skip_reasons if each.id == why), None)
    if reason is None or point not in missed(item, plan):
        raise NotAllowed("review_page.unknown")
    return PointExcused(point, item.opens, item.closes, reason.id, clean(reason.text.say(lang)))


def missed(item: Item, plan: Plan) -> list[str]:
    """Points of it that may be excused: those nobody reached."""
    if item.row is not None:
        return [each.point for each in item.about if each.mark in ("missed", "skipped")]
    route = plan.find_route(item.route)
    return list(dict.fromkeys(stop.point for stop in route.stops)) if route else []
