"""The memo of days, and the accounts of companies and districts, on both databases."""

import asyncio

from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.indicators import Count
from app.duties.site import Named, Plan, Site, Text, encode_plan
from sync.office import accounts
from sync.office.serve import open_store
from sync.office.sites import profiles
from sync.office.store import Store, days, plans
from sync.office.store import accounts as account_table
from sync.office.store.days import Made
from tests.office.conftest import CHEAP, PASSWORD

ONE, TWO = Count(1, 2, 3, 4, 1), Count(10, 20)
PLAN = Plan(
    Site("east", Text("东"), "Asia/Shanghai", Named("甲", "A", "a"), Named("北", "N", "north")), 1, "2026-11-01"
)


async def told(db: str) -> None:
    store = await open_store(db)
    try:
        await sums(store)
        await reach(store)
    finally:
        store.close()


async def sums(store: Store) -> None:
    def fill(tx: Connection) -> None:
        days.put(
            tx,
            "east",
            [Made("2026-10-31", {"missed": ONE}, None), Made("2026-11-01", {"missed": TWO}, 500, waits=True)],
        )
        days.put(tx, "west", [Made("2026-11-02", {"missed": TWO, "rounds": ONE}, None)])

    await store.write(fill)

    def ask(tx: Connection) -> tuple[object, ...]:
        both, month = ("east", "west"), ("2026-11-01", "2026-11-30")
        return (
            days.sums(tx, both, *month),
            days.by_month(tx, both, "2026-10", "2026-11"),
            days.by_day(tx, "east", "missed", "2026-10-01", "2026-11-30"),
            days.standing(tx, both, "2026-10-01", "2026-11-30", 499),
            days.standing(tx, both, "2026-10-01", "2026-11-30", 500),
            days.count_standing(tx, both, "2026-10-01", "2026-11-30", 499),
        )

    november, months, single, early, late, counted = await store.read(ask)
    assert november == {"east": {"missed": TWO}, "west": {"missed": TWO, "rounds": ONE}}
    assert months == {("east", "2026-10"): {"missed": ONE}, ("east", "2026-11"): {"missed": TWO}} | {
        ("west", "2026-11"): november["west"]
    }
    assert single == {"2026-10-31": ONE, "2026-11-01": TWO}
    assert early == {"east": {"2026-10-31", "2026-11-01"}, "west": {"2026-11-02"}}
    assert counted == {site: len(those) for site, those in early.items()}
    assert late == {"east": {"2026-10-31"}, "west": {"2026-11-02"}}
    await store.write(lambda tx: days.touch_waiting(tx, "west"))
    await store.write(lambda tx: days.touch_waiting(tx, "east"))
    assert (await store.read(ask))[3] == late
    await store.write(lambda tx: days.touch_from(tx, "east", "2026-11-01"))
    await store.write(lambda tx: days.touch(tx, "west", {"2026-11-02"}))
    again = await store.read(ask)
    assert again[3] == {"east": {"2026-10-31"}, "west": set()}
    assert again[0] == november  # what is to be made again stands until it is


async def reach(store: Store) -> None:
    for site, company, district in (("east", "a", "north"), ("west", "b", "north"), ("south", "b", "south")):
        whose = replace(PLAN.site, id=site, company=Named("公司", "C", company), district=Named("区", "D", district))
        raw = encode_plan(replace(PLAN, site=whose))
        row = plans.PlanRow(site, 1, site, "2026-11-01", raw)
        await store.write(lambda tx, row=row: plans.add_plan(tx, row, 0))  # type: ignore[misc]
    wanted: tuple[tuple[dict[str, tuple[str, ...]], tuple[str, ...]], ...] = (
        ({}, ()),
        ({"companies": ("b",)}, ("south", "west")),
        ({"districts": ("north",)}, ("east", "west")),
        ({"sites": ("east",), "companies": ("b",), "districts": ("none",)}, ("east", "south", "west")),
        ({"companies": ("none",)}, (account_table.NOWHERE,)),
    )
    for limits, sites in wanted:
        await accounts.add(store, accounts.Applicant("who", "manager", None, **limits), PASSWORD, 0, CHEAP)
        opened = await accounts.open_session(store, "who", PASSWORD, "192.0.2.1", 0, CHEAP)
        found = await accounts.session(store, opened.cookie, 1)
        assert found is not None
        assert found.sites == opened.session.sites == sites
        seen = await store.read(lambda tx, sites=sites: set(profiles(tx, sites)))  # type: ignore[misc]
        assert seen == {"east", "west", "south"} & set(sites or ("east", "west", "south"))


def test_days_add_up_and_accounts_reach_their_sites(db: str) -> None:
    asyncio.run(told(db))
