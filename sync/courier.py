"""The courier: carries records to the office and brings back what is new, in a thread of its own.

One round is: is it our office? · urgent records, each alone · all others in order · the changes feed.
A round that fails for any reason is followed by another; nothing is given up and nothing deleted. A
record counts as sent only by the office's signed receipt.
"""

import hashlib
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import msgspec
from msgspec import Raw, Struct

from app.errors import BookError, ChainBroken, OfficeAway, OfficeRefused, WatchbookError
from app.logbook.book import Logbook, Received
from app.logbook.disk import unsafe
from app.logbook.keys import verifies
from app.logbook.lines import Hole
from app.logbook.reader import Enrolment
from app.ports import Clock
from app.record import Entry, follow
from sync import outbox as outboxes
from sync import standing
from sync.client import Client, Refused, check_address
from sync.outbox import Outbox, Span
from sync.standing import Reason, Standing
from sync.wire import (
    MAX_PAGE,
    PROTOCOL,
    Ack,
    Batch,
    Change,
    Changes,
    Enrol,
    Lost,
    Malformed,
    Receipt,
    changes_bytes,
    enrol_bytes,
    fingerprint,
    receipt_bytes,
    split_code,
    unhex,
)

log: Final = logging.getLogger("watchbook.courier")

START: Final = "0"
MAX_REWINDS: Final = 3
"""How often one round starts again behind the office's mark, before it is left to the next round."""
Connect = Callable[[Logbook], Client]


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


def enrolled_client(logbook: Logbook, clock: Clock, plain: bool = False) -> Client:
    """A client for the office this handheld is enrolled at. Raises OfficeRefused when it is not enrolled."""
    office = logbook.office
    if office is None:
        raise OfficeRefused("sync.not_enrolled")
    key = unhex(office.server_key, 32)
    return Client(office.office, book=logbook.book, identity=logbook.identity, server_key=key, clock=clock, plain=plain)


def enrol(logbook: Logbook, url: str, code: str, name: str, clock: Clock, *, plain: bool = False) -> Enrolment:
    """Bring this handheld to its office. The code's last ten characters, when given, pin the office's key
    before the code is shown to anybody.

    Raises Malformed (no code), AddressRefused, OfficeAway, Refused, or OfficeRefused when enrolled already.
    """
    secret, pin = split_code(code)
    address = check_address(url, plain)
    if logbook.office is not None and logbook.office.office != address:
        raise OfficeRefused("sync.already_enrolled", office=logbook.office.office)
    client = Client(address, book=logbook.book, identity=logbook.identity, server_key=None, clock=clock, plain=plain)
    try:
        hello = client.hello()
        if pin is not None and fingerprint(unhex(hello.server_key, 32)) != pin:
            raise OfficeAway("sync.code_or_office")
        answer = client.enrol(_introduction(logbook, secret, name))
    finally:
        client.close()
    if answer.server_key != hello.server_key or answer.book != logbook.book_id:
        raise OfficeAway("sync.wrong_office")
    enrolment = Enrolment(office=address, server_key=answer.server_key, device=answer.device, site=answer.site)
    if logbook.office != enrolment:
        logbook.enrolled(enrolment)
    return enrolment


