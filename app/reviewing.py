"""Review on the way (D60): what the office sent of rounds to be looked at, what this handheld has not sent yet, and a
supervisor's decisions as records of this handheld's book.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties import accepting, rounds
from app.duties.accepting import REASONS, REVIEWERS, About, Shown, State
from app.duties.evidence import INFORMATION
from app.duties.life import EXCUSERS
from app.duties.rounds import Summary
from app.duties.site import Person, Phrase, Plan
from app.errors import NotAllowed
from app.kinds.afterwards import PointExcused
from app.kinds.reviews import (
    REVIEWS,
    Decided,
    ReviewAccepted,
    ReviewReturned,
    ReviewSigned,
    ReviewWithdrawn,
)
from app.record import Entry
from app.reviewable import PAGE, RoundSent, read_page
from app.session import act
from app.unplanned import Unplanned
from app.words import say

HASH_DIGITS: Final = 12
"""Of a chain's hash, as the office names records."""
LOOKED_BACK: Final = 5000
"""Records not sent yet, among which finished rounds are looked for."""


class Known(Struct, frozen=True):
    """What there is to review, as far as this handheld knows."""

    at: int
    """When the office's page was made; 0 without one."""
    asks: tuple[RoundSent, ...]
    passes: tuple[RoundSent, ...]
    """Clean ones, to be accepted together."""
    waits: int
    """Sent back, and not answered."""
    more: int


class Reviewing(Unplanned):
    """A supervisor's acts; whoever walked a round does not review it."""

    async def to_review(self, boss: Person) -> Known:
        return await self._off_loop(lambda: self._read(boss))

    def _read(self, boss: Person) -> Known:
        page, decided = read_page(self._logbook.page(PAGE)), self.state.share(REVIEWS).decided
        there = {sent.shown.round for sent in page.rounds}
        own = [sent for sent in self._unsent_rounds() if sent.shown.round not in there]
        found = [settled(sent, decided.get(sent.shown.round)) for sent in (*page.rounds, *own)]
        left = [sent for sent in found if sent is not None and not accepting.is_own(sent.crew, [boss.id])]
        return Known(
            page.at,
            tuple(each for each in left if each.state is not State.RETURNED and not _passes(each)),
            tuple(each for each in left if _passes(each)),
            sum(each.state is State.RETURNED for each in left),
            page.more,
        )

    def _unsent_rounds(self) -> Iterable[RoundSent]:
        """Rounds that ended on this handheld and that the office does not have yet."""
        first = max(self._logbook.acked + 1, self._memory.seq - LOOKED_BACK, 1)
        for entry in self._logbook.entries(first):
            if entry.record.kind == "round.finished":
                done = self.state.rounds.get(rounds.slot_id(str(entry.record.body.get("round"))))
                if done is not None and done.round == entry.record.body.get("round"):
                    yield of_summary(done, entry, self._in_force)

    # -- decisions ----------------------------------------------------------------------------
    @act
    async def accept(self, boss: Person, found: Sequence[RoundSent]) -> None:
        """Raises NotAllowed for somebody who may not, and for rounds they walked themselves."""
        self._must_review(boss, found)
        if len(found) == 1:
            await self._write(ReviewAccepted((found[0].shown,), found[0].review or None), by=(boss.id,))
            return
        size = accepting.MOST_ROUNDS
        for start in range(0, len(found), size):
            passed = tuple(each.shown for each in found[start : start + size])
            await self._write(ReviewAccepted(passed), by=(boss.id,))

    @act
    async def send_back(self, boss: Person, sent: RoundSent, reason: str) -> None:
        """Raises NotAllowed as `accept` does, and for what is none of REASONS."""
        self._must_review(boss, [sent])
        if reason not in REASONS:
            raise NotAllowed("watch.unknown_reason")
        words = say(self.lang, f"reviews.reason_{reason}")
        about = sent.about[: accepting.MOST_ABOUT]
        await self._write(ReviewReturned(sent.shown, sent.crew, about, reason, words), by=(boss.id,))

    @act
    async def take_back(self, boss: Person) -> None:
        """What was decided last on this handheld is no longer said."""
        self._must(boss, REVIEWERS)
        if names := self.last_decided():
            asked = self.state.share(REVIEWS).returned
            review = next((id for id, each in asked.items() if each.round in names), None)
            await self._write(ReviewWithdrawn(names, review), by=(boss.id,))

    def last_decided(self) -> tuple[str, ...]:
        """The rounds of the last decision made here; none when that was taken back."""
        decided = self.state.share(REVIEWS).decided
        last = max((each.seq for each in decided.values()), default=0)
        return tuple(name for name, each in decided.items() if each.seq == last and each.verdict != "withdrawn")

    @act
    async def sign_recheck(self, boss: Person, sent: RoundSent) -> None:
        """复查: `boss` looked at it again on site. Raises NotAllowed for one who walked it."""
        if accepting.is_own(sent.crew, [boss.id]):
            raise NotAllowed("reviews.own")
        await self._write(ReviewSigned(sent.shown, "rechecker"), by=(boss.id,))

    @act
    async def excuse_in(self, boss: Person, sent: RoundSent, point: str, reason: str) -> None:
        """Nobody had to reach that point in that round's window. Raises NotAllowed as excusing does."""
        self._must(boss, EXCUSERS)
        words = self._reason(reason, self._in_force.skip_reasons)
        await self._write(PointExcused(point, sent.opens, sent.closes, reason, words), by=(boss.id,))

    def reasons(self) -> tuple[Phrase, ...]:
        """Why a point is excused."""
        return self._in_force.skip_reasons

    def signs(self, sent: RoundSent) -> bool:
        """Whether its form asks a re-checker's signature."""
        schedule = self._in_force.find_schedule(sent.schedule)
        route = self._in_force.find_route(schedule.route) if schedule else None
        return route is not None and "rechecker" in accepting.signatures(route.form)

    def _must_review(self, boss: Person, found: Sequence[RoundSent]) -> None:
        self._must(boss, REVIEWERS)
        if any(accepting.is_own(each.crew, [boss.id]) for each in found):
            raise NotAllowed("reviews.own")


def settled(sent: RoundSent, decided: Decided | None) -> RoundSent | None:
    """A round with what was decided of it on this handheld; None when it was accepted as it stands."""
    if decided is None or decided.hash not in ("", sent.shown.hash):
        return sent
    match decided.verdict:
        case "accepted" if sent.state is not State.CHANGED:
            return None
        case "returned" if sent.state is not State.ANSWERED:
            return replace(sent, state=State.RETURNED)
        case "withdrawn" if sent.state is State.RETURNED:
            return replace(sent, state=State.OPEN, review="")
    return sent


def of_summary(done: Summary, finished: Entry, plan: Plan) -> RoundSent:
    """A round as its own handheld knows it; `finished` is its last record."""
    schedule = rounds.slot_id(done.round).rpartition("@")[0]
    found = plan.find_schedule(schedule)
    route = plan.find_route(found.route) if found else None
    points = {stop.id: stop.point for stop in route.stops} if route else {}
    about = tuple(About(points.get(stop, ""), mark) for stop, mark in done.marks if mark not in INFORMATION)
    return RoundSent(
        shown=Shown(done.round, finished.hash.hex()[:HASH_DIGITS]),
        schedule=schedule,
        opens=done.started,
        closes=done.closes,
        planned=done.planned,
        done=done.done,
        crew=finished.record.by,
        about=about,
        clean=not about and done.done == done.planned,
    )


def _passes(sent: RoundSent) -> bool:
    return sent.clean and sent.state is State.OPEN
