"""Sites by name, company, district and targets, without reading their whole plans: what a comparison of many needs."""

from collections.abc import Collection
from typing import Final

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


def plans_to_choose(tx: Connection, within: Collection[str], wanted: str) -> dict[str, Plan]:
    """The same, but whole of the site that is wanted, else of the first: what a page of one site shows."""
    found = named_plans(tx, within)
    chosen = wanted if wanted in found else next(iter(found), None)
    whole = table.site_plan(tx, chosen) if chosen is not None else None
    return {site: whole if site == chosen and whole else plan for site, plan in found.items()}
