"""What the real program is asked to do under strace: acts, each on a book prepared once and copied for every run."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from app.errors import BookUnknown
from app.logbook.book import Draft, Logbook, Received
from app.logbook.journal import Space
from app.settings import example
from tests.logbook.tools import SMALL, QuickDisk, Ticks, receipt, words
from tests.torture.judge import faults
from tests.torture.lives import LONG_AGO, Heard, Told
from tests.torture.tally import Fault
from tests.torture.traced import Call, Run, run, settled_calls

PREVIOUS: Final = Path(__file__).parents[1] / "logbook/fixtures/layout-1"
LARGE: Final = "x" * 60_000


class Act(Struct, frozen=True):
    name: str
    prepare: Callable[[Path], None]
    """Puts a book into the folder."""
    command: tuple[str, ...] = ()
    """Module and arguments; the data folder follows. Empty: the act of that name in tests/torture/program.py."""
    stdin: bytes = b""
    space: Space = SMALL

    def run(self, folder: Path, log: Path, twin: str, inject: str = "") -> Run:
        module, *arguments = self.command or ("tests.torture.program", self.name)
        return run(module, [*arguments, str(folder), *((twin,) if twin else ())], log, self.stdin, inject)

    def hear(self, told: Told, out: bytes) -> None:
        """What a run answered, in whole lines."""
        if not self.command:
            told.listen(out)
            return
        for line in out.splitlines(keepends=True):
            answer = json.loads(line) if line.endswith(b"\n") else {}
            if "seq" in answer:
                told.hear(Heard(records=((answer["seq"], answer["hash"]),)))


def asked(count: int, text: str) -> bytes:
    line = json.dumps({"kind": "note.made", "body": {"t": text}})
    return f"{line}\n".encode() * count


def nothing(folder: Path) -> None:
    return


def begun(folder: Path) -> None:
    """A book with a little of everything."""
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    logbook.append(*(words(number * 7) for number in range(6)))
    logbook.receive(
        [Received("people", "cuihu", 1, example("cuihu-garden.people.json")), Received("plan", "a", 1, b"{}")], "1"
    )
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.append(words(40))
    logbook.receipt(receipt(logbook, 4))
    logbook.close()


def nearly_full(folder: Path) -> None:
    """One more long record passes the limit of a segment."""
    logbook = Logbook.open(folder, Ticks(), QuickDisk())
    logbook.receive([Received("plan", "a", 1, b"{}")], "1")
    logbook.keep_state(1, lambda: b"state")
    for _ in range(17):
        logbook.append(Draft("note.made", {"t": LARGE}))
    logbook.close()


def long_ago(folder: Path) -> None:
    """Three shifts that the office has had for days."""
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    logbook.receive([Received(kind, "cuihu", 1, b"{}") for kind in ("plan", "people")], "1")
    for number in range(3):
        logbook.append(*(words(number * 9 + at) for at in range(4)))
        logbook.keep_state(logbook.head.seq, lambda: b"state")
        logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.receipt(receipt(logbook, logbook.head.seq, at=LONG_AGO))
    logbook.close()


def half_gone_over(folder: Path) -> None:
    """The book is closed and the next one is not in its place yet."""
    begun(folder)

    class Stops(QuickDisk):
        def step(self, name: str) -> None:
            if name == "close.journal":
                raise OSError(errno.EIO, os.strerror(errno.EIO))

    logbook = Logbook.open(folder, Ticks(), Stops(), SMALL)
    with suppress(BookUnknown):
        logbook.succeed("fork")
    logbook.close()


def of_the_program_before(folder: Path) -> None:
    """A data folder in the layout that earlier programs kept."""
    shutil.copytree(PREVIOUS, folder)


RECORD: Final = ("screens", "record", "--stdin", "--data-dir")
ACTS: Final = (
    Act("begin", nothing, RECORD, asked(2, "first"), Space()),
    Act("record", begun, RECORD, asked(3, "next"), Space()),
    Act("segment", nearly_full, RECORD, asked(2, LARGE), Space()),
    Act("add", begun),
    Act("shift", begun),
    Act("acknowledge", begun),
    Act("prune", long_ago),
    Act("succeed", begun),
    Act("arrive", half_gone_over),
    Act("upgrade", of_the_program_before),
)


class Scene:
    """An act and its book."""

    def __init__(self, act: Act, place: Path) -> None:
        self.act = act
        self._template = place / f"{act.name}.book"
        self.folder = place / act.name
        self._log = place / "calls"
        act.prepare(self._template)
        self._owed: list[Heard] = []
        self._holes: tuple[tuple[int, int], ...] = ()
        if self._template.is_dir():
            reader = Logbook.read(self._template)
            owed = Heard.of(reader, reader.entries())
            self._owed = [owed, Heard(receipt=reader.acked, book=reader.book_id)]
            self._holes = tuple((hole.first, hole.last) for hole in reader.holes)

    def play(self, twin: str, inject: str = "") -> Run:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._template.is_dir():
            shutil.copytree(self._template, self.folder)
        return self.act.run(self.folder, self._log, twin, inject)

    def calls(self, twin: str) -> list[Call]:
        return settled_calls(self.folder, lambda: self.play(twin))

    def told(self, found: Run) -> Told:
        told = Told()
        for heard in self._owed:
            told.hear(heard)
        self.act.hear(told, found.out)
        return told

    def faults(self, told: Told) -> tuple[Fault, ...]:
        return faults(self.folder, told, self.act.space, holes=self._holes)


def scenes(place: Path, only: str | None = None) -> Iterator[Scene]:
    return (Scene(act, place) for act in ACTS if only in (None, act.name))
