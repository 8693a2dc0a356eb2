"""The shelf: what the crew looks up while it works, one document per asset, point and open matter (decision 14).

TinyDB in memory, with a snapshot that is replaced as a whole. It is a view: `upto` says which
records are folded in, and the rest is folded again by whoever owns the meaning. A snapshot that is
missing, damaged or of another book is an empty shelf. Records are never put here.
"""

import copy
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from app.logbook.disk import Disk

if TYPE_CHECKING:
    from app.logbook.documents import Tables

Document = dict[str, Any]


class _Snapshot(Struct, frozen=True):
    book: str
    sum: str
    """SHA-256 of the bytes of `tables`."""
    tables: msgspec.Raw
    upto: int


class Shelf:
    """Not thread-safe: the owner of the logbook's loop uses it. Documents go in and out as copies."""

    def __init__(self, folder: Path, book: bytes, head: int, disk: Disk) -> None:
        self._path = folder / "shelf.json"
        self._book = book.hex()
        self._head = head
        self._disk = disk
        self._changed = False
        self._upto = 0

    @cached_property
    def _tables(self) -> "Tables":
        """Read when first needed: TinyDB's import is not paid for by commands that only record."""
        from app.logbook.documents import Tables

        found = self._load()
        if found is None:
            return Tables({})
        tables: dict[str, dict[str, Document]] = msgspec.json.decode(found.tables)
        self._upto = found.upto
        return Tables(tables)

    def _load(self) -> _Snapshot | None:
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=_Snapshot)
        except (OSError, ValueError):
            return None
        sound = sha256(bytes(found.tables)).hexdigest() == found.sum
        return found if sound and found.book == self._book and found.upto <= self._head else None

    @property
    def upto(self) -> int:
        """The last record that is folded in; 0 for an empty shelf."""
        _ = self._tables
        return self._upto

    @upto.setter
    def upto(self, seq: int) -> None:
        _ = self._tables
        self._upto = seq

    def put(self, table: str, key: str, document: Mapping[str, Any]) -> None:
        """The document under `key` is now this one. Costs the same however many there are."""
        self._tables.put(table, key, copy.deepcopy(dict(document)))
        self._changed = True

    def get(self, table: str, key: str) -> Document | None:
        found = self._tables.get(table, key)
        return None if found is None else copy.deepcopy(found)

    def remove(self, table: str, key: str) -> None:
        """No document is under `key` any more."""
        self._tables.remove(table, key)
        self._changed = True

    def table(self, table: str) -> dict[str, Document]:
        """All documents of one table, to be read only."""
        return self._tables.rows(table)

    def save(self) -> None:
        """Write the snapshot. Raises OSError; the shelf in memory and the old snapshot stay as they were."""
        tables = msgspec.json.encode(self._tables.content)
        snapshot = _Snapshot(self._book, sha256(tables).hexdigest(), msgspec.Raw(tables), self._upto)
        self._disk.store("shelf", self._path, msgspec.json.encode(snapshot))
        self._changed = False

    def close(self) -> None:
        """Save if anything changed."""
        if self._changed:
            self.save()
