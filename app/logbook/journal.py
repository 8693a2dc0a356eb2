"""The journal: numbered and unnumbered lines in segments, durable before `commit` returns.

A segment is filled with zeros in advance and overwritten, so that a record costs one write and one
flush and never grows a file. Its name exists only with a whole first line, and its space is taken
before the one before it is left. What a failure means (notes for whoever calls `commit`):
BookUnsafe, nothing of it is there; BookUnknown, it may be there, and nothing more can be written
until the book is opened again.
"""

import contextlib
import errno
import os
import re
from binascii import unhexlify
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.errors import BookUnknown, BookUnsafe
from app.logbook.chain import Segment, decode_chain, encode_chain
from app.logbook.disk import Disk, reading, saving, unsafe
from app.logbook.earlier import Unsound
from app.logbook.ledger import Ledger
from app.logbook.lines import HASH, TEXT, Head, encode_json, note_hash, note_line, note_raw, read_note, written_line
from app.logbook.places import Places
from app.logbook.replay import Replay, read_alone
from app.logbook.room import Reserve
from app.logbook.snapshots import LiveState, Snapshot, keep_snapshot, read_snapshot, snapshot_path

_NUMBERED: Final = re.compile(r"(seg|kept)-([0-9]+)\.jsonl")


class Space(Struct, frozen=True):
    """How the journal takes room on the disk, bytes. Tests make it small."""

    step: int = 256 * 1024
    """Taken at a time."""
    limit: int = 1024 * 1024
    """A segment that would pass this is left for the next."""
    reserve: int = 1024 * 1024
    """Set aside before a round, and given up when the disk is full."""


class Row(Struct, frozen=True):
    """A line to be written: a record with its chain hash, or a note (hash None)."""

    raw: bytes
    hash: bytes | None = None


class Hint(Struct, frozen=True):
    """The last acknowledged record, written beside the journal without a flush: it shows an accident, not an attack.
    What stands behind it in the newest segment may be only in memory: a flush that failed is not heard of again."""

    book: str
    hash: str
    seq: int


def segment_path(folder: Path, number: int) -> Path:
    """Number 0 is what was kept of the segments that were pruned."""
    if number:
        return folder / "journal" / f"seg-{number:08d}.jsonl"
    found = kept_files(folder)
    return found[-1][1] if found else kept_path(folder, 0)


def kept_path(folder: Path, cut: int) -> Path:
    """What was kept of the segments below number `cut`."""
    return folder / "journal" / f"kept-{cut:08d}.jsonl"


def segments(folder: Path) -> list[tuple[int, Path]]:
    """The segments there are, oldest first."""
    return _numbered(folder, "seg")


def kept_files(folder: Path) -> list[tuple[int, Path]]:
    """(cut, path), oldest first: only the last one counts, it holds all that the others do."""
    return _numbered(folder, "kept")


def _numbered(folder: Path, kind: str) -> list[tuple[int, Path]]:
    journal = folder / "journal"
    try:
        with reading():
            names = os.listdir(journal)
    except FileNotFoundError:
        return []
    found = [(_NUMBERED.fullmatch(name), name) for name in names]
    return sorted((int(match[2]), journal / name) for match, name in found if match and match[1] == kind)


def all_segments(folder: Path) -> list[Path]:
    """Those of the book in use and of every closed one. Raises BookUnsafe."""
    with reading():
        return [path for _, path in segments(folder)] + sorted(folder.glob("closed/*/journal/seg-*.jsonl"))


def read_hint(folder: Path, known: Hint | None = None) -> Hint | None:
    """`known`, what this run of the program knows of the same book, when the file says less, is not there, or does
    not check."""
    try:
        first, _, rest = (folder / "head").read_bytes().partition(b"\n")[0].partition(b" ")
        hint = msgspec.json.decode(rest, type=Hint)
    except (OSError, ValueError):
        return known
    if first.decode("ascii", "replace") != note_hash(rest).hex():
        return known
    return known if known is not None and known.book == hint.book and known.seq > hint.seq else hint


def in_use(folder: Path) -> Path:
    """Where the book in use stands: next/, when the change to it stopped between two names. Raises BookUnsafe."""
    with reading():
        waits = not (folder / "journal").is_dir() and (folder / "next" / "journal").is_dir()
        return folder / "next" if waits else folder


def has_book(folder: Path) -> bool:
    """Whether a book stands in a data folder, readable or not. Raises BookUnsafe."""
    return bool(segments(in_use(folder)))


