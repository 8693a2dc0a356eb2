"""What the office has had long enough leaves the handheld, and the book stays whole (decision 9)."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import json

from app.errors import BookError, BookUnsafe
from app.logbook import journal as journals
from app.logbook import pruning
from app.logbook.book import Draft, Logbook, Received
from app.logbook.journal import kept_files, segments
from app.logbook.pruning import DAY_MS
from app.logbook.reader import Enrolment
from app.logbook.verify import BookReport, Fault, check_folder, check_lines, export_lines
from app.ports import Moment
from tests.logbook.tools import OFFICE_KEY, SMALL, CountingDisk, FailingDisk, QuickDisk, Ticks, fails, receipt, words

NOW = 1_790_000_000_000
KEEP = 7


class Days(Ticks):
    """A clock that can be put forward by whole days; the office's is one hour ahead."""

    day = 0

    def now(self) -> Moment:
        now = super().now()
        return Moment(at=now.at + self.day * DAY_MS, up=now.up, boot=now.boot, off=3_600_000)


class Handheld:
    """A book that lives shift by shift, a day each."""

    def __init__(self, folder: Path, disk: QuickDisk | None = None) -> None:
        self.folder, self.clock = folder, Days()
        self.open(disk)

    def open(self, disk: QuickDisk | None = None) -> None:
        self.book = Logbook.open(self.folder, self.clock, disk or QuickDisk(), SMALL)

    def shift(self, receipts: bool = True) -> None:
        book = self.book
        book.append_rotating(Draft("shift.opened", {"crew": []}))
        book.append(*(words(self.clock.day * 17 + number) for number in range(5)))
        book.sign_head()
        if receipts:
            book.receipt(receipt(book, book.head.seq, at=self.clock.now().at + 3_600_000))
        book.keep_state(book.head.seq, lambda: b"state")
        self.clock.day += 1

    def shifts(self, count: int) -> None:
        for _ in range(count):
            self.shift()

    def prune(self, keep_days: int = KEEP) -> int:
        removed = 0
        while found := self.book.prune(keep_days):
            removed += found
        return removed

    def close(self) -> None:
        self.book.close()


@pytest.fixture
def handheld(tmp_path: Path) -> Iterator[Handheld]:
    """Enrolled, with a plan, and ten shifts behind it."""
    here = Handheld(tmp_path / "book")
    here.book.enrolled(Enrolment("http://office", OFFICE_KEY, "pda-3", "cuihu"))
    here.book.receive([Received("plan", "1", 1, b'{"r":1}')], "c1")
    here.shifts(10)
    yield here
    here.close()


def whole(folder: Path) -> BookReport:
    """The folder and its export check, and say the same."""
    report = check_folder(folder)
    assert report.whole, report
    exported = check_lines(list(export_lines(Logbook.read(folder)))).books[0]
    assert (exported.records, exported.purged, exported.head) == (report.records, report.purged, report.head)
    assert report.loose == 0
    assert report.holes == ()
    return report


def test_what_the_office_has_had_for_a_week_goes_and_the_book_is_whole(handheld: Handheld) -> None:
    before = whole(handheld.folder)
    size = sum(path.stat().st_size for _, path in segments(handheld.folder))
    removed = handheld.prune()
    report = whole(handheld.folder)
    assert removed == report.purged > 5
    assert report.records + report.purged == report.head > before.head
    assert (report.acked, report.signed) == (before.acked, before.signed)
    assert sum(path.stat().st_size for _, path in segments(handheld.folder)) < size / 1.3
    assert handheld.prune() == 0
    kinds = [entry.record.kind for entry in handheld.book.entries(1, 6)]
    assert kinds[:3] == ["book.opened", "book.enrolled", "key.certified"]
    assert "stop.arrived" not in kinds


def test_a_pruned_book_opens_and_goes_on_with_all_that_it_knew(handheld: Handheld) -> None:
    handheld.prune()
    book = handheld.book
    knew = book.head, book.acked, book.cursor, book.pages("plan"), book.kept_state(), book.office, book.unsent
    handheld.close()
    (handheld.folder / "office.json").unlink()
    handheld.open()
    book = handheld.book
    assert book.opening.damage == ()
    assert knew == (book.head, book.acked, book.cursor, book.pages("plan"), book.kept_state(), book.office, book.unsent)
    opened = book.entry(1)
    assert opened is not None
    assert opened.record.kind == "book.opened"
    assert book.lacks(5)
    assert book.page("plan") == b'{"r":1}'
    handheld.shift()
    assert whole(handheld.folder).head == book.head.seq


def test_day_after_day_the_handheld_holds_about_a_week(handheld: Handheld) -> None:
    for day in range(12):
        handheld.shift()
        handheld.prune()
        if day % 3 == 0:
            handheld.close()
            handheld.open()
            assert journals.resume(handheld.folder, None) is not None
        assert len(segments(handheld.folder)) <= 2 * (KEEP + 2)
        assert len(kept_files(handheld.folder)) == 1
        whole(handheld.folder)
    named = {path.name for path in (handheld.folder / "journal").glob("snap-*")}
    assert len(named) == len(segments(handheld.folder))
    assert next(entry.record.seq for entry in handheld.book.entries(2) if entry.record.kind == "stop.arrived") > 60


