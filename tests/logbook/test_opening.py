"""Opening reads one shift, not history; and what it passes over is never silent."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import json
from msgspec.structs import replace

from app.logbook import journal as journals
from app.logbook.book import Draft, Logbook, Received
from app.logbook.chain import Receipt, remember
from app.logbook.journal import segments
from app.logbook.ledger import Ledger
from app.logbook.reader import Enrolment
from app.logbook.snapshots import snapshot_path
from app.logbook.verify import Fault, check_folder
from tests.logbook.fixtures import make as fixture
from tests.logbook.tools import OFFICE_KEY, SMALL, QuickDisk, Ticks, receipt, words

SHIFTS = 5


def start(folder: Path) -> Logbook:
    return Logbook.open(folder, Ticks(), QuickDisk(), SMALL)


def shift(logbook: Logbook, number: int) -> None:
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.receive([Received("plan", str(number % 2), number, b'{"n":%d}' % number)], f"c{number}")
    logbook.append(*(words(number * 31 + n) for n in range(6)))
    logbook.sign_head()
    logbook.receipt(receipt(logbook, logbook.head.seq - 2, at=number * 24 * 3_600_000))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed book of several shifts."""
    logbook = start(tmp_path / "book")
    logbook.enrolled(Enrolment("http://office", OFFICE_KEY, "pda-3", "cuihu"))
    for number in range(1, SHIFTS + 1):
        shift(logbook, number)
    logbook.append(words(2))
    logbook.close()
    return tmp_path / "book"


def oldest_shift(folder: Path) -> Path:
    return segments(folder)[1][1]


def spoil(path: Path) -> int:
    """Change a letter of a record; its number."""
    data = bytearray(path.read_bytes())
    at = data.index(b'"words":"')
    data[at + 2] ^= 1
    path.write_bytes(data)
    return int(data[data.index(b'"seq":', at) + 6 :].split(b",")[0])


def known(ledger: Ledger) -> dict[str, Any]:
    """All that a ledger knows, records and notes of every segment included; of purged receipts only one is left."""
    chain = ledger.chain()
    return {
        "chain": replace(chain, receipts=(), known=()) if ledger.pruned else chain,
        "own": (ledger.own, ledger.key, ledger.enrolled),
        "pages": ledger.page_items(),
        "head": (ledger.seq, ledger.hash, ledger.segment, ledger.end),
        "places": [ledger.place(seq) for seq in range(ledger.seq + 2)],
        "notes": list(ledger.notes()),
    }


def known_of_damaged(ledger: Ledger) -> list[Any]:
    """Where damage is known, nothing is looked up before everything was read."""
    holes = [hole for hole in ledger.holes if hole.last > ledger.pruned]
    return [ledger.seq, ledger.hash, ledger.acked, ledger.cursor, ledger.page_items(), holes, ledger.key]


def test_each_shift_begins_a_segment(tmp_path: Path) -> None:
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk())
    for number in range(1, 4):
        shift(logbook, number)
    logbook.close()
    assert [path.read_bytes().count(b'"kind":"shift.opened"') for _, path in segments(tmp_path)] == [0, 1, 1, 1]
    second = [path.read_bytes().split(b"\n")[1] for _, path in segments(tmp_path)[1:]]
    assert all(b'"kind":"key.certified"' in line for line in second)


def test_the_newest_segment_tells_all_that_every_segment_tells(folder: Path) -> None:
    resumed = journals.resume(folder, journals.read_hint(folder))
    assert resumed is not None
    everything, _ = journals.replay(folder, journals.read_hint(folder))
    assert resumed[0].unread() == tuple(number for number, _ in segments(folder)[:-1])
    assert known(resumed[0]) == known(everything)
    assert resumed[0].unread() == ()


