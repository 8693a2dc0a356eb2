"""What goes to the office beside a book's own records: hand-off files of other handhelds, and what records name by a
hash and do not hold.

The office's signed word for each is checked before the handheld lets go of anything.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from app.errors import OfficeAway
from app.logbook.book import Logbook
from sync.client import Client, Refused
from sync.lane import Writer, is_from_office
from sync.outbox import CARRIED
from sync.wire import Kept, Malformed, Receipt, blob_bytes, blob_gone_bytes, receipt_bytes, unhex

if TYPE_CHECKING:
    from sync.handoff import Sheet

NOT_WANTED: Final = frozenset({"malformed", "carried-book", "gap", "fork"})
"""What an office answers to a hand-off file that it will never take."""
PART: Final = 128 * 1024
"""Bytes of a blob that go in one request: new records wait no longer than for one."""


def send_carried(logbook: Logbook, client: Client) -> None:
    """Hand-off files of other handhelds. What the office does not want is not sent again, and is told.

    Raises OfficeAway, Refused, BookUnsafe.
    """
    if not (logbook.folder / CARRIED).is_dir():
        return
    from sync import stick

    refusal: Refused | None = None
    for path in stick.carried(logbook.folder):
        found = stick.carried_file(path)
        if found is None:
            stick.not_wanted(path)
            continue
        handed, data = found
        try:
            receipt = client.carry(handed.sheet.book, data).receipt
        except Refused as e:
            if e.problem.name not in NOT_WANTED:
                raise
            stick.not_wanted(path)
            refusal = refusal or e
            continue
        if not _is_receipt_for(logbook, handed.sheet, receipt):
            raise OfficeAway("sync.bad_answer")
        stick.delivered(path, receipt)
    if refusal is not None:
        raise refusal


def _is_receipt_for(ours: Logbook, sheet: "Sheet", receipt: Receipt) -> bool:
    """Whether our office says that it holds all that the file has."""
    if receipt.book != sheet.book or receipt.seq < sheet.last:
        return False
    try:
        message = receipt_bytes(unhex(receipt.book, 32), receipt.seq, unhex(receipt.hash, 32), receipt.at)
    except (Malformed, OverflowError):
        return False
    return is_from_office(ours, receipt.sig, message)


def send_blobs(logbook: Logbook, client: Client, stopping: Callable[[], bool]) -> None:
    """Pictures and texts that records name, one by one until `stopping`; one that is refused keeps no other back.

    Raises OfficeAway, Refused, BookUnsafe; Hushed.
    """

    def send(name: str) -> None:
        data = logbook.blob(name)
        kept = _send_blob(client, name, data, stopping) if data is not None else None
        if kept is None or (kept.gone and logbook.is_owed):  # a record that is still to come may name it anew
            return
        _check(logbook, name, kept)
        logbook.blob_held(name)

    _one_by_one(logbook.blobs_waiting(), send, stopping)


def send_left(logbook: Logbook, book: Writer, client: Client, stopping: Callable[[], bool]) -> None:
    """Those whose records are pruned, or that waited when the handheld left: the office of `book` is asked once more,
    and sent what it does not have. Raises as `send_blobs` does.
    """

    def ask(name: str) -> None:
        here = client.blob(name)
        data = None if _is_over(here) else logbook.blob(name)
        kept = here if data is None else _send_blob(client, name, data, stopping)
        if kept is not None and _is_over(kept):
            _check(book, name, kept)
            logbook.blob_let_go(name, book.office)

    _one_by_one(logbook.blobs_left(book.office), ask, stopping)


def _one_by_one(names: Sequence[str], act: Callable[[str], None], stopping: Callable[[], bool]) -> None:
    """Raises the first refusal behind the last of them."""
    refusal: Refused | None = None
    for name in names:
        if stopping():
            break
        try:
            act(name)
        except Refused as e:
            refusal = refusal or e
    if refusal is not None:
        raise refusal


def _check(book: Writer, name: str, kept: Kept) -> None:
    """That the office of `book` has said it. Raises OfficeAway."""
    said = (kept.sig, blob_bytes) if kept.sig else (kept.gone, blob_gone_bytes)
    if kept.sha256 != name or not is_from_office(book, said[0], said[1](book.book, unhex(name, 32))):
        raise OfficeAway("sync.bad_answer")


def _is_over(kept: Kept) -> bool:
    """Nothing more is to be sent: the office has it whole, or has purged it."""
    return bool(kept.sig or kept.gone)


def _send_blob(client: Client, name: str, data: bytes, stopping: Callable[[], bool]) -> Kept | None:
    """Part after part until the office has it whole, or says that it has purged it; None when `stopping` came first.

    A line that broke is taken up where the office stands, as long as each try brings something further.
    """
    at = 0
    if len(data) > PART:
        kept = client.blob(name)
        if _is_over(kept):
            return kept
        at = kept.offset
    while not stopping():
        try:
            kept = client.send_part(name, data[at : at + PART], at, len(data))
        except (OfficeAway, Refused) as e:
            if isinstance(e, Refused) and e.problem.name not in ("slow", "offset"):
                raise
            kept = client.blob(name)
            if kept.offset <= at and not _is_over(kept):
                raise
        if _is_over(kept):
            return kept
        if not at < kept.offset < len(data):
            raise OfficeAway("sync.bad_answer")
        at = kept.offset
    return None
