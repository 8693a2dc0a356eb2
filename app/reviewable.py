"""Rounds to be reviewed as the office sends them to handhelds (D60), and the words that are said of them: light, since
the office makes them and a handheld reads them.
"""

from typing import Final

import msgspec
from msgspec import Struct

from app.duties.accepting import About, Shown, State
from app.words import say, table

PAGE: Final = "review"
"""Kind of the office's page, one for the site."""
LARGEST: Final = 256 * 1024


class RoundSent(Struct, frozen=True, omit_defaults=True):
    """A round that is not accepted yet, as the office sends it."""

    shown: Shown
    schedule: str
    opens: int
    closes: int
    planned: int
    done: int
    crew: tuple[str, ...] = ()
    about: tuple[About, ...] = ()
    clean: bool = False
    severe: bool = False
    state: State = State.OPEN
    words: str = ""
    """The reason it was sent back for, or what was answered."""
    reason: str = ""
    review: str = ""
    """The record that sent it back, `book:seq`."""


class ReviewSent(Struct, frozen=True):
    """The office's page."""

    at: int
    """True as of then, UTC ms."""
    rounds: tuple[RoundSent, ...]
    more: int = 0
    """Left out."""


NOTHING: Final = ReviewSent(0, ())


def read_page(raw: bytes | None) -> ReviewSent:
    """Empty when it cannot be read."""
    if raw is None or len(raw) > LARGEST:
        return NOTHING
    try:
        return msgspec.json.decode(raw, type=ReviewSent)
    except ValueError:
        return NOTHING


def reason_words(lang: str, reason: str, words: str) -> str:
    """Why it was sent back, or what was answered: a phrase in the reader's language, own words as they are."""
    for subject, name in (("reviews", f"reason_{reason}"), ("life", f"why_{reason}")):
        if words in table(subject).get(name, ()):
            return say(lang, f"{subject}.{name}")
    return words
