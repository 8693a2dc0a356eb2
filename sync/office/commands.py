"""What the office's commands do, once their options are read."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.codes import printed_issue
from app.errors import WatchbookError
from app.text import clean
from app.words import say
from sync.office import accounts, binding, credentials, importing, tag_keys
from sync.office.importing import Found
from sync.office.keys import OfficeKey
from sync.office.qr import drawn
from sync.office.serve import open_store
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store import plans as plan_table
from sync.office.store.devices import LIFETIME_MS, Device

if TYPE_CHECKING:
    from sync.office.labels import Wish
    from sync.office.printing import Printable, Wanted

T = TypeVar("T")
STDIN_CHARS = 4096
"""Of a code on standard input, more than any has."""


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
    keyless = _with_store(settings, lambda store: store.read(partial(tag_keys.without_key, site=taken.site)))
    if settings.as_json:
        print_json({**msgspec.to_builtins(taken), "tags_without_key": keyless})
        return 0
    _print_faults(settings, found)
    if found.people is not None:
        click.echo(say(settings.lang, "office_cli.people_taken", count=taken.people))
    key = "office_cli.plan_taken" if taken.new else "office_cli.plan_same"
    fields = {"labels": taken.labels} if taken.new else {}
    click.echo(say(settings.lang, key, site=taken.site, revision=taken.revision, **fields))
    if keyless:
        shown = ", ".join(clean(tag, 80) for tag in keyless[:20])
        click.echo(say(settings.lang, "office_tags.without_key", count=len(keyless), tags=shown), err=True)
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


def user_badge(settings: Settings, person: str, pdf: Path | None) -> None:
    """A new badge: its code, and with `pdf` the card too. Raises CredentialRefused, LabelsRefused, SheetUnreadable."""
    from sync.office import printing

    if pdf is not None:
        card = _with_store(settings, lambda store: store.read(lambda tx: printing.read_card(tx, person, now_ms())))
        printing.draw_card(card, printing.SPECIMEN)  # the old badge stays good when no card can be made

    def change(tx: Connection) -> str:
        return credentials.make_badge(tx, person, now_ms())

    code = _with_store(settings, lambda store: store.write(change))
    if settings.as_json:
        print_json({"person": person, "code": code})
    else:
        click.echo(say(settings.lang, "office_cli.badge_made", person=person))
        click.echo(code)
        _print_qr(code)
    if pdf is None:
        return
    printing.put(pdf, printing.draw_card(card, code))
    if not settings.as_json:
        click.echo(say(settings.lang, "labels.badge_made", path=pdf))
        click.echo(say(settings.lang, "labels.secret"), err=True)


def _secret(settings: Settings, name: str, *, from_stdin: bool) -> str:
    """A password, PIN or key, from the first line of standard input or typed twice; never on the command line."""
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


# -- tags ----------------------------------------------------------------------------------------


class TagKey(msgspec.Struct, frozen=True):
    """What was typed of a tag's key. Never print it."""

    eid: str | None
    bthome: str | None
    exponent: int
    counter: int
    at: str | None


def tag_key(settings: Settings, site: str, tag: str, told: TagKey) -> None:
    """Keep a tag's key. Raises CommandRefused, KeyRefused."""
    if (told.eid is None) == (told.bthome is None):
        raise CommandRefused("office_tags.one_key")
    now = now_ms()
    at = parse_time(told.at) if told.at is not None else now
    given = told.eid or told.bthome or ""
    text = _secret(settings, "key", from_stdin=False) if given == "-" else given
    key = tag_keys.parse_key(text.strip())

    def change(tx: Connection) -> int:
        if told.eid is None:
            return tag_keys.tell_bthome(tx, site, tag, key, at)
        return tag_keys.tell_eid(tx, site, tag, key, told.exponent, told.counter, at, now)

    async def act(store: Store) -> int:
        await _known_site(store, site)
        return await store.write(change)

    issue = _with_store(settings, act)
    if settings.as_json:
        print_json({"site": site, "tag": tag, "issue": issue, "since": at})
        return
    click.echo(say(settings.lang, "office_tags.told", site=site, tag=tag, issue=issue, since=_moment(at)))
    if told.eid is not None:
        click.echo(say(settings.lang, "office_tags.told_clock", counter=told.counter))


