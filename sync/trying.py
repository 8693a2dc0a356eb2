"""Another release's program, asked to look at this handheld's book before it may write in it.

It reads beside the running one; what it finds ill must be ill to the running one too.
"""

import os
import subprocess
from pathlib import Path
from typing import Any, Final

import msgspec

TRYING_S: Final = 600
ASKED: Final = ("verify", "doctor")
"""Commands whose JSON tells whether the book is well."""


def opens(new: Path, version: str, own: Path, data_dir: Path) -> bool:
    """Whether the release in the folder `new` is `version`, and finds the book as well as the one in `own` does."""
    if version not in run([_program(new), "--version"], TRYING_S)[1].split():
        return False
    return all(_finds_well(new, own, command, data_dir) for command in ASKED)


def _finds_well(new: Path, own: Path, command: str, data_dir: Path) -> bool:
    said = _asked(new, command, data_dir)
    if said is None or _is_well(said):
        return said is not None
    return not _is_well(_asked(own, command, data_dir))


def _asked(release: Path, command: str, data_dir: Path) -> Any:
    """The JSON that a release's command prints; None when it prints none."""
    said = run([_program(release), command, "--json", "--data-dir", str(data_dir)], TRYING_S)[1]
    try:
        return msgspec.json.decode(said)
    except ValueError:
        return None


def _is_well(said: Any) -> bool:
    """Whether `verify` finds no book broken, or `doctor` that the book is not to be seen to."""
    if not isinstance(said, dict):
        return False
    books, parts = said.get("books", ()), said.get("parts", ())
    whole = [book for book in books if book.get("broken") is None]
    looked = [part for part in parts if part.get("part") == "book" and part.get("state") == "ok"]
    return len(whole) == len(books) > 0 or bool(looked)


def _program(release: Path) -> str:
    return str(release / "bin" / "watchbook")


def run(command: list[str], limit_s: int) -> tuple[int, str]:
    """(exit code, standard output) of something that may take its time, behind everything else; 1 when it takes
    longer, or cannot be begun."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    try:
        behind = ["nice", *command]  # what its publisher signed
        done = subprocess.run(  # noqa: S603
            behind, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s, env=env
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 1, ""
    return done.returncode, done.stdout
