"""Sheets for handhelds that are to come: from a list to codes that let one in each, and to the paper that has them."""

import asyncio
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Connection

from app import invitation
from app.duties.days import local_time
from app.duties.site import Text
from app.invitation import Invitation
from sync.client import AddressRefused, check_address
from sync.office import sheet_paper
from sync.office.device_list import Known, ListRefused
from sync.office.sheet_paper import Sheet
from sync.office.sites import profiles
from sync.office.store import Store, devices
from sync.office.store.devices import MOST_SHEET_HOURS, Issued, Wanted
from sync.wire import join_code

HOUR_MS: Final = 3_600_000
HOURS: Final = devices.SHEET_MS // HOUR_MS


class Site(Struct, frozen=True):
    name: Text
    zone: str


class Around(Struct, frozen=True):
    """What a list is read against."""

    known: Known
    sites: dict[str, Site]


def read_around(tx: Connection, within: tuple[str, ...] = ()) -> Around:
    sites = {id: Site(each.site.name, each.site.zone) for id, each in profiles(tx, within).items()}
    used = {(each.site, each.name) for each in devices.every(tx) if each.revoked_at is None}
    return Around(Known({id: each.name for id, each in sites.items()}, used), sites)


def office_address(text: str) -> str:
    """The address that goes onto the sheets. Raises ListRefused for one that no handheld could use."""
    address = text.strip().rstrip("/").lower()
    if not address:
        raise ListRefused("invitations.no_address")
    try:
        found = check_address(address)
    except AddressRefused as e:
        raise ListRefused("invitations.bad_address", address=address[:100]) from e
    if not invitation.fits(found):
        raise ListRefused("invitations.bad_address", address=address[:100])
    return found


def lifetime_ms(hours: int) -> int:
    """Raises ListRefused outside 1 … MOST_SHEET_HOURS."""
    if not 1 <= hours <= MOST_SHEET_HOURS:
        raise ListRefused("invitations.bad_hours", most=MOST_SHEET_HOURS)
    return hours * HOUR_MS


async def invite(store: Store, wanted: Sequence[Wanted], server_key: bytes, office: str, hours: int, now: int) -> bytes:
    """The handhelds as waiting ones, and their sheets as PDF. Raises ListRefused, SheetUnreadable.

    `now` is UTC ms. When the paper cannot be made, the sheets are taken back.
    """
    issued = await store.devices.invite(wanted, now, lifetime_ms(hours))
    around = await store.read(read_around)
    sheets = [_sheet(one, code, around.sites, server_key, office) for one, code in zip(wanted, issued, strict=True)]
    try:
        return await asyncio.to_thread(sheet_paper.pdf, sheets)
    except BaseException:
        for one, code in zip(wanted, issued, strict=True):
            await store.devices.forget(one.site, code.device)
        raise


def _sheet(one: Wanted, code: Issued, sites: dict[str, Site], server_key: bytes, office: str) -> Sheet:
    site = sites[one.site]
    plain = join_code(code.code, server_key).replace("-", "")
    until = f"{local_time(code.expires_at, ZoneInfo(site.zone)):%Y-%m-%d %H:%M}"
    return Sheet(Invitation(office, plain, code.expires_at), one.name, site.name, one.spare, until)
