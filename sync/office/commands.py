"""What the office's commands do, once their options are read."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.errors import WatchbookError
from app.text import clean
from app.words import say
from sync.office import accounts, credentials, importing
from sync.office.importing import Found
from sync.office.keys import OfficeKey
from sync.office.qr import drawn
from sync.office.serve import open_store
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store import plans as plan_table
from sync.office.store.devices import LIFETIME_MS, Device

T = TypeVar("T")


class CommandRefused(WatchbookError):
    """Whoever typed the command."""


class StoreFailed(WatchbookError):
    """The administrator: the database is full, locked for too long, or of another version."""


# -- plans ---------------------------------------------------------------------------------------


def plan_check(settings: Settings, file: str, people: str | None) -> int:
    """Print every fault; 1 when there is one."""

    async def ask(store: Store | None) -> Found:
        return await importing.check(store, Path(file), _path(people))

    found = _with_store(settings, ask) if Path(settings.db).exists() else asyncio.run(ask(None))
    _print_faults(settings, found)
    if settings.as_json:
        return int(found.refused)
    if found.refused:
        click.echo(say(settings.lang, "office_cli.plan_checked", count=_count(found)), err=True)
        return 1
    plan = found.plan
    assert plan is not None
    counts = {"points": len(plan.points), "routes": len(plan.routes), "schedules": len(plan.schedules)}
    click.echo(say(settings.lang, "office_cli.plan_good", file=file, **counts))
    return 0


def plan_import(settings: Settings, file: str, people: str | None) -> int:
    """Take the plan, or print every fault and take nothing; 1 in that case."""

    async def act(store: Store) -> tuple[Found, importing.Taken | None]:
        found = await importing.check(store, Path(file), _path(people))
        return found, None if found.refused else await importing.take(store, found, now_ms())

    found, taken = _with_store(settings, act)
    if taken is None:
        _print_faults(settings, found)
        if not settings.as_json:
            click.echo(say(settings.lang, "office_cli.plan_refused", count=_count(found)), err=True)
        return 1
    if settings.as_json:
        print_json(msgspec.to_builtins(taken))
        return 0
    _print_faults(settings, found)
    if found.people is not None:
        click.echo(say(settings.lang, "office_cli.people_taken", count=taken.people))
    key = "office_cli.plan_taken" if taken.new else "office_cli.plan_same"
    fields = {"labels": taken.labels} if taken.new else {}
    click.echo(say(settings.lang, key, site=taken.site, revision=taken.revision, **fields))
    return 0


def _print_faults(settings: Settings, found: Found) -> None:
    if settings.as_json:
        faults = [{**msgspec.to_builtins(fault), "sentence": fault.say(settings.lang)} for fault in found.faults]
        print_json({"ok": not found.refused, "faults": faults})
        return
    for fault in found.faults:
        click.echo(fault.say(settings.lang), err=True)


def _count(found: Found) -> int:
    return sum(not fault.warning for fault in found.faults)


def _path(text: str | None) -> Path | None:
    return Path(text) if text is not None else None


# -- handhelds -----------------------------------------------------------------------------------


def device_add(settings: Settings, name: str, site: str) -> None:
    """Print a one-use code. Raises CommandRefused for a site that has no plan, and for a name in use there."""
    from sync.wire import join_code

    key = OfficeKey.open(folder_of(settings))

    async def act(store: Store) -> tuple[str, str]:
        await _known_site(store, site)
        called = clean(name, 80).strip()
        taken = [each for each in await store.devices.of(site) if each.name == called and each.revoked_at is None]
        if taken:
            raise CommandRefused("office_cli.device_named", name=called, device=taken[0].device)
        issued = await store.devices.add(site, called, now_ms())
        return issued.device, join_code(issued.code, key.public)

    device, code = _with_store(settings, act)
    if settings.as_json:
        print_json({"code": code, "device": device})
        return
    minutes = LIFETIME_MS // 60_000
    click.echo(say(settings.lang, "office_cli.device_added", device=device, code=code, minutes=minutes))
    click.echo(say(settings.lang, "office_cli.device_how", code=code))
    _print_qr(code)


def device_list(settings: Settings, site: str | None) -> None:
    devices = _with_store(settings, lambda store: store.devices.of(site))
    if settings.as_json:
        print_json([_device(device) for device in devices])
        return
    if not devices:
        click.echo(say(settings.lang, "office_cli.devices_none"))
    for device in devices:
        state = say(settings.lang, f"office_cli.device_{_state(device)}")
        click.echo(f"{device.device}  {device.site}  {state}  {clean(device.name)}")


def _device(device: Device) -> dict[str, Any]:
    return {
        "device": device.device,
        "site": device.site,
        "name": device.name,
        "state": _state(device),
        "book": device.book.hex() if device.book else None,
        "enrolled_at": device.enrolled_at,
        "revoked_at": device.revoked_at,
    }


def _state(device: Device) -> str:
    if device.revoked_at is not None:
        return "withdrawn"
    return "waiting" if device.book is None else "enrolled"


def device_revoke(settings: Settings, named: str, site: str | None) -> None:
    """Raises CommandRefused when no handheld, or more than one, is called that."""

    async def act(store: Store) -> Device:
        devices = await store.devices.of(site)
        found = [device for device in devices if named == device.device]
        found = found or [device for device in devices if named == device.name and device.revoked_at is None]
        if not found:
            raise CommandRefused("office_cli.no_device", device=named[:80])
        if len(found) > 1:
            ids = ", ".join(device.device for device in found)
            raise CommandRefused("office_cli.several_devices", device=named[:80], ids=ids)
        await store.devices.revoke(found[0].site, found[0].device, now_ms())
        return found[0]

    device = _with_store(settings, act)
    if settings.as_json:
        print_json({"device": device.device, "site": device.site})
    else:
        click.echo(say(settings.lang, "office_cli.device_revoked", device=device.device))


# -- people --------------------------------------------------------------------------------------


def user_add(settings: Settings, name: str, role: str, person: str | None, *, from_stdin: bool) -> None:
    """Raises AccountRefused, CredentialRefused for a person nobody knows, CommandRefused without a password."""
    password = _secret(settings, "password", from_stdin=from_stdin)

    async def act(store: Store) -> str:
        if person is not None:
            await store.read(lambda tx: credentials.must_know(tx, person))
        return await accounts.add(store, name, role, person, password, now_ms())

    account = _with_store(settings, act)
    if settings.as_json:
        print_json({"account": account, "role": role, "person": person})
    else:
        click.echo(say(settings.lang, "office_cli.user_added", account=account, role=role))


def user_pin(settings: Settings, person: str, *, from_stdin: bool) -> None:
    stored = credentials.stored_pin(_secret(settings, "pin", from_stdin=from_stdin))

    def change(tx: Connection) -> None:
        credentials.set_pin(tx, person, stored, now_ms())

    _with_store(settings, lambda store: store.write(change))
    if settings.as_json:
        print_json({"person": person})
    else:
        click.echo(say(settings.lang, "office_cli.pin_set", person=person))


def user_badge(settings: Settings, person: str) -> None:
    def change(tx: Connection) -> str:
        return credentials.make_badge(tx, person, now_ms())

    code = _with_store(settings, lambda store: store.write(change))
    if settings.as_json:
        print_json({"person": person, "code": code})
        return
    click.echo(say(settings.lang, "office_cli.badge_made", person=person))
    click.echo(code)
    _print_qr(code)


def _secret(settings: Settings, name: str, *, from_stdin: bool) -> str:
    """A password or PIN, from the first line of standard input or typed twice; never on the command line."""
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


# -- labels and records --------------------------------------------------------------------------


def labels(settings: Settings, site: str) -> None:
    """A JSON line for each point that has a label. Raises CommandRefused without --json: sheets come later."""
    if not settings.as_json:
        raise CommandRefused("office_cli.labels_later")

    async def act(store: Store) -> dict[str, str]:
        await _known_site(store, site)
        return await store.read(lambda tx: credentials.labels(tx, site))

    for point, code in sorted(_with_store(settings, act).items()):
        print_json({"point": point, "code": code})


def export(settings: Settings, site: str | None, *, jsonl: bool) -> None:
    """Print the records as received, JSON Lines. Raises CommandRefused without `jsonl`."""
    if not jsonl:
        raise CommandRefused("office_cli.export_jsonl")
    from sync.office.export import lines

    key = OfficeKey.open(folder_of(settings))

    async def act(store: Store) -> None:
        async for line in lines(store, key, now_ms(), site):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()

    _with_store(settings, act)


# -- helpers -------------------------------------------------------------------------------------


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


def _with_store(settings: Settings, act: Callable[[Store], Awaitable[T]]) -> T:
    async def run_it() -> T:
        async with _store(settings) as store:
            return await act(store)

    with database_trouble():
        return asyncio.run(run_it())


async def _known_site(store: Store, site: str) -> None:
    if site not in await store.read(plan_table.sites):
        raise CommandRefused("office_cli.no_site", site=site[:64])


def folder_of(settings: Settings) -> Path:
    """The data directory, made when it is missing. Raises CommandRefused when it can't be used."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as e:
        raise CommandRefused("office_cli.bad_folder", folder=str(settings.data_dir), why=e.strerror or "") from e
    return settings.data_dir


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _print_qr(text: str) -> None:
    picture = drawn(text)
    if picture:
        click.echo(picture)
