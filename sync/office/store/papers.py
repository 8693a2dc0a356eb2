"""Papers that were made: what stood on each, so that it can be had again as it was, and the sheets made by themselves.

Times are UTC milliseconds.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    or_,
    select,
    update,
)

from sync.office.store.paging import COUNTED, MOST, Place, beyond, counted, ordered
from sync.office.store.schema import metadata
from sync.office.store.upsert import insert

papers = Table(
    "papers",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("paper", String(64), primary_key=True, comment="SHA-256 of its content, hex"),
    Column("name", String(40), nullable=False, comment="which sort"),
    Column("about", String(200), nullable=False, comment="which route, post, finding …; empty: all"),
    Column("lang", String(8), nullable=False),
    Column("first", String(10), nullable=False, comment="local date"),
    Column("last", String(10), nullable=False),
    Column("hash", String(64), nullable=False, comment="of the records that it was made from, hex"),
    Column("records", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False, comment="account; empty: made by itself"),
    Column("content", LargeBinary, nullable=False, comment="the paper as JSON, deflated"),
)
Index("papers_by_time", papers.c.site, papers.c.made_at, papers.c.paper)

night_sheets = Table(
    "night_sheets",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("day", String(10), primary_key=True, comment="local date on which the night ended"),
    Column("claimed_at", BigInteger, nullable=False, comment="when a worker began to make it"),
    Column("paper", String(64), comment="null until it is made"),
)


class PaperRow(Struct, frozen=True):
    """A paper that was made, without what stands on it."""

    site: str
    paper: str
    name: str
    about: str
    lang: str
    first: str
    last: str
    hash: str
    records: int
    made_at: int
    made_by: str

    @property
    def place(self) -> Place:
        return Place(self.made_at, f"{self.last}/{self.paper}")


_FIELDS = tuple(papers.c[name] for name in PaperRow.__struct_fields__)


def keep(tx: Connection, row: PaperRow, content: bytes) -> None:
    """The same paper made again is the same row."""
    tx.execute(insert(papers).on_conflict_do_nothing(), {**asdict(row), "content": content})


PaperOrder = Literal["made", "days"]


class Which(Struct, frozen=True):
    """Papers of a site."""

    name: str = ""
    """Of this sort; empty: of all."""
    first: str = ""
    last: str = ""
    """Of a day from `first` to `last`, local dates; empty: of whatever day."""


EVERY: Final = Which()


def listed(
    tx: Connection,
    site: str,
    after: Place | None = None,
    most: int = MOST,
    which: Which = EVERY,
    order: PaperOrder = "made",
    *,
    oldest: bool = False,
) -> list[PaperRow]:
    """By when they were made or by their last day, the newest first unless it is turned round."""
    wanted = select(*_FIELDS).where(*_those(site, which))
    key: tuple[Column[Any], ...] = (papers.c.made_at, papers.c.paper)
    begins: tuple[Any, ...] = (after.at, after.rest.rpartition("/")[2]) if after else ()
    if order == "days":
        key, begins = (papers.c.last, *key), (after.rest.rpartition("/")[0], *begins) if after else ()
    if after is not None:
        wanted = wanted.where(beyond(key, begins, oldest=oldest))
    return [PaperRow(*row) for row in tx.execute(ordered(wanted, key, oldest=oldest).limit(most))]


def count(tx: Connection, site: str, which: Which = EVERY) -> int:
    return counted(tx, select(papers.c.paper).where(*_those(site, which)), COUNTED)


def _those(site: str, which: Which) -> list[ColumnElement[bool]]:
    those = [papers.c.site == site]
    those += [papers.c.name == which.name] if which.name else []
    those += [papers.c.last >= which.first] if which.first else []
    return those + ([papers.c.first <= which.last] if which.last else [])


def content_of(tx: Connection, site: str, paper: str) -> tuple[PaperRow, bytes] | None:
    row = tx.execute(select(*_FIELDS, papers.c.content).where(papers.c.site == site, papers.c.paper == paper)).first()
    return (PaperRow(*row[:-1]), row[-1]) if row else None


def forget(
    tx: Connection,
    site: str,
    day: str,
    held: Sequence[tuple[str, str]],
    names: Sequence[str] = (),
    about: str | None = None,
) -> None:
    """Papers of these sorts (empty: of all) about that (None: whatever) whose last day was before this local date, but
    for those of a day from first to last of one that is `held`; their sheets count as made.
    """
    which = [papers.c.site == site, papers.c.last < day]
    which += [or_(papers.c.last < first, papers.c.first > last) for first, last in held]
    which += [papers.c.name.in_(names)] if names else []
    which += [papers.c.about == about] if about is not None else []
    tx.execute(delete(papers).where(*which))


# -- sheets that are made by themselves -------------------------------------------------------------


def sheets_of(tx: Connection, site: str, first: str) -> dict[str, str | None]:
    """The days from that one on of which a sheet was made or begun: day → paper."""
    wanted = select(night_sheets.c.day, night_sheets.c.paper).where(night_sheets.c.site == site)
    return {row.day: row.paper for row in tx.execute(wanted.where(night_sheets.c.day >= first))}


def claim(tx: Connection, site: str, day: str, now: int, lease: int) -> bool:
    """Whether this worker is to make it: nobody has, and whoever began it gave up longer than `lease` ago."""
    new = insert(night_sheets).values(site=site, day=day, claimed_at=now, paper=None)
    if tx.execute(new.on_conflict_do_nothing()).rowcount > 0:
        return True
    mine = (night_sheets.c.site == site, night_sheets.c.day == day)
    old = (night_sheets.c.paper.is_(None), night_sheets.c.claimed_at <= now - lease)
    return tx.execute(update(night_sheets).where(*mine, *old).values(claimed_at=now)).rowcount > 0


def sheet_made(tx: Connection, site: str, day: str, paper: str) -> None:
    tx.execute(update(night_sheets).where(night_sheets.c.site == site, night_sheets.c.day == day).values(paper=paper))
