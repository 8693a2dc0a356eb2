"""The conversation as a machine: any order of acts on both sides over a line that breaks in any way, and what must hold
after each of them. It must notice every seeded bug of tests/sync/mutants.py.
"""

import math
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, delete, select, update

from app.errors import WatchbookError
from app.logbook.book import Draft, Logbook
from sync.client import Refused
from sync.courier import Courier
from sync.enrolment import enrol
from sync.office.demo import HastyDisk
from sync.office.store.schema import changes, heads, records
from tests.sync.mutants import MUTANTS, seeded
from tests.sync.places import RunningOffice, WallClock, client_for, now_ms, office, published, same_bytes
from tests.sync.proxy import Fault, Proxy, proxy
from tests.sync.rogue import Rogue

FAULTS: Final = (
    Fault.NONE,
    Fault.REFUSE,
    Fault.CUT_REQUEST,
    Fault.LOSE_ANSWER,
    Fault.CUT_ANSWER,
    Fault.TWICE,
    Fault.CAPTIVE,
    Fault.CAPTIVE_JSON,
    Fault.REDIRECT,
    Fault.ERROR_BEFORE,
    Fault.ERROR_AFTER,
    Fault.BUSY,
    Fault.OTHERS_ANSWER,
)
BREAKS: Final = (Fault.CAPTIVE, Fault.ERROR_BEFORE, Fault.LOSE_ANSWER)
"""Of these a batch meets most often."""
STEPS: Final = 14
ALL = settings(
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
    derandomize=True,
)
"""Without shrinking: a failure names its acts, and shrinking them takes minutes."""
QUICK, LONG, TO_KILL = 20, 300, 30
"""Examples: in CI, in `make torture`, and within which each seeded bug must be noticed."""


class Ground:
    """What all examples stand on: an office, a line to it, and somebody who forges."""

    def __init__(self, folder: Path, running: RunningOffice, link: Proxy) -> None:
        self.folder, self.running, self.link = folder, running, link
        self.begin()

    def begin(self) -> None:
        """Nothing counts of what was before."""
        self.examples = self.acts = 0
        self.faults = set[Fault]()
        self.rogue = Rogue(self.running)
        with closing(self.rogue.client(self.running.url)) as line:
            line.send(self.rogue.batch())


