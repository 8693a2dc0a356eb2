"""What the handheld still knows when the records that told it are gone (decision 14)."""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, json
from msgspec.structs import replace

from app import kinds
from app.duties.rounds import Progress
from app.errors import NotAllowed
from app.logbook.book import Draft, Logbook
from app.logbook.journal import segments
from app.memory import Memory
from app.pages import Pages
from app.resume import State
from app.watch import Watch
from tests import garden
from tests.garden import BADGES, LABELS, HandClock, QuickDisk, scan
from tests.logbook.tools import SMALL, Ticks, receipt


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
    """The office has had all records long enough."""
    logbook = Logbook.open(folder, HandClock(), QuickDisk(), SMALL)
    logbook.receipt(receipt(logbook, logbook.head.seq, at=1))
    while logbook.prune(0):
        pass
    logbook.close()


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
    assert "pin.tried" not in {entry.record.kind for entry in life.logbook.entries()}
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
    path = next(path for _, path in segments(life.folder) if b"pin.tried" in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b'"kind":"pin.tried"', b'"kind":"pin.tr1ed"', 1))
    life.open()
    assert life.logbook.holes
    assert life.watch.state.shift == knew.shift
    assert life.watch.state.tries["li"].count == 2, "one try was in the damaged record"
    life.close()


def test_a_start_reads_no_further_back_than_the_newest_segment(life: Life) -> None:
    life.many(500)
    memory = Memory(life.logbook, life.plan)  # folds all, and gives what it knows to the next segment
    life.many(100)
    life.watch.close()
    knew = memory.state
    read: list[int] = []
    entries = life.logbook.entries
    life.logbook.entries = lambda first=1, limit=None: read.append(first) or entries(first, limit)  # type: ignore[method-assign,func-returns-value]  # looking on
    again = Memory(life.logbook, life.plan)
    assert (again.state, again.seq) == (knew, life.logbook.head.seq)
    assert read[-1] > 500
    life.logbook.close()


def test_another_version_of_the_program_folds_the_records_again(life: Life) -> None:
    life.many(200)
    knew, head = life.watch.state, life.logbook.head.seq
    kept = {"state": json.decode(json.encode(State(book="of an older program"))), "program": "0.0.9", "cards": {}}
    life.logbook.keep_state(head, lambda: json.encode(kept))
    life.many(40)
    life.close()
    life.open()
    assert life.watch.state == knew
    assert life.watch.last_readings("volt") == ("402", "401")
    life.close()


# -- cards --------------------------------------------------------------------------------------


def known(memory: Memory) -> tuple[object, ...]:
    """Every card there is."""
    assets, points = {"1AA1", "2BB2"}, {point.id for point in garden.POINTS}
    return (
        {id: memory.asset(id) for id in assets},
        {id: memory.point(id) for id in points},
        memory.matters(),
    )


@pytest.mark.parametrize("remove", [lose, prune])
def test_cards_outlive_both_their_records_and_the_shelf(life: Life, remove: object) -> None:
    assert callable(remove)
    life.many(200)
    knew = known(life.watch._memory)
    asset, point = life.watch._memory.asset("1AA1"), life.watch._memory.point("power")
    assert asset is not None
    assert [reading.value for reading in asset.checks["power/power-room/volt"]] == ["401", "402"]
    assert point is not None
    assert point.arrived is not None
    assert len(life.watch._memory.matters()) == 2
    life.close()
    remove(life.folder)
    (life.folder / "shelf.json").unlink()
    life.open()
    assert known(life.watch._memory) == knew
    assert life.watch.last_readings("volt") == ("402", "401")
    life.close()


def test_where_no_snapshot_is_left_the_shelf_still_knows(life: Life) -> None:
    life.many(200)
    life.watch._memory.keep()
    knew = known(life.watch._memory)[:2]
    life.close()
    for path in (life.folder / "journal").glob("snap-*"):
        path.unlink()
    lose(life.folder)
    life.open()
    assert known(life.watch._memory)[:2] == knew
    life.close()


