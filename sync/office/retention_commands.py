"""The office's commands about how long records are kept: purging what is past its time, and holding what must stay."""

import asyncio

import click
import msgspec

from app.text import clean
from app.words import say
from sync.office import retention
from sync.office.command_line import (
    CommandRefused,
    Noted,
    now_ms,
    parse_time,
    print_json,
    tell,
    typed_name,
    with_store,
)
from sync.office.places import Places
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store import retention as table
from sync.office.store.plans import site_plan
from sync.office.store.retention import Hold


def purge(settings: Settings, site: str, *, dry: bool) -> None:
    """Let go what the plan keeps no longer; `dry` only tells how much that is. Raises RetentionRefused."""
    noted = None if dry else Noted("purged", site)
    found = with_store(settings, lambda store: retention.purge(store, site, now_ms(), dry=dry), noted, site=site)
    told = {"site": site, "dry_run": dry, **msgspec.to_builtins(found)}
    tell(settings, "retention.would" if dry else "retention.done", told)


def hold_add(settings: Settings, site: str, name: str, first: str, last: str, reason: str) -> None:
    """Raises CommandRefused, RetentionRefused."""
    called, why = typed_name(name, 64), clean(reason, 500).strip()
    if not why:
        raise CommandRefused("retention.no_reason")
    wanted = Hold(site, called, parse_time(first), parse_time(last), why, now_ms())

    noted = Noted("held", site, called)
    with_store(settings, lambda store: store.write(lambda tx: retention.hold(tx, wanted)), noted, site=site)
    tell(settings, "retention.held", {"site": site, "name": called}, first=first, last=last)


def hold_list(settings: Settings, site: str) -> None:
    async def ask(store: Store) -> tuple[list[Hold], Places]:
        held, plan = await asyncio.gather(
            store.read(lambda tx: table.holds_of(tx, site)), store.read(lambda tx: site_plan(tx, site))
        )
        return held, Places(settings.lang, plan, {})

    held, places = with_store(settings, ask, site=site)
    if settings.as_json:
        print_json(msgspec.to_builtins(held))
        return
    if not held:
        click.echo(say(settings.lang, "retention.none"))
    for each in held:
        first, last = places.day_and_minute(each.first), places.day_and_minute(each.last)
        fields = {"site": site, "name": each.name, "reason": each.reason}
        click.echo(say(settings.lang, "retention.listed", first=first, last=last, **fields))


def hold_remove(settings: Settings, site: str, name: str) -> None:
    """Raises CommandRefused."""
    noted = Noted("released", site, name)
    removed = with_store(
        settings, lambda store: store.write(lambda tx: table.remove_hold(tx, site, name)), noted, site=site
    )
    if not removed:
        raise CommandRefused("retention.no_hold", site=site[:64], name=name[:64])
    tell(settings, "retention.released", {"site": site, "name": name})
