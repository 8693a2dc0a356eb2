"""Records go when their time is over and not before; what is on hold stays; the chain can be checked without them."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event, func, select

from app.duties.accepting import Shown
from app.duties.site import decode_plan
from app.kinds.reviews import ReviewReturned
from app.logbook.book import Draft
from app.logbook.verify import check_lines
from app.settings import example
from sync.office import checking, counting, export, fold, retention
from sync.office.desk import Desk
from sync.office.retention import Purged, RetentionRefused, days_of
from sync.office.store import Store, days, known, projections, rounds
from sync.office.store import retention as table
from sync.office.store.blobs import Part, Upload, blobs, keep_part, unnamed_blobs, upload_of
from sync.office.store.matters import matters
from sync.office.store.retention import Hold
from sync.office.store.reviews import reviewed, reviews
from sync.office.store.rounds import RoundRow, StopRow
from sync.office.store.upsert import insert
from sync.office.store.windows import day_windows
from tests.office.conftest import GUARDS, SITE, Handheld, Office, at, command, take_example
from tests.office.test_life import supervisor
from tests.office.test_pages import Page, round_path
from tests.office.test_projections import NOW, Book

DAY = 24 * 3600 * 1000
EN = {"lang": "en"}


def purge(office: Office, *, dry: bool = False) -> Purged:
    async def act() -> Purged:
        await office.serving.folding.catch_up()
        return await retention.purge(office.store, SITE, office.now, dry=dry)

    return office.ask(act())


@pytest.fixture
def walked(office: Office, handheld: Handheld) -> str:
    """A night round, a finding and a visitor's line, all at the office."""
    name = handheld.walk()
    handheld.write(Draft("finding.raised", FINDING, GUARDS[:1]))
    handheld.sync()
    office.account()
    return name


FINDING = {
    "kind": "finding", "category": "door", "phrase": "open", "words": "", "point": "east-gate", "stop": None,
    "round": None, "due": 0, "urgent": False, "fixed": False, "check": None, "asset": None,
}  # fmt: skip


def test_a_patrol_goes_after_its_ninety_days_and_its_finding_stays_three_years(office: Office, walked: str) -> None:
    office.now = at("2026-11-20 22:00") + 89 * DAY
    assert purge(office).records == 0
    office.now += 2 * DAY
    counted = purge(office, dry=True)
    assert counted.rounds == 1
    assert office.browser().get(round_path(walked)).status_code == 200, "a dry run changes nothing"
    done = purge(office)
    assert (done.records, done.rounds) == (counted.records, 1)
    browser = office.browser()
    assert browser.get(round_path(walked)).status_code == 404
    page = Page(browser.get("/rounds", params={"day": "2026-11-20", **EN})).text
    assert "rounds of this day past their time: 1" in page
    assert "Night round 1" not in page, "a purged round is not called missed"
    books = office.ask(office.store.records.books())
    kinds = office.ask(office.store.records.of_book(SITE, books[0][1], 1, 500))
    assert {one.kind for one in kinds if one.raw} >= {"book.opened", "finding.raised", "shift.opened"}
    assert purge(office).records == 0, "twice is once"


def test_a_finding_of_a_patrol_stays_as_other_findings_when_its_round_has_gone(
    office: Office, handheld: Handheld
) -> None:
    name = handheld.walk()
    handheld.write(Draft("finding.raised", {**FINDING, "round": name}, GUARDS[:1]))
    handheld.sync()
    office.account()
    office.now = at("2026-11-20 22:00") + 91 * DAY
    assert purge(office).rounds == 1
    books = office.ask(office.store.records.books())
    stored = office.ask(office.store.records.of_book(SITE, books[0][1], 1, 500))
    (finding,) = (one for one in stored if one.raw and one.kind == "finding.raised")
    browser = office.browser()
    page = browser.get(f"/findings/{finding.book.hex()}:{finding.seq}", params={"site": SITE})
    assert page.status_code == 200
    assert browser.get(round_path(name)).status_code == 404
    assert office.ask(checking.check(office.store, office.key, office.now)).whole
    office.now += 4 * 365 * DAY
    assert purge(office).records > 0
    stored = office.ask(office.store.records.of_book(SITE, books[0][1], 1, 500))
    assert not [one for one in stored if one.raw and one.kind == "finding.raised"]


