"""The office's commands about handhelds: a code for a new one, how each stands, and taking a lost one's rights."""

from collections.abc import Mapping
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from app.duties.site import Plan
from app.text import clean
from app.words import say
from sync.office import fleet
from sync.office.command_line import (
    CommandRefused,
    Noted,
    folder_of,
    now_ms,
    print_json,
    print_qr,
    tell,
    typed_name,
    with_store,
)
from sync.office.fleet import Due
from sync.office.keys import OfficeKey
from sync.office.places import Places
from sync.office.settings import PORT, Settings
from sync.office.store import Store
from sync.office.store.devices import LIFETIME_MS, Device
from sync.office.store.plans import newest_plans
from sync.office.troubles import troubles


def device_add(settings: Settings, name: str, site: str) -> None:
    """Print a one-use code. Raises CommandRefused for a site that has no plan, and for no name or one in use there."""
    from sync.wire import join_code

    called = typed_name(name)
    key = OfficeKey.open(folder_of(settings))

    async def act(store: Store) -> tuple[str, str]:
        taken = [each for each in await store.devices.of(site) if each.name == called and each.revoked_at is None]
        if taken:
            raise CommandRefused("office_cli.device_named", name=called, device=taken[0].device)
        issued = await store.devices.add(site, called, now_ms())
        return issued.device, join_code(issued.code, key.public)

    device, code = with_store(settings, act, Noted("device-added", site, called), site=site)
    if settings.as_json:
        print_json({"code": code, "device": device})
        return
    minutes = LIFETIME_MS // 60_000
    click.echo(say(settings.lang, "office_cli.device_added", name=called, device=device, code=code, minutes=minutes))
    url = settings.public.office or say(settings.lang, "office_cli.url")
    click.echo(say(settings.lang, "office_cli.device_how", code=code, url=url))
    if not settings.public.office:
        here = f"{'https' if settings.tls or settings.tls_cert else 'http'}://127.0.0.1:{settings.port or PORT}"
        click.echo(say(settings.lang, "office_cli.device_here", url=here))
    print_qr(code)


def device_list(settings: Settings, site: str | None) -> None:
    """Every handheld with its last word of itself."""
    now = now_ms()
    seen, plans, due = with_store(settings, lambda store: store.read(lambda tx: _fleet(tx, site)), site=site)
    if settings.as_json:
        print_json([_device(each, now, _newest(plans, each), due[each.key], settings.lang) for each in seen])
        return
    if not seen:
        click.echo(say(settings.lang, "office_cli.devices_none"))
    for each in seen:
        device, places = each.device, Places(settings.lang, plans.get(each.device.site), {})
        fields = {"device": device.device, "site": device.site, "name": clean(device.name)}
        state = "fleet.state_replaced" if device.replaced_by else f"office_cli.device_{_state(device)}"
        fields["state"] = say(settings.lang, state)
        fields["heard"] = places.day_and_minute(each.heard) if each.heard else ""
        fields["holds"] = say(settings.lang, "fleet.holds", n=each.holds) if each.holds else ""
        click.echo(say(settings.lang, "fleet.listed", **fields).rstrip())
        for trouble in troubles(each, _newest(plans, each), due[each.key], settings.lang):
            click.echo(f"    {trouble}")


def _fleet(tx: Connection, site: str | None) -> tuple[list[fleet.Seen], dict[str, Plan], dict[tuple[str, str], Due]]:
    seen = fleet.read(tx, site)
    return seen, newest_plans(tx), fleet.due(tx, seen)


def _newest(plans: Mapping[str, Plan], seen: fleet.Seen) -> int:
    """Revision of its site's plan."""
    plan = plans.get(seen.device.site)
    return plan.revision if plan else 0


def _device(seen: fleet.Seen, now: int, newest: int, due: Due, lang: str) -> dict[str, Any]:
    """What the page shows of it."""
    device, said = seen.device, seen.said
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
        "waits_since": device.waits_since,
        "replaced_by": device.replaced_by,
        "replaced_at": device.replaced_at,
        "program": said.program if said else None,
        "offered": due.release or None,
        "plan": {"runs": said.plan if said else None, "wanted": newest},
        "settings": {"runs": said.settings if said else None, "wanted": due.settings},
        "ring": due.ring or None,
        "battery_pct": said.battery if said else None,
        "storage_free_mb": said.free_mb if said else None,
        "radio": said.radio or None if said else None,
        "troubles": list(troubles(seen, newest, due, lang)),
        "said": msgspec.to_builtins(said) if said else None,
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

    device = with_store(settings, act, Noted("device-revoked", site or "", named), site=site)
    tell(settings, "office_cli.device_revoked", {"device": device.device, "site": device.site})
