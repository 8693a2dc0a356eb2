"""The night's sheet of each site, made by itself at eight o'clock of its own time (D68).

It is made once for each day however many processes serve, and later where nobody served at eight. It waits while a
demonstration's example is still being filled in. What papers are made of (2 MB) is imported by the first one.
"""

from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.duties.days import local_time
from sync.office.background import Background
from sync.office.fold import CURSOR, Folding
from sync.office.papers import keeping
from sync.office.sites import profiles
from sync.office.store import Store, known
from sync.office.store import papers as table
from sync.office.store.plans import newest_plans, planned_since
from sync.office.store.records import sites_behind

NAME: Final = "night"
LANG: Final = "zh"
HOUR: Final = time(8)
BACK: Final = timedelta(days=6)
"""So many earlier mornings are made up for."""
FIRST_LOOK_S: Final = 10.0
"""After the start others are served first."""
LOOK_S: Final = 60.0
LEASE_MS: Final = 5 * 60_000
PATIENCE_S: Final = 30.0


class Nightly:
    """One office's. `clock_ms` gives UTC ms."""

    def __init__(self, store: Store, folding: Folding, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._folding = folding
        self._clock = clock_ms
        self.background = Background("making night sheets", self._turn, LOOK_S, first_s=FIRST_LOOK_S)

    async def _turn(self) -> float:
        await self.look()
        return LOOK_S

    async def look(self) -> int:
        """Make what is due and not there; how many sheets that were."""
        if await self._store.read(lambda tx: known.get(tx, known.FILLING)):
            return 0
        missing = await self._store.read(lambda tx: list(due(tx, self._clock())))
        if missing:
            await self._folding.catch_up(PATIENCE_S)
        behind = await self._store.read(lambda tx: sites_behind(tx, CURSOR))
        done = 0
        for site, day in missing:
            if site not in behind:
                done += await self._make(site, day)
        return done

    async def _make(self, site: str, day: date) -> bool:
        from sync.office.papers import catalogue
        from sync.office.papers.source import Wish

        now = self._clock()
        if not await self._store.write(lambda tx: table.claim(tx, site, day.isoformat(), now, LEASE_MS)):
            return False
        wish = Wish(NAME, site, day, day, LANG)
        paper = await self._store.read(lambda tx: catalogue.make(tx, wish, now))
        row, content = keeping.row_of(paper, wish, now, "")

        def put(tx: Connection) -> None:
            table.keep(tx, row, content)
            table.sheet_made(tx, site, day.isoformat(), row.paper)
            keeping.forget_old(tx, site, newest_plans(tx, (site,))[site], now)

        await self._store.write(put)
        return True


def due(tx: Connection, now: int) -> Iterator[tuple[str, date]]:
    """Site and morning of the sheets that should be there by now and are not, UTC ms."""
    for site, profile in profiles(tx).items():
        days = list(_mornings(tx, site, ZoneInfo(profile.site.zone), now))
        made = table.sheets_of(tx, site, days[0].isoformat()) if days else {}
        yield from ((site, day) for day in days if made.get(day.isoformat()) is None)


def _mornings(tx: Connection, site: str, zone: ZoneInfo, now: int) -> Iterator[date]:
    """Those of the last week that are over, since the site's first plan came."""
    local, since = local_time(now, zone), planned_since(tx, site)
    last = local.date() if local.time() >= HOUR else local.date() - timedelta(days=1)
    first = last - BACK
    if since is not None:
        first = max(first, local_time(since, zone).date() + timedelta(days=1))
    yield from (first + timedelta(days=number) for number in range((last - first).days + 1))
