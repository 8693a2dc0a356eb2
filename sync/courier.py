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
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from app.errors import BookError, BookUnknown, OfficeAway, OfficeRefused, WatchbookError
from app.logbook.book import Logbook, Received
from app.logbook.closed import ClosedBook
from app.logbook.disk import unsafe
from app.logbook.keys import PrivateIdentity
from app.logbook.reader import Enrolment
from app.ports import Clock
from app.record import Entry
from app.tuning import KIND as SETTINGS
from app.tuning import is_wanted
from sync import outbox as outboxes
from sync import standing
from sync.client import Client, Hushed, Refused
from sync.lane import Forked, Lane, Listener, Writer, is_from_office
from sync.outbox import Outbox
from sync.standing import Reason, Standing
from sync.wire import (
    MAX_PAGE,
    After,
    Change,
    Changes,
    Condition,
    Successor,
    changes_bytes,
    unhex,
)

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
ELSEWHERE_MS: Final = 600_000
"""How often an office that this handheld has left is asked for its word, at most."""
ENDS_MS: Final = 24 * 3600 * 1000
"""How often the office is asked for the ends of closed books; they go some days after it confirmed them."""
CLOCK_MS: Final = 300_000
"""A handheld's clock that is so far off is told to the crew."""


class Remembered(Struct, frozen=True):
    """A book that is not here any more, and whose office may still know it."""

    book: bytes
    identity: PrivateIdentity
    office: Enrolment | None


