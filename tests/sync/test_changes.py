"""The changes feed: everything that was published arrives once, whole, in the order of revisions."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update

from app.errors import OfficeRefused
from sync.client import Refused
from sync.office.store import Store
from sync.office.store.changes import PAGE_BYTES, START, BodyRefused, CursorAhead, CursorDead, publish
from sync.office.store.schema import changes
from tests.sync.places import SITE, RunningOffice, client_for, drained, handheld, published
from tests.sync.proxy import Fault, proxy
from tests.sync.rogue import Rogue


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "office.db")
    yield opened
    opened.close()


def test_what_the_office_publishes_is_what_the_handheld_reads(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.courier.exchange()
        assert mine.logbook.page("plan") is None
        plan = '{"name":{"zh":"翠湖花园"},"revision":1}'.encode()
        running.publish("plan", SITE, plan)
        running.publish("people", SITE, b'{"people":[]}')
        mine.courier.exchange()
        assert (mine.logbook.page("plan"), mine.logbook.page("people")) == (plan, b'{"people":[]}')
        running.publish("plan", SITE, b'{"revision":2}')
        mine.courier.exchange()
        assert mine.logbook.page("plan") == b'{"revision":2}'


def test_asking_again_brings_nothing_and_writes_nothing(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        running.publish("plan", SITE, b'{"revision":1}')
        mine.courier.exchange()
        notes = len(list(mine.logbook.notes()))
        mine.courier.exchange()
        mine.courier.exchange()
        assert len(list(mine.logbook.notes())) == notes


def test_a_handheld_of_another_site_gets_nothing_of_ours(tmp_path: Path, running: RunningOffice) -> None:
    running.publish("plan", SITE, b'{"revision":1}')
    rogue = Rogue()
    code = running.ask(running.store.devices.add("harbour-plaza", "x", 0, lifetime_ms=2**50)).code
    line = rogue.client(running.url)
    line.enrol(rogue.introduction(code))
    assert line.changes("0", 100).items == ()


def test_many_pages_arrive_even_if_the_link_breaks_between_them(tmp_path: Path, running: RunningOffice) -> None:
    big = b'{"text":"%s"}' % (b"x" * (PAGE_BYTES // 2))
    for number in range(7):
        running.publish("plan", f"plan-{number}", big.replace(b"x", b"%d" % number, 1))
    asked: list[str] = []

    def every_second(_number: int, line: str) -> Fault:
        if "/changes" in line:
            asked.append(line)
        return Fault.CUT_ANSWER if "/changes" in line and len(asked) % 2 else Fault.NONE

    with handheld(tmp_path / "h", running) as mine, proxy(running.port, every_second) as link:
        mine.go_through(link.url)
        drained(mine, rounds=12)
        pages = [note for note in mine.logbook.notes() if note["note"] == "page"]
        seen = [item["id"] for page in pages for item in page["items"]]
        assert seen == [f"plan-{number}" for number in range(7)]
        assert len(pages) >= 3
        assert mine.logbook.cursor == running.newest_cursor()


def test_a_page_that_was_tampered_with_is_not_taken(tmp_path: Path, running: RunningOffice) -> None:
    running.publish("plan", SITE, b'{"revision":1}')
    spoil = update(changes).values(body=b'{"revision":9}')
    running.ask(running.store.write(lambda tx: tx.execute(spoil)))
    with handheld(tmp_path / "h", running) as mine:
        with pytest.raises(Exception, match="makes no sense"):
            mine.courier.exchange()
        assert (mine.logbook.page("plan"), mine.logbook.cursor) == (None, "")


def test_what_was_withdrawn_does_not_come_back(tmp_path: Path, running: RunningOffice) -> None:
    running.publish("plan", "a", b'{"revision":1}')
    running.publish("plan", "a", None)
    with handheld(tmp_path / "h", running) as mine:
        mine.courier.exchange()
        assert mine.logbook.page("plan") is None
        assert mine.logbook.cursor == running.newest_cursor()


def test_a_cursor_of_another_office_starts_the_feed_anew(tmp_path: Path, running: RunningOffice) -> None:
    running.publish("plan", SITE, b'{"revision":1}')
    with handheld(tmp_path / "h", running) as mine:
        mine.logbook.receive([], "00000000-7")
        mine.courier.exchange()
        assert mine.logbook.page("plan") == b'{"revision":1}'


def test_a_cursor_ahead_of_the_office_is_said_not_ignored(tmp_path: Path, running: RunningOffice) -> None:
    running.publish("plan", SITE, b'{"revision":1}')
    feed = running.newest_cursor().partition("-")[0]
    with handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        mine.logbook.receive([], f"{feed}-900")
        with pytest.raises(OfficeRefused) as no:
            mine.courier.exchange()
        assert no.value.key == "sync.cursor_ahead"
        assert mine.logbook.unsent == 0, "records go up all the same"
        running.publish("plan", "later", b'{"revision":2}')
        mine.courier.exchange()
        assert set(mine.logbook.pages("plan")) == {SITE, "later"}, "nothing is missed when the office has caught up"
        assert not mine.logbook.cursor.startswith(feed)
        with pytest.raises(OfficeRefused):
            client_for(mine.logbook, running.url, mine.clock).changes(f"{mine.logbook.cursor}0", 10)
        mine.courier.exchange()
        assert running.newest_cursor() == mine.logbook.cursor, "a liar cannot make everybody fetch anew all the time"


async def test_dead_cursors_are_told_apart(store: Store) -> None:
    await published(store, "s", "plan", "a", b"{}")
    feed = (await store.changes.page("s", START, 10)).cursor.partition("-")[0]
    for dead in ("rubbish", f"{feed}-x", "ffffffff-1", f"{feed}--1", ""):
        with pytest.raises(CursorDead):
            await store.changes.page("s", dead, 10)
    with pytest.raises(CursorAhead):
        await store.changes.page("s", f"{feed}-2", 10)
    await store.write(lambda tx: tx.exec_driver_sql("UPDATE site_revisions SET floor = 1, rev = 5"))
    assert (await store.changes.page("s", f"{feed}-1", 10)).items == ()
    await store.write(lambda tx: tx.exec_driver_sql("UPDATE site_revisions SET floor = 3"))
    with pytest.raises(CursorDead):
        await store.changes.page("s", f"{feed}-2", 10)


async def test_the_same_body_again_is_no_change(store: Store) -> None:
    assert await published(store, "s", "plan", "a", b'{"a":1}') == 1
    assert await published(store, "s", "plan", "a", b'{"a":1}') == 1
    assert await published(store, "s", "plan", "a", b'{"a":2}') == 2
    assert await published(store, "s", "plan", "a", b'{"a":1}') == 3
    assert await published(store, "other", "plan", "a", b'{"a":1}') == 1


@pytest.mark.parametrize("body", [b"", b"{", b"null", b' {"a":1}', b'{"a":1}\n', b"\xff", b"[" * 100_000])
async def test_a_body_that_would_not_arrive_as_it_is_is_refused(store: Store, body: bytes) -> None:
    with pytest.raises(BodyRefused):
        await published(store, "s", "plan", "a", body)
    assert (await store.changes.page("s", START, 10)).items == ()


async def test_revisions_have_no_gap_when_many_publish_at_once(store: Store) -> None:
    revisions = await asyncio.gather(*(published(store, "s", "plan", f"p{n}", b'{"n":%d}' % n) for n in range(40)))
    assert sorted(revisions) == list(range(1, 41))


async def test_a_publication_that_fails_uses_no_revision(store: Store) -> None:
    def half(tx: Connection) -> None:
        publish(tx, "s", "plan", "a", b"{}", 0)
        raise RuntimeError("the rest of the import failed")

    with pytest.raises(RuntimeError):
        await store.write(half)
    assert await published(store, "s", "plan", "b", b"{}") == 1


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=30), st.integers(1, 4))
def test_a_reader_that_starts_anywhere_ends_with_the_newest_of_everything(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, int]], limit: int
) -> None:
    """Publications and page reads in any interleaving."""

    async def story() -> None:
        store = await Store.open(tmp_path_factory.mktemp("feed") / "office.db")
        newest: dict[str, bytes] = {}
        held: dict[str, bytes] = {}
        cursor = START
        for item, value in acts:
            newest[f"i{item}"] = b'{"v":%d}' % value
            await published(store, "s", "plan", f"i{item}", newest[f"i{item}"])
            if value == 0:
                cursor = await take(store, cursor, held, limit)
        while (await store.changes.page("s", cursor, limit)).items:
            cursor = await take(store, cursor, held, limit)
        assert held == newest
        store.close()

    async def take(store: Store, cursor: str, held: dict[str, bytes], limit: int) -> str:
        page = await store.changes.page("s", cursor, limit)
        held.update({item.id: item.body or b"" for item in page.items})
        return page.cursor

    asyncio.run(story())


def test_a_withdrawn_handheld_gets_nothing_more(running: RunningOffice) -> None:
    rogue = Rogue(running)
    [device] = running.ask(running.store.devices.of())
    line = rogue.client(running.url)
    line.changes("0", 10)
    assert running.ask(running.store.devices.revoke(SITE, device.device, 5))
    for ask in (lambda: line.changes("0", 10), line.mark):
        with pytest.raises(Refused) as no:
            ask()
        assert no.value.problem.name == "revoked"


def test_a_handheld_that_is_withdrawn_while_its_question_is_held_gets_nothing(running: RunningOffice) -> None:
    rogue = Rogue(running)
    [device] = running.ask(running.store.devices.of())
    line = rogue.client(running.url)
    cursor = line.changes("0", 10).cursor

    async def held() -> bool:
        """The office looks for news only while somebody waits for some."""
        return any(getattr(task.get_coro(), "__qualname__", "") == "Feed._look" for task in asyncio.all_tasks())

    def withdraw() -> None:
        while not running.ask(held()):
            time.sleep(0.02)
        running.ask(running.store.devices.revoke(SITE, device.device, 5))
        running.publish("plan", SITE, b'{"revision":1}')

    threading.Thread(target=withdraw, daemon=True).start()
    with pytest.raises(Refused) as no:
        line.changes(cursor, 10, wait_s=20)
    assert no.value.problem.name == "revoked"