def tag_list(settings: Settings, site: str | None) -> None:
    """The tags that have a key, and where the clocks of those that change stand."""
    now = now_ms()

    def ask(tx: Connection) -> list[tag_keys.Keyed]:
        sites = [site] if site is not None else plan_table.sites(tx)
        return [each for name in sites for each in tag_keys.keyed(tx, name, now)]

    found = _with_store(settings, lambda store: store.read(ask))
    if settings.as_json:
        print_json([msgspec.to_builtins(each) for each in found])
        return
    if not found:
        click.echo(say(settings.lang, "office_tags.no_keys"))
    for each in found:
        fields = {"site": each.site, "format": each.format, "tag": each.tag, "issue": each.issue}
        line = say(settings.lang, "office_tags.listed", since=_moment(each.since), **fields)
        clock = say(settings.lang, "office_tags.clock", seconds=f"{each.clock_ms / 1000:+.0f}") if each.clock_ms else ""
        click.echo(f"{line}  {clock}".rstrip())


def _moment(at: int) -> str:
    """UTC ms as people write it, to the minute."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M} UTC"


# -- codes ---------------------------------------------------------------------------------------


def code_reissue(settings: Settings, site: str, thing: str) -> None:
    """A new label for a point or an asset. Its code is told where it is printed. Raises CodeRefused."""
    row = _with_store(settings, lambda store: store.write(lambda tx: binding.reissue(tx, site, thing, now_ms())))
    if settings.as_json:
        print_json({"kind": row.kind, "id": row.id, "issue": printed_issue(row.issue)})
        return
    click.echo(say(settings.lang, "office_codes.reissued", thing=row.id, issue=printed_issue(row.issue), site=site))


def code_bind(settings: Settings, site: str, thing: str, text: str | None) -> None:
    """Bind a maker's code, from the argument or a line of standard input. Raises CodeRefused, CommandRefused."""
    given = _given(settings, text)
    known = _with_store(settings, lambda store: store.write(lambda tx: binding.bind(tx, site, thing, given, now_ms())))
    _print_code(settings, known, "office_codes.bound")


def code_unbind(settings: Settings, site: str, text: str | None) -> None:
    """Let a maker's code go, named by its text or as ID/x1. Raises CodeRefused, CommandRefused."""
    given = _given(settings, text)
    known = _with_store(settings, lambda store: store.write(lambda tx: binding.unbind(tx, site, given, now_ms())))
    _print_code(settings, known, "office_codes.unbound")


def code_list(settings: Settings, site: str) -> None:
    """The newest label of each thing, and the makers' codes. Raises CodeRefused."""
    found = _with_store(settings, lambda store: store.read(lambda tx: binding.known(tx, site)))
    if settings.as_json:
        print_json([msgspec.to_builtins(each) for each in found])
        return
    if not found:
        click.echo(say(settings.lang, "office_codes.none"))
    for each in found:
        kind = say(settings.lang, f"office_codes.kind_{each.kind}")
        click.echo(f"{kind}  {each.id}  {each.issue}  {_moment(each.made_at)}  {each.text}".rstrip())


def _given(settings: Settings, text: str | None) -> str:
    """A code from the command line, or the first line of standard input: a scanner that types ends it with Enter."""
    if text is None and sys.stdin.isatty():
        click.echo(say(settings.lang, "office_codes.ask"), err=True)
    given = sys.stdin.readline(STDIN_CHARS) if text is None else text
    if not given.strip():
        raise CommandRefused("office_cli.no_input")
    return given


def _print_code(settings: Settings, known: binding.Known, key: str) -> None:
    if settings.as_json:
        print_json(msgspec.to_builtins(known))
    else:
        click.echo(say(settings.lang, key, thing=known.id, issue=known.issue))


# -- labels and records --------------------------------------------------------------------------


