"""`watchbook doctor`: what was found of each part, a line each, or as one JSON document, or as the support file."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from app.errors import WatchbookError
from app.settings import Settings
from app.text import cells
from app.words import say
from screens.wrapping import wrap
from sync.doctor import Part, look, why_of

STATE_CELLS, PART_CELLS = 8, 11


class BundleRefused(WatchbookError):
    """Whoever asked for the support file: it cannot be written there."""


def main(settings: Settings, *, as_json: bool, bundle: Path | None = None) -> int:
    """Print what was found, a line each as it comes, or all as one JSON document. Exit code 1: something is to do.

    `bundle` is where the support file goes: then that is what was asked for. Raises BundleRefused.
    """
    found = []
    for part in look(settings):
        found.append(part)
        if not as_json:
            _print(settings.lang, part)
    todo = sum(part.state == "todo" for part in found)
    if as_json:
        parts = [{"part": part.part, "state": part.state, "says": part.says(settings.lang)} for part in found]
        print(json.dumps({"ok": not todo, "parts": parts}, ensure_ascii=False))
    else:
        print(say(settings.lang, "doctor.some" if todo else "doctor.all_well", n=todo))
    if bundle is not None:
        _save(settings, found, bundle)
        if not as_json:
            print(say(settings.lang, "doctor.bundled", file=bundle))
        return 0
    return 1 if todo else 0


def _save(settings: Settings, found: Sequence[Part], path: Path) -> None:
    from sync.support import bundle

    try:
        path.write_bytes(bundle(settings, found))
    except OSError as e:
        raise BundleRefused("doctor.bundle_refused", file=path, why=why_of(settings.lang, e)) from e


def _print(lang: str, part: Part) -> None:
    state, name = say(lang, f"doctor.{part.state}"), say(lang, f"doctor.{part.part}")
    head = f"{state}{' ' * (STATE_CELLS - cells(state))}{name}{' ' * max(1, PART_CELLS - cells(name))}"
    width = max(20, (shutil.get_terminal_size((0, 0)).columns or 10**6) - 4)
    for place, row in enumerate(wrap(head + part.says(lang), width, "")):
        print(("    " if place else "") + row, flush=True)
