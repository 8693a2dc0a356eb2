"""The office's commands for handhelds that are to come, that wait to be let in, and that took over from another."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.duties.days import local_time
from app.text import clean
from app.words import say
from sync.office import admitting, device_list, invitations
from sync.office.audit import shell_user
from sync.office.command_line import (
    CommandRefused,
    Noted,
    folder_of,
    now_ms,
    print_json,
    tell,
    with_store,
)
from sync.office.keys import OfficeKey
from sync.office.places import Places
from sync.office.printing import put
from sync.office.settings import Settings
from sync.office.store import Store, devices
from sync.office.store.devices import Device
from sync.office.store.plans import newest_plans
from sync.office.takeover import stand_in


def sheets(settings: Settings, file: Path, out: Path, site: str, hours: int) -> int:
    """Write the sheets of a list into a PDF; 1 when the list has faults, which are told, and nothing is made.

    Raises ListRefused, CommandRefused, SheetUnreadable, LabelsRefused for a file that cannot be written.
    """
    key = OfficeKey.open(folder_of(settings))
    address = invitations.office_address(settings.public.office)
    try:
        raw = file.read_bytes() if file.stat().st_size <= device_list.MAX_BYTES else b" " * (device_list.MAX_BYTES + 1)
    except OSError as e:
        raise CommandRefused("office_cli.bad_folder", folder=str(file), why=e.strerror or "") from e
    now = now_ms()
    invitations.lifetime_ms(hours)

    zones: dict[str, ZoneInfo] = {}

    async def act(store: Store) -> device_list.Read:
        around = await store.read(invitations.read_around)
        zones.update({id: ZoneInfo(each.zone) for id, each in around.sites.items()})
        read = device_list.read_list(raw, around.known, site)
        if not read.faults:
            put(out, await invitations.invite(store, read.wanted, key.public, address, hours, now))
        return read

    read = with_store(settings, act, Noted("sheets-made", site, file.name), site=site or None)
    faults = [fault.sentence(settings.lang) for fault in read.faults]
    if faults:
        if settings.as_json:
            print_json({"faults": faults})
        for sentence in [*faults, say(settings.lang, "invitations.faults", n=len(faults))]:
            click.echo(sentence, err=True)
        return 1
    zone = zones[read.wanted[0].site]
    until, spare = (
        f"{local_time(now + ms, zone):%Y-%m-%d %H:%M}" for ms in (invitations.lifetime_ms(hours), devices.SPARE_MS)
    )
    tell(settings, "invitations.made", {"n": len(read.wanted), "path": str(out)}, until=until, spare=spare)
    return 0


def example(settings: Settings, out: Path) -> None:
    """An empty list to fill in. Raises LabelsRefused."""
    around = with_store(settings, lambda store: store.read(invitations.read_around))
    put(out, device_list.example(settings.lang, list(around.sites)))
    tell(settings, "invitations.example_made", {"path": str(out)})


def waiting(settings: Settings, site: str | None) -> None:
    """Handhelds that scanned a sheet, with the six characters that each shows."""
    key = OfficeKey.open(folder_of(settings)).public
    found, plans = with_store(
        settings, lambda store: store.read(lambda tx: (admitting.waiting(tx, key, site), newest_plans(tx))), site=site
    )
    if settings.as_json:
        print_json([_row(each) for each in found])
        return
    if not found:
        click.echo(say(settings.lang, "invitations.waiting_none"))
    for each in found:
        places = Places(settings.lang, plans.get(each.device.site), {})
        fields = {
            **_row(each),
            "name": clean(each.device.name),
            "since": places.day_and_minute(each.device.waits_since or 0),
        }
        click.echo(say(settings.lang, "invitations.waiting_row", **fields))


def _row(each: admitting.Waiting) -> dict[str, Any]:
    device = each.device
    return {
        "device": device.device,
        "site": device.site,
        "name": device.name,
        "shown": each.shown,
        "since": device.waits_since,
    }


def confirm(settings: Settings, named: str, site: str | None) -> None:
    """Let a handheld in. Raises CommandRefused when none, or more than one, of that name waits."""

    async def act(store: Store) -> Device:
        waits = [each for each in await store.devices.of(site) if each.waits_since is not None]
        found = one_of([each for each in waits if each.revoked_at is None], named, "invitations.not_waiting")
        await store.devices.confirm(found.site, found.device)
        return found

    device = with_store(settings, act, Noted("device-confirmed", site or "", named), site=site)
    tell(settings, "invitations.confirmed", {"device": device.device, "site": device.site, "name": device.name})


def replaced(settings: Settings, old: str, new: str, site: str | None) -> None:
    """Write down that a spare does the work of a broken handheld. Raises CommandRefused."""

    async def act(store: Store) -> tuple[Device, Device]:
        here = [each for each in await store.devices.of(site) if each.revoked_at is None]
        pair = one_of(here, old, "office_cli.no_device"), one_of(here, new, "office_cli.no_device")
        broken, spare = pair
        now = now_ms()
        if broken.site != spare.site or not await store.write(
            lambda tx: stand_in(tx, broken.site, broken.device, spare.device, now, shell_user(), now)
        ):
            raise CommandRefused("invitations.not_replaced")
        return pair

    broken, spare = with_store(settings, act, Noted("device-replaced", site or "", f"{old} {new}"), site=site)
    tell(settings, "invitations.replaced", {"old": broken.name, "new": spare.name})


def one_of(devices: list[Device], named: str, none: str) -> Device:
    """The only one of that id or name. Raises CommandRefused, `none` when there is no such handheld."""
    found = [each for each in devices if named == each.device] or [each for each in devices if named == each.name]
    if not found:
        raise CommandRefused(none, device=named[:80])
    if len(found) > 1:
        ids = ", ".join(each.device for each in found)
        raise CommandRefused("office_cli.several_devices", device=named[:80], ids=ids)
    return found[0]
