"""A backup made while records come in holds all that was acknowledged, and an office made of it goes on."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Update, insert, update

from app.logbook.book import Draft
from sync.office import backup
from sync.office.backup import CERTIFICATE, DATABASE, SHEET, BackupRefused, Sheet, bring_back, make
from sync.office.cli import cli
from sync.office.keys import FILE
from sync.office.settings import Settings
from sync.office.store import Store, StoreNewer, copying
from sync.office.store.blobs import blobs, forget_blobs
from sync.office.store.copying import NotEmpty
from sync.office.store.engine import database
from sync.office.store.schema import changes, heads, records
from tests import postgres
from tests.sync.places import SITE, Handheld, RunningOffice, handheld, now_ms, office, same_bytes


def settings_of(folder: Path, db: str = "") -> Settings:
    return Settings(folder, "en", db or str(folder / DATABASE))


def command(folder: Path, db: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--data-dir", str(folder), "--db", db, "--lang", "en"])


def keep(running: RunningOffice, book: bytes, raw: bytes) -> None:
    """A picture that came in."""
    row = insert(blobs).values(site=SITE, sha256=sha256(raw).digest(), raw=raw, book=book, received_at=now_ms())
    running.ask(running.store.write(lambda tx: tx.execute(row)))


@contextmanager
def writing(mine: Handheld) -> Iterator[list[int]]:
    """Records are made and sent without a pause meanwhile; the marks that the office acknowledged, in order."""
    acked: list[int] = []
    ended = threading.Event()

    def go_on() -> None:
        while not ended.is_set():
            mine.write(40)
            mine.courier.exchange()
            acked.append(mine.logbook.acked)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        while not acked:
            ended.wait(0.01)
        yield acked
    finally:
        ended.set()
        thread.join()


def test_what_was_acknowledged_is_in_the_backup_and_the_rest_comes_again(
    tmp_path: Path, running: RunningOffice, engine: str
) -> None:
    with handheld(tmp_path / "h", running) as mine:
        running.publish("plan", SITE, b'{"revision":1}')
        keep(running, mine.logbook.book, b"a picture")
        settings = settings_of(running.folder, running.db)
        with writing(mine) as acked:
            before = acked[-1]
            sheet = asyncio.run(_backed_up(settings, tmp_path / "backup"))
            count = len(acked)
            while len(acked) < count + 2:
                pass
        assert before <= sheet.records[SITE] <= mine.logbook.acked
        assert {path.name for path in (tmp_path / "backup").iterdir()} == {DATABASE, FILE, SHEET}
        assert {path.stat().st_mode & 0o77 for path in (tmp_path / "backup").iterdir()} == {0}
        port = running.port
        running.close()

        fresh = tmp_path / "fresh"
        db = postgres.empty(engine, fresh)
        asyncio.run(bring_back(settings_of(fresh, db), tmp_path / "backup"))
        with office(fresh, port, db=db) as restored:
            assert before <= restored.held(mine.logbook.book) < mine.logbook.head.seq
            mine.go_through(restored.url)
            mine.write(1)
            mine.courier.exchange()
            assert mine.logbook.unsent == 0
            assert same_bytes(mine.logbook, restored.stored(mine.logbook.book))
            assert mine.logbook.page("plan") == b'{"revision":1}'
        checked = command(fresh, db, "verify")
        assert checked.exit_code == 0, checked.output
        assert "everything is whole" in checked.output


def test_what_was_purged_before_a_backup_does_not_come_back_after_it(
    tmp_path: Path, running: RunningOffice, engine: str
) -> None:
    with handheld(tmp_path / "h", running) as mine:
        name = mine.logbook.attach(b"\xff\xd8\xff").sha256
        mine.logbook.append(Draft("finding.raised", {"attachments": [{"sha256": name}]}))
        mine.courier.exchange()
        running.ask(running.store.write(lambda tx: forget_blobs(tx, SITE, [bytes.fromhex(name)], now_ms())))
        asyncio.run(_backed_up(settings_of(running.folder, running.db), tmp_path / "backup"))
        running.close()
        db = postgres.empty(engine, tmp_path / "fresh")
        asyncio.run(bring_back(settings_of(tmp_path / "fresh", db), tmp_path / "backup"))
        with office(tmp_path / "fresh", running.port, db=db) as restored:
            for _ in range(2):  # the first hears that it is another feed, and everything is asked for again
                mine.courier.exchange()
            assert mine.logbook.blobs_waiting() == []
            assert restored.ask(restored.store.read(lambda tx: tx.execute(blobs.select()).all())) == []


async def _backed_up(settings: Settings, into: Path) -> Sheet:
    store = await Store.open(settings.db)
    try:
        return await make(settings, store, into, now_ms())
    finally:
        store.close()


def test_a_backup_overwrites_nothing_and_is_not_taken_when_it_is_not_whole(
    tmp_path: Path, running: RunningOffice
) -> None:
    folder, db = running.folder, running.db
    into = tmp_path / "backup"
    assert command(folder, db, "backup", str(into)).exit_code == 0
    audit = command(folder, db, "audit", "--json")
    assert [row["act"] for row in msgspec.json.decode(audit.output)["rows"]] == ["backed-up"]
    again = command(folder, db, "backup", str(into))
    assert isinstance(again.exception, BackupRefused)
    over = command(folder, db, "restore", str(into))
    assert isinstance(over.exception, BackupRefused | NotEmpty), "the office is there"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / FILE).write_bytes(b"k" * 32)
    with pytest.raises(BackupRefused, match="another office"):
        asyncio.run(bring_back(settings_of(tmp_path / "other"), into))
    with (into / DATABASE).open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff")
    with pytest.raises(BackupRefused, match="not as it was"):
        asyncio.run(bring_back(settings_of(tmp_path / "third"), into))
    with pytest.raises(BackupRefused, match="no backup"):
        asyncio.run(bring_back(settings_of(tmp_path / "third"), tmp_path))
    assert not (tmp_path / "third").exists()


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_what_a_database_that_was_moved_away_left_is_not_mixed_into_the_restored_one(
    tmp_path: Path, running: RunningOffice, end: str
) -> None:
    """The operator moved office.db away after a crash, and nothing else."""
    into, fresh = tmp_path / "backup", tmp_path / "fresh"
    assert command(running.folder, running.db, "backup", str(into)).exit_code == 0
    fresh.mkdir()
    (fresh / "config.toml").write_text('lang = "en"\n')
    left = fresh / f"{DATABASE}{end}"
    left.write_bytes(b"the last 400 rows")
    restore = ("restore", str(into))
    refused = command(fresh, str(fresh / DATABASE), *restore)
    assert isinstance(refused.exception, BackupRefused)
    assert str(left) in str(refused.exception)
    assert {path.name for path in fresh.iterdir()} - {"lock"} >= {"config.toml", left.name}
    assert not (fresh / FILE).exists()
    elsewhere = command(fresh, str(tmp_path / "elsewhere.db"), *restore)
    assert elsewhere.exit_code == 0, "another database is not touched by it"
    left.unlink()
    assert command(fresh, str(fresh / DATABASE), *restore).exit_code == 0, "the key is the backup's own"


def test_a_certificate_that_is_not_the_backups_own_is_not_kept_beside_its_database(
    tmp_path: Path, running: RunningOffice
) -> None:
    into, fresh = tmp_path / "backup", tmp_path / "fresh"
    (running.folder / CERTIFICATE).write_bytes(b"ours")
    assert command(running.folder, running.db, "backup", str(into)).exit_code == 0
    fresh.mkdir()
    (fresh / CERTIFICATE).write_bytes(b"another")
    with pytest.raises(BackupRefused, match="there already"):
        asyncio.run(bring_back(settings_of(fresh), into))
    (fresh / CERTIFICATE).write_bytes(b"ours")
    asyncio.run(bring_back(settings_of(fresh), into))


def test_rows_that_somebody_wrote_beside_a_backup_are_not_brought_into_another_database(
    tmp_path: Path, running: RunningOffice
) -> None:
    into = tmp_path / "backup"
    assert command(running.folder, running.db, "backup", str(into)).exit_code == 0
    (into / f"{DATABASE}-wal").write_bytes(b"rows")
    with pytest.raises(BackupRefused, match="not as it was"):
        asyncio.run(bring_back(settings_of(tmp_path / "fresh", "postgresql:///nobody"), into))


def test_a_restore_that_the_power_ended_is_begun_again_and_never_leaves_a_database_without_its_key(
    tmp_path: Path, running: RunningOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    into, place = tmp_path / "backup", backup._put_file
    assert command(running.folder, running.db, "backup", str(into)).exit_code == 0
    for steps in range(2):
        fresh, left = tmp_path / f"fresh{steps}", [None] * steps

        def fails(source: Path, there: Path, left: list[None] = left) -> None:
            if not left:
                raise OSError("the power failed")
            left.pop()
            place(source, there)

        monkeypatch.setattr(backup, "_put_file", fails)
        with pytest.raises(OSError, match="power"):
            asyncio.run(bring_back(settings_of(fresh), into))
        assert (fresh / FILE).exists() or not (fresh / DATABASE).exists()
        monkeypatch.setattr(backup, "_put_file", place)
        asyncio.run(bring_back(settings_of(fresh), into))
        assert (fresh / FILE).read_bytes() == (running.folder / FILE).read_bytes()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (update(records).where(records.c.seq == 3).values(raw=b"{}"), "book"),
        (update(heads).values(seq=2), "the mark of book"),
        (update(records).where(records.c.seq == 3).values(arrived=77), "numbers of arrival"),
        (update(changes).values(body=b"{}"), "was changed"),
        (update(blobs).values(raw=b"another"), "attachment"),
    ],
    ids=["record", "mark", "arrivals", "change", "blob"],
)
def test_what_somebody_changed_in_the_database_is_found(
    tmp_path: Path, running: RunningOffice, spoil: Update, said: str
) -> None:
    with handheld(tmp_path / "h", running) as mine:
        running.publish("plan", SITE, b'{"revision":1}')
        mine.write(5)
        mine.courier.exchange()
    keep(running, mine.logbook.book, b"a picture")
    good = command(running.folder, running.db, "verify", "--json")
    assert (good.exit_code, msgspec.json.decode(good.output)["whole"]) == (0, True)
    running.ask(running.store.write(lambda tx: tx.execute(spoil)))
    bad = command(running.folder, running.db, "verify")
    assert bad.exit_code == 5
    assert said in bad.output


@pytest.mark.proof
def test_an_office_moves_to_postgresql_and_back(tmp_path: Path) -> None:
    """SQLite to PostgreSQL to SQLite: every row is there, and the handheld goes on."""
    there, back = postgres.server().database(), tmp_path / "back.db"
    with office(tmp_path / "office") as first, handheld(tmp_path / "h", first) as mine:
        first.publish("plan", SITE, '{"name":"翠湖花园"}'.encode())
        mine.write(1200)
        mine.courier.exchange()
        keep(first, mine.logbook.book, bytes(10_000))
        port = first.port
        first.close()
        moved = command(first.folder, first.db, "copy", "--to", there)
        assert moved.exit_code == 0, moved.output
        assert isinstance(command(first.folder, first.db, "copy", "--to", there).exception, NotEmpty)
        with office(first.folder, port, db=there) as second:
            mine.go_through(second.url)
            mine.write(3)
            mine.courier.exchange()
            assert same_bytes(mine.logbook, second.stored(mine.logbook.book))
        assert command(first.folder, there, "verify").exit_code == 0
        moved_back = command(first.folder, there, "copy", "--to", str(back), "--json")
        assert msgspec.json.decode(moved_back.output)["records"] == mine.logbook.head.seq
        assert command(first.folder, str(back), "verify").exit_code == 0


async def test_a_copy_that_did_not_end_is_opened_by_nobody(
    tmp_path: Path, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the power failed")

    source, target = await Store.open(tmp_path / "source.db"), database(db)
    monkeypatch.setattr(copying, "_finish", fail)
    with pytest.raises(OSError, match="power"):
        await copying.copy(source, target)
    source.close()
    target.close()
    with pytest.raises(StoreNewer, match="did not end"):
        await Store.open(db)
