"""The command line of the handheld. A command says what it needs and calls the room that does it.

Options of the contract may stand before or after a command's own arguments. Programs read stdout
(`--json`, JSON Lines); sentences for people about trouble go to stderr in the chosen language.
"""

import json
import sys
from collections.abc import Callable
from typing import Any, Final

import click

from app.errors import BookInUse, ChainBroken, OfficeAway, WatchbookError
from app.settings import Settings, load
from app.usage import asked_lang, speak
from app.words import LANGS, say

EXIT: Final[tuple[tuple[type[WatchbookError], int], ...]] = ((BookInUse, 3), (ChainBroken, 5), (OfficeAway, 6))


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if value is not None and param.name:
        _flags(ctx)[param.name] = value


def _option(*names: str, **attrs: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(*names, expose_value=False, callback=_keep, **attrs)


_OPTIONS: Final = {
    "data_dir": _option("--data-dir", metavar="DIR"),
    "office": _option("--office", metavar="URL"),
    "lang": _option("--lang", type=click.Choice(LANGS)),
    "json": _option("--json", "as_json", is_flag=True, default=None),
    "feed": _option("--feed", metavar="FILE|FIFO|-"),
}


def shared(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options `names`; what is said there wins over what stood before the command."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            function = _OPTIONS[name](function)
        return function

    return add


def settings() -> Settings:
    return load(_flags(click.get_current_context()))


def wants_json() -> bool:
    return bool(_flags(click.get_current_context()).get("as_json"))


def _flags(ctx: click.Context) -> dict[str, Any]:
    flags: dict[str, Any] = ctx.find_root().ensure_object(dict)
    return flags


@click.group(invoke_without_command=True)
@shared("data_dir", "office", "lang", "json", "feed")
@click.version_option(package_name="watchbook", prog_name="watchbook")
@click.pass_context
def cli(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        ctx.invoke(run)


@cli.command()
@shared("data_dir", "lang", "feed")
@click.pass_context
def run(ctx: click.Context) -> None:
    from screens.run import main as run_terminal

    sys.exit(run_terminal(_flags(ctx)))


@cli.command()
@shared("data_dir", "lang")
@click.option("--no-office", is_flag=True)
@click.option("--speed", type=click.FloatRange(0.1, 100), default=1.0)
@click.option("--at", "start", default="22:00", metavar="HH:MM")
@click.pass_context
def demo(ctx: click.Context, no_office: bool, speed: float, start: str) -> None:
    from screens.demo import main as run_demo

    sys.exit(run_demo(_flags(ctx), with_office=not no_office, speed=speed, start=start))


@cli.command()
@shared("data_dir", "office", "lang", "json")
@click.argument("code")
@click.option("--name", default="")
def enrol(code: str, name: str) -> None:
    from screens import commands

    sys.exit(commands.enrol(settings(), code, name, as_json=wants_json()))


@cli.command()
@shared("data_dir", "lang", "json")
@click.option("--once", is_flag=True)
def sync(once: bool) -> None:
    from screens import commands

    sys.exit(commands.sync(settings(), once=once, as_json=wants_json()))


@cli.command()
@shared("data_dir", "lang")
@click.option("--stdin", "from_stdin", is_flag=True, required=True)
def record(from_stdin: bool) -> None:
    from screens import commands

    sys.exit(commands.record(settings(), sys.stdin.buffer, sys.stdout))


@cli.command()
@shared("data_dir", "lang", "json")
@click.option("--jsonl", is_flag=True)
def log(jsonl: bool) -> None:
    from screens import commands

    sys.exit(commands.log(settings(), jsonl=jsonl or wants_json()))


@cli.command()
@shared("data_dir", "lang", "json")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--trust", metavar="FINGERPRINT")
def verify(file: str | None, trust: str | None) -> None:
    from screens import commands

    sys.exit(commands.verify(settings(), file, trust, as_json=wants_json()))


@cli.command()
@shared("data_dir", "lang", "json")
def status() -> None:
    from screens import commands

    commands.status(settings(), as_json=wants_json())


@cli.command()
@shared("data_dir", "lang", "json", "feed")
@click.option("--seconds", type=click.FloatRange(min=0.1))
def scan(seconds: float | None) -> None:
    from screens import commands

    sys.exit(commands.scan(settings(), seconds, as_json=wants_json()))


@cli.command()
@shared("lang", "json")
def keys() -> None:
    from screens.keys import ACTIONS

    lang = settings().lang
    if wants_json():
        rows = [
            {"action": action.words.partition(".")[2], "key": action.shown, "does": say(lang, action.words)}
            for action in ACTIONS
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for action in ACTIONS:
        click.echo(f"{action.shown:<10} {say(lang, action.words)}")


def main() -> None:
    """Run a command; every trouble a person can act on is one sentence and an exit code of the contract."""
    flags: dict[str, Any] = {}
    lang = asked_lang(sys.argv[1:])
    speak(cli, "usage", lang)
    try:
        cli.main(obj=flags, standalone_mode=True)
    except WatchbookError as e:
        click.echo(e.say(flags.get("lang") or lang), err=True)
        sys.exit(next((code for kind, code in EXIT if isinstance(e, kind)), 1))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output is gone; nobody is left to tell
        sys.exit(1)
