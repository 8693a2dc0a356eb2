"""The signatures over books' heads, as batches brought them."""

from sqlalchemy import Connection, select

from sync.office.store.schema import head_signatures


def head_signatures_of(tx: Connection, site: str, book: bytes) -> dict[int, list[tuple[bytes, bytes, bytes]]]:
    """(shift key, hash, signature) by the number of the record they end at."""
    columns = (head_signatures.c.seq, head_signatures.c.key, head_signatures.c.hash, head_signatures.c.sig)
    rows = tx.execute(select(*columns).where(head_signatures.c.site == site, head_signatures.c.book == book))
    found: dict[int, list[tuple[bytes, bytes, bytes]]] = {}
    for seq, key, link, sig in rows:
        found.setdefault(seq, []).append((key, link, sig))
    return found
