"""How much of what was found is put right and closed (D34), and which orders were done, by how the matters stand."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, Integer, and_, cast, func, or_, select

from sync.office.store.cases import FINDING, HAZARD, ORDER, CaseRow, cases
from sync.office.store.paging import Span, within

LONGEST_MS = 92 * 24 * 3600 * 1000
"""An order that took longer is not looked for."""
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
    mine = (cases.c.site == site, cases.c.sort == ORDER, cases.c.opened_at >= span.first - LONGEST_MS)
    wanted = select(*_FIELDS).where(*mine, *within(cases.c.done_at, span)).order_by(cases.c.done_at, cases.c.case)
    return [CaseRow(**row._mapping) for row in tx.execute(wanted)]
