"""Bytes change where they lie: one bit at every byte of every file, the tail cut or zeroed at every byte.

A closed book is copied, changed at one place, and opened as the next start does. What the change touched may
be lost, if something says so: the opening, a hole the book declares, or `verify`. Nothing else may be.
"""

import random
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final
from unittest import mock

import pytest
from msgspec import Struct

from app.errors import BookError, ChainBroken
from app.logbook.book import Draft, Logbook, Received
from app.logbook.journal import segments
from app.logbook.lines import TEXT, decode_record
from app.logbook.reader import Enrolment
from app.logbook.verify import check_folder
from tests.logbook.tools import OFFICE_KEY, SMALL, QuickDisk, Ticks, receipt, words
from tests.torture.tally import Case, Fault, Torture

ENROLMENT: Final = Enrolment("http://office", OFFICE_KEY, "pda-3", "cuihu")
BODIES: Final = {kind: {b'{"%s":%d}' % (kind.encode(), number) for number in (1, 2)} for kind in ("plan", "people")}
STATES: Final = {b"state 1", b"state 2"}
SHELF: Final = {"n": 17}
TAIL: Final = 1200
"""Bytes of lines at the end that are cut and zeroed one by one."""


class Sample(Struct, frozen=True):
    """A closed book as it was."""

    folder: Path
    raws: dict[int, bytes]
    """Each record's bytes."""
    identity: bytes

    @property
    def files(self) -> list[Path]:
        """Every file with something in it, by path below the folder."""
        found = (path for path in self.folder.rglob("*") if path.is_file() and path.stat().st_size)
        return sorted(path.relative_to(self.folder) for path in found)


class Change(Struct, frozen=True):
    label: str
    file: Path
    data: bytes
    """The file's bytes afterwards."""
    touched: frozenset[int] = frozenset()
    """Records that may be lost by it."""
    of_journal: bool = False
    """Lines of the journal changed: then something must say so, whether a record is lost or not."""


def make(folder: Path, seed: int, shifts: int = 2) -> Sample:
    chance = random.Random(seed)
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    logbook.enrolled(ENROLMENT)
    for number in range(1, shifts + 1):
        pages = [Received(kind, "cuihu", number, b'{"%s":%d}' % (kind.encode(), number)) for kind in ("plan", "people")]
        logbook.receive(pages, str(number))
        logbook.append(*(words(chance.randrange(24)) for _ in range(3)))
        logbook.sign_head()
        logbook.receipt(receipt(logbook, logbook.head.seq - 1))
        logbook.keep_state(logbook.head.seq, partial(b"state %d".__mod__, number))
        logbook.append_rotating(Draft("shift.opened", {"crew": []}))
        logbook.append(words(chance.randrange(20)), words(2))
    logbook.shelf.put("asset", "A-1", SHELF)
    logbook.shelf.upto = logbook.head.seq
    found = Sample(folder, {e.record.seq: e.raw for e in logbook.entries()}, logbook.identity.public)
    logbook.close()
    return found


def lines(data: bytes) -> list[tuple[int, int, int | None]]:
    """(start, end with its LF, number of the record or None) of each line of a segment."""
    found, start = [], 0
    while (stop := data.find(b"\n", start)) >= 0:
        raw = data[start + TEXT : stop]
        found.append((start, stop + 1, None if b'"note":' in raw else decode_record(raw).seq))
        start = stop + 1
    return found


def flips(sample: Sample, files: list[Path], every: int, chance: random.Random) -> Iterator[Change]:
    """One bit of every byte that is in use; of files larger than a page every `every`th."""
    for file in files:
        data = (sample.folder / file).read_bytes()
        of_journal = file.suffix == ".jsonl"
        used = lines(data.rstrip(b"\0")) if of_journal else [(0, len(data), None)]
        for start, stop, seq in used:
            for at in range(start, stop, every):
                bit = chance.randrange(8)
                bad = bytearray(data)
                bad[at] ^= 1 << bit
                touched = frozenset(() if seq is None else (seq,))
                yield Change(f"bit {bit} of byte {at} of {file}", file, bytes(bad), touched, of_journal)


def tails(sample: Sample) -> Iterator[Change]:
    """The last segment cut, and zeroed, from each byte of its lines on."""
    path = segments(sample.folder)[-1][1]
    data = path.read_bytes()
    used = lines(data)
    file = path.relative_to(sample.folder)
    head = used[0][1]
    for at in range(max(head, used[-1][1] - TAIL), used[-1][1]):
        touched = frozenset(seq for _, stop, seq in used if seq is not None and stop > at)
        for how, bad in (("cut", data[:at]), ("zeroed", data[:at] + bytes(len(data) - at))):
            yield Change(f"{how} from byte {at} of {file}", file, bad, touched, bool(touched))


def judge(sample: Sample, change: Change, copy: Path) -> list[Fault]:
    """Open the changed copy, read all of it, go on, and check it."""
    try:
        logbook = Logbook.open(copy, Ticks(), QuickDisk(), SMALL)
    except BookError as e:
        return [Fault("stuck", f"does not open: {e}")]
    with closing(logbook):
        there, said = read(logbook)
        wrong = [seq for seq, raw in there.items() if seq in sample.raws and raw != sample.raws[seq]]
        found = [Fault("silent", f"record {seq} reads otherwise") for seq in wrong]
        found += _beside(sample, logbook)
        missing = sample.raws.keys() - there.keys()
        found += [Fault("lost", f"record {seq}") for seq in missing - change.touched]
        holes = {seq for hole in logbook.holes for seq in range(hole.first, hole.last + 1)}
        said |= bool(logbook.opening.damage or logbook.opening.torn)
        try:
            logbook.append_rotating(words(1))
        except BookError as e:
            found.append(Fault("stuck", f"does not go on: {e}"))
    report = check_folder(copy)
    said |= not report.whole or bool(report.holes)
    found += [Fault("silent", f"record {seq}") for seq in missing if not (seq in holes or not report.whole)]
    if change.of_journal and not said:
        found.append(Fault("silent", "a changed line"))
    return found


