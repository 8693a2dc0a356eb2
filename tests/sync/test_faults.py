"""Bad links and a dying office: nothing is lost, nothing comes twice, and it ends."""

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest

from app.errors import OfficeAway, WatchbookError
from tests.sync.places import (
    IMPATIENT,
    PATIENT,
    RunningOffice,
    at_most,
    drained,
    free_port,
    handheld,
    office,
    same_bytes,
)
from tests.sync.proxy import Fault, proxy

BREAKING = [fault for fault in Fault if fault is not Fault.NONE]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    """One office for all of them: each test has a handheld of its own."""
    with office(tmp_path_factory.mktemp("office")) as it:
        yield it


@pytest.mark.proof
@pytest.mark.parametrize("fault", BREAKING)
def test_whatever_breaks_each_request_once_all_arrives_once(
    tmp_path: Path, running: RunningOffice, fault: Fault
) -> None:
    """Every request of the conversation is hit the first time it is made."""
    with handheld(tmp_path / "h", running) as mine:
        mine.write(120)
        running.publish("plan", "p", b'{"revision":1}')
        hit: set[str] = set()

        def first_time(_number: int, line: str) -> Fault:
            path = line.split()[1].split("?")[0]
            if path in hit:
                return Fault.NONE
            hit.add(path)
            return fault

        with proxy(running.port, first_time) as link:
            mine.go_through(link.url, IMPATIENT if fault is Fault.SILENCE else PATIENT)
            drained(mine, rounds=8)
            mine.courier.exchange()
        assert len(hit) == 3
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))
        assert mine.logbook.page("plan") == b'{"revision":1}'


@pytest.mark.parametrize(
    "fault",
    [
        Fault.CAPTIVE,
        Fault.CAPTIVE_JSON,
        Fault.REDIRECT,
        Fault.ERROR_BEFORE,
        Fault.ERROR_AFTER,
        Fault.LOSE_ANSWER,
        Fault.OTHERS_ANSWER,
    ],
)
def test_only_the_offices_own_word_counts_as_sent(tmp_path: Path, running: RunningOffice, fault: Fault) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(5)
        before = mine.logbook.acked
        with proxy(running.port, lambda _n, line: fault if "/records" in line else Fault.NONE) as link:
            mine.go_through(link.url)
            with pytest.raises(OfficeAway):
                mine.courier.exchange()
        assert mine.logbook.acked == before
        assert mine.courier.state.pending == mine.logbook.head.seq - before
        assert not mine.courier.state.online


@pytest.mark.parametrize("fault", [Fault.BOMB, Fault.FLOOD])
def test_an_answer_that_is_too_large_is_not_held(tmp_path: Path, running: RunningOffice, fault: Fault) -> None:
    with handheld(tmp_path / "h", running) as mine, proxy(running.port, lambda _n, _l: fault) as link:
        mine.go_through(link.url)
        with at_most(mib=40), pytest.raises(OfficeAway) as away:  # what the proxy holds counts too
            mine.courier.exchange()
        assert away.value.key == "sync.bad_answer"


@pytest.mark.parametrize("fault", [Fault.CAPTIVE, Fault.CAPTIVE_JSON, Fault.REDIRECT])
def test_the_person_is_told_that_the_network_shows_a_page_of_its_own(
    tmp_path: Path, running: RunningOffice, fault: Fault
) -> None:
    with handheld(tmp_path / "h", running) as mine, proxy(running.port, lambda _n, _l: fault) as link:
        mine.go_through(link.url)
        with pytest.raises(OfficeAway) as away:
            mine.courier.exchange()
        assert "登录" in away.value.say("zh")


@pytest.mark.parametrize("seed", range(2))
def test_a_link_that_breaks_most_of_the_time(tmp_path: Path, running: RunningOffice, seed: int) -> None:
    """60 % of all requests fail, in ways drawn by chance, while records go on being made."""
    chance = random.Random(seed)
    kinds = [fault for fault in BREAKING if fault not in (Fault.SILENCE, Fault.BOMB, Fault.FLOOD)]

    def fate(_number: int, _line: str) -> Fault:
        return chance.choice(kinds) if chance.random() < 0.6 else Fault.NONE

    with handheld(tmp_path / "h", running) as mine, proxy(running.port, fate) as link:
        mine.go_through(link.url)
        for _ in range(6):
            mine.write(chance.randrange(1, 150))
            try:
                mine.courier.exchange()
            except WatchbookError:
                continue
        drained(mine, rounds=200)
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))


