"""A command line that was wrong: what it said and how it is written, in the language of whoever typed it.

Knows the command-line library's troubles by their kind; loaded only when there is one.
"""

import re
from collections.abc import Callable
from typing import Final

import click
from click.exceptions import NoArgsIsHelpError

from app.text import clean
from app.words import say

MOST: Final = 60
"""Characters quoted of what was typed."""
_EXTRA: Final = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)
_PATHS: Final = {
    "does not exist": "misuse.no_file",
    "is a directory": "misuse.is_folder",
    "is a file": "misuse.is_file",
    "is not readable": "misuse.unreadable",
    "is not writable": "misuse.unwritable",
}


def explain(error: click.ClickException, lang: str) -> str:
    """Usage, where help is, and what is wrong; the whole help where a command was named and nothing asked of it."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, NoArgsIsHelpError):
        return error.message
    if ctx is None:
        return _wrong(error, lang)
    usage = " ".join((ctx.command_path, *ctx.command.collect_usage_pieces(ctx)))
    how = (say(lang, "misuse.usage", usage=usage), say(lang, "misuse.help", command=ctx.command_path))
    return "\n".join((*how, "", _wrong(error, lang)))


def _wrong(error: click.ClickException, lang: str) -> str:
    name: Callable[[click.Parameter | None], str] = lambda param: _name(error, param)  # noqa: E731 - a short name, twice
    match error:
        case click.NoSuchOption():
            return _near(lang, "misuse.no_option", error.option_name, error.possibilities)
        case click.NoSuchCommand():
            return _near(lang, "misuse.no_command", error.command_name, error.possibilities)
        case click.MissingParameter():
            return say(lang, "misuse.missing", name=name(error.param))
        case click.BadParameter():
            return _bad(error, name(error.param), lang)
        case click.BadOptionUsage() if "does not take" in error.message:
            return say(lang, "misuse.takes_none", name=error.option_name)
        case click.BadOptionUsage():
            return say(lang, "misuse.needs_value", name=error.option_name)
    extra = _EXTRA.fullmatch(error.message)
    return say(lang, "misuse.extra", words=clean(extra[1], MOST)) if extra else clean(error.format_message(), 200)


def _name(error: click.ClickException, param: click.Parameter | None) -> str:
    """As it is written: `--speed`, `CODE`."""
    if isinstance(param, click.Option):
        return param.opts[-1]
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    return param.make_metavar(ctx).strip("[]") if param and ctx else ""


def _near(lang: str, key: str, typed: str, known: object) -> str:
    from difflib import get_close_matches

    words = sorted(known) if isinstance(known, (list, tuple, set, dict)) else []
    near = next(iter(get_close_matches(typed, words, n=1)), "")
    said = say(lang, key, name=clean(typed, MOST))
    return f"{said}{say(lang, 'misuse.near', near=near)}" if near else said


def _bad(error: click.BadParameter, name: str, lang: str) -> str:
    kind = error.param.type if error.param else None
    match kind:
        case click.Choice():
            return say(lang, "misuse.not_one_of", name=name, known=", ".join(map(str, kind.choices)))
        case click.IntRange() | click.FloatRange():
            return say(lang, f"misuse.number{_bounds(kind)}", name=name, low=kind.min, high=kind.max)
        case click.Path():
            found = next((key for words, key in _PATHS.items() if words in error.message), "misuse.no_file")
            typed = re.search(r"'(.*)'", error.message)
            return say(lang, found, name=name, path=clean(typed[1], 200) if typed else "")
    if kind in (click.INT, click.FLOAT):
        return say(lang, "misuse.number", name=name)
    return say(lang, "misuse.bad_value", name=name)


def _bounds(kind: click.IntRange | click.FloatRange) -> str:
    if kind.min is None:
        return "" if kind.max is None else "_most"
    return "_least" if kind.max is None else "_between"
