"""What must not count twice or too often, wherever a request ends up: nonces of signed requests, wrong enrolment codes
and passwords of an address.

All workers of an office share it. Nothing here is worth keeping: what is old is forgotten at the next occasion.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    select,
    update,
)

from sync.office.store.schema import metadata
from sync.office.store.upsert import insert

nonces = Table(
    "nonces",
    metadata,
    Column("book", LargeBinary(32), primary_key=True),
    Column("nonce", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False, comment="when it came, seconds since 1970"),
)
Index("nonces_by_time", nonces.c.at)

enrolment_tries = Table(
    "enrolment_tries",
    metadata,
    Column("address", String(64), primary_key=True),
    Column("since", BigInteger, nullable=False, comment="UTC ms of the first one that counts"),
    Column("wrong", Integer, nullable=False),
)


def is_new(tx: Connection, book: bytes, nonce: str, now_s: int) -> bool:
    """Whether no worker has seen this nonce; it is seen from now on."""
    new = insert(nonces).values(book=book, nonce=nonce, at=now_s).on_conflict_do_nothing().returning(nonces.c.at)
    return tx.execute(new).first() is not None


def forget_before(tx: Connection, at_s: int) -> None:
    tx.execute(delete(nonces).where(nonces.c.at < at_s))


def tries_of(tx: Connection, address: str) -> tuple[int, int] | None:
    """(since, wrong) of an address."""
    wanted = select(enrolment_tries.c.since, enrolment_tries.c.wrong).where(enrolment_tries.c.address == address)
    row = tx.execute(wanted).first()
    return (row.since, row.wrong) if row else None


def count_wrong(tx: Connection, address: str, now: int, window_ms: int, most: int) -> None:
    """One more wrong try of `address`; of more than `most` addresses the oldest goes."""
    since, wrong = tries_of(tx, address) or (now, 0)
    if now - since >= window_ms:
        since, wrong = now, 0
    row = {"since": since, "wrong": wrong + 1}
    new = insert(enrolment_tries).values(address=address, **row)
    tx.execute(new.on_conflict_do_update(index_elements=["address"], set_=row))
    tx.execute(delete(enrolment_tries).where(enrolment_tries.c.since <= now - window_ms))
    if tx.execute(select(func.count()).select_from(enrolment_tries)).scalar_one() > most:
        oldest = select(enrolment_tries.c.address).order_by(enrolment_tries.c.since).limit(1).scalar_subquery()
        tx.execute(delete(enrolment_tries).where(enrolment_tries.c.address == oldest))


def count_right(tx: Connection, address: str) -> None:
    """One that was counted was not wrong."""
    mine = (enrolment_tries.c.address == address, enrolment_tries.c.wrong > 0)
    tx.execute(update(enrolment_tries).where(*mine).values(wrong=enrolment_tries.c.wrong - 1))
