"""Pruning: a lost handheld should hold little (decision 9).

    1  book.pruned   a record for each run that goes, and, once they are durable, the note `prune`: it is decided
    2  kept-….jsonl  what stays of the segments: the logbook's own records, a line for each run, the last signatures
    3  what the records named is left for the office's last word (app.logbook.blobs); the segments, their snapshots and
       the file of what was kept before are removed, in this order

A power cut before 1 is durable leaves all as it was; after it the next opening goes on with 2 and 3.
Whole segments go, the oldest first, and only those whose loss no later opening would notice: the
office has held them long enough, and the snapshot of the segment behind them has the state they led to.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from app.logbook import journal as journals
from app.logbook.blobs import Blobs
from app.logbook.chain import Hole, Segment
from app.logbook.disk import Disk, reading
from app.logbook.entries import read_bytes, read_entries
from app.logbook.ledger import Ledger
from app.logbook.lines import TEXT, Run, note_line, note_raw, read_note, run_of, written_line
from app.logbook.office import read_office
from app.logbook.snapshots import read_snapshot, snapshot_path
from app.ports import Moment

DAY_MS: Final = 24 * 3600 * 1000
AT_ONCE: Final = 4
"""Segments that one call removes if it can: the book's lock is held meanwhile."""
KEPT: Final = ("book.", "key.", "damage.declared")
"""Kinds that are never purged (docs/record-format.md section 3)."""


class Going(Struct, frozen=True):
    """What one pruning removes, and what it keeps."""

    cut: int
    """The segment that becomes the oldest."""
    runs: tuple[Run, ...]
    kept: bytes
    """The lines that are kept of it."""

    @property
    def records(self) -> int:
        return sum(run.last - run.first + 1 for run in self.runs)


def days_ago(days: int, now: Moment, ledger: Ledger) -> int:
    """The moment so many days ago, UTC ms by the office's clock.

    A handheld's clock may be years ahead: it counts for no more than a day beyond the office's last receipt.
    """
    heard = max((receipt.at for receipt in ledger.receipts), default=0)
    return min(now.at + (now.off or 0), heard + DAY_MS) - days * DAY_MS


def cut_of(folder: Path, ledger: Ledger, before: int) -> int:
    """The segment that may become the oldest: the office has held all before it since `before` (UTC ms, its clock).

    0 when nothing may go.
    """
    held = max((receipt.seq for receipt in ledger.receipts if receipt.at <= before), default=0)
    found = 0
    for index, segment in enumerate(_there(ledger)[1:], 1):
        if segment.first - 1 > held or (found and index > AT_ONCE):
            break
        if _covers(folder, ledger, segment):
            found = segment.number
    return found


def _there(ledger: Ledger) -> list[Segment]:
    return [segment for segment in ledger.segments if segment.number]


def _covers(folder: Path, ledger: Ledger, segment: Segment) -> bool:
    """Whether the segment's snapshot has the state that all records before it led to."""
    found = read_snapshot(folder, segment.snapshot)
    if found is None or found.book != ledger.book.hex() or found.state is None:
        return False
    return found.state.seq >= segment.first - 1


def going(folder: Path, ledger: Ledger, cut: int) -> Going:
    """What goes when the segments below `cut` do. Raises Unsound, ChainBroken."""
    there = _there(ledger)
    last = next(segment.first for segment in there if segment.number == cut) - 1
    runs, lines = list[Run](), list[bytes]()
    here = before = there[0].previous
    seq = start = there[0].first
    after_hole = {hole.last + 1: hole.next for hole in ledger.holes}
    for entry in read_entries(folder, ledger, start):
        number = entry.record.seq
        if number > last:
            break
        here = after_hole.get(number, here)
        if entry.record.kind.startswith(KEPT):
            _close(runs, lines, Run(start, number - 1, before, here))
            lines.append(written_line(entry.hash, entry.raw))
            start, before = number + 1, entry.hash
        here, seq = entry.hash, number + 1
    if seq <= last:
        here = after_hole.get(last + 1, here)
    _close(runs, lines, Run(start, last, before, here))
    return Going(cut, tuple(runs), b"".join((*lines, *_last_signatures(folder, ledger, cut))))


