"""Checking a book on this machine: the folder of a handheld or an exported file, and the report in words.

The check itself is app.logbook.check and app.logbook.compare; what it shows and what not: docs/evidence.md.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.errors import BookError, BookUnsafe
from app.logbook import compare
from app.logbook.blobs import read as read_blob
from app.logbook.compare import Check
from app.logbook.disk import reading
from app.logbook.journal import in_use
from app.logbook.keys import verifies
from app.logbook.report import BookReport, Fault, Jump, Report
from app.words import say
from app.words.book import TABLE

if TYPE_CHECKING:
    from app.logbook.reader import Reader

__all__ = ["BookReport", "Fault", "Report", "check_book", "check_folder", "check_lines", "export_lines", "told"]

LONGEST: Final = 17 * 1024 * 1024
"""Bytes of a line: the office takes in 8 MiB, which it gives as `raw` in hex. A longer one is no line."""
_ID: Final = 64
"""Digits of a book's id."""
TOLD: Final = 5
"""Records without their attachment that are named."""


def check_book(source: Path, trust: str | None = None, office_key: str | None = None) -> Report:
    """Check a handheld's data folder with the books that were closed in it, or an exported file of any books.

    `trust` is the fingerprint on the enrolment sheet; `office_key` the office's Ed25519 public key in
    hex: without it the key that each book's enrolment names counts. Raises BookError when a folder
    holds no book, BookUnsafe or OSError when the disk does not give what is there.
    """
    with reading():
        if not source.is_dir():
            with source.open("rb") as lines:
                return check_lines(iter(partial(lines.readline, LONGEST), b""), trust, office_key)
    from app.logbook.closed import homes

    checking = Check(verifies, office_key)
    checking.has = lambda name: read_blob(source / "blobs", name) is not None
    closed = []
    for home in homes(source):
        try:
            _take_folder(checking, home)
        except BookUnsafe:
            raise
        except BookError:
            if not home.is_dir():  # its writer has just removed it
                continue
            checking.folder(home.name, (1,), 0)  # nothing of it can be read
        closed.append(home)
    _take_folder(checking, source)
    for home in closed:
        checking.succeeded(home.name)
    return checking.report(trust)


def check_lines(lines: Iterable[bytes], trust: str | None = None, office_key: str | None = None) -> Report:
    """A report for each book in the lines of an export, in order of first appearance."""
    return compare.check_lines(lines, verifies, trust, office_key)


def check_folder(folder: Path, trust: str | None = None, office_key: str | None = None) -> BookReport:
    """The book in use in a handheld's data folder, read without its lock. Raises BookError when there is none."""
    checking = Check(verifies, office_key)
    _take_folder(checking, folder)
    return checking.report(trust).books[0]


def _take_folder(checking: Check, folder: Path) -> None:
    from app.logbook.reader import Reader
    from app.logbook.straight import read_straight

    with reading():
        book = read_straight(in_use(folder), checking.new)
    if book is not None and checking.add(book):
        return
    reader = Reader(folder)
    for line in export_lines(reader):
        checking.take(line)
    checking.folder(reader.book_id, (damage.first for damage in reader.opening.damage), reader.unfinished)


def export_lines(reader: "Reader") -> Iterator[bytes]:
    """Each line of a book in the export form, with its line end; the stored bytes stand in it as they are."""
    book = reader.book_id.encode()
    for line in reader.lines():
        kind = b"record" if line.numbered else b"purged" if line.purged else b"note"
        value = b"%d" % line.purged if line.purged else line.raw
        yield b'{"hash":"%s","book":"%s","%s":%s}\n' % (line.hash.hex().encode(), book, kind, value)


# -- in words -----------------------------------------------------------------------------------


def told(report: Report, lang: str) -> Iterator[str]:
    """The report for a person, a sentence a line; those that belong to the line above are indented."""
    for book in report.books:
        yield say(lang, "book.checked", book=" ".join(book.book[at : at + 8] for at in range(0, _ID, 8)))
        yield from (f"  {sentence}" for sentence in _of(book, lang))
    if not report.books:
        yield say(lang, "book.nothing_to_check")
    elif len(report.books) > 1:
        yield say(lang, "book.all_whole" if report.whole else "book.not_all_whole", count=len(report.books))


def _of(book: BookReport, lang: str) -> Iterator[str]:
    yield say(lang, "book.whole" if book.whole else "book.broken")
    if book.broken is not None:
        fault = f"book.fault_{book.broken.fault.value}"
        yield say(lang, fault, seq=book.broken.seq, line=book.broken.line, head=book.head)
    if book.trusted is not None:
        yield say(lang, "book.trusted" if book.trusted else "book.untrusted")
    yield say(lang, "book.counted", records=book.records, head=book.head)
    yield from _gone(book, lang)
    yield from _vouched(book, lang)
    if book.jump_count:
        places = ", ".join(f"{jump.seq} ({_signed_time(jump)})" for jump in book.jumps)
        more = ", ..." if book.jump_count > len(book.jumps) else ""
        yield say(lang, "book.jumps", count=book.jump_count, places=places + more)
    if book.unfinished:
        yield say(lang, "book.unfinished", size=book.unfinished)
    if book.after:
        yield say(lang, "book.after", book=book.after[:8])
    for gone in book.removed:
        yield say(
            lang, "book.removed_held" if gone.held else "book.removed_unchecked", book=gone.book[:8], seq=gone.seq
        )
        if gone.asked:
            yield say(lang, "book.removed_asked")
    if book.closed:
        reason = f"closed_{book.closed}"
        yield say(lang, "book.ended", reason=say(lang, f"book.{reason}") if reason in TABLE else book.closed)


def _gone(book: BookReport, lang: str) -> Iterator[str]:
    for first, last in book.holes:
        yield say(lang, "book.hole", numbers=_numbers(first, last))
    if book.purged:
        yield say(lang, "book.purged", count=book.purged)
    if book.unattached:
        numbers = ", ".join(map(str, book.unattached[:TOLD])) + (", ..." if len(book.unattached) > TOLD else "")
        yield say(lang, "book.unattached", numbers=numbers)
    if book.loose:
        yield say(lang, "book.loose", count=book.loose)
    if book.set_aside:
        yield say(lang, "book.set_aside", count=book.set_aside)


def _vouched(book: BookReport, lang: str) -> Iterator[str]:
    if book.signed:
        yield say(lang, "book.signed", seq=book.signed)
    if book.acked:
        yield say(lang, "book.acked", seq=book.acked)
    if book.unchecked:
        yield say(lang, "book.unchecked", count=book.unchecked)
    if not book.receipts and not book.unchecked:
        yield say(lang, "book.no_receipt")
    if book.witnessed:
        yield say(lang, "book.witnessed", seq=book.witnessed)
    if book.vouched < book.head:
        yield say(lang, "book.unsigned", numbers=_numbers(book.vouched + 1, book.head))
    if book.witnesses:
        yield say(lang, "book.witnesses", count=book.witnesses, agreeing=book.agreeing)


def _numbers(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _signed_time(jump: Jump) -> str:
    """Hours, minutes and seconds with a sign."""
    minutes, seconds = divmod(abs(jump.ms) // 1000, 60)
    return f"{'-' if jump.ms < 0 else '+'}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
