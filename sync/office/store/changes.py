"""The changes feed: everything that goes down to a site's handhelds, in gapless revisions.

A revision is taken from the site's counter row in the same transaction that stores the change, so no
reader's cursor can pass a change that is still being committed. A cursor is `feed-revision`; the feed's
id tells a database that was made anew from one that went on. Only the newest state of an item is kept.
"""

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select, update

from app.duties.tuning import SITE
from app.errors import WatchbookError
from app.tuning import KIND as OF_ONE
from sync.office.store.schema import changes, facts, site_revisions
from sync.office.store.upsert import insert

if TYPE_CHECKING:
    from sync.office.store import Store

MAX_BODY: Final = 4 * 1024 * 1024
"""Largest body of one item, bytes; a page must fit into what a handheld accepts (8 MiB)."""
PAGE_BYTES: Final = 1024 * 1024
"""A page ends once its bodies exceed this."""
FEED: Final = "feed"
"""Name of the fact that is the feed's id."""
START: Final = "0"
"""The cursor of a handheld that has nothing yet."""


class Item(Struct, frozen=True):
    """The newest state of one thing. `body` is None when it was withdrawn."""

    kind: str
    id: str
    rev: int
    sha256: str
    body: bytes | None


class Page(Struct, frozen=True):
    """Changes after a cursor, oldest first."""

    items: tuple[Item, ...]
    cursor: str
    more: bool
    reached: int
    """The revision at which `cursor` stands."""


class CursorDead(WatchbookError):
    """The handheld: start again from the beginning (410)."""


class CursorAhead(WatchbookError):
    """The office: it was restored from an older copy than the handheld has seen (409)."""


class BodyRefused(WatchbookError):
    """The publisher: a body must be JSON and not too large."""


class Changes:
    def __init__(self, store: "Store") -> None:
        self._store = store

    async def page(self, site: str, cursor: str, limit: int, device: str = "") -> Page:
        """Up to `limit` changes after `cursor`, without what is meant for another handheld than `device`. Raises
        CursorDead or CursorAhead."""
        return await self._store.read(lambda tx: _page(tx, site, cursor, limit, device))

    async def current(self, site: str, kind: str, item: str) -> Item | None:
        """The newest state of one item; None when it was never published."""
        return await self._store.read(lambda tx: _current(tx, site, kind, item))


def publish(tx: Connection, site: str, kind: str, item: str, body: bytes | None, at: int) -> int:
    """Send `body` (JSON) down to every handheld of the site; None withdraws. The revision given.

    The same body again changes nothing and gives the revision it has. `at` is UTC ms. Raises BodyRefused.
    """
    _check(body)
    now = _current(tx, site, kind, item)
    if now is not None and now.body == body:
        return now.rev
    rev = _next_revision(tx, site)
    row = {
        "rev": rev,
        "sha256": hashlib.sha256(body).hexdigest() if body is not None else "",
        "body": body,
        "at": at,
    }
    new = insert(changes).values(site=site, kind=kind, id=item, **row)
    tx.execute(new.on_conflict_do_update(index_elements=["site", "kind", "id"], set_=row))
    return rev


def stands(tx: Connection, site: str, kind: str, item: str) -> bool:
    """Whether it was published and not withdrawn."""
    now = _current(tx, site, kind, item)
    return now is not None and now.body is not None


def begin_anew(tx: Connection, feed: str) -> None:
    """The feed has another id from here on, and every handheld fetches everything: for a database that came back from a
    copy, whose revisions are not those that handhelds have seen."""
    tx.execute(update(facts).where(facts.c.name == FEED).values(value=feed))


def revisions(tx: Connection) -> dict[str, int]:
    """The newest revision of every site that was given one."""
    return {row.site: row.rev for row in tx.execute(select(site_revisions.c.site, site_revisions.c.rev))}


def feed_id(tx: Connection) -> str:
    """The id of this office's feed; a database made anew has another."""
    return str(tx.execute(select(facts.c.value).where(facts.c.name == FEED)).scalar_one())


def _check(body: bytes | None) -> None:
    if body is None:
        return
    if len(body) > MAX_BODY:
        raise BodyRefused("sync.body_too_large", size=len(body), limit=MAX_BODY)
    try:
        plain = msgspec.json.decode(body, type=msgspec.Raw)
    except (ValueError, RecursionError) as e:
        raise BodyRefused("sync.body_not_json", why=str(e)) from e
    if bytes(plain) != body or body == b"null":
        raise BodyRefused("sync.body_not_json", why="space around it, or null")


def _next_revision(tx: Connection, site: str) -> int:
    first = insert(site_revisions).values(site=site, rev=1, floor=0)
    taken = first.on_conflict_do_update(index_elements=["site"], set_={"rev": site_revisions.c.rev + 1}).returning(
        site_revisions.c.rev
    )
    return int(tx.execute(taken).scalar_one())


def _revision(tx: Connection, site: str) -> tuple[int, int]:
    row = tx.execute(select(site_revisions.c.rev, site_revisions.c.floor).where(site_revisions.c.site == site)).first()
    return (row.rev, row.floor) if row else (0, 0)


def _cursor(tx: Connection, rev: int) -> str:
    return f"{feed_id(tx)}-{rev}"


def _position(tx: Connection, site: str, cursor: str) -> int:
    """The revision a cursor stands for. Raises CursorDead or CursorAhead."""
    if cursor == START:
        return 0
    feed, _, number = cursor.partition("-")
    if feed != feed_id(tx) or not (number.isascii() and number.isdigit() and len(number) < 18):
        raise CursorDead("sync.cursor_expired")
    rev, floor = _revision(tx, site)
    if int(number) > rev:
        raise CursorAhead("sync.cursor_ahead")
    if 0 < int(number) < floor:
        raise CursorDead("sync.cursor_expired")
    return int(number)


def _page(tx: Connection, site: str, cursor: str, limit: int, device: str) -> Page:
    position = _position(tx, site, cursor)
    newest, _ = _revision(tx, site)
    others = (changes.c.kind == OF_ONE) & changes.c.id.not_in((SITE, device))
    rows = tx.execute(
        select(changes)
        .where(changes.c.site == site, changes.c.rev > position, ~others)
        .order_by(changes.c.rev)
        .limit(limit)
    )
    items: list[Item] = []
    size = 0
    for row in rows:
        items.append(_item(row))
        size += len(row.body or b"")
        if size > PAGE_BYTES:
            break
    last = items[-1].rev if items else 0
    reached = last if len(items) == limit or size > PAGE_BYTES else max(last, newest)
    return Page(
        items=tuple(items),
        cursor=_cursor(tx, reached),
        more=reached < newest,
        reached=reached,
    )


def _current(tx: Connection, site: str, kind: str, item: str) -> Item | None:
    key = (changes.c.site == site, changes.c.kind == kind, changes.c.id == item)
    row = tx.execute(select(changes).where(*key)).first()
    return _item(row) if row else None


def _item(row: Any) -> Item:
    return Item(kind=row.kind, id=row.id, rev=row.rev, sha256=row.sha256, body=row.body)
