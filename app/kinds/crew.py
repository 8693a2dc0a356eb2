"""The crew as records: shifts, who is identified, wrong PINs."""

from msgspec import UNSET, UnsetType

from app.duties.rounds import Confirmation
from app.kinds.base import Body


class ShiftOpened(Body, frozen=True):
    crew: tuple[Confirmation, ...]
    post: str | None = None
    """The post that this shift is of (decision 17); None when nobody said."""
    issue: str | UnsetType = UNSET
    """Of the badge that was scanned, which `proof` is about."""
    proof: str | UnsetType = UNSET


class CrewJoined(Body, frozen=True):
    """A confirmation by one person; also when one of the crew is identified again: after a restart, or wrong PINs."""

    person: str
    method: str
    role: str | None = None
    shown: str | UnsetType = UNSET
    post: str | None = None
    issue: str | UnsetType = UNSET
    proof: str | UnsetType = UNSET

    @property
    def who(self) -> Confirmation:
        return Confirmation(self.person, self.method, self.role, self.shown)


class CrewLeft(Body, frozen=True):
    person: str
    round: str | UnsetType = UNSET
    """In the middle of this round, which the others walk on."""
    reason: str | UnsetType = UNSET
    words: str | UnsetType = UNSET
    """Why, as the crew saw it."""


class ShiftClosed(Body, frozen=True):
    pass


class PinTried(Body, frozen=True):
    """Written before the PIN is judged, so that no restart forgets a try."""

    person: str


class PinRefused(Body, frozen=True):
    person: str


class PinUnlocked(Body, frozen=True):
    """`by` is whoever unlocked it."""

    person: str
