"""A database of every earlier version becomes one of today, or stays what it was when the program is killed."""

import asyncio
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final

import pysqlite3.dbapi2 as sqlite
import pytest
from alembic.autogenerate import render_python_code
from sqlalchemy import Connection, inspect, text

from sync.office.fold import prepare
from sync.office.serve import open_store
from sync.office.store import Store, StoreNewer, StoreOld, migrations
from sync.office.store.changes import feed_id
from sync.office.store.engine import database
from sync.office.store.records import records_after
from tests import postgres
from tests.office.revision import APART, differences

SCHEMAS: Final = sorted((Path(__file__).parent / "schemas").glob("*.sql"))
"""Written by the programs of their time: see the first line of each."""


def load(db: str, schema: Path) -> None:
    """A database as an earlier program left it."""
    told = schema.read_text("utf-8")
    if not db.startswith("postgresql"):
        with sqlite.connect(db) as own:
            own.executescript(told)
        own.close()
        return
    told = re.sub(r"X'([0-9a-f]*)'", r"'\\x\1'", told.replace("BLOB", "BYTEA").replace("BOOLEAN DEFAULT 0", "BOOLEAN"))
    postgres.server().ask(told, db)


def shape(tx: Connection) -> dict[str, Any]:
    """Columns, keys and indexes of everything but the projections."""
    looked = inspect(tx)
    return {
        name: (
            {each["name"]: each["nullable"] for each in looked.get_columns(name)},
            looked.get_pk_constraint(name)["constrained_columns"],
            sorted((each["name"], each["column_names"]) for each in looked.get_indexes(name)),
        )
        for name in looked.get_table_names()
        if name not in APART
    }


def contents(tx: Connection) -> dict[str, int]:
    return {name: tx.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in shape(tx)}


async def opened(db: str) -> Store:
    """Without looking at its version."""
    return Store(database(db))


@pytest.mark.parametrize(
    "schema",
    [pytest.param(each, id=each.stem, marks=pytest.mark.proof if each in SCHEMAS[1:-1] else ()) for each in SCHEMAS],
)
async def test_a_database_of_every_version_becomes_one_of_today(
    db: str, engine: str, schema: Path, tmp_path: Path
) -> None:
    load(db, schema)
    before = await opened(db)
    had = await before.read(contents)
    before.close()
    with pytest.raises(StoreOld, match="migrate"):
        await Store.open(db)
    store = await Store.open(db, upgrade=True)
    await store.write(prepare)
    fresh = await Store.open(postgres.server().database() if engine == "postgresql" else tmp_path / "new.db")
    assert await store.read(shape) == await fresh.read(shape)
    fresh.close()
    now = await store.read(contents)
    kept = had.keys() - {"cursors", "counters", "facts"}
    assert {name: now.get(name) for name in kept} == {name: had[name] for name in kept}
    assert await store.read(feed_id) == "0badc0de"
    for site, held in (("east", 3), ("west", 2)):
        rows = await store.read(partial(records_after, site=site, arrived=0, limit=10))
        assert [row.arrived for row in rows] == list(range(1, held + 1))
        assert [row.raw for row in rows] == [b"{%c}" % row.seq for row in rows]
    store.close()
    again = await Store.open(db)
    assert await again.read(migrations.version) == migrations.HEAD
    again.close()


async def test_the_revisions_make_what_the_program_has(db: str) -> None:
    """When this fails: python -m tests.office.revision SLUG "What it is for." """
    store = await opened(db)
    await store.write(migrations.run)
    script, context = await store.read(differences)
    assert script.upgrade_ops is not None
    missing = render_python_code(script.upgrade_ops, migration_context=context)
    store.close()
    assert "pass" in missing.split(), f"no revision makes this:\n{missing}"


async def test_a_database_of_a_later_program_is_left_alone(db: str) -> None:
    store = await Store.open(db)
    await store.write(lambda tx: migrations.mark(tx, "9999"))
    store.close()
    with pytest.raises(StoreNewer, match="9999"):
        await Store.open(db, upgrade=True)
    store = await opened(db)
    await store.write(lambda tx: migrations.mark(tx, migrations.UNFINISHED))
    store.close()
    with pytest.raises(StoreNewer, match="did not end"):
        await Store.open(db)


def killed(db: str, at: int) -> int:
    """`watchbook-office migrate`, killed before its `at`-th statement; its exit code."""
    run = [sys.executable, "-m", "tests.office.dying", str(at), "migrate", "--db", db, "--data-dir", "/nonexistent"]
    return subprocess.run(run, capture_output=True, timeout=60).returncode


@pytest.mark.proof
async def test_killed_at_any_step_it_is_what_it_was(db: str, torture: bool) -> None:
    """kill -9 before each of several statements and before the commit, then once more whole."""
    load(db, SCHEMAS[0])
    store = await opened(db)
    old = (await store.read(shape), await store.read(contents))
    store.close()
    deaths = 0
    for at in range(0, 400, 1 if torture else 37):
        code = await asyncio.to_thread(killed, db, at)
        if code != -signal.SIGKILL:
            assert code == 0, at
            break
        deaths += 1
        store = await opened(db)
        assert (await store.read(shape), await store.read(contents)) == old, at
        store.close()
    print(f"killed {deaths} times")
    assert deaths >= 3
    store = await open_store(db)
    assert await store.read(migrations.version) == migrations.HEAD
    store.close()
