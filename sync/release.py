"""A release: the one file that is installed from a stick and that the office offers as an update.

It is a plain tar whose every byte follows from its first member, `release.json`: the files in the order named
there, each behind the one header that `header` makes. `release.sig` is the publisher's signature of the bytes of
`release.json`. So nothing is parsed that somebody else could have chosen before the signature is good, and this
module knows no more of tar than that header (POSIX.1-1988 ustar). What is done with a release is not known here.
"""

import re
from binascii import Error, a2b_base64
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct

from app.errors import WatchbookError
from app.logbook.keys import verifies
from app.text import clean

LIST: Final = "release.json"
SIGNATURE: Final = "release.sig"
PRODUCT: Final = "watchbook"
ARCHES: Final = ("x86_64", "aarch64")
"""As the kernel names them (uname -m)."""
MAX_LIST: Final = 64 * 1024
MAX_FILES: Final = 200
MAX_FILE: Final = 64 * 1024 * 1024
MAX_RELEASE: Final = 256 * 1024 * 1024
BLOCK: Final = 512
_PIECE: Final = 256 * 1024
_END: Final = bytes(2 * BLOCK)
_VERSION: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}((a|b|rc)[0-9]{1,3})?", re.ASCII)
_PYTHON: Final = re.compile(r"3\.[0-9]{1,2}", re.ASCII)
_NAME: Final = re.compile(r"((units|wheels)/)?[A-Za-z0-9][A-Za-z0-9._+@-]{0,99}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410 section 4)."""


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a release, named by its path in it."""

    name: str
    sha256: str
    """Lower-case hex."""
    size: int
    """Bytes."""


class Release(Struct, frozen=True, forbid_unknown_fields=True):
    """What a release says of itself. Field names are those of release.json."""

    arch: str
    """Of ARCHES."""
    files: tuple[File, ...]
    """In the order in which they stand in the tar."""
    product: str
    python: str
    """The Python its wheels are for: `3.11`."""
    reads: int
    """The oldest form of a book that it opens: READS_FORMAT of app.version."""
    version: str
    writes: int
    """The form of the book it writes: BOOK_FORMAT."""

    @property
    def size(self) -> int:
        """Bytes of the tar."""
        sizes = (len(encode(self)), 64, *(file.size for file in self.files))
        return sum(BLOCK + _padded(size) for size in sizes) + len(_END)


class ReleaseRefused(WatchbookError):
    """Whoever brought the release: it is not installed, what was there runs on."""


class ReleaseTorn(ReleaseRefused):
    """Fetch it again: it ends early, or a file in it was changed on the way."""


class ReleaseForged(ReleaseRefused):
    """Call the administrator: it is not signed with the publisher's key."""


class ReleaseUnfit(ReleaseRefused):
    """Take the file for this machine: it is for another one."""


def check(file: BinaryIO, key: bytes) -> Release:
    """Read a whole release, a piece at a time, and compare all of it with what was signed.

    `key` is the publisher's, 32 bytes. Raises ReleaseTorn, ReleaseForged, ReleaseRefused (no release at all,
    or one that goes beyond the limits above).
    """
    release = read(file, key)
    for part in release.files:
        _expect(file, header(part.name, part.size))
        if _hash(file, part.size) != part.sha256:
            raise ReleaseTorn("release.changed", name=part.name)
        _expect(file, bytes(_padded(part.size) - part.size))
    _expect(file, _END)
    if _read(file, 1):
        raise ReleaseRefused("release.form")
    return release


def read(file: BinaryIO, key: bytes) -> Release:
    """What a release says of itself, if its signature is good; `file` stands behind that then. Raises as `check`."""
    first = _exactly(file, BLOCK)
    size = _size(first)
    if size is None or first != header(LIST, size):
        raise ReleaseRefused("release.form")
    raw = _exactly(file, size)
    _expect(file, bytes(_padded(size) - size))
    _expect(file, header(SIGNATURE, 64))
    signature = _exactly(file, 64)
    _expect(file, bytes(_padded(64) - 64))
    if not verifies(key, signature, raw):
        raise ReleaseForged("release.signature")
    return decode(raw)


def contents(file: BinaryIO, release: Release, name: str) -> bytes:
    """The file `name` of a release that was checked. Raises ReleaseTorn, KeyError."""
    at = 2 * BLOCK + _padded(len(encode(release))) + _padded(64)
    for part in release.files:
        if part.name == name:
            file.seek(at + BLOCK)
            found = _exactly(file, part.size)
            if sha256(found).hexdigest() != part.sha256:
                raise ReleaseTorn("release.changed", name=name)
            return found
        at += BLOCK + _padded(part.size)
    raise KeyError(name)


def unpack(file: BinaryIO, release: Release, folder: Path) -> None:
    """Write the files of a release that was checked into `folder`, and release.json. Raises ReleaseTorn, OSError."""
    for part in release.files:
        target = folder / part.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents(file, release, part.name))
    (folder / LIST).write_bytes(encode(release))