def test_without_its_newest_segment_a_pruned_book_is_read_from_what_is_left(handheld: Handheld) -> None:
    """The records that announced the pruning are lost too: they are written again."""
    handheld.shift(receipts=False)
    handheld.prune()
    handheld.close()
    segments(handheld.folder)[-1][1].unlink()
    handheld.open()
    assert handheld.book.opening.damage
    handheld.book.append(words(1))
    handheld.close()
    report = check_folder(handheld.folder)
    assert report.purged > 5
    assert report.holes
    assert report.broken is None or report.broken.fault is Fault.KEY_LOST


# -- what may not go ----------------------------------------------------------------------------


def test_what_the_office_has_not_acknowledged_stays(tmp_path: Path) -> None:
    here = Handheld(tmp_path)
    for _ in range(4):
        here.shift(receipts=False)
    here.clock.day += 100
    assert here.prune() == 0
    here.book.receipt(receipt(here.book, 9, at=NOW))
    assert here.prune() <= 9
    whole(tmp_path)
    here.close()


def test_a_receipt_counts_from_the_day_the_office_gave_it_by_the_offices_clock(tmp_path: Path) -> None:
    here = Handheld(tmp_path)
    here.shift(receipts=False)
    here.shift(receipts=False)
    given = here.clock.now().at + 3_600_000
    here.book.receipt(receipt(here.book, here.book.head.seq, at=given))
    here.clock.day += KEEP
    here.clock.up -= 10_000
    here.book.append(words(1))
    here.book.receipt(receipt(here.book, here.book.head.seq, at=here.clock.now().at + 3_600_000))
    assert here.prune() == 0, "some seconds are missing"
    here.clock.up += 20_000
    assert here.prune() > 0
    here.close()


def test_a_clock_years_ahead_removes_no_more_than_a_day_too_much(handheld: Handheld) -> None:
    head = handheld.book.head.seq
    handheld.clock.day += 3650
    handheld.prune()
    left = [entry.record for entry in handheld.book.entries() if not entry.record.kind.startswith(pruning.KEPT)]
    shifts = {record.seq for record in left if record.kind == "shift.opened" and record.seq <= head}
    assert len(shifts) >= KEEP - 1


@pytest.mark.parametrize("kept", ["nothing", "less"])
def test_records_whose_state_no_snapshot_has_stay(tmp_path: Path, kept: str) -> None:
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL)
    for _ in range(4):
        logbook.append_rotating(Draft("shift.opened", {"crew": []}))
        logbook.append(words(3))
        if kept == "less":
            logbook.keep_state(logbook.head.seq - 1, lambda: b"state")
    logbook.receipt(receipt(logbook, logbook.head.seq, at=1))
    assert logbook.prune(0) == 0
    logbook.keep_state(logbook.head.seq, lambda: b"state")
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    assert logbook.prune(0) > 0
    logbook.close()
    assert check_folder(tmp_path).whole


def test_what_the_logbook_itself_wrote_needs_no_new_state(tmp_path: Path) -> None:
    """A pruning late in a shift does not keep that shift from being pruned."""
    here = Handheld(tmp_path)
    here.shifts(2)
    assert here.prune(0) > 0
    here.book.append_rotating(Draft("shift.opened", {"crew": []}))
    here.book.receipt(receipt(here.book, here.book.head.seq, at=1))
    assert here.prune(0) > 0
    assert len(segments(tmp_path)) == 1
    here.close()


# -- accidents ----------------------------------------------------------------------------------


def copy_of(handheld: Handheld, folder: Path) -> Handheld:
    shutil.copytree(handheld.folder, folder)
    other = Handheld.__new__(Handheld)
    other.folder, other.clock = folder, Days()
    other.clock.day = handheld.clock.day
    return other


def steps_of_pruning(handheld: Handheld, folder: Path) -> list[str]:
    here, disk = copy_of(handheld, folder), CountingDisk()
    here.open(disk)
    disk.steps.clear()
    assert here.prune() > 0
    here.close()
    return [name for name in disk.steps if not name.startswith("shelf")]


def judged(here: Handheld, there: list[bytes]) -> int:
    """Opened again after the accident: all is there or purged, in one piece. How many were purged."""
    here.open()
    assert here.book.opening.damage == ()
    assert not pruning.is_unfinished(here.folder, here.book._ledger)
    report = whole(here.folder)
    found = {entry.hash for entry in here.book.entries()}
    assert sum(link not in found for link in there) == report.purged
    here.shift()
    here.prune()
    assert whole(here.folder).purged > 0
    here.close()
    return report.purged