@pytest.mark.parametrize("seed", range(12))
def test_that_law_holds_whatever_happened_before(tmp_path: Path, seed: int) -> None:
    chance, compared = random.Random(seed), 0
    logbook = start(tmp_path)
    for number in range(60):
        something(logbook, chance, number)
        if chance.random() < 0.2:
            logbook.close()
            if chance.random() < 0.15:
                flip(chance.choice(segments(tmp_path))[1], chance)
                start_and_close(tmp_path)
            resumed = journals.resume(tmp_path, None)
            if resumed is not None:
                compared += 1
                everything, _ = journals.replay(tmp_path, None)
                tell = known_of_damaged if everything.damage else known
                assert tell(resumed[0]) == tell(everything)
            logbook = start(tmp_path)
    logbook.close()
    assert compared


def something(logbook: Logbook, chance: random.Random, number: int) -> None:
    match chance.randrange(6):
        case 0:
            shift(logbook, number + 1)
        case 1:
            logbook.append(*(words(number * 7 + n) for n in range(chance.choice((1, 3)))))
        case 2:
            logbook.sign_head()
        case 3:
            logbook.receipt(receipt(logbook, logbook.head.seq))
        case 4:
            logbook.keep_state(logbook.head.seq, lambda: b"state")
        case 5:
            logbook.prune(-9999)


def flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data.rstrip(b"\0")))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def start_and_close(folder: Path) -> list[int]:
    """Opens, asks for everything, and closes."""
    logbook = start(folder)
    numbers = [entry.record.seq for entry in logbook.entries()]
    logbook.close()
    return numbers


def test_opening_leaves_earlier_segments_alone(folder: Path) -> None:
    """They could be anything: the head, the mark, the pages and the office are known without them."""
    logbook = start(folder)
    knew = logbook.head, logbook.acked, logbook.cursor, logbook.pages("plan"), logbook.unsent
    logbook.close()
    (folder / "office.json").unlink()
    for _, path in segments(folder)[:-1]:
        path.write_bytes(bytes(path.stat().st_size))
    logbook = start(folder)
    assert logbook.opening.damage == ()
    assert (logbook.head, logbook.acked, logbook.cursor, logbook.pages("plan"), logbook.unsent) == knew
    assert logbook.office == Enrolment("http://office", OFFICE_KEY, "pda-3", "cuihu")
    logbook.append(words(1))
    logbook.sign_head()
    assert logbook.opening.damage == ()
    logbook.close()


def test_an_earlier_segment_that_lost_its_last_line_is_declared_when_it_is_met(folder: Path) -> None:
    """Every line that is left checks: only the chain knows how far that segment went."""
    path = next(path for _, path in segments(folder)[1:] if b'"n":' in path.read_bytes().rstrip(b"\0").split(b"\n")[-2])
    data = path.read_bytes()
    lines = data.rstrip(b"\0").split(b"\n")
    lost = json.decode(lines[-2][65:])["seq"]
    path.write_bytes(b"\n".join([*lines[:-2], b""]).ljust(len(data), b"\0"))
    logbook = start(folder)
    assert met(logbook) == []
    look_back(logbook)
    assert met(logbook) == [(lost, lost)]
    logbook.close()


def ask_for_it(logbook: Logbook) -> None:
    assert list(logbook.entries())


def ask_for_notes(logbook: Logbook) -> None:
    assert list(logbook.notes())


def look_back(logbook: Logbook) -> None:
    while logbook.check_earlier():
        pass


def prune(logbook: Logbook) -> None:
    logbook.receipt(receipt(logbook, logbook.head.seq, at=1))
    logbook.prune(0)


@pytest.mark.parametrize("meet", [ask_for_it, ask_for_notes, look_back, prune])
def test_damage_in_an_earlier_segment_is_declared_when_it_is_met(folder: Path, meet: Callable[[Logbook], None]) -> None:
    logbook = start(folder)
    logbook.keep_state(logbook.head.seq, lambda: b"state")
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.close()
    lost = spoil(oldest_shift(folder))
    broken = check_folder(folder).broken
    assert broken is not None
    assert (broken.fault, broken.seq) == (Fault.UNREADABLE, lost)
    logbook = start(folder)
    assert met(logbook) == []
    meet(logbook)
    assert met(logbook) == [(lost, lost)]
    assert logbook.entry(lost) is None
    logbook.append_rotating(words(1))
    logbook.close()
    report = check_folder(folder)
    assert report.whole, report
    assert report.holes == ((lost, lost),) or report.purged
    logbook = start(folder)
    look_back(logbook)
    assert list(logbook.entries())
    assert met(logbook) == []
    logbook.close()


