"""Seeded bugs of the conversation, by name. Whatever proves it must notice each of them: `with seeded(name): …`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest.mock import patch

from msgspec.structs import replace
from sqlalchemy import Connection, insert, select, update

from app.errors import OfficeAway, WatchbookError
from app.logbook.book import Logbook
from sync.client import Client
from sync.courier import Courier
from sync.lane import Lane
from sync.office.problems import Refusal
from sync.office.store import records as office
from sync.office.store.schema import heads, records
from sync.outbox import rewound
from sync.wire import Ack, Batch, Receipt

Seed = Callable[[ExitStack], None]


def _replace(stack: ExitStack, owner: Any, name: str, made: Callable[[Any], Any]) -> None:
    stack.enter_context(patch.object(owner, name, made(getattr(owner, name))))


# -- the handheld's ----------------------------------------------------------------------------
def _believes(*keys: str) -> Seed:
    """What is no answer of the office's counts as one."""

    def made(send: Callable[[Client, Batch], Ack]) -> Callable[[Client, Batch], Ack]:
        def believing(self: Client, batch: Batch) -> Ack:
            try:
                return send(self, batch)
            except OfficeAway as e:
                if e.key not in keys:
                    raise
                last = batch.first + len(batch.records) - 1
                return Ack(batch.book, last, batch.head, 0, (), Receipt(batch.book, last, batch.head, 0, "", ""), 0)

        return believing

    def seed(stack: ExitStack) -> None:
        _replace(stack, Client, "send", made)
        _replace(stack, Lane, "_is_signed", lambda _: lambda self, receipt: True)

    return seed


def _thinks_sent(stack: ExitStack) -> None:
    """A batch that failed is not sent again."""

    def made(send_all: Callable[[Lane, Client], None]) -> Callable[[Lane, Client], None]:
        def hasty(self: Lane, client: Client) -> None:
            try:
                send_all(self, client)
            except OfficeAway:
                self.outbox = rewound(self.outbox, self._book.head.seq)
                raise

        return hasty

    _replace(stack, Lane, "send_all", made)


def _skips_a_page(stack: ExitStack) -> None:
    def made(fetch: Any) -> Any:
        def skipping(self: Courier, client: Client) -> None:
            page = self._page(client, self._logbook.cursor or "0")
            feed, _, rev = page.cursor.partition("-")
            if page.more:
                self._logbook.receive([], f"{feed}-{int(rev) + 1}")
            fetch(self, client)

        return skipping

    _replace(stack, Courier, "_fetch_changes", made)


def _cursor_first(stack: ExitStack) -> None:
    """The cursor is kept before the page; now and then nothing comes after it."""
    times = [0]

    def made(receive: Callable[..., None]) -> Callable[..., None]:
        def early(self: Logbook, items: Any, *cursor: Any) -> None:
            receive(self, [], *cursor)
            times[0] += 1
            if items and times[0] % 3 == 0:
                raise OSError(5, "the disk did not answer")
            receive(self, items, *cursor)

        return early

    _replace(stack, Logbook, "receive", made)


def _forgets_the_timer(stack: ExitStack) -> None:
    def made(arm: Callable[[Courier, WatchbookError | None], None]) -> Callable[[Courier, WatchbookError | None], None]:
        def forgetful(self: Courier, refusal: WatchbookError | None) -> None:
            due = self._bell._due
            arm(self, refusal)
            if refusal is not None:
                self._bell._due = due

        return forgetful

    _replace(stack, Courier, "_arm", made)


def _ignores_a_lower_mark(stack: ExitStack) -> None:
    _replace(stack, Courier, "_is_behind", lambda _: lambda self, page: False)


# -- the office's ------------------------------------------------------------------------------
class _Undone(Exception):
    pass


