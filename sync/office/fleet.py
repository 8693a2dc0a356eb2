"""How every handheld stands, by its own last word and by what came of it: the page and `device list`.

"Holds" is the handheld's last record less what the office has of its book; so it is known also when the line broke on
the way, and stays true until the handheld is heard of again.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.tuning import RING
from sync.office.handheld_settings import wanted
from sync.office.store import conditions, devices, heads, releases, settings
from sync.office.store.devices import Device
from sync.wire import Condition

SILENT_MS: Final = 12 * 3600 * 1000
"""A handheld that was not heard of for so long is looked for."""
SKEW_MS: Final = 5 * 60 * 1000
"""A clock that is so far off is worth a word."""
TAKEN_MS: Final = 10 * 60 * 1000
"""A handheld that was heard of so long after something was set for it runs that, unless something is wrong."""
FORGOTTEN_MS: Final = 30 * 24 * 3600 * 1000
"""After so long it is in a drawer, and nobody is told any more."""


class Seen(Struct, frozen=True):
    """One handheld."""

    device: Device
    heard: int | None
    """When the office last heard of it, UTC ms; None for never."""
    holds: int | None
    """Records of its book that are on it and not here; None when it never said."""
    said: Condition | None
    skew: int | None
    """Office clock minus its clock, ms."""

    @property
    def key(self) -> tuple[str, str]:
        """Its site and its id."""
        return self.device.site, self.device.device

    def is_silent(self, now: int) -> bool:
        device = self.device
        gone = device.revoked_at is not None or device.replaced_by is not None or device.waits_since is not None
        known = device.book is not None and not gone and self.heard is not None
        return known and SILENT_MS < now - (self.heard or 0) < FORGOTTEN_MS


class Due(Struct, frozen=True):
    """What the office wants of one handheld."""

    settings: int = 0
    """Revision of its settings; 0: nothing is set."""
    set_at: int = 0
    """When that was set, UTC ms."""
    ring: str = ""
    release: str = ""
    """Version that it is offered; empty: none, or it runs that already."""


def read(tx: Connection, site: str | None = None) -> list[Seen]:
    """The handhelds of a site, or all."""
    words, marks = conditions.of(tx, site), heads.marks(tx, site)
    return [
        _seen(each, words.get((each.site, each.device)), marks.get((each.site, each.book or b"")))
        for each in devices.every(tx, site)
    ]


def silent(tx: Connection, sites: Collection[str], now: int) -> dict[str, int]:
    """By site: how many handhelds `is_silent` says of, without reading what any of them said."""
    return devices.count_silent(tx, sites, now - FORGOTTEN_MS, now - SILENT_MS)


def due(tx: Connection, seen: Sequence[Seen]) -> dict[tuple[str, str], Due]:
    """By site and handheld."""
    sites = {each.device.site for each in seen}
    set_ = {site: settings.newest(tx, site) for site in sites} if len(sites) == 1 else settings.newest_of_all(tx)
    versions = {held.sha256: held.version for held in releases.every(tx)}
    offers = [(offer.ring, offer.arch, versions.get(offer.sha256, "")) for offer in releases.offers(tx)]
    return {each.key: _due(each, set_.get(each.device.site, {}), offers) for each in seen}


def _due(seen: Seen, rows: Mapping[str, settings.Row], offers: Sequence[tuple[str, str, str]]) -> Due:
    tuning = wanted(rows, seen.device.device)
    ring = str(tuning.values.get(RING, ""))
    by_arch = {arch: version for of, arch, version in offers if not of}
    by_arch |= {arch: version for of, arch, version in offers if of == ring}
    runs = seen.said.program if seen.said else ""
    news = sorted(set(by_arch.values())) if runs not in by_arch.values() else []
    set_at = max((rows[name].sent.at for name in ("", seen.device.device) if name in rows), default=0)
    return Due(tuning.revision, set_at, ring, " / ".join(news))


def _seen(device: Device, row: conditions.Row | None, head: heads.Mark | None) -> Seen:
    said = msgspec.json.decode(row.said, type=Condition) if row else None
    heard = max([each.at for each in (row, head) if each is not None], default=None)
    same = row is not None and said is not None and row.book == device.book
    holds = max(0, said.seq - (head.seq if head else 0)) if said and same else None
    return Seen(device, heard, holds, said, head.skew if head else None)
