"""The courier: carries records to the office and brings back what is new, in a thread of its own.

One round is: is it our office? · does it know this book? · urgent records, each alone · closed books · all
others in order · files carried for other handhelds · pictures and texts that records name · the changes feed · what
waits for an office that this handheld has left.
A round that fails for any reason is followed by another; nothing is given up and nothing deleted. After one that went
through the courier stays on the line: the office holds its question for changes until there are some. When the
office holds another history of this book, the book ends and its successor goes on (decision 8).
"""

import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from app.errors import BookEnded, BookError, BookUnknown, OfficeAway, OfficeRefused, WatchbookError
from app.logbook.book import Logbook, Received
from app.logbook.disk import unsafe
from app.ports import Clock
from app.record import Entry
from app.tuning import KIND as SETTINGS
from app.tuning import is_wanted
from sync import carrying, standing, succession
from sync import outbox as outboxes
from sync.bell import Bell
from sync.client import Client, Hushed, Refused
from sync.closed import ClosedBooks
from sync.lane import Connect, Forked, Lane, Listener, Writer, is_from_office
from sync.outbox import Outbox
from sync.standing import Reason, Standing
from sync.wire import MAX_PAGE, Change, Changes, Condition, changes_bytes, unhex

log: Final = logging.getLogger("watchbook.courier")

START: Final = "0"
WAIT_S: Final = 25
"""How long the office is asked to hold a question for changes."""
BARELY_S: Final = 1.0
"""An empty answer that came sooner was not held: the office, or somebody between, does not do that."""
DEAF: Final = 3
"""After so many held questions in a row that broke off, the line is left until the next round is due."""
CONDITION_MS: Final = 60_000
"""How often the office is told how the handheld stands, at most."""
CLOCK_MS: Final = 300_000
"""A handheld's clock that is so far off is told to the crew."""


class CourierState(Struct, frozen=True):
    """How the conversation with the office stands."""

    pending: int = 0
    """Records the office has given no receipt for."""
    oldest: int | None = None
    """Wall clock (UTC ms) in the oldest of them; None when there is none."""
    last_ack: int | None = None
    """UTC ms at the office of the last receipt this courier got."""
    last_reason: Reason | None = None
    """None when the last round went through."""
    online: bool = False
    """The office answered the last time it was asked, if only with a no."""
    offline_since: int | None = None
    """`Moment.up` (ms since boot) of the office's last answer while it is away; None before the first."""
    busy: bool = False
    """A round is going on."""
    notices: tuple[Reason, ...] = ()
    """What stops nothing and is to be told all the same."""
    pages: int = 0
    """How often something new came down."""
    new_books: int = 0
    """How often this courier had to close the book and go on in a new one; whoever shows it says so once."""


def enrolled_client(writer: Writer, clock: Clock, plain: bool = False) -> Client:
    """A client for the office this handheld is enrolled at. Raises OfficeRefused when it is not enrolled."""
    office = writer.office
    if office is None:
        raise OfficeRefused("sync.not_enrolled")
    key = unhex(office.server_key, 32)
    return Client(office.office, book=writer.book, identity=writer.identity, server_key=key, clock=clock, plain=plain)


