"""Tags whose identity changes every few minutes (Eddystone-EID): which tag an identity is, and whether it is of now.

The office computes the identities ahead and sends them down as tables; no key is here, and nothing here could
compute the next one. A table ends after days, so what a lost handheld gives away is worthless soon.
"""

from functools import cached_property
from typing import Final

from msgspec import Struct

EID_BYTES: Final = 8
"""An identity on the air."""
EXPONENTS: Final = range(8, 16)
"""How often an identity may change, 2^exponent s: faster ones would make tables that nobody can carry."""
SLACK: Final = 2
"""Windows that a tag's clock may be off either way: 17 min at 512 s, what 150 ppm make in 79 days unseen."""


class TagTable(Struct, frozen=True):
    """The identities of one tag for a span, one after another."""

    tag: str
    """Its id in the plan."""
    first: int
    """When the first identity begins, office time, UTC ms."""
    window_ms: int
    """How long each one is sent."""
    ids: tuple[str, ...]
    """Sixteen lower-case hex digits each."""

    def sends(self, eid: str, at: int) -> bool:
        """Whether the tag may send `eid` at `at`, its clock being off by at most SLACK windows."""
        now = (at - self.first) // self.window_ms
        return now >= -SLACK and eid in self.ids[max(0, now - SLACK) : now + SLACK + 1]


class Tables(Struct, frozen=True, dict=True):
    """What a handheld knows of its site's changing tags."""

    tables: tuple[TagTable, ...] = ()

    def name(self, eid: str, at: int) -> str | None:
        """The plan's tag that sends `eid` at `at` (office time, UTC ms); None when no tag does."""
        table = self._by_id.get(eid)
        return table.tag if table is not None and table.sends(eid, at) else None

    def stale(self, eid: str, at: int) -> str | None:
        """The plan's tag that sends `eid` at another time than `at`: what is heard now is a recording."""
        table = self._by_id.get(eid)
        return table.tag if table is not None and not table.sends(eid, at) else None

    def covers(self, tag: str, at: int) -> bool:
        """Whether it is known what `tag` sends at `at`."""
        tables = (table for table in self.tables if table.tag == tag)
        return any(0 <= at - table.first < table.window_ms * len(table.ids) for table in tables)

    @cached_property
    def _by_id(self) -> dict[str, TagTable]:
        return {eid: table for table in self.tables for eid in table.ids}


NO_TABLES: Final = Tables()
