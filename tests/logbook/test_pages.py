"""Pages the office sent: side by side under their ids, withdrawn, many, and outliving the segments of their notes."""

from pathlib import Path

import pytest

from app.logbook.book import Logbook, Received
from app.logbook.journal import segments
from app.logbook.snapshots import snapshot_path
from app.record import MAX_BYTES
from tests.logbook.tools import SMALL, QuickDisk, Ticks, words


def start(folder: Path) -> Logbook:
    return Logbook.open(folder, Ticks(), QuickDisk(), SMALL)


def notice(number: int) -> Received:
    return Received("notice", f"notice-{number:033d}", number, b'{"n":%d}' % number)


def several_segments(logbook: Logbook) -> None:
    for _ in range(6):
        logbook.append(*(words(80) for _ in range(5)))


def test_pages_of_one_kind_live_side_by_side_and_each_is_found_by_its_id(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    logbook.receive([Received("plan", "1", 1, b'{"r":1}'), Received("plan", "2", 2, b'{"r":2}')], "c2")
    logbook.receive([Received("plan", "1", 3, b'{"r":1,"x":0}')], "c3")
    logbook.close()
    logbook = start(tmp_path)
    assert {id: item.rev for id, item in logbook.pages("plan").items()} == {"2": 2, "1": 3}
    assert (logbook.page("plan", "1"), logbook.page("plan", "2")) == (b'{"r":1,"x":0}', b'{"r":2}')
    assert (logbook.page("plan"), logbook.page("plan", "9")) == (b'{"r":1,"x":0}', None)
    assert list(Logbook.read(tmp_path).pages("plan")) == ["2", "1"]
    logbook.close()


def test_a_withdrawn_page_is_gone_and_its_body_can_still_be_named(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    logbook.receive([Received("plan", "1", 1, b'{"r":1}'), Received("plan", "2", 2, b'{"r":2}')], "c2")
    name = logbook.pages("plan")["2"].sha256
    logbook.receive([Received("plan", "2", 3, None)], "c3")
    logbook.close()
    logbook = start(tmp_path)
    assert list(logbook.pages("plan")) == ["1"]
    assert (logbook.page("plan", "2"), logbook.page("plan")) == (None, b'{"r":1}')
    assert logbook.received(name) == b'{"r":2}', "a round may have been walked under it"
    assert [item["sha256"] for item in list(logbook.notes())[-1]["items"]] == [""]
    logbook.receive([Received("plan", "1", 4, None)], "c4")
    assert (logbook.page("plan"), logbook.cursor) == (None, "c4")
    assert list(logbook.earlier("plan")) == [b'{"r":2}', b'{"r":1}']
    logbook.close()


def test_two_thousand_pages_come_five_hundred_at_a_time(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    for first in range(0, 2000, 500):
        logbook.receive([notice(number) for number in range(first, first + 500)], f"c{first}")
    several_segments(logbook)
    logbook.receive([notice(7)], "c7")
    logbook.close()
    lines = [line for _, path in segments(tmp_path) for line in path.read_bytes().rstrip(b"\0").split(b"\n") if line]
    assert max(len(line) for line in lines) <= MAX_BYTES + 65
    assert max(len(line) for line in lines if b'"note":"segment"' in line) < 700
    logbook = start(tmp_path)
    assert not logbook.opening.damage
    assert len(logbook.pages("notice")) == 2000
    assert (list(logbook.pages("notice"))[-1], logbook.cursor) == (notice(7).id, "c7")
    assert logbook.page("notice", notice(1999).id) == b'{"n":1999}'
    logbook.close()


@pytest.mark.parametrize("cut", [1, 2])
def test_the_cursor_counts_only_when_every_page_before_it_does(tmp_path: Path, cut: int) -> None:
    logbook = start(tmp_path)
    logbook.receive([notice(0)], "c0")
    logbook.receive([notice(number) for number in range(1000)], "c1000")
    notes = [note for note in logbook.notes() if note["note"] == "page"]
    logbook.close()
    assert [("cursor" in note) for note in notes[1:]] == [False] * (len(notes) - 2) + [True]
    assert len(notes) >= 4
    path = segments(tmp_path)[-1][1]
    data = path.read_bytes()
    lines = data.rstrip(b"\0").split(b"\n")[:-1]
    kept = b"\n".join(lines[:-cut]) + b"\n"
    path.write_bytes(kept.ljust(len(data), b"\0"))  # what a power cut may leave of one write
    logbook = start(tmp_path)
    assert logbook.cursor == "c0"
    logbook.receive([notice(number) for number in range(1000)], "c1000")
    assert (len(logbook.pages("notice")), logbook.cursor) == (1000, "c1000")
    logbook.close()


def test_pages_outlive_the_segments_that_told_of_them(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    logbook.receive([notice(number) for number in range(3)], "c1")
    logbook.receive([Received("notice", notice(1).id, 9, None)], "c2")
    several_segments(logbook)
    logbook.close()
    for _, path in segments(tmp_path)[:-1]:
        path.unlink()
    logbook = start(tmp_path)
    assert list(logbook.pages("notice")) == [notice(0).id, notice(2).id]
    assert logbook.cursor == "c2"
    logbook.close()


def test_without_its_snapshot_a_cursor_counts_for_nothing_and_all_pages_come_again(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    logbook.receive([notice(1)], "c1")
    several_segments(logbook)
    logbook.close()
    for path in (tmp_path / "journal").glob("snap-*"):
        path.unlink()
    logbook = start(tmp_path)
    assert (list(logbook.pages("notice")), logbook.cursor) == ([notice(1).id], "c1"), "the lines are still here"
    logbook.close()
    for _, path in segments(tmp_path)[:-1]:
        path.unlink()
    logbook = start(tmp_path)
    assert (logbook.pages("notice"), logbook.cursor) == ({}, "")
    logbook.close()


def test_a_spoilt_snapshot_is_not_believed(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    logbook.keep_state(1, lambda: b"first")
    several_segments(logbook)
    names = list(logbook._ledger.snapshots)
    logbook.keep_state(2, lambda: b"second")
    several_segments(logbook)
    logbook.close()
    newest = snapshot_path(tmp_path, start_and_close(tmp_path)[-1])
    assert names
    newest.write_bytes(newest.read_bytes().replace(b'"seq":2', b'"seq":3'))
    logbook = start(tmp_path)
    kept = logbook.kept_state()
    assert kept is not None
    assert (kept.seq, kept.data) == (2, b"second"), "the snapshot before it says the same"
    logbook.close()


def start_and_close(folder: Path) -> list[str]:
    logbook = start(folder)
    logbook.close()
    return logbook._ledger.snapshots


def test_a_program_that_knows_no_state_drops_none(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    assert logbook.kept_state() is None
    logbook.keep_state(1, lambda: b"opaque \xff")
    several_segments(logbook)
    logbook.close()
    logbook = start(tmp_path)
    several_segments(logbook)
    logbook.close()
    for _, path in segments(tmp_path)[:-1]:
        path.unlink()
    logbook = start(tmp_path)
    kept = logbook.kept_state()
    assert kept is not None
    assert (kept.seq, kept.data) == (1, b"opaque \xff")
    logbook.close()
