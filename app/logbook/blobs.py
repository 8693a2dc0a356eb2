"""What records name by a hash and do not hold: attachments (decision 12), and personal text that can go alone (9).

blobs/<sha256>.new            durable, and not yet named by a durable record
blobs/<sha256>                named by a record
blobs/<sha256>.held           the office said that it has it too
blobs/<sha256>.left-<place>   its record was pruned: it goes once that office says so again

A file of the first kind that no record names, since the power failed between the two, is removed at the next opening.
The office's first word for a picture is days old when its record goes, and an office may come back from a copy that
lacks it: only a word given after that lets the file go.
Books that follow each other in one folder share them. What a picture shows is not known here.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct

from app.errors import RecordRefused
from app.logbook.disk import Disk, reading

LIMIT: Final = 4 * 1024 * 1024
"""Bytes of an attachment."""
TEXT_LIMIT: Final = 4 * 1024
"""Bytes of a text that is set apart, in UTF-8."""
SALT: Final = 16
_NAME: Final = 64
_NEW: Final = ".new"
_HELD: Final = ".held"
_LEFT: Final = ".left-"
_TYPES: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
"""How a file begins, and what it is then."""


class Attachment(Struct, frozen=True):
    """What a record holds of a file."""

    sha256: str
    size: int
    """Bytes."""
    type: str
    """By its content: `image/jpeg` or `image/png`."""


def described(data: bytes) -> Attachment:
    """What a record would hold of these bytes. Raises RecordRefused for what no record takes."""
    if len(data) > LIMIT:
        raise RecordRefused("book.blob_too_large", size=len(data), limit=LIMIT)
    found = type_of(data)
    if found is None:
        raise RecordRefused("book.blob_type")
    return Attachment(sha256(data).hexdigest(), len(data), found)


def type_of(data: bytes) -> str | None:
    """What a file is by how it begins; None for what no record takes."""
    return next((kind for start, kind in _TYPES if data.startswith(start)), None)


def salted(text: str) -> bytes:
    """The blob of a text: a salt that stands nowhere else, and the text. Raises RecordRefused."""
    try:
        plain = text.encode()
    except UnicodeError as e:
        raise RecordRefused("records.not_json", why=type(e).__name__) from e
    if len(plain) > TEXT_LIMIT:
        raise RecordRefused("book.blob_too_large", size=len(plain), limit=TEXT_LIMIT)
    return os.urandom(SALT) + plain


class Blobs:
    """Those of a data folder. Not thread-safe: the logbook holds its lock around whatever changes them."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder / "blobs"
        self._disk = disk
        self._new: set[str] = set()
        """Kept since the start, for a record that is not written yet."""

    def keep(self, data: bytes) -> str:
        """Its name, once it is durable. Raises OSError, BookUnsafe."""
        name = sha256(data).hexdigest()
        if _whole(_named_places(self.folder, name), name) is None:
            self._disk.make_folder("blob.make", self.folder)
            self._disk.store("blob", self.folder / (name + _NEW), data)
        self._new.add(name)
        return name

    def named(self, raws: Iterable[bytes]) -> None:
        """These records are durable. A disk that refuses is asked again by the next opening."""
        for raw in raws if self._new else ():
            for name in [name for name in self._new if name.encode() in raw]:
                self._new.discard(name)
                with suppress(OSError):  # also when an earlier record named it
                    self._disk.rename("blob.named", self.folder / (name + _NEW), self.folder / name)

    def settle(self, segments: Iterable[Path]) -> None:
        """At an opening: what the power left behind. A disk that refuses is asked again by the next one."""
        with suppress(OSError):
            for part in self.folder.glob("*.part"):
                self._disk.remove("blob.sweep", part)
            left = {name for name, suffix in _files(self.folder) if suffix == _NEW}
            known = found_in(segments, left) if left else set()
            for name in left - known:
                self._disk.remove("blob.sweep", self.folder / (name + _NEW))
            for name in known:
                self._disk.rename("blob.named", self.folder / (name + _NEW), self.folder / name)

    def waiting(self, segments: Iterable[Path]) -> list[str]:
        """Those that the segments name and the office does not have yet. Raises OSError."""
        return sorted(found_in(segments, {name for name, suffix in _files(self.folder) if not suffix}))

    def hold(self, name: str) -> None:
        """The office has it. Raises OSError."""
        if (self.folder / name).exists():
            self._disk.rename("blob.held", self.folder / name, self.folder / (name + _HELD))

    def doubt(self) -> None:
        """Whether the office has them must be asked again. Raises OSError."""
        for name in [name for name, suffix in _files(self.folder) if suffix == _HELD]:
            self._disk.rename("blob.doubted", self.folder / (name + _HELD), self.folder / name)

    def forget(self, name: str) -> None:
        """Overwritten and gone, durably; whoever named it stays as it is. Raises OSError."""
        for path in _places(self.folder, name):
            if path.exists():
                self._disk.blank("blob", path)
                self._disk.remove("blob.forget", path)
        self._disk.sync_folder("blob.forgotten", self.folder)
        self._new.discard(name)

    def prune(self, going: Iterable[Path], staying: Iterable[Path], place: str | None) -> None:
        """The segments `going` go. What they name and none `staying` does waits for one more word of the office at
        `place`; without a `place`, where nobody can be asked any more, what was held goes at once. Raises OSError.
        """
        files = [(name, suffix) for name, suffix in _files(self.folder) if suffix in ("", _HELD)]
        if place is None:
            files = [(name, suffix) for name, suffix in files if suffix == _HELD]
        names = {name for name, _ in files}
        gone = found_in(going, names) - found_in(staying, names) - self._new if names else set[str]()
        for name, suffix in (each for each in files if each[0] in gone):
            if place is None:
                self._disk.remove("blob.prune", self.folder / (name + suffix))
            else:
                self._disk.rename("blob.left", self.folder / (name + suffix), self.folder / (name + _LEFT + place))
        if gone and place is not None:
            self._disk.sync_folder("blob.left-folder", self.folder)

    def left(self, place: str) -> list[str]:
        """Those whose records are pruned, and that wait for a word of the office at `place`. Raises OSError."""
        return sorted(name for name, suffix in _files(self.folder) if suffix == _LEFT + place)

    def let_go(self, name: str, place: str) -> None:
        """The office at `place` has said it. Raises OSError."""
        self._disk.remove("blob.let-go", self.folder / (name + _LEFT + place))


