"""Sites by name, company, district and targets, without reading their whole plans: what a comparison of many needs."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Area, Asset, Category, Plan, Point, Site, Target
from sync.office.store import plans as table

T = TypeVar("T")


class Profile(Struct, frozen=True):
    """As much of a plan (app.duties.site.Plan) as tells whose it is and what is asked of it."""

    site: Site
    targets: tuple[Target, ...] = ()


MOST: Final = 1000
_KNOWN: Final[dict[str, Profile]] = {}
"""By the hash of the plan, which never changes; the last that were asked for."""


def profiles(tx: Connection, within: tuple[str, ...] = ()) -> dict[str, Profile]:
    """By site, of each its newest plan's; with `within`, of these sites only."""
    return _newest(tx, within, _KNOWN, lambda raw: msgspec.json.decode(raw, type=Profile))


def zone_of(plans: Mapping[str, Profile], site: str) -> ZoneInfo:
    """Of that site, else of the first; UTC where there is none."""
    known = plans.get(site) or next(iter(plans.values()), None)
    return ZoneInfo(known.site.zone) if known else ZoneInfo("UTC")


class _Names(Struct, frozen=True):
    """As much of a plan as says what its places and matters are called."""

    site: Site
    revision: int
    effective: str
    areas: tuple[Area, ...] = ()
    points: tuple[Point, ...] = ()
    assets: tuple[Asset, ...] = ()
    categories: tuple[Category, ...] = ()


_NAMED: Final[dict[str, Plan]] = {}
"""The same, as plans that have nothing else."""


def named_plans(tx: Connection, within: Collection[str] = ()) -> dict[str, Plan]:
    """By site, of each its newest plan with names of places and matters only: for one line about many sites."""
    return _newest(
        tx, within, _NAMED, lambda raw: Plan(**msgspec.structs.asdict(msgspec.json.decode(raw, type=_Names)))
    )


def _newest(tx: Connection, within: Collection[str], known: dict[str, T], read: Callable[[bytes], T]) -> dict[str, T]:
    """By site, what `read` makes of its newest plan: of those that are not known yet all at once."""
    hashes = {site: sha256 for site, _, sha256 in table.newest_named(tx, tuple(within))}
    found = {site: known.get(sha256) for site, sha256 in hashes.items()}
    unread = [site for site, each in found.items() if each is None]
    if len(known) + len(unread) > MOST:
        known.clear()
    for site, raw in table.newest_raws(tx, unread) if unread else ():
        found[site] = known[hashes[site]] = read(raw)
    return {site: each for site, each in found.items() if each is not None}


class Choice(Struct, frozen=True):
    """The site that a page shows, and the others that it could show."""

    site: str
    plans: dict[str, Plan]
    """By site: whole of the one that is shown, of the others with names of places and matters only."""

    @property
    def plan(self) -> Plan:
        return self.plans[self.site]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.plan.site.zone)


def choose(tx: Connection, within: Collection[str], wanted: str) -> Choice | None:
    """The site that is wanted, else the first; None while there is none."""
    found = named_plans(tx, within)
    site = wanted if wanted in found else next(iter(found), None)
    whole = table.site_plan(tx, site) if site is not None else None
    return Choice(site, {**found, site: whole}) if site is not None and whole is not None else None
