"""Sites by name, company, district and targets, without reading their whole plans: what a comparison of many needs."""

from collections.abc import Collection, Mapping
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Area, Asset, Category, Plan, Point, Site, Target
from sync.office.store import plans as table


class Profile(Struct, frozen=True):
    """As much of a plan (app.duties.site.Plan) as tells whose it is and what is asked of it."""

    site: Site
    targets: tuple[Target, ...] = ()


MOST: Final = 1000
_KNOWN: Final[dict[str, Profile]] = {}
"""By the hash of the plan, which never changes; the last that were asked for."""


def profiles(tx: Connection, within: tuple[str, ...] = ()) -> dict[str, Profile]:
    """By site, of each its newest plan's; with `within`, of these sites only."""
    found = {}
    for site, revision, sha256 in table.newest_named(tx, within):
        profile = _KNOWN.get(sha256)
        if profile is None:
            row = table.plan_walked(tx, site, revision, sha256)
            assert row is not None
            profile = msgspec.json.decode(row.raw, type=Profile)
            if len(_KNOWN) >= MOST:
                _KNOWN.clear()
            _KNOWN[sha256] = profile
        found[site] = profile
    return found


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
    found = {}
    for site, revision, sha256 in table.newest_named(tx, tuple(within)):
        plan = _NAMED.get(sha256)
        if plan is None:
            row = table.plan_walked(tx, site, revision, sha256)
            assert row is not None
            plan = Plan(**msgspec.structs.asdict(msgspec.json.decode(row.raw, type=_Names)))
            if len(_NAMED) >= MOST:
                _NAMED.clear()
            _NAMED[sha256] = plan
        found[site] = plan
    return found


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
