"""Accounts of the pages, their sessions, and the wrong tries that slow a guesser down.

Passwords and session ids are here only as hashes. Times are UTC milliseconds.
"""

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    select,
    update,
)

from sync.office.store.schema import metadata
from sync.office.store.upsert import insert

accounts = Table(
    "accounts",
    metadata,
    Column("account", String(64), primary_key=True, comment="the name typed at the door, folded"),
    Column("role", String(20), nullable=False),
    Column("person", String(40), comment="who it is in the people file, or null"),
    Column("password", Text, nullable=False, comment="Argon2id, with its parameters and salt"),
    Column("changed_at", BigInteger, nullable=False),
    Column("sites", Text, nullable=False, server_default="", comment="ids with commas between; empty: every site"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True, comment="SHA-256 of the id in the cookie"),
    Column("account", String(64), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("sessions_by_account", sessions.c.account)

door_tries = Table(
    "door_tries",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True, comment="SHA-256 of the name tried, known or not"),
    Column("wrong", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)


class Account(Struct, frozen=True):
    """One account of the pages."""

    account: str
    role: str
    person: str | None
    password: str
    sites: tuple[str, ...] = ()
    """What it may see; empty: every site."""


class Session(Struct, frozen=True):
    """Somebody signed in, as the door finds him again by the cookie."""

    account: str
    role: str
    person: str | None
    csrf: str
    sites: tuple[str, ...] = ()
    """What may be seen; empty: every site."""

    @property
    def home_site(self) -> str:
        """Where somebody stands who names no site; empty: at whichever is the first."""
        return self.sites[0] if self.sites else ""

    def reaches(self, site: str) -> bool:
        return not self.sites or site in self.sites


class Tries(Struct, frozen=True):
    """Wrong passwords for one name since the last right one."""

    wrong: int
    last_at: int


NO_TRIES = Tries(0, 0)


def put(tx: Connection, account: Account, at: int) -> None:
    """Add the account or give it its new password and role; its sessions end."""
    row = {"role": account.role, "person": account.person, "password": account.password, "changed_at": at}
    row["sites"] = ",".join(account.sites)
    tx.execute(
        insert(accounts)
        .values(account=account.account, **row)
        .on_conflict_do_update(index_elements=["account"], set_=row)
    )
    tx.execute(delete(sessions).where(sessions.c.account == account.account))


def renew(tx: Connection, account: str, password: str) -> None:
    """The same password, kept in another form."""
    tx.execute(update(accounts).where(accounts.c.account == account).values(password=password))


def remove(tx: Connection, account: str) -> bool:
    """Take the account away, with its sessions; whether there was one."""
    tx.execute(delete(sessions).where(sessions.c.account == account))
    return tx.execute(delete(accounts).where(accounts.c.account == account)).rowcount > 0


def every(tx: Connection) -> list[Account]:
    wanted = (accounts.c.account, accounts.c.role, accounts.c.person, accounts.c.password, accounts.c.sites)
    return [Account(*row[:4], _sites(row.sites)) for row in tx.execute(select(*wanted).order_by(accounts.c.account))]


def find(tx: Connection, account: str) -> Account | None:
    wanted = (accounts.c.account, accounts.c.role, accounts.c.person, accounts.c.password, accounts.c.sites)
    row = tx.execute(select(*wanted).where(accounts.c.account == account)).first()
    return Account(*row[:4], _sites(row.sites)) if row else None


def begin_session(tx: Connection, digest: bytes, account: str, csrf: str, now: int, expires_at: int) -> None:
    """Keep a new session; those that have run out are forgotten on the way."""
    tx.execute(delete(sessions).where(sessions.c.expires_at <= now))
    tx.execute(insert(sessions).values(digest=digest, account=account, csrf=csrf, expires_at=expires_at))


def session(tx: Connection, digest: bytes, now: int) -> Session | None:
    row = tx.execute(
        select(accounts.c.account, accounts.c.role, accounts.c.person, sessions.c.csrf, accounts.c.sites)
        .join(accounts, accounts.c.account == sessions.c.account)
        .where(sessions.c.digest == digest, sessions.c.expires_at > now)
    ).first()
    return Session(*row[:4], _sites(row.sites)) if row else None


def _sites(text: str) -> tuple[str, ...]:
    return tuple(each for each in text.split(",") if each)


def end_session(tx: Connection, digest: bytes) -> None:
    tx.execute(delete(sessions).where(sessions.c.digest == digest))


def tries(tx: Connection, digest: bytes) -> Tries:
    row = tx.execute(select(door_tries.c.wrong, door_tries.c.last_at).where(door_tries.c.digest == digest)).first()
    return Tries(*row) if row else NO_TRIES


def count_try(tx: Connection, digest: bytes, at: int, forget_before: int) -> int:
    """Count one more try for a name, before it is judged; how many that makes. Old names are forgotten."""
    tx.execute(delete(door_tries).where(door_tries.c.last_at < forget_before))
    wrong = tries(tx, digest).wrong + 1
    row = {"wrong": wrong, "last_at": at}
    tx.execute(
        insert(door_tries).values(digest=digest, **row).on_conflict_do_update(index_elements=["digest"], set_=row)
    )
    return wrong


def forgive(tx: Connection, digest: bytes) -> None:
    """The password was right: its wrong tries are forgotten."""
    tx.execute(delete(door_tries).where(door_tries.c.digest == digest))
