"""Points that somebody excused (D9), with who says so and why."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.outcome import Excuse
from sync.office.details import ExcuseDetail
from sync.office.store import rounds as table
from sync.office.store.rounds import ExcuseRow


class Excused(Struct, frozen=True):
    row: ExcuseRow
    detail: ExcuseDetail

    @property
    def excuse(self) -> Excuse:
        return Excuse(self.row.point, self.row.first, self.row.last)


def read_excuses(tx: Connection, site: str, first: int, last: int) -> list[Excused]:
    """For any time between `first` and `last`, UTC ms; those that do not count too."""
    rows = table.excuses_in(tx, site, first, last)
    return [Excused(row, msgspec.json.decode(row.detail, type=ExcuseDetail)) for row in rows]


def valid(excuses: Iterable[Excused]) -> list[Excuse]:
    """The excuses that count."""
    return [each.excuse for each in excuses if each.detail.valid]
