"""The office's example: a month of three sites, made by real logbooks; what is not there yet comes by itself."""

import asyncio
import time
from datetime import date, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from app.duties.days import millis
from app.duties.schedule import slots
from app.duties.site import Plan
from app.logbook.verify import check_lines
from app.settings import example
from sync.desk import Desk
from sync.office import alarms, export
from sync.office.cast import RECENT, SITES, mishaps
from sync.office.demo import DAYS, OUT_MS, Part, _due, fill_up, furnish, parts
from sync.office.details import RoundDetail
from sync.office.fold import Folding, forget
from sync.office.keys import OfficeKey
from sync.office.plans import read_people, read_plan
from sync.office.serve import open_store
from sync.office.store import Store, cases, known, readings
from sync.office.store import rounds as table
from sync.office.walker import Tricks
from tests.office.conftest import at, sign_in
from tests.office.test_cli import serving
from tests.office.test_pages import Page
from tests.office.test_projections import all_rows

NOW = at("2026-11-21 12:00")
BACK = 9
"""Days that hold every story of the first site."""


class Example(msgspec.Struct):
    folder: Path
    told: list[Part]
    seconds: float
    """Until somebody could be served."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """The example of some days, with everything that the background brings. Tests only read it."""
    made = Example(tmp_path_factory.mktemp("example"), [], 0)

    async def make() -> None:
        store = await open_store(made.folder / "office.db")
        began = time.monotonic()
        await furnish(store, OfficeKey.open(made.folder), NOW, BACK)
        made.seconds = time.monotonic() - began
        await fill_up(store, NOW, BACK, progress=lambda done, of, part: made.told.append(part))
        await Folding(store).catch_up()
        store.close()

    asyncio.run(make())
    return made


def details(store_folder: Path, site: str, day: date) -> list[RoundDetail]:
    async def ask() -> list[RoundDetail]:
        store = await open_store(store_folder / "office.db")
        rows = await store.read(lambda tx: table.rounds_on(tx, site, day.isoformat()))
        store.close()
        return [msgspec.json.decode(row.detail, type=RoundDetail) for row in rows]

    return asyncio.run(ask())


@pytest.mark.torture
@pytest.mark.parametrize("site", SITES)
def test_every_day_of_every_site_has_rounds_that_the_office_could_judge(filled: Example, site: str) -> None:
    assert filled.seconds < 15
    for ago in range(1, BACK + 1):
        found = details(filled.folder, site, date(2026, 11, 21) - timedelta(days=ago))
        assert len(found) >= 4, ago
        assert all(each.judged for each in found)
        assert all("proof-failed" not in each.stop_marks for each in found)
        assert all("badge-proof" not in each.office_marks for each in found)


@pytest.mark.torture
def test_the_example_is_evidence_like_any_other(filled: Example) -> None:
    """Every book verifies by the program that knows nothing of demonstrations."""

    async def lines() -> bytes:
        store = await open_store(filled.folder / "office.db")
        found = [line async for line in export.lines(store, OfficeKey.open(filled.folder), NOW)]
        store.close()
        return b"".join(found)

    raw = asyncio.run(lines())
    report = check_lines(raw.splitlines())
    assert report.whole
    assert len(report.books) == len(filled.told) + len(SITES["cuihu-garden"]) + 1  # and the desk's
    assert raw.count(b'"record":') > 8000


@pytest.mark.torture
def test_each_ledger_and_list_of_the_example_has_something_to_show(filled: Example) -> None:
    """And all of it comes again from the records."""

    async def ask() -> None:
        store = await open_store(filled.folder / "office.db")
        before = await store.read(all_rows)
        seen = {(row[2], row[3]) for row in before["cases"]}
        assert seen >= {
            ("order", "closed"), ("order", "taken"), ("finding", "closed"), ("hazard", "closed"), ("hazard", "open"),
            ("emergency", "closed"), ("dwelling", "open"),
        }  # fmt: skip
        assert {row[1] for row in before["entries"]} >= {
            "register", "handover", "procedure", "survey", "finding", "order", "asset", "cleaning", "person",
        }  # fmt: skip
        assert {row[0] for row in before["cases"]} == set(SITES)
        rows = await store.read(lambda tx: cases.listed(tx, list(SITES), most=1000))
        assert any(row.paper == "report" for row in rows)
        assert any(row.visit and row.closed_at for row in rows)
        assert any(row.late for row in rows)
        read = await store.read(lambda tx: readings.listed(tx, "cuihu-garden", most=1000))
        assert "high" in {row.verdict for row in read}
        scores = await store.read(lambda tx: readings.listed(tx, "cuihu-garden", sorts=(readings.SCORE,)))
        assert any(row.value < (row.full or 0) for row in scores)
        assert len(before["readings"]) > 500
        for site in SITES:
            await store.write(lambda tx, site=site: forget(tx, site))  # type: ignore[misc]
        await Folding(store).catch_up()
        assert await store.read(all_rows) == before
        store.close()

    asyncio.run(ask())


@pytest.mark.torture
def test_a_months_stories_are_told(filled: Example) -> None:
    excused = details(filled.folder, "cuihu-garden", date(2026, 11, 15))
    paper = [each for each in details(filled.folder, "cuihu-garden", date(2026, 11, 16)) if each.late_entry]
    (night,) = [each for each in excused if each.schedule == "night-1"]
    assert night.missed == 1
    assert [each.late_entry.paper for each in paper if each.late_entry] == ["夜巡纸质记录第37页"]
    assert paper[0].done == paper[0].planned

    async def ask(store: Store) -> list[alarms.Alarm]:
        return await store.read(lambda tx: alarms.read_alarms(tx, NOW, 31 * 24 * 3600 * 1000))

    async def read() -> list[alarms.Alarm]:
        store = await open_store(filled.folder / "office.db")
        found = await ask(store)
        store.close()
        return found

    lift = [each for each in asyncio.run(read()) if not each.is_finding]
    assert [(each.state, [act.state for act in each.acts]) for each in lift] == [
        ("taken", ["taken"]),  # somebody called nine minutes ago, and that goes on
        ("closed", ["taken", "closed"]),
    ]


@pytest.mark.torture
def test_nothing_is_invented_twice(filled: Example) -> None:
    async def again() -> tuple[int, int]:
        store = await open_store(filled.folder / "office.db")
        before = await store.records.books()
        told: list[Part] = []
        await furnish(store, OfficeKey.open(filled.folder), NOW + 3_600_000, BACK)
        await fill_up(store, NOW + 3_600_000, BACK, progress=lambda done, of, part: told.append(part))
        after = await store.records.books()
        store.close()
        assert after == before
        return len(told), len(after)

    assert asyncio.run(again())[0] == 0


@pytest.mark.torture
def test_when_all_is_there_no_page_says_that_it_is_coming(filled: Example) -> None:
    async def ask() -> str:
        store = await open_store(filled.folder / "office.db")
        found = await store.read(lambda tx: known.get(tx, known.FILLING))
        store.close()
        return found

    assert asyncio.run(ask()) == ""


def test_the_newest_days_come_first_and_the_whole_month_comes() -> None:
    order = list(parts(DAYS))
    stories = [part for part in order if part.told]
    assert {part.site for part in stories} == set(SITES)
    assert order[-1].told  # what goes on with the findings of others
    order = [part for part in order if not part.told]
    assert [part.last for part in order] == sorted(part.last for part in order)
    for site, handhelds in SITES.items():
        mine = [part for part in order if part.site == site]
        assert {ago for part in mine for ago in range(part.last, part.first + 1)} == set(range(DAYS + 1))
        assert len(mine) == 2 * len(handhelds)
    assert len({(part.site, part.called("zh")) for part in order}) == len(order)
    assert {part.last for part in parts(1)} == {0}


@pytest.mark.parametrize("hour", ["09:40", "15:00", "23:30"])
def test_whoever_looks_meets_somebody_on_a_round(hour: str) -> None:
    """The last thing of a handheld's book: a round of a window that is open, begun some minutes ago."""
    now, plan, out = at(f"2026-11-21 {hour}"), plan_of("cuihu-garden"), 0
    for part in parts(1):
        if part.site != plan.site.id or part.told or part.last:
            continue
        walks = list(_due(plan, part, date(2026, 11, 21), now))
        assert all(millis(slot.opens) <= now for slot, _, _ in walks)
        slot, _, tricks = walks[-1]
        if millis(slot.closes) > now:
            out += 1
            assert millis(slot.opens) + round(tricks.late_s * 1000) == now - OUT_MS
    assert out


