"""Handhelds of the sites, and the one-use codes that bring them in.

A code is ten Crockford characters. The first three say which code is meant; a wrong try at the rest
counts against that code, and the fifth burns it. Only a slow hash of it is stored. Whatever is wrong
with a code (unknown, used, expired, burnt), the answer is the same.
"""

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from sqlalchemy import Connection, delete, select, update

from app.errors import WatchbookError
from sync.office.store.schema import devices, enrolment_codes, former_books
from sync.office.store.upsert import insert
from sync.wire import CODE_CHARS, CODE_LENGTH

if TYPE_CHECKING:
    from sync.office.store import Store

SELECTOR: Final = 3
MAX_TRIES: Final = 5
LIFETIME_MS: Final = 10 * 60 * 1000
KEPT_MS: Final = 24 * 3600 * 1000
"""How long an expired code is remembered, so that a lost answer can be repeated."""


class Device(Struct, frozen=True):
    """A handheld as the office knows it. Times are UTC ms."""

    site: str
    device: str
    name: str
    added_at: int
    book: bytes | None
    """None until it is enrolled."""
    identity: bytes | None
    first_key: bytes | None
    enrolled_at: int | None
    revoked_at: int | None


class Issued(Struct, frozen=True):
    """A code to type into a handheld. It is shown once; the office keeps only its hash."""

    device: str
    code: str
    expires_at: int


class CodeRefused(WatchbookError):
    """The person enrolling: ask for a new code."""


class BookTaken(WatchbookError):
    """The person enrolling: this logbook belongs to another site or another key; start a new one."""


class Devices:
    def __init__(self, store: "Store") -> None:
        self._store = store

    async def add(self, site: str, name: str, now: int, lifetime_ms: int = LIFETIME_MS) -> Issued:
        """A new handheld of `site`, and the code that enrols it until `now + lifetime_ms`."""
        device = "d" + _random(9).lower()
        secret = _random(CODE_LENGTH - SELECTOR)
        return await self._store.write(lambda tx: _add(tx, site, device, name, secret, now, now + lifetime_ms))

    async def enrol(self, code: str, book: bytes, identity: bytes, first_key: bytes, now: int) -> Device:
        """Bind the book to the device the code was made for. The same book may repeat it: its answer was lost.

        Raises CodeRefused or BookTaken. The caller has checked that the keys belong to the book.
        """
        selector, matches = await self._store.read(lambda tx: _look_up(tx, code))
        found = await self._store.write(lambda tx: _enrol(tx, selector, matches, book, identity, first_key, now))
        if isinstance(found, WatchbookError):  # returned, not raised: the wrong try must be committed
            raise found
        return found

    async def succeed(self, before: bytes, book: bytes, first_key: bytes, now: int) -> Device | None:
        """The handheld of the book `before` writes `book` from now on; None when `before` is nobody's.

        May be repeated. Raises BookTaken when another handheld writes it. The caller has checked that the
        handheld's identity stands behind both.
        """
        return await self._store.write(lambda tx: _succeed(tx, before, book, first_key, now))

    async def by_book(self, book: bytes) -> Device | None:
        """The handheld that writes this book, or wrote it before its present one; None when it is not enrolled here."""
        return await self._store.read(lambda tx: _by_book(tx, book))

    async def of(self, site: str | None = None) -> list[Device]:
        """All handhelds, or those of one site, by site and name."""
        return await self._store.read(lambda tx: every(tx, site))

    async def revoke(self, site: str, device: str, now: int) -> bool:
        """Take the handheld's rights; records it still sends go to quarantine. False when it is unknown."""
        key = (devices.c.site == site, devices.c.device == device)
        change = update(devices).where(*key).values(revoked_at=now)
        return await self._store.write(lambda tx: tx.execute(change).rowcount == 1)


def every(tx: Connection, site: str | None = None) -> list[Device]:
    """All handhelds, or those of one site, by site and name."""
    wanted = select(devices).order_by(devices.c.site, devices.c.name, devices.c.device)
    rows = tx.execute(wanted if site is None else wanted.where(devices.c.site == site))
    return [_device(row) for row in rows]


def _add(tx: Connection, site: str, device: str, name: str, secret: str, now: int, until: int) -> Issued:
    tx.execute(delete(enrolment_codes).where(enrolment_codes.c.expires_at < now - KEPT_MS))
    tx.execute(insert(devices).values(site=site, device=device, name=name, added_at=now))
    taken = {row.selector for row in tx.execute(select(enrolment_codes.c.selector))}
    selector = _random(SELECTOR)
    while selector in taken:
        selector = _random(SELECTOR)
    code = selector + secret
    row = {"selector": selector, "site": site, "device": device, "expires_at": until, "tries": 0}
    tx.execute(insert(enrolment_codes).values(code_hash=_slow_hash(code, device), **row))
    return Issued(device=device, code=code, expires_at=until)


