"""The command line of the office: `watchbook-office`. A command says what it needs and calls who does it.

Options of the contract may stand before or after a command's own arguments. Programs read stdout
(`--json`, JSON Lines); sentences for people about trouble go to stderr in the chosen language. The commands
work beside a running `serve`, on a connection of their own.
"""

import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from app.duties.site import ROLES
from app.errors import BookInUse, ChainBroken, OfficeAway, WatchbookError
from app.words import LANGS
from sync.office.settings import Settings, load

F = TypeVar("F", bound=Callable[..., Any])
EXIT: Final[tuple[tuple[type[WatchbookError], int], ...]] = ((BookInUse, 3), (ChainBroken, 5), (OfficeAway, 6))


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Remember an option; what stands nearer to the command wins."""
    if value is not None and param.name is not None:
        ctx.obj[param.name] = value


def _option(*names: str, **how: Any) -> Callable[[F], F]:
    return click.option(*names, expose_value=False, callback=_keep, **how)


def shared(function: F) -> F:
    """The options that every command takes."""
    options = (
        _option("--data-dir", metavar="DIR", help="Where the office's data live."),
        _option("--db", metavar="URL", help="Database; by default a SQLite file in the data directory."),
        _option("--lang", type=click.Choice(LANGS), help="Language of what people read."),
        _option("--json", "as_json", is_flag=True, default=None, help="JSON on stdout, nothing else."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def served(function: F) -> F:
    """The options of what listens."""
    options = (
        _option("--host", help="Address to listen on; 127.0.0.1 unless told."),
        _option("--port", type=click.IntRange(0, 65535), help="Port, 8060 unless told; 0 takes a free one."),
        click.option("--now", "began", metavar="ISO8601", help="The clock starts there: for demonstrations and tests."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def settings() -> Settings:
    return load(click.get_current_context().obj)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@shared
@click.version_option(package_name="watchbook", prog_name="watchbook-office")
def cli() -> None:
    """The office of Watchbook (巡更簿): takes in what handhelds recorded and shows it to supervisors."""


@cli.command()
@shared
@served
def serve(began: str | None) -> None:
    """API and web pages. Prints `listening URL` once it answers; SIGTERM ends it gracefully."""
    from sync.office import commands

    commands.serve(settings(), began)


@cli.command()
@shared
@served
@click.option("--days", type=click.IntRange(0, 31), default=2, show_default=True, help="Days of invented rounds.")
def demo(began: str | None, days: int) -> None:
    """Serve an example: one compound, its people, and the rounds of the last days."""
    from sync.office import commands

    commands.demo(settings(), began, days)


# -- plans ---------------------------------------------------------------------------------------


@cli.group()
@shared
def plan() -> None:
    """Plans of sites: YAML in."""


@plan.command("check")
@shared
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--people", type=click.Path(exists=True, dir_okay=False), help="People file to check together with it.")
def plan_check(file: str, people: str | None) -> None:
    """Every fault of FILE at once, with line and remedy. Exit 1 when there is one."""
    from sync.office import commands

    sys.exit(commands.plan_check(settings(), file, people))


@plan.command("import")
@shared
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--people", type=click.Path(exists=True, dir_okay=False), help="The people file, taken together with it.")
def plan_import(file: str, people: str | None) -> None:
    """Take FILE as the site's new revision and send it to the handhelds. With any fault nothing is taken."""
    from sync.office import commands

    sys.exit(commands.plan_import(settings(), file, people))


# -- handhelds -----------------------------------------------------------------------------------


@cli.group()
@shared
def device() -> None:
    """Handhelds."""


@device.command("add")
@shared
@click.argument("name")
@click.option("--site", required=True, help="Site it belongs to.")
def device_add(name: str, site: str) -> None:
    """A one-use enrolment code for a new handheld called NAME, as text and QR."""
    from sync.office import commands

    commands.device_add(settings(), name, site)


@device.command("list")
@shared
@click.option("--site", help="Only those of one site.")
def device_list(site: str | None) -> None:
    """All handhelds."""
    from sync.office import commands

    commands.device_list(settings(), site)


@device.command("revoke")
@shared
@click.argument("device")
@click.option("--site", help="When several sites have one of that name.")
def device_revoke(device: str, site: str | None) -> None:
    """Take a lost handheld's rights (id or name). What it still sends is kept aside."""
    from sync.office import commands

    commands.device_revoke(settings(), device, site)


# -- people --------------------------------------------------------------------------------------


@cli.group()
@shared
def user() -> None:
    """Accounts of the pages, and what handhelds ask people for."""


@user.command("add")
@shared
@click.argument("name")
@click.option("--role", required=True, metavar="ROLE", help="One of: " + ", ".join(ROLES) + ".")
@click.option("--person", help="Id in the people file.")
@click.option("--password-stdin", "from_stdin", is_flag=True, help="Read the password from standard input.")
def user_add(name: str, role: str, person: str | None, from_stdin: bool) -> None:
    """An account for the pages, or a new password and role for one. Its open sessions end."""
    from sync.office import commands

    commands.user_add(settings(), name, role, person, from_stdin=from_stdin)


@user.command("pin")
@shared
@click.argument("person")
@click.option("--pin-stdin", "from_stdin", is_flag=True, help="Read the PIN from standard input.")
def user_pin(person: str, from_stdin: bool) -> None:
    """A new PIN for PERSON, which handhelds ask for."""
    from sync.office import commands

    commands.user_pin(settings(), person, from_stdin=from_stdin)


@user.command("badge")
@shared
@click.argument("person")
def user_badge(person: str) -> None:
    """A new badge for PERSON: its code is shown this once; the badge before is void."""
    from sync.office import commands

    commands.user_badge(settings(), person)


# -- labels and records --------------------------------------------------------------------------


@cli.command()
@shared
@click.argument("site")
def labels(site: str) -> None:
    """The label code of every point of SITE, a JSON line each (--json)."""
    from sync.office import commands

    commands.labels(settings(), site)


@cli.command()
@shared
@click.option("--jsonl", is_flag=True, help="One JSON line each, as received.")
@click.option("--site", help="Only one site's.")
def export(jsonl: bool, site: str | None) -> None:
    """All records as received, with head signatures and the office's receipts, for `watchbook verify`."""
    from sync.office import commands

    commands.export(settings(), site, jsonl=jsonl)


def main(args: list[str] | None = None) -> None:
    """Run a command; every trouble a person can act on is one sentence and an exit code of the contract."""
    from sqlalchemy.exc import SQLAlchemyError

    flags: dict[str, Any] = {}
    try:
        cli.main(args, obj=flags)
    except WatchbookError as e:
        _fail(e, flags)
    except SQLAlchemyError as e:
        why = str(getattr(e, "orig", None) or type(e).__name__)
        _fail(WatchbookError("office_cli.store_failed", why=why), flags)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output is gone; nobody is left to tell
        sys.exit(1)


def _fail(error: WatchbookError, flags: dict[str, Any]) -> None:
    click.echo(error.say(_lang(flags)), err=True)
    sys.exit(next((code for kind, code in EXIT if isinstance(error, kind)), 1))


def _lang(flags: dict[str, Any]) -> str:
    try:
        return load(flags).lang
    except WatchbookError:
        return "zh"
