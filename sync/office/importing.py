"""Taking a plan or a people file into the office: checked whole, then taken whole, or nothing of it."""

import hashlib
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.site import People, Plan, decode_plan, encode_plan
from sync.office import credentials
from sync.office.plan_faults import Fault
from sync.office.plans import read_people, read_plan
from sync.office.store import Store
from sync.office.store import plans as table


class Found(Struct, frozen=True):
    """What the files hold; `faults` of both, errors and warnings, in order."""

    plan: Plan | None
    people: People | None
    faults: tuple[Fault, ...]

    @property
    def refused(self) -> bool:
        return any(not fault.warning for fault in self.faults)


class Taken(Struct, frozen=True):
    """What an import did."""

    site: str
    revision: int
    new: bool
    """False when the newest revision already said the same."""
    labels: int
    """Label tokens made for points that had none."""
    people: int


async def check(store: Store | None, plan: Path | bytes, people: Path | bytes | None = None) -> Found:
    """Read both files and everything wrong with them.

    Persons are looked up in the file, else in the office; the office also knows which ids are used up.
    """
    who, faults = read_people(people) if people is not None else (None, ())
    known = who
    if known is None and people is None and store is not None:
        known = await store.read(credentials.people_of)
    known = known if known and known.people else None
    checked = read_plan(plan, people=known)
    if store is not None and checked.plan is not None:
        site = checked.plan.site.id
        earlier = await store.read(lambda tx: [decode_plan(row.raw) for row in table.plans_of(tx, site)])
        if len(earlier) > 1:
            checked = read_plan(plan, people=known, earlier=earlier)
    return Found(checked.plan, who, (*faults, *checked.faults))


async def take(store: Store, found: Found, now: int) -> Taken:
    """Number the plan and take it, with the people when there are any. `found` has no fault; `now` is UTC ms."""
    plan, people = found.plan, found.people
    assert plan is not None
    assert not found.refused
    return await store.write(lambda tx: _take(tx, plan, people, now))


def _take(tx: Connection, plan: Plan, people: People | None, now: int) -> Taken:
    if people is not None:
        credentials.take_people(tx, people, now)
    site = plan.site.id
    newest = table.newest_plan(tx, site)
    count = len(people.people) if people else 0
    if newest is not None:
        same = encode_plan(replace(plan, revision=newest.revision)) == newest.raw
        if same:
            return Taken(site, newest.revision, False, 0, count)
    numbered = replace(plan, revision=newest.revision + 1 if newest else 1)
    raw = encode_plan(numbered)
    labels = credentials.take_plan(tx, numbered, raw, hashlib.sha256(raw).hexdigest(), now)
    return Taken(site, numbered.revision, True, labels, count)
