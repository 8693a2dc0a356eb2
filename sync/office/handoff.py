"""Taking in what was carried by hand: the same records as over a line, by the same door, with the same receipt.

A file speaks for the handheld of its book, which signed it; who brought it does not matter.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from app.logbook.disk import Disk
from sync.handoff import RECEIPT, SUFFIX, FileRefused, Handed, order, read
from sync.office.batches import checked
from sync.office.keys import OfficeKey
from sync.office.problems import Refusal
from sync.office.store import Store
from sync.office.store.blobs import name_blobs_of, naming
from sync.office.store.devices import BookTaken, Device
from sync.office.store.records import Fork, Gap, Held
from sync.wire import Receipt, receipt_bytes, unhex

REVOKED: Final = "revoked-book"


class TakenIn(Struct, frozen=True):
    """What a file came to; it is committed."""

    device: str
    site: str
    book: str
    accepted: int
    """Records that were new."""
    upto: int
    receipt: Receipt
    withdrawn: bool
    """The handheld is withdrawn: its records are in quarantine."""


def signed_receipt(key: OfficeKey, book: bytes, held: Held, at: int) -> Receipt | None:
    """The office's word for the mark; None while nothing is held. `at` is UTC ms."""
    if held.seq == 0:
        return None
    sig = key.sign(receipt_bytes(book, held.seq, held.hash, at))
    return Receipt(book.hex(), held.seq, held.hash.hex(), at, key.public.hex(), sig.hex())


async def take_in(store: Store, key: OfficeKey, data: bytes, now: int, expected: str | None = None) -> TakenIn:
    """All of a file or nothing of it. The same file again changes nothing. `now` is UTC ms.

    Raises FileRefused, also for a book other than the `expected` one.
    """
    handed = read(data)
    sheet, book = handed.sheet, unhex(handed.sheet.book, 32)
    if expected not in (None, sheet.book):
        raise FileRefused("handoff.changed")
    if sheet.office != key.public.hex():
        raise FileRefused("handoff.other_office")
    try:
        batches = tuple(checked(batch, book, sheet.off or 0) for batch in handed.batches)
    except Refusal as e:
        raise FileRefused("handoff.changed") from e
    device = await _writer(store, handed, now)
    withdrawn = device.revoked_at is not None
    done = await store.records.take_all(device.site, batches, now, REVOKED if withdrawn else None)
    if isinstance(done, Gap):
        raise FileRefused("handoff.gap", first=done.held.seq + 1, seq=sheet.first)
    if links := naming(one for batch in batches for one in batch.links):
        await store.write(partial(name_blobs_of, site=device.site, book=book, links=links, aside=withdrawn))
    if isinstance(done, Fork):
        raise FileRefused("handoff.fork", seq=done.seq)
    receipt = signed_receipt(key, book, done.held, now)
    assert receipt is not None
    return TakenIn(device.device, device.site, sheet.book, done.accepted, done.held.seq, receipt, withdrawn)


async def _writer(store: Store, handed: Handed, now: int) -> Device:
    """The handheld of the book. One that goes on from a book it wrote is introduced by the file itself."""
    sheet = handed.sheet
    book, key, identity = (unhex(text, 32) for text in (sheet.book, sheet.key, sheet.identity))
    device = await store.devices.by_book(book)
    if device is None and sheet.after is not None:
        before = unhex(sheet.after.book, 32)
        writer = await store.devices.by_book(before)
        if writer is not None and writer.identity == identity:
            try:
                device = await store.devices.succeed(before, book, key, now)
            except BookTaken:
                device = None
    if device is None:
        raise FileRefused("handoff.unknown_book")
    if device.identity != identity:
        raise FileRefused("handoff.not_its_key")
    return device


# -- files ---------------------------------------------------------------------------------------


def files_of(path: Path) -> list[Path]:
    """A file, or those of a folder in the order of their numbers. Raises OSError."""
    return sorted(path.glob(f"*{SUFFIX}"), key=order) if path.is_dir() else [path]


def leave_receipt(beside: Path, receipt: Receipt, disk: Callable[[], Disk] = Disk) -> None:
    """The office's word beside the file, for the handheld. Raises OSError."""
    disk().store("handoff-receipt", beside.with_name(receipt.book + RECEIPT), msgspec.json.encode(receipt))
