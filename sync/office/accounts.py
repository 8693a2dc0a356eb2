"""Who may look at the pages: accounts with a password, sessions of twelve hours, and a slow door for guessers.

A try is counted before it is judged, by name and by address, so killing the server does not forget it. A name that
does not exist costs the same time and the same wait as one that does.
"""

import asyncio
import hashlib
import hmac
import secrets
import unicodedata
from concurrent.futures import Executor
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import ROLES
from app.errors import NotAllowed, PinLocked, WatchbookError
from sync.office.store import Store, audit
from sync.office.store import accounts as table
from sync.office.store.accounts import Account, Session, Tries
from sync.office.tries import count_at_door, right_at_door

SESSION_MS: Final = 12 * 3600 * 1000
FREE_TRIES: Final = 5
FIRST_WAIT_S: Final = 30
LONGEST_WAIT_S: Final = 3600
FORGET_MS: Final = 24 * 3600 * 1000
MOST_NAMES: Final = 10_000
"""Names whose tries are remembered: anybody may try any name."""
SHORTEST: Final = 10
LONGEST: Final = 256
REVIEWERS: Final = frozenset({"supervisor", "quality", "manager", "admin"})
"""Roles that may read rounds (D60): a movement track is sensitive personal information."""
ALARM_TAKERS: Final = frozenset({"supervisor", "manager", "admin", "desk"})
"""Roles that may take and close an alarm (D50, D65)."""
DISPATCHERS: Final = frozenset({"supervisor", "manager", "admin", "desk"})
"""Roles that take requests, dispatch orders and call customers back (D65)."""
RECTIFIERS: Final = frozenset({"supervisor", "manager", "admin"})
"""Roles that give rectification notices, and close what was looked at again (D34)."""
LABEL_PRINTERS: Final = frozenset({"supervisor", "manager", "admin"})
"""Roles that may have the codes of labels: whoever has one can claim to have stood before it."""

PLANNERS: Final = frozenset({"manager", "admin"})
"""Roles that may change a site's plan."""
ADMINS: Final = frozenset({"admin"})
"""Roles that say which program runs on handhelds."""
AUDITORS: Final = frozenset({"manager", "admin"})
"""Roles that may read what everybody did at the office."""


class Cost(Struct, frozen=True):
    """What one try at a password costs: the parameters of Argon2id (RFC 9106)."""

    memory_kib: int = 46 * 1024
    passes: int = 3


COST: Final = Cost()
"""46 MB and about a quarter of a second."""
_SALT: Final = 16
_HASH: Final = 32
_OLD: Final = "scrypt:"


class AccountRefused(WatchbookError):
    """Whoever adds the account: a name, role or password that cannot be used."""


class Applicant(Struct, frozen=True):
    """Whom an account is for, as it was typed."""

    name: str
    role: str
    person: str | None = None
    """Who it is in the people file."""
    sites: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    """What it may see: these sites, those of these companies and districts; all of them empty: every site."""


class Opened(Struct, frozen=True):
    """A session just begun."""

    cookie: str
    """The id itself, only ever here and in the browser."""
    session: Session


async def add(store: Store, who: Applicant, password: str, now: int, cost: Cost = COST) -> str:
    """Add an account or renew one; its folded name. Raises AccountRefused."""
    account = fold_name(who.name)
    if not account or len(account) > 64:
        raise AccountRefused("office_cli.bad_account", name=who.name[:64])
    if who.role not in ROLES:
        raise AccountRefused("office_cli.bad_role", role=who.role, roles=", ".join(ROLES))
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountRefused("office_cli.bad_password", least=SHORTEST, most=LONGEST)
    hashed = await asyncio.to_thread(hash_password, password, cost)
    made = Account(account, who.role, who.person, hashed, who.sites, who.companies, who.districts)
    await store.write(lambda tx: table.put(tx, made, now))
    return account


