"""How a database of an earlier version becomes one of this: Alembic revisions, all of them in one transaction.

Killed in the middle, a database is what it was. A new one is made as the tables stand and marked as of HEAD; that
both ways come to the same is a test (tests/office/test_migrations.py), which also says how to write the next one.
Projections stand outside: they are made anew when their version changes (sync.office.fold).
"""

from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from app.errors import WatchbookError
from sync.office.store.projections import PROJECTIONS
from sync.office.store.tables import metadata
from sync.office.store.upsert import insert

HEAD: Final = "0002"
"""The revision that the tables of this program are; revisions are numbered 0001, 0002 …"""
_marks: Final = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
UNFINISHED: Final = ""
"""Marks what is still being copied into the database."""


class StoreOld(WatchbookError):
    """The administrator: run `watchbook-office migrate`, or start `serve`."""


class StoreNewer(WatchbookError):
    """The administrator: this database needs a newer program, or its copying did not end."""


def version(tx: Connection) -> str | None:
    """The revision the database is of; None: it is empty, or from before there were any."""
    if not inspect(tx).has_table(_marks.name):
        return None
    found = tx.execute(select(_marks.c.version_num)).scalar()
    return UNFINISHED if found is None else str(found)


def make_ready(tx: Connection, *, upgrade: bool) -> None:
    """Make the tables of an empty database; with `upgrade`, bring one of an earlier version to HEAD.

    Raises StoreOld for one of an earlier version, StoreNewer for one of a later.
    """
    found = version(tx)
    if found == HEAD:
        return
    if found is not None and (found == UNFINISHED or found > HEAD):
        raise StoreNewer("sync.store_unfinished" if found == UNFINISHED else "sync.store_newer", found=found)
    if found is None and not inspect(tx).has_table("records"):
        metadata.create_all(tx)
        mark(tx)
        return
    if not upgrade:
        raise StoreOld("sync.store_old", found=found or "-", head=HEAD)
    run(tx)


def mark(tx: Connection, revision: str = HEAD) -> None:
    """Call the database one of `revision`; UNFINISHED while rows are copied into it."""
    _marks.create(tx, checkfirst=True)
    tx.execute(_marks.delete())
    if revision != UNFINISHED:
        tx.execute(insert(_marks).values(version_num=revision))


def run(tx: Connection, revision: str = "head") -> None:
    """Every revision that is missing, in this transaction."""
    from alembic import command  # costs 100 ms and some megabytes, once in a database's life
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", __path__[0].replace("%", "%%"))
    config.attributes["connection"] = tx
    command.upgrade(config, revision)
    metadata.create_all(tx, PROJECTIONS)
