"""What a span of days holds, whole and in few statements: rounds, their stops, and the matters that count on it."""

from collections.abc import Collection, Sequence

from msgspec import Struct
from sqlalchemy import Connection, select

from sync.office.store.cases import cases
from sync.office.store.entries import EntryRow, entries
from sync.office.store.paging import Span
from sync.office.store.rounds import FoldedRow, RoundRow, StopRow, folded, round_stops, rounds


class Matter(Struct, frozen=True):
    """As much of a case (cases.CaseRow) as counts for an indicator, and is said of it."""

    site: str
    case: str
    sort: str
    opened_at: int
    complaint: bool
    valid: bool | None
    urgent: bool
    contact_at: int | None
    going_at: int | None
    respond_at: int | None
    arrived_at: int | None
    due_at: int | None
    done_at: int | None
    closed_at: int | None
    reopened: int
    visit: bool
    visited_at: int | None
    satisfied: bool | None
    fixed: bool
    paper: str | None
    paper_due: int | None
    category: str
    phrase: str
    words: str
    point: str
    room: str


_MATTER = tuple(cases.c[name] for name in Matter.__struct_fields__)


def matters_opened(tx: Connection, site: str, sorts: Sequence[str], span: Span) -> list[Matter]:
    """Those of the sorts that were opened in the span, in no order."""
    found: list[Matter] = []
    for sort in sorts:
        here = (cases.c.site == site, cases.c.sort == sort)
        wanted = select(*_MATTER).where(*here, cases.c.opened_at >= span.first, cases.c.opened_at < span.last)
        found += [Matter(*row) for row in tx.execute(wanted)]
    return found


def rounds_between(tx: Connection, site: str, first: str, last: str) -> list[RoundRow]:
    """Rounds whose window opens from one local date to another, by window and start."""
    wanted = select(*(rounds.c[name] for name in RoundRow.__struct_fields__))
    here = (rounds.c.site == site, rounds.c.day.between(first, last))
    rows = tx.execute(wanted.where(*here).order_by(rounds.c.day, rounds.c.opens, rounds.c.slot, rounds.c.started))
    return [RoundRow(*row) for row in rows]


def stops_between(tx: Connection, site: str, first: str, last: str) -> dict[str, list[StopRow]]:
    """By round: the stops of these rounds."""
    same = (round_stops.c.site == rounds.c.site) & (round_stops.c.round == rounds.c.round)
    wanted = select(*(round_stops.c[name] for name in StopRow.__struct_fields__)).join(rounds, same)
    found: dict[str, list[StopRow]] = {}
    for row in tx.execute(wanted.where(rounds.c.site == site, rounds.c.day.between(first, last))):
        found.setdefault(row.round, []).append(StopRow(*row))
    return found


def folded_heads(tx: Connection, site: str) -> list[FoldedRow]:
    """Up to which record of each book the projections are true."""
    wanted = select(folded).where(folded.c.site == site).order_by(folded.c.book)
    return [FoldedRow(**row._mapping) for row in tx.execute(wanted)]


def entries_of(tx: Connection, sites: Collection[str], subjects: Sequence[str]) -> list[EntryRow]:
    """Every record of a subject of which there are few, of many sites at once, in the order of their books."""
    wanted = select(*(entries.c[name] for name in EntryRow.__struct_fields__))
    here = (entries.c.site.in_(list(sites)), entries.c.subject.in_(subjects))
    rows = [EntryRow(*row) for row in tx.execute(wanted.where(*here))]
    return sorted(rows, key=lambda row: (row.site, row.book, row.seq))