def test_an_answer_that_takes_too_long_makes_the_next_batch_smaller(tmp_path: Path, running: RunningOffice) -> None:
    timed_out: list[str] = []

    def fate(_number: int, line: str) -> Fault:
        if "/records" not in line or timed_out:
            return Fault.NONE
        timed_out.append(line)
        return Fault.SILENCE

    with handheld(tmp_path / "h", running) as mine:
        mine.write(60)
        with proxy(running.port, fate) as link:
            mine.go_through(link.url, IMPATIENT)
            with pytest.raises(OfficeAway):
                mine.courier.exchange()
            drained(mine, rounds=5)
        seqs = [note["seq"] for note in mine.logbook.notes() if note["note"] == "receipt"]
        assert seqs == [25, 62], "of 50 nothing was heard; 25 and what was left went through"


# -- an office that is killed -------------------------------------------------------------------
@contextmanager
def process(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The office as a process of its own, ready to answer."""
    served = subprocess.Popen(
        [sys.executable, "-m", "tests.sync.serve", str(folder), str(port)], stdout=subprocess.PIPE
    )
    try:
        assert served.stdout is not None
        assert served.stdout.readline() == b"ready\n"
        yield served
    finally:
        served.kill()
        served.wait()


@pytest.mark.proof
def test_what_a_killed_office_confirmed_it_still_has(tmp_path: Path) -> None:
    """SIGKILL while batches come in, three times; each time it starts again on the same file."""
    folder, port = tmp_path / "office", free_port()
    chance = random.Random(7)
    with office(folder) as at_first, handheld(tmp_path / "h", at_first) as mine:
        at_first.close()
        mine.go_through(f"http://127.0.0.1:{port}")
        for _ in range(3):
            mine.write(900)
            with process(folder, port) as killed:
                timer = _kill_after(killed, chance.uniform(0.02, 0.25))
                try:
                    while mine.logbook.unsent:
                        mine.courier.exchange()
                except WatchbookError:
                    pass
                timer.join()
            assert _held(folder) >= mine.logbook.acked, "confirmed, and not there"
        with process(folder, port):
            drained(mine, rounds=5)
        with sqlite.connect(str(folder / "office.db")) as own:
            assert own.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            rows = own.execute("SELECT raw FROM records ORDER BY seq").fetchall()
        assert [bytes(raw) for (raw,) in rows] == [entry.raw for entry in mine.logbook.entries()]


def _kill_after(served: subprocess.Popen[bytes], seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, served.kill)
    timer.start()
    return timer


def _held(folder: Path) -> int:
    with sqlite.connect(str(folder / "office.db")) as own:
        return int(own.execute("SELECT coalesce(max(seq), 0) FROM heads").fetchone()[0])


def test_nothing_is_confirmed_before_the_commit(tmp_path: Path, running: RunningOffice) -> None:
    """Another process holds the database: the office cannot commit, so the handheld must not hear yes."""
    with handheld(tmp_path / "h", running) as mine:
        mine.write(5)
        before = mine.logbook.acked
        other = sqlite.connect(str(running.folder / "office.db"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        mine.go_through(running.url, IMPATIENT)
        with pytest.raises(OfficeAway):
            mine.courier.exchange()
        assert mine.logbook.acked == before
        other.execute("ROLLBACK")
        other.close()
        mine.go_through(running.url)
        mine.courier.exchange()
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))


def test_a_commit_is_on_the_disk_before_it_is_reported(running: RunningOffice) -> None:
    level = running.ask(running.store.write(lambda tx: tx.exec_driver_sql("PRAGMA synchronous").scalar()))
    journal = running.ask(running.store.write(lambda tx: tx.exec_driver_sql("PRAGMA journal_mode").scalar()))
    assert (level, journal) == (2, "wal")
