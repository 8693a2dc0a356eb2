"""Verdicts that depend on several handhelds' records: the same in whatever order those came."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from app.duties.site import Plan, decode_plan
from app.kinds import BleEvidence, Evidence, LabelEvidence, StopArrived, to_dict
from app.logbook.book import Draft, Logbook
from sync.office import fold, importing, tag_keys
from sync.office.demo import HastyDisk, introduce
from sync.office.details import StopDetail
from sync.office.fold import Folding
from sync.office.serve import open_store
from sync.office.store import Store, records
from sync.office.store import plans as plan_table
from sync.office.store import rounds as table
from sync.office.store import visits as visit_table
from sync.office.store.visits import VisitRow
from sync.office.walker import SteppedClock
from tests.office.conftest import GUARDS, PEOPLE, SITE, furnished
from tests.office.tags_air import BIND_KEY, EID_KEY, EXPONENT, SENSOR, Sensor
from tests.office.test_fold import dump
from tests.office.test_tags import BEACON, EID_STOP, EVENING, SENSOR_STOP, secret_plan

pytestmark = pytest.mark.proof

HOUR = 3_600_000
BOOKS, VISITS = 3, 24
BEACON_STOP = "fire-lane-north"
"""25 s from the sensor's."""


def tlm(secs: int, advs: int) -> str:
    """A beacon's own counters, in a frame of their own."""
    return f"sfeaa:20000bb81500{advs:08x}{secs:08x}"


def visits(plan: Plan, seed: int) -> Iterator[tuple[int, str, Evidence]]:
    """(when, stop, evidence): honest hearings, recordings of all kinds, and silence."""
    dice, sensor = random.Random(seed), Sensor()
    at, levels = EVENING + 2 * HOUR + seed * 3000, (-55,) * 5
    still = next(tag.id for tag in plan.point(BEACON_STOP).tags)
    for _ in range(VISITS):
        at += dice.choice((5, 10, 20, 900)) * 1000
        samples = tuple((1000 * place, level) for place, level in enumerate(levels))
        ble = partial(BleEvidence, power_1m=-70, enter=-66, samples=samples)
        gate = partial(ble, "ibeacon", still, "C0:00:00:00:00:09", frame="m004c:0215")
        label = LabelEvidence("1")
        match dice.choice((0, 1, 2, 3, 4, 5, 5, 6, 6, 6, 7, 7)):
            case 0:
                frame = BEACON.frame(at)
                found = EID_STOP, Evidence(ble=ble("eddystone-eid", "garden-5", SENSOR, frame=f"sfeaa:{frame.hex()}"))
            case 1:
                frame = BEACON.frame(at - dice.randrange(0, 90) * HOUR)
                found = EID_STOP, Evidence(ble=ble("eddystone-eid", "garden-5", SENSOR, frame=f"sfeaa:{frame.hex()}"))
            case 2 | 3:
                counter = (at - EVENING) // 10_000 if dice.random() < 0.7 else dice.randrange(3000)
                frame = sensor.frame(counter)
                found = SENSOR_STOP, Evidence(ble=ble("bthome", SENSOR, SENSOR, frame=f"sfcd2:{frame.hex()}"))
            case 4:
                tenths = (at - EVENING) // 100 if dice.random() < 0.6 else dice.randrange(100_000)
                found = BEACON_STOP, Evidence(ble=gate(frames=(tlm(tenths, 2 * tenths),)))
            case 5:
                found = BEACON_STOP, Evidence(ble=gate(), label=label)
            case 6:
                found = EID_STOP, Evidence(label=label, radio="silent")
            case _:
                found = SENSOR_STOP, Evidence(label=label, radio="heard", elsewhere=gate())
        yield at, *found


