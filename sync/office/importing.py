"""Taking a plan or a people file into the office: checked whole, then taken whole, or nothing of it."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.days import local_time
from app.duties.site import People, Person, Plan, decode_plan, encode_plan
from app.pages import begins, in_force
from sync.office import credentials
from sync.office.plan_faults import Fault
from sync.office.plans import open_file, read_joining, read_people, read_plan
from sync.office.store import Store
from sync.office.store import plans as table


class Found(Struct, frozen=True):
    """What the files hold; `faults` of both, errors and warnings, in order."""

    plan: Plan | None
    people: People | None
    faults: tuple[Fault, ...]
    joining: tuple[Person, ...] = ()
    """People of a workbook whom the office does not know yet."""

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
    superseded: tuple[int, ...] = ()
    """Revisions that were still to come and now never will."""


async def check(store: Store | None, plan: Path | bytes, people: Path | bytes | None = None, file: str = "") -> Found:
    """Read both files and everything wrong with them.

    Persons are looked up in the people file, else in the office, and in a workbook's own sheet; the office also knows
    which ids are used up. `file` is the name that faults carry.
    """
    who, faults = read_people(people) if people is not None else (None, ())
    known = who
    if people is None and store is not None:
        known = await store.read(credentials.people_of)
    there = {person.id: person for person in known.people} if known else {}
    opened = await asyncio.to_thread(open_file, plan, file)
    joining, wrong = await asyncio.to_thread(read_joining, opened, there)
    everybody = People((*there.values(), *(joining.people if joining else ())))
    asked = everybody if everybody.people else None
    checked = await asyncio.to_thread(read_plan, opened, people=asked)
    if store is not None and checked.plan is not None:
        site = checked.plan.site.id
        earlier = await store.read(lambda tx: [decode_plan(row.raw) for row in table.plans_of(tx, site)])
        if len(earlier) > 1:
            checked = await asyncio.to_thread(read_plan, opened, people=asked, earlier=earlier)
    return Found(checked.plan, who, (*faults, *wrong, *checked.faults), joining.people if joining else ())


async def take(store: Store, found: Found, now: int, by: str = "") -> Taken:
    """Number the plan and take it, with the people when there are any. `found` has no fault; `now` is UTC ms, `by` who
    does it.

    The first plan of a site holds from the date it says; a later one never from before `now`.
    """
    assert found.plan is not None
    assert not found.refused
    plan = found.plan
    return await store.write(lambda tx: take_in(tx, plan, found.people, found.joining, now, by))


def take_in(
    tx: Connection, plan: Plan, people: People | None, joining: tuple[Person, ...], now: int, by: str = ""
) -> Taken:
    """`take` in a change of the caller's."""
    if people is not None:
        credentials.take_people(tx, people, now)
    site = plan.site.id
    newest = table.newest_plan(tx, site)
    count = (len(people.people) if people else 0) + len(joining)
    if newest is not None:
        plan = not_before(plan, now)
        if says_the_same(plan, decode_plan(newest.raw), now):
            credentials.join_people(tx, joining)
            return Taken(site, newest.revision, False, 0, count)
    credentials.join_people(tx, joining)
    numbered = replace(plan, revision=table.last_revision(tx, site) + 1)
    raw = encode_plan(numbered)
    gone = superseded([decode_plan(row.raw) for row in table.plans_of(tx, site)], numbered, now)
    for each in gone:
        table.withdraw(tx, site, each.revision, now)
    labels = credentials.take_plan(tx, numbered, raw, hashlib.sha256(raw).hexdigest(), now, by)
    return Taken(site, numbered.revision, True, labels, count, tuple(each.revision for each in gone))


def not_before(plan: Plan, now: int) -> Plan:
    """The plan from `now` (UTC ms) on, when it says that it held before: what was walked till now was walked under
    another one."""
    if begins(plan) >= now:
        return plan
    local = local_time(now, ZoneInfo(plan.site.zone))
    return replace(plan, effective=f"{local:%Y-%m-%d}", effective_at=f"{local:%H:%M}")


def says_the_same(plan: Plan, newest: Plan, now: int) -> bool:
    """Whether nothing would change: what holds already goes on, what is to come comes at the same moment."""
    other = replace(plan, revision=newest.revision)
    if begins(newest) <= now and begins(plan) <= now:
        other = replace(other, effective=newest.effective, effective_at=newest.effective_at)
    return other == newest


def superseded(plans: Sequence[Plan], plan: Plan, now: int) -> list[Plan]:
    """Which of the revisions that are to come will never hold, once `plan` is the newest."""
    coming = [each for each in plans if begins(each) > now]
    return [each for each in coming if in_force((each, plan), begins(each)) is plan]