def labels(settings: Settings, site: str, wish: "Wish", wanted: "Wanted") -> None:
    """Write the files that are wanted; with --json and none of them, print a line for each label.

    Raises LabelsRefused, SheetUnreadable, and CommandRefused when nothing is wanted.
    """
    from sync.office import printing

    folders = [folder for folder in (wanted.png, wanted.svg) if folder]
    files, base = bool(wanted.pdf or folders), settings.public.label_url
    if not files and not settings.as_json:
        raise CommandRefused("labels.nothing_asked")

    async def act(store: Store) -> "Printable":
        await _known_site(store, site)
        found = await store.read(lambda tx: printing.read(tx, site, wish, base, now_ms()))
        assert found is not None
        return found

    printable = _with_store(settings, act)
    count = len(printable.labels)
    if not files:
        for label in printable.labels:
            print_json({label.kind: label.id, "code": label.code})
        return
    pages = printing.write(printable, wanted, _told_at_times(settings))
    if settings.as_json:
        print_json({"labels": count, "pages": pages})
        return
    if wanted.pdf:
        click.echo(say(settings.lang, "labels.made", path=wanted.pdf, labels=count, pages=pages))
    for folder in folders:
        click.echo(say(settings.lang, "labels.singles", folder=folder, labels=count))
    click.echo(say(settings.lang, "labels.secret"), err=True)


def _told_at_times(settings: Settings) -> Callable[[int, int], None]:
    """Says how far long work has come, every two seconds."""
    last = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= 2:
            last = time.monotonic()
            click.echo(say(settings.lang, "labels.drawn", done=done, of=of), err=True)

    return tell


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


# -- what was carried by hand --------------------------------------------------------------------


def handoff(settings: Settings, path: Path) -> int:
    """Take in a hand-off file or those of a folder, and leave receipts beside them; 1 when something was refused."""
    from sync.handoff import FileRefused
    from sync.office.handoff import TakenIn, bytes_of, files_of, leave_receipt, take_in

    key = OfficeKey.open(folder_of(settings))

    async def act(store: Store) -> dict[Path, TakenIn | FileRefused]:
        found: dict[Path, TakenIn | FileRefused] = {}
        for file in files_of(path):
            try:
                found[file] = await take_in(store, key, bytes_of(file), now_ms())
            except FileRefused as e:
                found[file] = e
        return found

    try:
        found = _with_store(settings, act)
    except OSError as e:
        raise CommandRefused("handoff.stick", folder=str(path), why=e.strerror or "") from e
    told, failed = [], not found
    for file, done in found.items():
        if isinstance(done, FileRefused):
            failed = True
            told.append({"file": file.name, "error": done.say(settings.lang)})
            continue
        told.append({"file": file.name, **msgspec.to_builtins(done)})
        try:
            leave_receipt(file, done.receipt)
        except OSError as e:
            failed, told[-1]["error"] = True, e.strerror or ""
    _tell_handoff(settings, path, told)
    return int(failed)


def _tell_handoff(settings: Settings, path: Path, told: list[dict[str, Any]]) -> None:
    lang = settings.lang
    if settings.as_json:
        print_json(told)
        return
    if not told:
        click.echo(say(lang, "handoff.no_files", folder=str(path)), err=True)
    for one in told:
        file, why = clean(one["file"], 100), one.get("error")
        if "accepted" not in one:
            click.echo(say(lang, "handoff.trouble", file=file, why=why), err=True)
            continue
        fields = {"device": one["device"], "accepted": one["accepted"], "upto": one["upto"]}
        if why is None:
            click.echo(say(lang, "handoff.took_in", **fields))
        else:
            click.echo(say(lang, "handoff.no_receipt_written", why=why, **fields), err=True)
        if one["withdrawn"]:
            click.echo(say(lang, "handoff.withdrawn", device=one["device"]), err=True)


def folder_of(settings: Settings) -> Path:
    """The data directory, made when it is missing. Raises CommandRefused when it can't be used."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as e:
        raise CommandRefused("office_cli.bad_folder", folder=str(settings.data_dir), why=e.strerror or "") from e
    return settings.data_dir


def parse_time(text: str) -> int:
    """UTC ms of an ISO 8601 time with its offset. Raises CommandRefused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as e:
        raise CommandRefused("office_cli.bad_time", text=text[:40]) from e
    if moment.tzinfo is None:
        raise CommandRefused("office_cli.bad_time", text=text[:40])
    return round(moment.timestamp() * 1000)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _print_qr(text: str) -> None:
    picture = drawn(text)
    if picture:
        click.echo(picture)
