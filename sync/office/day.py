"""One day of one site, of one snapshot of the store: its plan, what was walked, and what both are judged by."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import local_time, millis
from app.duties.outcome import Excuse
from app.duties.site import Person, Plan
from sync.office.credentials import everybody
from sync.office.dues import by_place
from sync.office.excuses import Excused, read_excuses, valid
from sync.office.sites import Profile, profiles
from sync.office.store import plans as plan_table
from sync.office.store import rounds as table
from sync.office.store.retention import purged_slots
from sync.office.store.rounds import BookRow, RoundRow, StopRow

DAY_MS: Final = 24 * 3600 * 1000
LONGEST_DAYS: Final = 32
"""A window that opens on a day is over so many days later."""


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a day needs it."""

    sites: dict[str, Profile]
    """Every site that can be chosen."""
    site: str
    day: date
    plan: Plan
    """Valid that day."""
    since: int
    """When the site's first plan was imported, UTC ms."""
    rows: list[RoundRow]
    books: list[BookRow]
    excuses: list[Excused]
    """For any time of the day's windows, those that do not count too."""
    excused_stops: dict[str, list[StopRow]]
    """By round: its stops at points that an excuse is about."""
    tended: dict[str, list[StopRow]]
    """By round done by place: its stops. Several handhelds may share one window."""
    people: dict[str, Person]
    purged: frozenset[str]
    """Windows whose rounds are not kept any more."""
    plans: tuple[Plan, ...] = ()
    """Valid at some time of that day, oldest first."""

    @property
    def valid(self) -> list[Excuse]:
        """The excuses that count."""
        return valid(self.excuses)

    @property
    def heard(self) -> list[int]:
        return [book.heard for book in self.books]


def read_day(tx: Connection, site: str, day: str, now: int, within: Sequence[str] = ()) -> Facts | None:
    """What is known of the day; None while no site has a plan, of those in `within` when there are any.

    A site that is not known means the first, and what is no date, today.
    """
    sites = profiles(tx, tuple(within))
    if not sites:
        return None
    site = site if site in sites else next(iter(sites))
    wanted = typed_day(day) or local_time(now, ZoneInfo(sites[site].site.zone)).date()
    return read_days(tx, sites, site, (wanted,))[0]


def read_days(tx: Connection, sites: dict[str, Profile], site: str, those: Sequence[date]) -> list[Facts]:
    """These days of a site that has a plan; what they have in common is read once."""
    since = plan_table.planned_since(tx, site) or 0
    books, people = table.books_of(tx, site), everybody(tx)
    return [_read(tx, sites, site, day, since, books, people) for day in those]


def _read(
    tx: Connection,
    sites: dict[str, Profile],
    site: str,
    day: date,
    since: int,
    books: list[BookRow],
    people: dict[str, Person],
) -> Facts:
    plans = plan_table.plans_between(tx, site, day.isoformat(), day.isoformat())
    plan = plans[-1]
    begins = millis(datetime.combine(day, time.min, ZoneInfo(plan.site.zone)))
    excuses = read_excuses(tx, site, begins, begins + LONGEST_DAYS * DAY_MS)
    points = {excuse.point for excuse in valid(excuses)}
    rows = table.rounds_on(tx, site, day.isoformat())
    return Facts(
        sites=sites,
        site=site,
        day=day,
        plan=plan,
        since=since,
        rows=rows,
        books=books,
        excuses=excuses,
        excused_stops=table.stops_at(tx, site, day.isoformat(), points) if points else {},
        tended=table.stops_of_several(tx, site, [row.round for row in rows if by_place(plan, row.slot)]),
        people=people,
        purged=frozenset(purged_slots(tx, site, day.isoformat(), day.isoformat()).get(day.isoformat(), ())),
        plans=tuple(plans),
    )


def plan_of(tx: Connection, site: str) -> Plan | None:
    """The newest plan of that site, or of the first one when there is none of that name; None while there is none."""
    named = plan_table.sites(tx)
    return plan_table.site_plan(tx, site if site in named else named[0]) if named else None


def typed_day(text: str) -> date | None:
    """A date as it is typed or stands in an address; None for any other text, and for centuries without records."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None
