"""Seeded bugs: each breaks one promise of the disk, and some torture must find it. None of them is in the product."""

import os
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Final

from app.logbook.disk import Disk


class NoFlush(Disk):
    """Files are never flushed."""

    def sync(self, name: str, fd: int) -> None:
        self.step(name)


class NoFolderFlush(Disk):
    """Names are never flushed."""

    def sync_folder(self, name: str, folder: Path) -> None:
        self.step(name)


class AnswersBeforeFlush(Disk):
    """An append is flushed only when the next thing is done: after its answer."""

    _owed: int | None = None

    def sync(self, name: str, fd: int) -> None:
        if name != "append.sync":
            super().sync(name, fd)
            return
        self.step(name)
        self._owed = os.dup(fd)

    def step(self, name: str) -> None:
        if self._owed is not None and not name.startswith(("append.sync", "hint.")):
            owed, self._owed = self._owed, None
            super().sync("append.sync", owed)
            os.close(owed)
        super().step(name)


class AnswersBeforeWrite(Disk):
    """An append whose bytes have `_held` in them is written only when the next thing is done: after its answer."""

    _held = b""
    _owed: tuple[int, bytes, int] | None = None

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        if name != "append.write" or self._held not in data:
            return super().write(name, fd, data, at)
        self.step(name)
        self._owed = os.dup(fd), data, at
        return len(data)

    def step(self, name: str) -> None:
        if self._owed is not None and self._is_next(name):
            (fd, data, at), self._owed = self._owed, None
            os.pwrite(fd, data, at)
            with suppress(OSError):
                os.fdatasync(fd)
            os.close(fd)
        super().step(name)

    def _is_next(self, name: str) -> bool:
        return not name.startswith(("append.sync", "hint."))


class AnswersReceiptsEarly(AnswersBeforeWrite):
    """The office's receipt is written after it was answered for."""

    _held = b'"note":"receipt"'


class PrunesTooEarly(AnswersBeforeWrite):
    """What is old is removed before the record that says so is written."""

    _held = b'"kind":"book.pruned"'

    def _is_next(self, name: str) -> bool:
        return name in ("prune.folder", "append.write")


class MovesTooEarly(AnswersBeforeWrite):
    """A closed book is moved, and the next one begun, before its last record is written."""

    _held = b'"kind":"book.closed"'

    def _is_next(self, name: str) -> bool:
        return name == "append.write"


class EndNotFlushed(Disk):
    """The last record of a closed book is never flushed."""

    _is_end = False

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        self._is_end = b'"kind":"book.closed"' in data
        return super().write(name, fd, data, at)

    def sync(self, name: str, fd: int) -> None:
        if self._is_end:
            self.step(name)
        else:
            super().sync(name, fd)


class InPlace(Disk):
    """Files are written where they stand instead of aside and renamed."""

    def store(self, subject: str, path: Path, data: bytes) -> None:
        fd = self.create(f"{subject}.create", path)
        try:
            self.write_all(f"{subject}.write", fd, data)
            self.sync(f"{subject}.sync", fd)
        finally:
            os.close(fd)
        self.sync_folder(f"{subject}.folder", path.parent)


class SwallowsErrors(Disk):
    """A write that fails is taken for done."""

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        with suppress(OSError):
            return super().write(name, fd, data, at)
        return len(data)


class HalfIsWhole(Disk):
    """A write that was cut short is taken for done."""

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        taken = super().write(name, fd, data, at)
        return len(data) if taken else 0


class WritesLittleAgain(Disk):
    """Of what an opening found only the last 16 KiB are written once more."""

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        skipped = max(0, len(data) - 16 * 1024) if name == "again.write" else 0
        return skipped + super().write(name, fd, data[skipped:], at + skipped)


class TrustsWhatItFound(Disk):
    """What an opening found is called durable though the disk refused to take it."""

    def sync(self, name: str, fd: int) -> None:
        with suppress(OSError) if name == "again.sync" else nullcontext():
            super().sync(name, fd)


TWINS: Final[dict[str, type[Disk]]] = {
    "": Disk,
    "no fsync": NoFlush,
    "no directory fsync": NoFolderFlush,
    "ack before fsync": AnswersBeforeFlush,
    "ack before write": AnswersBeforeWrite,
    "receipt after its answer": AnswersReceiptsEarly,
    "half is whole": HalfIsWhole,
    "prunes before it says so": PrunesTooEarly,
    "moves a book before its end is written": MovesTooEarly,
    "end of a book not flushed": EndNotFlushed,
    "in place": InPlace,
    "swallows errors": SwallowsErrors,
    "writes too little again": WritesLittleAgain,
    "calls what it found durable": TrustsWhatItFound,
}


def broken(twin: str, base: type[Disk]) -> type[Disk]:
    """`base` with the twin's bug."""
    return type("Twin", (TWINS[twin], base), {}) if twin else base
