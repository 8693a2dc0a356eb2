"""A backup: a folder with the office's database, its key and its settings, as they were at one moment.

It is made while the office serves, and is itself a data directory: `serve --data-dir` on a copy of it works. The
database in it is a SQLite file, whatever the office's own is; bringing it back puts its rows where they belong.
"""

import asyncio
import hashlib
import os
import secrets
import shutil
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import pysqlite3.dbapi2 as sqlite
from msgspec import Struct
from sqlalchemy import select

from app.errors import WatchbookError
from sync.office.keys import FILE as KEY
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store.changes import begin_anew
from sync.office.store.copying import copy
from sync.office.store.engine import database, is_postgresql, sqlite_path
from sync.office.store.migrations import HEAD
from sync.office.store.schema import arrivals

DATABASE: Final = "office.db"
SHEET: Final = "backup.json"
CERTIFICATE: Final = "tls.pem"
BESIDE: Final = (KEY, CERTIFICATE, "config.toml")
"""Files of the data directory that go along, those that are there."""
LEFT: Final = ("-wal", "-shm", "-journal")
"""Ends of the names of what SQLite keeps beside a database, and takes for a part of whatever file stands there next."""
_PIECE: Final = 1024 * 1024


class BackupRefused(WatchbookError):
    """The administrator: it would overwrite something, or is not whole."""


class Sheet(Struct, frozen=True):
    """What stands in a backup's own sheet."""

    made_at: int
    """UTC ms; every record acknowledged before is in it."""
    schema: str
    sha256: str
    """Of the database file."""
    records: dict[str, int]
    """By site: how many had come in."""


async def make(settings: Settings, store: Store, into: Path, now: int) -> Sheet:
    """Make the backup at `into`, which must not be there yet. Whole or not at all. `now` is UTC ms.

    Raises BackupRefused, OSError, StoreBusy.
    """
    part = _folder_for(into)
    file = part / DATABASE
    if is_postgresql(settings.db):
        await copy_into(store, file)
    else:
        await asyncio.to_thread(_online, sqlite_path(settings.db), file)
    sheet = await _described(file, now)
    _complete(settings, part, sheet)
    part.rename(into)
    _flush(into.parent)
    return sheet


async def bring_back(settings: Settings, backup: Path) -> Sheet:
    """The backup's rows and files into the office of `settings`, which must have none.

    Raises BackupRefused for one that is not whole, or would overwrite something or be mixed with it, NotEmpty.
    """
    sheet = _whole(backup)
    _must_be_alone(settings, backup)
    for name in BESIDE:  # first: a database without its key would be served with a new one
        if (backup / name).exists() and not (settings.data_dir / name).exists():
            _put_file(backup / name, settings.data_dir / name)
    if is_postgresql(settings.db):
        await _put_rows(backup / DATABASE, settings.db)
    else:
        _put_file(backup / DATABASE, sqlite_path(settings.db))
    return sheet


async def copy_into(store: Store, url: Path | str) -> dict[str, int]:
    """Every row into another database, which must be empty; how many each table has. Raises NotEmpty, StoreBusy."""
    target = database(url)
    try:
        return await copy(store, target)
    finally:
        target.close()


def _folder_for(backup: Path) -> Path:
    """Where it grows until it is whole. Raises BackupRefused."""
    if backup.exists():
        raise BackupRefused("office_store.there_already", path=str(backup))
    part = backup.with_name(backup.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    return part


def _complete(settings: Settings, part: Path, sheet: Sheet) -> None:
    """What belongs beside the database; then all of it is on the disk."""
    for name in BESIDE:
        if (settings.data_dir / name).exists():
            shutil.copy2(settings.data_dir / name, part / name)
    (part / SHEET).write_bytes(msgspec.json.format(msgspec.json.encode(sheet)) + b"\n")
    for path in part.iterdir():
        path.chmod(0o600)
        _flush(path)
    _flush(part)


def _must_be_alone(settings: Settings, backup: Path) -> None:
    """What a restore that the power ended has put there may stand there, and settings. Raises BackupRefused."""
    key, certificate = settings.data_dir / KEY, settings.data_dir / CERTIFICATE
    if key.exists() and not _is_same(key, backup / KEY):
        raise BackupRefused("office_store.other_key", path=str(key))
    if certificate.exists() and (backup / CERTIFICATE).exists() and not _is_same(certificate, backup / CERTIFICATE):
        raise BackupRefused("office_store.there_already", path=str(certificate))
    if is_postgresql(settings.db):
        return
    file = sqlite_path(settings.db)
    if os.path.lexists(file):
        raise BackupRefused("office_store.there_already", path=settings.db)
    for each in _left(file):
        raise BackupRefused("office_store.left_over", path=str(each))


def _is_same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def _left(file: Path) -> list[Path]:
    """What stands beside the database."""
    return [each for end in LEFT if os.path.lexists(each := file.with_name(file.name + end))]


async def _put_rows(file: Path, url: str) -> None:
    """Raises BackupRefused where more than the backup's own rows would be read."""
    for each in _left(file):
        if each.stat().st_size and not each.name.endswith("-shm"):  # a restore that the power ended leaves an empty one
            raise BackupRefused("office_store.changed_backup", path=str(each))
    store = await Store.open(file)
    try:
        await copy_into(store, url)
    finally:
        store.close()


def _online(source: Path, file: Path) -> None:
    """SQLite's own way, in one step: it reads one moment, and keeps no writer waiting."""
    read, write = sqlite.connect(str(source)), sqlite.connect(str(file))
    try:
        read.execute("PRAGMA busy_timeout=10000")
        read.backup(write, pages=-1)
        write.execute("PRAGMA journal_mode=DELETE")
    finally:
        write.close()
        read.close()


async def _described(file: Path, now: int) -> Sheet:
    """Its changes feed gets an id of its own: whatever is served of it one day, every handheld is told there to fetch
    everything, and so asks again for what it was told is held."""
    store = await Store.open(file)
    try:
        await store.write(partial(begin_anew, feed=secrets.token_hex(4)))
        counts = await store.read(lambda tx: {row.site: row.last for row in tx.execute(select(arrivals))})
    finally:
        store.close()
    return Sheet(now, HEAD, _sha256(file), counts)


def _whole(backup: Path) -> Sheet:
    """Raises BackupRefused."""
    try:
        sheet = msgspec.json.decode((backup / SHEET).read_bytes(), type=Sheet)
        same = _sha256(backup / DATABASE) == sheet.sha256
    except (OSError, msgspec.MsgspecError) as e:
        raise BackupRefused("office_store.no_backup", path=str(backup)) from e
    if not same:
        raise BackupRefused("office_store.changed_backup", path=str(backup / DATABASE))
    return sheet


def _put_file(source: Path, place: Path) -> None:
    """Raises BackupRefused when there is one."""
    if place.exists():
        raise BackupRefused("office_store.there_already", path=str(place))
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = place.with_name(place.name + ".part")
    shutil.copyfile(source, part)
    part.chmod(0o600)
    _flush(part)
    part.rename(place)
    _flush(place.parent)


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
