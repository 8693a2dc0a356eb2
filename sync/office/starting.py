"""Starting the office: one server for a data directory, with its certificate and its clock; and the demonstration."""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from threading import Thread
from typing import TYPE_CHECKING, Final

import click
import msgspec

from app.errors import BookInUse
from app.words import say
from hardware.clock import FollowedClock
from sync.office.command_line import CommandRefused, database_trouble, folder_of, now_ms, parse_time, print_json
from sync.office.fold import prepare
from sync.office.keys import OfficeKey
from sync.office.serve import Serving, listen, open_store, run
from sync.office.settings import Settings
from sync.office.staged import StagedClock
from sync.office.store import Store
from sync.office.store import engine as engines
from sync.office.store.staging import move_codes, move_plans
from sync.office.tls import Certificates, Shown, must_fit, own
from sync.office.workers import share

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from sync.desk import Desk

LOCK: Final = "serve.lock"


class OfficeInUse(BookInUse):
    """Whoever starts it: an office is served from this directory already."""


def serve(settings: Settings, began: str | None) -> None:
    """Until SIGTERM. Prints one line when it answers: a sentence on a terminal, else `listening URL` for a program.
    Raises OfficeInUse, PortTaken, StoreUnsafe.
    """

    def ready(url: str) -> None:
        click.echo(say(settings.lang, "office_cli.listening", url=url) if sys.stdout.isatty() else f"listening {url}")

    _serve(settings, began, ready)


def demo(settings: Settings, began: str | None, days: int, *, until_eof: bool = False) -> None:
    """Serve the example from the data directory that was named, else from one that goes away afterwards.

    `until_eof`: the office ends with whoever holds the other end of its standard input, however that one ended.
    """
    if until_eof:
        Thread(target=_end_at_eof, daemon=True).start()
    if settings.chosen:
        _demo(settings, began, days)
        return
    with TemporaryDirectory(prefix="watchbook-office-") as folder:
        data = Path(folder)
        _demo(msgspec.structs.replace(settings, data_dir=data, db=str(data / "office.db")), began, days)


def _demo(settings: Settings, began: str | None, days: int) -> None:
    from sync.office.demo import fill, furnish

    made: list[Desk] = []
    filling: list[SpawnProcess] = []
    scratch = Path(mkdtemp(prefix="watchbook-demo-"))
    began_at = _clock(began)()

    async def first(store: Store, key: OfficeKey, now: int) -> None:
        made.append(await furnish(store, key, now, days, settings.lang))

    def ready(url: str) -> None:
        desk = msgspec.structs.replace(made[0], url=url)
        if settings.as_json:
            print_json(msgspec.to_builtins(desk))
        else:
            _introduce(desk, settings.lang)
        db = engines.sqlite_path(settings.db)
        filling.append(fill(db, scratch, began_at, days, settings.lang, quiet=settings.as_json))

    if not settings.as_json:
        click.echo(say(settings.lang, "office_cli.demo_starts"), err=True)
    try:
        _serve(settings, began, ready, first)
    finally:
        for process in filling:
            process.kill()
            process.join()
        rmtree(scratch, ignore_errors=True)


def _end_at_eof() -> None:
    with suppress(OSError):
        while os.read(0, 512):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def _introduce(desk: "Desk", lang: str) -> None:
    from sync.office.demo import MANAGER

    pins = ", ".join(f"{person} {pin}" for person, pin in desk.pins.items())
    click.echo(say(lang, "office_cli.listening", url=desk.url))
    for user in (desk.user, MANAGER):
        click.echo(say(lang, "office_cli.demo_account", user=user, password=desk.password))
    click.echo(say(lang, "office_cli.demo_code", code=desk.code))
    click.echo(say(lang, "office_cli.demo_pins", pins=pins))
    click.echo(say(lang, "office_cli.demo_fills"))


def _serve(
    settings: Settings,
    began: str | None,
    ready: Callable[[str], None],
    first: Callable[[Store, OfficeKey, int], Awaitable[None]] | None = None,
) -> None:
    clock_ms = _clock(began)

    async def at_first(store: Store, key: OfficeKey) -> None:
        ahead = clock_ms() - now_ms()
        if began is not None and ahead > 0:
            await store.write(lambda tx: move_codes(tx, now_ms(), ahead))
        if began is not None and ahead < 0:
            await store.write(lambda tx: move_plans(tx, clock_ms()))
        if first is not None:
            await first(store, key, clock_ms())
        if isinstance(clock_ms, StagedClock):
            clock_ms.follow(store)

    workers = _workers(settings) if began is None else 1
    with only_one(folder_of(settings)), database_trouble():
        tls = _tls(settings)
        told = Certificates(tls, settings.tls_known)
        listening = listen(settings.host, settings.port)

        def serve_one(number: int) -> None:
            def made(store: Store, key: OfficeKey) -> Serving:
                return Serving(
                    store,
                    key,
                    clock_ms,
                    moved_clock=began is not None,
                    certificates=told,
                    public=settings.public,
                    folds=number == 0,
                )

            heard = (lambda _: None) if number else ready
            run(settings.db, settings.data_dir, listening, made, heard, first=at_first, tls=tls)

        if workers == 1:
            serve_one(0)
            return
        OfficeKey.open(settings.data_dir)
        asyncio.run(_upgraded(settings.db))
        share(workers, serve_one)


def _workers(settings: Settings) -> int:
    """How many processes serve. Raises CommandRefused for a database with one writer."""
    if settings.workers > 1 and not engines.is_postgresql(settings.db):
        raise CommandRefused("office_store.workers_sqlite")
    return settings.workers


async def _upgraded(db: str) -> None:
    """Once, before several processes open it, which would make the same tables at the same moment."""
    store = await open_store(db, upgrade=True)
    await store.write(prepare)
    store.close()


def _tls(settings: Settings) -> Shown | None:
    """The certificate to show, or None for plain HTTP. Raises CertificateUnusable for a file of no use."""
    if settings.tls_cert is not None:
        shown = Shown(settings.tls_cert, settings.tls_key)
        must_fit(shown)
        return shown
    return own(settings.data_dir, settings.host) if settings.tls else None


def _clock(began: str | None) -> Callable[[], int]:
    """UTC ms: the real clock, one that starts at `began` and goes on from there, or the demonstration's that the
    handheld shows in `@FILE`. Raises CommandRefused.
    """
    if began is None:
        return now_ms
    if not began.startswith("@"):
        return StagedClock(parse_time(began))
    try:
        return FollowedClock(Path(began[1:]))
    except (OSError, ValueError) as e:
        raise CommandRefused("office_cli.bad_time", text=began[:40]) from e


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """One server per directory: the nonces it has seen are in its memory, and a file has one writer."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as e:
        raise OfficeInUse("office_cli.in_use", folder=str(folder)) from e
    else:
        yield
    finally:
        os.close(handle)
