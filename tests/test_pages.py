"""Which revision of the plan holds, and what a page from a newer office does to a handheld: nothing."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from app.duties.site import Plan, Stop, decode_plan, encode_plan
from app.errors import WatchbookError
from app.logbook.book import Logbook, Received
from app.pages import Pages, TableSent, begins, in_force, pages_of, people_of, plan_of
from app.watch import Watch
from tests import garden
from tests.garden import BADGES, LABELS, HandClock, QuickDisk, scan

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    """Local time at the site, UTC ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


def revision(number: int, effective: str, stops: tuple[Stop, ...] = garden.STOPS) -> Plan:
    plan = garden.plan(revision=number, crew=1, recheck=False)
    routes = (replace(plan.routes[0], stops=stops), *plan.routes[1:])
    return replace(plan, effective=effective, routes=routes)


def sent(plan: Plan) -> Received:
    return Received("plan", str(plan.revision), plan.revision, encode_plan(plan))


PEOPLE = Received("people", "garden", 1, msgspec.json.encode(garden.PEOPLE))
CREDENTIALS = Received("credentials", "garden", 2, msgspec.json.encode(garden.CREDENTIALS))


@pytest.fixture
def clock() -> HandClock:
    return HandClock(at("2025-11-21T22:10"))


@pytest.fixture
def logbook(tmp_path: Path, clock: HandClock) -> Logbook:
    opened = Logbook.open(tmp_path / "book", clock, QuickDisk())
    opened.receive([PEOPLE, CREDENTIALS], "c1")
    return opened


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        ("2025-11-20T23:59:59", 2),
        ("2025-11-21T00:00", 4),
        ("2025-12-31T23:59", 4),
        ("2026-01-01T00:00", 5),
        ("2024-01-01T00:00", 1),
    ],
)
def test_the_newest_revision_whose_day_has_come_holds(moment: str, wanted: int) -> None:
    """Revision 3 comes later than 4 and never holds; before the first day there is nothing better than the oldest."""
    days = {1: "2025-01-01", 2: "2025-06-01", 3: "2025-12-01", 4: "2025-11-21", 5: "2026-01-01"}
    plans = [revision(number, day) for number, day in days.items()]
    assert in_force(plans, at(moment)).revision == wanted


def test_a_revision_with_a_time_holds_from_that_minute_and_an_older_program_gives_it_the_day() -> None:
    plans = [revision(1, "2025-01-01"), replace(revision(2, "2026-01-01"), effective_at="06:30")]
    for moment, wanted in (("2026-01-01T06:29:59", 1), ("2026-01-01T06:30", 2), ("2026-01-02T00:00", 2)):
        assert in_force(plans, at(moment)).revision == wanted
    assert begins(plans[1]) == at("2026-01-01T06:30")
    older = msgspec.json.decode(encode_plan(plans[1]))
    assert older["effective"] == "2026-01-01", "what an older program looks at is a date, as ever"
    assert b"effective_at" not in encode_plan(plans[0])


def test_the_day_is_the_sites_own() -> None:
    urumqi_says_new_year = at("2026-01-01T00:00")
    plans = [revision(1, "2025-01-01"), revision(2, "2026-01-01")]
    assert in_force(plans, urumqi_says_new_year).revision == 2
    there = [replace(plan, site=replace(plan.site, zone="Europe/London")) for plan in plans]
    assert in_force(there, urumqi_says_new_year).revision == 1


def test_a_revision_for_2099_is_kept_and_does_not_hold(logbook: Logbook, clock: HandClock) -> None:
    logbook.receive([sent(revision(7, "2025-01-01")), sent(revision(8, "2099-01-01"))], "c2")
    pages = pages_of(logbook, clock.now().at)
    assert (pages.plan.revision, [plan.revision for plan in pages.others], pages.unread) == (7, [8], ())
    assert pages_of(logbook, at("2099-01-01T00:00")).plan.revision == 8
    assert pages.plan_at(at("2099-01-01T00:00")).revision == 8
    logbook.close()


