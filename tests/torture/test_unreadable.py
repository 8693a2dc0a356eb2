"""A disk that does not give what is there: one sentence, no damage declared, and everything is there afterwards."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from app.errors import BookUnsafe
from app.logbook import closed
from app.logbook.book import Draft, Logbook
from app.logbook.journal import segments
from app.logbook.reader import Enrolment, Reader
from app.logbook.verify import check_book
from tests.logbook.test_succession import dies, steps_of
from tests.logbook.tools import OFFICE_KEY, SMALL, QuickDisk, Ticks, receipt, words
from tests.torture.traced import Run, run

READS: Final = "openat,read,pread64,getdents64,newfstatat,fstat,stat"
_CALL: Final = re.compile(r"^(?:\d+ +)?(\w+)\((.*)")
LINE: Final = b'{"kind":"note.made","body":{"t":"east gate"}}\n'
COMMANDS: Final = {
    "log": ["log"],
    "verify": ["verify"],
    "status": ["status", "--json"],
    "record": ["record", "--stdin"],
}


def lived(folder: Path) -> int:
    """A closed book that waits for its office, and one that goes on over several segments; how many records."""
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    logbook.enrolled(Enrolment("http://office", OFFICE_KEY, "pda-3", "cuihu"))
    logbook.append(words(3))
    logbook.succeed("fork")
    for shift in range(3):
        logbook.append_rotating(Draft("shift.opened", {"crew": []}))
        logbook.append(*(words(shift * 9 + number) for number in range(4)))
        logbook.keep_state(logbook.head.seq, lambda: b"state")
    logbook.receipt(receipt(logbook, 5))
    logbook.close()
    return logbook.head.seq


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lived(tmp_path / "book")
    return tmp_path / "book"


def play(folder: Path, command: str, log: Path, inject: str = "") -> Run:
    arguments = [*COMMANDS[command], "--data-dir", str(folder), "--lang", "en"]
    return run("screens", arguments, log, LINE, inject, READS)


def reads(folder: Path, found: Run) -> list[tuple[str, int]]:
    """Which of a run's calls look at the data folder: name, and the how many-th of that name."""
    counts: dict[str, int] = {}
    met = []
    for line in found.log.splitlines():
        match = _CALL.match(line)
        if match is None:
            continue
        name, rest = match.groups()
        counts[name] = counts.get(name, 0) + 1
        if str(folder) in rest and "ENOENT" not in rest and "O_CREAT" not in rest:
            met.append((name, counts[name]))
    return met


def steady(folder: Path, command: str, log: Path) -> list[tuple[str, int]]:
    """Once two runs have looked alike: the first may still compile what it imports."""
    before: list[tuple[str, int]] = []
    for _ in range(6):
        again = log.with_name("again")
        shutil.rmtree(again, ignore_errors=True)
        shutil.copytree(folder, again)
        found = play(again, command, log)
        assert found.code == 0, found.err
        if (now := reads(again, found)) == before:
            return now
        before = now
    raise AssertionError("the program does something else each time")


@pytest.mark.proof
@pytest.mark.parametrize("command", COMMANDS)
def test_a_read_that_fails_is_one_sentence_and_changes_nothing(folder: Path, tmp_path: Path, command: str) -> None:
    log, there = tmp_path / "strace", tmp_path / "again"
    before = [entry.hash for entry in Reader(folder).entries()]
    met, refused = 0, 0
    calls = steady(folder, command, log)
    for index in range(len(calls)):
        for _ in range(3):
            name, n = calls[min(index, len(calls) - 1)]
            shutil.rmtree(there)
            shutil.copytree(folder, there)
            found = play(there, command, log, f"{name}:error=EIO:when={n}")
            hit = [line for line in found.log.splitlines() if "(INJECTED)" in line]
            if any(str(there) in line for line in hit):
                break
            calls = steady(folder, command, log)  # the program itself changed, and another call was that one
        else:
            continue
        met += 1
        assert b"Traceback" not in found.err, (name, n, hit, found.err.decode())
        assert found.code in (0, 1), (name, n, hit, found)
        refused += found.code
        if found.code and command != "record":
            assert found.err.count(b"\n") == 1, (name, n, hit, found.err)
        whole_after(there, before, command, found)
    assert met > 10
    assert refused > 5


