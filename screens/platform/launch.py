"""Before the first screen: what Textual and Python read from the environment, and whether there is a terminal.

Nothing here imports Textual: it reads its settings while it is imported.
"""

import contextlib
import gc
import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import Final

from app.settings import can_write, shows_chinese
from app.words import say

ENVIRONMENT: Final = {
    "TEXTUAL_ANIMATIONS": "none",  # a scrolled list costs 33 ms a key with them, 6 without
    "TEXTUAL_DISABLE_KITTY_KEY": "1",  # one name per key; its parser can be crashed by a key sequence
    "ESCDELAY": "25",  # ms until a lone ESC is the Escape key
    # Python's own default. Looking it up reads every setting of Python's build: 0.6 MB and 5 ms for this line.
    "PYTHONTZPATH": "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
}
USAGE: Final = 2
YOUNG: Final = 5000
"""Objects made at start-up between two looks at them: 0.4 MB less than none, and no slower."""
NEVER: Final = 1_000_000
LARGE: Final = 128 * 1024
"""Bytes: glibc's own idea of a large piece before it changes it."""
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
_USUAL: Final = gc.get_threshold()


def prepare_environment() -> None:
    """Set what they read, unless the caller's environment says otherwise. Call before importing Textual or zoneinfo.

    Until `ready()` the garbage collector looks at what is new only: it would walk everything imported several times.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    _ask_the_window()
    gc.set_threshold(YOUNG, NEVER, NEVER)


def _ask_the_window() -> None:
    """A shell may have exported how large the window was once (`eval $(resize)`): Textual would believe that for ever,
    before the window itself. Only where the window does not know, on a serial line, is it all there is."""
    with contextlib.suppress(OSError):
        if all(os.get_terminal_size(1)):
            for name in ("COLUMNS", "LINES"):
                os.environ.pop(name, None)


def ready() -> None:
    """The first screen stands: collect as usual from now on, without looking at what start-up made."""
    gc.freeze()
    gc.set_threshold(*_USUAL)


@cache
def spare_memory() -> None:
    """Large pieces go back to the system as soon as they are free, whichever thread had them: 2.4 MB of a round.

    By itself glibc raises its idea of large to the largest piece that was ever freed, 16 MB once a PIN was checked, and
    keeps what is smaller, in a heap of each thread.
    """
    _glibc("mallopt", _MMAP_THRESHOLD, LARGE)
    _glibc("mallopt", _ARENA_MAX, 1)


def sweep() -> None:
    """Throw away what closed pages left, and give the room back to the system. Takes about 10 ms: between two keys.

    A closed page holds itself in circles. The collector alone comes by when three more are closed: 1.1 MB of a round.
    """
    gc.collect()
    _glibc("malloc_trim", 0)


def _glibc(name: str, *numbers: int) -> None:
    """Call it, where the C library has it. By what ctypes stands on: ctypes itself takes 0.2 MB."""
    with contextlib.suppress(ImportError, OSError):
        from _ctypes import call_cdeclfunction, dlopen, dlsym

        itself = dlopen(None, 0)  # type: ignore[arg-type]  # None: what is loaded already
        call_cdeclfunction(dlsym(itself, name), numbers)


def require_terminal(lang: str) -> None:
    """Return when keys and screen are a terminal; otherwise one sentence and SystemExit(2)."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        sys.stderr.write(say(lang, "platform.no_terminal") + "\n")
        raise SystemExit(USAGE)


def console_draws_blocks(env: Mapping[str, str], encoding: str) -> bool:
    """False where half blocks cannot be written, and on the bare Linux console: most of its fonts have none."""
    return can_write("\u2580\u2584\u2588", encoding) and shows_chinese(env, encoding)
