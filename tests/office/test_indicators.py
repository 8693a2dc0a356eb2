"""Indicators at the office: a day's figures are those of its page, follow every record, and come again the same."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection, delete, insert

from app.duties.indicators import Count
from app.duties.site import decode_plan
from app.logbook.book import Draft
from app.settings import example
from sync.office import counting, fold, standing
from sync.office.day import read_day
from sync.office.pages import day as day_page
from sync.office.pages import listing
from sync.office.store import days, rounds
from sync.office.store.retention import purged_rounds
from sync.office.walker import Tricks
from tests.office.conftest import SITE, Handheld, Office, at, furnished
from tests.office.test_life import excuse, supervisor
from tests.office.test_projections import Book, raised, taken

DAY = "2026-11-20"
LATER = at("2026-11-25 09:00")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    it = Office(furnished(tmp_path_factory.mktemp("indicators") / "office"))
    yield it
    it.close()


@pytest.fixture(scope="module")
def handheld(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handheld]:
    it = Handheld(office, tmp_path_factory.mktemp("handheld") / "book")
    it.walk(tricks=Tricks(miss=frozenset({"fitness", "shed-1"})))
    it.sync()
    office.now = LATER
    yield it
    it.close()


def made(office: Office, day: str = DAY, now: int = LATER) -> dict[str, Count]:
    """What is made now of the records, whatever was made before."""
    office.ask(office.serving.folding.catch_up())
    (found,) = office.ask(office.store.read(lambda tx: counting.make(tx, SITE, [day], now)))
    return dict(found.counts)


def kept(office: Office, first: str = DAY, last: str = DAY) -> dict[str, Count]:
    """What stands in the memo, brought up to date as a page does it."""
    office.ask(office.serving.folding.catch_up())
    left = office.ask(counting.catch_up(office.store, [SITE], first, last, LATER, more=lambda: True))
    assert left == 0
    return office.ask(office.store.read(lambda tx: days.sums(tx, [SITE], first, last)))[SITE]


def page_points(office: Office, kind: str) -> tuple[int, int]:
    """Missed and planned points as the day's page has them."""
    wish = listing.Wish(SITE, (), {"day": DAY, "kind": kind}, "", True, None, 99)
    facts = office.ask(office.store.read(lambda tx: read_day(tx, SITE, DAY, LATER)))
    assert facts is not None
    totals = day_page.show_rounds(facts, "en", wish, LATER).more.totals
    return totals.points_missed, totals.points


def test_the_missed_points_are_those_of_the_days_page(office: Office, handheld: Handheld) -> None:
    found = made(office)
    missed = found["missed"]
    assert (missed.part, missed.whole) == page_points(office, "patrol")
    assert missed.whole > 14  # what nobody walked that day was due too
    assert found["on-time"].part == 12
    assert found["rounds"].part == 1


def test_what_is_kept_is_what_would_be_made_and_a_record_changes_it(office: Office, handheld: Handheld) -> None:
    assert kept(office) == made(office)
    before = kept(office)["missed"]
    handheld.write(excuse("fitness", "2026-11-20 20:00", "2026-11-20 23:30", supervisor(office)))
    handheld.sync()
    after = kept(office)
    assert after == made(office)
    assert after["missed"] == replace(before, part=before.part - 1, whole=before.whole - 1, excused=1)
    assert after["on-time"].part == 12


def test_an_hour_that_judges_something_makes_the_day_again(office: Office, handheld: Handheld) -> None:
    early = at("2026-11-20 12:00")
    (found,) = office.ask(office.store.read(lambda tx: counting.make(tx, SITE, [DAY], early)))
    assert found.until is not None
    assert early < found.until <= at("2026-11-20 14:00")
    assert found.counts["missed"].pending > 0
    late = made(office)
    for name in ("missed", "cleaning", "inspected"):
        assert found.counts[name].whole + found.counts[name].pending == late[name].whole
    (over,) = office.ask(office.store.read(lambda tx: counting.make(tx, SITE, [DAY], LATER)))
    assert over.until is None


async def tell_of_matters(office: Office) -> None:
    """A repair that was late, one that has time left, one from long before, and a hazard put right on the spot."""
    book = Book(office.store)
    noon = at("2026-11-21 12:00")
    order = await book.say(("order.taken", taken(due=noon), "wang-lei", at("2026-11-20 09:00")))
    await book.say(("order.accepted", {"order": order, "person": "wang-lei"}, "wang-lei", at("2026-11-20 09:05")))
    await book.say(
        ("order.arrived", {"order": order, "point": None, "proved": False}, "wang-lei", at("2026-11-20 09:25"))
    )
    done = {"order": order, "parts": [], "clean": True, "late": True}
    await book.say(("order.done", done, "wang-lei", at("2026-11-21 13:00")))
    await book.say(("order.taken", taken(due=at("2026-11-28 12:00")), "wang-lei", at("2026-11-20 10:00")))
    await book.say(("order.taken", taken(due=at("2026-11-29 12:00")), "wang-lei", at("2026-09-20 10:00")))
    about = {**raised("hazard", fixed=True), "due": at("2026-11-20 23:59")}
    await book.say(("finding.raised", about, "wang-lei", at("2026-11-20 11:00")))


