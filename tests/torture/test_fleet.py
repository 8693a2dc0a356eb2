"""After an outage all handhelds of an estate come back at once, and the office falls again and again meanwhile."""

import random
import shutil
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec
import pysqlite3.dbapi2 as sqlite
import pytest

from app.errors import WatchbookError
from app.logbook.book import Draft, Logbook
from sync.courier import Courier
from sync.enrolment import enrol
from sync.office.demo import HastyDisk
from tests.sync.places import SITE, WallClock, client_for, free_port, now_ms, office
from tests.torture.tally import Case, Fault, Torture
from tests.torture.test_office_kills import process

GOAL_S: Final = 30.0
FORGETS: Final = "commits that do not last"
KILLED_AFTER_S: Final = 5.0
"""Also when it confirms too little."""


class Coming(msgspec.Struct, frozen=True):
    """What comes back: handhelds, records that each brings, and how often the office falls meanwhile."""

    handhelds: int
    records: int
    kills: int


SIZES: Final = {1: Coming(20, 100, 2), 2: Coming(200, 500, 5)}


class Fleet:
    """Handhelds whose records no office has. Their disks flush nothing: what is measured is the way to the office."""

    def __init__(self, place: Path, size: Coming, stack: ExitStack) -> None:
        self.folder, self.port, self.size = place / "office", free_port(), size
        self.books: list[Logbook] = []
        self.lost: list[Fault] = []
        self.tries = 0
        self.clock = WallClock()
        with office(self.folder) as running:
            codes = [
                running.ask(running.store.devices.add(SITE, f"h{n}", now_ms(), 2**40)) for n in range(size.handhelds)
            ]
            for number, issued in enumerate(codes):
                book = Logbook.open(place / f"h{number}", self.clock, HastyDisk())
                stack.callback(book.close)
                enrol(book, running.url, issued.code, f"h{number}", self.clock)
                stops = (Draft("stop.arrived", {"round": "night/1", "stop": f"s{n}"}) for n in range(size.records - 2))
                book.append(*stops)
                self.books.append(book)

    def come_back(self, chance: random.Random) -> float:
        """Seconds until the last of them had everything confirmed."""
        ended = threading.Event()
        falling = threading.Thread(target=self._fall, args=(chance, ended))
        began = time.monotonic()
        falling.start()
        with ThreadPoolExecutor(self.size.handhelds) as hands:
            for coming in [hands.submit(self._carry, book, random.Random(n)) for n, book in enumerate(self.books)]:
                coming.result()
        took = time.monotonic() - began
        ended.set()
        falling.join()
        return took

    def _fall(self, chance: random.Random, ended: threading.Event) -> None:
        """Each time when some handhelds have their receipts and others have not."""
        share = self.size.handhelds * self.size.records // (2 * self.size.kills + 1)
        for _ in range(self.size.kills):
            with process(self.folder, self.port):
                enough, until = self._confirmed() + share, time.monotonic() + KILLED_AFTER_S
                while self._confirmed() < enough and time.monotonic() < until and not ended.is_set():
                    time.sleep(0.002)
                ended.wait(chance.uniform(0.0, 0.1))
        with process(self.folder, self.port):
            ended.wait(600)

    def _confirmed(self) -> int:
        return sum(book.acked for book in self.books)

    def _carry(self, book: Logbook, chance: random.Random) -> None:
        url = f"http://127.0.0.1:{self.port}"
        courier = Courier(book, self.clock, connect=lambda writer: client_for(writer, url, self.clock))
        until, failed = time.monotonic() + 300, 0
        while book.unsent and time.monotonic() < until:
            self.tries += 1
            try:
                courier.exchange()
                failed = 0
            except WatchbookError:
                failed += 1
                time.sleep(chance.random() * min(4.0, 0.5 * 2**failed))

    def judged(self) -> Generator[Fault]:
        """Every book as the office holds it."""
        with sqlite.connect(str(self.folder / "office.db")) as own:
            rows: dict[bytes, list[bytes]] = {}
            for book, raw in own.execute("SELECT book, raw FROM records ORDER BY book, seq"):
                rows.setdefault(bytes(book), []).append(bytes(raw))
        for book in self.books:
            here, there = [entry.raw for entry in book.entries()], rows.get(book.book, [])
            if len(there) < book.acked or len(there) < len(here):
                yield Fault("lost", f"{len(here) - len(there)} records, {book.acked} confirmed of {len(here)}")
            elif here != there:
                yield Fault("silent", "the office holds other records than the handheld")
            if book.unsent:
                yield Fault("stuck", f"{book.unsent} records wait")


def coming_back(place: Path, effort: int, seed: int, twin: str) -> Generator[Case]:
    size = SIZES[effort]
    with ExitStack() as stack:
        fleet = Fleet(place, size, stack)
        shutil.copytree(fleet.folder, before := place / "before")
        took = fleet.come_back(random.Random(seed))
        if twin:
            shutil.rmtree(fleet.folder)
            before.rename(fleet.folder)
        faults = [*fleet.judged()]
    said = f"{size.handhelds} x {size.records} records, {size.kills} kills: {took:.1f} s, {fleet.tries} rounds"
    print(said)
    yield Case(said, size.handhelds * size.records, tuple(faults))
    for number in range(1, size.handhelds):
        yield Case(f"handheld {number}", 0)


FLEET: Final = Torture("all handhelds at once, the office killed", "handhelds", coming_back, 1, 2, {FORGETS: 1})


@pytest.mark.proof
def test_a_fleet_that_comes_back_at_once_loses_nothing_though_the_office_falls(tmp_path: Path) -> None:
    tally = FLEET.run(tmp_path, FLEET.quick)
    assert tally.sound, tally
    assert tally.cases == SIZES[1].handhelds


@pytest.mark.proof
def test_an_office_whose_commits_do_not_last_is_found_out(tmp_path: Path) -> None:
    assert FLEET.catches(tmp_path, FORGETS)


@pytest.mark.torture
def test_two_hundred_handhelds_with_five_hundred_records_each_are_through_in_half_a_minute(tmp_path: Path) -> None:
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, SIZES[2], stack)
        took = fleet.come_back(random.Random(7))
        assert [*fleet.judged()] == []
    print(f"200 x 500 records, 5 kills: {took:.1f} s, {fleet.tries} rounds")
    assert took <= GOAL_S
