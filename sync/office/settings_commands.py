"""`watchbook-office settings`: what stands for a site or one handheld, setting it, setting it no more."""

from collections.abc import Mapping, Sequence

import click
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Plan
from app.duties.tuning import Value
from app.errors import WatchbookError
from app.text import clean
from app.words import say
from sync.office import audit, fleet, settings_typed
from sync.office import handheld_settings as rules
from sync.office.command_line import CommandRefused, now_ms, print_json, with_store
from sync.office.places import Places
from sync.office.settings import Settings
from sync.office.settings_told import listed, told, value_words
from sync.office.settings_typed import Fault
from sync.office.store import Store
from sync.office.store import settings as table
from sync.office.store.devices import Device
from sync.office.store.plans import site_plan
from sync.office.store.settings import Row


class Standing(Struct, frozen=True):
    """What the commands read of a site."""

    plan: Plan
    rows: dict[str, Row]
    history: list[Row]
    seen: list[fleet.Seen]


def show(settings: Settings, site: str, named: str | None) -> None:
    """Each setting with the value that holds, and whose word it is. Raises CommandRefused."""

    found = with_store(settings, lambda store: store.read(lambda tx: _standing(tx, site)), site=site)
    device = _named(found.seen, named)
    values = told(found.plan, found.rows, device)
    if settings.as_json:
        last = found.history[0].sent.revision if found.history else 0
        plain = {each.name: {"value": each.value, "from": each.source} for each in values}
        print_json({"site": site, "device": device or None, "revision": last, "settings": plain})
        return
    lang = settings.lang
    for each in values:
        value = "-" if each.value is None else str(each.value)
        words, source = say(lang, f"settings.name_{each.name}"), say(lang, f"settings.from_{each.source}")
        click.echo(say(lang, "settings.row", name=each.name, value=value, from_=source, words=words))
    for row in found.history:
        click.echo(_history_line(row, found, Places(lang, found.plan, {})))


def _history_line(row: Row, found: Standing, places: Places) -> str:
    names = {each.device.device: each.device.name for each in found.seen}
    whom = clean(names.get(row.device, row.device)) if row.device else say(places.lang, "settings.for_site")
    what = " ".join(f"{name}={value}" for name, value in row.sent.values.items()) or "-"
    fields = {"revision": row.sent.revision, "by": clean(row.by), "whom": whom, "what": what}
    return say(places.lang, "settings.row_history", at=places.day_and_minute(row.sent.at), **fields)


def change(settings: Settings, site: str, named: str | None, pairs: Sequence[str], *, dry: bool) -> int:
    """Set NAME=VALUE each. Exit code 1: something is wrong with them, nothing was set. Raises CommandRefused."""
    lang, typed, faults = settings.lang, dict[str, str](), list[Fault]()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if equals:
            typed[name.strip()] = value
        else:
            faults.append(Fault(clean(pair, 40), "settings.not_pair", {"text": clean(pair, 40)}))
    values, wrong = settings_typed.read(typed)
    faults += wrong
    if faults:
        return _refuse(settings, faults)
    return _carry_out(settings, site, named, dict(values), dry=dry, lang=lang)


def unset(settings: Settings, site: str, named: str | None, names: Sequence[str], *, dry: bool) -> int:
    """Exit code 1: there is no such setting, nothing was changed. Raises CommandRefused."""
    faults = []
    for name in names:
        try:
            settings_typed.check_name(name)
        except WatchbookError as e:
            faults.append(Fault(clean(name, 40), e.key, e.fields))
    if faults:
        return _refuse(settings, faults)
    return _carry_out(settings, site, named, dict.fromkeys(names), dry=dry, lang=settings.lang)


def _refuse(settings: Settings, faults: Sequence[Fault]) -> int:
    lang = settings.lang
    for fault in faults:
        click.echo(fault.say(lang), err=True)
    click.echo(say(lang, "settings.faults", n=len(faults)), err=True)
    if settings.as_json:
        print_json({"revision": None, "faults": [{"name": each.name, "says": each.say(lang)} for each in faults]})
    return 1


def _carry_out(
    settings: Settings, site: str, named: str | None, news: Mapping[str, Value | None], *, dry: bool, lang: str
) -> int:
    async def act(store: Store) -> tuple[list[rules.Change], list[Device], Row | None]:
        found = await store.read(lambda tx: _standing(tx, site))
        device = _named(found.seen, named)
        changes = rules.changes(found.rows, device, news)
        reached = rules.reached(found.rows, [each.device for each in found.seen], device, news)
        if dry or not changes:
            return changes, reached, None
        by, now = audit.shell_user(), now_ms()
        await audit.acts(store, by, rules.ACT, now, site, rules.subject(device, changes))
        return changes, reached, await store.write(lambda tx: rules.change(tx, site, device, news, by, now))

    changes, reached, row = with_store(settings, act, site=site)
    names = [each.name for each in reached]
    if settings.as_json:
        plain = [{"name": each.name, "was": each.was, "becomes": each.becomes} for each in changes]
        affected = [each.device for each in reached]
        print_json({"revision": row.sent.revision if row else None, "changes": plain, "affects": affected})
        return 0
    for each in changes:
        was, becomes = (value_words(lang, each.name, value) for value in (each.was, each.becomes))
        click.echo(say(lang, "settings.was_becomes", name=each.name, was=was, becomes=becomes))
    if changes:
        reaches = listed("settings.affects_n", [clean(name) for name in names], lang)
        click.echo(reaches if names else say(lang, "settings.affects_none"))
    if not changes:
        click.echo(say(lang, "settings.same"))
    elif row is None:
        click.echo(say(lang, "settings.would"))
    else:
        click.echo(say(lang, "settings.done", revision=row.sent.revision))
    return 0


def _standing(tx: Connection, site: str) -> Standing:
    plan = site_plan(tx, site)
    assert plan is not None
    return Standing(plan, table.newest(tx, site), table.history(tx, site, rules.SHOWN), fleet.read(tx, site))


def _named(seen: Sequence[fleet.Seen], named: str | None) -> str:
    """Id of the handheld of that id, else of that name; "" for the site, which is meant when nothing was typed at all.

    Raises CommandRefused when none is called that, or more than one.
    """
    if named is None:
        return ""
    every = [each.device for each in seen]
    found = [each for each in every if each.device == named]
    found = found or [each for each in every if each.name == named and each.revoked_at is None]
    if not found:
        raise CommandRefused("office_cli.no_device", device=named[:80])
    if len(found) > 1:
        ids = ", ".join(each.device for each in found)
        raise CommandRefused("office_cli.several_devices", device=named[:80], ids=ids)
    return found[0].device
