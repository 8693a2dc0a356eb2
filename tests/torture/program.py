"""One act on a book, as a process of its own: `python -m tests.torture.program ACT FOLDER [TWIN]`.

For the acts that no command of the handheld does alone. Each acknowledgement is one line on the
standard output, written after the logbook's call returned. A refusal is exit code 1.
"""

import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Final
from unittest import mock

from app.errors import BookError, BookInUse
from app.logbook.book import Draft, Logbook, Received
from app.logbook.disk import Disk
from app.logbook.reader import Enrolment
from hardware.clock import SystemClock
from tests.logbook.tools import OFFICE_KEY, SMALL, receipt, words
from tests.torture.lives import LONG_AGO, Heard, revision_of, succeed
from tests.torture.twins import TWINS


def tell(heard: Heard) -> None:
    sys.stdout.buffer.write(heard.line())
    sys.stdout.buffer.flush()


def add(logbook: Logbook) -> None:
    for number in (3, 80):
        tell(Heard.of(logbook, logbook.append(words(number), words(number + 1))))


def shift(logbook: Logbook) -> None:
    """The shift changes: a new key, and what begins with it."""
    logbook.keep_state(logbook.head.seq, lambda: b"state")
    tell(Heard.of(logbook, logbook.append_rotating(Draft("shift.opened", {"crew": []}))))
    logbook.sign_head()
    tell(Heard.of(logbook, logbook.append(words(4))))


def acknowledge(logbook: Logbook) -> None:
    """What the courier does with the office's answer, and with pages it sent."""
    seq = logbook.head.seq
    logbook.receipt(receipt(logbook, seq, at=LONG_AGO))
    tell(Heard(receipt=seq, book=logbook.book_id))
    revision = revision_of(logbook.cursor) + 1
    logbook.receive([Received(kind, "cuihu", revision, b"{}") for kind in ("plan", "people")], str(revision))
    tell(Heard(cursor=revision))
    logbook.enrolled(Enrolment("http://office", OFFICE_KEY, "pda-3", "cuihu"))
    tell(Heard(enrolled=True))
    tell(Heard.of(logbook, logbook.append(words(5))))


def prune(logbook: Logbook) -> None:
    """Old segments go, and the crew works on."""
    assert logbook.prune(1)
    tell(Heard.of(logbook, logbook.append(words(6))))


def close_and_begin(logbook: Logbook) -> None:
    """The book is closed, the next one begins, and the crew works on."""
    logbook.keep_state(logbook.head.seq, lambda: b"state")
    for heard in succeed(logbook):
        tell(heard)
    tell(Heard.of(logbook, logbook.append(words(7))))


def hold(logbook: Logbook) -> None:
    """A record for each line of the standard input; the book is ours until it ends."""
    for _ in sys.stdin.buffer:
        [entry] = logbook.append(words(1))
        print(f'{{"seq":{entry.record.seq}}}', flush=True)


def upgrade(logbook: Logbook) -> None:
    """The first shift of a newer program."""
    add(logbook)
    shift(logbook)


ACTS: Final[dict[str, Callable[[Logbook], None]]] = {
    "add": add,
    "shift": shift,
    "acknowledge": acknowledge,
    "prune": prune,
    "succeed": close_and_begin,
    "arrive": add,
    "hold": hold,
    "upgrade": upgrade,
}


def main(act: str, folder: str, twin: str = "") -> int:
    with mock.patch("app.logbook.book.lock", unlocked) if twin == "no lock" else nullcontext():
        try:
            logbook = Logbook.open(Path(folder), SystemClock(), TWINS.get(twin, Disk)(), SMALL)
            ACTS[act](logbook)
            logbook.close()
        except BookInUse:
            return 3
        except BookError:
            return 1
    return 0


def unlocked(folder: Path) -> int:
    """The twin of the lock: everybody gets it."""
    return os.open(folder / "lock", os.O_RDWR | os.O_CREAT)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