async def open_session(
    store: Store, name: str, password: str, address: str, now: int, cost: Cost = COST, judges: Executor | None = None
) -> Opened:
    """Sign in, from this address. `cost` is what a name costs that nobody has, `judges` the threads that spend it.

    Raises NotAllowed for a wrong name or password, PinLocked while the wait runs.
    """
    account = fold_name(name)
    digest = hashlib.sha256(account.encode()).digest()
    await store.write(lambda tx: _count(tx, digest, address, now))
    known = await store.read(lambda tx: table.find(tx, account))
    stored = known.password if known else _nobodys(cost)
    judge = asyncio.get_running_loop().run_in_executor
    right = await judge(judges, password_matches, stored, password[:LONGEST])
    if known is None or not right:
        if known is not None:
            await store.write(lambda tx: audit.note(tx, now, account, "refused"))
        raise NotAllowed("office.wrong_password")
    cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    renewed = await judge(judges, hash_password, password, cost) if stored.startswith(_OLD) else ""

    def begin(tx: Connection) -> tuple[str, ...]:
        audit.note(tx, now, account, "signed-in")
        table.forgive(tx, digest)
        right_at_door(tx, address)
        if renewed:
            table.renew(tx, account, renewed)
        table.begin_session(tx, _digest(cookie), account, csrf, now, now + SESSION_MS)
        return table.sites_of(tx, known)

    sites = await store.write(begin)
    return Opened(cookie, Session(account, known.role, known.person, csrf, sites))


async def session(store: Store, cookie: str, now: int) -> Session | None:
    """The session behind a cookie, or None when it is unknown or has run out."""
    digest = _digest(cookie)
    return await store.read(lambda tx: table.session(tx, digest, now))


async def end_session(store: Store, cookie: str) -> None:
    digest = _digest(cookie)
    await store.write(lambda tx: table.end_session(tx, digest))


def wait_s(tries: Tries, now: int) -> int:
    """Seconds until another try is allowed: none for five wrong ones, then 30 s doubling up to an hour."""
    if tries.wrong < FREE_TRIES:
        return 0
    wait = min(FIRST_WAIT_S << min(tries.wrong - FREE_TRIES, 10), LONGEST_WAIT_S)
    gone = max(0, now - tries.last_at) // 1000
    return max(0, wait - gone)


def fold_name(name: str) -> str:
    """The one spelling of an account's name: no case, no width, no space around."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def hash_password(password: str, cost: Cost = COST) -> str:
    """The password as it is kept: Argon2id in the form of PHC strings, `$argon2id$v=19$m=…,t=…,p=1$salt$hash`.

    Its library is imported by whoever signs in: 7 MB.
    """
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    salt = secrets.token_bytes(_SALT)
    kdf = Argon2id(salt=salt, length=_HASH, iterations=cost.passes, lanes=1, memory_cost=cost.memory_kib)
    return kdf.derive_phc_encoded(password.encode())


def _nobodys(cost: Cost) -> str:
    """A hash that no password gives, and that takes as long to find out as anybody's."""
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.passes},p=1${'A' * 22}${'A' * 43}"


def password_matches(stored: str, password: str) -> bool:
    """Whether `password` gives the stored hash, compared in constant time."""
    if stored.startswith(_OLD):
        return _matches_scrypt(stored, password)
    from cryptography.exceptions import InvalidKey
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        Argon2id.verify_phc_encoded(password.encode(), stored)
    except InvalidKey:
        return False
    return True


def _matches_scrypt(stored: str, password: str) -> bool:
    """`scrypt:log2n:r:p:salt:hash`, the last two in hex: as offices kept it first."""
    _, log2n, r, p, salt, digest = stored.split(":")
    raw, expected = password.encode(), bytes.fromhex(digest)
    n, most = 2 ** int(log2n), 64 * 2**20
    found = hashlib.scrypt(raw, salt=bytes.fromhex(salt), n=n, r=int(r), p=int(p), dklen=_HASH, maxmem=most)
    return hmac.compare_digest(found, expected)


def _count(tx: Connection, digest: bytes, address: str, now: int) -> None:
    wait = wait_s(table.tries(tx, digest), now) or count_at_door(tx, address, now)
    if wait:
        raise PinLocked("office.wait", seconds=wait)
    table.count_try(tx, digest, now, now - FORGET_MS, MOST_NAMES)


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
