"""The office's commands about releases: take one in, offer it to a ring, see who runs it."""

from collections import Counter
from pathlib import Path

import click
import msgspec

from app.words import say
from sync.office import fleet, releases
from sync.office.command_line import CommandRefused, Noted, now_ms, print_json, tell, with_store
from sync.office.places import Places
from sync.office.releases import MOST, Listed, ring_words
from sync.office.settings import Settings

MIB = 1024 * 1024


def release_key(settings: Settings, file: Path) -> None:
    """Raises ReleaseRefused for a file that holds no public key."""
    key = with_store(settings, lambda store: releases.trust(store, file), Noted("release-key", subject=str(file)))
    tell(settings, "releases.trusted", {"key": key.hex()})


def release_add(settings: Settings, file: Path) -> None:
    """Raises CommandRefused, ReleaseRefused, ReleaseUnknown."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST + 1)
    except OSError as e:
        raise CommandRefused("releases.unread", path=str(file), why=e.strerror or "") from e
    if len(data) > MOST:
        raise CommandRefused("releases.too_large", mib=MOST // MIB)
    noted = Noted("release-added", subject=file.name)
    held = with_store(settings, lambda store: releases.add(store, data, now_ms()), noted)
    fields = {"version": held.version, "arch": held.arch, "sha256": held.sha256, "size": held.size}
    tell(settings, "releases.added", fields, mib=round(held.size / MIB))


def release_offer(settings: Settings, version: str, ring: str | None, *, everybody: bool) -> None:
    """Raises CommandRefused when nobody or both were named, ReleaseUnknown."""
    chosen = _ring(ring, everybody=everybody)
    now, noted = now_ms(), Noted("release-offered", subject=f"{version} {chosen or '--all'}")
    with_store(settings, lambda store: store.write(lambda tx: releases.offer(tx, version, chosen, now)), noted)
    shown = ring_words(settings.lang, chosen)
    if settings.as_json:
        print_json({"version": version, "ring": chosen})
    else:
        click.echo(say(settings.lang, "releases.offered", version=version, ring=shown))


def release_withdraw(settings: Settings, version: str, ring: str | None, *, everybody: bool) -> None:
    """Raises CommandRefused when nobody or both were named, ReleaseUnknown."""
    chosen = _ring(ring, everybody=everybody) or None
    noted = Noted("release-withdrawn", subject=f"{version} {chosen or '--all'}")
    gone = with_store(settings, lambda store: store.write(lambda tx: releases.withdraw(tx, version, chosen)), noted)
    tell(settings, "releases.withdrawn", {"version": version, "n": gone})


def release_remove(settings: Settings, version: str) -> None:
    """Raises ReleaseUnknown."""
    noted = Noted("release-removed", subject=version)
    with_store(settings, lambda store: store.write(lambda tx: releases.remove(tx, version)), noted)
    tell(settings, "releases.removed", {"version": version})


def release_list(settings: Settings) -> None:
    """Every release, the newest first."""
    found, seen = with_store(settings, lambda store: store.read(lambda tx: (releases.listed(tx), fleet.read(tx))))
    runs = Counter(each.said.program for each in seen if each.said and each.device.revoked_at is None)
    if settings.as_json:
        print_json([_builtins(each, runs[each.held.version]) for each in found])
        return
    if not found:
        click.echo(say(settings.lang, "releases.none"))
    for each in found:
        held, rings = each.held, ", ".join(ring_words(settings.lang, offer.ring) for offer in each.offers)
        fields = {"version": held.version, "arch": held.arch, "mib": round(held.size / MIB)}
        fields["added"] = Places(settings.lang, None, {}).day_and_minute(held.added_at)
        fields["rings"] = rings or say(settings.lang, "releases.to_nobody")
        click.echo(say(settings.lang, "releases.listed", **fields, n=runs[held.version]))


def _builtins(each: Listed, runs: int) -> dict[str, object]:
    offers = [{"ring": offer.ring, "at": offer.at} for offer in each.offers]
    return {**msgspec.to_builtins(each.held), "offers": offers, "runs": runs}


def _ring(ring: str | None, *, everybody: bool) -> str:
    """ "" for all. Raises CommandRefused unless exactly one of both was given."""
    if everybody == bool(ring):
        raise CommandRefused("releases.which_ring")
    return ring or ""
