"""A book as it can be read without writing records: beside its writer, or after it was closed."""

from collections.abc import Iterator
from pathlib import Path

from app.logbook.entries import read_entries
from app.logbook.ledger import Ledger
from app.logbook.lines import Head
from app.record import Entry


class View:
    """What a replayed book says of itself."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = folder
        self._ledger = ledger

    @property
    def book(self) -> bytes:
        return self._ledger.book

    @property
    def book_id(self) -> str:
        return self._ledger.book.hex()

    @property
    def head(self) -> Head:
        return Head(self._ledger.seq, self._ledger.hash)

    @property
    def acked(self) -> int:
        return self._ledger.acked

    def entries(self, first: int = 1, limit: int | None = None) -> Iterator[Entry]:
        return read_entries(self._folder, self._ledger, first, limit)
