"""Accounts of the pages, their sessions, and the wrong tries that slow a guesser down.

Passwords and session ids are here only as hashes. Times are UTC milliseconds.
"""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)

from sync.office.store import plans
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
    Column("sites", Text, nullable=False, server_default="", comment="ids with commas between"),
    Column("companies", Text, nullable=False, server_default="", comment="the same: all sites of these companies"),
    Column("districts", Text, nullable=False, server_default="", comment="and of these; all three empty: every site"),
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
    companies: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    """What it may see: these sites, and all that belong to these companies or lie in these districts. All three empty:
    every site."""

    @property
    def limited(self) -> bool:
        return bool(self.sites or self.companies or self.districts)


NOWHERE: Final = "-"
"""No site has this id: for an account whose companies and districts have none yet, which sees nothing."""


class Session(Struct, frozen=True):
    """Somebody signed in, as the door finds him again by the cookie."""

    account: str
    role: str
    person: str | None
    csrf: str
    sites: tuple[str, ...] = ()
    """What may be seen, as the plans stand at this request; empty: every site."""

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
    row |= {name: ",".join(getattr(account, name)) for name in LIMITS}
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
    return [_account(row) for row in tx.execute(select(*_ACCOUNT).order_by(accounts.c.account))]


def find(tx: Connection, account: str) -> Account | None:
    row = tx.execute(select(*_ACCOUNT).where(accounts.c.account == account)).first()
    return _account(row) if row else None


def sites_of(tx: Connection, account: Account) -> tuple[str, ...]:
    """The sites that it may see now; empty: every site, those to come too."""
    if not account.limited:
        return ()
    named = plans.sites_in(tx, account.companies, account.districts) if account.companies or account.districts else ()
    return tuple(sorted({*account.sites, *named})) or (NOWHERE,)


def begin_session(tx: Connection, digest: bytes, account: str, csrf: str, now: int, expires_at: int) -> None:
    """Keep a new session; those that have run out are forgotten on the way."""
    tx.execute(delete(sessions).where(sessions.c.expires_at <= now))
    tx.execute(insert(sessions).values(digest=digest, account=account, csrf=csrf, expires_at=expires_at))


def session(tx: Connection, digest: bytes, now: int) -> Session | None:
    row = tx.execute(_SESSION, {"cookie": digest, "now": now}).first()
    if row is None:
        return None
    account = _account(row)
    return Session(account.account, account.role, account.person, row.csrf, sites_of(tx, account))


LIMITS: Final = ("sites", "companies", "districts")
_ACCOUNT: Final[tuple[Column[Any], ...]] = tuple(accounts.c[name] for name in Account.__struct_fields__)
_SESSION: Final = (
    select(*_ACCOUNT, sessions.c.csrf)
    .join(accounts, accounts.c.account == sessions.c.account)
    .where(sessions.c.digest == bindparam("cookie"), sessions.c.expires_at > bindparam("now"))
)
"""Built once: every request asks it."""


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    limits = (tuple(each for each in getattr(row, name).split(",") if each) for name in LIMITS)
    return Account(row.account, row.role, row.person, row.password, *limits)


def end_session(tx: Connection, digest: bytes) -> None:
    tx.execute(delete(sessions).where(sessions.c.digest == digest))


def tries(tx: Connection, digest: bytes) -> Tries:
    row = tx.execute(select(door_tries.c.wrong, door_tries.c.last_at).where(door_tries.c.digest == digest)).first()
    return Tries(*row) if row else NO_TRIES


def count_try(tx: Connection, digest: bytes, at: int, forget_before: int, most: int) -> int:
    """Count one more try for a name, before it is judged; how many that makes. With a new name old ones are forgotten,
    and of more than `most` those that were tried least: whoever tries many names does not free one that waits.
    """
    found = tries(tx, digest)
    before = found if found.last_at >= forget_before else NO_TRIES
    row = {"wrong": before.wrong + 1, "last_at": at}
    tx.execute(
        insert(door_tries).values(digest=digest, **row).on_conflict_do_update(index_elements=["digest"], set_=row)
    )
    if before == NO_TRIES:
        tx.execute(delete(door_tries).where(door_tries.c.last_at < forget_before))
        surplus = tx.execute(select(func.count()).select_from(door_tries)).scalar_one() - most
        if surplus > 0:
            least = select(door_tries.c.digest).order_by(door_tries.c.wrong, door_tries.c.last_at).limit(surplus)
            tx.execute(delete(door_tries).where(door_tries.c.digest.in_(least)))
    return before.wrong + 1


def forgive(tx: Connection, digest: bytes) -> None:
    """The password was right: its wrong tries are forgotten."""
    tx.execute(delete(door_tries).where(door_tries.c.digest == digest))
