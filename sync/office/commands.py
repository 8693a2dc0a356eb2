"""The office's commands that have no file of their own: records by hand and out as they are, the token of the metrics.

Other subjects stand beside: plan_commands, device_commands, people_commands and the like.
"""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from app.text import clean
from app.words import say
from sync.office.command_line import CommandRefused, Noted, folder_of, now_ms, print_json, with_store
from sync.office.keys import OfficeKey
from sync.office.settings import Settings
from sync.office.store import Store

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
