"""What handhelds recorded of a matter goes down to all handhelds of the site (decision 21): see app.relayed.

The page of a matter is its records in the order in which they came. One that is over stays for two days, so that
everybody learns of it; then it is withdrawn.
"""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.kinds.matters import BEGINS, NAMED_BY, matter_of
from app.record import Record
from app.relayed import LARGEST, MOST, Relayed, fold_matter
from app.resume import State
from sync.office import standing as standings
from sync.office.store import matters as table
from sync.office.store.changes import publish, stands
from sync.office.store.matters import MatterRow, Standing
from sync.office.store.records import Stored
from sync.office.store.visits import LATEST_MS

KIND: Final = "matter"
ASKED: Final = "request.received"
"""Begins what the desk alone sees to, until it makes an order of it."""
STAYS_MS: Final = 2 * 24 * 3600 * 1000
OPEN_MS: Final = 120 * 24 * 3600 * 1000
"""After so long without a record an open matter goes down no more."""


class Detail(Struct, frozen=True):
    """What is told of a matter whose limit is over."""

    category: str
    phrase: str
    words: str
    point: str | None
    receiver: str
    """Person id: who received the order, or raised the finding; empty of what nobody has seen to."""
    asked: bool = False
    """A resident's request that the desk has not seen to."""


def row_of(stored: Stored) -> MatterRow | None:
    """Where a record belongs; None when it is about no matter, or set aside."""
    if stored.quarantine or stored.kind.partition(".")[0] not in NAMED_BY:
        return None
    record = msgspec.json.decode(stored.raw, type=Record)
    matter = matter_of(record.kind, record.body, stored.book.hex(), stored.seq)
    return MatterRow(stored.site, matter, stored.book, stored.seq, stored.arrived) if matter else None


def take(tx: Connection, site: str, rows: Collection[MatterRow]) -> None:
    """Send the matters of these records down as they are now, and withdraw what has long been over."""
    if not rows:
        return
    table.put_rows(tx, rows)
    now = table.newest_at(tx, site)
    for matter in dict.fromkeys(row.matter for row in rows):
        _send(tx, site, matter, now)
    for matter in table.over_before(tx, site, now - STAYS_MS):
        publish(tx, site, KIND, matter, None, now)
        table.forget(tx, site, matter)


def purged(tx: Connection, site: str, matters: Collection[str], now: int) -> None:
    """Records of these matters were purged, `now` in UTC ms: no page that went down keeps them."""
    for matter in matters:
        if stands(tx, site, KIND, matter):
            publish(tx, site, KIND, matter, None, now)
        table.forget(tx, site, matter)


def page_of(tx: Connection, site: str, matter: str) -> bytes | None:
    """What goes down of a matter; None of one that is too large, or that nobody began."""
    return _written(_records_of(tx, site, matter)[0])


Read = list[tuple[Relayed, bytes]]
"""A matter's records and their bytes, the one that began it first."""


def _records_of(tx: Connection, site: str, matter: str) -> tuple[Read, int]:
    """They, and when the last of them came."""
    found = table.raws_of(tx, site, matter, MOST)
    decoded = [(Relayed(book.hex(), msgspec.json.decode(raw, type=Record)), raw) for book, raw, _ in found]
    decoded.sort(key=lambda pair: pair[0].record.kind not in BEGINS)  # a record of another handheld may come first
    return decoded, max((at for _, _, at in found), default=0)


def _written(decoded: Read) -> bytes | None:
    written = (b'{"book":"%s","record":%s}' % (each.book.encode(), raw) for each, raw in decoded)
    body = b'{"records":[%s]}' % b",".join(written)
    return body if len(body) <= LARGEST and _begins([each for each, _ in decoded]) else None


def _send(tx: Connection, site: str, matter: str, now: int) -> None:
    decoded, last = _records_of(tx, site, matter)
    records = [each for each, _ in decoded]
    if not records or not _begins(records):
        return
    state = fold_matter(records)
    standing = _standing(site, matter, state, records, last)
    table.put_standing(tx, standing)
    standings.take(tx, site, matter, records)
    if last < now - (OPEN_MS if standing.over is None else STAYS_MS):
        return
    if any(each.record.kind == ASKED for each in records):
        return
    body = _written(decoded)
    if body is not None:
        publish(tx, site, KIND, matter, body, now)


def _begins(records: Sequence[Relayed]) -> bool:
    """Whether its first record came; those of a matter that nobody began are kept, and nobody's."""
    return any(each.record.kind in BEGINS for each in records)


def _standing(site: str, matter: str, state: State, records: Sequence[Relayed], last: int) -> Standing:
    first = next(each.record for each in records if each.record.kind in BEGINS)
    due, over = _limit(state, matter, first)
    said = {name: first.body.get(name) for name in ("category", "phrase", "words", "point")}
    receiver = first.body.get("person") or next(iter(first.by), "")
    text = {name: value if isinstance(value, str) else "" for name, value in said.items()}
    detail = Detail(**text, receiver=str(receiver), asked=first.kind == ASKED)
    return Standing(
        site, matter, None if over else due, max(last, _until(first)) if over else None, msgspec.json.encode(detail)
    )


_ENDS: Final = {"point.excused": "to", "message.sent": "until"}


def _until(first: Record) -> int:
    """Until when a matter that is over at once must be known: until an excuse ends, or a message."""
    until = first.body.get(_ENDS.get(first.kind, ""))
    return min(until, LATEST_MS) if isinstance(until, int) else 0


def _limit(state: State, matter: str, first: Record) -> tuple[int | None, bool]:
    """When it is to be done, UTC ms, and whether it is over."""
    if first.kind == "procedure.opened":
        from app.kinds.procedures import RUNS

        return None, matter not in state.share(RUNS)
    if first.kind == "order.taken":
        from app.kinds.orders import ORDERS

        order = state.share(ORDERS).get(matter)
        return (order.due, order.closed is not None) if order else (None, True)
    if first.kind == ASKED:
        from app.kinds.requests import REQUESTS

        request = state.share(REQUESTS).get(matter)
        return (request.due, request.closed is not None) if request else (None, True)
    if first.kind == "review.returned":
        from app.kinds.reviews import REVIEWS

        asked = state.share(REVIEWS).returned.get(matter)
        return None, asked is None or bool(asked.answer)
    if first.kind in ("point.excused", "message.sent"):
        return None, True
    finding = state.findings.get(matter)
    return (finding.due, False) if finding else (None, True)
