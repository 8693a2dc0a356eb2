"""Sites by name, company, district and targets, without reading their whole plans: what a comparison of many needs."""

from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Site, Target
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
