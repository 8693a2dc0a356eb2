"""How much of what was found is put right and closed (D34), and which orders were done, by how the matters stand."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Integer, and_, cast, func, or_, select

from app.duties import visits
from app.duties.visits import Done, Owed
from sync.office.store.cases import FINDING, HAZARD, ORDER, CaseRow, cases
from sync.office.store.paging import Span, within

_FIELDS = tuple(cases.c[name] for name in CaseRow.__struct_fields__)


class Closure(Struct, frozen=True):
    """Of what was found in a span of time."""

    found: int = 0
    closed: int = 0
    in_time: int = 0
    """Put right by the limit."""


def closure(
    tx: Connection, sites: Sequence[str], span: Span, sorts: Sequence[str] = (FINDING, HAZARD)
) -> dict[str, Closure]:
    """By site; a site where nothing was found is not in it."""
    right = and_(or_(cases.c.done_at.is_not(None), cases.c.closed_at.is_not(None)), cases.c.late.is_not(True))
    wanted = (
        select(
            cases.c.site,
            func.count(),
            func.sum(cast(cases.c.closed_at.is_not(None), Integer)),
            func.sum(cast(right, Integer)),
        )
        .where(cases.c.site.in_(list(sites)), cases.c.sort.in_(list(sorts)), *within(cases.c.opened_at, span))
        .group_by(cases.c.site)
    )
    return {row[0]: Closure(row[1], int(row[2] or 0), int(row[3] or 0)) for row in tx.execute(wanted)}


def done_orders(tx: Connection, site: str, span: Span) -> list[CaseRow]:
    """Orders whose work was done in that time, oldest first."""
    mine = (cases.c.site == site, cases.c.sort == ORDER, *within(cases.c.done_at, span))
    rows = tx.execute(select(*_FIELDS).where(*mine).order_by(cases.c.done_at, cases.c.case))
    return [CaseRow(**row._mapping) for row in rows]


def owed_of(rows: Iterable[CaseRow]) -> Owed:
    """Return visits of the orders that were done (D33)."""
    return visits.owed(Done(row.case, row.complaint, row.urgent, row.visit, row.visited_at is not None) for row in rows)


def late(tx: Connection, site: str, sorts: Sequence[str], until: int, now: int) -> Counter[str]:
    """By sort: how many that were opened before `until` should have been put right by now, and are not."""
    wanted = select(cases.c.sort, cases.c.opened_at).where(*_late(site, sorts, now))
    return Counter(row.sort for row in tx.execute(wanted) if row.opened_at < until)


def late_ones(tx: Connection, site: str, sorts: Sequence[str], until: int, now: int) -> list[CaseRow]:
    """The same themselves, the longest late first."""
    rows = tx.execute(select(*_FIELDS).where(*_late(site, sorts, now)).order_by(cases.c.due_at, cases.c.case))
    return [CaseRow(**row._mapping) for row in rows if row.opened_at < until]


def _late(site: str, sorts: Sequence[str], now: int) -> tuple[ColumnElement[bool], ...]:
    waits = (cases.c.closed_at.is_(None), cases.c.done_at.is_(None), cases.c.fixed.is_(False), cases.c.due_at <= now)
    return cases.c.site == site, cases.c.sort.in_(sorts), *waits