def test_a_book_with_purged_records_is_whole_for_its_verifier(office: Office, walked: str) -> None:
    office.now = at("2026-11-20 22:00") + 100 * DAY
    purged = purge(office)

    async def lines() -> list[bytes]:
        return [line async for line in export.lines(office.store, office.key, office.now)]

    (report,) = check_lines(office.ask(lines())).books
    assert purged.records > 5
    assert (report.purged, report.broken) == (purged.records, None)


def test_what_is_on_hold_stays_until_it_is_released(office: Office, walked: str) -> None:
    first, last = at("2026-11-20 00:00"), at("2026-11-22 00:00")
    office.ask(office.store.write(lambda tx: retention.hold(tx, Hold(SITE, "case 7", first, last, "theft", 0))))
    office.now = at("2026-11-20 22:00") + 91 * DAY
    held = purge(office)
    assert (held.records, held.rounds) == (0, 0)
    assert held.held > 5
    assert office.browser().get(round_path(walked)).status_code == 200
    office.ask(office.store.write(lambda tx: table.remove_hold(tx, SITE, "case 7")))
    assert purge(office).rounds == 1


def stays_whole(office: Office, name: str) -> None:
    """Its page is there after the purge, and as before when it is made anew of what was left."""

    def shown() -> tuple[RoundRow | None, list[StopRow]]:
        office.ask(office.serving.folding.catch_up())
        return office.ask(
            office.store.read(lambda tx: (rounds.find_round(tx, name, SITE), rounds.stops_of(tx, SITE, name)))
        )

    before = shown()
    purge(office)
    assert office.browser().get(round_path(name)).status_code == 200
    office.ask(office.store.write(lambda tx: fold.forget(tx, SITE)))
    assert shown() == before
    assert office.browser().get(round_path(name)).status_code == 200
    assert office.ask(checking.check(office.store, office.key, office.now)).whole


@pytest.mark.parametrize("nth", [0, 3, -1])
@pytest.mark.parametrize("years", [0.3, 4])
def test_a_hold_on_one_record_of_a_round_keeps_the_whole_round(
    office: Office, handheld: Handheld, walked: str, nth: int, years: float
) -> None:
    of_round = [one.record for one in handheld.logbook.entries() if one.record.body.get("round") == walked]
    moment = of_round[nth].at + (of_round[nth].off or 0)
    hold = Hold(SITE, "case 7", moment, moment + 1, "theft", 0)
    office.ask(office.store.write(lambda tx: retention.hold(tx, hold)))
    office.now = at("2026-11-20 22:00") + round(years * 365) * DAY
    stays_whole(office, walked)
    held = purge(office, dry=True).held
    assert held >= len(of_round)
    office.ask(office.store.write(lambda tx: table.remove_hold(tx, SITE, "case 7")))
    again = purge(office)
    assert (again.records, again.rounds) == (held, 1)


def test_a_round_that_came_on_two_days_goes_when_the_time_of_its_last_record_is_over(
    office: Office, handheld: Handheld
) -> None:
    name = handheld.walk()
    handheld.sync()
    office.account()
    first = handheld.clock.now().at
    handheld.clock.wait_until(first + 10 * DAY)
    handheld.write(Draft("code.seen", {"round": name, "stop": None, "text": "late"}, GUARDS[:1]))
    handheld.sync()
    office.now = first + 95 * DAY
    stays_whole(office, name)
    office.now = first + 101 * DAY
    assert purge(office).rounds == 1


