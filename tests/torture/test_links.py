"""Lines that break: most requests fail, in every way a line can, while the crew records. All arrives once, in order."""

import random
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from app.errors import WatchbookError
from app.logbook.book import Draft
from sync.courier import Courier
from tests.sync.mutants import seeded
from tests.sync.places import SITE, Handheld, RunningOffice, client_for, handheld, office, same_bytes
from tests.sync.proxy import Fault, Proxy, proxy
from tests.torture.tally import Case, Torture
from tests.torture.tally import Fault as Wrong

KINDS: Final = [fault for fault in Fault if fault not in (Fault.NONE, Fault.SILENCE, Fault.BOMB, Fault.FLOOD)]
"""The other three are waited for, and played one by one in tests/sync/test_faults.py."""
SHARE: Final = 0.6
"""Of all requests."""
ROUNDS: Final = 200


class Life:
    """A handheld on such a line; `wrong` is what was seen of lost receipts meanwhile."""

    def __init__(self, mine: Handheld, running: RunningOffice, link: Proxy, chance: random.Random) -> None:
        self.mine, self.running, self.chance = mine, running, chance
        self.wrong: list[Wrong] = []
        link.fate = lambda _number, _line: chance.choice(KINDS) if chance.random() < SHARE else Fault.NONE
        connect = lambda book: client_for(book, link.url, mine.clock)  # noqa: E731 - one line, one use
        mine.courier = Courier(mine.logbook, mine.clock, lambda _: self.listen(), connect)

    def listen(self) -> None:
        """After each receipt: what it says is at the office."""
        acked = self.mine.logbook.acked
        if self.running.held(self.mine.logbook.book) < acked and not self.wrong:
            self.wrong.append(Wrong("lost", f"record {acked} was confirmed and is not there"))

    def burst(self) -> None:
        self.mine.write(self.chance.randrange(1, 120))
        if self.chance.random() < 0.3:
            self.mine.logbook.append(Draft("alarm.raised", {"point": None, "round": None}, ("li-wei",)))
        if self.chance.random() < 0.5:
            body = b'{"revision":%d}' % self.chance.randrange(10**6)
            self.running.publish("plan", f"p{self.chance.randrange(3)}", body)
        try:
            self.mine.courier.exchange()
        except WatchbookError:
            return

    def end(self) -> list[Wrong]:
        """What is wrong once everything could be sent."""
        logbook = self.mine.logbook
        for _ in range(ROUNDS):
            try:
                self.mine.courier.exchange()
            except WatchbookError:
                continue
            if not logbook.unsent:
                break
        else:
            self.wrong.append(Wrong("stuck", f"{logbook.unsent} records wait: {self.mine.courier.state.last_reason}"))
        rows = self.running.stored(logbook.book)
        if not same_bytes(logbook, rows):
            self.wrong.append(
                Wrong("lost" if len(rows) < logbook.head.seq else "silent", "the office holds other records")
            )
        for name in ("p0", "p1", "p2"):
            item = self.running.ask(self.running.store.changes.current(SITE, "plan", name))
            if (item.body if item else None) != logbook.page("plan", name):
                self.wrong.append(Wrong("lost", f"page {name} did not arrive"))
        return self.wrong


def lines(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    with (
        office(place / "office") as running,
        proxy(running.port, lambda _n, _l: Fault.NONE) as link,
        pytest.MonkeyPatch.context() as patch,
        seeded(twin),
    ):
        patch.setattr("sync.courier.MAX_PAGE", 1)
        for number in range(count):
            with handheld(place / f"h{number}", running) as mine:
                life = Life(mine, running, link, random.Random(seed + number))
                for _ in range(5):
                    life.burst()
                yield Case(f"line {number}", mine.logbook.head.seq, tuple(life.end()))


LINKS: Final = Torture(
    f"lines that break in {len(KINDS)} ways",
    "lines",
    lines,
    20,
    200,
    {"a gateway's 500 is a yes": 10, "answers before the commit": 5, "skips a page": 10},
)


@pytest.mark.proof
def test_twenty_lines_that_break_most_of_the_time_lose_and_double_nothing(tmp_path: Path) -> None:
    tally = LINKS.run(tmp_path, LINKS.quick)
    assert tally.sound, tally
    assert tally.cases == LINKS.quick
    assert tally.acked > LINKS.quick * 100


@pytest.mark.proof
@pytest.mark.parametrize("twin", LINKS.twins)
def test_a_seeded_bug_does_not_survive_the_lines(tmp_path: Path, twin: str) -> None:
    assert LINKS.catches(tmp_path, twin)
