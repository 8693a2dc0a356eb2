"""The office's commands about handhelds: a code for a new one, how each stands, and taking a lost one's rights."""

from typing import Any

import click
import msgspec

from app.text import clean
from app.words import say
from sync.office import fleet
from sync.office.command_line import (
    CommandRefused,
    Noted,
    folder_of,
    must_know_site,
    now_ms,
    print_json,
    print_qr,
    tell,
    with_store,
)
from sync.office.keys import OfficeKey
from sync.office.pages.places import Places
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store.devices import LIFETIME_MS, Device
from sync.office.store.plans import newest_plans


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

    device, code = with_store(settings, act, Noted("device-added", site, name))
    if settings.as_json:
        print_json({"code": code, "device": device})
        return
    minutes = LIFETIME_MS // 60_000
    click.echo(say(settings.lang, "office_cli.device_added", device=device, code=code, minutes=minutes))
    click.echo(say(settings.lang, "office_cli.device_how", code=code))
    print_qr(code)


def device_list(settings: Settings, site: str | None) -> None:
    """Every handheld with its last word of itself."""
    now = now_ms()
    seen, plans = with_store(settings, lambda store: store.read(lambda tx: (fleet.read(tx, site), newest_plans(tx))))
    if settings.as_json:
        print_json([_device(each, now) for each in seen])
        return
    if not seen:
        click.echo(say(settings.lang, "office_cli.devices_none"))
    for each in seen:
        device, places = each.device, Places(settings.lang, plans.get(each.device.site), {})
        fields = {"device": device.device, "site": device.site, "name": clean(device.name)}
        fields["state"] = say(settings.lang, f"office_cli.device_{_state(device)}")
        fields["heard"] = places.day_and_minute(each.heard) if each.heard else ""
        fields["holds"] = say(settings.lang, "fleet.holds", n=each.holds) if each.holds else ""
        click.echo(say(settings.lang, "fleet.listed", **fields).rstrip())


def _device(seen: fleet.Seen, now: int) -> dict[str, Any]:
    device = seen.device
    return {
        "device": device.device,
        "site": device.site,
        "name": device.name,
        "state": _state(device),
        "book": device.book.hex() if device.book else None,
        "enrolled_at": device.enrolled_at,
        "revoked_at": device.revoked_at,
        "heard_at": seen.heard,
        "holds": seen.holds,
        "clock_offset_ms": seen.skew,
        "silent": seen.is_silent(now),
        "said": msgspec.to_builtins(seen.said) if seen.said else None,
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

    device = with_store(settings, act, Noted("device-revoked", site or "", named))
    tell(settings, "office_cli.device_revoked", {"device": device.device, "site": device.site})