def whole_after(folder: Path, before: list[bytes], command: str, found: Run) -> None:
    """What was there is there, nothing was declared lost, and what was answered is kept."""
    report = check_book(folder)
    assert report.whole, (report, found)
    assert not any(book.holes for book in report.books), found.log
    entries = [entry.hash for entry in Reader(folder).entries()]
    assert entries[: len(before)] == before
    if command == "record" and found.code == 0:
        assert json.loads(found.out)["hash"] == entries[-1].hex()
    if command == "verify" and found.code == 0:
        assert b"NOT WHOLE" not in found.out
    if command == "log" and found.code == 0:
        assert len(found.out.splitlines()) >= len(before)


def spoilt(path: Path) -> Iterator[None]:
    """Reading it gives EIO, as a card does that lost its contact; then it is there again."""
    aside = path.with_name("aside")
    path.rename(aside)
    path.symlink_to("/proc/self/mem")
    yield
    path.unlink()
    aside.rename(path)


def test_the_crew_goes_on_while_an_older_segment_cannot_be_read(folder: Path) -> None:
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    path = segments(folder)[1][1]
    card = spoilt(path)
    next(card)
    for look in (logbook.entries, logbook.notes, lambda: iter(logbook.check_earlier, False)):
        with pytest.raises(BookUnsafe, match="cannot be read"):
            list(look())
    [added] = logbook.append(words(1))
    next(card, None)
    assert list(logbook.entries())[-1] == added
    assert logbook.opening.damage == ()
    logbook.close()
    assert check_book(folder).whole


def test_damage_that_is_met_while_another_segment_cannot_be_read_waits_to_be_declared(folder: Path) -> None:
    """What is lost can only be told once all of them are read: until then the crew records on."""
    damaged, unread = (path for _, path in segments(folder)[1:3])
    damaged.write_bytes(damaged.read_bytes().replace(b'"n":1,', b'"n":7,', 1))
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    card = spoilt(unread)
    next(card)
    with pytest.raises(BookUnsafe, match="cannot be read"):
        list(logbook.entries())
    [added] = logbook.append(words(1))
    next(card, None)
    assert added in list(logbook.entries())
    assert len(logbook.opening.damage) == 1
    logbook.close()
    report = check_book(folder)
    assert report.whole
    assert len(report.books[-1].holes) == 1


def test_a_closed_book_that_cannot_be_read_is_no_broken_one(folder: Path) -> None:
    [home] = closed.homes(folder)
    card = spoilt(segments(home)[0][1])
    next(card)
    with pytest.raises(BookUnsafe, match="cannot be read"):
        check_book(folder)
    next(card, None)
    assert check_book(folder).whole


@pytest.mark.parametrize("step", ["close.home", "close.folder", "arrive.shelf", "arrive.journal"])
def test_a_book_between_two_names_is_read_where_it_is(tmp_path: Path, step: str) -> None:
    """The file system turned read-only between two renames of a succession: nobody may write, anybody may read."""
    before, steps = steps_of(tmp_path / "count")
    half = tmp_path / "half"
    dies(half, before + steps.index(step))
    assert not (half / "journal").exists()
    reader = Reader(half)
    first = next(reader.entries())
    assert first.record.kind == "book.opened"
    assert first.record.body["after"]["book"] == closed.homes(half)[0].name
    assert reader.page("plan") == b'{"revision":1}'
    assert list(reader.earlier("plan")) == [b'{"revision":1}']
    assert reader.office is not None
    assert reader.office.device == "pda-3"
    assert reader.unsent > 40
    report = check_book(half)
    assert report.whole
    assert len(report.books) == 2
    for command in ("log", "verify", "status"):
        found = play(half, command, tmp_path / "strace")
        assert (found.code, found.err) == (0, b""), (command, found)
    assert not (half / "journal").exists(), "nobody wrote"
    Logbook.open(half, Ticks(), QuickDisk(), SMALL).close()
    assert Reader(half).book_id == reader.book_id
