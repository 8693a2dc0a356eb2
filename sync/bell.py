"""When the courier's next round is due, and which request makes way for it.

A round comes by the timer, or sooner because somebody rings, from whichever thread. What rings cuts a request that is
no more than a wait: a held question always, what is sent for a long time only when there is something urgent.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sync.client import Client, Hushed


class Bell:
    """One for each courier. Times are those of time.monotonic()."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due = math.inf
        """By the timer."""
        self._rung = math.inf
        """Because somebody rang since the last round began."""
        self._wished = False
        self._stopped = False
        self._cut: Client | None = None
        """Whose request may be cut."""
        self._held = False
        """It is a held question."""

    def stopped(self) -> bool:
        return self._stopped

    def must_go(self) -> bool:
        """Whether somebody waits for this round to end."""
        return self._stopped or self._rung <= time.monotonic()

    def left_s(self) -> float:
        """How long until a round is due; negative when it is late."""
        return min(self._due, self._rung) - time.monotonic()

    # -- from any thread ------------------------------------------------------------------------
    def ring(self, after_s: float = 0.0, *, urgent: bool = False) -> None:
        """A round is wanted in `after_s`."""
        with self._changed:
            self._rung = min(self._rung, time.monotonic() + after_s)
            if self._cut is not None and (urgent or self._held):
                self._cut.hush()
            self._changed.notify()

    def wish(self) -> None:
        """Somebody asks for a round now."""
        self._wished = True
        self.ring(urgent=True)

    def stop(self) -> None:
        """No round comes any more."""
        self._stopped = True
        self.ring(urgent=True)

    # -- from the courier's ---------------------------------------------------------------------
    def wait(self) -> bool:
        """Until a round is due. False when it is time to end."""
        with self._changed:
            while not self._stopped and (left := self.left_s()) > 0:
                self._changed.wait(left)
            return not self._stopped

    def begin(self) -> bool:
        """A round begins, and has in it whatever was rung for. Whether somebody asked for it."""
        with self._changed:
            self._rung = math.inf
            wished, self._wished = self._wished, False
        return wished

    def arm(self, after_s: float = 0.0) -> None:
        """Set the timer."""
        self._due = time.monotonic() + after_s

    @contextmanager
    def giving_way(self, client: Client, *, held: bool = False) -> Iterator[None]:
        """What `client` asks meanwhile may be cut. Raises Hushed, also when somebody waits already."""
        with self._changed:
            if self.must_go():
                raise Hushed("sync.hushed")
            self._cut, self._held = client, held
        try:
            yield
        finally:
            with self._changed:
                self._cut = None
