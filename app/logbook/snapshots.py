"""Snapshots: what must outlive old segments, as it was before a segment's first record (decision 14).

Each stands in a file of its own, named by the hash of its bytes and durable before the segment whose
head names it: a head stays one short line however many pages a site has. A snapshot that is missing or
damaged costs nothing while the lines it sums up are there. What the state means is its owner's business.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from app.logbook.disk import Disk

_HASH: Final = 64


class PageItem(Struct, frozen=True):
    """A page the office sent: its body stands in received/<sha256>.json."""

    kind: str
    id: str
    rev: int
    sha256: str
    """Of the body; empty when the page was withdrawn."""


class LiveState(Struct, frozen=True):
    """What the owner folded from the records up to number `seq`."""

    seq: int
    data: bytes


class Snapshot(Struct, frozen=True):
    book: str
    """The book's id, hex."""
    seq: int
    """The last record before the segment."""
    pages: tuple[PageItem, ...] = ()
    """The last two bodies of every page that is not withdrawn, oldest first."""
    state: LiveState | None = None
    """Never of a later record than `seq`; None before an owner gave one."""
    chain: msgspec.Raw = msgspec.Raw(b"null")
    """Of app.logbook.chain: lets opening begin here. null in those that older programs wrote."""


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Snapshot).decode


def snapshot_path(folder: Path, name: str) -> Path:
    return folder / "journal" / f"snap-{name}.json"


def keep_snapshot(disk: Disk, folder: Path, snapshot: Snapshot) -> str:
    """Its name, once it is durable. Raises OSError."""
    raw = _encode(snapshot)
    name = sha256(raw).hexdigest()
    path = snapshot_path(folder, name)
    try:
        disk.store("snapshot", path, raw)
    except OSError:
        path.with_name(path.name + ".part").unlink(missing_ok=True)
        raise
    return name


def read_snapshot(folder: Path, name: str) -> Snapshot | None:
    """None when it is not there, or no longer what its name says."""
    if len(name) != _HASH or not name.isalnum():
        return None
    try:
        raw = snapshot_path(folder, name).read_bytes()
        return _decode(raw) if sha256(raw).hexdigest() == name else None
    except (OSError, ValueError):
        return None
