"""The command line of the handheld. A command says what it needs and calls the room that does it.

Options of the contract may stand before or after a command's own arguments. Programs read stdout
(`--json`, JSON Lines); sentences for people about trouble go to stderr in the chosen language.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from app import usage
from app.errors import WatchbookError
from app.settings import Settings, load
from app.usage import flags, option
from app.words import LANGS, say

_OPTIONS: Final = {
    "data_dir": option("--data-dir", metavar="DIR"),
    "office": option("--office", metavar="URL"),
    "lang": option("--lang", type=click.Choice(LANGS)),
    "json": option("--json", "as_json", is_flag=True, default=None),
    "feed": option("--feed", metavar="FILE|FIFO|-"),
}


def shared(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options `names`."""
    return usage.options(*(_OPTIONS[name] for name in names))


def settings() -> Settings:
    return load(flags(click.get_current_context()))


def _in_force() -> Settings:
    """With what the office set on this handheld, as the terminal has it."""
    found = settings()
    from app.logbook.journal import has_book
    from app.logbook.reader import Reader
    from screens.tuned import in_force

    try:
        if not has_book(found.data_dir):
            return found
        return in_force(flags(click.get_current_context()), Reader(found.data_dir))
    except (WatchbookError, OSError):
        return found  # what is wrong with the book is told by the command


def wants_json() -> bool:
    return bool(flags(click.get_current_context()).get("as_json"))


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

    sys.exit(run_terminal(flags(ctx)))


@cli.command()
@shared("data_dir", "lang")
@click.option("--no-office", is_flag=True)
@click.option("--speed", type=click.FloatRange(0.1, 100), default=1.0)
@click.option("--at", "start", default="22:00", metavar="HH:MM")
@click.pass_context
def demo(ctx: click.Context, no_office: bool, speed: float, start: str) -> None:
    from screens.demo import main as run_demo

    sys.exit(run_demo(flags(ctx), with_office=not no_office, speed=speed, start=start))


@cli.command()
@shared("data_dir", "office", "lang", "json")
@click.argument("code")
@click.option("--name", default="")
@click.option("--yes", is_flag=True)
def enrol(code: str, name: str, *, yes: bool) -> None:
    from screens import commands

    sys.exit(commands.enrol(settings(), code, name, leave_round=yes, as_json=wants_json()))


@cli.command()
@shared("data_dir", "lang", "json")
@click.option("--once", is_flag=True)
def sync(once: bool) -> None:
    from screens import commands

    sys.exit(commands.sync(settings(), once=once, as_json=wants_json()))


@cli.command()
@shared("data_dir", "lang", "json")
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--take", is_flag=True)
def handoff(folder: str, *, take: bool) -> None:
    from screens import handing

    sys.exit(handing.handoff(settings(), folder, take=take, as_json=wants_json()))


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
@click.option("--calibrate", metavar="POINT")
@click.option("--tag", metavar="FORMAT:ID")
def scan(seconds: float | None, calibrate: str | None, tag: str | None) -> None:
    if calibrate is not None:
        from screens.calibrate import calibrate as measure

        sys.exit(measure(settings(), calibrate, tag, seconds, as_json=wants_json()))
    if tag is not None:
        raise WatchbookError("calibrate.tag_alone")
    from screens import commands

    sys.exit(commands.scan(_in_force(), seconds, as_json=wants_json()))


@cli.command()
@shared("lang", "json")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
def read(images: tuple[str, ...]) -> None:
    from screens import reading

    sys.exit(reading.read(settings().lang, images, as_json=wants_json()))


@cli.command()
@shared("data_dir", "lang", "json")
@click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT.zip")
def doctor(bundle: Path | None) -> None:
    from screens import doctor as parts

    sys.exit(parts.main(_in_force(), as_json=wants_json(), bundle=bundle))


@cli.command()
@shared("lang", "json")
@click.option("--listen", type=click.FloatRange(1, 600), metavar="SECONDS")
def keys(listen: float | None) -> None:
    from screens.keys import ACTIONS, DIGITS, OTHERS

    lang = settings().lang
    if listen is not None:
        sys.exit(_listen(lang, listen))
    if wants_json():
        rows = [
            {"action": action.words.partition(".")[2], "key": action.shown, "does": say(lang, action.words)}
            for action in ACTIONS
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for shown, words in (("0-9", DIGITS[0].words), *((action.shown, action.words) for action in OTHERS)):
        click.echo(f"{shown:<10} {say(lang, words)}")


def _listen(lang: str, seconds: float) -> int:
    """Tell which keys beside the keypad are pressed, as the setting `side_keys` wants them."""
    from hardware.side_keys import devices, pressed_codes

    click.echo(say(lang, "cli.keys_listening", s=round(seconds)), err=True)
    heard = False
    for device, code in pressed_codes(devices(), seconds):
        heard = True
        click.echo(f"{device}:{code}")
    if not heard:
        click.echo(say(lang, "cli.keys_none"), err=True)
    return 0 if heard else 1


def main() -> None:
    """The console script, when it was given a command."""
    usage.run(cli, "usage", load)
