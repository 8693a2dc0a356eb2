"""What the office's commands do, once their options are read: plans in, records in by hand and out as they are.

Other subjects stand beside: device_commands, people_commands, point_commands, hook_commands and the like.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from app.text import clean
from app.words import say
from sync.office import importing, tag_keys
from sync.office.audit import shell_user
from sync.office.command_line import CommandRefused, Noted, folder_of, now_ms, print_json, tell, with_store
from sync.office.importing import Found
from sync.office.keys import OfficeKey
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store.engine import is_postgresql, sqlite_path

# -- plans ---------------------------------------------------------------------------------------


def plan_check(settings: Settings, file: str, people: str | None) -> int:
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


def plan_import(settings: Settings, file: str, people: str | None) -> int:
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


def plan_export(settings: Settings, site: str, out: Path, revision: int | None) -> None:
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


# -- monitoring ----------------------------------------------------------------------------------


def metrics_token(settings: Settings) -> None:
    """Print a new token."""
    from sync.office.metrics import new_token

    token = with_store(settings, lambda store: store.write(new_token), Noted("metrics-token"))
    if settings.as_json:
        print_json({"token": token})
        return
    click.echo(say(settings.lang, "office_cli.metrics_token"), err=True)
    click.echo(token)


# -- records -------------------------------------------------------------------------------------


def export(settings: Settings, site: str | None, *, jsonl: bool) -> None:
    """Print the records as received, JSON Lines. Raises CommandRefused without `jsonl`."""
    if not jsonl:
        raise CommandRefused("office_cli.export_jsonl")
    from sync.office.export import lines

    key = OfficeKey.open(folder_of(settings))

    async def act(store: Store) -> None:
        async for line in lines(store, key, now_ms(), site):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()

    with_store(settings, act, Noted("exported", site or ""), site=site)


# -- what was carried by hand --------------------------------------------------------------------


def handoff(settings: Settings, path: Path) -> int:
    """Take in a hand-off file, or those of a folder, and leave receipts beside them; or what a copy of a broken
    handheld's data folder still holds, which stays as it is. 1 when something was refused."""
    from sync.office import salvage

    copied = salvage.is_data_folder(path)
    if copied:
        with salvage.files_in(path) as (files, troubles):
            left = [{"file": path.name, "error": each.say(settings.lang)} for each in troubles]
            told = [*_taken_in(settings, files, path.name), *left]
    else:
        told = _taken_in(settings, path, path.name)
    _tell_handoff(settings, path, told, copied=copied)
    return int(any("error" in one for one in told) or not (told or copied))


def _taken_in(settings: Settings, path: Path, subject: str) -> list[dict[str, Any]]:
    """What came of each file, as it is told; `error` in those that failed. Raises CommandRefused."""
    from sync.handoff import LARGEST, FileRefused, bytes_of
    from sync.office.handoff import TakenIn, files_of, leave_receipt, take_in

    key = OfficeKey.open(folder_of(settings))

    async def act(store: Store) -> dict[Path, TakenIn | FileRefused]:
        found: dict[Path, TakenIn | FileRefused] = {}
        for file in files_of(path):
            try:
                found[file] = await take_in(store, key, bytes_of(file, LARGEST), now_ms())
            except FileRefused as e:
                found[file] = e
        return found

    try:
        found = with_store(settings, act, Noted("handed-in", subject=subject))
    except OSError as e:
        raise CommandRefused("handoff.stick", folder=str(path), why=e.strerror or "") from e
    told: list[dict[str, Any]] = []
    for file, done in found.items():
        if isinstance(done, FileRefused):
            told.append({"file": file.name, "error": done.say(settings.lang)})
            continue
        told.append({"file": file.name, **msgspec.to_builtins(done)})
        try:
            leave_receipt(file, done.receipt)
        except OSError as e:
            told[-1]["error"] = e.strerror or ""
    return told


def _tell_handoff(settings: Settings, path: Path, told: list[dict[str, Any]], *, copied: bool) -> None:
    lang = settings.lang
    if settings.as_json:
        print_json(told)
        return
    if not told and copied:
        click.echo(say(lang, "handoff.copy_empty"))
    elif not told:
        click.echo(say(lang, "handoff.no_files", folder=str(path)), err=True)
    for one in told:
        file, why = clean(one["file"], 100), one.get("error")
        if "accepted" not in one:
            click.echo(say(lang, "handoff.trouble", file=file, why=why), err=True)
            continue
        fields = {"device": one["device"], "accepted": one["accepted"], "upto": one["upto"]}
        if why is None:
            click.echo(say(lang, "handoff.took_in_copy" if copied else "handoff.took_in", **fields))
        else:
            click.echo(say(lang, "handoff.no_receipt_written", why=why, **fields), err=True)
        if one["withdrawn"]:
            click.echo(say(lang, "handoff.withdrawn", device=one["device"]), err=True)