def _close(runs: list[Run], lines: list[bytes], run: Run) -> None:
    """A run ends here, if there is anything in it."""
    if run.last < run.first:
        return
    runs.append(run)
    note = {
        "first": run.first,
        "hash": run.hash.hex(),
        "note": "purged",
        "previous": run.before.hex(),
        "seq": run.last,
    }
    lines.append(note_line(note_raw(note)))


def _last_signatures(folder: Path, ledger: Ledger, cut: int) -> list[bytes]:
    """The office's last receipt and the last head signature in what goes."""
    found: dict[str, tuple[int, bytes]] = {}
    for segment, offset, size in ledger.notes():
        if not 0 < segment < cut:
            continue
        raw = read_bytes(folder, segment, offset, size)
        note = read_note(raw)
        if note is not None and note.note in ("head", "receipt") and note.seq >= found.get(note.note, (0, b""))[0]:
            found[note.note] = note.seq, raw
    return [note_line(raw) for _, raw in found.values()]


def announcement(run: Run) -> dict[str, Any]:
    """The body of its `book.pruned`."""
    return {"before": run.before.hex(), "from": run.first, "hash": run.hash.hex(), "to": run.last}


def removed(folder: Path) -> tuple[Run, ...]:
    """The runs that were removed, oldest first, as the file of what was kept tells them. Raises BookUnsafe."""
    files = journals.kept_files(folder)
    if not files:
        return ()
    with reading():
        lines = files[-1][1].read_bytes().splitlines()
    notes = (read_note(line[TEXT:]) for line in lines)
    return tuple(run_of(note) for note in notes if note is not None and note.note == "purged")


def not_here(holes: Iterable[Hole], runs: Iterable[Run]) -> tuple[Hole, ...]:
    """Numbers that cannot be sent any more, lost or removed, in order; those side by side are one."""
    found: list[Hole] = []
    gone = [*holes, *(Hole(run.first, run.last, run.before, run.hash) for run in runs)]
    for hole in sorted(gone, key=lambda hole: hole.first):
        if found and found[-1].last + 1 == hole.first:
            before = found.pop()
            hole = Hole(before.first, hole.last, before.good, hole.next)
        found.append(hole)
    return tuple(found)


def is_unfinished(folder: Path, ledger: Ledger) -> bool:
    """Whether a pruning is decided, and not all that goes is gone."""
    left = any(number < ledger.cut for number, _ in journals.segments(folder))
    return left or len(journals.kept_files(folder)) > 1


def finish(folder: Path, disk: Disk, ledger: Ledger, blobs: Blobs, decided: Going | None = None) -> None:
    """Steps 2 and 3 of what is decided. May be repeated. Raises OSError, Unsound, ChainBroken."""
    cut = ledger.cut
    kept = journals.kept_path(folder, cut)
    if not kept.exists():
        disk.store("kept", kept, _kept_before(folder, ledger) + (decided or going(folder, ledger, cut)).kept)
    ledger.drop(cut)
    gone = [path for number, path in journals.segments(folder) if number < cut]
    office = read_office(folder, ledger) if gone else None
    staying = [path for path in journals.all_segments(folder) if path not in gone]
    if office is not None:
        blobs.prune(gone, staying, office.place)
    for path in _superfluous(folder, ledger):
        disk.remove("prune.remove", path)
    disk.sync_folder("prune.folder", kept.parent)


def _kept_before(folder: Path, ledger: Ledger) -> bytes:
    """What was kept so far, as it is: bytes that do not check stay where they are. Else its first line."""
    found = journals.kept_files(folder)
    if found:
        return found[-1][1].read_bytes()
    return journals.segment_head(Ledger.at(ledger.book, 0, ledger.book), 0)


def _superfluous(folder: Path, ledger: Ledger) -> list[Path]:
    """Files that count for nothing any more, once what was kept is durable."""
    old = [path for number, path in journals.segments(folder) if number < ledger.cut]
    old += [path for cut, path in journals.kept_files(folder) if cut < ledger.cut]
    named = {snapshot_path(folder, name) for name in ledger.snapshots}
    return old + sorted(set((folder / "journal").glob("snap-*.json")) - named)
