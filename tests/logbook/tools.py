"""What the logbook's tests share: a clock that ticks, disks that fail or remember, a life to put a book through."""

import copy
import os
import random
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct, field

from app.errors import BookError, BookUnknown
from app.logbook.book import Draft, Logbook, Received
from app.logbook.closed import ClosedBook
from app.logbook.disk import Disk
from app.logbook.journal import Space
from app.logbook.reader import Enrolment, Reader
from app.ports import Moment
from app.record import Entry, follow

SMALL: Final = Space(step=2048, limit=6144, reserve=4096)
"""So small that a short life passes several segments."""
SECTOR: Final = 512
OFFICE: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OFFICE_KEY: Final = OFFICE.public_key().public_bytes_raw().hex()


class Ticks:
    """A clock that goes on by one second at each look."""

    def __init__(self) -> None:
        self.up = 0

    def now(self) -> Moment:
        self.up += 1000
        return Moment(at=1_790_000_000_000 + self.up, up=self.up, boot="8f7a")


class QuickDisk(Disk):
    """The real disk without its flushes: for tests that judge what is written, not whether the platter has it."""

    def sync(self, name: str, fd: int) -> None:
        self.step(name)

    def sync_folder(self, name: str, folder: Path) -> None:
        self.step(name)


class CountingDisk(QuickDisk):
    """Remembers the name of every step."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, name: str) -> None:
        self.steps.append(name)


class FailingDisk(QuickDisk):
    """Step number `at` (from 0) does `fault` instead."""

    def __init__(self, at: int, fault: Callable[[str], None]) -> None:
        self._left = at
        self._fault = fault

    def step(self, name: str) -> None:
        self._left -= 1
        if self._left == -1:
            self._fault(name)


class LooseDisk(QuickDisk):
    """A card that is not to be had for a while: these steps fail, by name with their error; then it is as before."""

    def __init__(self) -> None:
        self.refuses: dict[str, int] = {}

    def step(self, name: str) -> None:
        if error := self.refuses.get(name):
            raise OSError(error, os.strerror(error), name)


def fails(error: int) -> Callable[[str], None]:
    def fault(name: str) -> None:
        raise OSError(error, os.strerror(error), name)

    return fault


def words(number: int) -> Draft:
    """A record like those of a round, some longer than a sector."""
    return Draft("stop.arrived", {"n": number, "words": "东门岗亭" * (number % 90)}, by=("chen-bo",))


class Acked(Struct):
    """What the logbook said is durable."""

    entries: list[Entry] = field(default_factory=list)
    cursor: str = ""
    receipt: int = 0


Saw = Callable[[Logbook, Acked], None]


def receipt(
    logbook: Logbook | ClosedBook, seq: int, key: Ed25519PrivateKey = OFFICE, at: int = 1_790_000_500_000
) -> dict[str, Any]:
    """What the office answers once it holds everything up to `seq`."""
    link = logbook.hash_of(seq)
    assert link is not None
    message = (
        b"watchbook receipt 1\n" + logbook.book + seq.to_bytes(8, "big") + bytes.fromhex(link) + at.to_bytes(8, "big")
    )
    public = key.public_key().public_bytes_raw().hex()
    return {"at": at, "book": logbook.book_id, "hash": link, "key": public, "seq": seq, "sig": key.sign(message).hex()}


def purged(book: Logbook | Reader) -> set[int]:
    """Numbers that the book says it removed on purpose; the office had acknowledged them."""
    told = [entry.record.body for entry in book.entries() if entry.record.kind == "book.pruned"]
    gone = {number for body in told for number in range(body["from"], body["to"] + 1)}
    assert max(gone, default=0) <= book.acked
    return gone


def live(logbook: Logbook, acked: Acked, saw: Saw = lambda logbook, acked: None) -> None:
    """A short life of a book in which every kind of write happens. `saw` is called after each acknowledged one.

    BookErrors are what a crew would do about them: after an unclear answer the book is opened again.
    """

    def append(count: int) -> Callable[[], None]:
        def act() -> None:
            acked.entries.extend(logbook.append(*(words(len(acked.entries) * 7 + i) for i in range(count))))

        return act

    def rotate() -> None:
        acked.entries.extend(logbook.append_rotating(Draft("shift.opened", {"crew": []})))

    def receive(number: int) -> Callable[[], None]:
        def act() -> None:
            pages = [
                Received(kind, "cuihu", number, b'{"%d":"%s"}' % (number, kind.encode())) for kind in ("plan", "people")
            ]
            logbook.receive(pages, str(number))
            acked.cursor = str(number)

        return act

    def acknowledge() -> None:
        if acked.entries:
            seq = acked.entries[-1].record.seq
            logbook.receipt(receipt(logbook, seq))
            acked.receipt = seq

    def enrol() -> None:
        logbook.enrolled(Enrolment("http://office", OFFICE_KEY, "pda-3", "cuihu"))

    def prune() -> None:
        logbook.keep_state(logbook.head.seq, lambda: b"state")
        rotate()
        logbook.prune(-1)

    def shelve() -> None:
        logbook.shelf.put("asset", "A-1", {"n": len(acked.entries)})
        try:
            logbook.shelf.save()
        except OSError:
            return

    acts: list[Callable[[], Any]] = [
        append(1),
        rotate,
        append(1),
        receive(1),
        append(2),
        enrol,
        logbook.sign_head,
        append(1),
    ]
    acts += [acknowledge, shelve, append(1), append(3), receive(2), rotate, append(1), acknowledge, logbook.sign_head]
    acts += [prune, logbook.reserve, append(2), acknowledge, prune, append(1)]
    for act in acts:
        try:
            act()
        except BookUnknown:
            again(logbook)
            continue
        except BookError:
            continue
        saw(logbook, acked)


def again(logbook: Logbook) -> None:
    try:
        logbook.reopen()
    except BookError:
        return


# -- a disk that remembers what is durable ------------------------------------------------------


class File(Struct):
    """One file's bytes: as durable, and the writes since its last flush."""

    durable: bytes = b""
    pending: list[tuple[int, bytes]] = field(default_factory=list)

    def flush(self) -> None:
        self.durable = self.content(lambda: True)
        self.pending = []

    def content(self, kept: Callable[[], bool]) -> bytes:
        """The bytes when each sector of each unflushed write may have been kept; the size may grow without them."""
        data = bytearray(self.durable)
        for at, piece in self.pending:
            if at < 0:  # cut
                if kept():
                    del data[-at - 1 :]
                continue
            for start, chunk in _sectors(at, piece):
                if kept():
                    data.extend(bytes(max(0, start + len(chunk) - len(data))))
                    data[start : start + len(chunk)] = chunk
            if kept() and len(data) < at + len(piece):
                data.extend(bytes(at + len(piece) - len(data)))
        return bytes(data)