@pytest.mark.proof
def test_the_power_fails_at_any_step_of_pruning(handheld: Handheld, tmp_path: Path) -> None:
    steps = steps_of_pruning(handheld, tmp_path / "counted")
    assert {"kept.write", "kept.rename", "prune.remove", "prune.folder", "append.write"} <= set(steps)
    there, done = [entry.hash for entry in handheld.book.entries()], set()
    for at in range(len(steps)):
        here = copy_of(handheld, tmp_path / str(at))
        child = os.fork()
        if child == 0:
            disk = Armed(at, lambda name: os._exit(9))
            here.open(disk)
            disk.on = True
            here.prune()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        done.add(judged(here, there) > 0)
    assert done == {False, True}


class Armed(FailingDisk):
    on = False

    def step(self, name: str) -> None:
        if self.on and not name.startswith("shelf"):
            super().step(name)


@pytest.mark.proof
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_step_of_pruning_fails_and_the_book_goes_on(handheld: Handheld, tmp_path: Path, error: int) -> None:
    there = [entry.hash for entry in handheld.book.entries()]
    for at in range(len(steps_of_pruning(handheld, tmp_path / "counted"))):
        here, disk = copy_of(handheld, tmp_path / str(at)), Armed(at, fails(error))
        here.open(disk)
        disk.on = True
        try:
            here.prune()
        except BookUnsafe:
            disk.on = False
            here.book.append(words(1))
            here.prune()
        except BookError:
            here.book.reopen()
        here.close()
        judged(here, there)


def flips(path: Path) -> Iterator[tuple[int, bytes]]:
    data = path.read_bytes()
    for at in range(0, len(data), 7):
        yield at, data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :]


@pytest.mark.proof
def test_no_flipped_bit_in_what_was_kept_is_silent(handheld: Handheld, tmp_path: Path) -> None:
    handheld.prune()
    handheld.close()
    path = kept_files(handheld.folder)[-1][1]
    sound = path.read_bytes()
    count = sound.count(b"\n")
    for at, data in flips(path):
        path.write_bytes(data)
        ledger, _ = journals.replay(handheld.folder, None)
        assert ledger.damage, at
        missing = {line.split(b" ", 1)[0] for line in sound.split(b"\n")} - {
            line.split(b" ", 1)[0] for line in data.split(b"\n")
        }
        lost = sum(damage.last - damage.first + 1 for damage in ledger.damage if damage.first and damage.last)
        assert lost <= 9, (at, len(missing), count)
    path.write_bytes(sound)
    handheld.open()


def test_a_spoilt_line_of_what_was_kept_is_declared_when_it_is_met(handheld: Handheld) -> None:
    handheld.prune()
    handheld.close()
    path = kept_files(handheld.folder)[-1][1]
    path.write_bytes(path.read_bytes().replace(b'"kind":"book.enrolled"', b'"kind":"book.enr0lled"'))
    handheld.open()
    assert met(handheld) == []
    while handheld.book.check_earlier():
        pass
    assert met(handheld) == [(2, 2)]
    handheld.close()
    handheld.open()
    assert handheld.book.entry(2) is None
    assert met(handheld) == []
    handheld.shift()
    handheld.prune()
    report = check_folder(handheld.folder)
    assert report.broken is None or report.broken.seq <= 3


def met(handheld: Handheld) -> list[tuple[int | None, int | None]]:
    return [(damage.first, damage.last) for damage in handheld.book.opening.damage]


@pytest.mark.parametrize("place", ["first of its shift", "last of its shift"])
def test_a_hole_in_what_goes_is_purged_with_it(handheld: Handheld, place: str) -> None:
    """The last of a shift stands before a record that is kept: that one follows the hash which the hole left."""
    handheld.close()
    path = next(path for _, path in segments(handheld.folder)[2:] if path.read_bytes().count(b'"note":"head"'))
    data = path.read_bytes()
    at = (data.index if place.startswith("first") else data.rindex)(b'"kind":"stop.arrived"')
    path.write_bytes(data[: at + 10] + b"x" + data[at + 11 :])
    handheld.open()
    assert list(handheld.book.entries())
    assert len(handheld.book.opening.damage) == 1
    handheld.prune()
    handheld.shifts(KEEP + 2)
    handheld.prune()
    report = whole(handheld.folder)
    assert report.purged > 5
    kinds = [json.decode(line.raw)["kind"] for line in Logbook.read(handheld.folder).lines() if line.numbered]
    assert kinds.count("damage.declared") == 1


def test_what_was_kept_is_gone_altogether_and_that_is_said(handheld: Handheld) -> None:
    handheld.prune()
    handheld.close()
    for _, path in kept_files(handheld.folder):
        path.unlink()
    handheld.open()
    [damage] = handheld.book.opening.damage
    assert damage.first == 1
    handheld.book.append(words(1))
    handheld.close()
    broken = check_folder(handheld.folder).broken
    assert broken is not None
    handheld.open()
