"""Handhelds of the sites, and the one-use codes that bring them in.

A code is ten Crockford characters. The first three say which code is meant; a wrong try at the rest
counts against that code, and the fifth burns it. Only a slow hash of it is stored. Whatever is wrong
with a code (unknown, used, expired, burnt), the answer is the same.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select, update

from app.errors import WatchbookError
from sync.office.store.conditions import conditions
from sync.office.store.schema import devices, enrolment_codes, former_books, heads
from sync.office.store.upsert import insert
from sync.wire import CODE_CHARS, CODE_LENGTH

if TYPE_CHECKING:
    from sync.office.store import Store

SELECTOR: Final = 3
MAX_TRIES: Final = 5
LIFETIME_MS: Final = 10 * 60 * 1000
SHEET_MS: Final = 8 * 3600 * 1000
"""How long a printed sheet is good: one afternoon's work, with what came in between."""
SPARE_MS: Final = 90 * 24 * 3600 * 1000
"""One that lies in a drawer for the night when a handheld breaks."""
MOST_SHEET_HOURS: Final = 72
ON_SHEET, ON_SPARE = 1, 2
"""Of a code: it stands on a sheet, or on one for the drawer."""
KEPT_MS: Final = 24 * 3600 * 1000
"""How long an expired code is remembered, so that a lost answer can be repeated."""
_OF_FORMER: Final = (former_books.c.site == devices.c.site) & (former_books.c.device == devices.c.device)
_WRITERS: Final = (
    select(devices).where(devices.c.book == bindparam("book")),
    select(devices).join(former_books, _OF_FORMER).where(former_books.c.book == bindparam("book")),
)
"""Who writes a book now, then who wrote it. Built once: every request asks, and building costs more than running."""
_FIRST_KEYS: Final = tuple(
    select(table.c.first_key).where(table.c.site == bindparam("site"), table.c.book == bindparam("book"))
    for table in (devices, former_books)
)
"""The same of its first key."""


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
    waits_since: int | None = None
    """It came by a sheet, and nobody has confirmed it: it gets nothing and nothing of it is taken."""
    replaced_by: str | None = None
    """The handheld that took over from it."""
    replaced_at: int | None = None
    """Since then; or since when it is in use again."""


class Issued(Struct, frozen=True):
    """A code to type into a handheld. It is shown once; the office keeps only its hash."""

    device: str
    code: str
    expires_at: int


class Wanted(Struct, frozen=True):
    """A handheld for which a sheet is printed."""

    site: str
    name: str
    spare: bool = False
    """It lies in a drawer until one breaks."""


class OpenSheet(Struct, frozen=True):
    """A sheet that nobody has used."""

    site: str
    device: str
    name: str
    expires_at: int
    spare: bool


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

    async def invite(self, wanted: Sequence[Wanted], now: int, lifetime_ms: int = SHEET_MS) -> list[Issued]:
        """A new handheld for each, with the code of its sheet; spare ones keep theirs for SPARE_MS. All or none."""
        taken = await self._store.read(_selectors)
        made = await asyncio.to_thread(_coded, wanted, now, lifetime_ms, taken)  # 50 ms each
        return await self._store.write(lambda tx: _add_all(tx, made, now))

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
        codes = delete(enrolment_codes).where(enrolment_codes.c.site == site, enrolment_codes.c.device == device)

        def act(tx: Connection) -> bool:
            tx.execute(codes)
            return tx.execute(change).rowcount == 1

        return await self._store.write(act)

    async def forget(self, site: str, device: str) -> None:
        """One that nobody was ever told of: its sheet could not be made."""
        mine = (devices.c.site == site, devices.c.device == device, devices.c.book.is_(None))
        codes = delete(enrolment_codes).where(enrolment_codes.c.site == site, enrolment_codes.c.device == device)

        def act(tx: Connection) -> None:
            tx.execute(codes)
            tx.execute(delete(devices).where(*mine))

        await self._store.write(act)

    async def confirm(self, site: str, device: str) -> bool:
        """Let a handheld in that came by a sheet. False when it does not wait."""
        return await self._store.write(lambda tx: confirm(tx, site, device))