def test_orders_and_hazards_count_on_the_days_of_their_limits(office: Office, handheld: Handheld) -> None:
    kept(office, "2026-11-20", "2026-11-30")
    office.ask(tell_of_matters(office))
    found = kept(office, "2026-11-20", "2026-11-30")
    assert found["repairs"] == Count(0, 1, pending=2)
    assert kept(office, "2026-11-29", "2026-11-29")["repairs"] == Count(pending=1)
    assert found["quality"] == Count(1, 1, pending=1)
    assert found["arrival-min"] == Count(25 * 60_000, 1)
    assert found["hazards"] == Count(1, 1)
    assert found["rectified"] == Count(1, 1)
    assert kept(office, "2026-11-21", "2026-11-21")["repairs"] == Count(0, 1)


def test_figures_are_the_same_when_everything_is_folded_again(office: Office, handheld: Handheld) -> None:
    before = kept(office, "2026-11-19", "2026-11-30")
    office.ask(office.store.write(lambda tx: fold.forget(tx, SITE)))
    assert office.ask(office.store.read(lambda tx: days.sums(tx, [SITE], DAY, DAY)))[SITE] == {}
    assert kept(office, "2026-11-19", "2026-11-30") == before


def test_months_and_days_add_up(office: Office, handheld: Handheld) -> None:
    whole = kept(office, "2026-11-19", "2026-12-02")
    months = office.ask(office.store.read(lambda tx: days.by_month(tx, [SITE], "2026-11", "2026-12")))
    single = office.ask(office.store.read(lambda tx: days.by_day(tx, SITE, "missed", "2026-11-19", "2026-12-02")))
    total = Count()
    for each in single.values():
        total += each
    assert total == whole["missed"]
    assert months[SITE, "2026-11"]["missed"] + months.get((SITE, "2026-12"), {}).get("missed", Count()) == total


def test_a_window_waits_for_a_silent_handheld_until_it_is_heard(office: Office, handheld: Handheld) -> None:
    """Whatever was made of the day meanwhile: it is made again as soon as a handheld says anything."""
    day, silent = "2026-11-24", at("2026-11-24 05:00")
    handheld.clock.wait_until(at("2026-11-23 20:00"))
    handheld.write(Draft("note.of-another-program", {}))
    handheld.sync()
    office.ask(office.store.write(lambda tx: counting.keep(tx, SITE, [day], silent)))

    def missed() -> Count:
        return office.ask(office.store.read(lambda tx: days.sums(tx, [SITE], day, day)))[SITE]["missed"]

    assert missed().part == 0  # whoever was out that night may still bring what they have
    handheld.clock.wait_until(silent)
    handheld.write(Draft("note.of-another-program", {}))
    handheld.sync()
    left = counting.catch_up(office.store, [SITE], day, day, silent + 60_000, more=lambda: True)
    assert office.ask(left) == 0
    assert missed().part > 20


def test_what_was_counted_of_a_day_outlives_its_records(office: Office, handheld: Handheld) -> None:
    """Rounds are kept for 90 days, a month's figures are asked for longer: nobody counts again what is gone."""
    before = kept(office)

    def purge(tx: Connection) -> None:
        for row in rounds.rounds_on(tx, SITE, DAY):
            gone = {"site": SITE, "round": row.round, "slot": row.slot, "day": DAY, "kind": "patrol"}
            tx.execute(insert(purged_rounds).values(**gone))
        tx.execute(delete(rounds.rounds).where(rounds.rounds.c.day == DAY))
        days.touch(tx, SITE, [DAY])

    office.ask(office.store.write(purge))
    assert kept(office) == before
    assert made(office) != before


@pytest.mark.parametrize(
    ("zone", "first", "last", "days_of"),
    [
        ("Europe/Berlin", "2026-03-28 23:30", "2026-03-31 00:00", ["28", "29", "30"]),
        ("Europe/Berlin", "2026-03-28 23:30", "2026-03-31 12:00", ["28", "29", "30", "31"]),
        ("Europe/Berlin", "2026-10-24 23:30", "2026-10-26 23:30", ["24", "25", "26"]),
        ("Asia/Shanghai", "2026-03-28 00:00", "2026-03-29 00:00", ["28"]),
        ("Asia/Shanghai", "2026-03-29 00:00", "2026-03-28 00:00", []),
    ],
)
def test_an_excuse_bears_on_each_local_day_however_long_the_clocks_make_it(
    office: Office, zone: str, first: str, last: str, days_of: list[str]
) -> None:
    plan = office.plan()
    there = replace(plan, site=replace(plan.site, zone=zone))
    span = (
        int(datetime.fromisoformat(each).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000) for each in (first, last)
    )
    assert sorted(standing.days_between(there, *span)) == [f"{first[:8]}{day}" for day in days_of]


@given(st.integers(0, 8_000_000_000_000), st.integers(0, 500 * 24 * 3600 * 1000))
def test_the_days_of_an_excuse_have_no_gap_and_no_more_than_its_span(first: int, length: int) -> None:
    berlin = decode_plan(example("cuihu-garden.json"))
    berlin = replace(berlin, site=replace(berlin.site, zone="Europe/Berlin"))
    found = sorted(map(date.fromisoformat, standing.days_between(berlin, first, first + length)))
    assert all(after - before == timedelta(days=1) for before, after in pairwise(found))
    assert len(found) <= standing.SPAN_DAYS + 2