class Conversation(RuleBasedStateMachine):
    ground: Ground

    def __init__(self) -> None:
        super().__init__()
        ground = self.ground
        ground.examples += 1
        self.site = f"site-{secrets.token_hex(4)}"
        self.clock = WallClock()
        self.folder = ground.folder / self.site
        self.logbook = Logbook.open(self.folder, self.clock, HastyDisk())
        issued = ground.running.ask(ground.running.store.devices.add(self.site, "pda", now_ms()))
        enrol(self.logbook, ground.running.url, issued.code, "pda", self.clock)
        self.faults: list[Fault] = []
        ground.link.fate = lambda _number, _line: self.faults.pop(0) if self.faults else Fault.NONE
        self.restored = False
        self.courier = self.new_courier()

    def new_courier(self) -> Courier:
        url = self.ground.link.url
        connect = lambda book: client_for(book, url, self.clock)  # noqa: E731 - one line, one use
        return Courier(self.logbook, self.clock, lambda _: self.is_there(), connect)

    def is_there(self) -> None:
        """Asked whenever the courier tells something, thus after each receipt."""
        held = self.ground.running.held(self.logbook.book, self.site)
        if held >= self.logbook.acked:
            self.restored = False
        assert self.restored or held >= self.logbook.acked, "confirmed, and not there"

    # -- acts -----------------------------------------------------------------------------------
    @rule(count=st.integers(1, 60))
    def record(self, count: int) -> None:
        self.logbook.append(*(Draft("stop.arrived", {"round": "r", "stop": f"s{n}"}) for n in range(count)))

    @rule()
    def alarm(self) -> None:
        self.logbook.append(Draft("alarm.raised", {"point": None, "round": None}))

    @rule()
    def somebody_records_nonsense(self) -> None:
        """It is set aside, and what comes after it is taken."""
        rogue, running = self.ground.rogue, self.ground.running
        first = len(rogue.records) + 1
        rogue.records.append(b'{"at":0.5}')
        rogue.add("stop.arrived", stop="s")
        line = rogue.client(running.url)
        assert line.send(rogue.batch(first)).high_water == first + 1
        line.close()

    @rule(item=st.integers(0, 3), value=st.integers())
    def publish(self, item: int, value: int) -> None:
        store = self.ground.running.store
        self.ground.running.ask(published(store, self.site, "plan", f"i{item}", b'{"v":%d}' % value))

    @rule(faults=st.lists(st.sampled_from(FAULTS), max_size=6))
    def exchange(self, faults: list[Fault]) -> None:
        self.faults = list(faults)
        self.ground.faults.update(faults)
        try:
            state = self.courier.exchange()
        except WatchbookError:
            state = self.courier.state
        self.faults = []
        assert state.pending == self.logbook.unsent
        assert state.new_books == 0, "there is no other history"
        assert self.courier._bell._due != math.inf, "no next round is set"
        assert self.courier._bell._due < time.monotonic() + 1000

    @rule(count=st.integers(1, 60), urgent=st.booleans(), fault=st.sampled_from(BREAKS))
    def record_and_send(self, count: int, urgent: bool, fault: Fault) -> None:
        """The office is there, and then the line breaks."""
        self.record(count)
        if urgent:
            self.alarm()
        self.exchange([Fault.NONE, *[fault] * 3])

    @rule()
    def restart_the_handheld(self) -> None:
        self.logbook.close()
        self.logbook = Logbook.open(self.folder, self.clock, HastyDisk())
        self.courier = self.new_courier()

    @rule(share=st.floats(0.1, 0.9), count=st.integers(0, 3))
    def the_office_comes_back_from_a_copy(self, share: float, count: int) -> None:
        """In one good round it has again what it lost, whether or not something new was recorded."""
        self.record(3)
        self.exchange([])
        running, keep = self.ground.running, max(1, int(self.logbook.acked * share))
        mine = (records.c.site == self.site, records.c.book == self.logbook.book)

        def forget(tx: Connection) -> None:
            tx.execute(delete(records).where(*mine, records.c.seq > keep))
            head = tx.execute(select(records.c.hash).where(*mine, records.c.seq == keep)).scalar_one()
            change = update(heads).where(heads.c.site == self.site, heads.c.book == self.logbook.book)
            tx.execute(change.values(seq=keep, hash=head))

        running.ask(running.store.write(forget))
        self.restored = True
        if count:
            self.record(count)
        self.exchange([])
        assert running.held(self.logbook.book, self.site) == self.logbook.head.seq

    @rule(again=st.booleans())
    def somebody_forges(self, again: bool) -> None:
        """Another record under a number that is held, perhaps more than once."""
        rogue, running = self.ground.rogue, self.ground.running
        before = running.stored(rogue.book)
        rogue.add("stop.arrived", stop=f"s{len(rogue.records)}")
        line = rogue.client(running.url)
        line.send(rogue.batch(len(rogue.records)))
        kept = rogue.records[-1]
        rogue.records[-1] = rogue.raw(len(rogue.records), "stop.arrived", stop="forged")
        for _ in range(1 + again):
            with suppress(Refused):
                line.send(rogue.batch(len(rogue.records)))
        line.close()
        rogue.records[-1] = kept
        rows = running.stored(rogue.book)
        assert rows[:-1] == before
        assert rows[-1].raw == kept, "a forged record took the place of the one that was held"

    # -- what must hold ---------------------------------------------------------------------------
    @invariant()
    def what_is_confirmed_is_there_in_its_order_and_once(self) -> None:
        self.ground.acts += 1
        rows = self.ground.running.stored(self.logbook.book, self.site)
        entries = list(self.logbook.entries())[: len(rows)]
        assert [(row.seq, row.raw, row.hash) for row in rows] == [(e.record.seq, e.raw, e.hash) for e in entries]
        assert self.ground.running.held(self.logbook.book, self.site) == len(rows)
        self.is_there()

    @invariant()
    def what_the_cursor_has_passed_is_here(self) -> None:
        reached = int((self.logbook.cursor or "x-0").partition("-")[2])
        store = self.ground.running.store
        rows = self.ground.running.ask(
            store.read(lambda tx: tx.execute(select(changes).where(changes.c.site == self.site)).all())
        )
        for row in rows:
            if row.rev <= reached:
                assert self.logbook.page(row.kind, row.id) == row.body, f"page {row.id} was passed over"

    def teardown(self) -> None:
        """The line is good again: in a few rounds both sides have the same."""
        try:
            self.faults = [Fault.NONE, Fault.LOSE_ANSWER, Fault.LOSE_ANSWER]
            for _ in range(6):
                with suppress(WatchbookError):
                    self.courier.exchange()
                    if not self.logbook.unsent:
                        break
            rows = self.ground.running.stored(self.logbook.book, self.site)
            assert same_bytes(self.logbook, rows), f"stuck: {self.courier.state.last_reason}"
            assert self.logbook.unsent == 0
            assert self.courier.state.new_books == 0
            self.what_the_cursor_has_passed_is_here()
        finally:
            self.logbook.close()


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("protocol")
    with office(folder / "office") as running, proxy(running.port, lambda _n, _l: Fault.NONE) as link:
        yield Ground(folder, running, link)


def played(ground: Ground, examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.courier.MAX_PAGE", 1)
    ground.begin()
    machine: Any = type("Machine", (Conversation,), {"ground": ground})
    run_state_machine_as_test(machine, settings=settings(ALL, max_examples=examples))


@pytest.mark.proof
def test_any_order_of_acts_over_any_line_loses_nothing_and_doubles_nothing(
    ground: Ground, torture: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(ground, LONG if torture else QUICK, monkeypatch)
    print(f"{ground.examples} conversations, {ground.acts} acts, {len(ground.faults)} kinds of faults")
    assert len(ground.faults) >= 10
    assert ground.acts > ground.examples * 3


@pytest.mark.proof
@pytest.mark.parametrize("name", MUTANTS)
def test_every_seeded_bug_is_noticed(
    ground: Ground, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with seeded(name), pytest.raises((AssertionError, Refused, Flaky)):
        played(ground, TO_KILL, monkeypatch)
    print(f"{name}: noticed in conversation {ground.examples}")