def _sectors(at: int, piece: bytes) -> list[tuple[int, bytes]]:
    bounds = [at, *range((at // SECTOR + 1) * SECTOR, at + len(piece), SECTOR), at + len(piece)]
    return [(a, piece[a - at : b - at]) for a, b in pairwise(bounds) if b > a]


class Change(Struct, frozen=True):
    """Names that change together or not at all."""

    folder: str
    """The folder whose flush makes it durable."""
    names: dict[str, File | None]
    """None: removed."""


FOLDER: Final = File()
"""Stands for a folder's own name."""


class Folders(Struct):
    """Names, by path below the data folder: as durable, and the changes since the last flush, in order."""

    durable: dict[str, File] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)

    def names(self, keep: int) -> dict[str, File]:
        """Names when only the first `keep` changes reached the disk."""
        found = dict(self.durable)
        for change in self.pending[:keep]:
            for name, file in change.names.items():
                if file is None:
                    found.pop(name, None)
                else:
                    found[name] = file
        return found

    def flush(self, folder: str) -> None:
        """A file system with one log: flushing a folder makes every earlier change durable too."""
        last = max((i for i, change in enumerate(self.pending) if change.folder == folder), default=-1)
        self.durable = self.names(last + 1)
        self.pending = self.pending[last + 1 :]

    def frozen(self) -> "Folders":
        """As it is now. A folder stays the one FOLDER."""
        return copy.deepcopy(self, {id(FOLDER): FOLDER})


class ModelDisk(QuickDisk):
    """Does everything, and keeps beside it a model of what a power cut could leave. `deaf` steps flush nothing."""

    def __init__(self, root: Path, deaf: Callable[[str], bool] = lambda name: False) -> None:
        self.root = root
        self.folders = Folders()
        self._files: dict[int, File] = {}
        """By inode: a file stays itself under another name and another descriptor."""
        self._now: dict[str, File] = {}
        self._deaf = deaf
        self.moment: Callable[[], None] = lambda: None
        """Called before each step: here the power may fail."""

    def step(self, name: str) -> None:
        self._look()
        self.moment()

    def _look(self) -> None:
        """Folders that were made, and what was removed with a folder, pass no step of their own."""
        there = set[str]()
        for top, folders, files in os.walk(self.root):
            below = os.path.relpath(top, self.root)
            there.update(os.path.normpath(os.path.join(below, name)) for name in (*folders, *files))
            for name in sorted(folders):
                self._made(os.path.normpath(os.path.join(below, name)))
        for name in sorted(self._now.keys() - there, reverse=True):
            self._change({name: None})

    def _made(self, folder: str) -> None:
        if folder not in self._now:
            self._change({folder: FOLDER})

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.root))

    def _change(self, names: dict[str, File | None]) -> None:
        """The first name says whose flush it waits for."""
        self.folders.pending.append(Change(os.path.dirname(next(iter(names))) or ".", names))
        for name, file in names.items():
            if file is None:
                self._now.pop(name, None)
            else:
                self._now[name] = file

    def _file(self, fd: int) -> File:
        return self._files[os.fstat(fd).st_ino]

    def create(self, name: str, path: Path) -> int:
        fd = super().create(name, path)
        file = self._files[os.fstat(fd).st_ino] = File()
        self._change({self._name(path): file})
        return fd

    def keep(self, name: str, path: Path) -> int:
        fd = super().keep(name, path)
        if self._name(path) not in self._now:
            file = self._files[os.fstat(fd).st_ino] = File()
            self._change({self._name(path): file})
        return fd

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        taken = super().write(name, fd, data, at)
        self._file(fd).pending.append((at, data[:taken]))
        return taken

    def cut(self, name: str, fd: int, size: int) -> None:
        super().cut(name, fd, size)
        self._file(fd).pending.append((-size - 1, b""))

    def sync(self, name: str, fd: int) -> None:
        super().sync(name, fd)
        if not self._deaf(name):
            self._file(fd).flush()

    def sync_folder(self, name: str, folder: Path) -> None:
        super().sync_folder(name, folder)
        if folder != self.root.parent and not self._deaf(name):
            self.folders.flush(self._name(folder))

    def rename(self, name: str, old: Path, new: Path) -> None:
        """A file may be found under both names; a folder goes with all that is in it, or stays."""
        super().rename(name, old, new)
        here, there = self._name(old), self._name(new)
        if self._now[here] is not FOLDER:
            self._change({there: self._now[here]})
            self._change({here: None})
            return
        moved = {name: file for name, file in self._now.items() if name == here or name.startswith(f"{here}/")}
        self._change({there + name.removeprefix(here): file for name, file in moved.items()} | dict.fromkeys(moved))

    def remove(self, name: str, path: Path) -> None:
        super().remove(name, path)
        if self._name(path) in self._now:
            self._change({self._name(path): None})

    def freeze(self) -> Folders:
        """A copy of what is durable and what is not, at this moment."""
        return self.folders.frozen()


def power_cut(folders: Folders, target: Path, chance: random.Random) -> None:
    """Write into `target` one state that the disk could be in after a power cut at that moment."""
    mode = chance.choice(("nothing", "everything", "some", "some"))
    keep = {"nothing": 0, "everything": len(folders.pending), "some": chance.randint(0, len(folders.pending))}[mode]

    def kept() -> bool:
        return mode == "everything" or (mode == "some" and chance.random() < 0.5)

    target.mkdir(parents=True)
    for name, file in sorted(folders.names(keep).items()):
        if file is FOLDER:
            (target / name).mkdir()
        else:
            (target / name).write_bytes(file.content(kept))


def is_chained(book: bytes, entries: Iterable[Entry]) -> bool:
    """Whether each hash follows from the one before; the first from the book's id."""
    here = book
    for entry in entries:
        here = follow(here, entry.raw)
        if here != entry.hash:
            return False
    return True
