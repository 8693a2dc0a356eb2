"""How each matter of a site stands, for ledgers and boards: findings, hazards, orders, call-outs, dwellings.

A projection: each row is what a matter's records make of it (sync.office.matters), and can be made again from them. A
row stays when the matter has long been over. What the hour makes of it (late, running out) is asked with the hour.
Times are UTC milliseconds.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import case as when

from sync.office.store.paging import ALWAYS, COUNTED, MOST, Place, Span, beyond, counted, ordered, within
from sync.office.store.schema import metadata
from sync.office.store.upsert import put as put_row

FINDING, HAZARD, ORDER, REQUEST, DRILL, EMERGENCY, DWELLING = (
    "finding", "hazard", "order", "request", "drill", "emergency", "dwelling",
)  # fmt: skip
SORTS: Final = (FINDING, HAZARD, ORDER, REQUEST, DRILL, EMERGENCY, DWELLING)
"""A request is what came to the desk, before and after an order is made of it (D65)."""
Order = Literal["opened", "due", "closed"]

cases = Table(
    "cases",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("case", String(200), primary_key=True, comment="book:seq of its first record; of a dwelling survey/unit"),
    Column("sort", String(12), nullable=False, comment="one of SORTS"),
    Column("state", String(12), nullable=False, comment="open, corrected; an order's stage; closed"),
    Column("opened_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, comment="to be done by then; null without a limit"),
    Column("respond_at", BigInteger, comment="of an order: somebody is to be there by then (D31)"),
    Column("contact_at", BigInteger, comment="of an order: somebody is to be on the way by then (D31)"),
    Column("going_at", BigInteger, comment="somebody went"),
    Column("arrived_at", BigInteger, comment="somebody was there"),
    Column("done_at", BigInteger, comment="put right, or the work finished"),
    Column("closed_at", BigInteger, comment="re-checked, confirmed, ended; null while it is open"),
    Column("last_at", BigInteger, nullable=False, comment="its newest record"),
    Column("late", Boolean, comment="done after due_at; null while it is not done, or has no limit"),
    Column("category", String(64), nullable=False, comment="of the plan; of a call-out the procedure"),
    Column("phrase", String(64), nullable=False),
    Column("words", Text, nullable=False, comment="as the crew saw it"),
    Column("area", String(64), nullable=False, comment="of its point, by the plan of that day; empty: none"),
    Column("point", String(64), nullable=False),
    Column("asset", String(64), nullable=False),
    Column("room", String(40), nullable=False),
    Column("role", String(40), nullable=False, comment="whose turn it is"),
    Column("responsible", String(64), nullable=False, comment="person: who received it, or raised it (D32)"),
    Column("worker", String(64), nullable=False, comment="person: who does it, or put it right"),
    Column("origin", String(20), nullable=False, comment="of an order: radio, finding, desk, person"),
    Column("round", String(200), nullable=False, comment="on which it was found; empty: on none"),
    Column("urgent", Boolean, nullable=False),
    Column("fixed", Boolean, nullable=False, comment="put right on the spot (当场整改)"),
    Column("postponed", Boolean, nullable=False),
    Column("visit", Boolean, nullable=False, comment="a return visit is asked for (D33)"),
    Column("reopened", Integer, nullable=False, comment="how often it was not right after all"),
    Column("clash", Boolean, nullable=False, comment="two took a step without knowing of each other"),
    Column("paper", String(8), comment="of a violation the next of its papers: record, notice, report, none (D35)"),
    Column("paper_due", BigInteger),
    Column("noticed_at", BigInteger, comment="a notice with a limit was served (D34)"),
    Column("visited_at", BigInteger, comment="somebody called back (D33)"),
    Column("satisfied", Boolean, comment="what the customer then said; null while nobody asked"),
    Column("complaint", Boolean, nullable=False),
    Column("valid", Boolean, comment="of a complaint: whether it was one; null while nobody has judged"),
    Column("post", String(64), nullable=False, comment="which received it"),
    Column("finding", String(200), nullable=False, comment="that it was made from"),
    Column("request", String(200), nullable=False, comment="that it was made from"),
    Column("order", String(200), nullable=False, comment="by which it was put right"),
    Column("left", Integer, nullable=False, comment="of a dwelling: faults that the builder still owes"),
    Column("records", Integer, nullable=False, comment="how many it has"),
    Column("photos", Integer, nullable=False),
    Column("book", LargeBinary(32), nullable=False, comment="of its first record"),
    Column("seq", BigInteger, nullable=False),
)
Index("cases_by_opening", cases.c.site, cases.c.sort, cases.c.opened_at, cases.c.case)
_is_open = cases.c.closed_at.is_(None)
Index(
    "cases_open", cases.c.site, cases.c.sort, cases.c.due_at, cases.c.case, cases.c.done_at, cases.c.closed_at,
    sqlite_where=_is_open, postgresql_where=_is_open,
)  # fmt: skip
"""`closed_at` is null in all of it; SQLite counts without reading the rows only where it stands in the index."""
_is_over = cases.c.closed_at.is_not(None)
Index(
    "cases_by_end", cases.c.site, cases.c.sort, cases.c.closed_at, cases.c.case,
    sqlite_where=_is_over, postgresql_where=_is_over,
)  # fmt: skip
_is_done = cases.c.done_at.is_not(None)
Index(
    "cases_by_doing", cases.c.site, cases.c.sort, cases.c.done_at, cases.c.case,
    sqlite_where=_is_done, postgresql_where=_is_done,
)  # fmt: skip
Index("cases_by_round", cases.c.site, cases.c.round)
Index("cases_by_finding", cases.c.site, cases.c.finding)
Index("cases_by_asset", cases.c.site, cases.c.asset, cases.c.opened_at)
Index("cases_by_point", cases.c.site, cases.c.point, cases.c.opened_at)
_is_violation = cases.c.paper.is_not(None)
Index("cases_violations", cases.c.site, cases.c.opened_at, sqlite_where=_is_violation, postgresql_where=_is_violation)


class CaseRow(Struct, frozen=True, kw_only=True):
    """One matter as its records make it."""

    site: str
    case: str
    sort: str
    state: str
    opened_at: int
    book: bytes
    seq: int
    due_at: int | None = None
    respond_at: int | None = None
    contact_at: int | None = None
    going_at: int | None = None
    arrived_at: int | None = None
    done_at: int | None = None
    closed_at: int | None = None
    last_at: int = 0
    late: bool | None = None
    category: str = ""
    phrase: str = ""
    words: str = ""
    area: str = ""
    point: str = ""
    asset: str = ""
    room: str = ""
    role: str = ""
    responsible: str = ""
    worker: str = ""
    origin: str = ""
    round: str = ""
    urgent: bool = False
    fixed: bool = False
    postponed: bool = False
    visit: bool = False
    reopened: int = 0
    clash: bool = False
    paper: str | None = None
    paper_due: int | None = None
    noticed_at: int | None = None
    visited_at: int | None = None
    satisfied: bool | None = None
    complaint: bool = False
    valid: bool | None = None
    post: str = ""
    finding: str = ""
    request: str = ""
    order: str = ""
    left: int = 0
    records: int = 0
    photos: int = 0

    def is_late(self, now: int) -> bool:
        """Done after its limit, or not done and the limit is over."""
        if self.done_at is None and self.closed_at is None:
            return self.due_at is not None and self.due_at <= now
        return self.late is True

    def place(self, order: Order) -> Place:
        """Where a list in that order goes on behind it."""
        return Place(_time_of(self, order), self.case)


class Which(Struct, frozen=True):
    """What a list is narrowed to; what is left out asks for nothing."""

    sorts: tuple[str, ...] = SORTS
    states: tuple[str, ...] = ()
    open: bool | None = None
    late: int | None = None
    """At this hour, UTC ms: done after the limit, or not done and the limit over."""
    area: str = ""
    point: str = ""
    asset: str = ""
    category: str = ""
    role: str = ""
    person: str = ""
    """Responsible for it, or at work on it."""
    violation: bool | None = None
    paper: str = ""
    urgent: bool | None = None
    fixed: bool | None = None
    postponed: bool | None = None
    visit: bool | None = None
    complaint: bool | None = None
    origin: str = ""
    opened: Span = ALWAYS
    due: Span = ALWAYS
    closed: Span = ALWAYS


EVERY: Final = Which()
_FIELDS = tuple(cases.c[name] for name in CaseRow.__struct_fields__)
_TIMES: Final = {"opened": cases.c.opened_at, "due": cases.c.due_at, "closed": cases.c.closed_at}


def listed(
    tx: Connection,
    sites: Sequence[str],
    which: Which = EVERY,
    order: Order = "opened",
    *,
    after: Place | None = None,
    most: int = MOST,
    oldest: bool = False,
) -> list[CaseRow]:
    """Matters of those sites by that time, newest first (`oldest`: oldest first). By `due` or `closed` those that have
    no such time are left out.
    """
    found = [
        row
        for site in sites
        for sort in which.sorts
        for row in _some(tx, _wanted(site, sort, which), order, after, most, oldest)
    ]
    return sorted(found, key=lambda row: (_time_of(row, order), row.case), reverse=not oldest)[:most]


def count(tx: Connection, sites: Sequence[str], which: Which = EVERY, most: int = COUNTED) -> int:
    """How many matters that is, at most `most` of a site and sort."""
    return sum(counted(tx, _wanted(site, sort, which), most) for site in sites for sort in which.sorts)


class Tally(Struct, frozen=True):
    """How many matters of one sort are open at a site, and how many of these are late."""

    open: int
    late: int


def tallies(tx: Connection, sites: Sequence[str], now: int) -> dict[tuple[str, str], Tally]:
    """By site and sort; where nothing is open there is no row."""
    wanted = select(cases.c.site, cases.c.sort, func.count(), func.sum(case_late(now))).where(
        cases.c.site.in_(list(sites)), cases.c.sort.in_(SORTS), _is_open
    )
    rows = tx.execute(wanted.group_by(cases.c.site, cases.c.sort))
    return {(site, sort): Tally(count, int(late or 0)) for site, sort, count, late in rows}


def case_late(now: int) -> ColumnElement[int]:
    """1 for an open matter whose limit is over and which nobody has put right, else 0."""
    return when((and_(cases.c.due_at <= now, cases.c.done_at.is_(None)), 1), else_=0)


def find(tx: Connection, site: str, case: str) -> CaseRow | None:
    row = tx.execute(select(*_FIELDS).where(cases.c.site == site, cases.c.case == case)).first()
    return CaseRow(**row._mapping) if row else None


def of_round(tx: Connection, site: str, rounds: Collection[str]) -> list[CaseRow]:
    """What was found on these rounds, oldest first."""
    wanted = select(*_FIELDS).where(cases.c.site == site, cases.c.round.in_(list(rounds)))
    return [CaseRow(**row._mapping) for row in tx.execute(wanted.order_by(cases.c.opened_at, cases.c.case))]


_OF_ASSET: Final = (
    select(*_FIELDS)
    .where(cases.c.site == bindparam("of_site"), cases.c.asset == bindparam("of_asset"))
    .order_by(cases.c.opened_at.desc(), cases.c.case.desc())
    .limit(bindparam("most"))
)


def of_asset(tx: Connection, site: str, asset: str, most: int) -> list[CaseRow]:
    """Matters about one piece of equipment, of every sort, newest first."""
    rows = tx.execute(_OF_ASSET, {"of_site": site, "of_asset": asset, "most": most})
    return [CaseRow(**row._mapping) for row in rows]


def open_of_assets(tx: Connection, site: str, assets: Collection[str]) -> dict[str, list[CaseRow]]:
    """By asset: what is open about it, newest first."""
    wanted = select(*_FIELDS).where(cases.c.site == site, cases.c.asset.in_(list(assets)), _is_open)
    found: dict[str, list[CaseRow]] = {}
    for row in tx.execute(wanted.order_by(cases.c.asset, cases.c.opened_at.desc(), cases.c.case)):
        found.setdefault(row.asset, []).append(CaseRow(**row._mapping))
    return found


def put(tx: Connection, row: CaseRow) -> None:
    put_row(tx, cases, row)


def tie(tx: Connection, site: str, finding: str) -> None:
    """The finding's row names the order that was made from it; what claims to be made from something else does not."""
    same = (cases.c.site == site, cases.c.case == finding, cases.c.sort.in_((FINDING, HAZARD)))
    tx.execute(update(cases).where(*same).values(order=order_of(tx, site, finding)))


