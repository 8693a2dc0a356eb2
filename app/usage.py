"""The words of a command line's help, from the catalogues, in the language that was asked for."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from app.settings import lang_of
from app.words import LANGS, say

if TYPE_CHECKING:
    import click


def speak(command: "click.Command", subject: str, lang: str, name: str = "main") -> None:
    """Give `command`, its options and its subcommands their help from the catalogue `subject`.

    A subcommand's sentence is called like it (`plan_check`), an option's `opt_` and its name.
    """
    command.help = say(lang, f"{subject}.{name}")
    for option in command.params:
        if option.param_type_name == "option":
            option.help = say(lang, f"{subject}.opt_{option.name}")
    for own, sub in getattr(command, "commands", {}).items():
        speak(sub, subject, lang, own if name == "main" else f"{name}_{own}")


def asked_lang(argv: Sequence[str], env: Mapping[str, str] = os.environ) -> str:
    """The language of a command line that is not parsed yet."""
    for here, after in zip(argv, [*argv[1:], ""], strict=True):
        found = after if here == "--lang" else here.removeprefix("--lang=")
        if here.startswith("--lang") and found in LANGS:
            return found
    found = env.get("WATCHBOOK_LANG", "")
    return found if found in LANGS else lang_of(env)