Connect = Callable[[Writer], Client]


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
        self._said: int | None = None
        """When it was told last, `Moment.up`."""
        self._logbook = logbook
        self._clock = clock
        self._on_change = on_change
        self._on_offset = on_offset
        self._connect = connect or partial(enrolled_client, clock=clock)
        self._draw = draw
        self._aside: WatchbookError | None = None
        """What keeps records of a closed book back."""
        self._listener = Listener(
            lambda: self._stopping, self._heard_from, lambda at: self._tell(last_ack=at), self._doubt
        )
        self._ends_asked: int | None = None
        """When the office was asked for the ends of closed books that it confirmed, since it may be from a copy;
        `Moment.up`, None to ask now."""
        self._begin()
        self._line: Client | None = None
        """Of the round that went through last; open while the office holds a question."""
        self._gives_way: Client | None = None
        """Whose request may be cut when there is something more urgent."""
        self._holds_s = 0
        self._deaf = 0
        """Held questions in a row that broke off."""
        self._missed = 0
        """Records that the office had confirmed and had to be given again."""
        self._ageing = False
        self._left_elsewhere = 0
        """Pictures and texts that wait for an office or site that this handheld has left."""
        self._elsewhere_asked: int | None = None
        """When those were last asked in vain; `Moment.up`."""
        self._elsewhere_aside: WatchbookError | None = None
        """What came of that."""
        self._answered: int | None = None
        self._asked: float | None = None
        self._off = standing.load(logbook.folder).off
        self._bell = threading.Condition()
        self._due = math.inf
        """When the next round is due by the timer, in time.monotonic()."""
        self._rung = math.inf
        """When it is due because somebody rang since the last round began."""
        self._wished = False
        self._stopping = False
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
        self._due = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 5.0) -> None:
        """End after the request that is going on. What was not sent is sent after the next start."""
        with self._bell:
            self._stopping = True
            self._ring(time.monotonic(), urgent=True)
        if self._thread is not None:
            self._thread.join(wait_s)

    def sync_now(self) -> None:
        """Somebody asked: try at once, and let the waits start small again."""
        with self._bell:
            self._wished = True
            self._ring(time.monotonic(), urgent=True)

    def nudge(self, urgent: bool = False) -> None:
        """A record was made. It goes soon; while the office is away only an urgent one brings the next try forward."""
        with self._bell:
            if urgent:
                self._ring(time.monotonic(), urgent=True)
            elif self._outbox.failures == 0:
                self._ring(time.monotonic() + outboxes.SOON_S)

    def _ring(self, due: float, urgent: bool = False) -> None:
        """A held question makes way at once; a picture that is being sent only for what is urgent."""
        self._rung = min(self._rung, due)
        if self._gives_way is not None and (urgent or self._gives_way is self._line):
            self._gives_way.hush()
        self._bell.notify()

    def _give_way(self, client: Client | None) -> None:
        """What `client` asks next may be cut. Raises Hushed when somebody rang meanwhile."""
        with self._bell:
            self._gives_way = client
            if client is not None and self._must_go():
                self._gives_way = None
                raise Hushed("sync.hushed")

    def _run(self) -> None:
        while self._wait():
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

    def _wait(self) -> bool:
        """Sleep until a round is due. False when it is time to end."""
        with self._bell:
            while not self._stopping and (left := min(self._due, self._rung) - time.monotonic()) > 0:
                self._bell.wait(left)
            return not self._stopping

    # -- one round ------------------------------------------------------------------------------
    def exchange(self) -> CourierState:
        """One round. Raises what stopped it: OfficeAway, OfficeRefused, BookError; `state` says the same."""
        return self._exchange(stays=False)

    def _exchange(self, stays: bool) -> CourierState:
        """`stays` leaves the line open for `_listen`."""
        with self._bell:
            self._rung = math.inf
            self._asked = None
            if self._wished:
                self._outbox, self._wished = outboxes.settled(self._outbox), False
                self._elsewhere_asked = None
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
            except Forked as e:
                if last or not self._has_work():
                    return e
                self._succeed()
            finally:
                self._asked, self._ageing = client.backoff, client.ageing
                if self._line is None:
                    client.close()
        return None

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
            while self._holds_s and self._asked is None and self._one_question(line):
                self._deaf = 0
        except Hushed:
            return
        except OfficeAway as e:  # the next round finds out what is the matter; it may be nothing
            self._deaf += 1
            log.info("a held question broke off: %s", e.key)
            with self._bell:
                self._due = time.monotonic() + self._draw() * outboxes.SOON_S
        except WatchbookError as e:
            self._arm(e)
        finally:
            with self._bell:
                self._gives_way = self._line = None
            line.close()

    def _one_question(self, line: Client) -> bool:
        """Whether to ask another one."""
        asked = time.monotonic()
        held_s = min(self._holds_s, int(self._due - asked))
        if held_s < 1:
            return False
        self._give_way(line)
        page = self._page(line, self._logbook.cursor or START, held_s)
        if self._is_behind(page):
            with self._bell:
                self._due = asked
            return False
        return bool(page.items) or time.monotonic() - asked > BARELY_S

    def _has_work(self) -> bool:
        """Whether anybody recorded anything in this book: an empty one is no better than the next."""
        own = ("book.", "key.")
        return any(not entry.record.kind.startswith(own) for entry in self._logbook.entries())

    def _succeed(self) -> None:
        """Close the book and go on in a new one, with everything that the crew has in hand. Raises BookUnsafe."""
        from app.memory import Memory

        try:
            self._logbook.succeed("fork", fold=Memory)
        except BookUnknown:
            self._logbook.reopen()
        if self._logbook.book != self._book:
            self._tell(new_books=self.state.new_books + 1)

    def _go_on(self) -> None:
        """Another book stands there: its records, with what was learnt about the line."""
        learnt = self._outbox
        self._begin()
        self._outbox = msgspec.structs.replace(learnt, next=self._outbox.next)

    def _arm(self, refusal: WatchbookError | None) -> None:
        """Set the next round, whatever this one came to."""
        aside = self._aside or self._elsewhere_aside
        asked = refusal.retry_after if isinstance(refusal, Refused) else self._asked
        if refusal is not None:
            self._find_urgent()
        with self._bell:
            before = self._outbox
            self._outbox = outboxes.failed(before) if refusal is not None else outboxes.settled(before)
            self._due = time.monotonic() + outboxes.wait_s(self._outbox, self._draw(), asked, bool(self._urgent))
            if refusal is None and self._logbook.unsent and aside is None:
                self._due = time.monotonic() + outboxes.SOON_S
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
        self._missed = max(self._missed, self._lane.missed)
        if self._missed:
            yield Reason("sync.office_behind", {"n": self._missed})
        if self._off is not None and abs(self._off) > CLOCK_MS:
            yield Reason("sync.clock_off", {"minutes": round(abs(self._off) / 60_000)})
        if self._ageing:
            yield Reason("sync.ageing")
        if self._left_elsewhere:
            yield Reason("sync.left_elsewhere", {"n": self._left_elsewhere})

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
            except Forked:
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
        if self._condition is None or (self._said is not None and up - self._said < CONDITION_MS):
            return
        client.tell_condition(self._condition(self.state))
        self._said = up

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
        """A book that went on from another is told to the office in the name of that one, which it knows."""
        book, office = self._logbook, self._logbook.office
        if self._introduced or office is None:
            return
        opened = book.entry(1)
        body = opened.record.body if opened is not None else {}
        if "after" not in body or (book.introduced and not self._forgotten):
            self._introduced = True
            return
        after = msgspec.convert(body["after"], After)
        asked = Successor(after=after, **{part: str(body[part]) for part in ("key", "identity", "cert")})
        with closing(self._connect(Remembered(unhex(after.book, 32), book.identity, office))) as before:
            before.hello()
            answer = before.succeed(asked)
        if not book.introduced:
            book.enrolled(Enrolment(office.office, office.server_key, answer.device, answer.site))
        self._introduced, self._forgotten = True, False

    def _send_closed(self, client: Client) -> None:
        """What our office does not hold yet of books that have ended.

        What keeps one of them back keeps nothing else: it is only told. Raises OfficeAway.
        """
        before, up = self._ends_asked, self._clock.now().up
        every = before is None or up - before >= ENDS_MS
        self._aside, self._ends_asked = None, up if every else before
        try:
            with closing(self._logbook.closed_books(every=every)) as books:
                for book in filter(self._is_ours, books):
                    self._send_one_closed(book)
        except BookError as e:
            self._aside = e
        except WatchbookError:
            self._ends_asked = before
            raise

    def _is_ours(self, book: ClosedBook) -> bool:
        """Whether it belongs to our office, at whichever site."""
        ours, theirs = self._logbook.office, book.office
        return ours is not None and theirs is not None and theirs.server_key == ours.server_key

    def _send_one_closed(self, book: ClosedBook) -> None:
        """Of one that the office confirmed to its end, the last record once more: it says when it lacks others."""
        self._aside = self._speak_for(book, self._lane_of(book).send_all) or self._aside

    def _lane_of(self, book: ClosedBook) -> Lane:
        first = min(book.acked + 1, book.head.seq)
        return Lane(book, Outbox(next=first, size=self._outbox.size), self._listener)

    def _speak_for(self, book: ClosedBook, say: Callable[[Client], None]) -> WatchbookError | None:
        """To the office of a closed book, in its name; what is urgent cuts it. What came between, to be told. Raises
        OfficeAway when it is our own; Hushed."""
        theirs, is_ours = book.office, self._is_ours(book)
        assert theirs is not None
        try:
            with closing(self._connect(book)) as line, self._giving_way(line):
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

    def _send_elsewhere(self, client: Client) -> None:
        """What waits for an office or site that this handheld has left, over lines of closed books; behind all that
        somebody here waits for, since that office may be gone, and not in each round.

        What keeps it back keeps nothing else: it is only told.
        """
        asked, up = self._elsewhere_asked, self._clock.now().up
        if asked is not None and up - asked < ELSEWHERE_MS:
            return
        left, away = self._logbook.blobs_left_elsewhere(), set[str]()
        self._left_elsewhere, self._elsewhere_aside = sum(map(len, left.values())), None
        try:
            with closing(self._logbook.closed_books(every=bool(left))) as books:
                for book in books:
                    if book.office is not None and book.office.server_key not in away:
                        trouble = self._send_one_elsewhere(book, book.office.place in left)
                        self._elsewhere_aside = self._elsewhere_aside or trouble
                        away |= {book.office.server_key} if trouble else set()
        except BookError as e:
            self._elsewhere_aside = e
        self._left_elsewhere = sum(map(len, self._logbook.blobs_left_elsewhere().values()))
        self._elsewhere_asked = up if self._left_elsewhere or self._elsewhere_aside else None

    def _send_one_elsewhere(self, book: ClosedBook, has_left: bool) -> WatchbookError | None:
        """Its records, and pictures that wait for the word of its office."""
        trouble: WatchbookError | None = None
        if not self._is_ours(book) and book.acked < book.head.seq:
            trouble = self._speak_for(book, self._lane_of(book).send_all)
        if has_left and trouble is None:
            trouble = self._speak_for(book, partial(self._send_left_of, book))
        return trouble

    def _doubt(self) -> None:
        """The office came back from a copy: what else it confirmed may be gone there too. Raises BookUnsafe."""
        self._ends_asked = None
        self._logbook.blobs_doubted()

    def _send_carried(self, client: Client) -> None:
        from sync import carrying

        carrying.send_carried(self._logbook, client)

    def _send_blobs(self, client: Client) -> None:
        from sync import carrying

        with self._giving_way(client):
            carrying.send_blobs(self._logbook, client, self._must_go)

    def _send_left(self, client: Client) -> None:
        """Pictures that wait for the office's last word. What is refused keeps nothing else back: it is only told."""
        try:
            if self._logbook.blobs_left():
                with self._giving_way(client):
                    self._send_left_of(self._logbook, client)
        except OfficeRefused as e:
            self._aside = e

    def _send_left_of(self, book: Writer, line: Client) -> None:
        from sync import carrying

        carrying.send_left(self._logbook, book, line, self._must_go)

    @contextmanager
    def _giving_way(self, client: Client) -> Iterator[None]:
        self._give_way(client)
        try:
            yield
        finally:
            with self._bell:
                self._gives_way = None

    def _must_go(self) -> bool:
        """Whether somebody waits for this round to end."""
        return self._stopping or self._rung <= time.monotonic()

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
            self._logbook.receive(items, page.cursor)
        if items:
            self._tell(pages=self.state.pages + 1)
        if any(item.kind == SETTINGS for item in items):  # whoever set them waits to hear that they hold
            self._said, anew = None, True
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
