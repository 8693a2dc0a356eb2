"""A book as somebody sees it who does not write: `log`, `status`, `verify` and `export`, beside a running writer."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from app.errors import BookError
from app.logbook.chain import Damage, Hole
from app.logbook.disk import saving
from app.logbook.entries import read_note_lines, read_notes
from app.logbook.journal import in_use, kept_files, read_hint, replay
from app.logbook.ledger import Ledger
from app.logbook.lines import Line
from app.logbook.office import Enrolment as Enrolment
from app.logbook.office import newest_pages, read_earlier, read_office, read_page
from app.logbook.snapshots import PageItem
from app.logbook.view import View

_LOOKS: Final = 5


class Opening(Struct, frozen=True):
    """What opening found."""

    fresh: bool = False
    """A new book was begun."""
    torn: tuple[str, ...] = ()
    """Files in the data folder that unfinished bytes were put into."""
    damage: tuple[Damage, ...] = ()
    """Damage met for the first time; what was lost by it is declared in the book."""


def _replayed(folder: Path) -> tuple[Ledger, bytes]:
    """The writer may be pruning meanwhile: then what was seen fits nothing, and is looked at again."""
    for _ in range(_LOOKS):
        before = kept_files(folder)
        with suppress(FileNotFoundError):
            found = replay(folder, read_hint(folder))
            if kept_files(folder) == before:
                return found
    with saving():
        return replay(folder, read_hint(folder))


class Reader(View):
    """A book as it was when opened, for `log`, `status`, `verify` and `export`: no lock, nothing is written.

    A book that is still on its way into its place is read where it is. Raises BookError when there is none in the
    folder, BookUnsafe when the disk does not give it.
    """

    def __init__(self, folder: Path) -> None:
        self._home = folder
        place = in_use(folder)
        ledger, torn = _replayed(place)
        if not ledger.book:
            raise BookError("book.no_book", folder=str(folder))
        super().__init__(place, ledger)
        self.unfinished = len(torn)
        """Bytes at the end that are no whole line: being written just now, or cut off by a power failure."""
        self.opening = Opening(damage=self._ledger.new_damage)
        """`damage` is what the book does not declare yet."""

    @property
    def unsent(self) -> int:
        """Records no office has acknowledged, those of closed books too."""
        from app.logbook.closed import waiting

        return max(0, self._ledger.seq - self._ledger.acked) + waiting(self._home)

    @property
    def holes(self) -> tuple[Hole, ...]:
        return tuple(self._ledger.holes)

    def notes(self) -> Iterator[dict[str, Any]]:
        return read_notes(self._folder, self._ledger)

    @property
    def office(self) -> Enrolment | None:
        return read_office(self._folder, self._ledger, self._home)

    def pages(self, kind: str) -> dict[str, PageItem]:
        return newest_pages(self._ledger, kind)

    def page(self, kind: str, id: str | None = None) -> bytes | None:
        return read_page(self._home, self._ledger, kind, id)

    def earlier(self, kind: str) -> Iterator[bytes]:
        return read_earlier(self._folder, self._ledger, kind, self._home)

    def lines(self) -> Iterator[Line]:
        """Records and notes in the order they were written, and a line for each run that was purged."""
        notes = read_note_lines(self._folder, self._ledger)
        note = next(notes, None)
        for entry in self.entries():
            place = self._ledger.place(entry.record.seq)
            while note is not None and place is not None and note[:2] < place[:2]:
                yield note[2]
                note = next(notes, None)
            yield Line(True, entry.hash, entry.raw)
        while note is not None:
            yield note[2]
            note = next(notes, None)
