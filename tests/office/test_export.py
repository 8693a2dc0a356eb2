"""The office's export and `verify` agree about what is no record, and about records that are gone (decision 9)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.logbook.book import Draft, Logbook
from app.logbook.keys import PrivateKey
from app.logbook.verify import check_lines
from app.record import follow
from sync.office import export
from sync.office.keys import OfficeKey
from sync.office.store import Store
from sync.office.store.records import Batch, Link, Taken, link
from tests.logbook.tools import QuickDisk, Ticks, words

SITE = "garden"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "office.db")
    yield opened
    opened.close()


async def sent(store: Store, folder: Path, *strange: bytes) -> bytes:
    """A book of ten records at the office, and after them what its handheld should never have sent; the book."""
    logbook = Logbook.open(folder, Ticks(), QuickDisk())
    logbook.append(Draft("shift.opened", {"crew": []}))
    logbook.append(*(words(number) for number in range(8)))
    links = [link(entry.record.seq, entry.raw, entry.hash) for entry in logbook.entries()]
    for raw in strange:
        links.append(link(len(links) + 1, raw, follow(links[-1].hash, raw)))
    key, sig = logbook.head_signature(len(links), links[-1].hash)
    await take(store, logbook.book, links, bytes.fromhex(key), bytes.fromhex(sig))
    logbook.close()
    return logbook.book


async def take(store: Store, book: bytes, links: list[Link], key: bytes, sig: bytes) -> None:
    batch = Batch(book=book, first=1, prev=book, links=tuple(links), key=key, sig=sig, skew=0)
    assert isinstance(await store.records.take(SITE, batch, 0), Taken)


async def exported(store: Store) -> list[bytes]:
    key = OfficeKey(PrivateKey.of(bytes(32)))
    return [line async for line in export.lines(store, key, 0)]


async def test_what_is_no_record_is_exported_as_hex_and_told_apart(store: Store, tmp_path: Path) -> None:
    await sent(store, tmp_path / "book", b'{"at": 1}', b"{\n}")
    lines = await exported(store)
    (report,) = check_lines(lines).books
    assert sum(b'"raw":"' in line for line in lines) == 2
    assert (report.whole, report.set_aside, report.records, report.head, report.signed) == (True, 2, 10, 12, 12)


async def test_what_was_purged_leaves_number_and_hash(store: Store, tmp_path: Path) -> None:
    book = await sent(store, tmp_path / "book")
    await store.write(lambda tx: tx.exec_driver_sql("UPDATE records SET raw = NULL WHERE seq IN (5, 6, 8)"))
    lines = await exported(store)
    (report,) = check_lines(lines).books
    assert [int(line.split(b":")[-1][:-2]) for line in lines if b'"purged"' in line] == [5, 6, 8]
    assert (report.whole, report.purged, report.records, report.head, report.signed) == (True, 3, 7, 10, 10)
    assert [stored.seq for stored in await store.records.of_book(SITE, book) if not stored.raw] == [5, 6, 8]
    missing = [line for line in lines if b'"seq":4,' not in line]
    assert not check_lines(missing).whole


async def test_the_projections_pass_over_what_is_gone(store: Store, tmp_path: Path) -> None:
    book = await sent(store, tmp_path / "book")
    await store.write(lambda tx: tx.exec_driver_sql("UPDATE records SET raw = NULL"))
    assert {(stored.raw, stored.kind) for stored in await store.records.of_book(SITE, book)} == {(b"", "")}