@pytest.mark.parametrize("site", SITES)
def test_somebody_walks_whatever_the_plan_asks_for(site: str) -> None:
    """Else the month would show what nobody in the story ever does as missed."""
    walked = {beat.schedule for _, beats in SITES[site] for beat in beats}
    assert walked == {schedule.id for schedule in plan_of(site).schedules}


@pytest.mark.parametrize("site", SITES)
def test_a_month_has_misses_as_a_real_one_and_the_same_each_time(site: str) -> None:
    plan = plan_of(site)
    drawn: list[Tricks | None] = []
    for beat in (beat for _, beats in SITES[site] for beat in beats):
        for ago in range(RECENT + 1, DAYS + 1):
            for slot in slots(plan, plan.schedule(beat.schedule), *[date(2026, 11, 21) - timedelta(days=ago)] * 2):
                drawn.append(mishaps(plan, beat, slot, ago))
                assert mishaps(plan, beat, slot, ago) == drawn[-1]
    odd = [each for each in drawn if each != Tricks()]
    assert 0.03 < len(odd) / len(drawn) < 0.25
    assert sum(each is None for each in drawn) / len(drawn) < 0.05


def plan_of(site: str) -> Plan:
    people = read_people(example(f"{site}.people.yaml")).people
    plan, faults = read_plan(example(f"{site}.yaml"), people=people)
    assert faults == ()
    assert plan is not None
    return plan


@pytest.mark.proof
def test_the_served_example_fills_itself_up_and_ends_at_once(tmp_path: Path) -> None:
    args = ("--json", "--port", "0", "--days", "3", "--data-dir", str(tmp_path), "--now", "2026-11-21T12:00:00+08:00")
    began = time.monotonic()
    with serving("demo", *args) as (child, line):
        assert time.monotonic() - began < 60
        desk = msgspec.json.decode(line, type=Desk)
        browser = httpx.Client(base_url=desk.url, timeout=30)
        assert sign_in(browser, desk.user, desk.password).status_code == 303
        query = {"site": "xinghe-dorm", "day": "2026-11-20", "lang": "en"}
        for _ in range(120):
            text = Page(browser.get("/rounds", params=query)).text
            if "Night round 1" in text and "Kong Liang" in text:
                break
            time.sleep(0.5)
        assert "Xinghe Residence" in text
        assert "The example is still being filled in" in text
        assert "Kong Liang" in text
        ended = time.monotonic()
        child.terminate()
        assert child.wait(60) == 0
        assert time.monotonic() - ended < 30


def test_an_english_example_calls_its_handhelds_in_english() -> None:
    names = {part.called("en") for part in parts(DAYS)}
    assert all(name.isascii() for name in names)
    assert len(names) == len({part.called("zh") for part in parts(DAYS)})
