"""What the office's commands do, once their options are read: plans, handhelds, people, records.

Those about tags, codes and labels stand in sync.office.point_commands.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from app.text import clean
from app.words import say
from sync.office import accounts, credentials, importing, tag_keys
from sync.office.command_line import (
    CommandRefused,
    folder_of,
    must_know_site,
    now_ms,
    print_json,
    secret,
    with_store,
)
from sync.office.importing import Found
from sync.office.keys import OfficeKey
from sync.office.qr import drawn
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store.devices import LIFETIME_MS, Device

# -- plans ---------------------------------------------------------------------------------------


def plan_check(settings: Settings, file: str, people: str | None) -> int:
    """Print every fault; 1 when there is one."""

    async def ask(store: Store | None) -> Found:
        return await importing.check(store, Path(file), _path(people))

    found = with_store(settings, ask) if Path(settings.db).exists() else asyncio.run(ask(None))
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

    found, taken = with_store(settings, act)
    if taken is None:
        _print_faults(settings, found)
        if not settings.as_json:
            click.echo(say(settings.lang, "office_cli.plan_refused", count=_count(found)), err=True)
        return 1
    keyless = with_store(settings, lambda store: store.read(partial(tag_keys.without_key, site=taken.site)))
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
        await must_know_site(store, site)
        called = clean(name, 80).strip()
        taken = [each for each in await store.devices.of(site) if each.name == called and each.revoked_at is None]
        if taken:
            raise CommandRefused("office_cli.device_named", name=called, device=taken[0].device)
        issued = await store.devices.add(site, called, now_ms())
        return issued.device, join_code(issued.code, key.public)

    device, code = with_store(settings, act)
    if settings.as_json:
        print_json({"code": code, "device": device})
        return
    minutes = LIFETIME_MS // 60_000
    click.echo(say(settings.lang, "office_cli.device_added", device=device, code=code, minutes=minutes))
    click.echo(say(settings.lang, "office_cli.device_how", code=code))
    _print_qr(code)


def device_list(settings: Settings, site: str | None) -> None:
    devices = with_store(settings, lambda store: store.devices.of(site))
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

    device = with_store(settings, act)
    if settings.as_json:
        print_json({"device": device.device, "site": device.site})
    else:
        click.echo(say(settings.lang, "office_cli.device_revoked", device=device.device))


# -- people --------------------------------------------------------------------------------------


def user_add(settings: Settings, name: str, role: str, person: str | None, *, from_stdin: bool) -> None:
    """Raises AccountRefused, CredentialRefused for a person nobody knows, CommandRefused without a password."""
    password = secret(settings, "password", from_stdin=from_stdin)

    async def act(store: Store) -> str:
        if person is not None:
            await store.read(lambda tx: credentials.must_know(tx, person))
        return await accounts.add(store, name, role, person, password, now_ms())

    account = with_store(settings, act)
    if settings.as_json:
        print_json({"account": account, "role": role, "person": person})
    else:
        click.echo(say(settings.lang, "office_cli.user_added", account=account, role=role))


def user_pin(settings: Settings, person: str, *, from_stdin: bool) -> None:
    stored = credentials.stored_pin(secret(settings, "pin", from_stdin=from_stdin))

    def change(tx: Connection) -> None:
        credentials.set_pin(tx, person, stored, now_ms())

    with_store(settings, lambda store: store.write(change))
    if settings.as_json:
        print_json({"person": person})
    else:
        click.echo(say(settings.lang, "office_cli.pin_set", person=person))


def user_badge(settings: Settings, person: str, pdf: Path | None) -> None:
    """A new badge: its code, and with `pdf` the card too. Raises CredentialRefused, LabelsRefused, SheetUnreadable."""
    from sync.office import printing

    if pdf is not None:
        card = with_store(settings, lambda store: store.read(lambda tx: printing.read_card(tx, person, now_ms())))
        printing.draw_card(card, printing.SPECIMEN)  # the old badge stays good when no card can be made

    def change(tx: Connection) -> str:
        return credentials.make_badge(tx, person, now_ms())

    code = with_store(settings, lambda store: store.write(change))
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


# -- records -------------------------------------------------------------------------------------


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

    with_store(settings, act)


# -- what was carried by hand --------------------------------------------------------------------


def handoff(settings: Settings, path: Path) -> int:
    """Take in a hand-off file or those of a folder, and leave receipts beside them; 1 when something was refused."""
    from sync.handoff import LARGEST, FileRefused, bytes_of
    from sync.office.handoff import TakenIn, files_of, leave_receipt, take_in

    key = OfficeKey.open(folder_of(settings))

    async def act(store: Store) -> dict[Path, TakenIn | FileRefused]:
        found: dict[Path, TakenIn | FileRefused] = {}
        for file in files_of(path):
            try:
                found[file] = await take_in(store, key, bytes_of(file, LARGEST), now_ms())
            except FileRefused as e:
                found[file] = e
        return found

    try:
        found = with_store(settings, act)
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


def _print_qr(text: str) -> None:
    picture = drawn(text)
    if picture:
        click.echo(picture)
