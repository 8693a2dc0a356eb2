"""Handhelds (twenty in the long form) take a release while their crews record: nothing is lost, nobody waits."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from app.errors import BookInUse, WatchbookError
from app.logbook.book import Draft, Logbook
from sync.courier import Courier
from sync.enrolment import enrol
from sync.installing import Installer
from sync.office import releases
from sync.office.demo import HastyDisk
from sync.updater import Updater
from sync.updating import IDLE_S, Around, Step
from sync.wire import PIECE
from tests.rollout.scripts import NEW, leads, packed, planted
from tests.sync.places import RunningOffice, WallClock, client_for, now_ms, office, same_bytes

HANDHELDS: Final = {False: 4, True: 20}
"""By the long form or not."""
AGAIN: Final = 20
"""Records that the new program makes."""
NIGHT: Final = Around(idle_s=IDLE_S, busy=False, percent=None, charging=False)


class Handheld:
    """One that records without a pause, whoever else uses its disk and its line."""

    def __init__(self, folder: Path, running: RunningOffice, name: str) -> None:
        self.folder, self.running, self.clock = folder, running, WallClock()
        self.place = planted(folder / "tree")
        self.book = self._opened()
        enrol(self.book, running.url, running.whole_code(name), name, self.clock)
        self.recorded = 0

    def _opened(self) -> Logbook:
        """The other handhelds of this process start programs: until those have begun they hold what is open here."""
        while True:
            with suppress(BookInUse):
                return Logbook.open(self.folder / "book", self.clock, HastyDisk())
            threading.Event().wait(0.01)

    def carry(self) -> None:
        """Exchange with the office; what does not get through now does later."""
        connect = partial(client_for, url=self.running.url, clock=self.clock)
        try:
            Courier(self.book, self.clock, connect=connect).exchange()
        except WatchbookError:
            return

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Meanwhile the crew records and the courier carries."""
        ended = threading.Event()

        def record() -> None:
            while not ended.wait(0.01):
                self.write(1)
                if self.recorded % 50 == 0:
                    self.carry()

        crew = threading.Thread(target=record)
        crew.start()
        try:
            yield
        finally:
            ended.set()
            crew.join()

    def write(self, count: int) -> None:
        self.book.append(*(Draft("stop.arrived", {"stop": f"s{n}"}) for n in range(count)))
        self.recorded += count

    def update(self) -> None:
        """As the updater's thread does it, to the change; then the new program takes the book over."""
        installer = Installer(self.place, self.folder / "book", HastyDisk())
        connect = partial(client_for, self.book, self.running.url, self.clock)
        updater = Updater(installer, connect, lambda: NIGHT, installer.change)
        with self.recording():
            while updater.turn() is not Step.CHANGE:
                assert not updater.said.endswith(("forged", "torn", "not_laid", "not_tried")), updater.said
        self.book.close()
        self.book = self._opened()
        Installer(self.place, self.folder / "book", HastyDisk()).reached()
        self.write(AGAIN)
        while self.book.unsent:
            self.carry()


@pytest.mark.proof
def test_handhelds_take_a_release_while_they_record_and_nothing_is_lost(tmp_path: Path, torture: bool) -> None:
    with office(tmp_path / "office") as running:
        fleet = [Handheld(tmp_path / f"h{n}", running, f"h{n}") for n in range(HANDHELDS[torture])]
        running.ask(releases.trust(running.store, fleet[0].place.key))
        data = packed(ballast=bytes(range(256)) * 2048)
        assert len(data) > 3 * PIECE
        running.ask(releases.add(running.store, data, now_ms()))
        running.ask(running.store.write(lambda tx: releases.offer(tx, NEW, "", now_ms())))
        with ThreadPoolExecutor(len(fleet)) as hands:
            for done in [hands.submit(each.update) for each in fleet]:
                done.result()
        lost = 0
        for each in fleet:
            assert leads(each.place) == NEW
            assert sum(entry.record.kind == "stop.arrived" for entry in each.book.entries()) == each.recorded > AGAIN
            assert same_bytes(each.book, running.stored(each.book.book))
            lost += each.book.head.seq - running.held(each.book.book)
            each.book.close()
        total = sum(each.recorded for each in fleet)
        print(f"{len(fleet)} handhelds, {len(data)} bytes each, {total} records meanwhile, {lost} lost")
        assert lost == 0
