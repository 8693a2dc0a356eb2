"""The office's commands about what hangs at points and assets: keys of tags, codes, labels."""

import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec
from sqlalchemy import Connection

from app.codes import printed_issue
from app.duties.days import local_time
from app.words import say
from sync.office import binding, tag_keys
from sync.office.command_line import (
    CommandRefused,
    Noted,
    now_ms,
    parse_time,
    print_json,
    secret,
    with_store,
)
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store import plans as plan_table

if TYPE_CHECKING:
    from sync.office.labels import Wish
    from sync.office.printing import Printable, Wanted

T = TypeVar("T")
STDIN_CHARS = 4096
"""Of a code on standard input, more than any has."""


# -- tags ----------------------------------------------------------------------------------------


class TagKey(msgspec.Struct, frozen=True):
    """What was typed of a tag's key. Never print it."""

    eid: str | None
    bthome: str | None
    exponent: int
    counter: int
    at: str | None


def tag_key(settings: Settings, site: str, tag: str, told: TagKey) -> None:
    """Keep a tag's key. Raises CommandRefused, KeyRefused."""
    if (told.eid is None) == (told.bthome is None):
        raise CommandRefused("office_tags.one_key")
    now = now_ms()
    at = parse_time(told.at) if told.at is not None else now
    given = told.eid or told.bthome or ""
    text = secret(settings, "key", from_stdin=False) if given == "-" else given
    key = tag_keys.parse_key(text.strip())

    def change(tx: Connection) -> int:
        if told.eid is None:
            return tag_keys.tell_bthome(tx, site, tag, key, at)
        return tag_keys.tell_eid(tx, site, tag, key, told.exponent, told.counter, at, now)

    async def act(store: Store) -> tuple[int, ZoneInfo]:
        return await store.write(change), (await store.read(_zones))[site]

    issue, zone = with_store(settings, act, Noted("tag-key", site, tag), site=site)
    if settings.as_json:
        print_json({"site": site, "tag": tag, "issue": issue, "since": at})
        return
    click.echo(say(settings.lang, "office_tags.told", site=site, tag=tag, issue=issue, since=_moment(at, zone)))
    if told.eid is not None:
        click.echo(say(settings.lang, "office_tags.told_clock", counter=told.counter))


def tag_list(settings: Settings, site: str | None) -> None:
    """The tags that have a key, and where the clocks of those that change stand."""
    now = now_ms()

    def ask(tx: Connection) -> tuple[list[tag_keys.Keyed], dict[str, ZoneInfo]]:
        sites = [site] if site is not None else plan_table.sites(tx)
        return [each for name in sites for each in tag_keys.keyed(tx, name, now)], _zones(tx)

    found, zones = with_store(settings, lambda store: store.read(ask), site=site)
    if settings.as_json:
        print_json([msgspec.to_builtins(each) for each in found])
        return
    if not found:
        click.echo(say(settings.lang, "office_tags.no_keys"))
    for each in found:
        fields = {"site": each.site, "format": each.format, "tag": each.tag, "issue": each.issue}
        line = say(settings.lang, "office_tags.listed", since=_moment(each.since, zones[each.site]), **fields)
        clock = say(settings.lang, "office_tags.clock", seconds=f"{each.clock_ms / 1000:+.0f}") if each.clock_ms else ""
        click.echo(f"{line}  {clock}".rstrip())


def _zones(tx: Connection) -> dict[str, ZoneInfo]:
    """Where the clock of each site stands."""
    return {site: ZoneInfo(plan.site.zone) for site, plan in plan_table.newest_plans(tx).items()}


def _moment(at: int, zone: ZoneInfo) -> str:
    """UTC ms as people at the site write it, to the minute, with the offset from UTC."""
    return local_time(at, zone).isoformat(" ", "minutes")


# -- codes ---------------------------------------------------------------------------------------


def _change(settings: Settings, change: Callable[[Connection], T], noted: Noted) -> T:
    return with_store(settings, lambda store: store.write(change), noted, site=noted.site)


def code_reissue(settings: Settings, site: str, thing: str) -> None:
    """A new label for a point or an asset. Its code is told where it is printed. Raises CodeRefused."""
    row = _change(settings, lambda tx: binding.reissue(tx, site, thing, now_ms()), Noted("code-reissued", site, thing))
    if settings.as_json:
        print_json({"kind": row.kind, "id": row.id, "issue": printed_issue(row.issue)})
        return
    click.echo(say(settings.lang, "office_codes.reissued", thing=row.id, issue=printed_issue(row.issue), site=site))


