"""How a matter stands, as a row of the ledgers: made of all its records whenever one of them comes.

The steps are those of app.resume, on the handheld and here; what is added are the times of each step, which a handheld
has no use for once a matter is over, and what the plan of that day says of its place.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app import kinds
from app.duties import violations
from app.duties.days import local_day
from app.duties.findings import Finding
from app.duties.orders import Order, Stage
from app.duties.site import Plan
from app.kinds.matters import BEGINS
from app.record import Record
from app.relayed import Relayed, clash, fold_matter
from app.resume import State, fold_one
from sync.office.store import cases, days, entries
from sync.office.store import plans as plan_table
from sync.office.store.cases import CaseRow
from sync.office.store.paging import kept
from sync.office.subjects import ASSET, SURVEY

_DAY_MS: Final = 24 * 3600 * 1000
SPAN_DAYS: Final = 400
"""An excuse for longer than this bears on no more days than so many."""
EARLIEST_AT: Final = 631_152_000_000
LATEST_AT: Final = 7_258_118_400_000
"""1990 and 2200: no day is asked for outside them."""
SURVEYED_MOST: Final = 2_000
"""Records of one dwelling."""


def take(tx: Connection, site: str, matter: str, records: Sequence[Relayed]) -> None:
    """Put the matter's row as its records make it now, and its records into the list of the asset it is about.

    `records` begin with the one that began it.
    """
    row = _case(tx, site, matter, records)
    if row is not None:
        _put(tx, row)
        if row.asset:
            entries.put(tx, [_about(site, each, row.asset) for each in records])


def take_dwelling(tx: Connection, site: str, unit: str) -> None:
    """The row of a dwelling or plant that is inspected before it is handed over (D36)."""
    listed = entries.listed(tx, site, SURVEY, (unit,), most=SURVEYED_MOST, oldest=True)
    found = entries.raws(tx, site, listed)
    whole = [found[row.book, row.seq] for row in listed if (row.book, row.seq) in found]
    in_order = sorted(whole, key=lambda one: one.arrived)
    records = [Relayed(one.book.hex(), msgspec.json.decode(one.raw, type=Record)) for one in in_order]
    row = _dwelling(site, unit, records)
    if row is not None:
        _put(tx, row)


def touched_days(plan: Plan | None, moments: Iterable[int | None]) -> set[str]:
    """The local days of those moments."""
    if plan is None:
        return set()
    zone = ZoneInfo(plan.site.zone)
    return {local_day(at, zone) for at in moments if at is not None and EARLIEST_AT < at < LATEST_AT}


def days_between(plan: Plan | None, first: int, last: int) -> set[str]:
    """The local days from `first` until before `last`, however long the clocks make each of them."""
    since, until = max(first, EARLIEST_AT + 1), min(last, first + SPAN_DAYS * _DAY_MS, LATEST_AT)
    if plan is None or since >= until:
        return set()
    zone = ZoneInfo(plan.site.zone)
    day, end = (date.fromisoformat(local_day(at, zone)) for at in (since, until - 1))
    return {(day + timedelta(days=after)).isoformat() for after in range((end - day).days + 1)}


def _put(tx: Connection, row: CaseRow) -> None:
    before = cases.find(tx, row.site, row.case)
    cases.put(tx, row)
    if row.sort == cases.ORDER and row.finding:
        cases.tie(tx, row.site, row.finding)
    moments = [
        at
        for each in (before, row)
        if each
        for at in (each.opened_at, each.contact_at, each.respond_at, each.due_at, each.done_at, each.visited_at)
    ]
    days.touch(tx, row.site, touched_days(_plan(tx, row.site), moments))


def _about(site: str, each: Relayed, asset: str) -> entries.EntryRow:
    record = each.record
    return entries.EntryRow(site, ASSET, asset, kept(record.at), bytes.fromhex(each.book), record.seq, record.kind)


def _plan(tx: Connection, site: str, at: int | None = None) -> Plan | None:
    """The newest plan, or the one that held then."""
    return plan_table.site_plan(tx, site) if at is None else plan_table.plan_at(tx, site, at)


class _Told:
    """What the records of a matter tell one after the other."""

    def __init__(self, matter: str, records: Sequence[Relayed]) -> None:
        self.state = State()
        self.finding: Finding | None = None
        """As it last was."""
        self.closed: int | None = None
        for each in records:
            self.state = fold_one(replace(self.state, book=each.book), each.record, _no_plan)
            found = self.state.findings.get(matter)
            self.closed = None if found else (self.closed or each.record.at)
            self.finding = found or self.finding


def _no_plan(_: kinds.PlanNamed) -> None:
    return None


def _case(tx: Connection, site: str, matter: str, records: Sequence[Relayed]) -> CaseRow | None:
    first = records[0].record
    if first.kind not in BEGINS:
        return None
    told, body, plan = _Told(matter, records), kinds.read(first), _plan(tx, site, first.at)
    base = _base(site, matter, records, plan, body)
    match body:
        case kinds.FindingRaised():
            ordered = cases.order_of(tx, site, matter)
            return _finding(replace(base, order=ordered), told, body, records, plan)
        case None:
            return None
    if first.kind == "order.taken":
        from app.kinds.orders import ORDERS

        order = told.state.share(ORDERS).get(matter)
        return _order(base, order, _first_life(order, matter, records)) if order else None
    if first.kind == "request.received":
        from app.kinds.requests import REQUESTS

        asked = told.state.share(REQUESTS).get(matter)
        ended = asked.closed if asked else None
        if asked is None:
            return None
        return replace(
            base,
            sort=cases.REQUEST,
            state="waiting" if ended is None else "closed",
            due_at=asked.due,
            done_at=ended,
            closed_at=ended,
            late=None if ended is None else ended > asked.due,
            responsible=asked.receiver,
            origin=asked.how,
        )
    return _run(base, records) if first.kind == "procedure.opened" else None


def _base(site: str, matter: str, records: Sequence[Relayed], plan: Plan | None, body: kinds.Body | None) -> CaseRow:
    """What every matter has, as its first record says."""
    first = records[0].record
    said = {name: _text(first.body.get(name), most) for name, most in _SAID.items()}
    point = plan.find_point(said["point"]) if plan else None
    row = CaseRow(
        site=site,
        case=matter,
        sort="",
        state="open",
        opened_at=kept(first.at),
        last_at=kept(max(each.record.at for each in records)),
        book=bytes.fromhex(records[0].book),
        seq=first.seq,
        area=point.area if point else "",
        responsible=next(iter(first.by), "")[:64],
        urgent=first.body.get("urgent") is True,
        clash=bool(clash(records)),
        records=len(records),
    )
    return replace(row, **said)


_SAID: Final = {"category": 64, "phrase": 64, "words": 400, "point": 64, "asset": 64, "room": 40, "round": 200}
"""Texts of a first record that the ledger shows, and how long they may be there."""


def _text(value: object, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""


def _finding(
    base: CaseRow, told: _Told, body: kinds.FindingRaised, records: Sequence[Relayed], plan: Plan | None
) -> CaseRow:
    category = plan.find_category(body.category) if plan else None
    found, at = told.finding, base.opened_at
    row = replace(
        base,
        sort=cases.HAZARD if body.kind == "hazard" else cases.FINDING,
        role=(found.to if found and found.to else "") or (category.to if category else ""),
        due_at=found.due if found else body.due,
        fixed=body.fixed,
        photos=found.photos if found else len(body.attachments or ()),
        reopened=found.reopened if found else 0,
        postponed=bool(found and found.postponed),
        noticed_at=found.noticed if found else None,
    )
    if found is None:  # put right on the spot, and never open
        row = replace(row, state="closed", done_at=at, closed_at=at, late=False, worker=row.responsible)
    else:
        done, by = _corrected(records, found, closed=told.closed)
        state = "closed" if told.closed is not None else "open" if done is None else "corrected"
        late = None if done is None else done > found.due
        row = replace(row, state=state, done_at=done, closed_at=told.closed, late=late, worker=by)
    return _violation(row, told.state, body, plan)


def _corrected(records: Sequence[Relayed], found: Finding, *, closed: int | None) -> tuple[int | None, str]:
    """When it was put right, and by whom, as it now counts."""
    if found.corrected is None and closed is None:
        return None, ""
    for each in reversed(records):
        if each.record.kind == "finding.corrected":
            return each.record.at, next(iter(each.record.by), "")[:64]
    return closed, ""


def _violation(row: CaseRow, state: State, body: kinds.FindingRaised, plan: Plan | None) -> CaseRow:
    """Which of the three papers comes next, and by when (D35)."""
    from app.kinds.violations import VIOLATIONS

    category = plan.find_category(body.category) if plan else None
    rule, case = (category.violation if category else None), state.share(VIOLATIONS).get(row.case)
    if plan is None or (rule is None and case is None):
        return row
    following = violations.next_paper(case)
    try:
        due = violations.due(case, rule, plan.calendar, ZoneInfo(plan.site.zone), row.opened_at) if rule else None
    except (ValueError, OverflowError, OSError):  # a handheld may say any time: no calendar has that one
        due = None
    over = following is None or (rule is not None and due is None)
    return replace(
        row, paper="none" if over else str(following), paper_due=due, room=case.room[:40] if case else row.room
    )


def _first_life(order: Order, matter: str, records: Sequence[Relayed]) -> Order:
    """The order as it was first reopened: what was promised of being there, and who was there when, is of that time."""
    from app.kinds.orders import ORDERS

    for n, each in enumerate(records if order.reopened else ()):
        if each.record.kind == "order.reopened":
            before = fold_matter(records[:n]).share(ORDERS).get(matter)
            if before is not None and before.arrived is not None:
                return before
    return order


def _order(base: CaseRow, order: Order, first: Order) -> CaseRow:
    return replace(
        base,
        sort=cases.ORDER,
        state=str(order.stage),
        contact_at=first.contact,
        respond_at=first.respond,
        due_at=order.due,
        going_at=first.going,
        arrived_at=first.arrived,
        done_at=order.done,
        closed_at=order.closed if order.stage is Stage.CLOSED else None,
        late=None if order.done is None else order.done > order.due,
        role=order.to[:40],
        responsible=order.receiver[:64],
        worker=(order.worker or order.assigned or "")[:64],
        origin=order.origin[:20],
        postponed=order.postponed > 0,
        visit=order.visit,
        visited_at=order.visited,
        satisfied=order.satisfied,
        valid=order.valid,
        complaint=order.complaint,
        post=(order.post or "")[:64],
        finding=(order.finding or "")[:100],
        request=(order.request or "")[:100],
        reopened=order.reopened,
        photos=order.photos,
    )


def _run(base: CaseRow, records: Sequence[Relayed]) -> CaseRow:
    body = records[0].record.body
    closed = next((each.record.at for each in records if each.record.kind == "procedure.closed"), None)
    return replace(
        base,
        sort=cases.DRILL if body.get("exercise") is True else cases.EMERGENCY,
        state="open" if closed is None else "closed",
        category=_text(body.get("procedure"), 64),
        words=_text(body.get("name"), 400),
        arrived_at=next((each.record.at for each in records if each.record.kind == "procedure.assembled"), None),
        done_at=closed,
        closed_at=closed,
    )


def _dwelling(site: str, unit: str, records: Sequence[Relayed]) -> CaseRow | None:
    from app.kinds.surveys import SURVEYS

    state = State()
    for each in records:
        state = fold_one(replace(state, book=each.book), each.record, _no_plan)
    dwelling = state.share(SURVEYS).get(unit)
    if dwelling is None:
        return None
    first, last = records[0].record, max(each.record.at for each in records)
    over = dwelling.visits > 0 and not dwelling.faults and not dwelling.looked
    return CaseRow(
        site=site,
        case=unit,
        sort=cases.DWELLING,
        state="closed" if over else "open",
        opened_at=kept(first.at),
        last_at=kept(last),
        due_at=min((fault.due for fault in dwelling.faults), default=None),
        done_at=kept(last) if over else None,
        closed_at=kept(last) if over else None,
        category=_text(first.body.get("survey"), 64),
        words=_text(first.body.get("unit"), 400),
        room=_text(first.body.get("unit"), 40),
        responsible=next(iter(first.by), "")[:64],
        left=len(dwelling.faults),
        records=len(records),
        photos=sum(fault.photos for fault in dwelling.faults),
        book=bytes.fromhex(records[0].book),
        seq=first.seq,
    )
