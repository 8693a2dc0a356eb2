"""Where lines stand: the segment, offset and size of each record and note of some segments in a row.

Readers may look while it grows. A place is the segment, where the line's bytes begin, and how many they are.
"""

from array import array
from collections.abc import Iterator
from typing import Final

from app.logbook.lines import TEXT

Place = tuple[int, int, int]
"""(segment, offset of the bytes, size)"""

_SHIFT: Final = 32
"""Kept as segment number << 32 | offset of the line."""


class Places:
    """Of the records after number `base`, and of the notes beside them."""

    def __init__(self, base: int = 0) -> None:
        self._base = base
        self._records = array("Q")
        self._sizes = array("I")
        self._notes = array("Q")
        self._note_sizes = array("I")

    def add_record(self, segment: int, offset: int, size: int) -> None:
        """The next record; `offset` is that of its line."""
        self._records.append(segment << _SHIFT | offset)
        self._sizes.append(size)

    def leave_out(self, count: int) -> None:
        """The next `count` records stand nowhere."""
        self._records.extend(array("Q", bytes(8 * count)))
        self._sizes.extend(array("I", bytes(4 * count)))

    def add_note(self, segment: int, offset: int, size: int) -> None:
        self._notes.append(segment << _SHIFT | offset)
        self._note_sizes.append(size)

    def record(self, seq: int) -> Place | None:
        """None when it is not among them."""
        index = seq - self._base - 1
        if not 0 <= index < len(self._sizes) or not self._sizes[index]:
            return None
        return _place(self._records[index], self._sizes[index])

    def notes(self, since: int = 0) -> Iterator[Place]:
        """Those in segment `since` and later ones, oldest first."""
        for index in range(len(self._note_sizes)):
            place = _place(self._notes[index], self._note_sizes[index])
            if place[0] >= since:
                yield place


def _place(where: int, size: int) -> Place:
    return where >> _SHIFT, (where & 0xFFFFFFFF) + TEXT, size
