"""The live state: what the book's owner makes of its records, kept by each segment for the start after (decision 14).

The bytes are understood by the owner alone.
"""

from collections.abc import Callable
from pathlib import Path

from app.logbook.ledger import Ledger
from app.logbook.snapshots import LiveState, read_snapshot


class Live:
    """The newest state that the owner gave since the start, and what segments kept of those before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._given: tuple[int, Callable[[], bytes]] | None = None

    def give(self, seq: int, data: Callable[[], bytes]) -> None:
        """What the records up to `seq` come to; `data` makes the bytes when they are needed."""
        self._given = seq, data

    def forget(self) -> None:
        """Another book begins."""
        self._given = None

    def is_whole(self, ledger: Ledger) -> bool:
        """Whether the state that was given is of all records."""
        return self._given is not None and self._given[0] == ledger.seq

    def whole(self, ledger: Ledger) -> bytes | None:
        """The state of all records, if it was given."""
        return self._given[1]() if self._given is not None and self.is_whole(ledger) else None

    def kept(self, ledger: Ledger) -> LiveState | None:
        """The newest state that a segment kept and that is still as it was written; None before the first."""
        for name in reversed(ledger.snapshots):
            found = read_snapshot(self._folder, name)
            if found is not None and found.book == ledger.book.hex() and found.state is not None:
                return found.state if found.state.seq <= ledger.seq else None
        return None

    def newest(self, ledger: Ledger) -> LiveState | None:
        """What was given since the start, else what an earlier segment kept: who knows no state drops none."""
        if self._given is not None and self._given[0] <= ledger.seq:
            return LiveState(_nothing_new(self._given[0], ledger), self._given[1]())
        return self.kept(ledger)


def _nothing_new(seq: int, ledger: Ledger) -> int:
    """The state after record `seq` still holds after this one: what the logbook itself says changes none."""
    own = set(ledger.own)
    while seq + 1 in own:
        seq += 1
    return seq
