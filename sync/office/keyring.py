"""Which key a tag had when, and where the clock of one that changes its identity stands."""

from collections.abc import Sequence

from sqlalchemy import Connection

from app.duties.genuine import stands_at
from app.duties.site import EID
from sync.office.store import tags as table
from sync.office.store import visits
from sync.office.store.tags import KeyRow
from sync.office.store.visits import VisitRow

BTHOME = "bthome"


class Keys:
    """The keys of one site's tags."""

    def __init__(self, rows: Sequence[KeyRow]) -> None:
        self._rows: dict[tuple[str, str], list[KeyRow]] = {}
        for row in rows:
            self._rows.setdefault((row.format, row.tag), []).append(row)

    def at(self, kind: str, tag: str, at: int) -> KeyRow | None:
        """The tag's key at that moment: the newest one told for it, or the first for what was heard before."""
        rows = self._rows.get((kind, tag), [])
        held = [row for row in rows if row.since <= at] or rows[:1]
        return max(held, key=lambda row: (row.since, row.issue)) if held else None

    def newest(self, at: int) -> list[KeyRow]:
        """The key of each tag at that moment, by format and tag."""
        return [row for kind, tag in sorted(self._rows) if (row := self.at(kind, tag, at)) is not None]


def keys_of(tx: Connection, site: str) -> Keys:
    return Keys(table.keys_of(tx, site))


def clock_lag(tx: Connection, key: KeyRow, now: int) -> int:
    """How far the beacon's clock is behind, ms, of where it was set."""
    probe = VisitRow(key.site, b"", 0, "", "", now, EID, key.tag, issue=key.issue)
    return stands_at(visits.lags_before(tx, probe, now))


def window_ms(key: KeyRow) -> int:
    return 1000 << (key.exponent or 0)
