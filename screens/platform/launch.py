"""Before the first screen: what Textual and Python read from the environment, and whether there is a terminal.

Nothing here imports Textual: it reads its settings while it is imported.
"""

import gc
import os
import sys
from collections.abc import Mapping
from typing import Final

from app.words import say

ENVIRONMENT: Final = {
    "TEXTUAL_ANIMATIONS": "none",  # a scrolled list costs 33 ms a key with them, 6 without
    "TEXTUAL_DISABLE_KITTY_KEY": "1",  # one name per key; its parser can be crashed by a key sequence
    "ESCDELAY": "25",  # ms until a lone ESC is the Escape key
    # Python's own default. Looking it up reads every setting of Python's build: 0.6 MB and 5 ms for this line.
    "PYTHONTZPATH": "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
}
USAGE: Final = 2


def prepare_environment() -> None:
    """Set what they read, unless the caller's environment says otherwise. Call before importing Textual or zoneinfo.

    The garbage collector rests until `ready()`: it would walk everything imported several times.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    gc.disable()


def ready() -> None:
    """The first screen stands: collect again from now on, without looking at what start-up made."""
    gc.freeze()
    gc.enable()


def require_terminal(lang: str) -> None:
    """Return when keys and screen are a terminal; otherwise one sentence and SystemExit(2)."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        sys.stderr.write(say(lang, "platform.no_terminal") + "\n")
        raise SystemExit(USAGE)


def shown_lang(lang: str, env: Mapping[str, str]) -> str:
    """`lang`, or English where Chinese cannot be shown."""
    return lang if console_shows_chinese(env) else "en"


def console_shows_chinese(env: Mapping[str, str]) -> bool:
    """False on the bare Linux console, whose font holds 512 signs at most: use English there and say so
    (`platform.english_only`). A terminal inside a graphical screen, tmux or SSH names itself otherwise.
    """
    return not env.get("TERM", "").startswith("linux")


def console_draws_blocks(env: Mapping[str, str], encoding: str) -> bool:
    """False where half blocks cannot be written, and on the bare Linux console: most of its fonts have none."""
    try:
        "\u2580\u2584\u2588".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return console_shows_chinese(env)
