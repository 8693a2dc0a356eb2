"""The command line of the office: `watchbook-office`. A command says what it needs and calls who does it, and
imports that only then: help needs no database.

Options of the contract may stand before or after a command's own arguments. Programs read stdout
(`--json`, JSON Lines); sentences for people about trouble go to stderr in the chosen language. The commands
work beside a running `serve`, on a connection of their own.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from app import usage
from app.duties.rotating import EXPONENTS
from app.duties.site import ROLES
from app.usage import flags, option
from app.words import LANGS, say
from sync.office.hook_forms import FORMS
from sync.office.labels import BOTH, NAMES
from sync.office.papers import NAMES as PAPERS
from sync.office.settings import MOST_WORKERS, Settings, load
from sync.office.sheets import LAYOUTS, USUAL

Act = Callable[..., Any]

shared: Final[Callable[[Act], Act]] = usage.options(
    option("--data-dir", metavar="DIR"),
    option("--db", metavar="URL"),
    option("--lang", type=click.Choice(LANGS)),
    option("--json", "as_json", is_flag=True, default=None),
)
"""The options that every command takes."""

served: Final[Callable[[Act], Act]] = usage.options(
    option("--host", metavar="ADDRESS"),
    option("--port", type=click.IntRange(0, 65535)),
    click.option("--now", "began", metavar="ISO8601"),
)
"""The options of what listens."""

secured: Final[Callable[[Act], Act]] = usage.options(
    option("--tls", is_flag=True, default=None),
    option("--tls-cert", metavar="FILE"),
    option("--tls-key", metavar="FILE"),
    option("--tls-known", metavar="FILES"),
    option("--label-url", metavar="URL"),
    option("--label-phone", metavar="NUMBER"),
)
"""The options of what handhelds reach over a network."""


def settings() -> Settings:
    return load(flags(click.get_current_context()))


def command(group: click.Group, name: str | None = None) -> Callable[[Act], click.Command]:
    """A command of `group`, called like its function unless it has a `name`."""
    return lambda act: group.command(name)(shared(act))


def group(name: str) -> click.Group:
    return cli.group(name)(shared(lambda: None))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@shared
@click.version_option(package_name="watchbook", prog_name="watchbook-office")
def cli() -> None:
    pass


@command(cli)
@served
@secured
@option("--workers", type=click.IntRange(1, MOST_WORKERS))
def serve(began: str | None) -> None:
    from sync.office import starting

    starting.serve(settings(), began)


@command(cli)
@served
@click.option("--days", type=click.IntRange(0, 31), default=30)
@click.option("--until-eof", is_flag=True)
def demo(began: str | None, days: int, until_eof: bool) -> None:
    from sync.office import starting

    starting.demo(settings(), began, days, until_eof=until_eof)


# -- plans ---------------------------------------------------------------------------------------


plan = group("plan")


@command(plan, "check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--people", type=click.Path(exists=True, dir_okay=False))
def plan_check(file: str, people: str | None) -> None:
    from sync.office import plan_commands

    sys.exit(plan_commands.check(settings(), file, people))


@command(plan, "import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--people", type=click.Path(exists=True, dir_okay=False))
def plan_import(file: str, people: str | None) -> None:
    from sync.office import plan_commands

    sys.exit(plan_commands.take(settings(), file, people))


@command(plan, "export")
@click.argument("site")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--revision", type=click.IntRange(min=1))
def plan_export(site: str, out: Path, revision: int | None) -> None:
    from sync.office import plan_commands

    plan_commands.export(settings(), site, out, revision)


# -- handhelds -----------------------------------------------------------------------------------


device = group("device")


@command(device, "add")
@click.argument("name")
@click.option("--site", required=True)
def device_add(name: str, site: str) -> None:
    from sync.office import device_commands

    device_commands.device_add(settings(), name, site)


@command(device, "list")
@click.option("--site")
def device_list(site: str | None) -> None:
    from sync.office import device_commands

    device_commands.device_list(settings(), site)


@command(device, "revoke")
@click.argument("device")
@click.option("--site")
def device_revoke(device: str, site: str | None) -> None:
    from sync.office import device_commands

    device_commands.device_revoke(settings(), device, site)


@command(device, "sheets")
@option("--office", metavar="URL")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--site", default="")
@click.option("--hours", type=click.IntRange(1, 72), default=8)
@click.option("--example", is_flag=True)
def device_sheets(file: Path | None, out: Path, site: str, hours: int, *, example: bool) -> None:
    from sync.office import enrolment_commands

    if example:
        enrolment_commands.example(settings(), out)
        return
    if file is None:
        raise click.UsageError(say(settings().lang, "invitations.no_file"))
    sys.exit(enrolment_commands.sheets(settings(), file, out, site, hours))


@command(device, "waiting")
@click.option("--site")
def device_waiting(site: str | None) -> None:
    from sync.office import enrolment_commands

    enrolment_commands.waiting(settings(), site)


@command(device, "confirm")
@click.argument("device")
@click.option("--site")
def device_confirm(device: str, site: str | None) -> None:
    from sync.office import enrolment_commands

    enrolment_commands.confirm(settings(), device, site)


@command(device, "replaced")
@click.argument("device")
@click.option("--by", "spare", required=True, metavar="DEVICE")
@click.option("--site")
def device_replaced(device: str, spare: str, site: str | None) -> None:
    from sync.office import enrolment_commands

    enrolment_commands.replaced(settings(), device, spare, site)


# -- releases ------------------------------------------------------------------------------------


release = group("release")


@command(release, "key")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def release_key(file: Path) -> None:
    from sync.office import release_commands

    release_commands.release_key(settings(), file)


@command(release, "add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def release_add(file: Path) -> None:
    from sync.office import release_commands

    release_commands.release_add(settings(), file)


_ringed: Final[Callable[[Act], Act]] = usage.options(
    click.option("--ring", metavar="NAME"), click.option("--all", "everybody", is_flag=True)
)


@command(release, "offer")
@click.argument("version")
@_ringed
def release_offer(version: str, ring: str | None, everybody: bool) -> None:
    from sync.office import release_commands

    release_commands.release_offer(settings(), version, ring, everybody=everybody)


@command(release, "withdraw")
@click.argument("version")
@_ringed
def release_withdraw(version: str, ring: str | None, everybody: bool) -> None:
    from sync.office import release_commands

    release_commands.release_withdraw(settings(), version, ring, everybody=everybody)


@command(release, "list")
def release_list() -> None:
    from sync.office import release_commands

    release_commands.release_list(settings())


@command(release, "remove")
@click.argument("version")
def release_remove(version: str) -> None:
    from sync.office import release_commands

    release_commands.release_remove(settings(), version)


# -- what handhelds are set to -------------------------------------------------------------------


handheld_settings = group("settings")


@command(handheld_settings, "show")
@click.argument("site")
@click.option("--device", metavar="NAME")
def settings_show(site: str, device: str | None) -> None:
    from sync.office import settings_commands

    settings_commands.show(settings(), site, device)


@command(handheld_settings, "set")
@click.argument("site")
@click.argument("pairs", nargs=-1, required=True, metavar="SETTING=VALUE...")
@click.option("--device", metavar="NAME")
@click.option("--dry-run", "dry", is_flag=True)
def settings_set(site: str, pairs: tuple[str, ...], device: str | None, *, dry: bool) -> None:
    from sync.office import settings_commands

    sys.exit(settings_commands.change(settings(), site, device, pairs, dry=dry))


@command(handheld_settings, "unset")
@click.argument("site")
@click.argument("names", nargs=-1, required=True, metavar="SETTING...")
@click.option("--device", metavar="NAME")
@click.option("--dry-run", "dry", is_flag=True)
def settings_unset(site: str, names: tuple[str, ...], device: str | None, *, dry: bool) -> None:
    from sync.office import settings_commands

    sys.exit(settings_commands.unset(settings(), site, device, names, dry=dry))


# -- people --------------------------------------------------------------------------------------


user = group("user")


@command(user, "add")
@click.argument("name")
@click.option("--role", required=True, metavar="ROLE")
@click.option("--person")
@click.option("--site", "sites", multiple=True)
@click.option("--company", "companies", multiple=True)
@click.option("--district", "districts", multiple=True)
@click.option("--password-stdin", "from_stdin", is_flag=True)
def user_add(
    name: str,
    role: str,
    person: str | None,
    sites: tuple[str, ...],
    companies: tuple[str, ...],
    districts: tuple[str, ...],
    from_stdin: bool,
) -> None:
    from sync.office import people_commands
    from sync.office.accounts import Applicant

    who = Applicant(name, role, person, sites, companies, districts)
    people_commands.user_add(settings(), who, from_stdin=from_stdin)


@command(user, "list")
def user_list() -> None:
    from sync.office import people_commands

    people_commands.user_list(settings())


@command(user, "remove")
@click.argument("name")
def user_remove(name: str) -> None:
    from sync.office import people_commands

    people_commands.user_remove(settings(), name)


@command(user, "pin")
@click.argument("person")
@click.option("--pin-stdin", "from_stdin", is_flag=True)
def user_pin(person: str, from_stdin: bool) -> None:
    from sync.office import people_commands

    people_commands.user_pin(settings(), person, from_stdin=from_stdin)


@command(user, "badge")
@click.argument("person")
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path))
def user_badge(person: str, pdf: Path | None) -> None:
    from sync.office import people_commands

    people_commands.user_badge(settings(), person, pdf)


# -- telling people ------------------------------------------------------------------------------


webhook = group("webhook")


@command(webhook, "add")
@click.argument("site")
@click.argument("name")
@click.option("--form", type=click.Choice(FORMS), required=True)
@click.option("--url", required=True, metavar="URL|-")
@click.option("--fields", default="", metavar="NAME=VALUE&NAME={text}")
@click.option("--about", default="", metavar="KIND,KIND")
@click.option("--secret", is_flag=True)
def webhook_add(site: str, name: str, form: str, url: str, fields: str, about: str, secret: bool) -> None:
    from sync.office import hook_commands

    hook_commands.hook_add(settings(), site, name, hook_commands.Wanted(form, url, fields, about, secret))


@command(webhook, "list")
@click.argument("site", required=False)
def webhook_list(site: str | None) -> None:
    from sync.office import hook_commands

    hook_commands.hook_list(settings(), site)


@command(webhook, "remove")
@click.argument("site")
@click.argument("name")
def webhook_remove(site: str, name: str) -> None:
    from sync.office import hook_commands

    hook_commands.hook_remove(settings(), site, name)


@command(webhook, "test")
@click.argument("site")
@click.argument("name")
def webhook_test(site: str, name: str) -> None:
    from sync.office import hook_commands

    hook_commands.hook_test(settings(), site, name)


# -- tags ----------------------------------------------------------------------------------------


tag = group("tag")


@command(tag, "key")
@click.argument("site")
@click.argument("tag")
@click.option("--eid", metavar="HEX")
@click.option("--bthome", metavar="HEX")
@click.option("--k", type=click.IntRange(EXPONENTS[0], EXPONENTS[-1]), default=9)
@click.option("--counter", type=click.IntRange(0, 2**32 - 1), default=0)
@click.option("--at", metavar="ISO8601")
def tag_key(site: str, tag: str, eid: str | None, bthome: str | None, k: int, counter: int, at: str | None) -> None:
    from sync.office import point_commands

    point_commands.tag_key(settings(), site, tag, point_commands.TagKey(eid, bthome, k, counter, at))


@command(tag, "list")
@click.argument("site", required=False)
def tag_list(site: str | None) -> None:
    from sync.office import point_commands

    point_commands.tag_list(settings(), site)


# -- codes ---------------------------------------------------------------------------------------


code = group("code")


@command(code, "reissue")
@click.argument("site")
@click.argument("thing")
def code_reissue(site: str, thing: str) -> None:
    from sync.office import point_commands

    point_commands.code_reissue(settings(), site, thing)


@command(code, "bind")
@click.argument("site")
@click.argument("thing")
@click.argument("text", required=False)
def code_bind(site: str, thing: str, text: str | None) -> None:
    from sync.office import point_commands

    point_commands.code_bind(settings(), site, thing, text)


@command(code, "unbind")
@click.argument("site")
@click.argument("text", required=False)
def code_unbind(site: str, text: str | None) -> None:
    from sync.office import point_commands

    point_commands.code_unbind(settings(), site, text)


@command(code, "list")
@click.argument("site")
def code_list(site: str) -> None:
    from sync.office import point_commands

    point_commands.code_list(settings(), site)


# -- how long records are kept -------------------------------------------------------------------


@command(cli)
@click.argument("site")
@click.option("--dry-run", "dry", is_flag=True)
def purge(site: str, dry: bool) -> None:
    from sync.office import retention_commands

    retention_commands.purge(settings(), site, dry=dry)


hold = group("hold")


@command(hold, "add")
@click.argument("site")
@click.argument("name")
@click.option("--from", "first", required=True, metavar="ISO8601")
@click.option("--to", "last", required=True, metavar="ISO8601")
@click.option("--reason", required=True)
def hold_add(site: str, name: str, first: str, last: str, reason: str) -> None:
    from sync.office import retention_commands

    retention_commands.hold_add(settings(), site, name, first, last, reason)


@command(hold, "list")
@click.argument("site")
def hold_list(site: str) -> None:
    from sync.office import retention_commands

    retention_commands.hold_list(settings(), site)


@command(hold, "remove")
@click.argument("site")
@click.argument("name")
def hold_remove(site: str, name: str) -> None:
    from sync.office import retention_commands

    retention_commands.hold_remove(settings(), site, name)


# -- monitoring ----------------------------------------------------------------------------------


metrics = group("metrics")


@command(metrics, "token")
def metrics_token() -> None:
    from sync.office import commands

    commands.metrics_token(settings())


# -- the audit -----------------------------------------------------------------------------------


@command(cli)
def audit() -> None:
    from sync.office import audit_commands

    sys.exit(audit_commands.show(settings()))


# -- labels and records --------------------------------------------------------------------------


@command(cli)
@click.argument("site", required=False)
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--test", "trial", is_flag=True)
@click.option("--layout", type=click.Choice(list(LAYOUTS)), default=USUAL)
@click.option("--points", default="", metavar="ID,ID")
@click.option("--assets", is_flag=True)
@click.option("--names", type=click.Choice(NAMES), default=BOTH)
@click.option("--png", type=click.Path(file_okay=False, path_type=Path))
@click.option("--svg", type=click.Path(file_okay=False, path_type=Path))
@option("--label-url", metavar="URL")
def labels(
    site: str | None,
    out: Path | None,
    trial: bool,
    layout: str,
    points: str,
    assets: bool,
    names: str,
    png: Path | None,
    svg: Path | None,
) -> None:
    from sync.office import point_commands
    from sync.office.labels import Wish
    from sync.office.printing import Wanted

    if trial:
        point_commands.test_sheet(settings(), out)
        return
    some = tuple(each.strip() for each in points.split(",") if each.strip())
    point_commands.labels(settings(), site, Wish(some, assets, names), Wanted(layout, out, png, svg))


@command(cli)
@click.argument("month")
@click.option("--site", required=True)
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@option("--label-url", metavar="URL")
def report(month: str, site: str, out: Path) -> None:
    from sync.office import paper_commands

    paper_commands.report(settings(), month, site, out)


@command(cli)
@click.argument("name", type=click.Choice(list(PAPERS)))
@click.option("--site", required=True)
@click.option("--from", "first", required=True, metavar="DATE")
@click.option("--to", "last", default="", metavar="DATE")
@click.option("--of", "of", default="", metavar="ID")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", "digest", metavar="HASH")
@option("--label-url", metavar="URL")
def paper(name: str, site: str, first: str, last: str, of: str, out: Path | None, digest: str | None) -> None:
    from sync.office import paper_commands

    given = settings()
    wish = paper_commands.wish_of(name, site, first, last, of, given.lang)
    if digest:
        sys.exit(paper_commands.check(given, wish, digest))
    if out is None:
        raise click.MissingParameter(param_hint="-o", param_type="option")
    paper_commands.paper(given, wish, out)


@command(cli)
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def handoff(path: Path) -> None:
    from sync.office import commands

    sys.exit(commands.handoff(settings(), path))


@command(cli)
@click.option("--jsonl", is_flag=True)
@click.option("--site")
def export(jsonl: bool, site: str | None) -> None:
    from sync.office import commands

    commands.export(settings(), site, jsonl=jsonl)


# -- the database as a whole ---------------------------------------------------------------------


@command(cli)
def migrate() -> None:
    from sync.office import store_commands

    store_commands.migrate(settings())


@command(cli)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    from sync.office import store_commands

    store_commands.backup(settings(), folder)


@command(cli)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(folder: Path) -> None:
    from sync.office import store_commands

    store_commands.restore(settings(), folder)


@command(cli)
@click.option("--to", required=True, metavar="URL")
def copy(to: str) -> None:
    from sync.office import store_commands

    store_commands.copy(settings(), to)


@command(cli)
def verify() -> None:
    from sync.office import store_commands

    sys.exit(store_commands.verify(settings()))


def main(args: Sequence[str] | None = None) -> None:
    """The console script."""
    usage.run(cli, "office_usage", load, args, roles=", ".join(ROLES))
