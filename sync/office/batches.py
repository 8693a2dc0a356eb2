"""A batch as it came in, checked: its chain walked from the bytes as received, its head's signature verified."""

from app.logbook.keys import head_message, verifies
from sync.office.problems import Refusal
from sync.office.store import records as store_records
from sync.wire import MAX_EVENTS, PROTOCOL, Batch, Malformed, chain, unhex


def checked(sent: Batch, book: bytes, skew: int) -> store_records.Batch:
    """`skew`: office clock minus handheld clock, ms. Raises Refusal: malformed, too-large."""
    raws = tuple(bytes(raw) for raw in sent.records)
    if sent.v != PROTOCOL or sent.book != book.hex() or not 1 <= sent.first < 2**53 or not raws:
        raise Refusal("malformed")
    if len(raws) > MAX_EVENTS:
        raise Refusal("too-large", limit=MAX_EVENTS)
    prev, head = hex_of(sent.prev, 32), hex_of(sent.head, 32)
    key, sig = hex_of(sent.key, 32), hex_of(sent.sig, 64)
    hole = _hole(sent)
    hashes = chain(prev, raws)
    last = sent.first + len(raws) - 1
    if hashes[-1] != head or not verifies(key, sig, head_message(book, last, head)):
        raise Refusal("malformed")
    links = store_records.links(sent.first, raws, hashes)
    return store_records.Batch(book, sent.first, prev, links, key, sig, skew, hole)


def _hole(sent: Batch) -> store_records.Hole | None:
    if sent.lost is None:
        return None
    lost = sent.lost
    if not 1 <= lost.first <= lost.last == sent.first - 1 or lost.next != sent.prev:
        raise Refusal("malformed")
    return store_records.Hole(lost.first, lost.last, hex_of(lost.good, 32), hex_of(lost.next, 32))


def hex_of(text: str, length: int) -> bytes:
    """Raises Refusal: malformed."""
    try:
        return unhex(text, length)
    except Malformed as e:
        raise Refusal("malformed") from e