def _look_up(tx: Connection, code: str) -> tuple[str, bool]:
    """The code's selector, and whether the rest is right. Slow on purpose (about 50 ms)."""
    selector = code[:SELECTOR]
    row = tx.execute(select(enrolment_codes).where(enrolment_codes.c.selector == selector)).first()
    if row is None:
        return selector, False
    return selector, hmac.compare_digest(_slow_hash(code, row.device), row.code_hash)


def _enrol(
    tx: Connection, selector: str, matches: bool, book: bytes, identity: bytes, first_key: bytes, now: int
) -> Device | WatchbookError:
    row = tx.execute(select(enrolment_codes).where(enrolment_codes.c.selector == selector)).first()
    if row is None:
        return CodeRefused("sync.enrol_code")
    if row.used_by is not None:
        known = _by_book(tx, book)
        again = matches and row.used_by == book and known is not None and known.identity == identity
        return known if again and known is not None and known.revoked_at is None else CodeRefused("sync.enrol_code")
    if not matches or row.tries >= MAX_TRIES or row.expires_at <= now:
        change = update(enrolment_codes).where(enrolment_codes.c.selector == selector)
        tx.execute(change.values(tries=enrolment_codes.c.tries + 1))
        return CodeRefused("sync.enrol_code")
    return _bind(tx, row, book, identity, first_key, now)


def _bind(
    tx: Connection, row: Any, book: bytes, identity: bytes, first_key: bytes, now: int
) -> Device | WatchbookError:
    known = _by_book(tx, book)
    if known is not None and (known.site != row.site or known.identity != identity or known.revoked_at is not None):
        return BookTaken("sync.book_taken")
    mine = (devices.c.site == row.site, devices.c.device == row.device)
    if known is None:
        keys = {"book": book, "identity": identity, "first_key": first_key}
        tx.execute(update(devices).where(*mine).values(enrolled_at=now, **keys))
    elif known.device != row.device:
        tx.execute(delete(devices).where(*mine))  # the handheld is known already: the code named it twice
    used = update(enrolment_codes).where(enrolment_codes.c.selector == row.selector)
    tx.execute(used.values(used_by=book))
    return known or _device(tx.execute(select(devices).where(*mine)).one())


def _succeed(tx: Connection, before: bytes, book: bytes, first_key: bytes, now: int) -> Device | None:
    device, other = _by_book(tx, before), _by_book(tx, book)
    if device is None or device.book is None:
        return None
    if other is not None:
        if (other.site, other.device) != (device.site, device.device):
            raise BookTaken("sync.book_taken")
        return device
    former = {"site": device.site, "device": device.device, "first_key": device.first_key, "at": now}
    tx.execute(insert(former_books).values(book=device.book, **former))
    mine = (devices.c.site == device.site, devices.c.device == device.device)
    tx.execute(update(devices).where(*mine).values(book=book, first_key=first_key))
    return _device(tx.execute(select(devices).where(*mine)).one())


def _by_book(tx: Connection, book: bytes) -> Device | None:
    row = tx.execute(select(devices).where(devices.c.book == book)).first()
    if row is None:
        same = (former_books.c.site == devices.c.site) & (former_books.c.device == devices.c.device)
        row = tx.execute(select(devices).join(former_books, same).where(former_books.c.book == book)).first()
    return _device(row) if row else None


def first_key(tx: Connection, site: str, book: bytes) -> bytes | None:
    """The first shift key of a book that a handheld of the site writes or wrote; None when there is none."""
    for table in (devices, former_books):
        row = tx.execute(select(table.c.first_key).where(table.c.site == site, table.c.book == book)).first()
        if row is not None:
            return bytes(row.first_key)
    return None


def writers(tx: Connection, site: str) -> dict[bytes, str]:
    """The name of the handheld by book, of all that handhelds of the site write or wrote."""
    now = select(devices.c.book, devices.c.name).where(devices.c.site == site, devices.c.book.is_not(None))
    same = (former_books.c.site == devices.c.site) & (former_books.c.device == devices.c.device)
    before = select(former_books.c.book, devices.c.name).join(devices, same).where(former_books.c.site == site)
    return {book: name for wanted in (before, now) for book, name in tx.execute(wanted)}


def _device(row: Any) -> Device:
    return Device(**row._mapping)


def _random(length: int) -> str:
    return "".join(secrets.choice(CODE_CHARS) for _ in range(length))


def _slow_hash(code: str, device: str) -> bytes:
    return hashlib.scrypt(code.encode(), salt=device.encode(), n=2**14, r=8, p=1, dklen=32)
