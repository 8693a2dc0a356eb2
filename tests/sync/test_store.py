"""The office's database, either one: whole transactions, many writers, commands beside the server."""

import asyncio
import stat
import threading
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from sync.office.keys import FILE, KeyUnusable, OfficeKey
from sync.office.store import Store, StoreBusy, StoreUnsafe
from sync.office.store.records import cursor, move_cursor
from sync.office.store.schema import metadata
from sync.office.store.sqlite import is_affected, refuse_affected
from sync.wire import fingerprint
from tests import postgres
from tests.sync.places import SITE, RunningOffice, now_ms, published


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("3.40.1", True),
        ("3.44.5", True),
        ("3.44.6", False),
        ("3.45.0", True),
        ("3.50.6", True),
        ("3.50.7", False),
        ("3.51.2", True),
        ("3.51.3", False),
        ("3.53.4", False),
        ("4.0.0", False),
    ],
)
def test_a_sqlite_that_can_corrupt_the_database_is_known(version: str, affected: bool) -> None:
    assert is_affected(tuple(int(part) for part in version.split("."))) is affected


def test_the_office_does_not_start_on_such_a_sqlite() -> None:
    with pytest.raises(StoreUnsafe, match="pysqlite3"):
        refuse_affected("3.40.1")
    refuse_affected()


async def test_another_kind_of_database_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnsafe, match="postgresql"):
        await Store.open("mysql://office@db/watchbook")
    store = await Store.open(f"sqlite:///{tmp_path}/office.db")
    store.close()
    assert (tmp_path / "office.db").exists()


async def test_an_error_of_the_database_says_nothing_of_what_was_to_be_stored(tmp_path: Path, db: str) -> None:
    store = await Store.open(db)
    with pytest.raises(DBAPIError) as failed:
        await store.write(lambda tx: tx.execute(text("INSERT INTO nowhere VALUES (:who)"), {"who": "Zhang Wei"}))
    store.close()
    assert "nowhere" in str(failed.value)
    assert "Zhang" not in str(failed.value)


async def test_a_database_that_is_away_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreBusy) as no:
        await Store.open(f"postgresql://office:geheim@/watchbook?host={tmp_path}")
    assert "geheim" not in str(no.value)
    with pytest.raises(StoreUnsafe) as no_such:
        await Store.open(postgres.server().address("nobody-made-it").replace("office@", "office:geheim@"))
    assert "nobody-made-it" in str(no_such.value)
    assert "geheim" not in str(no_such.value)


async def test_trouble_is_told_by_its_code_and_not_by_a_word_in_its_message(tmp_path: Path) -> None:
    """A full disk may pass; what breaks a rule named like it is a fault of ours."""
    store = await Store.open(tmp_path / "office.db")

    def breaks_a_rule(tx: Connection) -> None:
        tx.exec_driver_sql('CREATE TABLE busy ("full" INTEGER CONSTRAINT locked CHECK ("full" > 0))')
        tx.exec_driver_sql("INSERT INTO busy VALUES (0)")

    def fills_the_disk(tx: Connection) -> None:
        tx.exec_driver_sql("PRAGMA max_page_count = 1")  # as many as it has
        tx.exec_driver_sql("CREATE TABLE more (a BLOB)")
        tx.exec_driver_sql("INSERT INTO more VALUES (zeroblob(100000))")

    with pytest.raises(IntegrityError, match="locked"):
        await store.write(breaks_a_rule)
    with pytest.raises(StoreBusy):
        await store.write(fills_the_disk)
    store.close()


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "office.db").write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(StoreUnsafe, match=r"office\.db"):
        await Store.open(tmp_path / "office.db")


async def test_a_write_happens_whole_or_not_at_all(db: str) -> None:
    store = await Store.open(db)

    def half(tx: Connection) -> None:
        move_cursor(tx, SITE, "rounds", 5)
        raise RuntimeError("then the power failed")

    woken: list[int] = []
    store.after_commit.append(lambda: woken.append(1))
    with pytest.raises(RuntimeError):
        await store.write(half)
    assert await store.read(lambda tx: cursor(tx, SITE, "rounds")) == 0
    assert woken == []
    await store.write(lambda tx: move_cursor(tx, SITE, "rounds", 5))
    await store.write(lambda tx: move_cursor(tx, SITE, "rounds", 9))
    assert await store.read(lambda tx: cursor(tx, SITE, "rounds")) == 9
    assert woken == [1, 1]
    store.close()