def every(tx: Connection, site: str | None = None) -> list[Device]:
    """All handhelds, or those of one site, by site and name."""
    wanted = select(devices).order_by(devices.c.site, devices.c.name, devices.c.device)
    rows = tx.execute(wanted if site is None else wanted.where(devices.c.site == site))
    return [_device(row) for row in rows]


def count_silent(tx: Connection, sites: Collection[str], since: int, until: int) -> dict[str, int]:
    """By site: enrolled handhelds in use of which the office last heard behind `since` and before `until`."""
    here = (devices.c.site.in_(list(sites)), devices.c.book.is_not(None))
    in_use = (each.is_(None) for each in (devices.c.revoked_at, devices.c.replaced_by, devices.c.waits_since))
    heard = (heads.c.last_at, conditions.c.at)
    before, behind = and_(*(func.coalesce(each, 0) < until for each in heard)), or_(*(each > since for each in heard))
    wanted = (
        select(devices.c.site, func.count())
        .outerjoin(heads, (heads.c.site == devices.c.site) & (heads.c.book == devices.c.book))
        .outerjoin(conditions, (conditions.c.site == devices.c.site) & (conditions.c.device == devices.c.device))
        .where(*here, *in_use, before, behind)
    )
    return {row[0]: row[1] for row in tx.execute(wanted.group_by(devices.c.site))}


def _add(tx: Connection, site: str, device: str, name: str, secret: str, now: int, until: int) -> Issued:
    tx.execute(delete(enrolment_codes).where(enrolment_codes.c.expires_at < now - KEPT_MS))
    tx.execute(insert(devices).values(site=site, device=device, name=name, added_at=now))
    taken = _selectors(tx)
    selector = _random(SELECTOR)
    while selector in taken:
        selector = _random(SELECTOR)
    code = selector + secret
    row = {"selector": selector, "site": site, "device": device, "expires_at": until, "tries": 0}
    tx.execute(insert(enrolment_codes).values(code_hash=_slow_hash(code, device), **row))
    return Issued(device=device, code=code, expires_at=until)


class _Coded(Struct, frozen=True):
    wanted: Wanted
    device: str
    code: str
    hash: bytes
    until: int


def _selectors(tx: Connection) -> set[str]:
    return {row.selector for row in tx.execute(select(enrolment_codes.c.selector))}


def _coded(wanted: Sequence[Wanted], now: int, lifetime_ms: int, taken: set[str]) -> list[_Coded]:
    """Devices and codes, none of which begins like another or like one of `taken`."""
    found, used = [], set(taken)
    for each in wanted:
        while (selector := _random(SELECTOR)) in used:
            pass
        used.add(selector)
        device, code = "d" + _random(9).lower(), selector + _random(CODE_LENGTH - SELECTOR)
        until = now + (SPARE_MS if each.spare else lifetime_ms)
        found.append(_Coded(each, device, code, _slow_hash(code, device), until))
    return found


def _add_all(tx: Connection, made: Sequence[_Coded], now: int) -> list[Issued]:
    tx.execute(delete(enrolment_codes).where(enrolment_codes.c.expires_at < now - KEPT_MS))
    for each in made:
        wanted = each.wanted
        key = {"site": wanted.site, "device": each.device}
        code = {"selector": each.code[:SELECTOR], "code_hash": each.hash, "expires_at": each.until, "tries": 0}
        tx.execute(insert(devices).values(name=wanted.name, added_at=now, **key))
        tx.execute(insert(enrolment_codes).values(on_sheet=ON_SPARE if wanted.spare else ON_SHEET, **code, **key))
    return [Issued(each.device, each.code, each.until) for each in made]


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
        waits = now if row.on_sheet else None
        tx.execute(update(devices).where(*mine).values(enrolled_at=now, waits_since=waits, **keys))
    elif known.device != row.device:
        tx.execute(delete(devices).where(*mine))  # the handheld is known already: the code named it twice
        again = (devices.c.site == known.site, devices.c.device == known.device)
        tx.execute(update(devices).where(*again).values(replaced_by=None, replaced_at=now))
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
    for wanted in _WRITERS:
        row = tx.execute(wanted, {"book": book}).first()
        if row is not None:
            return _device(row)
    return None


