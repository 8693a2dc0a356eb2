"""Whether what the office holds is what came in: every book's chain, keys and receipts, and what lies beside them.

Books are checked as anybody checks an export (app.logbook.check). What only the database says of itself is compared
with the records: marks, numbers of arrival, hashes of what was published, pictures, the audit.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, func, select

from app.logbook.compare import Check
from app.logbook.keys import verifies
from app.logbook.report import Report
from sync.office.export import lines
from sync.office.keys import OfficeKey
from sync.office.store import Store, audit
from sync.office.store.blobs import blobs
from sync.office.store.plans import plans
from sync.office.store.records import hash_at
from sync.office.store.schema import arrivals, changes, heads, records

FEW: Final = 8
"""Rows in memory, of those that have megabytes."""


class Wrong(Struct, frozen=True):
    """Something of the database that contradicts itself."""

    what: str
    """mark, arrivals, change, plan, blob or audit"""
    site: str
    id: str


class Checked(Struct, frozen=True):
    books: Report
    wrong: tuple[Wrong, ...]

    @property
    def whole(self) -> bool:
        return (self.books.whole or not self.books.books) and not self.wrong


async def check(store: Store, key: OfficeKey, now: int) -> Checked:
    """Everything, however long it takes. `now` is UTC ms."""
    checking = Check(verifies, key.public.hex())
    async for line in lines(store, key, now):
        checking.take(line)
    return Checked(checking.report(), await store.read(lambda tx: tuple(_wrong(tx))))


def _wrong(tx: Connection) -> Iterator[Wrong]:
    for head in tx.execute(select(heads)):
        if hash_at(tx, head.site, head.book, head.seq) != head.hash:
            yield Wrong("mark", head.site, head.book.hex())
    counted = select(records.c.site, func.count(), func.max(records.c.arrived)).group_by(records.c.site)
    found = {site: (count, last) for site, count, last in tx.execute(counted)}
    for site, last in tx.execute(select(arrivals.c.site, arrivals.c.last)):
        if found.get(site, (0, 0)) != (last, last):
            yield Wrong("arrivals", site, str(last))
    for change in tx.execute(select(changes).execution_options(yield_per=FEW)):
        if change.sha256 != ("" if change.body is None else hashlib.sha256(change.body).hexdigest()):
            yield Wrong("change", change.site, f"{change.kind} {change.id}")
    for plan in tx.execute(select(plans).execution_options(yield_per=FEW)):
        if hashlib.sha256(plan.raw).hexdigest() != plan.sha256:
            yield Wrong("plan", plan.site, str(plan.revision))
    for blob in tx.execute(select(blobs).execution_options(yield_per=FEW)):
        if hashlib.sha256(blob.raw).digest() != blob.sha256:
            yield Wrong("blob", blob.site, blob.sha256.hex())
    fault = audit.first_fault(tx)
    if fault is not None:
        yield Wrong("audit", "", str(fault))
