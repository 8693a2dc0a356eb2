"""Revisions of a plan in the changes feed: side by side, until nobody can be walking under them (decision 22)."""

from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from app.duties.site import Grant, People, encode_plan
from sync.office import credentials
from sync.office.store import Store
from sync.office.store.changes import START
from tests import garden

SITE = "garden"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "office.db")
    await opened.write(lambda tx: credentials.take_people(tx, garden.PEOPLE, 0))
    yield opened
    opened.close()


async def take(store: Store, number: int, effective: str, today: str, *people: str) -> None:
    grants = tuple(Grant(person, ("guard",)) for person in people)
    plan = replace(garden.plan(revision=number), effective=effective, grants=grants)
    raw = encode_plan(plan)
    at = int(datetime.fromisoformat(f"{today}T00:30").replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)
    await store.write(lambda tx: credentials.take_plan(tx, plan, raw, sha256(raw).hexdigest(), at))


async def sent(store: Store) -> dict[str, bool]:
    """Id of every plan item in the feed, and whether it still stands."""
    page = await store.changes.page(SITE, START, 100)
    return {item.id: item.body is not None for item in page.items if item.kind == "plan"}


async def people(store: Store) -> set[str]:
    item = await store.changes.current(SITE, "people", SITE)
    assert item is not None
    assert item.body is not None
    return {person.id for person in msgspec.json.decode(item.body, type=People).people}


async def test_a_coming_revision_stands_beside_the_one_that_holds(store: Store) -> None:
    await take(store, 1, "2025-11-01", "2025-11-01", "zhang")
    await take(store, 2, "2099-01-01", "2025-11-21", "li")
    assert await sent(store) == {"1": True, "2": True}
    assert await people(store) == {"zhang", "li"}, "tonight's crew is not forgotten for the crew of 2099"


async def test_a_revision_that_ended_today_stays_for_the_rounds_begun_under_it(store: Store) -> None:
    await take(store, 1, "2025-11-01", "2025-11-01", "zhang")
    await take(store, 2, "2025-11-21", "2025-11-21", "li")
    assert await sent(store) == {"1": True, "2": True}
    assert await people(store) == {"li"}, "who has no role any more is gone at once"
    await take(store, 3, "2025-11-21", "2025-11-22", "li")
    assert await sent(store) == {"1": False, "2": False, "3": True}


async def test_what_was_replaced_before_its_day_came_is_withdrawn_when_that_day_is_over(store: Store) -> None:
    await take(store, 1, "2025-11-01", "2025-11-01")
    await take(store, 2, "2025-12-01", "2025-11-20")
    await take(store, 3, "2025-11-21", "2025-11-21")
    assert await sent(store) == {"1": True, "2": True, "3": True}
    await take(store, 4, "2026-01-01", "2025-11-22")
    assert await sent(store) == {"1": False, "2": False, "3": True, "4": True}
