"""What supervisors on the way know of rounds to be reviewed (D60): one page a site goes down to its handhelds.

It holds the rounds of the last days that nobody has accepted, and only where the plan names somebody who may. It is
made anew every quarter of an hour at most, when something came, and once an hour since windows end by themselves.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import Connection

from app.duties.accepting import REVIEWERS
from app.duties.review import SEVERE
from app.duties.site import Plan
from app.reviewable import PAGE, ReviewSent, RoundSent
from sync.office import to_review
from sync.office.background import Background
from sync.office.fold import CURSOR
from sync.office.reviewing import read_detail
from sync.office.store import Store
from sync.office.store import plans as plan_table
from sync.office.store.changes import publish
from sync.office.store.records import cursor
from sync.office.to_review import Item

BACK_MS: Final = 3 * 24 * 3600 * 1000
"""How far back the windows open that are sent."""
MOST: Final = 120
"""Rounds of a site."""
ABOUT: Final = 4
"""Marks of a round."""
TURN_S: Final = 900.0
OLD_MS: Final = 3600 * 1000
FIRST_S: Final = 20.0
"""After the start: a page that is asked for comes first."""


class Sending:
    """Makes the pages in the background. `clock_ms` gives UTC ms."""

    def __init__(self, store: Store, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock_ms
        self.background = Background("pages of rounds to review", self._turn, TURN_S, first_s=FIRST_S)
        self._made: dict[str, tuple[int, int]] = {}
        """Where the site's records stood when its page was made, and when that was."""
        self._sent: dict[str, ReviewSent | None] = {}

    async def _turn(self) -> float:
        """Every site once, with a pause between two: nobody waits for this."""
        for site in await self._store.read(plan_table.sites):
            await self.send(site)
            await asyncio.sleep(0)
        return TURN_S

    async def send(self, site: str) -> None:
        """Make the site's page when something came since, and send it down when it is another one."""
        now, stands = self._clock(), await self._store.read(lambda tx: cursor(tx, site, CURSOR))
        before, at = self._made.get(site, (-1, 0))
        if before == stands and now - at < OLD_MS:
            return
        page = await self._store.read(lambda tx: made(tx, site, now))
        if site not in self._sent or _told(page) != _told(self._sent[site]):
            body = None if page is None else msgspec.json.encode(page, order="sorted")
            await self._store.write(lambda tx: publish(tx, site, PAGE, site, body, now), site)
        self._made[site], self._sent[site] = (stands, now), page


def _told(page: ReviewSent | None) -> object:
    """What a page says but for its time."""
    return page and (page.rounds, page.more)


def made(tx: Connection, site: str, now: int) -> ReviewSent | None:
    """The page; None where nobody would read it."""
    plan = plan_table.site_plan(tx, site)
    if plan is None or not has_reviewer(plan):
        return None
    items = to_review.read(tx, plan, now - BACK_MS, now, now).items
    asks, waits = to_review.ordered(items), [item for item in items if item.waits]
    wanted = [*asks, *waits, *(item for item in reversed(items) if item.passes)]
    rounds = tuple(_sent(item) for item in wanted[:MOST])
    return ReviewSent(now, rounds, max(0, len(wanted) - MOST))


def has_reviewer(plan: Plan) -> bool:
    return any(not REVIEWERS.isdisjoint(grant.roles) for grant in plan.grants)


def _sent(item: Item) -> RoundSent:
    reason, words = _words(item)
    return RoundSent(
        shown=item.shown,
        schedule=item.schedule,
        opens=item.opens,
        closes=item.closes,
        planned=item.tally.planned,
        done=item.tally.done,
        crew=item.crew,
        about=item.about[:ABOUT],
        clean=item.clean,
        severe=not SEVERE.isdisjoint(item.marks),
        state=item.state,
        words=words,
        reason=reason,
        review=item.review.id if item.review and item.review.verdict == "returned" else "",
    )


def _words(item: Item) -> tuple[str, str]:
    """(reason, words) of the last thing that was said of it."""
    if item.review is None or not item.history:
        return "", ""
    detail = read_detail(item.history[-1])
    return detail.reason, detail.words