def code_bind(settings: Settings, site: str, thing: str, text: str | None) -> None:
    """Bind a maker's code, from the argument or a line of standard input. Raises CodeRefused, CommandRefused."""
    given = _given(settings, text)
    noted = Noted("code-bound", site, thing)
    known = _change(settings, lambda tx: binding.bind(tx, site, thing, given, now_ms()), noted)
    _print_code(settings, known, "office_codes.bound")


def code_unbind(settings: Settings, site: str, text: str | None) -> None:
    """Let a maker's code go, named by its text or as ID/x1. Raises CodeRefused, CommandRefused."""
    given = _given(settings, text)
    known = _change(settings, lambda tx: binding.unbind(tx, site, given, now_ms()), Noted("code-unbound", site))
    _print_code(settings, known, "office_codes.unbound")


def code_list(settings: Settings, site: str) -> None:
    """The newest label of each thing, and the makers' codes. Raises CodeRefused."""
    found, zones = with_store(
        settings, lambda store: store.read(lambda tx: (binding.known(tx, site), _zones(tx))), site=site
    )
    if settings.as_json:
        print_json([msgspec.to_builtins(each) for each in found])
        return
    if not found:
        click.echo(say(settings.lang, "office_codes.none"))
    for each in found:
        kind = say(settings.lang, f"office_codes.kind_{each.kind}")
        click.echo(f"{kind}  {each.id}  {each.issue}  {_moment(each.made_at, zones[site])}  {each.text}".rstrip())


def _given(settings: Settings, text: str | None) -> str:
    """A code from the command line, or the first line of standard input: a scanner that types ends it with Enter."""
    if text is None and sys.stdin.isatty():
        click.echo(say(settings.lang, "office_codes.ask"), err=True)
    given = sys.stdin.readline(STDIN_CHARS) if text is None else text
    if not given.strip():
        raise CommandRefused("office_cli.no_input")
    return given


def _print_code(settings: Settings, known: binding.Known, key: str) -> None:
    if settings.as_json:
        print_json(msgspec.to_builtins(known))
    else:
        click.echo(say(settings.lang, key, thing=known.id, issue=known.issue))


# -- labels --------------------------------------------------------------------------------------


def test_sheet(settings: Settings, out: Path | None) -> None:
    """Write the sheet on which a fitter tries a scanner; it is the same for every site.

    Raises CommandRefused without a file to write, LabelsRefused, SheetUnreadable, FontMissing.
    """
    from sync.office import printing, trials

    if out is None:
        raise CommandRefused("labels.nothing_asked")
    sheet = trials.draw(settings.lang, f"{datetime.now().astimezone():%Y-%m-%d}")
    printing.put(out, sheet.pdf)
    if settings.as_json:
        print_json({"fields": len(sheet.pages[0]), "pages": len(sheet.pages)})
        return
    click.echo(say(settings.lang, "trial.made", path=out))


def labels(settings: Settings, site: str | None, wish: "Wish", wanted: "Wanted") -> None:
    """Write the files that are wanted; with --json and none of them, print a line for each label.

    Raises LabelsRefused, SheetUnreadable, and CommandRefused when nothing is wanted.
    """
    from sync.office import printing

    folders = [folder for folder in (wanted.png, wanted.svg) if folder]
    if site is None:
        raise CommandRefused("labels.no_site")
    files, base = bool(wanted.pdf or folders), settings.public.label_url
    if not files and not settings.as_json:
        raise CommandRefused("labels.nothing_asked")

    async def act(store: Store) -> "Printable":
        found = await store.read(lambda tx: printing.read(tx, site, wish, base, now_ms()))
        assert found is not None
        return found

    printable = with_store(settings, act, site=site)
    count = len(printable.labels)
    if not files:
        for label in printable.labels:
            print_json({label.kind: label.id, "code": label.code})
        return
    pages = printing.write(printable, wanted, _told_at_times(settings))
    if settings.as_json:
        print_json({"labels": count, "pages": pages})
        return
    if wanted.pdf:
        click.echo(say(settings.lang, "labels.made", path=wanted.pdf, labels=count, pages=pages))
    for folder in folders:
        click.echo(say(settings.lang, "labels.singles", folder=folder, labels=count))
    click.echo(say(settings.lang, "labels.secret"), err=True)


def _told_at_times(settings: Settings) -> Callable[[int, int], None]:
    """Says how far long work has come, every two seconds."""
    last = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= 2:
            last = time.monotonic()
            click.echo(say(settings.lang, "labels.drawn", done=done, of=of), err=True)

    return tell