def replay(folder: Path, hint: Hint | None) -> tuple[Ledger, bytes]:
    """Everything the journal holds, in one pass; and the torn bytes at its end.

    Raises BookUnsafe; FileNotFoundError when what was there a moment ago is not.
    """
    ledger = _ledger(folder)
    taking = Replay(ledger, partial(read_snapshot, folder))
    for cut, path in kept_files(folder)[-1:]:
        taking.take_segment(0, _read(path))
        ledger.cut = cut
    for number, path in segments(folder):
        if number >= ledger.cut:
            taking.take_segment(number, _read(path))
    return ledger, taking.finish(_witness(ledger, hint))


def resume(folder: Path, hint: Hint | None) -> tuple[Ledger, bytes] | None:
    """The same from the newest segment alone and the snapshot that it begins with.

    None when that cannot be done: there is no such snapshot, something is damaged, an earlier segment is not there.
    Raises BookUnsafe, FileNotFoundError.
    """
    found = segments(folder)
    if len(found) < 2:
        return None
    number, path = found[-1]
    data = _read(path)
    head = read_note(data[TEXT : max(TEXT, data.find(b"\n"))])
    snapshot = read_snapshot(folder, head.snapshot) if head is not None and head.note == "segment" else None
    chain = decode_chain(bytes(snapshot.chain)) if snapshot is not None else None
    if snapshot is None or chain is None:
        return None
    ledger = _ledger(folder)
    ledger.resume(snapshot, chain)
    taking = Replay(ledger, partial(read_snapshot, folder))
    taking.take_segment(number, data)
    torn = taking.finish(_witness(ledger, hint))
    return (ledger, torn) if list(chain.damage) == ledger.damage and _all_there(folder, ledger, found) else None


def _all_there(folder: Path, ledger: Ledger, found: list[tuple[int, Path]]) -> bool:
    """Whether the earlier segments are those that the chain names. Of a pruning that was interrupted either all of
    them are, or what was kept of them is; then those that are left over count for nothing."""
    kept = [cut for cut, _ in kept_files(folder)[-1:]]
    if kept == [ledger.cut]:
        ledger.drop(ledger.cut)
    named = [segment.number for segment in ledger.segments if segment.number]
    there = {number for number, _ in found if number >= (ledger.cut if kept == [ledger.cut] else 0)}
    return there == set(named) and kept == (named[:1] if ledger.segments[0].number == 0 else [])


def _read(path: Path) -> bytes:
    with reading():
        return path.read_bytes()


def _ledger(folder: Path) -> Ledger:
    def read(book: bytes, segment: Segment, after: Segment) -> Places:
        try:
            return read_alone(book, segment, after, _read(segment_path(folder, segment.number)))
        except FileNotFoundError as e:
            raise Unsound(segment.number) from e

    return Ledger(read)


def _witness(ledger: Ledger, hint: Hint | None) -> int:
    """The highest number that the hint knows of, when it is of this book."""
    return hint.seq if hint and (not ledger.book or hint.book == ledger.book.hex()) else 0


