"""What a book owes after a torture: all that was acknowledged, or a word about what is gone; and that it goes on."""

from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from app.errors import BookError
from app.logbook import succession
from app.logbook.book import Draft, Logbook
from app.logbook.closed import homes
from app.logbook.disk import Disk
from app.logbook.journal import Space
from app.logbook.reader import Reader
from app.logbook.verify import check_book
from app.record import Entry
from tests.logbook.tools import SMALL, QuickDisk, Ticks
from tests.torture.lives import Told, revision_of
from tests.torture.tally import Fault

NEVER: Final = 2**53


def faults(
    folder: Path,
    told: Told,
    space: Space = SMALL,
    *,
    goes_on: bool = True,
    tears: bool = False,
    holes: tuple[tuple[int, int], ...] = (),
    disk: Disk | None = None,
) -> tuple[Fault, ...]:
    """Open the book as the next start does, look for all that was acknowledged, go on, and check the whole chain.

    Nothing on the disk was damaged, only stopped: so damage that opening reports is wrong too. Where writes
    may be torn (`tears`), records that were never acknowledged may be missed and said to be lost, and half a receipt
    may stand at the end of a closed book until the next one comes. `holes` were there before. `disk` is the one that
    the book lives on afterwards, if it does.
    """
    try:
        logbook = Logbook.open(folder, Ticks(), disk or QuickDisk(), space)
    except BookError as e:
        return (Fault("stuck", f"does not open: {e}"), Fault("lost", f"{told.records} records"))
    with closing(logbook):
        found = [*absent(folder, logbook, told), *_succession(folder, logbook)]
        damage = logbook.opening.damage
        first = min((part.first for part in damage if part.first), default=NEVER)
        if damage and (not tears or any(seq >= first for seq in told.books.get(logbook.book_id, {}))):
            found.append(Fault("stuck", f"damage where none was done: {damage}"))
        if goes_on:
            found += _going_on(logbook)
    for report in check_book(folder).books:
        torn = report.unfinished and not (tears and report.closed)
        if not report.whole or torn or (not tears and not set(report.holes) <= set(holes)):
            found.append(Fault("stuck", f"does not check: {report}"))
    return tuple(found)


def absent(folder: Path, logbook: Logbook | Reader, told: Told) -> list[Fault]:
    """What was acknowledged, in the book in use or in one that was closed, and is not there."""
    closed = _closed(folder)
    removed = _removed(logbook, *closed.values())
    found = list[Fault]()
    for book, records in told.books.items():
        if book in ("", logbook.book_id):
            found += _absent_from(logbook, records, told.receipts[book])
        elif book in closed:
            found += _absent_from(closed[book], records, told.receipts[book])
        elif max(records, default=0) > removed.get(book, -1):
            found += [Fault("lost", f"book {book}"), Fault("silent", f"book {book}")]
    if isinstance(logbook, Logbook):
        found += [Fault("lost", f"cursor {told.cursor}")] if revision_of(logbook.cursor) < told.cursor else []
    found += [Fault("lost", "page")] if told.cursor and not page_is_one_that_came(logbook) else []
    return found + ([Fault("lost", "enrolment")] if told.enrolled and logbook.office is None else [])


def _absent_from(logbook: Logbook | Reader, records: dict[int, str], receipt: int) -> list[Fault]:
    """What one book lacks, unless it says that it was removed on purpose after a receipt."""
    entries = readable(logbook)
    there = {seq: entry.hash.hex() for seq, entry in entries.items()}
    pruned = [entry.record.body for entry in entries.values() if entry.record.kind == "book.pruned"]
    gone = {seq for body in pruned for seq in range(body["from"], body["to"] + 1)}
    gone = {seq for seq in gone if seq <= logbook.acked and seq not in there}
    missing = [seq for seq, link in records.items() if there.get(seq) != link and seq not in gone]
    found = [Fault("lost", f"record {seq}") for seq in missing]
    found += [Fault("lost", f"receipt {receipt}, not {logbook.acked}")] if logbook.acked < receipt else []
    return found + [Fault("silent", f"record {seq}") for seq in missing if not _said(logbook, seq)]


def _closed(folder: Path) -> dict[str, Reader]:
    """The closed books that can be read, by id."""
    found = {}
    for home in homes(folder):
        with suppress(BookError):
            found[home.name] = Reader(home)
    return found


def _succession(folder: Path, logbook: Logbook) -> list[Fault]:
    """Each book names the last record of the one before it, from the one in use to the first; none is left over."""
    closed = _closed(folder)
    removed = _removed(logbook, *closed.values())
    found = [Fault("stuck", "a next book still waits")] if succession.is_waiting(folder) else []
    here: Logbook | Reader = logbook
    while (after := _before(here)) is not None:
        if after["book"] in removed and after["book"] not in closed:
            return found
        if after["book"] not in closed:
            return [*found, Fault("lost", f"the book before, {after['book']}")]
        here = closed.pop(after["book"])
        if (after["seq"], after["hash"]) != (here.head.seq, here.head.hash.hex()):
            found.append(Fault("silent", f"the book before ends at {here.head.seq}, not {after['seq']}"))
    return found + [Fault("stuck", f"no book names {book}") for book in closed]


def _removed(*books: Logbook | Reader) -> dict[str, int]:
    """Closed books that went because the office had all of them, as the later ones say: how far each went."""
    records = (entry.record for book in books for entry in readable(book).values())
    return {record.body["book"]: record.body["seq"] for record in records if record.kind == "book.removed"}


def _before(logbook: Logbook | Reader) -> dict[str, Any] | None:
    opened = next(logbook.entries(1, 1) if isinstance(logbook, Logbook) else logbook.entries(), None)
    return opened.record.body.get("after") if opened and opened.record.seq == 1 else None


def readable(logbook: Logbook | Reader) -> dict[int, Entry]:
    """Every record that can be read, also where others refuse."""
    found: dict[int, Entry] = {}
    seq = 0
    while seq < logbook.head.seq:
        try:
            for entry in logbook.entries(seq + 1):
                seq = entry.record.seq
                found[seq] = entry
        except BookError:
            seq += 1
        else:
            return found
    return found


def page_is_one_that_came(logbook: Logbook | Reader) -> bool:
    return all(logbook.page(kind) is not None for kind in ("plan", "people"))


def _said(logbook: Logbook | Reader, seq: int) -> bool:
    return any(hole.first <= seq <= hole.last for hole in logbook.holes)


def _going_on(logbook: Logbook) -> list[Fault]:
    try:
        logbook.append_rotating(Draft("shift.opened", {"crew": []}))
        logbook.sign_head()
    except BookError as e:
        return [Fault("stuck", f"does not go on: {e}")]
    return []
