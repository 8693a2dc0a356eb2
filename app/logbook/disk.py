"""Every call that changes the disk, each under a name, so that a test can fail or kill exactly one.

Nothing here knows what a record is. The names are `subject.action` (`append.sync`, `key.rename`);
`Disk.step` is called with the name just before the call is made. OSError passes through: the caller
knows what a failure at that place means.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.errors import BookInUse, BookUnsafe

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Disk:
    """The real disk. Tests subclass it and override `step`, or single calls."""

    def step(self, name: str) -> None:
        """Called before each call that changes the disk."""

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        """One pwrite; how many bytes the system took, which may be fewer than asked."""
        self.step(name)
        return os.pwrite(fd, data, at)

    def sync(self, name: str, fd: int) -> None:
        """Data and size durable (fdatasync)."""
        self.step(name)
        os.fdatasync(fd)

    def cut(self, name: str, fd: int, size: int) -> None:
        self.step(name)
        os.ftruncate(fd, size)

    def rename(self, name: str, old: Path, new: Path) -> None:
        self.step(name)
        os.rename(old, new)

    def remove(self, name: str, path: Path) -> None:
        self.step(name)
        path.unlink(missing_ok=True)

    def create(self, name: str, path: Path) -> int:
        """An empty file of ours alone (0600), open for reading and writing; an older one is emptied.

        A link of that name, on a stick that somebody prepared, is refused: what it leads to is not ours.
        """
        self.step(name)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def keep(self, name: str, path: Path) -> int:
        """A file of ours alone, made when it is not there, open for writing."""
        self.step(name)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def edit(self, path: Path) -> int:
        """An existing file, open for reading and writing."""
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def sync_folder(self, name: str, folder: Path) -> None:
        """Names in `folder` durable."""
        self.step(name)
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def make_folder(self, name: str, folder: Path) -> None:
        """`folder` and its missing parents, 0700, durable. Nothing happens when it is there."""
        if folder.is_dir():
            return
        if not folder.parent.is_dir():
            self.make_folder(name, folder.parent)
        self.step(name)
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            self.sync_folder(f"{name}-sync", folder.parent)
        except OSError:
            with suppress(OSError):  # while it stands there nobody would flush its name again
                folder.rmdir()
            raise

    def write_all(self, name: str, fd: int, data: bytes, at: int = 0) -> None:
        """All of `data`, in as many calls as it takes. Raises OSError(ENOSPC) when the disk takes nothing more."""
        view = memoryview(data)
        while view:
            taken = self.write(name, fd, bytes(view), at)
            if taken <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            view, at = view[taken:], at + taken

    def store(self, subject: str, path: Path, data: bytes) -> None:
        """`path` holds `data`, durably, or what it held before: written aside, synced, renamed, folder synced."""
        part = path.with_name(path.name + ".part")
        fd = self.create(f"{subject}.create", part)
        try:
            self.write_all(f"{subject}.write", fd, data)
            self.sync(f"{subject}.sync", fd)
        finally:
            os.close(fd)
        self.rename(f"{subject}.rename", part, path)
        self.sync_folder(f"{subject}.folder", path.parent)

    def blank(self, subject: str, path: Path) -> None:
        """Overwrite a file's bytes with zeros, durably (flash may keep the old ones: docs/evidence.md)."""
        fd = self.edit(path)
        try:
            self.write_all(f"{subject}.blank", fd, bytes(os.fstat(fd).st_size))
            self.sync(f"{subject}.blank-sync", fd)
        finally:
            os.close(fd)


def lock(folder: Path) -> int:
    """The one writer's lock on a data folder; freed by the kernel when the descriptor or the process ends.

    Raises BookInUse when another process, or another Logbook of this one, holds it.
    """
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as e:
        os.close(fd)
        raise BookInUse("book.in_use", folder=str(folder)) from e
    return fd


def unsafe(error: OSError) -> BookUnsafe:
    """What a failed call means to the person who wanted something recorded: nothing was saved."""
    if error.errno in FULL:
        return BookUnsafe("book.disk_full")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return BookUnsafe("book.read_only")
    return BookUnsafe("book.disk_error", why=os.strerror(error.errno) if error.errno else str(error))


@contextmanager
def reading() -> Iterator[None]:
    """A disk that does not give what is there: raises BookUnsafe. It is no damage, and nothing is changed by it.

    What is not there passes as FileNotFoundError: the caller knows what that means.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as e:
        raise BookUnsafe("book.disk_unread", why=os.strerror(e.errno) if e.errno else str(e)) from e


@contextmanager
def saving() -> Iterator[None]:
    """A disk that refuses inside means that nothing was saved: raises BookUnsafe."""
    try:
        yield
    except OSError as e:
        raise unsafe(e) from e
