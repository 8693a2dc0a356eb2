"""Work by place at the office: the records of a cleaner's morning are rounds like any other, and handhelds add up."""

import asyncio
from datetime import date
from pathlib import Path

from app.ports import Scan
from app.tending import Tending
from app.words import say
from hardware.tags import Advert, encode, sightings
from hardware.walk import POWER_1M, made_up_address
from sync.office.details import RoundDetail
from sync.office.walker import Tricks
from tests.office.conftest import SITE, Handheld, Office, at
from tests.office.test_fold import detail, dump, fold_anew, stop
from tests.office.test_pages import Page, round_path

UNITS = ("b1-u1", "b1-u2", "b2-u1", "b2-u2", "b3-u1", "b3-u2")
EN = {"lang": "en"}


def clean(
    handheld: Handheld, person: str, places: tuple[str, ...], *, failed: str = "", standing: tuple[str, ...] = ()
) -> None:
    """Sign in by name, do these places one after the other, sign out."""

    async def morning() -> None:
        watch = handheld.walker.watch
        await watch.sign_in_named(person)
        tending = Tending.of(watch)
        for place in places:
            if place in standing:
                await stand_at(handheld, place)
            else:
                await tending.reach(Scan(handheld.labels[place], handheld.clock.now().up))
            handheld.clock.wait(300)
            if place == failed:
                item = next(item for item in tending.items(place) if item.check.id == "walls")
                await tending.not_done(item, "construction")
            await tending.all_done(place)
            handheld.clock.wait(120)
        await watch.close_shift()

    asyncio.run(morning())
    handheld.sync()
    handheld.office.ask(handheld.office.serving.folding.catch_up())


async def stand_at(handheld: Handheld, place: str) -> None:
    """Still before its beacon, until that is an arrival."""
    tending, point = Tending.of(handheld.walker.watch), handheld.office.plan().point(place)
    tag = point.tags[0]
    address, sent = made_up_address(tag.format, tag.id), encode(tag.format, tag.id, POWER_1M)
    for _ in range(8):
        handheld.clock.wait(1)
        for sighting in sightings(Advert(address, tag.near or POWER_1M, handheld.clock.now().up, *sent)):
            _, arrived = await tending.near(place, sighting)
            if arrived is not None:
                return
    raise AssertionError(place)


def rounds_of(office: Office, schedule: str) -> list[str]:
    kept = office.ask(office.store.read(dump))
    return [str(row[1]) for row in kept["rounds"] if str(row[1]).startswith(f"{schedule}@")]


def test_a_morning_by_place_is_read_as_one_round_for_each_schedule(office: Office, handheld: Handheld) -> None:
    office.account()
    handheld.clock.wait((at("2026-11-21 07:40") - handheld.clock.now().at) / 1000)
    clean(handheld, "wang-xiuying", UNITS[:4], failed="b2-u1", standing=("b1-u2", "b2-u2"))
    (daily,) = rounds_of(office, "clean-1-daily")
    (rubbish,) = rounds_of(office, "clean-1-rubbish-am")
    for name, checks in ((daily, 4), (rubbish, 1)):
        read: RoundDetail = detail(office, name)
        assert (read.planned, read.done, read.missed, read.finished is not None) == (6, 4, 2, True)
        assert read.stop_marks == (), "a scan is enough"
        assert read.marks == ("named-only",)
        assert len(stop(office, name, "b2-u1")[1].answers) == checks
    row, told = stop(office, daily, "b2-u1")
    assert (row.grade, row.office_grade) == ("label", "label"), "each stop's own proof of the one label holds"
    row, told = stop(office, daily, "b1-u2")
    assert (row.grade, row.office_grade, told.marks, told.office_marks) == ("near", "near", (), ())
    row, told = stop(office, daily, "b2-u1")
    failed = next(answer for answer in told.answers if answer.check == "walls")
    assert not failed.ok
    assert say("en", "marks.named-only") in _page(office, daily)
    before = office.ask(office.store.read(dump))
    fold_anew(office)
    assert office.ask(office.store.read(dump)) == before


def test_what_two_handhelds_do_of_one_window_adds_up_once_it_is_over(
    office: Office, handheld: Handheld, tmp_path: Path
) -> None:
    office.account()
    other = Handheld(office, tmp_path / "other", "2")
    for each in (handheld, other):
        each.clock.wait((at("2026-11-21 07:40") - each.clock.now().at) / 1000)
    clean(handheld, "wang-xiuying", UNITS[:4])
    clean(other, "li-guihua", UNITS[3:5])
    page = _day(office, "2026-11-21 08:29")
    assert "all together" not in page, "the window is still open"
    page = _day(office, "2026-11-21 12:00")
    assert page.count("all together 5/6") >= 2
    assert "missed 1" in page
    assert "missed 2" not in page.split("Grid 1 daily")[1][:200]
    other.clock.wait(60)
    clean(other, "li-guihua", UNITS[5:])
    assert "all together 6/6" in _day(office, "2026-11-21 12:00")
    other.close()


def test_a_scored_inspection_is_read_place_by_place_with_what_was_lost(office: Office, handheld: Handheld) -> None:
    office.account()
    tricks = Tricks(readings={"score": "floor/litter wall/scrawl bins/full"})
    name = handheld.walk("cleaning-inspection", date(2026, 11, 25), tricks)
    handheld.sync()
    page = _page(office, name)
    assert page.count("88/100") >= 5, "each of five places"
    assert "at least 90" in page
    assert detail(office, name).not_ok == 5, "below the pass mark"


def _page(office: Office, name: str) -> str:
    return Page(office.browser().get(round_path(name), params={**EN, "site": SITE})).text


def _day(office: Office, when: str) -> str:
    office.now = at(when)
    query = {**EN, "site": SITE, "day": "2026-11-21", "kind": "cleaning"}
    return Page(office.browser().get("/rounds", params=query)).text
