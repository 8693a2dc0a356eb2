"""What the handheld still knows when the records that told it are gone (decision 14)."""

import asyncio
from pathlib import Path

import pytest
from msgspec import json

from app.errors import NotAllowed
from app.logbook.book import Draft, Logbook
from app.logbook.journal import segments
from app.logbook.lines import note_hash, note_raw, written_line
from app.memory import SHORT, Memory
from app.pages import Pages
from app.resume import State
from app.watch import Watch
from tests import garden
from tests.garden import BADGES, LABELS, HandClock, QuickDisk, scan
from tests.logbook.tools import SMALL


class Life:
    """A handheld with a crew, a finding, wrong PINs and an open round, then many other records."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.plan = folder, HandClock(), garden.plan(crew=1, recheck=False)
        self.open()

    def open(self) -> None:
        self.logbook = Logbook.open(self.folder, self.clock, QuickDisk(), SMALL)
        self.watch = Watch(self.logbook, Pages(self.plan, garden.PEOPLE, garden.CREDENTIALS), self.clock, "en")

    def close(self) -> None:
        self.watch.close()
        self.logbook.close()

    async def evening(self) -> None:
        watch, clock = self.watch, self.clock
        await watch.sign_in_badge(scan(BADGES["zhang"], clock))
        for _ in range(3):
            with pytest.raises(NotAllowed):
                await watch.sign_in_pin("li", "0000")
        await self.round_to_power()
        await watch.answer(watch.judge(garden.CHECKS.checks[1], "401"))
        await watch.finish_round()
        await self.round_to_power()
        await watch.answer(watch.judge(garden.CHECKS.checks[1], "402"))

    async def round_to_power(self) -> None:
        watch, clock = self.watch, self.clock
        await watch.start_round(next(duty for duty in watch.today() if duty.slot.schedule == "night"))
        await watch.report("leak", "drip", urgent=True)
        for point in ("gate", "power"):
            clock.pass_s(100)
            await watch.scan(scan(LABELS[point], clock))

    def many(self, count: int) -> None:
        """Records that mean nothing to the state."""
        for _ in range(count // 10):
            self.logbook.append(*[Draft("sensor.read", {"value": "1"})] * 10)


@pytest.fixture
def life(tmp_path: Path) -> Life:
    here = Life(tmp_path / "book")
    asyncio.run(here.evening())
    return here


def lose(folder: Path) -> None:
    """All segments but the newest are gone, and nobody said so."""
    for _, path in segments(folder)[:-1]:
        path.unlink()


def prune(folder: Path) -> None:
    """As pruning leaves it: the newest segment says up to where records were removed on purpose."""
    lose(folder)
    path = segments(folder)[-1][1]
    data = path.read_bytes()
    line, rest = data.split(b"\n", 1)
    head = json.decode(line[65:])
    raw = note_raw({**head, "pruned": head["first"] - 1})
    path.write_bytes(written_line(note_hash(raw), raw) + rest)


@pytest.mark.parametrize("remove", [lose, prune])
def test_shift_tries_findings_and_the_open_round_outlive_the_records_that_made_them(life: Life, remove: object) -> None:
    assert callable(remove)
    life.many(200)
    knew, head = life.watch.state, life.logbook.head.seq
    assert len(knew.findings) == 2
    assert knew.tries["li"].count == 3
    assert knew.round is not None
    assert knew.shift is not None
    life.close()
    remove(life.folder)
    life.open()
    assert next(life.logbook.entries()).record.seq > 30
    assert bool(life.logbook.opening.damage) == (remove is lose)
    assert life.watch.state == knew
    assert life.watch.last_readings("volt") == ("402", "401")
    asyncio.run(life.watch.sign_in_badge(scan(BADGES["zhang"], life.clock)))
    assert life.logbook.head.seq > head
    life.close()


def test_without_a_snapshot_what_is_there_is_folded(life: Life) -> None:
    life.many(200)
    knew = life.watch.state
    life.close()
    for path in (life.folder / "journal").glob("snap-*"):
        path.unlink()
    life.open()
    assert life.watch.state == knew
    life.close()
    lose(life.folder)
    life.open()
    assert life.watch.state == State(book=life.logbook.book_id)
    life.close()


def test_a_state_of_another_version_is_folded_again_from_the_records(life: Life) -> None:
    life.logbook.keep_state(life.logbook.head.seq, lambda: b'{"state":{"rounds":7}}')
    life.many(40)
    knew = life.watch.state
    life.close()
    path = segments(life.folder)[0][1]
    path.write_bytes(path.read_bytes().replace(b'"kind":"pin.tried"', b'"kind":"pin.tr1ed"', 1))
    life.open()
    assert life.logbook.holes
    assert life.watch.state.shift == knew.shift
    assert life.watch.state.tries["li"].count == 2, "one try was in the damaged record"
    life.close()


def test_a_long_book_is_not_read_from_its_beginning(life: Life) -> None:
    life.many(SHORT)
    memory = Memory(life.logbook, life.plan)  # folds all, and gives what it knows to the next segment
    life.many(100)
    life.watch.close()
    knew = memory.state
    read: list[int] = []
    entries = life.logbook.entries
    life.logbook.entries = lambda first=1, limit=None: read.append(first) or entries(first, limit)  # type: ignore[method-assign,func-returns-value]  # looking on
    again = Memory(life.logbook, life.plan)
    assert (again.state, again.seq) == (knew, life.logbook.head.seq)
    assert read[-1] > SHORT
    life.logbook.close()


def test_readings_that_did_not_reach_the_shelf_are_read_again(life: Life) -> None:
    life.many(SHORT)
    Memory(life.logbook, life.plan)
    life.many(100)
    life.close()
    (life.folder / "shelf.json").unlink(missing_ok=True)
    life.open()
    assert life.watch.last_readings("volt") == ("402", "401")
    life.close()
