"""What goes to the office next, and when: arithmetic on values, with time and randomness handed in.

Batches grow while they are taken and shrink when one does not get through. A failed round is always
followed by another: after a wait that is drawn anew each time, from zero up to a bound that doubles
(full jitter), so that a hundred handhelds back in reach of one access point do not call together.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

FIRST_BATCH: Final = 50
MAX_BATCH: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
"""Records of one batch together, before packing; half of what the office takes."""
MAX_WAIT_S: Final = 900.0
"""Upper bound of the wait after failures."""
URGENT_WAIT_S: Final = 15.0
"""The same while an alarm waits."""
IDLE_S: Final = 300.0
"""When all is sent: how long until the office is asked for news."""
SOON_S: Final = 2.0
"""After a record was made: wait for the next ones, so that they travel together."""
CARRIED: Final = "carried"
"""Folder of the data folder: hand-off files of other handhelds, until the office has them."""


class Span(Struct, frozen=True):
    """Records `first` … `last`, both included."""

    first: int
    last: int


class Outbox(Struct, frozen=True):
    """Where sending stands."""

    next: int
    """The first number that goes out next."""
    size: int = FIRST_BATCH
    """How many at most go in one batch."""
    failures: int = 0
    """Failed rounds since the last one that went through."""
    most: int = MAX_BATCH
    """Records that one batch may ever have: ours, or less when the office takes less."""
    weight: int = BATCH_BYTES
    """Bytes of records in one batch, in the same way."""


def agreed(outbox: Outbox, events: int, size: int) -> Outbox:
    """The office takes batches of `events` records and bodies of `size` bytes, of which the records get half."""
    most = max(1, min(MAX_BATCH, events))
    return replace(outbox, most=most, size=min(outbox.size, most), weight=min(BATCH_BYTES, size // 2))


def span(outbox: Outbox, head: int, holes: Sequence[Span] = ()) -> Span | None:
    """The records of the next batch, up to `head`; None when there is nothing to send.

    `holes` are numbers that were lost on the handheld: a batch starts after one and ends before the next.
    """
    first = outbox.next
    for hole in holes:
        if hole.first <= first <= hole.last:
            first = hole.last + 1
    if first > head:
        return None
    last = min(head, first + outbox.size - 1, *(hole.first - 1 for hole in holes if hole.first > first))
    return Span(first, last)


def fitting(sizes: Sequence[int], limit: int = BATCH_BYTES) -> int:
    """How many records, from the first on, stay within `limit` bytes; at least one."""
    total = 0
    for count, size in enumerate(sizes):
        total += size
        if total > limit and count:
            return count
    return len(sizes)


def taken(outbox: Outbox, high_water: int) -> Outbox:
    """The office holds all up to `high_water`: go on behind it, with a larger batch."""
    return replace(outbox, next=high_water + 1, size=min(outbox.most, outbox.size * 2))


def rewound(outbox: Outbox, high_water: int) -> Outbox:
    """The office holds less than was thought (it was restored from a copy): start behind what it has."""
    return replace(outbox, next=high_water + 1)


def shrunk(outbox: Outbox) -> Outbox:
    """A batch did not get through (too large, or it took too long): try half of it."""
    return replace(outbox, size=max(1, outbox.size // 2))


def failed(outbox: Outbox) -> Outbox:
    """A round failed."""
    return replace(outbox, failures=outbox.failures + 1)


def settled(outbox: Outbox) -> Outbox:
    """A round went through, or somebody asked for one now: the waits start small again."""
    return replace(outbox, failures=0)


def wait_s(outbox: Outbox, draw: float, asked: float | None = None, urgent: bool = False) -> float:
    """Seconds until the next round. `draw` is random in 0 … 1; `asked` is what the office asked for, at least.

    After n failures in a row the wait is uniform in 0 … min(900, 2·2^(n-1)) s; with something `urgent`, min(15, …).
    """
    if outbox.failures == 0:
        return max(IDLE_S, asked or 0.0)
    bound = min(URGENT_WAIT_S if urgent else MAX_WAIT_S, 2.0 * 2.0 ** min(outbox.failures - 1, 20))
    return max(draw * bound, asked or 0.0)