async def test_a_coming_revision_takes_over_at_midnight_and_the_open_round_keeps_its_own(
    logbook: Logbook, clock: HandClock
) -> None:
    logbook.receive([sent(revision(7, "2025-01-01")), sent(revision(8, "2025-11-22", garden.STOPS[:1]))], "c2")
    watch = Watch(logbook, pages_of(logbook, clock.now().at), clock, "en")
    await watch.sign_in_badge(scan(BADGES["zhang"], clock))
    begun = await watch.start_round(next(duty for duty in watch.today() if duty.slot.schedule == "night"))
    assert (begun.revision, len(begun.visits)) == (7, 4)
    clock.pass_s(2 * 3600)
    assert watch.now().date().isoformat() == "2025-11-22"
    assert watch.plan.revision == 7, "the round is walked under what it was started under"
    await watch.scan(scan(LABELS["gate"], clock))
    await watch.finish_round()
    assert watch.plan.revision == 8
    clock.pass_s(22 * 3600)
    tomorrow = await watch.start_round(next(duty for duty in watch.today() if duty.slot.schedule == "night"))
    assert (tomorrow.revision, len(tomorrow.visits)) == (8, 1)
    named = [entry.record.body["plan"] for entry in logbook.entries() if entry.record.kind == "round.started"]
    assert [plan["sha256"] for plan in named] == [logbook.pages("plan")[str(number)].sha256 for number in (7, 8)]
    watch.close()
    logbook.close()


async def test_a_round_is_named_and_resumed_by_the_bytes_that_were_received(
    tmp_path: Path, logbook: Logbook, clock: HandClock
) -> None:
    """A newer office puts in what we do not know: written again by us, the plan would have another hash."""
    raw = encode_plan(revision(7, "2025-01-01")).replace(b'{"areas"', b'{"altitude":"12","areas"', 1)
    logbook.receive([Received("plan", "7", 3, raw)], "c2")
    watch = Watch(logbook, pages_of(logbook, clock.now().at), clock, "en")
    await watch.sign_in_badge(scan(BADGES["zhang"], clock))
    await watch.start_round(next(duty for duty in watch.today() if duty.slot.schedule == "night"))
    watch.close()
    started = next(entry.record for entry in logbook.entries() if entry.record.kind == "round.started")
    assert started.body["plan"]["sha256"] == logbook.pages("plan")["7"].sha256
    logbook.receive([sent(revision(8, "2025-01-01", garden.STOPS[:1])), Received("plan", "7", 5, None)], "c3")
    logbook.close()
    logbook = Logbook.open(tmp_path / "book", clock, QuickDisk())
    watch = Watch(logbook, pages_of(logbook, clock.now().at), clock, "en")
    assert watch.plan.revision == 7
    assert encode_plan(watch.plan) != raw
    assert watch.state.round is not None
    watch.close()
    logbook.close()


def test_a_finding_for_a_role_that_only_a_newer_office_knows_goes_to_the_supervisor() -> None:
    raw = encode_plan(revision(7, "2025-01-01")).replace(b'"to":"fitter"', b'"to":"robot-keeper"', 1)
    first, second = decode_plan(raw).categories
    assert (first.to, second.to) == ("supervisor", "fitter")


UNREADABLE = b'{"site":{"id":"garden"},"plan":"of another age"}'


def test_a_newer_plan_that_cannot_be_read_leaves_the_older_in_force(logbook: Logbook, clock: HandClock) -> None:
    logbook.receive([sent(revision(7, "2025-01-01"))], "c2")
    logbook.receive([Received("plan", "8", 4, UNREADABLE)], "c3")
    pages = pages_of(logbook, clock.now().at)
    assert (pages.plan.revision, pages.unread) == (7, ("plan",))
    logbook.receive([Received("plan", "7", 5, None)], "c4")
    pages = pages_of(logbook, clock.now().at)
    assert (pages.plan.revision, pages.unread) == (7, ("plan",)), "withdrawn, but there is nothing else to work by"
    logbook.receive([sent(revision(9, "2099-01-01"))], "c5")
    assert pages_of(logbook, clock.now().at).plan.revision == 7, "and one for later does not hold because of that"
    logbook.receive([sent(revision(10, "2025-11-01")), Received("plan", "8", 7, None)], "c6")
    pages = pages_of(logbook, clock.now().at)
    assert (pages.plan.revision, pages.unread) == (10, ())
    logbook.close()