def read(logbook: Logbook) -> tuple[dict[int, bytes], bool]:
    """Every record that can be read, one by one; and whether any refused."""
    there: dict[int, bytes] = {}
    refused = False
    for seq in range(1, logbook.head.seq + 1):
        try:
            entry = logbook.entry(seq)
        except ChainBroken:
            refused = True
        else:
            there |= {} if entry is None else {seq: entry.raw}
    return there, refused


def _beside(sample: Sample, logbook: Logbook) -> Iterator[Fault]:
    """What stands beside the journal is as it was, or as it was before, or not there: never something else."""
    for kind, bodies in BODIES.items():
        page = logbook.page(kind)
        if page is None:
            yield Fault("lost", f"page {kind}")
        elif page not in bodies:
            yield Fault("silent", f"page {kind} reads {page!r}")
    state = logbook.kept_state()
    if state is not None and state.data not in STATES:
        yield Fault("silent", f"state reads {state.data!r}")
    if logbook.shelf.get("asset", "A-1") not in (None, SHELF):
        yield Fault("silent", "the shelf reads otherwise")
    if logbook.office is None:
        yield Fault("lost", "enrolment")
    elif logbook.office != ENROLMENT:
        yield Fault("silent", f"enrolment reads {logbook.office}")
    try:
        if logbook.identity.public != sample.identity:
            yield Fault("silent", "another identity")
    except ChainBroken:
        return


def cases(place: Path, sample: Sample, changes: Iterator[Change], twin: str) -> Generator[Case]:
    for change in changes:
        copy = shutil.copytree(sample.folder, place / "copy")
        (copy / change.file).write_bytes(change.data)
        with seeded(twin):
            yield Case(change.label, len(sample.raws), tuple(judge(sample, change, copy)))
        shutil.rmtree(copy)


def flipped(place: Path, effort: int, seed: int, twin: str) -> Generator[Case]:
    """Effort 1: every third byte of the middle segment, every 17th of the others. More: that many books, every byte."""
    few = effort == 1
    for book in range(effort):
        sample = make(place / f"book{book}", seed + book)
        chance = random.Random(seed + book)
        journal = [path.relative_to(sample.folder) for _, path in segments(sample.folder)]
        middle = journal[len(journal) // 2]
        if twin != "pages unchecked":
            yield from cases(place, sample, flips(sample, [middle], 3 if few else 1, chance), twin)
        rest = [path for path in sample.files if path != middle and (not twin or path.parent.name == "received")]
        yield from cases(place, sample, flips(sample, rest, 17 if few else 1, chance), twin)


def torn(place: Path, effort: int, seed: int, twin: str) -> Generator[Case]:
    for book in range(effort):
        sample = make(place / f"book{book}", seed + book)
        yield from cases(place, sample, tails(sample), twin)


FLIPPED: Final = Torture(
    "one bit flipped at every byte", "flips", flipped, 1, 4, {"pages unchecked": 1}, in_memory=True
)
TORN: Final = Torture("tail cut and zeroed at every byte", "tails", torn, 1, 8, {"no hint": 1}, in_memory=True)


@contextmanager
def seeded(twin: str) -> Iterator[None]:
    """The twins of damage: a book that does not compare what it reads."""
    name, instead = SEEDED.get(twin, ("", None))
    with ExitStack() as patches:
        for module in [found for path, found in sys.modules.items() if path.startswith("app.logbook.")]:
            if name and hasattr(module, name):
                patches.enter_context(mock.patch.object(module, name, instead))
        yield


def _unchecked(folder: Path, sha256: str) -> bytes | None:
    path = folder / "received" / f"{sha256}.json"
    return path.read_bytes() if path.exists() else None


def _no_hint(folder: Path, known: object = None) -> None:
    return


SEEDED: Final[dict[str, tuple[str, Callable[..., object]]]] = {
    "no hint": ("read_hint", _no_hint),
    "pages unchecked": ("read_received", _unchecked),
}
"""Twin → the logbook's function that it replaces wherever the name is held."""


@pytest.mark.proof
def test_a_flipped_bit_costs_at_most_its_own_record_and_something_says_so(tmp_path: Path) -> None:
    tally = FLIPPED.run(tmp_path, FLIPPED.quick)
    assert tally.sound, tally
    assert tally.cases > 1000


@pytest.mark.proof
@pytest.mark.parametrize(("torture", "twin"), [(t, twin) for t in (FLIPPED, TORN) for twin in t.twins])
def test_a_book_that_does_not_compare_what_it_reads_is_found_out(tmp_path: Path, torture: Torture, twin: str) -> None:
    assert torture.catches(tmp_path, twin)


@pytest.mark.proof
def test_a_tail_cut_or_zeroed_at_any_byte_costs_what_stood_there_and_something_says_so(tmp_path: Path) -> None:
    tally = TORN.run(tmp_path, TORN.quick)
    assert tally.sound, tally
    assert tally.cases > 1000
