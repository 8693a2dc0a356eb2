"""Settings of handhelds, by site and by handheld: what stands, whom a change would reach, setting and sending it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.tuning import PARTS, RING, SITE, Sent, Tuning, Value, in_use
from app.errors import NotAllowed
from app.tuning import KIND
from sync.office.store import devices
from sync.office.store import settings as table
from sync.office.store.changes import publish
from sync.office.store.devices import Device
from sync.office.store.settings import Row

SHOWN: Final = 20
"""Revisions of a site that are told."""
ACT: Final = "settings-set"
"""What setting something is called in the audit."""


class Change(Struct, frozen=True):
    """What one setting becomes; None: nothing is set any more."""

    name: str
    was: Value | None
    becomes: Value | None


class Stale(NotAllowed):
    """Somebody else set something meanwhile: look at the preview again."""


# -- what stands ---------------------------------------------------------------------------------


def tuning_at(tx: Connection, site: str, device: str, upto: int | None = None) -> Tuning:
    """What the office sets for a handheld; with `upto` what it set by that revision."""
    return wanted(table.newest(tx, site, upto), device)


def tuning_of_book(tx: Connection, site: str, book: bytes, upto: int) -> Tuning:
    """What the office had set, by that revision, on the handheld that writes `book`. Nothing where no such revision is
    known: whoever invents one is judged by the plan's numbers."""
    last = table.last_at(tx, site)
    if last is None or last.sent.revision < upto:
        return Tuning()
    return tuning_at(tx, site, devices.named_by(tx, book), upto)


def wanted(rows: Mapping[str, Row], device: str) -> Tuning:
    """What a handheld should run, of `table.newest`."""
    return in_use(_sent(rows, ""), _sent(rows, device))


def ring_of(tx: Connection, site: str, device: str) -> str:
    """Which releases a handheld is offered first; empty: everybody's ring."""
    return str(tuning_at(tx, site, device).values.get(RING, ""))


def rings(tx: Connection, those: Iterable[Device]) -> set[str]:
    """Every `ring_of` these handhelds."""
    rows = table.newest_of_all(tx)
    return {str(wanted(rows.get(each.site, {}), each.device).values.get(RING, "")) for each in those}


def _sent(rows: Mapping[str, Row], device: str) -> Sent | None:
    row = rows.get(device)
    return row.sent if row else None


# -- what is to change ---------------------------------------------------------------------------


def changes(rows: Mapping[str, Row], device: str, news: Mapping[str, Value | None]) -> list[Change]:
    """What `news` (None takes a setting away) changes of what is set for `device`, or for the site."""
    held = rows[device].sent.values if device in rows else {}
    return [Change(name, held.get(name), value) for name, value in news.items() if held.get(name) != value]


def reached(
    rows: Mapping[str, Row], every: Sequence[Device], device: str, news: Mapping[str, Value | None]
) -> list[Device]:
    """The handhelds in use on which something becomes another: a value of its own keeps out what its site's is."""
    after = {**rows, device: Row("", device, _next(rows, device, news, 0, 0), "")}
    meant = (each for each in every if is_used(each) and device in ("", each.device))
    return [each for each in meant if wanted(rows, each.device).values != wanted(after, each.device).values]


def change(
    tx: Connection, site: str, device: str, news: Mapping[str, Value | None], by: str, now: int, base: int | None = None
) -> Row | None:
    """Set, and send down; `device` empty is the whole site. None when nothing would be another.

    `base` is the site's newest revision as a preview showed it: raises Stale when there is a newer one.
    """
    last = table.last_at(tx, site)
    revision, at = (last.sent.revision, last.sent.at) if last else (0, 0)
    if base is not None and base != revision:
        raise Stale("settings.stale")
    rows = table.newest(tx, site)
    if not changes(rows, device, news):
        return None
    row = Row(site, device, _next(rows, device, news, revision + 1, max(now, at + 1)), by)
    table.add(tx, row)
    publish(tx, site, KIND, device or SITE, msgspec.json.encode(row.sent, order="sorted"), now)
    return row


def inherit(tx: Connection, site: str, old: str, new: str, by: str, now: int) -> None:
    """What is set for the handheld `old` holds on `new`, which does its work. Not how its parts are joined, which is of
    the broken one itself, and nothing in place of what is set for `new`."""
    rows = table.newest(tx, site)
    held, own = (rows[device].sent.values if device in rows else {} for device in (old, new))
    change(tx, site, new, {name: held[name] for name in held.keys() - own.keys() - set(PARTS)}, by, now)


def _next(rows: Mapping[str, Row], device: str, news: Mapping[str, Value | None], revision: int, at: int) -> Sent:
    held = rows[device].sent.values if device in rows else {}
    values = {name: value for name, value in {**held, **news}.items() if value is not None}
    return Sent(revision, at, values)


def is_used(device: Device) -> bool:
    """Neither withdrawn nor replaced by another."""
    return device.revoked_at is None and device.replaced_by is None


def subject(device: str, found: Iterable[Change]) -> str:
    """As the audit names what is set: the handheld, or the site's `*`, and each setting with its value."""
    said = (f"{each.name}={'' if each.becomes is None else each.becomes}" for each in found)
    return " ".join((device or "*", *said))
