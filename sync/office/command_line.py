"""What the office's commands share: the store while one runs, a secret or a time as typed, JSON as printed."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from app.errors import WatchbookError
from app.text import clean
from app.words import say
from sync.office import audit
from sync.office.qr import drawn
from sync.office.serve import open_store
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store import plans as plan_table

T = TypeVar("T")
YEARS = range(1970, 2200)
"""Of times that are typed: others are a slip, and what shows a time need not know them."""


class CommandRefused(WatchbookError):
    """Whoever typed the command."""


class StoreFailed(WatchbookError):
    """The administrator: the database is full, locked for too long, or of another version."""


@contextmanager
def database_trouble() -> Iterator[None]:
    """What the database does not take is one sentence: raises StoreFailed."""
    try:
        yield
    except SQLAlchemyError as e:
        why = str(getattr(e, "orig", None) or type(e).__name__)
        raise StoreFailed("office_cli.store_failed", why=why) from e


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[Store]:
    """The store while a command runs."""
    folder_of(settings)
    store = await open_store(settings.db)
    try:
        yield store
    finally:
        store.close()


class Noted(Struct, frozen=True):
    """An act for the audit."""

    act: str
    site: str = ""
    subject: str = ""


def with_store(
    settings: Settings, act: Callable[[Store], Awaitable[T]], noted: Noted | None = None, *, site: str | None = None
) -> T:
    """What `act` gives, with the store open for it, and `noted` in the audit before it; `site` is one that was typed.

    Raises CommandRefused, also for a site that has no plan; StoreFailed.
    """

    async def run_it() -> T:
        async with _store(settings) as store:
            if noted is not None:
                await audit.acts(store, audit.shell_user(), noted.act, now_ms(), noted.site, noted.subject)
            if site is not None:
                await must_know_site(store, site)
            return await act(store)

    with database_trouble():
        return asyncio.run(run_it())


async def must_know_site(store: Store, site: str) -> None:
    """Raises CommandRefused."""
    if site not in await store.read(plan_table.sites):
        raise CommandRefused("office_cli.no_site", site=site[:64])


def secret(settings: Settings, name: str, *, from_stdin: bool) -> str:
    """A password, PIN or key, from the first line of standard input or typed twice; never on the command line.

    Raises CommandRefused for an empty line.
    """
    piped = not sys.stdin.isatty()
    if piped and not from_stdin:
        click.echo(say(settings.lang, f"office_cli.piped_{name}"), err=True)
    if from_stdin or piped:
        given = sys.stdin.readline().rstrip("\r\n")
        if not given:
            raise CommandRefused("office_cli.no_input")
        return given
    again = say(settings.lang, f"office_cli.ask_{name}_again")
    typed: str = click.prompt(
        say(settings.lang, f"office_cli.ask_{name}"), hide_input=True, confirmation_prompt=again, err=True
    )
    return typed


def folder_of(settings: Settings) -> Path:
    """The data directory, made when it is missing. Raises CommandRefused when it can't be used."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as e:
        raise CommandRefused("office_cli.bad_folder", folder=str(settings.data_dir), why=e.strerror or "") from e
    return settings.data_dir


def typed_name(text: str, most: int = 80) -> str:
    """A name as it is kept. Raises CommandRefused for one of nothing but spaces."""
    name = clean(text, most).strip()
    if not name:
        raise CommandRefused("office_cli.no_name")
    return name


def parse_time(text: str) -> int:
    """UTC ms of an ISO 8601 time with its offset. Raises CommandRefused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as e:
        raise CommandRefused("office_cli.bad_time", text=text[:40]) from e
    if moment.tzinfo is None or moment.year not in YEARS:
        raise CommandRefused("office_cli.bad_time", text=text[:40])
    return round(moment.timestamp() * 1000)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def tell(settings: Settings, key: str, fields: dict[str, Any], **beside: Any) -> None:
    """What was done: `fields` as JSON, or the sentence `key` with them and what stands `beside` them."""
    if settings.as_json:
        print_json(fields)
    else:
        click.echo(say(settings.lang, key, **fields, **beside))


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def print_qr(text: str) -> None:
    picture = drawn(text)
    if picture:
        click.echo(picture)
