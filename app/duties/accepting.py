"""Rounds that are accepted or sent back (D60): who may, which review stands, what changed since, who signs a form.

A round is reviewed as it was shown: what came later is seen by comparing. Whether it asks for attention at all is told
by what it is called (app.duties.outcome). Times are UTC milliseconds.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct

from app.duties.life import EXCUSERS, may
from app.duties.site import Plan

REVIEWERS: Final = EXCUSERS
"""Roles whose review counts."""
REASONS: Final = ("explain", "missed", "evidence", "fast", "checks", "finding", "again", "crew")
"""Why a round is sent back, a digit each; the words stand in app.words.reviews."""
MOST_ROUNDS: Final = 100
"""Rounds that one record accepts: it stays well under what a record may hold."""
MOST_ABOUT: Final = 8
"""Marks that a round is sent back with."""
LONGEST_WORDS: Final = 120
"""Characters of a reason, or an answer, in own words."""

Verdict = Literal["accepted", "returned", "withdrawn"]


class Shown(Struct, frozen=True):
    """A round as whoever reviewed it saw it."""

    round: str
    """Its id; the window's where nobody walked."""
    hash: str = ""
    """Beginning of the chain's hash at the round's last record; empty without one."""
    verdict: str = ""
    """What it was called: a word of app.duties.outcome; empty on a handheld that the office had not told."""
    said: int = 0
    """Marks that somebody had explained."""
    excused: int = 0
    """Points that were excused."""
    others: int = 0
    """Other rounds of the same window: walked again, or entered from paper."""


class About(Struct, frozen=True):
    """What a round is sent back for: a mark, or a point that nobody reached."""

    point: str
    """Empty for the round itself."""
    mark: str
    """Of app.duties.evidence, of the office, or `missed`."""
    at: int | None = None


class Review(Struct, frozen=True):
    """What somebody said of one round."""

    id: str
    """`book:seq` of the record."""
    verdict: Verdict
    at: int
    """By the office's clock, as far as the record knows it."""
    by: tuple[str, ...]
    shown: Shown
    valid: bool = True
    """Said by somebody who may."""
    reason: str = ""
    words: str = ""


class State(StrEnum):
    """How a round stands with its reviewers."""

    OPEN = "open"
    RETURNED = "returned"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    CHANGED = "changed"
    """Accepted, and something came later that asks again."""


def may_review(plan: Plan, people: Iterable[str]) -> bool:
    """Whether one of them may accept a round of this site, or send it back."""
    return may(plan, people, REVIEWERS) is not None


def is_own(crew: Iterable[str], by: Iterable[str]) -> bool:
    """Whether somebody reviews a round they walked: nobody vouches for themselves."""
    return not set(crew).isdisjoint(by)


def standing(reviews: Iterable[Review]) -> Review | None:
    """The review that counts: the newest by somebody who may, whichever way it came; None when that took it back."""
    newest = max((each for each in reviews if each.valid), key=lambda each: (each.at, each.id), default=None)
    return None if newest is None or newest.verdict == "withdrawn" else newest


def changes(before: Shown, now: Shown) -> tuple[str, ...]:
    """What is otherwise than when it was reviewed: `records`, `verdict`, `said`, `excused`, `others`."""
    found = {
        "records": before.hash != now.hash,
        "verdict": before.verdict not in ("", now.verdict),
        "said": before.said != now.said,
        "excused": before.excused != now.excused,
        "others": before.others != now.others,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def state_of(review: Review | None, now: Shown, *, answered: bool, clean: bool) -> State:
    """`clean`: as it stands now it asks for nothing. An accepted round that came to be clean stays accepted, and an
    explanation or an excuse alone does not ask again."""
    if review is None:
        return State.OPEN
    if review.verdict == "returned":
        return State.ANSWERED if answered else State.RETURNED
    asks_again = {"records", "verdict", "others"} & set(changes(review.shown, now))
    return State.CHANGED if asks_again and not clean else State.ACCEPTED


# -- signatures ----------------------------------------------------------------------------------

Signer = Literal["patroller", "rechecker", "supervisor"]
SIGNERS: Final[Mapping[str, tuple[Signer, ...]]] = {
    "fire-patrol": ("patroller", "rechecker", "supervisor"),
    "facility": ("patroller", "supervisor"),
    "power-room": ("patroller", "supervisor"),
    "lift": ("patroller", "supervisor"),
}
"""Whose signatures an official form asks (D68), by `Route.form`: the patroller's is the crew's own confirmation at the
start, the re-checker's (复查人) a record of its own, the supervisor's the acceptance."""


def signatures(form: str) -> tuple[Signer, ...]:
    """None for a route that fills no form."""
    return SIGNERS.get(form, ())
