"""The watch: the crew's session on this handheld, between the pure duties and the durable logbook.

Every act is judged by `app.duties`, written by the logbook, and only then folded into `state`:
a method that returns has recorded. Screens and tests drive this class; it draws nothing.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from app.duties.evidence import Near
from app.duties.findings import Finding
from app.duties.rounds import Answer, Method, Progress, Summary, Verdict
from app.duties.schedule import Duty
from app.duties.site import Check, Credentials, People, Person, Plan, Stop
from app.logbook.book import Logbook
from app.ports import Clock, Scan, Sighting
from app.resume import State


class Meant(StrEnum):
    """What a scanned or typed code stands for."""

    POINT = "point"
    PERSON = "person"
    ASSET = "asset"
    UNKNOWN = "unknown"


class Meaning(Struct, frozen=True):
    kind: Meant
    id: str | None = None
    issue: str = ""
    token: bytes = b""
    """The label's token: used for the proof, never stored (decision 25)."""


class Pages(Struct, frozen=True):
    """What the office sent, as the handheld holds it now."""

    plan: Plan
    people: People
    credentials: Credentials


class Heard(Struct, frozen=True):
    """What one sighting changed: how near the crew is, and the verdict if it was an arrival."""

    near: Near
    verdict: Verdict | None = None


class Watch:
    """All acts of a crew. Not thread-safe: one event loop owns it; disk work runs off the loop."""

    def __init__(self, logbook: Logbook, pages: Pages, clock: Clock, lang: str = "zh") -> None: ...

    # -- what is known ------------------------------------------------------------------------
    @property
    def state(self) -> State: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def unsent(self) -> int:
        """Records not yet at the office: the `n` of `Q:n`."""
        ...

    def now(self) -> datetime:
        """The site's local time."""
        ...

    def person(self, id: str) -> Person | None: ...
    def person_by_number(self, number: str) -> Person | None: ...
    def meaning(self, text: str) -> Meaning: ...
    def take_pages(self, pages: Pages) -> None:
        """Use what the office sent; a round being walked keeps the plan it started under."""
        ...

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call `changed` after every act (a screen refreshes what it shows)."""
        ...

    # -- crew ---------------------------------------------------------------------------------
    async def sign_in_badge(self, scan: Scan) -> Person:
        """Open the shift or join it. Raises NotAllowed for a code that is no badge of this office."""
        ...

    async def sign_in_pin(self, person: str, pin: str) -> Person:
        """The try is recorded before it is judged, so a restart does not forget it.

        Raises NotAllowed for a wrong PIN, PinLocked while the wait runs.
        """
        ...

    def pin_wait(self, person: str) -> int:
        """Seconds this person must still wait before another try; 0 when free."""
        ...

    async def unlock_pin(self, scan: Scan, person: str) -> None:
        """A supervisor's badge clears the tries. Raises NotAllowed for any other code."""
        ...

    async def sign_out(self, person: str) -> None: ...
    async def close_shift(self) -> None:
        """Ends the shift and signs the head. Raises NotAllowed while a round is open."""
        ...

    # -- rounds -------------------------------------------------------------------------------
    def today(self) -> tuple[Duty, ...]:
        """Due now, next, done and missed for the roles of the crew, most urgent first."""
        ...

    async def start_round(self, duty: Duty, alone: str | None = None) -> Progress:
        """Begin. With fewer people than the schedule asks, `alone` must give a reason (skip-reason id): marked.

        Raises NotAllowed without a shift, with a round open, or when the crew is short and no reason is given.
        """
        ...

    def next_stop(self) -> Stop | None: ...
    async def hear(self, sighting: Sighting) -> Heard:
        """Judge one sighting for the stop that waits; records the arrival when it is near."""
        ...

    def forget_sightings(self) -> None:
        """Drop the samples (the radio paused, or the stop changed)."""
        ...

    async def scan(self, scan: Scan) -> Verdict:
        """A code during a round: arrival by label, the partner's badge, or unknown (recorded as seen)."""
        ...

    async def type_code(self, code: str) -> Verdict:
        """The short code under the label, typed: graded `typed`."""
        ...

    async def confirm_partner_pin(self, person: str, pin: str) -> None:
        """The partner identified again on the way (D2) by PIN; a badge goes through `scan`."""
        ...

    async def skip(self, stop: str, reason: str) -> None: ...

    # -- checks -------------------------------------------------------------------------------
    def open_check(self) -> Check | None:
        """The next unanswered check of the stop that is open."""
        ...

    def last_readings(self, check: str, count: int = 3) -> tuple[str, ...]:
        """Newest first, from the shelf."""
        ...

    def judge(self, check: Check, raw: str) -> Answer:
        """The answer that `raw` keys mean: "1"/"2" for ok, digits for number and count. Raises NotAllowed
        with a sentence when they mean nothing."""
        ...

    async def answer(self, answer: Answer) -> bool:
        """Record it. False when an out-of-limits reading must first be asked again (nothing was recorded)."""
        ...

    async def all_ok(self) -> int:
        """Every remaining OK check of this stop answered OK at once; how many."""
        ...

    # -- findings, end ------------------------------------------------------------------------
    async def report(self, category: str, phrase: str, *, fixed: bool = False, urgent: bool = False) -> Finding: ...
    async def raise_alarm(self) -> str:
        """Recorded as urgent; the id. Reported only when a named person at the office has taken it."""
        ...

    async def finish_round(self) -> Summary:
        """Close the round; stops not reached count as missed. Signs the head."""
        ...

    def summary(self, progress: Progress) -> Summary: ...
    def words_of(self, method: Method) -> str: ...
