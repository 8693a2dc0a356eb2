"""Books that have ended, on their way to the office that each is of, with the pictures that wait for its word.

Each is spoken for in its own name, on a line of its own. What keeps one of them back keeps nothing else: it is only
told. An office or site that the handheld has left comes behind all that somebody here waits for, since it may be gone,
and not in each round.
"""

import logging
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final

from app.errors import BookError, OfficeAway, OfficeRefused, WatchbookError
from app.logbook.book import Logbook
from app.logbook.closed import ClosedBook
from app.ports import Clock
from sync.bell import Bell
from sync.carrying import send_left
from sync.client import Client
from sync.lane import Connect, Lane, Listener
from sync.outbox import Outbox

log: Final = logging.getLogger("watchbook.courier")

ENDS_MS: Final = 24 * 3600 * 1000
"""How often our office is asked for the ends of closed books; they go some days after it confirmed them."""
ELSEWHERE_MS: Final = 600_000
"""How often an office that this handheld has left is asked for its word, at most."""


class ClosedBooks:
    """Those of one logbook."""

    def __init__(self, logbook: Logbook, clock: Clock, connect: Connect, listener: Listener, bell: Bell) -> None:
        self._logbook = logbook
        self._clock = clock
        self._connect = connect
        self._listener = listener
        self._bell = bell
        self._ends_asked: int | None = None
        """When the office was asked for the ends of those that it confirmed, since it may be from a copy; `Moment.up`,
        None to ask now."""
        self._elsewhere_asked: int | None = None
        """When what waits elsewhere was last asked for in vain; `Moment.up`."""
        self._ours: WatchbookError | None = None
        """What keeps records for our office back."""
        self._elsewhere: WatchbookError | None = None
        """What keeps back what waits elsewhere."""
        self.left_elsewhere = 0
        """Pictures and texts that wait for an office or site that this handheld has left."""

    @property
    def aside(self) -> WatchbookError | None:
        """What keeps anything of them back, to be told."""
        return self._ours or self._elsewhere

    def doubt(self) -> None:
        """Our office came back from a copy: what it confirmed may be gone."""
        self._ends_asked = None

    def hurry(self) -> None:
        """Somebody asks: whoever has just been asked in vain is asked again."""
        self._elsewhere_asked = None

    def send_ours(self, size: int) -> None:
        """What our office does not hold yet, in batches of `size` at first; of one that it confirmed to its end now and
        then the last record once more: it says when it lacks others. Raises OfficeAway, Hushed.
        """
        before, up = self._ends_asked, self._clock.now().up
        every = before is None or up - before >= ENDS_MS
        self._ours, self._ends_asked = None, up if every else before
        try:
            with closing(self._logbook.closed_books(every=every)) as books:
                for book in filter(self._is_ours, books):
                    self._ours = self._speak_for(book, self._lane_of(book, size).send_all) or self._ours
        except BookError as e:
            self._ours = e
        except WatchbookError:
            self._ends_asked = before
            raise

    def send_elsewhere(self, size: int) -> None:
        """What waits for an office or site that this handheld has left. Raises OfficeAway when that is ours, Hushed."""
        asked, up = self._elsewhere_asked, self._clock.now().up
        if asked is not None and up - asked < ELSEWHERE_MS:
            return
        left, silent = self._logbook.blobs_left_elsewhere(), set[str]()
        self.left_elsewhere, self._elsewhere = sum(map(len, left.values())), None
        try:
            with closing(self._logbook.closed_books(every=bool(left))) as books:
                for book in books:
                    if book.office is not None and book.office.server_key not in silent:
                        trouble = self._send_one_elsewhere(book, size, has_left=book.office.place in left)
                        self._elsewhere = self._elsewhere or trouble
                        silent |= {book.office.server_key} if trouble else set()
        except BookError as e:
            self._elsewhere = e
        self.left_elsewhere = sum(map(len, self._logbook.blobs_left_elsewhere().values()))
        self._elsewhere_asked = up if self.left_elsewhere or self._elsewhere else None

    def _send_one_elsewhere(self, book: ClosedBook, size: int, *, has_left: bool) -> WatchbookError | None:
        """Its records, and pictures that wait for the word of its office."""
        trouble: WatchbookError | None = None
        if not self._is_ours(book) and book.acked < book.head.seq:
            trouble = self._speak_for(book, self._lane_of(book, size).send_all)
        if has_left and trouble is None:
            trouble = self._speak_for(book, partial(self._send_left_of, book))
        return trouble

    def _send_left_of(self, book: ClosedBook, line: Client) -> None:
        send_left(self._logbook, book, line, self._bell.must_go)

    def _is_ours(self, book: ClosedBook) -> bool:
        """Whether it belongs to our office, at whichever site."""
        ours, theirs = self._logbook.office, book.office
        return ours is not None and theirs is not None and theirs.server_key == ours.server_key

    def _lane_of(self, book: ClosedBook, size: int) -> Lane:
        return Lane(book, Outbox(next=min(book.acked + 1, book.head.seq), size=size), self._listener)

    def _speak_for(self, book: ClosedBook, say: Callable[[Client], None]) -> WatchbookError | None:
        """To its office, in its name; what is urgent cuts it. What came between, to be told.

        Raises OfficeAway when it is our own; Hushed.
        """
        theirs, is_ours = book.office, self._is_ours(book)
        assert theirs is not None
        try:
            with closing(self._connect(book)) as line, self._bell.giving_way(line):
                line.hello()
                say(line)
        except OfficeAway as e:
            if is_ours:
                raise
            log.info("the office of a closed book: %s", e.key)
            return OfficeRefused("sync.closed_away", office=theirs.office)
        except OfficeRefused as e:
            log.info("the office of a closed book: %s", e.key)
            return e if is_ours else OfficeRefused("sync.closed_refused", office=theirs.office)
        except BookError as e:
            return e
        return None
