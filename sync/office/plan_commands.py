"""The office's commands about plans: checked, taken in, written out."""

import asyncio
from functools import partial
from pathlib import Path

import click
import msgspec

from app.text import clean
from app.words import say
from sync.office import importing, tag_keys
from sync.office.audit import shell_user
from sync.office.command_line import CommandRefused, Noted, now_ms, print_json, tell, with_store
from sync.office.importing import Found
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store.engine import is_postgresql, sqlite_path


def check(settings: Settings, file: str, people: str | None) -> int:
    """Print every fault; 1 when there is one. An office that is not there yet is not made."""

    async def ask(store: Store | None) -> Found:
        return await importing.check(store, Path(file), _path(people))

    there = is_postgresql(settings.db) or sqlite_path(settings.db).exists()
    found = with_store(settings, ask) if there else asyncio.run(ask(None))
    _print_faults(settings, found)
    if settings.as_json:
        return int(found.refused)
    if found.refused:
        click.echo(say(settings.lang, "office_cli.plan_checked", count=_count(found)), err=True)
        return 1
    plan = found.plan
    assert plan is not None
    counts = {"points": len(plan.points), "routes": len(plan.routes), "schedules": len(plan.schedules)}
    click.echo(say(settings.lang, "office_cli.plan_good", file=file, **counts))
    return 0


def take(settings: Settings, file: str, people: str | None) -> int:
    """Take the plan, or print every fault and take nothing; 1 in that case."""

    async def act(store: Store) -> tuple[Found, importing.Taken | None]:
        found = await importing.check(store, Path(file), _path(people))
        return found, None if found.refused else await importing.take(store, found, now_ms(), shell_user())

    found, taken = with_store(settings, act, Noted("plan-imported", subject=Path(file).name))
    if taken is None:
        _print_faults(settings, found)
        if not settings.as_json:
            click.echo(say(settings.lang, "office_cli.plan_refused", count=_count(found)), err=True)
        return 1
    keyless = with_store(settings, lambda store: store.read(partial(tag_keys.without_key, site=taken.site)))
    if settings.as_json:
        print_json({**msgspec.to_builtins(taken), "tags_without_key": keyless})
        return 0
    _print_faults(settings, found)
    if found.people is not None:
        click.echo(say(settings.lang, "office_cli.people_taken", count=taken.people))
    elif found.joining:
        click.echo(say(settings.lang, "plan_book.joined", count=len(found.joining)))
    key = "office_cli.plan_taken" if taken.new else "office_cli.plan_same"
    fields = {"labels": taken.labels} if taken.new else {}
    click.echo(say(settings.lang, key, site=taken.site, revision=taken.revision, **fields))
    for gone in taken.superseded:
        click.echo(say(settings.lang, "plan_book.superseded", revision=gone), err=True)
    if keyless:
        shown = ", ".join(clean(tag, 80) for tag in keyless[:20])
        click.echo(say(settings.lang, "office_tags.without_key", count=len(keyless), tags=shown), err=True)
    return 0


def export(settings: Settings, site: str, out: Path, revision: int | None) -> None:
    """Write the site's plan as the file's name says, XLSX or YAML. Raises CommandRefused."""
    from sync.office.handing_out import FORMS, drawn_up, revision_of, write

    if out.suffix.lower() not in FORMS:
        raise CommandRefused("plan_book.which_form", forms=" ".join(FORMS))

    async def act(store: Store) -> bytes | None:
        found = await store.read(lambda tx: revision_of(tx, site, revision))
        return drawn_up(found, out.suffix.lower()) if found else None

    content = with_store(settings, act, Noted("plan-exported", site, out.name), site=site)
    if content is None:
        raise CommandRefused("plan_book.no_revision", site=site[:64])
    try:
        write(out, content)
    except OSError as e:
        raise CommandRefused("labels.bad_file", path=str(out), why=e.strerror or "") from e
    tell(settings, "plan_book.written", {"site": site, "file": str(out)})


def _print_faults(settings: Settings, found: Found) -> None:
    if settings.as_json:
        faults = [{**msgspec.to_builtins(fault), "sentence": fault.say(settings.lang)} for fault in found.faults]
        print_json({"ok": not found.refused, "faults": faults})
        return
    for fault in found.faults:
        click.echo(fault.say(settings.lang), err=True)


def _count(found: Found) -> int:
    return sum(not fault.warning for fault in found.faults)


def _path(text: str | None) -> Path | None:
    return Path(text) if text is not None else None