def read(folder: Path, name: str) -> bytes | None:
    """None when it is not there, or no longer what its name says. Raises BookUnsafe."""
    return _whole(_places(folder, name), name)


def _whole(paths: Iterable[Path], name: str) -> bytes | None:
    for path in paths:
        with suppress(FileNotFoundError), reading():
            data = path.read_bytes()
            return data if sha256(data).hexdigest() == name else None
    return None


def _places(folder: Path, name: str) -> Iterator[Path]:
    yield from _named_places(folder, name)
    if _is_name(name):
        yield from sorted(folder.glob(f"{name}{_LEFT}*"))


def _named_places(folder: Path, name: str) -> Iterator[Path]:
    if _is_name(name):
        yield from (folder / (name + suffix) for suffix in ("", _HELD, _NEW))


def _is_name(name: str) -> bool:
    return len(name) == _NAME and name.isalnum()


def _files(folder: Path) -> list[tuple[str, str]]:
    """(name, what state it is in). Raises OSError."""
    try:
        found = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [(name[:_NAME], name[_NAME:]) for name in found if len(name) >= _NAME]


def found_in(segments: Iterable[Path], names: set[str]) -> set[str]:
    """Those that some line of the segments names. Raises OSError."""
    found: set[str] = set()
    for path in segments if names else ():
        data = path.read_bytes()
        found |= {name for name in names - found if name.encode() in data}
    return found
