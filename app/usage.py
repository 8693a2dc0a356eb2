"""What both command lines do alike: help in the reader's language, shared options, and how trouble ends them.

The command-line library comes in with whoever has one; bare `watchbook` never imports it.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from app.errors import BookInUse, ChainBroken, OfficeAway, WatchbookError
from app.settings import lang_of
from app.words import LANGS, say, table

if TYPE_CHECKING:
    import click

F = TypeVar("F", bound=Callable[..., Any])
DAMAGED: Final = 4
"""Exit code: opened, but damage was found and set aside."""
EXIT: Final[tuple[tuple[type[WatchbookError], int], ...]] = ((BookInUse, 3), (ChainBroken, 5), (OfficeAway, 6))
"""What a trouble ends with; anything else is 1."""
NO_FIELDS: Final[Mapping[str, str]] = {}


class Spoken(Protocol):
    """Settings, as far as they say what language people read."""

    @property
    def lang(self) -> str: ...


def run(
    command: "click.Command",
    subject: str,
    load: Callable[[Mapping[str, Any]], Spoken],
    argv: Sequence[str] | None = None,
    **fields: str,
) -> None:
    """Run a command line; every trouble a person can act on is one sentence and an exit code of the contract.

    Its help stands in the catalogue `subject`, filled with `fields`; `load` reads the settings from the flags.
    """
    import click

    given = list(sys.argv[1:] if argv is None else argv)
    lang = asked_lang(given)
    speak(command, subject, lang, fields=fields)
    kept: dict[str, Any] = {}
    try:
        sys.exit(command.main(given, obj=kept, standalone_mode=False))
    except click.ClickException as e:
        from app.misuse import explain

        sys.stderr.write(explain(e, lang) + "\n")
        sys.exit(e.exit_code)
    except click.Abort:
        sys.stderr.write(say(lang, "misuse.stopped") + "\n")
        sys.exit(1)
    except WatchbookError as e:
        sys.stderr.write(e.say(_lang(load, kept, lang)) + "\n")
        sys.exit(exit_code(e))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output is gone; nobody is left to tell
        sys.exit(1)


def exit_code(error: WatchbookError) -> int:
    """What a program that `error` stopped ends with."""
    return next((code for kind, code in EXIT if isinstance(error, kind)), 1)


def speak(
    command: "click.Command",
    subject: str,
    lang: str,
    name: str = "main",
    parent: "click.Context | None" = None,
    fields: Mapping[str, str] = NO_FIELDS,
) -> None:
    """Give `command`, its options and its subcommands their help from the catalogue `subject`.

    A subcommand's sentence is called like it (`plan_check`), an option's `opt_` and its name, or `opt_`, its
    command's name and its own where it means something else there.
    """
    command.context_class = _context(lang)
    here = command.context_class(command, parent, name, **command.context_settings)
    command.help = say(lang, f"{subject}.{name}", **fields)
    for option in command.get_params(here):
        if option.param_type_name == "option":
            own = "help" if option is command.get_help_option(here) else option.name
            special = f"opt_{name}_{own}"
            option.help = say(lang, f"{subject}.{special if special in table(subject) else f'opt_{own}'}", **fields)
    for own, sub in getattr(command, "commands", {}).items():
        speak(sub, subject, lang, own if name == "main" else f"{name}_{own}", here, fields)


def _context(lang: str) -> "type[click.Context]":
    """A context whose help has its headings in the reader's language."""
    import click

    class Formatter(click.HelpFormatter):
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, say(lang, "misuse.usage", usage=""))

        def write_heading(self, heading: str) -> None:
            known = {"Options": "misuse.options", "Commands": "misuse.commands"}
            super().write_heading(say(lang, known[heading]) if heading in known else heading)

    class Context(click.Context):
        formatter_class = Formatter

    return Context


def asked_lang(argv: Sequence[str], env: Mapping[str, str] = os.environ) -> str:
    """The language of a command line that is not parsed yet."""
    for here, after in zip(argv, [*argv[1:], ""], strict=True):
        found = after if here == "--lang" else here.removeprefix("--lang=")
        if here.startswith("--lang") and found in LANGS:
            return found
    found = env.get("WATCHBOOK_LANG", "")
    return found if found in LANGS else lang_of(env)


def option(*names: str, **how: Any) -> Callable[[F], F]:
    """An option that may stand before or after a command's name; what stands nearer to the command wins."""
    import click

    return click.option(*names, expose_value=False, callback=_keep, **how)


def options(*each: Callable[[F], F]) -> Callable[[F], F]:
    """Several options at once, in the order of the help."""

    def add(function: F) -> F:
        for one in reversed(each):
            function = one(function)
        return function

    return add


def flags(ctx: "click.Context") -> dict[str, Any]:
    """What the shared options said so far."""
    kept: dict[str, Any] = ctx.find_root().ensure_object(dict)
    return kept


def _keep(ctx: "click.Context", param: "click.Parameter", value: object) -> None:
    if value is not None and param.name:
        flags(ctx)[param.name] = value


def _lang(load: Callable[[Mapping[str, Any]], Spoken], kept: Mapping[str, Any], asked: str) -> str:
    """The language of the settings; the one asked for when they are the trouble."""
    try:
        return load(kept).lang
    except WatchbookError:
        return asked