async def test_readers_cannot_write_and_see_one_moment(db: str) -> None:
    store = await Store.open(db)
    with pytest.raises(DBAPIError, match=r"read-?only"):
        await store.read(lambda tx: move_cursor(tx, SITE, "rounds", 5))

    loop = asyncio.get_running_loop()
    began, go_on = asyncio.Event(), asyncio.Event()

    def twice(tx: Connection) -> tuple[int, int]:
        before = cursor(tx, SITE, "rounds")
        loop.call_soon_threadsafe(began.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
        return before, cursor(tx, SITE, "rounds")

    reading = asyncio.create_task(store.read(twice))
    await began.wait()
    await store.write(lambda tx: move_cursor(tx, SITE, "rounds", 5))
    go_on.set()
    assert await reading == (0, 0)
    store.close()


async def test_many_writers_at_once_wait_for_each_other(db: str) -> None:
    store = await Store.open(db)

    def add(tx: Connection) -> None:
        move_cursor(tx, SITE, "n", cursor(tx, SITE, "n") + 1)

    await asyncio.gather(*(store.write(add) for _ in range(100)))
    assert await store.read(lambda tx: cursor(tx, SITE, "n")) == 100
    store.close()


async def test_one_that_fails_among_many_is_undone_alone(db: str) -> None:
    store = await Store.open(db)

    def add(tx: Connection, number: int) -> int:
        move_cursor(tx, SITE, "n", cursor(tx, SITE, "n") + 1)
        if number % 3 == 0:
            raise RuntimeError(str(number))
        return number

    done = await asyncio.gather(*(store.write(partial(add, number=n)) for n in range(30)), return_exceptions=True)
    assert [str(each) for each in done] == [str(n) for n in range(30)]
    assert sum(isinstance(each, RuntimeError) for each in done) == 10
    assert await store.read(lambda tx: cursor(tx, SITE, "n")) == 20
    store.close()


async def test_what_waits_goes_to_the_disk_together(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "office.db")
    commits: list[int] = []
    event.listen(store.database._writer, "commit", lambda _: commits.append(1))  # type: ignore[attr-defined]
    held = threading.Event()
    first = asyncio.ensure_future(store.write(lambda _: held.wait(10)))
    others = [asyncio.ensure_future(store.write(lambda tx: cursor(tx, SITE, "n"))) for _ in range(20)]
    while store.database._queue.qsize() < len(others):  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    held.set()
    await asyncio.gather(first, *others)
    assert len(commits) < 7, "one that was too long, and the others in few"
    store.close()


async def test_what_comes_while_a_transaction_is_open_does_not_hold_it_up(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "office.db")
    done: list[str] = []
    event.listen(store.database._writer, "commit", lambda _: done.append("commit"))  # type: ignore[attr-defined]
    open_now, goes_on = threading.Event(), threading.Event()

    def first(_: Connection) -> None:
        open_now.set()
        assert goes_on.wait(10)
        done.append("first")

    before = asyncio.ensure_future(store.write(first))
    assert await asyncio.to_thread(open_now.wait, 10)
    after = asyncio.ensure_future(store.write(lambda _: done.append("second")))
    while not store.database._queue.qsize():  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(before, after)
    assert done == ["first", "commit", "second", "commit"]
    store.close()


async def test_a_command_writes_beside_the_server(running: RunningOffice) -> None:
    """`device add` in a process of its own, while the office serves the same file."""
    beside = await Store.open(running.db)
    issued = await beside.devices.add(SITE, "Gate 2", now_ms())
    await published(beside, SITE, "plan", SITE, b'{"revision":1}')
    beside.close()
    [device] = await asyncio.to_thread(lambda: running.ask(running.store.devices.of()))
    assert (device.device, device.name) == (issued.device, "Gate 2")
    latest = await asyncio.to_thread(lambda: running.newest_cursor())
    assert latest.endswith("-1")


def test_the_tables_could_move_to_a_distributed_database() -> None:
    """No serial numbers, no foreign keys; whatever belongs to a site has the site first in its key."""
    whole_office = {"facts", "enrolment_codes"}
    ours = {
        "devices", "records", "heads", "head_signatures", "urgent", "forks", "holes", "site_revisions", "changes",
        "arrivals", "cursors",
    }  # fmt: skip
    assert ours | whole_office <= set(metadata.tables)
    for name in sorted(ours | whole_office):
        table = metadata.tables[name]
        assert not table.foreign_keys
        assert table.autoincrement_column is None
        assert next(iter(table.primary_key.columns)).name == "site" or name in whole_office


def test_the_offices_key_is_made_once_and_readable_by_nobody_else(tmp_path: Path) -> None:
    first = OfficeKey.open(tmp_path / "data")
    again = OfficeKey.open(tmp_path / "data")
    assert first.public == again.public
    assert stat.S_IMODE((tmp_path / "data" / FILE).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE]
    assert len(fingerprint("0123456789", first.public)) == 10


def test_a_damaged_key_is_said_and_not_replaced(tmp_path: Path) -> None:
    OfficeKey.open(tmp_path)
    (tmp_path / FILE).write_bytes(b"short")
    with pytest.raises(KeyUnusable, match="backup"):
        OfficeKey.open(tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"short"
