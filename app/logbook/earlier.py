"""Earlier segments: those that opening passed over. Each is read when one of its lines is first asked for.

It must then be what the chain says of it: a segment that is not raises Unsound, and all must be read, to find and
declare what is lost.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from app.logbook.chain import Segment
from app.logbook.places import Place, Places


class Unsound(Exception):
    """An earlier segment is not what the chain says of it."""


class Earlier:
    """Where their lines stand."""

    def __init__(self, pairs: Sequence[tuple[Segment, Segment]], read: Callable[[Segment, Segment], Places]) -> None:
        """Each segment with the one behind it, oldest first. `read` gives the places of one, or raises Unsound."""
        self._pairs = pairs
        self._read = read
        self._parts: dict[int, Places] = {}

    def record(self, seq: int) -> Place | None:
        """None when it is lost or not here. Raises Unsound."""
        index = bisect_right(self._pairs, seq, key=lambda pair: pair[0].first)
        return self._part(*self._pairs[index - 1]).record(seq) if index else None

    def notes(self) -> Iterator[Place]:
        """Oldest first. Raises Unsound."""
        for pair in self._pairs:
            yield from self._part(*pair).notes()

    def _part(self, segment: Segment, after: Segment) -> Places:
        found = self._parts.get(segment.number)
        return self.read_again(segment, after) if found is None else found

    def read_again(self, segment: Segment, after: Segment) -> Places:
        """Whatever was read of it before. Raises Unsound."""
        found = self._parts[segment.number] = self._read(segment, after)
        return found

    def unread(self) -> tuple[int, ...]:
        """Numbers of those of which nobody has asked for anything, oldest first."""
        return tuple(segment.number for segment, _ in self._pairs if segment.number not in self._parts)