class Journal:
    """The writing end. Not thread-safe: the logbook holds its lock around it."""

    def __init__(
        self,
        folder: Path,
        disk: Disk,
        space: Space,
        ledger: Ledger,
        torn: bytes,
        live: Callable[[], LiveState | None] = lambda: None,
        hint: Hint | None = None,
    ) -> None:
        """`live` gives the state that a next segment's snapshot keeps, `hint` is what was read with the ledger."""
        self.ledger = ledger
        self._live = live
        self._space = space
        self._folder = folder
        self._disk = disk
        self._fd = disk.edit(segment_path(folder, ledger.segment))
        self._hint: int | None = None
        self._used = ledger.end
        self._size = os.fstat(self._fd).st_size
        self._torn = torn
        self._unsure: int | None
        """Behind this offset some of what replay found may be only in memory."""
        self._unsure, self.durable = self._known_durable(hint)
        self._poisoned = False
        self.reserve = Reserve(folder, disk, space.reserve)
        self.set_aside: tuple[str, ...] = ()
        """Names of the files that torn bytes were put into."""

    # -- opening --------------------------------------------------------------------------------
    def _known_durable(self, hint: Hint | None) -> tuple[int, Head]:
        """Where the last record that was acknowledged, here or by the office, stands in the newest segment, and which
        one it is."""
        ledger = self.ledger
        for seq in sorted({ledger.acked, _witness(ledger, hint)}, reverse=True):
            segment, at, _ = ledger.places.record(seq) or (0, 0, 0)
            if segment != ledger.segment:
                continue
            link = ledger.mended.get(seq) or unhexlify(os.pread(self._fd, HASH, at - TEXT))
            if seq == ledger.acked or (hint is not None and link.hex() == hint.hash):
                return at - TEXT, Head(seq, link)
        newest = ledger.segments[-1]
        return 0, Head(newest.first - 1, newest.previous)

    @property
    def is_durable(self) -> bool:
        """Whether all that replay found is, and it can be written to."""
        return self._fd >= 0 and self._unsure is None

    def settle(self) -> None:
        """Make what replay took for true durable, and set torn bytes aside, which needs room. Raises BookUnsafe; may be
        tried again. Of a journal that was closed because the disk refused just this, BookUnknown: it wants to be opened
        again."""
        if self._fd < 0:
            raise BookUnknown("book.unknown")
        with saving():
            if self._unsure is not None:
                self._write_again(self._unsure)
            if self._torn:
                self._put_aside()

    def _write_again(self, first: int) -> None:
        """From there on. The last acknowledged record is durable already and is written with the rest, so that an
        opening always shows whether the disk takes one."""
        self._disk.write_all("again.write", self._fd, os.pread(self._fd, self._used - first, first), first)
        self._disk.sync("again.sync", self._fd)
        if not first:  # no record that was acknowledged shows that the segment's name is durable
            self._disk.sync_folder("again.folder", self._folder / "journal")
        self._unsure, self.durable = None, Head(self.ledger.seq, self.ledger.hash)

    def _put_aside(self) -> None:
        name = f"torn-{self.ledger.segment:08d}-{self._used}"
        taken = {p.name for p in self._folder.glob(f"{name}*") if p.read_bytes() != self._torn}
        while name in taken:
            name += "-again"
        self._disk.store("torn", self._folder / name, self._torn)
        self._disk.write_all("torn.clear", self._fd, bytes(len(self._torn)), self._used)
        self._disk.sync("torn.clear-sync", self._fd)
        self.set_aside += (name,)
        self._torn = b""

    # -- writing --------------------------------------------------------------------------------
    def commit(self, rows: Sequence[Row]) -> None:
        """Write the rows and flush; they are in the ledger and durable when this returns. A full disk is written
        to once more when the reserve is given up: a round that began can be finished.

        Raises BookUnsafe (not written, nothing damaged) or BookUnknown (perhaps written).
        """
        try:
            self._commit(rows)
        except BookUnsafe as e:
            if e.key != "book.disk_full" or not self.reserve.give_up():
                raise
            self._commit(rows)

    def _commit(self, rows: Sequence[Row]) -> None:
        if self._poisoned:
            raise BookUnknown("book.unknown")
        pieces = [written_line(row.hash or note_hash(row.raw), row.raw) for row in rows]
        data = b"".join(pieces)
        self._make_room(len(data))
        self._put(data)
        for row, piece in zip(rows, pieces, strict=True):
            if row.hash is None:
                self.ledger.add_note(self.ledger.segment, self._used, row.raw)
            else:
                self.ledger.add_record(self.ledger.segment, self._used, row.raw, row.hash)
            self._used += len(piece)
        self.durable = Head(self.ledger.seq, self.ledger.hash)
        self._write_hint()

    def _put(self, data: bytes) -> None:
        """Until all of it is durable or taken back, an interruption of any kind leaves the journal poisoned."""
        self._poisoned = True
        try:
            taken = self._disk.write("append.write", self._fd, data, self._used)
            if taken != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as e:
            self._undo(len(data))
            self._poisoned = False
            raise unsafe(e) from e
        self._flush("append.sync")
        self._poisoned = False

    def _flush(self, name: str) -> None:
        """After a failed flush Linux may drop the bytes and call the page clean: never ask that descriptor again."""
        try:
            self._disk.sync(name, self._fd)
        except OSError as e:
            self._poisoned = True
            raise BookUnknown("book.unknown") from e

    def _undo(self, length: int) -> None:
        """Zeros over what a failed write may have left."""
        length = min(length, max(0, self._size - self._used))
        try:
            self._disk.write_all("undo.write", self._fd, bytes(length), self._used)
            self._disk.sync("undo.sync", self._fd)
        except OSError as e:
            raise BookUnknown("book.unknown") from e

    def _make_room(self, need: int) -> None:
        if self._used + need > self._space.limit and self._used > self._space.step:
            self.next_segment()
        if self._used + need > self._size:
            self._take_space(need)

    def _take_space(self, need: int) -> None:
        """Grow by whole steps of zeros, durably."""
        size = _whole(self._used + need, self._space.step)
        try:
            self._disk.write_all("space.write", self._fd, bytes(size - self._size), self._size)
        except OSError as e:
            self._give_back_space()
            raise unsafe(e) from e
        self._flush("space.sync")
        self._size = size

    def _give_back_space(self) -> None:
        try:
            self._disk.cut("space.cut", self._fd, self._size)
        except OSError as e:
            self._poisoned = True
            raise BookUnknown("book.unknown") from e

    def next_segment(self) -> None:
        """Go on in a new segment. Its space is taken before the old one is left. Raises as `commit` does."""
        if self._poisoned:
            raise BookUnknown("book.unknown")
        number, name = self.ledger.segment + 1, ""
        path = segment_path(self._folder, number)
        try:
            name = keep_snapshot(self._disk, self._folder, self._snapshot())
            first = segment_head(self.ledger, number, name)
            write_segment(self._disk, self._space, path, first)
            fd = self._disk.edit(path)
        except OSError as e:
            self._withdraw(path)
            if name:
                with contextlib.suppress(OSError):  # nobody looks at it
                    self._disk.remove("snapshot.remove", snapshot_path(self._folder, name))
            raise unsafe(e) from e
        os.close(self._fd)
        self._fd, self._used, self._size = fd, len(first), os.fstat(fd).st_size
        self.ledger.begin_segment(number, name)

    def _snapshot(self) -> Snapshot:
        ledger = self.ledger
        chain = msgspec.Raw(encode_chain(ledger.chain()))
        return Snapshot(ledger.book.hex(), ledger.seq, ledger.page_items(), self._live(), chain)

    @property
    def has_records(self) -> bool:
        """Whether any stands in the segment that is written now."""
        return self.ledger.seq >= self.ledger.segments[-1].first

    def _withdraw(self, path: Path) -> None:
        """A segment that may or may not have its name must not be found beside an older one that goes on."""
        try:
            self._disk.remove("segment.remove", path.with_name(path.name + ".part"))
            if path.exists():
                self._disk.remove("segment.remove", path)
                self._disk.sync_folder("segment.remove-sync", path.parent)
        except OSError as e:
            self._poisoned = True
            raise BookUnknown("book.unknown") from e

    # -- the hint -------------------------------------------------------------------------------
    @property
    def hint(self) -> Hint:
        """Of the last durable record; also after closing."""
        return Hint(self.ledger.book.hex(), self.durable.hash.hex(), self.durable.seq)

    def _write_hint(self) -> None:
        """One small write without a flush. Failing costs only the hint."""
        raw = encode_json(self.hint)
        data = written_line(note_hash(raw), raw)
        with contextlib.suppress(OSError):
            if self._hint is None:
                self._hint = self._disk.keep("hint.create", self._folder / "head")
            self._disk.write("hint.write", self._hint, data.ljust(256, b"\n"), 0)

    def close(self) -> None:
        """Nothing can be written afterwards."""
        self._poisoned = True
        for fd in (self._fd, self._hint):
            if fd is not None and fd >= 0:
                os.close(fd)
        self._fd, self._hint = -1, None