def test_a_round_on_two_pages_goes_in_one_step(
    office: Office, handheld: Handheld, walked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold that comes after any step finds each round whole or gone."""
    monkeypatch.setattr(retention, "STEP", 3)
    office.now = at("2026-11-20 22:00") + 91 * DAY
    counted = purge(office, dry=True)
    write, whole = office.store.write, []

    async def writes(change: Callable[[Connection], Any], site: str | None = None) -> Any:
        done = await write(change, site)
        if isinstance(done, retention._Step):
            left = await office.store.read(lambda tx: table.whole_records(tx, SITE, 0, -1))
            whole.append(sum(walked.encode() in one.raw for one in left))
        return done

    monkeypatch.setattr(office.store, "write", writes)
    done = purge(office)
    assert (done.records, done.rounds) == (counted.records, counted.rounds)
    assert set(whole) == {0}


def test_a_record_that_comes_while_a_purge_is_looking_is_not_left_of_its_round(
    office: Office, walked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.now = at("2026-11-20 22:00") + 91 * DAY
    read, book, late = office.store.read, Book(office.store), [("code.seen", {"round": walked}, GUARDS[0], NOW)]

    async def reads(question: Callable[[Connection], Any]) -> Any:
        found = await read(question)
        if isinstance(found, retention._Step):
            while late and walked in found.named:
                await book.say(late.pop())
        return found

    monkeypatch.setattr(office.store, "read", reads)
    monkeypatch.setattr(retention, "STEP", 3)
    assert purge(office).rounds == 1
    left = office.ask(office.store.read(lambda tx: table.whole_records(tx, SITE, 0, -1)))
    assert left
    assert not any(walked.encode() in one.raw for one in left)


def test_a_hold_keeps_what_a_wrong_clock_wrote_and_what_it_was_too_late_for_by_a_moment(
    office: Office, handheld: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handheld's clock stands a year back, and the hold is given while a purge is looking."""
    night, year = at("2026-11-20 22:00"), 365 * DAY
    vars(handheld.clock).update(_at=night - year, _off=year)
    handheld.write(Draft("code.seen", {"round": None, "route": "night-patrol"}, GUARDS[:1]))
    handheld.sync()
    office.now = night + 4 * year
    hold = Hold(SITE, "case 7", night - DAY, night + DAY, "theft", 0)
    read = office.store.read

    async def reads(question: Callable[[Connection], Any]) -> Any:
        found = await read(question)
        if isinstance(found, retention._Step):
            await office.store.write(lambda tx: retention.hold(tx, hold))
        return found

    monkeypatch.setattr(office.store, "read", reads)
    assert purge(office).records == 0


def test_records_of_a_purged_round_that_come_late_go_as_it_went(
    office: Office, handheld: Handheld, walked: str
) -> None:
    office.now = at("2026-11-20 22:00") + 91 * DAY
    purge(office)
    handheld.clock.wait_until(office.now)
    body = {"round": walked, "stop": None, "text": "late"}
    handheld.write(Draft("code.seen", body, GUARDS[:1]))
    handheld.sync()
    assert purge(office).records == 0, "its own ninety days begin when it comes"
    office.now += 91 * DAY
    assert purge(office).records == 1


def test_a_picture_goes_with_the_last_record_that_names_it(office: Office, handheld: Handheld) -> None:
    handheld.walk()
    digest = hashlib.sha256(b"picture").digest()
    patrol = {"round": "night-1@2026-11-20T22:00#none-1", "stop": None, "sha256": digest.hex()}
    handheld.write(Draft("code.seen", patrol | {"route": "night-patrol"}, GUARDS[:1]))
    handheld.sync()
    kept = {"site": SITE, "sha256": digest, "raw": b"picture", "book": bytes(32), "received_at": 0}
    office.ask(office.store.write(lambda tx: tx.execute(insert(blobs).values(**kept))))
    handheld.clock.wait_until(at("2026-11-20 22:00") + 60 * DAY)
    handheld.write(Draft("code.seen", {"stop": None, "sha256": digest.hex(), "route": "night-1"}, GUARDS[:1]))
    handheld.sync()
    office.now = at("2026-11-20 22:00") + 100 * DAY
    done = purge(office)
    assert (done.rounds, done.blobs) == (1, 0), "a record names it"
    office.now += 60 * DAY
    done = purge(office)
    assert (done.records, done.blobs) == (1, 0), "the one of no known round stays as long as can be"
    office.now = at("2026-11-20 22:00") + 1100 * DAY
    assert purge(office).blobs == 1
    assert stands(office, digest).gone, "whoever still has it is told so, and keeps it no longer"


def stands(office: Office, digest: bytes) -> Upload:
    return office.ask(office.store.read(lambda tx: upload_of(tx, SITE, bytes(32), digest)))


def test_a_personal_text_of_a_line_is_kept_as_long_as_its_line_and_no_longer(
    office: Office, handheld: Handheld
) -> None:
    text = handheld.logbook.set_apart("张先生 4710")
    body = {"register": "visitors", "answers": {"phone": ""}, "words": "", "stays": False, "apart": {"phone": text}}
    handheld.write(Draft("register.entered", body, GUARDS[:1]))
    handheld.sync()
    counted = select(func.count()).select_from(unnamed_blobs)
    assert office.ask(office.store.read(lambda tx: tx.execute(counted).scalar_one())) == 0
    office.now = handheld.clock.now().at + 91 * DAY
    assert (purge(office).blobs, stands(office, bytes.fromhex(text)).whole) == (0, True)
    office.now += 4 * 365 * DAY
    assert purge(office).blobs == 1
    assert (stands(office, bytes.fromhex(text)).whole, stands(office, bytes.fromhex(text)).gone) == (False, True)


def test_a_picture_whose_record_never_came_goes_after_ninety_days(office: Office, handheld: Handheld) -> None:
    """And one whose record was not known to name it does not."""
    raws = [b"nobody's", b"of a record"]
    nobodys, named = (hashlib.sha256(raw).digest() for raw in raws)
    office.account()
    handheld.write(Draft("code.seen", {"round": None, "stop": None, "text": named.hex()}, GUARDS[:1]))
    handheld.sync()
    came = at("2026-11-20 22:00")
    for raw in raws:
        part = Part(SITE, bytes(32), hashlib.sha256(raw).digest(), 0, len(raw), raw)
        assert office.ask(office.store.write(partial(keep_part, part=part, now=came))).whole
    office.now = came + 90 * DAY
    assert purge(office).blobs == 0
    office.now += 1
    assert purge(office, dry=True).blobs == 1
    assert stands(office, nobodys).whole, "a dry run changes nothing"
    assert (purge(office).blobs, purge(office).blobs) == (1, 0)
    assert (stands(office, nobodys).gone, stands(office, named).whole) == (True, True)


PATROL = {"stop": None, "route": "night-1"}
STEPS = 100


async def worked(folder: Path, pictures: int, others: int) -> tuple[Purged, int, int]:
    """What a purge of one record for each of some pictures comes to, beside records that stay, and how many hundreds of
    SQLite's steps it makes while it reads and while it writes."""
    folder.mkdir()
    store = await Store.open(folder / "office.db")
    await take_example(store, NOW)
    names = [hashlib.sha256(bytes([nth])).hexdigest() for nth in range(pictures)]
    book = Book(store)
    await book.say(*(("code.seen", PATROL | {"sha256": name}, GUARDS[0], NOW) for name in names))
    await book.say(*(("code.seen", {"text": str(nth)}, GUARDS[0], NOW) for nth in range(others)))
    rows = [
        {"site": SITE, "sha256": bytes.fromhex(name), "raw": b"", "book": book.id, "received_at": 0} for name in names
    ]
    await store.write(lambda tx: tx.execute(insert(blobs), rows))
    steps = Counter[str]()
    engines = {"read": store.database._readers, "write": store.database._writer}  # type: ignore[attr-defined]  # SQLite's
    for how, engine in engines.items():

        @event.listens_for(engine, "begin")
        def counted(tx: Connection, how: str = how) -> None:
            def more() -> None:
                steps[how] += 1

            opened: Any = tx.connection.dbapi_connection
            opened.set_progress_handler(more, STEPS)

    done = await retention.purge(store, SITE, NOW + 91 * DAY)
    store.close()
    return done, steps["read"], steps["write"]


def test_a_purge_of_pictures_reads_the_records_once_and_keeps_nobody_from_writing_meanwhile(tmp_path: Path) -> None:
    few = asyncio.run(worked(tmp_path / "few", 20, 500))
    more = asyncio.run(worked(tmp_path / "more", 20, 5000))
    pictures = asyncio.run(worked(tmp_path / "pictures", 200, 5000))
    assert [each[0].blobs for each in (few, more, pictures)] == [20, 20, 200]
    print([each[1:] for each in (few, more, pictures)])
    assert more[2] < few[2] * 1.2, "what stays costs nothing while it writes"
    assert pictures[2] < more[2] * 12, "and each picture no more than its own rows"
    assert pictures[1] < more[1] * 2, "all of them are looked for at once"


def test_what_went_down_of_a_matter_that_nobody_closed_goes_with_its_records(
    office: Office, handheld: Handheld
) -> None:
    order = {
        "origin": "radio", "category": "door", "phrase": "open", "words": "Door", "person": GUARDS[0], "to": "fitter",
        "respond": None, "due": at("2026-11-20 23:30"), "urgent": False, "point": None, "room": "3-1201",
    }  # fmt: skip
    (entry,) = handheld.write(Draft("order.taken", order, GUARDS[:1]))
    taken = f"{handheld.logbook.book_id}:{entry.record.seq}"
    handheld.sync()
    office.ask(office.serving.folding.catch_up())

    def down() -> list[bool]:
        """Whether anything stands there, and whether the record's bytes do."""
        item = office.ask(office.store.changes.current(SITE, "matter", taken))
        return [item is not None and item.body is not None, item is not None and entry.raw in (item.body or b"")]

    assert down() == [True, True]
    office.now = at("2026-11-20 22:00") + 90 * DAY
    purge(office)
    assert down() == [True, True], "its time is not over"
    office.now = at("2026-11-20 22:00") + 4 * 365 * DAY
    assert purge(office).records > 0
    assert down() == [False, False]
    handheld.write(Draft("order.accepted", {"order": taken, "person": "li-jun"}, ("li-jun",)))
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    assert down() == [False, False], "what comes later begins it no more"


def test_what_was_said_of_a_round_goes_with_its_record(office: Office, walked: str) -> None:
    said = ReviewReturned(Shown(walked, verdict="missed_points"), GUARDS[:1], (), "missed", "Why was Bob asleep?")
    office.ask(Desk(office.store, office.key).say(SITE, said, supervisor(office), office.now))
    office.ask(office.serving.folding.catch_up())

    def left() -> list[int]:
        counts = (select(func.count()).select_from(each) for each in (reviews, reviewed, matters))
        return office.ask(office.store.read(lambda tx: [tx.execute(each).scalar_one() for each in counts]))

    assert min(left()) == 1
    office.now += 4 * 365 * DAY
    assert purge(office).records > 0
    assert left() == [0, 0, 0]


def test_a_hold_of_no_time_is_refused(office: Office) -> None:
    with pytest.raises(RetentionRefused):
        office.ask(office.store.write(lambda tx: retention.hold(tx, Hold(SITE, "x", 5, 5, "", 0))))


def test_folding_everything_again_brings_nothing_back(office: Office, walked: str) -> None:
    office.now = at("2026-11-20 22:00") + 91 * DAY
    purge(office)
    office.ask(office.store.write(lambda tx: fold.forget(tx, SITE)))
    office.ask(office.serving.folding.catch_up())
    assert office.browser().get(round_path(walked)).status_code == 404


def test_what_was_counted_of_a_day_outlives_its_rounds_and_whatever_is_folded_again(
    office: Office, walked: str
) -> None:
    def figures() -> list[Any]:
        office.ask(office.serving.folding.catch_up())
        office.ask(office.store.write(lambda tx: counting.keep(tx, SITE, ["2026-11-20"], office.now)))
        counted: list[Callable[[Connection], Any]] = [
            lambda tx: days.by_name(tx, SITE, "2026-11-20"),
            lambda tx: days.by_month(tx, (SITE,), "2026-11", "2026-11"),
            lambda tx: tx.execute(select(day_windows)).all(),
        ]
        return [office.ask(office.store.read(each)) for each in counted]

    before = figures()
    assert before[0]["missed"].whole > 0
    office.now = at("2026-11-20 22:00") + 91 * DAY
    assert purge(office).rounds == 1
    assert figures() == before
    office.ask(office.store.write(lambda tx: fold.forget(tx, SITE)))
    assert figures() == before
    office.ask(office.store.write(lambda tx: known.put(tx, projections.MADE_BY, "rounds/0")))
    office.ask(office.store.write(fold.prepare))
    assert figures() == before


@given(st.text(max_size=30), st.dictionaries(st.sampled_from(["register", "route"]), st.text(max_size=10)))
def test_only_what_ties_a_book_together_is_kept_for_ever(kind: str, body: dict[str, object]) -> None:
    plan = decode_plan(example("cuihu-garden.json"))
    days = days_of(kind, body, "", plan)
    assert (days is None) == kind.startswith(retention.KEPT)
    assert days is None or days >= 90


def test_holds_and_purges_are_commands_and_stand_in_the_audit(office: Office, walked: str) -> None:
    run = partial(command, office)
    span = ("--from", "2026-11-20T00:00:00+08:00", "--to", "2026-11-22T00:00:00+08:00", "--reason", "theft")
    assert run("hold", "add", SITE, "case 7", *span)[0] == 0
    assert "theft" in run("hold", "list", SITE)[1]
    assert run("purge", SITE, "--dry-run")[0] == 0
    assert run("purge", SITE)[0] == 0
    assert run("hold", "remove", SITE, "case 7")[0] == 0
    said = run("audit")[1]
    assert [word in said for word in ("put records on hold", "purged records", "released a hold")] == [True] * 3


def test_a_site_without_a_plan_is_not_purged(tmp_path: Path) -> None:
    from sync.office.store import Store

    async def act() -> None:
        store = await Store.open(tmp_path / "office.db")
        with pytest.raises(RetentionRefused):
            await retention.purge(store, "nowhere", 0)
        store.close()

    asyncio.run(act())