def write(folder: Path, plan: Plan, sha256: str, seed: int) -> Logbook:
    """One handheld's book: two rounds, one after the other."""
    clock = SteppedClock(EVENING + HOUR)
    book = Logbook.open(folder / f"book-{seed}", clock, HastyDisk())
    route = plan.route("night-1")
    order = [stop.id for stop in route.stops]
    for place, (at, at_stop, evidence) in enumerate(visits(plan, seed)):
        name = f"night-1@2026-11-20T22:00#{seed:08x}-{1 + place // (VISITS // 2)}"
        if place % (VISITS // 2) == 0:
            started = {
                "slot": name.split("#")[0], "schedule": "night-1", "route": "night-1", "order": order, "seed": None,
                "plan": {"revision": plan.revision, "sha256": sha256}, "crew": [], "alone": None, "marks": [],
                "opens": "2026-11-20T22:00:00+08:00", "closes": "2026-11-21T00:00:00+08:00", "round": name,
            }  # fmt: skip
            book.append(Draft("round.started", started, GUARDS))
        clock.wait_until(at)
        body = StopArrived(name, at_stop, at_stop, "near", (), now(evidence, clock.now().up))
        book.append(Draft("stop.arrived", to_dict(body), GUARDS))
    return book


def now(evidence: Evidence, up: int) -> Evidence:
    """The evidence as heard just before `up`."""

    def heard(ble: BleEvidence) -> BleEvidence:
        samples = tuple((up - 6000 + at, level) for at, level in ble.samples)
        return msgspec.structs.replace(ble, samples=samples)

    found = {
        name: heard(ble) for name in ("ble", "elsewhere") if isinstance(ble := getattr(evidence, name), BleEvidence)
    }
    return msgspec.structs.replace(evidence, **found)


async def deliver(store: Store, book: Logbook, upto: int) -> None:
    held = await store.records.held(SITE, book.book)
    entries = [entry for entry in book.entries(held.seq + 1) if entry.record.seq <= upto]
    if not entries:
        return
    links = tuple(records.link(entry.record.seq, entry.raw, entry.hash) for entry in entries)
    key, sig = (bytes.fromhex(part) for part in book.head_signature(links[-1].seq, links[-1].hash))
    await store.records.take(SITE, records.Batch(book.book, held.seq + 1, held.hash, links, key, sig, 0), EVENING)


def tell_keys(tx: Connection) -> None:
    counter = (EVENING - BEACON.zero) // 1000
    tag_keys.tell_eid(tx, SITE, "garden-5", EID_KEY, EXPONENT, counter, EVENING, EVENING)
    tag_keys.tell_bthome(tx, SITE, SENSOR, BIND_KEY, EVENING)


class World:
    """The books, and what the office makes of them when they come one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, count()
        self.template = furnished(folder / "template")
        asyncio.run(self._plan())
        self.books = [write(folder, self.plan, self.sha256, seed) for seed in range(1, BOOKS + 1)]
        self.expected = asyncio.run(self.folded([(book, 1000, True) for book in range(BOOKS)], keys_at=0))

    async def _plan(self) -> None:
        store = await open_store(self.template / "office.db")
        found = await importing.check(store, secret_plan(), PEOPLE)
        await importing.take(store, found, EVENING)
        row = await store.read(partial(plan_table.newest_plan, site=SITE))
        assert row is not None
        self.plan, self.sha256 = decode_plan(row.raw), row.sha256
        store.close()

    async def folded(self, steps: Sequence[tuple[int, int, bool]], keys_at: int) -> dict[str, list[tuple[Any, ...]]]:
        """Deliver (book, up to which record, whether the office folds then), then the rest; the keys are told before
        step `keys_at`."""
        folder = self._folder / f"office-{next(self._number)}"
        folder.mkdir()
        (folder / "office.db").write_bytes((self.template / "office.db").read_bytes())
        store = await open_store(folder / "office.db")
        try:
            await store.write(fold.prepare)
            for number, one in enumerate(self.books):
                await introduce(store, one, SITE, f"handheld {number}", EVENING)
            folding = Folding(store)
            last = [(book, 1000, True) for book in range(BOOKS)]
            for place, (book, upto, folds) in enumerate([*steps, *last]):
                if place == keys_at:
                    await store.write(tell_keys)
                await deliver(store, self.books[book], upto)
                if folds:
                    await folding.catch_up()
            return await store.read(dump)
        finally:
            store.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An office that looks back less far, so that few records show what is forgotten on the way."""
    with pytest.MonkeyPatch.context() as office:
        for name, least in (("CLOCKS", 3), ("COUNTS", 2), ("UNHEARD", 4)):
            office.setattr(visit_table, name, least)
        it = World(tmp_path_factory.mktemp("order"))
        yield it
        for book in it.books:
            book.close()


def test_the_books_hold_every_kind_of_trick(world: World) -> None:
    """Otherwise the law below would say little."""
    columns = table.StopRow.__struct_fields__
    stops = [dict(zip(columns, row, strict=True)) for row in world.expected["round_stops"]]
    details = [msgspec.json.decode(stop["detail"], type=StopDetail) for stop in stops]
    judged = [each.judged for detail in details for each in detail.arrivals if each.judged]
    marks = {mark for each in judged for mark in each.marks}
    assert {"cloned-tag", "counter-back", "two-places", "silent-tag"} <= marks
    assert "anti-clone" in {each.grade for each in judged}
    told = [each.heard.told for detail in details for each in detail.arrivals if each.heard]
    assert any(each.two_places for each in told)
    assert any(each.unheard > 2 for each in told)
    assert any(each.history for each in told)


PIECES = 3
"""In which each book comes."""


@settings(max_examples=4, deadline=None)
@given(st.permutations([book for book in range(BOOKS) for _ in range(PIECES)]), st.integers(0, BOOKS * PIECES))
def test_any_order_of_arrival_gives_the_same_verdicts(world: World, order: list[int], keys_at: int) -> None:
    """The keys, too, may be told at any time."""
    size = (VISITS + 3) // PIECES + 1
    steps = [(book, order[: place + 1].count(book) * size, True) for place, book in enumerate(order)]
    assert asyncio.run(world.folded(steps, keys_at)) == world.expected


# -- what one visit bears on ---------------------------------------------------------------------

VISIT = VisitRow(SITE, b"a" * 32, 1, "early", "gate", EVENING, "bthome", SENSOR, SENSOR, issue=1)


@pytest.mark.parametrize(
    ("one", "other", "bears"),
    [
        ({"counter": 9000}, {"at": EVENING + 90 * HOUR, "counter": 8999}, True),
        ({"counter": 9000}, {"at": EVENING + 90 * HOUR, "counter": 9001}, False),
        ({"counter": 9000}, {"at": EVENING - 90 * HOUR, "counter": 8999}, False),
        ({"counter": 9000}, {"at": EVENING + 90 * HOUR, "counter": 8999, "tag": "another"}, False),
        ({"count": b"[]"}, {"at": EVENING + HOUR, "count": b"[]"}, True),
        ({"count": b"[]"}, {"at": EVENING - HOUR, "count": b"[]"}, False),
        ({"clock": 5}, {"at": EVENING + HOUR}, True),
        ({}, {"at": EVENING + HOUR}, False),
        ({"labelled": True}, {"at": EVENING - 60_000, "tag": "x", "elsewhere": f"bthome {SENSOR}"}, True),
        ({"labelled": True}, {"at": EVENING - 2 * HOUR, "tag": "x", "elsewhere": f"bthome {SENSOR}"}, False),
        ({"tag": "x", "elsewhere": f"bthome {SENSOR}"}, {"at": EVENING + 60_000, "labelled": True}, True),
        ({"tag": "x", "elsewhere": f"bthome {SENSOR}"}, {"at": EVENING + 60_000}, False),
        ({"tag": ""}, {"at": EVENING + HOUR, "tag": "", "point": "gate"}, True),
        ({"tag": ""}, {"at": EVENING - HOUR, "tag": "", "point": "gate"}, False),
    ],
)
def test_a_late_visit_has_those_judged_again_that_it_bears_on(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any], bears: bool
) -> None:
    """Wherever the round of the other one stands, also when many visits lie between."""
    late = msgspec.structs.replace(VISIT, **one)
    waits = msgspec.structs.replace(VISIT, book=b"b" * 32, round="waits", **{"point": "roof", **other})

    async def act() -> list[tuple[bytes, str]]:
        store = await open_store(tmp_path / "office.db")

        def hear(tx: Connection) -> list[tuple[bytes, str]]:
            for row in (waits, late):
                visit_table.put(tx, row)
            visit_table.touch(tx, late)
            return visit_table.rounds_again(tx, SITE, 10)

        found = await store.write(hear)
        store.close()
        return found

    assert asyncio.run(act()) == ([(waits.book, "waits")] if bears else [])


def test_only_as_many_later_visits_are_judged_again_as_look_back(tmp_path: Path) -> None:
    async def act() -> list[str]:
        store = await open_store(tmp_path / "office.db")

        def hear(tx: Connection) -> list[str]:
            for place in range(1, 40):
                later = {"seq": 1 + place, "round": f"{place:02}", "at": EVENING + place * HOUR, "point": "roof"}
                visit_table.put(tx, msgspec.structs.replace(VISIT, count=b"[]", **later))
            late = msgspec.structs.replace(VISIT, count=b"[]")
            visit_table.put(tx, late)
            visit_table.touch(tx, late)
            return [name for _, name in visit_table.rounds_again(tx, SITE, 50)]

        found = await store.write(hear)
        store.close()
        return found

    assert asyncio.run(act()) == [f"{place:02}" for place in range(1, visit_table.COUNTS + 1)]
