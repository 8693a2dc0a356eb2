"""Patrol rounds: which point comes next, and what an arrival means.

Everything here is arithmetic on values. The caller brings the time; nothing in
this module looks at a clock, a disk or a screen.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from app.duties.evidence import Mark
from app.duties.site import Grade

Method = Literal["badge", "pin", "typed"]


class Member(Struct, frozen=True):
    """One of the crew as identified (decision 18)."""

    person: str
    method: Method


class Answer(Struct, frozen=True):
    """What was found at one check. Exactly one of the value fields is set, by the check's kind."""

    check: str
    ok: bool
    """Within the normal range, or answered OK."""
    value: str | None = None
    """number: decimal string as read, e.g. "0.42"; count: "27/30"; text: phrase id or words; choice: its id."""
    at: int = 0
    """UTC ms."""
    repeated: bool = False
    """An out-of-limits reading that was asked again and kept."""


class Visit(Struct, frozen=True):
    """One stop as it stands in a round."""

    stop: str
    at: int | None = None
    """UTC ms of the arrival; None while it was not reached."""
    up: int | None = None
    boot: str = ""
    grade: Grade | None = None
    marks: tuple[Mark, ...] = ()
    answers: tuple[Answer, ...] = ()
    skipped: str | None = None
    """Reason id when it was skipped."""
    done: bool = False
    """Arrived and every check answered, or skipped."""


class Progress(Struct, frozen=True):
    """One round while it is walked, recomputed from records after a restart."""

    round: str
    """Slot's round id plus attempt: `night-1@2026-11-21T22:00#<book first 8>-1`."""
    route: str
    schedule: str
    opens: datetime
    closes: datetime
    revision: int
    """Plan revision it is walked under."""
    crew: tuple[Member, ...]
    order: tuple[str, ...]
    """Stop ids in the order they are asked for."""
    seed: str | None
    """Recorded seed of a shuffled order, hex."""
    started: int
    """UTC ms."""
    visits: tuple[Visit, ...]
    """One per stop, in `order`."""
    rechecked: tuple[Member, ...] = ()
    """The partner, identified again on the way."""
    at_stop: str | None = None
    """Stop whose checks are open now."""
    findings: tuple[str, ...] = ()
    """Ids (`book:seq`) of findings raised during the round."""
    marks: tuple[Mark, ...] = ()
    """Marks of the round as a whole."""
    finished: int | None = None


class Verdict(Struct, frozen=True):
    """What an arrival meant."""

    stop: str | None
    """The stop arrived at; None when the tag is not of this round."""
    point: str | None
    """The point the tag belongs to, when any."""
    accepted: bool
    grade: Grade | None = None
    marks: tuple[Mark, ...] = ()


class Summary(Struct, frozen=True):
    """A finished (or closed) round in numbers, for the screen and the page."""

    round: str
    planned: int
    done: int
    missed: int
    skipped: int
    findings: int
    marks: tuple[tuple[str, Mark], ...]
    """(stop id, mark) in order; stop id "" for the round itself."""
    started: int
    finished: int | None
    timing: Literal["early", "on-time", "late", "missed"]