@pytest.mark.parametrize("spoilt", [b"{}", b'{"people":[{"id":7}]}', b'"?"'])
def test_people_and_credentials_that_cannot_be_read_leave_the_ones_before(
    logbook: Logbook, clock: HandClock, spoilt: bytes
) -> None:
    logbook.receive([sent(revision(7, "2025-01-01"))], "c2")
    for number in range(3):  # so often that the index alone would not remember the last good one
        body = spoilt + b" " * number
        logbook.receive([replace(PEOPLE, body=body), replace(CREDENTIALS, body=body)], f"d{number}")
    pages = pages_of(logbook, clock.now().at)
    assert pages == Pages(revision(7, "2025-01-01"), garden.PEOPLE, garden.CREDENTIALS, (), ("people", "credentials"))
    assert people_of(logbook) == garden.PEOPLE
    logbook.close()


@pytest.mark.parametrize(
    "body", [UNREADABLE, b"[" * 100_000, b"\xff", encode_plan(garden.plan()).replace(b"Asia/", b"Mars/")]
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_when_nothing_can_be_read_it_is_said_in_one_sentence(
    logbook: Logbook, clock: HandClock, body: bytes, lang: str
) -> None:
    logbook.receive([Received("plan", "8", 4, body)], "c2")
    with pytest.raises(WatchbookError) as said:
        pages_of(logbook, clock.now().at)
    assert said.value.key == "cli.page_unreadable"
    assert "plan" in said.value.say(lang)
    logbook.close()


def test_what_has_not_come_yet_is_said(tmp_path: Path, clock: HandClock) -> None:
    with closing(Logbook.open(tmp_path, clock, QuickDisk())) as book:
        assert (plan_of(book, clock.now().at), people_of(book)) == (None, None)
        with pytest.raises(WatchbookError) as said:
            pages_of(book, clock.now().at)
        assert said.value.key == "cli.not_enrolled"


# -- tables of changing tags -----------------------------------------------------------------------


def tables(first: int, ids: str = "00" * 8 + "11" * 8, window_ms: int = 512_000) -> bytes:
    sent = TableSent("gate-1", first, window_ms, bytes.fromhex(ids))
    return msgspec.json.encode({"tables": [sent], "made_by": "a newer office"})


def test_the_office_names_the_tags_that_change(logbook: Logbook, clock: HandClock) -> None:
    now = clock.now().at
    logbook.receive([sent(revision(7, "2025-01-01")), Received("tag-tables", "garden", 5, tables(now))], "c2")
    pages = pages_of(logbook, now)
    assert pages.tables.name("11" * 8, now + 512_000) == "gate-1"
    assert pages.unread == ()
    logbook.receive([Received("tag-tables", "garden", 6, None)], "c3")
    assert pages_of(logbook, now).tables.tables == ()
    logbook.close()


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"tables":[{}]}', b"[" * 100_000, tables(0, "00" * 7), tables(0, window_ms=0), tables(0, window_ms=-1)],
)
def test_tables_that_cannot_be_read_stop_nobody(logbook: Logbook, clock: HandClock, body: bytes) -> None:
    now = clock.now().at
    logbook.receive([sent(revision(7, "2025-01-01")), Received("tag-tables", "garden", 5, body)], "c2")
    pages = pages_of(logbook, now)
    assert (pages.plan.revision, pages.tables.tables, pages.unread) == (7, (), ("tag-tables",))
    logbook.receive([Received("tag-tables", "garden", 6, tables(now))], "c3")
    logbook.receive([Received("tag-tables", "garden", 7, body)], "c4")
    pages = pages_of(logbook, now)
    assert pages.tables.name("00" * 8, now) == "gate-1"
    assert pages.unread == ("tag-tables",)
    logbook.close()
