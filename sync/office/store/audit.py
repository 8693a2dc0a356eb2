"""What people did at the office, and what they looked at: append-only, numbered without a gap, each row chained to the
one before, so that a changed or removed row shows.

A row is written before the act it tells of, so that no act is without its row; what came to nothing has its row too.
Times are UTC milliseconds by the office.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, Select, String, Table, Text, select

from sync.office.store.paging import ALWAYS, MOST, Span, counted, within
from sync.office.store.schema import metadata
from sync.office.store.upsert import insert

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="1, 2, 3 …"),
    Column("at", BigInteger, nullable=False),
    Column("account", String(80), nullable=False, comment="of the pages; `shell:NAME` for who typed a command"),
    Column("act", String(24), nullable=False),
    Column("site", String(64), nullable=False, comment="empty: of the office as a whole"),
    Column("subject", Text, nullable=False, comment="id of what it was about"),
    Column("hash", LargeBinary(32), nullable=False, comment="SHA-256 of the hash before and this row's JSON"),
)
Index("audit_by_subject", audit.c.account, audit.c.act, audit.c.subject)
Index("audit_by_time", audit.c.at)
Index("audit_by_site", audit.c.site, audit.c.number)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    comment="The last row of the audit; changed in the transaction that adds one.",
)

CHAIN: Final = "audit"
BEGIN: Final = bytes(32)
PAGE: Final = 1000


class Note(Struct, frozen=True):
    number: int
    at: int
    account: str
    act: str
    site: str
    subject: str
    hash: bytes

    def follows(self, before: bytes) -> bool:
        """Whether the row is what its hash says, behind a row with that hash."""
        plain = (self.number, self.at, self.account, self.act, self.site, self.subject)
        return _link(before, plain) == self.hash


class Head(Struct, frozen=True):
    number: int
    hash: bytes


SUBJECT: Final = 300
"""Characters of what an act is about."""
NOTHING: Final = Head(0, BEGIN)
"""Before the first row."""


def note(tx: Connection, at: int, account: str, act: str, site: str = "", subject: str = "") -> None:
    """Add a row."""
    before = head(tx, to_move=True)
    plain = (before.number + 1, at, account[:80], act, site[:64], subject[:SUBJECT])
    link = _link(before.hash, plain)
    tx.execute(insert(audit).values((*plain, link)))
    moved = {"number": plain[0], "hash": link}
    row = insert(audit_heads).values(name=CHAIN, **moved)
    tx.execute(row.on_conflict_do_update(index_elements=["name"], set_=moved))


def head(tx: Connection, *, to_move: bool = False) -> Head:
    """The last row; `to_move` keeps others from adding one before this transaction ends."""
    wanted = select(audit_heads.c.number, audit_heads.c.hash).where(audit_heads.c.name == CHAIN)
    row = tx.execute(wanted.with_for_update() if to_move else wanted).first()
    return Head(*row) if row else NOTHING


class Which(Struct, frozen=True):
    """What a list of the rows is narrowed to; what is left out asks for nothing."""

    sites: frozenset[str] | None = None
    account: str = ""
    act: str = ""
    span: Span = ALWAYS


EVERY: Final = Which()


def listed(
    tx: Connection, which: Which = EVERY, *, after: int | None = None, most: int = MOST, oldest: bool = False
) -> list[Note]:
    """The rows, newest first (`oldest`: oldest first), behind the one with number `after`."""
    wanted = _wanted(which).order_by(audit.c.number if oldest else audit.c.number.desc()).limit(most)
    if after is not None:
        wanted = wanted.where(audit.c.number > after if oldest else audit.c.number < after)
    return [Note(**row._mapping) for row in tx.execute(wanted)]


def count(tx: Connection, which: Which = EVERY) -> int:
    """How many that is, at most paging.COUNTED."""
    return counted(tx, _wanted(which))


def _wanted(which: Which) -> Select[Note]:
    where = [*within(audit.c.at, which.span)]
    where += [audit.c.site.in_(which.sites)] if which.sites is not None else []
    where += [audit.c.account == which.account] if which.account else []
    where += [audit.c.act == which.act] if which.act else []
    return select(audit).where(*where)


def last_at(tx: Connection, account: str, act: str, site: str, subject: str) -> int:
    """When this account did that last, UTC ms; 0 for never."""
    same = (audit.c.account == account, audit.c.act == act, audit.c.site == site, audit.c.subject == subject[:SUBJECT])
    return tx.execute(select(audit.c.at).where(*same).order_by(audit.c.number.desc()).limit(1)).scalar() or 0


def first_fault(tx: Connection, known: Head = NOTHING) -> int | None:
    """The number of the first row behind the `known` one that is missing or not as it was written; None when all are
    there.
    """
    expected, before = known.number + 1, known.hash
    for each in _in_order(tx, known.number):
        if each.number != expected or not each.follows(before):
            return expected
        expected, before = expected + 1, each.hash
    return None if head(tx) == Head(expected - 1, before) else expected


def _in_order(tx: Connection, after: int) -> Iterator[Note]:
    while rows := tx.execute(select(audit).where(audit.c.number > after).order_by(audit.c.number).limit(PAGE)).all():
        yield from (Note(**row._mapping) for row in rows)
        after = rows[-1].number


def _link(before: bytes, plain: tuple[object, ...]) -> bytes:
    return hashlib.sha256(before + json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()).digest()
