"""State is the fold of the records: after a power cut a round is recomputed, not remembered.

`fold` starts from nothing or from an earlier state and takes entries in order. Unknown kinds pass by.
"""

from msgspec import Struct

from app.duties.findings import Finding
from app.duties.rounds import Member, Progress, Summary


class PinTries(Struct, frozen=True):
    """Wrong PINs of one person since the last right one or unlocking."""

    count: int
    last: int
    """UTC ms of the last try."""
    up: int
    boot: str


class Shift(Struct, frozen=True):
    """The handheld's span between shift.opened and shift.closed (decision 16)."""

    opened: int
    crew: tuple[Member, ...]


class State(Struct, frozen=True):
    """All that the handheld knows from its own records."""

    shift: Shift | None = None
    round: Progress | None = None
    """The open round, if any. One at a time on a handheld."""
    rounds: dict[str, Summary] = {}
    """Rounds of the last days by slot id (without attempt), newest attempt."""
    attempts: dict[str, int] = {}
    """Attempts so far by slot id."""
    tries: dict[str, PinTries] = {}
    findings: dict[str, Finding] = {}
    """Open findings by id."""
    alarm: str | None = None
    """Id of an alarm nobody has taken yet."""
    last_walk: int = 0
    """UTC ms of the last record that a person made."""
