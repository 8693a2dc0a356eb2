"""Letting handhelds in that came by a sheet: who may, what both sides show, and which handheld took over from which.

A code that is typed under the office's eyes is good for minutes and needs nobody. A sheet lies about for hours, or for
weeks in a drawer, so whoever comes with one waits until a person has compared the six characters at the office, or a
supervisor of the site has shown a badge at the handheld.
"""

import hmac

from msgspec import Struct
from sqlalchemy import Connection

from app.duties.life import OVERSEERS
from sync.office.audit import acts
from sync.office.store import Store
from sync.office.store import devices as table
from sync.office.store.devices import Device
from sync.office.store.plans import plan_at, tokens_of
from sync.wire import compare_code, confirm_bytes


class Waiting(Struct, frozen=True):
    """A handheld that scanned its sheet."""

    device: Device
    shown: str
    """The six characters that stand on its screen."""


def waiting(tx: Connection, server_key: bytes, site: str | None = None) -> list[Waiting]:
    """By site and name."""
    found = []
    for each in table.every(tx, site):
        if each.waits_since is not None and each.revoked_at is None and each.book and each.identity:
            found.append(Waiting(each, compare_code(each.book, each.identity, server_key)))
    return found


async def by_badge(store: Store, device: Device, proof: bytes, now: int) -> str | None:
    """Let the handheld in for the supervisor of its site whose badge made `proof`: whose it was. None for anybody else.

    It may be asked again: the answer was lost. `now` is UTC ms.
    """
    assert device.book is not None
    assert device.identity is not None
    message = confirm_bytes(device.book, device.identity)
    person = await store.read(lambda tx: _whose(tx, device.site, now, message, proof))
    if person is not None:
        await acts(store, person, "device-confirmed", now, device.site, device.device)
        await store.devices.confirm(device.site, device.device)
    return person


def _whose(tx: Connection, site: str, now: int, message: bytes, proof: bytes) -> str | None:
    plan = plan_at(tx, site, now)
    if plan is None:
        return None
    newest = {row.id: row.token for row in tokens_of(tx, "", "person")}
    for grant in plan.grants:
        token = newest.get(grant.person) if OVERSEERS.intersection(grant.roles) else None
        if token and hmac.compare_digest(hmac.digest(token, message, "sha256"), proof):
            return grant.person
    return None