class Courier:
    """Keeps one logbook and its office together. `state` may be read from any thread."""

    def __init__(
        self,
        logbook: Logbook,
        clock: Clock,
        on_change: Callable[[CourierState], None] = lambda state: None,
        connect: Connect | None = None,
        *,
        on_offset: Callable[[int], None] = lambda offset: None,
        draw: Callable[[], float] = random.random,
        condition: Callable[[CourierState], Condition] | None = None,
    ) -> None:
        """`on_change`, `on_offset`, `condition` are called on the courier's thread. `draw` gives 0 … 1 for the waits.

        `condition` says how the handheld stands, for the office to show.
        """
        self._condition = condition
        self._condition_told: int | None = None
        """When, `Moment.up`; None to tell it again."""
        self._logbook = logbook
        self._clock = clock
        self._on_change = on_change
        self._on_offset = on_offset
        self._connect = connect or partial(enrolled_client, clock=clock)
        self._draw = draw
        self._bell = Bell()
        self._listener = Listener(self._bell.stopped, self._heard_from, lambda at: self._tell(last_ack=at), self._doubt)
        self._closed = ClosedBooks(logbook, clock, self._connect, self._listener, self._bell)
        self._aside: WatchbookError | None = None
        """What the office refuses of the pictures that wait for its last word."""
        self._begin()
        self._line: Client | None = None
        """Of the round that went through last; open while the office holds a question."""
        self._holds_s = 0
        """How long the office holds a question; 0 when it does not."""
        self._deaf = 0
        """Held questions in a row that broke off."""
        self._ageing = False
        """The office will soon talk to no program as old as this one."""
        self._answered: int | None = None
        """When the office answered last, `Moment.up`."""
        self._backoff: float | None = None
        """Seconds it asked to be left alone, in the last round."""
        self._off = standing.load(logbook.folder).off
        """Its clock minus ours, ms."""
        self._thread: threading.Thread | None = None
        self.state = CourierState(pending=logbook.unsent, oldest=self._oldest())

    def _begin(self) -> None:
        """Everything that is about the very book in use."""
        self._book = self._logbook.book
        self._lane = Lane(self._logbook, listener=self._listener)
        self._urgent: dict[int, bytes] = {}
        self._scanned = self._logbook.acked
        self._introduced = False
        """It needs no introduction, or has had one."""
        self._forgotten = False
        """An office restored from a copy does not know it any more."""

    @property
    def _outbox(self) -> Outbox:
        return self._lane.outbox

    @_outbox.setter
    def _outbox(self, outbox: Outbox) -> None:
        self._lane.outbox = outbox

    # -- the thread -----------------------------------------------------------------------------
    def start(self) -> None:
        """Begin carrying; the first round starts at once."""
        self._bell.arm()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 5.0) -> None:
        """End after the request that is going on. What was not sent is sent after the next start."""
        self._bell.stop()
        if self._thread is not None:
            self._thread.join(wait_s)

    def sync_now(self) -> None:
        """Somebody asked: try at once, and let the waits start small again."""
        self._bell.wish()

    def nudge(self, urgent: bool = False) -> None:
        """A record was made. It goes soon; while the office is away only an urgent one brings the next try forward."""
        if urgent:
            self._bell.ring(urgent=True)
        elif self._outbox.failures == 0:
            self._bell.ring(outboxes.SOON_S)

    def _run(self) -> None:
        while self._bell.wait():
            try:
                self._exchange(stays=True)
                self._listen()
            except WatchbookError:
                continue  # it stands in `state`, and the timer is armed again
            except Exception as e:  # last resort of this thread: a fault nobody foresaw must not end the sending
                self._survive(e)

    def _survive(self, fault: Exception) -> None:
        """What nobody foresaw is a failed round like any other. Only its type is logged: its text may hold names."""
        log.error("round failed: %s", type(fault).__name__)
        try:
            self._arm(WatchbookError("sync.fault"))
        except Exception as e:  # last resort too: whoever is told failed; the timer is armed by now
            log.error("nobody could be told: %s", type(e).__name__)

    # -- one round ------------------------------------------------------------------------------
    def exchange(self) -> CourierState:
        """One round. Raises what stopped it: OfficeAway, OfficeRefused, BookError; `state` says the same."""
        return self._exchange(stays=False)

    def _exchange(self, stays: bool) -> CourierState:
        """`stays` leaves the line open for `_listen`."""
        self._backoff = None
        if self._bell.begin():
            self._outbox = outboxes.settled(self._outbox)
            self._closed.hurry()
        self._tell(busy=True)
        try:
            refusal = self._connected_round(stays)
        except WatchbookError as e:
            refusal = e
        except OSError as e:
            refusal = unsafe(e)
        if isinstance(refusal, Refused):
            self._heard_from()
        if isinstance(refusal, BookUnknown):
            with suppress(BookError):
                self._logbook.reopen()
        self._arm(refusal)
        if refusal is not None:
            raise refusal
        return self.state

    def _connected_round(self, stays: bool) -> WatchbookError | None:
        """A round; when the book must end, one more with its successor."""
        for last in (False, True):
            if self._logbook.book != self._book:
                self._go_on()
            client = self._connect(self._logbook)
            self._line = None
            try:
                refusal = self._round(client)
                self._line = client if stays and refusal is None else None
                return refusal
            except (Forked, BookEnded) as e:
                if last or not self._makes_way(e):
                    return e
            finally:
                self._backoff, self._ageing = client.backoff, client.ageing
                if self._line is None:
                    client.close()
        return None

    def _makes_way(self, why: Forked | BookEnded) -> bool:
        """Whether another book stands there now: the crew went over meanwhile, or this one ends by its fork."""
        try:
            if isinstance(why, Forked) and succession.succeed(self._logbook, self._book):
                self._tell(new_books=self.state.new_books + 1)
        except BookEnded:
            return True
        return self._logbook.book != self._book

    # -- between two rounds ---------------------------------------------------------------------
    def _listen(self) -> None:
        """Stay on the line: whatever comes down is here within a second. Ends when a round is due."""
        line = self._line
        if line is None:
            return
        try:
            if self._deaf == DEAF:
                self._deaf -= 1  # one more try behind the next round
                return
            while self._holds_s and self._backoff is None and self._one_question(line):
                self._deaf = 0
        except Hushed:
            return
        except BookEnded:
            self._bell.arm()
        except OfficeAway as e:  # the next round finds out what is the matter; it may be nothing
            self._deaf += 1
            log.info("a held question broke off: %s", e.key)
            self._bell.arm(self._draw() * outboxes.SOON_S)
        except WatchbookError as e:
            self._arm(e)
        finally:
            self._line = None
            line.close()

    def _one_question(self, line: Client) -> bool:
        """Whether to ask another one."""
        asked = time.monotonic()
        with self._bell.giving_way(line, held=True):
            held_s = min(self._holds_s, int(self._bell.left_s()))
            if held_s < 1:
                return False
            page = self._page(line, self._logbook.cursor or START, held_s)
        if self._is_behind(page):
            self._bell.arm()
            return False
        return bool(page.items) or time.monotonic() - asked > BARELY_S

    def _go_on(self) -> None:
        """Another book stands there: its records, with what was learnt about the line."""
        before = self._lane
        self._begin()
        self._outbox = msgspec.structs.replace(before.outbox, next=self._outbox.next)
        self._lane.missed = before.missed

    def _arm(self, refusal: WatchbookError | None) -> None:
        """Set the next round, whatever this one came to."""
        aside = self._aside or self._closed.aside
        asked = refusal.retry_after if isinstance(refusal, Refused) else self._backoff
        if refusal is not None:
            self._find_urgent()
        before = self._outbox
        self._outbox = outboxes.failed(before) if refusal is not None else outboxes.settled(before)
        if refusal is None and self._logbook.unsent and aside is None:
            self._bell.arm(outboxes.SOON_S)
        else:
            self._bell.arm(outboxes.wait_s(self._outbox, self._draw(), asked, bool(self._urgent)))
        why = refusal or aside
        reason = None if why is None else Reason(why.key, dict(why.fields))
        standing.save(self._logbook.folder, Standing(self._off, reason))
        online = not isinstance(refusal, OfficeAway) and self._answered is not None
        self._tell(
            busy=False,
            online=online,
            offline_since=None if online else self._answered,
            last_reason=reason,
            notices=tuple(self._notices()),
        )

    def _notices(self) -> Iterator[Reason]:
        if self._lane.missed:
            yield Reason("sync.office_behind", {"n": self._lane.missed})
        if self._off is not None and abs(self._off) > CLOCK_MS:
            yield Reason("sync.clock_off", {"minutes": round(abs(self._off) / 60_000)})
        if self._ageing:
            yield Reason("sync.ageing")
        if left := self._closed.left_elsewhere:
            yield Reason("sync.left_elsewhere", {"n": left})

    def _round(self, client: Client) -> WatchbookError | None:
        """All streams in their order. What is refused, or can't be read, stops its stream only
        and comes back; the office away stops all."""
        hello = client.hello()
        self._heard_from()
        self._outbox = outboxes.agreed(self._outbox, hello.max_events, hello.max_bytes)
        self._holds_s = min(WAIT_S, hello.wait_s)
        if client.offset is not None:
            self._off = client.offset
            self._on_offset(client.offset)
        first: WatchbookError | None = None
        first_ones = (self._introduce, self._send_urgent, self._tell_condition)
        records = (self._send_closed, self._lane.send_all, self._send_carried)
        blobs = (self._send_blobs, self._send_left)
        for stream in (*first_ones, *records, *blobs, self._fetch_changes, self._send_elsewhere):
            try:
                stream(client)
            except (Forked, BookEnded):
                raise
            except Hushed:
                break
            except (OfficeRefused, BookError) as e:
                first = first or e
                if isinstance(e, Refused) and e.problem.name == "unknown-book":
                    self._introduced, self._forgotten = False, True
        return first

    def _tell_condition(self, client: Client) -> None:
        """At most once a minute: before the records, so that the office knows what is still to come."""
        up = self._clock.now().up
        if self._condition is None or (self._condition_told is not None and up - self._condition_told < CONDITION_MS):
            return
        client.tell_condition(self._condition(self.state))
        self._condition_told = up

    def _heard_from(self) -> None:
        self._answered = self._clock.now().up

    def _tell(self, **news: object) -> None:
        waiting = {"pending": self._logbook.unsent, "oldest": self._oldest()}
        state = msgspec.structs.replace(self.state, **waiting, **news)
        if state != self.state:
            self.state = state
            self._on_change(state)

    def _oldest(self) -> int | None:
        """None also when the disk does not give it: the round that tries to send it says why."""
        try:
            first = next(self._logbook.entries(self._logbook.acked + 1, 1), None)
        except (BookError, OSError):
            return None
        return None if first is None else first.record.at

    # -- books ----------------------------------------------------------------------------------
    def _introduce(self, client: Client) -> None:
        """A book that went on from another, when the office does not know it (any more)."""
        book = self._logbook
        if self._introduced or book.office is None:
            return
        if not book.introduced or self._forgotten:
            succession.introduce(book, self._connect)
        self._introduced, self._forgotten = True, False

    def _send_closed(self, client: Client) -> None:
        self._closed.send_ours(self._outbox.size)

    def _send_elsewhere(self, client: Client) -> None:
        self._closed.send_elsewhere(self._outbox.size)

    def _doubt(self) -> None:
        """The office came back from a copy: what else it confirmed may be gone there too. Raises BookUnsafe."""
        self._closed.doubt()
        self._logbook.blobs_doubted()

    def _send_carried(self, client: Client) -> None:
        carrying.send_carried(self._logbook, client)

    def _send_blobs(self, client: Client) -> None:
        with self._bell.giving_way(client):
            carrying.send_blobs(self._logbook, client, self._bell.must_go)

    def _send_left(self, client: Client) -> None:
        """Pictures that wait for the office's last word. What is refused keeps nothing else back: it is only told."""
        self._aside = None
        try:
            if self._logbook.blobs_left():
                with self._bell.giving_way(client):
                    carrying.send_left(self._logbook, self._logbook, client, self._bell.must_go)
        except OfficeRefused as e:
            self._aside = e

    # -- urgent ---------------------------------------------------------------------------------
    def _send_urgent(self, client: Client) -> None:
        """Each urgent record alone, the same bytes that its batch will hold."""
        refusal: WatchbookError | None = self._find_urgent()
        for seq in sorted(self._urgent):
            try:
                client.send_alone(self._urgent[seq])
                del self._urgent[seq]
            except OfficeRefused as e:  # it comes again with its batch; the next alarm must not wait for that
                refusal = refusal or e
        if refusal is not None:
            raise refusal

    def _find_urgent(self) -> BookError | None:
        """What keeps it from looking further; what was found before that goes all the same."""
        damage = None
        try:
            for entry in self._new_entries():
                if _is_urgent(entry):
                    self._urgent[entry.record.seq] = entry.raw
        except BookError as e:
            damage = e
        except OSError as e:
            damage = unsafe(e)
        self._urgent = {seq: raw for seq, raw in self._urgent.items() if seq > self._logbook.acked}
        return damage

    def _new_entries(self) -> Iterator[Entry]:
        for entry in self._logbook.entries(max(self._scanned, self._logbook.acked) + 1):
            yield entry
            self._scanned = entry.record.seq

    # -- changes --------------------------------------------------------------------------------
    def _fetch_changes(self, client: Client) -> None:
        """Page by page; each page and its cursor are applied in one step of the logbook."""
        page = self._page(client, self._logbook.cursor or START)
        while page.more:
            page = self._page(client, page.cursor)
        if self._is_behind(page):
            self._lane.rewind(page.high_water)
            for stream in (self._send_closed, self._lane.send_all, self._send_blobs):
                stream(client)

    def _is_behind(self, page: Changes) -> bool:
        """The office holds less of the book than it confirmed, or more than there is."""
        return page.high_water + 1 < self._outbox.next or page.high_water > self._logbook.head.seq

    def _page(self, client: Client, cursor: str, held_s: int = 0) -> Changes:
        anew = False
        try:
            page = client.changes(cursor, MAX_PAGE, held_s)
        except Refused as e:
            if e.problem.name in ("cursor-ahead", "cursor-expired"):  # expired: it has another feed since it came back
                self._doubt()
            if e.problem.name != "cursor-expired" or cursor == START:
                raise
            page, anew = client.changes(START, MAX_PAGE), True
        self._heard_from()
        if not is_from_office(self._logbook, page.sig, changes_bytes(self._logbook.book, page)):
            raise OfficeAway("sync.wrong_office")
        if page.more and not page.items:
            raise OfficeAway("sync.bad_answer")
        items = [each for each in map(_received, page.items) if is_wanted(self._logbook, each)]
        if items or page.cursor != self._logbook.cursor:
            self._logbook.receive(items, page.cursor, self._book)
        if items:
            self._tell(pages=self.state.pages + 1)
        if any(item.kind == SETTINGS for item in items):  # whoever set them waits to hear that they hold
            self._condition_told, anew = None, True
        if anew:
            self.nudge()
        return page


def _received(change: Change) -> Received:
    body = bytes(change.body)
    withdrawn = not change.sha256 and body == b"null"
    if not withdrawn and hashlib.sha256(body).hexdigest() != change.sha256:
        raise OfficeAway("sync.bad_answer")
    return Received(kind=change.kind, id=change.id, rev=change.rev, body=None if withdrawn else body)


def _is_urgent(entry: Entry) -> bool:
    from app.kinds import urgent

    return urgent(entry.record)
