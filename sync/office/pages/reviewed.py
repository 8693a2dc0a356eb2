"""One round's review on its page: how it stands, the forms that decide, and the signatures that its paper asks."""

from collections.abc import Sequence

from msgspec import Struct

from app.duties import accepting
from app.duties.accepting import State
from app.duties.rounds import METHODS, Confirmation
from app.words import say
from sync.office import to_review
from sync.office.pages import deciding
from sync.office.pages.review import ItemSeen, Option, said, show_item
from sync.office.places import Places
from sync.office.reviewing import read_detail
from sync.office.store.reviews import ReviewRow
from sync.office.to_review import Item


class Signature(Struct, frozen=True):
    """A place on the form that the round fills."""

    word: str
    signed: str
    colour: str


class Reviewed(Struct, frozen=True):
    """How the round stands with its reviewers, and the forms that decide."""

    site: str
    item: ItemSeen
    over: bool
    reasons: list[Option]
    whys: list[Option]
    may_sign: bool
    settled: bool
    """Accepted, or sent back: it can be taken back."""
    day: str = ""
    span: str = ""
    done: str = ""
    """What was just recorded."""


def show_reviewed(known: to_review.Facts | None, places: Places, by: str, done: str = "") -> Reviewed | None:
    item = known.items[0] if known and known.items else None
    if known is None or item is None:
        return None
    wanted = "rechecker" in _signers(known)
    return Reviewed(
        site=known.site,
        item=show_item(item, places, known.site, by),
        over=item.outcome not in to_review.NOT_YET,
        reasons=[Option(each, say(places.lang, f"reviews.reason_{each}")) for each in accepting.REASONS],
        whys=[Option(each.id, each.text.say(places.lang)) for each in known.plan.skip_reasons],
        may_sign=wanted and bool(by) and not accepting.is_own(item.crew, [by]),
        settled=item.state in (State.ACCEPTED, State.RETURNED),
        done=say(places.lang, f"review_page.done_{done}") if done in deciding.DONE else "",
    )


def _signers(known: to_review.Facts) -> tuple[accepting.Signer, ...]:
    route = known.plan.find_route(known.items[0].route) if known.items else None
    return accepting.signatures(route.form) if route else ()


def show_signatures(known: to_review.Facts | None, crew: Sequence[Confirmation], places: Places) -> list[Signature]:
    """Each that the form asks: who signed it, when and how; amber where one person signs in two places."""
    if known is None or not known.items:
        return []
    return [_signature(signer, known.items[0], crew, places) for signer in _signers(known)]


def _signature(signer: accepting.Signer, item: Item, crew: Sequence[Confirmation], places: Places) -> Signature:
    match signer:
        case "patroller":
            given = [member for member in crew if member.given]
            told = [f"{places.person(member.person)} ({method_words(member.method, places)})" for member in given]
            signed, weak = places.w("and").join(told), all(member.weak for member in given)
        case "rechecker":
            rows = _signed(item)
            signed = " ".join(said(row, places) for row in rows)
            weak = all(accepting.is_own(item.crew, read_detail(row).by) for row in rows)
        case "supervisor":
            review = item.review if item.review and item.review.verdict == "accepted" else None
            signed = f"{places.moment(review.at)[5:16]} {places.persons(review.by)}" if review else ""
            others = {*item.crew, *(person for row in _signed(item) for person in read_detail(row).by)}
            weak = review is not None and accepting.is_own(others, review.by)
    colour = "dim" if not signed else "amber" if weak else "ok"
    words = signed or say(places.lang, "review_page.not_signed")
    return Signature(say(places.lang, f"review_page.signer_{signer}"), words, colour)


def _signed(item: Item) -> list[ReviewRow]:
    """The re-checks that were signed."""
    return [row for row in item.history if row.verdict == "signed"]


def method_words(method: str, places: Places) -> str:
    """How somebody confirmed."""
    return places.w(f"method_{method if method in METHODS else 'other'}")