def met(logbook: Logbook) -> list[tuple[int | None, int | None]]:
    return [(damage.first, damage.last) for damage in logbook.opening.damage]


def test_what_is_sound_is_looked_at_once(folder: Path) -> None:
    logbook = start(folder)
    steps = 0
    while logbook.check_earlier():
        steps += 1
    assert steps == len(segments(folder)) - 1
    assert not logbook.check_earlier()
    assert logbook.opening.damage == ()
    logbook.close()


def without_snapshot(folder: Path) -> None:
    for path in (folder / "journal").glob("snap-*"):
        path.unlink()


def with_spoilt_snapshot(folder: Path) -> None:
    head = json.decode(segments(folder)[-1][1].read_bytes().split(b"\n")[0][65:])
    path = snapshot_path(folder, head["snapshot"])
    path.write_bytes(path.read_bytes().replace(b'"acked":', b'"acke_":'))


def with_a_spoilt_first_line(folder: Path) -> None:
    path = segments(folder)[-1][1]
    path.write_bytes(path.read_bytes().replace(b'"note":"segment"', b'"note":"segmemt"', 1))


@pytest.mark.parametrize("lose", [without_snapshot, with_spoilt_snapshot, with_a_spoilt_first_line])
def test_without_what_the_newest_segment_begins_with_everything_is_read(
    folder: Path, lose: Callable[[Path], None]
) -> None:
    logbook = start(folder)
    head, there = logbook.head, [entry.hash for entry in logbook.entries()]
    logbook.close()
    lose(folder)
    assert journals.resume(folder, None) is None
    logbook = start(folder)
    assert [entry.hash for entry in logbook.entries(1, head.seq)] == there
    assert bool(logbook.opening.damage) == (lose is with_a_spoilt_first_line)
    assert logbook.acked > 0
    logbook.close()


def test_a_lost_earlier_segment_is_declared_at_the_start(folder: Path) -> None:
    oldest_shift(folder).unlink()
    logbook = start(folder)
    [hole], [damage] = logbook.holes, logbook.opening.damage
    assert (hole.first, hole.last) == (damage.first, damage.last)
    logbook.close()
    assert check_folder(folder).holes == ((hole.first, hole.last),)


def test_receipts_of_one_part_of_a_day_are_remembered_as_one() -> None:
    receipts: list[Receipt] = []
    for number in range(1, 24 * 60):
        remember(receipts, Receipt(number, number * 60_000))
    remember(receipts, Receipt(7, 10**12))
    remember(receipts, Receipt(10**6, 0))
    assert receipts[-1].seq == 24 * 60 - 1
    assert 4 <= len(receipts) <= 6


def test_a_folder_of_the_layout_before_opens_and_goes_on(tmp_path: Path) -> None:
    """Written by a program whose snapshots did not say where the chain stands."""
    folder = tmp_path / "book"
    shutil.copytree(fixture.HERE / "layout-1", folder)
    told = (fixture.HERE / "layout-1.json").read_bytes()
    assert journals.resume(folder, journals.read_hint(folder)) is None
    assert fixture.found(folder) == told
    report = check_folder(folder)
    assert report.whole, report
    logbook = start(folder)
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.sign_head()
    head = logbook.head
    logbook.close()
    assert journals.resume(folder, journals.read_hint(folder)) is not None
    logbook = start(folder)
    assert (logbook.head, logbook.opening.damage) == (head, ())
    assert [[e.record.seq, e.hash.hex()] for e in logbook.entries()][
        : len(json.decode(told)["entries"])
    ] == json.decode(told)["entries"]
    look_back(logbook)
    logbook.close()
    report = check_folder(folder)
    assert report.whole, report
    assert [list(hole) for hole in report.holes] == json.decode(told)["holes"]