def _introduction(logbook: Logbook, code: str, name: str) -> Enrol:
    opened = logbook.entry(1)
    if opened is None:
        raise ChainBroken("book.unreadable", seq=1)
    keys = {part: str(opened.record.body[part]) for part in ("key", "identity", "cert")}
    proof = logbook.identity.sign(enrol_bytes(code, logbook.book)).hex()
    return Enrol(code=code, book=logbook.book_id, name=name, proof=proof, **keys)


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
    ) -> None:
        """`on_change` and `on_offset` are called on the courier's thread. `draw` gives 0 … 1 for the waits."""
        self._logbook = logbook
        self._clock = clock
        self._on_change = on_change
        self._on_offset = on_offset
        self._connect = connect or partial(enrolled_client, clock=clock)
        self._draw = draw
        self._outbox = Outbox(next=logbook.acked + 1)
        self._urgent: dict[int, bytes] = {}
        self._scanned = logbook.acked
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
            self._bell.notify()
        if self._thread is not None:
            self._thread.join(wait_s)

    def sync_now(self) -> None:
        """Somebody asked: try at once, and let the waits start small again."""
        with self._bell:
            self._wished = True
            self._ring(time.monotonic())

    def nudge(self, urgent: bool = False) -> None:
        """A record was made. It goes soon; while the office is away only an urgent one brings the next try forward."""
        with self._bell:
            if urgent:
                self._ring(time.monotonic())
            elif self._outbox.failures == 0:
                self._ring(time.monotonic() + outboxes.SOON_S)

    def _ring(self, due: float) -> None:
        self._rung = min(self._rung, due)
        self._bell.notify()

    def _run(self) -> None:
        while self._wait():
            try:
                self.exchange()
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
        with self._bell:
            self._rung = math.inf
            self._asked = None
            if self._wished:
                self._outbox, self._wished = outboxes.settled(self._outbox), False
        self._tell(busy=True)
        try:
            refusal = self._connected_round()
        except WatchbookError as e:
            refusal = e
        except OSError as e:
            refusal = unsafe(e)
        if isinstance(refusal, Refused):
            self._heard_from()
        self._arm(refusal)
        if refusal is not None:
            raise refusal
        return self.state

    def _connected_round(self) -> WatchbookError | None:
        client = self._connect(self._logbook)
        try:
            return self._round(client)
        finally:
            client.close()
            self._asked = client.backoff

    def _arm(self, refusal: WatchbookError | None) -> None:
        """Set the next round, whatever this one came to."""
        asked = refusal.retry_after if isinstance(refusal, Refused) else self._asked
        with self._bell:
            before = self._outbox
            self._outbox = outboxes.failed(before) if refusal is not None else outboxes.settled(before)
            self._due = time.monotonic() + outboxes.wait_s(self._outbox, self._draw(), asked)
            if refusal is None and self._logbook.unsent:
                self._due = time.monotonic() + outboxes.SOON_S
        reason = None if refusal is None else Reason(refusal.key, dict(refusal.fields))
        standing.save(self._logbook.folder, Standing(self._off, reason))
        online = not isinstance(refusal, OfficeAway) and self._answered is not None
        self._tell(
            busy=False,
            online=online,
            offline_since=None if online else self._answered,
            last_reason=reason,
        )

    def _round(self, client: Client) -> WatchbookError | None:
        """All streams in their order. What is refused, or can't be read, stops its stream only
        and comes back; the office away stops all."""
        hello = client.hello()
        self._heard_from()
        self._outbox = outboxes.agreed(self._outbox, hello.max_events, hello.max_bytes)
        if client.offset is not None:
            self._off = client.offset
            self._on_offset(client.offset)
        first: WatchbookError | None = None
        for stream in (self._send_urgent, self._send_records, self._fetch_changes):
            try:
                stream(client)
            except (OfficeRefused, BookError) as e:
                first = first or e
        return first

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

    # -- urgent ---------------------------------------------------------------------------------
    def _send_urgent(self, client: Client) -> None:
        """Each urgent record alone, the same bytes that its batch will hold."""
        refusal: WatchbookError | None = None
        try:
            for entry in self._new_entries():
                if _is_urgent(entry):
                    self._urgent[entry.record.seq] = entry.raw
        except BookError as e:  # what was found before the damage goes all the same
            refusal = e
        self._urgent = {seq: raw for seq, raw in self._urgent.items() if seq > self._logbook.acked}
        for seq in sorted(self._urgent):
            try:
                client.send_alone(self._urgent[seq])
                del self._urgent[seq]
            except OfficeRefused as e:  # it comes again with its batch; the next alarm must not wait for that
                refusal = refusal or e
        if refusal is not None:
            raise refusal

    def _new_entries(self) -> Iterator[Entry]:
        for entry in self._logbook.entries(max(self._scanned, self._logbook.acked) + 1):
            yield entry
            self._scanned = entry.record.seq

    # -- records --------------------------------------------------------------------------------
    def _send_records(self, client: Client) -> None:
        """Batch after batch until the office holds all."""
        tries = MAX_REWINDS
        withdrawn: Refused | None = None
        while not self._stopping and (batch := self._next_batch()) is not None:
            try:
                self._acked(client.send(batch), batch.first)
            except Refused as e:
                if self._kept_anyway(e, batch.first):
                    withdrawn = e
                elif tries and self._adapt(e):
                    tries -= 1
                else:
                    raise
            except OfficeAway as e:
                if e.key == "sync.no_answer":
                    self._outbox = outboxes.shrunk(self._outbox)
                raise
        if withdrawn is not None:
            raise withdrawn

    def _next_batch(self) -> Batch | None:
        book = self._logbook
        holes = book.holes
        wanted = outboxes.span(self._outbox, book.head.seq, [Span(hole.first, hole.last) for hole in holes])
        if wanted is None:
            return None
        hole = next((hole for hole in holes if hole.last == wanted.first - 1), None)
        prev = hole.next if hole else self._hash_before(wanted.first)
        entries = self._readable(wanted, prev)
        count = outboxes.fitting([len(entry.raw) for entry in entries], self._outbox.weight)
        return self._batch(entries[:count], prev, hole)

    def _readable(self, wanted: Span, prev: bytes) -> list[Entry]:
        """The records as far as they are what was written. Raises when the first is not."""
        entries: list[Entry] = []
        try:
            for entry in self._logbook.entries(wanted.first, wanted.last - wanted.first + 1):
                prev = follow(prev, entry.raw)
                if prev != entry.hash or entry.record.seq != wanted.first + len(entries):
                    raise ChainBroken("book.unreadable", seq=wanted.first + len(entries))
                entries.append(entry)
        except ChainBroken:
            if not entries:
                raise
        if not entries:
            raise OfficeRefused("sync.gone", seq=wanted.first)
        return entries

    def _batch(self, entries: list[Entry], prev: bytes, hole: Hole | None) -> Batch:
        book = self._logbook
        last = entries[-1]
        key, sig = book.head_signature(last.record.seq, last.hash)
        return Batch(
            v=PROTOCOL,
            book=book.book_id,
            first=entries[0].record.seq,
            prev=prev.hex(),
            head=last.hash.hex(),
            key=key,
            sig=sig,
            records=tuple(Raw(entry.raw) for entry in entries),
            lost=Lost(hole.first, hole.last, hole.good.hex(), hole.next.hex()) if hole else None,
        )

    def _hash_before(self, first: int) -> bytes:
        """The hash that record `first` follows."""
        if first == 1:
            return self._logbook.book
        before = self._logbook.hash_of(first - 1)
        if before is None:
            raise OfficeRefused("sync.gone", seq=first - 1)
        return bytes.fromhex(before)

    def _acked(self, ack: Ack, first: int) -> None:
        """Believe the mark as far as its receipt is signed and the chain there is ours."""
        self._heard_from()
        if ack.receipt is None or ack.receipt.seq != ack.high_water or ack.high_water < first:
            raise OfficeAway("sync.bad_answer")
        self._take_receipt(ack.receipt)

    def _take_receipt(self, receipt: Receipt) -> None:
        book = self._logbook
        if receipt.seq > book.head.seq:
            raise OfficeRefused("sync.office_ahead")
        ours = book.hash_of(receipt.seq)  # None: that record is lost here, there is nothing to compare
        if receipt.book != book.book_id or not self._is_signed(receipt) or ours not in (None, receipt.hash):
            raise OfficeRefused("sync.bad_receipt")
        book.receipt(msgspec.to_builtins(receipt))
        self._outbox = outboxes.taken(self._outbox, receipt.seq)
        self._tell(last_ack=receipt.at)

    def _is_signed(self, receipt: Receipt) -> bool:
        try:
            message = receipt_bytes(self._logbook.book, receipt.seq, unhex(receipt.hash, 32), receipt.at)
        except (Malformed, OverflowError):
            return False
        return self._is_from_office(receipt.sig, message)

    def _is_from_office(self, sig: str, message: bytes) -> bool:
        """Whether the key that this handheld was enrolled with signed `message`."""
        office = self._logbook.office
        assert office is not None
        try:
            return verifies(unhex(office.server_key, 32), unhex(sig, 64), message)
        except Malformed:
            return False

    def _kept_anyway(self, refusal: Refused, first: int) -> bool:
        """A withdrawn handheld's records go into quarantine; they count as sent, with a receipt."""
        receipt = refusal.problem.receipt
        if refusal.problem.name != "revoked" or receipt is None or receipt.seq < first:
            return False
        self._take_receipt(receipt)
        return True

    def _adapt(self, refusal: Refused) -> bool:
        """Change course after a refusal that says how. False when there is no way on."""
        problem = refusal.problem
        if problem.name in ("too-large", "slow") and self._outbox.size > 1:
            self._outbox = outboxes.shrunk(self._outbox)
            return True
        if problem.name == "gap" and problem.high_water is not None:
            self._rewind(problem.high_water)
            return True
        return False

    def _rewind(self, high_water: int) -> None:
        if high_water > self._logbook.head.seq:
            raise OfficeRefused("sync.office_ahead")
        self._outbox = outboxes.rewound(self._outbox, high_water)

    # -- changes --------------------------------------------------------------------------------
    def _fetch_changes(self, client: Client) -> None:
        """Page by page; each page and its cursor are applied in one step of the logbook."""
        page = self._page(client, self._logbook.cursor or START)
        while page.more:
            page = self._page(client, page.cursor)
        if page.high_water + 1 < self._outbox.next:
            self._rewind(page.high_water)
            self._send_records(client)

    def _page(self, client: Client, cursor: str) -> Changes:
        try:
            page = client.changes(cursor, MAX_PAGE)
        except Refused as e:
            if e.problem.name != "cursor-expired" or cursor == START:
                raise
            page = client.changes(START, MAX_PAGE)
        self._heard_from()
        if not self._is_from_office(page.sig, changes_bytes(self._logbook.book, page)):
            raise OfficeAway("sync.wrong_office")
        if page.more and not page.items:
            raise OfficeAway("sync.bad_answer")
        items = [_received(change) for change in page.items]
        if items or page.cursor != self._logbook.cursor:
            self._logbook.receive(items, page.cursor)
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