class Site:
    """A handheld without its screens: records of a round are put straight into the book."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.plan = folder, garden.plan(crew=1, recheck=False)
        self.checks = {check.id: check for check in garden.CHECKS.checks}
        self.open()

    def open(self) -> None:
        self.logbook = Logbook.open(self.folder, Ticks(), QuickDisk(), SMALL)
        self.memory = Memory(self.logbook, self.plan)

    def write(self, body: kinds.Body) -> None:
        self.memory.take(self.logbook.append(Draft(kinds.kind_of(body), kinds.to_dict(body), ("zhang",))))

    def start(self, number: int) -> None:
        opens = datetime(2025, 11, 21, 14, tzinfo=UTC)
        self.write(
            kinds.RoundStarted(
                f"night@{number}#1",
                f"night@{number}",
                "night",
                "round",
                self.memory.name_plan(self.plan),
                tuple(stop.id for stop in garden.STOPS),
                None,
                (),
                opens,
                opens,
            )
        )

    def act(self, kind: str, number: int) -> None:
        progress = self.memory.state.round
        if progress is None:
            self.start(number)
            return
        stop = garden.STOPS[number % len(garden.STOPS)]
        match kind:
            case "arrive":
                label = kinds.LabelEvidence("1", "2BB2" if number % 3 else UNSET)
                evidence = kinds.Evidence(label=label)
                self.write(kinds.StopArrived(progress.round, stop.id, stop.point, "label", (), evidence))
            case "answer" | "correct":
                self.answer(progress, list(self.checks)[number % len(self.checks)], number, corrects=kind == "correct")
            case "raise":
                asset = "1AA1" if number % 2 else None
                self.write(
                    kinds.FindingRaised(
                        "finding",
                        "leak",
                        "drip",
                        "滴漏",
                        stop.point,
                        stop.id,
                        progress.round,
                        number,
                        urgent=False,
                        fixed=number % 5 == 0,
                        asset=asset,
                    )
                )
            case "finish":
                self.write(kinds.RoundFinished(progress.round, 4, 4, 0, 0, 0, (), "on-time"))

    def answer(self, progress: Progress, check: str, number: int, *, corrects: bool) -> None:
        mine = [
            entry.record.seq
            for entry in self.logbook.entries()
            if entry.record.kind == "check.answered"
            and (entry.record.body["round"], entry.record.body["check"]) == (progress.round, check)
        ]
        body = kinds.CheckAnswered(
            progress.round, "s-power", check, number % 4 != 0, str(number) if check in READ else None, False, "",
            self.checks[check].asset, corrects=mine[-1] if corrects and mine else UNSET,
        )  # fmt: skip
        self.write(body)

    def close(self) -> None:
        self.logbook.close()


READ = ("volt", "press", "lamps")


def told(logbook: Logbook) -> tuple[dict[str, list[str]], dict[str, int], list[str]]:
    """The last ten readings by check, the last arrival by point, the ids of what is open: from all records, plainly."""
    readings: dict[str, dict[int, str]] = {check: {} for check in READ}
    arrivals: dict[str, int] = {}
    matters = []
    for record in (entry.record for entry in logbook.entries()):
        match kinds.read(record):
            case kinds.CheckAnswered(check=check, value=str(value), corrects=corrects):
                if corrects is not UNSET:
                    readings[check].pop(corrects, None)
                readings[check][record.seq] = value
            case kinds.StopArrived(point=point):
                arrivals[point] = record.at
            case kinds.FindingRaised(fixed=False):
                matters.append(f"{logbook.book_id}:{record.seq}")
    return {check: list(found.values())[-10:] for check, found in readings.items()}, arrivals, matters


def cards_say(memory: Memory) -> tuple[dict[str, list[str]], dict[str, int], list[str]]:
    asset, power = memory.asset("1AA1"), memory.point("power")
    of = {"volt": asset.checks if asset else {}, **dict.fromkeys(("press", "lamps"), power.checks if power else {})}
    points = {point.id: memory.point(point.id) for point in garden.POINTS}
    return (
        {name: [each.value for each in checks.get(f"power/power-room/{name}", ())] for name, checks in of.items()},
        {id: card.arrived.at for id, card in points.items() if card and card.arrived},
        [matter.finding.id for matter in memory.matters()],
    )


_acts = st.lists(
    st.tuples(
        st.sampled_from(
            ["arrive", "answer", "answer", "answer", "correct", "raise", "finish", "keep", "save", "kill", "drop"]
        ),
        st.integers(0, 99),
    ),
    min_size=10,
    max_size=80,
)


@settings(max_examples=40)
@given(_acts)
def test_a_shelf_that_is_dropped_at_any_time_comes_to_the_same_as_one_that_is_kept(acts: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        site = Site(Path(name))
        for kind, number in acts:
            match kind:
                case "keep":
                    site.memory.keep()
                case "save":
                    site.memory.keep()
                    site.memory.save()
                case "kill" | "drop":
                    knew = known(site.memory)
                    shelf = site.folder / "shelf.json"
                    before = shelf.read_bytes() if shelf.exists() else b""
                    site.close()
                    shelf.write_bytes(before if kind == "kill" else b"")
                    site.open()
                    assert known(site.memory) == knew
                case _:
                    site.act(kind, number)
            assert cards_say(site.memory) == told(site.logbook)
        knew = known(site.memory)
        site.memory.keep()
        assert known(site.memory) == knew
        assert known(Memory(site.logbook, site.plan)) == knew
        site.close()


def test_of_records_lost_here_and_there_the_shelf_still_knows_the_readings_in_their_order(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for night in range(2):
        site.start(night)
        for _ in range(35):
            site.act("answer", 1)
    site.memory.keep()
    knew = known(site.memory)[0]
    site.close()
    for path in (tmp_path / "journal").glob("snap-*"):
        path.unlink()
    paths = [path for _, path in segments(tmp_path)]
    assert len(paths) > 3
    for path in (paths[0], paths[-2]):
        path.unlink()
    site.open()
    card = site.memory.asset("1AA1")
    assert card is not None
    newest = [reading.number for reading in card.checks["power/power-room/volt"]]
    assert [hole for hole in site.logbook.holes if hole.first <= newest[3] <= hole.last]
    assert known(site.memory)[0] == knew
    site.close()


@pytest.mark.proof
def test_the_cards_grow_with_the_site_and_not_with_its_history(tmp_path: Path) -> None:
    site = Site(tmp_path)
    sizes = []
    for night in range(40):
        site.start(night)
        for number in range(20):
            site.act("arrive", number)
            site.act("answer", number)
        site.act("finish", 0)
        site.memory.keep()
        sizes.append(len(json.encode([site.logbook.shelf.table(name) for name in ("assets", "points", "matters")])))
    assert sizes[-1] < 1.1 * sizes[10]
    site.close()


def test_a_matter_that_is_closed_leaves_the_shelf_and_its_cards(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start(1)
    site.act("raise", 1)
    site.act("raise", 3)
    first, second = site.memory.matters()
    site.memory.keep()
    assert set(site.logbook.shelf.table("matters")) == {first.finding.id, second.finding.id}
    before = site.memory.state
    after = replace(before, findings={second.finding.id: second.finding})
    record = next(site.logbook.entries()).record
    site.memory._cards.note(record, 99, before, after, None)
    site.memory.state = after
    assert site.memory.matters() == (second,)
    asset = site.memory.asset("1AA1")
    assert asset is not None
    assert asset.matters == (second.finding.id,)
    site.memory.keep()
    assert set(site.logbook.shelf.table("matters")) == {second.finding.id}
    site.close()
