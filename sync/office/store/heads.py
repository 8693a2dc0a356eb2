"""How far each book is held, and the signatures over its heads, as batches brought them."""

from msgspec import Struct
from sqlalchemy import Connection, select

from sync.office.store.schema import head_signatures, heads


class Mark(Struct, frozen=True):
    seq: int
    """All up to here is held."""
    at: int
    """When it last moved, UTC ms."""
    skew: int | None
    """Office clock minus handheld clock then, ms."""


def marks(tx: Connection, site: str | None = None) -> dict[tuple[str, bytes], Mark]:
    """By site and book, of one site or of all: how far each book is held, once it has a record."""
    wanted = select(heads.c.site, heads.c.book, heads.c.seq, heads.c.last_at, heads.c.skew)
    rows = tx.execute(wanted if site is None else wanted.where(heads.c.site == site))
    return {(where, book): Mark(*held) for where, book, *held in rows}


def head_signatures_of(tx: Connection, site: str, book: bytes) -> dict[int, list[tuple[bytes, bytes, bytes]]]:
    """(shift key, hash, signature) by the number of the record they end at."""
    columns = (head_signatures.c.seq, head_signatures.c.key, head_signatures.c.hash, head_signatures.c.sig)
    rows = tx.execute(select(*columns).where(head_signatures.c.site == site, head_signatures.c.book == book))
    found: dict[int, list[tuple[bytes, bytes, bytes]]] = {}
    for seq, key, link, sig in rows:
        found.setdefault(seq, []).append((key, link, sig))
    return found
