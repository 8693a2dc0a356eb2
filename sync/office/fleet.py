"""How every handheld stands, by its own last word and by what came of it: the page and `device list`.

"Holds" is the handheld's last record less what the office has of its book; so it is known also when the line broke on
the way, and stays true until the handheld is heard of again.
"""

from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from sync.office.store import conditions, devices, heads
from sync.office.store.devices import Device
from sync.wire import Condition

SILENT_MS: Final = 12 * 3600 * 1000
"""A handheld that was not heard of for so long is looked for."""
SKEW_MS: Final = 5 * 60 * 1000
"""A clock that is so far off is worth a word."""
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

    def is_silent(self, now: int) -> bool:
        known = self.device.book is not None and self.device.revoked_at is None and self.heard is not None
        return known and SILENT_MS < now - (self.heard or 0) < FORGOTTEN_MS


def read(tx: Connection, site: str | None = None) -> list[Seen]:
    """The handhelds of a site, or all."""
    words = conditions.of(tx, site)
    return [_seen(tx, device, words.get((device.site, device.device))) for device in devices.every(tx, site)]


def _seen(tx: Connection, device: Device, row: conditions.Row | None) -> Seen:
    said = msgspec.json.decode(row.said, type=Condition) if row else None
    head = heads.mark_of(tx, device.site, device.book) if device.book else None
    heard = max([each.at for each in (row, head) if each is not None], default=None)
    same = row is not None and said is not None and row.book == device.book
    holds = max(0, said.seq - (head.seq if head else 0)) if said and same else None
    return Seen(device, heard, holds, said, head.skew if head else None)