def order_of(tx: Connection, site: str, finding: str) -> str:
    """The first order that was made from the finding; empty without one."""
    made = select(cases.c.case).where(cases.c.site == site, cases.c.finding == finding)
    return str(tx.execute(made.order_by(cases.c.opened_at, cases.c.case).limit(1)).scalar() or "")


def remove(tx: Connection, site: str, gone: Iterable[str]) -> None:
    for case in gone:
        tx.execute(delete(cases).where(cases.c.site == site, cases.c.case == case))


def _some(
    tx: Connection, wanted: Select[Any], order: Order, after: Place | None, most: int, oldest: bool
) -> list[CaseRow]:
    key = (_TIMES[order], cases.c.case)
    if order != "opened":
        wanted = wanted.where(_TIMES[order].is_not(None))
    if after is not None:
        wanted = wanted.where(beyond(key, (after.at, after.rest), oldest=oldest))
    return [CaseRow(**row._mapping) for row in tx.execute(ordered(wanted, key, oldest=oldest).limit(most))]


def _time_of(row: CaseRow, order: Order) -> int:
    found = {"opened": row.opened_at, "due": row.due_at, "closed": row.closed_at}[order]
    return 0 if found is None else found


def _wanted(site: str, sort: str, which: Which) -> Select[Any]:
    where: list[ColumnElement[bool]] = [cases.c.site == site, cases.c.sort == sort]
    where += [cases.c.state.in_(which.states)] if which.states else []
    where += [_is_open if which.open else ~_is_open] if which.open is not None else []
    where += [_late(which.late)] if which.late is not None else []
    where += [
        cases.c[name] == value
        for name in ("area", "point", "asset", "category", "role", "paper", "origin")
        if (value := getattr(which, name))
    ]
    where += [or_(cases.c.responsible == which.person, cases.c.worker == which.person)] if which.person else []
    where += [_is_violation if which.violation else ~_is_violation] if which.violation is not None else []
    where += [
        cases.c[name].is_(value)
        for name in ("urgent", "fixed", "postponed", "visit", "complaint")
        if (value := getattr(which, name)) is not None
    ]
    for span, column in (
        (which.opened, cases.c.opened_at),
        (which.due, cases.c.due_at),
        (which.closed, cases.c.closed_at),
    ):
        where += within(column, span) if span != ALWAYS else ()
    return select(*_FIELDS).where(*where)


def _late(now: int) -> ColumnElement[bool]:
    running = and_(cases.c.done_at.is_(None), _is_open, cases.c.due_at <= now)
    return or_(cases.c.late.is_(True), running)
