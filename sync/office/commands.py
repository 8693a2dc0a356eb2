"""What the office's commands do, once their options are read."""

import asyncio
import fcntl
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

import click
import msgspec

from app.errors import BookInUse, WatchbookError
from app.words import say
from sync.office import accounts, credentials, importing
from sync.office.importing import Found
from sync.office.keys import OfficeKey
from sync.office.plan_faults import Fault
from sync.office.qr import drawn
from sync.office.serve import listen, open_store, run
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store import plans as plan_table
from sync.office.store.devices import LIFETIME_MS, Device

T = TypeVar("T")
LOCK: Final = "serve.lock"


class CommandRefused(WatchbookError):
    """Whoever typed the command."""


class OfficeInUse(BookInUse):
    """Whoever starts it: an office is served from this directory already."""


# -- serving -------------------------------------------------------------------------------------


def serve(settings: Settings, began: str | None) -> None:
    """Until SIGTERM. Prints one line when it answers. Raises OfficeInUse, PortTaken, StoreUnsafe."""
    clock_ms = _clock(began)
    with _only_one(_folder(settings)):
        run(
            settings.db,
            settings.data_dir,
            listen(settings.host, settings.port),
            clock_ms,
            lambda url: print(f"listening {url}", flush=True),
            shown_clock=began is not None,
        )


def demo(settings: Settings, began: str | None, days: int) -> None:
    """Serve the example from the data directory that was named, else from one that goes away afterwards."""
    named = settings.data_dir if settings.data_dir != default_folder() else None
    if named is not None:
        _demo(settings, began, days)
        return
    with TemporaryDirectory(prefix="watchbook-office-") as folder:
        data = Path(folder)
        _demo(msgspec.structs.replace(settings, data_dir=data, db=str(data / "office.db")), began, days)


def _demo(settings: Settings, began: str | None, days: int) -> None:
    from sync.office.demo import Desk, furnish

    clock_ms = _clock(began)
    made: list[Desk] = []

    async def first(store: Store, key: OfficeKey) -> None:
        made.append(await furnish(store, key, clock_ms(), days))

    def ready(url: str) -> None:
        desk = msgspec.structs.replace(made[0], url=url)
        if settings.as_json:
            _print_json(msgspec.to_builtins(desk))
        else:
            _introduce(desk, settings.lang)

    if not settings.as_json:
        click.echo(say(settings.lang, "office_cli.demo_starts"), err=True)
    with _only_one(_folder(settings)):
        listening = listen(settings.host, settings.port)
        run(settings.db, settings.data_dir, listening, clock_ms, ready, shown_clock=began is not None, first=first)
