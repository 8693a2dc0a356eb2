"""Releases for handhelds: taken in once their publisher's signature is good, and offered to rings of handhelds.

A ring is a name that handhelds have by their settings. The office trusts one publisher's key, and every handheld checks
again with its own. What a handheld does with an offer is decided there (sync.updating).
"""

import hashlib
import io
import re
from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from app.errors import WatchbookError
from app.text import clean
from app.words import say
from sync import release as files
from sync.office.handheld_settings import ring_of
from sync.office.store import Store, known
from sync.office.store import releases as table
from sync.office.store.devices import Device
from sync.office.store.releases import Held, Offer
from sync.wire import Offered

PUBLISHER: Final = "publisher"
"""The publisher's public key, hex, among the facts of this office."""
MOST: Final = files.MAX_RELEASE + files.MAX_FILES * 2 * files.BLOCK + files.MAX_LIST
"""Bytes of a release file."""
_RING: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,23}", re.ASCII)


class ReleaseUnknown(WatchbookError):
    """Whoever named it: the office has no such release, or cannot take this one."""


class Listed(Struct, frozen=True):
    """A release and who is offered it."""

    held: Held
    offers: tuple[Offer, ...]


async def trust(store: Store, pem: Path) -> bytes:
    """From now on releases must be signed with this key. Raises ReleaseRefused when the file holds none."""
    key = files.public_key(pem)
    await store.write(lambda tx: known.put(tx, PUBLISHER, key.hex()))
    return key


async def add(store: Store, data: bytes, now: int) -> Held:
    """Take a release in. Raises ReleaseRefused, also when it is not signed with the office's publisher's key;
    ReleaseUnknown when no key is known, or another file of that version is here."""
    key = await store.read(lambda tx: known.get(tx, PUBLISHER))
    if not key:
        raise ReleaseUnknown("releases.no_key")
    found = files.check(io.BytesIO(data), bytes.fromhex(key))
    digest = hashlib.sha256(data).hexdigest()
    held = Held(digest, found.version, found.arch, found.python, len(data), found.writes, now)

    def change(tx: Connection) -> Held:
        same = [each for each in table.every(tx) if (each.version, each.arch) == (held.version, held.arch)]
        if any(each.sha256 != digest for each in same):
            raise ReleaseUnknown("releases.other_file", version=held.version, arch=held.arch)
        if not same:
            table.add(tx, held, data)
        return same[0] if same else held

    return await store.write(change)


def listed(tx: Connection) -> list[Listed]:
    """All releases, the newest first."""
    offers = table.offers(tx)
    return [Listed(held, tuple(each for each in offers if each.sha256 == held.sha256)) for held in table.every(tx)]


def offer(tx: Connection, version: str, ring: str, now: int) -> list[Held]:
    """Offer a version to a ring ("" is every handheld whose own ring has no offer), for each architecture it is here
    for. Raises ReleaseUnknown."""
    if ring and not _RING.fullmatch(ring):
        raise ReleaseUnknown("releases.bad_ring", ring=clean(ring, 40))
    found = _of_version(tx, version)
    for held in found:
        table.offer(tx, Offer(ring, held.arch, held.sha256, now))
    return found


def withdraw(tx: Connection, version: str, ring: str | None) -> int:
    """A ring, or with None nobody, is offered the version any more; how many offers went. Raises ReleaseUnknown."""
    return table.withdraw(tx, (held.sha256 for held in _of_version(tx, version)), ring)


def remove(tx: Connection, version: str) -> int:
    """Drop its files; how many. Raises ReleaseUnknown, also while it is offered."""
    found = [each for each in listed(tx) if each.held.version == version]
    if any(each.offers for each in found):
        raise ReleaseUnknown("releases.still_offered", version=clean(version, 40))
    table.remove(tx, (held.sha256 for held in _of_version(tx, version)))
    return len(found)


def _of_version(tx: Connection, version: str) -> list[Held]:
    found = [held for held in table.every(tx) if held.version == version]
    if not found:
        raise ReleaseUnknown("releases.unknown", version=clean(version, 40))
    return found


def offered_to(tx: Connection, device: Device, arch: str) -> Offered | None:
    """What that handheld should run, on a machine of `arch`; None where it is offered nothing."""
    found = table.offered(tx, ring_of(tx, device.site, device.device), arch)
    if found is None:
        return None
    given, held = found
    return Offered(held.version, held.sha256, held.size, given.at)


def piece_for(tx: Connection, device: Device, digest: str, offset: int) -> bytes | None:
    """Bytes of a release from `offset` on; None unless it is offered to that handheld, and behind its end."""
    ring = ring_of(tx, device.site, device.device)
    if not any(each.sha256 == digest and each.ring in {ring, ""} for each in table.offers(tx)):
        return None
    return table.piece(tx, digest, offset)


def ring_words(lang: str, ring: str) -> str:
    return say(lang, "releases.ring", ring=ring) if ring else say(lang, "releases.everybody")
