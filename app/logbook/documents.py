"""TinyDB as the shelf uses it: our own document ids, and a put that costs the same among ten and ten thousand.

Stock TinyDB copies a whole table twice for each change, and its file storage rewrites the file in
place. Both documented extension points are used: a Storage that keeps the tables in memory, and a
Table that changes the one document that is meant.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Document, Table

Content = dict[str, dict[str, dict[str, Any]]]


class _Memory(Storage):
    """Tables as TinyDB lays them out; written to disk by the shelf, as a whole."""

    def __init__(self, content: Content) -> None:
        self.content = content

    def read(self) -> Content:
        return self.content

    def write(self, data: Content) -> None:
        self.content = data


class _Table(Table):
    """A table under ids of ours: `A-17`, `book:412`. Changes are made where the document stands."""

    document_id_class = str  # type: ignore[assignment]  # TinyDB's hook; its annotation knows integers only

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        return self._content()

    def _update_table(self, updater: Callable[[Any], None]) -> None:
        updater(self._content())
        self.clear_cache()

    def _content(self) -> dict[str, Any]:
        memory = self._storage
        assert isinstance(memory, _Memory)
        return memory.content.setdefault(self.name, {})

    def put(self, key: str, document: dict[str, Any]) -> None:
        self._update_table(lambda rows: rows.__setitem__(key, document))

    def drop(self, key: str) -> None:
        self._update_table(lambda rows: rows.pop(key, None))


class _Database(TinyDB):
    table_class = _Table


class Tables:
    """The database, with the few calls a shelf needs."""

    def __init__(self, content: Content) -> None:
        self._db = _Database(content, storage=_Memory)

    @property
    def content(self) -> Content:
        memory = self._db.storage
        assert isinstance(memory, _Memory)
        return memory.content

    def _table(self, name: str) -> _Table:
        table = self._db.table(name)
        assert isinstance(table, _Table)
        return table

    def put(self, table: str, key: str, document: dict[str, Any]) -> None:
        self._table(table).put(key, document)

    def remove(self, table: str, key: str) -> None:
        self._table(table).drop(key)

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """The table as it stands; a copy of what holds the documents, not of the documents."""
        return dict(self.content.get(table, {}))

    def get(self, table: str, key: str) -> dict[str, Any] | None:
        found: Document | None = self._table(table).get(doc_id=key)  # type: ignore[call-overload]  # ids are ours
        return found