def _early_ack(stack: ExitStack) -> None:
    """Now and then the answer is given and the transaction never ends."""
    times = [0]

    def made(take: Any) -> Any:
        async def early(self: office.Records, *asked: Any) -> Any:
            times[0] += 1
            if times[0] % 3:
                return await take(self, *asked)
            done: list[Any] = []

            def undone(tx: Connection) -> None:
                site, batch, now, fault = asked
                done.append(office._take(tx, site, batch, now, fault))
                raise _Undone

            try:
                await self._store.write(undone)
            except _Undone:
                return done[-1]

        return early

    _replace(stack, office.Records, "take", made)


def _around_take(change: Callable[..., Any]) -> Seed:
    """`change` gets what is done by right, and the same arguments."""

    def made(take: Any) -> Any:
        return lambda tx, site, batch, now, fault: change(take, tx, site, batch, now, fault)

    return lambda stack: _replace(stack, office, "_take", made)


def _stores_twice(take: Any, tx: Connection, site: str, batch: office.Batch, now: int, fault: str | None) -> Any:
    done = take(tx, site, batch, now, fault)
    if isinstance(done, office.Taken) and not done.accepted:
        mine = (records.c.site == site, records.c.book == batch.book, records.c.seq == batch.first)
        tx.execute(insert(records), [dict(row._mapping) for row in tx.execute(select(records).where(*mine))])
    return done


def _takes_what_does_not_follow(
    take: Any, tx: Connection, site: str, batch: office.Batch, now: int, fault: str | None
) -> Any:
    done = take(tx, site, batch, now, fault)
    if not isinstance(done, office.Gap):
        return done
    hole = office.Hole(done.held.seq + 1, batch.first - 1, done.held.hash, batch.prev)
    return take(tx, site, replace(batch, hole=hole), now, fault)


def _stops_at_a_bad_record(
    take: Any, tx: Connection, site: str, batch: office.Batch, now: int, fault: str | None
) -> Any:
    done = take(tx, site, batch, now, fault)
    if isinstance(done, office.Taken) and done.quarantined:
        raise Refusal("malformed")
    return done


def _overwrites(take: Any, tx: Connection, site: str, batch: office.Batch, now: int, fault: str | None) -> Any:
    done = take(tx, site, batch, now, fault)
    if not isinstance(done, office.Fork):
        return done
    mine = (records.c.site == site, records.c.book == batch.book)
    for one in batch.links[done.seq - batch.first :]:
        tx.execute(update(records).where(*mine, records.c.seq == one.seq).values(raw=one.raw, hash=one.hash))
    tx.execute(update(heads).where(heads.c.site == site, heads.c.book == batch.book).values(hash=batch.links[-1].hash))
    return office.Taken(office.Held(done.held.seq, batch.links[-1].hash), 0, ())


def _urgent_moves_the_mark(stack: ExitStack) -> None:
    def made(take_urgent: Any) -> Any:
        def moving(tx: Connection, site: str, book: bytes, one: office.Link, now: int, fault: str | None) -> Any:
            done = take_urgent(tx, site, book, one, now, fault)
            tx.execute(update(heads).where(heads.c.site == site, heads.c.book == book).values(seq=one.seq))
            return done

        return moving

    _replace(stack, office, "_take_urgent", made)


MUTANTS: Final[dict[str, Seed]] = {
    "answers before the commit": _early_ack,
    "a gateway's 500 is a yes": _believes("sync.no_answer"),
    "a login page is a yes": _believes("sync.login_page"),
    "stores a replay again": _around_take(_stores_twice),
    "skips a page": _skips_a_page,
    "the cursor before the page": _cursor_first,
    "a fork overwrites": _around_take(_overwrites),
    "takes what does not follow": _around_take(_takes_what_does_not_follow),
    "a bad record stops the rest": _around_take(_stops_at_a_bad_record),
    "forgets the timer": _forgets_the_timer,
    "an office that came back gets nothing": _ignores_a_lower_mark,
    "an urgent record moves the mark": _urgent_moves_the_mark,
    "a failed batch is thought sent": _thinks_sent,
}


@contextmanager
def seeded(name: str) -> Iterator[None]:
    """With this bug, or without any for an empty name."""
    with ExitStack() as stack:
        if name:
            MUTANTS[name](stack)
        yield