def confirm(tx: Connection, site: str, device: str) -> bool:
    """Let a handheld in that came by a sheet. False when it does not wait."""
    mine = (devices.c.site == site, devices.c.device == device)
    waits = (devices.c.waits_since.is_not(None), devices.c.revoked_at.is_(None))
    return tx.execute(update(devices).where(*mine, *waits).values(waits_since=None)).rowcount == 1


def open_sheets(tx: Connection, now: int) -> list[OpenSheet]:
    """Sheets that still let somebody in at `now`, by site and name."""
    same = (enrolment_codes.c.site == devices.c.site) & (enrolment_codes.c.device == devices.c.device)
    codes = enrolment_codes.c
    wanted = select(devices.c.site, devices.c.device, devices.c.name, codes.expires_at, codes.on_sheet).join(
        enrolment_codes, same
    )
    left = (codes.on_sheet.is_not(None), codes.used_by.is_(None), codes.tries < MAX_TRIES, codes.expires_at > now)
    rows = tx.execute(wanted.where(*left).order_by(devices.c.site, devices.c.name, devices.c.device))
    return [OpenSheet(row.site, row.device, row.name, row.expires_at, row.on_sheet == ON_SPARE) for row in rows]


def replace_device(tx: Connection, site: str, old: str, new: str, now: int) -> bool:
    """`new` does the work of `old` from `now` on; False when that is unknown, replaced already, or back since."""
    mine = (devices.c.site == site, devices.c.device == old, devices.c.replaced_by.is_(None))
    since = (devices.c.replaced_at.is_(None) | (devices.c.replaced_at < now),)
    change = update(devices).where(*mine, *since).values(replaced_by=new, replaced_at=now)
    return old != new and tx.execute(change).rowcount == 1


def named_by(tx: Connection, book: bytes) -> str:
    """The id of the handheld that writes this book, or wrote it; empty when none does."""
    found = _by_book(tx, book)
    return found.device if found else ""


def first_key(tx: Connection, site: str, book: bytes) -> bytes | None:
    """The first shift key of a book that a handheld of the site writes or wrote; None when there is none."""
    for wanted in _FIRST_KEYS:
        row = tx.execute(wanted, {"site": site, "book": book}).first()
        if row is not None:
            return bytes(row.first_key)
    return None


def writers(tx: Connection, site: str) -> dict[bytes, str]:
    """The name of the handheld by book, of all that handhelds of the site write or wrote."""
    now = select(devices.c.book, devices.c.name).where(devices.c.site == site, devices.c.book.is_not(None))
    before = select(former_books.c.book, devices.c.name).join(devices, _OF_FORMER).where(former_books.c.site == site)
    return {book: name for wanted in (before, now) for book, name in tx.execute(wanted)}


def withdrawn_books(tx: Connection) -> set[tuple[str, bytes]]:
    """(site, book) of all that handhelds wrote which were withdrawn."""
    gone = devices.c.revoked_at.is_not(None)
    now = select(devices.c.site, devices.c.book).where(gone)
    before = select(devices.c.site, former_books.c.book).join(former_books, _OF_FORMER).where(gone)
    return {(row.site, row.book) for wanted in (before, now) for row in tx.execute(wanted)}


def _device(row: Any) -> Device:
    return Device(*row)


def _random(length: int) -> str:
    return "".join(secrets.choice(CODE_CHARS) for _ in range(length))


def _slow_hash(code: str, device: str) -> bytes:
    return hashlib.scrypt(code.encode(), salt=device.encode(), n=2**14, r=8, p=1, dklen=32)
