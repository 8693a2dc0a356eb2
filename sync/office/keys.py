"""The office's own Ed25519 key: made at the first start, kept in the data directory, pinned by every handheld.

Receipts and answers to hello are signed with it. Who loses it must enrol every handheld anew, so it
belongs into the backup, and nowhere else.
"""

import os
from pathlib import Path
from typing import Final

from app.errors import WatchbookError
from app.logbook.keys import PrivateKey

FILE: Final = "office.key"


class KeyUnusable(WatchbookError):
    """The administrator: bring the key back from the backup."""


class OfficeKey:
    """The key as it is used. `public` is 32 raw bytes."""

    def __init__(self, private: PrivateKey) -> None:
        self._private = private
        self.public: bytes = private.public

    @classmethod
    def open(cls, folder: Path) -> "OfficeKey":
        """The key of this data directory, made if there is none. Raises KeyUnusable on a damaged file."""
        path = folder / FILE
        if not path.exists():
            _make(path)
        raw = path.read_bytes()
        if len(raw) != 32:
            raise KeyUnusable("sync.key_unusable", path=str(path))
        return cls(PrivateKey.of(raw))

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


def _make(path: Path) -> None:
    """Write a new key whole or not at all; if another process was quicker, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{FILE}.{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, PrivateKey.new().private())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
