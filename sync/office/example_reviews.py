"""Reviews of the example month: what its supervisor said each morning of the day and the night before.

What happened since yesterday noon is left for whoever tries the page.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from app.duties import accepting
from app.duties.accepting import REVIEWERS
from app.duties.days import millis
from app.duties.site import Plan
from app.kinds.reviews import ReviewAccepted, ReviewAnswered, ReviewReturned
from app.words import say
from sync.office import to_review
from sync.office.desk import Desk
from sync.office.keys import OfficeKey
from sync.office.store import Store
from sync.office.store import plans as plan_table
from sync.office.to_review import Item

NOON: Final = time(12)
LOOKED_AT: Final = timedelta(hours=20, minutes=40)
"""A day's rounds are those from noon to noon; they are looked at the next morning."""
YESTERDAY_MS: Final = 20 * 3600 * 1000
EVERY: Final = 5
"""One exception in so many is sent back first."""
MINUTE_MS: Final = 60_000
ANSWERED_MS: Final = 6 * 3600 * 1000
"""After so long its crew is back on shift."""
WHYS: Final = ("blocked", "helped", "own", "urgent", "label")


async def tell(store: Store, key: OfficeKey, site: str, first: int, now: int, lang: str = "zh") -> None:
    """Record the reviews of the days from `first`, UTC ms, until yesterday noon. The rounds must be folded."""
    plan = await store.read(partial(plan_table.site_plan, site=site))
    boss = _supervisor(plan) if plan else ""
    if plan is None or not boss:
        return
    zone, desk = ZoneInfo(plan.site.zone), Desk(store, key)
    begins = datetime.combine(datetime.fromtimestamp(first / 1000, zone).date(), NOON, zone)
    while millis(ends := begins + timedelta(days=1)) < now - YESTERDAY_MS:
        read = partial(to_review.read, plan=plan, first=millis(begins), last=millis(ends), now=now)
        found = await store.read(read)
        await _morning(desk, site, found.items, boss, millis(begins + LOOKED_AT), lang)
        begins = ends


def _supervisor(plan: Plan) -> str:
    return next((grant.person for grant in plan.grants if not REVIEWERS.isdisjoint(grant.roles)), "")


async def _morning(desk: Desk, site: str, items: Sequence[Item], boss: str, at: int, lang: str) -> None:
    """The clean ones together, then the exceptions one by one."""
    others = [item for item in items if not accepting.is_own(item.crew, [boss])]
    clean = [item.shown for item in others if item.passes]
    for start in range(0, len(clean), accepting.MOST_ROUNDS):
        await desk.say(site, ReviewAccepted(tuple(clean[start : start + accepting.MOST_ROUNDS])), boss, at)
    for n, item in enumerate(to_review.ordered(others), 1):
        if item.crew and item.about and n % EVERY == 1:
            await _sent_back(desk, site, item, boss, at + n * MINUTE_MS, lang)
        else:
            await desk.say(site, ReviewAccepted((item.shown,)), boss, at + n * MINUTE_MS)


async def _sent_back(desk: Desk, site: str, item: Item, boss: str, at: int, lang: str) -> None:
    """To its crew, who answer at the desk, and accepted then."""
    reason = "missed" if any(each.mark == "missed" for each in item.about) else "explain"
    words, why = say(lang, f"reviews.reason_{reason}"), WHYS[at // MINUTE_MS % len(WHYS)]
    asked = ReviewReturned(item.shown, item.crew, item.about[: accepting.MOST_ABOUT], reason, words)
    review, crew = await desk.say(site, asked, boss, at), item.crew[0]
    answer = ReviewAnswered(review, item.name, why, say(lang, f"life.why_{why}"))
    await desk.say(site, answer, crew, at + ANSWERED_MS)
    await desk.say(site, ReviewAccepted((item.shown,), review), boss, at + ANSWERED_MS + MINUTE_MS)