def must_fit(release: Release, arch: str, python: str) -> None:
    """Raises ReleaseUnfit for a machine of another architecture or Python (`3.11`)."""
    if release.arch != arch:
        raise ReleaseUnfit("release.arch", wanted=release.arch, here=clean(arch, 20))
    if release.python != python:
        raise ReleaseUnfit("release.python", wanted=release.python, here=clean(python, 20))


def encode(release: Release) -> bytes:
    """The bytes of release.json: sorted keys, no spaces."""
    return msgspec.json.encode(release, order="sorted")


def decode(raw: bytes) -> Release:
    """The reverse of `encode`. Raises ReleaseRefused for other bytes and for what goes beyond the limits."""
    try:
        release = msgspec.json.decode(raw, type=Release)
    except (ValueError, RecursionError) as e:
        raise ReleaseRefused("release.form") from e
    if len(raw) > MAX_LIST or encode(release) != raw or not _is_sound(release):
        raise ReleaseRefused("release.form")
    return release


def public_key(path: Path) -> bytes:
    """The 32 bytes of a public Ed25519 key in a PEM file, as openssl writes it. Raises ReleaseRefused."""
    try:
        lines = path.read_text(encoding="ascii").split("\n")
        der = a2b_base64("".join(line for line in lines if not line.startswith("-----")))
    except (OSError, UnicodeError, Error) as e:
        raise ReleaseRefused("release.key", path=clean(str(path), 200)) from e
    if len(der) != len(_SPKI) + 32 or not der.startswith(_SPKI):
        raise ReleaseRefused("release.key", path=clean(str(path), 200))
    return der.removeprefix(_SPKI)


def header(name: str, size: int) -> bytes:
    """The block before a file in the tar: a regular file of nobody's and of no time."""
    folder, _, base = name.rpartition("/")
    fields = (
        (base.encode(), 100),
        (b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0", 48),
        (b" " * 8 + b"0", 9),
        (b"", 100),
        (b"ustar\x0000", 8),
        (b"", 64),
        (b"0000000\0" * 2, 16),
        (folder.encode(), 167),
    )
    block = b"".join(value.ljust(width, b"\0") for value, width in fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _is_sound(release: Release) -> bool:
    sizes = [file.size for file in release.files]
    names = {file.name for file in release.files}
    return (
        release.product == PRODUCT
        and release.arch in ARCHES
        and _VERSION.fullmatch(release.version) is not None
        and _PYTHON.fullmatch(release.python) is not None
        and 1 <= release.reads <= release.writes <= 10_000
        and len(names) == len(release.files) <= MAX_FILES
        and not names & {LIST, SIGNATURE}
        and all(_NAME.fullmatch(file.name) and _SHA256.fullmatch(file.sha256) for file in release.files)
        and all(0 <= size <= MAX_FILE for size in sizes)
        and sum(sizes) <= MAX_RELEASE
    )


def _size(block: bytes) -> int | None:
    digits = block[124:135]
    if not re.fullmatch(rb"[0-7]{11}", digits):
        return None
    size = int(digits, 8)
    return size if size <= MAX_LIST else None


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _hash(file: BinaryIO, size: int) -> str:
    digest = sha256()
    while size:
        piece = _exactly(file, min(size, _PIECE))
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()


def _expect(file: BinaryIO, wanted: bytes) -> None:
    if _exactly(file, len(wanted)) != wanted:
        raise ReleaseRefused("release.form")


def _exactly(file: BinaryIO, size: int) -> bytes:
    found = _read(file, size)
    if len(found) < size:
        raise ReleaseTorn("release.half")
    return found


def _read(file: BinaryIO, size: int) -> bytes:
    try:
        return file.read(size)
    except OSError as e:
        raise ReleaseRefused("release.unreadable", why=e.strerror or type(e).__name__) from e
