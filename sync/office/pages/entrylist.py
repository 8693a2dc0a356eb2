"""Records of one subject as a list (store/entries.py): each read, with its sentence and where it stands in its book."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app import kinds
from app.booklog import BookLog
from app.record import Record
from sync.office.pages.listing import Cell, Link, Row, Wish
from sync.office.places import Places, url
from sync.office.store import entries
from sync.office.store.entries import EntryRow


class Line(Struct, frozen=True):
    """A record of a list, read."""

    row: EntryRow
    record: Record | None
    """None when it was purged, or is not fit to be shown."""
    body: kinds.Body | None = None

    @property
    def id(self) -> str:
        return f"{self.row.book.hex()}:{self.row.seq}"

    @property
    def href(self) -> str:
        return url("/records", site=self.row.site, book=self.row.book.hex(), upto=str(self.row.seq))

    @property
    def ref(self) -> Link:
        return Link(f"{self.row.book.hex()[:8]}:{self.row.seq}", self.href)

    def by(self, places: Places) -> str:
        return places.persons(self.record.by) if self.record else ""

    def words(self, log: BookLog, places: Places, *, by: bool = True) -> str:
        """Its sentence, with who said it unless that stands beside it."""
        if self.record is None:
            return places.w("record_gone")
        return log.words(self.record if by else replace(self.record, by=()))

    def shown(self, *cells: Cell, colour: str = "") -> Row:
        return Row(cells, self.row.place, colour)


def listed(
    tx: Connection,
    site: str,
    subject: str,
    keys: Sequence[str],
    wish: Wish,
    zone: ZoneInfo,
    which: Sequence[str] = (),
) -> tuple[list[Line], int]:
    """A page of the subject's records, of these keys and kinds (empty: of all), and how many there are in all."""
    span = wish.span(zone)
    rows = entries.listed(
        tx, site, subject, keys, kinds=which, span=span, after=wish.after, most=wish.most, oldest=wish.oldest
    )
    return read_lines(tx, site, rows), entries.count(tx, site, subject, keys, kinds=which, span=span)


def read_lines(tx: Connection, site: str, rows: Iterable[EntryRow]) -> list[Line]:
    rows = list(rows)
    stored = entries.raws(tx, site, rows)
    found = []
    for row in rows:
        one = stored.get((row.book, row.seq))
        record = msgspec.json.decode(one.raw, type=Record) if one and one.kind and one.quarantine is None else None
        found.append(Line(row, record, kinds.read(record) if record else None))
    return found
