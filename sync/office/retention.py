"""How long the office keeps what, and how it lets it go (decision 9; D43 and the inspector's three years).

The plan in force says how long: rounds of patrol, cleaning and greening `keep_days`, a register's lines its
`retention_days`, all else `keep_safety_days`. A hold keeps what somebody may still ask for. What ties a book together
(its keys, its beginning and end) always stays, and of a purged record number and hash: chains can be checked as before.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.site import Plan
from app.errors import WatchbookError
from app.record import Record
from sync.office import relaying, reviewing
from sync.office.details import RoundDetail
from sync.office.store import Store, matters
from sync.office.store import retention as table
from sync.office.store.blobs import names_in
from sync.office.store.plans import plan_at
from sync.office.store.records import Stored
from sync.office.store.retention import Hold, RoundKept

DAY_MS: Final = 24 * 3600 * 1000
STEP: Final = 500
BRIEF: Final = ("patrol", "cleaning", "greening")
"""Kinds of routes whose rounds are kept `keep_days`."""
KEPT: Final = ("book.", "key.", "damage.", "witness.")
"""Kinds of records that a chain is checked by: they are never purged."""


class RetentionRefused(WatchbookError):
    """The administrator: what was asked for can't be held or purged."""


class Purged(Struct, frozen=True):
    """What a purge came to."""

    records: int = 0
    rounds: int = 0
    blobs: int = 0
    held: int = 0
    """Records whose time was over, and that a hold keeps."""

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(*(getattr(self, name) + getattr(other, name) for name in Purged.__struct_fields__))


class _Step(Struct, frozen=True):
    """One page of records, looked at."""

    last: int
    gone: list[Stored]
    ended: list[RoundKept]
    purged: Purged


async def purge(store: Store, site: str, now: int, *, dry: bool = False) -> Purged:
    """Purge what the site's plan keeps no longer, `now` in UTC ms; `dry` only counts. Raises RetentionRefused."""
    plan = await store.read(lambda tx: plan_at(tx, site, now))  # one that is to come lets nothing go yet
    if plan is None:
        raise RetentionRefused("retention.no_plan", site=site[:64])
    after, total = 0, Purged()
    while True:
        look = partial(_look, site=site, plan=plan, now=now, after=after)
        step = await store.read(look)
        if step is not None and step.gone and not dry:
            step = await store.write(lambda tx, look=look: _purge(tx, site, look(tx), now))  # type: ignore[misc]
        if step is None:
            return total
        total += step.purged
        after = step.last


def days_of(kind: str, body: dict[str, object], route_kind: str, plan: Plan) -> int | None:
    """How many days a record is kept; None for ever. `route_kind` is that of its round, empty without one."""
    if kind.startswith(KEPT):
        return None
    if kind.startswith("register."):
        found = next((each for each in plan.registers if each.id == body.get("register")), None)
        return found.retention_days if found else plan.settings.keep_safety_days
    return plan.settings.keep_days if route_kind in BRIEF else plan.settings.keep_safety_days


def least_days(plan: Plan) -> int:
    """No record is purged before it is so many days old."""
    return min(plan.settings.keep_days, plan.settings.keep_safety_days, *(r.retention_days for r in plan.registers))


def _look(tx: Connection, site: str, plan: Plan, now: int, after: int) -> _Step | None:
    found = table.old_records(tx, site, now - least_days(plan) * DAY_MS, after, STEP)
    if not found:
        return None
    records = [msgspec.json.decode(one.raw, type=Record) for one in found]
    named = {name for record in records if isinstance(name := record.body.get("round"), str)}
    known = table.rounds_named(tx, site, named)
    holds = table.holds_of(tx, site)
    gone, held = [], 0
    ended: dict[str, RoundKept] = {}
    for one, record in zip(found, records, strict=True):
        kept = _round_of(plan, known, record)
        days = days_of(one.kind, record.body, kept.kind if kept else _kind_of(plan, record.body.get("route")), plan)
        if days is None or one.received_at >= now - days * DAY_MS:
            continue
        if any(hold.first <= at < hold.last for hold in holds for at in _times(record)):
            held += 1
            continue
        gone.append(one)
        if kept is not None and kept.detail is not None:
            ended[kept.round] = kept
    return _Step(found[-1].arrived, gone, list(ended.values()), Purged(len(gone), len(ended), 0, held))


def _times(record: Record) -> tuple[int, int]:
    """When that was by the handheld's clock, and by the office's as far as the handheld knew it."""
    return record.at, record.at + (record.off or 0)


def _round_of(plan: Plan, known: Mapping[str, RoundKept], record: Record) -> RoundKept | None:
    name = record.body.get("round")
    kept = known.get(name) if isinstance(name, str) else None
    if kept is None or kept.detail is None:
        return kept
    return replace(kept, kind=_kind_of(plan, msgspec.json.decode(kept.detail, type=RoundDetail).route))


def _kind_of(plan: Plan, route: object) -> str:
    found = plan.find_route(route) if isinstance(route, str) else None
    return found.kind if found else ""


def _purge(tx: Connection, site: str, step: _Step | None, now: int) -> _Step | None:
    """`step` was looked at in this transaction: a hold that came meanwhile counts."""
    if step is None:
        return None
    about = matters.named(tx, site, ((one.book, one.seq) for one in step.gone))
    table.purge(tx, site, step.gone, step.ended)
    relaying.purged(tx, site, about, now)
    reviewing.purged(tx, site, [(one.book, one.seq) for one in step.gone if one.kind.startswith("review.")])
    blobs = table.forget_blobs(tx, site, names_in(one.raw for one in step.gone))
    return replace(step, purged=step.purged + Purged(blobs=blobs))


def hold(tx: Connection, hold: Hold) -> None:
    """Raises RetentionRefused for a span that is none."""
    if hold.first >= hold.last:
        raise RetentionRefused("retention.bad_span")
    table.add_hold(tx, hold)
