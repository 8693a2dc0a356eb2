"""Damage and forks never block, and are never silent (decision 8).

A small book with records of several lengths, notes and three segments is damaged in every place; the
next opening keeps all that still checks, says what it met, declares what is lost, and goes on.
"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from app.errors import ChainBroken
from app.logbook.book import Draft, Logbook, Received
from app.logbook.journal import segments
from app.logbook.ledger import Ledger
from app.logbook.lines import TEXT
from app.logbook.replay import Replay
from app.logbook.verify import Fault, check_folder
from tests.logbook.tools import SMALL, QuickDisk, Ticks, receipt, words

NOTHING = bytes(4096)


class Sample(Struct):
    """A closed book, and the hashes of its records."""

    folder: Path
    hashes: dict[int, bytes]
    keys: set[int]
    """Records that hold a key."""


def reopen(folder: Path) -> Logbook:
    return Logbook.open(folder, Ticks(), QuickDisk(), SMALL)


def hashes(logbook: Logbook) -> dict[int, bytes]:
    return {entry.record.seq: entry.hash for entry in logbook.entries()}


def make(folder: Path, count: int) -> Sample:
    logbook = reopen(folder)
    for number in range(count):
        logbook.append(words(number * 13))
        if number % 5 == 2:
            logbook.sign_head()
        if number % 5 == 4:
            logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.receive([Received("plan", "cuihu", 1, b"{}")], "1")
    logbook.receipt(receipt(logbook, logbook.head.seq - 4))
    logbook.append(words(1), words(30))
    keys = {e.record.seq for e in logbook.entries() if e.record.kind in ("book.opened", "key.certified")}
    found = Sample(folder, hashes(logbook), keys)
    logbook.close()
    return found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return make(tmp_path_factory.mktemp("sample") / "book", 14)


@pytest.fixture
def small(tmp_path: Path) -> Sample:
    return make(tmp_path / "small", 4)


def copies(sample: Sample, tmp_path: Path) -> Iterator[Path]:
    """Fresh copies of the book, one after another, always at the same place."""
    while True:
        folder = tmp_path / "copy"
        shutil.copytree(sample.folder, folder)
        yield folder
        shutil.rmtree(folder)


def last_segment(folder: Path) -> Path:
    return segments(folder)[-1][1]


def used(path: Path) -> int:
    return len(path.read_bytes().rstrip(b"\0"))


def lost_or_said(sample: Sample, folder: Path) -> set[int]:
    """Open a damaged copy twice; the numbers that are missing. Fails if anything is silent, wrong or blocked."""
    logbook = reopen(folder)
    there = hashes(logbook)
    opening = logbook.opening
    lost = {seq for seq, link in sample.hashes.items() if there.get(seq) != link}
    declared = {seq for d in opening.damage if d.first and d.last for seq in range(d.first, d.last + 1)}
    assert opening.damage or opening.torn
    assert lost <= declared
    assert not (set(there) & declared)
    logbook.append_rotating(words(1))
    logbook.sign_head()
    after = hashes(logbook)
    logbook.close()
    logbook = reopen(folder)
    assert not logbook.opening.damage, "said once, known from then on"
    assert hashes(logbook) == after
    logbook.close()
    report = check_folder(folder)
    assert report.broken is None or (report.broken.fault is Fault.KEY_LOST and lost & sample.keys), report
    assert {seq for first, last in report.holes for seq in range(first, last + 1)} == declared
    return lost


@pytest.mark.proof
def test_every_flipped_bit_is_met_and_costs_at_most_its_own_record(sample: Sample, torture: bool) -> None:
    """Every byte of the journal, replayed in memory; the hint is not used."""
    chance = random.Random(7)
    parts = [(number, path.read_bytes().rstrip(b"\0") + NOTHING) for number, path in segments(sample.folder)]
    sound, torn = replayed(parts)
    assert not sound.damage
    assert not torn
    for index, (number, data) in enumerate(parts):
        for offset in range(len(data) - len(NOTHING)):
            for bit in range(8) if torture else (chance.randrange(8),):
                bad = bytearray(data)
                bad[offset] ^= 1 << bit
                ledger, torn = replayed([*parts[:index], (number, bytes(bad)), *parts[index + 1 :]])
                assert ledger.damage or torn, (number, offset, bit)
                missing = [seq for seq in sample.hashes if ledger.place(seq) is None]
                assert missing == [
                    seq for d in ledger.damage if d.first and d.last for seq in range(d.first, d.last + 1)
                ]
                assert len(missing) <= 1, (number, offset, bit)


def replayed(parts: list[tuple[int, bytes]]) -> tuple[Ledger, bytes]:
    replay = Replay(Ledger())
    for number, data in parts:
        replay.take_segment(number, data)
    return replay.ledger, replay.finish(0)


def test_a_flipped_bit_in_each_part_of_a_line(sample: Sample, tmp_path: Path) -> None:
    folders = copies(sample, tmp_path)
    for _, path in segments(sample.folder):
        start = 0
        for line in path.read_bytes().rstrip(b"\0").split(b"\n")[:-1]:
            for part in (0, TEXT - 1, TEXT, TEXT + 9, len(line) - 1, len(line)):
                folder = next(folders)
                damaged = folder / "journal" / path.name
                data = bytearray(damaged.read_bytes())
                data[start + part] ^= 4
                damaged.write_bytes(data)
                assert len(lost_or_said(sample, folder)) <= 1, (path.name, start, part)
            start += len(line) + 1


@pytest.mark.proof
@pytest.mark.parametrize("how", ["cut", "zeroed"])
def test_a_tail_torn_anywhere_in_the_last_records_loses_only_what_it_tore(small: Sample, how: str) -> None:
    """The hint beside the journal is gone too, as after a power cut: nothing tells that those lines had been whole."""
    folder, path = small.folder, last_segment(small.folder)
    data = path.read_bytes()
    end = used(path)
    ends = [i + 1 for i in range(end) if data[i] == 10]
    for offset in range(ends[-3], end):
        for stale in (folder / "head", *folder.glob("torn-*")):
            stale.unlink()
        path.write_bytes(data[:offset] + (b"" if how == "cut" else bytes(len(data) - offset)))
        kept = max(e for e in ends if e <= offset)
        logbook = reopen(folder)
        assert logbook.opening.damage == ()
        assert [(folder / name).read_bytes() for name in logbook.opening.torn] == (
            [data[kept:offset]] if offset > kept else []
        )
        assert logbook.head.seq == max(small.hashes) - sum(1 for e in ends if e > kept)
        assert Logbook.read(folder).unfinished == 0
        logbook.append(words(2))
        logbook.close()
        assert offset % 8 or check_folder(folder).whole


@pytest.mark.parametrize("how", ["cut", "zeroed"])
def test_an_acknowledged_record_that_vanished_from_the_end_is_missed(sample: Sample, tmp_path: Path, how: str) -> None:
    folder = next(copies(sample, tmp_path))
    path = last_segment(folder)
    data = bytearray(path.read_bytes())
    end = used(path)
    start = data.rindex(b"\n", 0, end - 1) + 1
    data[start:] = b"" if how == "cut" else bytes(len(data) - start)
    path.write_bytes(data)
    logbook = reopen(folder)
    last = max(sample.hashes)
    assert [(d.first, d.last) for d in logbook.opening.damage] == [(last, last)]
    assert next(logbook.entries(last)).record.kind == "damage.declared"
    logbook.close()
    assert check_folder(folder).holes == ((last, last),)


def test_a_record_whose_line_end_changed_is_kept_and_said(sample: Sample, tmp_path: Path) -> None:
    folder = next(copies(sample, tmp_path))
    path = last_segment(folder)
    data = bytearray(path.read_bytes())
    data[used(path) - 1] = 32
    path.write_bytes(data)
    assert lost_or_said(sample, folder) == set()


def test_a_lost_segment_is_a_declared_hole(sample: Sample, tmp_path: Path) -> None:
    for number, path in segments(sample.folder):
        folder = next(copies(sample, tmp_path / str(number)))
        (folder / "journal" / path.name).unlink()
        lost = lost_or_said(sample, folder)
        assert lost
        assert lost == set(range(min(lost), max(lost) + 1))


def test_an_emptied_segment_is_a_declared_hole(sample: Sample, tmp_path: Path) -> None:
    for number, path in segments(sample.folder):
        folder = next(copies(sample, tmp_path / str(number)))
        (folder / "journal" / path.name).write_bytes(NOTHING)
        assert lost_or_said(sample, folder)


def test_an_emptied_segment_is_said_even_when_nothing_tells_what_stood_in_it(sample: Sample, tmp_path: Path) -> None:
    folder = next(copies(sample, tmp_path))
    last_segment(folder).write_bytes(NOTHING)
    (folder / "head").unlink()
    logbook = reopen(folder)
    assert logbook.opening.damage
    logbook.close()


@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_zeroed_blocks_in_the_middle_lose_what_stood_there_and_one_more(
    sample: Sample, tmp_path: Path, blocks: int
) -> None:
    path = segments(sample.folder)[1][1]
    folder = next(copies(sample, tmp_path))
    data = bytearray(path.read_bytes())
    data[512 : 512 + 256 * blocks] = bytes(256 * blocks)
    (folder / "journal" / path.name).write_bytes(data)
    touched = 1 + path.read_bytes()[512 : 512 + 256 * blocks].count(b"\n")
    assert 1 <= len(lost_or_said(sample, folder)) <= touched + 1


def test_a_lost_journal_begins_a_new_book_that_names_the_old(sample: Sample, tmp_path: Path) -> None:
    folder = next(copies(sample, tmp_path))
    shutil.rmtree(folder / "journal")
    old = Logbook.read(sample.folder)
    logbook = reopen(folder)
    assert logbook.opening.fresh
    assert logbook.opening.damage
    assert logbook.book != old.book
    assert next(logbook.entries()).record.body["after"] == {
        "book": old.book_id,
        "hash": old.head.hash.hex(),
        "seq": old.head.seq,
    }
    logbook.close()
    assert check_folder(folder).whole


def test_a_journal_of_rubbish_is_kept_and_makes_way(sample: Sample, tmp_path: Path) -> None:
    folder = next(copies(sample, tmp_path))
    for _, path in segments(folder):
        path.write_bytes(b"rubbish\n" * 40)
    (folder / "head").unlink()
    logbook = reopen(folder)
    logbook.append(words(1))
    assert logbook.opening.fresh
    assert sorted(p.name for p in folder.glob("torn-journal-1/*"))
    assert logbook.book_id != Logbook.read(sample.folder).book_id
    logbook.close()


def test_a_record_changed_under_a_running_program_is_refused(sample: Sample, tmp_path: Path) -> None:
    folder = next(copies(sample, tmp_path))
    logbook = reopen(folder)
    assert hashes(logbook) == sample.hashes
    path = segments(folder)[0][1]
    data = bytearray(path.read_bytes())
    at = data.index(b'"seq":2')
    data[at + 6 : at + 7] = b"9"
    path.write_bytes(data)
    with pytest.raises(ChainBroken):
        list(logbook.entries())
    logbook.close()


def test_noise_in_the_space_taken_in_advance_is_set_aside(sample: Sample, tmp_path: Path) -> None:
    folder = next(copies(sample, tmp_path))
    path = last_segment(folder)
    data = bytearray(path.read_bytes().ljust(4096, b"\0"))
    data[used(path) + 100] = 7
    path.write_bytes(data)
    assert lost_or_said(sample, folder) == set()
    assert list(folder.glob("torn-*"))
