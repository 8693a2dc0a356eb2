"""What records name by a hash and do not hold: attachments (decision 12), and personal text that can go alone (9).

blobs/<sha256>.new            durable, and not yet named by a durable record
blobs/<sha256>                named by a record, and the office of the book in use is to get it
blobs/<sha256>.held-<place>   that office said that it has it too
blobs/<sha256>.left-<place>   its record was pruned, or the handheld left that office: it is asked for its word

A file of the first kind that no record names, since the power failed between the two, is removed at the next opening.
An office that is asked gives its word, or is sent what it lacks; by it the file goes when nothing here names it any
more, else it is held. The first word for a picture is days old when its record goes, and an office may come back from a
copy that lacks it: only a word given after that lets the file go. What one office says counts for no other: the same
bytes may stand here for both. Books that follow each other in one folder share them. What a picture shows is not known
here.
"""

import os
import re
from collections.abc import Iterable
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
_HELD: Final = ".held-"
_LEFT: Final = ".left-"
_HASH: Final = re.compile(rb'"([0-9a-f]{64})"')
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

    def hold(self, name: str, place: str) -> None:
        """The office at `place`, which is that of the book in use, has it. Raises OSError."""
        if (self.folder / name).exists():
            self._disk.rename("blob.held", self.folder / name, self.folder / (name + _HELD + place))

    def doubt(self, place: str, *, left: bool = False) -> None:
        """Whether the office there has them must be asked again; `left`: one that was left. Raises OSError."""
        doubted = _LEFT + place if left else ""
        for name in [name for name, suffix in _files(self.folder) if suffix == _HELD + place]:
            self._disk.rename("blob.doubted", self.folder / (name + _HELD + place), self.folder / (name + doubted))

    def leave(self, place: str, segments: Iterable[Path]) -> None:
        """The office at `place` is no more that of the book in use: what these segments name and it does not have waits
        for its word. One that cannot be read keeps nobody from going. May be repeated. Raises OSError."""
        files = [(name, suffix) for name, suffix in _files(self.folder) if suffix in ("", _NEW)]
        names = set[str]()
        for segment in segments:
            with suppress(OSError):
                names |= found_in([segment], {name for name, _ in files})
        for name, suffix in files:
            if name in names and not (suffix and name in self._new):
                self._leave(name, suffix, place)
        if names:
            self._disk.sync_folder("blob.left-folder", self.folder)

    def _leave(self, name: str, suffix: str, place: str) -> None:
        self._disk.rename("blob.left", self.folder / (name + suffix), self.folder / (name + _LEFT + place))

    def forget(self, name: str) -> None:
        """Overwritten and gone, durably; whoever named it stays as it is. Raises OSError."""
        for path in _places(self.folder, name):
            if path.exists():
                self._disk.blank("blob", path)
                self._disk.remove("blob.forget", path)
        self._disk.sync_folder("blob.forgotten", self.folder)
        self._new.discard(name)

    def prune(self, going: Iterable[Path], staying: Iterable[Path], place: str) -> None:
        """The segments `going` go. What they name and none `staying` does waits for one more word of the office at
        `place`; what was held at another, which is asked no more, goes at once. Raises OSError.
        """
        files = [(name, suffix) for name, suffix in _files(self.folder) if not suffix or suffix.startswith(_HELD)]
        names = {name for name, _ in files}
        gone = found_in(going, names) - found_in(staying, names) - self._new if names else set[str]()
        for name, suffix in (each for each in files if each[0] in gone):
            if suffix in ("", _HELD + place):
                self._leave(name, suffix, place)
            else:
                self._disk.remove("blob.prune", self.folder / (name + suffix))
        if gone:
            self._disk.sync_folder("blob.left-folder", self.folder)

    def left(self) -> dict[str, list[str]]:
        """Those that wait for the word of an office, by its place. Raises OSError."""
        found = dict[str, list[str]]()
        for name, suffix in sorted(_files(self.folder)):
            if suffix.startswith(_LEFT):
                found.setdefault(suffix.removeprefix(_LEFT), []).append(name)
        return found

    def let_go(self, name: str, place: str, segments: Iterable[Path]) -> None:
        """The office at `place` has said it: the file goes, but for one that these segments name. Raises OSError."""
        path = self.folder / (name + _LEFT + place)
        if found_in(segments, {name}):
            self._disk.rename("blob.held", path, self.folder / (name + _HELD + place))
        else:
            self._disk.remove("blob.let-go", path)


def read(folder: Path, name: str) -> bytes | None:
    """None when it is not there, or no longer what its name says. Raises BookUnsafe."""
    with reading():
        for path in _places(folder, name):
            with suppress(FileNotFoundError):
                data = path.read_bytes()
                if sha256(data).hexdigest() == name:
                    return data
    return None


def _places(folder: Path, name: str) -> list[Path]:
    """Wherever it may stand."""
    return sorted(folder.glob(f"{name}*")) if _is_name(name) else []


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
        found |= names & {name.decode() for name in _HASH.findall(path.read_bytes())}
    return found
