"""What the last talk with the office left behind, for the next program on this handheld.

A hint, not evidence: written without waiting for the disk, and absent or unreadable it is simply not known.
"""

from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app.words import LANGS, say

NAME = "standing.json"


class Reason(Struct, frozen=True):
    """What stopped a round: a sentence of app.words and its fields."""

    key: str
    fields: dict[str, object] = {}


class Standing(Struct, frozen=True):
    off: int | None = None
    """Office clock minus ours, ms, as last measured."""
    reason: Reason | None = None
    """What stopped the last round; None when it went through."""


def load(folder: Path) -> Standing:
    try:
        found = msgspec.json.decode((folder / NAME).read_bytes(), type=Standing)
    except (OSError, ValueError, RecursionError):
        return Standing()
    return found if found.reason is None or _is_said(found.reason) else replace(found, reason=None)


def _is_said(reason: Reason) -> bool:
    """Whether this program has the sentence: another version of it may have left another one."""
    try:
        say(LANGS[0], reason.key, **reason.fields)
    except (LookupError, ValueError, TypeError, AttributeError):
        return False
    return True


def save(folder: Path, standing: Standing) -> None:
    """Keep it, unless it stands there already. A full disk is no reason to stop anything."""
    if standing == load(folder):
        return
    part = folder / f"{NAME}.part"
    try:
        part.write_bytes(msgspec.json.encode(standing))
        part.replace(folder / NAME)
    except OSError:
        with suppress(OSError):  # a disk that cannot be written does not remove either
            part.unlink(missing_ok=True)
