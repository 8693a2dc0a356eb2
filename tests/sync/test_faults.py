"""Bad links and a dying office: nothing is lost, nothing comes twice, and it ends."""

from collections.abc import Iterator
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest

from app.errors import OfficeAway
from tests.sync.places import (
    IMPATIENT,
    PATIENT,
    RunningOffice,
    at_most,
    drained,
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
            drained(mine, rounds=12)
            mine.go_through(link.url)
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
