"""`watchbook handoff`: records onto a stick and receipts from it, or other handhelds' files taken along."""

import json
from contextlib import closing
from pathlib import Path

import click

from app.logbook.book import Logbook
from app.settings import Settings
from app.text import clean
from app.usage import DAMAGED
from app.words import say
from hardware.clock import SystemClock
from sync import standing, stick


def handoff(settings: Settings, folder: str, *, take: bool, as_json: bool) -> int:
    """Exit code 1 when something did not go. Raises FileRefused when the stick cannot be used."""
    clock, place = SystemClock(standing.load(settings.data_dir).off), Path(folder)
    with closing(Logbook.open(settings.data_dir, clock)) as logbook:
        code = _take(settings, logbook, place, as_json) if take else _give(settings, logbook, place, clock, as_json)
        return code or (DAMAGED if logbook.opening.damage else 0)


def _give(settings: Settings, logbook: Logbook, place: Path, clock: SystemClock, as_json: bool) -> int:
    given, lang = stick.hand_over(logbook, place, clock), settings.lang
    pending = logbook.unsent
    troubles = [trouble.say(lang) for trouble in given.troubles]
    if as_json:
        found = {"records": given.records, "files": given.files, "receipts": given.receipts, "pending": pending}
        click.echo(json.dumps({**found, "passed_on": given.passed_on, "troubles": troubles}, ensure_ascii=False))
        return int(bool(troubles))
    if given.receipts:
        click.echo(say(lang, "handoff.receipts", pending=pending))
    if given.files:
        click.echo(say(lang, "handoff.given", folder=str(place), records=given.records, files=len(given.files)))
    elif not troubles:
        click.echo(say(lang, "handoff.nothing"))
    if given.passed_on:
        click.echo(say(lang, "handoff.passed_on", count=given.passed_on))
    for trouble in troubles:
        click.echo(trouble, err=True)
    return int(bool(troubles))


def _take(settings: Settings, logbook: Logbook, place: Path, as_json: bool) -> int:
    taken, lang = stick.take_along(logbook, place), settings.lang
    troubles = [{"file": clean(file, 100), "error": why.say(lang)} for file, why in taken.troubles]
    if as_json:
        click.echo(
            json.dumps({"files": taken.files, "records": taken.records, "troubles": troubles}, ensure_ascii=False)
        )
        return int(bool(troubles))
    key = "handoff.taken" if taken.files else "handoff.taken_none"
    click.echo(say(lang, key, **({"files": taken.files, "records": taken.records} if taken.files else {})))
    for trouble in troubles:
        click.echo(say(lang, "handoff.trouble", file=trouble["file"], why=trouble["error"]), err=True)
    return int(bool(troubles))
