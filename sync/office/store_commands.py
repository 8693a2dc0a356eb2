"""The office's commands about its database as a whole: upgrade, backup, restore, copy, check."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from app.words import say
from sync.office.command_line import (
    CommandRefused,
    Noted,
    database_trouble,
    folder_of,
    now_ms,
    print_json,
    tell,
    with_store,
)
from sync.office.keys import OfficeKey
from sync.office.settings import Settings
from sync.office.store import Store, migrations
from sync.office.store.engine import is_postgresql, sqlite_path


def migrate(settings: Settings) -> None:
    """Bring the database to this version. Raises StoreNewer."""

    async def act() -> str:
        store = await Store.open(settings.db, upgrade=True)
        try:
            return store.database.shown
        finally:
            store.close()

    with database_trouble():
        shown = asyncio.run(act())
    tell(settings, "office_store.migrated", {"database": shown, "schema": migrations.HEAD})


def backup(settings: Settings, into: Path) -> None:
    """Raises BackupRefused, CommandRefused when there is nothing to back up."""
    from sync.office import backup as backups

    _must_be_there(settings)
    try:
        noted = Noted("backed-up", subject=str(into))
        sheet = with_store(settings, lambda store: backups.make(settings, store, into, now_ms()), noted)
    except OSError as e:
        raise CommandRefused("office_store.disk", path=str(into), why=e.strerror or str(e)) from e
    tell(settings, "office_store.backed_up", {"path": str(into), **_told(sheet)})


def restore(settings: Settings, backup: Path) -> None:
    """Raises BackupRefused, NotEmpty, OfficeInUse."""
    from sync.office import backup as backups
    from sync.office.starting import only_one

    with only_one(folder_of(settings)), database_trouble():
        try:
            sheet = asyncio.run(backups.bring_back(settings, backup))
        except OSError as e:
            raise CommandRefused("office_store.disk", path=str(settings.data_dir), why=e.strerror or str(e)) from e
    tell(settings, "office_store.restored", {"path": str(backup), **_told(sheet)})


def copy(settings: Settings, to: str) -> None:
    """Raises NotEmpty, OfficeInUse: what comes in while it runs would be left behind."""
    from sync.office import backup as backups
    from sync.office.starting import only_one

    _must_be_there(settings)
    with only_one(folder_of(settings)), database_trouble():
        counts = with_store(settings, lambda store: backups.copy_into(store, to), Noted("copied"))
    tell(settings, "office_store.copied", {"rows": sum(counts.values()), "records": counts["records"]})


def verify(settings: Settings) -> int:
    """Check everything the office holds; 5 when something is not as it came in."""
    from app.logbook.verify import told
    from sync.office.checking import check

    _must_be_there(settings)
    key = OfficeKey.open(folder_of(settings))
    found = with_store(settings, lambda store: check(store, key, now_ms()))
    if settings.as_json:
        print_json({"whole": found.whole, **msgspec.to_builtins(found)})
        return 0 if found.whole else 5
    for sentence in told(found.books, settings.lang):
        click.echo(sentence)
    for wrong in found.wrong:
        click.echo(say(settings.lang, f"office_store.wrong_{wrong.what}", site=wrong.site, id=wrong.id))
    click.echo(say(settings.lang, "office_store.whole" if found.whole else "office_store.not_whole"))
    return 0 if found.whole else 5


def _must_be_there(settings: Settings) -> None:
    if not is_postgresql(settings.db) and not sqlite_path(settings.db).exists():
        raise CommandRefused("office_store.no_database", path=settings.db)


def _told(sheet: Any) -> dict[str, Any]:
    made = datetime.fromtimestamp(sheet.made_at / 1000, UTC).astimezone().isoformat(timespec="seconds")
    return {"made_at": made, "records": sum(sheet.records.values())}