def segment_head(ledger: Ledger, number: int, snapshot: str = "") -> bytes:
    """The first line of a segment: where the chain stands, and the name of what must outlive older segments."""
    head: dict[str, Any] = {
        "acked": ledger.acked,
        "book": ledger.book.hex(),
        "cursor": ledger.cursor,
        "first": ledger.seq + 1,
        "note": "segment",
        "previous": ledger.hash.hex(),
        "pruned": ledger.pruned,
        "segment": number,
        "snapshot": snapshot,
    }
    return note_line(note_raw(head))


def write_segment(disk: Disk, space: Space, path: Path, lines: bytes) -> None:
    """A new segment holding `lines` and zeros up to a whole step, durable under its name."""
    disk.store("segment", path, lines.ljust(_whole(len(lines), space.step), b"\0"))


def _whole(size: int, step: int) -> int:
    return -(-size // step) * step


def set_unreadable_aside(folder: Path, disk: Disk) -> None:
    """A journal of which nothing can be read makes way for a new one; its bytes are kept. Raises OSError."""
    if not segments(folder):
        return
    number = 1
    while (aside := folder / f"torn-journal-{number}").exists():
        number += 1
    disk.rename("torn.rename", folder / "journal", aside)
    disk.sync_folder("torn.folder", folder)


def create(folder: Path, disk: Disk, space: Space, book: bytes, first: bytes) -> None:
    """The first segment of a new book, with record 1 in it. Raises BookUnsafe."""
    with saving():
        disk.make_folder("journal.make", folder / "journal")
        head = segment_head(Ledger.at(book, 0, book), 1)
        write_segment(disk, space, segment_path(folder, 1), head + first)
